//! A range of time in steps, rounded so that every step is whole.

use crate::recent::SLOT_S;

/// Most points of a series.
const MAX_POINTS: i64 = 1_500;
/// Points of a series when no step was asked for.
const USUAL_POINTS: i64 = 60;
/// Longest range that is shown in steps below a minute, in seconds: 15 minutes, and what an asker rounds them up by.
const MAX_FINE_S: i64 = 16 * 60;
/// The last second that can be asked for: the end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;
const MINUTE_S: i64 = 60;

/// Seconds since the epoch, from `from` up to but not including `to`, in steps of `step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub from: i64,
    pub to: i64,
    pub step: i64,
}

impl Range {
    /// In steps below a minute; none when the range is too long for them or the step is a minute or more.
    pub fn fine(from_ms: i64, to_ms: i64, step_s: Option<u32>) -> Option<Self> {
        let (from, to) = seconds(from_ms, to_ms);
        let step = step_s.map_or((to - from) / USUAL_POINTS, i64::from).max(1);
        let step = round_up(step, SLOT_S);
        (to - from <= MAX_FINE_S && step < MINUTE_S).then(|| Self::rounded(from, to, step))
    }

    /// In steps of whole minutes.
    pub fn coarse(from_ms: i64, to_ms: i64, step_s: Option<u32>) -> Self {
        let (from, to) = seconds(from_ms, to_ms);
        let wanted = step_s.map_or((to - from) / USUAL_POINTS, i64::from);
        // Rounding outwards adds up to two steps.
        let least = (to - from) / (MAX_POINTS - 2) + 1;
        Self::rounded(from, to, round_up(wanted.max(least), MINUTE_S))
    }

    /// The same length before it.
    pub fn before(&self) -> Self {
        Self { from: self.from - (self.to - self.from), to: self.from, step: self.step }
    }

    /// How many steps it has.
    pub fn points(&self) -> usize {
        ((self.to - self.from) / self.step) as usize
    }

    /// The step that a second is in.
    pub fn point_at(&self, second: i64) -> Option<usize> {
        (self.from..self.to).contains(&second).then(|| ((second - self.from) / self.step) as usize)
    }

    /// The second in which a step begins.
    pub fn second_of(&self, point: usize) -> i64 {
        self.from + point as i64 * self.step
    }

    fn rounded(from: i64, to: i64, step: i64) -> Self {
        let from = from - from.rem_euclid(step);
        Self { from, to: round_up(to, step).max(from + step), step }
    }
}

/// Whole seconds around a range; what is before the epoch or after the year 9999 is cut off.
fn seconds(from_ms: i64, to_ms: i64) -> (i64, i64) {
    let from = from_ms.div_euclid(1_000).clamp(0, LAST_SECOND);
    let to = to_ms.saturating_add(999).div_euclid(1_000).clamp(from, LAST_SECOND);
    (from, to)
}

fn round_up(number: i64, step: i64) -> i64 {
    (number + step - 1) / step * step
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUARTER_MS: i64 = 15 * 60 * 1_000;
    const MINUTE_MS: i64 = 60_000;

    #[test]
    fn a_quarter_of_an_hour_has_fine_steps_and_a_longer_time_has_minutes() {
        let fine = Range::fine(12_345, 12_345 + QUARTER_MS - 1_000, None).unwrap();
        assert_eq!((fine.step, fine.from, fine.to), (15, 0, 915));
        assert_eq!(Range::fine(0, QUARTER_MS, Some(7)).unwrap().step, 10);
        assert_eq!(Range::fine(0, QUARTER_MS, Some(60)), None);
        assert_eq!(Range::fine(0, QUARTER_MS + MINUTE_MS + 1, Some(5)), None);
        assert_eq!(Range::coarse(0, 24 * 3_600_000, None).step, 24 * 60);
        assert_eq!(Range::coarse(0, 1, Some(61)), Range { from: 0, to: 120, step: 120 });
    }

    #[test]
    fn whatever_is_asked_for_the_points_are_bounded_and_cover_it() {
        let times = [i64::MIN, -1, 0, 1, 999, 1_700_000_000_123, 1_700_000_900_000, i64::MAX];
        for (from_ms, to_ms) in times.iter().flat_map(|from| times.map(|to| (*from, to))) {
            for step in [None, Some(0), Some(1), Some(60), Some(86_400), Some(u32::MAX)] {
                let fine = Range::fine(from_ms, to_ms, step);
                for range in fine.into_iter().chain([Range::coarse(from_ms, to_ms, step)]) {
                    assert!((1..=MAX_POINTS as usize).contains(&range.points()), "{range:?}");
                    assert_eq!((range.to - range.from) % range.step, 0);
                    assert_eq!(range.point_at(range.to), None);
                    assert_eq!(range.point_at(range.to - 1), Some(range.points() - 1));
                    let (from, to) = seconds(from_ms, to_ms);
                    assert!(range.from <= from && range.to >= to);
                }
            }
        }
    }
}
