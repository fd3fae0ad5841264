//! What the active checks of one target have shown.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

use gatepost_model::HealthCheck;

/// Whether a target is fit, as far as its checks tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// No check has decided yet, or there are none: it is used.
    #[default]
    Unknown,
    /// Used.
    Healthy,
    /// Left out.
    Unhealthy,
}

/// What a target's checks have shown, shared by all threads. One thread writes: the one that asks.
#[derive(Default)]
pub(super) struct Checked {
    health: AtomicU8,
    /// Answers of the same kind in a row.
    row: AtomicU32,
    passed: AtomicU64,
    failed: AtomicU64,
}

impl Checked {
    pub(super) fn health(&self) -> Health {
        match self.health.load(Relaxed) {
            1 => Health::Healthy,
            2 => Health::Unhealthy,
            _ => Health::Unknown,
        }
    }

    /// Checks that passed, and that failed.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.passed.load(Relaxed), self.failed.load(Relaxed))
    }

    /// Takes the next result. Gives what the target has become where that is something new: healthy with the first
    /// good answer, or again after `healthy_after`; unhealthy after `unhealthy_after` bad ones.
    pub(super) fn take(&self, passed: bool, check: &HealthCheck) -> Option<Health> {
        let count = if passed { &self.passed } else { &self.failed };
        count.fetch_add(1, Relaxed);
        let before = self.health();
        let (becomes, after) = match (passed, before) {
            (true, Health::Unknown) => (Health::Healthy, 1),
            (true, _) => (Health::Healthy, check.healthy_after),
            (false, _) => (Health::Unhealthy, check.unhealthy_after),
        };
        if before == becomes {
            self.row.store(0, Relaxed);
            return None;
        }
        let row = self.row.fetch_add(1, Relaxed) + 1;
        // An answer of the other kind ends a row: only from unknown can both kinds count, and there a good one decides.
        if row < u32::from(after) {
            return None;
        }
        self.row.store(0, Relaxed);
        self.health.store(if passed { 1 } else { 2 }, Relaxed);
        Some(becomes)
    }

    /// Forgets what other checks have shown.
    pub(super) fn forget(&self) {
        self.health.store(0, Relaxed);
        self.row.store(0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health_after(results: &[bool]) -> Health {
        let (checked, check) = (Checked::default(), HealthCheck::default());
        for passed in results {
            checked.take(*passed, &check);
        }
        checked.health()
    }

    #[test]
    fn one_good_answer_makes_an_unknown_target_healthy() {
        assert_eq!(health_after(&[true]), Health::Healthy);
        assert_eq!(health_after(&[false, false]), Health::Unknown);
        assert_eq!(health_after(&[false, false, true]), Health::Healthy);
    }

    #[test]
    fn rows_decide_and_an_answer_of_the_other_kind_ends_them() {
        assert_eq!(health_after(&[false, false, false]), Health::Unhealthy);
        assert_eq!(health_after(&[true, false, false, true, false, false]), Health::Healthy);
        assert_eq!(health_after(&[true, false, false, false]), Health::Unhealthy);
        assert_eq!(health_after(&[false, false, false, true, false, true]), Health::Unhealthy);
        assert_eq!(health_after(&[false, false, false, true, true]), Health::Healthy);
    }

    #[test]
    fn says_so_once_when_it_changes() {
        let (checked, check) = (Checked::default(), HealthCheck::default());
        let changes: Vec<_> = [true, true, false, false, false, false, true, true, true]
            .into_iter()
            .map(|passed| checked.take(passed, &check))
            .collect();
        let mut expected = [None; 9];
        expected[0] = Some(Health::Healthy);
        expected[4] = Some(Health::Unhealthy);
        expected[7] = Some(Health::Healthy);
        assert_eq!(changes, expected);
        assert_eq!(checked.counts(), (5, 4));
        checked.forget();
        assert_eq!(checked.health(), Health::Unknown);
    }
}
