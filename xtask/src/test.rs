//! `cargo xtask test`: everything CI runs, in one order that builds each thing once.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::counts::Counts;
use crate::setup::{self, Need};
use crate::step::{self, Step};
use crate::{fuzz, headless, project, tidy};

/// How long one file of Node tests may take before it counts as hanging, in ms.
const FILE_ENDS_WITHIN: &str = "--test-timeout=600000";

/// How long the fuzz targets run, all together.
const FUZZ_SECONDS: u64 = 60;

/// Programs of other makers that PyPI carries.
const PYTHON_PEERS: &[&str] = &["grpcio==1.85.1", "websockets==17.4", "xds-protos==1.85.0"];

/// What `test` takes.
#[derive(clap::Args)]
pub struct Options {
    /// Runs some parts alone.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
}

/// The parts of the tests, in the order they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Formatting, lints, types, licences, house rules, and the build without a window.
    Tidy,
    /// Unit and crate tests, in Rust and in the console.
    Unit,
    /// The built program over real sockets.
    E2e,
    /// The built program and programs of other makers.
    Peers,
    /// Broken bytes for everything that reads them from outside.
    Fuzz,
    /// The console in Chromium.
    Browser,
    /// The real window, on a display of its own.
    Window,
}

impl Part {
    const ALL: [Self; 7] =
        [Self::Tidy, Self::Unit, Self::E2e, Self::Peers, Self::Fuzz, Self::Browser, Self::Window];

    fn needs(self) -> &'static [Need] {
        match self {
            Self::Tidy | Self::Unit | Self::Fuzz => &[Need::Window],
            Self::E2e => &[Need::Window, Need::Journeys],
            Self::Peers => &[Need::Window, Need::Browser, Need::Journeys, Need::TestPeers],
            Self::Browser => &[Need::Window, Need::Browser],
            Self::Window => &[Need::Window, Need::Browser, Need::WindowTests],
        }
    }

    fn run(self, home: &Path) -> Result<Counts> {
        match self {
            Self::Tidy => {
                tidy::run(&tidy::Options::default())?;
                dependencies()?;
                headless::check().map(|()| Counts::default())
            }
            Self::Unit => Ok(console(home)? + rust("Test the crates", home, Rust::Crates)?),
            Self::E2e => rust("Test the built program", home, Rust::EndToEnd),
            Self::Peers => peers(home),
            Self::Fuzz => fuzz::all(FUZZ_SECONDS, &[]),
            Self::Browser => node("Test the console in Chromium", home, "browser", &[], &[]),
            Self::Window => node("Test the window", home, "window", &display(home), &[]),
        }
    }
}

/// A private display and a private session bus around a command. The display keeps its picture in a file below `home`.
fn display(home: &Path) -> Vec<String> {
    let screen = format!("-screen 0 1280x800x24 -nolisten tcp -fbdir {}", home.display());
    ["xvfb-run", "-a", "-s", &screen, "dbus-run-session", "--"].map(str::to_owned).to_vec()
}

/// Runs the parts, all of them even when one fails, and sums up.
pub fn run(options: &Options) -> Result<()> {
    let started = std::time::Instant::now();
    let parts: Vec<_> =
        Part::ALL.into_iter().filter(|part| options.only.is_empty() || options.only.contains(part)).collect();
    // Nothing that a test starts may find its user's own data.
    let home = tempfile::tempdir().context("cannot make a temporary folder")?;

    setup::install(&parts.iter().flat_map(|part| part.needs()).copied().collect::<Vec<_>>())?;
    setup::npm_ci(&project::ui())?;
    if parts.iter().any(|part| matches!(part, Part::Peers | Part::Browser | Part::Window)) {
        setup::npm_ci(&project::tests())?;
    }
    setup::ui_build()?;

    let mut total = Counts::default();
    let mut failures = Vec::new();
    for part in parts {
        match part.run(home.path()) {
            Ok(counts) => {
                total = total + counts;
                if counts.failed > 0 {
                    failures.push(format!("{part:?}: {} tests failed", counts.failed));
                }
            }
            Err(error) => failures.push(format!("{part:?}: {error:#}")),
        }
    }
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    for failure in &failures {
        println!("\n{} {failure}", step::paint(step::RED, "✗"));
    }
    println!("\n{} passed, {} failed in {minutes:.1} min", total.passed, total.failed);
    if failures.is_empty() { Ok(()) } else { bail!("{} of the parts failed, listed above", failures.len()) }
}

/// A step that cannot reach its user's own data folder.
fn away_from_home(step: Step, home: &Path) -> Step {
    step.env("GATEPOST_DATA_DIR", home.join("data"))
}

fn console(home: &Path) -> Result<Counts> {
    away_from_home(project::npm("Test the console's parts", &project::ui()), home)
        .args(["run", "test"])
        .tests()
}

/// Which of the Rust tests.
enum Rust {
    Crates,
    EndToEnd,
}

/// Through nextest where it is installed, else through cargo itself; both of the whole workspace, so that
/// every crate is built once and with the same features.
fn rust(what: &str, home: &Path, which: Rust) -> Result<Counts> {
    let nextest = project::program(&["cargo-nextest"]).is_some();
    let arguments: &[&str] = match (which, nextest) {
        (Rust::Crates, true) => &["nextest", "run", "--workspace", "--no-fail-fast", "-E", "not binary(e2e)"],
        (Rust::EndToEnd, true) => &["nextest", "run", "--workspace", "--no-fail-fast", "-E", "binary(e2e)"],
        (Rust::Crates, false) => &["test", "--workspace", "--no-fail-fast", "--exclude", "gatepost"],
        (Rust::EndToEnd, false) => &["test", "--workspace", "--no-fail-fast", "--test", "e2e"],
    };
    away_from_home(project::cargo(what), home).args(arguments).dir(&project::root()).tests()
}

/// Programs of other makers, some of which speak Python.
fn peers(home: &Path) -> Result<Counts> {
    let python = setup::pip_install(&project::target()?.join("peers"), PYTHON_PEERS)?;
    let python = [("GATEPOST_PEERS_PYTHON", python.as_path())];
    node("Test with programs of other makers", home, "peers", &[], &python)
}

/// Runs a folder of tests/ by Node's own runner against the built program, inside what `around` puts about it.
fn node(what: &str, home: &Path, folder: &str, around: &[String], more: &[(&str, &Path)]) -> Result<Counts> {
    project::cargo("Build Gatepost").args(["build", "--bins"]).dir(&project::root()).run()?;
    let binary = project::gatepost("debug")?;
    let files = test_files(&project::tests().join(folder))?;
    let step = match around.split_first() {
        Some((program, before)) => Step::new(what, program).args(before).arg("node"),
        None => Step::new(what, "node"),
    };
    let step = more.iter().fold(step, |step, (name, path)| step.env(name, path));
    away_from_home(step, home)
        .args(["--test", "--test-reporter=spec", "--test-concurrency=1", FILE_ENDS_WITHIN])
        .args(files)
        .env("GATEPOST_BIN", binary)
        .env("GATEPOST_FRAMEBUFFER", home.join("Xvfb_screen0"))
        .dir(&project::tests())
        .tests()
}

fn test_files(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    files.sort();
    Ok(files)
}

/// Licences, sources and bans, where cargo-deny is installed.
fn dependencies() -> Result<()> {
    if project::program(&["cargo-deny"]).is_none() {
        println!("\ncargo-deny is not installed: licences and bans (deny.toml) go unchecked here.");
        return Ok(());
    }
    project::cargo("Check licences, sources and bans")
        .args(["deny", "--offline", "check", "licenses", "bans", "sources"])
        .dir(&project::root())
        .run()
}
