//! A data folder, a clock that stands still until it is moved, and calls to record.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use gatepost_model::{
    ApiId, AppliedPolicyId, CallDetail, CallFacts, ClientAppId, HeaderBlock, Note, Outcome, Phase, TrailStep,
};
use gatepost_traffic::{Analytics, AnalyticsQuery, CallFilter, CallPage, Settings, Traffic};
use tempfile::TempDir;

/// Where the clock begins: the first second of a minute, epoch milliseconds.
pub const START_MS: i64 = 1_795_435_200_000;
pub const MINUTE_MS: i64 = 60_000;
pub const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

pub struct World {
    pub dir: TempDir,
    pub traffic: Traffic,
    now_us: Arc<AtomicI64>,
    settings: Settings,
}

impl World {
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let now_us = Arc::new(AtomicI64::new(START_MS * 1_000));
        let traffic = open(dir.path(), settings, &now_us);
        Self { dir, traffic, now_us, settings }
    }

    pub fn now_ms(&self) -> i64 {
        self.now_us.load(Ordering::SeqCst) / 1_000
    }

    pub fn pass_ms(&self, ms: i64) {
        self.now_us.fetch_add(ms * 1_000, Ordering::SeqCst);
    }

    /// Ends the program and starts it again.
    pub fn restart(&mut self) {
        self.traffic.close();
        self.traffic = open(self.dir.path(), self.settings, &self.now_us);
    }

    /// Another program on a copy of the files as they are now, as a kill would leave them.
    pub fn killed_copy(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for file in ["traffic.db", "traffic.db-wal"] {
            std::fs::copy(self.dir.path().join(file), dir.path().join(file)).unwrap();
        }
        let traffic = open(dir.path(), self.settings, &self.now_us);
        Self { dir, traffic, now_us: Arc::clone(&self.now_us), settings: self.settings }
    }

    /// A call that ends now, as changed by `change`.
    pub fn record(&self, change: impl FnOnce(&mut CallFacts, &mut CallDetail)) {
        let (mut facts, mut detail) = (facts(), detail("r-0"));
        change(&mut facts, &mut detail);
        facts.at_us = self.now_us.load(Ordering::SeqCst) - facts.duration_us as i64;
        self.traffic.recorder().record(0, &facts, &mut detail);
    }

    /// So many calls that end now, numbered from 0 in path and request id.
    pub fn record_many(&self, count: usize) {
        for n in 0..count {
            self.record(|_, detail| {
                detail.target = format!("/posts/{n}");
                detail.request_id = format!("r-{n}");
            });
            // Leaves the writer room: what is promised here is not how many calls a moment holds.
            if n % 8_000 == 7_999 {
                self.traffic.flush().unwrap();
            }
        }
    }

    pub fn found(&self, filter: &CallFilter) -> Vec<String> {
        self.page(filter, None).calls.into_iter().map(|call| call.path).collect()
    }

    pub fn page(&self, filter: &CallFilter, before: Option<u64>) -> CallPage {
        self.traffic.flush().unwrap();
        self.traffic.calls(filter, before, 100).unwrap()
    }

    /// The analytics of the last `minutes`.
    pub fn last_minutes(&self, minutes: i64) -> Analytics {
        self.traffic.analytics(&self.query(minutes)).unwrap()
    }

    pub fn query(&self, minutes: i64) -> AnalyticsQuery {
        let to_ms = self.now_ms() + 1;
        AnalyticsQuery {
            from_ms: to_ms - minutes * MINUTE_MS,
            to_ms,
            step_s: None,
            api_id: None,
            client_app_id: None,
        }
    }
}

fn open(dir: &Path, settings: Settings, now_us: &Arc<AtomicI64>) -> Traffic {
    let now_us = Arc::clone(now_us);
    let clock = Arc::new(move || now_us.load(Ordering::SeqCst));
    Traffic::open(dir, NonZeroUsize::new(2).unwrap(), settings, clock).unwrap()
}

pub fn facts() -> CallFacts {
    CallFacts {
        at_us: START_MS * 1_000,
        plan: 7,
        api: Some(ApiId(1)),
        client: Some(ClientAppId(2)),
        status: 200,
        refused_by: None,
        would_refuse_by: None,
        duration_us: 1_000,
        upstream_us: Some(900),
        request_bytes: 10,
        response_bytes: 1_024,
    }
}

pub fn detail(request_id: &str) -> CallDetail {
    let request: [(&str, &[u8]); 2] = [("host", b"localhost:8081"), ("user-agent", b"test")];
    let response: [(&str, &[u8]); 2] =
        [("content-type", b"application/json"), ("x-request-id", request_id.as_bytes())];
    let passed = TrailStep {
        phase: Phase::Request,
        policy: "rate-limiting",
        applied: Some(AppliedPolicyId(5)),
        automated: true,
        outcome: Outcome::Passed,
        note: Note::new("{} of {} left").with(4).with(5),
        duration_ns: 1_500,
    };
    CallDetail {
        request_id: request_id.into(),
        method: "GET".into(),
        target: "/posts".into(),
        host: "localhost:8081".into(),
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
        trail: [passed].into_iter().collect(),
    }
}
