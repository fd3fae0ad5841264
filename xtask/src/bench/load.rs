//! Load from wrk: 32 connections that stay open, one request after the other on each.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::project;

/// Connections that wrk keeps open.
pub const CONNECTIONS: u32 = 32;

/// What came of one load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    pub requests: u64,
    pub per_second: f64,
    pub p99_us: f64,
}

/// Loads an address; every answer must be a success, else the comparison is worth nothing.
pub fn run(url: &str, headers: &[&str], seconds: u32) -> Result<Load> {
    let wrk = project::program(&["wrk"]).context("wrk is missing")?;
    let mut command = Command::new(wrk);
    command.args(["--threads", "1", "--connections", &CONNECTIONS.to_string()]);
    command.args(["--duration", &format!("{seconds}s"), "--latency"]);
    for header in headers {
        command.args(["--header", header]);
    }
    let output = command.arg(url).output().context("cannot start wrk")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || text.contains("Non-2xx") || text.contains("Socket errors") {
        bail!("wrk on {url} met failures:\n{text}{}", String::from_utf8_lossy(&output.stderr));
    }
    parse(&text).with_context(|| format!("cannot read what wrk printed:\n{text}"))
}

fn parse(text: &str) -> Option<Load> {
    let words = |marker: &str| {
        text.lines()
            .find(|line| line.contains(marker))
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
    };
    Some(Load {
        requests: words("requests in")?.first()?.parse().ok()?,
        per_second: words("Requests/sec:")?.get(1)?.parse().ok()?,
        p99_us: microseconds(words("99%")?.get(1)?)?,
    })
}

/// wrk's times: `310.00us`, `1.25ms`, `2.00s`.
fn microseconds(time: &str) -> Option<f64> {
    let (number, factor) = match time {
        _ if time.ends_with("us") => (time.strip_suffix("us")?, 1.0),
        _ if time.ends_with("ms") => (time.strip_suffix("ms")?, 1e3),
        _ => (time.strip_suffix('s')?, 1e6),
    };
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_wrk_prints() {
        let text = "  Latency Distribution\n     50%  310.00us\n     99%    1.25ms\n  200123 requests in 4.00s, 240.00MB read\nRequests/sec:  50030.75\n";
        assert_eq!(parse(text), Some(Load { requests: 200_123, per_second: 50_030.75, p99_us: 1250.0 }));
        assert_eq!(parse("unable to connect"), None);
        assert_eq!(microseconds("2.00s"), Some(2e6));
    }
}
