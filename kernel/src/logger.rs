//! The kernel's own words: the `log` crate's messages, sent to the host by the control channel.

use alloc::format;

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::control::{self, Event};

struct ControlLog;

impl Log for ControlLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let level = match record.level() {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
            Level::Trace => "trace",
        };
        let message = format!("{}", record.args());
        control::send(Event::Log { level, message: &message });
    }

    fn flush(&self) {}
}

/// Sends messages from `info` up to the host from now on.
pub(crate) fn start() {
    // Only a second logger would make this fail, and this is the only place that sets one.
    let _ = log::set_logger(&ControlLog);
    log::set_max_level(LevelFilter::Info);
}
