//! DHCP's messages (RFC 2131 §2) and their options (RFC 2132).

use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::Lease;
use crate::device::Mac;

/// Bytes before the options, the cookie included.
const FIXED: usize = 240;
/// The shortest message that all relays take (RFC 1542 §2.1).
const SHORTEST: usize = 300;
/// What the options begin with.
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// `op`: from a client, from a server.
const REQUEST: u8 = 1;
const REPLY: u8 = 2;
/// `htype` and `hlen` of Ethernet.
const ETHERNET: [u8; 2] = [1, 6];
/// The flag that asks for answers to be broadcast.
const BROADCAST: [u8; 2] = [0x80, 0];

const PAD: u8 = 0;
const SUBNET_MASK: u8 = 1;
const ROUTER: u8 = 3;
const NAME_SERVER: u8 = 6;
const HOST_NAME: u8 = 12;
const DOMAIN: u8 = 15;
const REQUESTED_ADDRESS: u8 = 50;
const LEASE_TIME: u8 = 51;
const MESSAGE_TYPE: u8 = 53;
const SERVER: u8 = 54;
const PARAMETERS: u8 = 55;
const LONGEST_MESSAGE: u8 = 57;
const RENEWAL_TIME: u8 = 58;
const REBINDING_TIME: u8 = 59;
const CLIENT: u8 = 61;
const END: u8 = 255;

/// What is asked of servers.
const WANTED: [u8; 7] =
    [SUBNET_MASK, ROUTER, NAME_SERVER, DOMAIN, LEASE_TIME, RENEWAL_TIME, REBINDING_TIME];
/// The longest message that is taken: what fits into a packet of the usual size.
const LONGEST: u16 = 1472;

/// The kinds of messages that this client knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Who has an address?
    Discover = 1,
    /// I do.
    Offer = 2,
    /// Then give it to me, or let me have it longer.
    Request = 3,
    /// It is yours.
    Ack = 5,
    /// It is not.
    Nak = 6,
}

/// A message to a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub(super) kind: Kind,
    pub(super) exchange: u32,
    /// Since the exchange began.
    pub(super) seconds: u16,
    pub(super) mac: Mac,
    pub(super) host_name: &'a [u8],
    /// The address that the client has.
    pub(super) own: Option<Ipv4Addr>,
    /// The address that was offered, and by whom.
    pub(super) requested: Option<(Ipv4Addr, Ipv4Addr)>,
}

impl Message<'_> {
    /// Returns the message as it is sent.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SHORTEST);
        bytes.push(REQUEST);
        bytes.extend(ETHERNET);
        bytes.push(0);
        bytes.extend(self.exchange.to_be_bytes());
        bytes.extend(self.seconds.to_be_bytes());
        // One with an address can be reached by it.
        bytes.extend(if self.own.is_none() { BROADCAST } else { [0, 0] });
        bytes.extend(self.own.unwrap_or(Ipv4Addr::UNSPECIFIED).octets());
        bytes.resize(28, 0);
        bytes.extend(self.mac);
        bytes.resize(FIXED - COOKIE.len(), 0);
        bytes.extend(COOKIE);
        let mut option = |code, data: &[&[u8]]| {
            let length: usize = data.iter().map(|part| part.len()).sum();
            bytes.extend([code, u8::try_from(length).unwrap_or(u8::MAX)]);
            data.iter().for_each(|part| bytes.extend(*part));
        };
        option(MESSAGE_TYPE, &[&[self.kind as u8]]);
        option(CLIENT, &[&ETHERNET[..1], &self.mac]);
        if let Some((address, server)) = self.requested {
            option(REQUESTED_ADDRESS, &[&address.octets()]);
            option(SERVER, &[&server.octets()]);
        }
        option(LONGEST_MESSAGE, &[&LONGEST.to_be_bytes()]);
        option(PARAMETERS, &[&WANTED]);
        if !self.host_name.is_empty() {
            option(HOST_NAME, &[self.host_name]);
        }
        bytes.push(END);
        bytes.resize(bytes.len().max(SHORTEST), 0);
        bytes
    }
}

/// What a server answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reply {
    pub(super) kind: Kind,
    pub(super) exchange: u32,
    pub(super) mac: Mac,
    /// The client's address.
    pub(super) address: Option<Ipv4Addr>,
    pub(super) server: Option<Ipv4Addr>,
    pub(super) lease_seconds: Option<u32>,
    pub(super) renew_seconds: Option<u32>,
    pub(super) rebind_seconds: Option<u32>,
    mask: Option<Ipv4Addr>,
    router: Option<Ipv4Addr>,
    name_servers: Vec<Ipv4Addr>,
    domain: Vec<u8>,
}

impl Reply {
    /// Reads a server's message; `None` if it is none.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (fixed, options) = bytes.split_first_chunk::<FIXED>()?;
        if fixed[0] != REPLY || fixed[1..3] != ETHERNET || !fixed.ends_with(&COOKIE) {
            return None;
        }
        let mut reply = Self {
            kind: Kind::Discover,
            exchange: u32::from_be_bytes(*fixed[4..].first_chunk()?),
            mac: *fixed[28..].first_chunk()?,
            address: address(&fixed[16..20]),
            server: None,
            lease_seconds: None,
            renew_seconds: None,
            rebind_seconds: None,
            mask: None,
            router: None,
            name_servers: Vec::new(),
            domain: Vec::new(),
        };
        let mut rest = options;
        while let Some((&code, after)) = rest.split_first() {
            match code {
                PAD => {
                    rest = after;
                    continue;
                }
                END => break,
                _ => {}
            }
            let (&length, after) = after.split_first()?;
            let (data, after) = after.split_at_checked(length.into())?;
            reply.take(code, data)?;
            rest = after;
        }
        // A server never says this, so it stands for none.
        (reply.kind != Kind::Discover).then_some(reply)
    }

    /// Takes an option in; `None` if it makes no sense.
    fn take(&mut self, code: u8, data: &[u8]) -> Option<()> {
        match code {
            MESSAGE_TYPE => {
                self.kind = match data {
                    [2] => Kind::Offer,
                    [5] => Kind::Ack,
                    [6] => Kind::Nak,
                    _ => return None,
                }
            }
            SERVER => self.server = address(data),
            SUBNET_MASK => self.mask = Some(Ipv4Addr::from(*data.first_chunk::<4>()?)),
            ROUTER => self.router = data.first_chunk::<4>().and_then(|first| address(first)),
            NAME_SERVER => {
                self.name_servers =
                    data.as_chunks::<4>().0.iter().filter_map(|a| address(a)).collect();
            }
            DOMAIN => self.domain = data.iter().copied().take_while(|byte| *byte != 0).collect(),
            LEASE_TIME => self.lease_seconds = Some(seconds(data)?),
            RENEWAL_TIME => self.renew_seconds = Some(seconds(data)?),
            REBINDING_TIME => self.rebind_seconds = Some(seconds(data)?),
            _ => {}
        }
        Some(())
    }

    /// Returns what the message lends; `None` if that is nothing to use.
    pub(super) fn lease(&self) -> Option<Lease> {
        let address = self.address?;
        let mask = self.mask.map_or(u32::MAX << 8, Ipv4Addr::to_bits);
        let prefix = mask.leading_ones();
        if mask.checked_shl(prefix).is_some_and(|rest| rest != 0) {
            return None;
        }
        Some(Lease {
            address,
            prefix: u8::try_from(prefix).ok()?,
            router: self.router,
            name_servers: self.name_servers.clone(),
            domain: self.domain.clone(),
        })
    }
}

/// Reads the address of a single machine.
fn address(data: &[u8]) -> Option<Ipv4Addr> {
    let address = Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?);
    let is_single = !address.is_unspecified()
        && !address.is_broadcast()
        && !address.is_multicast()
        && !address.is_loopback();
    is_single.then_some(address)
}

fn seconds(data: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(data.try_into().ok()?))
}
