//! What of an address space is mapped, and what of it is in memory.

use crate::vma::Vma;

/// Sizes of an address space, in pages.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Usage {
    /// Mapped (`VmSize`).
    pub total: u64,
    /// Private and writable (`VmData`).
    pub data: u64,
    /// Locked (`VmLck`).
    pub locked: u64,
    /// In memory, the program's own (`RssAnon`).
    pub resident_anonymous: u64,
    /// In memory, of files (`RssFile`).
    pub resident_file: u64,
    /// Tables (`VmPTE`).
    pub tables: u64,
    /// The most that was ever mapped (`VmPeak`).
    pub peak_total: u64,
    /// The most that was ever in memory (`VmHWM`).
    pub peak_resident: u64,
    /// Page faults that were resolved: a count, not pages.
    pub faults: u64,
}

/// What of a range is in memory, in pages.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Resident {
    /// The program's own.
    pub anonymous: u64,
    /// Of files.
    pub file: u64,
    /// Of these, in huge pages.
    pub huge: u64,
}

impl Usage {
    /// Returns what is in memory.
    pub const fn resident(&self) -> u64 {
        self.resident_anonymous + self.resident_file
    }

    /// Raises the peaks to what is there now. Sizes fall in few places and rise in many, so this
    /// is done before they fall, and when somebody asks.
    pub(crate) fn note_peaks(&mut self) {
        self.peak_total = self.peak_total.max(self.total);
        self.peak_resident = self.peak_resident.max(self.resident());
    }

    /// Adds or subtracts a mapping.
    pub(crate) fn count(&mut self, vma: &Vma, change: fn(u64, u64) -> u64) {
        self.total = change(self.total, vma.pages());
        if vma.is_data() {
            self.data = change(self.data, vma.pages());
        }
        if vma.is_locked() {
            self.locked = change(self.locked, vma.pages());
        }
    }
}
