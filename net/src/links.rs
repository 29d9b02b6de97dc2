//! Links as programs list them: `netdevice(7)`.
//!
//! `lo` is link 1; card number N is link N + 1 and called `eth` with N - 1 behind it.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use abi::{Errno, Result};

use crate::addr::{Family, SocketAddress};
use crate::device::Mac;
use crate::flow::Endpoint;
use crate::network::Cidr;
use crate::stack::Stack;

/// Size of `struct ifreq` in bytes.
pub const IFREQ: usize = 40;
/// Bytes of a link's name in it, the terminating zero included.
const NAME: usize = 16;

/// `IFF_UP | IFF_RUNNING`.
const RUNNING: u32 = 0x41;
/// `IFF_LOOPBACK`.
const LOOPBACK: u32 = 0x8;
/// `IFF_BROADCAST | IFF_MULTICAST`.
const BROADCAST: u32 = 0x1002;
/// `ARPHRD_ETHER`.
const ETHER: u16 = 1;
/// `ARPHRD_LOOPBACK`.
const LOOPBACK_KIND: u16 = 772;
/// The MTU of Linux's loopback.
const LOOPBACK_MTU: u32 = 65_536;

/// A link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Link {
    /// From 1.
    pub(crate) index: u32,
    pub(crate) name: String,
    /// `IFF_*`.
    pub(crate) flags: u32,
    /// `ARPHRD_*`.
    pub(crate) kind: u16,
    pub(crate) mac: Mac,
    pub(crate) mtu: u32,
    pub(crate) addresses: Vec<Cidr>,
}

impl Link {
    pub(crate) fn is_loopback(&self) -> bool {
        self.kind == LOOPBACK_KIND
    }

    fn v4(&self) -> Option<&Cidr> {
        self.addresses.iter().find(|own| own.address.is_ipv4())
    }
}

impl Stack {
    /// Returns the links, loopback first.
    pub(crate) fn links(&self) -> Vec<Link> {
        let loopback = |address: IpAddr, prefix| Cidr { address, prefix };
        let mut links = vec![Link {
            index: 1,
            name: String::from("lo"),
            flags: RUNNING | LOOPBACK,
            kind: LOOPBACK_KIND,
            mac: Mac::default(),
            mtu: LOOPBACK_MTU,
            addresses: vec![
                loopback(Ipv4Addr::LOCALHOST.into(), 8),
                loopback(Ipv6Addr::LOCALHOST.into(), 128),
            ],
        }];
        let addresses = self.addresses();
        links.extend(self.devices().into_iter().map(|(number, card, _)| {
            let own = addresses.iter().filter(|(at, _)| *at == number);
            Link {
                index: u32::try_from(number + 1).unwrap_or(u32::MAX),
                name: format!("eth{}", number - 1),
                flags: RUNNING | BROADCAST,
                kind: ETHER,
                mac: card.mac,
                mtu: u32::try_from(card.mtu).unwrap_or(u32::MAX),
                addresses: own.map(|(_, own)| *own).collect(),
            }
        }));
        links
    }

    /// Returns whether there is a card with this number; 0 is loopback.
    pub(crate) fn has_link(&self, card: usize) -> bool {
        card == 0 || self.interface(card).is_some()
    }

    /// Returns the number of the card with a name, 0 for loopback.
    ///
    /// # Errors
    /// `ENODEV` if there is none.
    pub(crate) fn card_named(&self, name: &[u8]) -> Result<usize> {
        let links = self.links();
        links.iter().position(|link| link.name.as_bytes() == name).ok_or(Errno::ENODEV)
    }

    /// Returns a card's name with a zero behind it; nothing if there is no such card.
    pub(crate) fn card_name(&self, card: usize) -> Vec<u8> {
        let link = self.links().into_iter().nth(card);
        link.map_or_else(Vec::new, |link| [link.name.as_bytes(), &[0]].concat())
    }

    /// Answers the requests of `netdevice(7)` that read: takes a `struct ifreq` and fills it in.
    ///
    /// # Errors
    /// `ENODEV` for an unknown link, `EADDRNOTAVAIL` if it has no IPv4 address, `ENOTTY` for an
    /// unknown request.
    pub fn interface_request(&self, request: u32, ifreq: &mut [u8; IFREQ]) -> Result<()> {
        const SIOCGIFNAME: u32 = 0x8910;
        let links = self.links();
        if request == SIOCGIFNAME {
            let index = u32::from_ne_bytes(ifreq[NAME..].first_chunk().copied().unwrap_or([0; 4]));
            let link = links.iter().find(|link| link.index == index).ok_or(Errno::ENODEV)?;
            ifreq[..NAME].copy_from_slice(&name_field(link));
            return Ok(());
        }
        if !is_known(request) {
            return Err(Errno::ENOTTY);
        }
        let name = ifreq[..NAME].split(|byte| *byte == 0).next().unwrap_or_default();
        // Linux takes "eth0:1" for a further address of eth0; there are none.
        let name = name.split(|byte| *byte == b':').next().unwrap_or_default();
        let link = links.iter().find(|link| link.name.as_bytes() == name).ok_or(Errno::ENODEV)?;
        let value = answer(request, link)?;
        ifreq[NAME..NAME + value.len()].copy_from_slice(&value);
        Ok(())
    }

    /// Returns what `SIOCGIFCONF` lists: a `struct ifreq` for each link with an IPv4 address.
    pub fn interface_list(&self) -> Vec<u8> {
        let mut list = Vec::new();
        for link in self.links() {
            if let Some(own) = link.v4() {
                let mut ifreq = [0; IFREQ];
                ifreq[..NAME].copy_from_slice(&name_field(&link));
                let address = socket_address(own.address);
                ifreq[NAME..NAME + address.len()].copy_from_slice(&address);
                list.extend(ifreq);
            }
        }
        list
    }
}

/// `SIOCGIFFLAGS` and its kin, include/uapi/linux/sockios.h.
const fn is_known(request: u32) -> bool {
    matches!(
        request,
        0x8913 | 0x8915 | 0x8917 | 0x8919 | 0x891b | 0x891d | 0x8921 | 0x8927 | 0x8933 | 0x8942
    )
}

fn answer(request: u32, link: &Link) -> Result<Vec<u8>> {
    let own = || link.v4().ok_or(Errno::EADDRNOTAVAIL);
    Ok(match request {
        // SIOCGIFFLAGS: a short, of which the flags here fit.
        0x8913 => u16::try_from(link.flags).unwrap_or(0).to_ne_bytes().to_vec(),
        // SIOCGIFADDR and SIOCGIFDSTADDR
        0x8915 | 0x8917 => socket_address(own()?.address),
        // SIOCGIFBRDADDR
        0x8919 => {
            let broadcast = own()?.broadcast().filter(|_| !link.is_loopback());
            socket_address(broadcast.unwrap_or(Ipv4Addr::UNSPECIFIED).into())
        }
        // SIOCGIFNETMASK
        0x891b => {
            let hosts = u32::MAX.checked_shr(u32::from(own()?.prefix)).unwrap_or(0);
            socket_address(Ipv4Addr::from_bits(!hosts).into())
        }
        // SIOCGIFMETRIC
        0x891d => vec![0; 4],
        // SIOCGIFMTU
        0x8921 => link.mtu.to_ne_bytes().to_vec(),
        // SIOCGIFHWADDR: a struct sockaddr of the hardware's kind
        0x8927 => {
            let mut value = link.kind.to_ne_bytes().to_vec();
            value.extend(link.mac);
            value.resize(16, 0);
            value
        }
        // SIOCGIFINDEX
        0x8933 => link.index.to_ne_bytes().to_vec(),
        // SIOCGIFTXQLEN
        _ => 1000u32.to_ne_bytes().to_vec(),
    })
}

fn name_field(link: &Link) -> [u8; NAME] {
    let mut field = [0; NAME];
    let length = link.name.len().min(NAME - 1);
    field[..length].copy_from_slice(&link.name.as_bytes()[..length]);
    field
}

fn socket_address(address: IpAddr) -> Vec<u8> {
    SocketAddress::new(Family::V4, &Endpoint { address, port: 0 }).as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Secrets;

    #[test]
    fn loopback_is_told_as_by_linux() {
        let stack = Stack::new(Secrets([1, 2, 3, 4]), 0);
        let ask = |request, name: &[u8]| {
            let mut ifreq = [0; IFREQ];
            ifreq[..name.len()].copy_from_slice(name);
            stack.interface_request(request, &mut ifreq).map(|()| ifreq)
        };
        assert_eq!(ask(0x8913, b"lo").unwrap()[16..18], [0x49, 0]);
        assert_eq!(ask(0x8915, b"lo").unwrap()[16..24], [2, 0, 0, 0, 127, 0, 0, 1]);
        assert_eq!(ask(0x891b, b"lo").unwrap()[20..24], [255, 0, 0, 0]);
        assert_eq!(ask(0x8921, b"lo").unwrap()[16..20], 65_536u32.to_ne_bytes());
        assert_eq!(ask(0x8913, b"none0"), Err(Errno::ENODEV));
        assert_eq!(ask(0x1234, b"lo"), Err(Errno::ENOTTY));
        assert_eq!(stack.interface_list().len(), IFREQ);
    }
}
