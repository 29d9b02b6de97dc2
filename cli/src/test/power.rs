//! The power button, by which a host asks a machine to end.

use core::time::Duration;
use std::ffi::OsString;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Instant;

use anyhow::Result;

use super::filter::Filters;
use super::results::{Case, Verdict};
use crate::args::{Accel, ContentArgs, MachineKind, Net, TestArgs};
use crate::prepare;
use crate::project;
use crate::vmm::{Event, Extras, Guest, Machine, Message, qemu};

/// The name that filters choose it by.
pub(super) const NAME: &str = "machine/power_button";
/// A program that goes on until a signal ends it.
const PROGRAM: (&str, &str) = ("/bin/sleep", "1000");
/// What the button sends.
const SIGTERM: u8 = 15;
/// How long the machine may take to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the button is pressed: a kernel that is starting does not heed it yet.
const INTERVAL: Duration = Duration::from_millis(500);

/// Returns whether `filters` choose it.
pub(super) fn is_chosen(filters: &Filters) -> bool {
    filters.choose(NAME, None)
}

/// Presses the button of the machines that have one.
///
/// # Errors
/// Fails where a machine cannot be started.
pub(super) fn check(args: &TestArgs) -> Result<Vec<Case>> {
    [(MachineKind::Q35, "q35"), (MachineKind::Pc, "pc")]
        .into_iter()
        .map(|(kind, word)| {
            let start = Instant::now();
            let name = format!("{NAME}: {word}");
            let verdict = match press(kind, args)? {
                Some(Event::Signal { signal: SIGTERM }) => Verdict::Passed,
                end => Verdict::Failed(format!("the program ended by {end:?}, not by SIGTERM")),
            };
            if let Verdict::Failed(why) = &verdict {
                println!("FAIL {name}: {why}");
            }
            Ok(Case { family: "machine".to_owned(), name, verdict, took: start.elapsed() })
        })
        .collect()
}

/// Returns how the program ends on a machine whose button is pressed; `None` if it does not.
fn press(kind: MachineKind, args: &TestArgs) -> Result<Option<Event>> {
    let (program, time) = PROGRAM;
    let prepared = prepare::prepare(program, &ContentArgs::default(), &[OsString::from(time)])?;
    let machine = Machine {
        kind,
        accel: Accel::Auto,
        memory: prepared.launch.memory,
        cpus: args.cpus,
        patches_code: false,
        kernel: project::kernel(args.kernel.as_deref())?,
        image: prepared.image,
        command_line: qemu::command_line(&prepared.launch, &Net::None, &[]),
        net: Net::None,
        publish: Vec::new(),
        extras: Extras { has_trace: false, has_monitor: true },
        plugin: None,
    };
    let (sender, messages) = mpsc::channel();
    let mut guest = Guest::start(&machine, io::sink(), &sender)?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match messages.recv_timeout(INTERVAL) {
            Ok(Message::Event(end @ (Event::Exit { .. } | Event::Signal { .. }))) => {
                return Ok(Some(end));
            }
            Ok(Message::Ended(..)) | Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => guest.press_power_button(),
        }
    }
    Ok(None)
}
