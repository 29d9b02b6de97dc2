//! What the tool itself says, on standard error: as words or as lines of JSON.

use core::time::Duration;

use serde_json::json;

use crate::args::Protocol;

/// Says things to the user.
#[derive(Debug)]
pub(crate) struct Report {
    is_json: bool,
}

impl Report {
    /// Returns a report in words, or in JSON.
    pub(crate) const fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    fn say(&self, words: Option<String>, json: &serde_json::Value) {
        if self.is_json {
            eprintln!("{json}");
        } else if let Some(words) = words {
            eprintln!("scull: {words}");
        }
    }

    /// The kernel runs.
    pub(crate) fn boot(&self, version: &str, after: Duration) {
        let seconds = after.as_secs_f64();
        self.say(None, &json!({"event": "boot", "version": version, "seconds": seconds}));
    }

    /// The guest listens on a published port, which clients reach at `address`.
    pub(crate) fn ready(&self, address: &str, protocol: Protocol, after: Duration) {
        let seconds = after.as_secs_f64();
        let mark = if protocol == Protocol::Udp { "/udp" } else { "" };
        let protocol = protocol.name();
        self.say(
            Some(format!("ready {address}{mark} in {seconds:.2} s")),
            &json!({"event": "ready", "address": address, "proto": protocol, "seconds": seconds}),
        );
    }

    /// The application ended.
    pub(crate) fn exit(&self, status: u8) {
        self.say(None, &json!({"event": "exit", "status": status}));
    }

    /// The kernel has a word for the user.
    pub(crate) fn log(&self, level: &str, message: &str) {
        let words = matches!(level, "error" | "warn").then(|| format!("{level}: {message}"));
        self.say(words, &json!({"event": "log", "level": level, "message": message}));
    }

    /// A remark; an empty one is not made.
    pub(crate) fn note(&self, message: &str) {
        if !message.is_empty() {
            let json = json!({"event": "log", "level": "info", "message": message});
            self.say(Some(message.to_owned()), &json);
        }
    }
}
