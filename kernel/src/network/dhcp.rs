//! Driving the DHCP client: its socket, its time, and what its leases change.

use core::net::Ipv4Addr;
use core::sync::atomic::{AtomicU64, Ordering};

use abi::Result;
use abi::socket::{AF_INET, IPPROTO_UDP, SO_BROADCAST, SOCK_DGRAM, SOL_SOCKET};
use abi::time::Instant;
use net::device::Mac;
use net::dhcp::{Action, CLIENT_PORT, Client, SERVER_PORT};
use net::inet::{Extras, Family, ReceiveFlags, Socket, SocketAddress};
use net::options::Value;
use sync::SpinLock;

use super::{Address, FIRST_CARD, stack};
use crate::arch::clock;
use crate::random;

/// The longest message that is taken; a longer one is cut, and ignored.
const LONGEST: usize = 1500;

struct Dhcp {
    client: Client,
    socket: Socket,
}

/// The client, if there is one. Locked before all locks of the stack.
static DHCP: SpinLock<Option<Dhcp>> = SpinLock::new(None);
/// When the client is to be looked at, in nanoseconds since the start; 0 while it waits for an
/// answer.
static NEXT: AtomicU64 = AtomicU64::new(u64::MAX);

/// Begins to ask for an address.
///
/// # Errors
/// What of the socket could not be made.
pub(super) fn start(mac: Mac, host_name: &[u8]) -> Result<()> {
    let socket = Socket::new(stack(), AF_INET, SOCK_DGRAM, IPPROTO_UDP)?;
    let now = clock::now();
    socket.set_option(SOL_SOCKET, SO_BROADCAST, Value::whole(&1i32.to_ne_bytes()), now)?;
    socket.bind(endpoint(Ipv4Addr::UNSPECIFIED, CLIENT_PORT).as_bytes())?;
    let mut random = [0; 4];
    random::fill(&mut random);
    let client = Client::new(mac, host_name, u32::from_le_bytes(random), now);
    *DHCP.lock() = Some(Dhcp { client, socket });
    NEXT.store(0, Ordering::Relaxed);
    Ok(())
}

fn endpoint(address: Ipv4Addr, port: u16) -> SocketAddress {
    SocketAddress::new(Family::V4, &net::flow::Endpoint { address: address.into(), port })
}

/// Receives answers and sends what is due.
pub(super) fn serve(now: Instant) {
    if now.as_nanos() < NEXT.load(Ordering::Relaxed) {
        return;
    }
    let mut dhcp = DHCP.lock();
    let Some(dhcp) = dhcp.as_mut() else { return };
    let mut buffer = [0; LONGEST];
    while let Ok(received) = dhcp.socket.receive(&mut &mut buffer[..], ReceiveFlags::default(), now)
    {
        if let Some(action) = dhcp.client.receive(&buffer[..received.copied], now) {
            dhcp.act(action, now);
        }
    }
    while let Some(action) = dhcp.client.poll(now) {
        dhcp.act(action, now);
    }
    let next = if dhcp.client.is_waiting() { 0 } else { dhcp.client.deadline().as_nanos() };
    NEXT.store(next, Ordering::Relaxed);
    clock::wake_at(dhcp.client.deadline());
}

impl Dhcp {
    fn act(&self, action: Action, now: Instant) {
        match action {
            Action::Send { to, message } => {
                let to = endpoint(to, SERVER_PORT);
                let sent = self.socket.send(
                    &mut &message[..],
                    Some(to.as_bytes()),
                    &Extras::default(),
                    now,
                );
                // The client repeats what gets no answer.
                if let Err(error) = sent {
                    log::warn!("a DHCP message could not be sent: {error}");
                }
            }
            Action::Configure(lease) => {
                log::info!("address {}/{} by DHCP", lease.address, lease.prefix);
                let (own, gateway) = ((lease.address, lease.prefix), lease.router);
                Address { own, gateway, dns: lease.name_servers, domain: lease.domain }
                    .apply(stack());
            }
            Action::Unconfigure => {
                log::warn!("the address was taken back");
                stack().clear_v4(FIRST_CARD);
            }
        }
    }
}
