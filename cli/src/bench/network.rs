//! A network of the benchmark's own: a namespace with loopback and a tap device.

use std::fs::File;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use nix::sched::{CloneFlags, setns};

/// The tap device's name, in its namespace.
pub(crate) const TAP: &str = "scull0";
/// The host's address on the tap device.
pub(crate) const HOST: &str = "10.99.0.1";
/// The guest's address on the tap device.
pub(crate) const GUEST: &str = "10.99.0.2";

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
    pub(crate) fn enter() -> Result<Self> {
        let name = format!("scull-bench-{}", std::process::id());
        ip(&["netns", "add", &name])?;
        let namespace = Self { name };
        let file = File::open(format!("/run/netns/{}", namespace.name))?;
        setns(&file, CloneFlags::CLONE_NEWNET).context("cannot enter a network namespace")?;
        ip(&["link", "set", "lo", "up"])?;
        ip(&["tuntap", "add", TAP, "mode", "tap"])?;
        ip(&["addr", "add", &format!("{HOST}/24"), "dev", TAP])?;
        ip(&["link", "set", TAP, "up"])?;
        Ok(namespace)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // A namespace left behind harms nobody; there is no one to tell.
        let _ = ip(&["netns", "delete", &self.name]);
    }
}
