//! Links the kernel: a static, non-relocatable ELF at its high-half address.

fn main() {
    let folder = env!("CARGO_MANIFEST_DIR");
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
