//! How many calls of one upstream may be tried again, so that retries never multiply what breaks it.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;

/// How far back calls and retries are counted, in seconds.
const WINDOW: u64 = 10;

/// Tries beyond the first that are always allowed in a second.
const ALWAYS: u64 = 10;

/// The retries of the last seconds, over all threads. It is looked at only when a call has failed, and never makes
/// the calls that go well count anything.
#[derive(Default)]
pub(super) struct Budget(Mutex<VecDeque<Second>>);

/// A second in which something was tried again.
struct Second {
    at: u64,
    /// Tries of any kind before it, since the beginning.
    tries_before: u64,
    retries: u64,
}

impl Budget {
    /// Takes one retry from the budget, `tries` having been made since the beginning. Calls are counted from the first
    /// retry of the window on, so that a storm that begins does not draw on the calm before it.
    pub(super) fn take(&self, percent: u8, tries: u64, now: Duration) -> bool {
        let at = now.as_secs();
        let mut seconds = self.0.lock();
        while seconds.front().is_some_and(|second| second.at + WINDOW <= at) {
            seconds.pop_front();
        }
        if seconds.back().is_none_or(|second| second.at < at) {
            seconds.push_back(Second { at, tries_before: tries, retries: 0 });
        }
        let retries: u64 = seconds.iter().map(|second| second.retries).sum();
        let tries_before = seconds.front().map_or(tries, |second| second.tries_before);
        let calls = tries.saturating_sub(tries_before).saturating_sub(retries);
        let Some(this) = seconds.back_mut() else { return false };
        let allowed = this.retries < ALWAYS || retries * 100 < calls * u64::from(percent);
        this.retries += u64::from(allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(budget: &Budget, percent: u8, asked: u64, tries: &mut u64, second: u64) -> u64 {
        let mut allowed = 0;
        for _ in 0..asked {
            *tries += 1;
            if budget.take(percent, *tries, Duration::from_secs(second)) {
                *tries += 1;
                allowed += 1;
            }
        }
        allowed
    }

    #[test]
    fn ten_a_second_are_always_allowed() {
        let (budget, mut tries) = (Budget::default(), 0);
        for second in 0..30 {
            assert_eq!(allowed(&budget, 0, 50, &mut tries, second), 10);
        }
    }

    #[test]
    fn beyond_that_a_part_of_the_calls_is() {
        let (budget, mut tries) = (Budget::default(), 0);
        for second in 0..30 {
            let share = allowed(&budget, 20, 1_000, &mut tries, second);
            assert!((190..=210).contains(&share), "{share} in second {second}");
        }
    }

    #[test]
    fn calls_that_went_well_count_too() {
        let (budget, mut tries) = (Budget::default(), 0);
        allowed(&budget, 20, 1, &mut tries, 0);
        tries += 10_000;
        assert_eq!(allowed(&budget, 20, 3_000, &mut tries, 1), 2_599);
    }

    #[test]
    fn what_is_long_ago_counts_no_more() {
        let (budget, mut tries) = (Budget::default(), 0);
        allowed(&budget, 100, 100, &mut tries, 0);
        assert_eq!(allowed(&budget, 0, 100, &mut tries, 10), 10);
        assert_eq!(budget.0.lock().len(), 1);
    }
}
