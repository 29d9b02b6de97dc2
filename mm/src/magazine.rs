//! A few free objects of one class, in a list that runs through the objects themselves.

#![expect(unsafe_code, reason = "the list is kept in raw memory")]

use core::ptr::NonNull;

/// The first word of an object in a magazine.
#[derive(Debug)]
struct Next(Option<NonNull<Self>>);

/// Objects that nobody uses; what was put in last comes out first.
#[derive(Debug)]
pub(crate) struct Magazine {
    first: Option<NonNull<Next>>,
    len: usize,
}

// SAFETY: the pointers are to memory that was given up to the magazine and that only it reaches.
unsafe impl Send for Magazine {}

impl Magazine {
    /// Returns an empty magazine.
    pub(crate) const fn new() -> Self {
        Self { first: None, len: 0 }
    }

    /// Returns how many objects it holds.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Takes an object out.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<NonNull<u8>> {
        let object = self.first?;
        // SAFETY: `push` wrote the first word of every object here, and nobody else uses it.
        self.first = unsafe { object.as_ref() }.0;
        self.len -= 1;
        Some(object.cast())
    }

    /// Puts an object in.
    ///
    /// # Safety
    /// `object` is at least a word, aligned to a word, and the caller gives it up.
    #[inline]
    pub(crate) unsafe fn push(&mut self, object: NonNull<u8>) {
        let object = object.cast::<Next>();
        // SAFETY: the caller's memory holds a word and is nobody else's.
        unsafe { object.write(Next(self.first)) };
        self.first = Some(object);
        self.len += 1;
    }
}
