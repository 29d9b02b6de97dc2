//! Timers of connections: retransmission, keep-alive, giving up, resting.

use alloc::sync::Arc;
use core::time::Duration;

use abi::Errno;
use abi::poll::Events;
use abi::time::Instant;
use smoltcp::socket::tcp::State as Phase;

use super::connection::Connection;
use super::interface::PACE;
use super::measure::RTO_MIN;
use super::{Inner, State, Tcp};
use crate::options::Options;
use crate::wire::tcp::ACK;

/// smoltcp waits no longer than this before it sends again (its `RTTE_MAX_RTO`).
const ENGINE_MAX: Duration = Duration::from_secs(60 / PACE as u64);
/// The longest wait before sending again (RFC 6298 §2.5).
const RTO_MAX: Duration = Duration::from_secs(60);
/// How long a connection is idle before it gives its engine up.
const REST: Duration = Duration::from_secs(2);
/// How long unacknowledged data is sent again (`tcp_retries2`: 15 times).
const GIVE_UP: Duration = Duration::from_secs(924);
/// The same if no program knows of the connection (`tcp_orphan_retries`).
const GIVE_UP_ORPHAN: Duration = Duration::from_secs(100);
/// A timer that cannot do its work yet is not tried again sooner.
const STEP: Duration = Duration::from_millis(1);

impl Tcp {
    /// Makes the timer come at `at` at the latest.
    pub(super) fn arm(self: &Arc<Self>, inner: &mut Inner, at: Instant) {
        if inner.timer.is_none_or(|timer| at < timer) {
            self.stack.set_timer(inner.timer, at, self.id, Arc::downgrade(self));
            inner.timer = Some(at);
        }
    }

    /// Makes the timer come when the connection next needs it.
    pub(super) fn reschedule(self: &Arc<Self>, inner: &mut Inner, now: Instant) {
        // The engine's timers are no sooner than this, the others set theirs themselves.
        if inner.timer.is_some_and(|timer| timer <= now + RTO_MIN) {
            return;
        }
        self.reschedule_fully(inner, now);
    }

    fn reschedule_fully(self: &Arc<Self>, inner: &mut Inner, now: Instant) {
        let at = match &mut inner.state {
            State::Connecting(connecting) => Some(connecting.next_try()),
            State::Open(connection) if !connection.is_over => {
                connection.deadline(&inner.options, inner.is_orphan, now)
            }
            _ => None,
        };
        if let Some(at) = at {
            self.arm(inner, at.max(now + STEP));
        }
    }

    /// Does what is due.
    pub(crate) fn timer_fired(self: &Arc<Self>, now: Instant) {
        let mut inner = self.inner.lock();
        inner.timer = None;
        let events = match &inner.state {
            State::Connecting(_) => self.connect_again(&mut inner, now),
            State::Open(connection) if !connection.is_over => self.open_timer(&mut inner, now),
            _ => Events::empty(),
        };
        drop(inner);
        if !events.is_empty() {
            self.waiters.wake(events);
        }
    }

    fn open_timer(self: &Arc<Self>, inner: &mut Inner, now: Instant) -> Events {
        let is_orphan = inner.is_orphan;
        let Inner { state: State::Open(connection), options, .. } = inner else {
            return Events::empty();
        };
        if connection.is_given_up(options, is_orphan, now) {
            return self.fail(inner, Errno::ETIMEDOUT, now);
        }
        if let Some(at) = connection.orphan_deadline(options, is_orphan)
            && at <= now
        {
            self.end(inner, None, now);
            return Events::empty();
        }
        if connection.corked_until.is_some_and(|until| until <= now) {
            connection.corked_until = None;
        }
        if let Some(at) = connection.keep_alive_deadline(options)
            && at <= now
        {
            if connection.probes >= options.keep_count {
                self.reset(inner, now);
                return self.fail(inner, Errno::ETIMEDOUT, now);
            }
            connection.probes += 1;
            self.send_control(inner, ACK, 1, now);
        }
        self.push(inner, now);
        if let State::Open(connection) = &mut inner.state
            && connection.is_quiet()
            && now.since(connection.used) >= REST
        {
            connection.rest(&self.stack);
        }
        self.reschedule_fully(inner, now);
        Events::empty()
    }

    /// Sends the acknowledgement that is owed, if it still is.
    pub(crate) fn acknowledge(self: &Arc<Self>, now: Instant) {
        let mut inner = self.inner.lock();
        let State::Open(connection) = &mut inner.state else { return };
        connection.is_delayed = false;
        if connection.is_over {
            return;
        }
        if connection.owes_acknowledgement() {
            self.push(&mut inner, now);
        }
        // An engine that was built meanwhile knows of nothing that is owed.
        if matches!(&inner.state, State::Open(connection) if connection.owes_acknowledgement()) {
            self.send_control(&mut inner, ACK, 0, now);
        }
        self.reschedule(&mut inner, now);
    }

    /// Sends what a full ring held back.
    pub(crate) fn resume(self: &Arc<Self>, now: Instant) {
        self.leave_list(|connection| &mut connection.is_starved, now);
    }

    /// Sends what was held back to go out with more.
    pub(crate) fn send_gathered(self: &Arc<Self>, now: Instant) {
        self.leave_list(|connection| &mut connection.is_gathered, now);
    }

    /// Notes that the connection is not in one of the stack's lists any more, and sends what it may.
    fn leave_list(self: &Arc<Self>, is_listed: fn(&mut Connection) -> &mut bool, now: Instant) {
        let mut inner = self.inner.lock();
        let State::Open(connection) = &mut inner.state else { return };
        *is_listed(connection) = false;
        if !connection.is_over {
            self.push(&mut inner, now);
            self.reschedule(&mut inner, now);
        }
    }

    /// Looks at the options again: what they time may come earlier now.
    pub(crate) fn retime(self: &Arc<Self>, now: Instant) {
        let mut inner = self.inner.lock();
        self.reschedule_fully(&mut inner, now);
    }
}

impl Connection {
    fn is_waiting(&self) -> bool {
        self.unacknowledged() > 0
            || matches!(self.phase(), Phase::FinWait1 | Phase::Closing | Phase::LastAck)
    }

    fn limit(options: &Options, is_orphan: bool) -> Duration {
        match options.user_timeout {
            0 if is_orphan => GIVE_UP_ORPHAN,
            0 => GIVE_UP,
            millis => Duration::from_millis(u64::from(millis)),
        }
    }

    fn is_given_up(&self, options: &Options, is_orphan: bool, now: Instant) -> bool {
        self.is_waiting() && now.since(self.progress) >= Self::limit(options, is_orphan)
    }

    fn orphan_deadline(&self, options: &Options, is_orphan: bool) -> Option<Instant> {
        (is_orphan && self.phase() == Phase::FinWait2)
            .then(|| self.heard + Tcp::orphan_timeout(options))
    }

    fn keep_alive_deadline(&self, options: &Options) -> Option<Instant> {
        let seconds = |count: u32| Duration::from_secs(u64::from(count));
        let is_idle = options.keep_alive && !self.is_waiting();
        is_idle.then(|| {
            let probes = seconds(options.keep_interval.saturating_mul(self.probes));
            self.heard + seconds(options.keep_idle) + probes
        })
    }

    fn engine_deadline(&mut self, now: Instant) -> Option<Instant> {
        let current = self.current();
        let is_unsent = self.unacknowledged() > 0;
        let engine = self.engine.as_mut()?;
        let mut deadline = engine.deadline(now);
        if deadline.is_none() && is_unsent {
            engine.remind_of_window(&current, now);
            deadline = engine.deadline(now);
        }
        // As if the wait were doubled on, beyond what smoltcp doubles it to.
        let waited = now.since(self.progress);
        let is_long = is_unsent && waited > ENGINE_MAX;
        deadline.map(|at| if is_long { at.max(now + waited.min(RTO_MAX)) } else { at })
    }

    fn deadline(&mut self, options: &Options, is_orphan: bool, now: Instant) -> Option<Instant> {
        let give_up = self.is_waiting().then(|| self.progress + Self::limit(options, is_orphan));
        let rest = (self.engine.is_some() && self.is_quiet()).then(|| self.used + REST);
        let orphan = self.orphan_deadline(options, is_orphan);
        let keep_alive = self.keep_alive_deadline(options);
        let is_held =
            self.is_delayed || self.is_starved || self.is_gathered || self.corked_until.is_some();
        let engine = if is_held { None } else { self.engine_deadline(now) };
        [give_up, rest, orphan, keep_alive, self.corked_until, engine].into_iter().flatten().min()
    }
}
