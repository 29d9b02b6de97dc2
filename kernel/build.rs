//! Links the kernel: a static, non-relocatable ELF at its high-half address. Builds the vDSO that
//! is part of it: a shared object of its own.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    link_kernel();
    build_vdso();
}

/// Returns this crate's folder as it is now, not where this program was compiled.
fn folder() -> String {
    env::var("CARGO_MANIFEST_DIR").expect("cargo names the crate's folder")
}

fn link_kernel() {
    let folder = folder();
    let options = ["-nostartfiles", "-nostdlib", "-static", "-no-pie"];
    let linker_options = [
        "--build-id=none".to_owned(),
        "-z,max-page-size=0x1000".to_owned(),
        "-z,noexecstack".to_owned(),
        "--gc-sections".to_owned(),
        format!("-T,{folder}/linker.ld"),
    ];
    for option in options {
        println!("cargo:rustc-link-arg-bins={option}");
    }
    for option in linker_options {
        println!("cargo:rustc-link-arg-bins=-Wl,{option}");
    }
    println!("cargo:rerun-if-changed=linker.ld");
}

/// Makes `vdso.so` in the output folder, with the C compiler that Rust links by.
fn build_vdso() {
    let folder = Path::new(&folder()).join("src/vdso");
    let (source, script) = (folder.join("vdso.S"), folder.join("vdso.ld"));
    let output = env::var_os("OUT_DIR").expect("cargo names the output folder");
    let linker_options = [
        "-soname=linux-vdso.so.1",
        "--hash-style=both",
        "--build-id=none",
        "-Bsymbolic",
        "--eh-frame-hdr",
        "-z,max-page-size=0x1000",
        "-z,noexecstack",
        "-z,norelro",
    ];
    let status = Command::new("cc")
        .args(["-shared", "-nostdlib", "-nostartfiles", "-s"])
        .args(linker_options.map(|option| format!("-Wl,{option}")))
        .arg(format!("-Wl,-T,{}", script.display()))
        .arg("-o")
        .arg(Path::new(&output).join("vdso.so"))
        .arg(&source)
        .status()
        .expect("the C compiler cc can be run");
    assert!(status.success(), "the vDSO cannot be built: {status}");
    for file in [source, script] {
        println!("cargo:rerun-if-changed={}", file.display());
    }
}
