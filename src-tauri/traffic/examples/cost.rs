//! What recording costs: nanoseconds of the data-plane thread for each call, and of the writer for each stored call.
//! Run with `cargo run --release -p gatepost-traffic --example cost`.

use std::error::Error;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gatepost_model::{
    ApiId, AppliedPolicyId, CallDetail, CallFacts, ClientAppId, HeaderBlock, Note, Outcome, Phase, TrailStep,
};
use gatepost_traffic::{AnalyticsQuery, CallFilter, Settings, Traffic, system_clock};

/// Calls in a round: what a busy thread records between two turns of the writer.
const ROUND: usize = 1_000;
const ROUNDS: usize = 300;

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let clock = system_clock();
    let traffic = Traffic::open(dir.path(), NonZeroUsize::MIN, Settings::default(), Arc::clone(&clock))?;
    let recorder = traffic.recorder();
    let (mut recording, mut storing) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let calls: Vec<_> = (0..ROUND).map(|n| call(clock(), round * ROUND + n)).collect();
        let before = Instant::now();
        for (facts, mut detail) in calls {
            recorder.record(0, &facts, &mut detail);
        }
        recording.push(before.elapsed());
        traffic.flush()?;
        storing.push(cpu_time("traffic-writer"));
    }
    let mut storing: Vec<_> = storing.windows(2).map(|times| times[1] - times[0]).collect();
    let dropped = traffic.recording().dropped_details;
    let file = std::fs::metadata(dir.path().join("traffic.db"))?.len();
    show("record: ns a call", per_call(&mut recording));
    show("store:  ns a call", per_call(&mut storing));
    show("dropped details", dropped as f64);
    show("traffic.db: bytes a kept call", file as f64 / traffic.recording().kept_calls as f64);

    let nothing = CallFilter { path: Some("not there".into()), ..CallFilter::default() };
    let before = Instant::now();
    let scanned = black_box(traffic.calls(&nothing, None, 100)?).scanned;
    show("search: ns a call looked at", before.elapsed().as_nanos() as f64 / scanned as f64);
    let to_ms = clock() / 1_000;
    let day = AnalyticsQuery {
        from_ms: to_ms - 86_400_000,
        to_ms,
        step_s: None,
        api_id: None,
        client_app_id: None,
    };
    let before = Instant::now();
    black_box(traffic.analytics(&day)?);
    show("analytics of a day: µs", before.elapsed().as_micros() as f64);
    Ok(())
}

#[allow(clippy::print_stdout, reason = "this is what the program is for")]
fn show(what: &str, value: f64) {
    println!("{what:32} {value:10.1}");
}

/// Time that the thread of this name had worked when it last went to sleep; other programs on the machine show little
/// in it. Only Linux tells it by
/// thread: elsewhere it is the time that has passed.
fn cpu_time(thread: &str) -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let named = |task: &std::fs::DirEntry| {
        std::fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim_end() == thread)
    };
    let worked =
        tasks.filter(named).find_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok());
    let ns = worked.and_then(|stat| stat.split_whitespace().next().and_then(|ns| ns.parse().ok()));
    ns.map_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(), Duration::from_nanos)
}

/// The median round.
fn per_call(rounds: &mut [Duration]) -> f64 {
    rounds.sort_unstable();
    rounds[rounds.len() / 2].as_nanos() as f64 / ROUND as f64
}

/// A call like those of a browser: ten headers each way, two policies.
fn call(now_us: i64, n: usize) -> (CallFacts, CallDetail) {
    let facts = CallFacts {
        at_us: now_us,
        plan: 12,
        api: Some(ApiId(1 + n as i64 % 3)),
        client: Some(ClientAppId(1 + n as i64 % 5)),
        status: if n.is_multiple_of(20) { 404 } else { 200 },
        refused_by: None,
        would_refuse_by: None,
        duration_us: 300 + (n as u64 * 7_919) % 4_000,
        upstream_us: Some(200),
        request_bytes: 0,
        response_bytes: 1_024,
    };
    let request_id = format!("{n:020}");
    let request: [(&str, &[u8]); 10] = [
        ("host", b"127.0.0.1:8081"),
        ("user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("accept", b"application/json"),
        ("accept-language", b"en-GB,en;q=0.5"),
        ("accept-encoding", b"gzip, deflate, br, zstd"),
        ("client_id", b"4f2f6f0f3c7e4ad09b9f0f3b1f8b6a55"),
        ("client_secret", b"hidden"),
        ("connection", b"keep-alive"),
        ("sec-fetch-mode", b"cors"),
        ("x-user", b"u-17"),
    ];
    let response: [(&str, &[u8]); 6] = [
        ("content-type", b"application/json; charset=utf-8"),
        ("content-length", b"1024"),
        ("date", b"Mon, 23 Nov 2026 12:00:00 GMT"),
        ("x-request-id", request_id.as_bytes()),
        ("x-ratelimit-remaining", b"63"),
        ("server", b"sample"),
    ];
    let detail = CallDetail {
        request_id: request_id.clone(),
        method: "GET".into(),
        target: format!("/posts/v1/{n}?page=2"),
        host: "127.0.0.1:8081".into(),
        remote: ([127, 0, 0, 1], 50_000).into(),
        scheme: "http",
        http_version: "HTTP/1.1",
        request_headers: HeaderBlock::capture(request.into_iter()),
        response_headers: HeaderBlock::capture(response.into_iter()),
        response_trailers: HeaderBlock::default(),
        grpc_status: None,
        response_body: None,
        error: None,
        upstream_address: Some(([127, 0, 0, 1], 9_000).into()),
        connection_reused: true,
        trail: [
            step(Phase::Request, "client-id-enforcement", Note::new("client app {}").with("MyTestApp")),
            step(Phase::Request, "rate-limiting", Note::new("{} of {} left").with(63).with(100)),
            step(Phase::Upstream, "", Note::new("")),
        ]
        .into_iter()
        .collect(),
    };
    (facts, detail)
}

fn step(phase: Phase, policy: &'static str, note: Note) -> TrailStep {
    let applied = Some(AppliedPolicyId(3)).filter(|_| !policy.is_empty());
    TrailStep { phase, policy, applied, automated: false, outcome: Outcome::Passed, note, duration_ns: 900 }
}
