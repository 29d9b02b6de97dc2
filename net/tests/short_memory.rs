//! What sockets do while memory is short. A test program of its own: who says so is set once.

#![expect(
    clippy::unwrap_used,
    clippy::tests_outside_test_module,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    dead_code,
    reason = "a test program of its own, which may end at what it does not expect"
)]

mod link;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use abi::poll::Events;
use abi::{Errno, Result};
use link::{Faults, Random, Transfer, World, address, pattern, receive, send};
use net::unix::{self, Address, Ancillary, Credentials, Kind, Names, Namespace, SocketFile};

static IS_SHORT: AtomicBool = AtomicBool::new(false);

fn set_short(is_short: bool) {
    IS_SHORT.store(is_short, Ordering::Relaxed);
}

fn connections_begin_and_carry_all() {
    let mut world = World::new(1, Faults::default());
    let listener = world.listener(7);
    set_short(true);
    let (client, server) = world.connect(&listener, 7);
    let mut random = Random(1);
    let (mut up, mut down) = (Transfer::new(100_000), Transfer::new(100_000));
    assert!(world.run(Duration::from_secs(2000), |world| {
        up.advance(&client, &server, &mut random, world.now);
        down.advance(&server, &client, &mut random, world.now);
        // What was begun with small buffers may grow again.
        set_short(up.received < 50_000);
        up.is_over && down.is_over
    }));
    assert_eq!((up.received, down.received), (100_000, 100_000));
}

fn datagrams_are_lost() {
    let mut world = World::new(2, Faults::default());
    let server = world.udp(1);
    server.bind(&address("10.0.0.2:53")).unwrap();
    let client = world.udp(0);
    client.connect(&address("10.0.0.2:53"), world.now).unwrap();
    for is_short in [false, true, false] {
        assert_eq!(send(&client, &pattern(0, 1000), world.now), Ok(1000));
        set_short(is_short);
        let has_come = world.run(Duration::from_secs(1), |_| server.poll().contains(Events::IN));
        assert_eq!(has_come, !is_short);
        if has_come {
            assert_eq!(receive(&server, 2000, world.now), Ok(pattern(0, 1000)));
        }
    }
}

/// No file names a socket.
struct NoNames;

impl Names for NoNames {
    fn create(&self, _path: &[u8]) -> Result<SocketFile> {
        Err(Errno::EROFS)
    }

    fn lookup(&self, _path: &[u8]) -> Result<SocketFile> {
        Err(Errno::ENOENT)
    }
}

fn messages_are_refused() {
    let own = Credentials { pid: 1, uid: 0, gid: 0 };
    for kind in [Kind::Stream, Kind::Datagram, Kind::SeqPacket] {
        let (one, other) = unix::Socket::pair(kind, &Arc::new(Namespace::new()), own);
        let send = || {
            let mut bytes = &b"abc"[..];
            let nobody: Option<&Address> = None;
            one.send(&mut bytes, nobody, &NoNames, &mut Ancillary::default())
        };
        set_short(true);
        assert_eq!(send(), Err(Errno::ENOBUFS));
        assert!(!other.poll().contains(Events::IN));
        set_short(false);
        assert_eq!(send(), Ok(3));
        assert!(other.poll().contains(Events::IN));
    }
}

#[test]
fn what_exists_goes_on_and_what_would_be_kept_is_refused() {
    net::room::set_is_short(|| IS_SHORT.load(Ordering::Relaxed));
    connections_begin_and_carry_all();
    datagrams_are_lost();
    messages_are_refused();
}
