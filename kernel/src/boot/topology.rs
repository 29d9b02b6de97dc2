//! Which processors there are, as the firmware says: ACPI's MADT (ACPI 6.5 §5.2.12), or where there
//! is no ACPI the table of Intel's MultiProcessor Specification 1.4 (§4).
//!
//! What the tables contain is read with bounds checked; what makes no sense ends the list.

use alloc::vec::Vec;

use super::pvh::{u32_at, u64_at};
use crate::arch::boot::boot_memory;

/// A processor's flag in the MADT: it can be started.
const MADT_ENABLED: u32 = 1;
/// Types of entries in the MADT, and of one in the MP table: a processor with its local APIC.
const MADT_LOCAL_APIC: u8 = 0;
const MP_PROCESSOR: u8 = 0;
const MP_PROCESSOR_BYTES: usize = 20;
/// A processor's flag in the MP table: it can be started.
const MP_ENABLED: u8 = 1;
/// Bytes of the header of ACPI's tables and of the MP table.
const SDT_HEADER: usize = 36;
const MADT_HEADER: usize = 44;
const MP_HEADER: usize = 44;
/// The longest table that is read.
const LONGEST_TABLE: u32 = 1 << 20;

/// Returns the APIC ids of the processors, in the order of the tables; none if there are no tables.
/// `rsdp` is the physical address of ACPI's root pointer, 0 if there is none.
pub(crate) fn processors(rsdp: u64) -> Vec<u8> {
    madt(rsdp).map(madt_processors).or_else(|| mp_table().map(mp_processors)).unwrap_or_default()
}

/// Returns the table at an address with its header, if it is of this kind.
fn sdt(address: u64, signature: &[u8]) -> Option<&'static [u8]> {
    let header = boot_memory(address, SDT_HEADER as u64)?;
    if !header.starts_with(signature) {
        return None;
    }
    let length = u32_at(header, 4)?;
    (length <= LONGEST_TABLE).then(|| boot_memory(address, length.into()))?
}

fn madt(rsdp: u64) -> Option<&'static [u8]> {
    let root = boot_memory(rsdp, 36).filter(|root| root.starts_with(b"RSD PTR "))?;
    let revision = *root.get(15)?;
    let extended = if revision >= 2 { u64_at(root, 24)? } else { 0 };
    let find = |table: &'static [u8], width, address: fn(&[u8]) -> Option<u64>| {
        let mut addresses = table.get(SDT_HEADER..)?.chunks_exact(width).filter_map(address);
        addresses.find_map(|address| sdt(address, b"APIC"))
    };
    match sdt(extended, b"XSDT") {
        Some(table) => find(table, 8, |entry| u64_at(entry, 0)),
        None => {
            let table = sdt(u32_at(root, 16)?.into(), b"RSDT")?;
            find(table, 4, |entry| u32_at(entry, 0).map(u64::from))
        }
    }
}

fn madt_processors(table: &[u8]) -> Vec<u8> {
    let mut rest = table.get(MADT_HEADER..).unwrap_or_default();
    let mut found = Vec::new();
    while let [kind, length, ..] = *rest {
        let Some((entry, later)) = rest.split_at_checked(length.into()) else { break };
        if length < 2 {
            break;
        }
        if kind == MADT_LOCAL_APIC
            && u32_at(entry, 4).is_some_and(|flags| flags & MADT_ENABLED != 0)
        {
            found.push(entry[3]);
        }
        rest = later;
    }
    found
}

/// Looks for the MP table where its specification says (§4): the first KiB of the extended BIOS
/// data area, the last of base memory (that of 640 KiB too, where firmware does not tell how much
/// there is, as qboot), the BIOS's ROM.
fn mp_table() -> Option<&'static [u8]> {
    const KIB: u64 = 1 << 10;
    let bios_data = boot_memory(0x400, 0x100)?;
    let word = |at: usize| u64::from(bios_data[at]) | u64::from(bios_data[at + 1]) << 8;
    let (extended, base_end) = (word(0x0e) << 4, word(0x13) * KIB);
    let places = [
        (extended, KIB),
        (base_end.saturating_sub(KIB), KIB),
        (639 * KIB, KIB),
        (0xf_0000, 64 * KIB),
    ];
    let pointer = places
        .into_iter()
        .filter_map(|(start, length)| boot_memory(start, length))
        .find_map(|place| place.chunks_exact(16).find(|chunk| is_mp_pointer(chunk)))?;
    let address = u64::from(u32_at(pointer, 4)?);
    let header = boot_memory(address, MP_HEADER as u64)?;
    let length = u32_at(header, 4)? & 0xffff;
    header.starts_with(b"PCMP").then(|| boot_memory(address, length.into()))?
}

fn is_mp_pointer(chunk: &[u8]) -> bool {
    let sum = chunk.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    chunk.starts_with(b"_MP_") && sum == 0
}

fn mp_processors(table: &[u8]) -> Vec<u8> {
    // Processors come first, and all else is shorter.
    let entries = table.get(MP_HEADER..).unwrap_or_default().chunks_exact(MP_PROCESSOR_BYTES);
    entries
        .take_while(|entry| entry[0] == MP_PROCESSOR)
        .filter(|entry| entry[3] & MP_ENABLED != 0)
        .map(|entry| entry[1])
        .collect()
}
