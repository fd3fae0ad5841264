//! A program that makes load: run within a time, its output read.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{project, step};

/// What a tool may take beyond the time it was given.
const GRACE: Duration = Duration::from_secs(20);

/// The command of a tool that must be there.
pub fn command(name: &str) -> Result<Command> {
    Ok(Command::new(project::program(&[name]).with_context(|| format!("{name} is missing"))?))
}

/// Runs a tool that prints little, and gives what it printed.
pub fn output(mut command: Command, seconds: u32) -> Result<String> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = step::start_in_group(&mut command)?;
    let limit = Duration::from_secs(seconds.into()) + GRACE;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begun.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            step::end_group(child.id());
            bail!("{:?} did not end", command.get_program());
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    step::end_group(child.id());
    let mut text = String::new();
    child.stdout.take().context("no output")?.read_to_string(&mut text)?;
    if !status.success() {
        child.stderr.take().context("no output")?.read_to_string(&mut text)?;
        bail!("{:?} failed ({status}): {}", command.get_program(), text.trim());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tool_prints_is_given_and_a_failure_quoted() {
        let shell = |script: &str| {
            let mut command = command("sh").unwrap();
            command.args(["-c", script]);
            output(command, 5)
        };
        assert_eq!(shell("echo well").unwrap(), "well\n");
        assert!(shell("echo broken >&2; exit 1").unwrap_err().to_string().contains("broken"));
        assert!(command("no-such-program-anywhere").is_err());
    }
}
