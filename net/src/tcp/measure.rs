//! What is measured of a connection: round-trip times (RFC 6298), and what `TCP_INFO` tells of
//! the past.

use core::time::Duration;

use abi::time::Instant;

use super::port::Sent;
use crate::wire::tcp::is_before;

/// The least retransmission timeout, Linux's `TCP_RTO_MIN`. RFC 6298 says a second, of clocks that
/// were coarse.
pub(super) const RTO_MIN: Duration = Duration::from_millis(200);
/// A round trip of which the first timeout is RFC 6298's second, for as long as none was measured.
const ASSUMED: Duration = Duration::from_millis(333);

/// Measurements of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measures {
    round_trip: Option<RoundTrip>,
    /// A segment that was sent once: the number behind it, and when it went out.
    timed: Option<(u32, Instant)>,
    /// Segments sent again.
    pub(super) retransmits: u32,
    /// When data was sent last.
    pub(super) sent: Instant,
    /// When data was received last.
    pub(super) received: Instant,
}

/// `SRTT` and `RTTVAR` of RFC 6298, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct RoundTrip {
    smoothed: u64,
    variation: u64,
}

impl Measures {
    /// Returns the measurements of a connection whose handshake took `round_trip`, if that is
    /// known (RFC 6298 §3: not if anything was sent twice).
    pub(super) fn new(round_trip: Option<Duration>, now: Instant) -> Self {
        let mut new =
            Self { round_trip: None, timed: None, retransmits: 0, sent: now, received: now };
        let nanos = round_trip.map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        nanos.into_iter().for_each(|sample| new.sample(sample));
        new
    }

    /// RFC 6298 §2.
    fn sample(&mut self, nanos: u64) {
        // Above an hour there is no telling, and nothing overflows below.
        let sample = nanos.min(1 << 42);
        self.round_trip = Some(match self.round_trip {
            None => RoundTrip { smoothed: sample, variation: sample / 2 },
            Some(RoundTrip { smoothed, variation }) => RoundTrip {
                smoothed: (smoothed * 7 + sample) / 8,
                variation: (variation * 3 + smoothed.abs_diff(sample)) / 4,
            },
        });
    }

    /// Takes note of what was sent since there was `before`.
    pub(super) fn note_sent(&mut self, before: &Sent, after: &Sent, now: Instant) {
        if is_before(before.highest, after.highest) {
            self.sent = now;
            self.timed = self.timed.or(Some((after.highest, now)));
        }
        if after.repeated != before.repeated {
            let count = after.repeated.wrapping_sub(before.repeated);
            self.retransmits = self.retransmits.wrapping_add(count);
            // Whose acknowledgement comes cannot be told (Karn's algorithm, RFC 6298 §3).
            self.timed = None;
        }
    }

    /// Takes note that the peer has all before `acknowledged`.
    pub(super) fn note_acknowledged(&mut self, acknowledged: u32, now: Instant) {
        if let Some((end, at)) = self.timed
            && !is_before(acknowledged, end)
        {
            self.timed = None;
            self.sample(now.as_nanos().saturating_sub(at.as_nanos()));
        }
    }

    /// Returns the smoothed round-trip time, or what is assumed of it.
    pub(super) fn round_trip(&self) -> Duration {
        self.round_trip.map_or(ASSUMED, |own| Duration::from_nanos(own.smoothed))
    }

    /// Returns the round-trip time and its variation, zero before there is one.
    pub(super) fn shown(&self) -> (Duration, Duration) {
        let shown = |RoundTrip { smoothed, variation }| {
            (Duration::from_nanos(smoothed), Duration::from_nanos(variation))
        };
        self.round_trip.map_or_else(Default::default, shown)
    }

    /// Returns the retransmission timeout.
    pub(super) fn timeout(&self) -> Duration {
        self.round_trip.map_or(ASSUMED * 3, |RoundTrip { smoothed, variation }| {
            Duration::from_nanos(smoothed) + Duration::from_nanos(variation * 4).max(RTO_MIN)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn sent(highest: u32, repeated: u32) -> Sent {
        Sent { highest, repeated, ..Sent::default() }
    }

    #[test]
    fn round_trips_are_smoothed_and_repetitions_not_timed() {
        let mut own = Measures::new(Some(Duration::from_millis(80)), at(0));
        assert_eq!(own.shown(), (Duration::from_millis(80), Duration::from_millis(40)));
        own.note_sent(&sent(100, 0), &sent(200, 0), at(10));
        own.note_sent(&sent(200, 0), &sent(300, 0), at(20));
        own.note_acknowledged(150, at(30));
        own.note_acknowledged(300, at(170));
        assert_eq!(own.shown(), (Duration::from_millis(90), Duration::from_millis(50)));
        own.note_sent(&sent(300, 0), &sent(400, 0), at(200));
        own.note_sent(&sent(400, 0), &sent(400, 1), at(500));
        own.note_acknowledged(400, at(900));
        assert_eq!(own.shown().0, Duration::from_millis(90));
        assert_eq!(own.retransmits, 1);
    }

    #[test]
    fn the_first_timeout_is_a_second() {
        let timeout = Measures::new(None, at(0)).timeout();
        assert!(timeout.abs_diff(Duration::from_secs(1)) < Duration::from_millis(2));
        let near = Measures::new(Some(Duration::from_micros(30)), at(0)).timeout();
        assert!(near.abs_diff(RTO_MIN) < Duration::from_millis(1));
    }
}
