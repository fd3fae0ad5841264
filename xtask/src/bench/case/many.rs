//! 10,000 APIs and 100,000 client apps: what a request costs, and how soon a change is in force.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{Case, OURS};
use crate::bench::finding::{Bound, Finding, Series, median};
use crate::bench::gatepost::Operator;
use crate::bench::ground::{Ground, free_port};
use crate::bench::http::Connection;
use crate::bench::load::Tool;
use crate::bench::race::{Entrant, Measure, Race, Who};
use crate::bench::seed::{self, FIRST_LIMIT, Seeded};
use crate::bench::subject::Front;

/// Ourselves with one API and one client app, under the same policies.
const ONE: &str = "1 API, 1 client app";
/// How often a policy is changed; the median counts.
const SAVES: u32 = 20;
/// How long a change may take at most until we give up on it.
const SAVE_LIMIT: Duration = Duration::from_secs(30);

pub const CASES: &[Case] = &[
    Case {
        name: "many",
        title: "10,000 APIs and 100,000 client apps",
        bounds: &[Bound::Times(ONE, 1.1)],
        run: |ground| {
            let (one, many) = (seed::seed(ground, 1, 1)?, ground.many()?);
            let (one_calls, many_calls) = (one.calls(), many.calls());
            let entrants = vec![
                Entrant { name: OURS, who: Who::Many, call: many_calls },
                Entrant { name: ONE, who: Who::Seeded(one), call: one_calls },
            ];
            Race { measure: Measure::Cpu, tool: Tool::Wrk, front: Front::Plain, entrants }.run(ground)
        },
    },
    Case {
        name: "save",
        title: "One policy changed among 10,000 APIs: save to in force",
        bounds: &[Bound::Value(50.0)],
        run: save_to_in_force,
    },
];

/// From the moment a change is sent until a request shows it, and until the change is answered.
fn save_to_in_force(ground: &Ground) -> Result<Finding> {
    let seeded = ground.many()?;
    let port = free_port()?;
    let _subject = seeded.start(ground, Some(port))?;
    let mut operator = Operator::new(port)?;
    let policy = RateLimit::find(&mut operator)?;
    let (mut shown, mut answered) = (Vec::new(), Vec::new());
    for save in 1..=SAVES {
        let (seen, done) = one_save(seeded, &mut operator, &policy, FIRST_LIMIT + save)?;
        shown.push(seen);
        answered.push(done);
    }
    let worst = shown.iter().copied().fold(f64::NAN, f64::max);
    println!("  {SAVES} saves: in force after {:.1} ms, at worst {worst:.1} ms", median(shown.clone()));
    let mut series = Series::new(OURS, shown);
    series.also = [("answered_ms", median(answered)), ("worst_ms", worst)].into();
    Ok(Finding { unit: "ms", series: vec![series], left_out: Vec::new() })
}

/// Milliseconds from sending the change until the first request that was answered under it, and until its answer.
fn one_save(seeded: &Seeded, operator: &mut Operator, policy: &RateLimit, limit: u32) -> Result<(f64, f64)> {
    let request = seeded.first_request();
    let mut caller = Connection::open(seeded.port)?;
    caller.exchange(&request)?;
    // Nanoseconds after `origin` at which the change is sent; 0 until then.
    let (origin, sent) = (Instant::now(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let wanted = limit.to_string();
            while origin.elapsed() < SAVE_LIMIT {
                let answer = caller.exchange(&request).context("a request failed during a save")?;
                if answer.status != 200 {
                    bail!("a request during a save was answered with {}", answer.status);
                }
                if answer.header("x-ratelimit-limit") == Some(&*wanted) {
                    let begun = Duration::from_nanos(sent.load(Ordering::Acquire));
                    return Ok(origin.elapsed().saturating_sub(begun));
                }
            }
            bail!("the change did not show within {SAVE_LIMIT:?}")
        });
        let begun = origin.elapsed();
        sent.store(u64::try_from(begun.as_nanos()).unwrap_or(u64::MAX), Ordering::Release);
        let saved = operator.put(&policy.path, &policy.with_limit(limit));
        let answered = origin.elapsed() - begun;
        let shown = watcher.join().map_err(|_| anyhow::anyhow!("the watcher failed"))?;
        saved?;
        Ok((shown?.as_secs_f64() * 1e3, answered.as_secs_f64() * 1e3))
    })
}

/// The rate limit of the first API.
struct RateLimit {
    path: String,
}

impl RateLimit {
    fn find(operator: &mut Operator) -> Result<Self> {
        // The first API of a new catalog has the first number.
        let list = "/apis/1/policies";
        let policies = operator.show(list)?;
        let applied =
            policies.as_array().into_iter().flatten().find(|applied| applied["policy"] == "rate-limiting");
        let id =
            applied.and_then(|applied| applied["id"].as_i64()).context("the first API has no rate limit")?;
        Ok(Self { path: format!("{list}/{id}") })
    }

    fn with_limit(&self, requests: u32) -> Value {
        json!({"policy": "rate-limiting", "config": {"limits": [{"requests": requests, "per": "1m"}], "expose_headers": true}})
    }
}
