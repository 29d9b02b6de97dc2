//! Images: the tree of files a guest starts with, and how to start it.
//!
//! A [`Tree`] is collected in memory, then written as a cpio archive
//! ([`cpio`]). Its first entry, `.scull.json`, holds the [`Launch`]: which
//! program to start and the defaults of its machine, so that an image alone
//! can be run.
//!
//! Invariant: paths of a tree have no leading slash, and the folders that Debian
//! has merged into `/usr` are links, so that both spellings of a path work.

pub(crate) mod cpio;
pub(crate) mod library;
pub(crate) mod program;

use alloc::collections::BTreeMap;
use core::hash::{Hash as _, Hasher as _};
use std::fs::{self, File};
use std::hash::DefaultHasher;
use std::io::BufWriter;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::args::EnvVar;
use crate::project;

/// The entry that holds the [`Launch`].
const LAUNCH: &str = ".scull.json";

/// Bytes of images that the cache keeps.
const KEPT: u64 = 2 << 30;

/// How to start what an image holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Launch {
    /// What the image was made of, for messages.
    pub(crate) name: String,
    /// Path of the program in the guest.
    pub(crate) program: String,
    /// Its arguments, without its own name.
    pub(crate) args: Vec<String>,
    /// Its environment.
    pub(crate) env: Vec<EnvVar>,
    /// Its working directory.
    pub(crate) cwd: String,
    /// Memory of the machine, in bytes.
    pub(crate) memory: u64,
    /// Published ports, as `--publish` takes them.
    pub(crate) publish: Vec<String>,
    /// It changes machine code that other processors may be about to run.
    #[serde(default)]
    pub(crate) patches_code: bool,
}

/// One entry of a [`Tree`].
#[derive(Debug, Clone)]
enum Node {
    Directory { mode: u32 },
    Symlink { target: Vec<u8> },
    Text { data: Vec<u8>, mode: u32 },
    HostFile { path: PathBuf, mode: u32, mtime: i64, size: u64 },
}

/// A tree of files for the guest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    nodes: BTreeMap<Vec<u8>, Node>,
}

/// Folders every guest has, with their permissions.
const FOLDERS: [(&str, u32); 18] = [
    ("dev", 0o755),
    ("etc", 0o755),
    ("home", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("run", 0o755),
    ("sys", 0o555),
    ("tmp", 0o1777),
    ("usr", 0o755),
    ("usr/bin", 0o755),
    ("usr/lib", 0o755),
    ("usr/lib64", 0o755),
    ("usr/local", 0o755),
    ("usr/sbin", 0o755),
    ("usr/share", 0o755),
    ("var", 0o755),
    ("var/lib", 0o755),
    ("var/tmp", 0o1777),
];

/// Folders of `/` that are links into `/usr`.
const MERGED: [&str; 4] = ["bin", "lib", "lib64", "sbin"];

/// Files every guest has, unless the image brings its own.
const FILES: [(&str, &str); 6] = [
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    ),
    ("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
    (
        "etc/nsswitch.conf",
        "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
    ),
    ("etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"),
    ("etc/hostname", "scull\n"),
    ("etc/host.conf", "multi on\n"),
];

impl Tree {
    /// Returns a tree with the folders and files every guest has.
    pub(crate) fn new() -> Self {
        let mut tree = Self::default();
        for (name, mode) in FOLDERS {
            tree.nodes.insert(name.into(), Node::Directory { mode });
        }
        for name in MERGED {
            let target = format!("usr/{name}").into_bytes();
            tree.nodes.insert(name.into(), Node::Symlink { target });
        }
        for (name, text) in FILES {
            tree.text(Path::new(name), text.as_bytes(), 0o644);
        }
        tree
    }

    /// Puts a file with this content at `path`.
    pub(crate) fn text(&mut self, path: &Path, data: &[u8], mode: u32) {
        self.insert(path, Node::Text { data: data.to_vec(), mode });
    }

    /// Puts a symbolic link at `path`.
    pub(crate) fn symlink(&mut self, path: &Path, target: &Path) {
        self.insert(path, Node::Symlink { target: target.as_os_str().as_bytes().to_vec() });
    }

    /// Says whether something is at `path`.
    pub(crate) fn contains(&self, path: &Path) -> bool {
        self.nodes.contains_key(&key(path))
    }

    /// Puts the host's file `host`, links followed, at `path`.
    ///
    /// # Errors
    /// Fails where the file cannot be examined.
    pub(crate) fn file(&mut self, path: &Path, host: &Path) -> Result<()> {
        let meta = fs::metadata(host).with_context(|| format!("cannot read {}", host.display()))?;
        let node = Node::HostFile {
            path: host.to_path_buf(),
            mode: meta.mode() & 0o7777,
            mtime: meta.mtime(),
            size: meta.len(),
        };
        self.insert(path, node);
        Ok(())
    }

    /// Puts the host's file `host` at `path`, with execute permission for all.
    ///
    /// # Errors
    /// Fails where the file cannot be examined.
    pub(crate) fn executable(&mut self, path: &Path, host: &Path) -> Result<()> {
        self.file(path, host)?;
        if let Some(Node::HostFile { mode, .. }) = self.nodes.get_mut(&key(path)) {
            *mode |= 0o555;
        }
        Ok(())
    }

    /// Puts the host's folder `host` with all it holds at `path`; a file goes as by
    /// [`Tree::file`]. Links inside stay links.
    ///
    /// # Errors
    /// Fails where something cannot be read.
    pub(crate) fn copy(&mut self, path: &Path, host: &Path) -> Result<()> {
        let context = || format!("cannot read {}", host.display());
        let meta = fs::metadata(host).with_context(context)?;
        if !meta.is_dir() {
            return self.file(path, host);
        }
        if !self.contains(path) {
            self.insert(path, Node::Directory { mode: meta.mode() & 0o7777 });
        }
        for entry in fs::read_dir(host).with_context(context)? {
            let entry = entry.with_context(context)?;
            let (inner, host) = (path.join(entry.file_name()), entry.path());
            let kind = entry.file_type().with_context(context)?;
            if kind.is_dir() {
                self.copy(&inner, &host)?;
            } else if kind.is_symlink() {
                self.symlink(&inner, &fs::read_link(&host)?);
            } else if kind.is_file() {
                self.file(&inner, &host)?;
            }
        }
        Ok(())
    }

    fn insert(&mut self, path: &Path, node: Node) {
        let key = key(path);
        let keeps = matches!(node, Node::Directory { .. } | Node::Symlink { .. });
        if keeps && matches!(self.nodes.get(&key), Some(Node::Directory { .. })) {
            return;
        }
        for (end, _) in key.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            self.nodes.entry(key[..end].to_vec()).or_insert(Node::Directory { mode: 0o755 });
        }
        self.nodes.insert(key, node);
    }

    /// Writes the image to `output`, all or nothing.
    ///
    /// # Errors
    /// Fails where a file cannot be read or the image cannot be written.
    pub(crate) fn write(&self, launch: &Launch, output: &Path) -> Result<()> {
        let folder = output.parent().filter(|p| !p.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        let cannot = || format!("cannot write {}", output.display());
        let draft = folder.join(format!(".scull-{}.draft", std::process::id()));
        let written = File::create(&draft)
            .map_err(anyhow::Error::from)
            .and_then(|file| self.write_to(launch, &file))
            .and_then(|()| Ok(fs::rename(&draft, output)?));
        if written.is_err() {
            // It may not even have been made.
            let _ = fs::remove_file(&draft);
        }
        written.with_context(cannot)
    }

    fn write_to(&self, launch: &Launch, file: &File) -> Result<()> {
        let mut writer = cpio::Writer::new(BufWriter::with_capacity(1 << 20, file));
        let plain = |mode| cpio::Meta { mode, mtime: 0, owner: (0, 0) };
        writer.add(LAUNCH.as_bytes(), plain(0o100_444), &serde_json::to_vec(launch)?)?;
        for (name, node) in &self.nodes {
            match node {
                Node::Directory { mode } => writer.add(name, plain(0o040_000 | mode), &[])?,
                Node::Symlink { target } => writer.add(name, plain(0o120_777), target)?,
                Node::Text { data, mode } => writer.add(name, plain(0o100_000 | mode), data)?,
                Node::HostFile { path, mode, mtime, .. } => {
                    let data = fs::read(path)
                        .with_context(|| format!("cannot read {}", path.display()))?;
                    let mtime = u32::try_from(*mtime).unwrap_or(0);
                    let meta = cpio::Meta { mtime, ..plain(0o100_000 | mode) };
                    writer.add(name, meta, &data)?;
                }
            }
        }
        writer.finish()?;
        Ok(())
    }

    /// Returns the path of this image in the cache, written there unless an equal one is.
    ///
    /// # Errors
    /// Fails where a file cannot be read or the cache cannot be written.
    pub(crate) fn cached(&self, launch: &Launch) -> Result<PathBuf> {
        let mut hasher = DefaultHasher::new();
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        serde_json::to_vec(launch)?.hash(&mut hasher);
        for (name, node) in &self.nodes {
            name.hash(&mut hasher);
            match node {
                Node::Directory { mode } => (0_u8, mode).hash(&mut hasher),
                Node::Symlink { target } => (1_u8, target).hash(&mut hasher),
                Node::Text { data, mode } => (2_u8, data, mode).hash(&mut hasher),
                Node::HostFile { path, mode, mtime, size } => {
                    let changed =
                        fs::metadata(path).map_or((0, 0), |m| (m.ctime(), m.ctime_nsec()));
                    (3_u8, path, mode, mtime, size, changed).hash(&mut hasher);
                }
            }
        }
        let name = format!("{}-{:016x}.cpio", file_stem(&launch.name), hasher.finish());
        let folder = project::cache("images")?;
        let path = folder.join(name);
        match File::open(&path) {
            // Its time of change says when it was last in use.
            Ok(file) => file.set_modified(SystemTime::now())?,
            Err(_) => {
                self.write(launch, &path)?;
                make_room(&folder, KEPT)?;
            }
        }
        Ok(path)
    }
}

/// Removes the images of `folder` that have not been in use for longest, until the others have at
/// most `limit` bytes. The last one stays.
fn make_room(folder: &Path, limit: u64) -> Result<()> {
    let entries = fs::read_dir(folder)?.flatten();
    let mut images: Vec<_> = entries
        .filter_map(|entry| {
            let meta = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((meta.modified().ok()?, meta.len(), entry.path()))
        })
        .collect();
    images.sort();
    let mut left = images.iter().map(|(_, size, _)| size).sum::<u64>();
    images.pop();
    for (_, size, path) in images {
        if left <= limit {
            break;
        }
        // Another run may have done so at the same time.
        let _ = fs::remove_file(path);
        left -= size;
    }
    Ok(())
}

/// Returns what of `name` can stand in a file's name.
fn file_stem(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or("image");
    last.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_').take(40).collect()
}

/// Returns the key of `path`: no slash in front, `.` and `..` resolved, merged folders under `usr`.
fn key(path: &Path) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.components() {
        match part {
            std::path::Component::Normal(name) => parts.push(name.as_bytes()),
            std::path::Component::ParentDir => {
                parts.pop();
            }
            _ => {}
        }
    }
    if parts.len() > 1 && MERGED.iter().any(|name| name.as_bytes() == parts[0]) {
        parts.insert(0, b"usr");
    }
    parts.join(&b'/')
}

/// Returns the guest's absolute path for `path` as text for the kernel's command line.
pub(crate) fn guest_path(path: &Path) -> String {
    let mut text = vec![b'/'];
    text.extend_from_slice(&key(path));
    std::ffi::OsString::from_vec(text).to_string_lossy().into_owned()
}

/// Reads the [`Launch`] of an image.
pub(crate) fn read_launch(image: &[u8]) -> Option<Launch> {
    serde_json::from_slice(cpio::first_entry(image, LAUNCH.as_bytes())?).ok()
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    #[test]
    fn key_resolves_dots_and_merged_folders() {
        assert_eq!(key(Path::new("/a/./b/../c")), b"a/c");
        assert_eq!(key(Path::new("/lib/x/libc.so.6")), b"usr/lib/x/libc.so.6");
        assert_eq!(key(Path::new("/lib64")), b"lib64");
        assert_eq!(key(Path::new("/../..")), b"");
        assert_eq!(guest_path(Path::new("/bin/ls")), "/usr/bin/ls");
    }

    #[test]
    fn parents_come_with_a_file_and_before_it() {
        let mut tree = Tree::new();
        tree.text(Path::new("/opt/a/b"), b"x", 0o600);
        let names: Vec<_> = tree.nodes.keys().map(|n| String::from_utf8_lossy(n)).collect();
        let at = |name: &str| names.iter().position(|n| n == name).unwrap();
        assert!(at("opt") < at("opt/a") && at("opt/a") < at("opt/a/b"));
    }

    #[test]
    fn an_image_tells_how_to_start_it() {
        let launch = Launch { program: "/bin/x".to_owned(), memory: 1, ..Launch::default() };
        let folder = project::Scratch::new().unwrap();
        let path = folder.path().join("image");
        Tree::new().write(&launch, &path).unwrap();
        assert_eq!(read_launch(&fs::read(path).unwrap()), Some(launch));
    }

    #[test]
    fn the_images_last_in_use_are_kept() {
        let folder = project::Scratch::new().unwrap();
        for (name, seconds) in [("a", 3), ("b", 1), ("c", 2)] {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_len(10).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        }
        let left = |limit| {
            make_room(folder.path(), limit).unwrap();
            let entries = fs::read_dir(folder.path()).unwrap().flatten();
            let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(left(30), ["a", "b", "c"]);
        assert_eq!(left(29), ["a", "c"]);
        assert_eq!(left(0), ["a"]);
    }

    #[test]
    fn a_link_does_not_replace_a_folder() {
        let mut tree = Tree::new();
        tree.symlink(Path::new("/usr/lib"), Path::new("elsewhere"));
        assert!(matches!(tree.nodes.get(&b"usr/lib"[..]), Some(Node::Directory { .. })));
    }
}
