//! Ports: applications that are known to run, each in a folder of `ports/`.

use alloc::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::args::{EnvVar, Memory, Publish};
use crate::build::{self, Recipe};
use crate::debian::{self, Packages};
use crate::image::library::{self, Root};
use crate::image::{Launch, Tree, program};
use crate::{error, prepare, project};

/// A port's manifest, `port.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    /// What it is, in one line.
    description: String,
    /// What works: `runs`, `partial` or `planned`.
    status: Status,
    /// Debian packages that hold the program; their libraries are found by themselves. With a script
    /// `build`, packages that hold its tools.
    #[serde(default)]
    packages: Vec<String>,
    /// Debian source packages that the program is built of with the shim, by the script `build`.
    #[serde(default)]
    source: Vec<String>,
    /// Path of the program in those packages, or where the script puts it.
    program: PathBuf,
    /// Its arguments.
    #[serde(default)]
    args: Vec<String>,
    /// Its environment.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Published ports, as `--publish` takes them.
    #[serde(default)]
    publish: Vec<String>,
    /// Memory of the machine.
    memory: Option<String>,
    /// Whether it changes machine code that other processors may be about to run.
    #[serde(default)]
    patches_code: bool,
    /// Further files: path in the guest and content.
    #[serde(default)]
    files: BTreeMap<PathBuf, String>,
    /// Folders of the packages to take along, such as `/usr/share/zoneinfo`, with what the
    /// libraries in them need.
    #[serde(default)]
    include: Vec<PathBuf>,
    /// What `scull test` starts it with besides.
    #[serde(default)]
    check: Extra,
}

/// What a port is started with to be checked, besides what its manifest says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Extra {
    /// Arguments.
    #[serde(default)]
    pub(crate) args: Vec<String>,
    /// Files: path in the guest and name in the port's folder.
    #[serde(default)]
    pub(crate) files: BTreeMap<PathBuf, PathBuf>,
    /// The status that SIGTERM ends it with, as on Linux.
    #[serde(default)]
    pub(crate) status: i32,
}

/// How far a port is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Runs,
    Partial,
    Planned,
}

/// An application that is known to run.
#[derive(Debug)]
pub(crate) struct Port {
    name: String,
    folder: PathBuf,
    manifest: Manifest,
}

/// Returns the port called `name`, if there is one.
///
/// # Errors
/// Fails where its manifest is wrong.
pub(crate) fn find(name: &str) -> Result<Option<Port>> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if name.is_empty() || !name.chars().all(is_name) {
        return Ok(None);
    }
    let Ok(root) = project::root() else { return Ok(None) };
    let folder = root.join("ports").join(name);
    if folder.join("port.toml").is_file() { read(&folder).map(Some) } else { Ok(None) }
}

/// Returns all ports, by name.
///
/// # Errors
/// Fails where a manifest is wrong or the source tree is not found.
pub(crate) fn all() -> Result<Vec<Port>> {
    let folder = project::root()?.join("ports");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    folders.retain(|folder| folder.join("port.toml").is_file());
    folders.sort();
    folders.iter().map(|folder| read(folder)).collect()
}

/// Prints the ports with their status.
///
/// # Errors
/// Fails as [`all`] does.
pub(crate) fn list() -> Result<u8> {
    for port in all()? {
        let Manifest { status, description, .. } = &port.manifest;
        let status = format!("{status:?}").to_lowercase();
        println!("{:16} {status:8} {description}", port.name);
    }
    Ok(0)
}

fn read(folder: &Path) -> Result<Port> {
    let path = folder.join("port.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let manifest = toml::from_str(&text).map_err(|why| {
        let why = why.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        error::usage(format!("{}: {why}", path.display()))
    })?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Port { name, folder: folder.to_path_buf(), manifest })
}

impl Port {
    /// Returns its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the path of its program in the guest.
    pub(crate) fn program(&self) -> &Path {
        &self.manifest.program
    }

    /// Says whether it is said to run, in full or in part.
    pub(crate) fn is_running(&self) -> bool {
        self.manifest.status != Status::Planned
    }

    /// Returns its check script, if it has one.
    pub(crate) fn check(&self) -> Option<PathBuf> {
        Some(self.folder.join("check")).filter(|path| path.is_file())
    }

    /// Returns its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns what it is started with to be checked.
    pub(crate) const fn extra(&self) -> &Extra {
        &self.manifest.check
    }

    fn is_built(&self) -> bool {
        self.folder.join(build::SCRIPT).is_file()
    }

    /// Returns the ports of the guest that it publishes.
    pub(crate) fn publish(&self) -> Vec<Publish> {
        self.manifest.publish.iter().filter_map(|text| text.parse().ok()).collect()
    }

    /// Says whether the values of its manifest are understood.
    ///
    /// # Errors
    /// Fails with the first that is not.
    pub(crate) fn validate(&self) -> Result<()> {
        let problem = |why: String| error::usage(format!("port {}: {why}", self.name));
        for text in &self.manifest.publish {
            text.parse::<Publish>().map_err(problem)?;
        }
        if let Some(memory) = &self.manifest.memory {
            memory.parse::<Memory>().map_err(problem)?;
        }
        if !self.is_built() && !self.manifest.source.is_empty() {
            return Err(problem("it has sources and no script build".to_owned()));
        }
        if !self.is_built() && self.manifest.packages.is_empty() {
            return Err(problem("it wants packages or a script build".to_owned()));
        }
        Ok(())
    }

    /// Puts its files into `tree`; returns how to start it.
    ///
    /// # Errors
    /// Fails where the packages cannot be fetched or lack what the manifest names.
    pub(crate) fn assemble(&self, tree: &mut Tree) -> Result<Launch> {
        self.assemble_from(&self.root()?, tree)
    }

    /// As [`Port::assemble`], with the files of `root`.
    ///
    /// # Errors
    /// Fails where `root` lacks what the manifest names.
    pub(crate) fn assemble_from(&self, root: &Root, tree: &mut Tree) -> Result<Launch> {
        let manifest = &self.manifest;
        let place = &manifest.program;
        let program = program::read(&root.locate(place))?;
        prepare::add_executable(tree, root, &program, place)?;
        for folder in &manifest.include {
            tree.copy(folder, &root.locate(folder))?;
            library::pack_needs(tree, root, folder)?;
        }
        for (path, text) in &manifest.files {
            tree.text(path, text.as_bytes(), 0o644);
        }
        let mut launch = prepare::default_launch(&self.name, place);
        launch.args.clone_from(&manifest.args);
        launch.publish.clone_from(&manifest.publish);
        let env = manifest.env.iter();
        launch
            .env
            .extend(env.map(|(key, value)| EnvVar { key: key.clone(), value: value.clone() }));
        launch.patches_code = manifest.patches_code;
        if let Some(memory) = &manifest.memory {
            let Memory(bytes) = memory.parse().map_err(error::usage)?;
            launch.memory = bytes;
        }
        Ok(launch)
    }

    /// Returns the root its files are taken from: what was built of its sources, Debian's packages,
    /// unpacked in the cache, or the host's own where it has the program and no apt.
    fn root(&self) -> Result<Root> {
        let place = &self.manifest.program;
        let folder = project::cache("ports")?.join(&self.name);
        if self.is_built() {
            let recipe = Recipe {
                name: &self.name,
                folder: &self.folder,
                sources: &self.manifest.source,
                packages: &self.manifest.packages,
            };
            return recipe.build(&folder);
        }
        if !debian::has_apt() {
            if place.is_file() {
                return Ok(Root::host());
            }
            return Err(error::usage(format!(
                "{} is fetched with apt, which is missing here; install {} so that {} exists",
                self.name,
                self.name,
                place.display()
            )));
        }
        Packages::at(&folder)?.fetch(&self.name, &self.manifest.packages, Some(place))
    }
}
