//! The values that options take: sizes, ports, variables, files, networks, times.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::str::FromStr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// An amount of memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory(pub(crate) u64);

/// The least memory a machine can be given, in bytes.
const MEMORY_MIN: u64 = 16 << 20;
/// The most memory a machine can be given, in bytes.
const MEMORY_MAX: u64 = 1 << 40;

impl FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("'{text}' is not a size such as 256M or 1G");
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let shift = match text[digits.len()..].to_ascii_uppercase().as_str() {
            "K" | "KB" | "KIB" => 10,
            "" if digits.len() <= 5 => 20,
            "" => 0,
            "M" | "MB" | "MIB" => 20,
            "G" | "GB" | "GIB" => 30,
            _ => return Err(bad()),
        };
        let number = digits.parse::<u64>().map_err(|_| bad())?;
        let bytes = number.checked_mul(1 << shift).ok_or_else(bad)?;
        if !(MEMORY_MIN..=MEMORY_MAX).contains(&bytes) {
            return Err(format!("{text} is not between 16M and 1024G"));
        }
        Ok(Self(bytes))
    }
}

/// The transport protocol of a published port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// Returns the name that QEMU and the kernel's events use.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// A port of the host that leads to one of the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Publish {
    /// Where the host listens; port 0 is chosen by the host.
    pub(crate) host: SocketAddr,
    /// The guest's port.
    pub(crate) guest: u16,
    /// The protocol.
    pub(crate) protocol: Protocol,
}

impl fmt::Display for Publish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.host, self.guest, self.protocol.name())
    }
}

impl FromStr for Publish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("'{text}' is not [ADDR:]HOST:GUEST[/udp], such as 8080:80");
        let (ports, protocol) = match text.rsplit_once('/') {
            None => (text, Protocol::Tcp),
            Some((ports, "tcp")) => (ports, Protocol::Tcp),
            Some((ports, "udp")) => (ports, Protocol::Udp),
            Some(_) => return Err(bad()),
        };
        let port = |text: &str| text.parse::<u16>().map_err(|_| bad());
        let (left, guest) = ports.rsplit_once(':').unwrap_or((ports, ports));
        let (address, host) = match left.rsplit_once(':') {
            None => (IpAddr::V4(Ipv4Addr::LOCALHOST), left),
            Some((address, host)) => {
                let address = address.trim_start_matches('[').trim_end_matches(']');
                (address.parse().map_err(|_| format!("'{address}' is not an IP address"))?, host)
            }
        };
        let guest = port(guest)?;
        if guest == 0 {
            return Err("the guest's port cannot be 0".to_owned());
        }
        Ok(Self { host: SocketAddr::new(address, port(host)?), guest, protocol })
    }
}

/// A variable of the program's environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EnvVar {
    /// Its name.
    pub(crate) key: String,
    /// Its value.
    pub(crate) value: String,
}

impl FromStr for EnvVar {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if is_env_name(key) => {
                Ok(Self { key: key.to_owned(), value: value.to_owned() })
            }
            _ => Err(format!("'{text}' is not KEY=VALUE")),
        }
    }
}

/// Says whether `name` can be a variable's name on the kernel's command line.
fn is_env_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"')
}

/// A file of the host and its path in the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileMapping {
    /// A file or directory of the host.
    pub(crate) host: PathBuf,
    /// An absolute path in the guest.
    pub(crate) guest: String,
}

impl FromStr for FileMapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once(':') {
            Some((host, guest)) if !host.is_empty() && guest.starts_with('/') => {
                Ok(Self { host: host.into(), guest: guest.to_owned() })
            }
            _ => Err(format!("'{text}' is not HOST:GUEST with an absolute path for GUEST")),
        }
    }
}

/// How the guest reaches the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Net {
    /// QEMU's own network stack; published ports are forwarded.
    User,
    /// A tap device of the host.
    Tap {
        /// The device's name.
        name: String,
        /// The kernel's `ip=` value: `dhcp` or an address.
        ip: String,
    },
    /// No network but loopback.
    None,
}

impl Net {
    /// Returns where clients reach a published port: only QEMU's own network forwards.
    pub(crate) fn address_of(&self, publish: &Publish) -> String {
        match self {
            Self::User => publish.host.to_string(),
            Self::Tap { ip, .. } if ip != "dhcp" => {
                let host = ip.split(['/', ',']).next().unwrap_or_default();
                format!("{host}:{}", publish.guest)
            }
            Self::Tap { .. } | Self::None => format!("port {}", publish.guest),
        }
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => f.write_str("user"),
            Self::Tap { name, ip } => write!(f, "tap:{name},ip={ip}"),
            Self::None => f.write_str("none"),
        }
    }
}

impl FromStr for Net {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "user" => Ok(Self::User),
            "none" => Ok(Self::None),
            _ => {
                let tap = text.strip_prefix("tap:").filter(|rest| !rest.is_empty());
                let tap = tap.ok_or_else(|| format!("'{text}' is not user, tap:NAME or none"))?;
                let (name, ip) = tap.split_once(",ip=").unwrap_or((tap, "dhcp"));
                if name.len() > 15 || name.contains([',', '/']) {
                    return Err(format!("'{name}' is not the name of a network device"));
                }
                Ok(Self::Tap { name: name.to_owned(), ip: ip.to_owned() })
            }
        }
    }
}

/// Parses a first and a last number.
pub(super) fn parse_range(text: &str) -> Result<(u64, u64), String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    match (first.parse(), last.trim_start_matches('=').parse()) {
        (Ok(first), Ok(last)) if first <= last => Ok((first, last)),
        _ => Err(format!("'{text}' is not A..B")),
    }
}

/// Parses a number of seconds, whole or not.
pub(super) fn parse_timeout(text: &str) -> Result<core::time::Duration, String> {
    parse_time(text, 1.0).ok_or_else(|| format!("'{text}' is not a number of seconds above 0"))
}

/// Parses a number of minutes, whole or not.
pub(super) fn parse_minutes(text: &str) -> Result<core::time::Duration, String> {
    parse_time(text, 60.0).ok_or_else(|| format!("'{text}' is not a number of minutes above 0"))
}

fn parse_time(text: &str, unit: f64) -> Option<core::time::Duration> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0)?;
    core::time::Duration::try_from_secs_f64(number * unit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_takes_suffixes_and_plain_mebibytes() {
        assert_eq!("256M".parse(), Ok(Memory(256 << 20)));
        assert_eq!("1g".parse(), Ok(Memory(1 << 30)));
        assert_eq!("512".parse(), Ok(Memory(512 << 20)));
        assert_eq!("131072K".parse(), Ok(Memory(128 << 20)));
    }

    #[test]
    fn memory_refuses_nonsense_and_extremes() {
        for text in ["", "M", "-1M", "1.5G", "12X", "1M", "99999999G", "2048G"] {
            assert!(text.parse::<Memory>().is_err(), "{text}");
        }
    }

    #[test]
    fn publish_reads_all_forms() {
        let parse = |text: &str| text.parse::<Publish>().unwrap();
        let plain = parse("8080:80");
        assert_eq!(plain.host, "127.0.0.1:8080".parse().unwrap());
        assert_eq!((plain.guest, plain.protocol), (80, Protocol::Tcp));
        assert_eq!(parse("0.0.0.0:53:5353/udp").protocol, Protocol::Udp);
        assert_eq!(parse("[::1]:53:5353").host, "[::1]:53".parse().unwrap());
        assert_eq!(parse("80").guest, 80);
    }

    #[test]
    fn publish_refuses_bad_forms() {
        for text in ["", "a:b", "1:2:3", "80:0", "70000:1", "80:80/sctp", "localhost:1:2"] {
            assert!(text.parse::<Publish>().is_err(), "{text}");
        }
    }

    #[test]
    fn net_reads_a_tap_with_its_address() {
        let text = "tap:t0,ip=10.0.0.2/24,gw=10.0.0.1";
        let net: Result<Net, _> = text.parse();
        assert_eq!(net.clone().map(|net| net.to_string()).as_deref(), Ok(text));
        let ip = "10.0.0.2/24,gw=10.0.0.1".to_owned();
        assert_eq!(net, Ok(Net::Tap { name: "t0".to_owned(), ip }));
        let publish = "80:8080".parse().unwrap();
        assert_eq!(net.unwrap().address_of(&publish), "10.0.0.2:8080");
        assert_eq!(Net::User.address_of(&publish), "127.0.0.1:80");
        "tap:".parse::<Net>().unwrap_err();
        "bridge".parse::<Net>().unwrap_err();
    }

    #[test]
    fn env_and_file_want_both_halves() {
        "A=".parse::<EnvVar>().unwrap();
        "=x".parse::<EnvVar>().unwrap_err();
        "A".parse::<EnvVar>().unwrap_err();
        "a:b".parse::<FileMapping>().unwrap_err();
        "a:/b".parse::<FileMapping>().unwrap();
    }
}
