//! Leaves a target out for a while that fails the calls it is given (passive health).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use gatepost_model::Ejection;

/// Longest time out, in multiples of the first.
const MAX_TIMES: u32 = 10;

/// What a target's calls have shown, shared by all threads.
#[derive(Default)]
pub(super) struct Failing {
    /// Failures since the last success; goes on counting while it is out and after, so that the first failure after
    /// its return sends it out again.
    failures: AtomicU32,
    /// How often it was sent out since the last success.
    times: AtomicU32,
    /// Milliseconds on the program's clock; 0 when it never was out.
    out_until: AtomicU64,
}

impl Failing {
    /// A call went well.
    pub(super) fn succeeded(&self) {
        // Most calls go well after one that did: then nothing is written, and the line stays in every thread's cache.
        if self.failures.load(Relaxed) != 0 {
            self.failures.store(0, Relaxed);
            self.times.store(0, Relaxed);
        }
    }

    /// A call failed. True when it is time to send the target out.
    pub(super) fn failed(&self, ejection: &Ejection, now: Duration) -> bool {
        let failures = self.failures.fetch_add(1, Relaxed).saturating_add(1);
        failures >= ejection.failures && !self.is_out(now)
    }

    /// Sends it out; gives for how long.
    pub(super) fn send_out(&self, ejection: &Ejection, now: Duration) -> Duration {
        let times = self.times.fetch_add(1, Relaxed).saturating_add(1).min(MAX_TIMES);
        let length = ejection.duration.duration().saturating_mul(times);
        self.out_until.store(millis(now.saturating_add(length)), Relaxed);
        length
    }

    /// True while it is out.
    pub(super) fn is_out(&self, now: Duration) -> bool {
        self.out_until.load(Relaxed) > millis(now)
    }

    /// Until when it is out, on the program's clock; none when it is not.
    pub(super) fn out_until(&self, now: Duration) -> Option<Duration> {
        self.is_out(now).then(|| Duration::from_millis(self.out_until.load(Relaxed)))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// True when one more of `targets` may be out, `out` being out already: within the percentage, and one is left in.
pub(super) fn may_go(ejection: &Ejection, targets: usize, out: usize, others_fit: usize) -> bool {
    others_fit > 0 && (out + 1) * 100 <= targets * usize::from(ejection.max_percent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_model::Millis;

    const EJECTION: Ejection = Ejection { failures: 3, duration: Millis(1_000), max_percent: 50 };

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn failures_in_a_row_send_a_target_out_and_a_success_ends_the_row() {
        let failing = Failing::default();
        assert!(!failing.failed(&EJECTION, at(0)) && !failing.failed(&EJECTION, at(0)));
        failing.succeeded();
        assert!(!failing.failed(&EJECTION, at(0)) && !failing.failed(&EJECTION, at(0)));
        assert!(failing.failed(&EJECTION, at(0)));
    }

    #[test]
    fn it_returns_by_time_and_stays_out_longer_each_time_in_a_row() {
        let failing = Failing::default();
        let mut now = at(5);
        for times in 1..=12 {
            let length = failing.send_out(&EJECTION, now);
            assert_eq!(length, at(1_000) * times.min(10));
            assert!(failing.is_out(now + length - at(1)));
            assert_eq!(failing.out_until(now), Some(now + length));
            now += length;
            assert!(!failing.is_out(now), "it is back");
        }
        assert!(!failing.failed(&EJECTION, now) && !failing.failed(&EJECTION, now));
        failing.succeeded();
        assert_eq!(failing.send_out(&EJECTION, now), at(1_000), "a success ends the row of times too");
    }

    #[test]
    fn the_first_failure_after_its_return_sends_it_out_again() {
        let failing = Failing::default();
        for _ in 0..3 {
            failing.failed(&EJECTION, at(0));
        }
        failing.send_out(&EJECTION, at(0));
        assert!(!failing.failed(&EJECTION, at(999)), "it is out already");
        assert!(failing.failed(&EJECTION, at(1_000)));
    }

    #[test]
    fn the_percentage_is_kept_and_one_is_left_in() {
        assert!(!may_go(&EJECTION, 1, 0, 0), "the last one stays");
        assert!(may_go(&EJECTION, 2, 0, 1));
        assert!(!may_go(&EJECTION, 2, 1, 0));
        assert!(may_go(&EJECTION, 3, 0, 2) && !may_go(&EJECTION, 3, 1, 1));
        let all = Ejection { max_percent: 100, ..EJECTION };
        assert!(may_go(&all, 3, 1, 1) && !may_go(&all, 3, 2, 0));
        assert!(!may_go(&all, 3, 1, 0), "those that checks found unfit do not count as left in");
    }
}
