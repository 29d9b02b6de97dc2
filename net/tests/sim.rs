//! Simulations: two machines and a cable that loses, doubles and delays. A failure prints its seed.

#![expect(
    clippy::unwrap_used,
    clippy::tests_outside_test_module,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a test program of its own, which may end at what it does not expect"
)]

mod link;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use abi::Errno;
use abi::poll::Events;
use link::{Faults, PAIRS, Random, Transfer, World, address, move_to, pattern, receive, send};
use net::inet::Socket;
use net::options::Value;

/// Runs a simulation with some seeds and names the one that fails.
fn with_seeds(count: u64, simulation: impl Fn(u64)) {
    for seed in 0..count {
        if let Err(cause) = catch_unwind(AssertUnwindSafe(|| simulation(seed))) {
            eprintln!("failing seed: {seed}");
            resume_unwind(cause);
        }
    }
}

fn both_ways(seed: u64, faults: Faults, total: usize) -> Duration {
    let mut world = World::new(seed, faults);
    let mut random = Random(seed);
    let listener = world.listener(7);
    let (client, server) = world.connect(&listener, 7);
    let begun = world.now;
    let (mut up, mut down) = (Transfer::new(total), Transfer::new(total));
    let is_done = world.run(Duration::from_secs(20_000), |world| {
        up.advance(&client, &server, &mut random, world.now);
        down.advance(&server, &client, &mut random, world.now);
        up.is_over && down.is_over
    });
    assert!(is_done, "stalled: {up:?} {down:?}");
    assert_eq!((up.received, down.received), (total, total));
    world.now - begun
}

#[test]
fn a_good_cable_carries_streams_both_ways_fast() {
    let took = both_ways(1, Faults::default(), 4_000_000);
    assert!(took < Duration::from_secs(3), "took {took:?}");
}

#[test]
fn a_bad_cable_carries_streams_both_ways() {
    with_seeds(12, |seed| {
        let mut random = Random(seed);
        let faults = Faults {
            loss: random.below(10),
            duplicates: random.below(10),
            delays: random.below(20),
            forgeries: 0,
        };
        both_ways(seed, faults, 150_000);
    });
}

#[test]
fn a_request_and_its_answer_take_two_frames() {
    let mut world = World::new(3, Faults::default());
    let listener = world.listener(7);
    let (client, server) = world.connect(&listener, 7);
    world.run(Duration::from_millis(10), |_| false);
    let before = world.frames_sent();
    for _ in 0..10 {
        send(&client, b"get key\r\n", world.now).unwrap();
        let answered = world.run(Duration::from_secs(1), |world| {
            if let Ok(request) = receive(&server, 100, world.now) {
                assert_eq!(request, b"get key\r\n");
                send(&server, b"END\r\n", world.now).unwrap();
            }
            receive(&client, 100, world.now).is_ok()
        });
        assert!(answered);
    }
    world.run(Duration::from_millis(10), |_| false);
    // The last answer is acknowledged by itself, the others with the next request.
    let frames = world.frames_sent() - before;
    assert_eq!(frames, 21);
}

#[test]
fn a_connection_goes_by_the_queues_of_who_sends_once_all_is_acknowledged() {
    let mut world = World::new(5, Faults::default());
    let listener = world.listener(7);
    let (client, server) = world.connect(&listener, 7);
    client.set_option(6, 1, Value::whole(&1i32.to_ne_bytes()), world.now).unwrap();
    for turn in 0..4 {
        let (here, there) = (turn % PAIRS, (turn + 1) % PAIRS);
        move_to(here);
        send(&client, b"one", world.now).unwrap();
        assert_eq!(world.pair_used(0), here);
        // What follows would overtake what is still under way.
        move_to(there);
        send(&client, b"two", world.now).unwrap();
        assert_eq!(world.pair_used(0), here);
        world.run(Duration::from_millis(10), |_| false);
        assert_eq!(receive(&server, 6, world.now).unwrap(), b"onetwo");
    }
    // Another processor does not take what came for this one.
    move_to(1);
    send(&client, b"question", world.now).unwrap();
    assert!(world.run(Duration::from_secs(1), |world| receive(&server, 8, world.now).is_ok()));
    send(&server, b"answer", world.now).unwrap();
    world.pass(Duration::from_millis(1));
    let waits_for: Vec<_> = (0..PAIRS)
        .filter(|processor| {
            move_to(*processor);
            world.stacks[0].is_pending()
        })
        .collect();
    assert_eq!(waits_for, [1]);
}

#[test]
fn threads_that_move_lose_nothing() {
    with_seeds(8, |seed| {
        let mut world = World::new(seed, Faults { loss: 3, ..Faults::default() });
        let mut random = Random(seed);
        let listener = world.listener(7);
        let (client, server) = world.connect(&listener, 7);
        let mut up = Transfer::new(200_000);
        assert!(world.run(Duration::from_secs(20_000), |world| {
            move_to(usize::try_from(random.below(PAIRS as u64)).unwrap());
            up.advance(&client, &server, &mut random, world.now);
            up.is_over
        }));
        assert_eq!(up.received, up.total);
    });
}

#[test]
fn what_follows_while_the_card_is_busy_goes_together() {
    let mut world = World::new(4, Faults::default());
    let listener = world.listener(7);
    let (client, server) = world.connect(&listener, 7);
    client.set_option(6, 1, Value::whole(&1i32.to_ne_bytes()), world.now).unwrap();
    world.run(Duration::from_millis(10), |_| false);
    world.set_busy(true);
    let before = world.frames_sent();
    let sent = |world: &World| world.frames_sent() - before;
    // The first finds nothing under way and is not kept.
    send(&client, b"0", world.now).unwrap();
    assert_eq!(sent(&world), 1);
    for number in 1..6 {
        send(&client, &[b'0' + number], world.now).unwrap();
        assert_eq!(sent(&world), 1);
    }
    let patience = world.stacks[0].next_deadline().unwrap().since(world.now);
    assert!(patience <= Duration::from_micros(500), "kept for {patience:?}");
    // One that finds the card idle takes the others along.
    world.set_busy(false);
    send(&client, b"6", world.now).unwrap();
    assert_eq!(sent(&world), 2);
    // Without another they go when the kernel polls next.
    world.set_busy(true);
    send(&client, b"78", world.now).unwrap();
    assert_eq!(sent(&world), 2);
    let mut got = Vec::new();
    assert!(world.run(Duration::from_secs(1), |world| {
        got.extend(receive(&server, 100, world.now).unwrap_or_default());
        got.len() == 9
    }));
    assert_eq!(got, b"012345678");
}

#[test]
fn many_connections_come_and_go() {
    let mut world = World::new(5, Faults { loss: 2, ..Faults::default() });
    let listener = world.listener(7);
    let mut pairs = Vec::new();
    for _ in 0..200 {
        pairs.push(world.connect(&listener, 7));
    }
    let mut random = Random(9);
    let mut transfers: Vec<_> = pairs.iter().map(|_| Transfer::new(3000)).collect();
    let is_done = world.run(Duration::from_secs(2000), |world| {
        for ((client, server), transfer) in pairs.iter().zip(&mut transfers) {
            transfer.advance(client, server, &mut random, world.now);
        }
        transfers.iter().all(|transfer| transfer.is_over)
    });
    assert!(is_done);
    for (client, server) in pairs {
        client.close(world.now);
        server.close(world.now);
    }
    world.run(Duration::from_secs(300), |_| false);
    assert_eq!(world.stacks.each_ref().map(|stack| stack.flow_count()), [0, 0]);
    assert_eq!(world.stacks.each_ref().map(|stack| stack.buffer_bytes()), [0, 0]);
}

#[test]
fn an_idle_connection_holds_no_buffers_and_wakes_up() {
    let mut world = World::new(6, Faults::default());
    let listener = world.listener(7);
    let (client, server) = world.connect(&listener, 7);
    for round in 0..5 {
        send(&client, &pattern(round * 100, 100), world.now).unwrap();
        let mut got = Vec::new();
        assert!(world.run(Duration::from_secs(5), |world| {
            got.extend(receive(&server, 1000, world.now).unwrap_or_default());
            got.len() == 100
        }));
        assert_eq!(got, pattern(round * 100, 100));
        send(&server, b"yes", world.now).unwrap();
        assert!(world.run(Duration::from_secs(5), |world| {
            receive(&client, 1000, world.now) == Ok(b"yes".to_vec())
        }));
        world.run(Duration::from_secs(10), |_| false);
        assert_eq!(world.stacks.each_ref().map(|stack| stack.buffer_bytes()), [0, 0]);
    }
}

#[test]
fn half_closed_connections_still_carry_the_other_way() {
    let mut world = World::new(7, Faults::default());
    let listener = world.listener(7);
    let (client, server) = world.connect(&listener, 7);
    client.shutdown(1, world.now).unwrap();
    assert_eq!(send(&client, b"x", world.now), Err(Errno::EPIPE));
    assert!(world.run(Duration::from_secs(1), |world| {
        receive(&server, 10, world.now) == Ok(Vec::new())
    }));
    assert!(server.poll().contains(Events::IN | Events::RDHUP | Events::OUT));
    assert!(!server.poll().contains(Events::HUP));
    send(&server, b"late", world.now).unwrap();
    assert!(world.run(Duration::from_secs(1), |world| {
        receive(&client, 10, world.now) == Ok(b"late".to_vec())
    }));
    server.close(world.now);
    assert!(world.run(Duration::from_secs(1), |world| {
        receive(&client, 10, world.now) == Ok(Vec::new())
    }));
    assert!(client.poll().contains(Events::HUP));
}

#[test]
fn closing_with_unread_bytes_resets() {
    let mut world = World::new(8, Faults::default());
    let listener = world.listener(7);
    let (client, server) = world.connect(&listener, 7);
    send(&client, b"unread", world.now).unwrap();
    assert!(world.run(Duration::from_secs(1), |_| server.poll().contains(Events::IN)));
    server.close(world.now);
    assert!(world.run(Duration::from_secs(1), |_| client.poll().contains(Events::ERR)));
    assert_eq!(receive(&client, 10, world.now), Err(Errno::ECONNRESET));
    assert_eq!(receive(&client, 10, world.now), Ok(Vec::new()));
    assert_eq!(send(&client, b"x", world.now), Err(Errno::EPIPE));
    assert_eq!(world.stacks.each_ref().map(|stack| stack.flow_count()), [0, 0]);
}

#[test]
fn nobody_listening_refuses() {
    let mut world = World::new(9, Faults::default());
    let client = world.tcp(0);
    let begun = client.connect(&address("10.0.0.2:9"), world.now);
    assert_eq!(begun, Err(Errno::EINPROGRESS));
    assert!(world.run(Duration::from_secs(1), |_| client.connected() != Err(Errno::EAGAIN)));
    assert_eq!(client.connected(), Err(Errno::ENOTCONN));
    let again = world.tcp(0);
    let _ = again.connect(&address("10.0.0.2:9"), world.now);
    world.run(Duration::from_secs(1), |_| false);
    assert_eq!(again.connected(), Err(Errno::ECONNREFUSED));
}

#[test]
fn nobody_there_is_unreachable_and_silence_times_out() {
    let mut world = World::new(10, Faults::default());
    let client = world.tcp(0);
    let _ = client.connect(&address("10.0.0.77:9"), world.now);
    world.run(Duration::from_secs(10), |_| false);
    assert_eq!(client.connected(), Err(Errno::EHOSTUNREACH));
    let listener = world.listener(7);
    let (client, _server) = world.connect(&listener, 7);
    world.is_off[1] = true;
    let late = world.tcp(0);
    let _ = late.connect(&address("10.0.0.2:7"), world.now);
    client.set_option(6, 18, Value::whole(&5000i32.to_ne_bytes()), world.now).unwrap();
    send(&client, b"hello?", world.now).unwrap();
    world.run(Duration::from_secs(8), |_| false);
    assert_eq!(receive(&client, 10, world.now), Err(Errno::ETIMEDOUT));
    world.run(Duration::from_secs(200), |_| false);
    assert!(matches!(late.connected(), Err(Errno::ETIMEDOUT | Errno::EHOSTUNREACH)));
}

#[test]
fn keep_alive_notices_a_dead_peer() {
    let mut world = World::new(11, Faults::default());
    let listener = world.listener(7);
    let (client, _server) = world.connect(&listener, 7);
    for (level, name, value) in [(1, 9, 1), (6, 4, 10), (6, 5, 2), (6, 6, 3i32)] {
        client.set_option(level, name, Value::whole(&value.to_ne_bytes()), world.now).unwrap();
    }
    world.run(Duration::from_secs(60), |_| false);
    assert_eq!(receive(&client, 10, world.now), Err(Errno::EAGAIN));
    world.is_off[1] = true;
    world.run(Duration::from_secs(30), |_| false);
    assert_eq!(receive(&client, 10, world.now), Err(Errno::ETIMEDOUT));
}

#[test]
fn a_reader_that_pauses_closes_the_window_and_loses_nothing() {
    with_seeds(4, |seed| {
        let faults = Faults { loss: seed * 2, ..Faults::default() };
        let mut world = World::new(seed, faults);
        let listener = world.listener(7);
        let (client, server) = world.connect(&listener, 7);
        let total = 300_000;
        let (mut sent, mut received) = (0, 0);
        let mut resume = world.now + Duration::from_secs(5);
        let is_done = world.run(Duration::from_secs(20_000), |world| {
            while sent < total {
                match send(&client, &pattern(sent, (total - sent).min(10_000)), world.now) {
                    Ok(count) => sent += count,
                    Err(_) => break,
                }
            }
            if world.now >= resume {
                while let Ok(bytes) = receive(&server, 20_000, world.now) {
                    assert!(bytes == pattern(received, bytes.len()));
                    received += bytes.len();
                }
                resume = world.now + Duration::from_secs(5);
            }
            received == total
        });
        assert!(is_done, "sent {sent} received {received}");
    });
}

#[test]
fn a_full_backlog_holds_connections_back_and_loses_none() {
    let mut world = World::new(12, Faults::default());
    let listener = world.tcp(1);
    listener.bind(&address("0.0.0.0:7")).unwrap();
    listener.listen(2).unwrap();
    let clients: Vec<_> = (0..10).map(|_| world.tcp(0)).collect();
    for client in &clients {
        let _ = client.connect(&address("10.0.0.2:7"), world.now);
    }
    world.run(Duration::from_millis(500), |_| false);
    let late = world.tcp(0);
    let _ = late.connect(&address("10.0.0.2:7"), world.now);
    world.run(Duration::from_millis(500), |_| false);
    assert_eq!(late.connected(), Err(Errno::EAGAIN));
    // The SYNs that came before the queue was full were answered, and that holds.
    let mut accepted: Vec<_> = core::iter::from_fn(|| listener.accept().ok()).collect();
    assert_eq!(accepted.len(), 10);
    assert!(clients.iter().all(|client| client.connected() == Ok(())));
    assert!(world.run(Duration::from_secs(100), |_| {
        accepted.extend(listener.accept());
        accepted.len() == 11
    }));
}

#[test]
fn loopback_connects_at_once_and_carries_streams() {
    let mut world = World::new(13, Faults::default());
    let listener = world.tcp(0);
    listener.bind(&address("127.0.0.1:0")).unwrap();
    listener.listen(1).unwrap();
    let to = address(&format!("127.0.0.1:{}", listener.local_port()));
    let client = world.tcp(0);
    assert_eq!(client.connect(&to, world.now), Err(Errno::EINPROGRESS));
    // Loopback has done it all, which is told once.
    assert_eq!(client.connect(&to, world.now), Ok(()));
    assert_eq!(client.connect(&to, world.now), Err(Errno::EISCONN));
    let (server, peer) = listener.accept().unwrap();
    assert_eq!(peer, client.local());
    assert_eq!(send(&client, b"x", world.now), Ok(1));
    assert_eq!(receive(&server, 10, world.now), Ok(b"x".to_vec()));
    let mut random = Random(1);
    let (mut up, mut down) = (Transfer::new(3_000_000), Transfer::new(3_000_000));
    up.sent = 0;
    assert!(world.run(Duration::from_secs(100), |world| {
        up.advance(&client, &server, &mut random, world.now);
        down.advance(&server, &client, &mut random, world.now);
        up.is_over && down.is_over
    }));
}

#[test]
fn datagrams_arrive_whole_and_nobody_is_refused() {
    let mut world = World::new(14, Faults::default());
    let server = world.udp(1);
    server.bind(&address("10.0.0.2:53")).unwrap();
    let client = world.udp(0);
    client.connect(&address("10.0.0.2:53"), world.now).unwrap();
    for length in [0, 1, 1472, 1473, 20_000] {
        assert_eq!(send(&client, &pattern(0, length), world.now), Ok(length));
        assert!(world.run(Duration::from_secs(1), |_| server.poll().contains(Events::IN)));
        assert_eq!(receive(&server, 65_536, world.now), Ok(pattern(0, length)));
    }
    server.close(world.now);
    send(&client, b"?", world.now).unwrap();
    assert!(world.run(Duration::from_secs(1), |_| client.poll().contains(Events::ERR)));
    assert_eq!(receive(&client, 1, world.now), Err(Errno::ECONNREFUSED));
}

/// Moves bytes as [`Transfer`] does, whatever comes of it.
fn push_and_pull(from: &Socket, to: &Socket, random: &mut Random, world: &World) {
    let length = usize::try_from(random.below(20_000)).unwrap();
    let _ = send(from, &pattern(0, length), world.now);
    let _ = receive(to, length, world.now);
    match random.below(400) {
        0 => drop(from.shutdown(1, world.now)),
        1 => from.close(world.now),
        _ => {}
    }
}

#[test]
fn forged_packets_break_connections_at_most() {
    with_seeds(6, |seed| {
        let faults = Faults { loss: 1, duplicates: 2, delays: 5, forgeries: 0 };
        let mut world = World::new(seed, faults);
        let mut random = Random(seed);
        let listener = world.listener(7);
        let pairs: Vec<_> = (0..4).map(|_| world.connect(&listener, 7)).collect();
        world.set_forgeries(30);
        for _ in 0..300 {
            world.step(Duration::from_millis(300));
            for (client, server) in &pairs {
                push_and_pull(client, server, &mut random, &world);
                push_and_pull(server, client, &mut random, &world);
            }
            let _ = world.tcp(0).connect(&address("10.0.0.2:7"), world.now);
        }
        for (client, server) in pairs {
            client.close(world.now);
            server.close(world.now);
        }
        listener.close(world.now);
        world.set_forgeries(0);
        world.run(Duration::from_secs(2000), |_| false);
        assert_eq!(world.stacks[1].buffer_bytes(), 0);
    });
}

#[test]
fn a_flood_of_syns_costs_little_and_others_still_connect() {
    let mut world = World::new(15, Faults::default());
    let listener = world.listener(7);
    let (_client, _server) = world.connect(&listener, 7);
    for number in 0..20_000u32 {
        world.flood(number);
        if number % 50 == 0 {
            world.step(Duration::from_millis(1));
        }
    }
    world.step(Duration::from_millis(1));
    assert!(world.stacks[1].flow_count() <= 4200);
    assert_eq!(world.stacks[1].buffer_bytes(), 0);
    world.connect(&listener, 7);
    world.run(Duration::from_secs(200), |_| false);
    assert!(world.stacks[1].flow_count() <= 3);
}
