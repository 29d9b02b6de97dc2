//! What a batch begins with: calls that make something for the others to work on.

use abi::Sysno;

use super::super::arena::{DATA, PAGE};
use super::super::random::Random;
use super::model::Object;
use super::{Building, Maker};

const O_RDWR: u64 = 2;
const O_CREAT: u64 = 0o100;
const O_NONBLOCK: u64 = 0o4000;
const O_DIRECTORY: u64 = 0o20_0000;
const SOCK_NONBLOCK: u64 = O_NONBLOCK;
/// Most of what a batch begins with.
const MOST: u64 = 9;

type Recipe = fn(&mut Maker);

impl Maker {
    /// Adds some of the calls that make something.
    pub(super) fn prepare(&mut self) {
        const RECIPES: [Recipe; 11] = [
            Maker::file,
            Maker::file,
            Maker::folder,
            Maker::links,
            Maker::pipe,
            Maker::pair,
            Maker::server,
            Maker::datagrams,
            Maker::counters,
            Maker::epoll,
            Maker::memory_file,
        ];
        let count = 1 + self.random.below(MOST);
        for _ in 0..count {
            Random::pick(&mut self.random, &RECIPES)(self);
        }
    }

    fn with(&mut self, call: Sysno, arguments: &[u64]) {
        self.add(call, |building| {
            for (place, argument) in arguments.iter().enumerate() {
                building.set(place, *argument);
            }
        });
    }

    fn with_path(&mut self, call: Sysno, path: &str, arguments: &[u64]) {
        self.add(call, |building| {
            let address = building.string(path);
            building.set(0, address);
            for (place, argument) in arguments.iter().enumerate() {
                building.set(place + 1, *argument);
            }
        });
    }

    fn file(&mut self) {
        let name = self.random.pick(&["a", "b", "a"]);
        self.with_path(Sysno::open, name, &[O_RDWR | O_CREAT, 0o644]);
        let length = self.random.pick(&[0, 10, 4096, 5000]);
        let fd = self.model.pick(&mut self.random, Some(Object::File));
        self.with(Sysno::write, &[fd, DATA + 2 * PAGE, length]);
    }

    fn folder(&mut self) {
        self.with_path(Sysno::mkdir, "d", &[0o755]);
        self.with_path(Sysno::creat, "d/a", &[0o600]);
        self.with_path(Sysno::open, "d", &[O_DIRECTORY]);
        // The last descriptor is known to be a directory's.
        self.model.is_directory();
    }

    fn links(&mut self) {
        for (target, name) in [("a", "s"), ("l", "l")] {
            self.add(Sysno::symlink, |building| {
                let target = building.string(target);
                let name = building.string(name);
                building.set(0, target);
                building.set(1, name);
            });
        }
        self.with_path(Sysno::mknod, "p", &[0o1_0600]);
    }

    fn pipe(&mut self) {
        self.with(Sysno::pipe2, &[DATA + 8 * PAGE, O_NONBLOCK]);
    }

    fn pair(&mut self) {
        let kind = self.random.pick(&[1, 2, 5]);
        self.with(Sysno::socketpair, &[1, kind | SOCK_NONBLOCK, 0, DATA + 8 * PAGE]);
    }

    /// A listening socket, and one that may connect to it.
    fn server(&mut self) {
        let port = self.model.port;
        let port = self.random.pick(&[port, port + 1]).to_be_bytes();
        let address = [2, 0, port[0], port[1], 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        self.with(Sysno::socket, &[2, 1 | SOCK_NONBLOCK, 0]);
        let fd = self.model.last();
        self.add(Sysno::bind, |building| {
            let place = building.literal(&address);
            building.set(0, fd);
            building.set(1, place);
            building.set(2, 16);
        });
        self.with(Sysno::listen, &[fd, 4]);
        self.with(Sysno::socket, &[2, 1 | SOCK_NONBLOCK, 0]);
        let client = self.model.last();
        if self.random.percent(60) {
            self.add(Sysno::connect, |building| {
                let place = building.literal(&address);
                building.set(0, client);
                building.set(1, place);
                building.set(2, 16);
            });
        }
    }

    fn datagrams(&mut self) {
        let family = self.random.pick(&[1, 2, 10]);
        self.with(Sysno::socket, &[family, 2 | SOCK_NONBLOCK, 0]);
    }

    fn counters(&mut self) {
        let value = self.random.pick(&[0, 1, 0xffff_ffff]);
        self.with(Sysno::eventfd2, &[value, O_NONBLOCK | u64::from(self.threads > 2)]);
        let clock = self.random.pick(&[0, 1]);
        self.with(Sysno::timerfd_create, &[clock, O_NONBLOCK]);
    }

    fn epoll(&mut self) {
        self.with(Sysno::epoll_create1, &[0]);
        let epoll = self.model.last();
        let other = self.model.pick(&mut self.random, Some(Object::Pipe));
        self.add(Sysno::epoll_ctl, |building| {
            let event = building.literal(&[5, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
            building.set(0, epoll);
            building.set(1, 1);
            building.set(2, other);
            building.set(3, event);
        });
    }

    fn memory_file(&mut self) {
        self.with_path(Sysno::memfd_create, "m", &[2]);
        let fd = self.model.last();
        self.with(Sysno::ftruncate, &[fd, 8192]);
    }
}

impl Building<'_> {
    fn string(&mut self, text: &str) -> u64 {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        self.literal(&bytes)
    }

    /// Puts bytes at a place that is aligned.
    fn literal(&mut self, bytes: &[u8]) -> u64 {
        let address = self.next;
        self.next += u64::try_from(bytes.len()).unwrap_or(0).next_multiple_of(16);
        self.writes.push((address, bytes.to_vec()));
        address
    }
}
