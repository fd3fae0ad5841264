//! How the gateway finds out which targets are fit, and leaves out those that are not.

use std::fmt;

use crate::Millis;

/// A question asked of every target from time to time.
#[derive(Clone, Debug, PartialEq)]
pub struct HealthCheck {
    /// Path and query, from the target's root; `/` unless said otherwise.
    pub path: String,
    /// Between two questions; 10 s.
    pub interval: Millis,
    /// Until the answer's head; 2 s.
    pub timeout: Millis,
    /// Statuses of a healthy target; 200 to 399.
    pub expect: StatusRanges,
    /// Good answers in a row until a target is healthy again; 2.
    pub healthy_after: u8,
    /// Bad answers in a row until it is not; 3.
    pub unhealthy_after: u8,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            path: "/".into(),
            interval: Millis(10_000),
            timeout: Millis(2_000),
            expect: StatusRanges(vec![(200, 399)]),
            healthy_after: 2,
            unhealthy_after: 3,
        }
    }
}

/// When a target that fails calls is left out for a while (passive health). A failure is no connection, no answer, one
/// that breaks off or comes too late, or a status 502, 503 or 504.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ejection {
    /// Failures in a row; 5.
    pub failures: u32,
    /// For how long the first time; 10 s. Each further time in a row as long again, up to ten times.
    pub duration: Millis,
    /// Most targets left out at once, in percent; 50. One is always left in.
    pub max_percent: u8,
}

impl Default for Ejection {
    fn default() -> Self {
        Self { failures: 5, duration: Millis(10_000), max_percent: 50 }
    }
}

/// Statuses as people write them: `200`, `200-399`, `200-299, 404`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusRanges(Vec<(u16, u16)>);

/// Most ranges.
const MAX_RANGES: usize = 20;

impl StatusRanges {
    /// Reads numbers and ranges from 100 to 599, separated by commas.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fault = || format!("`{text}` must be statuses such as 200, 200-399 or 200-299,404");
        let status = |text: &str| {
            text.trim().parse().ok().filter(|status| (100..=599).contains(status)).ok_or_else(fault)
        };
        let ranges: Vec<(u16, u16)> = text
            .split(',')
            .map(|range| match range.split_once('-') {
                Some((first, last)) => Ok((status(first)?, status(last)?)),
                None => status(range).map(|one| (one, one)),
            })
            .collect::<Result<_, String>>()?;
        if ranges.len() > MAX_RANGES || ranges.iter().any(|(first, last)| first > last) {
            return Err(fault());
        }
        Ok(Self(ranges))
    }

    /// True when it is one of them.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&status))
    }
}

impl fmt::Display for StatusRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (first, last)) in self.0.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_numbers_and_ranges() {
        let ranges = StatusRanges::parse("200-299, 404").expect("valid");
        assert_eq!(ranges.to_string(), "200-299,404");
        assert!(ranges.contains(204) && ranges.contains(404) && !ranges.contains(300));
        for bad in ["", "abc", "99", "600", "300-200", "200-", "200;201"] {
            assert!(StatusRanges::parse(bad).is_err(), "{bad}");
        }
    }
}
