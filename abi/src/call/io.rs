//! Reading and writing through descriptors.

use linux_raw_sys::general;

use super::Data::{Bytes, One, Vectors};
use super::Kind::{Fd, In, InOut, Int, Nothing, Offset, Out, Size};
use super::Length::{Given, Returned};
use super::names::{self, choice, flags};
use super::{Kind, calls};

const SYNC_RANGE: Kind = flags!(general:
    SYNC_FILE_RANGE_WAIT_BEFORE SYNC_FILE_RANGE_WRITE SYNC_FILE_RANGE_WAIT_AFTER);
const FILE_ADVICE: Kind = choice!(general:
    POSIX_FADV_NORMAL POSIX_FADV_RANDOM POSIX_FADV_SEQUENTIAL POSIX_FADV_WILLNEED
    POSIX_FADV_DONTNEED POSIX_FADV_NOREUSE);
const SPLICE: Kind = flags!(general:
    SPLICE_F_MOVE SPLICE_F_NONBLOCK SPLICE_F_MORE SPLICE_F_GIFT);

calls! {
    read(fd: Fd, buf: Out(Bytes(Returned)), count: Size) -> Size;
    write(fd: Fd, buf: In(Bytes(Given(count))), count: Size) -> Size;
    pread64(fd: Fd, buf: Out(Bytes(Returned)), count: Size, offset: Offset) -> Size;
    pwrite64(fd: Fd, buf: In(Bytes(Given(count))), count: Size, offset: Offset) -> Size;
    readv(fd: Fd, iov: Out(Vectors(Given(iovcnt))), iovcnt: Int) -> Size;
    writev(fd: Fd, iov: In(Vectors(Given(iovcnt))), iovcnt: Int) -> Size;
    preadv(fd: Fd, iov: Out(Vectors(Given(iovcnt))), iovcnt: Int, offset: Offset) -> Size;
    pwritev(fd: Fd, iov: In(Vectors(Given(iovcnt))), iovcnt: Int, offset: Offset) -> Size;
    preadv2(fd: Fd, iov: Out(Vectors(Given(iovcnt))), iovcnt: Int, offset: Offset,
        offset_high: Nothing, flags: names::READ_WRITE) -> Size;
    pwritev2(fd: Fd, iov: In(Vectors(Given(iovcnt))), iovcnt: Int, offset: Offset,
        offset_high: Nothing, flags: names::READ_WRITE) -> Size;
    lseek(fd: Fd, offset: Offset, whence: names::WHENCE) -> Offset;
    sendfile(out_fd: Fd, in_fd: Fd, offset: InOut(One(&Offset)), count: Size) -> Size;
    copy_file_range(fd_in: Fd, off_in: InOut(One(&Offset)), fd_out: Fd,
        off_out: InOut(One(&Offset)), len: Size, flags: Kind::Bits) -> Size;
    splice(fd_in: Fd, off_in: InOut(One(&Offset)), fd_out: Fd, off_out: InOut(One(&Offset)),
        len: Size, flags: SPLICE) -> Size;
    tee(fd_in: Fd, fd_out: Fd, len: Size, flags: SPLICE) -> Size;
    vmsplice(fd: Fd, iov: In(Vectors(Given(nr_segs))), nr_segs: Size, flags: SPLICE) -> Size;
    fsync(fd: Fd) -> Nothing;
    fdatasync(fd: Fd) -> Nothing;
    sync() -> Nothing;
    syncfs(fd: Fd) -> Nothing;
    sync_file_range(fd: Fd, offset: Offset, nbytes: Offset, flags: SYNC_RANGE) -> Nothing;
    fadvise64(fd: Fd, offset: Offset, len: Offset, advice: FILE_ADVICE) -> Nothing;
    readahead(fd: Fd, offset: Offset, count: Size) -> Nothing;
}
