//! The clients of the soak: those that stay, those that come and go, and those of UDP.

use core::fmt;
use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::sync::Mutex;
use std::thread::{self, Scope};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use nix::libc::linger;
use nix::sys::socket::{setsockopt, sockopt};

/// A request without an answer for so long is a failure.
const PATIENCE: Duration = Duration::from_secs(5);
/// More failures than this end the soak; as many are told in full.
pub(super) const FAILURES_MAX: u64 = 20;
/// Connections that stay.
const STEADY: u64 = 32;
/// How long one of them thinks between requests.
const THINK: Duration = Duration::from_millis(2);
/// Threads that open and close connections, and the least time of one for each: 200 a second.
const COMERS: u64 = 4;
const COMING: Duration = Duration::from_millis(20);
/// The least time between two requests by UDP.
const DATAGRAM: Duration = Duration::from_millis(20);
/// How long a client waits before it sends a datagram again.
const AGAIN: Duration = Duration::from_secs(1);
/// Keys of each steady connection.
const KEYS: u64 = 50;

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Tally {
    requests: AtomicU64,
    connections: AtomicU64,
    datagrams_again: AtomicU64,
    slowest_us: AtomicU64,
    failures: AtomicU64,
    told: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

impl Tally {
    /// Notes an answer to a request that was sent at `since`.
    fn answered(&self, since: Instant) {
        let micros = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.slowest_us.fetch_max(micros, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn failed(&self, who: &str, why: &anyhow::Error) {
        if self.is_over.load(Ordering::Relaxed) {
            return;
        }
        if self.failures.fetch_add(1, Ordering::Relaxed) < FAILURES_MAX
            && let Ok(mut told) = self.told.lock()
        {
            eprintln!("scull: {who}: {why:#}");
            told.push(format!("{who}: {why:#}"));
        }
    }

    /// Returns how many requests and connections failed.
    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Returns the first failures, a line each.
    pub(super) fn told(&self) -> String {
        self.told.lock().map(|told| told.join("\n")).unwrap_or_default()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        write!(
            f,
            "{} requests, {} connections opened, slowest request {} ms, {} datagrams sent again, {} failures",
            number(&self.requests),
            number(&self.connections),
            number(&self.slowest_us) / 1000,
            number(&self.datagrams_again),
            number(&self.failures),
        )
    }
}

/// The running clients.
#[derive(Debug)]
pub(super) struct Clients<'scope> {
    tally: &'scope Tally,
    threads: Vec<thread::ScopedJoinHandle<'scope, ()>>,
}

impl<'scope> Clients<'scope> {
    /// Starts them; they end at `end`.
    pub(super) fn start<'env: 'scope>(
        scope: &'scope Scope<'scope, 'env>,
        server: SocketAddr,
        tally: &'scope Tally,
        end: Instant,
    ) -> Self {
        let mut threads = Vec::new();
        for number in 0..STEADY {
            threads.push(scope.spawn(move || Client::new(server, tally, end, number).stay()));
        }
        for number in STEADY..STEADY + COMERS {
            threads
                .push(scope.spawn(move || Client::new(server, tally, end, number).come_and_go()));
        }
        let number = STEADY + COMERS;
        threads.push(scope.spawn(move || Client::new(server, tally, end, number).send_datagrams()));
        Self { tally, threads }
    }

    /// Waits until all have ended, at once if the server is gone.
    pub(super) fn join(self, is_over: bool) {
        self.tally.is_over.store(is_over, Ordering::Relaxed);
        for thread in self.threads {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// How a connection that comes and goes behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Stores, reads back, closes.
    Orderly,
    /// Leaves without a word.
    Silent,
    /// Closes amid a command.
    Amid,
    /// Asks, closes its half, is answered.
    HalfClosed,
    /// Resets amid a command.
    Reset,
    /// Asks for much and resets without hearing it.
    Deaf,
    /// Has the server close.
    Quits,
}

const MANNERS: [Manner; 12] = [
    Manner::Orderly,
    Manner::Silent,
    Manner::Amid,
    Manner::HalfClosed,
    Manner::Orderly,
    Manner::Reset,
    Manner::Deaf,
    Manner::Amid,
    Manner::Orderly,
    Manner::HalfClosed,
    Manner::Reset,
    Manner::Quits,
];

/// One client, on a thread of its own.
struct Client<'a> {
    server: SocketAddr,
    tally: &'a Tally,
    end: Instant,
    number: u64,
    random: u64,
}

impl<'a> Client<'a> {
    fn new(server: SocketAddr, tally: &'a Tally, end: Instant, number: u64) -> Self {
        Self { server, tally, end, number, random: number + 1 }
    }

    fn is_on(&self) -> bool {
        Instant::now() < self.end && !self.tally.is_over.load(Ordering::Relaxed)
    }

    /// Returns the next number of xorshift64 (Marsaglia 2003).
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    fn connect(&self) -> Result<TcpStream> {
        let since = Instant::now();
        let stream =
            TcpStream::connect_timeout(&self.server, PATIENCE).with_context(|| waited(since))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        self.tally.connections.fetch_add(1, Ordering::Relaxed);
        Ok(stream)
    }

    /// Sends a request and compares the answer.
    fn ask(&self, stream: &mut TcpStream, request: &[u8], answer: &[u8]) -> Result<()> {
        let since = Instant::now();
        let name = || {
            let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
            format!("'{}'", line.escape_ascii())
        };
        stream
            .write_all(request)
            .with_context(|| format!("{}: sent for {}", name(), waited(since)))?;
        let mut found = vec![0; answer.len()];
        stream.read_exact(&mut found).with_context(|| format!("{}: {}", name(), waited(since)))?;
        if found != answer {
            let found = &found[..found.len().min(80)];
            bail!("{}: a wrong answer: '{}'", name(), found.escape_ascii());
        }
        self.tally.answered(since);
        Ok(())
    }

    /// Keeps a connection and verifies what it holds; connects again after a failure.
    fn stay(mut self) {
        let mut versions = vec![0; usize::try_from(KEYS).unwrap_or(0)];
        while self.is_on() {
            if let Err(why) = self.converse(&mut versions) {
                self.tally.failed(&format!("connection {}", self.number), &why);
                thread::sleep(AGAIN);
            }
        }
    }

    fn converse(&mut self, versions: &mut [u64]) -> Result<()> {
        let mut stream = self.connect()?;
        while self.is_on() {
            let index = self.random() % KEYS;
            let key = format!("s{}-{index}", self.number);
            let version = &mut versions[usize::try_from(index).unwrap_or(0)];
            if *version == 0 || self.random.is_multiple_of(4) {
                // Forgotten until it is stored: a failure between leaves it unknown.
                let next = *version + 1;
                *version = 0;
                let text = value(&key, next, index);
                self.ask(&mut stream, &set(&key, &text), b"STORED\r\n")?;
                *version = next;
            } else {
                let text = value(&key, *version, index);
                let request = format!("get {key}\r\n");
                self.ask(&mut stream, request.as_bytes(), &found(&key, &text))?;
            }
            thread::sleep(THINK);
        }
        Ok(())
    }

    /// Opens connections and closes them, each in another manner.
    fn come_and_go(mut self) {
        for manner in MANNERS.iter().cycle() {
            let start = Instant::now();
            if !self.is_on() {
                break;
            }
            if let Err(why) = self.visit(*manner) {
                self.tally.failed(&format!("{manner:?}"), &why);
            }
            thread::sleep(COMING.saturating_sub(start.elapsed()));
        }
    }

    fn visit(&mut self, manner: Manner) -> Result<()> {
        let key = format!("v{}", self.number);
        let mut stream = self.connect()?;
        match manner {
            Manner::Orderly => {
                let text = value(&key, self.random(), KEYS);
                self.ask(&mut stream, &set(&key, &text), b"STORED\r\n")?;
                let request = format!("get {key}\r\n");
                self.ask(&mut stream, request.as_bytes(), &found(&key, &text))?;
            }
            Manner::Silent => {}
            Manner::Amid => stream.write_all(b"set amid 0 0 100\r\nabc")?,
            Manner::HalfClosed => {
                stream.write_all(b"mn\r\n")?;
                stream.shutdown(Shutdown::Write)?;
                self.ask(&mut stream, b"", b"MN\r\n")?;
                expect_end(&mut stream)?;
            }
            Manner::Reset => {
                stream.write_all(b"get reset\r\nset reset 0 0 10\r\n")?;
                reset(&stream)?;
            }
            Manner::Deaf => {
                let request = format!("get s0-{}\r\n", KEYS - 1).repeat(20);
                stream.write_all(request.as_bytes())?;
                reset(&stream)?;
            }
            Manner::Quits => {
                self.ask(&mut stream, b"mn\r\n", b"MN\r\n")?;
                stream.write_all(b"quit\r\n")?;
                expect_end(&mut stream)?;
            }
        }
        Ok(())
    }

    /// Asks by UDP.
    fn send_datagrams(self) {
        let mut number = 0;
        while self.is_on() {
            number = (number + 1) % 0xffff;
            if let Err(why) = self.send_datagram(number) {
                self.tally.failed("UDP", &why);
            }
            thread::sleep(DATAGRAM);
        }
    }

    fn send_datagram(&self, number: u16) -> Result<()> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect(self.server)?;
        socket.set_read_timeout(Some(AGAIN))?;
        // The frame of memcached's protocol.txt: request, sequence, total, reserved.
        let mut frame = [number.to_be_bytes(), [0, 0], [0, 1], [0, 0]].concat();
        let header = frame.clone();
        frame.extend_from_slice(b"mn\r\n");
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            socket.send(&frame)?;
            let mut answer = [0; 64];
            match socket.recv(&mut answer) {
                Ok(count) if answer[..count] == [&header[..], b"MN\r\n"].concat() => {
                    self.tally.answered(since);
                    return Ok(());
                }
                Ok(count) => bail!("a wrong answer: '{}'", answer[..count].escape_ascii()),
                Err(why) if why.kind() == ErrorKind::WouldBlock => {
                    self.tally.datagrams_again.fetch_add(1, Ordering::Relaxed);
                }
                Err(why) => return Err(why).context("cannot receive"),
            }
        }
        bail!("{}", waited(since))
    }
}

fn waited(since: Instant) -> String {
    format!("after {} ms", since.elapsed().as_millis())
}

/// Makes the connection end in a reset when it is closed.
fn reset(stream: &TcpStream) -> Result<()> {
    setsockopt(stream, sockopt::Linger, &linger { l_onoff: 1, l_linger: 0 })?;
    Ok(())
}

/// Reads the server's FIN.
fn expect_end(stream: &mut TcpStream) -> Result<()> {
    let since = Instant::now();
    let count = stream.read(&mut [0; 16]).with_context(|| format!("no end {}", waited(since)))?;
    if count > 0 {
        bail!("more than was asked for");
    }
    Ok(())
}

/// Returns a value of 8 bytes to 16 KiB that no other key or version has; its length depends on
/// the index alone, so that memcached finds the room of the last version.
fn value(key: &str, version: u64, index: u64) -> Vec<u8> {
    let length = usize::try_from(8 + index * index * 6).unwrap_or(8);
    format!("{key}/{version}/").bytes().cycle().take(length).collect()
}

fn set(key: &str, value: &[u8]) -> Vec<u8> {
    [format!("set {key} 0 0 {}\r\n", value.len()).as_bytes(), value, b"\r\n"].concat()
}

fn found(key: &str, value: &[u8]) -> Vec<u8> {
    [format!("VALUE {key} 0 {}\r\n", value.len()).as_bytes(), value, b"\r\nEND\r\n"].concat()
}
