//! What `/proc/self/maps`, `smaps` and `statm` say, `proc_pid_maps(5)`.

use alloc::format;
use alloc::vec::Vec;

use abi::mman::Prot;
use abi::{Errno, Result};
use mm::PAGE_SIZE;
use mm::space::Resident;
use mm::vma::{Identity, Role, Vma};

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

/// Adds what `smaps` says below a mapping's line. Nobody shares pages with another process; a page
/// of a file counts as clean, for it is the file itself.
fn sizes(vma: &Vma, resident: Resident, text: &mut Vec<u8>) {
    let Resident { anonymous, file, huge } = resident;
    let all = anonymous + file;
    let locked = if vma.is_locked() { all } else { 0 };
    let sizes = [
        ("Size:", vma.pages()),
        ("KernelPageSize:", 1),
        ("MMUPageSize:", 1),
        ("Rss:", all),
        ("Pss:", all),
        ("Pss_Dirty:", anonymous),
        ("Shared_Clean:", 0),
        ("Shared_Dirty:", 0),
        ("Private_Clean:", file),
        ("Private_Dirty:", anonymous),
        ("Referenced:", all),
        ("Anonymous:", anonymous),
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
        let kib = pages * PAGE_SIZE / 1024;
        text.extend_from_slice(format!("{name:16}{kib:8} kB\n").as_bytes());
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
