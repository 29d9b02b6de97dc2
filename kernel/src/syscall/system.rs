//! The system as a whole: `uname(2)`, `sysinfo(2)`, `getrandom(2)`.

use alloc::vec;
use alloc::vec::Vec;

use abi::system::{Sysinfo, UTSNAME_SIZE, Utsname};
use abi::{Errno, Result};
use mm::PAGE_SIZE;
use sync::SpinLock;

use super::Context;
use crate::arch::clock;
use crate::memory::FRAMES;
use crate::memory::user::{self, UserPtr};
use crate::process::{Process, exit};
use crate::random;

/// The release of Linux whose ABI is offered: programs compare it to know what they may use.
pub(crate) const RELEASE: &str = "6.1.0-scull";
/// The version of this kernel.
pub(crate) const VERSION: &str = concat!("Scull ", env!("CARGO_PKG_VERSION"));

/// [`VERSION`] as the auxiliary vector has it.
pub(crate) const VERSION_NUMBER: u64 = number(env!("CARGO_PKG_VERSION_MAJOR")) << 16
    | number(env!("CARGO_PKG_VERSION_MINOR")) << 8
    | number(env!("CARGO_PKG_VERSION_PATCH"));

const fn number(digits: &str) -> u64 {
    match u64::from_str_radix(digits, 10) {
        Ok(number) => number,
        Err(_) => 0,
    }
}

/// The host name. A leaf lock.
static HOST_NAME: SpinLock<[u8; UTSNAME_SIZE]> = SpinLock::new([0; UTSNAME_SIZE]);
/// The NIS domain name. A leaf lock.
static DOMAIN_NAME: SpinLock<[u8; UTSNAME_SIZE]> = SpinLock::new(field(NO_DOMAIN));
/// The domain name of a machine that has none.
const NO_DOMAIN: &[u8] = b"(none)";

const fn field(text: &[u8]) -> [u8; UTSNAME_SIZE] {
    let mut field = [0; UTSNAME_SIZE];
    let mut index = 0;
    while index < text.len() && index < UTSNAME_SIZE - 1 {
        field[index] = text[index];
        index += 1;
    }
    field
}

/// Takes the domain name away that a program gave the machine; its host name is the host's to set.
pub(super) fn reset_names() {
    *DOMAIN_NAME.lock() = field(NO_DOMAIN);
}

/// Sets the host name; what is beyond 64 bytes is cut off.
pub(crate) fn set_host_name(name: &[u8]) {
    *HOST_NAME.lock() = field(name);
}

/// Returns the host name.
pub(crate) fn host_name() -> Vec<u8> {
    let name = *HOST_NAME.lock();
    name.split(|&byte| byte == 0).next().unwrap_or_default().to_vec()
}

/// `uname(2)`.
pub(super) fn uname(_cx: &mut Context<'_>, buffer: UserPtr<Utsname>) -> Result<()> {
    buffer.write(&Utsname {
        sysname: field(b"Linux"),
        nodename: *HOST_NAME.lock(),
        release: field(RELEASE.as_bytes()),
        version: field(VERSION.as_bytes()),
        machine: field(b"x86_64"),
        domainname: *DOMAIN_NAME.lock(),
    })
}

/// `sethostname(2)`.
pub(super) fn sethostname(_cx: &mut Context<'_>, name: u64, length: i32) -> Result<()> {
    set_host_name(&read_name(name, length)?);
    Ok(())
}

/// `setdomainname(2)`.
pub(super) fn setdomainname(_cx: &mut Context<'_>, name: u64, length: i32) -> Result<()> {
    *DOMAIN_NAME.lock() = field(&read_name(name, length)?);
    Ok(())
}

/// Reads a name that a privileged program gives the machine.
fn read_name(name: u64, length: i32) -> Result<Vec<u8>> {
    if !Process::current().credentials.lock().is_privileged() {
        return Err(Errno::EPERM);
    }
    let length = usize::try_from(length).map_err(|_| Errno::EINVAL)?;
    if length >= UTSNAME_SIZE {
        return Err(Errno::EINVAL);
    }
    let mut bytes = vec![0; length];
    user::read_bytes(name, &mut bytes)?;
    Ok(bytes)
}

/// `sysinfo(2)`.
pub(super) fn sysinfo(_cx: &mut Context<'_>, info: UserPtr<Sysinfo>) -> Result<()> {
    let frames = FRAMES.statistics();
    let uptime = clock::now().as_nanos() / 1_000_000_000;
    info.write(&Sysinfo {
        uptime: uptime.cast_signed(),
        totalram: frames.total * PAGE_SIZE,
        freeram: frames.free * PAGE_SIZE,
        procs: u16::try_from(Process::current().thread_count()).unwrap_or(u16::MAX),
        mem_unit: 1,
        ..Sysinfo::default()
    })
}

/// `syslog(2)`: the kernel's log is the host's to read.
pub(super) fn syslog(
    _cx: &mut Context<'_>,
    kind: i32,
    buffer: UserPtr<u8>,
    length: i32,
) -> Result<usize> {
    /// The last action, `SYSLOG_ACTION_SIZE_BUFFER`.
    const LAST: i32 = 10;
    let is_reading = matches!(kind, 2..=4);
    if !(0..=LAST).contains(&kind) || is_reading && (buffer.is_null() || length < 0) {
        return Err(Errno::EINVAL);
    }
    Err(Errno::EPERM)
}

/// `reboot(2)`: whatever way the machine is to stop, it ends as if the program had.
pub(super) fn reboot(_cx: &mut Context<'_>, magic: u32, magic2: u32, operation: u32) -> Result<()> {
    const MAGIC: u32 = 0xfee1_dead;
    const MAGIC2: [u32; 4] = [672_274_793, 85_072_278, 369_367_448, 537_993_216];
    /// What Ctrl-Alt-Del does, which nobody can press.
    const CAD: [u32; 2] = [0, 0x89ab_cdef];
    /// `LINUX_REBOOT_CMD_RESTART`, `_HALT`, `_POWER_OFF`, `_RESTART2`.
    const STOPS: [u32; 4] = [0x0123_4567, 0xcdef_0123, 0x4321_fedc, 0xa1b2_c3d4];
    if !Process::current().credentials.lock().is_privileged() {
        return Err(Errno::EPERM);
    }
    if magic != MAGIC || !MAGIC2.contains(&magic2) {
        return Err(Errno::EINVAL);
    }
    if STOPS.contains(&operation) {
        exit::power_off(exit::Status::Exited(0));
    }
    if CAD.contains(&operation) { Ok(()) } else { Err(Errno::EINVAL) }
}

const GRND_NONBLOCK: u32 = 1;
const GRND_RANDOM: u32 = 2;
const GRND_INSECURE: u32 = 4;

/// `getrandom(2)`.
pub(super) fn getrandom(
    _cx: &mut Context<'_>,
    buffer: u64,
    length: usize,
    flags: u32,
) -> Result<usize> {
    /// Bytes a turn, of which a part is given where no more can be written.
    const CHUNK: usize = 64;
    /// Linux gives at most this much a call.
    const MOST: usize = i32::MAX as usize;
    let both = GRND_RANDOM | GRND_INSECURE;
    if flags & !(GRND_NONBLOCK | both) != 0 || flags & both == both {
        return Err(Errno::EINVAL);
    }
    let length = length.min(MOST);
    user::check(buffer, length)?;
    let mut bytes = [0; CHUNK];
    let mut done = 0;
    while done < length {
        let chunk = CHUNK.min(length - done);
        random::fill(&mut bytes[..chunk]);
        match user::write_bytes(buffer + done as u64, &bytes[..chunk]) {
            Ok(()) => done += chunk,
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(done)
}
