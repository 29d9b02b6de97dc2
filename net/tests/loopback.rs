//! Simulations of threads that talk over loopback: nothing is lost there, so nothing may ever have
//! to wait for the clock. A failure prints its seed.

#![expect(
    clippy::unwrap_used,
    clippy::tests_outside_test_module,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    dead_code,
    reason = "a test program of its own, which may end at what it does not expect"
)]

mod link;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

use abi::Errno;
use abi::poll::Events;
use abi::time::Instant;
use link::{Faults, Random, World, address, pattern, receive, send};
use net::inet::Socket;
use net::stack::Load;
use sync::Every;

/// A thread that sleeps until its waker is called.
#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Send,
    Receive,
}

/// A thread that sends or receives a whole stream by calls that block.
struct Actor {
    role: Role,
    socket: Socket,
    /// Bytes of the stream, and how many of them are sent or received.
    total: usize,
    done: usize,
    is_over: bool,
    flag: Arc<Flag>,
    waker: Waker,
    /// Bytes of one call, and how many of them are left.
    piece: usize,
    left: usize,
}

impl Actor {
    fn new(role: Role, socket: &Socket, total: usize, piece: usize) -> Self {
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(flag.clone());
        Self {
            role,
            socket: socket.clone(),
            total,
            done: 0,
            is_over: false,
            flag,
            waker,
            piece,
            left: 0,
        }
    }

    fn is_ready(&self) -> bool {
        !self.is_over && self.flag.0.load(Ordering::Relaxed)
    }

    /// Does one step of a call; falls asleep as `wait::until` does.
    fn step(&mut self, now: Instant) {
        match self.attempt(now) {
            Err(Errno::EAGAIN) => {}
            result => return result.unwrap(),
        }
        let interest = match self.role {
            Role::Send => Events::OUT,
            Role::Receive => Events::IN | Events::RDHUP,
        };
        self.flag.0.store(false, Ordering::Relaxed);
        let waiting = self.socket.waiters().register(interest, Every::Once, &self.waker);
        match self.attempt(now) {
            Err(Errno::EAGAIN) => {}
            result => {
                self.socket.waiters().remove(waiting);
                self.flag.0.store(true, Ordering::Relaxed);
                result.unwrap();
            }
        }
    }

    fn attempt(&mut self, now: Instant) -> abi::Result<()> {
        match self.role {
            Role::Send => {
                if self.left == 0 {
                    self.left = self.piece.min(self.total - self.done);
                }
                let count = send(&self.socket, &pattern(self.done, self.left), now)?;
                self.done += count;
                self.left -= count;
                if self.done == self.total {
                    self.socket.shutdown(1, now)?;
                    self.is_over = true;
                }
            }
            Role::Receive => {
                let bytes = receive(&self.socket, self.piece, now)?;
                assert!(bytes == pattern(self.done, bytes.len()), "bytes went astray");
                self.done += bytes.len();
                self.is_over = bytes.is_empty();
            }
        }
        Ok(())
    }
}

/// Runs a simulation with some seeds and names the one that fails.
fn with_seeds(seeds: impl Iterator<Item = u64>, simulation: impl Fn(u64)) {
    for seed in seeds {
        if let Err(cause) = catch_unwind(AssertUnwindSafe(|| simulation(seed))) {
            eprintln!("failing seed: {seed}");
            resume_unwind(cause);
        }
    }
}

/// Connects two sockets of the first machine over loopback.
fn pair(world: &World) -> (Socket, Socket) {
    let listener = world.tcp(0);
    listener.bind(&address("127.0.0.1:0")).unwrap();
    listener.listen(1).unwrap();
    let to = address(&format!("127.0.0.1:{}", listener.local_port()));
    let client = world.tcp(0);
    assert_eq!(client.connect(&to, world.now), Err(Errno::EINPROGRESS));
    assert_eq!(client.connected(), Ok(()));
    let (server, _) = listener.accept().unwrap();
    listener.close(world.now);
    (client, server)
}

/// Sends `total` bytes each way; fails if all threads sleep before it is done.
fn both_ways(seed: u64, total: usize) {
    let world = World::new(seed, Faults::default());
    let stack = world.stacks[0].clone();
    let mut random = Random(seed);
    let (client, server) = pair(&world);
    let mut actors = [
        Actor::new(Role::Send, &client, total, 30_011),
        Actor::new(Role::Send, &server, total, 30_011),
        Actor::new(Role::Receive, &server, total, 50_021),
        Actor::new(Role::Receive, &client, total, 50_021),
    ];
    // On a slow machine probes and retransmissions come due in the middle of things.
    let longest = [10_000, 1_000_000, 100_000_000][usize::try_from(seed % 3).unwrap()];
    let is_last_late = random.is_percent(50);
    let turn = 1 + random.below(30);
    let mut now = world.now;
    let ready = |actors: &[Actor; 4]| -> Vec<usize> {
        let is_held = |index| index == 3 && is_last_late && !actors[2].is_over;
        (0..4).filter(|index| actors[*index].is_ready() && !is_held(*index)).collect()
    };
    while actors.iter().any(|actor| !actor.is_over) {
        if ready(&actors).is_empty() {
            stack.poll(now, Load::Idle);
        }
        let ready = ready(&actors);
        let states = || actors.each_ref().map(|actor| (actor.role, actor.done, actor.is_over));
        assert!(!ready.is_empty(), "all sleep: {:?}", states());
        let chosen = ready[usize::try_from(random.below(ready.len() as u64)).unwrap()];
        for _ in 0..1 + random.below(turn) {
            if !actors[chosen].is_ready() {
                break;
            }
            actors[chosen].step(now);
            now = now + Duration::from_nanos(1000 + random.below(longest));
        }
        if random.is_percent(20) {
            stack.poll(now, Load::Busy);
        }
    }
}

#[test]
fn streams_both_ways_never_wait_for_the_clock() {
    // The seeds of faults that are mended: a window that opened in LAST-ACK, acknowledgements
    // behind or before the window, a byte lost to rounding, what a probe of a window told.
    let kept = [1, 2, 5, 399, 830, 881];
    with_seeds((0..9).chain(kept), |seed| both_ways(seed, 1 << 20));
}

#[test]
fn what_a_call_leaves_to_be_done_is_told_at_once() {
    static DUE: AtomicU64 = AtomicU64::new(u64::MAX);
    let mut world = World::new(1, Faults::default());
    let listener = world.listener(7);
    let (far, _server) = world.connect(&listener, 7);
    let (near, _peer) = pair(&world);
    world.run(Duration::from_secs(5), |_| false);
    world.stacks[0].set_alarm(|at| DUE.store(at.as_nanos(), Ordering::Relaxed));
    let due_in = |now: Instant| {
        let at = Instant::from_nanos(DUE.swap(u64::MAX, Ordering::Relaxed));
        at.since(now)
    };
    // Retransmission.
    world.stacks[0].next_deadline();
    send(&far, b"x", world.now).unwrap();
    assert!(due_in(world.now) <= Duration::from_secs(1));
    // The peer's acknowledgement, which is delayed.
    send(&near, b"x", world.now).unwrap();
    assert!(due_in(world.now) <= Duration::from_millis(100));
}
