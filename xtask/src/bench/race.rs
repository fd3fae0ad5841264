//! Programs under the same load, taking turns, so that whatever else the machine does falls on all of them alike.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use super::finding::{Finding, Series, median};
use super::gatepost::Gatepost;
use super::ground::Ground;
use super::load::{Call, Load, Tool};
use super::peer::Peer;
use super::proc;
use super::seed::Seeded;
use super::subject::{Front, Subject};

/// How long the load before the first measurement lasts, in seconds.
const WARM_UP_SECONDS: u32 = 1;
/// Connections that a program in a race must be able to hold.
const CONNECTIONS: u32 = 1024;

/// What counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// CPU per request, user and system, all threads, what is done afterwards included.
    Cpu,
    /// The 99th percentile of latency.
    P99,
}

/// A race. The first entrant is ours, and the one that is judged.
pub struct Race {
    pub measure: Measure,
    pub tool: Tool,
    pub front: Front,
    pub entrants: Vec<Entrant>,
}

/// One that takes part, and what its callers ask.
pub struct Entrant {
    pub name: &'static str,
    pub who: Who,
    pub call: Call,
}

/// Who takes part.
pub enum Who {
    Peer(&'static Peer),
    Gatepost(Gatepost),
    Seeded(Seeded),
    /// The data folder with 10,000 APIs and 100,000 client apps.
    Many,
}

impl Entrant {
    pub fn peer(peer: &'static Peer, call: &Call) -> Self {
        Self { name: peer.name, who: Who::Peer(peer), call: call.clone() }
    }

    pub fn gatepost(name: &'static str, gatepost: Gatepost, call: Call) -> Self {
        Self { name, who: Who::Gatepost(gatepost), call }
    }

    /// None when it is not installed.
    fn start(&self, ground: &Ground) -> Result<Option<Subject>> {
        match &self.who {
            Who::Peer(peer) => peer.start(ground, CONNECTIONS),
            Who::Gatepost(gatepost) => gatepost.start(ground).map(Some),
            Who::Seeded(seeded) => seeded.start(ground, None).map(Some),
            Who::Many => ground.many()?.start(ground, None).map(Some),
        }
    }
}

/// An entrant that was started.
struct Runner<'a> {
    entrant: &'a Entrant,
    /// None once it is left out.
    subject: Option<Subject>,
    samples: Vec<Sample>,
}

/// One measurement of one program.
struct Sample {
    cpu_us: f64,
    load: Load,
}

impl Race {
    /// Runs the rounds. A peer that cannot take part is left out; when one of ours cannot, there is no race.
    pub fn run(&self, ground: &Ground) -> Result<Finding> {
        let mut left_out = Vec::new();
        let mut runners = Vec::new();
        for entrant in &self.entrants {
            match self.warm_up(entrant, ground) {
                Ok(Some(subject)) => {
                    runners.push(Runner { entrant, subject: Some(subject), samples: Vec::new() });
                }
                Ok(None) => left_out.push(format!("{} is not installed", entrant.name)),
                Err(error) => self.excuse(entrant, error, &mut left_out)?,
            }
        }
        for round in 0..ground.rounds as usize {
            for turn in 0..runners.len() {
                let which = (round + turn) % runners.len();
                let Runner { entrant, subject, samples } = &mut runners[which];
                let Some(running) = subject else { continue };
                match self.sample(running, entrant, ground.seconds) {
                    Ok(sample) => {
                        println!("  {}", line(round, entrant.name, &sample));
                        samples.push(sample);
                    }
                    Err(error) => {
                        self.excuse(entrant, error, &mut left_out)?;
                        *subject = None;
                    }
                }
            }
        }
        let series =
            runners.iter().filter(|runner| runner.subject.is_some()).map(|runner| self.series(runner));
        Ok(Finding { unit: self.measure.unit(), series: series.collect(), left_out })
    }

    fn warm_up(&self, entrant: &Entrant, ground: &Ground) -> Result<Option<Subject>> {
        let Some(subject) = entrant.start(ground)? else { return Ok(None) };
        self.tool.run(&subject, self.front, &entrant.call, WARM_UP_SECONDS)?;
        Ok(Some(subject))
    }

    /// Notes why a peer is left out.
    fn excuse(&self, entrant: &Entrant, error: anyhow::Error, left_out: &mut Vec<String>) -> Result<()> {
        if !matches!(entrant.who, Who::Peer(_)) {
            return Err(error).with_context(|| entrant.name.to_owned());
        }
        let word = format!("{}: {error:#}", entrant.name);
        println!("  left out: {word}");
        left_out.push(word);
        Ok(())
    }

    fn sample(&self, subject: &Subject, entrant: &Entrant, seconds: u32) -> Result<Sample> {
        let pid = subject.pid();
        let before = proc::cpu_us(pid)?;
        let load = self.tool.run(subject, self.front, &entrant.call, seconds)?;
        let after = proc::still_cpu_us(pid)?;
        if after <= before {
            bail!("took no time that the kernel counted; measure longer");
        }
        Ok(Sample { cpu_us: (after - before) as f64 / load.requests as f64, load })
    }

    fn series(&self, runner: &Runner<'_>) -> Series {
        let of =
            |value: fn(&Sample) -> Option<f64>| runner.samples.iter().filter_map(value).collect::<Vec<_>>();
        let seen = [
            ("cpu_us", of(|sample| Some(sample.cpu_us))),
            ("requests_per_second", of(|sample| Some(sample.load.per_second))),
            ("p50_us", of(|sample| sample.load.p50_us)),
            ("p99_us", of(|sample| sample.load.p99_us)),
        ];
        let values = match self.measure {
            Measure::Cpu => seen[0].1.clone(),
            Measure::P99 => seen[3].1.clone(),
        };
        let also: BTreeMap<_, _> = seen
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(name, values)| (name, median(values)))
            .collect();
        Series { also, ..Series::new(runner.entrant.name, values) }
    }
}

impl Measure {
    fn unit(self) -> &'static str {
        match self {
            Self::Cpu => "µs CPU a request",
            Self::P99 => "µs p99",
        }
    }
}

fn line(round: usize, name: &str, sample: &Sample) -> String {
    let p99 = sample.load.p99_us.map(|p99| format!(", p99 {p99:.0} µs")).unwrap_or_default();
    format!(
        "round {}  {name:<24} {:7.1} µs of CPU a request, {:7.0} a second{p99}",
        round + 1,
        sample.cpu_us,
        sample.load.per_second
    )
}
