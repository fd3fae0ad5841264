//! The stored form of calls: blocks of up to 512, because a row for each call would cost more than the call.
//!
//! A block has two parts. Its *heads* hold what lists show and searches look at, its *details* the rest, so that a
//! search reads a tenth of what is stored. Both only grow at the end while a block is open.

use std::net::SocketAddr;

use gatepost_model::{
    ApiId, AppliedPolicyId, CallDetail, CallFacts, ClientAppId, HeaderBlock, Outcome, Phase, TrailStep,
};
use serde::{Deserialize, Serialize};

use crate::call::{Call, CallSummary, TrailEntry};
use crate::delta::Delta;
use crate::figures::ended_us;

/// How a block is written. A reader skips blocks of a format it does not know.
pub(crate) const FORMAT: i64 = 1;
/// Most calls in a block.
pub(crate) const MAX_CALLS: u64 = 512;
/// A block with this many bytes takes no more calls: an open block is written again whenever it has grown.
const MAX_BYTES: usize = 64 * 1024;

/// What lists and searches need of a call.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Head<'a> {
    pub at_us: i64,
    pub method: &'a str,
    pub target: &'a str,
    pub api: Option<ApiId>,
    pub client: Option<ClientAppId>,
    pub status: u16,
    pub refused_by: Option<&'a str>,
    pub duration_us: u64,
    pub upstream_us: Option<u64>,
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub request_id: &'a str,
}

/// The rest of a call.
#[derive(Debug, Serialize, Deserialize)]
struct Detail<'a> {
    plan: u64,
    host: &'a str,
    remote: SocketAddr,
    http_version: &'a str,
    #[serde(borrow)]
    request_headers: Delta<'a>,
    #[serde(borrow)]
    response_headers: Delta<'a>,
    response_body: Option<&'a str>,
    error: Option<&'a str>,
    upstream_address: Option<SocketAddr>,
    connection_reused: bool,
    #[serde(borrow)]
    trail: Vec<Step<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Step<'a> {
    phase: Phase,
    policy: &'a str,
    applied: Option<AppliedPolicyId>,
    outcome: Outcome,
    note: String,
    duration_ns: u32,
}

impl From<&TrailStep> for Step<'_> {
    fn from(step: &TrailStep) -> Self {
        Self {
            phase: step.phase,
            policy: step.policy,
            applied: step.applied,
            outcome: step.outcome,
            note: step.note.to_string(),
            duration_ns: step.duration_ns,
        }
    }
}

impl From<Step<'_>> for TrailEntry {
    fn from(step: Step<'_>) -> Self {
        Self {
            phase: step.phase,
            policy: Some(step.policy).filter(|name| !name.is_empty()).map(str::to_owned),
            applied_policy_id: step.applied,
            outcome: step.outcome,
            note: step.note,
            duration_us: f64::from(step.duration_ns) / 1_000.0,
        }
    }
}

impl<'a> Head<'a> {
    pub fn of(facts: &CallFacts, detail: &'a CallDetail) -> Self {
        Self {
            at_us: facts.at_us,
            method: &detail.method,
            target: &detail.target,
            api: facts.api,
            client: facts.client,
            status: facts.status,
            refused_by: facts.refused_by,
            duration_us: facts.duration_us,
            upstream_us: facts.upstream_us,
            request_bytes: facts.request_bytes,
            response_bytes: facts.response_bytes,
            request_id: &detail.request_id,
        }
    }

    /// The numbers as the gateway gave them. Who refused is in [`refused_by`](Self::refused_by) alone: here it
    /// would have to be a name known to the program.
    pub fn facts(&self) -> CallFacts {
        CallFacts {
            at_us: self.at_us,
            plan: 0,
            api: self.api,
            client: self.client,
            status: self.status,
            refused_by: None,
            duration_us: self.duration_us,
            upstream_us: self.upstream_us,
            request_bytes: self.request_bytes,
            response_bytes: self.response_bytes,
        }
    }

    pub fn summary(&self, id: u64) -> CallSummary {
        CallSummary {
            id,
            at_us: self.at_us,
            method: self.method.to_owned(),
            path: self.target.to_owned(),
            api_id: self.api,
            api_name: None,
            client_app_id: self.client,
            client_name: None,
            status: self.status,
            refused_by: self.refused_by.map(str::to_owned),
            duration_us: self.duration_us,
            upstream_us: self.upstream_us,
            request_bytes: self.request_bytes,
            response_bytes: self.response_bytes,
            request_id: self.request_id.to_owned(),
        }
    }
}

/// A block that still takes calls.
#[derive(Debug, Default)]
pub(crate) struct OpenBlock {
    pub first_id: u64,
    pub calls: u64,
    /// When the first and the last of its calls arrived, epoch microseconds.
    pub from_us: i64,
    pub to_us: i64,
    /// When the last of them ended.
    pub ended_us: i64,
    pub heads: Vec<u8>,
    pub details: Vec<u8>,
    request_headers: Vec<u8>,
    response_headers: Vec<u8>,
}

impl OpenBlock {
    /// An empty one, whose first call will have this number.
    pub fn begin(first_id: u64) -> Self {
        Self {
            first_id,
            from_us: i64::MAX,
            to_us: i64::MIN,
            ended_us: i64::MIN,
            heads: Vec::with_capacity(MAX_BYTES),
            details: Vec::with_capacity(MAX_BYTES),
            ..Self::default()
        }
    }

    pub fn is_full(&self) -> bool {
        self.calls >= MAX_CALLS || self.heads.len() + self.details.len() >= MAX_BYTES
    }

    /// Number of the next call.
    pub fn next_id(&self) -> u64 {
        self.first_id + self.calls
    }

    /// Adds a call and returns its number; none when it cannot be written down, and the block is as before.
    pub fn push(&mut self, facts: &CallFacts, detail: &CallDetail) -> Option<u64> {
        let (heads, details) = (self.heads.len(), self.details.len());
        if self.write(facts, detail).is_err() {
            self.heads.truncate(heads);
            self.details.truncate(details);
            return None;
        }
        let id = self.next_id();
        detail.request_headers.as_bytes().clone_into(&mut self.request_headers);
        detail.response_headers.as_bytes().clone_into(&mut self.response_headers);
        self.calls += 1;
        self.from_us = self.from_us.min(facts.at_us);
        self.to_us = self.to_us.max(facts.at_us);
        self.ended_us = self.ended_us.max(ended_us(facts));
        Some(id)
    }

    fn write(&mut self, facts: &CallFacts, detail: &CallDetail) -> postcard::Result<()> {
        let stored = Detail {
            plan: facts.plan,
            host: &detail.host,
            remote: detail.remote,
            http_version: detail.http_version,
            request_headers: Delta::between(&self.request_headers, detail.request_headers.as_bytes()),
            response_headers: Delta::between(&self.response_headers, detail.response_headers.as_bytes()),
            response_body: detail.response_body.as_deref(),
            error: detail.error.as_deref(),
            upstream_address: detail.upstream_address,
            connection_reused: detail.connection_reused,
            trail: detail.trail.iter().map(Step::from).collect(),
        };
        postcard::to_io(&Head::of(facts, detail), &mut self.heads)?;
        postcard::to_io(&stored, &mut self.details)?;
        Ok(())
    }
}

/// The heads of a stored block, in order of their numbers. Ends early when the block is damaged.
pub(crate) fn heads(mut bytes: &[u8], calls: u64) -> impl Iterator<Item = Head<'_>> {
    std::iter::from_fn(move || {
        let (head, rest) = postcard::take_from_bytes(bytes).ok()?;
        bytes = rest;
        Some(head)
    })
    .take(usize::try_from(calls).unwrap_or(usize::MAX))
}

/// The whole of one call of a stored block, its `nth` from 0; none when the block is damaged before it.
pub(crate) fn call(first_id: u64, nth: usize, head_bytes: &[u8], mut details: &[u8]) -> Option<Call> {
    let head = heads(head_bytes, MAX_CALLS).nth(nth)?;
    let (mut request_headers, mut response_headers) = (Vec::new(), Vec::new());
    let mut detail = None;
    for _ in 0..=nth {
        let (next, rest): (Detail<'_>, _) = postcard::take_from_bytes(details).ok()?;
        request_headers = next.request_headers.onto(&request_headers)?;
        response_headers = next.response_headers.onto(&response_headers)?;
        detail = Some(next);
        details = rest;
    }
    let detail = detail?;
    let headers = |bytes: Vec<u8>| HeaderBlock::from_bytes(bytes.into_boxed_slice()).to_vec();
    Some(Call {
        summary: head.summary(first_id + nth as u64),
        plan: detail.plan,
        host: detail.host.to_owned(),
        // Listeners do not speak TLS yet.
        scheme: "http".to_owned(),
        remote_address: detail.remote.to_string(),
        http_version: detail.http_version.to_owned(),
        request_headers: headers(request_headers),
        response_headers: headers(response_headers),
        response_body: detail.response_body.map(str::to_owned),
        error: detail.error.map(str::to_owned),
        upstream_address: detail.upstream_address.map(|address| address.to_string()),
        connection_reused: detail.connection_reused,
        trail: detail.trail.into_iter().map(TrailEntry::from).collect(),
    })
}
