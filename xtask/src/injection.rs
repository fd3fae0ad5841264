//! `cargo xtask injection`: how many attacks of the corpus injection protection sees, and how many ordinary values it
//! takes for one.

use anyhow::Result;

use crate::project;

/// What `injection` takes.
#[derive(clap::Args)]
pub struct Options {
    /// Prints each value that was judged wrongly too.
    #[arg(long)]
    misses: bool,
}

/// Prints the table; fails where it is not what is promised, or not what the help page quotes.
pub fn run(options: &Options) -> Result<()> {
    let step = project::cargo("Measure injection protection")
        .args([
            "test",
            "--quiet",
            "--package",
            "gatepost-policies",
            "--test",
            "injection_corpus",
            "--",
            "--nocapture",
        ])
        .dir(&project::root());
    if options.misses { step.env("MISSES", "1").run() } else { step.run() }
}
