//! From the start of the process to the first answer through the proxy.

use anyhow::Result;

use super::{Case, OURS};
use crate::bench::finding::{Bound, Finding, Series};
use crate::bench::ground::Ground;
use crate::bench::seed::{self, Seeded};

/// How often a program is started; the median counts.
const STARTS: usize = 9;

pub const CASES: &[Case] = &[
    Case {
        name: "ready-1",
        title: "Ready after start, 1 API",
        bounds: &[Bound::Value(50.0)],
        run: |ground| ready(ground, &seed::seed(ground, 1, 1)?),
    },
    Case {
        name: "ready-10000",
        title: "Ready after start, 10,000 APIs and 100,000 client apps",
        bounds: &[Bound::Value(500.0)],
        run: |ground| ready(ground, ground.many()?),
    },
];

fn ready(ground: &Ground, seeded: &Seeded) -> Result<Finding> {
    let starts = (0..STARTS).map(|_| Ok(seeded.start(ground, None)?.first_answer.as_secs_f64() * 1e3));
    let series = Series::new(OURS, starts.collect::<Result<_>>()?);
    println!("  {STARTS} starts: ready after {:.1} ms", series.median());
    Ok(Finding { unit: "ms", series: vec![series], left_out: Vec::new() })
}
