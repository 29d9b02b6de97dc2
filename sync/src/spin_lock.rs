//! The lock for short sections.

/// Guards a value for as long as it lives; derefs to the value.
pub type SpinLockGuard<'a, T> = spin::MutexGuard<'a, T>;

/// A lock whose waiters spin. Sections under it are short and never sleep.
#[derive(Debug, Default)]
pub struct SpinLock<T: ?Sized>(spin::Mutex<T>);

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
    #[inline]
    pub fn lock(&self) -> SpinLockGuard<'_, T> {
        self.0.lock()
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
