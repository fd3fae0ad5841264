//! What the program says: results on standard output, everything else on standard error.

use std::io::Write as _;

use tracing_subscriber::EnvFilter;

/// Log lines go to standard error; `GATEPOST_LOG` sets what is logged (default `warn`).
pub fn start() {
    let filter = EnvFilter::try_from_env("GATEPOST_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
}

/// A line of result, at once: scripts wait for it.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody reading is no reason to stop.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// A line about what went wrong.
pub fn say_error(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "gatepost: {line}");
}
