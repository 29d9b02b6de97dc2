//! The kernel's command line.
//!
//! Words are separated by spaces; a part in double quotes may hold spaces, and in it `\"` and `\\`
//! stand for a quote and a backslash. Words up to `--` are the kernel's, those after it the
//! program's arguments. `virtio_mmio.device=` words are the kernel's wherever they are, because
//! QEMU appends them at the end.

use alloc::vec::Vec;

use abi::Errno;

/// What the command line said, with the defaults for what it did not.
#[derive(Debug)]
pub(crate) struct Options {
    /// `init=`: the program to run.
    pub(crate) init: Vec<u8>,
    /// `cwd=`: the directory it starts in, `/` if not given.
    pub(crate) directory: Vec<u8>,
    /// `ip=`: `dhcp` (the default), `none` or `ADDRESS/PREFIX[,gw=ADDRESS][,dns=ADDRESS]`.
    pub(crate) ip: Vec<u8>,
    /// `hostname=`: `scull` if not given.
    pub(crate) hostname: Vec<u8>,
    /// `aslr=off`: load programs at fixed addresses.
    pub(crate) aslr: bool,
    /// `trace=`: the calls to record, `all` or `[!]NAME,…`; none if not given.
    pub(crate) trace: Option<Vec<u8>>,
    /// `trace-strings=`: bytes of strings and buffers to record, 32 if not given.
    pub(crate) trace_strings: usize,
    /// `env.NAME=VALUE`: the program's environment, as `NAME=VALUE`.
    pub(crate) environment: Vec<Vec<u8>>,
    /// `session`: the host names programs, one after the other, over the control channel.
    pub(crate) is_session: bool,
    /// What follows `--`: the program's arguments after its name.
    pub(crate) arguments: Vec<Vec<u8>>,
    /// `virtio_mmio.device=SIZE@ADDRESS:INTERRUPT`: the values.
    pub(crate) virtio_mmio: Vec<Vec<u8>>,
    /// Words that mean nothing to this kernel.
    pub(crate) unknown: Vec<Vec<u8>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            init: Vec::new(),
            directory: b"/".to_vec(),
            ip: b"dhcp".to_vec(),
            hostname: b"scull".to_vec(),
            aslr: true,
            trace: None,
            trace_strings: 32,
            environment: Vec::new(),
            is_session: false,
            arguments: Vec::new(),
            virtio_mmio: Vec::new(),
            unknown: Vec::new(),
        }
    }
}

impl Options {
    /// Reads a command line.
    ///
    /// # Errors
    /// `EINVAL` if it names no program, and the host does not name any later.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Errno> {
        let mut options = Self::default();
        let mut is_for_program = false;
        for word in words(line) {
            if let Some(device) = word.strip_prefix(b"virtio_mmio.device=") {
                options.virtio_mmio.push(device.to_vec());
            } else if is_for_program {
                options.arguments.push(word);
            } else if word == b"--" {
                is_for_program = true;
            } else {
                options.apply(word);
            }
        }
        if options.init.is_empty() && !options.is_session {
            Err(Errno::EINVAL)
        } else {
            Ok(options)
        }
    }

    fn apply(&mut self, word: Vec<u8>) {
        let split = word.iter().position(|&byte| byte == b'=');
        let (name, value) = split.map_or((&word[..], &[][..]), |at| (&word[..at], &word[at + 1..]));
        match name {
            b"init" => self.init = value.to_vec(),
            b"cwd" => self.directory = value.to_vec(),
            b"ip" => self.ip = value.to_vec(),
            b"hostname" => self.hostname = value.to_vec(),
            b"session" => self.is_session = true,
            b"aslr" => self.aslr = value != b"off",
            b"trace" => self.trace = Some(value.to_vec()),
            b"trace-strings" => self.trace_strings = number(value).unwrap_or(self.trace_strings),
            _ if name.starts_with(b"env.") => self.environment.push(word[4..].to_vec()),
            _ => self.unknown.push(word),
        }
    }
}

/// Returns the number that digits are.
fn number(digits: &[u8]) -> Option<usize> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}

/// Splits a line into words, quotes resolved.
fn words(line: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word = None;
    let mut is_quoted = false;
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_with(Vec::new);
            }
            b'\\' if is_quoted => word.get_or_insert_with(Vec::new).extend(bytes.next()),
            b' ' | b'\n' | b'\t' if !is_quoted => words.extend(word.take()),
            _ => word.get_or_insert_with(Vec::new).push(byte),
        }
    }
    words.extend(word);
    words
}
