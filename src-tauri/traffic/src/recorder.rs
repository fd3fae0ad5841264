//! Where data-plane threads leave their calls: never blocks, never fails, never loses a count.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gatepost_model::{CallDetail, CallFacts, CallSink};
use parking_lot::Mutex;

use crate::batch::{Batch, Waiting};
use crate::figures::{Tally, ended_us, tally};

/// One waiting line a data-plane thread, so that threads do not meet.
pub(crate) struct Recorder {
    lanes: Box<[Lane]>,
    /// Most calls that wait in one place of a lane.
    capacity: usize,
    is_off: AtomicBool,
    recorded: AtomicU64,
    dropped: AtomicU64,
}

/// Places of a lane.
const PLACES: usize = 2;

struct Lane {
    /// The writer never holds both, and its thread holds either for nanoseconds, so that neither ever waits for the
    /// other.
    waiting: [Mutex<Batch>; PLACES],
    /// Calls that found the line full: only counted. Its lock is held for nanoseconds, and taken only then.
    overflow: Mutex<Overflow>,
}

/// What the writer took, with its memory for the next time.
#[derive(Default)]
pub(crate) struct Taken {
    batches: Vec<Batch>,
    /// When each call ended, and where it is: batch and place in it.
    order: Vec<(i64, u32, u32)>,
}

impl Taken {
    /// How many calls.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// The calls in the order in which they ended.
    pub fn calls(&self) -> impl Iterator<Item = Waiting<'_>> {
        self.order.iter().filter_map(|(_, batch, nth)| self.batches.get(*batch as usize)?.get(*nth as usize))
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        self.batches.iter_mut().for_each(Batch::clear);
        self.order.clear();
    }
}

#[derive(Default)]
struct Overflow {
    counts: Tally,
    calls: u64,
}

impl Recorder {
    pub fn new(workers: NonZeroUsize, capacity: usize) -> Self {
        let lane = |_| Lane { waiting: Default::default(), overflow: Mutex::default() };
        Self {
            lanes: (0..workers.get()).map(lane).collect(),
            capacity: capacity.max(1),
            is_off: AtomicBool::new(false),
            recorded: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    /// Takes all that wait, and what was only counted. Returns how many the latter are. `taken` is empty before.
    pub fn drain(&self, taken: &mut Taken, counts: &mut Tally) -> u64 {
        let mut only_counted = 0;
        taken.batches.resize_with(self.lanes.len() * PLACES, Batch::default);
        let mut batches = taken.batches.iter_mut();
        for lane in &self.lanes {
            for (place, batch) in lane.waiting.iter().zip(&mut batches) {
                std::mem::swap(&mut *place.lock(), batch);
            }
            let overflow = std::mem::take(&mut *lane.overflow.lock());
            only_counted += overflow.calls;
            for (key, sums) in overflow.counts {
                counts.entry(key).or_default().merge(&sums);
            }
        }
        for (number, batch) in (0..).zip(&taken.batches) {
            taken.order.extend((0..).zip(batch.facts()).map(|(nth, facts)| (ended_us(facts), number, nth)));
        }
        // Each batch is in order already, or nearly; the sort finds such runs and merges them.
        taken.order.sort_by_key(|(ended_us, ..)| *ended_us);
        self.recorded.fetch_add(taken.len() as u64 + only_counted, Ordering::Relaxed);
        self.note_dropped(only_counted);
        only_counted
    }

    /// Notes that the detail of so many calls is not kept.
    pub fn note_dropped(&self, details: u64) {
        self.dropped.fetch_add(details, Ordering::Relaxed);
    }

    /// Whether calls are recorded from now on.
    pub fn switch(&self, on: bool) {
        self.is_off.store(!on, Ordering::Relaxed);
    }

    /// Calls counted since the start.
    pub fn recorded(&self) -> u64 {
        self.recorded.load(Ordering::Relaxed)
    }

    /// Of those, the ones whose detail was dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl CallSink for Recorder {
    fn wants_calls(&self) -> bool {
        !self.is_off.load(Ordering::Relaxed)
    }

    fn record(&self, worker: usize, facts: &CallFacts, detail: &mut CallDetail) {
        let lane = &self.lanes[worker % self.lanes.len()];
        let free = lane.waiting.iter().find_map(Mutex::try_lock);
        // Both are held only where several threads have one number.
        let is_taken = free.unwrap_or_else(|| lane.waiting[0].lock()).push(self.capacity, facts, detail);
        if !is_taken {
            let mut overflow = lane.overflow.lock();
            tally(&mut overflow.counts, facts);
            overflow.calls += 1;
        }
    }
}
