//! Keys of the auxiliary vector that a program finds above its environment: `getauxval(3)`.

macro_rules! auxv_keys {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        $($(#[$doc])* pub const $name: u64 = $value;)*

        #[cfg(test)]
        const KEYS: &[(&str, u64)] = &[$((stringify!($name), $name)),*];
    };
}

auxv_keys! {
    /// End of the vector.
    AT_NULL = 0;
    /// Address of the program headers.
    AT_PHDR = 3;
    /// Size of a program header, in bytes.
    AT_PHENT = 4;
    /// Number of program headers.
    AT_PHNUM = 5;
    /// Size of a page, in bytes.
    AT_PAGESZ = 6;
    /// Address the interpreter was loaded at; 0 without one.
    AT_BASE = 7;
    /// Flags; always 0.
    AT_FLAGS = 8;
    /// The program's entry point.
    AT_ENTRY = 9;
    /// Real user.
    AT_UID = 11;
    /// Effective user.
    AT_EUID = 12;
    /// Real group.
    AT_GID = 13;
    /// Effective group.
    AT_EGID = 14;
    /// Address of the string that names the processor's kind.
    AT_PLATFORM = 15;
    /// The processor's features: `EDX` of `CPUID` leaf 1.
    AT_HWCAP = 16;
    /// Ticks a second of `times(2)`.
    AT_CLKTCK = 17;
    /// Whether the program gained rights by starting, as by a set-user-ID bit.
    AT_SECURE = 23;
    /// Address of 16 random bytes.
    AT_RANDOM = 25;
    /// More features: bit 0 is ring 3 `MONITOR`/`MWAIT`, bit 1 ring 3 `FSGSBASE`.
    AT_HWCAP2 = 26;
    /// Size of the part of `struct rseq` that the kernel knows, in bytes.
    AT_RSEQ_FEATURE_SIZE = 27;
    /// Alignment of `struct rseq`, in bytes.
    AT_RSEQ_ALIGN = 28;
    /// Address of the path the program was started by.
    AT_EXECFN = 31;
    /// Address of the vDSO's ELF header.
    AT_SYSINFO_EHDR = 33;
    /// The smallest signal stack, in bytes: `sigaltstack(2)`.
    AT_MINSIGSTKSZ = 51;
    /// Scull's own: address of the gate by which a program may enter the kernel.
    AT_SCULL_GATE = 0x5343_0001;
    /// Scull's own: its version, `major << 16 | minor << 8 | patch`.
    AT_SCULL_VERSION = 0x5343_0002;
}

#[cfg(test)]
mod tests {
    use linux_raw_sys::auxvec;

    use super::*;

    #[test]
    fn keys_are_those_of_the_kernel_headers() {
        let ours = |name| KEYS.iter().find(|key| key.0 == name).map(|key| key.1);
        for (name, value) in [
            ("AT_SYSINFO_EHDR", auxvec::AT_SYSINFO_EHDR),
            ("AT_RSEQ_FEATURE_SIZE", auxvec::AT_RSEQ_FEATURE_SIZE),
            ("AT_EXECFN", auxvec::AT_EXECFN),
            ("AT_MINSIGSTKSZ", auxvec::AT_MINSIGSTKSZ),
            ("AT_RANDOM", auxvec::AT_RANDOM),
            ("AT_HWCAP2", auxvec::AT_HWCAP2),
            ("AT_PLATFORM", auxvec::AT_PLATFORM),
        ] {
            assert_eq!(ours(name), Some(u64::from(value)), "{name}");
        }
    }
}
