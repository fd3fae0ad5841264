//! `cargo xtask tidy`: format, lint, and the house rules that no linter knows.

mod arrows;
mod first_line;
mod generated;
mod names;
mod registry;
mod tiers;
mod walk;

use std::io::IsTerminal;
use std::path::Path;

use anyhow::{Result, bail};

use crate::setup::{self, Need};
use crate::{project, step};

/// What `tidy` takes.
#[derive(clap::Args, Default)]
pub struct Options {
    /// Mends what can be mended: formatting, lint suggestions, generated files.
    #[arg(long)]
    fix: bool,
}

/// One breach of a house rule: where, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Breach {
    /// Path below the root.
    pub file: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Checks everything and reports every breach, not the first alone.
pub fn run(options: &Options) -> Result<()> {
    setup::npm_ci(&project::ui())?;
    if options.fix {
        mend()?;
    }
    let checks: [fn() -> Result<()>; 5] = [house_rules, formatting, console, lints, generated::check];
    let failures: Vec<_> =
        checks.iter().filter_map(|check| check().err()).map(|error| format!("{error:#}")).collect();
    if failures.is_empty() { Ok(()) } else { bail!("{}", failures.join("\n  ")) }
}

fn mend() -> Result<()> {
    let root = project::root();
    project::cargo("Format the Rust code").args(["fmt", "--all"]).dir(&root).run()?;
    project::npm("Format the console", &project::ui()).args(["run", "format"]).run()?;
    crate::codegen::run()
}

fn formatting() -> Result<()> {
    project::cargo("Check the Rust formatting")
        .args(["fmt", "--all", "--check"])
        .dir(&project::root())
        .fix("`cargo xtask tidy --fix` formats.")
        .run()
}

fn console() -> Result<()> {
    let ui = project::ui();
    let colours = if std::io::stdout().is_terminal() { "force" } else { "off" };
    let lint = project::npm("Lint the console", &ui)
        .args(["run", "lint", "--", &format!("--colors={colours}")])
        .fix("`cargo xtask tidy --fix` mends what it can.")
        .run();
    let types = project::npm("Check the console's types", &ui).args(["run", "check"]).run();
    lint.and(types)
}

fn lints() -> Result<()> {
    // The app's own crate compiles with the window's libraries, and with the built console inside.
    setup::install(&[Need::Window])?;
    setup::ui_build()?;
    project::cargo("Lint the Rust code")
        .args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
        .dir(&project::root())
        .run()
}

fn house_rules() -> Result<()> {
    println!("\n{}", step::paint(step::BOLD, "▸ Check the house rules"));
    let breaches = breaches(&project::root())?;
    for breach in &breaches {
        println!("  {}: {}", breach.file, breach.message);
    }
    if breaches.is_empty() {
        Ok(())
    } else {
        bail!("{} breaches of the house rules, listed above", breaches.len())
    }
}

/// Every breach of a rule that can be read off the files.
fn breaches(root: &Path) -> Result<Vec<Breach>> {
    let mut all = first_line::check(root)?;
    all.extend(arrows::check(root)?);
    all.extend(registry::check(root)?);
    all.extend(names::check(root)?);
    all.extend(tiers::check(root)?);
    Ok(all)
}

#[cfg(test)]
mod fixture {
    use std::path::Path;

    /// A small project in a temporary folder: pairs of path and content.
    pub fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).unwrap();
            std::fs::write(path, content).unwrap();
        }
        folder
    }
}
