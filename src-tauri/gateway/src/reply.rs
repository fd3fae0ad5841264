//! Answers that the gateway makes itself: one constructor per meaning, one place for status codes.
//!
//! The body is `{"error", "policy", "request_id"}` as JSON; it says what the caller did or may do, never what is
//! behind. `WWW-Authenticate`: RFC 9110, 11.6.1. `Retry-After`: RFC 9110, 10.2.3.

use std::borrow::Cow;
use std::time::Duration;

use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::form::OwnWords;
use crate::{Body, Response};

/// An answer of the gateway's own.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    error: Cow<'static, str>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// What its body says beside the error.
    members: Vec<(&'static str, serde_json::Value)>,
}

impl Reply {
    fn new(status: StatusCode, error: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error: error.into(), headers: Vec::new(), members: Vec::new() }
    }

    /// Any status that the others have no name for.
    pub fn of(status: StatusCode, error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status, error)
    }

    /// 400: the request is malformed or breaks a rule about its form.
    pub fn bad_request(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// The request breaks a rule of its protocol.
    pub(crate) fn malformed(status: StatusCode, reason: &'static str) -> Self {
        Self::new(status, reason)
    }

    /// 401: the caller did not say who it is, or not truthfully. `challenge` goes into `WWW-Authenticate`; one that is no
    /// header value is left out.
    pub fn unauthorized(
        error: impl Into<Cow<'static, str>>,
        challenge: impl Into<Cow<'static, str>>,
    ) -> Self {
        let challenge = match challenge.into() {
            Cow::Borrowed(challenge) => HeaderValue::from_str(challenge),
            Cow::Owned(challenge) => HeaderValue::try_from(challenge),
        };
        let reply = Self::new(StatusCode::UNAUTHORIZED, error);
        match challenge {
            Ok(challenge) => reply.header(WWW_AUTHENTICATE, challenge),
            Err(_) => reply,
        }
    }

    /// 403: known, and not allowed.
    pub fn forbidden(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, error)
    }

    /// 404: no API listens at this host and path.
    pub fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "No API is listening at this address")
    }

    /// 408: the caller stopped sending in the middle of its request.
    pub fn request_timed_out() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "The request's body did not arrive in time")
    }

    /// 413: the body is over a limit.
    pub fn too_large(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, error)
    }

    /// 421: the connection is not what its listener speaks any more; another one will do (RFC 9110, 15.5.20).
    pub fn misdirected() -> Self {
        Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "This port's TLS settings have changed since this connection was opened; connect again",
        )
    }

    /// 429: over a limit; `retry_after` is rounded up to whole seconds, at least 1.
    pub fn rate_limited(error: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        let seconds = retry_after.as_millis().div_ceil(1_000).max(1) as u64;
        Self::new(StatusCode::TOO_MANY_REQUESTS, error).header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// 431: the head is over a limit.
    pub fn head_too_large(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, error)
    }

    /// 500: a policy could not do its work.
    pub fn failed(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error)
    }

    /// 502: the upstream refused the connection or broke off.
    pub fn bad_gateway() -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "The upstream did not answer")
    }

    /// 503: nothing can take the call now.
    pub fn unavailable(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error)
    }

    /// 504: the upstream took too long.
    pub fn timed_out() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "The upstream took too long to answer")
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds a member to its JSON body, such as `faults`.
    #[must_use]
    pub fn member(mut self, name: &'static str, value: serde_json::Value) -> Self {
        self.members.push((name, value));
        self
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What the caller is told.
    pub fn error(&self) -> &str {
        &self.error
    }

    /// Writes it. `policy` is the policy that answers, empty when it is the gateway.
    pub fn into_response(self, policy: &str, request_id: &str) -> Response {
        let mut body = serde_json::json!({ "error": self.error, "policy": policy, "request_id": request_id });
        if policy.is_empty()
            && let Some(members) = body.as_object_mut()
        {
            members.shift_remove("policy");
        }
        for (name, value) in &self.members {
            body[name] = value.clone();
        }
        let mut response = Response::new(Body::from(body.to_string()));
        response.extensions_mut().insert(OwnWords {
            error: self.error,
            policy: policy.into(),
            request_id: request_id.into(),
            members: self.members,
        });
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().extend(self.headers.into_iter().map(|(name, value)| (Some(name), value)));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_retry_after_up_to_whole_seconds() {
        let response =
            Reply::rate_limited("over", Duration::from_millis(20_001)).into_response("rate-limiting", "r");
        assert_eq!(response.headers()[RETRY_AFTER], "21");
        let response = Reply::rate_limited("over", Duration::ZERO).into_response("rate-limiting", "r");
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }

    #[test]
    fn says_error_policy_and_request_id() {
        let response = Reply::unauthorized("Client ID is not present", "Client-ID-Enforcement")
            .into_response("client-id-enforcement", "r-1");
        let body = response.body().as_full().expect("made here");
        assert_eq!(
            body.as_ref(),
            br#"{"error":"Client ID is not present","policy":"client-id-enforcement","request_id":"r-1"}"#
        );
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Client-ID-Enforcement");
    }
}
