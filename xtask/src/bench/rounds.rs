//! The measurement: programs take turns, so that whatever else the machine does falls on all of them alike.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::load::{self, Load};
use super::report::{Results, Row, median};
use super::subject::{CREDENTIALS, POLICIES, Subject, authority};
use super::{Options, proc};

/// How long the load before the first measurement lasts, in seconds.
const WARM_UP_SECONDS: u32 = 1;
/// How often the time to the first answer is taken.
const STARTS: usize = 9;
/// A program has written behind what it had to when its CPU time stands still this long...
const STILL: Duration = Duration::from_millis(300);
/// ... and this is how long we wait for that.
const STILL_LIMIT: Duration = Duration::from_secs(5);

/// One program with its name in the table and what its callers send.
struct Contender {
    name: &'static str,
    subject: Subject,
    headers: &'static [&'static str],
}

/// One measurement of one program.
struct Sample {
    cpu_us: f64,
    load: Load,
}

/// Runs the rounds.
pub fn measure(binary: &Path, folder: &Path, options: &Options) -> Result<Results> {
    let load_before = proc::load_average();
    let workers = std::thread::available_parallelism()?.get();
    let backend = Subject::backend(folder)?;
    let target = authority(&backend.url);
    let (idle_rss_kib, idle_pss_kib) = idle_memory(binary, folder, target)?;
    let first_answer_ms = first_answer(binary, folder, target)?;

    let contender = |name, subject, headers| Contender { name, subject, headers };
    let contenders = [
        contender("nginx", Subject::nginx(&folder.join("nginx"), workers, "off", target)?, &[]),
        contender(
            "nginx, access log",
            Subject::nginx(&folder.join("nginx-log"), workers, "access.log", target)?,
            &[],
        ),
        contender("gatepost", Subject::gatepost(binary, &folder.join("gatepost"), target, "")?, &[]),
        contender(
            "gatepost, 2 policies",
            Subject::gatepost(binary, &folder.join("policies"), target, POLICIES)?,
            CREDENTIALS,
        ),
    ];
    for contender in &contenders {
        load::run(&contender.subject.url, contender.headers, WARM_UP_SECONDS)?;
    }
    let mut samples: Vec<Vec<Sample>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 0..options.rounds as usize {
        for turn in 0..contenders.len() {
            let which = (round + turn) % contenders.len();
            let sample = sample(&contenders[which], options.seconds)?;
            println!(
                "  round {}  {:<22} {:6.1} µs of CPU a request, {:7.0} a second",
                round + 1,
                contenders[which].name,
                sample.cpu_us,
                sample.load.per_second
            );
            samples[which].push(sample);
        }
    }

    let ratio_of = |which: usize| {
        let ratios = samples[which].iter().zip(&samples[0]).map(|(ours, nginx)| ours.cpu_us / nginx.cpu_us);
        median(ratios.collect())
    };
    let rows = contenders
        .iter()
        .enumerate()
        .map(|(which, contender)| row(contender, &samples[which], ratio_of(which)));
    Ok(Results {
        rows: rows.collect::<Result<_>>()?,
        ratio: ratio_of(2),
        idle_rss_kib,
        idle_pss_kib,
        first_answer_ms,
        rounds: options.rounds,
        seconds: options.seconds,
        workers,
        processor: proc::processor(),
        load_before,
    })
}

fn row(contender: &Contender, samples: &[Sample], ratio: f64) -> Result<Row> {
    let middle = |value: fn(&Sample) -> f64| median(samples.iter().map(value).collect());
    Ok(Row {
        name: contender.name.to_owned(),
        cpu_us: middle(|sample| sample.cpu_us),
        ratio,
        per_second: middle(|sample| sample.load.per_second),
        p99_us: middle(|sample| sample.load.p99_us),
        rss_after_kib: proc::memory_kib(contender.subject.pid())?.0,
    })
}

fn sample(contender: &Contender, seconds: u32) -> Result<Sample> {
    let pid = contender.subject.pid();
    let before = proc::cpu_us(pid)?;
    let load = load::run(&contender.subject.url, contender.headers, seconds)?;
    let after = still_cpu_us(pid)?;
    Ok(Sample { cpu_us: (after - before) as f64 / load.requests as f64, load })
}

/// The CPU time once the program is idle: what it does later for the requests of now is part of their price.
fn still_cpu_us(pid: u32) -> Result<u64> {
    let started = Instant::now();
    let mut last = proc::cpu_us(pid)?;
    loop {
        std::thread::sleep(STILL);
        let now = proc::cpu_us(pid)?;
        if now == last || started.elapsed() > STILL_LIMIT {
            return Ok(now);
        }
        last = now;
    }
}

/// Memory of a program that has answered one request and is idle, in KiB: resident, proportional.
fn idle_memory(binary: &Path, folder: &Path, backend: &str) -> Result<(u64, u64)> {
    let subject = Subject::gatepost(binary, &folder.join("idle"), backend, "")?;
    still_cpu_us(subject.pid())?;
    proc::memory_kib(subject.pid())
}

/// Median time from the start of the process to the first answer through the proxy, in milliseconds.
fn first_answer(binary: &Path, folder: &Path, backend: &str) -> Result<f64> {
    let starts = (0..STARTS).map(|start| {
        let subject = Subject::gatepost(binary, &folder.join(format!("start-{start}")), backend, "")?;
        Ok(subject.first_answer.as_secs_f64() * 1e3)
    });
    Ok(median(starts.collect::<Result<_>>()?))
}
