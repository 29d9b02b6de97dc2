//! The host tool `scull`: packs a Linux program, boots it on Scull, tests it.
//!
//! `scull run` is the way through it all: [`prepare`] makes the image of a [`port`] or
//! a program, [`vmm`] starts the machine, [`run`] stays with it to the end.

#![forbid(unsafe_code)]

extern crate alloc;

mod args;
mod bench;
mod build;
mod console;
mod debian;
mod docs;
mod error;
mod fuzz;
mod image;
mod namespace;
mod port;
mod prepare;
mod project;
mod report;
mod run;
mod shim;
mod source;
mod symbol;
mod test;
mod tidy;
mod trace;
mod vmm;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::shim::compiler::{Language, become_compiler};

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    match words.next().as_deref().and_then(std::ffi::OsStr::to_str) {
        Some(vmm::BECOME) => return fail(&vmm::become_vmm(words)),
        Some(test::BECOME) => return fail(&test::become_program(words)),
        _ => {}
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(why) => return refuse(&why),
    };
    match dispatch(cli.command) {
        Ok(status) => ExitCode::from(status),
        Err(why) => fail(&why),
    }
}

/// Runs a command; returns the status to exit with.
fn dispatch(command: Command) -> Result<u8> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Trace(args) => trace::trace(&args),
        Command::Build(args) => prepare::build(&args),
        Command::Ports => port::list(),
        Command::Bench(args) => bench::bench(&args),
        Command::Cc { args } => become_compiler(Language::C, &args),
        Command::Cxx { args } => become_compiler(Language::Cxx, &args),
        Command::Fuzz(args) => fuzz::fuzz(&args),
        Command::Test(args) => test::test(&args),
        Command::Docs => docs::docs(),
        Command::Tidy { write } => tidy::tidy(write),
    }
}

/// Says why the tool fails, in one line; returns the status for it.
fn fail(why: &anyhow::Error) -> ExitCode {
    eprintln!("scull: {why:#}");
    ExitCode::from(error::status(why))
}

/// Says why the command line is refused, in one line; prints help where that was asked for.
fn refuse(why: &clap::Error) -> ExitCode {
    if !why.use_stderr() {
        // A closed standard output leaves nobody to tell.
        let _ = why.print();
        return ExitCode::SUCCESS;
    }
    let text = why.to_string();
    let line: Vec<_> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let line = line.join(" ");
    eprintln!("scull: {}; see scull --help", line.trim_start_matches("error: "));
    ExitCode::from(error::USAGE)
}
