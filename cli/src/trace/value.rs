//! Values as strace writes them: numbers, names, strings, structures.

use core::fmt::Write as _;

use abi::call::names::CLOCKS;
use abi::call::{Field, Flags, Kind, Name, Shape};
use abi::signal::Signal;
use abi::stat;

/// Writes a value that is not followed, of an argument or a result.
pub(super) fn scalar(out: &mut String, kind: Kind, value: u64) {
    let int = low(value).cast_signed();
    // Writing to a String cannot fail.
    let _ = match kind {
        Kind::Nothing => Ok(()),
        Kind::Int | Kind::Fd | Kind::Pid => write!(out, "{int}"),
        Kind::DirFd if int == abi::fcntl::AT_FDCWD => write!(out, "AT_FDCWD"),
        Kind::DirFd => write!(out, "{int}"),
        Kind::Uint => write!(out, "{}", low(value)),
        Kind::Long | Kind::Offset => write!(out, "{}", value.cast_signed()),
        Kind::Size => write!(out, "{value}"),
        Kind::Bits => write!(out, "{}", Hex(low(value).into())),
        Kind::LongBits => write!(out, "{}", Hex(value)),
        Kind::Id if int == -1 => write!(out, "-1"),
        Kind::Id => write!(out, "{}", low(value)),
        Kind::Mode => write!(out, "0{:02o}", low(value)),
        Kind::FileMode => {
            file_mode(out, low(value));
            Ok(())
        }
        Kind::Device => {
            let (major, minor) = (stat::device_major(value), stat::device_minor(value));
            write!(out, "makedev({major:#x}, {minor:#x})")
        }
        Kind::Signal => {
            signal(out, low(value));
            Ok(())
        }
        Kind::Clock => {
            choice(out, CLOCKS, low(value).into());
            Ok(())
        }
        Kind::Limit => limit(out, value),
        Kind::Flags(names) => {
            flags(out, names, value);
            Ok(())
        }
        Kind::Choice(names) => {
            choice(out, names, value);
            Ok(())
        }
        Kind::SignalSet => {
            signal_set(out, value);
            Ok(())
        }
        Kind::Handler => match value {
            abi::signal::SIG_DFL => write!(out, "SIG_DFL"),
            abi::signal::SIG_IGN => write!(out, "SIG_IGN"),
            _ => write!(out, "{value:#x}"),
        },
        _ => {
            address(out, value);
            Ok(())
        }
    };
}

/// Writes an address.
pub(super) fn address(out: &mut String, value: u64) {
    let _ = if value == 0 { write!(out, "NULL") } else { write!(out, "{value:#x}") };
}

/// A number in hexadecimal, 0 without a prefix.
struct Hex(u64);

impl core::fmt::Display for Hex {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.0 == 0 { f.write_str("0") } else { write!(f, "{:#x}", self.0) }
    }
}

/// Returns the low half.
pub(super) const fn low(value: u64) -> u32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

fn limit(out: &mut String, value: u64) -> core::fmt::Result {
    match value {
        u64::MAX => write!(out, "RLIM64_INFINITY"),
        _ if value > 1024 && value.is_multiple_of(1024) => write!(out, "{}*1024", value / 1024),
        _ => write!(out, "{value}"),
    }
}

/// Writes a set of names; of 64 bits only where the upper half has some.
fn flags(out: &mut String, names: &Flags, value: u64) {
    let start = out.len();
    let join = |out: &mut String, text: core::fmt::Arguments<'_>| {
        let bar = if out.len() > start { "|" } else { "" };
        let _ = write!(out, "{bar}{text}");
    };
    let part = value & names.part;
    let mut left = value & !names.part;
    let chosen = names.choices.iter().find(|name| name.value == part);
    match chosen {
        Some(name) => join(out, format_args!("{}", name.name)),
        None if names.choices.is_empty() => {}
        None => left |= part,
    }
    for name in names.bits {
        if name.value != 0 && left & name.value == name.value {
            join(out, format_args!("{}", name.name));
            left &= !name.value;
        }
    }
    if names.choices.is_empty() && part != 0 {
        // The flags of clone(2) have the signal of the child's end beside them.
        let mut name = String::new();
        signal(&mut name, low(part));
        join(out, format_args!("{name}"));
    }
    if out.len() == start {
        let empty = names.bits.iter().find(|name| name.value == 0 && value == 0);
        match empty {
            Some(name) => join(out, format_args!("{}", name.name)),
            None if left == 0 => join(out, format_args!("0")),
            None => {
                let all = if names.bits.is_empty() { names.choices } else { names.bits };
                join(out, format_args!("{left:#x} /* {}??? */", prefix(all)));
            }
        }
    } else if left != 0 {
        join(out, format_args!("{left:#x}"));
    }
}

/// Writes the name of a value of 32 bits, or the value and what names there could be.
pub(super) fn choice(out: &mut String, names: &[Name], value: u64) {
    let _ = match names.iter().find(|name| low(name.value) == low(value)) {
        Some(name) => write!(out, "{}", name.name),
        None => write!(out, "{:#x} /* {}??? */", low(value), prefix(names)),
    };
}

/// Returns what all of the names begin with, up to a `_`.
fn prefix(names: &[Name]) -> &'static str {
    let Some(first) = names.first() else { return "" };
    let common = names.iter().fold(first.name, |common, name| {
        let bytes = common.bytes().zip(name.name.bytes());
        &common[..bytes.take_while(|(a, b)| a == b).count()]
    });
    common.rfind('_').map_or("", |end| &common[..=end])
}

/// Writes the name of a signal.
pub(super) fn signal(out: &mut String, number: u32) {
    let _ = match Signal::from_raw(number.into()).and_then(Signal::name) {
        Some(name) => write!(out, "{name}"),
        None => match number {
            32 => write!(out, "SIGRTMIN"),
            33..=64 => write!(out, "SIGRT_{}", number - 32),
            _ => write!(out, "{number}"),
        },
    };
}

/// Writes a set of signals; one of most signals as those that are not in it.
pub(super) fn signal_set(out: &mut String, set: u64) {
    /// More signals than this are too many to be listed.
    const MOST: u32 = 64 * 2 / 3;
    let is_inverted = set.count_ones() > MOST;
    let listed = if is_inverted { !set } else { set };
    out.push_str(if is_inverted { "~[" } else { "[" });
    let mut separator = "";
    for number in (1..=64).filter(|number| listed & 1 << (number - 1) != 0) {
        let mut name = String::new();
        signal(&mut name, number);
        let _ = write!(out, "{separator}{}", name.strip_prefix("SIG").unwrap_or(&name));
        separator = " ";
    }
    out.push(']');
}

fn file_mode(out: &mut String, mode: u32) {
    let kind = match mode & stat::S_IFMT {
        0o140_000 => "S_IFSOCK|",
        0o120_000 => "S_IFLNK|",
        0o100_000 => "S_IFREG|",
        0o060_000 => "S_IFBLK|",
        0o040_000 => "S_IFDIR|",
        0o020_000 => "S_IFCHR|",
        0o010_000 => "S_IFIFO|",
        _ => "",
    };
    out.push_str(kind);
    let bits =
        [(stat::S_ISUID, "S_ISUID|"), (stat::S_ISGID, "S_ISGID|"), (stat::S_ISVTX, "S_ISVTX|")];
    for (_, name) in bits.into_iter().filter(|(bit, _)| mode & bit != 0) {
        out.push_str(name);
    }
    let _ = write!(out, "0{:02o}", mode & 0o777);
}

/// Writes bytes in quotes, escaped as in C; with dots behind if some are left out.
pub(super) fn string(out: &mut String, bytes: &[u8], is_cut: bool) {
    out.push('"');
    for (place, &byte) in bytes.iter().enumerate() {
        let is_digit_next = bytes.get(place + 1).is_some_and(|next| (b'0'..=b'7').contains(next));
        let _ = match byte {
            b'"' | b'\\' => write!(out, "\\{}", char::from(byte)),
            b'\n' => write!(out, "\\n"),
            b'\t' => write!(out, "\\t"),
            b'\r' => write!(out, "\\r"),
            0x0b => write!(out, "\\v"),
            0x0c => write!(out, "\\f"),
            b' '..=b'~' => write!(out, "{}", char::from(byte)),
            // An octal digit that follows would be taken for a part of the escape.
            _ if is_digit_next => write!(out, "\\{byte:03o}"),
            _ => write!(out, "\\{byte:o}"),
        };
    }
    out.push_str(if is_cut { "\"..." } else { "\"" });
}

/// Writes bytes in quotes, all of them in hexadecimal.
pub(super) fn hex_string(out: &mut String, bytes: &[u8], is_cut: bool) {
    out.push('"');
    for byte in bytes {
        let _ = write!(out, "\\x{byte:02x}");
    }
    out.push_str(if is_cut { "\"..." } else { "\"" });
}

/// Returns the number in up to eight bytes.
pub(super) fn number(bytes: &[u8]) -> u64 {
    let mut whole = [0; 8];
    let count = bytes.len().min(whole.len());
    whole[..count].copy_from_slice(&bytes[..count]);
    u64::from_le_bytes(whole)
}

/// Writes a value as it is in memory.
pub(super) fn in_memory(out: &mut String, kind: Kind, bytes: &[u8]) {
    match kind {
        Kind::Struct(shape) => structure(out, shape, bytes),
        Kind::Characters => {
            let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
            string(out, &bytes[..end], false);
        }
        _ => scalar(out, kind, number(bytes)),
    }
}

/// Writes a structure.
pub(super) fn structure(out: &mut String, shape: &Shape, bytes: &[u8]) {
    out.push('{');
    let mut separator = "";
    for field in shape.fields.iter().filter(|field| is_shown(shape, field, bytes)) {
        let _ = write!(out, "{separator}{}=", field.name);
        separator = ", ";
        let place = part(bytes, field);
        match (shape.name, field.name) {
            ("epoll_event", "data") => {
                let data = number(place);
                let _ = write!(out, "{{u32={}, u64={data}}}", low(data));
            }
            ("statfs", "f_fsid") => {
                let (first, second) = (low(number(place)), low(number(place) >> 32));
                let _ = write!(out, "{{val=[{}, {}]}}", Hex(first.into()), Hex(second.into()));
            }
            ("sigevent", "sigev_value") => {
                let data = number(place);
                let int = low(data).cast_signed();
                let _ = write!(out, "{{sival_int={int}, sival_ptr=");
                address(out, data);
                out.push('}');
            }
            _ => field_value(out, field, place),
        }
    }
    if shape.is_partial {
        out.push_str(", ...");
    }
    out.push('}');
}

fn part<'a>(bytes: &'a [u8], field: &Field) -> &'a [u8] {
    bytes.get(field.offset..field.offset + field.size).unwrap_or_default()
}

fn field_value(out: &mut String, field: &Field, bytes: &[u8]) {
    /// Larger fields are arrays.
    const WORD: usize = 8;
    let size = field.kind.size();
    if size == 0 || field.size <= size.max(WORD) {
        return in_memory(out, field.kind, bytes);
    }
    out.push('[');
    for (place, element) in bytes.chunks(size).enumerate() {
        out.push_str(if place > 0 { ", " } else { "" });
        in_memory(out, field.kind, element);
    }
    out.push(']');
}

/// Returns the value of a field by its name.
pub(super) fn field(shape: &Shape, bytes: &[u8], name: &str) -> u64 {
    let field = shape.fields.iter().find(|field| field.name == name);
    field.map_or(0, |field| number(part(bytes, field)))
}

/// Returns whether a field is worth showing, by what others hold.
fn is_shown(shape: &Shape, this: &Field, bytes: &[u8]) -> bool {
    const DEVICES: [u32; 2] = [0o020_000, 0o060_000];
    const RESTORER: u64 = 0x0400_0000;
    const CLONE_PIDFD: u64 = 0x1000;
    let is_device = || DEVICES.contains(&(low(field(shape, bytes, "st_mode")) & stat::S_IFMT));
    match (shape.name, this.name) {
        ("stat", "st_rdev") => is_device(),
        ("stat", "st_size") => !is_device(),
        ("sigaction", "sa_restorer") => field(shape, bytes, "sa_flags") & RESTORER != 0,
        ("clone_args", "pidfd") => field(shape, bytes, "flags") & CLONE_PIDFD != 0,
        ("clone_args", "set_tid" | "set_tid_size" | "cgroup") => number(part(bytes, this)) != 0,
        ("pollfd", "events") => low(field(shape, bytes, "fd")).cast_signed() >= 0,
        ("pollfd", "revents") | ("flock", "l_pid") => false,
        _ => true,
    }
}
