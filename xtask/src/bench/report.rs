//! The results as a table for people and as JSON for programs.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::case::{Case, OURS};
use super::finding::{Bound, Finding, Verdict};
use super::peer::PEERS;

/// A whole run.
#[derive(Serialize)]
pub struct Results {
    pub cases: Vec<Outcome>,
    pub rounds: u32,
    pub seconds: u32,
    pub workers: usize,
    pub cores: usize,
    pub processor: String,
    /// The load average when the run began: above 0.3, read the numbers with care.
    pub load_before: f64,
}

/// What came of a case.
#[derive(Serialize)]
pub struct Outcome {
    pub name: &'static str,
    pub title: &'static str,
    #[serde(flatten)]
    pub finding: Finding,
    pub bounds: Vec<Judged>,
    /// Why we could not be measured.
    pub not_measured: Option<String>,
}

/// A bound with what became of it.
#[derive(Serialize)]
pub struct Judged {
    /// The program that the value is a multiple of; none when it is a value itself.
    pub beside: Option<&'static str>,
    pub at_most: f64,
    pub reached: Option<f64>,
    pub verdict: Verdict,
}

impl Outcome {
    /// Holds what was found to the case's bounds.
    pub fn of(case: &Case, found: Result<Finding>) -> Self {
        let (finding, not_measured) = match found {
            Ok(finding) => (finding, None),
            Err(error) => (Finding::default(), Some(format!("{error:#}"))),
        };
        let judge = |bound: &Bound| Judged {
            beside: match bound {
                Bound::Times(program, _) => Some(program),
                Bound::Value(_) => None,
            },
            at_most: bound.most(),
            reached: finding.reached(*bound),
            verdict: if not_measured.is_some() { Verdict::NotMeasured } else { finding.verdict(*bound) },
        };
        let bounds = case.bounds.iter().map(judge).collect();
        Self { name: case.name, title: case.title, finding, bounds, not_measured }
    }
}

impl Results {
    /// Bounds that are not kept, or could not be looked at for a fault of ours.
    pub fn failures(&self) -> Vec<String> {
        let judged = self.cases.iter().flat_map(|case| case.bounds.iter().map(move |judged| (case, judged)));
        judged
            .filter(|(_, judged)| matches!(judged.verdict, Verdict::Missed | Verdict::NotMeasured))
            .map(|(case, judged)| {
                format!("{}: {}, {}", case.name, asked(judged, case.finding.unit), reached(judged))
            })
            .collect()
    }
}

/// The table, with what one needs to know to read it.
pub fn markdown(results: &Results) -> String {
    let mut text = String::from("| case | unit | Gatepost |");
    for peer in PEERS {
        let _ = write!(text, " {} |", peer.name);
    }
    text.push_str(" beside | asked | reached | verdict |\n|---|---|---:|");
    text.push_str(&"---:|".repeat(PEERS.len()));
    text.push_str("---|---|---:|---|\n");
    for case in &results.cases {
        rows(&mut text, case);
    }
    let Results { rounds, seconds, workers, cores, processor, load_before, .. } = results;
    let _ = write!(
        text,
        "\n{rounds} rounds of {seconds} s in which the programs take turns; values are medians, ratios the medians of the \
         rounds' ratios. {workers} worker(s) each; 32 keep-alive connections unless said otherwise; nginx writes its access log, \
         Gatepost records every call, the other peers write nothing. CPU is user and system time of all threads; memory is \
         resident, for programs of several processes the sum of their proportional sizes. Latency counts from when a request \
         was due. {processor}, {cores} cores, load average before {load_before:.2}.\n"
    );
    for case in &results.cases {
        for word in case.finding.left_out.iter().chain(&case.not_measured) {
            let _ = writeln!(text, "- {}: {word}", case.name);
        }
    }
    text
}

fn rows(text: &mut String, case: &Outcome) {
    let value = |program: &str| {
        let series = case.finding.series.iter().find(|series| series.program == program);
        series.map_or_else(|| "–".to_owned(), |series| number(series.median()))
    };
    let _ = write!(text, "| {} | {} | {} |", case.title, case.finding.unit, value(OURS));
    for peer in PEERS {
        let _ = write!(text, " {} |", value(peer.name));
    }
    let has_column = |name: &str| name == OURS || PEERS.iter().any(|peer| peer.name == name);
    let others = case.finding.series.iter().filter(|series| !has_column(&series.program));
    let others: Vec<_> =
        others.map(|series| format!("{} {}", series.program, number(series.median()))).collect();
    let _ = write!(text, " {} |", others.join(", "));
    let each = |column: fn(&Judged, &str) -> String| {
        case.bounds.iter().map(|judged| column(judged, case.finding.unit)).collect::<Vec<_>>().join("; ")
    };
    let verdicts = each(|judged, _| verdict(judged.verdict).to_owned());
    let verdicts =
        if case.bounds.is_empty() && case.not_measured.is_some() { "not measured" } else { &verdicts };
    let _ = writeln!(text, " {} | {} | {verdicts} |", each(asked), each(|judged, _| reached(judged)));
}

fn asked(judged: &Judged, unit: &str) -> String {
    match judged.beside {
        Some(program) => format!("≤ {} × {program}", judged.at_most),
        None => format!("≤ {} {unit}", judged.at_most).trim_end().to_owned(),
    }
}

fn reached(judged: &Judged) -> String {
    judged.reached.map_or_else(|| "–".to_owned(), |reached| format!("{reached:.2}"))
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Missed => "**missed**",
        Verdict::NoPeer => "no such peer here",
        Verdict::NotThere => "not there yet",
        Verdict::NotMeasured => "not measured",
    }
}

/// Three digits are as many as a measurement is worth.
fn number(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// Writes `results.md` and `results.json`.
pub fn write(folder: &Path, results: &Results, table: &str) -> Result<()> {
    let json = serde_json::to_string_pretty(results)?;
    for (name, text) in [("results.md", table), ("results.json", &json)] {
        fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    println!("Written to {}", folder.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Series;
    use super::*;

    const CASE: Case = Case {
        name: "plain",
        title: "1 KB answers",
        bounds: &[Bound::Times("nginx", 1.0), Bound::Value(15.0)],
        run: |_| Ok(Finding::default()),
    };

    fn results(found: Result<Finding>) -> Results {
        Results {
            cases: vec![Outcome::of(&CASE, found)],
            rounds: 1,
            seconds: 1,
            workers: 1,
            cores: 2,
            processor: "P".into(),
            load_before: 0.0,
        }
    }

    #[test]
    fn a_row_has_values_bounds_and_verdicts() {
        let series = vec![
            Series::new("Gatepost", vec![12.0]),
            Series::new("nginx", vec![10.0]),
            Series::new("nginx, no log", vec![9.0]),
        ];
        let left_out = vec!["Envoy is not installed".to_owned()];
        let results = results(Ok(Finding { unit: "µs", series, left_out }));
        let table = markdown(&results);
        let row = table.lines().nth(2).unwrap();
        assert_eq!(
            row,
            "| 1 KB answers | µs | 12.0 | 10.0 | – | – | – | – | nginx, no log 9.0 | ≤ 1 × nginx; ≤ 15 µs | 1.20; 12.00 \
             | **missed**; ok |"
        );
        assert!(table.contains("- plain: Envoy is not installed"));
        assert_eq!(results.failures(), ["plain: ≤ 1 × nginx, 1.20"]);
        let columns = |line: &str| line.matches('|').count();
        assert!(table.lines().take(3).all(|line| columns(line) == columns(row)));
    }

    #[test]
    fn what_could_not_be_measured_fails_and_says_why() {
        let results = results(Err(anyhow::anyhow!("no such setting")));
        assert!(markdown(&results).contains("- plain: no such setting"));
        assert_eq!(results.failures().len(), 2);
    }
}
