//! The stored form of calls: blocks of up to 512, because a row for each call would cost more than the call.
//!
//! A block has two parts. Its *heads* hold what lists show and searches look at, its *details* the rest, so that a
//! search reads a tenth of what is stored. Both only grow at the end while a block is open.

use std::net::SocketAddr;

use gatepost_model::{
    ApiId, AppliedPolicyId, CallFacts, ClientAppId, HeaderBlock, Outcome, Phase, TrailStep,
};
use serde::{Deserialize, Serialize};

use crate::batch::Waiting;
use crate::call::{Call, CallSummary, TrailEntry};
use crate::delta::Delta;
use crate::figures::ended_us;

/// How a block is written. A reader knows this format and all before it, and skips blocks of later ones.
pub(crate) const FORMAT: i64 = 3;
/// Since this format a call has [`Head::grpc_status`] and a [`Tail`] too, each behind what was there before.
const WITH_TAIL: i64 = 2;
/// Since this format a call has [`Head::would_refuse_by`] and [`Automated`] too, each behind what was there before.
const WITH_SHADOW: i64 = 3;
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
    #[serde(skip)]
    pub grpc_status: Option<u32>,
    #[serde(skip)]
    pub would_refuse_by: Option<&'a str>,
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

/// What came later to the rest.
#[derive(Debug, Serialize, Deserialize)]
struct Tail<'a> {
    scheme: &'a str,
    response_trailers: &'a [u8],
}

/// Which of the trail's policies are automated.
type Automated = Vec<AppliedPolicyId>;

impl Tail<'_> {
    /// Of calls that were stored without: `https` was told apart from `http` no earlier than it was recorded.
    fn unknown() -> Self {
        Self { scheme: "http", response_trailers: &[] }
    }
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

impl Step<'_> {
    fn shown(self, automated: &[AppliedPolicyId]) -> TrailEntry {
        TrailEntry {
            phase: self.phase,
            policy: Some(self.policy).filter(|name| !name.is_empty()).map(str::to_owned),
            applied_policy_id: self.applied,
            automated: self.applied.is_some_and(|id| automated.contains(&id)),
            outcome: self.outcome,
            note: self.note,
            duration_us: f64::from(self.duration_ns) / 1_000.0,
        }
    }
}

impl<'a> Head<'a> {
    pub fn of(call: &Waiting<'a>) -> Self {
        let facts = call.facts;
        Self {
            at_us: facts.at_us,
            method: call.method,
            target: call.target,
            api: facts.api,
            client: facts.client,
            status: facts.status,
            refused_by: facts.refused_by,
            duration_us: facts.duration_us,
            upstream_us: facts.upstream_us,
            request_bytes: facts.request_bytes,
            response_bytes: facts.response_bytes,
            request_id: call.request_id,
            grpc_status: call.grpc_status,
            would_refuse_by: facts.would_refuse_by,
        }
    }

    /// The numbers as the gateway gave them. Who refused, or would have, is in the head alone: here it would have to be a
    /// name known to the program.
    pub fn facts(&self) -> CallFacts {
        CallFacts {
            at_us: self.at_us,
            plan: 0,
            api: self.api,
            client: self.client,
            status: self.status,
            refused_by: None,
            would_refuse_by: None,
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
            grpc_status: self.grpc_status,
            would_refuse_by: self.would_refuse_by.map(str::to_owned),
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
    pub fn push(&mut self, call: &Waiting<'_>) -> Option<u64> {
        let (heads, details) = (self.heads.len(), self.details.len());
        if self.write(call).is_err() {
            self.heads.truncate(heads);
            self.details.truncate(details);
            return None;
        }
        let id = self.next_id();
        call.request_headers.clone_into(&mut self.request_headers);
        call.response_headers.clone_into(&mut self.response_headers);
        let facts = call.facts;
        self.calls += 1;
        self.from_us = self.from_us.min(facts.at_us);
        self.to_us = self.to_us.max(facts.at_us);
        self.ended_us = self.ended_us.max(ended_us(facts));
        Some(id)
    }

    fn write(&mut self, call: &Waiting<'_>) -> postcard::Result<()> {
        let stored = Detail {
            plan: call.facts.plan,
            host: call.host,
            remote: call.remote,
            http_version: call.http_version,
            request_headers: Delta::between(&self.request_headers, call.request_headers),
            response_headers: Delta::between(&self.response_headers, call.response_headers),
            response_body: call.response_body,
            error: call.error,
            upstream_address: call.upstream_address,
            connection_reused: call.connection_reused,
            trail: call.trail.iter().map(Step::from).collect(),
        };
        let tail = Tail { scheme: call.scheme, response_trailers: call.response_trailers };
        let automated = call.trail.iter().filter(|step| step.automated).filter_map(|step| step.applied);
        let automated = automated.collect::<Automated>();
        postcard::to_io(&Head::of(call), &mut self.heads)?;
        postcard::to_io(&call.grpc_status, &mut self.heads)?;
        postcard::to_io(&call.facts.would_refuse_by, &mut self.heads)?;
        postcard::to_io(&stored, &mut self.details)?;
        postcard::to_io(&tail, &mut self.details)?;
        postcard::to_io(&automated, &mut self.details)?;
        Ok(())
    }
}

/// A stored block, as it was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored<'a> {
    pub format: i64,
    pub first_id: u64,
    pub calls: u64,
    pub heads: &'a [u8],
}

impl<'a> Stored<'a> {
    /// The columns that [`of`](Self::of) wants, first of a row.
    pub const COLUMNS: &'static str = "format, first_id, calls, heads";

    /// From a row of [`COLUMNS`](Self::COLUMNS).
    pub fn of(row: &'a rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let number = |column| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.unsigned_abs());
        Ok(Self {
            format: row.get(0)?,
            first_id: number(1)?,
            calls: number(2)?,
            heads: row.get_ref(3)?.as_blob()?,
        })
    }

    /// The heads in order of their numbers. Ends early when the block is damaged.
    pub fn heads(self) -> impl Iterator<Item = Head<'a>> {
        let mut bytes = self.heads;
        let (has_tail, has_shadow) = (self.format >= WITH_TAIL, self.format >= WITH_SHADOW);
        let next = move || {
            let (mut head, mut rest): (Head<'a>, _) = postcard::take_from_bytes(bytes).ok()?;
            if has_tail {
                (head.grpc_status, rest) = postcard::take_from_bytes(rest).ok()?;
            }
            if has_shadow {
                (head.would_refuse_by, rest) = postcard::take_from_bytes(rest).ok()?;
            }
            bytes = rest;
            Some(head)
        };
        std::iter::from_fn(next).take(usize::try_from(self.calls).unwrap_or(usize::MAX))
    }

    /// The whole of one call, its `nth` from 0; none when the block is damaged before it.
    pub fn call(self, nth: usize, mut details: &[u8]) -> Option<Call> {
        let head = self.heads().nth(nth)?;
        let (mut request_headers, mut response_headers) = (Vec::new(), Vec::new());
        let mut last = None;
        for _ in 0..=nth {
            let (detail, mut rest): (Detail<'_>, _) = postcard::take_from_bytes(details).ok()?;
            let (mut tail, mut automated) = (Tail::unknown(), Automated::new());
            if self.format >= WITH_TAIL {
                (tail, rest) = postcard::take_from_bytes(rest).ok()?;
            }
            if self.format >= WITH_SHADOW {
                (automated, rest) = postcard::take_from_bytes(rest).ok()?;
            }
            request_headers = detail.request_headers.onto(&request_headers)?;
            response_headers = detail.response_headers.onto(&response_headers)?;
            last = Some((detail, tail, automated));
            details = rest;
        }
        let (detail, tail, automated) = last?;
        let headers = |bytes: Vec<u8>| HeaderBlock::from_bytes(bytes).to_vec();
        Some(Call {
            summary: head.summary(self.first_id + nth as u64),
            plan: detail.plan,
            host: detail.host.to_owned(),
            scheme: tail.scheme.to_owned(),
            remote_address: detail.remote.to_string(),
            http_version: detail.http_version.to_owned(),
            request_headers: headers(request_headers),
            response_headers: headers(response_headers),
            response_trailers: headers(tail.response_trailers.to_vec()),
            response_body: detail.response_body.map(str::to_owned),
            error: detail.error.map(str::to_owned),
            upstream_address: detail.upstream_address.map(|address| address.to_string()),
            connection_reused: detail.connection_reused,
            trail: detail.trail.into_iter().map(|step| step.shown(&automated)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two calls as the first format wrote them.
    const HEADS_1: &[u8] = b"\x80\x89z\x03GET\x02/a\x01\x02\x00\x94\x03\x00\xbc\x05\x01\xd8\x04\x00\t\x03r-1\
        \x80\x89z\x03GET\x02/a\x01\x02\x00\x94\x03\x00\xbc\x05\x01\xd8\x04\x00\t\x03r-2";
    const DETAILS_1: &[u8] = b"\x03\x01h\x00\x7f\x00\x00\x01\xd0\x86\x03\x08HTTP/1.1\x00\x00\x00\x00\x00\
        \x11x-request-id\x00r-1\x00\x00\x00\x01\x00\x7f\x00\x00\x01\xa8F\x01\x00\
        \x03\x01h\x00\x7f\x00\x00\x01\xd0\x86\x03\x08HTTP/1.1\x00\x00\x00\x0f\x01\x012\
        \x00\x00\x01\x00\x7f\x00\x00\x01\xa8F\x01\x00";

    #[test]
    fn blocks_of_the_first_format_are_read() {
        let block = Stored { format: 1, first_id: 7, calls: 2, heads: HEADS_1 };
        let ids: Vec<_> = block.heads().map(|head| head.request_id).collect();
        assert_eq!(ids, ["r-1", "r-2"]);
        let call = block.call(1, DETAILS_1).expect("whole");
        assert_eq!((call.summary.id, call.summary.status, call.summary.grpc_status), (8, 404, None));
        assert_eq!((call.host.as_str(), call.scheme.as_str()), ("h", "http"));
        assert_eq!(call.response_headers, [("x-request-id".to_owned(), "r-2".to_owned())]);
        assert!(call.response_trailers.is_empty() && call.connection_reused);
    }
}
