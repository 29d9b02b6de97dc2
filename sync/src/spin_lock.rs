//! The lock for short sections, and what a processor does while it waits for another.

use core::hint;

use spin::Once;

/// Guards a value for as long as it lives; derefs to the value.
pub type SpinLockGuard<'a, T> = spin::MutexGuard<'a, T>;

/// A lock whose waiters spin. Sections under it are short and never sleep.
#[derive(Debug, Default)]
pub struct SpinLock<T: ?Sized>(spin::Mutex<T>);

/// Turns without the lock after which it is taken for dead: tens of seconds.
const PATIENCE: u32 = 1 << 28;

static WHILE_WAITING: Once<fn()> = Once::new();

/// Sets what every processor does while it waits for another, once. It is called with locks held
/// and takes none.
///
/// The kernel runs with interrupts off, so a processor that waits would not hear what another asks
/// of it, perhaps the one it waits for.
pub fn set_while_waiting(serve: fn()) {
    WHILE_WAITING.call_once(|| serve);
}

/// One turn of a loop that waits for another processor.
#[inline]
pub fn relax() {
    if let Some(serve) = WHILE_WAITING.get() {
        serve();
    }
    hint::spin_loop();
}

impl<T> SpinLock<T> {
    /// Returns an unlocked lock around `value`.
    pub const fn new(value: T) -> Self {
        Self(spin::Mutex::new(value))
    }

    /// Returns the value, consuming the lock.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> SpinLock<T> {
    /// Locks, spinning until the lock is free.
    ///
    /// # Panics
    /// After tens of seconds: two locks that are waited for in both orders end in a report, not in
    /// silence.
    #[inline]
    pub fn lock(&self) -> SpinLockGuard<'_, T> {
        match self.0.try_lock() {
            Some(guard) => guard,
            None => self.wait(),
        }
    }

    #[cold]
    #[inline(never)]
    fn wait(&self) -> SpinLockGuard<'_, T> {
        let mut turns = 0;
        loop {
            while self.0.is_locked() {
                assert!(turns < PATIENCE, "a lock is never released");
                turns += 1;
                relax();
            }
            if let Some(guard) = self.0.try_lock() {
                return guard;
            }
        }
    }

    /// Locks if the lock is free.
    #[inline]
    pub fn try_lock(&self) -> Option<SpinLockGuard<'_, T>> {
        self.0.try_lock()
    }

    /// Returns the value without locking, which exclusive access allows.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}
