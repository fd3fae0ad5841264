//! `gatepost` without a command: starts the window, which is a program of its own beside this one. So a server never
//! loads the desktop's libraries, which cost memory and start-up time even where nothing uses them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// The window's program, in the same folder as this one.
const WINDOW: &str = if cfg!(windows) { "gatepost-window.exe" } else { "gatepost-window" };

/// Opens the window; comes back when it is closed, or not at all where this process becomes it.
pub fn window(data_dir: Option<PathBuf>) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("This program cannot be found")?.with_file_name(WINDOW);
    if !program.exists() {
        bail!("This installation has no window; run `gatepost serve` and open the address it prints");
    }
    let mut command = Command::new(&program);
    if let Some(data_dir) = data_dir {
        command.arg("--data-dir").arg(data_dir);
    }
    prefer_software_rendering(&mut command);
    become_it(command, &program)
}

#[cfg(unix)]
fn become_it(mut command: Command, program: &Path) -> anyhow::Result<()> {
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    Err(error).with_context(|| format!("{} cannot be started", program.display()))
}

#[cfg(not(unix))]
fn become_it(mut command: Command, program: &Path) -> anyhow::Result<()> {
    let ended = command.status().with_context(|| format!("{} cannot be started", program.display()))?;
    anyhow::ensure!(ended.success(), "The window ended with {ended}");
    Ok(())
}

/// Without a GPU, WebKitGTK's accelerated compositing runs in software and halves the frame rate; with one it doubles
/// it. What the user has set stays.
fn prefer_software_rendering(command: &mut Command) {
    const SWITCH: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";
    let has_gpu = std::fs::read_dir("/dev/dri").is_ok_and(|devices| {
        devices.flatten().any(|device| device.file_name().to_string_lossy().starts_with("renderD"))
    });
    if cfg!(target_os = "linux") && !has_gpu && std::env::var_os(SWITCH).is_none() {
        command.env(SWITCH, "1");
    }
}
