//! A load generator for memcached's text protocol: many connections, one thread.
//!
//! Every connection sends a batch of requests (its pipeline), waits for all of the
//! answers and sends the next. Keys and values have fixed lengths, so an answer is
//! complete when its number of bytes has come; its end is compared all the same.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

/// Without any answer for so long a server counts as stalled.
const STALLED: Duration = Duration::from_secs(20);
/// Keys in use; each is set once before.
pub(crate) const KEYS: usize = 1000;
const VALUE: [u8; 64] = [b'v'; 64];

/// What is asked of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `get` of a key that is there.
    Get,
    /// `set` of a value of 64 bytes.
    Set,
}

impl Kind {
    fn request(self, index: usize, out: &mut Vec<u8>) {
        let key = index % KEYS;
        let written = match self {
            Self::Get => write!(out, "get key{key:05}\r\n"),
            Self::Set => write!(out, "set key{key:05} 0 0 {}\r\n", VALUE.len()),
        };
        written.expect("a Vec takes all that is written");
        if self == Self::Set {
            out.extend_from_slice(&VALUE);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Length and end of an answer.
    fn answer(self) -> (usize, &'static [u8]) {
        match self {
            Self::Get => (
                format!("VALUE key00000 0 {}\r\n", VALUE.len()).len() + VALUE.len() + 7,
                b"END\r\n",
            ),
            Self::Set => (b"STORED\r\n".len(), b"STORED\r\n"),
        }
    }
}

/// A load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// The server.
    pub(crate) server: SocketAddr,
    /// What is asked.
    pub(crate) kind: Kind,
    /// Connections at once.
    pub(crate) connections: usize,
    /// Requests sent together on a connection.
    pub(crate) pipeline: usize,
    /// Requests in all, rounded up to whole batches of all connections.
    pub(crate) requests: usize,
}

/// What a load measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measured {
    /// Requests answered.
    pub(crate) requests: usize,
    /// Seconds from the first request to the last answer.
    pub(crate) seconds: f64,
    /// 99th percentile of the time of a batch, in microseconds.
    pub(crate) p99_us: f64,
}

struct Connection {
    stream: TcpStream,
    batches_left: usize,
    unsent: Vec<u8>,
    awaited: usize,
    tail: Vec<u8>,
    sent_at: Instant,
    next: usize,
}

impl Load {
    /// Puts the load on the server.
    ///
    /// # Errors
    /// Fails where the server refuses, closes, answers wrongly or stalls.
    pub(crate) fn run(&self) -> Result<Measured> {
        let batches = self.requests.div_ceil(self.connections * self.pipeline);
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let mut connections = Vec::with_capacity(self.connections);
        for index in 0..self.connections {
            let stream = connect(self.server, STALLED).context("cannot connect")?;
            let event = EpollEvent::new(EpollFlags::EPOLLIN, index as u64);
            epoll.add(&stream, event)?;
            connections.push(Connection {
                stream,
                batches_left: batches,
                unsent: Vec::new(),
                awaited: 0,
                tail: Vec::new(),
                sent_at: Instant::now(),
                next: index * 31,
            });
        }
        let start = Instant::now();
        let mut times = Vec::with_capacity(batches * self.connections);
        for connection in &mut connections {
            self.send(connection)?;
        }
        self.converse(&epoll, &mut connections, &mut times)?;
        let seconds = start.elapsed().as_secs_f64();
        times.sort_unstable();
        let last_percent = times.len() * 99 / 100;
        let p99_us = times.get(last_percent).map_or(0.0, |time| time.as_secs_f64() * 1e6);
        let requests = batches * self.connections * self.pipeline;
        Ok(Measured { requests, seconds, p99_us })
    }

    fn converse(
        &self,
        epoll: &Epoll,
        connections: &mut [Connection],
        times: &mut Vec<Duration>,
    ) -> Result<()> {
        let mut open = connections.len();
        let mut events = [EpollEvent::empty(); 256];
        let mut last_answer = Instant::now();
        while open > 0 {
            let count = epoll.wait(&mut events, 100_u16)?;
            if count == 0 && last_answer.elapsed() > STALLED {
                bail!("no answer for {} s on {open} connections", STALLED.as_secs());
            }
            for event in &events[..count] {
                last_answer = Instant::now();
                let index = usize::try_from(event.data()).unwrap_or(usize::MAX);
                let connection = connections.get_mut(index).context("an event of nobody")?;
                if self.receive(connection)? && self.advance(epoll, connection, times)? {
                    open -= 1;
                }
            }
        }
        Ok(())
    }

    /// Notes that a batch is answered and sends the next; returns whether it was the last.
    fn advance(
        &self,
        epoll: &Epoll,
        connection: &mut Connection,
        times: &mut Vec<Duration>,
    ) -> Result<bool> {
        times.push(connection.sent_at.elapsed());
        connection.batches_left -= 1;
        if connection.batches_left > 0 {
            self.send(connection)?;
            return Ok(false);
        }
        epoll.delete(&connection.stream)?;
        Ok(true)
    }

    fn send(&self, connection: &mut Connection) -> Result<()> {
        connection.unsent.clear();
        for _ in 0..self.pipeline {
            self.kind.request(connection.next, &mut connection.unsent);
            connection.next += 1;
        }
        connection.awaited = self.kind.answer().0 * self.pipeline;
        connection.sent_at = Instant::now();
        let mut rest = &connection.unsent[..];
        while !rest.is_empty() {
            match connection.stream.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                Err(error) => return Err(error).context("cannot send"),
            }
            if connection.sent_at.elapsed() > STALLED {
                bail!("the server takes no requests");
            }
        }
        Ok(())
    }

    /// Takes what has come; returns whether the batch is answered.
    fn receive(&self, connection: &mut Connection) -> Result<bool> {
        let mut buffer = [0; 1 << 16];
        let count = match connection.stream.read(&mut buffer) {
            Ok(0) => bail!("the server closed the connection"),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error).context("cannot receive"),
        };
        if count > connection.awaited {
            bail!("an answer is {} bytes too long", count - connection.awaited);
        }
        connection.awaited -= count;
        connection.tail.extend_from_slice(&buffer[count.saturating_sub(8)..count]);
        if connection.awaited > 0 {
            return Ok(false);
        }
        if !connection.tail.ends_with(self.kind.answer().1) {
            bail!("a wrong answer: {:?}", connection.tail.escape_ascii().to_string());
        }
        connection.tail.clear();
        Ok(true)
    }
}

/// Connects without Nagle's delay, for non-blocking use.
///
/// # Errors
/// Fails where the server does not answer within `patience`.
pub(crate) fn connect(server: SocketAddr, patience: Duration) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, patience)?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

/// Stores every key once.
///
/// # Errors
/// Fails as [`Load::run`] does.
pub(crate) fn fill(server: SocketAddr) -> Result<()> {
    Load { server, kind: Kind::Set, connections: 1, pipeline: 10, requests: KEYS }.run()?;
    Ok(())
}

/// Opens `count` connections that are used by nobody.
///
/// # Errors
/// Fails where the server refuses one.
pub(crate) fn idle(server: SocketAddr, count: usize) -> Result<Vec<TcpStream>> {
    (0..count)
        .map(|index| {
            connect(server, STALLED).with_context(|| format!("cannot open connection {index}"))
        })
        .collect()
}

/// Waits for the first answer of a server that is starting, at most `patience`.
///
/// # Errors
/// Fails where none comes.
pub(crate) fn first_answer(server: SocketAddr, patience: Duration) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < patience {
        if ask_version(server).is_ok_and(|is_there| is_there) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    bail!("no answer within {} s", patience.as_secs())
}

/// Asks once, patient for a tenth of a second.
fn ask_version(server: SocketAddr) -> std::io::Result<bool> {
    const ONCE: Duration = Duration::from_millis(100);
    let mut stream = TcpStream::connect_timeout(&server, ONCE)?;
    stream.set_read_timeout(Some(ONCE))?;
    stream.write_all(b"version\r\n")?;
    let mut answer = [0; 64];
    let count = stream.read(&mut answer)?;
    Ok(answer[..count].starts_with(b"VERSION"))
}
