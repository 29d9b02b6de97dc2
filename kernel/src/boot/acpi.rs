//! ACPI's tables, ACPI 6.5 §5.2.
//!
//! What the tables contain is read with bounds checked.

use super::pvh::{u32_at, u64_at};
use crate::arch::boot::boot_memory;

/// Bytes of the header that all tables have.
const HEADER: usize = 36;
/// The longest table that is read.
const LONGEST_TABLE: u32 = 1 << 20;

/// Returns the first table of a kind, with its header. `rsdp` is the physical address of the root
/// pointer, 0 if there is none.
pub(crate) fn table(rsdp: u64, signature: &[u8; 4]) -> Option<&'static [u8]> {
    let root = boot_memory(rsdp, 36).filter(|root| root.starts_with(b"RSD PTR "))?;
    let revision = *root.get(15)?;
    let extended = if revision >= 2 { u64_at(root, 24)? } else { 0 };
    let find = |table: &'static [u8], width, address: fn(&[u8]) -> Option<u64>| {
        let mut addresses = table.get(HEADER..)?.chunks_exact(width).filter_map(address);
        addresses.find_map(|address| table_at(address, signature))
    };
    match table_at(extended, b"XSDT") {
        Some(table) => find(table, 8, |entry| u64_at(entry, 0)),
        None => {
            let table = table_at(u32_at(root, 16)?.into(), b"RSDT")?;
            find(table, 4, |entry| u32_at(entry, 0).map(u64::from))
        }
    }
}

/// Returns the table at an address with its header, if it is of this kind.
pub(crate) fn table_at(address: u64, signature: &[u8; 4]) -> Option<&'static [u8]> {
    let header = boot_memory(address, HEADER as u64)?;
    if !header.starts_with(signature) {
        return None;
    }
    let length = u32_at(header, 4)?;
    (length <= LONGEST_TABLE).then(|| boot_memory(address, length.into()))?
}
