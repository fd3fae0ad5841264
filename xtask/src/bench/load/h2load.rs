//! h2load: HTTP/2 with several requests at once on each connection; TLS with ALPN, or without TLS by prior knowledge.

use anyhow::{Context, Result, bail};

use super::{Call, H2_CONNECTIONS, H2_STREAMS, Load, tool};

pub fn run(url: &str, call: &Call, seconds: u32) -> Result<Load> {
    let mut command = tool::command("h2load")?;
    command.args(["--threads", "1", "--clients", &H2_CONNECTIONS.to_string()]);
    command.args(["--max-concurrent-streams", &H2_STREAMS.to_string(), "--duration", &seconds.to_string()]);
    command.args(["--connection-inactivity-timeout", "10"]);
    for header in &call.headers {
        command.args(["--header", header]);
    }
    command.arg(url);
    let text = tool::output(command, seconds)?;
    if !speaks_http2(&text) {
        bail!("{url} does not speak HTTP/2");
    }
    let counts = parse(&text).with_context(|| format!("cannot read what h2load printed:\n{text}"))?;
    if counts.requests == 0 || counts.not_2xx > 0 || counts.failed > 0 {
        let Counts { requests, failed, not_2xx, .. } = counts;
        bail!("h2load on {url} met failures: {requests} successes, {failed} failed, {not_2xx} not 2xx");
    }
    Ok(Load { requests: counts.requests, per_second: counts.per_second, p50_us: None, p99_us: None })
}

/// Over TLS h2load is content with HTTP/1.1 where nothing better is offered, and without TLS it tells what it tried.
fn speaks_http2(text: &str) -> bool {
    text.lines().any(|line| matches!(line.trim(), "Application protocol: h2" | "Application protocol: h2c"))
}

#[derive(Debug, PartialEq)]
struct Counts {
    requests: u64,
    failed: u64,
    not_2xx: u64,
    per_second: f64,
}

/// Requests under way at the end of the time are not counted by h2load, on either side.
fn parse(text: &str) -> Option<Counts> {
    let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
    let before = |line: &str, word: &str| -> Option<u64> {
        line.split(',').find(|part| part.trim_end().ends_with(word))?.split_whitespace().next()?.parse().ok()
    };
    let (requests, codes) = (line("requests: ")?, line("status codes: ")?);
    let not_2xx = ["3xx", "4xx", "5xx"].iter().map(|code| before(codes, code)).sum::<Option<u64>>()?;
    let rate = line("finished in ")?.split(',').nth(1)?.trim().strip_suffix("req/s")?.trim().parse().ok()?;
    Some(Counts {
        requests: before(codes, "2xx")?,
        failed: before(requests, "failed")? + before(requests, "errored")? + before(requests, "timeout")?,
        not_2xx,
        per_second: rate,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "finished in 4.00s, 12345.25 req/s, 13.20MB/s
requests: 49381 total, 49413 started, 49381 done, 49381 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 49381 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 52.81MB (55376576) total
";

    #[test]
    fn reads_what_h2load_prints() {
        let counts = Counts { requests: 49_381, failed: 0, not_2xx: 0, per_second: 12_345.25 };
        assert_eq!(parse(PRINTED), Some(counts));
        let broken = PRINTED.replace("0 4xx", "7 4xx").replace("0 errored", "2 errored");
        assert_eq!(parse(&broken).map(|counts| (counts.not_2xx, counts.failed)), Some((7, 2)));
        assert_eq!(parse("unable to connect"), None);
    }

    #[test]
    fn http_1_in_its_place_is_noticed() {
        assert!(speaks_http2("starting benchmark...\nApplication protocol: h2\nprogress: 10% done\n"));
        assert!(!speaks_http2("starting benchmark...\nApplication protocol: http/1.1\n"));
    }
}
