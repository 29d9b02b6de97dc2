//! Tests of pipes.

use core::task::Waker;

use sync::Every;

use super::*;

fn write(end: &PipeEnd, bytes: &[u8]) -> Result<usize> {
    end.write(0, &mut &*bytes)
}

fn read(end: &PipeEnd, mut room: &mut [u8]) -> Result<usize> {
    end.read(0, &mut room)
}

#[test]
fn small_writes_are_atomic_and_large_ones_partial() {
    let (reader, writer) = Pipe::pair();
    assert_eq!(write(&writer, &[1; 65000]), Ok(65000));
    assert_eq!(write(&writer, &[2; 600]), Err(Errno::EAGAIN));
    assert_eq!(write(&writer, &[2; 5000]), Err(Errno::EAGAIN));
    assert_eq!(write(&writer, &[2; 500]), Ok(500));
    assert_eq!(writer.poll(), Events::empty());
    assert_eq!(read(&reader, &mut [0; 4095]), Ok(4095));
    assert_eq!(writer.poll(), Events::empty());
    assert_eq!(write(&writer, &[2; 4096]), Err(Errno::EAGAIN));
    assert_eq!(read(&reader, &mut [0; 1]), Ok(1));
    assert_eq!(writer.poll(), Events::WRITABLE);
    assert_eq!(write(&writer, &[3; 10000]), Ok(4096));
    assert_eq!(write(&writer, &[3; 1]), Err(Errno::EAGAIN));
}

#[test]
fn small_writes_share_a_page() {
    let (reader, writer) = Pipe::pair();
    for _ in 0..65536 {
        assert_eq!(write(&writer, b"x"), Ok(1));
    }
    assert_eq!(write(&writer, b"x"), Err(Errno::EAGAIN));
    assert_eq!(read(&reader, &mut [0; 65536]), Ok(65536));
    assert_eq!(write(&writer, &[0; 70000]), Ok(65536));
}

#[test]
fn the_reader_sees_data_then_the_end() {
    let (reader, writer) = Pipe::pair();
    assert_eq!(read(&reader, &mut [0; 4]), Err(Errno::EAGAIN));
    assert_eq!(read(&reader, &mut []), Ok(0));
    write(&writer, b"abc").unwrap();
    drop(writer);
    assert_eq!(reader.poll(), Events::READABLE | Events::HUP);
    assert_eq!(read(&reader, &mut [0; 4]), Ok(3));
    assert_eq!(reader.poll(), Events::HUP);
    assert_eq!(read(&reader, &mut [0; 4]), Ok(0));
}

#[test]
fn writing_without_a_reader_is_a_broken_pipe() {
    let (reader, writer) = Pipe::pair();
    drop(reader);
    assert_eq!(write(&writer, b"x"), Err(Errno::EPIPE));
    assert_eq!(write(&writer, b""), Ok(0));
    assert_eq!(writer.poll(), Events::WRITABLE | Events::ERR);
}

#[test]
fn ends_refuse_the_other_direction() {
    let (reader, writer) = Pipe::pair();
    assert_eq!(write(&reader, b"x"), Err(Errno::EBADF));
    assert_eq!(read(&writer, &mut [0; 1]), Err(Errno::EBADF));
}

#[test]
fn both_ends_carry_one_number() {
    let (reader, writer) = Pipe::pair();
    assert_eq!(reader.label(), writer.label());
    assert_eq!(reader.metadata().kind, FileType::Fifo);
    write(&writer, b"abc").unwrap();
    assert_eq!(reader.readable_bytes(), Ok(3));
}

#[test]
fn capacity_is_a_power_of_two_within_limits() {
    let (_reader, writer) = Pipe::pair();
    let pipe = writer.pipe();
    assert_eq!(pipe.capacity(), 65536);
    assert_eq!(pipe.set_capacity(5000), Ok(8192));
    write(&writer, &[0; 5000]).unwrap();
    assert_eq!(pipe.buffered(), 5000);
    assert_eq!(pipe.set_capacity(0), Err(Errno::EBUSY));
    assert_eq!(pipe.set_capacity((1 << 20) + 1), Err(Errno::EPERM));
    assert_eq!(pipe.set_capacity(u32::MAX), Err(Errno::EINVAL));
    assert_eq!(pipe.set_capacity(1 << 20), Ok(1 << 20));
}

#[test]
fn a_fifo_hangs_up_only_after_its_first_writer() {
    let fifo = Pipe::new();
    let reader = fifo.open(PipeAccess::Read);
    assert_eq!(reader.poll(), Events::empty());
    assert_eq!(read(&reader, &mut [0; 1]), Ok(0));
    let both = fifo.open(PipeAccess::Both);
    assert_eq!(both.poll(), Events::WRITABLE);
    write(&both, b"x").unwrap();
    drop(both);
    assert_eq!(reader.poll(), Events::READABLE | Events::HUP);
    drop(reader);
    assert_eq!(fifo.buffered(), 0);
    assert!(!fifo.has_readers() && !fifo.has_writers());
}

#[test]
fn waiters_are_told_of_the_change_they_wait_for() {
    let (reader, writer) = Pipe::pair();
    let waker = Waker::noop();
    let to_read = reader.waiters().unwrap();
    to_read.register(Events::IN, Every::Once, waker);
    write(&writer, &[0; 65536]).unwrap();
    assert!(to_read.is_empty());
    let to_write = writer.waiters().unwrap();
    to_write.register(Events::OUT, Every::Once, waker);
    read(&reader, &mut [0; 10]).unwrap();
    assert!(!to_write.is_empty());
    read(&reader, &mut [0; 5000]).unwrap();
    assert!(to_write.is_empty());
    to_write.register(Events::OUT, Every::Once, waker);
    drop(reader);
    assert!(to_write.is_empty());
}

fn packet_pair() -> (Arc<PipeEnd>, Arc<PipeEnd>) {
    let (reader, writer) = Pipe::pair();
    writer.note_flags(OpenFlags::DIRECT).unwrap();
    (reader, writer)
}

#[test]
fn packets_are_read_alone_and_their_rest_is_lost() {
    let (reader, writer) = packet_pair();
    write(&writer, b"abc").unwrap();
    write(&writer, &[7; 5000]).unwrap();
    assert_eq!(read(&reader, &mut [0; 2]), Ok(2));
    assert_eq!(read(&reader, &mut [0; 9000]), Ok(4096));
    assert_eq!(read(&reader, &mut [0; 9000]), Ok(904));
    assert_eq!(read(&reader, &mut [0; 9000]), Err(Errno::EAGAIN));
    write(&writer, b"abc").unwrap();
    writer.note_flags(OpenFlags::empty()).unwrap();
    write(&writer, b"def").unwrap();
    assert_eq!(read(&reader, &mut [0; 9000]), Ok(3));
    assert_eq!(read(&reader, &mut [0; 9000]), Ok(3));
}

#[test]
fn bytes_pass_from_pipe_to_pipe() {
    let (first, second) = (Pipe::pair(), Pipe::pair());
    let (from, to) = (first.1.pipe(), second.1.pipe());
    assert_eq!(from.pass(to, 9, Leave::Rest), Err(Errno::EAGAIN));
    assert!(from.is_waited_for());
    assert_eq!(from.pass(from, 9, Leave::Rest), Err(Errno::EINVAL));
    write(&first.1, b"abcdef").unwrap();
    assert_eq!(from.pass(to, 4, Leave::All), Ok(4));
    assert_eq!(from.pass(to, 4, Leave::Rest), Ok(4));
    let mut bytes = [0; 9];
    assert_eq!(read(&second.0, &mut bytes), Ok(8));
    assert_eq!(&bytes, b"abcdabcd\0");
    assert_eq!(read(&first.0, &mut bytes), Ok(2));
    to.set_capacity(4096).unwrap();
    write(&second.1, b"full").unwrap();
    write(&first.1, b"x").unwrap();
    assert_eq!(from.pass(to, 4, Leave::Rest), Err(Errno::EAGAIN));
    assert!(!from.is_waited_for());
    drop(second.0);
    assert_eq!(from.pass(to, 4, Leave::Rest), Err(Errno::EPIPE));
}

#[test]
fn bytes_that_find_no_place_are_put_back() {
    let (reader, writer) = Pipe::pair();
    let pipe = writer.pipe();
    assert_eq!(pipe.take(9), Err(Errno::EAGAIN));
    write(&writer, b"abcdef").unwrap();
    assert_eq!(pipe.take(4), Ok(b"abcd".to_vec()));
    pipe.put_back(b"cd");
    pipe.put(b"gh");
    let mut bytes = [0; 9];
    assert_eq!(read(&reader, &mut bytes), Ok(6));
    assert_eq!(&bytes[..6], b"cdefgh");
    assert_eq!(pipe.room(), Ok(65536));
    drop(writer);
    assert_eq!(reader.pipe().take(9), Ok(Vec::new()));
}
