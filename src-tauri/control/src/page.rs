//! A part of a long list, by number: `?limit=200&after=<the last number of the part before>`.

use serde::Deserialize;
use utoipa::IntoParams;

/// Most rows of one part.
const MOST: usize = 1_000;

/// Which part. Without `limit` it is everything behind `after`.
#[derive(Deserialize, IntoParams)]
pub(crate) struct Page {
    /// 1 to 1,000.
    limit: Option<usize>,
    /// Only those with larger numbers.
    after: Option<i64>,
}

impl Page {
    /// The part of `rows`, which ascend by `number`.
    pub(crate) fn of<T>(
        &self,
        rows: impl Iterator<Item = T>,
        number: impl Fn(&T) -> i64,
    ) -> impl Iterator<Item = T> {
        let after = self.after;
        let most = self.limit.map_or(usize::MAX, |limit| limit.clamp(1, MOST));
        rows.filter(move |row| after.is_none_or(|after| number(row) > after)).take(most)
    }
}

/// Whether any of these texts has `wanted` in it, whatever the case; true when nothing is wanted.
pub(crate) fn found_in<'a>(wanted: Option<&str>, mut texts: impl Iterator<Item = &'a str>) -> bool {
    let Some(wanted) = wanted.map(str::trim).filter(|wanted| !wanted.is_empty()) else { return true };
    let wanted = wanted.to_lowercase();
    texts.any(|text| text.to_lowercase().contains(&wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(limit: Option<usize>, after: Option<i64>) -> Vec<i64> {
        Page { limit, after }.of(1..=2_500_i64, |number| *number).collect()
    }

    #[test]
    fn parts_follow_on_each_other_and_none_is_over_the_bound() {
        assert_eq!(part(None, None).len(), 2_500);
        assert_eq!(part(Some(3), None), [1, 2, 3]);
        assert_eq!(part(Some(3), Some(3)), [4, 5, 6]);
        assert_eq!(part(Some(3), Some(2_499)), [2_500]);
        assert_eq!(part(Some(5_000), None).len(), MOST);
        assert_eq!(part(Some(0), None), [1]);
    }

    #[test]
    fn finds_text_whatever_its_case() {
        let found = |wanted| found_in(wanted, ["My App", "client-7"].into_iter());
        assert!(found(None) && found(Some(" ")) && found(Some("my a")) && found(Some("CLIENT")));
        assert!(!found(Some("your app")));
    }
}
