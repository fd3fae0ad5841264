//! `cargo xtask bench`: CPU per request, memory and start-up, beside nginx in the same run.

#[cfg(target_os = "linux")]
mod load;
#[cfg(target_os = "linux")]
mod proc;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod rounds;
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
    /// Fails when the median ratio of Gatepost's CPU per request to nginx's is above this.
    #[arg(long)]
    at_most: Option<f64>,
}

/// Measures, prints one table, and writes it to `target/bench/` as Markdown and JSON.
#[cfg(target_os = "linux")]
pub fn run(options: &Options) -> Result<()> {
    use crate::setup::{self, Need};
    use crate::{project, step};

    setup::install(&[Need::Bench])?;
    setup::npm_ci(&project::ui())?;
    setup::ui_build()?;
    project::cargo("Build the release without a window")
        .args(["build", "--release", "--no-default-features", "--bin", "gatepost"])
        .dir(&project::root())
        .run()?;
    let folder = tempfile::tempdir()?;
    println!("\n{}", step::paint(step::BOLD, "▸ Measure"));
    let results = rounds::measure(&project::gatepost("release")?, folder.path(), options)?;
    let table = report::markdown(&results);
    println!("\n{table}");
    report::write(&project::target()?.join("bench"), &results, &table)?;
    match options.at_most {
        Some(most) if results.ratio > most => {
            anyhow::bail!("{:.2} times nginx's CPU, more than {most}", results.ratio)
        }
        _ => Ok(()),
    }
}

/// Only Linux tells a process's times the way that this reads them.
#[cfg(not(target_os = "linux"))]
pub fn run(_options: &Options) -> Result<()> {
    anyhow::bail!("cargo xtask bench reads process times from /proc and runs on Linux only")
}
