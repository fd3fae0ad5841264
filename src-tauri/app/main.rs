//! Gatepost: opens the window, or serves without one.

// No console window beside ours on Windows.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod assets;
mod check;
mod cli;
mod demo;
mod log;
mod runtime;
mod serve;
#[cfg(feature = "window")]
mod window;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Command, Gatepost};

fn main() -> ExitCode {
    log::start();
    let arguments = Gatepost::parse();
    let done = match arguments.command {
        Some(Command::Serve(serve)) => serve::run(serve),
        Some(Command::Check { files }) => return check::run(&files),
        Some(Command::Demo { port }) => demo::run(port),
        None => open_window(arguments.data_dir),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::say_error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[cfg(feature = "window")]
fn open_window(data_dir: Option<std::path::PathBuf>) -> anyhow::Result<()> {
    window::run(cli::data_dir(data_dir)?)
}

#[cfg(not(feature = "window"))]
fn open_window(_: Option<std::path::PathBuf>) -> anyhow::Result<()> {
    anyhow::bail!("This build has no window; run `gatepost serve` and open the address it prints")
}
