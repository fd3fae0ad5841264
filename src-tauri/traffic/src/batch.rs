//! Calls on their way to the writer, one behind the other: none has an allocation of its own, so that taking one costs
//! little more than copying it, and nothing is freed by another thread than the one that asked for it.

use std::net::SocketAddr;

use gatepost_model::{CallDetail, CallFacts, TrailStep};

/// Most bytes of text in a batch: a call that finds as many is only counted.
const MOST_TEXT: usize = 32 * 1024 * 1024;
/// Memory that an emptied batch may keep, whatever it was used for. In bytes of text.
const ALWAYS_KEPT: usize = 64 * 1024;
/// An emptied batch keeps up to so many times the memory that it last used.
const KEPT_TIMES: usize = 4;

/// Texts of a call.
const PARTS: usize = 9;

/// Calls in the order in which they came.
#[derive(Default)]
pub(crate) struct Batch {
    calls: Vec<Entry>,
    steps: Vec<TrailStep>,
    text: Vec<u8>,
}

/// A call without its text and its trail, which begin where those of the call before end.
struct Entry {
    facts: CallFacts,
    remote: SocketAddr,
    upstream_address: Option<SocketAddr>,
    scheme: &'static str,
    http_version: &'static str,
    grpc_status: Option<u32>,
    connection_reused: bool,
    has_body: bool,
    has_error: bool,
    steps_end: usize,
    text_end: usize,
    /// Where the parts of its text end, but for the last: positions in its own text.
    ends: [u32; PARTS - 1],
}

/// A call as a batch holds it; the same as a [`CallDetail`].
#[derive(Clone, Copy)]
pub(crate) struct Waiting<'b> {
    pub facts: &'b CallFacts,
    pub request_id: &'b str,
    pub method: &'b str,
    pub target: &'b str,
    pub host: &'b str,
    pub remote: SocketAddr,
    pub scheme: &'static str,
    pub http_version: &'static str,
    pub request_headers: &'b [u8],
    pub response_headers: &'b [u8],
    pub response_trailers: &'b [u8],
    pub grpc_status: Option<u32>,
    pub response_body: Option<&'b str>,
    pub error: Option<&'b str>,
    pub upstream_address: Option<SocketAddr>,
    pub connection_reused: bool,
    pub trail: &'b [TrailStep],
}

impl Batch {
    /// Takes a call; false when there is no room for it among `most` calls, and nothing was taken.
    pub fn push(&mut self, most: usize, facts: &CallFacts, detail: &mut CallDetail) -> bool {
        if self.calls.len() >= most || self.text.len() >= MOST_TEXT {
            return false;
        }
        let start = self.text.len();
        let parts: [&[u8]; PARTS] = [
            detail.request_id.as_bytes(),
            detail.method.as_bytes(),
            detail.target.as_bytes(),
            detail.host.as_bytes(),
            detail.request_headers.as_bytes(),
            detail.response_headers.as_bytes(),
            detail.response_trailers.as_bytes(),
            detail.response_body.as_deref().unwrap_or_default().as_bytes(),
            detail.error.as_deref().unwrap_or_default().as_bytes(),
        ];
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if length > MOST_TEXT {
            return false;
        }
        self.text.reserve(length);
        let mut ends = [0; PARTS - 1];
        for (nth, part) in parts.into_iter().enumerate() {
            self.text.extend_from_slice(part);
            if let Some(end) = ends.get_mut(nth) {
                // At most `MOST_TEXT`.
                *end = (self.text.len() - start) as u32;
            }
        }
        self.steps.extend(detail.trail.drain(..));
        self.calls.push(Entry {
            facts: *facts,
            remote: detail.remote,
            upstream_address: detail.upstream_address,
            scheme: detail.scheme,
            http_version: detail.http_version,
            grpc_status: detail.grpc_status,
            connection_reused: detail.connection_reused,
            has_body: detail.response_body.is_some(),
            has_error: detail.error.is_some(),
            steps_end: self.steps.len(),
            text_end: self.text.len(),
            ends,
        });
        true
    }

    /// The numbers of each call, in order.
    pub fn facts(&self) -> impl Iterator<Item = &CallFacts> {
        self.calls.iter().map(|call| &call.facts)
    }

    /// The call of this place.
    pub fn get(&self, nth: usize) -> Option<Waiting<'_>> {
        let entry = self.calls.get(nth)?;
        let (steps_start, text_start) = match nth.checked_sub(1).and_then(|before| self.calls.get(before)) {
            Some(before) => (before.steps_end, before.text_end),
            None => (0, 0),
        };
        let text = self.text.get(text_start..entry.text_end)?;
        let part = |nth: usize| {
            let start = nth.checked_sub(1).map_or(0, |before| entry.ends[before] as usize);
            let end = entry.ends.get(nth).map_or(text.len(), |end| *end as usize);
            text.get(start..end).unwrap_or_default()
        };
        // What came in as text is text.
        let words = |nth| str::from_utf8(part(nth)).unwrap_or_default();
        Some(Waiting {
            facts: &entry.facts,
            request_id: words(0),
            method: words(1),
            target: words(2),
            host: words(3),
            remote: entry.remote,
            scheme: entry.scheme,
            http_version: entry.http_version,
            request_headers: part(4),
            response_headers: part(5),
            response_trailers: part(6),
            grpc_status: entry.grpc_status,
            response_body: entry.has_body.then(|| words(7)),
            error: entry.has_error.then(|| words(8)),
            upstream_address: entry.upstream_address,
            connection_reused: entry.connection_reused,
            trail: self.steps.get(steps_start..entry.steps_end).unwrap_or_default(),
        })
    }

    /// Forgets all calls, and lets go of memory that a rush left behind.
    pub fn clear(&mut self) {
        if self.text.capacity() > ALWAYS_KEPT.max(self.text.len() * KEPT_TIMES) {
            *self = Self::default();
        }
        self.calls.clear();
        self.steps.clear();
        self.text.clear();
    }
}
