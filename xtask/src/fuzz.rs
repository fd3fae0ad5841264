//! `cargo xtask fuzz`: feeds broken bytes to everything that reads them from outside, for a bounded time.
//!
//! The targets in fuzz/ are those of `cargo fuzz`, which runs them too. Here they are built by cargo alone, with the
//! compiler that the project has: the counters that libFuzzer steers by need no sanitizer, and what the sanitizers
//! look for needs `unsafe`, which the project does not have.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::counts::Counts;
use crate::project;
use crate::step::{self, Step};

/// What `fuzz` takes.
#[derive(clap::Args)]
pub struct Options {
    /// How long, over all targets.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Runs some targets alone.
    #[arg(long)]
    target: Vec<String>,
}

/// Makes every branch tell libFuzzer that it was taken, and what was compared. The same that `cargo fuzz` asks for.
const COVERAGE: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Longest input, in bytes: enough for a head with a long line in it.
const MAX_INPUT: u32 = 16 * 1_024;
/// Longest that one input may take, in seconds, and the most memory of a target, in MB.
const MAX_SECONDS: u32 = 10;
const MAX_MEMORY: u32 = 1_024;

/// Runs until the time is over, and fails when a target broke.
pub fn run(options: &Options) -> Result<()> {
    let counts = all(options.minutes * 60, &options.target)?;
    if counts.failed > 0 { bail!("{} of the targets broke, listed above", counts.failed) } else { Ok(()) }
}

/// Builds the targets and runs each for its share of `seconds`; a target that holds is a test that passed.
pub fn all(seconds: u64, only: &[String]) -> Result<Counts> {
    let folder = project::root().join("fuzz");
    let mut targets = targets(&folder)?;
    if let Some(unknown) = only.iter().find(|name| !targets.contains(name)) {
        bail!("there is no target {unknown}; there are {}", targets.join(", "));
    }
    targets.retain(|target| only.is_empty() || only.contains(target));
    let out = project::target()?.join("fuzz");
    let programs = build(&folder, &out)?;
    let share = (seconds / targets.len().max(1) as u64).max(1);
    let mut counts = Counts::default();
    for target in &targets {
        match run_one(target, &programs, &folder, &out, share) {
            Ok(()) => counts.passed += 1,
            Err(error) => {
                println!("{} {error:#}", step::paint(step::RED, "✗"));
                counts.failed += 1;
            }
        }
    }
    Ok(counts)
}

/// Their names: one a file.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let folder = folder.join("fuzz_targets");
    let files = std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names: Vec<_> = files
        .flatten()
        .filter_map(|file| file.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
        .collect();
    names.sort();
    Ok(names)
}

/// Builds all of them; where they are then.
fn build(folder: &Path, out: &Path) -> Result<PathBuf> {
    if cfg!(windows) {
        bail!("the fuzz targets run on Linux and macOS");
    }
    let host = host()?;
    // The versions that the product has, and none newer.
    let lock = "Cargo.lock";
    std::fs::copy(project::root().join(lock), folder.join(lock))
        .context("cannot copy Cargo.lock to fuzz/")?;
    project::cargo("Build the fuzz targets")
        .args(["build", "--release", "--target", &host])
        .env("CARGO_TARGET_DIR", out)
        // Only with a target named do build scripts stay without the counters.
        .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\x1f"))
        .dir(folder)
        .run()?;
    Ok(out.join(host).join("release"))
}

/// The machine's own target, as rustc calls it.
fn host() -> Result<String> {
    let said = Step::new("Ask rustc for its target", "rustc").arg("-vV").output()?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say what it runs on")
}

fn run_one(target: &str, programs: &Path, folder: &Path, out: &Path, seconds: u64) -> Result<()> {
    let (grown, broke) = (out.join("corpus").join(target), out.join("artifacts").join(target));
    for made in [&grown, &broke] {
        std::fs::create_dir_all(made).with_context(|| format!("cannot make {}", made.display()))?;
    }
    let prefix = format!("{}/", broke.display());
    Step::new(&format!("Fuzz {target} for {seconds} s"), programs.join(target))
        .args([&grown, &folder.join("seeds").join(target)])
        .args([
            format!("-max_total_time={seconds}"),
            format!("-max_len={MAX_INPUT}"),
            format!("-timeout={MAX_SECONDS}"),
            format!("-rss_limit_mb={MAX_MEMORY}"),
            format!("-artifact_prefix={prefix}"),
            "-verbosity=0".into(),
            "-print_final_stats=1".into(),
        ])
        .fix(format!("The input that broke it is in {prefix}; run {target} with that file to see it again."))
        .run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_seeds_and_a_place_in_the_manifest() {
        let folder = project::root().join("fuzz");
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let targets = targets(&folder).unwrap();
        assert!(!targets.is_empty());
        for target in targets {
            let seeds = std::fs::read_dir(folder.join("seeds").join(&target)).map_or(0, Iterator::count);
            assert!(seeds > 0, "{target} has no seeds");
            assert!(
                manifest.contains(&format!("fuzz_targets/{target}.rs")),
                "{target} is not in the manifest"
            );
        }
    }
}
