//! What is known of one target, shared by all threads and kept over saves that leave the target alone.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arc_swap::ArcSwapOption;

use super::ceiling::Gauge;
use super::ejection::Failing;
use super::health::Checked;
use super::lanes::Lanes;

/// Its counts, its health, its failures.
#[derive(Default)]
pub(super) struct Fitness {
    tallies: Lanes<Tally>,
    /// What its active checks have shown.
    pub(super) checked: Checked,
    /// What its calls have shown.
    pub(super) failing: Failing,
    /// Open connections that were opened for it.
    pub(super) connections: Gauge,
    /// The last call or check that failed.
    pub(super) last_failure: ArcSwapOption<TargetFailure>,
}

/// Why a target failed, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetFailure {
    /// Epoch milliseconds.
    pub at_ms: i64,
    /// In words for the operator.
    pub message: Box<str>,
}

/// What one thread counted. Each number only grows.
#[derive(Default)]
struct Tally {
    begun: AtomicU64,
    ended: AtomicU64,
    failed: AtomicU64,
}

impl Fitness {
    /// Counts a try that begins on thread `worker`.
    pub(super) fn begin(&self, worker: usize) {
        self.tallies.of(worker, Tally::default).begun.fetch_add(1, Relaxed);
    }

    /// Counts its end.
    pub(super) fn end(&self, worker: usize) {
        self.tallies.of(worker, Tally::default).ended.fetch_add(1, Relaxed);
    }

    /// Counts its failure.
    pub(super) fn fail(&self, worker: usize) {
        self.tallies.of(worker, Tally::default).failed.fetch_add(1, Relaxed);
    }

    /// Tries since the beginning.
    pub(super) fn begun(&self) -> u64 {
        self.sum(|tally| &tally.begun)
    }

    /// Tries that failed.
    pub(super) fn failed(&self) -> u64 {
        self.sum(|tally| &tally.failed)
    }

    /// Tries under way.
    pub(super) fn outstanding(&self) -> u64 {
        // Read first, so that an end is never seen without its beginning.
        let ended = self.sum(|tally| &tally.ended);
        self.begun().saturating_sub(ended)
    }

    fn sum(&self, count: impl Fn(&Tally) -> &AtomicU64) -> u64 {
        self.tallies.all().map(|tally| count(tally).load(Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_over_all_threads() {
        let fitness = Fitness::default();
        assert_eq!((fitness.begun(), fitness.outstanding()), (0, 0));
        for worker in 0..5 {
            fitness.begin(worker);
        }
        fitness.end(0);
        fitness.end(3);
        fitness.fail(3);
        assert_eq!((fitness.begun(), fitness.outstanding(), fitness.failed()), (5, 3, 1));
    }
}
