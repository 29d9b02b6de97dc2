//! The Linux guest that Scull is measured against: Debian's cloud kernel with an
//! initramfs that holds nothing but busybox, the virtio modules and the application.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::image::cpio::{Meta, Writer};
use crate::project::Scratch;

/// The package whose dependency is the newest cloud kernel.
const META_PACKAGE: &str = "linux-image-cloud-amd64";
const SHELL_PACKAGE: &str = "busybox-static";
/// Modules in the order in which they depend on each other.
const MODULES: [&str; 9] = [
    "virtio/virtio_ring",
    "virtio/virtio",
    "virtio/virtio_pci_modern_dev",
    "virtio/virtio_pci_legacy_dev",
    "virtio/virtio_pci",
    "net/core/failover",
    "net/net_failover",
    "net/virtio_net",
    "char/hw_random/virtio-rng",
];
const EXECUTABLE: u32 = 0o100_755;
const FOLDER: u32 = 0o040_755;

/// A Linux kernel and its modules, unpacked.
#[derive(Debug)]
pub(crate) struct Linux {
    folder: PathBuf,
    release: String,
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns the package that brings the newest cloud kernel.
fn kernel_package() -> Result<String> {
    let text = run(Command::new("apt-cache").args(["depends", META_PACKAGE]))?;
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|name| name.starts_with("linux-image-"))
        .map(str::to_owned)
        .context("apt knows no cloud kernel; run apt-get update")
}

impl Linux {
    /// Fetches the kernel and busybox into `folder` unless they are there.
    ///
    /// # Errors
    /// Fails where apt does.
    pub(crate) fn fetch(folder: &Path) -> Result<Self> {
        let package = kernel_package()?;
        let release = package.trim_start_matches("linux-image-").to_owned();
        let linux = Self { folder: folder.join(&release), release };
        if !linux.kernel().is_file() {
            let scratch = Scratch::new()?;
            eprintln!("scull: fetching {package}");
            run(Command::new("apt-get")
                .args(["download", &package, SHELL_PACKAGE])
                .current_dir(scratch.path()))?;
            for entry in fs::read_dir(scratch.path())? {
                run(Command::new("dpkg-deb").arg("-x").arg(entry?.path()).arg(&linux.folder))?;
            }
        }
        Ok(linux)
    }

    /// Returns the kernel's file.
    pub(crate) fn kernel(&self) -> PathBuf {
        self.folder.join("boot").join(format!("vmlinuz-{}", self.release))
    }

    fn module(&self, name: &str) -> PathBuf {
        let place = if name.starts_with("net/core") { "" } else { "drivers/" };
        let modules = self.folder.join("lib/modules").join(&self.release).join("kernel");
        modules.join(format!("{place}{name}.ko"))
    }

    /// Appends to `image`, a Scull image of the application, what Linux needs to start it, and
    /// writes the initramfs to `output`. `command` is the program with its arguments.
    ///
    /// # Errors
    /// Fails where a file cannot be read or written.
    pub(crate) fn initramfs(&self, image: &Path, command: &[String], output: &Path) -> Result<()> {
        // Linux unpacks archives that follow each other, each from a multiple of 4 bytes.
        let mut archive = fs::read(image)?;
        archive.resize(archive.len().next_multiple_of(512), 0);
        let mut writer = Writer::new(Vec::new());
        for folder in ["bin", "modules", "proc", "sys", "dev"] {
            writer.add(folder.as_bytes(), meta(FOLDER), &[])?;
        }
        let busybox = fs::read(self.folder.join("bin/busybox"))?;
        writer.add(b"bin/busybox", meta(EXECUTABLE), &busybox)?;
        let mut script = String::from(
            "#!/bin/busybox sh\nb=/bin/busybox\n$b mount -t devtmpfs dev /dev\n\
             $b mount -t proc proc /proc\n$b mount -t sysfs sys /sys\n",
        );
        for name in MODULES {
            let path = self.module(name);
            let data =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let place = format!("modules/{}.ko", path.file_stem().unwrap_or_default().display());
            writer.add(place.as_bytes(), meta(EXECUTABLE), &data)?;
            script.push_str(&format!("$b insmod /{place}\n"));
        }
        let words: Vec<_> =
            command.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect();
        script.push_str(
            "$b ip link set lo up\n$b ip addr add $ADDRESS dev eth0\n$b ip link set eth0 up\n\
             [ -z \"$GATEWAY\" ] || $b ip route add default via $GATEWAY\nulimit -n 65536\nexec ",
        );
        script.push_str(&words.join(" "));
        script.push('\n');
        writer.add(b"init", meta(EXECUTABLE), script.as_bytes())?;
        archive.extend(writer.finish()?);
        fs::write(output, archive).with_context(|| format!("cannot write {}", output.display()))
    }
}

const fn meta(mode: u32) -> Meta {
    Meta { mode, mtime: 0, owner: (0, 0) }
}

/// Returns the kernel's command line for an address with prefix, and a gateway if there is one.
pub(crate) fn command_line(address: &str, gateway: &str) -> String {
    format!("console=ttyS0 quiet ADDRESS={address} GATEWAY={gateway}")
}
