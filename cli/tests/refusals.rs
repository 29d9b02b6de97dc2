//! What `scull` refuses, and how: one line on standard error, status 2.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::process::{Command, Output};

    /// Runs `scull` with `args`; returns what came of it.
    fn scull(args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_scull")).args(args).output().unwrap()
    }

    /// Fails unless `scull` with `args` refuses in one line that holds `word`.
    fn assert_refused(args: &[&str], word: &str) {
        let output = scull(args);
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {words}");
        assert!(words.starts_with("scull: ") && words.lines().count() == 1, "{args:?}: {words}");
        assert!(words.contains(word), "{args:?}: {words}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }

    /// Writes a file with this content for one test; returns its path.
    fn file(name: &str, content: &[u8]) -> String {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Returns this test's own program, an ELF file that is what is asked for.
    fn program() -> Vec<u8> {
        fs::read(std::env::current_exe().unwrap()).unwrap()
    }

    #[test]
    fn files_that_are_no_programs() {
        let script = file("script", b"#!/bin/sh -e\nexit 0\n");
        for (path, word) in [
            ("no-such-file", "no file or port"),
            ("/", "directory"),
            (&file("empty", b""), "empty"),
            (&file("text", b"hello"), "not an ELF"),
            (&script, "script for /bin/sh"),
        ] {
            assert_refused(&["run", path], word);
            assert_refused(&["build", path, "-o", "/dev/null"], word);
        }
    }

    #[test]
    fn programs_for_something_else() {
        let with = |at: usize, byte: u8| {
            let mut program = program();
            program[at] = byte;
            program
        };
        assert_refused(&["run", &file("class", &with(4, 1))], "32-bit");
        assert_refused(&["run", &file("endian", &with(5, 2))], "big-endian");
        assert_refused(&["run", &file("abi", &with(7, 9))], "not for Linux");
        assert_refused(&["run", &file("machine", &with(18, 183))], "not for x86-64");
        assert_refused(&["run", &file("object", &with(16, 1))], "object file");
    }

    #[test]
    fn truncated_programs_at_every_length() {
        let program = program();
        for length in [4, 20, 63, 64, 100, 512, 4096, 16384] {
            let path = file(&format!("truncated-{length}"), &program[..length]);
            assert_refused(&["run", &path], "truncated");
        }
    }

    #[test]
    fn values_of_options() {
        for (option, value) in [
            ("--memory", "lots"),
            ("--memory", "1M"),
            ("--memory", "-1"),
            ("--cpus", "0"),
            ("--cpus", "many"),
            ("--publish", "http"),
            ("--publish", "1:2:3"),
            ("--publish", "99999:1"),
            ("--env", "novalue"),
            ("--net", "cable"),
            ("--machine", "vax"),
            ("--accel", "magic"),
            ("--timeout", "0"),
            ("--timeout", "soon"),
            ("--file", "here"),
        ] {
            assert_refused(&["run", "/bin/true", &format!("{option}={value}")], option);
        }
        assert_refused(&["run", "/bin/true", "--bogus"], "--bogus");
        assert_refused(&["run"], "PORT|FILE");
        assert_refused(&["fly"], "fly");
        assert_refused(&[], "see scull --help");
    }

    #[test]
    fn help_is_no_refusal() {
        let output = scull(&["--help"]);
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains("run"));
    }

    #[test]
    fn missing_qemu_is_named_with_its_package() {
        let output = Command::new(env!("CARGO_BIN_EXE_scull"))
            .args(["run", "/bin/true"])
            .env("PATH", "/nonexistent")
            .output()
            .unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(words.contains("apt-get install") && words.contains("qemu-system-x86"), "{words}");
    }

    #[test]
    fn an_image_is_built_and_read_by_others() {
        let image = file("image.cpio", b"");
        let output =
            scull(&["build", "/bin/true", "-o", &image, "--file=/etc/hostname:/etc/extra"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let archive = fs::read(image).unwrap();
        assert!(archive.starts_with(b"070701"));
        let has = |name: &[u8]| archive.windows(name.len()).any(|window| window == name);
        assert!(has(b"usr/bin/true\0") && has(b"etc/extra\0") && has(b"TRAILER!!!\0"));
    }
}
