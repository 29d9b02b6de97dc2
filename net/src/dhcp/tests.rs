use alloc::vec;

use proptest::prelude::*;

use super::*;

const MAC: Mac = [0x52, 0x54, 0, 1, 2, 3];
const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);

fn at(seconds: u64) -> Instant {
    Instant::from_nanos(seconds * 1_000_000_000)
}

fn client() -> Client {
    Client::new(MAC, b"scull", 0x1234_5678, at(0))
}

/// A server's answer to a client's message.
fn answer(message: &[u8], kind: u8) -> Vec<u8> {
    let mut reply = message[..240].to_vec();
    reply[0] = 2;
    reply[16..20].copy_from_slice(&OWN.octets());
    reply.extend([53, 1, kind, 54, 4]);
    reply.extend(SERVER.octets());
    reply.extend([1, 4, 255, 255, 255, 0, 3, 4, 10, 0, 2, 2, 6, 8, 10, 0, 2, 3, 10, 0, 2, 4]);
    reply.extend([15, 3, b'l', b'a', b'n', 0, 51, 4, 0, 0, 0x0e, 0x10, 255]);
    reply
}

fn sent(action: Option<Action>) -> (Ipv4Addr, Vec<u8>) {
    match action {
        Some(Action::Send { to, message }) => (to, message),
        other => panic!("not a message: {other:?}"),
    }
}

/// The message type and the bytes of an option in a client's message.
fn option(message: &[u8], code: u8) -> Option<Vec<u8>> {
    let mut rest = &message[240..];
    while rest[0] != 255 {
        let (data, after) = rest[2..].split_at(rest[1].into());
        if rest[0] == code {
            return Some(data.to_vec());
        }
        rest = after;
    }
    None
}

fn bound() -> (Client, Vec<u8>) {
    let mut client = client();
    let (_, discover) = sent(client.poll(at(0)));
    assert_eq!(client.receive(&answer(&discover, 2), at(0)), None);
    let (_, request) = sent(client.poll(at(0)));
    let action = client.receive(&answer(&request, 5), at(0));
    assert!(matches!(action, Some(Action::Configure(_))));
    (client, request)
}

#[test]
fn a_lease_takes_four_messages() {
    let mut client = client();
    let (to, discover) = sent(client.poll(at(0)));
    assert_eq!(to, Ipv4Addr::BROADCAST);
    assert_eq!(discover.len(), 300);
    assert_eq!(option(&discover, 53), Some(vec![1]));
    assert_eq!(option(&discover, 12), Some(b"scull".to_vec()));
    assert_eq!(discover[10], 0x80, "answers are to be broadcast");
    assert_eq!(client.poll(at(0)), None);
    assert_eq!(client.receive(&answer(&discover, 2), at(0)), None);
    let (to, request) = sent(client.poll(at(0)));
    assert_eq!(to, Ipv4Addr::BROADCAST);
    assert_eq!(option(&request, 53), Some(vec![3]));
    assert_eq!(option(&request, 50), Some(OWN.octets().to_vec()));
    assert_eq!(option(&request, 54), Some(SERVER.octets().to_vec()));
    let lease = Lease {
        address: OWN,
        prefix: 24,
        router: Some(SERVER),
        name_servers: vec![Ipv4Addr::new(10, 0, 2, 3), Ipv4Addr::new(10, 0, 2, 4)],
        domain: b"lan".to_vec(),
    };
    assert_eq!(client.receive(&answer(&request, 5), at(0)), Some(Action::Configure(lease)));
    assert_eq!(client.deadline(), at(1800));
}

#[test]
fn questions_are_repeated_at_growing_intervals() {
    let mut client = client();
    let mut times = Vec::new();
    for second in 0..200 {
        if client.poll(at(second)).is_some() {
            times.push(second);
        }
    }
    assert_eq!(times, [0, 1, 3, 7, 15, 31, 63, 127, 191]);
}

#[test]
fn an_offer_that_is_not_honoured_is_forgotten() {
    let mut client = client();
    let (_, discover) = sent(client.poll(at(0)));
    client.receive(&answer(&discover, 2), at(0));
    let kinds: Vec<_> = (0..100)
        .filter_map(|second| client.poll(at(second)))
        .map(|action| option(&sent(Some(action)).1, 53).unwrap()[0])
        .collect();
    assert_eq!(kinds[..6], [3, 3, 3, 3, 1, 1]);
    let (_, discover) = sent(Some(client.discover(at(100))));
    client.receive(&answer(&discover, 2), at(100));
    assert_eq!(client.receive(&answer(&discover, 6), at(100)), None);
    let (_, message) = sent(client.poll(at(100)));
    assert_eq!(option(&message, 53), Some(vec![1]));
}

#[test]
fn a_lease_is_renewed_with_its_server_and_then_with_any() {
    let (mut client, _) = bound();
    assert_eq!(client.poll(at(1799)), None);
    let (to, renewal) = sent(client.poll(at(1800)));
    assert_eq!(to, SERVER);
    assert_eq!(renewal[12..16], OWN.octets());
    assert_eq!(option(&renewal, 50), None);
    assert_eq!(client.poll(at(1801)), None);
    let (to, _) = sent(client.poll(at(3200)));
    assert_eq!(to, Ipv4Addr::BROADCAST);
    assert!(matches!(client.receive(&answer(&renewal, 5), at(3201)), Some(Action::Configure(_))));
    assert_eq!(client.deadline(), at(3201 + 1800));
}

#[test]
fn a_lease_ends_when_nobody_prolongs_it() {
    let (mut client, request) = bound();
    let mut actions: Vec<_> = (0..3600).filter_map(|second| client.poll(at(second))).collect();
    assert!(actions.iter().all(|action| matches!(action, Action::Send { .. })));
    assert!((3..20).contains(&actions.len()), "{} renewals", actions.len());
    assert_eq!(client.poll(at(3600)), Some(Action::Unconfigure));
    actions = client.poll(at(3600)).into_iter().collect();
    assert_eq!(option(&sent(actions.pop()).1, 53), Some(vec![1]));
    assert_eq!(client.receive(&answer(&request, 5), at(3600)), None, "of an old exchange");
}

#[test]
fn a_refusal_takes_the_address_away() {
    let (mut client, request) = bound();
    assert_eq!(client.receive(&answer(&request, 6), at(5)), Some(Action::Unconfigure));
}

#[test]
fn answers_to_others_are_ignored() {
    let mut client = client();
    let (_, discover) = sent(client.poll(at(0)));
    let mut other = answer(&discover, 2);
    other[33] ^= 1;
    client.receive(&other, at(0));
    assert_eq!(client.poll(at(0)), None);
    let mut other = answer(&discover, 2);
    other[7] ^= 1;
    client.receive(&other, at(0));
    assert_eq!(client.poll(at(0)), None);
}

proptest! {
    #[test]
    fn nonsense_is_survived(
        cut in 0..300usize,
        flips in prop::collection::vec((0..300usize, any::<u8>()), 0..8),
        kind in 0..8u8,
    ) {
        let (mut client, request) = bound();
        let mut bytes = answer(&request, kind);
        for (at, byte) in flips {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        bytes.truncate(cut);
        client.receive(&bytes, at(1));
        let mut fresh = self::client();
        sent(fresh.poll(at(0)));
        fresh.receive(&bytes, at(1));
        for second in 0..5000 {
            client.poll(at(second));
            fresh.poll(at(second));
        }
    }
}
