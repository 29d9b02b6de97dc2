//! The two 16550 serial ports: COM1 is the application's console, COM2 the control channel.

use sync::SpinLock;

use super::port;
use crate::panic;

/// One 16550-compatible UART.
#[derive(Debug)]
pub(crate) struct Serial {
    base: u16,
    /// Held by the processor that writes. A leaf lock.
    writer: SpinLock<()>,
}

/// COM1, ISA interrupt 4: what the application reads and writes as its terminal.
pub(crate) static CONSOLE: Serial = Serial { base: 0x3f8, writer: SpinLock::new(()) };
/// COM2, ISA interrupt 3: events to the host tool, commands from it.
pub(crate) static CONTROL: Serial = Serial { base: 0x2f8, writer: SpinLock::new(()) };

const INTERRUPT_ENABLE: u16 = 1;
const FIFO_CONTROL: u16 = 2;
const MODEM_CONTROL: u16 = 4;
const LINE_STATUS: u16 = 5;
const RECEIVED_DATA_AVAILABLE: u8 = 0x01;
const DATA_READY: u8 = 0x01;
const TRANSMITTER_EMPTY: u8 = 0x20;
/// Turns without an empty transmitter after which a byte is written all the same, some ten seconds:
/// a port that is stuck must not hang the kernel, a host that is slow to read must lose nothing.
const PATIENCE: u32 = 100_000_000;

/// Switches the queues of both ports on, which drops what they had received: the host sends
/// nothing before it is told that the kernel runs.
pub(crate) fn start() {
    for serial in [&CONSOLE, &CONTROL] {
        port::write_u8(serial.base + FIFO_CONTROL, 0x01);
        port::write_u8(serial.base + MODEM_CONTROL, 0x0b);
    }
}

impl Serial {
    /// Lets the port raise its interrupt when a byte arrives, or now if one has.
    pub(crate) fn enable_receive_interrupt(&self) {
        port::write_u8(self.base + INTERRUPT_ENABLE, RECEIVED_DATA_AVAILABLE);
    }

    /// Writes all bytes together, waiting for the port where it is slower.
    pub(crate) fn write(&self, bytes: &[u8]) {
        // Who held the lock when the kernel gave up is stopped for good.
        let _writer = (!panic::is_panicking()).then(|| self.writer.lock());
        for &byte in bytes {
            let mut turns = 0;
            while port::read_u8(self.base + LINE_STATUS) & TRANSMITTER_EMPTY == 0
                && turns < PATIENCE
            {
                turns += 1;
            }
            port::write_u8(self.base, byte);
        }
    }

    /// Returns a received byte, `None` if there is none. A port that is not there reads as 0xff.
    pub(crate) fn read(&self) -> Option<u8> {
        let status = port::read_u8(self.base + LINE_STATUS);
        (status != 0xff && status & DATA_READY != 0).then(|| port::read_u8(self.base))
    }
}
