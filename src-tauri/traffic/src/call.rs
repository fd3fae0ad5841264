//! Recorded calls as they are shown, and what they can be searched for.

use std::fmt;
use std::str::FromStr;

use gatepost_model::{ApiId, AppliedPolicyId, ClientAppId, Header, Outcome, Phase};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// A call in a list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CallSummary {
    /// Its number; a later call has a larger one.
    pub id: u64,
    /// When its head had arrived, epoch microseconds.
    pub at_us: i64,
    /// In capitals.
    pub method: String,
    /// Path and query as received, secrets in the query replaced.
    pub path: String,
    /// The API it was for; null when no route matched.
    #[schema(required = true)]
    pub api_id: Option<ApiId>,
    /// That API's name; null when it is gone. Filled in by whoever knows the catalog.
    #[schema(required = true)]
    pub api_name: Option<String>,
    /// Who called; null when no policy asked.
    #[schema(required = true)]
    pub client_app_id: Option<ClientAppId>,
    /// That client's name; null when it is gone. Filled in by whoever knows the catalog.
    #[schema(required = true)]
    pub client_name: Option<String>,
    /// Status of the answer; 499 when the caller left before there was one.
    pub status: u16,
    /// How a gRPC call ended, in its own numbers: 0 is well; null when it is not known to be one.
    #[schema(required = true)]
    pub grpc_status: Option<u32>,
    /// Name of the policy that refused it.
    #[schema(required = true)]
    pub refused_by: Option<String>,
    /// Name of the first policy in shadow that would have refused it, whatever became of it.
    #[schema(required = true)]
    pub would_refuse_by: Option<String>,
    /// From head arrived to last byte of the answer handed over.
    pub duration_us: u64,
    /// Of that, waiting for the upstream; null when it was not called.
    #[schema(required = true)]
    pub upstream_us: Option<u64>,
    /// Body bytes received.
    pub request_bytes: u64,
    /// Body bytes sent.
    pub response_bytes: u64,
    /// The `x-request-id` of call and answer.
    pub request_id: String,
}

/// A call with everything that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Call {
    /// As in lists.
    #[serde(flatten)]
    pub summary: CallSummary,
    /// Number of the Plan it ran under.
    pub plan: u64,
    /// The `Host` header, or the authority of an absolute-form target.
    pub host: String,
    /// `http` or `https`.
    pub scheme: String,
    /// The caller's socket.
    pub remote_address: String,
    /// Such as `HTTP/1.1`.
    pub http_version: String,
    /// As received, in order, secrets replaced.
    #[schema(value_type = Vec<(String, String)>)]
    pub request_headers: Vec<Header>,
    /// As sent, likewise.
    #[schema(value_type = Vec<(String, String)>)]
    pub response_headers: Vec<Header>,
    /// What followed the answer's body, likewise.
    #[schema(value_type = Vec<(String, String)>)]
    pub response_trailers: Vec<Header>,
    /// Body of an answer that the gateway made itself.
    #[schema(required = true)]
    pub response_body: Option<String>,
    /// Why the gateway answered 502, 503 or 504.
    #[schema(required = true)]
    pub error: Option<String>,
    /// The target that was called.
    #[schema(required = true)]
    pub upstream_address: Option<String>,
    /// Whether its connection had served a call before.
    pub connection_reused: bool,
    /// What each policy decided, in the order it happened.
    pub trail: Vec<TrailEntry>,
}

/// What a policy, or the upstream, did with a call.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TrailEntry {
    /// Where on the way.
    pub phase: Phase,
    /// The policy's name; null for the upstream.
    #[schema(required = true)]
    pub policy: Option<String>,
    /// Which of the API's policies; null for the upstream.
    #[schema(required = true)]
    pub applied_policy_id: Option<AppliedPolicyId>,
    /// Whether it is automated: for every API.
    pub automated: bool,
    /// What it did.
    pub outcome: Outcome,
    /// Why, in words.
    pub note: String,
    /// How long it took, in microseconds with decimals.
    pub duration_us: f64,
}

/// Which calls are wanted; what is none is not looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFilter {
    /// Of this API.
    pub api_id: Option<ApiId>,
    /// By this client app.
    pub client_app_id: Option<ClientAppId>,
    /// With this outcome.
    pub status: Option<StatusFilter>,
    /// Refused by the policy of this name; when those are wanted that a policy in shadow would have refused, by that.
    pub policy: Option<String>,
    /// With this method; letter case does not matter.
    pub method: Option<String>,
    /// With this text in path or query; the case of ASCII letters does not matter.
    pub path: Option<String>,
    /// That arrived at this time or later, epoch milliseconds.
    pub from_ms: Option<i64>,
    /// That arrived before this time, epoch milliseconds.
    pub to_ms: Option<i64>,
}

/// An outcome to search for, written `404`, `4xx`, `refused` or `would_refuse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    /// This status.
    Exactly(u16),
    /// All statuses that begin with this digit, whoever answered.
    Class(u16),
    /// Refused by a policy, with any status.
    Refused,
    /// What a policy in shadow would have refused, whatever became of it.
    WouldRefuse,
}

impl StatusFilter {
    pub(crate) fn matches(self, status: u16, refused: bool, would_refuse: bool) -> bool {
        match self {
            Self::Exactly(wanted) => status == wanted,
            Self::Class(digit) => status / 100 == digit,
            Self::Refused => refused,
            Self::WouldRefuse => would_refuse,
        }
    }
}

/// A status filter that is none of the four forms; says which there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a status to search for; write 404, 4xx, refused or would_refuse")]
pub struct BadStatusFilter(String);

impl FromStr for StatusFilter {
    type Err = BadStatusFilter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadStatusFilter(text.chars().take(20).collect());
        if text == "refused" {
            return Ok(Self::Refused);
        }
        if text == "would_refuse" {
            return Ok(Self::WouldRefuse);
        }
        let (number, is_class) = match text.strip_suffix("xx") {
            Some(digit) => (digit, true),
            None => (text, false),
        };
        match (number.parse(), is_class) {
            (Ok(digit @ 1..=5), true) => Ok(Self::Class(digit)),
            (Ok(status @ 100..=599), false) => Ok(Self::Exactly(status)),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for StatusFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(status) => write!(f, "{status}"),
            Self::Class(digit) => write!(f, "{digit}xx"),
            Self::Refused => f.write_str("refused"),
            Self::WouldRefuse => f.write_str("would_refuse"),
        }
    }
}

/// Part of the calls that were searched for.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CallPage {
    /// Newest first.
    pub calls: Vec<CallSummary>,
    /// Where to go on, to be given as `before`; null when all was searched. A page with few or no calls may have one:
    /// a search stops after a number of calls looked at, so that it stays quick.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = Option<String>, required = true)]
    pub next: Option<u64>,
    /// How many calls were looked at.
    pub scanned: u64,
}

/// A cursor means nothing to its reader, so it is text.
fn as_text<S: Serializer>(cursor: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    cursor.map(|id| id.to_string()).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_to_search_for_read_back_as_written() {
        for text in ["404", "4xx", "refused", "would_refuse", "100", "599", "5xx"] {
            assert_eq!(text.parse::<StatusFilter>().map(|status| status.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "4", "40x", "xx", "6xx", "0xx", "99", "600", "-1", "Refused", "404 "] {
            assert!(text.parse::<StatusFilter>().is_err(), "{text}");
        }
    }
}
