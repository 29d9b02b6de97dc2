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

    /// Answers the requests of `netdevice(7)`: takes a `struct ifreq` and fills it in. `asker` is
    /// the family of the socket that is asked, if that is an Internet socket.
    ///
    /// # Errors
    /// `ENODEV` for an unknown link, `EADDRNOTAVAIL` if it has no IPv4 address, `EPERM` for a
    /// change, `EOPNOTSUPP` for what drivers may have, `ENOPKG` for bridges and the like, `EINVAL`,
    /// `ENOTTY` for an unknown request.
    pub fn interface_request(
        &self,
        asker: Option<Family>,
        request: u32,
        ifreq: &mut [u8; IFREQ],
    ) -> Result<()> {
        let links = self.links();
        let named = |name: &[u8]| {
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            // Linux takes "eth0:1" for a further address of eth0; there are none.
            let name = name.split(|byte| *byte == b':').next().unwrap_or_default();
            links.iter().find(|link| link.name.as_bytes() == name).ok_or(Errno::ENODEV)
        };
        match Request::of(request, asker) {
            Request::Name => {
                let index =
                    ifreq[NAME..].first_chunk().map_or(0, |index| u32::from_ne_bytes(*index));
                let link = links.iter().find(|link| link.index == index).ok_or(Errno::ENODEV)?;
                ifreq[..NAME].copy_from_slice(&name_field(link));
                Ok(())
            }
            Request::Link => {
                let value = answer(request, named(&ifreq[..NAME])?)?;
                ifreq[NAME..NAME + value.len()].copy_from_slice(&value);
                Ok(())
            }
            Request::Driver => named(&ifreq[..NAME]).and(Err(Errno::EOPNOTSUPP)),
            Request::Change => Err(Errno::EPERM),
            Request::Package => Err(Errno::ENOPKG),
            Request::Invalid => Err(Errno::EINVAL),
            Request::Unknown => Err(Errno::ENOTTY),
        }
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

/// What a request is about, by its number in include/uapi/linux/sockios.h.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Request {
    /// `SIOCGIFNAME`: a link's name by its number.
    Name,
    /// Something of a link by its name.
    Link,
    /// Something that a driver may know.
    Driver,
    /// A change of links, addresses or routes.
    Change,
    /// Something that Linux has in a module, which there is not: bridges and virtual networks.
    Package,
    /// One that Linux has a number for and nothing else.
    Invalid,
    Unknown,
}

impl Request {
    /// Returns what a request is about. Some are known to Internet sockets of a family alone.
    const fn of(request: u32, asker: Option<Family>) -> Self {
        match (request, asker) {
            (0x8910, _) => Self::Name,
            (0x8913 | 0x891d | 0x8921 | 0x8927 | 0x8929 | 0x8933 | 0x8942 | 0x8970, _)
            | (0x8915 | 0x8917 | 0x8919 | 0x891b, Some(Family::V4)) => Self::Link,
            (0x8946 | 0x894a | 0x8993 | 0x8994 | 0x89b1 | 0x89f0..=0x89ff, _) => Self::Driver,
            (0x8914 | 0x891e | 0x8922..=0x8924 | 0x8930..=0x8932 | 0x8937 | 0x8943, _)
            | (0x8947..=0x8949 | 0x8971 | 0x8990..=0x8992 | 0x8995, _)
            | (0x89a2 | 0x89a3 | 0x89b0, _)
            | (0x890b | 0x890c | 0x8916, Some(_))
            | (0x8918 | 0x891a | 0x891c | 0x8953 | 0x8955, Some(Family::V4))
            | (0x8936, Some(Family::V6)) => Self::Change,
            (0x8940 | 0x8941 | 0x8982 | 0x8983 | 0x89a0 | 0x89a1, _) => Self::Package,
            (0x890d | 0x8934 | 0x8935, Some(Family::V4)) => Self::Invalid,
            _ => Self::Unknown,
        }
    }
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
        // SIOCGIFSLAVE: known, but of no kind of link.
        0x8929 => return Err(Errno::EINVAL),
        // SIOCGIFMAP: a struct ifmap, of hardware that has neither memory nor ports.
        0x8970 => vec![0; IFREQ - NAME],
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
            stack.interface_request(Some(Family::V4), request, &mut ifreq).map(|()| ifreq)
        };
        assert_eq!(ask(0x8913, b"lo").unwrap()[16..18], [0x49, 0]);
        assert_eq!(ask(0x8915, b"lo").unwrap()[16..24], [2, 0, 0, 0, 127, 0, 0, 1]);
        assert_eq!(ask(0x891b, b"lo").unwrap()[20..24], [255, 0, 0, 0]);
        assert_eq!(ask(0x8921, b"lo").unwrap()[16..20], 65_536u32.to_ne_bytes());
        assert_eq!(ask(0x8913, b"none0"), Err(Errno::ENODEV));
        assert_eq!(ask(0x8922, b"lo"), Err(Errno::EPERM));
        assert_eq!(ask(0x8946, b"lo"), Err(Errno::EOPNOTSUPP));
        assert_eq!(ask(0x8940, b"lo"), Err(Errno::ENOPKG));
        assert_eq!(ask(0x1234, b"lo"), Err(Errno::ENOTTY));
        assert_eq!(stack.interface_list().len(), IFREQ);
    }
}
