//! The last 36 minutes in slots of five seconds, in memory: what short ranges of Analytics are drawn from.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use crate::figures::{CallKey, Sums, Tally};

/// Length of a slot in seconds.
pub(crate) const SLOT_S: i64 = 5;
/// How far back slots are kept: the longest range in fine steps, rounded outwards, and the same length before it.
pub(crate) const KEPT_S: i64 = 36 * 60;
/// Most sums kept in all slots together, about 10 MB. Beyond, the oldest slots are forgotten.
const MAX_ENTRIES: usize = 20_000;

/// Sums by slot and key.
#[derive(Debug)]
pub(crate) struct Recent {
    slots: BTreeMap<i64, HashMap<CallKey, Sums>>,
    entries: usize,
    /// From this second on, nothing is missing.
    covers_from: i64,
}

impl Recent {
    /// Begins empty; nothing that is added later will be missing from second `covers_from` on.
    pub fn new(covers_from: i64) -> Self {
        Self { slots: BTreeMap::new(), entries: 0, covers_from: slot_after(covers_from) }
    }

    /// Adds what was counted, and forgets what is too old at `now_s` or too much.
    pub fn add(&mut self, counts: &Tally, now_s: i64) {
        for ((second, key), sums) in counts {
            let slot = self.slots.entry(slot_of(*second)).or_default();
            let known = slot.len();
            slot.entry(key.clone()).or_default().merge(sums);
            self.entries += slot.len() - known;
        }
        let oldest_kept = slot_of(now_s) - KEPT_S;
        while let Some((slot, _)) = self.slots.first_key_value()
            && (*slot < oldest_kept || (self.entries > MAX_ENTRIES && self.slots.len() > 1))
        {
            self.forget_oldest();
        }
        self.covers_from = self.covers_from.max(oldest_kept);
    }

    /// Whether nothing is missing from second `from` on.
    pub fn covers(&self, from: i64) -> bool {
        from >= self.covers_from
    }

    /// All sums of slots that begin in `from..to`, with the second their slot begins.
    pub fn between(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, &CallKey, &Sums)> {
        let slots = self.slots.range(from..to.max(from));
        slots.flat_map(|(slot, sums)| sums.iter().map(|(key, sums)| (*slot, key, sums)))
    }

    fn forget_oldest(&mut self) {
        if let Some((slot, sums)) = self.slots.pop_first() {
            self.entries -= sums.len();
            self.covers_from = self.covers_from.max(slot + SLOT_S);
        }
    }
}

fn slot_of(second: i64) -> i64 {
    second - second.rem_euclid(SLOT_S)
}

fn slot_after(second: i64) -> i64 {
    slot_of(second.saturating_add(SLOT_S - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_call(second: i64, status: u16) -> Tally {
        let key = CallKey { api: None, client: None, status, refused_by: None, would_refuse_by: None };
        Tally::from([((second, key), Sums { calls: 1, ..Sums::default() })])
    }

    fn calls(recent: &Recent, from: i64, to: i64) -> u64 {
        recent.between(from, to).map(|(_, _, sums)| sums.calls).sum()
    }

    #[test]
    fn forgets_what_is_too_old_and_says_so() {
        let mut recent = Recent::new(i64::MIN);
        recent.add(&one_call(10_000, 200), 10_000);
        assert!(recent.covers(10_000) && calls(&recent, 10_000, 10_005) == 1);
        recent.add(&one_call(10_000 + KEPT_S + 5, 200), 10_000 + KEPT_S + 5);
        assert!(!recent.covers(10_000) && recent.covers(10_005));
        assert_eq!(calls(&recent, 0, 20_000), 1);
    }

    #[test]
    fn memory_is_bounded_whatever_the_number_of_keys() {
        let mut recent = Recent::new(i64::MIN);
        for second in 0..100 {
            for status in 0..2_000 {
                recent.add(&one_call(second, status), second);
            }
        }
        assert!(recent.entries <= MAX_ENTRIES);
        assert!(!recent.covers(0) && recent.covers(95));
        assert_eq!(calls(&recent, 95, 100), 10_000, "the newest slot is whole");
    }
}
