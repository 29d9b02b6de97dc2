//! What a call's pointers point to, copied into its record.
//!
//! Pointers are followed as the call's description says, those in structures too. What is not
//! there is left out: whoever shows the record shows the address instead.

use abi::call::{Data, Description, Kind, Length};
use abi::fcntl::PATH_MAX;
use abi::socket::{Mmsghdr, Msghdr};
use zerocopy::FromBytes;

use super::record::Record;
use super::{STRING_SIZE, error};
use crate::arch::index;
use crate::memory::user::{IoVec, UserPtr};
use core::sync::atomic::Ordering;

/// Most elements of an array that are recorded.
const MOST_ELEMENTS: usize = 32;
/// Most pointers of an array of strings.
const MOST_STRINGS: usize = 1024;
/// Bytes of a socket's address, `struct sockaddr_storage`.
const ADDRESS: usize = 128;
/// Most bytes of a message's control data.
const CONTROL: usize = 256;
/// Bytes of an `fd_set`.
const FD_SET: usize = 128;
/// Bytes of a `siginfo_t`.
const SIGNAL_INFO: usize = 128;

/// When memory is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum When {
    /// Before the call.
    Enter,
    /// After it, with its result.
    Leave(u64),
}

/// Copies what the arguments point to: before the call what it reads, after it what it wrote.
pub(super) fn capture(
    record: &mut Record,
    description: &Description,
    arguments: &[u64; 6],
    when: When,
) {
    let mut follower = Follower { record, arguments, when };
    for (argument, &address) in description.arguments.iter().zip(arguments) {
        let kind = argument.kind.resolve(arguments);
        let is_due = match when {
            When::Enter => kind.is_read(),
            When::Leave(_) => kind.is_written(),
        };
        if let Some(data) = kind.data().filter(|_| is_due && address != 0) {
            follower.follow(data, address);
        }
    }
}

struct Follower<'a> {
    record: &'a mut Record,
    arguments: &'a [u64; 6],
    when: When,
}

impl Follower<'_> {
    fn follow(&mut self, data: Data, address: u64) {
        match data {
            Data::Path => self.record.copy_string(address, PATH_MAX),
            Data::Text => self.record.copy_string(address, string_size()),
            Data::Bytes(length) => self.copy(address, self.length(length).min(string_size())),
            Data::One(kind) => self.copy(address, kind.size()),
            Data::Many(kind, length) => self.elements(address, kind, length),
            Data::Strings => self.strings(address),
            Data::Vectors(length) => self.vectors(address, self.length(length)),
            Data::SocketAddress(length) => self.copy(address, self.length(length).min(ADDRESS)),
            Data::Message => self.message(address),
            Data::Messages(length) => self.messages(address, self.length(length)),
            Data::SignalInfo => self.copy(address, SIGNAL_INFO),
            Data::Entries(length) => self.copy(address, self.length(length)),
            Data::Descriptors(length) => {
                self.copy(address, self.length(length).div_ceil(64).saturating_mul(8).min(FD_SET));
            }
            Data::MaskAndSize => self.mask(address),
        }
    }

    fn copy(&mut self, address: u64, length: usize) {
        let _ = self.record.copy(address, length);
    }

    /// Returns how much there is, in the unit of the data at hand.
    fn length(&self, length: Length) -> usize {
        match (length, self.when) {
            (Length::Given(place), _) => index(self.arguments[usize::from(place)]),
            (Length::PointedTo(place), _) => {
                let pointer = UserPtr::<u32>::new(self.arguments[usize::from(place)]);
                pointer.read().unwrap_or(0) as usize
            }
            (Length::Fixed(count), _) => count.into(),
            (Length::Returned, When::Leave(result)) if error(result).is_none() => index(result),
            (Length::Returned, _) => 0,
        }
    }

    fn elements(&mut self, address: u64, kind: &Kind, length: Length) {
        // Where the result counts what was written, it counts elements, or bytes of a mask.
        let count = self.length(length).min(MOST_ELEMENTS);
        self.copy(address, count * kind.size());
    }

    fn strings(&mut self, address: u64) {
        let array = UserPtr::<u64>::new(address);
        let mut count = 0;
        while count < MOST_STRINGS
            && let Ok(string) = array.at(count).read()
        {
            count += 1;
            if string == 0 {
                break;
            }
            if count <= MOST_ELEMENTS {
                self.record.copy_string(string, string_size());
            }
        }
        self.copy(address, count * size_of::<u64>());
    }

    fn vectors(&mut self, address: u64, count: usize) {
        let size = size_of::<IoVec>();
        self.copy(address, count.min(MOST_ELEMENTS) * size);
        let array = UserPtr::<IoVec>::new(address);
        for place in 0..count.min(MOST_ELEMENTS) {
            let Ok(part) = array.at(place).read() else { return };
            self.copy(part.base, index(part.length).min(string_size()));
        }
    }

    fn message(&mut self, address: u64) {
        let header = self.record.copy(address, size_of::<Msghdr>());
        if let Ok(header) = Msghdr::read_from_bytes(header) {
            self.parts_of_message(&header);
        }
    }

    fn messages(&mut self, address: u64, count: usize) {
        for place in 0..count.min(MOST_ELEMENTS) {
            let at = UserPtr::<Mmsghdr>::new(address).at(place).address();
            let header = self.record.copy(at, size_of::<Mmsghdr>());
            let Ok(header) = Mmsghdr::read_from_bytes(header) else { return };
            self.parts_of_message(&header.msg_hdr);
        }
    }

    fn parts_of_message(&mut self, header: &Msghdr) {
        if header.msg_name != 0 {
            self.copy(header.msg_name, (header.msg_namelen as usize).min(ADDRESS));
        }
        self.vectors(header.msg_iov, index(header.msg_iovlen));
        if header.msg_control != 0 {
            self.copy(header.msg_control, index(header.msg_controllen).min(CONTROL));
        }
    }

    fn mask(&mut self, address: u64) {
        let pair = self.record.copy(address, 16);
        if let Ok([mask, _]) = <[u64; 2]>::read_from_bytes(pair)
            && mask != 0
        {
            self.copy(mask, 8);
        }
    }
}

/// Returns how much of strings and buffers is recorded: one byte more than is shown, so that what
/// was cut is seen to be.
fn string_size() -> usize {
    STRING_SIZE.load(Ordering::Relaxed) + 1
}
