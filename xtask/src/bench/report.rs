//! The results as a table for people and as JSON for programs.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

/// One program's medians.
#[derive(Debug, Serialize)]
pub struct Row {
    pub name: String,
    /// CPU per request in microseconds, user and system, all threads, recording included.
    pub cpu_us: f64,
    /// Median of the rounds' ratios to nginx without a log.
    pub ratio: f64,
    pub per_second: f64,
    pub p99_us: f64,
    /// Resident memory after the load, in KiB.
    pub rss_after_kib: u64,
}

/// A whole run.
#[derive(Debug, Serialize)]
pub struct Results {
    pub rows: Vec<Row>,
    /// Gatepost's CPU per request, no policy, as a multiple of nginx's.
    pub ratio: f64,
    pub idle_rss_kib: u64,
    pub idle_pss_kib: u64,
    pub first_answer_ms: f64,
    pub rounds: u32,
    pub seconds: u32,
    pub workers: usize,
    pub processor: String,
    /// The load average when the run began: above 0.3, read the numbers with care.
    pub load_before: f64,
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

/// The table, with what one needs to know to read it.
pub fn markdown(results: &Results) -> String {
    let rows: String = results
        .rows
        .iter()
        .map(|row| {
            format!(
                "| {} | {:.1} | {:.2} | {:.0} | {:.2} | {:.1} |\n",
                row.name,
                row.cpu_us,
                row.ratio,
                row.per_second,
                row.p99_us / 1e3,
                mib(row.rss_after_kib)
            )
        })
        .collect();
    let Results { rounds, seconds, workers, processor, load_before, .. } = results;
    format!(
        "| 1 KB through a proxy | CPU µs/request | × nginx | requests/s | p99 ms | RSS MiB after |\n\
         |---|---:|---:|---:|---:|---:|\n{rows}\n\
         Gatepost idle: {:.1} MiB resident, {:.1} MiB proportional; first answer {:.0} ms after start.\n\n\
         {rounds} rounds of {seconds} s, taking turns; 32 keep-alive connections (wrk); {workers} workers each; Gatepost records every \
         call; the backend is nginx. CPU is user and system time of all threads. {processor}, load average before {load_before:.2}.\n",
        mib(results.idle_rss_kib),
        mib(results.idle_pss_kib),
        results.first_answer_ms,
    )
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// Writes `results.md` and `results.json`.
pub fn write(folder: &Path, results: &Results, table: &str) -> Result<()> {
    fs::create_dir_all(folder)?;
    let json = serde_json::to_string_pretty(results)?;
    for (name, text) in [("results.md", table), ("results.json", &json)] {
        fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    println!("Written to {}", folder.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }
}
