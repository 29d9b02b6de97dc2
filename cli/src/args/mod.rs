//! The command line: what can be asked of `scull`.

mod value;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use value::{EnvVar, FileMapping, Memory, Net, Protocol, Publish};
use value::{parse_minutes, parse_range, parse_timeout};

/// Boots unmodified Linux programs on Scull, a unikernel.
#[derive(Debug, Parser)]
#[command(name = "scull", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands of the tool.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Boot a port, an ELF program or an image in the foreground.
    Run(RunArgs),
    /// Run with every system call printed, in strace's format.
    Trace(TraceArgs),
    /// Make a bootable image of a port or an ELF program.
    Build(BuildArgs),
    /// List the ports with their status.
    Ports,
    /// Run the conformance programs on Linux and on Scull, then the ports' checks.
    Test(TestArgs),
    /// Compare an application on Scull with the same on a Linux guest.
    Bench(BenchArgs),
    /// Compile and link C against the ABI shim, with gcc's options: what scull-cc runs.
    #[command(disable_help_flag = true)]
    Cc {
        /// What gcc is given.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
        args: Vec<std::ffi::OsString>,
    },
    /// Compile and link C++ against the ABI shim, with g++'s options: what scull-c++ runs.
    #[command(name = "c++", disable_help_flag = true)]
    Cxx {
        /// What g++ is given.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
        args: Vec<std::ffi::OsString>,
    },
    /// Write docs/syscalls.md anew.
    #[command(hide = true)]
    Docs,
    /// Make system calls by chance on Linux and on Scull, and compare what comes of them.
    Fuzz(FuzzArgs),
    /// Check rules of the source tree that no compiler knows.
    #[command(hide = true)]
    Tidy {
        /// Rewrite the table of unsafe modules in docs/architecture.md.
        #[arg(long)]
        write: bool,
    },
}

/// What `scull trace` takes: its short options are strace's.
#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// What to run, and how. Here `-e trace=LIST` is `--filter LIST`.
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Print only these calls: names, or families such as %file, with commas between them; those
    /// behind a ! are left out.
    #[arg(long, value_name = "LIST")]
    pub(crate) filter: Option<String>,
    /// Print a table of how often calls were made and how long they took, and no lines.
    #[arg(short = 'c', long = "summary")]
    pub(crate) is_summary: bool,
    /// Print to a file, not to standard error.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Print how long each call took.
    #[arg(short = 'T', long = "time-spent")]
    pub(crate) shows_time_spent: bool,
    /// Print the time since the line before.
    #[arg(short = 'r', long = "relative")]
    pub(crate) is_relative: bool,
    /// Print the time of day (UTC), given twice with microseconds.
    #[arg(short = 't', action = clap::ArgAction::Count)]
    pub(crate) clock: u8,
    /// Print at most so many bytes of strings and buffers.
    #[arg(short, long, default_value = "32", value_name = "BYTES", value_parser = clap::value_parser!(u16).range(..=4096))]
    pub(crate) string_size: u16,
    /// Follow threads, which is always done.
    #[arg(short = 'f', hide = true)]
    pub(crate) follows: bool,
}

/// What `scull run` takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    /// A port's name, an ELF program or an image made by `scull build`.
    #[arg(value_name = "PORT|FILE")]
    pub(crate) what: String,
    /// What goes into the image.
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    /// The machine it runs on.
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
    /// End the run after this many seconds, with status 124.
    #[arg(long, value_name = "SECONDS", value_parser = parse_timeout)]
    pub(crate) timeout: Option<core::time::Duration>,
    /// Print scull's own words as lines of JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// The program's arguments, after those of the port.
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<std::ffi::OsString>,
}

/// What decides the content of an image.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ContentArgs {
    /// Memory of the machine: a number with K, M or G [default: 256M, or the port's].
    #[arg(long, short, value_name = "SIZE")]
    pub(crate) memory: Option<Memory>,
    /// Forward a port of the host to one of the guest; the address is 127.0.0.1 unless given.
    #[arg(long, short, value_name = "[ADDR:]HOST:GUEST[/udp]")]
    pub(crate) publish: Vec<Publish>,
    /// Set a variable of the program's environment.
    #[arg(long, short, value_name = "KEY=VALUE")]
    pub(crate) env: Vec<EnvVar>,
    /// Put a file or a directory of the host into the image.
    #[arg(long, value_name = "HOST:GUEST")]
    pub(crate) file: Vec<FileMapping>,
}

/// What decides the machine.
#[derive(Debug, Clone, Args)]
pub(crate) struct MachineArgs {
    /// Processors of the machine.
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) cpus: u8,
    /// The network: user (QEMU's own), tap:NAME[,ip=ADDR/PREFIX[,gw=ADDR]] or none.
    #[arg(long, default_value = "user", value_name = "user|tap:NAME|none")]
    pub(crate) net: Net,
    /// The kind of machine.
    #[arg(long, value_enum, default_value = "microvm")]
    pub(crate) machine: MachineKind,
    /// What runs the guest's instructions.
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) accel: Accel,
    /// The virtual machine monitor.
    #[arg(long, value_enum, default_value = "qemu")]
    pub(crate) vmm: VmmKind,
    /// A disk image and the path it is mounted at (not supported yet).
    #[arg(long, value_name = "FILE:/path")]
    pub(crate) volume: Vec<String>,
    /// A kernel other than the one built along with this tool.
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,
    /// A word for the kernel's command line, such as aslr=off.
    #[arg(long, value_name = "WORD")]
    pub(crate) boot: Vec<String>,
}

/// What `scull build` takes.
#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// A port's name or an ELF program.
    #[arg(value_name = "PORT|FILE")]
    pub(crate) what: String,
    /// Where the image goes.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// What goes into the image.
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    /// The program's arguments, after those of the port.
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<std::ffi::OsString>,
}

/// What `scull test` takes.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Run only tests whose `family/name` contains one of these; `:variant` after it chooses how
    /// the program is built, such as io/pipe:dynamic.
    #[arg(value_name = "FILTER")]
    pub(crate) filters: Vec<String>,
    /// List the tests instead of running them.
    #[arg(long)]
    pub(crate) list: bool,
    /// Guests that run at the same time.
    #[arg(long, default_value = "2", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) jobs: u8,
    /// Processors of each guest.
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) cpus: u8,
    /// Run only the programs of the family stress, in guests of their own, for so many seconds each.
    #[arg(long, value_name = "SECONDS", value_parser = parse_timeout, conflicts_with_all = ["list", "linux_only", "twice_on_linux"])]
    pub(crate) stress: Option<core::time::Duration>,
    /// The seeds of --stress, the last one included.
    #[arg(long, default_value = "1", value_name = "A..B", value_parser = parse_range, requires = "stress")]
    pub(crate) seeds: (u64, u64),
    /// Seconds a program may take, on Linux and in the guest.
    #[arg(long, default_value = "30", value_name = "SECONDS", value_parser = parse_timeout)]
    pub(crate) timeout: core::time::Duration,
    /// Only run the programs on Linux: the oracle itself.
    #[arg(long)]
    pub(crate) linux_only: bool,
    /// Run each program twice on Linux, and fail those that do not do the same both times.
    #[arg(long)]
    pub(crate) twice_on_linux: bool,
    /// Run each program so many times in the guest, and fail those that do not do the same each time.
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) repeat: u16,
    /// Begin no further tests once one has failed.
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Write the results as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// The kind of machine.
    #[arg(long, value_enum, default_value = "microvm")]
    pub(crate) machine: MachineKind,
    /// How clients reach the ports.
    #[arg(long, value_enum, default_value = "user")]
    pub(crate) net: TestNet,
    /// A kernel other than the one built along with this tool.
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,
}

/// How the clients of a test reach the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestNet {
    /// By QEMU's own network.
    User,
    /// By a tap device with several queues, in a network namespace of the test's own: as root only.
    Tap,
}

/// What `scull fuzz` takes.
#[derive(Debug, Args)]
pub(crate) struct FuzzArgs {
    /// The seed of the plan.
    #[arg(long, default_value = "1", value_name = "N", conflicts_with = "seeds")]
    pub(crate) seed: u64,
    /// Several seeds, the last one included.
    #[arg(long, value_name = "A..B", value_parser = parse_range)]
    pub(crate) seeds: Option<(u64, u64)>,
    /// Processors of the guest.
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) cpus: u8,
    /// Calls of each seed's plan.
    #[arg(long, default_value = "10000", value_name = "N")]
    pub(crate) calls: usize,
    /// The most threads that make calls together.
    #[arg(long, default_value = "4", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) threads: u8,
    /// Do not compare with Linux: only see that the kernel survives.
    #[arg(long)]
    pub(crate) guest_only: bool,
    /// Run a plan that was kept, and show what comes of each call.
    #[arg(long, value_name = "FILE")]
    pub(crate) replay: Option<PathBuf>,
    /// The kind of machine.
    #[arg(long, value_enum, default_value = "microvm")]
    pub(crate) machine: MachineKind,
    /// A kernel other than the one built along with this tool.
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,
}

impl FuzzArgs {
    /// Returns the seeds.
    pub(crate) fn seeds(&self) -> core::ops::RangeInclusive<u64> {
        let (first, last) = self.seeds.unwrap_or((self.seed, self.seed));
        first..=last
    }
}

/// What `scull bench` takes.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// What to run: memcached, the comparison; processors, its part about a second processor alone;
    /// instructions, its last table alone; soak, a long mixed load that looks for leaks; syscall, the
    /// instructions of one; micro, those of the operations that programs are made of.
    #[arg(default_value = "memcached")]
    pub(crate) what: String,
    /// How long the soak is.
    #[arg(long, default_value = "10", value_name = "MINUTES", value_parser = parse_minutes)]
    pub(crate) minutes: core::time::Duration,
    /// How often each guest is measured, in alternation.
    #[arg(long, default_value = "5", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=99))]
    pub(crate) pairs: u8,
    /// Measure only the loads whose title contains this, over tap, and write no report.
    #[arg(long, value_name = "TEXT")]
    pub(crate) load: Option<String>,
    /// A kernel other than the one built along with this tool.
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,
}

/// Machines of QEMU that the kernel boots on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MachineKind {
    /// The smallest and quickest, with virtio-mmio devices.
    Microvm,
    /// A modern PC with PCI Express.
    Q35,
    /// An old PC with PCI.
    Pc,
}

/// What runs the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Accel {
    /// KVM where the processor has it, else TCG.
    Auto,
    /// The processor's virtualisation.
    Kvm,
    /// QEMU's translator.
    Tcg,
}

/// Virtual machine monitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VmmKind {
    /// QEMU, system emulation for x86-64.
    Qemu,
}
