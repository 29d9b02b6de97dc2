//! QEMU: the command line for a [`Machine`].
//!
//! The application's console is COM1 (0x3f8), one end of a socket pair that QEMU
//! gets as descriptor 0; the control channel is COM2 (0x2f8, IRQ 3), descriptor 1.
//! So nothing is left in the file system and both end with the process. A trace comes from a
//! virtio console that only a traced machine has.

use core::fmt::Write as _;
use std::ffi::OsString;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::Machine;
use crate::args::{Accel, MachineKind, Net};
use crate::error;
use crate::image::Launch;
use crate::project;

/// The program that is started.
const PROGRAM: &str = "qemu-system-x86_64";

/// Returns the path of QEMU.
///
/// # Errors
/// Fails with a usage error that says how to install it.
pub(crate) fn find() -> Result<PathBuf> {
    project::find_program(PROGRAM).ok_or_else(|| {
        error::usage(format!(
            "{PROGRAM} is missing; install it: apt-get install --no-install-recommends qemu-system-x86"
        ))
    })
}

/// Returns the arguments that make QEMU run `machine`. `trace` is the descriptor that a trace goes
/// to, `monitor` that of QEMU's monitor.
pub(crate) fn arguments(machine: &Machine, [trace, monitor]: [Option<RawFd>; 2]) -> Vec<OsString> {
    let mut args: Vec<OsString> = Vec::new();
    let mut add = |words: &[&str]| args.extend(words.iter().map(OsString::from));
    add(&["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"]);
    add(&["-machine", kind(machine.kind)]);
    match accel(machine.accel) {
        Accel::Kvm => add(&["-accel", "kvm", "-cpu", "host"]),
        // The translator reads an instruction in pieces, of which another processor may change one
        // in between: a program that does that must have them run in turns.
        _ if machine.patches_code && machine.cpus > 1 => {
            add(&["-accel", "tcg,thread=single", "-cpu", "max"]);
        }
        _ => add(&["-accel", "tcg", "-cpu", "max"]),
    }
    add(&["-m", &format!("{}K", machine.memory >> 10), "-smp", &machine.cpus.to_string()]);
    add(&["-chardev", "socket,id=console,fd=0", "-serial", "chardev:console"]);
    add(&["-chardev", "socket,id=control,fd=1"]);
    add(&["-device", "isa-serial,chardev=control,iobase=0x2f8,irq=3"]);
    add(&["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]);
    add(&["-global", "virtio-mmio.force-legacy=false"]);
    let is_mmio = machine.kind == MachineKind::Microvm;
    add(&[
        "-device",
        if is_mmio { "virtio-rng-device" } else { "virtio-rng-pci,disable-legacy=on" },
    ]);
    if let Some(fd) = trace {
        add(&["-chardev", &format!("socket,id=trace,fd={fd}"), "-device"]);
        add(&[if is_mmio {
            "virtio-serial-device,max_ports=1"
        } else {
            "virtio-serial-pci,max_ports=1,disable-legacy=on"
        }]);
        add(&["-device", "virtconsole,chardev=trace"]);
    }
    if let Some(fd) = monitor {
        add(&["-chardev", &format!("socket,id=monitor,fd={fd}"), "-monitor", "chardev:monitor"]);
    }
    if let Some(netdev) = netdev(machine) {
        add(&["-netdev", &netdev, "-device"]);
        add(&[match machine.kind {
            MachineKind::Microvm => "virtio-net-device,netdev=net",
            // It offers as many pairs of queues as the device of the host has.
            _ => "virtio-net-pci,netdev=net,mq=on,disable-legacy=on,romfile=",
        }]);
    }
    add(&["-append", &machine.command_line]);
    if let Some(plugin) = &machine.plugin {
        args.extend(["-plugin".into(), plugin.clone().into_os_string()]);
    }
    args.extend(["-kernel".into(), machine.kernel.clone().into_os_string()]);
    args.extend(["-initrd".into(), machine.image.clone().into_os_string()]);
    args
}

/// Returns QEMU's name of a machine, with what the kernel has no use for left out.
const fn kind(kind: MachineKind) -> &'static str {
    match kind {
        MachineKind::Microvm => "microvm,acpi=off",
        MachineKind::Q35 => "q35",
        MachineKind::Pc => "pc",
    }
}

/// Returns what `auto` means here: KVM only where the processor can virtualise and
/// `/dev/kvm` opens; without VMX or SVM that device is an emulation that cannot run
/// a kernel.
pub(crate) fn accel(chosen: Accel) -> Accel {
    if chosen != Accel::Auto {
        return chosen;
    }
    let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let has = |flag: &str| flags.split_ascii_whitespace().any(|word| word == flag);
    let opens = || std::fs::File::options().read(true).write(true).open("/dev/kvm").is_ok();
    if (has("vmx") || has("svm")) && opens() { Accel::Kvm } else { Accel::Tcg }
}

/// Returns the `-netdev` for `machine`, if it has a network.
fn netdev(machine: &Machine) -> Option<String> {
    match &machine.net {
        Net::None => None,
        Net::Tap { name, .. } => {
            let mut netdev = format!("tap,id=net,ifname={name},script=no,downscript=no");
            if has_several_queues(name) {
                // Writing to a String cannot fail.
                let _ = write!(netdev, ",queues={}", machine.cpus.max(2));
            }
            Some(netdev)
        }
        Net::User => {
            let mut netdev = "user,id=net".to_owned();
            for port in &machine.publish {
                let (protocol, guest) = (port.protocol.name(), port.guest);
                let (address, host) = (port.host.ip(), port.host.port());
                // Writing to a String cannot fail.
                let _ = write!(netdev, ",hostfwd={protocol}:{address}:{host}-:{guest}");
            }
            Some(netdev)
        }
    }
}

/// Returns whether a tap device was made with `multi_queue` (ip-tuntap(8)); such a one cannot be
/// used with one pair of queues.
fn has_several_queues(tap: &str) -> bool {
    let output = Command::new("ip").args(["-details", "link", "show", "dev", tap]).output();
    output.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).split_ascii_whitespace().any(|w| w == "multi_queue")
    })
}

/// Returns the kernel's command line that starts `launch` with `net`.
pub(crate) fn command_line(launch: &Launch, net: &Net, extra: &[String]) -> String {
    let ip = match net {
        Net::None => "none",
        Net::Tap { ip, .. } => ip,
        // What QEMU's DHCP server would say, without the wait.
        Net::User => "10.0.2.15/24,gw=10.0.2.2,dns=10.0.2.3",
    };
    let mut words = vec![
        format!("init={}", quote(&launch.program)),
        format!("cwd={}", quote(&launch.cwd)),
        format!("ip={ip}"),
    ];
    words.extend(extra.iter().cloned());
    words.extend(launch.env.iter().map(|var| format!("env.{}={}", var.key, quote(&var.value))));
    if !launch.args.is_empty() {
        words.push("--".to_owned());
        words.extend(launch.args.iter().map(|word| quote(word)));
    }
    words.join(" ")
}

/// Returns `word` in the quotes of the kernel's command line, where it needs them.
fn quote(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    // A bare `--`, or what looks like a device, would be taken for the machine's own word.
    if !word.is_empty() && word.bytes().all(is_plain) && !word.starts_with("virtio_mmio.") {
        return word.to_owned();
    }
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::super::Extras;
    use super::*;
    use crate::args::EnvVar;

    #[test]
    fn command_line_quotes_what_needs_it() {
        let launch = Launch {
            program: "/bin/a b".to_owned(),
            args: vec!["".to_owned(), "x\"y\\".to_owned(), "-p".to_owned()],
            env: vec![EnvVar { key: "A".to_owned(), value: "1 2".to_owned() }],
            cwd: "/".to_owned(),
            ..Launch::default()
        };
        assert_eq!(
            command_line(&launch, &Net::None, &["aslr=off".to_owned()]),
            r#"init="/bin/a b" cwd=/ ip=none aslr=off env.A="1 2" -- "" "x\"y\\" -p"#
        );
    }

    #[test]
    fn published_ports_become_forwards() {
        let machine = Machine {
            kind: MachineKind::Microvm,
            accel: Accel::Tcg,
            memory: 256 << 20,
            cpus: 1,
            patches_code: false,
            kernel: "k".into(),
            image: "i".into(),
            command_line: String::new(),
            net: Net::User,
            publish: vec!["0.0.0.0:53:5353/udp".parse().unwrap()],
            extras: Extras::default(),
            plugin: None,
        };
        assert_eq!(netdev(&machine).unwrap(), "user,id=net,hostfwd=udp:0.0.0.0:53-:5353");
        let args = arguments(&machine, [None, None]);
        assert!(args.windows(2).any(|pair| pair[0] == "-m" && pair[1] == "262144K"));
    }
}
