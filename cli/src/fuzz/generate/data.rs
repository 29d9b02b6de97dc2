//! Arguments that are pointers: memory filled with what the call reads, and what is digested of
//! what it writes.

use abi::Sysno;
use abi::call::{Data, Kind, Length, Shape};

use super::super::arena::{
    ALT_STACK, ALT_STACK_SIZE, BAD_POINTERS, DATA_END, HANDLER, PAGE, RESTORER, SANE_END, TRASH,
    TRASH_END, ZONE, ZONE_PAGES,
};
use super::super::plan::Argument;
use super::{Building, rules};

/// Paths below the batch's folder.
const PATHS: [&str; 22] = [
    "a",
    "a",
    "a",
    "b",
    "b",
    "d",
    "d",
    "d/a",
    "d/b",
    "d/e",
    "s",
    "l",
    "p",
    "./a",
    "d/../b",
    "d/",
    "a/",
    "a/b",
    "missing",
    "missing/x",
    "",
    ".",
];
/// Others, for calls that change nothing.
const OUTSIDE: [&str; 8] =
    ["/", "..", "/dev/null", "/dev/zero", "/tmp", "/tmp/fuzz/a", "/dev/full/x", "//tmp//fuzz/d"];
/// Files that may be opened besides.
const DEVICES: [&str; 4] = ["/dev/null", "/dev/zero", "/dev/full", "/tmp/fuzz/a"];
/// The most elements that an array is made of.
const ELEMENTS: u64 = 8;
/// Bytes of a buffer that are filled.
const FILLED: u64 = 64;
/// A number of seconds that is later than now by any clock.
const FAR: i64 = 1 << 40;
const LONGEST_NAME: usize = 255;
const LONGEST_PATH: usize = 4096;

impl Building<'_> {
    /// Returns a pointer of this kind; what it points to is written, and digested where the call
    /// determines it.
    pub(super) fn pointer(&mut self, kind: Kind, data: Data, name: &str) -> u64 {
        match self.random.below(100) {
            0..5 => return 0,
            5..12 => return self.random.pick(&BAD_POINTERS),
            12..15 if Self::is_out(kind) && matches!(data, Data::Bytes(_)) => {
                return ZONE + PAGE * self.random.below(ZONE_PAGES) - self.random.below(2) * 8;
            }
            _ => {}
        }
        let digest = self.digested(kind, data);
        self.is_trash = kind.is_written()
            && !matches!(data, Data::Vectors(_))
            && digest.is_none_or(|(offset, _)| offset != 0);
        let address = match data {
            Data::Path => self.path(),
            Data::Text => self.text(),
            Data::Bytes(length) | Data::Entries(length) | Data::Descriptors(length) => {
                self.bytes(kind, data, length)
            }
            Data::One(one) => self.values(*one, 1, name),
            Data::Many(one, length) => {
                let count = self.count(length);
                self.values(*one, count, name)
            }
            Data::Vectors(length) => {
                let count = self.count(length);
                self.vectors(count)
            }
            Data::SocketAddress(length) => self.socket_address(kind, length),
            Data::Message => self.message(kind),
            Data::Messages(_) => self.messages(kind),
            Data::SignalInfo => self.place(&[0; 128], 8),
            Data::MaskAndSize => self.mask_and_size(),
            _ => self.place(&[0; 64], 8),
        };
        self.is_trash = false;
        self.digests.extend(digest.map(|(offset, length)| (address + offset, length)));
        address
    }

    /// Returns how many elements there are of this length.
    fn count(&self, length: Length) -> u64 {
        match length {
            Length::Given(place) => self.numbers()[usize::from(place)].min(ELEMENTS),
            Length::Fixed(count) => u64::from(count).min(ELEMENTS),
            Length::Returned | Length::PointedTo(_) => ELEMENTS,
        }
    }

    /// Puts bytes somewhere in the arena: aligned, or not, or up to its end.
    pub(super) fn place(&mut self, bytes: &[u8], alignment: u64) -> u64 {
        let length = u64::try_from(bytes.len()).unwrap_or(0);
        let end = if self.is_trash { TRASH_END } else { DATA_END };
        let address = match self.random.below(20) {
            0 | 1 => end - length,
            _ if self.is_trash => TRASH + 8 * self.random.below(PAGE / 8),
            2 => self.take(length + 8) + 1 + self.random.below(7),
            _ => self.take(length + alignment).next_multiple_of(alignment),
        };
        self.writes.push((address, bytes.to_vec()));
        address
    }

    /// Takes memory that no other argument of the call has.
    pub(super) fn take(&mut self, length: u64) -> u64 {
        let address = self.next;
        self.next = (address + length).next_multiple_of(16);
        if self.next > DATA_END {
            // A call with more than this does not come about.
            self.next = SANE_END;
        }
        if address + length > DATA_END { SANE_END } else { address }
    }

    /// Puts bytes where no call writes by chance.
    pub(super) fn place_sane(&mut self, bytes: &[u8]) -> u64 {
        let address = self.next_sane;
        self.next_sane += u64::try_from(bytes.len()).unwrap_or(0).next_multiple_of(16);
        self.writes.push((address, bytes.to_vec()));
        address
    }

    fn path(&mut self) -> u64 {
        let random = &mut *self.random;
        let outside = if rules::only_looks(self.call) {
            &OUTSIDE[..]
        } else if rules::opens(self.call) {
            &DEVICES[..]
        } else {
            &[]
        };
        let mut path = match random.below(25) {
            0 => "n".repeat(LONGEST_NAME),
            1 => "n".repeat(LONGEST_NAME + 1),
            2 => "d/".repeat(LONGEST_PATH / 2 - 1) + "a",
            3 => "d/".repeat(LONGEST_PATH / 2),
            4..8 if !outside.is_empty() => random.pick(outside).to_owned(),
            _ => random.pick(&PATHS).to_owned(),
        }
        .into_bytes();
        // Without its end, and nothing behind it.
        if random.percent(4) && !path.is_empty() {
            let address = DATA_END - u64::try_from(path.len()).unwrap_or(0);
            self.writes.push((address, path));
            return address;
        }
        path.push(0);
        self.place(&path, 1)
    }

    fn text(&mut self) -> u64 {
        let names = ["user.x", "security.x", "trusted.x", "system.x", "x", "", "user.", "name"];
        let mut text = self.random.pick(&names).as_bytes().to_vec();
        text.push(0);
        self.place(&text, 1)
    }

    fn bytes(&mut self, kind: Kind, data: Data, length: Length) -> u64 {
        let length = match (data, length) {
            (Data::Descriptors(_), _) => 128,
            (_, Length::Given(place)) => self.numbers()[usize::from(place)],
            (_, Length::Fixed(length)) => u64::from(length),
            _ => FILLED,
        };
        if Self::is_out(kind) {
            // What the call does not write is as the interpreter has put it.
            let room = usize::try_from(length.min(256)).unwrap_or(0);
            return self.place(&vec![0; room], 8);
        }
        let random = &mut *self.random;
        let bytes: Vec<_> = if matches!(data, Data::Descriptors(_)) {
            let mut bits = vec![0; 128];
            bits[..2].copy_from_slice(&(random.bits() & random.bits()).to_le_bytes()[..2]);
            bits
        } else {
            (0..length.min(FILLED)).map(|_| random.bits().to_le_bytes()[0]).collect()
        };
        self.place(&bytes, 8)
    }

    /// Puts an array of values in place.
    fn values(&mut self, kind: Kind, count: u64, name: &str) -> u64 {
        let mut bytes = Vec::new();
        for _ in 0..count {
            bytes.extend(self.value_bytes(kind, name));
        }
        let is_sane = match kind {
            Kind::SignalSet => true,
            Kind::Struct(shape) => matches!(shape.name, "sigaction" | "stack_t" | "sigevent"),
            _ => false,
        };
        if is_sane { self.place_sane(&bytes) } else { self.place(&bytes, 8) }
    }

    /// Returns a value as it is in memory.
    fn value_bytes(&mut self, kind: Kind, name: &str) -> Vec<u8> {
        if let Kind::Struct(shape) = kind {
            return self.structure(shape);
        }
        let value = match (kind, name) {
            (Kind::Int, "addrlen" | "optlen") => {
                self.random.pick(&[4, 16, 28, 110, 128, 0, 1, 8, 0xffff_ffff])
            }
            _ => self.random_value(kind, name),
        };
        value.to_le_bytes()[..kind.size().min(8)].to_vec()
    }

    fn structure(&mut self, shape: &'static Shape) -> Vec<u8> {
        let words = |words: &[i64]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
        match shape.name {
            "timespec" | "timeval" => {
                let (seconds, part) = self.time();
                words(&[seconds, part])
            }
            "itimerspec" | "itimerval" => {
                let time = self.random.pick(&[
                    (0, 0),
                    (FAR, 0),
                    (FAR, 999),
                    (-1, 0),
                    (0, -1),
                    (0, 1 << 40),
                    (FAR, 1 << 40),
                ]);
                let interval = self.random.pick(&[(0, 0), (0, 0), (FAR, 1), (0, -1), (-1, 0)]);
                words(&[interval.0, interval.1, time.0, time.1])
            }
            "sigaction" => self.action(),
            "stack_t" => self.stack(),
            _ => self.fields(shape),
        }
    }

    fn fields(&mut self, shape: &'static Shape) -> Vec<u8> {
        let mut bytes = vec![0; shape.size];
        for field in shape.fields {
            let value = match field.kind {
                Kind::Struct(inner) => self.structure(inner),
                kind => self.random_value(kind, field.name).to_le_bytes().to_vec(),
            };
            let start = field.offset;
            let end = (start + value.len().min(field.size)).min(bytes.len());
            bytes[start..end].copy_from_slice(&value[..end - start]);
        }
        bytes
    }

    /// Returns seconds and their parts: a time to wait, or of a file.
    fn time(&mut self) -> (i64, i64) {
        const NOW: i64 = 0x3fff_ffff;
        const OMIT: i64 = 0x3fff_fffe;
        let random = &mut *self.random;
        match self.call {
            Sysno::utimensat => random.pick(&[
                (0, 0),
                (1000, 5),
                (7, NOW),
                (7, OMIT),
                (-5, 0),
                (0, -1),
                (0, 1 << 30),
            ]),
            _ => match random.below(50) {
                0 => (i64::MAX, 0),
                1 => (FAR, 0),
                2 => (0, 2_000_000),
                _ => random.pick(&[
                    (0, 0),
                    (0, 0),
                    (0, 1),
                    (0, 1000),
                    (-1, 0),
                    (0, -1),
                    (0, 1_000_000_000),
                    (i64::MIN, 0),
                    (0, i64::MAX),
                ]),
            },
        }
    }

    /// Returns a `struct sigaction` that keeps the program alive.
    fn action(&mut self) -> Vec<u8> {
        const IGNORE: u64 = 1;
        const RESTORER_FLAG: u64 = 0x0400_0000;
        const RESET: u64 = 0x8000_0000;
        let mut flags = self.random.pick(&[0, 4, 0x1000_0000, 0x4000_0000, 0x0800_0000, 1, 2]);
        flags |= self.random.pick(&[0, 0, 0, 0x400, 0x800, 1 << 40]);
        flags = (flags | RESTORER_FLAG) & !RESET;
        let handler = self.random.pick(&[HANDLER, HANDLER, HANDLER, IGNORE]);
        let mask = self.random_value(Kind::SignalSet, "");
        [handler, flags, RESTORER, mask].iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Returns a `stack_t` on which a handler can run, or that is refused.
    fn stack(&mut self) -> Vec<u8> {
        let flags = self.random.pick(&[0, 0, 0, 1, 2, 4, 1 << 31]);
        let size = self.random.pick(&[ALT_STACK_SIZE, ALT_STACK_SIZE, 0, 2047, 100]);
        [ALT_STACK, flags, size].iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Returns the part of what the call writes that is determined: its offset and length, which
    /// is 0 for as much as the call returns.
    fn digested(&self, kind: Kind, data: Data) -> Option<(u64, u64)> {
        const STAT: (u64, u64) = (24, 12);
        const STATX: (u64, u64) = (20, 10);
        if !kind.is_written() {
            return None;
        }
        Some(match data {
            Data::Bytes(Length::Returned) if self.is_read_determined() => (0, 0),
            Data::Text if self.call == Sysno::getcwd => (0, 0),
            Data::One(Kind::SignalSet) => (0, 8),
            Data::One(Kind::Id) => (0, 4),
            Data::Many(Kind::Fd, _) => (0, 8),
            Data::One(Kind::Struct(shape)) if shape.name == "stat" => STAT,
            Data::One(Kind::Struct(shape)) if shape.name == "statx" => STATX,
            Data::Many(Kind::Struct(shape), length @ Length::Given(_))
                if shape.name == "pollfd" =>
            {
                match self.count(length) {
                    0 => return None,
                    count => (0, 8 * count),
                }
            }
            Data::Descriptors(_) => (0, 16),
            _ => return None,
        })
    }

    /// Returns whether what a call reads is the same everywhere.
    fn is_read_determined(&self) -> bool {
        let reads = matches!(
            self.call,
            Sysno::read | Sysno::pread64 | Sysno::readlink | Sysno::readlinkat | Sysno::recvfrom
        );
        reads && !self.model.has_reports
    }

    /// Returns an argument's number.
    pub(super) fn number(&self, place: usize) -> u64 {
        match self.arguments[place] {
            Argument::Number(number) => number,
            _ => 0,
        }
    }
}
