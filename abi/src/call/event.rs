//! Waiting for descriptors, and descriptors made to be waited for.

use linux_raw_sys::general;

use super::Data::{Descriptors, Many, One};
use super::Kind::{Clock, Fd, In, InOut, Int, Nothing, Out, Size, Uint};
use super::Length::{Fixed, Given, Returned};
use super::names::{NEW_DESCRIPTOR, choice, flags};
use super::shape::{EPOLL_EVENT, ITIMERSPEC, POLLFD, TIMESPEC, TIMEVAL};
use super::{Data, Kind, calls, missing};

const EPOLL_OPERATION: Kind = choice!(general: EPOLL_CTL_ADD EPOLL_CTL_DEL EPOLL_CTL_MOD);
const NEW_EPOLL: Kind = flags!(general: EPOLL_CLOEXEC);
const NEW_EVENT: Kind = flags!(general: EFD_SEMAPHORE EFD_CLOEXEC EFD_NONBLOCK);
const NEW_TIMER: Kind = flags!(general: TFD_CLOEXEC TFD_NONBLOCK);
const TIMER: Kind = flags!(general: TFD_TIMER_ABSTIME TFD_TIMER_CANCEL_ON_SET);
const NEW_PIPE: Kind = flags!(general: O_CLOEXEC O_NONBLOCK O_DIRECT);
const NEW_SIGNAL: Kind = flags!(missing: SFD_CLOEXEC SFD_NONBLOCK);
const MASK: Kind = In(One(&Kind::SignalSet));

calls! {
    poll(fds: InOut(Many(&POLLFD, Given(nfds))), nfds: Uint, timeout: Int) -> Int;
    ppoll(fds: InOut(Many(&POLLFD, Given(nfds))), nfds: Uint, tmo_p: InOut(One(&TIMESPEC)),
        sigmask: MASK, sigsetsize: Size) -> Int;
    select(nfds: Int, readfds: InOut(Descriptors(Given(nfds))),
        writefds: InOut(Descriptors(Given(nfds))), exceptfds: InOut(Descriptors(Given(nfds))),
        timeout: InOut(One(&TIMEVAL))) -> Int;
    pselect6(nfds: Int, readfds: InOut(Descriptors(Given(nfds))),
        writefds: InOut(Descriptors(Given(nfds))), exceptfds: InOut(Descriptors(Given(nfds))),
        timeout: InOut(One(&TIMESPEC)), sigmask: In(Data::MaskAndSize)) -> Int;
    epoll_create(size: Int) -> Fd;
    epoll_create1(flags: NEW_EPOLL) -> Fd;
    epoll_ctl(epfd: Fd, op: EPOLL_OPERATION, fd: Fd, event: In(One(&EPOLL_EVENT))) -> Nothing;
    epoll_wait(epfd: Fd, events: Out(Many(&EPOLL_EVENT, Returned)), maxevents: Int,
        timeout: Int) -> Int;
    epoll_pwait(epfd: Fd, events: Out(Many(&EPOLL_EVENT, Returned)), maxevents: Int, timeout: Int,
        sigmask: MASK, sigsetsize: Size) -> Int;
    epoll_pwait2(epfd: Fd, events: Out(Many(&EPOLL_EVENT, Returned)), maxevents: Int,
        timeout: In(One(&TIMESPEC)), sigmask: MASK, sigsetsize: Size) -> Int;
    pipe(pipefd: Out(Many(&Fd, Fixed(2)))) -> Nothing;
    pipe2(pipefd: Out(Many(&Fd, Fixed(2))), flags: NEW_PIPE) -> Nothing;
    eventfd(initval: Uint) -> Fd;
    eventfd2(initval: Uint, flags: NEW_EVENT) -> Fd;
    signalfd(fd: Fd, mask: MASK, sizemask: Size) -> Fd;
    signalfd4(fd: Fd, mask: MASK, sizemask: Size, flags: NEW_SIGNAL) -> Fd;
    timerfd_create(clockid: Clock, flags: NEW_TIMER) -> Fd;
    timerfd_settime(fd: Fd, flags: TIMER, new_value: In(One(&ITIMERSPEC)),
        old_value: Out(One(&ITIMERSPEC))) -> Nothing;
    timerfd_gettime(fd: Fd, curr_value: Out(One(&ITIMERSPEC))) -> Nothing;
    userfaultfd(flags: NEW_DESCRIPTOR) -> Fd;
}
