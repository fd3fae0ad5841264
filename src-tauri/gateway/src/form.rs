//! The form in which a caller is told what the gateway itself answers: JSON, a problem document where the caller asks
//! for one (RFC 9457), or the trailers of gRPC.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::{Body, Response};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// Marks an answer of the gateway's own, with what it says in words.
#[derive(Clone)]
pub(crate) struct OwnWords {
    /// For the caller.
    pub(crate) error: Cow<'static, str>,
    /// The policy that answers, empty when it is the gateway.
    pub(crate) policy: Box<str>,
    /// `x-request-id`.
    pub(crate) request_id: Box<str>,
    /// What the body says beside that.
    pub(crate) members: Vec<(&'static str, serde_json::Value)>,
}

/// True for an answer that the gateway made itself, a policy's refusal or its own.
pub fn is_own_answer(response: &Response) -> bool {
    response.extensions().get::<OwnWords>().is_some()
}

/// Puts an answer of the gateway's own into the form that fits the request; leaves an upstream's alone.
pub(crate) fn fit(response: &mut Response, request: &HeaderMap) {
    let Some(own) = response.extensions_mut().remove::<OwnWords>() else { return };
    let of = |wanted: HeaderName| request.get(wanted).and_then(|value| value.to_str().ok());
    match (of(CONTENT_TYPE), of(ACCEPT)) {
        (Some(content_type), _) if is_grpc(content_type) => tell_by_grpc(response, &own, content_type),
        (_, Some(accept)) if takes_problems(accept) => tell_as_problem(response, &own),
        _ => {}
    }
}

/// `application/grpc`, with or without its encoding, and gRPC-Web.
pub(crate) fn is_grpc(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let after = kind.get(..16).filter(|start| start.eq_ignore_ascii_case("application/grpc"));
    after.is_some() && matches!(kind.as_bytes().get(16), None | Some(b'+' | b'-'))
}

fn takes_problems(accept: &str) -> bool {
    let mut kinds = accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.any(|kind| kind.eq_ignore_ascii_case("application/problem+json"))
}

/// Trailers only (gRPC over HTTP/2, "Responses"): they stand in the head, and there is no body.
fn tell_by_grpc(response: &mut Response, own: &OwnWords, content_type: &str) {
    let status = grpc_status(response.status());
    *response.status_mut() = StatusCode::OK;
    *response.body_mut() = Body::Empty;
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(GRPC_STATUS, HeaderValue::from(status));
    // What was percent-encoded, and what came as a header, is a valid value.
    if let Ok(message) = HeaderValue::try_from(percent_encoded(&own.error)) {
        headers.insert(GRPC_MESSAGE, message);
    }
    if let Ok(content_type) = HeaderValue::try_from(content_type) {
        headers.insert(CONTENT_TYPE, content_type);
    }
}

/// As gRPC's "HTTP to gRPC Status Code Mapping" has it.
fn grpc_status(status: StatusCode) -> u16 {
    const INTERNAL: u16 = 13;
    const UNAUTHENTICATED: u16 = 16;
    const PERMISSION_DENIED: u16 = 7;
    const UNIMPLEMENTED: u16 = 12;
    const UNAVAILABLE: u16 = 14;
    const UNKNOWN: u16 = 2;
    match status.as_u16() {
        400 => INTERNAL,
        401 => UNAUTHENTICATED,
        403 => PERMISSION_DENIED,
        404 => UNIMPLEMENTED,
        429 | 502 | 503 | 504 => UNAVAILABLE,
        _ => UNKNOWN,
    }
}

/// As gRPC wants a `Status-Message`: everything but printable ASCII, and the percent sign itself.
fn percent_encoded(words: &str) -> String {
    let mut encoded = String::with_capacity(words.len());
    for byte in words.bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn tell_as_problem(response: &mut Response, own: &OwnWords) {
    let status = response.status();
    let mut problem = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Refused"),
        "status": status.as_u16(),
        "detail": own.error,
        "request_id": own.request_id,
    });
    if !own.policy.is_empty() {
        problem["policy"] = serde_json::Value::from(&*own.policy);
    }
    for (name, value) in &own.members {
        problem[name] = value.clone();
    }
    *response.body_mut() = Body::from(problem.to_string());
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reply;
    use std::time::Duration;

    fn fitted(reply: Reply, request: &[(&'static str, &'static str)]) -> Response {
        let lines = request.iter();
        let request: HeaderMap = lines
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let mut response = reply.into_response("rate-limiting", "r-1");
        fit(&mut response, &request);
        response
    }

    #[test]
    fn a_grpc_caller_is_told_in_trailers_alone() {
        let reply = Reply::rate_limited("Zu viele Anfragen: 100\u{a0}%", Duration::from_secs(3));
        let response = fitted(reply, &[("content-type", "application/grpc+proto")]);
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["grpc-status"], "14");
        assert_eq!(response.headers()["grpc-message"], "Zu viele Anfragen: 100%C2%A0%25");
        assert_eq!(response.headers()["content-type"], "application/grpc+proto");
        assert_eq!(response.headers()["retry-after"], "3");
        assert!(matches!(response.body(), Body::Empty));
    }

    #[test]
    fn a_caller_that_asks_for_a_problem_gets_one() {
        let response =
            fitted(Reply::forbidden("No"), &[("accept", "text/html, application/problem+json;q=0.5")]);
        assert_eq!(response.status(), 403);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let body: serde_json::Value =
            serde_json::from_slice(response.body().as_full().expect("made here")).expect("JSON");
        let expected = serde_json::json!({
            "type": "about:blank", "title": "Forbidden", "status": 403, "detail": "No", "request_id": "r-1",
            "policy": "rate-limiting",
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn everybody_else_gets_json() {
        for headers in [&[][..], &[("accept", "*/*")], &[("content-type", "application/grpcx")]] {
            let response = fitted(Reply::forbidden("No"), headers);
            assert_eq!(response.status(), 403);
            assert_eq!(response.headers()["content-type"], "application/json");
        }
    }

    #[test]
    fn statuses_are_those_of_grpcs_table() {
        let known = [(400, 13), (401, 16), (403, 7), (404, 12), (429, 14), (502, 14), (503, 14), (504, 14)];
        for (http, grpc) in known {
            assert_eq!(grpc_status(StatusCode::from_u16(http).expect("valid")), grpc);
        }
        assert_eq!(grpc_status(StatusCode::PAYLOAD_TOO_LARGE), 2);
    }
}
