//! `cargo xtask run`: from a fresh clone to the open app.

use anyhow::Result;

use crate::setup::{self, Need};
use crate::{project, step};

/// What `run` takes.
#[derive(clap::Args)]
pub struct Options {
    /// Passed on to `gatepost`, after `--`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Sets up, builds and starts. A machine without a display gets the program without the window, which needs no WebKit.
pub fn run(options: &Options) -> Result<()> {
    let window = has_display();
    if window {
        setup::install(&[Need::Window])?;
    } else {
        println!("There is no display: Gatepost serves without a window.");
    }
    setup::npm_ci(&project::ui())?;
    setup::ui_build()?;

    let features: &[&str] = if window { &[] } else { &["--no-default-features"] };
    project::cargo("Build Gatepost").args(["build", "--bins"]).args(features).dir(&project::root()).run()?;

    let serve = (!window && options.arguments.is_empty()).then_some("serve");
    println!("\n{} starts. Ctrl-C ends it.", step::paint(step::BOLD, "Gatepost"));
    project::cargo("Run Gatepost")
        .args(["run", "--quiet", "--bin", "gatepost"])
        .args(features)
        .arg("--")
        .args(serve)
        .args(&options.arguments)
        .foreground()
        .run()
}

fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
