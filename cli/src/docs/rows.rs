//! The kernel's table as text: which calls have a row, and what their doc comments say.

use alloc::collections::BTreeMap;

/// How far Scull has a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Status {
    /// As Linux has it.
    Full,
    /// But for this.
    Partial(String),
    /// It is always answered with an error, for this reason.
    Refused(String),
}

/// Reads the rows of `kernel/src/syscall/table.rs`, by the names of their calls.
///
/// # Errors
/// A doc comment that says neither `partial:` nor `refused:`.
pub(super) fn read(table: &str) -> Result<BTreeMap<String, Status>, String> {
    let mut rows = BTreeMap::new();
    let mut words = String::new();
    let lines = table.lines().skip_while(|line| *line != "syscalls! {").skip(1);
    for line in lines.map(str::trim).take_while(|line| *line != "}") {
        if let Some(comment) = line.strip_prefix("///") {
            words = format!("{words} {}", comment.trim());
        } else if let Some((call, _)) = line.split_once(" => ") {
            let status = status(core::mem::take(&mut words).trim())
                .map_err(|words| format!("the row of {call} says '{words}'"))?;
            rows.insert(call.to_owned(), status);
        }
    }
    Ok(rows)
}

fn status(words: &str) -> Result<Status, String> {
    match words.split_once(": ") {
        None if words.is_empty() => Ok(Status::Full),
        Some(("partial", what)) => Ok(Status::Partial(what.to_owned())),
        Some(("refused", why)) => Ok(Status::Refused(why.to_owned())),
        _ => Err(words.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_with_their_comments() {
        let table = "/// other\nfn x() {}\nsyscalls! {\n    // family\n    read => io::read(fd);\n    \
                     /// partial: no X\n    /// and no Y\n    ioctl => a::b(fd);\n    \
                     /// refused: not ours: EPERM\n    mount => a::c();\n}\nlater => x\n";
        let rows = read(table).unwrap();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows["read"], Status::Full);
        assert_eq!(rows["ioctl"], Status::Partial("no X and no Y".to_owned()));
        assert_eq!(rows["mount"], Status::Refused("not ours: EPERM".to_owned()));
        assert_eq!(
            read("syscalls! {\n/// odd\nx => a::b();\n}"),
            Err("the row of x says 'odd'".to_owned())
        );
    }
}
