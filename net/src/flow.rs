//! Flows: who talks to whom, and the keyed hashes over it.

use core::net::{IpAddr, SocketAddr};

/// An address and a port.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Endpoint {
    /// The address; IPv4 addresses are never in their IPv6-mapped form here.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
}

impl From<Endpoint> for SocketAddr {
    fn from(end: Endpoint) -> Self {
        Self::new(end.address, end.port)
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self { address: address.ip().to_canonical(), port: address.port() }
    }
}

/// The two ends of a flow, from here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FlowKey {
    /// The end that is here.
    pub local: Endpoint,
    /// The other end.
    pub remote: Endpoint,
}

/// Secrets that keep strangers from guessing: fresh at every boot.
#[derive(Clone, Copy, Debug)]
pub struct Secrets(pub [u64; 4]);

impl Secrets {
    /// Returns a hash to find a flow by; fast, and hard to steer without the secret.
    pub(crate) fn bucket(&self, flow: &FlowKey) -> u64 {
        let [first, second, third, _] = self.0;
        let state = fold(first ^ ports(flow), second | 1);
        let state = match (&flow.local.address, &flow.remote.address) {
            (IpAddr::V4(local), IpAddr::V4(remote)) => {
                let both = u64::from(local.to_bits()) << 32 | u64::from(remote.to_bits());
                fold(state ^ both, second | 1)
            }
            (local, remote) => {
                let words = [halves(local), halves(remote)];
                let words = words.as_flattened().iter();
                words.fold(state, |state, word| fold(state ^ word, second | 1))
            }
        };
        fold(state, third | 1)
    }

    /// Returns a hash that tells nothing about the secret (SipHash-1-3).
    pub(crate) fn digest(&self, flow: &FlowKey) -> u64 {
        let mut sip = Sip::new(self.0[2], self.0[3]);
        words(flow).into_iter().for_each(|word| sip.write(word));
        sip.finish()
    }

    /// Returns an unpredictable number that depends on `counter` alone.
    pub(crate) fn number(&self, counter: u64) -> u64 {
        let mut sip = Sip::new(self.0[3], self.0[0]);
        sip.write(counter);
        sip.finish()
    }
}

fn words(flow: &FlowKey) -> [u64; 5] {
    let [a, b] = halves(&flow.local.address);
    let [c, d] = halves(&flow.remote.address);
    [ports(flow), a, b, c, d]
}

fn ports(flow: &FlowKey) -> u64 {
    u64::from(flow.local.port) << 16 | u64::from(flow.remote.port)
}

fn halves(address: &IpAddr) -> [u64; 2] {
    match address {
        IpAddr::V4(address) => [u64::from(address.to_bits()), 4],
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            [(bits >> 64) as u64, low(bits)]
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
const fn low(wide: u128) -> u64 {
    wide as u64
}

/// Multiplies to 128 bits and folds the halves together.
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    low(product) ^ low(product >> 64)
}

/// SipHash-1-3 over whole words (Aumasson and Bernstein 2012).
struct Sip([u64; 4]);

impl Sip {
    const fn new(key0: u64, key1: u64) -> Self {
        Self([
            key0 ^ 0x736f_6d65_7073_6575,
            key1 ^ 0x646f_7261_6e64_6f6d,
            key0 ^ 0x6c79_6765_6e65_7261,
            key1 ^ 0x7465_6462_7974_6573,
        ])
    }

    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.0;
        a = a.wrapping_add(b);
        b = b.rotate_left(13) ^ a;
        a = a.rotate_left(32);
        c = c.wrapping_add(d);
        d = d.rotate_left(16) ^ c;
        a = a.wrapping_add(d);
        d = d.rotate_left(21) ^ a;
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        c = c.rotate_left(32);
        self.0 = [a, b, c, d];
    }

    fn write(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.0[0] ^= word;
    }

    fn finish(mut self) -> u64 {
        self.0[2] ^= 0xff;
        (0..3).for_each(|_| self.round());
        self.0.iter().fold(0, |all, word| all ^ word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_depend_on_every_part_and_the_secret() {
        let end = |port| Endpoint { address: "10.0.0.1".parse().unwrap(), port };
        let flow = FlowKey { local: end(1), remote: end(2) };
        let other = FlowKey { local: end(2), remote: end(1) };
        let (one, two) = (Secrets([1, 2, 3, 4]), Secrets([5, 6, 7, 8]));
        assert_ne!(one.bucket(&flow), one.bucket(&other));
        assert_ne!(one.bucket(&flow), two.bucket(&flow));
        assert_ne!(one.digest(&flow), one.digest(&other));
        assert_ne!(one.digest(&flow), two.digest(&flow));
        assert_ne!(one.number(1), one.number(2));
    }
}
