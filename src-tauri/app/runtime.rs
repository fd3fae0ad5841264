//! The threads of everything but the data plane: the management API, the tester, the sample API.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context;
use gatepost_control::{Control, Options};
use tokio::runtime::{Builder, Runtime};

/// Two threads are plenty: none of this is on the way of a request.
pub fn build() -> anyhow::Result<Runtime> {
    let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("control").enable_all().build();
    runtime.context("The program cannot start its threads")
}

/// One data-plane thread a core, unless told otherwise.
pub fn workers(given: Option<u16>) -> NonZeroUsize {
    given
        .and_then(|count| NonZeroUsize::new(count.into()))
        .or_else(|| std::thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

/// Opens the data folder and starts the gateway.
pub fn open(data_dir: PathBuf, workers: NonZeroUsize, headless: bool) -> anyhow::Result<Control> {
    Ok(Control::open(Options { data_dir, workers, headless })?)
}
