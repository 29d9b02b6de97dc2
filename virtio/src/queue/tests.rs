use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use proptest::prelude::*;

use super::*;
use crate::fake::{Chain, FakeQueue, HostMemory};

impl Queue<HostMemory> {
    /// Makes the indices start at `index`, as if so many chains had gone round.
    fn start_at(&mut self, index: u16) {
        (self.available, self.published, self.used) = (index, index, index);
        self.notified = index;
        self.ring.available_index().store(index, Ordering::Relaxed);
        self.ring.used_event().store(index, Ordering::Relaxed);
    }
}

fn pair(size: u16, has_event_index: bool, start: u16) -> (Queue<HostMemory>, FakeQueue) {
    let memory = HostMemory::new(Queue::<HostMemory>::bytes(size));
    let mut device = FakeQueue::new(memory.clone(), size, has_event_index);
    let mut queue = Queue::new(memory, size, has_event_index).unwrap();
    queue.start_at(start);
    device.start_at(start);
    (queue, device)
}

fn chain(len: usize) -> Vec<Segment> {
    let segment = |i| Segment { address: 0x1000 * i, len: 10, direction: Direction::FromDevice };
    (0..len as u64).map(segment).collect()
}

#[test]
fn too_little_memory_is_refused() {
    let memory = HostMemory::new(64);
    assert_eq!(Queue::new(memory.clone(), 256, true).unwrap_err(), TooSmall);
    assert_eq!(Queue::new(memory, 3, true).unwrap_err(), TooSmall);
}

#[test]
fn a_batch_is_invisible_until_published() {
    let (mut queue, mut device) = pair(8, true, 0);
    assert!(queue.add(&chain(2), 7));
    assert!(device.take().is_none());
    assert!(queue.publish());
    let taken = device.take().unwrap();
    assert_eq!(taken.pieces.len(), 2);
    assert!(taken.pieces.iter().all(|piece| piece.is_writable && piece.len == 10));
    device.put(taken.head.into(), 1000);
    assert!(device.complete());
    assert_eq!(queue.take_used(), Some(Used { cookie: 7, len: 20 }));
    assert_eq!(queue.free(), 8);
}

#[test]
fn a_chain_longer_than_what_is_free_is_refused() {
    let (mut queue, _device) = pair(4, false, 0);
    assert!(queue.add(&chain(3), 0));
    assert!(!queue.add(&chain(2), 1));
    assert!(!queue.add(&[], 1));
    assert!(queue.add(&chain(1), 1));
    assert_eq!(queue.free(), 0);
    assert!(!queue.add(&chain(1), 2));
}

#[test]
fn a_device_that_is_awake_is_not_notified() {
    for has_event_index in [false, true] {
        let (mut queue, mut device) = pair(8, has_event_index, 0xfffe);
        device.want_notification(true);
        assert!(queue.add(&chain(1), 0));
        assert!(queue.publish());
        assert!(!queue.publish(), "nothing new");
        device.take().unwrap();
        device.want_notification(false);
        assert!(queue.add(&chain(1), 1));
        assert!(!queue.publish());
        assert!(queue.add(&chain(1), 2));
        assert!(!queue.publish());
        while device.take().is_some() {}
        device.want_notification(true);
        assert!(queue.add(&chain(1), 3));
        assert!(queue.publish());
    }
}

#[test]
fn a_wish_that_was_seen_too_late_is_made_good() {
    for has_event_index in [false, true] {
        let (mut queue, mut device) = pair(8, has_event_index, 0xfffe);
        assert!(queue.add(&chain(1), 0));
        assert!(queue.publish());
        assert!(!queue.is_notification_missing(), "it was notified");
        assert!(device.take().is_some());
        device.want_notification(false);
        // The device went to sleep after what it had seen, but the driver still saw it awake.
        assert!(queue.add(&chain(1), 1));
        assert!(!queue.publish());
        assert!(!queue.is_notification_missing(), "it is awake");
        device.want_notification(true);
        assert!(queue.is_notification_missing());
        if has_event_index {
            assert!(!queue.is_notification_missing(), "told once");
        }
    }
}

#[test]
fn a_batch_across_the_wrap_notifies() {
    let (mut queue, device) = pair(8, true, 0xffff);
    device.want_notification(true);
    assert!(queue.add(&chain(1), 0));
    assert!(queue.add(&chain(1), 1));
    assert!(queue.publish());
}

#[test]
fn interrupts_come_only_when_wanted() {
    for has_event_index in [false, true] {
        let (mut queue, mut device) = pair(8, has_event_index, 0xfff0);
        let mut round = |queue: &mut Queue<HostMemory>| {
            assert!(queue.add(&chain(1), 0));
            let _ = queue.publish();
            let chain = device.take().unwrap();
            device.put(chain.head.into(), 0);
            device.complete()
        };
        queue.disable_interrupts();
        for _ in 0..100 {
            assert!(!round(&mut queue));
            queue.take_used().unwrap();
        }
        assert!(!queue.enable_interrupts());
        assert!(round(&mut queue));
        queue.disable_interrupts();
        queue.take_used().unwrap();
        assert!(!round(&mut queue));
        assert!(queue.enable_interrupts(), "a completion is waiting");
        queue.take_used().unwrap();
    }
}

#[test]
fn a_completion_of_nothing_breaks_the_queue() {
    let lies: [fn(&mut FakeQueue, &Chain); 5] = [
        |device, _| device.put(8, 0),
        |device, _| device.put(u32::MAX, 0),
        |device, chain| device.put(u32::from(chain.head) + 1, 0),
        |device, chain| device.put(u32::from(chain.head) | 0x1_0000, 0),
        |device, chain| {
            device.put(chain.head.into(), 0);
            device.put(chain.head.into(), 0);
        },
    ];
    for lie in lies {
        let (mut queue, mut device) = pair(8, true, 0);
        assert!(queue.add(&chain(2), 0));
        let _ = queue.publish();
        let taken = device.take().unwrap();
        lie(&mut device, &taken);
        device.complete();
        while queue.take_used().is_some() {}
        assert!(queue.is_broken());
        assert!(!queue.has_used());
        assert!(!queue.enable_interrupts());
    }
}

#[test]
fn a_used_index_out_of_nowhere_breaks_the_queue() {
    let (mut queue, device) = pair(8, true, 0);
    assert!(queue.add(&chain(1), 0));
    device.claim_used_index(0x8000);
    assert!(queue.take_used().is_some(), "entry 0 names descriptor 0, which is with the device");
    assert!(queue.take_used().is_none());
    assert!(queue.is_broken());
}

#[derive(Clone, Debug)]
enum Step {
    Add(usize),
    Publish,
    /// Completes the n-th (modulo) chain that the device holds.
    Complete(usize),
    TakeUsed,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..4usize).prop_map(Step::Add),
        Just(Step::Publish),
        any::<usize>().prop_map(Step::Complete),
        Just(Step::TakeUsed),
    ]
}

/// The two sides and what is known to be true of them.
struct Model {
    queue: Queue<HostMemory>,
    device: FakeQueue,
    held: Vec<Chain>,
    /// Chains out by cookie: the number of their descriptors.
    out: BTreeMap<u16, usize>,
    next_cookie: u16,
}

impl Model {
    fn run(&mut self, step: &Step) {
        match *step {
            Step::Add(len) => {
                let has_room = usize::from(self.queue.free()) >= len;
                let mut segments = chain(len);
                segments[0].address = u64::from(self.next_cookie);
                assert_eq!(self.queue.add(&segments, self.next_cookie), has_room);
                if has_room {
                    self.out.insert(self.next_cookie, len);
                    self.next_cookie = self.next_cookie.wrapping_add(1);
                }
            }
            Step::Publish => {
                let _ = self.queue.publish();
                while let Some(chain) = self.device.take() {
                    self.held.push(chain);
                }
            }
            Step::Complete(which) if !self.held.is_empty() => {
                let chain = self.held.swap_remove(which % self.held.len());
                self.device.put(chain.head.into(), u32::try_from(chain.pieces.len()).unwrap());
                self.device.complete();
            }
            Step::Complete(_) => {}
            Step::TakeUsed => {
                while let Some(used) = self.queue.take_used() {
                    assert_eq!(self.out.remove(&used.cookie), Some(used.len as usize));
                }
            }
        }
        let out: usize = self.out.values().sum();
        assert_eq!(usize::from(self.queue.size() - self.queue.free()), out);
        assert!(!self.queue.is_broken());
    }
}

proptest! {
    #[test]
    fn chains_come_back_once_in_any_order(
        steps in prop::collection::vec(step(), 0..400),
        has_event_index: bool,
        start: u16,
    ) {
        let (queue, device) = pair(8, has_event_index, start);
        let mut model =
            Model { queue, device, held: Vec::new(), out: BTreeMap::new(), next_cookie: 0 };
        steps.iter().for_each(|step| model.run(step));
    }

    #[test]
    fn event_is_passed_exactly_when_between(event: u16, old: u16, count in 0..300u16) {
        let new = old.wrapping_add(count);
        let expected = (0..count).any(|step| old.wrapping_add(step) == event);
        prop_assert_eq!(is_event_passed(event, old, new), expected);
    }

    #[test]
    fn any_completions_leave_the_queue_whole(
        entries in prop::collection::vec((0..10u32, any::<u32>()), 0..40),
        index: u16,
    ) {
        let (mut queue, mut device) = pair(8, true, 0);
        for cookie in 0..4 {
            prop_assert!(queue.add(&chain(2), cookie));
        }
        let _ = queue.publish();
        for (id, len) in entries {
            device.put(id, len);
        }
        device.claim_used_index(index);
        let mut taken = 0;
        while let Some(used) = queue.take_used() {
            prop_assert!(used.len <= 20);
            taken += 1;
        }
        prop_assert!(taken <= 4);
        prop_assert_eq!(queue.free(), 2 * taken);
    }
}

/// The device's thread: sleeps until notified, looking once more after saying that it does.
fn serve(mut device: FakeQueue, bell: &Receiver<()>, interrupt: &SyncSender<()>, count: u32) {
    let mut served = 0;
    while served < count {
        while let Some(chain) = device.take() {
            device.put(chain.head.into(), 0);
            served += 1;
            if device.complete() {
                let _ = interrupt.try_send(());
            }
        }
        device.want_notification(true);
        fence(Ordering::SeqCst);
        if !device.has_available() && served < count {
            bell.recv_timeout(PATIENCE).expect("a notification");
        }
        device.want_notification(false);
    }
}

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn no_wake_up_is_lost_between_two_processors() {
    const COUNT: u32 = 20_000;
    for has_event_index in [false, true] {
        let (mut queue, device) = pair(8, has_event_index, 0xff00);
        let (bell, bell_rung) = sync_channel(1);
        let (interrupt, interrupted) = sync_channel(1);
        let device = thread::spawn(move || serve(device, &bell_rung, &interrupt, COUNT));
        let (mut added, mut taken) = (0, 0);
        while taken < COUNT {
            queue.disable_interrupts();
            while added < COUNT && queue.add(&chain(1 + added as usize % 3), 0) {
                added += 1;
                // Batches of all sizes.
                if added % 5 < 3 && queue.publish() {
                    let _ = bell.try_send(());
                }
            }
            if queue.publish() {
                let _ = bell.try_send(());
            }
            let before = taken;
            while queue.take_used().is_some() {
                taken += 1;
            }
            if taken == before && !queue.enable_interrupts() {
                interrupted.recv_timeout(PATIENCE).expect("an interrupt");
            }
        }
        device.join().unwrap();
    }
}
