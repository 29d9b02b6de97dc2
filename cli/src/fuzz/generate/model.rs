//! What a batch's calls have made so far, as far as the generator follows it.

use abi::Sysno;

use super::super::plan::Argument;
use super::super::random::Random;

/// What a descriptor is thought to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Object {
    /// A file, or something whose kind is not followed.
    File,
    /// A directory below the batch's folder.
    Directory,
    /// An end of a pipe.
    Pipe,
    /// A socket.
    Socket,
    /// Of `eventfd(2)`.
    Event,
    /// Of `timerfd_create(2)`.
    Timer,
    /// Of `signalfd(2)`.
    Signal,
    /// Of `epoll_create(2)`.
    Epoll,
    /// Of `inotify_init(2)`.
    Watch,
}

/// Descriptors that are followed.
const FOLLOWED: usize = 40;

/// The descriptors, by number; the first three are `/dev/null`.
#[derive(Debug)]
pub(super) struct Model {
    descriptors: [Option<Object>; FOLLOWED],
    /// Whether a descriptor may tell of signals or watches, which hold what is not determined.
    pub(super) has_reports: bool,
    /// The descriptor that was made last.
    last: usize,
    /// The first of four ports.
    pub(super) port: u16,
}

impl Model {
    /// Returns what a batch begins with, whose sockets use `port` and those after it.
    pub(super) fn new(port: u16) -> Self {
        let mut descriptors = [None; FOLLOWED];
        descriptors[..3].fill(Some(Object::File));
        Self { descriptors, has_reports: false, last: 0, port }
    }

    /// Notes that the lowest free descriptor is now `object`; returns it.
    pub(super) fn open(&mut self, object: Object) -> u64 {
        self.has_reports |= matches!(object, Object::Signal | Object::Watch);
        let free = self.descriptors.iter().position(Option::is_none);
        let free = free.unwrap_or(FOLLOWED - 1);
        self.descriptors[free] = Some(object);
        self.last = free;
        u64::try_from(free).unwrap_or(0)
    }

    /// Returns the descriptor that was made last.
    pub(super) fn last(&self) -> u64 {
        u64::try_from(self.last).unwrap_or(0)
    }

    /// Notes that the descriptor made last is a directory's.
    pub(super) const fn is_directory(&mut self) {
        self.descriptors[self.last] = Some(Object::Directory);
    }

    /// Returns one of the descriptors, of kind `wanted` if that is said and there is one.
    pub(super) fn pick(&self, random: &mut Random, wanted: Option<Object>) -> u64 {
        let numbers = |wanted: Option<Object>| -> Vec<usize> {
            let open = self.descriptors.iter().enumerate();
            open.filter(|(_, object)| object.is_some() && (wanted.is_none() || **object == wanted))
                .map(|(number, _)| number)
                .collect()
        };
        let found = match numbers(wanted) {
            found if found.is_empty() => numbers(None),
            found => found,
        };
        if found.is_empty() {
            return 3;
        }
        u64::try_from(random.pick(&found)).unwrap_or(0)
    }

    /// Notes what a call is thought to have done.
    pub(super) fn made(&mut self, call: Sysno, arguments: &[Argument; 6]) {
        let number = |place: usize| match arguments[place] {
            Argument::Number(number) => usize::try_from(number).unwrap_or(usize::MAX),
            _ => usize::MAX,
        };
        let object = match call {
            Sysno::open | Sysno::openat | Sysno::creat | Sysno::memfd_create | Sysno::openat2 => {
                Object::File
            }
            Sysno::socket | Sysno::accept | Sysno::accept4 => Object::Socket,
            Sysno::eventfd | Sysno::eventfd2 => Object::Event,
            Sysno::timerfd_create => Object::Timer,
            Sysno::signalfd | Sysno::signalfd4 => Object::Signal,
            Sysno::epoll_create | Sysno::epoll_create1 => Object::Epoll,
            Sysno::inotify_init | Sysno::inotify_init1 => Object::Watch,
            Sysno::pipe | Sysno::pipe2 => {
                self.open(Object::Pipe);
                Object::Pipe
            }
            Sysno::socketpair => {
                self.open(Object::Socket);
                Object::Socket
            }
            Sysno::dup => {
                self.descriptors.get(number(0)).copied().flatten().unwrap_or(Object::File)
            }
            Sysno::close => {
                if let Some(slot) = self.descriptors.get_mut(number(0)) {
                    *slot = None;
                }
                return;
            }
            _ => return,
        };
        self.open(object);
    }
}
