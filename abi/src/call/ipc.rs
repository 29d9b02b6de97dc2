//! System V and POSIX queues, semaphores and shared memory; asynchronous I/O.

use super::Data::{Bytes, Many, One, Text};
use super::Kind::{
    Address, Bits, Fd, In, InOut, Int, Long, LongBits, Mode, Nothing, Out, Size, Uint,
};
use super::Length::{Fixed, Given, Returned};
use super::names;
use super::shape::{SIGEVENT, TIMESPEC};
use super::{Kind, calls};

const KEY: Kind = Int;
const IO_URING: Kind = Bits;
const QUEUE: Kind = Fd;

calls! {
    shmget(key: KEY, size: Size, shmflg: Bits) -> Int;
    shmat(shmid: Int, shmaddr: Address, shmflg: Bits) -> Address;
    shmctl(shmid: Int, op: Int, buf: Address) -> Int;
    shmdt(shmaddr: Address) -> Nothing;
    semget(key: KEY, nsems: Int, semflg: Bits) -> Int;
    semop(semid: Int, sops: Address, nsops: Size) -> Nothing;
    semtimedop(semid: Int, sops: Address, nsops: Size, timeout: In(One(&TIMESPEC))) -> Nothing;
    semctl(semid: Int, semnum: Int, op: Int, arg: LongBits) -> Int;
    msgget(key: KEY, msgflg: Bits) -> Int;
    msgsnd(msqid: Int, msgp: Address, msgsz: Size, msgflg: Bits) -> Nothing;
    msgrcv(msqid: Int, msgp: Address, msgsz: Size, msgtyp: Long, msgflg: Bits) -> Size;
    msgctl(msqid: Int, op: Int, buf: Address) -> Int;
    mq_open(name: In(Text), oflag: names::OPEN, mode: Mode, attr: In(Bytes(Fixed(32)))) -> QUEUE;
    mq_unlink(name: In(Text)) -> Nothing;
    mq_timedsend(mqdes: QUEUE, msg: In(Bytes(Given(len))), len: Size, prio: Uint,
        timeout: In(One(&TIMESPEC))) -> Nothing;
    mq_timedreceive(mqdes: QUEUE, msg: Out(Bytes(Returned)), len: Size, prio: Out(One(&Uint)),
        timeout: In(One(&TIMESPEC))) -> Size;
    mq_notify(mqdes: QUEUE, sevp: In(One(&SIGEVENT))) -> Nothing;
    mq_getsetattr(mqdes: QUEUE, newattr: In(Bytes(Fixed(32))),
        oldattr: Out(Bytes(Fixed(32)))) -> Nothing;
    io_setup(nr_events: Uint, ctx_idp: InOut(One(&Address))) -> Nothing;
    io_destroy(ctx_id: Address) -> Nothing;
    io_submit(ctx_id: Address, nr: Long, iocbpp: In(Many(&Address, Given(nr)))) -> Int;
    io_cancel(ctx_id: Address, iocb: Address, result: Out(Bytes(Fixed(32)))) -> Nothing;
    io_getevents(ctx_id: Address, min_nr: Long, nr: Long, events: Address,
        timeout: In(One(&TIMESPEC))) -> Int;
    io_pgetevents(ctx_id: Address, min_nr: Long, nr: Long, events: Address,
        timeout: In(One(&TIMESPEC)), usig: Address) -> Int;
    io_uring_setup(entries: Uint, params: InOut(Bytes(Fixed(120)))) -> Fd;
    io_uring_enter(fd: Fd, to_submit: Uint, min_complete: Uint, flags: IO_URING, arg: Address,
        argsz: Size) -> Int;
    io_uring_register(fd: Fd, opcode: Uint, arg: Address, nr_args: Uint) -> Int;
}
