//! `cargo xtask bench`: CPU per request, memory and start-up, beside nginx in the same run.

use anyhow::Result;

/// What `bench` takes.
#[derive(clap::Args)]
pub struct Options {}

/// Measures and prints.
pub fn run(_options: &Options) -> Result<()> {
    anyhow::bail!("not yet")
}
