//! Random numbers: ChaCha20, seeded from what the machine offers.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use sync::{Once, SpinLock};

use crate::arch::{cpu, rtc};

/// A leaf lock.
static GENERATOR: Once<SpinLock<ChaCha20Rng>> = Once::new();

/// Mixes a 64-bit value (the finalizer of SplitMix64).
const fn mix(value: u64) -> u64 {
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

/// Seeds the generator from `entropy`, the processor's generator and the clocks.
pub(crate) fn start(entropy: &[u8; 32]) {
    let mut seed = *entropy;
    let mut state = rtc::seconds_since_epoch();
    for chunk in seed.chunks_exact_mut(8) {
        state = mix(state ^ cpu::time_stamp());
        let word = state ^ cpu::random().unwrap_or(0);
        for (byte, mask) in chunk.iter_mut().zip(word.to_le_bytes()) {
            *byte ^= mask;
        }
    }
    GENERATOR.call_once(|| SpinLock::new(ChaCha20Rng::from_seed(seed)));
}

/// Fills a buffer with random bytes.
pub(crate) fn fill(bytes: &mut [u8]) {
    if let Some(generator) = GENERATOR.get() {
        generator.lock().fill_bytes(bytes);
    }
}

/// Returns 64 random bits.
pub(crate) fn next_u64() -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
