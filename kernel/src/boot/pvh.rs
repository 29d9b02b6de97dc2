//! The PVH start info: memory map, command line, image (Xen docs/misc/pvh.pandoc).

use crate::arch::boot::boot_memory;
use crate::arch::index;

/// The end of what the first page tables map.
pub(crate) const BOOT_MAPPED_END: u64 = 1 << 32;

const MAGIC: u32 = 0x336e_c578;
const ENTRY_SIZE: u64 = 24;
const MODULE_SIZE: u64 = 32;
const RAM: u32 = 1;
const MOST_REGIONS: usize = 16;
const LONGEST_COMMAND_LINE: u64 = 64 * 1024;

/// A range of physical memory, end excluded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Region {
    /// First address.
    pub(crate) start: u64,
    /// Address behind the last byte.
    pub(crate) end: u64,
}

/// What is known from the boot loader.
#[derive(Debug, Default)]
pub(crate) struct StartInfo {
    regions: [Region; MOST_REGIONS],
    region_count: usize,
    /// The kernel's command line, as bytes.
    pub(crate) command_line: &'static [u8],
    /// Where the image (module 0) lies; empty if there is none.
    pub(crate) image: Region,
    /// The physical address of ACPI's root pointer, 0 if there is none.
    pub(crate) rsdp: u64,
}

impl StartInfo {
    /// Returns the ranges of usable memory.
    pub(crate) fn memory(&self) -> &[Region] {
        &self.regions[..self.region_count]
    }

    /// Returns the end of the highest usable memory.
    pub(crate) fn memory_end(&self) -> u64 {
        self.memory().iter().map(|region| region.end).max().unwrap_or(0)
    }

    /// Reads the start info at a physical address; `None` if it is none.
    pub(crate) fn read(address: u64) -> Option<Self> {
        let head = boot_memory(address, 56)?;
        if u32_at(head, 0)? != MAGIC {
            return None;
        }
        let command_line = command_line(u64_at(head, 24)?);
        let mut info = Self { command_line, rsdp: u64_at(head, 32)?, ..Self::default() };
        if u32_at(head, 12)? > 0 {
            let module = boot_memory(u64_at(head, 16)?, MODULE_SIZE)?;
            let start = u64_at(module, 0)?;
            info.image = Region { start, end: start.checked_add(u64_at(module, 8)?)? };
        }
        let count = u64::from(u32_at(head, 48)?);
        let map = boot_memory(u64_at(head, 40)?, count.checked_mul(ENTRY_SIZE)?)?;
        for entry in map.chunks_exact(index(ENTRY_SIZE)) {
            info.add_region(entry)?;
        }
        Some(info)
    }

    fn add_region(&mut self, entry: &[u8]) -> Option<()> {
        let (start, size) = (u64_at(entry, 0)?, u64_at(entry, 8)?);
        if u32_at(entry, 16)? == RAM && size > 0 && self.region_count < MOST_REGIONS {
            self.regions[self.region_count] = Region { start, end: start.checked_add(size)? };
            self.region_count += 1;
        }
        Some(())
    }
}

fn command_line(address: u64) -> &'static [u8] {
    let longest = LONGEST_COMMAND_LINE.min(BOOT_MAPPED_END.saturating_sub(address));
    let bytes = boot_memory(address, longest).unwrap_or_default();
    let length = bytes.iter().position(|&byte| byte == 0).unwrap_or(0);
    &bytes[..length]
}

/// Returns the number at an offset; `None` beyond the end.
pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..)?.first_chunk().copied().map(u16::from_le_bytes)
}

/// As [`u16_at`], of 32 bits.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// As [`u16_at`], of 64 bits.
pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes.get(offset..)?.first_chunk().copied().map(u64::from_le_bytes)
}
