//! Preparation: from what the user names to an image and how to start it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::args::{BuildArgs, ContentArgs, Memory};
use crate::image::library::{self, Root};
use crate::image::program::{self, Program};
use crate::image::{self, Launch, Tree};
use crate::{error, port};

/// Memory of a machine unless something else is said, in bytes.
const MEMORY: u64 = 256 << 20;
/// The least environment a program finds.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// An image in the cache, or the user's own, and how to start it.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The image.
    pub(crate) image: PathBuf,
    /// How to start it.
    pub(crate) launch: Launch,
}

/// Prepares `what`, a port's name, a program or an image.
///
/// # Errors
/// Fails with a usage error where `what` cannot be run.
pub(crate) fn prepare(what: &str, content: &ContentArgs, args: &[OsString]) -> Result<Prepared> {
    let path = Path::new(what);
    if port::find(what)?.is_none() && is_image(path)? {
        let archive = program::read_file(path)?;
        let mut launch = image::read_launch(&archive).ok_or_else(|| {
            error::usage(format!("{what} is a cpio archive, but not one of scull build"))
        })?;
        if let Some(file) = content.file.first() {
            let host = file.host.display();
            return Err(error::usage(format!("{host}: files go into an image by scull build")));
        }
        adjust(&mut launch, content, args)?;
        return Ok(Prepared { image: path.to_path_buf(), launch });
    }
    let (tree, mut launch) = assemble(what, content)?;
    // What changes from run to run is no part of what is kept.
    let image = tree.cached(&launch)?;
    adjust(&mut launch, content, args)?;
    Ok(Prepared { image, launch })
}

/// Makes the image that `scull build` was asked for.
///
/// # Errors
/// Fails as [`prepare`] does, and where the output cannot be written.
pub(crate) fn build(args: &BuildArgs) -> Result<u8> {
    let (tree, mut launch) = assemble(&args.what, &args.content)?;
    adjust(&mut launch, &args.content, &args.args)?;
    tree.write(&launch, &args.output)?;
    eprintln!("scull: made {}; run it: scull run {0}", args.output.display());
    Ok(0)
}

/// Collects the files of a port or a program.
fn assemble(what: &str, content: &ContentArgs) -> Result<(Tree, Launch)> {
    let mut tree = Tree::new();
    let launch = match port::find(what)? {
        Some(port) => port.assemble(&mut tree)?,
        None => add_program(&mut tree, what)?,
    };
    for file in &content.file {
        if !file.host.exists() {
            return Err(error::usage(format!("no file {} to put in", file.host.display())));
        }
        tree.copy(Path::new(&file.guest), &file.host)?;
    }
    Ok((tree, launch))
}

/// Adds the program `what` of the host with its libraries, at its own path.
fn add_program(tree: &mut Tree, what: &str) -> Result<Launch> {
    let path = Path::new(what);
    let program = program::read(path)?;
    let place = path.canonicalize().with_context(|| format!("cannot find {what}"))?;
    add_executable(tree, &Root::host(), &program, &place)?;
    Ok(default_launch(what, &place))
}

/// Adds `program`, at `place` of `root`, with its libraries.
///
/// # Errors
/// Fails with a usage error where something it needs is missing.
pub(crate) fn add_executable(
    tree: &mut Tree,
    root: &Root,
    program: &Program,
    place: &Path,
) -> Result<()> {
    library::pack(tree, root, program, place)?;
    tree.executable(place, &root.locate(place))
}

/// Returns the start of the program at `place`, with nothing else said.
pub(crate) fn default_launch(name: &str, place: &Path) -> Launch {
    Launch {
        name: name.to_owned(),
        program: image::guest_path(place),
        cwd: "/".to_owned(),
        memory: MEMORY,
        patches_code: false,
        env: vec![
            crate::args::EnvVar { key: "PATH".to_owned(), value: PATH.to_owned() },
            crate::args::EnvVar { key: "HOME".to_owned(), value: "/root".to_owned() },
        ],
        ..Launch::default()
    }
}

/// Applies the user's options to `launch`.
fn adjust(launch: &mut Launch, content: &ContentArgs, args: &[OsString]) -> Result<()> {
    if let Some(Memory(bytes)) = content.memory {
        launch.memory = bytes;
    }
    for var in &content.env {
        launch.env.retain(|old| old.key != var.key);
        launch.env.push(var.clone());
    }
    for arg in args {
        let arg = arg.to_str().ok_or_else(|| {
            error::usage(format!("argument {} is not UTF-8", arg.to_string_lossy()))
        })?;
        launch.args.push(arg.to_owned());
    }
    let texts = content.publish.iter().map(ToString::to_string);
    for (port, text) in content.publish.iter().zip(texts) {
        // An own wish for a guest's port stands instead of the default for it.
        launch.publish.retain(|old| {
            old.parse::<crate::args::Publish>()
                .is_ok_and(|old| (old.guest, old.protocol) != (port.guest, port.protocol))
        });
        launch.publish.push(text);
    }
    Ok(())
}

/// Says whether the file at `path` starts like an image.
fn is_image(path: &Path) -> Result<bool> {
    use std::io::Read as _;
    if !path.is_file() {
        return Ok(false);
    }
    let mut head = [0; image::cpio::MAGIC.len()];
    let mut file = std::fs::File::open(path)
        .map_err(|why| error::usage(format!("cannot read {}: {why}", path.display())))?;
    Ok(file.read_exact(&mut head).is_ok() && head == image::cpio::MAGIC)
}
