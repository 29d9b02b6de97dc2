//! What `/proc/self/maps`, `smaps` and `statm` say, `proc_pid_maps(5)`.

use alloc::format;
use alloc::vec::Vec;

use abi::mman::Prot;
use abi::{Errno, Result};
use mm::PAGE_SIZE;
use mm::usage::Resident;
use mm::vma::{Attributes, Identity, Role, Vma};

use super::space::{self, Space};

/// Column in which names begin.
const NAME_COLUMN: usize = 73;

/// What a mapping says takes no more bytes than this, beside the path.
const MOST_BYTES: usize = 1024;

/// Returns what `of` makes of each mapping.
///
/// # Errors
/// `ENOMEM`: there may be many.
fn of_all<T>(of: impl Fn(&Space, &Vma) -> T) -> Result<Vec<T>> {
    let space = space::lock();
    let mut all = Vec::new();
    all.try_reserve_exact(space.mappings().count()).map_err(|_| Errno::ENOMEM)?;
    all.extend(space.mappings().map(|vma| of(&space, vma)));
    Ok(all)
}

/// Makes room in `text` for what a mapping says.
fn make_room(vma: &Vma, text: &mut Vec<u8>) -> Result<()> {
    let path = vma.backing.as_ref().map_or(0, |backing| backing.identity().path.len());
    text.try_reserve(MOST_BYTES + path).map_err(|_| Errno::ENOMEM)
}

/// Returns the contents of `/proc/self/maps`.
///
/// # Errors
/// `ENOMEM`.
pub(crate) fn maps() -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for vma in &of_all(|_, vma| vma.clone())? {
        make_room(vma, &mut text)?;
        line(vma, &mut text);
    }
    Ok(text)
}

/// Returns the contents of `/proc/self/smaps`, `proc_pid_smaps(5)`.
///
/// # Errors
/// `ENOMEM`.
pub(crate) fn smaps() -> Result<Vec<u8>> {
    let mappings = of_all(|space, vma| (vma.clone(), space.resident(vma.range())))?;
    let mut text = Vec::new();
    for (vma, resident) in &mappings {
        make_room(vma, &mut text)?;
        line(vma, &mut text);
        sizes(vma, *resident, &mut text);
    }
    Ok(text)
}

/// Returns the contents of `/proc/self/smaps_rollup`: the sums over all mappings.
///
/// # Errors
/// `ENOMEM`.
pub(crate) fn rollup() -> Result<Vec<u8>> {
    let mappings =
        of_all(|space, vma| (vma.range(), space.resident(vma.range()), vma.is_locked()))?;
    let mut all = Resident::default();
    let mut locked = 0;
    for (_, resident, is_locked) in &mappings {
        all.anonymous += resident.anonymous;
        all.file += resident.file;
        all.huge += resident.huge;
        locked += if *is_locked { resident.anonymous + resident.file } else { 0 };
    }
    let start = mappings.first().map_or(0, |(range, ..)| range.start);
    let end = mappings.last().map_or(0, |(range, ..)| range.end);
    let mut text = format!("{start:08x}-{end:08x} ---p 00000000 00:00 0 ").into_bytes();
    text.resize(NAME_COLUMN, b' ');
    text.extend_from_slice(b"[rollup]\n");
    amounts(all, locked, &mut text);
    Ok(text)
}

/// Adds what `smaps` says below a mapping's line.
fn sizes(vma: &Vma, resident: Resident, text: &mut Vec<u8>) {
    for (name, pages) in [("Size:", vma.pages()), ("KernelPageSize:", 1), ("MMUPageSize:", 1)] {
        amount(name, pages, text);
    }
    let all = resident.anonymous + resident.file;
    amounts(resident, if vma.is_locked() { all } else { 0 }, text);
    text.extend_from_slice(b"VmFlags: ");
    for flag in flags(vma) {
        text.extend_from_slice(flag.as_bytes());
        text.push(b' ');
    }
    text.push(b'\n');
}

/// Returns the two letters of each flag of a mapping.
fn flags(vma: &Vma) -> impl Iterator<Item = &'static str> {
    // One that could never be written is shared with nobody, as Linux sees it.
    let is_shared = vma.is_shared() && vma.max.contains(Prot::WRITE);
    let has = |attribute| vma.attributes.contains(attribute);
    let flags = [
        (vma.prot.contains(Prot::READ), "rd"),
        (vma.prot.contains(Prot::WRITE), "wr"),
        (vma.prot.contains(Prot::EXEC), "ex"),
        (is_shared, "sh"),
        (vma.max.contains(Prot::READ), "mr"),
        (vma.max.contains(Prot::WRITE), "mw"),
        (vma.max.contains(Prot::EXEC), "me"),
        (vma.is_shared(), "ms"),
        (has(Attributes::GROWSDOWN), "gd"),
        (has(Attributes::LOCKED), "lo"),
        (has(Attributes::DONT_FORK), "dc"),
        (vma.is_charged(), "ac"),
        (has(Attributes::NORESERVE), "nr"),
        (has(Attributes::WIPE_ON_FORK), "wf"),
        (has(Attributes::DONT_DUMP), "dd"),
        (has(Attributes::HUGE), "hg"),
        (has(Attributes::NO_HUGE), "nh"),
    ];
    flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name)
}

fn amount(name: &str, pages: u64, text: &mut Vec<u8>) {
    let kib = pages * PAGE_SIZE / 1024;
    text.extend_from_slice(format!("{name:16}{kib:8} kB\n").as_bytes());
}

/// Adds what is in memory, `locked` pages of it locked. Nobody shares pages with another process; a page
/// of a file counts as clean, for it is the file itself.
fn amounts(resident: Resident, locked: u64, text: &mut Vec<u8>) {
    let Resident { anonymous, file, huge } = resident;
    let all = anonymous + file;
    let sizes = [
        ("Rss:", all),
        ("Pss:", all),
        ("Pss_Dirty:", anonymous),
        ("Shared_Clean:", 0),
        ("Shared_Dirty:", 0),
        ("Private_Clean:", file),
        ("Private_Dirty:", anonymous),
        ("Referenced:", all),
        ("Anonymous:", anonymous),
        ("KSM:", 0),
        ("LazyFree:", 0),
        ("AnonHugePages:", huge),
        ("ShmemPmdMapped:", 0),
        ("FilePmdMapped:", 0),
        ("Shared_Hugetlb:", 0),
        ("Private_Hugetlb:", 0),
        ("Swap:", 0),
        ("SwapPss:", 0),
        ("Locked:", locked),
    ];
    for (name, pages) in sizes {
        amount(name, pages, text);
    }
}

/// Returns the line for the mapping that `address` is in, without its line end.
pub(crate) fn line_at(address: u64) -> Option<Vec<u8>> {
    let vma = space::lock().mapping(address).cloned()?;
    let mut text = Vec::new();
    line(&vma, &mut text);
    text.pop();
    Some(text)
}

fn line(vma: &Vma, text: &mut Vec<u8>) {
    let identity = match &vma.backing {
        // What has a role has no file that a program could know.
        Some(backing) if vma.role == Role::Plain => backing.identity(),
        _ => Identity::default(),
    };
    let letter = |prot, letter| if vma.prot.contains(prot) { letter } else { '-' };
    let major = (identity.device >> 8) & 0xfff;
    let minor = (identity.device & 0xff) | ((identity.device >> 12) & !0xff);
    let start = text.len();
    let head = format!(
        "{:08x}-{:08x} {}{}{}{} {:08x} {major:02x}:{minor:02x} {} ",
        vma.start,
        vma.end,
        letter(Prot::READ, 'r'),
        letter(Prot::WRITE, 'w'),
        letter(Prot::EXEC, 'x'),
        if vma.is_shared() { 's' } else { 'p' },
        vma.offset,
        identity.inode,
    );
    text.extend_from_slice(head.as_bytes());
    let name: &[u8] = match vma.role {
        Role::Heap => b"[heap]",
        Role::Stack => b"[stack]",
        Role::Vdso => b"[vdso]",
        Role::Vvar => b"[vvar]",
        Role::Plain => &identity.path,
    };
    if !name.is_empty() {
        let width = (text.len() - start).max(NAME_COLUMN);
        text.resize(start + width, b' ');
        text.extend_from_slice(name);
    }
    text.push(b'\n');
}

/// Returns the contents of `/proc/self/statm`, in pages: size, resident, shared, text, 0, data, 0.
pub(crate) fn statm() -> Vec<u8> {
    let space = space::lock();
    let usage = space.usage();
    let text: u64 = space
        .mappings()
        .filter(|vma| vma.prot.contains(Prot::EXEC) && vma.backing.is_some())
        .map(Vma::pages)
        .sum();
    drop(space);
    let resident = usage.resident_anonymous + usage.resident_file;
    let (total, shared, data) = (usage.total, usage.resident_file, usage.data);
    format!("{total} {resident} {shared} {text} 0 {data} 0\n").into_bytes()
}
