//! Gatepost: opens the window, or serves without one.

mod assets;
mod check;
mod cli;
mod config_file;
mod demo;
mod open;
mod serve;

use std::process::ExitCode;

use clap::Parser;
use gatepost_app::log;

use crate::cli::{Command, Gatepost};

/// A call's memory is taken by a data-plane thread and given back by the recorder's: the system's allocator pays for
/// that with locks, a tenth of what a call costs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    log::start();
    let arguments = Gatepost::parse();
    let done = match arguments.command {
        Some(Command::Serve(serve)) => serve::run(serve),
        Some(Command::Check { files }) => return check::run(&files),
        Some(Command::Demo { port }) => demo::run(port),
        None => open::window(arguments.data_dir),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::say_error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
