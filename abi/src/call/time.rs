//! Clocks and timers.

use linux_raw_sys::general;

use super::Data::{Bytes, One};
use super::Kind::{Clock, In, InOut, Int, Long, Nothing, Out, Uint};
use super::Length::Fixed;
use super::names::{choice, flags};
use super::shape::{ITIMERSPEC, ITIMERVAL, SIGEVENT, TIMESPEC, TIMEVAL, TIMEZONE};
use super::{Kind, calls};

const ABSOLUTE: Kind = flags!(general: TIMER_ABSTIME);
const INTERVAL_TIMER: Kind = choice!(general: ITIMER_REAL ITIMER_VIRTUAL ITIMER_PROF);
const TIMEX: Kind = InOut(Bytes(Fixed(208)));

calls! {
    clock_gettime(clockid: Clock, tp: Out(One(&TIMESPEC))) -> Nothing;
    clock_getres(clockid: Clock, res: Out(One(&TIMESPEC))) -> Nothing;
    clock_settime(clockid: Clock, tp: In(One(&TIMESPEC))) -> Nothing;
    clock_adjtime(clockid: Clock, buf: TIMEX) -> Int;
    adjtimex(buf: TIMEX) -> Int;
    gettimeofday(tv: Out(One(&TIMEVAL)), tz: Out(One(&TIMEZONE))) -> Nothing;
    settimeofday(tv: In(One(&TIMEVAL)), tz: In(One(&TIMEZONE))) -> Nothing;
    time(tloc: Out(One(&Long))) -> Long;
    nanosleep(duration: In(One(&TIMESPEC)), rem: Out(One(&TIMESPEC))) -> Nothing;
    clock_nanosleep(clockid: Clock, flags: ABSOLUTE, t: In(One(&TIMESPEC)),
        remain: Out(One(&TIMESPEC))) -> Nothing;
    timer_create(clockid: Clock, sevp: In(One(&SIGEVENT)), timerid: Out(One(&Int))) -> Nothing;
    timer_settime(timerid: Int, flags: ABSOLUTE, new_value: In(One(&ITIMERSPEC)),
        old_value: Out(One(&ITIMERSPEC))) -> Nothing;
    timer_gettime(timerid: Int, curr_value: Out(One(&ITIMERSPEC))) -> Nothing;
    timer_getoverrun(timerid: Int) -> Int;
    timer_delete(timerid: Int) -> Nothing;
    setitimer(which: INTERVAL_TIMER, new_value: In(One(&ITIMERVAL)),
        old_value: Out(One(&ITIMERVAL))) -> Nothing;
    getitimer(which: INTERVAL_TIMER, curr_value: Out(One(&ITIMERVAL))) -> Nothing;
    alarm(seconds: Uint) -> Uint;
}
