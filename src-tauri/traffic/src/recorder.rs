//! Where data-plane threads leave their calls: never blocks, never fails, never loses a count.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_queue::ArrayQueue;
use gatepost_model::{CallSink, RecordedCall};
use parking_lot::Mutex;

use crate::figures::{Tally, ended_us, tally};

/// One waiting line a data-plane thread, so that threads do not meet.
pub(crate) struct Recorder {
    lanes: Box<[Lane]>,
    is_off: AtomicBool,
    recorded: AtomicU64,
    dropped: AtomicU64,
}

struct Lane {
    waiting: ArrayQueue<RecordedCall>,
    /// Calls that found the line full: only counted. Its lock is held for nanoseconds, and taken only then.
    overflow: Mutex<Overflow>,
}

#[derive(Default)]
struct Overflow {
    counts: Tally,
    calls: u64,
}

impl Recorder {
    pub fn new(workers: NonZeroUsize, capacity: usize) -> Self {
        let lane = |_| Lane { waiting: ArrayQueue::new(capacity.max(1)), overflow: Mutex::default() };
        Self {
            lanes: (0..workers.get()).map(lane).collect(),
            is_off: AtomicBool::new(false),
            recorded: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    /// Takes all that wait, in the order in which they ended, and what was only counted. Returns how many the
    /// latter are. Takes each line's length once at most, so that it ends however fast calls come in.
    pub fn drain(&self, calls: &mut Vec<RecordedCall>, counts: &mut Tally) -> u64 {
        let mut only_counted = 0;
        for lane in &self.lanes {
            calls.extend(std::iter::from_fn(|| lane.waiting.pop()).take(lane.waiting.capacity()));
            let overflow = std::mem::take(&mut *lane.overflow.lock());
            only_counted += overflow.calls;
            for (key, sums) in overflow.counts {
                counts.entry(key).or_default().merge(&sums);
            }
        }
        // Each line is in order already, or nearly; the sort finds such runs and merges them.
        calls.sort_by_key(|call| ended_us(&call.0));
        self.recorded.fetch_add(calls.len() as u64 + only_counted, Ordering::Relaxed);
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

    fn record(&self, worker: usize, call: RecordedCall) {
        let lane = &self.lanes[worker % self.lanes.len()];
        if let Err(call) = lane.waiting.push(call) {
            let mut overflow = lane.overflow.lock();
            tally(&mut overflow.counts, &call.0);
            overflow.calls += 1;
        }
    }
}
