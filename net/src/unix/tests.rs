use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Waker;

use abi::poll::Events;
use abi::{Errno, Result};
use proptest::prelude::*;
use sync::{Every, SpinLock};

use super::message::NOBODY;
use super::*;

/// A file system that holds sockets only; a path `plain` is a file of another kind.
#[derive(Default)]
struct Files(SpinLock<BTreeMap<Vec<u8>, u64>>);

impl Files {
    fn file(inode: u64) -> SocketFile {
        SocketFile { device: 1, inode, keep: Arc::new(()) }
    }
}

impl Names for Files {
    fn create(&self, path: &[u8]) -> Result<SocketFile> {
        let mut files = self.0.lock();
        if files.contains_key(path) {
            return Err(Errno::EEXIST);
        }
        let inode = files.len() as u64;
        files.insert(path.to_vec(), inode);
        Ok(Self::file(inode))
    }

    fn lookup(&self, path: &[u8]) -> Result<SocketFile> {
        if path == b"plain" {
            return Err(Errno::ECONNREFUSED);
        }
        self.0.lock().get(path).map(|inode| Self::file(*inode)).ok_or(Errno::ENOENT)
    }
}

const ME: Credentials = Credentials { pid: 1, uid: 0, gid: 0 };

fn path(name: &str) -> Address {
    Address::Path(name.as_bytes().to_vec())
}

fn pair(kind: Kind) -> (Arc<Socket>, Arc<Socket>) {
    Socket::pair(kind, &Arc::new(Namespace::new()), ME)
}

fn send(socket: &Socket, bytes: &[u8]) -> Result<usize> {
    send_with(socket, bytes, &mut Ancillary::default())
}

fn send_with(socket: &Socket, mut bytes: &[u8], ancillary: &mut Ancillary) -> Result<usize> {
    socket.send(&mut bytes, None, &Files::default(), ancillary)
}

fn send_to(socket: &Socket, mut bytes: &[u8], to: &Address, files: &Files) -> Result<usize> {
    socket.send(&mut bytes, Some(to), files, &mut Ancillary::default())
}

fn receive(socket: &Socket, room: usize, take: Take) -> Result<(Vec<u8>, Received)> {
    let mut buffer = vec![0; room];
    let received = socket.receive(&mut buffer.as_mut_slice(), take)?;
    buffer.truncate(received.count);
    Ok((buffer, received))
}

fn bytes(socket: &Socket, room: usize) -> Result<Vec<u8>> {
    receive(socket, room, Take::Remove).map(|(bytes, _)| bytes)
}

fn files(count: u32) -> Ancillary {
    let rights = (0..count).map(|number| Arc::new(number) as Arc<dyn Any + Send + Sync>).collect();
    Ancillary { rights: Rights(rights), credentials: ME, ..Ancillary::default() }
}

#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Returns a counter of the wake-ups for `events` of a socket.
fn watch(socket: &Socket, events: Events) -> Arc<Count> {
    let count = Arc::new(Count::default());
    socket.waiters().register(events, Every::Change, &Waker::from(count.clone()));
    count
}

/// A listener named `server`, with its names.
fn listener(kind: Kind, backlog: u32) -> (Arc<Namespace>, Files, Arc<Socket>) {
    let (namespace, files) = (Arc::new(Namespace::new()), Files::default());
    let socket = Socket::new(kind, &namespace);
    socket.bind(&path("server"), &files).unwrap();
    socket.listen(backlog, ME).unwrap();
    (namespace, files, socket)
}

#[test]
fn stream_joins_and_splits_writes() {
    let (a, b) = pair(Kind::Stream);
    assert_eq!(bytes(&b, 9), Err(Errno::EAGAIN));
    assert_eq!(send(&a, b"abc"), Ok(3));
    assert_eq!(send(&a, b"def"), Ok(3));
    assert_eq!(b.pending_input(), Ok(6));
    assert_eq!(a.pending_output(), 6);
    assert_eq!(receive(&b, 9, Take::Peek).unwrap().0, b"abcdef");
    assert_eq!(bytes(&b, 4).unwrap(), b"abcd");
    assert_eq!(bytes(&b, 4).unwrap(), b"ef");
    assert_eq!(a.pending_output(), 0);
    assert_eq!(send(&a, b""), Ok(0));
    assert_eq!(bytes(&b, 4), Err(Errno::EAGAIN));
}

#[test]
fn stream_stops_at_its_limit_and_goes_on_when_read() {
    let (a, b) = pair(Kind::Stream);
    a.set_send_limit(10_000);
    let data: Vec<u8> = (0..50_000_u32).map(|i| i.to_le_bytes()[0]).collect();
    let woken = watch(&a, Events::OUT);
    let (mut sent, mut got) = (0, Vec::new());
    while got.len() < data.len() {
        match send(&a, &data[sent..]) {
            Ok(count) => sent += count,
            Err(errno) => assert_eq!(errno, Errno::EAGAIN),
        }
        if sent < data.len() {
            assert_eq!(send(&a, &data[sent..]), Err(Errno::EAGAIN));
            assert!(!a.poll().contains(Events::OUT));
        }
        let before = woken.0.load(Ordering::Relaxed);
        got.extend(bytes(&b, data.len()).unwrap());
        assert!(a.poll().contains(Events::OUT));
        assert!(woken.0.load(Ordering::Relaxed) > before);
    }
    assert_eq!(got, data);
    assert_eq!(a.pending_output(), 0);
}

#[test]
fn closed_peer_is_end_of_stream_and_broken_pipe() {
    let (a, b) = pair(Kind::Stream);
    send(&a, b"last").unwrap();
    let woken = watch(&b, Events::IN);
    drop(a);
    assert!(woken.0.load(Ordering::Relaxed) > 0);
    assert!(b.poll().contains(Events::IN | Events::HUP | Events::RDHUP | Events::OUT));
    assert_eq!(bytes(&b, 9).unwrap(), b"last");
    assert_eq!(bytes(&b, 9).unwrap(), b"");
    assert_eq!(send(&b, b"x"), Err(Errno::EPIPE));
}

#[test]
fn peer_that_closes_with_unread_data_resets() {
    for kind in [Kind::Stream, Kind::SeqPacket] {
        let (a, b) = pair(kind);
        send(&a, b"unread").unwrap();
        drop(b);
        assert!(a.poll().contains(Events::ERR | Events::HUP));
        assert_eq!(bytes(&a, 9), Err(Errno::ECONNRESET));
        assert_eq!(bytes(&a, 9).unwrap(), b"");
        assert_eq!(send(&a, b"x"), Err(Errno::EPIPE));
        assert_eq!(a.pending_output(), 0);
    }
}

#[test]
fn shutdown_closes_both_ends_of_a_direction() {
    let (a, b) = pair(Kind::Stream);
    send(&a, b"x").unwrap();
    a.shutdown(Shutdown::WRITE);
    assert_eq!(send(&a, b"y"), Err(Errno::EPIPE));
    assert_eq!(b.poll(), Events::READABLE | Events::RDHUP | Events::WRITABLE_BAND);
    assert_eq!(bytes(&b, 9).unwrap(), b"x");
    assert_eq!(bytes(&b, 9).unwrap(), b"");
    send(&b, b"back").unwrap();
    assert_eq!(bytes(&a, 9).unwrap(), b"back");
    b.shutdown(Shutdown::WRITE);
    assert!(a.poll().contains(Events::HUP) && b.poll().contains(Events::HUP));
}

#[test]
fn unconnected_stream_neither_reads_nor_writes() {
    let socket = Socket::new(Kind::Stream, &Arc::default());
    assert_eq!(bytes(&socket, 1), Err(Errno::EINVAL));
    assert_eq!(send(&socket, b"x"), Err(Errno::ENOTCONN));
    assert_eq!(send_to(&socket, b"x", &path("p"), &Files::default()), Err(Errno::EOPNOTSUPP));
    assert_eq!(socket.peer_address(), Err(Errno::ENOTCONN));
    assert_eq!(socket.accept().map(drop), Err(Errno::EINVAL));
    assert_eq!(socket.listen(1, ME), Err(Errno::EINVAL));
    assert_eq!(socket.poll(), Events::HUP | Events::WRITABLE_BAND);
    let socket = Socket::new(Kind::SeqPacket, &Arc::default());
    assert_eq!(bytes(&socket, 1), Err(Errno::ENOTCONN));
    assert_eq!(send(&socket, b"x"), Err(Errno::ENOTCONN));
}

#[test]
fn connection_is_accepted_with_names_and_credentials() {
    let (namespace, files, server) = listener(Kind::Stream, 5);
    let client = Socket::new(Kind::Stream, &namespace);
    let woken = watch(&server, Events::IN);
    assert_eq!(server.accept().map(drop), Err(Errno::EAGAIN));
    let other = Credentials { pid: 2, uid: 3, gid: 4 };
    client.connect(&path("server"), &files, other).unwrap();
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    assert!(server.poll().contains(Events::IN));
    assert_eq!(client.connect(&path("server"), &files, ME), Err(Errno::EISCONN));
    send(&client, b"early").unwrap();
    let accepted = server.accept().unwrap();
    assert_eq!(bytes(&accepted, 9).unwrap(), b"early");
    assert_eq!(accepted.local_address(), path("server"));
    assert_eq!(accepted.peer_address(), Ok(Address::Unnamed));
    assert_eq!(client.peer_address(), Ok(path("server")));
    assert_eq!(accepted.peer_credentials(), Some(other));
    assert_eq!(client.peer_credentials(), Some(ME));
    assert!(server.is_listening() && !accepted.is_listening());
}

#[test]
fn full_queue_makes_the_client_wait() {
    let (namespace, files, server) = listener(Kind::Stream, 0);
    let first = Socket::new(Kind::Stream, &namespace);
    first.connect(&path("server"), &files, ME).unwrap();
    let second = Socket::new(Kind::Stream, &namespace);
    let woken = watch(&second, Events::OUT);
    assert_eq!(second.connect(&path("server"), &files, ME), Err(Errno::EAGAIN));
    server.accept().unwrap();
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    assert_eq!(second.connect(&path("server"), &files, ME), Ok(()));
    drop(server);
    assert_eq!(bytes(&second, 1), Err(Errno::ECONNRESET));
}

#[test]
fn connect_names_what_is_wrong() {
    let (namespace, files, server) = listener(Kind::Stream, 1);
    let connect = |kind, to| Socket::new(kind, &namespace).connect(&to, &files, ME);
    assert_eq!(connect(Kind::Stream, path("none")), Err(Errno::ENOENT));
    assert_eq!(connect(Kind::Stream, path("plain")), Err(Errno::ECONNREFUSED));
    assert_eq!(connect(Kind::Stream, Address::Abstract(vec![])), Err(Errno::ECONNREFUSED));
    assert_eq!(connect(Kind::Stream, Address::Unnamed), Err(Errno::EINVAL));
    assert_eq!(connect(Kind::SeqPacket, path("server")), Err(Errno::EPROTOTYPE));
    assert_eq!(connect(Kind::Datagram, path("server")), Err(Errno::EPROTOTYPE));
    assert_eq!(server.connect(&path("server"), &files, ME), Err(Errno::EINVAL));
    let (connected, _peer) = Socket::pair(Kind::Stream, &namespace, ME);
    assert_eq!(connected.connect(&path("none"), &files, ME), Err(Errno::ENOENT));
    assert_eq!(connected.connect(&path("server"), &files, ME), Err(Errno::EISCONN));
    server.shutdown(Shutdown::READ);
    assert_eq!(connect(Kind::Stream, path("server")), Err(Errno::ECONNREFUSED));
    assert_eq!(server.accept().map(drop), Err(Errno::EINVAL));
    drop(server);
    assert_eq!(connect(Kind::Stream, path("server")), Err(Errno::ECONNREFUSED));
}

#[test]
fn names_are_held_until_the_socket_goes() {
    let (namespace, files) = (Arc::new(Namespace::new()), Files::default());
    let new = || Socket::new(Kind::Datagram, &namespace);
    let name = Address::Abstract(b"a\0b".to_vec());
    let (first, second) = (new(), new());
    first.bind(&name, &files).unwrap();
    assert_eq!(first.bind(&path("again"), &files), Err(Errno::EINVAL));
    assert_eq!(second.bind(&name, &files), Err(Errno::EADDRINUSE));
    drop(first);
    second.bind(&name, &files).unwrap();
    let third = new();
    third.bind(&path("p"), &files).unwrap();
    assert_eq!(new().bind(&path("p"), &files), Err(Errno::EADDRINUSE));
    let made_up = new();
    made_up.bind(&Address::Unnamed, &files).unwrap();
    assert_eq!(made_up.local_address(), Address::Abstract(b"00000".to_vec()));
    assert_eq!(made_up.bind(&Address::Unnamed, &files), Ok(()));
}

#[test]
fn files_come_with_the_first_byte_and_end_the_read() {
    let (a, b) = pair(Kind::Stream);
    b.set_passing_credentials(true);
    send(&a, b"plain").unwrap();
    let mut ancillary = files(2);
    send_with(&a, b"files", &mut ancillary).unwrap();
    assert!(ancillary.rights.0.is_empty());
    send_with(&a, b"after", &mut Ancillary { credentials: ME, ..Ancillary::default() }).unwrap();
    let (got, received) = receive(&b, 7, Take::Remove).unwrap();
    assert_eq!((got.as_slice(), received.rights.0.len()), (&b"plain"[..], 0));
    let (got, received) = receive(&b, 3, Take::Peek).unwrap();
    assert_eq!((got.as_slice(), received.rights.0.len()), (&b"fil"[..], 2));
    let (got, received) = receive(&b, 3, Take::Remove).unwrap();
    assert_eq!((got.as_slice(), received.rights.0.len()), (&b"fil"[..], 2));
    let second = received.rights.0[1].downcast_ref::<u32>();
    assert_eq!(second, Some(&1));
    assert_eq!(bytes(&b, 9).unwrap(), b"esafter");
    assert_eq!(send_with(&a, b"x", &mut files(254)), Err(Errno::EINVAL));
}

#[test]
fn files_in_flight_go_with_the_socket() {
    let (a, b) = pair(Kind::SeqPacket);
    let mut ancillary = files(1);
    let file = Arc::downgrade(&ancillary.rights.0[0]);
    send_with(&a, b"", &mut ancillary).unwrap();
    assert_eq!(file.strong_count(), 1);
    drop(b);
    assert_eq!(file.strong_count(), 0);
    assert_eq!(a.pending_output(), 0);
}

#[test]
fn senders_are_named_where_somebody_asked() {
    let (a, b) = pair(Kind::Stream);
    let of = |received: Received| received.credentials;
    send(&a, b"before").unwrap();
    b.set_passing_credentials(true);
    send_with(&a, b"after", &mut files(0)).unwrap();
    let (got, received) = receive(&b, 20, Take::Remove).unwrap();
    assert_eq!((got.as_slice(), of(received)), (&b"before"[..], Some(NOBODY)));
    let (got, received) = receive(&b, 20, Take::Remove).unwrap();
    assert_eq!((got.as_slice(), of(received)), (&b"after"[..], Some(ME)));
    b.set_passing_credentials(false);
    send_with(&a, b"a claim", &mut Ancillary { is_claimed: true, ..files(0) }).unwrap();
    b.set_passing_credentials(true);
    assert_eq!(of(receive(&b, 20, Take::Remove).unwrap().1), Some(ME));
}

#[test]
fn packets_keep_their_bounds() {
    let (a, b) = pair(Kind::SeqPacket);
    send(&a, b"first").unwrap();
    send(&a, b"").unwrap();
    send(&a, b"third").unwrap();
    let (got, received) = receive(&b, 3, Take::Peek).unwrap();
    assert_eq!((got.as_slice(), received.length), (&b"fir"[..], 5));
    assert_eq!(bytes(&b, 3).unwrap(), b"fir");
    assert_eq!(receive(&b, 3, Take::Remove).unwrap().1.credentials, None);
    assert_eq!(bytes(&b, 9).unwrap(), b"third");
    assert_eq!(send(&a, &vec![0; 212_992]), Err(Errno::EMSGSIZE));
    a.shutdown(Shutdown::WRITE);
    assert_eq!(bytes(&b, 9).unwrap(), b"");
}

#[test]
fn datagrams_find_their_receiver_by_name() {
    let (namespace, files) = (Arc::new(Namespace::new()), Files::default());
    let new = || Socket::new(Kind::Datagram, &namespace);
    let (server, client) = (new(), new());
    server.bind(&path("server"), &files).unwrap();
    assert_eq!(send(&client, b"x"), Err(Errno::ENOTCONN));
    send_to(&client, b"anonymous", &path("server"), &files).unwrap();
    client.bind(&path("client"), &files).unwrap();
    send_to(&client, b"named", &path("server"), &files).unwrap();
    assert_eq!(server.pending_input(), Ok(9));
    assert_eq!(receive(&server, 20, Take::Remove).unwrap().1.from, Address::Unnamed);
    assert_eq!(receive(&server, 20, Take::Remove).unwrap().1.from, path("client"));
    client.connect(&path("server"), &files, ME).unwrap();
    send(&client, b"connected").unwrap();
    assert_eq!(bytes(&server, 20).unwrap(), b"connected");
    server.connect(&path("client"), &files, ME).unwrap();
    assert_eq!(send_to(&new(), b"x", &path("server"), &files), Err(Errno::EPERM));
    assert_eq!(new().connect(&path("server"), &files, ME), Err(Errno::EPERM));
    client.connect(&Address::Unnamed, &files, ME).unwrap();
    assert_eq!(send(&client, b"x"), Err(Errno::ENOTCONN));
    drop(client);
    assert_eq!(send(&server, b"x"), Err(Errno::ECONNREFUSED));
    assert_eq!(send(&server, b"x"), Err(Errno::ENOTCONN));
}

#[test]
fn full_receiver_makes_senders_wait() {
    let (namespace, files) = (Arc::new(Namespace::new()), Files::default());
    let new = || Socket::new(Kind::Datagram, &namespace);
    let (server, client) = (new(), new());
    server.bind(&path("server"), &files).unwrap();
    client.connect(&path("server"), &files, ME).unwrap();
    for _ in 0..11 {
        assert!(client.poll().contains(Events::OUT));
        send(&client, b"x").unwrap();
    }
    assert!(!client.poll().contains(Events::OUT));
    assert_eq!(send(&client, b"x"), Err(Errno::EAGAIN));
    let woken = watch(&client, Events::OUT);
    bytes(&server, 1).unwrap();
    assert!(woken.0.load(Ordering::Relaxed) > 0);
    assert!(client.poll().contains(Events::OUT));
    send(&client, b"x").unwrap();
}

#[test]
fn changing_peers_loses_what_the_old_one_sent() {
    let (namespace, files) = (Arc::new(Namespace::new()), Files::default());
    let (a, b) = Socket::pair(Kind::Datagram, &namespace, ME);
    send(&b, b"lost").unwrap();
    a.connect(&Address::Unnamed, &files, ME).unwrap();
    assert_eq!(bytes(&a, 9), Err(Errno::EAGAIN));
    assert_eq!(b.take_error(), Some(Errno::ECONNRESET));
    assert_eq!(b.pending_output(), 0);
}

proptest! {
    #[test]
    fn stream_delivers_every_byte_in_order(
        steps in prop::collection::vec((any::<bool>(), 0_usize..20_000), 1..60),
        limit in 1_usize..40_000,
    ) {
        let (a, b) = pair(Kind::Stream);
        a.set_send_limit(limit);
        let (mut sent, mut got) = (0_usize, 0_usize);
        let byte = |position: usize| position.to_le_bytes()[0] ^ position.to_le_bytes()[1];
        for (is_send, size) in steps {
            if is_send {
                let data: Vec<u8> = (sent..sent + size).map(byte).collect();
                sent += send(&a, &data).unwrap_or(0);
            } else {
                let data = bytes(&b, size).unwrap_or_default();
                for value in data {
                    prop_assert_eq!(value, byte(got));
                    got += 1;
                }
            }
        }
        prop_assert_eq!(b.pending_input(), Ok(sent - got));
        while got < sent {
            got += bytes(&b, 1000).unwrap().len();
        }
        prop_assert_eq!(a.pending_output(), 0);
    }
}
