//! The only code that touches a program's memory.
//!
//! Every access is checked against the application's half of the address space and goes through
//! instructions with a fix-up, so a bad pointer is `EFAULT` and never a fault of the kernel.

use alloc::vec::Vec;
use core::cell::Cell;
use core::marker::PhantomData;
use core::sync::atomic::Ordering;

use abi::io::{Sink, Source};
use abi::{Errno, Result};
use mm::PAGE_SIZE;
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::arch::cpu::Cpu;
use crate::arch::index;
use crate::arch::user as access;

/// The end of the application's half.
pub(crate) const END: u64 = 0x7fff_ffff_f000;
/// How much of a transfer's memory is made present at a time, in bytes.
const WINDOW: u64 = 1 << 20;

/// Returns whether a fault in an access may be resolved, which takes locks.
pub(crate) fn may_resolve_faults() -> bool {
    !Cpu::current().is_access_atomic.load(Ordering::Relaxed)
}

/// Runs accesses whose faults are not resolved but fail at once: locks may be held. It does not
/// sleep, so it stays on its processor.
pub(crate) fn atomically<T>(access: impl FnOnce() -> T) -> T {
    let is_atomic = &Cpu::current().is_access_atomic;
    let before = is_atomic.swap(true, Ordering::Relaxed);
    let result = access();
    is_atomic.store(before, Ordering::Relaxed);
    result
}

/// A program's claim that a `T` is at an address; using it is the check.
#[derive(Debug)]
pub(crate) struct UserPtr<T> {
    address: u64,
    target: PhantomData<Cell<T>>,
}

impl<T> Clone for UserPtr<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for UserPtr<T> {}

impl<T> UserPtr<T> {
    /// Makes a claim of an address.
    pub(crate) const fn new(address: u64) -> Self {
        Self { address, target: PhantomData }
    }

    /// Returns the address.
    pub(crate) const fn address(self) -> u64 {
        self.address
    }

    /// Returns whether it is the null pointer.
    pub(crate) const fn is_null(self) -> bool {
        self.address == 0
    }

    /// Returns the claim, `None` for the null pointer.
    pub(crate) const fn non_null(self) -> Option<Self> {
        if self.is_null() { None } else { Some(self) }
    }

    /// Returns the claim on the `index`th element of an array that begins here.
    pub(crate) const fn at(self, index: usize) -> Self {
        Self::new(self.address.wrapping_add((index * size_of::<T>()) as u64))
    }

    /// Returns the same address as a claim of another type.
    pub(crate) const fn cast<U>(self) -> UserPtr<U> {
        UserPtr::new(self.address)
    }
}

impl<T: FromBytes + IntoBytes> UserPtr<T> {
    /// Copies the value in.
    ///
    /// # Errors
    /// `EFAULT` if it is not all there.
    pub(crate) fn read(self) -> Result<T> {
        let mut value = T::new_zeroed();
        read_bytes(self.address, value.as_mut_bytes())?;
        Ok(value)
    }

    /// Copies values in until `values` is full.
    ///
    /// # Errors
    /// `EFAULT` if they are not all there.
    pub(crate) fn read_slice(self, values: &mut [T]) -> Result<()> {
        read_bytes(self.address, values.as_mut_bytes())
    }

    /// Copies a structure in that the program knows as `size` bytes long, which may be a longer one
    /// of a newer system if the rest is zero.
    ///
    /// # Errors
    /// `EINVAL` for less than the structure, `E2BIG` for more than a page or what is not known,
    /// `EFAULT`.
    pub(crate) fn read_sized(self, size: usize) -> Result<T> {
        const PAGE: usize = 4096;
        let rest = size.checked_sub(size_of::<T>()).ok_or(Errno::EINVAL)?;
        if size > PAGE {
            return Err(Errno::E2BIG);
        }
        let value = self.read()?;
        let rest = self.at(1).cast::<u8>().read_array(rest)?;
        if rest.iter().all(|&byte| byte == 0) { Ok(value) } else { Err(Errno::E2BIG) }
    }

    /// Copies `count` values in.
    ///
    /// # Errors
    /// `EFAULT` if they are not all there.
    pub(crate) fn read_array(self, count: usize) -> Result<Vec<T>> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let length = count.checked_mul(size_of::<T>()).ok_or(Errno::EFAULT)?;
        check(self.address, length)?;
        let mut values = Vec::new();
        values.try_reserve_exact(count).map_err(|_| Errno::ENOMEM)?;
        values.resize_with(count, T::new_zeroed);
        read_bytes(self.address, values.as_mut_slice().as_mut_bytes())?;
        Ok(values)
    }

    /// Copies `count` values in, each of which `check` must find right. Where they are not all
    /// there, what is wrong with those before counts.
    ///
    /// # Errors
    /// That of `check`; as [`read_array`](Self::read_array).
    pub(crate) fn read_each(
        self,
        count: usize,
        check: impl Fn(&T) -> Result<()>,
    ) -> Result<Vec<T>> {
        match self.read_array(count) {
            Ok(values) => values.iter().try_for_each(&check).map(|()| values),
            Err(Errno::EFAULT) => {
                let mut each = (0..count).map(|place| self.at(place).read());
                each.try_for_each(|value| check(&value?))?;
                Err(Errno::EFAULT)
            }
            Err(errno) => Err(errno),
        }
    }
}

impl<T: IntoBytes + Immutable> UserPtr<T> {
    /// Copies a value out.
    ///
    /// # Errors
    /// `EFAULT` if the program's memory cannot take all of it.
    pub(crate) fn write(self, value: &T) -> Result<()> {
        let size = size_of::<T>() as u64;
        // A number is stored as a whole or not at all, unlike a structure.
        let is_number = size_of::<T>() == align_of::<T>();
        if is_number && self.address % PAGE_SIZE > PAGE_SIZE - size {
            check(self.address, size_of::<T>())?;
            if !make_present(self.address, size, true) {
                return Err(Errno::EFAULT);
            }
        }
        write_bytes(self.address, value.as_bytes())
    }

    /// Copies values out.
    ///
    /// # Errors
    /// `EFAULT` if the program's memory cannot take all of them.
    pub(crate) fn write_array(self, values: &[T]) -> Result<()> {
        write_bytes(self.address, values.as_bytes())
    }
}

/// Checks that a range lies in the application's half.
///
/// # Errors
/// `EFAULT` if it does not.
pub(crate) fn check(address: u64, length: usize) -> Result<()> {
    match address.checked_add(length as u64) {
        Some(end) if end <= END => Ok(()),
        _ => Err(Errno::EFAULT),
    }
}

/// Copies bytes in; none are anywhere.
///
/// # Errors
/// `EFAULT` if they are not all there.
pub(crate) fn read_bytes(address: u64, bytes: &mut [u8]) -> Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    check(address, bytes.len())?;
    if access::copy_from(bytes, address) == 0 { Ok(()) } else { Err(Errno::EFAULT) }
}

/// Copies in as many of the bytes at `address` as are there; returns how many.
pub(crate) fn read_available(address: u64, bytes: &mut [u8]) -> usize {
    let length = index(END.saturating_sub(address)).min(bytes.len());
    length - access::copy_from(&mut bytes[..length], address)
}

/// Copies bytes out; none fit anywhere.
///
/// # Errors
/// `EFAULT` if the program's memory cannot take all of them.
pub(crate) fn write_bytes(address: u64, bytes: &[u8]) -> Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    check(address, bytes.len())?;
    if access::copy_to(address, bytes) == 0 { Ok(()) } else { Err(Errno::EFAULT) }
}

/// Clears bytes.
///
/// # Errors
/// `EFAULT` if the program's memory is not all there.
pub(crate) fn zero_bytes(address: u64, length: usize) -> Result<()> {
    check(address, length)?;
    if access::zero(address, length) == 0 { Ok(()) } else { Err(Errno::EFAULT) }
}

/// Reads an aligned 32-bit word.
///
/// # Errors
/// `EFAULT` if it is not there.
pub(crate) fn load_u32(address: u64) -> Result<u32> {
    check(address, 4)?;
    access::load_u32(address).ok_or(Errno::EFAULT)
}

/// Replaces an aligned 32-bit word if it is `expected`; returns what was there.
///
/// # Errors
/// `EFAULT` if it is not there or not writable.
pub(crate) fn compare_exchange_u32(address: u64, expected: u32, new: u32) -> Result<u32> {
    check(address, 4)?;
    access::compare_exchange_u32(address, expected, new).ok_or(Errno::EFAULT)
}

/// Copies a string in, without its terminating NUL.
///
/// # Errors
/// `EFAULT` if it is not all there, `ENAMETOOLONG` if it has more than `longest` bytes, `ENOMEM`.
pub(crate) fn read_string(address: u64, longest: usize) -> Result<Vec<u8>> {
    let mut string = Vec::new();
    let mut at = address;
    while string.len() <= longest {
        // Up to the next page's start, so that a string at the end of a mapping can be read.
        let chunk = index(64 - at % 64);
        let start = string.len();
        string.try_reserve(chunk).map_err(|_| Errno::ENOMEM)?;
        string.resize(start + chunk, 0);
        read_bytes(at, &mut string[start..])?;
        if let Some(end) = string[start..].iter().position(|&byte| byte == 0) {
            string.truncate(start + end);
            return if string.len() <= longest { Ok(string) } else { Err(Errno::ENAMETOOLONG) };
        }
        at += chunk as u64;
    }
    Err(Errno::ENAMETOOLONG)
}

/// Makes the pages of a range present, as far as they can be; the range need not be valid. Returns
/// whether all could.
fn make_present(address: u64, length: u64, is_written: bool) -> bool {
    let end = address.saturating_add(length.min(WINDOW)).min(END);
    let mut at = address & !3;
    while at < end {
        if !is_present(at, is_written) {
            return false;
        }
        at = (at & !(PAGE_SIZE - 1)) + PAGE_SIZE;
    }
    true
}

/// Touches an aligned 32-bit word, and returns whether it is there now.
#[inline]
fn is_present(address: u64, is_written: bool) -> bool {
    if is_written {
        access::compare_exchange_u32(address, 0, 0).is_some()
    } else {
        access::load_u32(address).is_some()
    }
}

/// A part of a program's memory, `struct iovec`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct IoVec {
    /// First address.
    pub(crate) base: u64,
    /// Length in bytes.
    pub(crate) length: u64,
}

impl IoVec {
    /// Returns the length in bytes.
    ///
    /// # Errors
    /// `EFAULT` if the part lies outside the application's half.
    fn checked_length(&self) -> Result<usize> {
        let length = usize::try_from(self.length).map_err(|_| Errno::EINVAL)?;
        check(self.base, length).map(|()| length)
    }
}

/// Makes the beginning of parts present, of whose first `done` bytes are done, and returns whether
/// all of it could be.
#[inline]
fn make_window_present(parts: &[IoVec], done: u64, is_written: bool) -> bool {
    if let [part] = parts {
        let (address, length) = (part.base + done, part.length - done);
        // Most transfers are small.
        if length > 0 && address % PAGE_SIZE + length <= PAGE_SIZE {
            return is_present(address & !3, is_written);
        }
    }
    make_large_window_present(parts, done, is_written)
}

#[inline(never)]
fn make_large_window_present(parts: &[IoVec], mut done: u64, is_written: bool) -> bool {
    let mut window = WINDOW;
    let mut is_present = true;
    for part in parts {
        let length = (part.length - done).min(window);
        is_present &= make_present(part.base + done, length, is_written);
        window -= length;
        done = 0;
        if window == 0 {
            break;
        }
    }
    is_present
}

/// A program's buffers as the target or the origin of a transfer, front first.
///
/// Their pages are made present when the transfer is made and by [`next_window`](Self::next_window),
/// with no lock held; the copies themselves happen under locks, and end where a page is missing.
#[derive(Clone, Debug)]
pub(crate) struct UserBuffers<'a> {
    parts: &'a [IoVec],
    /// Bytes of the first part that are done.
    done: u64,
    left: usize,
    is_written: bool,
}

impl<'a> UserBuffers<'a> {
    /// Makes a target of data: [`Sink`].
    ///
    /// # Errors
    /// `EFAULT` if a part lies outside the application's half.
    #[expect(clippy::inline_always, reason = "the result is large, and mostly of one part")]
    #[inline(always)]
    pub(crate) fn target(parts: &'a [IoVec]) -> Result<Self> {
        Self::new(parts, true)
    }

    /// Makes an origin of data: [`Source`].
    ///
    /// # Errors
    /// `EFAULT` if a part lies outside the application's half.
    #[expect(clippy::inline_always, reason = "the result is large, and mostly of one part")]
    #[inline(always)]
    pub(crate) fn origin(parts: &'a [IoVec]) -> Result<Self> {
        Self::new(parts, false)
    }

    #[expect(clippy::inline_always, reason = "the result is large, and mostly of one part")]
    #[inline(always)]
    fn new(parts: &'a [IoVec], is_written: bool) -> Result<Self> {
        let left = match parts {
            [part] => part.checked_length()?,
            parts => parts.iter().try_fold(0_usize, |sum, part| {
                sum.checked_add(part.checked_length()?).ok_or(Errno::EINVAL)
            })?,
        };
        make_window_present(parts, 0, is_written);
        Ok(Self { parts, done: 0, left, is_written })
    }

    /// Makes the next part of the buffers present, and returns whether all of it could be. A
    /// transfer that ended short though the object had more calls this and goes on.
    #[inline]
    pub(crate) fn next_window(&self) -> bool {
        make_window_present(self.parts, self.done, self.is_written)
    }

    /// Lets at most `count` more bytes be transferred.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.left = self.left.min(count);
    }

    /// Returns how many bytes are still to be transferred.
    pub(crate) const fn remaining(&self) -> usize {
        self.left
    }

    /// Transfers up to `count` bytes by `copy(address, offset, length) -> bytes not copied`.
    #[inline]
    fn transfer(
        &mut self,
        count: usize,
        mut copy: impl FnMut(u64, usize, usize) -> usize,
    ) -> Result<usize> {
        let count = count.min(self.left);
        if let [part] = self.parts
            && count as u64 <= part.length - self.done
        {
            let copied = count - atomically(|| copy(part.base + self.done, 0, count));
            self.done += copied as u64;
            self.left -= copied;
            return if copied == 0 && count > 0 { Err(Errno::EFAULT) } else { Ok(copied) };
        }
        self.transfer_parts(count, copy)
    }

    /// As [`transfer`](Self::transfer), of any number of parts, which have `count` bytes left.
    #[inline(never)]
    fn transfer_parts(
        &mut self,
        count: usize,
        mut copy: impl FnMut(u64, usize, usize) -> usize,
    ) -> Result<usize> {
        let mut copied = 0;
        while copied < count {
            let part = self.parts[0];
            let length = (index(part.length - self.done)).min(count - copied);
            let missed = atomically(|| copy(part.base + self.done, copied, length));
            copied += length - missed;
            self.done += (length - missed) as u64;
            if missed > 0 {
                break;
            }
            if self.done == part.length {
                self.parts = &self.parts[1..];
                self.done = 0;
            }
        }
        self.left -= copied;
        if copied == 0 && count > 0 { Err(Errno::EFAULT) } else { Ok(copied) }
    }
}

impl Sink for UserBuffers<'_> {
    fn room(&self) -> usize {
        self.left
    }

    fn put(&mut self, bytes: &[u8]) -> Result<usize> {
        self.transfer(bytes.len(), |to, offset, length| {
            access::copy_to(to, &bytes[offset..offset + length])
        })
    }
}

impl Source for UserBuffers<'_> {
    fn left(&self) -> usize {
        self.left
    }

    fn take(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.transfer(buffer.len(), |from, offset, length| {
            access::copy_from(&mut buffer[offset..offset + length], from)
        })
    }
}
