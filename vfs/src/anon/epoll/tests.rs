//! Tests of epoll over pipes and event counters.

use abi::fcntl::OpenFlags;
use abi::io::Source;
use proptest::prelude::*;

use super::*;
use crate::anon::{EventFd, EventMode, Pipe};

const IN: u32 = Events::IN.bits();
const OUT: u32 = Events::OUT.bits();
const ET: u32 = WatchFlags::EDGE.bits();
const ONESHOT: u32 = WatchFlags::ONESHOT.bits();
const EXCLUSIVE: u32 = WatchFlags::EXCLUSIVE.bits();

fn open(file: Arc<dyn File>) -> Arc<OpenFile> {
    OpenFile::anonymous(file, OpenFlags::from_bits_retain(2))
}

fn event(events: u32, data: u64) -> EpollEvent {
    EpollEvent { events, data }
}

fn ready(epoll: &Epoll, max: usize) -> Vec<(u32, u64)> {
    let mut events = Vec::new();
    let count = epoll.collect(max, &mut |index, event| {
        assert_eq!(index, events.len());
        events.push((event.events, event.data));
        Ok(())
    });
    assert_eq!(count, Ok(events.len()));
    events
}

#[test]
fn what_cannot_be_given_is_given_later() {
    let epoll = Epoll::new();
    let (first, second) = (counter(), counter());
    signal(&first);
    signal(&second);
    epoll.add(1, &first, event(IN | ONESHOT, 1)).unwrap();
    epoll.add(2, &second, event(IN, 2)).unwrap();
    let refused = epoll.collect(2, &mut |_, _| Err(Errno::EFAULT));
    assert_eq!(refused, Err(Errno::EFAULT));
    let part =
        epoll.collect(2, &mut |index, _| if index == 0 { Ok(()) } else { Err(Errno::EFAULT) });
    assert_eq!(part, Ok(1));
    assert_eq!(ready(&epoll, 2), [(IN, 2)]);
}

fn counter() -> Arc<OpenFile> {
    open(EventFd::new(0, EventMode::Counter))
}

fn signal(open: &OpenFile) {
    open.file().unwrap().write(0, &mut 1_u64.to_ne_bytes().as_slice()).unwrap();
}

fn drain(open: &OpenFile) {
    open.file().unwrap().read(0, &mut [0; 8].as_mut_slice()).unwrap();
}

#[test]
fn level_triggered_files_are_reported_while_ready() {
    let epoll = Epoll::new();
    let file = counter();
    epoll.add(3, &file, event(IN, 7)).unwrap();
    assert_eq!(ready(&epoll, 8), []);
    signal(&file);
    assert_eq!(ready(&epoll, 8), [(IN, 7)]);
    assert_eq!(ready(&epoll, 8), [(IN, 7)]);
    drain(&file);
    assert_eq!(ready(&epoll, 8), []);
}

#[test]
fn edge_triggered_files_are_reported_at_each_change() {
    let epoll = Epoll::new();
    let file = counter();
    signal(&file);
    epoll.add(3, &file, event(IN | ET, 7)).unwrap();
    assert_eq!(ready(&epoll, 8), [(IN, 7)]);
    assert_eq!(ready(&epoll, 8), []);
    signal(&file);
    assert_eq!(ready(&epoll, 8), [(IN, 7)]);
    assert_eq!(ready(&epoll, 8), []);
    epoll.modify(3, &file, event(IN | ET, 8)).unwrap();
    assert_eq!(ready(&epoll, 8), [(IN, 8)]);
}

#[test]
fn one_shot_files_are_silent_until_modified() {
    let epoll = Epoll::new();
    let file = counter();
    epoll.add(3, &file, event(IN | ONESHOT, 7)).unwrap();
    signal(&file);
    assert_eq!(ready(&epoll, 8), [(IN, 7)]);
    signal(&file);
    assert_eq!(ready(&epoll, 8), []);
    epoll.modify(3, &file, event(IN | OUT | ONESHOT, 9)).unwrap();
    assert_eq!(ready(&epoll, 8), [(IN | OUT, 9)]);
}

#[test]
fn hang_up_is_reported_unasked() {
    let epoll = Epoll::new();
    let (reader, writer) = Pipe::pair();
    let reader = open(reader);
    epoll.add(3, &reader, event(0, 1)).unwrap();
    assert_eq!(ready(&epoll, 8), []);
    drop(writer);
    assert_eq!(ready(&epoll, 8), [(Events::HUP.bits(), 1)]);
}

#[test]
fn ready_files_take_turns() {
    let epoll = Epoll::new();
    let files: Vec<_> = (0..3).map(|_| counter()).collect();
    for (fd, file) in files.iter().enumerate() {
        epoll.add(i32::try_from(fd).unwrap(), file, event(IN, fd as u64)).unwrap();
        signal(file);
    }
    let turns: Vec<_> = (0..6).flat_map(|_| ready(&epoll, 1)).map(|(_, data)| data).collect();
    assert_eq!(turns, [0, 1, 2, 0, 1, 2]);
}

#[test]
fn control_operations_answer_as_documented() {
    let epoll = Epoll::new();
    let file = counter();
    assert_eq!(epoll.modify(3, &file, event(IN, 0)), Err(Errno::ENOENT));
    assert_eq!(epoll.delete(3, &file), Err(Errno::ENOENT));
    epoll.add(3, &file, event(IN, 0)).unwrap();
    assert_eq!(epoll.add(3, &file, event(IN, 0)), Err(Errno::EEXIST));
    epoll.add(4, &file, event(IN, 0)).unwrap();
    signal(&file);
    assert_eq!(ready(&epoll, 8).len(), 2);
    epoll.delete(3, &file).unwrap();
    assert_eq!(ready(&epoll, 8).len(), 1);
    assert_eq!(epoll.delete(3, &file), Err(Errno::ENOENT));
}

#[test]
fn exclusive_watches_are_restricted() {
    let epoll = Epoll::new();
    let file = counter();
    let rdhup = Events::RDHUP.bits();
    assert_eq!(epoll.add(3, &file, event(IN | rdhup | EXCLUSIVE, 0)), Err(Errno::EINVAL));
    assert_eq!(epoll.add(3, &file, event(IN | ONESHOT | EXCLUSIVE, 0)), Err(Errno::EINVAL));
    epoll.add(3, &file, event(IN | ET | EXCLUSIVE, 0)).unwrap();
    assert_eq!(epoll.modify(3, &file, event(IN, 0)), Err(Errno::EINVAL));
    let inner = open(Epoll::new());
    assert_eq!(epoll.add(4, &inner, event(IN | EXCLUSIVE, 0)), Err(Errno::EINVAL));
}

#[test]
fn a_watch_ends_with_its_description() {
    let epoll = Epoll::new();
    let shared: Arc<dyn File> = EventFd::new(1, EventMode::Counter);
    let first = open(shared.clone());
    epoll.add(3, &first, event(IN, 1)).unwrap();
    assert_eq!(ready(&epoll, 8), [(IN, 1)]);
    drop(first);
    assert_eq!(ready(&epoll, 8), []);
    let second = open(shared);
    signal(&second);
    assert_eq!(ready(&epoll, 8), []);
    assert!(second.file().unwrap().waiters().unwrap().is_empty());
    epoll.add(3, &second, event(IN, 2)).unwrap();
    assert_eq!(ready(&epoll, 8), [(IN, 2)]);
    drop(epoll);
    assert!(second.file().unwrap().waiters().unwrap().is_empty());
}

#[test]
fn files_that_are_always_ready_cannot_be_watched() {
    #[derive(Debug)]
    struct Regular;
    impl File for Regular {
        fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
            self
        }
    }
    let epoll = Epoll::new();
    assert_eq!(epoll.add(3, &open(Arc::new(Regular)), event(IN, 0)), Err(Errno::EPERM));
}

#[test]
fn epolls_watch_epolls_but_not_in_circles() {
    let outer = Epoll::new();
    let inner = Epoll::new();
    let (outer_open, inner_open) = (open(outer.clone()), open(inner.clone()));
    assert_eq!(outer.add(3, &outer_open, event(IN, 0)), Err(Errno::EINVAL));
    outer.add(3, &inner_open, event(IN, 1)).unwrap();
    assert_eq!(inner.add(4, &outer_open, event(IN, 2)), Err(Errno::ELOOP));
    let file = counter();
    inner.add(5, &file, event(IN, 3)).unwrap();
    assert_eq!(ready(&outer, 8), []);
    signal(&file);
    assert_eq!(ready(&outer, 8), [(IN, 1)]);
    assert_eq!(ready(&inner, 8), [(IN, 3)]);
    drain(&file);
    assert_eq!(ready(&outer, 8), []);
    outer.delete(3, &inner_open).unwrap();
    inner.add(4, &outer_open, event(IN, 2)).unwrap();
}

#[test]
fn nesting_has_a_limit_from_either_end() {
    let chain: Vec<_> = (0..10).map(|_| open(Epoll::new())).collect();
    let link = |upper: usize, lower: usize| {
        let upper: Arc<Epoll> = chain[upper].downcast().unwrap();
        upper.add(i32::try_from(lower).unwrap(), &chain[lower], event(IN, 0))
    };
    for level in 0..MOST_NESTED - 1 {
        link(level, level + 1).unwrap();
    }
    assert_eq!(link(MOST_NESTED - 1, MOST_NESTED), Err(Errno::ELOOP));
    assert_eq!(link(9, 0), Err(Errno::ELOOP));
}

#[test]
fn a_closed_descriptor_does_not_leave_its_watch_behind() {
    let epoll = Epoll::new();
    for _ in 0..100 {
        let file = counter();
        epoll.add(3, &file, event(IN, 0)).unwrap();
        signal(&file);
    }
    assert_eq!(epoll.shared.watches.lock()[&3].len(), 1);
    assert_eq!(ready(&epoll, 8), []);
    assert!(epoll.shared.ready.lock().is_empty());
}

proptest! {
    /// Whatever happens to pipes, a level-triggered epoll reports just those that are ready.
    #[test]
    fn level_triggered_reports_agree_with_polling(
        steps in prop::collection::vec((0_usize..4, 0_u8..3), 1..100)
    ) {
        let epoll = Epoll::new();
        let pipes: Vec<_> = (0..4).map(|_| Pipe::pair()).collect();
        let readers: Vec<_> = pipes.iter().map(|(reader, _)| open(reader.clone())).collect();
        for (fd, reader) in readers.iter().enumerate() {
            epoll.add(i32::try_from(fd).unwrap(), reader, event(IN, fd as u64)).unwrap();
        }
        for (index, step) in steps {
            let (reader, writer) = &pipes[index];
            let mut bytes: &[u8] = &[0; 100];
            let source: &mut dyn Source = &mut bytes;
            match step {
                0 => drop(writer.write(0, source)),
                1 => drop(reader.read(0, &mut [0; 60].as_mut_slice())),
                _ => {}
            }
            let mut reported: Vec<_> = ready(&epoll, 8).into_iter().map(|(_, data)| data).collect();
            reported.sort_unstable();
            let expected: Vec<_> = (0..4)
                .filter(|index| pipes[*index].0.poll().contains(Events::IN))
                .map(|index| index as u64)
                .collect();
            prop_assert_eq!(reported, expected);
        }
    }
}
