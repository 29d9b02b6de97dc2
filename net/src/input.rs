//! Reception: from a frame to the socket it is for.

use alloc::sync::Arc;
use core::net::IpAddr;

use abi::Errno;
use abi::time::Instant;

use crate::device::Frame;
use crate::flow::{Endpoint, FlowKey};
use crate::interface::{Interface, Outgoing};
use crate::loopback::Lane;
use crate::network::{is_group, is_loopback};
use crate::stack::Stack;
use crate::wire::arp::{self, Arp};
use crate::wire::ethernet::{self, Ethernet};
use crate::wire::icmp::{self, Icmp};
use crate::wire::ip::{Header, Ip, TTL, header_length};
use crate::wire::ndisc::{self, Ndisc};
use crate::wire::{protocol, tcp, u16_at, udp};

impl Stack {
    /// Receives a frame from a card.
    pub(crate) fn input_frame(
        self: &Arc<Self>,
        number: usize,
        interface: &Interface,
        frame: &Frame<'_>,
        now: Instant,
    ) {
        let Some(ethernet) = Ethernet::parse(frame.bytes) else { return };
        if !ethernet.is_for(&interface.capabilities.mac) {
            return;
        }
        match ethernet.kind {
            ethernet::IPV4 | ethernet::IPV6 => {
                self.input_ip(number, ethernet.payload, frame.is_checksum_good, now);
            }
            ethernet::ARP => self.input_arp(interface, ethernet.payload, ethernet.source, now),
            _ => {}
        }
    }

    /// Receives an IP packet from the card with this number, 0 for loopback.
    pub(crate) fn input_ip(
        self: &Arc<Self>,
        number: usize,
        packet: &[u8],
        is_checksum_good: bool,
        now: Instant,
    ) {
        // Nothing befalls a header between here and here, so it has no checksum either.
        let mut parsed = if number == 0 { Ip::parse_unchecked(packet) } else { Ip::parse(packet) };
        let Some(ip) = &mut parsed else { return };
        ip.card = number;
        let ip = &*ip;
        // Loopback addresses do not travel on links (RFC 1122 §3.2.1.3).
        let is_martian = number != 0 && (is_loopback(&ip.source) || is_loopback(&ip.destination));
        if is_martian || is_group(&ip.source) {
            return;
        }
        if ip.fragment.is_some() {
            let whole = self.reassembly.lock().add(ip, now);
            if let Some(whole) = whole {
                self.input_ip(number, &whole, false, now);
            }
            return;
        }
        match ip.protocol {
            protocol::TCP => self.input_tcp(ip, is_checksum_good, now),
            protocol::UDP => self.input_udp(ip, is_checksum_good, now),
            protocol::ICMP if ip.source.is_ipv4() => self.input_icmp(ip, now),
            protocol::ICMP_V6 if ip.source.is_ipv6() => {
                if let Some(interface) = self.interface(number)
                    && let Some(message) = Ndisc::parse(ip)
                {
                    self.input_ndisc(interface, ip, message, now);
                }
                self.input_icmp(ip, now);
            }
            _ => {}
        }
    }

    fn input_tcp(self: &Arc<Self>, ip: &Ip<'_>, is_checksum_good: bool, now: Instant) {
        let is_good = is_checksum_good || tcp::is_intact(&ip.source, &ip.destination, ip.payload);
        if !is_good || ip.source.is_unspecified() {
            return;
        }
        if let Some(segment) = tcp::Tcp::parse(ip.payload) {
            crate::tcp::input(self, ip, &segment, now);
        }
    }

    fn input_udp(self: &Arc<Self>, ip: &Ip<'_>, is_checksum_good: bool, now: Instant) {
        if is_checksum_good || udp::is_intact(&ip.source, &ip.destination, ip.payload) {
            crate::udp::input(self, ip, now);
        }
    }

    fn input_arp(
        self: &Arc<Self>,
        interface: &Interface,
        bytes: &[u8],
        from: [u8; 6],
        now: Instant,
    ) {
        let Some(arp) = Arp::parse(bytes) else { return };
        let is_for_us = {
            let network = self.network.lock();
            network.addresses.iter().any(|(_, own)| own.address == IpAddr::V4(arp.target))
        };
        if arp.sender_mac != from || arp.sender.is_unspecified() {
            return;
        }
        self.learn(interface, arp.sender.into(), arp.sender_mac, is_for_us, now);
        if is_for_us && arp.operation == arp::REQUEST {
            let reply = Arp {
                operation: arp::REPLY,
                sender_mac: interface.capabilities.mac,
                sender: arp.target,
                target_mac: arp.sender_mac,
                target: arp.sender,
            };
            // A full ring loses the answer; the question comes again.
            let _ = self.send_arp(interface, arp.sender_mac, &reply);
        }
    }

    fn input_ndisc(
        self: &Arc<Self>,
        interface: &Interface,
        ip: &Ip<'_>,
        message: Ndisc,
        now: Instant,
    ) {
        match message {
            Ndisc::Advertisement { target, mac: Some(mac) } => {
                self.learn(interface, target.into(), mac, false, now);
            }
            Ndisc::Solicitation { target, mac: Some(mac) } => {
                if !self.is_local(&target.into()) || ip.source.is_unspecified() {
                    return;
                }
                self.learn(interface, ip.source, mac, true, now);
                let own = interface.capabilities.mac;
                let ends = (target.into(), ip.source);
                // A full ring loses the answer; the question comes again.
                let _ = self.send_ndisc(interface, mac, ends, &mut |message, ends| {
                    ndisc::emit_advertisement(message, target, own, ends);
                });
            }
            _ => {}
        }
    }

    fn learn(
        &self,
        interface: &Interface,
        address: IpAddr,
        mac: [u8; 6],
        is_for_us: bool,
        now: Instant,
    ) {
        let is_group_mac = mac[0] & 1 != 0;
        if is_group_mac {
            return;
        }
        let pending = interface.neighbors.lock().learn(address, mac, is_for_us, now);
        for packet in pending {
            self.send_complete(interface, mac, &packet);
        }
        self.changed();
    }

    fn input_icmp(self: &Arc<Self>, ip: &Ip<'_>, now: Instant) {
        match Icmp::parse(ip) {
            Some(Icmp::EchoRequest(message)) if self.is_local(&ip.destination) => {
                self.reply_to_echo(ip, message, now);
            }
            Some(Icmp::EchoRequest(_)) | None => {}
            Some(Icmp::Error(report)) => {
                if let Some(quoted) = parse_quote(report.quote) {
                    match report.mtu {
                        Some(mtu) => self.input_too_big(&quoted, mtu, now),
                        None => self.input_report(&quoted, report.errno, report.is_fatal, now),
                    }
                }
            }
        }
    }

    fn reply_to_echo(self: &Arc<Self>, ip: &Ip<'_>, message: &[u8], now: Instant) {
        let (source, destination) = (ip.destination, ip.source);
        self.send_message(source, destination, ip.protocol, message.len(), now, &mut |reply| {
            reply.copy_from_slice(message);
            icmp::make_echo_reply(reply, &source, &destination);
        });
    }

    /// Answers a datagram for a port where nobody is.
    pub(crate) fn reply_port_unreachable(self: &Arc<Self>, ip: &Ip<'_>, now: Instant) {
        let quote = &ip.packet[..ip.packet.len().min(icmp::QUOTE_MAX)];
        let (source, destination) = (ip.destination, ip.source);
        let kind = if source.is_ipv4() { protocol::ICMP } else { protocol::ICMP_V6 };
        let length = icmp::HEADER + quote.len();
        self.send_message(source, destination, kind, length, now, &mut |message| {
            icmp::emit_port_unreachable(message, quote, &source, &destination);
        });
    }

    /// Sends a message of `length` bytes behind an IP header; a full ring loses it.
    fn send_message(
        self: &Arc<Self>,
        source: IpAddr,
        destination: IpAddr,
        protocol: u8,
        length: usize,
        now: Instant,
        fill: &mut dyn FnMut(&mut [u8]),
    ) {
        let Ok(hop) = self.hop(&destination, now) else { return };
        let length = header_length(&source) + length;
        if length > self.mtu(&destination) {
            return;
        }
        let header = Header { source, destination, protocol, ttl: TTL, tos: 0 };
        let outgoing = Outgoing { length, checksum: None, segment: None, lane: Lane::default() };
        let _ = self.send(&hop, &outgoing, &mut |packet| {
            let start = header.emit(packet);
            fill(&mut packet[start..]);
        });
    }

    /// Tells the socket that sent `quoted` that it did not arrive.
    pub(crate) fn input_report(
        self: &Arc<Self>,
        quoted: &Ip<'_>,
        errno: Errno,
        is_fatal: bool,
        now: Instant,
    ) {
        let Some(flow) = quoted_flow(quoted) else { return };
        match quoted.protocol {
            protocol::TCP => {
                let seq = crate::wire::u32_at(quoted.payload, 4).unwrap_or(0);
                crate::tcp::input_report(self, &flow, seq, errno, now);
            }
            protocol::UDP => crate::udp::input_report(self, &flow, errno, is_fatal),
            _ => {}
        }
    }

    fn input_too_big(self: &Arc<Self>, quoted: &Ip<'_>, mtu: u32, now: Instant) {
        let Some(flow) = quoted_flow(quoted) else { return };
        if quoted.protocol == protocol::TCP {
            let mtu = usize::try_from(mtu).unwrap_or(usize::MAX);
            let seq = crate::wire::u32_at(quoted.payload, 4).unwrap_or(0);
            crate::tcp::input_too_big(self, &flow, seq, mtu, now);
        }
    }
}

/// Reads the quoted front of a packet, which is shorter than its header says.
fn parse_quote(quote: &[u8]) -> Option<Ip<'_>> {
    use core::net::{Ipv4Addr, Ipv6Addr};
    let is_v4 = quote.first()? >> 4 == 4;
    let header = if is_v4 { usize::from(quote[0] & 0xf) * 4 } else { crate::wire::ip::V6_HEADER };
    let payload = quote.get(header..)?;
    let (source, destination, protocol): (IpAddr, IpAddr, u8) = if is_v4 {
        (
            Ipv4Addr::from(*quote.get(12..)?.first_chunk::<4>()?).into(),
            Ipv4Addr::from(*quote.get(16..)?.first_chunk::<4>()?).into(),
            *quote.get(9)?,
        )
    } else {
        (
            Ipv6Addr::from(*quote.get(8..)?.first_chunk::<16>()?).into(),
            Ipv6Addr::from(*quote.get(24..)?.first_chunk::<16>()?).into(),
            *quote.get(6)?,
        )
    };
    Some(Ip {
        source,
        destination,
        protocol,
        ttl: 0,
        tos: 0,
        card: 0,
        fragment: None,
        packet: quote,
        payload,
    })
}

/// Returns the flow of a packet that was sent from here.
fn quoted_flow(quoted: &Ip<'_>) -> Option<FlowKey> {
    let local = Endpoint { address: quoted.source, port: u16_at(quoted.payload, 0)? };
    let remote = Endpoint { address: quoted.destination, port: u16_at(quoted.payload, 2)? };
    Some(FlowKey { local, remote })
}
