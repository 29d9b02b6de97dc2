//! The command line: what can be asked of `scull`.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::str::FromStr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// Boots unmodified Linux programs on Scull, a unikernel.
#[derive(Debug, Parser)]
#[command(name = "scull", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands of the tool.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Boot a port, an ELF program or an image in the foreground.
    Run(RunArgs),
    /// Run with every system call printed, in strace's format.
    Trace(TraceArgs),
    /// Make a bootable image of a port or an ELF program.
    Build(BuildArgs),
    /// List the ports with their status.
    Ports,
    /// Run the conformance programs on Linux and on Scull, then the ports' checks.
    Test(TestArgs),
    /// Compare an application on Scull with the same on a Linux guest.
    Bench(BenchArgs),
    /// Compile and link C against the ABI shim, with gcc's options: what scull-cc runs.
    #[command(disable_help_flag = true)]
    Cc {
        /// What gcc is given.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
        args: Vec<std::ffi::OsString>,
    },
    /// Compile and link C++ against the ABI shim, with g++'s options: what scull-c++ runs.
    #[command(name = "c++", disable_help_flag = true)]
    Cxx {
        /// What g++ is given.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
        args: Vec<std::ffi::OsString>,
    },
    /// Write docs/syscalls.md anew.
    #[command(hide = true)]
    Docs,
    /// Make system calls by chance on Linux and on Scull, and compare what comes of them.
    Fuzz(FuzzArgs),
    /// Check rules of the source tree that no compiler knows.
    #[command(hide = true)]
    Tidy {
        /// Rewrite the table of unsafe modules in docs/architecture.md.
        #[arg(long)]
        write: bool,
    },
}

/// What `scull trace` takes: its short options are strace's.
#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// What to run, and how. Here `-e trace=LIST` is `--filter LIST`.
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Print only these calls: names, or families such as %file, with commas between them; those
    /// behind a ! are left out.
    #[arg(long, value_name = "LIST")]
    pub(crate) filter: Option<String>,
    /// Print a table of how often calls were made and how long they took, and no lines.
    #[arg(short = 'c', long = "summary")]
    pub(crate) is_summary: bool,
    /// Print to a file, not to standard error.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Print how long each call took.
    #[arg(short = 'T', long = "time-spent")]
    pub(crate) shows_time_spent: bool,
    /// Print the time since the line before.
    #[arg(short = 'r', long = "relative")]
    pub(crate) is_relative: bool,
    /// Print the time of day (UTC), given twice with microseconds.
    #[arg(short = 't', action = clap::ArgAction::Count)]
    pub(crate) clock: u8,
    /// Print at most so many bytes of strings and buffers.
    #[arg(short, long, default_value = "32", value_name = "BYTES", value_parser = clap::value_parser!(u16).range(..=4096))]
    pub(crate) string_size: u16,
    /// Follow threads, which is always done.
    #[arg(short = 'f', hide = true)]
    pub(crate) follows: bool,
}

/// What `scull run` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    /// A port's name, an ELF program or an image made by `scull build`.
    #[arg(value_name = "PORT|FILE")]
    pub(crate) what: String,
    /// What goes into the image.
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    /// The machine it runs on.
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
    /// End the run after this many seconds, with status 124.
    #[arg(long, value_name = "SECONDS", value_parser = parse_timeout)]
    pub(crate) timeout: Option<core::time::Duration>,
    /// Print scull's own words as lines of JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// The program's arguments, after those of the port.
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<std::ffi::OsString>,
}

/// What decides the content of an image.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ContentArgs {
    /// Memory of the machine: a number with K, M or G [default: 256M, or the port's].
    #[arg(long, short, value_name = "SIZE")]
    pub(crate) memory: Option<Memory>,
    /// Forward a port of the host to one of the guest; the address is 127.0.0.1 unless given.
    #[arg(long, short, value_name = "[ADDR:]HOST:GUEST[/udp]")]
    pub(crate) publish: Vec<Publish>,
    /// Set a variable of the program's environment.
    #[arg(long, short, value_name = "KEY=VALUE")]
    pub(crate) env: Vec<EnvVar>,
    /// Put a file or a directory of the host into the image.
    #[arg(long, value_name = "HOST:GUEST")]
    pub(crate) file: Vec<FileMapping>,
}

/// What decides the machine.
#[derive(Debug, Clone, Args)]
pub(crate) struct MachineArgs {
    /// Processors of the machine.
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) cpus: u8,
    /// The network: user (QEMU's own), tap:NAME[,ip=ADDR/PREFIX[,gw=ADDR]] or none.
    #[arg(long, default_value = "user", value_name = "user|tap:NAME|none")]
    pub(crate) net: Net,
    /// The kind of machine.
    #[arg(long, value_enum, default_value = "microvm")]
    pub(crate) machine: MachineKind,
    /// What runs the guest's instructions.
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) accel: Accel,
    /// The virtual machine monitor.
    #[arg(long, value_enum, default_value = "qemu")]
    pub(crate) vmm: VmmKind,
    /// A disk image and the path it is mounted at (not supported yet).
    #[arg(long, value_name = "FILE:/path")]
    pub(crate) volume: Vec<String>,
    /// A kernel other than the one built along with this tool.
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,
    /// A word for the kernel's command line, such as aslr=off.
    #[arg(long, value_name = "WORD")]
    pub(crate) boot: Vec<String>,
}

/// What `scull build` takes.
#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// A port's name or an ELF program.
    #[arg(value_name = "PORT|FILE")]
    pub(crate) what: String,
    /// Where the image goes.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// What goes into the image.
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    /// The program's arguments, after those of the port.
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<std::ffi::OsString>,
}

/// What `scull test` takes.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Run only tests whose `family/name` contains one of these; `:variant` after it chooses how
    /// the program is built, such as io/pipe:dynamic.
    #[arg(value_name = "FILTER")]
    pub(crate) filters: Vec<String>,
    /// List the tests instead of running them.
    #[arg(long)]
    pub(crate) list: bool,
    /// Guests that run at the same time.
    #[arg(long, default_value = "2", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) jobs: u8,
    /// Processors of each guest.
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) cpus: u8,
    /// Run only the programs of the family stress, in guests of their own, for so many seconds each.
    #[arg(long, value_name = "SECONDS", value_parser = parse_timeout, conflicts_with_all = ["list", "linux_only", "twice_on_linux"])]
    pub(crate) stress: Option<core::time::Duration>,
    /// The seeds of --stress, the last one included.
    #[arg(long, default_value = "1", value_name = "A..B", value_parser = parse_range, requires = "stress")]
    pub(crate) seeds: (u64, u64),
    /// Seconds a program may take, on Linux and in the guest.
    #[arg(long, default_value = "30", value_name = "SECONDS", value_parser = parse_timeout)]
    pub(crate) timeout: core::time::Duration,
    /// Only run the programs on Linux: the oracle itself.
    #[arg(long)]
    pub(crate) linux_only: bool,
    /// Run each program twice on Linux, and fail those that do not do the same both times.
    #[arg(long)]
    pub(crate) twice_on_linux: bool,
    /// Run each program so many times in the guest, and fail those that do not do the same each time.
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) repeat: u16,
    /// Begin no further tests once one has failed.
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Write the results as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// The kind of machine.
    #[arg(long, value_enum, default_value = "microvm")]
    pub(crate) machine: MachineKind,
    /// How clients reach the ports.
    #[arg(long, value_enum, default_value = "user")]
    pub(crate) net: TestNet,
    /// A kernel other than the one built along with this tool.
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,
}

/// How the clients of a test reach the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestNet {
    /// By QEMU's own network.
    User,
    /// By a tap device with several queues, in a network namespace of the test's own: as root only.
    Tap,
}

/// What `scull fuzz` takes.
#[derive(Debug, Args)]
pub(crate) struct FuzzArgs {
    /// The seed of the plan.
    #[arg(long, default_value = "1", value_name = "N", conflicts_with = "seeds")]
    pub(crate) seed: u64,
    /// Several seeds, the last one included.
    #[arg(long, value_name = "A..B", value_parser = parse_range)]
    pub(crate) seeds: Option<(u64, u64)>,
    /// Processors of the guest.
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) cpus: u8,
    /// Calls of each seed's plan.
    #[arg(long, default_value = "10000", value_name = "N")]
    pub(crate) calls: usize,
    /// The most threads that make calls together.
    #[arg(long, default_value = "4", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) threads: u8,
    /// Do not compare with Linux: only see that the kernel survives.
    #[arg(long)]
    pub(crate) guest_only: bool,
    /// Run a plan that was kept, and show what comes of each call.
    #[arg(long, value_name = "FILE")]
    pub(crate) replay: Option<PathBuf>,
    /// The kind of machine.
    #[arg(long, value_enum, default_value = "microvm")]
    pub(crate) machine: MachineKind,
    /// A kernel other than the one built along with this tool.
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,
}

impl FuzzArgs {
    /// Returns the seeds.
    pub(crate) fn seeds(&self) -> core::ops::RangeInclusive<u64> {
        let (first, last) = self.seeds.unwrap_or((self.seed, self.seed));
        first..=last
    }
}

/// What `scull bench` takes.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// What to run: memcached, the comparison; processors, its part about a second processor alone;
    /// instructions, its last table alone; soak, a long mixed load that looks for leaks; syscall, the
    /// instructions of one; micro, those of the operations that programs are made of.
    #[arg(default_value = "memcached")]
    pub(crate) what: String,
    /// How long the soak is.
    #[arg(long, default_value = "10", value_name = "MINUTES", value_parser = parse_minutes)]
    pub(crate) minutes: core::time::Duration,
    /// How often each guest is measured, in alternation.
    #[arg(long, default_value = "5", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=99))]
    pub(crate) pairs: u8,
    /// Measure only the loads whose title contains this, over tap, and write no report.
    #[arg(long, value_name = "TEXT")]
    pub(crate) load: Option<String>,
    /// A kernel other than the one built along with this tool.
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,
}

/// Machines of QEMU that the kernel boots on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MachineKind {
    /// The smallest and quickest, with virtio-mmio devices.
    Microvm,
    /// A modern PC with PCI Express.
    Q35,
    /// An old PC with PCI.
    Pc,
}

/// What runs the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Accel {
    /// KVM where the processor has it, else TCG.
    Auto,
    /// The processor's virtualisation.
    Kvm,
    /// QEMU's translator.
    Tcg,
}

/// Virtual machine monitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VmmKind {
    /// QEMU, system emulation for x86-64.
    Qemu,
}

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
fn parse_range(text: &str) -> Result<(u64, u64), String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    match (first.parse(), last.trim_start_matches('=').parse()) {
        (Ok(first), Ok(last)) if first <= last => Ok((first, last)),
        _ => Err(format!("'{text}' is not A..B")),
    }
}

/// Parses a number of seconds, whole or not.
fn parse_timeout(text: &str) -> Result<core::time::Duration, String> {
    parse_time(text, 1.0).ok_or_else(|| format!("'{text}' is not a number of seconds above 0"))
}

/// Parses a number of minutes, whole or not.
fn parse_minutes(text: &str) -> Result<core::time::Duration, String> {
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
