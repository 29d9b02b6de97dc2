//! The network: the stack with its cards, and when it runs.
//!
//! Cards interrupt only while the processor is halted or in the application; whoever runs in the
//! kernel finds what has come by looking. [`serve`] is called by `work`, [`is_quiet`] right before
//! the processor halts.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use mm::PAGE_SIZE;
use net::device::{Device, Interrupts};
use net::flow::Secrets;
use net::network::{Cidr, Route};
use net::stack::Stack;
use sync::Once;

pub(crate) use net::stack::Load;

use crate::arch::cpu::Cpu;
use crate::arch::{clock, index};
use crate::memory::FRAMES;
use crate::random;

/// How long an idle processor looks for packets before it halts: about what halting and waking up
/// take. A request that follows an answer closely is met without an interrupt.
const PATIENCE: Duration = Duration::from_micros(50);
/// The card that gets its address from the command line.
const FIRST_CARD: usize = 1;

/// The part of all memory that the buffers of connections may take before they begin smaller.
const SHARE: u64 = 4;

static STACK: Once<Arc<Stack>> = Once::new();

/// Returns the stack.
pub(crate) fn stack() -> &'static Arc<Stack> {
    STACK.call_once(|| {
        let memory = FRAMES.statistics().total * PAGE_SIZE / SHARE;
        Stack::new(Secrets([(); 4].map(|()| random::next_u64())), index(memory))
    })
}

/// Takes the cards into use and gives the first its address, as `ip=` says.
pub(crate) fn start(cards: Vec<Device>, ip: &[u8]) {
    let stack = stack();
    let has_card = !cards.is_empty();
    for card in cards {
        let mac = card.capabilities.mac;
        match stack.add_device(card) {
            Ok(number) => log::info!("network card {number}: {mac:02x?}"),
            Err(_) => log::warn!("there are more network cards than can be used"),
        }
    }
    match ip {
        b"none" => {}
        b"dhcp" => {}
        _ if !has_card => log::warn!("ip= says an address, but there is no network card"),
        _ => match Static::parse(ip) {
            Some(address) => address.apply(stack),
            None => log::error!("ip={} is not understood", ip.escape_ascii()),
        },
    }
}

/// A configuration given on the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Static {
    own: Cidr,
    gateway: Option<Ipv4Addr>,
    /// The name server.
    dns: Option<Ipv4Addr>,
}

impl Static {
    /// Reads `ADDRESS/PREFIX[,gw=ADDRESS][,dns=ADDRESS]`.
    fn parse(value: &[u8]) -> Option<Self> {
        let mut words = core::str::from_utf8(value).ok()?.split(',');
        let (address, prefix) = words.next()?.split_once('/')?;
        let address: Ipv4Addr = address.parse().ok()?;
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
        let own = Cidr { address: address.into(), prefix };
        let mut read = Self { own, gateway: None, dns: None };
        for word in words {
            match word.split_once('=')? {
                ("gw", address) => read.gateway = Some(address.parse().ok()?),
                ("dns", address) => read.dns = Some(address.parse().ok()?),
                _ => return None,
            }
        }
        Some(read)
    }

    fn apply(self, stack: &Stack) {
        stack.add_address(FIRST_CARD, self.own);
        if let Some(gateway) = self.gateway {
            let destination = Cidr { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), prefix: 0 };
            let gateway = Some(gateway.into());
            stack.add_route(Route { destination, gateway, interface: FIRST_CARD });
        }
    }
}

/// Receives and sends what is due.
pub(crate) fn serve(load: Load) {
    let Some(stack) = STACK.get() else { return };
    let is_more = stack.poll(clock::now(), load);
    if load == Load::Busy && (is_more || stack.set_interrupts(Interrupts::Enabled)) {
        // Once more before the application goes on, other threads' turns in between.
        Cpu::current().call_attention();
    }
    if let Some(deadline) = stack.next_deadline(clock::now()) {
        clock::wake_at(deadline);
    }
}

/// Returns whether the processor may halt: nothing has come for a while, and the next thing that
/// comes interrupts.
pub(crate) fn is_quiet() -> bool {
    let Some(stack) = STACK.get() else { return true };
    stack.set_interrupts(Interrupts::Disabled);
    let until = clock::now() + PATIENCE;
    while clock::now() < until {
        if stack.is_pending() {
            return false;
        }
    }
    !stack.set_interrupts(Interrupts::Enabled)
}
