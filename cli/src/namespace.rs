//! A network of one's own: a namespace with loopback and a tap device.

use core::sync::atomic::{AtomicU32, Ordering};
use std::fs::File;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use nix::sched::{CloneFlags, setns};

use crate::args::Net;

/// The tap device's name, in its namespace.
pub(crate) const TAP: &str = "scull0";
/// The host's address on the tap device.
pub(crate) const HOST: &str = "10.99.0.1";
/// The guest's address on the tap device.
pub(crate) const GUEST: &str = "10.99.0.2";

/// Into how many pairs of queues the tap device sorts its packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queues {
    /// One.
    One,
    /// One for each processor of the guest.
    Several,
}

/// Returns the guest's network over the tap device.
pub(crate) fn net() -> Net {
    Net::Tap { name: TAP.to_owned(), ip: format!("{GUEST}/24,gw={HOST}") }
}

/// A network namespace, removed when dropped.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: String,
}

fn ip(words: &[&str]) -> Result<()> {
    let output =
        Command::new("ip").args(words).output().context("cannot run ip (package iproute2)")?;
    if !output.status.success() {
        bail!("ip {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

impl Namespace {
    /// Makes the namespace and moves the calling thread into it. Needs root.
    ///
    /// # Errors
    /// Fails where the host does not permit it.
    pub(crate) fn enter(queues: Queues) -> Result<Self> {
        static ENTERED: AtomicU32 = AtomicU32::new(0);
        let number = ENTERED.fetch_add(1, Ordering::Relaxed);
        let name = format!("scull-{}-{number}", std::process::id());
        ip(&["netns", "add", &name])?;
        let namespace = Self { name };
        let file = File::open(format!("/run/netns/{}", namespace.name))?;
        setns(&file, CloneFlags::CLONE_NEWNET).context("cannot enter a network namespace")?;
        ip(&["link", "set", "lo", "up"])?;
        match queues {
            Queues::One => ip(&["tuntap", "add", TAP, "mode", "tap"])?,
            Queues::Several => ip(&["tuntap", "add", TAP, "mode", "tap", "multi_queue"])?,
        }
        ip(&["addr", "add", &format!("{HOST}/24"), "dev", TAP])?;
        ip(&["link", "set", TAP, "up"])?;
        Ok(namespace)
    }
}

/// Returns by how many of its pairs of queues the guest uses the tap device.
///
/// # Errors
/// Fails where `ip` does not say.
pub(crate) fn queues_in_use() -> Result<u8> {
    let output = Command::new("ip").args(["-details", "link", "show", "dev", TAP]).output();
    let output = output.context("cannot run ip (package iproute2)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut words = text.split_ascii_whitespace().skip_while(|word| *word != "numqueues");
    let count = words.nth(1).and_then(|count| count.parse().ok());
    count.context("ip does not say how many queues the tap device has")
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // A namespace left behind harms nobody; there is no one to tell.
        let _ = ip(&["netns", "delete", &self.name]);
    }
}
