//! `siginfo_t` as strace writes it.

use core::fmt::Write as _;

use abi::signal::SigInfo;
use zerocopy::IntoBytes as _;

use super::value;

/// Places in a `siginfo_t`: of the process or timer, the user or overrun count, the value; of the
/// address of a fault.
const FIRST: usize = 16;
const SECOND: usize = 20;
const VALUE: usize = 24;

/// Sent by `tkill(2)`.
const SI_TKILL: i32 = -6;
/// Names of `si_code` that every signal can have, `sigaction(2)`.
const CODES: [(i32, &str); 9] = [
    (0, "SI_USER"),
    (0x80, "SI_KERNEL"),
    (-1, "SI_QUEUE"),
    (-2, "SI_TIMER"),
    (-3, "SI_MESGQ"),
    (-4, "SI_ASYNCIO"),
    (-5, "SI_SIGIO"),
    (SI_TKILL, "SI_TKILL"),
    (-60, "SI_ASYNCNL"),
];
/// Names of `si_code` from 1 on, by the signal.
const OWN_CODES: [(u64, &[&str]); 6] = [
    (
        4,
        &[
            "ILL_ILLOPC",
            "ILL_ILLOPN",
            "ILL_ILLADR",
            "ILL_ILLTRP",
            "ILL_PRVOPC",
            "ILL_PRVREG",
            "ILL_COPROC",
            "ILL_BADSTK",
        ],
    ),
    (5, &["TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT"]),
    (7, &["BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"]),
    (
        8,
        &[
            "FPE_INTDIV",
            "FPE_INTOVF",
            "FPE_FLTDIV",
            "FPE_FLTOVF",
            "FPE_FLTUND",
            "FPE_FLTRES",
            "FPE_FLTINV",
            "FPE_FLTSUB",
        ],
    ),
    (11, &["SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR"]),
    (
        17,
        &["CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"],
    ),
];
/// Signals of faults: those that have an address.
const FAULTS: [u64; 5] = [4, 5, 7, 8, 11];

/// Writes a `siginfo_t`.
pub(super) fn info(out: &mut String, info: &SigInfo) {
    let bytes = info.as_bytes();
    let word = |at: usize| value::number(bytes.get(at..at + 4).unwrap_or_default());
    let signo = word(0);
    let code = value::low(word(8)).cast_signed();
    out.push_str("{si_signo=");
    value::signal(out, value::low(signo));
    out.push_str(", si_code=");
    code_name(out, signo, code);
    let second = value::low(word(SECOND));
    let first = value::low(word(FIRST)).cast_signed();
    // Writing to a String cannot fail.
    let _ = match code {
        0x80 => Ok(()),
        -2 => write!(out, ", si_timerid={first:#x}, si_overrun={second}").and_then(|()| {
            write!(out, ", ")?;
            sigval(out, &bytes[VALUE..VALUE + 8])
        }),
        1.. if FAULTS.contains(&signo) => {
            out.push_str(", si_addr=");
            value::address(out, value::number(&bytes[FIRST..FIRST + 8]));
            Ok(())
        }
        _ => write!(out, ", si_pid={first}, si_uid={second}").and_then(|()| {
            if code < 0 && code != SI_TKILL {
                write!(out, ", ")?;
                sigval(out, &bytes[VALUE..VALUE + 8])?;
            }
            Ok(())
        }),
    };
    if FAULTS.contains(&signo) && code == 0x80 {
        out.push_str(", si_addr=NULL");
    }
    out.push('}');
}

fn sigval(out: &mut String, bytes: &[u8]) -> core::fmt::Result {
    let value = value::number(bytes);
    let int = value::low(value).cast_signed();
    write!(out, "si_int={int}, si_ptr=")?;
    value::address(out, value);
    Ok(())
}

fn code_name(out: &mut String, signo: u64, code: i32) {
    let own = OWN_CODES.iter().find(|(signal, _)| *signal == signo).and_then(|(_, names)| {
        let place = usize::try_from(code).ok()?.checked_sub(1)?;
        names.get(place).copied()
    });
    let general = CODES.iter().find(|(number, _)| *number == code).map(|(_, name)| *name);
    let _ = match own.or(general) {
        Some(name) => write!(out, "{name}"),
        None => write!(out, "{code:#x}"),
    };
}
