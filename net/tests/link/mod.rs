//! Two machines and a bad cable between them, with a clock that tests turn.

use std::cell::Cell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use abi::time::Instant;
use abi::{Errno, Result};
use net::device::{
    Bell, Capabilities, Device, ETHERNET_HEADER, Frame, Full, Interrupts, Mac, Offload, QueuePair,
    Receiver, Transmitter,
};
use net::flow::{Endpoint, Secrets};
use net::inet::{Extras, Family, ReceiveFlags, Socket, SocketAddress};
use net::network::Cidr;
use net::stack::{Load, Stack};

pub(crate) const AF_INET: i32 = 2;
pub(crate) const STREAM: i32 = 1;
pub(crate) const DGRAM: i32 = 2;

/// A small generator (SplitMix64), so that a seed says everything.
#[derive(Clone, Debug)]
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn is_percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What the cable does to frames, in percent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) loss: u64,
    pub(crate) duplicates: u64,
    pub(crate) delays: u64,
    /// Frames of which a byte is changed and the checksums are right all the same.
    pub(crate) forgeries: u64,
}

/// One direction of the cable.
struct Lane {
    frames: VecDeque<(u64, Vec<u8>)>,
    random: Random,
    faults: Faults,
    now: u64,
    sent: u64,
    /// The card is not done with what it was given.
    is_busy: bool,
}

const LATENCY: u64 = 100_000;

impl Lane {
    fn push(&mut self, frame: Vec<u8>) {
        self.sent += 1;
        if self.random.is_percent(self.faults.loss) {
            return;
        }
        if self.random.is_percent(self.faults.forgeries) {
            let mut forged = frame.clone();
            forge(&mut forged, &mut self.random);
            self.frames.push_front((self.now, forged));
        }
        let copies = 1 + u64::from(self.random.is_percent(self.faults.duplicates));
        for _ in 0..copies {
            let late = if self.random.is_percent(self.faults.delays) {
                self.random.below(5_000_000)
            } else {
                0
            };
            let at = self.now + LATENCY + late;
            let index = self.frames.partition_point(|(other, _)| *other <= at);
            self.frames.insert(index, (at, frame.clone()));
        }
    }
}

/// Changes some bytes of an IPv4 packet, headers most of all, and mends its header's checksum.
fn forge(frame: &mut [u8], random: &mut Random) {
    for _ in 0..1 + random.below(3) {
        let reach = if random.is_percent(80) { 60 } else { frame.len() };
        let reach = reach.min(frame.len());
        let index = usize::try_from(random.below(reach as u64)).unwrap();
        frame[index] = match random.below(4) {
            0 => 0,
            1 => 0xff,
            2 => frame[index] ^ 1 << random.below(8),
            _ => frame[index].wrapping_add(u8::try_from(random.below(256)).unwrap()),
        };
    }
    if frame.len() >= ETHERNET_HEADER + 20 {
        let header = &mut frame[ETHERNET_HEADER..ETHERNET_HEADER + 20];
        header[10..12].fill(0);
        let sum: u32 = header.chunks(2).map(|w| u32::from(w[0]) << 8 | u32::from(w[1])).sum();
        let folded = (sum & 0xffff) + (sum >> 16);
        let folded = u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap();
        header[10..12].copy_from_slice(&(!folded).to_be_bytes());
    }
}

/// A queue of a card, of the pair with this number.
struct End {
    lane: Arc<Mutex<Lane>>,
    pair: usize,
    /// The pair that the last frame went out by: what comes back comes by the same one.
    used: Arc<AtomicUsize>,
}

impl End {
    fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed) == self.pair
    }
}

impl Receiver for End {
    fn receive(&mut self, budget: usize, handle: &mut dyn FnMut(Frame<'_>)) -> usize {
        for count in 0..budget {
            let frame = {
                let mut lane = self.lane.lock().unwrap();
                match lane.frames.front() {
                    Some((at, _)) if *at <= lane.now && self.is_used() => {
                        lane.frames.pop_front().unwrap().1
                    }
                    _ => return count,
                }
            };
            let is_checksum_good = self.lane.lock().unwrap().faults.forgeries > 0;
            handle(Frame { bytes: &frame, is_checksum_good });
        }
        budget
    }

    fn is_pending(&mut self) -> bool {
        let lane = self.lane.lock().unwrap();
        lane.frames.front().is_some_and(|(at, _)| *at <= lane.now && self.is_used())
    }

    fn set_interrupts(&mut self, _: Interrupts) -> bool {
        self.is_pending()
    }
}

impl Transmitter for End {
    fn room(&mut self) -> usize {
        // A short ring, so that senders meet a full one.
        64usize.saturating_sub(self.lane.lock().unwrap().frames.len())
    }

    fn is_sending(&self) -> bool {
        self.lane.lock().unwrap().is_busy
    }

    fn transmit(
        &mut self,
        length: usize,
        offload: Offload,
        fill: &mut dyn FnMut(&mut [u8]),
    ) -> std::result::Result<(), Full> {
        assert_eq!(offload, Offload::default(), "this card can do nothing by itself");
        assert!(length <= 1500 + ETHERNET_HEADER);
        if self.room() == 0 {
            return Err(Full);
        }
        self.used.store(self.pair, Ordering::Relaxed);
        let mut frame = vec![0xaa; length];
        fill(&mut frame);
        self.lane.lock().unwrap().push(frame);
        Ok(())
    }

    fn publish(&mut self) -> bool {
        false
    }
}

impl Bell for End {
    fn ring(&self) {}
}

thread_local! {
    /// The processor that this thread plays.
    static PROCESSOR: Cell<usize> = const { Cell::new(0) };
}

/// Goes on as another processor.
pub(crate) fn move_to(processor: usize) {
    PROCESSOR.set(processor);
}

/// As many pairs of queues a card has.
pub(crate) const PAIRS: usize = 3;

fn card(
    mac: Mac,
    incoming: &Arc<Mutex<Lane>>,
    outgoing: &Arc<Mutex<Lane>>,
    used: &Arc<AtomicUsize>,
) -> Device {
    let end = |lane: &Arc<Mutex<Lane>>, pair| {
        Box::new(End { lane: lane.clone(), pair, used: used.clone() })
    };
    Device {
        capabilities: Capabilities {
            mac,
            mtu: 1500,
            checksum_transmit: false,
            segment_v4: 0,
            segment_v6: 0,
        },
        pairs: (0..PAIRS)
            .map(|pair| QueuePair {
                receiver: end(incoming, pair),
                transmitter: end(outgoing, pair),
                bell: end(outgoing, pair),
            })
            .collect(),
    }
}

/// Two machines, 10.0.0.1 and 10.0.0.2, and the cable.
pub(crate) struct World {
    pub(crate) stacks: [Arc<Stack>; 2],
    lanes: [Arc<Mutex<Lane>>; 2],
    /// The pairs of queues that the machines sent by last.
    used: [Arc<AtomicUsize>; 2],
    pub(crate) now: Instant,
    /// Machines switched off stay silent.
    pub(crate) is_off: [bool; 2],
}

impl World {
    pub(crate) fn new(seed: u64, faults: Faults) -> Self {
        let mut random = Random(seed);
        let lane = |random: &mut Random| {
            let random = Random(random.next());
            let lane =
                Lane { frames: VecDeque::new(), random, faults, now: 0, sent: 0, is_busy: false };
            Arc::new(Mutex::new(lane))
        };
        let lanes = [lane(&mut random), lane(&mut random)];
        let used: [Arc<AtomicUsize>; 2] = Default::default();
        let stacks = [0, 1].map(|index: usize| {
            let secrets = Secrets([random.next(), random.next(), random.next(), random.next()]);
            let stack = Stack::new(secrets, 64 << 20);
            let number = u8::try_from(index + 1).unwrap();
            let mac = [2, 0, 0, 0, 0, number];
            stack.set_processor(|| PROCESSOR.get());
            let card = card(mac, &lanes[index], &lanes[1 - index], &used[index]);
            let number = stack.add_device(card).unwrap();
            let text = ["10.0.0.1", "10.0.0.2"][index];
            stack.add_address(number, Cidr { address: text.parse().unwrap(), prefix: 24 });
            stack
        });
        let mut world = Self {
            stacks,
            lanes,
            used,
            now: Instant::from_nanos(1_000_000_000),
            is_off: [false; 2],
        };
        world.step(Duration::from_micros(1));
        world
    }

    /// Turns the clock without anything happening but on the cable.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        for lane in &self.lanes {
            lane.lock().unwrap().now = self.now.as_nanos();
        }
    }

    /// Lets everything happen that happens now, then turns the clock to the next event, `limit`
    /// ahead at most.
    pub(crate) fn step(&mut self, limit: Duration) {
        for lane in &self.lanes {
            lane.lock().unwrap().now = self.now.as_nanos();
        }
        for (stack, is_off) in self.stacks.iter().zip(self.is_off) {
            if !is_off {
                on_every_processor(|| while stack.poll(self.now, Load::Idle) {});
            }
        }
        for (lane, is_off) in self.lanes.iter().zip(self.is_off) {
            if is_off {
                lane.lock().unwrap().frames.clear();
            }
        }
        let on = self.stacks.iter().zip(self.is_off).filter(|(_, is_off)| !is_off);
        let deadlines = on.filter_map(|(stack, _)| stack.next_deadline());
        let arrivals = self.lanes.iter().filter_map(|lane| {
            let lane = lane.lock().unwrap();
            lane.frames.front().map(|(at, _)| Instant::from_nanos(*at))
        });
        let next = deadlines.chain(arrivals).min().unwrap_or(self.now + limit);
        let soonest = self.now + Duration::from_micros(1);
        self.now = next.clamp(soonest, self.now + limit);
    }

    /// Steps until `is_done` or a time has gone by; returns whether it was done.
    pub(crate) fn run(
        &mut self,
        limit: Duration,
        mut is_done: impl FnMut(&mut Self) -> bool,
    ) -> bool {
        let end = self.now + limit;
        while !is_done(self) {
            if self.now >= end {
                return false;
            }
            self.step(limit.min(Duration::from_secs(1)));
        }
        true
    }

    /// Returns the pair of queues that a machine sent by last.
    pub(crate) fn pair_used(&self, host: usize) -> usize {
        self.used[host].load(Ordering::Relaxed)
    }

    pub(crate) fn set_forgeries(&self, percent: u64) {
        self.lanes.iter().for_each(|lane| lane.lock().unwrap().faults.forgeries = percent);
    }

    /// Puts a SYN from a stranger to port 7 of the second machine on the cable.
    pub(crate) fn flood(&self, number: u32) {
        let mut frame = vec![0; ETHERNET_HEADER + 40];
        frame[..14].copy_from_slice(&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 9, 8, 0]);
        let packet = &mut frame[ETHERNET_HEADER..];
        packet[..4].copy_from_slice(&[0x45, 0, 0, 40]);
        packet[8..10].copy_from_slice(&[64, 6]);
        packet[12..16].copy_from_slice(&(0x0a00_0064 + number % 100).to_be_bytes());
        packet[16..20].copy_from_slice(&[10, 0, 0, 2]);
        let port = u16::try_from(1024 + number / 100).unwrap();
        packet[20..22].copy_from_slice(&port.to_be_bytes());
        packet[22..24].copy_from_slice(&7u16.to_be_bytes());
        packet[32..34].copy_from_slice(&[0x50, 2]);
        let length = 20u32;
        let pseudo = 6 + length;
        let sum_of = |bytes: &[u8]| -> u32 {
            bytes.chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1])).sum()
        };
        let fold = |sum: u32| {
            let once = (sum & 0xffff) + (sum >> 16);
            !u16::try_from((once & 0xffff) + (once >> 16)).unwrap()
        };
        let header = fold(sum_of(&packet[..20]));
        let segment = fold(sum_of(&packet[12..40]) + pseudo);
        packet[10..12].copy_from_slice(&header.to_be_bytes());
        packet[36..38].copy_from_slice(&segment.to_be_bytes());
        let mut lane = self.lanes[1].lock().unwrap();
        let now = lane.now;
        lane.frames.push_back((now, frame));
    }

    /// Keeps the cards busy with what they have, or has them done.
    pub(crate) fn set_busy(&self, is_busy: bool) {
        self.lanes.iter().for_each(|lane| lane.lock().unwrap().is_busy = is_busy);
    }

    pub(crate) fn frames_sent(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.lock().unwrap().sent).sum()
    }

    pub(crate) fn tcp(&self, host: usize) -> Socket {
        Socket::new(&self.stacks[host], AF_INET, STREAM, 0).unwrap()
    }

    pub(crate) fn udp(&self, host: usize) -> Socket {
        Socket::new(&self.stacks[host], AF_INET, DGRAM, 0).unwrap()
    }

    /// A socket of the second machine that listens on a port.
    pub(crate) fn listener(&self, port: u16) -> Socket {
        let socket = self.tcp(1);
        socket.bind(&address(&format!("0.0.0.0:{port}"))).unwrap();
        socket.listen(128).unwrap();
        socket
    }

    /// Connects the first machine to the second.
    pub(crate) fn connect(&mut self, listener: &Socket, port: u16) -> (Socket, Socket) {
        let client = self.tcp(0);
        let begun = client.connect(&address(&format!("10.0.0.2:{port}")), self.now);
        assert_eq!(begun, Err(Errno::EINPROGRESS));
        let mut server = None;
        assert!(self.run(Duration::from_secs(60), |_| {
            if server.is_none() {
                server = listener.accept().ok();
            }
            server.is_some() && client.connected() == Ok(())
        }));
        (client, server.unwrap().0)
    }
}

/// Does something on each processor, this one last.
fn on_every_processor(act: impl Fn()) {
    let own = PROCESSOR.get();
    for processor in (0..PAIRS).filter(|other| *other != own).chain([own]) {
        move_to(processor);
        act();
    }
}

pub(crate) fn address(text: &str) -> Vec<u8> {
    let end: Endpoint = text.parse::<SocketAddr>().unwrap().into();
    SocketAddress::new(Family::V4, &end).as_bytes().to_vec()
}

pub(crate) fn send(socket: &Socket, mut bytes: &[u8], now: Instant) -> Result<usize> {
    socket.send(&mut bytes, None, &Extras::default(), now)
}

pub(crate) fn receive(socket: &Socket, length: usize, now: Instant) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut sink = &mut bytes[..];
    let received = socket.receive(&mut sink, ReceiveFlags::default(), now)?;
    bytes.truncate(received.copied);
    Ok(bytes)
}

/// The stream that tests send: position-dependent, so that a misplaced byte shows.
pub(crate) fn pattern(start: usize, length: usize) -> Vec<u8> {
    let byte = |position: usize| u8::try_from(position * 31 % 251).unwrap();
    (start..start + length).map(byte).collect()
}

/// A stream under way: what one side has sent and the other received.
#[derive(Debug, Default)]
pub(crate) struct Transfer {
    pub(crate) total: usize,
    pub(crate) sent: usize,
    pub(crate) received: usize,
    pub(crate) is_over: bool,
}

impl Transfer {
    pub(crate) fn new(total: usize) -> Self {
        Self { total, ..Self::default() }
    }

    /// Moves what can be moved, in pieces of random sizes.
    pub(crate) fn advance(
        &mut self,
        from: &Socket,
        to: &Socket,
        random: &mut Random,
        now: Instant,
    ) {
        let piece = |random: &mut Random| 1 + usize::try_from(random.below(40_000)).unwrap();
        while self.sent < self.total {
            let length = piece(random).min(self.total - self.sent);
            match send(from, &pattern(self.sent, length), now) {
                Ok(count) => self.sent += count,
                Err(error) => {
                    assert_eq!(error, Errno::EAGAIN);
                    break;
                }
            }
            if self.sent == self.total {
                from.shutdown(1, now).unwrap();
            }
        }
        while !self.is_over {
            match receive(to, piece(random), now) {
                Ok(bytes) if bytes.is_empty() => self.is_over = true,
                Ok(bytes) => {
                    assert!(bytes == pattern(self.received, bytes.len()), "bytes went astray");
                    self.received += bytes.len();
                }
                Err(error) => {
                    assert_eq!(error, Errno::EAGAIN);
                    break;
                }
            }
        }
    }
}
