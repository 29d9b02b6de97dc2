//! Where things lie: the source tree, the cache, the kernel.

use core::sync::atomic::{AtomicU32, Ordering};
use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::error;

/// Returns the root of the source tree: the nearest folder upwards from the
/// current one, from this program or from where it was built that has `ports/`.
pub(crate) fn root() -> Result<PathBuf> {
    let starts = [
        env::current_dir().ok(),
        env::current_exe().ok(),
        Some(PathBuf::from(env!("CARGO_MANIFEST_DIR"))),
    ];
    let is_root = |folder: &&Path| folder.join("ports").is_dir() && folder.join("kernel").is_dir();
    starts
        .iter()
        .flatten()
        .find_map(|start| start.ancestors().find(is_root))
        .map(Path::to_path_buf)
        .ok_or_else(|| error::usage("no source tree of Scull here; change into one and try again"))
}

/// Returns cargo's target folder when this program was built into one.
fn target() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let target = program.parent()?.parent()?;
    target.join("CACHEDIR.TAG").exists().then(|| target.to_path_buf())
}

/// Returns a folder of the cache, made if it does not exist: `scull/` in cargo's
/// target folder, else in `$XDG_CACHE_HOME` or `~/.cache`.
pub(crate) fn cache(name: &str) -> Result<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let base = target()
        .or_else(|| absolute("XDG_CACHE_HOME"))
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(env::temp_dir);
    let folder = base.join("scull").join(name);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the cache folder {}", folder.display()))?;
    Ok(folder)
}

/// Where the kernel is built, from this program's folder: it has a cargo profile of its own.
const KERNEL: &str = "../guest/kernel";

/// Returns the kernel to boot: `chosen`, else the one built along with this program.
pub(crate) fn kernel(chosen: Option<&Path>) -> Result<PathBuf> {
    let path = match chosen {
        Some(path) => path.to_path_buf(),
        None => env::current_exe().context("cannot find this program")?.with_file_name(KERNEL),
    };
    if !path.is_file() {
        return Err(error::usage(format!(
            "no kernel at {}; build it: ./scripts/build",
            path.display()
        )));
    }
    Ok(path)
}

/// Returns the first file called `name` that `$PATH` leads to.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// A folder for the time being, removed with all it holds when dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes a new folder among the host's temporary ones.
    ///
    /// # Errors
    /// Fails where none can be made.
    pub(crate) fn new() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("scull-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path })
    }

    /// Returns its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed stays for the host's own cleaning.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
