//! The real-time clock of the CMOS, read once at start for the time of day.

use super::port;

const SECONDS: u8 = 0x00;
const MINUTES: u8 = 0x02;
const HOURS: u8 = 0x04;
const DAY: u8 = 0x07;
const MONTH: u8 = 0x08;
const YEAR: u8 = 0x09;
const STATUS_A: u8 = 0x0a;
const STATUS_B: u8 = 0x0b;
const UPDATE_IN_PROGRESS: u8 = 0x80;
const BINARY: u8 = 0x04;
const TWENTY_FOUR_HOURS: u8 = 0x02;

fn read(register: u8) -> u8 {
    port::write_u8(0x70, register);
    port::read_u8(0x71)
}

fn registers() -> [u8; 6] {
    [SECONDS, MINUTES, HOURS, DAY, MONTH, YEAR].map(read)
}

/// Reads until two readings outside an update agree, within a bound.
fn stable_registers() -> [u8; 6] {
    let mut last = registers();
    for _ in 0..1000 {
        let next = registers();
        if read(STATUS_A) & UPDATE_IN_PROGRESS == 0 && next == last {
            break;
        }
        last = next;
    }
    last
}

/// Returns the seconds since 1970 (UTC), 0 if there is no such clock.
pub(crate) fn seconds_since_epoch() -> u64 {
    let status = read(STATUS_B);
    if status == 0xff {
        return 0;
    }
    let mut values = stable_registers();
    let is_afternoon = status & TWENTY_FOUR_HOURS == 0 && values[2] & 0x80 != 0;
    values[2] &= 0x7f;
    if status & BINARY == 0 {
        values = values.map(|value| (value & 0x0f) + (value >> 4) * 10);
    }
    if status & TWENTY_FOUR_HOURS == 0 {
        values[2] = values[2] % 12 + if is_afternoon { 12 } else { 0 };
    }
    let [seconds, minutes, hours, day, month, year] = values.map(u64::from);
    days_since_epoch(2000 + year, month, day) * 86_400 + hours * 3600 + minutes * 60 + seconds
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days_since_epoch(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) =
        if month <= 2 { (year - 1, month + 9) } else { (year, month.saturating_sub(3)) };
    let day_of_year = (153 * month + 2) / 5 + day.saturating_sub(1);
    (year * 365 + year / 4 - year / 100 + year / 400 + day_of_year).saturating_sub(719_468)
}
