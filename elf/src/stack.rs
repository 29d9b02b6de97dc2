//! The memory in which a new program finds its arguments, environment and auxiliary vector.
//!
//! From the stack pointer upwards, as Linux lays it out (System V ABI for AMD64, §3.4.1): the
//! number of arguments, their addresses, a zero, the addresses of the environment's strings, a
//! zero, the auxiliary vector; some empty bytes; 16 random bytes, the platform's name; a gap of
//! random size; the strings of arguments, environment and path; 8 zero bytes at the very top.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use abi::auxv::{
    AT_BASE, AT_CLKTCK, AT_EGID, AT_ENTRY, AT_EUID, AT_EXECFN, AT_FLAGS, AT_GID, AT_HWCAP,
    AT_HWCAP2, AT_MINSIGSTKSZ, AT_NULL, AT_PAGESZ, AT_PHDR, AT_PHENT, AT_PHNUM, AT_PLATFORM,
    AT_RANDOM, AT_RSEQ_ALIGN, AT_RSEQ_FEATURE_SIZE, AT_SCULL_GATE, AT_SCULL_VERSION, AT_SECURE,
    AT_SYSINFO_EHDR, AT_UID,
};
use abi::elf::PHDR_SIZE;
use abi::{Errno, Result};

use crate::PAGE_SIZE;

/// The longest single argument or environment string, its zero included: `execve(2)`.
const MAX_STRING: usize = 32 * 4096;

/// The bytes that arguments and environment may always take, whatever the stack's limit.
const ARG_MAX: u64 = 131_072;

/// The bytes that arguments and environment may take at the most: 3/4 of 8 MiB.
const MAX_STRINGS: u64 = 6 << 20;

/// What `AT_PLATFORM` points to on this machine.
const PLATFORM: &[u8] = b"x86_64";

/// Ticks a second that `times(2)` counts in.
const CLOCK_TICKS: u64 = 100;

/// Size and alignment of `struct rseq` as far as Linux 6.3 knows it, in bytes.
const RSEQ: (u64, u64) = (28, 32);

/// What a program is given by whoever starts it: `execve(2)`.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a> {
    /// The arguments, the program's name first. If there are none, the program gets one that is
    /// empty, as since Linux 5.18.
    pub argv: &'a [&'a [u8]],
    /// The environment, strings of the form `NAME=value`.
    pub envp: &'a [&'a [u8]],
    /// The path that was executed.
    pub execfn: &'a [u8],
}

impl Arguments<'_> {
    /// Checks the arguments' size against a stack's limit in bytes (`RLIMIT_STACK`).
    ///
    /// # Errors
    /// `E2BIG` if one string, or all together with their pointers, are too large: `execve(2)`.
    pub fn check_size(&self, stack_limit: u64) -> Result<()> {
        let limit = (stack_limit / 4).clamp(ARG_MAX, MAX_STRINGS);
        let strings = || self.argv.iter().chain(self.envp);
        if strings().any(|string| string.len() >= MAX_STRING) {
            return Err(Errno::E2BIG);
        }
        let pointers = self.argv.len().max(1) + self.envp.len();
        let bytes = strings().map(|string| string.len() + 1).sum::<usize>()
            + self.execfn.len()
            + 1
            + pointers * size_of::<u64>();
        if bytes as u64 > limit { Err(Errno::E2BIG) } else { Ok(()) }
    }
}

/// What the kernel tells a program of itself and of the machine: `getauxval(3)`. Addresses are
/// those in memory, the load bias added.
#[derive(Clone, Copy, Debug, Default)]
pub struct Auxiliary {
    /// The vDSO's ELF header, if there is a vDSO.
    pub sysinfo_ehdr: Option<u64>,
    /// Size of the smallest signal stack, in bytes.
    pub minsigstksz: u64,
    /// `EDX` of `CPUID` leaf 1.
    pub hwcap: u64,
    /// More processor features, see [`abi::auxv::AT_HWCAP2`].
    pub hwcap2: u64,
    /// The program headers.
    pub phdr: u64,
    /// Number of program headers.
    pub phnum: u16,
    /// Where the interpreter was loaded, 0 without one.
    pub base: u64,
    /// The program's (not the interpreter's) entry.
    pub entry: u64,
    /// Real and effective user.
    pub uid: u32,
    /// Real and effective group.
    pub gid: u32,
    /// Whether the kernel has `rseq(2)`.
    pub has_rseq: bool,
    /// The gate for programs built with the shim, if there is one.
    pub gate: Option<u64>,
    /// The kernel's version, see [`abi::auxv::AT_SCULL_VERSION`].
    pub version: u64,
}

/// What is random about a new stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Random {
    /// The bytes `AT_RANDOM` points to.
    pub bytes: [u8; 16],
    /// Size of the gap below the strings in bytes; rounded down to a multiple of 16.
    pub gap: u16,
}

/// The top of a new program's stack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stack {
    /// The bytes from [`pointer`](Self::pointer) to the stack's top.
    pub bytes: Vec<u8>,
    /// The initial stack pointer, a multiple of 16.
    pub pointer: u64,
    /// Addresses of the arguments' strings, as `/proc/self/cmdline` gives them.
    pub argv: Range<u64>,
    /// Addresses of the environment's strings, as `/proc/self/environ` gives them.
    pub envp: Range<u64>,
    /// The auxiliary vector, as `/proc/self/auxv` gives it.
    pub auxv: Vec<u8>,
}

impl Stack {
    /// Lays out the stack that ends at the address `top`, a multiple of 16.
    ///
    /// # Errors
    /// `E2BIG` if it would not fit below `top` at all; [`Arguments::check_size`] is the check of
    /// a program's limits.
    pub fn build(
        top: u64,
        arguments: &Arguments<'_>,
        auxiliary: &Auxiliary,
        random: &Random,
    ) -> Result<Self> {
        let empty: &[&[u8]] = &[b""];
        let argv = if arguments.argv.is_empty() { empty } else { arguments.argv };
        let mut area = Area { below: Vec::new(), top };
        area.push_back(&[0; 8])?;
        let execfn = area.push_string(arguments.execfn)?;
        let (env_addresses, env_range) = area.push_strings(arguments.envp)?;
        let (arg_addresses, arg_range) = area.push_strings(argv)?;
        area.pad(usize::from(random.gap & !15))?;
        area.align(0)?;
        let platform = area.push_string(PLATFORM)?;
        let random_bytes = area.push_back(&random.bytes)?;

        let auxv = auxiliary.entries(random_bytes, execfn, platform);
        let mut words = vec![argv.len() as u64];
        words.extend(arg_addresses);
        words.push(0);
        words.extend(env_addresses);
        words.push(0);
        let auxv: Vec<u8> =
            auxv.iter().flat_map(|pair| [pair.0, pair.1]).flat_map(u64::to_le_bytes).collect();
        let mut vectors: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
        vectors.extend_from_slice(&auxv);
        area.align(vectors.len())?;
        let pointer = area.push_back(&vectors)?;
        area.below.reverse();
        Ok(Self { bytes: area.below, pointer, argv: arg_range, envp: env_range, auxv })
    }
}

impl Auxiliary {
    /// Returns the vector's pairs in Linux's order, the end mark included.
    fn entries(&self, random: u64, execfn: u64, platform: u64) -> Vec<(u64, u64)> {
        let mut entries = Vec::new();
        entries.extend(self.sysinfo_ehdr.map(|address| (AT_SYSINFO_EHDR, address)));
        entries.extend([
            (AT_MINSIGSTKSZ, self.minsigstksz),
            (AT_HWCAP, self.hwcap),
            (AT_PAGESZ, PAGE_SIZE),
            (AT_CLKTCK, CLOCK_TICKS),
            (AT_PHDR, self.phdr),
            (AT_PHENT, PHDR_SIZE as u64),
            (AT_PHNUM, u64::from(self.phnum)),
            (AT_BASE, self.base),
            (AT_FLAGS, 0),
            (AT_ENTRY, self.entry),
            (AT_UID, u64::from(self.uid)),
            (AT_EUID, u64::from(self.uid)),
            (AT_GID, u64::from(self.gid)),
            (AT_EGID, u64::from(self.gid)),
            (AT_SECURE, 0),
            (AT_RANDOM, random),
            (AT_HWCAP2, self.hwcap2),
            (AT_EXECFN, execfn),
            (AT_PLATFORM, platform),
        ]);
        if self.has_rseq {
            entries.extend([(AT_RSEQ_FEATURE_SIZE, RSEQ.0), (AT_RSEQ_ALIGN, RSEQ.1)]);
        }
        if let Some(gate) = self.gate {
            entries.extend([(AT_SCULL_GATE, gate), (AT_SCULL_VERSION, self.version)]);
        }
        entries.push((AT_NULL, 0));
        entries
    }
}

/// Memory that grows downwards from a top.
struct Area {
    /// The bytes so far, the highest one first.
    below: Vec<u8>,
    /// The address above the highest byte.
    top: u64,
}

impl Area {
    /// Returns the address of the lowest byte so far.
    fn address(&self) -> Result<u64> {
        self.top.checked_sub(self.below.len() as u64).ok_or(Errno::E2BIG)
    }

    /// Puts `bytes` below all others and returns their address.
    fn push_back(&mut self, bytes: &[u8]) -> Result<u64> {
        self.below.extend(bytes.iter().rev());
        self.address()
    }

    /// Puts a string and its terminating zero below all others and returns its address.
    fn push_string(&mut self, string: &[u8]) -> Result<u64> {
        self.below.push(0);
        self.push_back(string)
    }

    /// Puts strings below all others, the first one lowest, and returns their addresses in order
    /// and the range that they take.
    fn push_strings(&mut self, strings: &[&[u8]]) -> Result<(Vec<u64>, Range<u64>)> {
        let end = self.address()?;
        let mut addresses = strings
            .iter()
            .rev()
            .map(|string| self.push_string(string))
            .collect::<Result<Vec<_>>>()?;
        addresses.reverse();
        Ok((addresses, self.address()?..end))
    }

    /// Leaves `count` bytes of zeros.
    fn pad(&mut self, count: usize) -> Result<()> {
        self.below.resize(self.below.len() + count, 0);
        self.address().map(drop)
    }

    /// Leaves zeros so that `following` bytes more will end at a multiple of 16.
    fn align(&mut self, following: usize) -> Result<()> {
        let lowest = self.address()?.checked_sub(following as u64).ok_or(Errno::E2BIG)?;
        self.pad(usize::from((lowest % 16) as u8))
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const TOP: u64 = 0x7fff_ffff_f000;

    /// Reads a built stack as the start-up code of a C library does.
    struct View<'a>(&'a Stack);

    impl View<'_> {
        fn word(&self, address: u64) -> u64 {
            let at = usize::try_from(address - self.0.pointer).unwrap();
            u64::from_le_bytes(self.0.bytes[at..at + 8].try_into().unwrap())
        }

        fn string(&self, address: u64) -> Vec<u8> {
            let at = usize::try_from(address - self.0.pointer).unwrap();
            self.0.bytes[at..].iter().copied().take_while(|byte| *byte != 0).collect()
        }

        /// Returns the strings whose addresses begin at `at`, and the address after their zero.
        fn strings(&self, mut at: u64) -> (Vec<Vec<u8>>, u64) {
            let mut strings = Vec::new();
            while self.word(at) != 0 {
                strings.push(self.string(self.word(at)));
                at += 8;
            }
            (strings, at + 8)
        }

        fn auxv(&self, mut at: u64) -> BTreeMap<u64, u64> {
            let mut entries = BTreeMap::new();
            while self.word(at) != AT_NULL {
                assert_eq!(entries.insert(self.word(at), self.word(at + 8)), None);
                at += 16;
            }
            entries
        }
    }

    fn check(argv: &[&[u8]], envp: &[&[u8]], execfn: &[u8], gap: u16) -> Stack {
        let arguments = Arguments { argv, envp, execfn };
        let auxiliary = Auxiliary {
            phdr: 0x40_0040,
            phnum: 7,
            entry: 0x40_1000,
            gate: Some(7),
            ..Auxiliary::default()
        };
        let random = Random { bytes: *b"0123456789abcdef", gap };
        let stack = Stack::build(TOP, &arguments, &auxiliary, &random).unwrap();
        assert_eq!(stack.pointer % 16, 0);
        assert_eq!(stack.pointer + stack.bytes.len() as u64, TOP);
        let view = View(&stack);
        assert_eq!(view.word(stack.pointer), argv.len().max(1) as u64);
        let (found, after) = view.strings(stack.pointer + 8);
        assert_eq!(
            found,
            if argv.is_empty() {
                vec![vec![]]
            } else {
                argv.iter().map(|s| s.to_vec()).collect::<Vec<_>>()
            }
        );
        let (found, after) = view.strings(after);
        assert_eq!(found, envp.iter().map(|s| s.to_vec()).collect::<Vec<_>>());
        let auxv = view.auxv(after);
        assert_eq!(view.string(auxv[&AT_EXECFN]), execfn);
        assert_eq!(view.string(auxv[&AT_PLATFORM]), b"x86_64");
        assert!(view.string(auxv[&AT_RANDOM]).starts_with(b"0123456789abcdef"));
        assert_eq!(auxv[&AT_ENTRY], 0x40_1000);
        assert_eq!(auxv[&AT_PAGESZ], 4096);
        assert_eq!(auxv[&AT_SCULL_GATE], 7);
        stack
    }

    #[test]
    fn program_finds_what_it_was_given() {
        let stack = check(&[b"/bin/echo", b"a", b""], &[b"HOME=/", b"X="], b"/bin/echo", 8191);
        assert_eq!(stack.argv.end, stack.envp.start);
        assert_eq!(stack.argv.end - stack.argv.start, 13);
        assert_eq!(stack.envp.end - stack.envp.start, 10);
        assert_eq!(View(&stack).string(stack.envp.start), b"HOME=/");
        assert_eq!(stack.auxv.len() % 16, 0);
    }

    #[test]
    fn program_without_arguments_gets_an_empty_one() {
        check(&[], &[], b"/bin/true", 0);
    }

    #[test]
    fn arguments_have_a_limit() {
        let size =
            |argv: &[&[u8]], limit| Arguments { argv, envp: &[], execfn: b"/x" }.check_size(limit);
        let longest = vec![b'x'; MAX_STRING - 1];
        assert_eq!(size(&[&longest], 8 << 20), Ok(()));
        assert_eq!(size(&[&longest], 0), Err(Errno::E2BIG));
        assert_eq!(size(&[&vec![b'x'; MAX_STRING]], 8 << 20), Err(Errno::E2BIG));
        let kilobyte = vec![b'x'; 1015];
        assert_eq!(size(&vec![kilobyte.as_slice(); 2047], 8 << 20), Ok(()));
        assert_eq!(size(&vec![kilobyte.as_slice(); 2048], 8 << 20), Err(Errno::E2BIG));
        assert_eq!(size(&vec![kilobyte.as_slice(); 7000], u64::MAX), Err(Errno::E2BIG));
    }

    #[test]
    fn stack_below_its_memory_is_refused() {
        let arguments = Arguments { argv: &[b"x"], envp: &[], execfn: b"/x" };
        let built = Stack::build(64, &arguments, &Auxiliary::default(), &Random::default());
        assert_eq!(built, Err(Errno::E2BIG));
    }

    proptest! {
        #[test]
        fn any_arguments_arrive(
            argv in prop::collection::vec(prop::collection::vec(1_u8.., 0..40), 0..9),
            envp in prop::collection::vec(prop::collection::vec(1_u8.., 0..40), 0..9),
            execfn in prop::collection::vec(1_u8.., 0..40),
            gap in 0_u16..8192,
        ) {
            let argv: Vec<&[u8]> = argv.iter().map(Vec::as_slice).collect();
            let envp: Vec<&[u8]> = envp.iter().map(Vec::as_slice).collect();
            check(&argv, &envp, &execfn, gap);
        }
    }
}
