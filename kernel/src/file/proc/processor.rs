//! The files about processors: `/proc/cpuinfo`, `/sys/devices/system/cpu`.
//!
//! All processors are cores of one package, and all that there are are brought up.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use vfs::fs::procfs::{Node, Table};

use super::{line, text};
use crate::arch::cpu::{MAX_CPUS, cpuid};
use crate::arch::smp;

/// Adds the processors' file to `/proc`.
pub(super) fn add(proc: &Table) {
    proc.add("cpuinfo", text(describe));
}

/// Adds the processors' directory to `/sys`. All processors have been started.
pub(super) fn add_sys(sys: &Table) {
    let count = smp::count();
    let all = list(count);
    let directory = "devices/system/cpu";
    for name in ["online", "possible", "present"] {
        sys.add(&format!("{directory}/{name}"), fixed(&all));
    }
    sys.add(&format!("{directory}/kernel_max"), line(|| MAX_CPUS - 1));
    for cpu in 0..count {
        let topology = format!("{directory}/cpu{cpu}/topology");
        sys.add(&format!("{topology}/core_id"), line(move || cpu));
        sys.add(&format!("{topology}/physical_package_id"), line(|| 0));
        sys.add(&format!("{topology}/thread_siblings_list"), line(move || cpu));
        sys.add(&format!("{topology}/core_siblings_list"), fixed(&all));
    }
}

/// Returns the first `count` processors as the kernel's lists show them, `cpuset(7)`.
fn list(count: usize) -> String {
    if count == 1 { String::from("0") } else { format!("0-{}", count - 1) }
}

fn fixed(text: &str) -> Node {
    let text = String::from(text);
    line(move || text.clone())
}

/// Linux's names of features: the leaf, the register (1 is EBX, 2 ECX, 3 EDX) and from bit 0 on
/// the names; `-` where Linux shows none.
const FEATURES: [(u32, usize, &str); 5] = [
    (
        1,
        3,
        "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - \
         dts acpi mmx fxsr sse sse2 ss ht tm ia64 pbe",
    ),
    (
        0x8000_0001,
        3,
        "- - - - - - - - - - - syscall - - - - - - - - nx - - - - - pdpe1gb rdtscp - lm",
    ),
    (
        1,
        2,
        "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm - \
         pcid dca sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave - avx f16c \
         rdrand hypervisor",
    ),
    (
        0x8000_0001,
        2,
        "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch",
    ),
    (
        7,
        1,
        "fsgsbase tsc_adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm - mpx rdt_a \
         avx512f avx512dq rdseed adx smap avx512ifma - clflushopt clwb intel_pt avx512pf avx512er \
         avx512cd sha_ni avx512bw avx512vl",
    ),
];

fn register(leaf: u32, register: usize) -> u32 {
    let basic = leaf & 0x8000_0000;
    if leaf > cpuid(basic, 0).eax {
        return 0;
    }
    let found = cpuid(leaf, 0);
    [found.eax, found.ebx, found.ecx, found.edx][register]
}

fn features() -> String {
    let mut text = String::new();
    for (leaf, place, names) in FEATURES {
        let bits = register(leaf, place);
        for (bit, name) in names.split_ascii_whitespace().enumerate() {
            if bits & 1 << bit != 0 && name != "-" {
                text.push_str(name);
                text.push(' ');
            }
        }
    }
    text
}

/// Returns the text that registers spell, without NULs and spaces around it.
fn spell(registers: &[u32]) -> String {
    let bytes: Vec<u8> = registers.iter().flat_map(|register| register.to_le_bytes()).collect();
    let text = String::from_utf8_lossy(&bytes);
    String::from(text.trim_matches(['\0', ' ']))
}

fn brand() -> String {
    let parts: Vec<u32> = (0x8000_0002..=0x8000_0004)
        .flat_map(|leaf| [0, 1, 2, 3].map(|place| register(leaf, place)))
        .collect();
    spell(&parts)
}

fn describe() -> Vec<u8> {
    let vendor = cpuid(0, 0);
    let vendor = spell(&[vendor.ebx, vendor.edx, vendor.ecx]);
    let signature = cpuid(1, 0).eax;
    let (base_family, base_model) = (signature >> 8 & 0xf, signature >> 4 & 0xf);
    let family = if base_family == 0xf { 0xf + (signature >> 20 & 0xff) } else { base_family };
    let model = if matches!(base_family, 6 | 0xf) {
        base_model + (signature >> 12 & 0xf0)
    } else {
        base_model
    };
    let (stepping, brand, features) = (signature & 0xf, brand(), features());
    let count = smp::count();
    let describe_one = |cpu| {
        format!(
            "processor\t: {cpu}\nvendor_id\t: {vendor}\ncpu family\t: {family}\n\
             model\t\t: {model}\nmodel name\t: {brand}\nstepping\t: {stepping}\n\
             physical id\t: 0\nsiblings\t: {count}\ncore id\t\t: {cpu}\n\
             cpu cores\t: {count}\nfpu\t\t: yes\nfpu_exception\t: yes\nwp\t\t: yes\n\
             flags\t\t: {features}\nclflush size\t: 64\ncache_alignment\t: 64\n\n"
        )
    };
    (0..count).map(describe_one).collect::<String>().into_bytes()
}
