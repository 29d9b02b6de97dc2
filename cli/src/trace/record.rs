//! The records of a trace as they come from the guest, `abi::trace`.
//!
//! A guest can be broken, so nothing in a record is trusted: what makes no sense ends the trace.

use std::io::{self, Read};

use abi::signal::SigInfo;
use abi::trace::{self, ALIGNMENT, Call, End, Header, LONGEST, Piece, Return, Start};
use zerocopy::FromBytes;

/// One thing that happened.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// The thread, 0 for the program.
    pub(super) thread: u32,
    /// When, in nanoseconds since the machine's start.
    pub(super) nanos: u64,
    /// What.
    pub(super) event: Event,
}

/// What happened.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// The trace begins.
    Start(Start),
    /// A call begins.
    Enter(Call, Memory),
    /// The thread's call returns.
    Leave(Return, Memory),
    /// A signal is delivered.
    Signal(SigInfo),
    /// The thread, or the program, ended.
    End(End),
}

/// Parts of the program's memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Vec<(u64, Vec<u8>)>);

impl Memory {
    /// Adds a part.
    pub(super) fn add(&mut self, address: u64, bytes: &[u8]) {
        self.0.push((address, bytes.to_vec()));
    }

    /// Returns what is known from `address` on, at most `length` bytes; `None` if nothing is.
    pub(super) fn up_to(&self, address: u64, length: usize) -> Option<&[u8]> {
        let parts = self.0.iter().filter_map(|(start, bytes)| {
            let offset = usize::try_from(address.checked_sub(*start)?).ok()?;
            bytes.get(offset..).filter(|rest| !rest.is_empty())
        });
        let longest = parts.max_by_key(|rest| rest.len())?;
        Some(&longest[..longest.len().min(length)])
    }

    /// Returns the `length` bytes at `address`, `None` if not all are known.
    pub(super) fn exactly(&self, address: u64, length: usize) -> Option<&[u8]> {
        self.up_to(address, length).filter(|bytes| bytes.len() == length)
    }

    /// Returns the value at `address`.
    pub(super) fn value<T: FromBytes>(&self, address: u64) -> Option<T> {
        T::read_from_bytes(self.exactly(address, size_of::<T>())?).ok()
    }
}

/// Reads the next record; `None` at the end.
///
/// # Errors
/// Fails where the stream cannot be read, or has what no kernel writes.
pub(super) fn read(stream: &mut impl Read) -> io::Result<Option<Record>> {
    let mut head = [0; size_of::<Header>()];
    match stream.read_exact(&mut head) {
        Ok(()) => {}
        Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(why) => return Err(why),
    }
    let header = Header::read_from_bytes(&head).map_err(|_| damaged())?;
    let size = usize::try_from(header.size).map_err(|_| damaged())?;
    if !(head.len()..=LONGEST + ALIGNMENT).contains(&size) {
        return Err(damaged());
    }
    let mut body = vec![0; size - head.len()];
    stream.read_exact(&mut body)?;
    let event = event(header.kind, &body).ok_or_else(damaged)?;
    Ok(Some(Record { thread: header.thread, nanos: header.nanos, event }))
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a record that makes no sense")
}

fn event(kind: u32, body: &[u8]) -> Option<Event> {
    Some(match kind {
        trace::START => Event::Start(Start::read_from_prefix(body).ok()?.0),
        trace::ENTER => {
            let (call, rest) = Call::read_from_prefix(body).ok()?;
            Event::Enter(call, pieces(rest)?)
        }
        trace::LEAVE => {
            let (result, rest) = Return::read_from_prefix(body).ok()?;
            Event::Leave(result, pieces(rest)?)
        }
        trace::SIGNAL => Event::Signal(SigInfo::read_from_prefix(body).ok()?.0),
        trace::END => Event::End(End::read_from_prefix(body).ok()?.0),
        _ => return None,
    })
}

fn pieces(mut rest: &[u8]) -> Option<Memory> {
    let mut memory = Memory::default();
    while !rest.is_empty() {
        let (piece, after) = Piece::read_from_prefix(rest).ok()?;
        let length = usize::try_from(piece.length).ok()?;
        memory.add(piece.address, after.get(..length)?);
        rest = after.get(length.checked_next_multiple_of(ALIGNMENT)?..)?;
    }
    Some(memory)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zerocopy::IntoBytes as _;

    use super::*;

    fn record(kind: u32, body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(size_of::<Header>() + body.len()).unwrap();
        let header = Header { size, kind, thread: 7, padding: 0, nanos: 5 };
        [header.as_bytes(), body].concat()
    }

    #[test]
    fn a_call_comes_with_the_memory_that_it_points_to() {
        let call = Call { number: 1, arguments: [1, 0x1000, 3, 0, 0, 0] };
        let piece = Piece { address: 0x1000, length: 3 };
        let body = [call.as_bytes(), piece.as_bytes(), b"abc\0\0\0\0\0"].concat();
        let bytes = record(trace::ENTER, &body);
        let mut stream = &bytes[..];
        let record = read(&mut stream).unwrap().unwrap();
        assert_eq!((record.thread, record.nanos), (7, 5));
        let Event::Enter(read_call, memory) = record.event else { panic!("{record:?}") };
        assert_eq!(read_call, call);
        assert_eq!(memory.exactly(0x1001, 2), Some(&b"bc"[..]));
        assert_eq!(memory.exactly(0x1001, 3), None);
        assert_eq!(memory.up_to(0xfff, 9), None);
        assert!(read(&mut stream).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn no_stream_does_harm(kind in 0_u32..6, body in prop::collection::vec(any::<u8>(), 0..200)) {
            let bytes = record(kind, &body);
            let _ = read(&mut &bytes[..]);
            let _ = read(&mut &body[..]);
        }
    }
}
