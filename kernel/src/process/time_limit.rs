//! `RLIMIT_CPU`: SIGXCPU once the program has used the processor for as long as the soft limit
//! says, and every second from then on; SIGKILL at the hard one.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::task::Waker;
use core::time::Duration;

use abi::resource::{RLIM_INFINITY, RLIMIT_CPU};
use abi::signal::{SigInfo, Signal};
use abi::time::Instant;
use sync::LazyLock;

use super::timers::Base;
use super::{Process, signal};
use crate::timer::Alarm;

/// What looks at the time that was used.
#[derive(Debug)]
struct Watch {
    alarm: Alarm,
}

static WATCH: LazyLock<Arc<Watch>> = LazyLock::new(|| Arc::new(Watch { alarm: Alarm::new() }));

/// Looks at the limit, which has changed.
pub(crate) fn changed() {
    let limit = Process::current().limits.lock().soft(RLIMIT_CPU);
    if limit == RLIM_INFINITY {
        WATCH.alarm.disarm();
    } else {
        WATCH.arm(limit);
    }
}

/// The point on the clock of processor time at which so many seconds are used.
fn used(seconds: u64) -> Instant {
    Instant::default() + Duration::from_secs(seconds)
}

impl Watch {
    fn arm(self: &Arc<Self>, seconds: u64) {
        let soonest = Base::ProcessCpu.soonest(used(seconds));
        self.alarm.arm_at(soonest, Waker::from(self.clone()));
    }
}

impl Wake for Watch {
    fn wake(self: Arc<Self>) {
        let now = Base::ProcessCpu.now();
        let process = Process::current();
        let (soft, next, is_over) = {
            let mut limits = process.limits.lock();
            let Ok(mut limit) = limits.get(RLIMIT_CPU) else { return };
            let soft = limit.rlim_cur;
            let is_over = now >= used(limit.rlim_max);
            if now >= used(soft) && !is_over {
                limit.rlim_cur = soft.saturating_add(1).min(limit.rlim_max);
                // The soft limit stays within the hard one, so it can be set.
                let _ = limits.set(RLIMIT_CPU, limit, true);
            }
            (soft, limit.rlim_cur, is_over)
        };
        if is_over {
            // The last signal, which is never refused.
            let _ = signal::send_to_process(SigInfo::from_kernel(Signal::SIGKILL));
            return;
        }
        if now >= used(soft) {
            // One that is pending already will do as well.
            let _ = signal::send_to_process(SigInfo::from_kernel(Signal::SIGXCPU));
        }
        if next != RLIM_INFINITY {
            self.arm(next);
        }
    }
}
