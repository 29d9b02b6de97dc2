//! Socket addresses and control messages as strace writes them.

use core::fmt::Write as _;
use core::net::{Ipv4Addr, Ipv6Addr};

use abi::call::names::ADDRESS_FAMILIES;

use super::value;

const AF_UNIX: u64 = 1;
const AF_INET: u64 = 2;
const AF_INET6: u64 = 10;
const AF_NETLINK: u64 = 16;
/// Bytes of a `struct cmsghdr`.
const CONTROL_HEADER: usize = 16;

/// Writes a socket's address.
pub(super) fn write(out: &mut String, bytes: &[u8]) {
    if bytes.len() < 2 {
        return value::string(out, bytes, false);
    }
    let family = value::number(&bytes[..2]);
    out.push_str("{sa_family=");
    value::choice(out, ADDRESS_FAMILIES, family);
    if bytes.len() == 2 {
        out.push('}');
        return;
    }
    out.push_str(", ");
    // Writing to a String cannot fail.
    let _ = match family {
        AF_UNIX => {
            unix(out, &bytes[2..]);
            Ok(())
        }
        AF_INET if bytes.len() >= 16 => {
            let [port, address] = [port(bytes), value::low(value::number(&bytes[4..8])).into()];
            let [a, b, c, d, ..] = address.to_le_bytes();
            let address = Ipv4Addr::new(a, b, c, d);
            write!(out, "sin_port=htons({port}), sin_addr=inet_addr(\"{address}\")")
        }
        AF_INET6 if bytes.len() >= 28 => {
            let mut octets = [0; 16];
            octets.copy_from_slice(&bytes[8..24]);
            let (flow, scope) = (value::number(&bytes[4..8]), value::number(&bytes[24..28]));
            let flow = value::low(flow).swap_bytes();
            write!(
                out,
                "sin6_port=htons({}), sin6_flowinfo=htonl({flow}), inet_pton(AF_INET6, \"{}\", \
                 &sin6_addr), sin6_scope_id={scope}",
                port(bytes),
                Ipv6Addr::from(octets)
            )
        }
        AF_NETLINK if bytes.len() >= 12 => {
            let (pid, groups) = (value::number(&bytes[4..8]), value::number(&bytes[8..12]));
            let prefix = if groups == 0 { "00" } else { "0x" };
            write!(out, "nl_pid={pid}, nl_groups={prefix}{groups:06x}")
        }
        _ => {
            out.push_str("sa_data=");
            value::string(out, &bytes[2..], false);
            Ok(())
        }
    };
    out.push('}');
}

fn port(bytes: &[u8]) -> u64 {
    u16::from_be_bytes([bytes[2], bytes[3]]).into()
}

fn unix(out: &mut String, path: &[u8]) {
    let (label, name) = match path.split_first() {
        Some((0, abstract_name)) => ("sun_path=@", abstract_name),
        _ => ("sun_path=", path),
    };
    let end = if label.ends_with('@') { None } else { name.iter().position(|&byte| byte == 0) };
    out.push_str(label);
    value::string(out, &name[..end.unwrap_or(name.len())], false);
}

/// Writes the control messages of a message.
pub(super) fn control(out: &mut String, mut bytes: &[u8]) {
    out.push('[');
    let mut separator = "";
    while bytes.len() >= CONTROL_HEADER {
        let length = usize::try_from(value::number(&bytes[..8])).unwrap_or(0);
        let (level, kind) = (value::number(&bytes[8..12]), value::number(&bytes[12..16]));
        let Some(data) = bytes.get(CONTROL_HEADER..length) else { break };
        let _ = write!(out, "{separator}{{cmsg_len={length}, cmsg_level=");
        separator = ", ";
        value::scalar(out, abi::call::names::SOCKET_LEVEL, level);
        out.push_str(", cmsg_type=");
        match (level, kind) {
            (1, 1) => {
                out.push_str("SCM_RIGHTS, cmsg_data=[");
                for (place, fd) in data.chunks_exact(4).enumerate() {
                    out.push_str(if place > 0 { ", " } else { "" });
                    let _ = write!(out, "{}", value::low(value::number(fd)).cast_signed());
                }
                out.push(']');
            }
            (1, 2) if data.len() >= 12 => {
                let word = |at: usize| value::low(value::number(&data[at..at + 4]));
                let (pid, uid, gid) = (word(0), word(4), word(8));
                out.push_str("SCM_CREDENTIALS, cmsg_data=");
                let _ = write!(out, "{{pid={pid}, uid={uid}, gid={gid}}}");
            }
            _ => {
                let _ = write!(out, "{kind:#x}, cmsg_data=");
                value::string(out, data, false);
            }
        }
        out.push('}');
        bytes = bytes.get(length.next_multiple_of(8)..).unwrap_or_default();
    }
    out.push(']');
}
