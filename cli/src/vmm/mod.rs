//! Guests: a virtual machine started, heard and ended.
//!
//! [`Guest::start`] starts QEMU and threads that turn all that happens into
//! [`Message`]s of one channel. The process is started through this same
//! program ([`become_vmm`]), which asks the host's kernel to kill it when its
//! parent dies: a machine is never left behind, whatever happens to the tool.

mod backlog;
mod event;
pub(crate) mod qemu;

use core::time::Duration;
use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::{prctl, signal};
use nix::unistd::{self, Pid};

pub(crate) use self::event::{Event, Memory};
use crate::args::{Accel, MachineKind, Net, Publish};

/// The hidden command that becomes the virtual machine monitor.
pub(crate) const BECOME: &str = "__vmm";

/// How often the end of a machine is looked for.
const POLL: Duration = Duration::from_millis(1);

/// A machine to start.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// Its kind.
    pub(crate) kind: MachineKind,
    /// What runs its instructions.
    pub(crate) accel: Accel,
    /// Its memory, in bytes.
    pub(crate) memory: u64,
    /// Its processors.
    pub(crate) cpus: u8,
    /// Its program changes machine code that other processors may be about to run.
    pub(crate) patches_code: bool,
    /// The kernel.
    pub(crate) kernel: PathBuf,
    /// The image with the application.
    pub(crate) image: PathBuf,
    /// The kernel's command line.
    pub(crate) command_line: String,
    /// The network.
    pub(crate) net: Net,
    /// Ports to forward.
    pub(crate) publish: Vec<Publish>,
    /// What else it is to have.
    pub(crate) extras: Extras,
    /// A plugin of QEMU's to load.
    pub(crate) plugin: Option<PathBuf>,
}

/// What a machine has only where it is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extras {
    /// A channel for the kernel to write a trace to.
    pub(crate) has_trace: bool,
    /// QEMU's monitor, for the tool.
    pub(crate) has_monitor: bool,
}

/// Something that happened around a guest.
#[derive(Debug)]
pub(crate) enum Message {
    /// The guest said something on the control channel.
    Event(Event),
    /// A signal came to the tool.
    Signal(i32),
    /// The console's reader is gone.
    ConsoleBroken,
    /// The monitor ended, with what it said on its standard error.
    Ended(ExitStatus, String),
}

/// A running guest; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Guest {
    pid: Pid,
    control: UnixStream,
    console: UnixStream,
    trace: Option<UnixStream>,
    monitor: Option<UnixStream>,
    pump: Option<JoinHandle<()>>,
    waiter: Option<JoinHandle<()>>,
}

impl Guest {
    /// Starts `machine`; its console goes to `output`, its messages to `messages`.
    ///
    /// # Errors
    /// Fails where QEMU is missing or cannot be started.
    pub(crate) fn start(
        machine: &Machine,
        output: impl Write + Send + 'static,
        messages: &Sender<Message>,
    ) -> Result<Self> {
        let (console, far_console) = UnixStream::pair().context("cannot make a socket pair")?;
        let (control, far_control) = UnixStream::pair().context("cannot make a socket pair")?;
        let (trace, far_trace) = channel(machine.extras.has_trace)?.unzip();
        let (monitor, far_monitor) = channel(machine.extras.has_monitor)?.unzip();
        let channels = [&far_trace, &far_monitor].map(|far| far.as_ref().map(AsRawFd::as_raw_fd));
        let me = std::env::current_exe().context("cannot find this program")?;
        let mut child = Command::new(me)
            .arg(BECOME)
            .arg(std::process::id().to_string())
            .arg(qemu::find()?)
            .args(qemu::arguments(machine, channels))
            .stdin(OwnedFd::from(far_console))
            .stdout(OwnedFd::from(far_control))
            .stderr(Stdio::piped())
            // Ctrl-C on the terminal is for the tool, which passes it on.
            .process_group(0)
            .spawn()
            .context("cannot start the virtual machine")?;
        drop((far_trace, far_monitor));
        let pid = i32::try_from(child.id()).context("a process id out of range")?;
        let pid = Pid::from_raw(pid);
        let pump = pump_console(console.try_clone()?, output, messages.clone());
        let events = pump_events(control.try_clone()?, messages.clone());
        let stderr = child.stderr.take();
        let messages = messages.clone();
        let waiter = thread::spawn(move || {
            let mut words = Vec::new();
            if let Some(stderr) = stderr {
                // What cannot be read is not there; the status still tells.
                let _ = stderr.take(1 << 16).read_to_end(&mut words);
            }
            let status = child.wait();
            // What the guest said comes before the word that it has ended.
            let _ = events.join();
            if let Ok(status) = status {
                let words = String::from_utf8_lossy(&words).trim().to_owned();
                let _ = messages.send(Message::Ended(status, words));
            }
        });
        let (pump, waiter) = (Some(pump), Some(waiter));
        Ok(Self { pid, control, console, trace, monitor, pump, waiter })
    }

    /// Passes `input` to the console, and tells the kernel where it ends. Only once the kernel has
    /// said that it runs; what comes before is lost.
    ///
    /// # Errors
    /// Fails where the host is out of descriptors.
    pub(crate) fn feed(&self, input: impl Read + Send + 'static) -> Result<()> {
        let console = self.console.try_clone().context("cannot reach the console")?;
        let control = self.control.try_clone().context("cannot reach the control channel")?;
        // A guest that is gone says so by its own message.
        thread::spawn(move || pass_input(input, console, control).ok());
        Ok(())
    }

    /// Returns where the kernel's trace comes from, the first time.
    pub(crate) const fn take_trace(&mut self) -> Option<UnixStream> {
        self.trace.take()
    }

    /// Returns the monitor's process id.
    pub(crate) const fn pid(&self) -> Pid {
        self.pid
    }

    /// Lets more connections wait at the published ports of QEMU's user networking. Where the host
    /// does not let one process do that for another, those that come at once are slower.
    pub(crate) fn accept_many(&self) {
        let _ = backlog::enlarge(self.pid);
    }

    /// Asks the monitor to end as if its window was closed, so that its plugins say their last.
    pub(crate) fn quit(&self) {
        // It can have ended meanwhile; that is what was wanted.
        let _ = signal::kill(self.pid, signal::SIGTERM);
    }

    /// Asks the kernel to send SIGTERM to the application.
    pub(crate) fn terminate(&mut self) {
        self.tell("term");
    }

    /// Presses the power button of a machine that has one, and a monitor.
    pub(crate) fn press_power_button(&mut self) {
        if let Some(monitor) = &mut self.monitor {
            // A guest that is gone says so by its own message.
            let _ = monitor.write_all(b"system_powerdown\n");
        }
    }

    /// Asks the kernel how its memory is used; [`Event::Memory`] answers.
    pub(crate) fn ask_memory(&mut self) {
        self.tell("memory");
    }

    /// Makes a kernel that waits for it run what `words` name as on its command line;
    /// [`Event::Ended`] says how that ended.
    pub(crate) fn run(&mut self, words: &str) {
        self.tell(&format!("run {words}"));
    }

    /// Tells the kernel that there is no input.
    pub(crate) fn end_input(&mut self) {
        self.tell("eof 0");
    }

    fn tell(&mut self, command: &str) {
        // A guest that is gone says so by its own message.
        let _ = self.control.write_all(format!("{command}\n").as_bytes());
    }

    /// Ends the machine at once.
    pub(crate) fn kill(&self) {
        let is_running = self.waiter.as_ref().is_some_and(|waiter| !waiter.is_finished());
        if is_running {
            // It can end just now; that is what was wanted.
            let _ = signal::kill(self.pid, signal::SIGKILL);
        }
    }

    /// Waits until the machine has ended, at most `grace`, then kills it; returns
    /// when all of its output has been passed on.
    pub(crate) fn finish(mut self, grace: Duration) {
        let deadline = Instant::now() + grace;
        while self.waiter.as_ref().is_some_and(|waiter| !waiter.is_finished()) {
            if Instant::now() > deadline {
                self.kill();
                break;
            }
            thread::sleep(POLL);
        }
        for thread in [self.waiter.take(), self.pump.take()].into_iter().flatten() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Makes a channel if it is wanted; the virtual machine monitor inherits its second end.
fn channel(is_wanted: bool) -> Result<Option<(UnixStream, UnixStream)>> {
    if !is_wanted {
        return Ok(None);
    }
    let (near, far) = UnixStream::pair().context("cannot make a socket pair")?;
    fcntl(&far, FcntlArg::F_SETFD(FdFlag::empty())).context("cannot pass a socket on")?;
    Ok(Some((near, far)))
}

/// Copies the console to `output` until the machine ends.
fn pump_console(
    mut console: UnixStream,
    mut output: impl Write + Send + 'static,
    messages: Sender<Message>,
) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        let mut is_broken = false;
        loop {
            let length = match console.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            let written = output.write_all(&buffer[..length]).and_then(|()| output.flush());
            if written.is_err() && !is_broken {
                is_broken = true;
                let _ = messages.send(Message::ConsoleBroken);
            }
        }
    })
}

/// Copies `input` to the console and says on the control channel after how many bytes it ended;
/// input that cannot be read counts as ended.
fn pass_input(
    mut input: impl Read,
    mut console: impl Write,
    mut control: impl Write,
) -> io::Result<()> {
    let mut buffer = [0; 4096];
    let mut count = 0;
    loop {
        let length = match input.read(&mut buffer) {
            Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
            Ok(0) | Err(_) => break,
            Ok(length) => length,
        };
        console.write_all(&buffer[..length])?;
        count += length;
    }
    // In one piece, since others write to the channel too.
    control.write_all(format!("eof {count}\n").as_bytes())
}

/// Turns lines of the control channel into messages until the machine ends.
fn pump_events(control: UnixStream, messages: Sender<Message>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut reader = BufReader::new(control);
        let mut line = Vec::new();
        loop {
            line.clear();
            let limit = u64::try_from(event::LINE_MAX).unwrap_or(u64::MAX);
            match reader.by_ref().take(limit).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) if messages.send(Message::Event(Event::parse(&line))).is_err() => break,
                Ok(_) => {}
            }
        }
    })
}

/// Becomes the monitor: dies with its parent, then runs `args` (the parent's
/// process id, a program, its arguments). Returns only an error.
pub(crate) fn become_vmm(mut args: impl Iterator<Item = OsString>) -> anyhow::Error {
    let parent = args.next().and_then(|word| word.to_str()?.parse::<i32>().ok());
    let Some(program) = args.next() else { return anyhow!("nothing to become") };
    if let Err(why) = prctl::set_pdeathsig(signal::SIGKILL) {
        return anyhow!("cannot tie the virtual machine to this program: {why}");
    }
    // The parent can have died before the tie was made.
    if Some(unistd::getppid().as_raw()) != parent {
        return anyhow!("the parent is gone");
    }
    let why = Command::new(&program).args(args).exec();
    anyhow!("cannot start {}: {why}", program.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_input_is_told_with_its_place() {
        let (mut console, mut control) = (Vec::new(), Vec::new());
        let input = [7; 10_000];
        pass_input(&input[..], &mut console, &mut control).unwrap();
        assert_eq!(console, input);
        assert_eq!(control, b"eof 10000\n");
        control.clear();
        pass_input(io::empty(), &mut console, &mut control).unwrap();
        assert_eq!(control, b"eof 0\n");
    }
}
