//! `gatepost check`: every fault of configuration files with its line and field.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gatepost_app::log::{say, say_error};

use crate::config_file::{fault_line, read, warning_line};

/// Exit 0 when nothing is wrong, else 1.
pub fn run(files: &[PathBuf]) -> ExitCode {
    let faults: usize = files.iter().map(|file| check_one(file)).sum();
    if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says the file's faults, or that it has none; how many there are.
fn check_one(path: &Path) -> usize {
    let checked = match read(path) {
        Ok(checked) => checked,
        Err(error) => {
            say_error(&format!("{error:#}"));
            return 1;
        }
    };
    match checked {
        Ok(file) => {
            for located in &file.warnings {
                say(&warning_line(path, located));
            }
            let (apis, clients, contracts) = (file.apis.len(), file.clients.len(), file.contracts.len());
            say(&format!("{}: valid: {apis} APIs, {clients} clients, {contracts} contracts", path.display()));
            0
        }
        Err(faults) => {
            for located in &faults {
                say(&fault_line(path, located));
            }
            let plural = if faults.len() == 1 { "" } else { "s" };
            say(&format!("{}: {} fault{plural}", path.display(), faults.len()));
            faults.len()
        }
    }
}
