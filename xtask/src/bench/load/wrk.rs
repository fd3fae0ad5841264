//! wrk: HTTP/1.1 on connections that stay open, one request after the other on each.

use std::io::Write;

use anyhow::{Context, Result, bail};

use super::{CONNECTIONS, Call, Load, tool};

pub fn run(url: &str, call: &Call, seconds: u32) -> Result<Load> {
    let mut command = tool::command("wrk")?;
    command.args(["--threads", "1", "--connections", &CONNECTIONS.to_string()]);
    command.args(["--duration", &format!("{seconds}s"), "--timeout", "10s", "--latency"]);
    for header in &call.headers {
        command.args(["--header", header]);
    }
    let script = script(call).map(|text| -> Result<_> {
        let mut file = tempfile::Builder::new().suffix(".lua").tempfile()?;
        file.write_all(text.as_bytes())?;
        Ok(file)
    });
    let script = script.transpose()?;
    if let Some(file) = &script {
        command.arg("--script").arg(file.path());
    }
    command.arg(url);
    let text = tool::output(command, seconds)?;
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        bail!("wrk on {url} met failures: {}", failures(&text));
    }
    parse(&text).with_context(|| format!("cannot read what wrk printed:\n{text}"))
}

fn script(call: &Call) -> Option<String> {
    let post = || format!("wrk.method = 'POST'\nwrk.body = string.rep('x', {})\n", call.body);
    call.script.clone().or_else(|| (call.body > 0).then(post))
}

fn failures(text: &str) -> String {
    let lines = text.lines().filter(|line| line.contains("Non-2xx") || line.contains("Socket errors"));
    lines.map(str::trim).collect::<Vec<_>>().join("; ")
}

fn parse(text: &str) -> Option<Load> {
    let words = |marker: &str| {
        text.lines()
            .find(|line| line.contains(marker))
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
    };
    let percentile = |marker: &str| microseconds(words(marker)?.get(1)?);
    Some(Load {
        requests: words("requests in")?.first()?.parse().ok().filter(|requests| *requests > 0)?,
        per_second: words("Requests/sec:")?.get(1)?.parse().ok()?,
        p50_us: percentile("50%"),
        p99_us: percentile("99%"),
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
        let load =
            Load { requests: 200_123, per_second: 50_030.75, p50_us: Some(310.0), p99_us: Some(1250.0) };
        assert_eq!(parse(text), Some(load));
        assert_eq!(parse("unable to connect"), None);
        assert_eq!(parse(&text.replace("200123", "0")), None, "a load without a request measures nothing");
        assert_eq!(microseconds("2.00s"), Some(2e6));
    }

    #[test]
    fn only_what_needs_a_script_has_one() {
        assert_eq!(script(&Call::get("/")), None);
        assert!(script(&Call::post("/", 10)).unwrap().contains("string.rep('x', 10)"));
    }

    #[test]
    fn failures_are_quoted() {
        let text = "Running\n  Socket errors: connect 0, read 3, write 0, timeout 0\n  Non-2xx or 3xx responses: 5\n";
        assert_eq!(
            failures(text),
            "Socket errors: connect 0, read 3, write 0, timeout 0; Non-2xx or 3xx responses: 5"
        );
    }
}
