//! The network: the stack with its cards, and when it runs.
//!
//! Cards interrupt only while a processor is halted or in the application; whoever runs in the
//! kernel finds what has come by looking. [`serve`] is called by `work`, [`is_quiet`] right before
//! the processor halts.
//!
//! A card with several pairs of queues has one for each processor, which it interrupts: a connection
//! goes by the queues of the processor whose thread sends on it, and what comes back for it arrives
//! there. Processors that share queues, as all do where a card has one pair, receive one at a time
//! for a batch of frames, which each carries up to the sockets. None that has something else to do
//! waits for it: who finds the queue taken goes on, and leaves it to that one to ask for interrupts,
//! which go to the first of those that share it. What the machine sends to itself is received by who
//! sent it.

mod dhcp;

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::time::Duration;

use abi::Result;
use abi::fcntl::OpenFlags;
use abi::stat::FileType;
use mm::PAGE_SIZE;
use net::device::{Device, Interrupts};
use net::flow::Secrets;
use net::network::{Cidr, Route};
use net::stack::Stack;
use sync::{Once, SpinLock};
use vfs::Creation;

pub(crate) use net::stack::Load;

use crate::arch::cpu::{Attention, Cpu, MAX_CPUS};
use crate::arch::smp::{self, KICK_VECTOR};
use crate::arch::{clock, index};
use crate::memory::FRAMES;
use crate::{file, random, schedule};

/// How long an idle processor looks for packets before it halts: about what halting and waking up
/// take. A request that follows an answer closely is met without an interrupt.
const PATIENCE: Duration = Duration::from_micros(50);
/// How long the program's start waits for an address.
const ADDRESS_PATIENCE: Duration = Duration::from_secs(2);
/// The card that gets its address from the command line.
const FIRST_CARD: usize = 1;

/// The part of all memory that the buffers of connections may take before they begin smaller.
const SHARE: u64 = 4;

static STACK: Once<Arc<Stack>> = Once::new();

/// Returns the stack.
pub(crate) fn stack() -> &'static Arc<Stack> {
    STACK.call_once(|| {
        let memory = FRAMES.statistics().total * PAGE_SIZE / SHARE;
        let stack = Stack::new(Secrets([(); 4].map(|()| random::next_u64())), index(memory));
        stack.set_alarm(clock::wake_at);
        net::room::set_is_short(|| FRAMES.is_short());
        stack
    })
}

/// Takes the cards into use and gives the first its address, as `ip=` says. With `dhcp` that is
/// waited for, though not long, so that the program finds its network.
pub(crate) fn start(cards: Vec<Device>, ip: &[u8], host_name: &[u8]) {
    let stack = stack();
    let first = cards.first().map(|card| card.capabilities.mac);
    for card in cards {
        let (mac, pairs) = (card.capabilities.mac, card.pairs.len());
        match stack.add_device(card) {
            Ok(number) => log::info!("network card {number}: {mac:02x?}, {pairs} pairs of queues"),
            Err(_) => log::warn!("there are more network cards than can be used"),
        }
    }
    if stack.spread() > 1 {
        stack.set_processor(|| Cpu::current().id);
        // Those that halted before there was a card have not asked it for interrupts.
        (1..smp::count()).for_each(|cpu| smp::interrupt(cpu, KICK_VECTOR));
    }
    match (ip, first) {
        (b"none", _) | (b"dhcp", None) => {}
        (b"dhcp", Some(mac)) => match dhcp::start(mac, host_name) {
            Ok(()) => wait_for_address(),
            Err(error) => log::error!("DHCP cannot be used: {error}"),
        },
        (_, None) => log::warn!("ip= says an address, but there is no network card"),
        (_, Some(_)) => match Address::parse(ip) {
            Some(address) => address.apply(stack),
            None => log::error!("ip={} is not understood", ip.escape_ascii()),
        },
    }
}

fn wait_for_address() {
    let until = clock::now() + ADDRESS_PATIENCE;
    while clock::now() < until {
        serve(Load::Idle);
        if stack().addresses().iter().any(|(_, own)| own.address.is_ipv4()) {
            return;
        }
    }
    log::warn!("no DHCP server has answered yet; the program starts without an address");
}

/// An address of the machine with what belongs to it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Address {
    /// The address and the bits of its network's prefix.
    own: (Ipv4Addr, u8),
    gateway: Option<Ipv4Addr>,
    /// Name servers.
    dns: Vec<Ipv4Addr>,
    /// The domain that names are looked up in.
    domain: Vec<u8>,
}

impl Address {
    /// Reads `ADDRESS/PREFIX[,gw=ADDRESS][,dns=ADDRESS]`.
    fn parse(value: &[u8]) -> Option<Self> {
        let mut words = core::str::from_utf8(value).ok()?.split(',');
        let (address, prefix) = words.next()?.split_once('/')?;
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
        let own = (address.parse().ok()?, prefix);
        let mut read = Self { own, gateway: None, dns: Vec::new(), domain: Vec::new() };
        for word in words {
            match word.split_once('=')? {
                ("gw", address) => read.gateway = Some(address.parse().ok()?),
                ("dns", address) => read.dns.push(address.parse().ok()?),
                _ => return None,
            }
        }
        Some(read)
    }

    /// Makes it the machine's only IPv4 address, and writes `/etc/resolv.conf`.
    fn apply(self, stack: &Stack) {
        let (address, prefix) = self.own;
        let own = Cidr { address: address.into(), prefix };
        // A lease that was prolonged is no change for those who use the address.
        if !stack.addresses().contains(&(FIRST_CARD, own)) {
            stack.clear_v4(FIRST_CARD);
            stack.add_address(FIRST_CARD, own);
            if let Some(gateway) = self.gateway {
                let destination = Cidr { address: Ipv4Addr::UNSPECIFIED.into(), prefix: 0 };
                let gateway = Some(gateway.into());
                stack.add_route(Route { destination, gateway, interface: FIRST_CARD });
            }
        }
        if !self.dns.is_empty()
            && let Err(error) = self.write_resolver_configuration()
        {
            log::warn!("/etc/resolv.conf cannot be written: {error}");
        }
    }

    /// Writes what `resolv.conf(5)` describes.
    fn write_resolver_configuration(&self) -> Result<()> {
        let mut text = Vec::new();
        if !self.domain.is_empty() {
            text.extend([b"search ", &self.domain[..], b"\n"].concat());
        }
        for server in &self.dns {
            text.extend(format!("nameserver {server}\n").bytes());
        }
        let names = &file::current().names;
        let flags = OpenFlags::WRONLY | OpenFlags::CREAT | OpenFlags::TRUNC;
        let creation = Creation::new(FileType::Regular, 0o644);
        let file = names.open(names.root(), b"/etc/resolv.conf", flags, &creation)?;
        file.write(&mut &text[..]).map(drop)
    }
}

/// Receives and sends what is due.
pub(crate) fn serve(load: Load) {
    // A thread of another processor may be about to answer what an acknowledgement is owed for.
    let is_idle = load == Load::Idle && !schedule::is_another_busy();
    serve_beside(load, if is_idle { Load::Idle } else { Load::Busy });
}

/// The same, `load_of_all` being that of all processors.
fn serve_beside(load: Load, load_of_all: Load) {
    let Some(stack) = STACK.get() else { return };
    let now = clock::now();
    let is_more = stack.poll(now, load_of_all);
    dhcp::serve(now);
    // Who has received asks for interrupts, since who finds him receiving leaves that to him. The
    // only processor there is asks before it stops to look: `listen`.
    let is_to_ask = load == Load::Busy || smp::count() > 1;
    let is_more = is_more || (is_to_ask && stack.ask_for_interrupts());
    if load == Load::Busy && is_more {
        // Once more before the application goes on, other threads' turns in between.
        Cpu::current().call_attention(Attention::Work);
    }
    if let Some(deadline) = stack.next_deadline() {
        clock::wake_at(deadline);
    }
}

/// Has the cards interrupt while a thread runs that an idle processor has found ready; what came
/// meanwhile is seen to before it does.
pub(crate) fn listen() {
    if smp::count() > 1 {
        return;
    }
    if STACK.get().is_some_and(|stack| stack.ask_for_interrupts()) {
        Cpu::current().call_attention(Attention::Work);
    }
}

/// Brings connections of this machine with itself to their end, whose sockets are closed, and
/// forgets those that are over.
pub(crate) fn settle() {
    /// Rounds after which what is still under way is left to itself.
    const PATIENCE: u32 = 64;
    let Some(stack) = STACK.get() else { return };
    serve_beside(Load::Idle, Load::Idle);
    for _ in 0..PATIENCE {
        if !stack.is_pending() {
            break;
        }
        serve_beside(Load::Idle, Load::Idle);
    }
    stack.forget_ended(clock::now());
}

/// Returns whether this processor may halt: nothing has come for a while, and the next thing that
/// comes interrupts. Of those that share queues one processor looks at a time, until it `has_work`;
/// others may halt at once.
pub(crate) fn is_quiet(has_work: impl Fn() -> bool) -> bool {
    /// Held by the processor that looks. Leaves, but for the stack's.
    static LOOKING: [SpinLock<()>; MAX_CPUS] = [const { SpinLock::new(()) }; MAX_CPUS];
    let Some(stack) = STACK.get() else { return true };
    let looking = LOOKING.get(Cpu::current().id % stack.spread());
    let Some(_looking) = looking.and_then(SpinLock::try_lock) else { return true };
    stack.set_interrupts(Interrupts::Disabled);
    let until = clock::now() + PATIENCE;
    while clock::now() < until {
        if stack.is_pending() || has_work() {
            // Other processors may idle while this one is busy with what it found.
            if smp::count() > 1 {
                stack.set_interrupts(Interrupts::Enabled);
            }
            return false;
        }
        sync::relax();
    }
    !stack.set_interrupts(Interrupts::Enabled)
}
