//! Which calls are recorded.

use core::sync::atomic::{AtomicU64, Ordering};

use abi::Sysno;

use crate::arch::index;

/// Some calls, a bit each.
#[derive(Debug)]
pub(super) struct Selection([AtomicU64; 8]);

impl Selection {
    /// Returns no calls.
    pub(super) const fn none() -> Self {
        Self([const { AtomicU64::new(0) }; 8])
    }

    /// Selects `all`, or those whose names stand between commas, or all but these after a `!`.
    pub(super) fn read(&self, text: &[u8]) {
        let (names, is_inverted) = match text {
            b"all" => (&[][..], true),
            _ => text.strip_prefix(b"!").map_or((text, false), |names| (names, true)),
        };
        for name in names.split(|&byte| byte == b',').filter(|name| !name.is_empty()) {
            match Sysno::ALL.iter().find(|call| call.name().as_bytes() == name) {
                Some(&call) => self.insert(call as u64),
                None => log::warn!("trace=: there is no call {}", name.escape_ascii()),
            }
        }
        if is_inverted {
            self.0.iter().for_each(|word| _ = word.fetch_xor(u64::MAX, Ordering::Relaxed));
        }
    }

    fn insert(&self, number: u64) {
        if let Some(word) = self.0.get(index(number / 64)) {
            word.fetch_or(1 << (number % 64), Ordering::Relaxed);
        }
    }

    /// Returns whether the call with a number is selected.
    pub(super) fn contains(&self, number: u64) -> bool {
        let word = self.0.get(index(number / 64));
        word.is_some_and(|word| word.load(Ordering::Relaxed) & 1 << (number % 64) != 0)
    }
}
