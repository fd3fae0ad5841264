//! A value for every data-plane thread on a cache line of its own, so that counting costs no other thread any time.

use std::num::NonZeroUsize;
use std::sync::{LazyLock, OnceLock};

/// Most lanes; more threads than this share.
const MAX_LANES: usize = 64;

/// As many as there are processors, which is how many threads the data plane has at most when it is set up well.
static COUNT: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_LANES));

/// The lanes; made with the first use, since most targets of a large catalog are seldom called.
pub(super) struct Lanes<T>(OnceLock<Box<[Lane<T>]>>);

#[repr(align(64))]
struct Lane<T>(T);

impl<T> Lanes<T> {
    /// Not made yet.
    pub(super) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The value of thread `worker`; the first one to ask has all of them made.
    pub(super) fn of(&self, worker: usize, make: impl Fn() -> T) -> &T {
        let lanes = self.0.get_or_init(|| (0..*COUNT).map(|_| Lane(make())).collect());
        &lanes[worker % lanes.len()].0
    }

    /// All values; none before the first use.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.0.get().into_iter().flatten().map(|lane| &lane.0)
    }
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn every_thread_has_a_lane_and_all_can_be_read() {
        let lanes: Lanes<AtomicU64> = Lanes::new();
        assert_eq!(lanes.all().count(), 0, "nothing is made before the first use");
        for worker in 0..MAX_LANES + 3 {
            lanes.of(worker, AtomicU64::default).fetch_add(1, Ordering::Relaxed);
        }
        let sum: u64 = lanes.all().map(|lane| lane.load(Ordering::Relaxed)).sum();
        assert_eq!(sum, MAX_LANES as u64 + 3);
    }
}
