//! The threads of everything but the data plane: the management API, the tester, the sample API.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Context;
use gatepost_control::file::{Document, MAX_FILE, check};
use gatepost_control::{Control, Options, file};
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

/// Puts a configuration file in force.
pub async fn apply_file(control: &Control, path: &Path) -> anyhow::Result<()> {
    let document = read_file(path)?;
    let checked = document.and_then(|document| check(&document, gatepost_policies::KINDS));
    let checked = checked.map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(|located| fault_line(path, located)).collect();
        anyhow::anyhow!("{} is not valid, so nothing was changed:\n{}", path.display(), lines.join("\n"))
    })?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    file::apply(control, checked, &name)
        .await
        .with_context(|| format!("{} cannot be applied", path.display()))?;
    Ok(())
}

/// Reads and parses a file; the outer error is about reading it, the inner one about what stands in it.
#[allow(clippy::type_complexity)]
pub fn read_file(path: &Path) -> anyhow::Result<Result<Document, Vec<file::LocatedFault>>> {
    let size = std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len();
    anyhow::ensure!(size <= MAX_FILE as u64, "{} is over {} MiB", path.display(), MAX_FILE >> 20);
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(Document::parse(&text, &|name| std::env::var(name).ok()))
}

/// `gatepost.yaml:12: apis[0].upstream.url: ...`, as editors and terminals link it.
pub fn fault_line(path: &Path, located: &file::LocatedFault) -> String {
    format!("{}:{}: {}", path.display(), located.line, located.fault)
}
