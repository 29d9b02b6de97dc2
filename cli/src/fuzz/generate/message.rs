//! Memory of calls that take several buffers: vectors, messages, sockets' addresses.

use abi::call::{Kind, Length};

use super::super::arena::{BAD_POINTERS, DATA_END, PAGE, ZONE, ZONE_PAGES};
use super::Building;

impl Building<'_> {
    pub(super) fn mask_and_size(&mut self) -> u64 {
        let mask = self.random_value(Kind::SignalSet, "").to_le_bytes();
        let mask = self.place_sane(&mask);
        let mask = self.random.pick(&[mask, mask, mask, 0, 8]);
        let size = self.random.pick(&[8, 8, 8, 8, 0, 4, 16]);
        let bytes: Vec<_> = [mask, size].iter().flat_map(|word: &u64| word.to_le_bytes()).collect();
        self.place(&bytes, 8)
    }

    /// Returns the bytes of `struct iovec`s with memory of their own.
    fn vector_bytes(&mut self, count: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..count {
            let length = self.random.pick(&[0, 1, 5, 8, 16, 16, 100, 4096]);
            let base = match self.random.below(12) {
                0 => self.random.pick(&BAD_POINTERS),
                1 => DATA_END - length / 2,
                2 => ZONE + PAGE * self.random.below(ZONE_PAGES),
                _ => self.take(length.max(16)),
            };
            let length = match self.random.below(40) {
                0 => self.random.pick(&[u64::MAX, 1 << 63, 0x7fff_ffff, 0x7fff_ffff_ffff_ffff]),
                _ => length,
            };
            bytes.extend([base, length].iter().flat_map(|word| word.to_le_bytes()));
        }
        bytes
    }

    pub(super) fn vectors(&mut self, count: u64) -> u64 {
        let bytes = self.vector_bytes(count);
        self.place(&bytes, 8)
    }

    /// Returns a socket's address.
    fn address_bytes(&mut self) -> Vec<u8> {
        let random = &mut *self.random;
        let port = self.model.port;
        let port = random.pick(&[0, port, port + 1, port + 2]).to_be_bytes();
        match random.below(10) {
            0..4 => {
                let name = random.pick(&[
                    &b"u\0"[..],
                    b"v\0",
                    b"\0x",
                    b"\0y",
                    b"d/u\0",
                    b"",
                    b"missing/u\0",
                ]);
                [&[1, 0][..], name].concat()
            }
            4..7 => [&[2, 0][..], &port, &[127, 0, 0, 1], &[0; 8]].concat(),
            7 => [&[2, 0][..], &port, &[0, 0, 0, 0], &[0; 8]].concat(),
            8 => [&[10, 0][..], &port, &[0; 4], &[0; 15], &[1], &[0; 4]].concat(),
            _ => {
                [&random.pick(&[0, 1, 2, 10, 16, 17, 99_u16]).to_le_bytes()[..], &[0; 26]].concat()
            }
        }
    }

    pub(super) fn socket_address(&mut self, kind: Kind, length: Length) -> u64 {
        if Self::is_out(kind) {
            return self.place(&[0; 128], 4);
        }
        let bytes = self.address_bytes();
        if let Length::Given(place) = length
            && self.random.percent(85)
        {
            self.set(usize::from(place), u64::try_from(bytes.len()).unwrap_or(0));
        }
        self.place(&bytes, 4)
    }

    /// Returns the bytes of a `struct msghdr`.
    fn message_bytes(&mut self, kind: Kind) -> Vec<u8> {
        let is_out = Self::is_out(kind);
        self.is_trash = is_out;
        let (name, name_length) = if self.random.percent(50) {
            (0, self.random.pick(&[0, 0, 16]))
        } else {
            let bytes = if is_out { vec![0; 128] } else { self.address_bytes() };
            (self.place(&bytes, 4), u64::try_from(bytes.len()).unwrap_or(0))
        };
        let count = self.random.pick(&[0, 1, 1, 1, 2, 3]);
        self.is_trash = false;
        let vectors = self.vectors(count);
        self.is_trash = is_out;
        let count = self.random.pick(&[count, count, count, count, 1025, u64::MAX]);
        let (control, control_length) = self.control(is_out);
        let flags = self.random.pick(&[0, 0, 0xffff_ffff]);
        let words = [name, name_length, vectors, count, control, control_length, flags];
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Returns where control data is, and how long.
    fn control(&mut self, is_out: bool) -> (u64, u64) {
        if self.random.percent(60) {
            return (0, self.random.pick(&[0, 0, 24]));
        }
        if is_out {
            return (self.place(&[0; 64], 8), self.random.pick(&[64, 64, 24, 8, 0]));
        }
        let fd = self.model.pick(self.random, None);
        let fd = self.random.pick(&[fd, fd, 0xffff_ffff, 77]);
        let kind = self.random.pick(&[1, 1, 1, 2, 9]);
        let length = self.random.pick(&[20, 20, 20, 24, 16, 0, 8, u64::MAX]);
        let bytes: Vec<_> =
            [length, 1 | kind << 32, fd].iter().flat_map(|word| word.to_le_bytes()).collect();
        (self.place(&bytes, 8), self.random.pick(&[24, 24, 24, 20, 16, 8]))
    }

    pub(super) fn message(&mut self, kind: Kind) -> u64 {
        let bytes = self.message_bytes(kind);
        self.place(&bytes, 8)
    }

    pub(super) fn messages(&mut self, kind: Kind) -> u64 {
        let mut bytes = Vec::new();
        for _ in 0..3 {
            bytes.extend(self.message_bytes(kind));
            bytes.extend([0; 8]);
        }
        self.place(&bytes, 8)
    }
}
