//! What a case found, the bounds that it is held to, and the arithmetic between the two.

use std::collections::BTreeMap;

use serde::Serialize;

/// What our value may be at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// This many times the value of another program, by its name in the case.
    Times(&'static str, f64),
    /// This, in the case's unit.
    Value(f64),
}

/// One program's values, one a round.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Series {
    pub program: String,
    pub values: Vec<f64>,
    /// Medians of what else was seen, by name and unit.
    pub also: BTreeMap<&'static str, f64>,
}

/// What a case found. The first series is Gatepost's; there is none when the product lacks what the case is about.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Finding {
    pub unit: &'static str,
    pub series: Vec<Series>,
    /// Programs that were left out, and why.
    pub left_out: Vec<String>,
}

/// Whether a bound is kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    Missed,
    /// The program that it is beside is not there.
    NoPeer,
    /// What it is about is not in the product yet.
    NotThere,
    /// We could not be measured.
    NotMeasured,
}

impl Series {
    pub fn new(program: impl Into<String>, values: Vec<f64>) -> Self {
        Self { program: program.into(), values, also: BTreeMap::new() }
    }

    pub fn median(&self) -> f64 {
        median(self.values.clone())
    }
}

impl Finding {
    /// What is to be compared with the bound: the median of the rounds' ratios, or our median.
    pub fn reached(&self, bound: Bound) -> Option<f64> {
        let ours = self.series.first()?;
        match bound {
            Bound::Value(_) => Some(ours.median()),
            Bound::Times(program, _) => {
                let theirs = self.series.iter().find(|series| series.program == program)?;
                Some(median(
                    ours.values.iter().zip(&theirs.values).map(|(ours, theirs)| ours / theirs).collect(),
                ))
            }
        }
    }

    pub fn verdict(&self, bound: Bound) -> Verdict {
        let most = bound.most();
        match self.reached(bound) {
            None if self.series.is_empty() => Verdict::NotThere,
            None => Verdict::NoPeer,
            Some(reached) if reached <= most => Verdict::Ok,
            Some(_) => Verdict::Missed,
        }
    }
}

impl Bound {
    pub fn most(self) -> f64 {
        match self {
            Self::Times(_, most) | Self::Value(most) => most,
        }
    }
}

/// The middle of some values, the mean of the two middle ones where their number is even.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding() -> Finding {
        let series = vec![
            Series::new("Gatepost", vec![10.0, 30.0, 12.0]),
            Series::new("nginx", vec![10.0, 20.0, 10.0]),
        ];
        Finding { unit: "µs", series, left_out: Vec::new() }
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn a_ratio_is_that_of_the_rounds_and_not_of_the_medians() {
        assert_eq!(finding().reached(Bound::Times("nginx", 1.0)), Some(1.2));
        assert_eq!(finding().reached(Bound::Value(1.0)), Some(12.0));
    }

    #[test]
    fn a_bound_is_kept_missed_or_lacks_its_peer() {
        let finding = finding();
        assert_eq!(finding.verdict(Bound::Times("nginx", 1.2)), Verdict::Ok);
        assert_eq!(finding.verdict(Bound::Times("nginx", 1.1)), Verdict::Missed);
        assert_eq!(finding.verdict(Bound::Times("Envoy", 1.0)), Verdict::NoPeer);
        assert_eq!(finding.verdict(Bound::Value(11.9)), Verdict::Missed);
        assert_eq!(Finding::default().verdict(Bound::Value(11.9)), Verdict::NotThere);
        let silent = Finding { series: vec![Series::new("Gatepost", vec![f64::NAN])], ..finding };
        assert_eq!(silent.verdict(Bound::Value(50.0)), Verdict::Missed, "no number keeps no bound");
    }
}
