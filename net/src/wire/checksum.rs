//! The Internet checksum (RFC 1071).

use core::net::IpAddr;

/// A sum in progress: one's-complement over 16-bit words in the machine's byte order, which
/// commutes with swapping bytes (RFC 1071 §2(B)); the swap is made once, at the end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum(u64);

impl Sum {
    /// Returns the sum of a protocol number and a length, as pseudo-headers have them.
    pub(crate) fn protocol(protocol: u8, length: usize) -> Self {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        Self(u64::from(length.to_be()) + u64::from(u32::from(protocol).to_be()))
    }

    /// Returns the sum of the pseudo-header of TCP, UDP and ICMPv6 (RFC 9293 §3.1, RFC 8200 §8.1).
    pub(crate) fn pseudo_header(
        source: &IpAddr,
        destination: &IpAddr,
        protocol: u8,
        length: usize,
    ) -> Self {
        let base = Self::protocol(protocol, length);
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                base.add(&source.octets()).add(&destination.octets())
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                base.add(&source.octets()).add(&destination.octets())
            }
            _ => base,
        }
    }

    /// Returns the sum with `bytes` added; only the last piece may have an odd length.
    pub(crate) fn add(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<4>();
        let mut sum = self.0;
        for word in words {
            sum += u64::from(u32::from_ne_bytes(*word));
        }
        // The sum of 2^30 words, far more than a packet has, stays below 2^63.
        let last = match *rest {
            [one, two, three] => [one, two, three, 0],
            [one, two] => [one, two, 0, 0],
            [one] => [one, 0, 0, 0],
            _ => [0; 4],
        };
        Self(sum + u64::from(u32::from_ne_bytes(last)))
    }

    /// Returns the sum folded to 16 bits, as it is put in a field for the card to complete.
    pub(crate) fn fold(self) -> u16 {
        let mut sum = (self.0 >> 32) + (self.0 & 0xffff_ffff);
        sum = (sum >> 32) + (sum & 0xffff_ffff);
        sum = (sum >> 16) + (sum & 0xffff);
        sum = (sum >> 16) + (sum & 0xffff);
        sum = (sum >> 16) + (sum & 0xffff);
        u16::try_from(sum & 0xffff).unwrap_or(0).to_be()
    }

    /// Returns the checksum: the complement of the folded sum.
    pub(crate) fn complement(self) -> u16 {
        !self.fold()
    }

    /// Returns whether bytes that contained their own checksum were intact.
    pub(crate) fn is_good(self) -> bool {
        self.fold() == 0xffff
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(bytes: &[u8]) -> u16 {
        let mut sum = 0u32;
        for pair in bytes.chunks(2) {
            sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
        }
        while sum >> 16 != 0 {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        u16::try_from(sum).unwrap()
    }

    proptest::proptest! {
        #[test]
        fn sum_is_the_word_by_word_sum(bytes: alloc::vec::Vec<u8>) {
            proptest::prop_assert_eq!(Sum::default().add(&bytes).fold(), reference(&bytes));
        }
    }

    #[test]
    fn header_of_rfc_1071_example_is_good_with_its_checksum() {
        let header = [
            0x45, 0, 0, 0x3c, 0x1c, 0x46, 0x40, 0, 0x40, 6, 0xb1, 0xe6, 0xac, 0x10, 0x0a, 0x63,
            0xac, 0x10, 0x0a, 0x0c,
        ];
        assert!(Sum::default().add(&header).is_good());
    }
}
