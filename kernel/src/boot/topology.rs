//! Which processors there are, as the firmware says: ACPI's MADT (ACPI 6.5 §5.2.12), or where there
//! is no ACPI the table of Intel's MultiProcessor Specification 1.4 (§4).
//!
//! What the tables contain is read with bounds checked; what makes no sense ends the list.

use alloc::vec::Vec;

use super::acpi;
use super::pvh::u32_at;
use crate::arch::boot::boot_memory;

/// A processor's flag in the MADT: it can be started.
const MADT_ENABLED: u32 = 1;
/// Types of entries in the MADT, and of one in the MP table: a processor with its local APIC.
const MADT_LOCAL_APIC: u8 = 0;
const MP_PROCESSOR: u8 = 0;
const MP_PROCESSOR_BYTES: usize = 20;
/// A processor's flag in the MP table: it can be started.
const MP_ENABLED: u8 = 1;
/// Bytes of the headers of the tables.
const MADT_HEADER: usize = 44;
const MP_HEADER: usize = 44;

/// Returns the APIC ids of the processors, in the order of the tables; none if there are no tables.
/// `rsdp` is the physical address of ACPI's root pointer, 0 if there is none.
pub(crate) fn processors(rsdp: u64) -> Vec<u8> {
    acpi::table(rsdp, b"APIC")
        .map(madt_processors)
        .or_else(|| mp_table().map(mp_processors))
        .unwrap_or_default()
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
