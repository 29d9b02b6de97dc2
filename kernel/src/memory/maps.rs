//! What `/proc/self/maps` and `/proc/self/statm` say, `proc_pid_maps(5)`.

use alloc::format;
use alloc::vec::Vec;

use abi::mman::Prot;
use mm::vma::{Identity, Role, Vma};

use super::space;

/// Column in which names begin.
const NAME_COLUMN: usize = 73;

/// Returns the contents of `/proc/self/maps`.
pub(crate) fn maps() -> Vec<u8> {
    let mappings: Vec<Vma> = space::lock().mappings().cloned().collect();
    let mut text = Vec::new();
    for vma in &mappings {
        line(vma, &mut text);
    }
    text
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
