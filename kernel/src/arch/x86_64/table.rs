//! Descriptor tables: GDT, TSS with its IST stacks, IDT.

use core::arch::asm;

use super::cpu::Cpu;

const CODE: u64 = 0x00af_9b00_0000_ffff;
const DATA: u64 = 0x00cf_9300_0000_ffff;
const TSS_SELECTOR: u16 = 0x18;
/// Deep enough for a panic's report, which may have to run on any of them.
const IST_STACK_SIZE: usize = 16384;
const VECTORS: usize = 256;

/// IST of every gate without a stack of its own.
const IST_COMMON: u8 = 1;
const IST_PAGE_FAULT: u8 = 2;
const IST_NMI: u8 = 3;
const IST_DOUBLE_FAULT: u8 = 4;
const IST_MACHINE_CHECK: u8 = 5;

/// The 64-bit task state segment, Intel SDM vol. 3 §8.7.
#[repr(C, packed(4))]
#[derive(Debug)]
struct Tss {
    reserved0: u32,
    rsp: [u64; 3],
    reserved1: u64,
    ist: [u64; 7],
    reserved2: u64,
    reserved3: u16,
    io_map_base: u16,
}

#[repr(align(16))]
#[derive(Debug)]
struct Stack([u8; IST_STACK_SIZE]);

/// The tables of one processor. Never moved once loaded.
#[derive(Debug)]
#[repr(C, align(16))]
pub(crate) struct Tables {
    gdt: [u64; 5],
    tss: Tss,
    common: Stack,
    page_fault: Stack,
    nmi: Stack,
    double_fault: Stack,
    machine_check: Stack,
}

#[repr(C, align(16))]
struct Idt([[u64; 2]; VECTORS]);

#[repr(C, packed)]
struct Pointer {
    limit: u16,
    base: u64,
}

unsafe extern "C" {
    static trap_gates: [u64; VECTORS];
}

fn top(stack: &Stack) -> u64 {
    stack.0.as_ptr_range().end as u64
}

impl Tables {
    /// Returns tables not yet loaded.
    pub(crate) const fn new() -> Self {
        Self {
            gdt: [0; 5],
            tss: Tss {
                reserved0: 0,
                rsp: [0; 3],
                reserved1: 0,
                ist: [0; 7],
                reserved2: 0,
                reserved3: 0,
                io_map_base: 104,
            },
            common: Stack([0; IST_STACK_SIZE]),
            page_fault: Stack([0; IST_STACK_SIZE]),
            nmi: Stack([0; IST_STACK_SIZE]),
            double_fault: Stack([0; IST_STACK_SIZE]),
            machine_check: Stack([0; IST_STACK_SIZE]),
        }
    }

    fn fill(&mut self) {
        let tops = [
            top(&self.common),
            top(&self.page_fault),
            top(&self.nmi),
            top(&self.double_fault),
            top(&self.machine_check),
            0,
            0,
        ];
        self.tss.ist = tops;
        let base = &raw const self.tss as u64;
        let limit = 103;
        self.gdt = [
            0,
            CODE,
            DATA,
            limit | (base & 0xff_ffff) << 16 | 0x89 << 40 | (base >> 24 & 0xff) << 56,
            base >> 32,
        ];
    }
}

const fn ist_of(vector: usize) -> u8 {
    match vector {
        2 => IST_NMI,
        8 => IST_DOUBLE_FAULT,
        14 => IST_PAGE_FAULT,
        18 => IST_MACHINE_CHECK,
        _ => IST_COMMON,
    }
}

fn gate(address: u64, ist: u8) -> [u64; 2] {
    let low = address & 0xffff
        | 0x08 << 16
        | u64::from(ist) << 32
        | 0x8e << 40
        | (address >> 16 & 0xffff) << 48;
    [low, address >> 32]
}

/// Fills and loads the tables of this processor.
pub(crate) fn load(cpu: &mut Cpu) {
    static IDT: sync::Once<Idt> = sync::Once::new();
    let idt = IDT.call_once(|| {
        Idt(core::array::from_fn(|vector| {
            // SAFETY: trap.S defines 256 addresses of gate stubs.
            let gates = unsafe { &trap_gates };
            gate(gates[vector], ist_of(vector))
        }))
    });
    cpu.tables.fill();
    let gdt_pointer = Pointer { limit: 5 * 8 - 1, base: cpu.tables.gdt.as_ptr() as u64 };
    let idt_pointer = Pointer { limit: 256 * 16 - 1, base: idt.0.as_ptr() as u64 };
    // SAFETY: the tables are static and complete; selectors 0x08 and 0x10 keep their meaning, so
    // the segment registers in use stay valid.
    unsafe {
        asm!(
            "lgdt [{gdt}]", "lidt [{idt}]", "ltr {tss:x}",
            gdt = in(reg) &raw const gdt_pointer, idt = in(reg) &raw const idt_pointer,
            tss = in(reg) TSS_SELECTOR, options(nostack, preserves_flags)
        );
    }
}
