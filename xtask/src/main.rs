//! The project's own commands: run, test, fuzz, injection, bench, tidy, codegen. Start them with `cargo xtask <command>`.

// A command line talks to its user through standard output; nothing here is part of the product.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod codegen;
mod counts;
mod fuzz;
mod headless;
mod injection;
mod project;
mod run;
mod setup;
mod step;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs what is missing and opens the app; without a display it serves, and prints the console's address.
    Run(run::Options),
    /// Installs what is missing and runs everything CI runs.
    Test(test::Options),
    /// Feeds broken bytes to everything that reads them from outside.
    Fuzz(fuzz::Options),
    /// Formats, lints and checks the house rules.
    Tidy(tidy::Options),
    /// Writes what is generated from the code: the description of the management API, the console's types, the policies.
    Codegen,
    /// Counts the attacks that injection protection sees, and its false alarms.
    Injection(injection::Options),
    /// Measures CPU, latency, memory, start-up and saves, beside every peer that is installed.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    step::end_children_on_signals();
    match act(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n{} {error:#}", step::paint(step::RED, "✗"));
            ExitCode::FAILURE
        }
    }
}

fn act(command: Command) -> Result<()> {
    match command {
        Command::Run(options) => run::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Tidy(options) => tidy::run(&options),
        Command::Codegen => codegen::run(),
        Command::Injection(options) => injection::run(&options),
        Command::Bench(options) => bench::run(&options),
    }
}
