//! What the kernel does besides serving calls: devices and timers.
//!
//! Runs on the way back to the application after an interrupt and in the idle loop, with no lock
//! held; whatever an interrupt handler noted is taken up here.

use crate::drivers::power;
use crate::file::console;
use crate::network::{self, Load};
use crate::{control, timer, trace};

/// Serves whatever is due. `load` says whether threads wait for the processor meanwhile.
pub(crate) fn run(load: Load) {
    timer::expire();
    control::serve();
    power::serve();
    console::serve();
    network::serve(load);
    trace::serve(load);
}
