//! smoltcp's interface of one connection, and its clock.

use core::net::IpAddr;
use core::num::NonZeroUsize;

use abi::time::Instant;
use smoltcp::iface::{Config, Interface};
use smoltcp::phy::{ChecksumCapabilities, DeviceCapabilities, Medium};
use smoltcp::wire::{HardwareAddress, IpCidr};

use super::measure::RTO_MIN;
use super::port::Port;
use super::synced::Synced;
use crate::output::Hop;
use crate::stack::Stack;

/// How fast smoltcp's clock runs: its `RTTE_MIN_RTO` of 1000 ms becomes [`RTO_MIN`].
pub(super) const PACE: u32 = 1000 / RTO_MIN.subsec_millis();

/// Returns what smoltcp's clock shows at a moment.
pub(super) fn instant(now: Instant) -> smoltcp::time::Instant {
    let nanos = now.as_nanos().saturating_mul(PACE.into());
    let micros = i64::try_from(nanos / 1000).unwrap_or(i64::MAX);
    smoltcp::time::Instant::from_micros(micros)
}

/// Returns an interface for one connection.
pub(super) fn interface(synced: &Synced, hop: &Hop, stack: &Stack, now: Instant) -> Interface {
    let mut config = Config::new(HardwareAddress::Ip);
    config.random_seed = seed_for(synced.send_next.wrapping_sub(1));
    let capabilities = Some(capabilities(synced, hop, stack));
    let mut port = Port { received: None, capabilities, sender: None };
    let mut interface = Interface::new(config, &mut port, instant(now));
    let local = match synced.flow.local.address {
        IpAddr::V4(address) => IpCidr::new(address.into(), 32),
        IpAddr::V6(address) => IpCidr::new(address.into(), 128),
    };
    interface.update_ip_addrs(|own| {
        // The list is empty and has room for one.
        let _ = own.push(local);
    });
    interface
}

fn capabilities(synced: &Synced, hop: &Hop, stack: &Stack) -> DeviceCapabilities {
    let mut capabilities = DeviceCapabilities::default();
    capabilities.medium = Medium::Ip;
    capabilities.max_transmission_unit = synced.mtu;
    // Checksums are verified before and filled in after smoltcp.
    capabilities.checksum = ChecksumCapabilities::ignored();
    let number = match hop {
        Hop::Link { interface, .. } | Hop::Unresolved { interface, .. } => *interface,
        Hop::Loopback => 0,
    };
    if let Some(interface) = stack.interface(number)
        && interface.capabilities.checksum_transmit
    {
        // smoltcp drops IPv6 packets beyond the MTU, so only IPv4 is segmented.
        capabilities.segmentation.tcpv4 = NonZeroUsize::new(interface.capabilities.segment_v4)
            .filter(|longest| longest.get() > synced.mtu);
    }
    capabilities
}

/// Returns the seed with which smoltcp's generator (sPCG32) yields `wanted` as a new socket's
/// initial sequence number: the second number it gives out, after the first IPv4 identification,
/// which must not be zero.
fn seed_for(wanted: u32) -> u64 {
    const MULTIPLIER: u64 = 0xbb2e_fcec_3c39_611d;
    const ADDEND: u64 = 0x7590_ef39;
    let inverse = inverse(MULTIPLIER);
    let back = |state: u64| state.wrapping_sub(ADDEND).wrapping_mul(inverse);
    let mut low = 0;
    loop {
        // With the top three bits clear the generator gives out the bits from 29 up.
        let first = back(u64::from(wanted) << 29 | low);
        let shift = 29 - (first >> 61);
        let number = first >> shift;
        if (number ^ number >> 16) & 0xffff != 0 {
            return back(first);
        }
        low += 1;
    }
}

/// Returns the inverse of an odd number modulo 2^64, by Newton's iteration.
const fn inverse(odd: u64) -> u64 {
    let mut inverse = odd;
    let mut step = 0;
    while step < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)));
        step += 1;
    }
    inverse
}
