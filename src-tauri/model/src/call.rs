//! A call as the gateway hands it to the recorder: fixed-size facts that are always counted, and a detail that
//! may be dropped under pressure. Nothing here is formatted until somebody reads it.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use utoipa::ToSchema;

use crate::{ApiId, AppliedPolicyId, ClientAppId};

/// What is counted of every call, whatever happens. Small and copyable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallFacts {
    /// When its head had arrived, epoch microseconds.
    pub at_us: i64,
    /// Number of the Plan it ran under.
    pub plan: u64,
    /// The API it was for; none when no route matched.
    pub api: Option<ApiId>,
    /// Who called, when a policy found out.
    pub client: Option<ClientAppId>,
    /// Status of the answer; 499 when the caller left before there was one.
    pub status: u16,
    /// Name of the policy that refused it.
    pub refused_by: Option<&'static str>,
    /// Name of the first policy in shadow that would have refused it, whatever became of it.
    pub would_refuse_by: Option<&'static str>,
    /// From head arrived to last byte of the answer handed over, microseconds.
    pub duration_us: u64,
    /// Of that, waiting for the upstream: from sending to the end of its body. None when it was not called.
    pub upstream_us: Option<u64>,
    /// Body bytes received.
    pub request_bytes: u64,
    /// Body bytes sent.
    pub response_bytes: u64,
}

/// What is shown of a call, beside its facts. Its buffers are used again for later calls.
#[derive(Clone, Debug)]
pub struct CallDetail {
    /// The `x-request-id` of call and answer.
    pub request_id: String,
    /// In capitals.
    pub method: Cow<'static, str>,
    /// Path and query as received, secrets in the query replaced.
    pub target: String,
    /// The `Host` header, or the authority of an absolute-form target.
    pub host: String,
    /// The caller's socket.
    pub remote: SocketAddr,
    /// As the caller spoke: `http` or `https`.
    pub scheme: &'static str,
    /// Such as `HTTP/1.1`.
    pub http_version: &'static str,
    /// As received, in order, secrets replaced: see [`HeaderBlock`].
    pub request_headers: HeaderBlock,
    /// As sent, likewise.
    pub response_headers: HeaderBlock,
    /// What followed the answer's body, likewise.
    pub response_trailers: HeaderBlock,
    /// How a gRPC call ended, in its own numbers; 0 is well.
    pub grpc_status: Option<u32>,
    /// Body of an answer that the gateway made itself.
    pub response_body: Option<Box<str>>,
    /// Why the gateway answered 502, 503 or 504, in words for the operator.
    pub error: Option<Box<str>>,
    /// The target that was called.
    pub upstream_address: Option<SocketAddr>,
    /// Whether its connection had served a call before.
    pub connection_reused: bool,
    /// What each policy decided, in the order it happened.
    pub trail: SmallVec<[TrailStep; 4]>,
}

/// A call in one piece, so that handing it on moves nothing.
pub type RecordedCall = Box<(CallFacts, CallDetail)>;

/// Where calls go when they are over. Must never block and never fail (invariant 5).
pub trait CallSink: Send + Sync + 'static {
    /// False while calls are not recorded at all: then nothing is captured of them, and [`record`](Self::record) is not
    /// called.
    fn wants_calls(&self) -> bool {
        true
    }

    /// Takes one call that is over. `worker` is the number of the data-plane thread, from 0. The detail is lent: what
    /// is kept of it is copied, except for the trail, which may be taken.
    fn record(&self, worker: usize, facts: &CallFacts, detail: &mut CallDetail);
}

/// One header, name first. The value is text; bytes outside UTF-8 are replaced.
pub type Header = (String, String);

/// Headers in one allocation: `name NUL value NUL`, repeated. A header can hold neither NUL (RFC 9110, 5.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderBlock(Vec<u8>);

/// What stands in place of a secret.
pub const REDACTED: &str = "•••";

/// Headers whose values are secrets. Their names are kept, their values never leave the request.
const SECRET_HEADERS: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "client_secret",
    "client-secret",
    "x-api-key",
    "x-client-secret",
];

/// The lengths of their names, one bit each: most headers are told apart from them by that alone.
const SECRET_LENGTHS: u32 = {
    let (mut bits, mut at) = (0, 0);
    while at < SECRET_HEADERS.len() {
        bits |= 1 << SECRET_HEADERS[at].len();
        at += 1;
    }
    bits
};

/// True for a header, named in lower case, whose value is never kept.
pub fn is_secret_header(name: &str) -> bool {
    name.len() < 32 && SECRET_LENGTHS & (1 << name.len()) != 0 && SECRET_HEADERS.contains(&name)
}

impl HeaderBlock {
    /// Copies headers, replacing the values of those that carry secrets by [`REDACTED`]. Names are lowercase.
    pub fn capture<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut block = Self::default();
        block.refill(headers);
        block
    }

    /// The same, in the place of what was there.
    pub fn refill<'a>(&mut self, headers: impl Iterator<Item = (&'a str, &'a [u8])>) {
        let block = &mut self.0;
        block.clear();
        for (name, value) in headers {
            let value = if is_secret_header(name) { REDACTED.as_bytes() } else { value };
            block.reserve(name.len() + value.len() + 2);
            block.extend_from_slice(name.as_bytes());
            block.push(0);
            block.extend_from_slice(value);
            block.push(0);
        }
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Bytes that it has room for.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// The one allocation, for keeping it elsewhere.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes back what [`as_bytes`](Self::as_bytes) gave.
    pub fn from_bytes(block: Vec<u8>) -> Self {
        Self(block)
    }

    /// Reads them back.
    pub fn to_vec(&self) -> Vec<Header> {
        let mut parts =
            self.0.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned());
        let mut headers = Vec::new();
        while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            headers.push((name, value));
        }
        headers
    }
}

/// Part of a call's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Request halves, top to bottom.
    Request,
    /// The call to the upstream.
    Upstream,
    /// Response halves, bottom to top.
    Response,
}

/// What a policy, or the upstream, did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Looked, and let pass.
    Passed,
    /// Let pass, and changed something.
    Changed,
    /// Answered itself; nothing behind it ran.
    Refused,
    /// Not for this request (its scope), or off.
    Skipped,
    /// Could not do its work; the call was answered with an error.
    Failed,
    /// A policy before it answered, so it never saw the call.
    NotReached,
    /// Is in shadow or only reports, and would have refused.
    WouldRefuse,
    /// Is in shadow, and would have changed something.
    WouldChange,
    /// Answered itself, as it is meant to (a preflight, a cached answer); nothing behind it ran, and nobody broke a rule.
    Answered,
}

/// One entry of a call's trail.
#[derive(Clone, Debug)]
pub struct TrailStep {
    /// Where on the way.
    pub phase: Phase,
    /// The policy's name; empty for the upstream.
    pub policy: &'static str,
    /// Which of the API's policies; none for the upstream.
    pub applied: Option<AppliedPolicyId>,
    /// Whether that one is automated: of no API, and so for every API.
    pub automated: bool,
    /// What it did.
    pub outcome: Outcome,
    /// Why, and the facts that decided.
    pub note: Note,
    /// How long it took, nanoseconds; saturates at 4.2 s.
    pub duration_ns: u32,
}

impl TrailStep {
    /// What an upstream did.
    pub fn of_upstream(outcome: Outcome, note: Note, duration_ns: u32) -> Self {
        Self {
            phase: Phase::Upstream,
            policy: "",
            applied: None,
            automated: false,
            outcome,
            note,
            duration_ns,
        }
    }
}

/// A sentence and the values that go into its `{}`, put together only when read. Never holds a secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Note {
    text: &'static str,
    values: SmallVec<[NoteValue; 2]>,
}

/// A value in a note.
#[derive(Clone, Debug, PartialEq)]
pub enum NoteValue {
    /// Words.
    Text(Box<str>),
    /// A name that somebody else keeps, so that a note of it copies nothing.
    Name(Arc<str>),
    /// A count.
    Number(u64),
    /// A duration in milliseconds, shown in seconds, minutes or hours.
    Millis(u64),
    /// An address.
    Address(IpAddr),
}

impl Note {
    /// A sentence; each `{}` takes the next value given by [`with`](Self::with).
    pub const fn new(text: &'static str) -> Self {
        Self { text, values: SmallVec::new_const() }
    }

    /// Adds the next value.
    #[must_use]
    pub fn with(mut self, value: impl Into<NoteValue>) -> Self {
        self.values.push(value.into());
        self
    }
}

impl From<u64> for NoteValue {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<Arc<str>> for NoteValue {
    fn from(name: Arc<str>) -> Self {
        Self::Name(name)
    }
}

impl From<&str> for NoteValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<IpAddr> for NoteValue {
    fn from(address: IpAddr) -> Self {
        Self::Address(address)
    }
}

impl From<crate::Millis> for NoteValue {
    fn from(duration: crate::Millis) -> Self {
        Self::Millis(duration.0)
    }
}

impl fmt::Display for NoteValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Name(name) => f.write_str(name),
            Self::Number(number) => write!(f, "{number}"),
            Self::Address(address) => write!(f, "{address}"),
            Self::Millis(ms) if *ms < 1_000 => write!(f, "{ms} ms"),
            Self::Millis(ms) if *ms < 120_000 => write!(f, "{} s", ms.div_ceil(1_000)),
            Self::Millis(ms) if *ms < 7_200_000 => write!(f, "{} min", ms.div_ceil(60_000)),
            Self::Millis(ms) => write!(f, "{} h", ms.div_ceil(3_600_000)),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut values = self.values.iter();
        for (n, piece) in self.text.split("{}").enumerate() {
            if n > 0
                && let Some(value) = values.next()
            {
                write!(f, "{value}")?;
            }
            f.write_str(piece)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Millis;

    #[test]
    fn notes_are_put_together_when_read() {
        let note =
            Note::new("{}: {} of {} left, resets in {}").with("u-1").with(63).with(100).with(Millis(20_100));
        assert_eq!(note.to_string(), "u-1: 63 of 100 left, resets in 21 s");
    }

    #[test]
    fn header_blocks_keep_names_and_hide_secrets() {
        let headers: [(&str, &[u8]); 3] =
            [("accept", b"*/*"), ("client_secret", b"s3cret"), ("x-empty", b"")];
        let block = HeaderBlock::capture(headers.into_iter());
        let expected = [("accept", "*/*"), ("client_secret", REDACTED), ("x-empty", "")];
        assert_eq!(block.to_vec(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
