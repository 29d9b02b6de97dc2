//! `scull tidy`: rules of the source tree that no compiler knows.
//!
//! Sizes of files, edges between crates, where `cfg` and unsafe code may stand,
//! and manifests of ports. The table of unsafe modules in `docs/architecture.md`
//! is compared, or written with `--write`, so that its growth shows in review.

use core::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::{docs, port, project};

/// Lines of a file, tests left out, above which it is listed.
const SOFT: usize = 400;
/// Lines of a file, tests left out, above which it is refused.
const HARD: usize = 600;
/// Files that are tables, of whatever length.
const TABLES: [&str; 2] = ["abi/src/sysno.rs", "abi/src/errno.rs"];
/// Each crate with those of the workspace that it may depend on. The kernel may on all.
const EDGES: [(&str, &[&str]); 9] = [
    ("abi", &[]),
    ("sync", &["abi"]),
    ("elf", &["abi"]),
    ("mm", &["abi", "sync"]),
    ("sched", &["abi", "sync"]),
    ("vfs", &["abi", "sync"]),
    ("net", &["abi", "sync"]),
    ("virtio", &["abi", "sync", "net"]),
    ("cli", &["abi", "elf"]),
];
/// Crates without any unsafe code.
const SAFE: [&str; 6] = ["abi", "elf", "sched", "vfs", "net", "cli"];
/// Where the table of unsafe modules stands.
const PAGE: &str = "docs/architecture.md";
const BEGIN: &str = "<!-- unsafe modules: begin -->\n";
const END: &str = "<!-- unsafe modules: end -->";

/// Checks the source tree; prints what is wrong, and what is only noteworthy.
///
/// # Errors
/// Fails where the tree cannot be read.
pub(crate) fn tidy(is_writing: bool) -> Result<u8> {
    let root = project::root()?;
    let mut wrong = Vec::new();
    let mut texts = Vec::new();
    for path in sources(&root)? {
        let text = fs::read_to_string(root.join(&path))
            .with_context(|| format!("cannot read {}", path.display()))?;
        let path = path.to_string_lossy().into_owned();
        check_source(&path, &text, &mut wrong);
        texts.push((path, text));
    }
    for (name, allowed) in EDGES {
        check_manifest(&root, name, allowed, &mut wrong)?;
    }
    for name in SAFE {
        let opens = ["lib.rs", "main.rs"].iter().any(|file| {
            let text = fs::read_to_string(root.join(name).join("src").join(file));
            text.is_ok_and(|text| text.contains("#![forbid(unsafe_code)]"))
        });
        if !opens {
            wrong.push(format!("{name}: has to open with #![forbid(unsafe_code)]"));
        }
    }
    wrong.extend(
        port::all()
            .and_then(|ports| ports.iter().try_for_each(port::Port::validate))
            .err()
            .map(|why| format!("{why:#}")),
    );
    wrong.extend(check_table(&root, &unsafe_modules(&texts), is_writing)?);
    wrong.extend(docs::check(&root)?);
    for line in &wrong {
        println!("tidy: {line}");
    }
    Ok(u8::from(!wrong.is_empty()))
}

/// Returns all Rust sources below `root`, relative to it.
fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                let is_ours = name != "target" && !name.to_string_lossy().starts_with('.');
                folders.extend(is_ours.then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(root).unwrap_or(&path).to_path_buf());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Returns the part of a source file before its tests.
fn without_tests(text: &str) -> &str {
    let end = text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    &text[..end]
}

/// Checks length, words and `cfg` of one file.
fn check_source(path: &str, text: &str, wrong: &mut Vec<String>) {
    let is_test = path.ends_with("tests.rs") || path.contains("/tests/");
    let length = without_tests(text).lines().count();
    if !is_test && !TABLES.contains(&path) {
        if length > HARD {
            wrong.push(format!("{path}: {length} lines, more than {HARD}; split it"));
        } else if length > SOFT {
            println!("tidy: note: {path} has {length} lines");
        }
    }
    // In two pieces, or this file would be found.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X ")];
    for mark in marks.iter().filter(|mark| text.contains(*mark)) {
        wrong.push(format!("{path}: holds {mark}; do it, or say it in the documentation"));
    }
    let may_choose = ["cli/", "sync/"].iter().any(|start| path.starts_with(start))
        || path.ends_with("arch/mod.rs")
        || path.ends_with("sysno/mod.rs");
    let choices = text.lines().map(str::trim).filter(|line| line.starts_with("#[cfg("));
    for line in choices.filter(|line| !line.starts_with("#[cfg(test)]")) {
        if !may_choose {
            wrong.push(format!("{path}: {line} is not the place to choose by cfg"));
        }
    }
}

/// Returns the table of the modules of `texts` that permit unsafe code, with how much they have. A
/// folder whose `mod.rs` permits it is one module.
fn unsafe_modules(texts: &[(String, String)]) -> String {
    let mut table = String::from("| module | unsafe blocks and functions |\n|---|---|\n");
    let permits = |text: &str| {
        let mut lines = text.lines().map(str::trim_start);
        lines.any(|line| {
            line.starts_with("#![expect(unsafe_code") || line.starts_with("#[expect(unsafe_code")
        })
    };
    for (path, _) in texts.iter().filter(|(_, text)| permits(text)) {
        let module = path.strip_suffix("mod.rs").unwrap_or(path);
        let parts = texts.iter().filter(|(path, _)| path.starts_with(module));
        let count: usize = parts.map(|(_, text)| count_unsafe(text)).sum();
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| `{module}` | {count} |");
    }
    table
}

/// Returns how many unsafe blocks, functions and implementations `text` has.
fn count_unsafe(text: &str) -> usize {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.map(|line| {
        ["unsafe {", "unsafe fn", "unsafe impl", "unsafe trait", "unsafe extern"]
            .iter()
            .map(|word| line.matches(word).count())
            .sum::<usize>()
    })
    .sum()
}

/// Checks that the crate `name` depends only on `allowed` of this workspace, and has no features.
fn check_manifest(
    root: &Path,
    name: &str,
    allowed: &[&str],
    wrong: &mut Vec<String>,
) -> Result<()> {
    let path = root.join(name).join("Cargo.toml");
    if !path.exists() {
        return Ok(());
    }
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let manifest: toml::Table =
        toml::from_str(&text).with_context(|| format!("cannot read {}", path.display()))?;
    if manifest.contains_key("features") {
        wrong.push(format!("{name}: crates have no features; make the part a crate"));
    }
    let ours = |other: &str| other == "kernel" || EDGES.iter().any(|(name, _)| *name == other);
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    for other in dependencies.into_iter().flat_map(toml::Table::keys) {
        if ours(other) && !allowed.contains(&other.as_str()) {
            wrong.push(format!("{name}: may not depend on {other}"));
        }
    }
    Ok(())
}

/// Compares the table of unsafe modules with the page that shows it, or writes it there.
fn check_table(root: &Path, table: &str, is_writing: bool) -> Result<Option<String>> {
    let path = root.join(PAGE);
    let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
    let Some((before, rest)) = text.split_once(BEGIN) else { return Ok(None) };
    let Some((old, after)) = rest.split_once(END) else {
        return Ok(Some(format!("{PAGE}: the table of unsafe modules has no end")));
    };
    if old == table {
        return Ok(None);
    }
    if is_writing {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}"))
            .with_context(|| format!("cannot write {PAGE}"))?;
        return Ok(None);
    }
    Ok(Some(format!("{PAGE}: the table of unsafe modules is old; run scull tidy --write")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_do_not_count_as_length() {
        let text = "a\nb\n\n#[cfg(test)]\nmod tests {\n    fn x() {}\n}\n";
        assert_eq!(without_tests(text), "a\nb\n");
    }

    #[test]
    fn unsafe_code_is_counted_outside_comments() {
        let text = "unsafe { a() }\n// unsafe { b() }\nunsafe fn c() {}\n";
        assert_eq!(count_unsafe(text), 2);
    }

    #[test]
    fn a_folder_that_permits_unsafe_code_is_one_module() {
        let source = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let opening = "#![expect(unsafe_code, reason = \"\")]\n";
        let table = unsafe_modules(&[
            source("a/b/c.rs", "unsafe { x() }\nunsafe fn y() {}\n"),
            source("a/b/mod.rs", &format!("//! B.\n{opening}unsafe {{ z() }}\n")),
            source("a/d.rs", "let text = \"expect(unsafe_code\";\n"),
        ]);
        assert!(table.ends_with("|---|---|\n| `a/b/` | 3 |\n"), "{table}");
    }

    #[test]
    fn a_long_file_and_a_stray_cfg_are_wrong() {
        let mut wrong = Vec::new();
        check_source("vfs/src/a.rs", &"x\n".repeat(601), &mut wrong);
        check_source("vfs/src/b.rs", "#[cfg(feature = \"a\")]\n#[cfg(test)]\n", &mut wrong);
        assert_eq!(wrong.len(), 2, "{wrong:?}");
    }
}
