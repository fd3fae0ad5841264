//! A call that is over, as far as its record tells, made into a request and an answer again.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use gatepost_model::{ApiId, Header, REDACTED};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version};
use http_body::SizeHint;

use crate::headers::strip_hop_by_hop;
use crate::request_id::X_REQUEST_ID;
use crate::{Body, Context, Expression, Identity, Plan, Request, Response, Side, Subject, Unrecorded};

/// What stands for a secret in a target, where [`REDACTED`] cannot.
const IN_TARGET: &str = "redacted";

/// What is recorded of a call. Where a secret stood there is [`REDACTED`].
#[derive(Clone, Debug)]
pub struct PastCall {
    /// When its head had arrived, epoch microseconds.
    pub at_us: i64,
    /// In capitals.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Such as `HTTP/1.1`.
    pub http_version: String,
    /// As received, in order.
    pub headers: Vec<Header>,
    /// Bytes of its body.
    pub bytes: u64,
    /// The body itself; none where it is not kept.
    pub body: Option<Bytes>,
    /// The caller's socket.
    pub remote: SocketAddr,
    /// `x-request-id`.
    pub request_id: String,
    /// It came over TLS.
    pub is_https: bool,
    /// Who called, as far as that is recorded.
    pub identity: Identity,
    /// What was there and is not recorded, apart from secrets: those are seen in the record.
    pub unknown: Unrecorded,
    /// What the upstream answered; none where it was not called.
    pub answer: Option<PastAnswer>,
}

/// What is recorded of an answer.
#[derive(Clone, Debug)]
pub struct PastAnswer {
    /// Its status.
    pub status: u16,
    /// As the caller got them.
    pub headers: Vec<Header>,
    /// Bytes of its body, which is not kept.
    pub bytes: u64,
}

/// What is put where secrets stood.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// Something that is no right secret.
    Wrong,
    /// Nothing.
    Missing,
}

impl PastCall {
    /// Whether a secret was taken out of its record.
    pub fn has_secrets(&self) -> bool {
        self.target.contains(REDACTED) || self.headers.iter().any(|(_, value)| value == REDACTED)
    }

    /// The value of an expression, as a policy would have had it; a secret is [`REDACTED`] still. Fails where an operation
    /// does not fit its values, and where the record is of no request, or, for a response, of no answer.
    pub fn evaluate(&self, expression: &Expression, side: Side) -> Result<Option<String>, String> {
        let cx = self.context(Arc::default(), ApiId(0));
        let value = match side {
            Side::Request => {
                let request = self.request(Secrets::Wrong).ok_or("there is no request that reads so")?;
                expression.evaluate(&Subject::request(&request, &cx))?.map(Cow::into_owned)
            }
            Side::Response => {
                let answer = self.answer.as_ref().and_then(PastAnswer::response);
                let response = answer.ok_or("the upstream gave no answer to this call")?;
                expression.evaluate(&Subject::response(&response, &cx))?.map(Cow::into_owned)
            }
        };
        Ok(value)
    }

    /// Its facts; what is measured from some beginning is zero.
    pub(crate) fn context(&self, plan: Arc<Plan>, api: ApiId) -> Context {
        Context {
            wall_us: self.at_us,
            remote: self.remote,
            scheme: if self.is_https { "https" } else { "http" },
            request_id: self.request_id.as_str().into(),
            identity: self.identity.clone(),
            ..Context::plain(plan, api)
        }
    }

    /// Names of the headers whose values were taken out, each once; `its query` for the query.
    pub fn names_of_secrets(&self) -> Vec<&str> {
        let headers = self.headers.iter().filter(|(_, value)| value == REDACTED);
        let mut names: Vec<&str> = headers.map(|(name, _)| name.as_str()).collect();
        names.dedup();
        if self.target.contains(REDACTED) {
            names.push("its query");
        }
        names
    }

    /// The request as policies saw it. None where the record is of something that is no request.
    pub(crate) fn request(&self, secrets: Secrets) -> Option<Request> {
        let in_target = if secrets == Secrets::Wrong { IN_TARGET } else { "" };
        let body = self.body.clone().map_or_else(|| body_of(self.bytes), Body::from);
        let mut request = Request::new(body);
        *request.method_mut() = Method::from_bytes(self.method.as_bytes()).ok()?;
        *request.uri_mut() = Uri::try_from(self.target.replace(REDACTED, in_target)).ok()?;
        *request.version_mut() = match self.http_version.as_str() {
            "HTTP/1.0" => Version::HTTP_10,
            "HTTP/2" => Version::HTTP_2,
            _ => Version::HTTP_11,
        };
        let kept = self.headers.iter().filter(|(_, value)| secrets == Secrets::Wrong || value != REDACTED);
        fill(request.headers_mut(), kept)?;
        strip_hop_by_hop(request.headers_mut());
        request.headers_mut().insert(X_REQUEST_ID, HeaderValue::from_str(&self.request_id).ok()?);
        Some(request)
    }
}

impl PastAnswer {
    /// The answer as far as it is known; none where the record is of none.
    pub(crate) fn response(&self) -> Option<Response> {
        let mut response = Response::new(body_of(self.bytes));
        *response.status_mut() = StatusCode::from_u16(self.status).ok()?;
        fill(response.headers_mut(), self.headers.iter())?;
        Some(response)
    }
}

/// A body of which the length alone is known.
fn body_of(bytes: u64) -> Body {
    if bytes == 0 { Body::Empty } else { Body::Elsewhere(SizeHint::with_exact(bytes)) }
}

fn fill<'a>(headers: &mut HeaderMap, recorded: impl Iterator<Item = &'a Header>) -> Option<()> {
    for (name, value) in recorded {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(())
}
