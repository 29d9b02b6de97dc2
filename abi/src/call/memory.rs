//! Mappings and what is asked of them.

use linux_raw_sys::{general, mempolicy};

use super::Data::{Bytes, Many, One, Vectors};
use super::Kind::{Address, Bits, Fd, In, Int, LongBits, Nothing, Out, Pid, Size};
use super::Length::{Fixed, Given};
use super::names::{self, choice, flags};
use super::{Case, Cases, Kind, calls};

const MAP: Kind = flags!(general:
    MAP_TYPE [MAP_SHARED MAP_PRIVATE MAP_SHARED_VALIDATE MAP_DROPPABLE]
    MAP_FIXED MAP_ANONYMOUS MAP_32BIT MAP_NORESERVE MAP_POPULATE MAP_NONBLOCK MAP_GROWSDOWN
    MAP_DENYWRITE MAP_EXECUTABLE MAP_LOCKED MAP_STACK MAP_HUGETLB MAP_SYNC MAP_FIXED_NOREPLACE
    MAP_ABOVE4G);
const REMAP: Kind = flags!(general: MREMAP_MAYMOVE MREMAP_FIXED MREMAP_DONTUNMAP);
const MOVE: u64 = general::MREMAP_FIXED as u64;
const NEW_ADDRESS: &Cases =
    &Cases { cases: &[Case { mask: MOVE, value: MOVE, kind: Address }], otherwise: Nothing };
const SYNC: Kind = flags!(general: MS_ASYNC MS_INVALIDATE MS_SYNC);
const LOCK: Kind = flags!(general: MLOCK_ONFAULT);
const LOCK_ALL: Kind = flags!(general: MCL_CURRENT MCL_FUTURE MCL_ONFAULT);
const ADVICE: Kind = choice!(general:
    MADV_NORMAL MADV_RANDOM MADV_SEQUENTIAL MADV_WILLNEED MADV_DONTNEED MADV_FREE MADV_REMOVE
    MADV_DONTFORK MADV_DOFORK MADV_HWPOISON MADV_SOFT_OFFLINE MADV_MERGEABLE MADV_UNMERGEABLE
    MADV_HUGEPAGE MADV_NOHUGEPAGE MADV_DONTDUMP MADV_DODUMP MADV_WIPEONFORK MADV_KEEPONFORK
    MADV_COLD MADV_PAGEOUT MADV_POPULATE_READ MADV_POPULATE_WRITE MADV_DONTNEED_LOCKED
    MADV_COLLAPSE MADV_GUARD_INSTALL MADV_GUARD_REMOVE);
const POLICY: Kind = choice!(mempolicy:
    MPOL_DEFAULT MPOL_PREFERRED MPOL_BIND MPOL_INTERLEAVE MPOL_LOCAL MPOL_PREFERRED_MANY
    MPOL_WEIGHTED_INTERLEAVE);
const BIND: Kind = flags!(mempolicy: MPOL_MF_STRICT MPOL_MF_MOVE MPOL_MF_MOVE_ALL);
const GET_POLICY: Kind = flags!(mempolicy: MPOL_F_NODE MPOL_F_ADDR MPOL_F_MEMS_ALLOWED);
const NODES: Kind = In(Bytes(Fixed(8)));

calls! {
    mmap(addr: Address, length: Size, prot: names::PROTECTION, flags: MAP, fd: Fd,
        offset: LongBits) -> Address;
    munmap(addr: Address, length: Size) -> Nothing;
    mprotect(addr: Address, len: Size, prot: names::PROTECTION) -> Nothing;
    pkey_mprotect(addr: Address, len: Size, prot: names::PROTECTION, pkey: Int) -> Nothing;
    pkey_alloc(flags: Bits, access_rights: Bits) -> Int;
    pkey_free(pkey: Int) -> Nothing;
    mremap(old_address: Address, old_size: Size, new_size: Size, flags: REMAP,
        new_address: Kind::By(flags, NEW_ADDRESS)) -> Address;
    remap_file_pages(addr: Address, size: Size, prot: names::PROTECTION, pgoff: Size,
        flags: MAP) -> Nothing;
    brk(addr: Address) -> Address;
    madvise(addr: Address, length: Size, advice: ADVICE) -> Nothing;
    process_madvise(pidfd: Fd, iov: In(Vectors(Given(n))), n: Size, advice: ADVICE,
        flags: Bits) -> Size;
    mincore(addr: Address, length: Size, vec: Out(Bytes(Fixed(8)))) -> Nothing;
    msync(addr: Address, length: Size, flags: SYNC) -> Nothing;
    mlock(addr: Address, len: Size) -> Nothing;
    mlock2(addr: Address, len: Size, flags: LOCK) -> Nothing;
    munlock(addr: Address, len: Size) -> Nothing;
    mlockall(flags: LOCK_ALL) -> Nothing;
    munlockall() -> Nothing;
    mseal(addr: Address, len: Size, flags: LongBits) -> Nothing;
    map_shadow_stack(addr: Address, size: Size, flags: Bits) -> Address;
    set_mempolicy(mode: POLICY, nodemask: NODES, maxnode: Size) -> Nothing;
    get_mempolicy(mode: Out(One(&POLICY)), nodemask: Out(Bytes(Fixed(8))), maxnode: Size,
        addr: Address, flags: GET_POLICY) -> Nothing;
    mbind(addr: Address, len: Size, mode: POLICY, nodemask: NODES, maxnode: Size,
        flags: BIND) -> Nothing;
    set_mempolicy_home_node(addr: Address, len: Size, home_node: Size, flags: LongBits) -> Nothing;
    migrate_pages(pid: Pid, maxnode: Size, old_nodes: NODES, new_nodes: NODES) -> Int;
    move_pages(pid: Pid, count: Size, pages: In(Many(&Address, Given(count))),
        nodes: In(Many(&Int, Given(count))), status: Out(Many(&Int, Given(count))),
        flags: BIND) -> Int;
    process_vm_readv(pid: Pid, local: Out(Vectors(Given(liovcnt))), liovcnt: Size, remote: Address,
        riovcnt: Size, flags: LongBits) -> Size;
    process_vm_writev(pid: Pid, local: In(Vectors(Given(liovcnt))), liovcnt: Size, remote: Address,
        riovcnt: Size, flags: LongBits) -> Size;
    process_mrelease(pidfd: Fd, flags: Bits) -> Nothing;
}
