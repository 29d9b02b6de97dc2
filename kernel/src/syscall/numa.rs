//! Memory policy: `set_mempolicy(2)`, `get_mempolicy(2)`, `mbind(2)`.
//!
//! There is one node, number 0, so every policy comes to the same. What Linux refuses is refused.

use core::sync::atomic::{AtomicU32, Ordering};

use abi::mman::mempolicy::{
    BIND, DEFAULT, GET_ADDR, GET_MEMS_ALLOWED, GET_NODE, LOCAL, NUMA_BALANCING, PREFERRED,
    PREFERRED_MANY, RELATIVE_NODES, STATIC_NODES, WEIGHTED_INTERLEAVE,
};
use abi::{Errno, Result};
use mm::PAGE_SIZE;

use super::Context;
use crate::memory::space;
use crate::memory::user::UserPtr;

/// The nodes there are, as a mask.
const NODES: u64 = 1;
/// More bits than this in a mask are an error.
const MOST_BITS: u64 = PAGE_SIZE * 8;
/// Linux's `MAX_NUMNODES` on x86-64: bits from there on must be clear.
const LAST_WORD: u64 = 1024 / 64;

/// The policy that was set, with its flags.
static POLICY: AtomicU32 = AtomicU32::new(DEFAULT);

/// Sets the policy that a program starts with.
pub(super) fn reset() {
    POLICY.store(DEFAULT, Ordering::Relaxed);
}

/// Returns the nodes in a program's mask of `bits` bits; `bits` counts one too many, as in Linux.
fn read_nodes(mask: UserPtr<u64>, bits: u64) -> Result<u64> {
    let bits = bits.wrapping_sub(1);
    if bits == 0 || mask.is_null() {
        return Ok(0);
    }
    if bits > MOST_BITS {
        return Err(Errno::EINVAL);
    }
    let mut nodes = 0;
    for word in 0..bits.div_ceil(64) {
        let mut value = mask.at(crate::arch::index(word)).read()?;
        if word == bits / 64 {
            value &= (1 << (bits % 64)) - 1;
        }
        if word == 0 {
            nodes = value;
        } else if value != 0 && word >= LAST_WORD {
            return Err(Errno::EINVAL);
        }
    }
    Ok(nodes)
}

/// Splits a mode from its flags, and checks both before the nodes are looked at.
fn check_mode(mode: u32) -> Result<(u32, u32)> {
    let flags = mode & (STATIC_NODES | RELATIVE_NODES | NUMA_BALANCING);
    let mode = mode & !flags;
    let is_valid = mode <= WEIGHTED_INTERLEAVE
        && flags & (STATIC_NODES | RELATIVE_NODES) != STATIC_NODES | RELATIVE_NODES
        && (flags & NUMA_BALANCING == 0 || matches!(mode, BIND | PREFERRED_MANY));
    if is_valid { Ok((mode, flags)) } else { Err(Errno::EINVAL) }
}

/// Checks a policy as Linux does.
fn check((mode, flags): (u32, u32), nodes: u64) -> Result<()> {
    let is_placed = flags & (STATIC_NODES | RELATIVE_NODES) != 0;
    let is_valid = match mode {
        DEFAULT => nodes == 0,
        LOCAL => nodes == 0 && flags == 0,
        PREFERRED if nodes == 0 => !is_placed,
        _ => nodes & NODES != 0,
    };
    if is_valid { Ok(()) } else { Err(Errno::EINVAL) }
}

/// `set_mempolicy(2)`.
pub(super) fn set_mempolicy(
    _cx: &mut Context<'_>,
    mode: u32,
    mask: UserPtr<u64>,
    bits: u64,
) -> Result<()> {
    check(check_mode(mode)?, read_nodes(mask, bits)?)?;
    POLICY.store(mode, Ordering::Relaxed);
    Ok(())
}

/// `get_mempolicy(2)`.
pub(super) fn get_mempolicy(
    _cx: &mut Context<'_>,
    mode: UserPtr<u32>,
    mask: UserPtr<u64>,
    bits: u64,
    address: u64,
    flags: u64,
) -> Result<()> {
    let flags = u32::try_from(flags).map_err(|_| Errno::EINVAL)?;
    if flags & !(GET_NODE | GET_ADDR | GET_MEMS_ALLOWED) != 0 || (!mask.is_null() && bits < NODES) {
        return Err(Errno::EINVAL);
    }
    let policy = POLICY.load(Ordering::Relaxed);
    let (value, nodes) = if flags & GET_MEMS_ALLOWED != 0 {
        if flags & (GET_NODE | GET_ADDR) != 0 {
            return Err(Errno::EINVAL);
        }
        (0, NODES)
    } else if flags & GET_ADDR != 0 {
        space::lock().mapping(address).ok_or(Errno::EFAULT)?;
        // The number of the node, or the policy of the range, which is the default one.
        (DEFAULT, 0)
    } else if address != 0 || flags & GET_NODE != 0 {
        // A node without an address is asked of interleaving only, which needs two nodes.
        return Err(Errno::EINVAL);
    } else {
        (policy, if matches!(policy, DEFAULT | LOCAL) { 0 } else { NODES })
    };
    mode.non_null().map_or(Ok(()), |mode| mode.write(&value))?;
    mask.non_null().map_or(Ok(()), |mask| write_nodes(mask, bits, nodes))
}

/// Writes nodes to a program's mask of `bits` bits, one too many.
fn write_nodes(mask: UserPtr<u64>, bits: u64, nodes: u64) -> Result<()> {
    // The most bits of all wrap to none, as in Linux.
    let words = bits.wrapping_add(62) / 64;
    if words * 8 > PAGE_SIZE {
        return Err(Errno::EINVAL);
    }
    for word in 0..words {
        mask.at(crate::arch::index(word)).write(if word == 0 { &nodes } else { &0 })?;
    }
    Ok(())
}

/// `mbind(2)`.
pub(super) fn mbind(
    _cx: &mut Context<'_>,
    address: u64,
    length: u64,
    mode: u32,
    mask: UserPtr<u64>,
    bits: u64,
    flags: u32,
) -> Result<()> {
    /// `MPOL_MF_STRICT`, `MPOL_MF_MOVE`, `MPOL_MF_MOVE_ALL`.
    const KNOWN_FLAGS: u32 = 7;
    let mode = check_mode(mode)?;
    let nodes = read_nodes(mask, bits)?;
    // The last page's worth of lengths wraps to none, as in Linux.
    let length = length.checked_next_multiple_of(PAGE_SIZE).unwrap_or(0);
    let end = address.checked_add(length).ok_or(Errno::EINVAL)?;
    if flags & !KNOWN_FLAGS != 0 || !address.is_multiple_of(PAGE_SIZE) {
        return Err(Errno::EINVAL);
    }
    if address == end {
        return Ok(());
    }
    check(mode, nodes)?;
    let space = space::lock();
    let is_there = match mode.0 {
        // To go back to the default one, holes do not matter.
        DEFAULT => space.mappings_in(address..end).next().is_some(),
        _ => space.is_mapped(address..end),
    };
    if is_there { Ok(()) } else { Err(Errno::EFAULT) }
}
