//! Linux's system calls described: what they take, what they give, how to read it.
//!
//! [`Sysno::description`] has the types of a call's arguments and of its result, the directions
//! and lengths of what pointers point to, the names of flags. One file a family; a row reads like
//! the prototype in the man page. This is about Linux: what Scull has of it is in the kernel's
//! table. It serves whatever shows or makes calls: traces, fuzzing, documents.

mod admin;
mod descriptor;
mod event;
mod file;
mod io;
mod ipc;
mod memory;
mod missing;
mod process;
mod signal;
mod socket;
mod thread;
mod time;

pub mod names;
pub mod shape;

use crate::Sysno;

/// A call as its man page has it.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The arguments, at most six.
    pub arguments: &'static [Argument],
    /// What it returns where it does not fail.
    pub result: Kind,
}

/// One argument of a call.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name in the man page.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
}

/// What a value is: of an argument, a result, a field of a structure, something pointed to.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Nothing: the argument is not read, the call does not return, the result is 0 or an error.
    Nothing,
    /// `int`.
    Int,
    /// `unsigned int`.
    Uint,
    /// `long`: a count of clock ticks, of seconds.
    Long,
    /// `size_t`: a number of bytes or elements.
    Size,
    /// `off_t`: a place in a file.
    Offset,
    /// `unsigned int` best read in hexadecimal.
    Bits,
    /// `unsigned long` best read in hexadecimal.
    LongBits,
    /// An address that the call does not follow or that means nothing but itself.
    Address,
    /// A descriptor.
    Fd,
    /// The descriptor of the directory that relative paths begin at, or `AT_FDCWD`.
    DirFd,
    /// A process, thread or process group.
    Pid,
    /// A user or group; -1 for none.
    Id,
    /// Permission bits.
    Mode,
    /// A type of file and permission bits, as `st_mode` holds them.
    FileMode,
    /// A device number.
    Device,
    /// A signal's number.
    Signal,
    /// A clock, `clock_gettime(2)`; negative for those of threads and processes.
    Clock,
    /// A limit, `getrlimit(2)`: all bits set is none.
    Limit,
    /// A set of names.
    Flags(&'static Flags),
    /// One of some names.
    Choice(&'static [Name]),
    /// 64 bits, one a signal.
    SignalSet,
    /// What a signal handler is: an address, `SIG_DFL` or `SIG_IGN`.
    Handler,
    /// Characters in place, NUL-terminated if there is room.
    Characters,
    /// A structure in place.
    Struct(&'static Shape),
    /// What another argument says: its place among the arguments, and which value means what.
    By(u8, &'static Cases),
    /// A pointer to what the call reads.
    In(Data),
    /// A pointer to what the call writes.
    Out(Data),
    /// A pointer to what the call reads and then writes.
    InOut(Data),
}

/// What a pointer points to.
#[derive(Clone, Copy, Debug)]
pub enum Data {
    /// A NUL-terminated path.
    Path,
    /// A NUL-terminated string.
    Text,
    /// Bytes.
    Bytes(Length),
    /// One value.
    One(&'static Kind),
    /// An array of values.
    Many(&'static Kind, Length),
    /// A NULL-terminated array of pointers to strings.
    Strings,
    /// An array of `struct iovec`; the direction is that of the bytes in them.
    Vectors(Length),
    /// A socket's address.
    SocketAddress(Length),
    /// A `struct msghdr`; the direction is that of the message.
    Message,
    /// An array of `struct mmsghdr`.
    Messages(Length),
    /// A `siginfo_t`.
    SignalInfo,
    /// Directory entries, of so many bytes.
    Entries(Length),
    /// An `fd_set`, of so many bits.
    Descriptors(Length),
    /// The address of a signal set and its size, `pselect(2)`.
    MaskAndSize,
}

/// How much there is of what a pointer points to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Length {
    /// As much as the argument at this place says.
    Given(u8),
    /// As much as the `u32` that the argument at this place points to says.
    PointedTo(u8),
    /// As much as the call returns.
    Returned,
    /// Always so much.
    Fixed(u16),
}

/// A constant and its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name {
    /// The name in Linux's headers.
    pub name: &'static str,
    /// The value; a negative one is extended to all 64 bits.
    pub value: u64,
}

/// The names of a set of flags.
#[derive(Clone, Copy, Debug)]
pub struct Flags {
    /// The bits that are no flags but together one choice, such as `O_ACCMODE`.
    pub part: u64,
    /// What is chosen by them.
    pub choices: &'static [Name],
    /// The flags; one of several bits stands before those of some of its bits. Value 0 is the
    /// name of the empty set.
    pub bits: &'static [Name],
}

/// What a kind is by the value of another argument.
#[derive(Clone, Copy, Debug)]
pub struct Cases {
    /// The first that matches counts.
    pub cases: &'static [Case],
    /// What it is where none matches.
    pub otherwise: Kind,
}

/// What a kind is if another argument, masked, has a value.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The bits of the other argument to look at.
    pub mask: u64,
    /// Their value.
    pub value: u64,
    /// The kind then.
    pub kind: Kind,
}

/// A structure.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Its name in C, without `struct`.
    pub name: &'static str,
    /// Its size in bytes.
    pub size: usize,
    /// Its fields in the order in which they are read best.
    pub fields: &'static [Field],
    /// Whether some fields are left out.
    pub is_partial: bool,
}

/// A field of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in C.
    pub name: &'static str,
    /// Where it begins, in bytes.
    pub offset: usize,
    /// Its size in bytes: a multiple of the kind's for an array.
    pub size: usize,
    /// What it is.
    pub kind: Kind,
}

impl Kind {
    /// Returns the size in bytes of such a value in memory, 0 for what has none.
    pub const fn size(self) -> usize {
        match self {
            Self::Nothing | Self::Characters | Self::By(..) => 0,
            Self::Int
            | Self::Uint
            | Self::Bits
            | Self::Fd
            | Self::DirFd
            | Self::Pid
            | Self::Id
            | Self::Mode
            | Self::FileMode
            | Self::Signal
            | Self::Clock
            | Self::Flags(_)
            | Self::Choice(_) => 4,
            Self::Struct(shape) => shape.size,
            _ => 8,
        }
    }

    /// Returns what is pointed to, if this is a pointer.
    pub const fn data(self) -> Option<Data> {
        match self {
            Self::In(data) | Self::Out(data) | Self::InOut(data) => Some(data),
            _ => None,
        }
    }

    /// Returns whether a call reads what this points to.
    pub const fn is_read(self) -> bool {
        matches!(self, Self::In(_) | Self::InOut(_))
    }

    /// Returns whether a call writes what this points to.
    pub const fn is_written(self) -> bool {
        matches!(self, Self::Out(_) | Self::InOut(_))
    }

    /// Returns the kind that is meant, given all arguments of the call.
    pub fn resolve(self, arguments: &[u64; 6]) -> Self {
        let mut kind = self;
        while let Self::By(place, cases) = kind {
            let value = arguments.get(usize::from(place)).copied().unwrap_or(0);
            let case = cases.cases.iter().find(|case| value & case.mask == case.value);
            kind = case.map_or(cases.otherwise, |case| case.kind);
        }
        kind
    }
}

impl Sysno {
    /// Returns what is known of the call, `None` for one that Linux only reserves the number of.
    pub const fn description(self) -> Option<&'static Description> {
        DESCRIPTIONS[self as usize]
    }

    /// Returns the name of the family that the call is described in.
    pub fn family(self) -> Option<&'static str> {
        let is_in = |rows: &[Row]| rows.iter().any(|(call, _)| *call == self);
        FAMILIES.iter().find(|(_, rows)| is_in(rows)).map(|(name, _)| *name)
    }
}

/// One more than the largest number of a call.
const SIZE: usize = Sysno::ALL[Sysno::ALL.len() - 1] as usize + 1;
type Row = (Sysno, Description);

const FAMILIES: [(&str, &[Row]); 12] = [
    ("admin", admin::CALLS),
    ("descriptor", descriptor::CALLS),
    ("event", event::CALLS),
    ("file", file::CALLS),
    ("io", io::CALLS),
    ("ipc", ipc::CALLS),
    ("memory", memory::CALLS),
    ("process", process::CALLS),
    ("signal", signal::CALLS),
    ("socket", socket::CALLS),
    ("thread", thread::CALLS),
    ("time", time::CALLS),
];

static DESCRIPTIONS: [Option<&'static Description>; SIZE] = {
    let mut table = [None; SIZE];
    let mut family = 0;
    while family < FAMILIES.len() {
        let mut row = 0;
        while row < FAMILIES[family].1.len() {
            let (call, description) = &FAMILIES[family].1[row];
            assert!(table[*call as usize].is_none(), "a call is described twice");
            table[*call as usize] = Some(description);
            row += 1;
        }
        family += 1;
    }
    table
};

/// The rows of a family: `call(argument: KIND, …) -> KIND;`. In a row the arguments' names stand
/// for their places.
macro_rules! calls {
    ($($call:ident($($argument:ident: $kind:expr),* $(,)?) -> $result:expr;)*) => {
        pub(super) const CALLS: &[super::Row] = &[$({
            #[expect(non_camel_case_types, reason = "the names are Linux's own")]
            enum Place { $($argument,)* end }
            const _: [u8; Place::end as usize] = [$($argument),*];
            $(
                #[expect(non_upper_case_globals, reason = "the names are Linux's own")]
                const $argument: u8 = Place::$argument as u8;
            )*
            (crate::Sysno::$call, super::Description {
                arguments: &[$(super::Argument { name: stringify!($argument), kind: $kind }),*],
                result: $result,
            })
        }),*];
    };
}
use calls;

#[cfg(test)]
mod tests {
    extern crate alloc;
    use alloc::vec::Vec;

    use super::*;

    /// Numbers that Linux never had a call for on x86-64, or has none for any more.
    const WITHOUT: [Sysno; 14] = [
        Sysno::_sysctl,
        Sysno::create_module,
        Sysno::get_kernel_syms,
        Sysno::query_module,
        Sysno::nfsservctl,
        Sysno::getpmsg,
        Sysno::putpmsg,
        Sysno::afs_syscall,
        Sysno::tuxcall,
        Sysno::security,
        Sysno::epoll_ctl_old,
        Sysno::epoll_wait_old,
        Sysno::vserver,
        Sysno::uretprobe,
    ];

    fn described() -> impl Iterator<Item = (Sysno, &'static Description)> {
        Sysno::ALL.iter().filter_map(|&call| Some((call, call.description()?)))
    }

    #[test]
    fn every_call_but_those_that_never_were_is_described() {
        let without: Vec<_> =
            Sysno::ALL.iter().copied().filter(|call| call.description().is_none()).collect();
        assert_eq!(without, WITHOUT);
    }

    #[test]
    fn names_of_arguments_differ_and_are_at_most_six() {
        for (call, description) in described() {
            let names: Vec<_> = description.arguments.iter().map(|it| it.name).collect();
            let mut distinct = names.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert!(names.len() <= 6 && distinct.len() == names.len(), "{call:?}: {names:?}");
        }
    }

    #[test]
    fn what_depends_on_another_argument_names_one_that_is_there() {
        for (call, description) in described() {
            for argument in description.arguments {
                let places = match argument.kind {
                    Kind::By(place, _) => Some(place),
                    _ => argument.kind.data().and_then(length_place),
                };
                let last = description.arguments.len();
                assert!(places.is_none_or(|place| usize::from(place) < last), "{call:?}");
            }
        }
    }

    fn length_place(data: Data) -> Option<u8> {
        match data {
            Data::Bytes(length)
            | Data::Many(_, length)
            | Data::Vectors(length)
            | Data::SocketAddress(length)
            | Data::Messages(length)
            | Data::Entries(length)
            | Data::Descriptors(length) => match length {
                Length::Given(place) | Length::PointedTo(place) => Some(place),
                Length::Returned | Length::Fixed(_) => None,
            },
            _ => None,
        }
    }

    #[test]
    fn fields_lie_within_their_structures() {
        for (call, description) in described() {
            for argument in description.arguments {
                if let Some(Data::One(&Kind::Struct(shape)) | Data::Many(&Kind::Struct(shape), _)) =
                    argument.kind.data()
                {
                    let end = shape.fields.iter().map(|field| field.offset + field.size).max();
                    assert!(end <= Some(shape.size), "{call:?}: {}", shape.name);
                }
            }
        }
    }

    #[test]
    fn a_kind_that_depends_is_resolved_by_the_other_argument() {
        let fcntl = Sysno::fcntl.description().unwrap().arguments[2].kind;
        assert!(matches!(fcntl.resolve(&[0, 1, 0, 0, 0, 0]), Kind::Nothing));
        assert!(matches!(fcntl.resolve(&[0, 0, 0, 0, 0, 0]), Kind::Int));
        let option = Sysno::setsockopt.description().unwrap().arguments[3].kind;
        let size = |level, name| option.resolve(&[0, level, name, 0, 0, 0]).data();
        assert!(matches!(size(1, 13), Some(Data::One(Kind::Struct(_)))), "SO_LINGER");
        assert!(matches!(size(6, 13), Some(Data::Bytes(_))), "TCP_CONGESTION");
        let open = Sysno::open.description().unwrap().arguments[2].kind;
        assert!(matches!(open.resolve(&[0, 0o2, 0, 0, 0, 0]), Kind::Nothing));
        assert!(matches!(open.resolve(&[0, 0o102, 0, 0, 0, 0]), Kind::Mode));
    }

    #[test]
    fn the_kernels_table_takes_no_more_arguments_than_there_are() {
        let table = include_str!("../../../kernel/src/syscall/table.rs");
        let rows = table.split_once("syscalls! {\n").unwrap().1;
        let mut count = 0;
        for row in rows.lines().map(str::trim).filter(|row| row.contains(" => ")) {
            let (name, rest) = row.split_once(" => ").unwrap();
            let arguments = rest.split_once('(').unwrap().1.split_once(')').unwrap().0;
            let taken = arguments.split(',').filter(|it| !it.trim().is_empty()).count();
            let call = Sysno::ALL.iter().find(|call| call.name() == name).unwrap();
            let known = call.description().unwrap().arguments.len();
            assert!(taken <= known, "{name}: {taken} arguments, Linux has {known}");
            count += 1;
        }
        assert!(count > 200, "{count} rows");
    }
}
