//! What pointers point to, as strace writes it.

use core::fmt::Write as _;

use abi::Sysno;
use abi::call::{Data, Kind};
use abi::signal::SigInfo;
use abi::socket::{Mmsghdr, Msghdr};

use super::record::Memory;
use super::{address, signal, value};

/// Most elements of an array that are shown.
const MOST_ELEMENTS: usize = 32;

/// A pointer and what is known of its target.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pointer {
    /// The call's number.
    pub(super) call: u64,
    /// The argument's name.
    pub(super) name: &'static str,
    /// What it points to.
    pub(super) data: Data,
    /// The pointer itself.
    pub(super) address: u64,
    /// How much there is, in the data's unit.
    pub(super) length: u64,
    /// How many bytes the call put there, if it is a transfer that has ended.
    pub(super) filled: u64,
    /// How many bytes of strings are shown.
    pub(super) string_size: usize,
}

impl Pointer {
    /// Writes the target as it is in `memory`, the address where that is not known.
    pub(super) fn write(&self, out: &mut String, memory: &Memory) {
        let start = out.len();
        if self.address == 0 || self.try_write(out, memory).is_none() {
            out.truncate(start);
            value::address(out, self.address);
        }
    }

    /// Writes the target as it was and as it is.
    pub(super) fn write_change(&self, out: &mut String, before: &Memory, after: &Memory) {
        let Data::One(kind) = self.data else { return self.write(out, after) };
        let (mut old, mut new) = (String::new(), String::new());
        self.write(&mut old, before);
        self.write(&mut new, after);
        let is_length = matches!(kind, Kind::Int) && self.name.ends_with("len");
        let _ = match old == new {
            true => write!(out, "{new}"),
            false if is_length => {
                let bare = old.trim_end_matches(']');
                write!(out, "{bare} => {}", new.trim_start_matches('['))
            }
            false => write!(out, "{old} => {new}"),
        };
    }

    fn try_write(&self, out: &mut String, memory: &Memory) -> Option<()> {
        match self.data {
            Data::Path => text(out, memory.up_to(self.address, usize::MAX)?, usize::MAX),
            Data::Text => text(out, memory.up_to(self.address, usize::MAX)?, self.string_size),
            Data::Bytes(_) => self.bytes(out, memory)?,
            Data::One(kind) => {
                one(out, kind, memory.exactly(self.address, kind.size())?);
            }
            Data::Many(kind, _) => self.many(out, kind, memory)?,
            Data::Strings => self.strings(out, memory)?,
            Data::Vectors(_) => {
                vectors(out, memory, self.address, self.length, self.filled, self.string_size)?;
            }
            Data::SocketAddress(_) => {
                let length = usize::try_from(self.length).ok()?;
                address::write(out, memory.up_to(self.address, length)?);
            }
            Data::Message => {
                let header = memory.value::<Msghdr>(self.address)?;
                message(out, memory, &header, self.filled, self.string_size)?;
            }
            Data::Messages(_) => self.messages(out, memory)?,
            Data::SignalInfo => signal::info(out, &memory.value::<SigInfo>(self.address)?),
            Data::Entries(_) => self.entries(out, memory)?,
            Data::Descriptors(_) => self.descriptors(out, memory)?,
            Data::MaskAndSize => {
                let [mask, size] = memory.value::<[u64; 2]>(self.address)?;
                out.push_str("{sigmask=");
                match memory.value::<u64>(mask) {
                    Some(set) => value::signal_set(out, set),
                    None => value::address(out, mask),
                }
                let _ = write!(out, ", sigsetsize={size}}}");
            }
        }
        Some(())
    }

    fn bytes(&self, out: &mut String, memory: &Memory) -> Option<()> {
        let length = usize::try_from(self.length).ok()?;
        if length == 0 {
            out.push_str("\"\"");
            return Some(());
        }
        let shown = memory.up_to(self.address, length.min(self.string_size))?;
        let is_cut = length > shown.len();
        if self.call == Sysno::getrandom as u64 {
            value::hex_string(out, shown, is_cut);
        } else {
            value::string(out, shown, is_cut);
        }
        Some(())
    }

    fn many(&self, out: &mut String, kind: &Kind, memory: &Memory) -> Option<()> {
        let count = usize::try_from(self.length).ok()?;
        let is_mask = matches!(kind, Kind::LongBits);
        let count = if is_mask { count / kind.size() } else { count };
        if count == 0 {
            out.push_str("[]");
            return Some(());
        }
        let bytes = memory.up_to(self.address, count.min(MOST_ELEMENTS) * kind.size())?;
        if is_mask {
            processors(out, bytes);
            return Some(());
        }
        out.push('[');
        for (place, element) in bytes.chunks_exact(kind.size()).enumerate() {
            out.push_str(if place > 0 { ", " } else { "" });
            value::in_memory(out, *kind, element);
        }
        out.push_str(if count > MOST_ELEMENTS { ", ...]" } else { "]" });
        Some(())
    }

    fn strings(&self, out: &mut String, memory: &Memory) -> Option<()> {
        let bytes = memory.up_to(self.address, usize::MAX)?;
        let pointers: Vec<_> =
            bytes.chunks_exact(8).map(value::number).take_while(|pointer| *pointer != 0).collect();
        if self.name == "envp" {
            let plural = if pointers.len() == 1 { "" } else { "s" };
            let _ = write!(out, "{:#x} /* {} var{plural} */", self.address, pointers.len());
            return Some(());
        }
        out.push('[');
        for (place, &pointer) in pointers.iter().take(MOST_ELEMENTS).enumerate() {
            out.push_str(if place > 0 { ", " } else { "" });
            match memory.up_to(pointer, usize::MAX) {
                Some(string) => text(out, string, self.string_size),
                None => value::address(out, pointer),
            }
        }
        out.push_str(if pointers.len() > MOST_ELEMENTS { ", ...]" } else { "]" });
        Some(())
    }

    fn messages(&self, out: &mut String, memory: &Memory) -> Option<()> {
        let count = usize::try_from(self.length).ok()?.min(MOST_ELEMENTS);
        let size = size_of::<Mmsghdr>();
        out.push('[');
        for place in 0..count {
            let at = self.address.checked_add(u64::try_from(place * size).ok()?)?;
            let entry = memory.value::<Mmsghdr>(at)?;
            out.push_str(if place > 0 { ", {msg_hdr=" } else { "{msg_hdr=" });
            let filled = if self.filled == u64::MAX { u64::MAX } else { entry.msg_len.into() };
            message(out, memory, &entry.msg_hdr, filled, self.string_size)?;
            let _ = write!(out, ", msg_len={}}}", entry.msg_len);
        }
        out.push(']');
        Some(())
    }

    fn entries(&self, out: &mut String, memory: &Memory) -> Option<()> {
        /// Where an entry's length is: after its number and place, in both calls.
        const LENGTH: usize = 16;
        let length = usize::try_from(self.length).ok()?;
        let mut rest = memory.up_to(self.address, length).unwrap_or_default();
        let is_whole = rest.len() == length;
        let mut count = 0;
        while let Some(size) = rest.get(LENGTH..LENGTH + 2).map(value::number)
            && size > 0
        {
            count += 1;
            rest = rest.get(usize::try_from(size).ok()?..).unwrap_or_default();
        }
        let more = if is_whole { "" } else { " or more" };
        let _ = write!(out, "{:#x} /* {count} entries{more} */", self.address);
        Some(())
    }

    fn descriptors(&self, out: &mut String, memory: &Memory) -> Option<()> {
        let count = usize::try_from(self.length).ok()?.min(1024);
        if count == 0 {
            return None;
        }
        let words = memory.up_to(self.address, count.div_ceil(64) * 8)?;
        out.push('[');
        let mut separator = "";
        for fd in set_bits(words).filter(|fd| *fd < count) {
            let _ = write!(out, "{separator}{fd}");
            separator = " ";
        }
        out.push(']');
        Some(())
    }
}

/// Returns the numbers of the bits that are set.
pub(super) fn set_bits(bytes: &[u8]) -> impl Iterator<Item = usize> {
    (0..bytes.len() * 8).filter(|bit| bytes[bit / 8] & 1 << (bit % 8) != 0)
}

/// Writes a mask of processors.
fn processors(out: &mut String, bytes: &[u8]) {
    out.push('[');
    for (place, cpu) in set_bits(bytes).enumerate() {
        let _ = write!(out, "{}{cpu}", if place > 0 { " " } else { "" });
    }
    out.push(']');
}

/// Writes one value that is pointed to: what is no structure stands in brackets.
fn one(out: &mut String, kind: &Kind, bytes: &[u8]) {
    let is_bare = matches!(kind, Kind::Struct(_) | Kind::SignalSet);
    out.push_str(if is_bare { "" } else { "[" });
    value::in_memory(out, *kind, bytes);
    out.push_str(if is_bare { "" } else { "]" });
}

/// Writes a string up to its NUL, at most `most` bytes of it.
fn text(out: &mut String, bytes: &[u8], most: usize) {
    let end = bytes.iter().position(|&byte| byte == 0);
    let string = &bytes[..end.unwrap_or(bytes.len())];
    let shown = &string[..string.len().min(most)];
    value::string(out, shown, shown.len() < string.len() || end.is_none());
}

/// Writes an array of `struct iovec` of which the first `filled` bytes are known.
fn vectors(
    out: &mut String,
    memory: &Memory,
    address: u64,
    count: u64,
    filled: u64,
    string_size: usize,
) -> Option<()> {
    let count = usize::try_from(count).ok()?;
    if count == 0 && address != 0 {
        out.push_str("[]");
        return Some(());
    }
    let array = memory.up_to(address, count.min(MOST_ELEMENTS) * 16)?;
    let mut left = filled;
    out.push('[');
    for (place, part) in array.chunks_exact(16).enumerate() {
        let (base, length) = (value::number(&part[..8]), value::number(&part[8..]));
        out.push_str(if place > 0 { ", {iov_base=" } else { "{iov_base=" });
        let held = length.min(left);
        left -= held;
        match memory.up_to(base, usize::try_from(held).ok()?.min(string_size)) {
            Some(bytes) => {
                let is_cut = held > u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                value::string(out, bytes, is_cut);
            }
            None if held == 0 && base != 0 => out.push_str("\"\""),
            None => value::address(out, base),
        }
        let _ = write!(out, ", iov_len={length}}}");
    }
    out.push_str(if count > MOST_ELEMENTS { ", ...]" } else { "]" });
    Some(())
}

/// Writes a `struct msghdr`.
fn message(
    out: &mut String,
    memory: &Memory,
    header: &Msghdr,
    filled: u64,
    string_size: usize,
) -> Option<()> {
    out.push_str("{msg_name=");
    let name = usize::try_from(header.msg_namelen).ok()?;
    match memory.up_to(header.msg_name, name).filter(|_| header.msg_name != 0) {
        Some(bytes) => address::write(out, bytes),
        None => value::address(out, header.msg_name),
    }
    let _ = write!(out, ", msg_namelen={}, msg_iov=", header.msg_namelen);
    let start = out.len();
    let (parts, count) = (header.msg_iov, header.msg_iovlen);
    if vectors(out, memory, parts, count, filled, string_size).is_none() {
        out.truncate(start);
        value::address(out, header.msg_iov);
    }
    let _ = write!(out, ", msg_iovlen={}", header.msg_iovlen);
    if header.msg_control != 0 && header.msg_controllen != 0 {
        let length = usize::try_from(header.msg_controllen).ok()?;
        out.push_str(", msg_control=");
        match memory.up_to(header.msg_control, length) {
            Some(bytes) => address::control(out, bytes),
            None => value::address(out, header.msg_control),
        }
    }
    let _ = write!(out, ", msg_controllen={}, msg_flags=", header.msg_controllen);
    value::scalar(out, abi::call::names::MESSAGE, header.msg_flags.into());
    out.push('}');
    Some(())
}
