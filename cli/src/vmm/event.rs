//! Events: what the guest tells the host tool over the control channel.
//!
//! One JSON object a line. A line that is not understood is kept as
//! [`Event::Other`], so that a newer kernel can say more to an older tool.

use serde::Deserialize;

/// Longest line that is kept, in bytes: a guest gone wild must not fill the host.
pub(crate) const LINE_MAX: usize = 64 << 10;

/// Something the guest said.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Event {
    /// The kernel runs.
    Boot {
        /// Its version.
        version: String,
    },
    /// The application listens on a port.
    Listening {
        /// `tcp` or `udp`.
        proto: String,
        /// The port in the guest.
        port: u16,
    },
    /// How the guest's memory is used.
    Memory(Memory),
    /// The application exited.
    Exit {
        /// Its status.
        status: u8,
    },
    /// A signal ended the application.
    Signal {
        /// The signal's number.
        signal: u8,
    },
    /// A program of a session ended; without a status or a signal, the first is waited for.
    Ended {
        /// Its status, if it exited.
        status: Option<u8>,
        /// The signal that ended it.
        signal: Option<u8>,
        /// Bytes that all programs so far have written to the console.
        written: u64,
        /// What of the guest's memory is in use now.
        #[serde(flatten)]
        left: Memory,
    },
    /// The kernel panicked.
    Panic {
        /// What it said.
        message: String,
    },
    /// The kernel has a word for the user.
    Log {
        /// `error`, `warn`, `info` or `debug`.
        level: String,
        /// What it says.
        message: String,
    },
    /// Something this version does not know.
    #[serde(other)]
    Other,
}

/// How a guest's memory is used. Frames have 4 KiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Memory {
    /// Frames in all.
    pub(crate) frames_total: u64,
    /// Frames that nobody has.
    pub(crate) frames_free: u64,
    /// Frames of the application, its page tables included.
    pub(crate) frames_program: u64,
    /// Frames of threads' stacks in the kernel, which it keeps for the threads to come.
    pub(crate) frames_stacks: u64,
    /// Bytes of objects in the kernel's heap.
    pub(crate) heap_used: u64,
    /// Threads of the application.
    pub(crate) threads: u64,
}

impl Memory {
    /// Returns the frames that the kernel has for itself, stacks not counted.
    pub(crate) const fn frames_kernel(&self) -> u64 {
        let known = self.frames_free + self.frames_program + self.frames_stacks;
        self.frames_total.saturating_sub(known)
    }
}

impl Event {
    /// Reads a line of the control channel.
    pub(crate) fn parse(line: &[u8]) -> Self {
        serde_json::from_slice(line).unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_events_are_read() {
        let listening = br#"{"event":"listening","proto":"tcp","port":11211}"#;
        let expected = Event::Listening { proto: "tcp".to_owned(), port: 11211 };
        assert_eq!(Event::parse(listening), expected);
        assert_eq!(Event::parse(br#"{"event":"exit","status":3}"#), Event::Exit { status: 3 });
        let memory = br#"{"event":"memory","frames_total":9,"frames_free":4,"frames_program":2,"frames_stacks":1,"heap_used":7,"threads":1}"#;
        assert!(
            matches!(Event::parse(memory), Event::Memory(memory) if memory.frames_kernel() == 2)
        );
        let ended = br#"{"event":"ended","signal":9,"frames_total":9,"frames_free":4,"frames_program":0,"frames_stacks":0,"heap_used":7,"threads":1,"written":12}"#;
        let left = Memory {
            frames_total: 9,
            frames_free: 4,
            heap_used: 7,
            threads: 1,
            ..Memory::default()
        };
        let expected = Event::Ended { status: None, signal: Some(9), written: 12, left };
        assert_eq!(Event::parse(ended), expected);
        assert_eq!(
            Event::parse(br#"{"event":"signal","signal":11}"#),
            Event::Signal { signal: 11 }
        );
    }

    #[test]
    fn damaged_lines_and_unknown_events_do_no_harm() {
        for line in [&b""[..], b"{", b"\xff\xff", br#"{"event":"dance"}"#, br#"{"event":"exit"}"#] {
            assert_eq!(Event::parse(line), Event::Other);
        }
    }
}
