//! Names for addresses of the kernel, for the backtrace of a panic.

use core::fmt::Write as _;
use std::path::Path;

use object::{Object as _, ObjectSymbol as _};

/// Returns one line for each of `addresses` (hexadecimal), with the function of
/// `kernel` it lies in; empty where there are none.
pub(crate) fn backtrace(kernel: &Path, addresses: &[String]) -> String {
    let data = std::fs::read(kernel).unwrap_or_default();
    let mut symbols = match object::File::parse(&*data) {
        Ok(file) => functions(&file),
        Err(_) => Vec::new(),
    };
    symbols.sort_unstable();
    let mut text = String::new();
    for line in addresses {
        let address = u64::from_str_radix(line.trim_start_matches("0x"), 16).unwrap_or(0);
        let after = symbols.partition_point(|(start, _)| *start <= address);
        let name = after.checked_sub(1).and_then(|index| symbols.get(index));
        // Writing to a String cannot fail.
        let _ = match name {
            Some((start, name)) => {
                let offset = address - start;
                write!(text, "\n  {address:#018x} {:#}+{offset:#x}", rustc_demangle::demangle(name))
            }
            None => write!(text, "\n  {address:#018x}"),
        };
    }
    text
}

/// Returns start and name of every function in `file`.
fn functions<'data>(file: &object::File<'data>) -> Vec<(u64, &'data str)> {
    let symbols = file.symbols().filter(|symbol| symbol.kind() == object::SymbolKind::Text);
    symbols.filter_map(|symbol| Some((symbol.address(), symbol.name().ok()?))).collect()
}
