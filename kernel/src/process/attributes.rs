//! What a program sets of itself with `prctl(2)` and is told again.
//!
//! But for the capabilities that it keeps, none of it decides anything: there is no parent to die
//! and no child to adopt, no core file, no program with other privileges to run, no memory that is
//! known to fail, and timers are as exact as the clock.

/// Nanoseconds by which Linux may be late with a timer unless told otherwise.
pub(crate) const DEFAULT_TIMER_SLACK: u64 = 50_000;

/// The attributes.
#[derive(Debug)]
pub(crate) struct Attributes {
    /// PR_SET_DUMPABLE.
    pub(crate) is_dumpable: bool,
    /// PR_SET_KEEPCAPS.
    pub(crate) keeps_capabilities: bool,
    /// PR_SET_NO_NEW_PRIVS.
    pub(crate) has_no_new_privileges: bool,
    /// PR_SET_PDEATHSIG; 0 for none.
    pub(crate) parent_death_signal: u32,
    /// PR_SET_TIMERSLACK, in nanoseconds.
    pub(crate) timer_slack: u64,
    /// PR_SET_CHILD_SUBREAPER.
    pub(crate) is_subreaper: bool,
    /// PR_MCE_KILL: `PR_MCE_KILL_` when to kill it for memory that failed.
    pub(crate) memory_failure: u64,
}

impl Attributes {
    /// Returns what a program starts with.
    pub(crate) const fn new() -> Self {
        Self {
            is_dumpable: true,
            keeps_capabilities: false,
            has_no_new_privileges: false,
            parent_death_signal: 0,
            timer_slack: DEFAULT_TIMER_SLACK,
            is_subreaper: false,
            memory_failure: 2,
        }
    }
}
