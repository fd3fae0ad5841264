//! Metadata of protected resources (RFC 9728): where a caller finds it, and how it is answered.

use gatepost_gateway::{Body, Context, Refusal, Reply, Request, Response};
use gatepost_model::Note;
use http::header::{ALLOW, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

/// Where the document is, below an API's base path.
pub(crate) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// What follows the well-known path: nothing, or a path.
pub(crate) fn suffix_of(path: &str) -> Option<&str> {
    let suffix = path.strip_prefix(WELL_KNOWN)?;
    (suffix.is_empty() || suffix.starts_with('/')).then_some(suffix)
}

/// 200 with the document, 404 where there is none, 405 to all methods but GET.
pub(crate) fn answer_of(method: &Method, document: Option<&Value>) -> Box<Refusal> {
    match document {
        None => {
            let reply = Reply::of(StatusCode::NOT_FOUND, "There is no metadata of a protected resource here");
            Refusal::of_caller(reply, const { Note::new("no metadata of this path") })
        }
        Some(_) if method != Method::GET => not_allowed(),
        Some(document) => {
            let mut response = Response::new(Body::from(document.to_string()));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Refusal::of_answer(response, const { Note::new("answered with the resource's metadata") })
        }
    }
}

/// 405.
pub(crate) fn not_allowed() -> Box<Refusal> {
    let reply = Reply::of(StatusCode::METHOD_NOT_ALLOWED, "Metadata can only be read, with GET")
        .header(ALLOW, HeaderValue::from_static("GET"));
    Refusal::of_caller(reply, const { Note::new("not with GET") })
}

/// The document of an API that says where it is by the address its caller used.
pub(crate) struct Own {
    pub(crate) authorization_server: Box<str>,
}

impl Own {
    /// Where the document is, for challenges; none where the caller's `Host` is none that can stand there.
    pub(crate) fn address(request: &Request, cx: &Context) -> Option<String> {
        Some(format!("{}{WELL_KNOWN}", base(request, cx)?))
    }

    /// The answer to a request for the document; none for any other.
    pub(crate) fn answer<'s>(
        &self,
        request: &Request,
        cx: &Context,
        scopes: impl FnOnce() -> Vec<&'s str>,
    ) -> Option<Box<Refusal>> {
        let suffix = suffix_of(cx.path_below_base(request.uri().path()))?;
        let document = base(request, cx).filter(|_| suffix.is_empty()).map(|resource| {
            document_of(
                &resource,
                vec![
                    ("authorization_servers", json!([self.authorization_server])),
                    ("scopes_supported", json!(scopes())),
                    ("bearer_methods_supported", json!(["header"])),
                ],
            )
        });
        Some(answer_of(request.method(), document.as_ref()))
    }
}

/// The API's address as its caller wrote it, without a slash at the end.
fn base(request: &Request, cx: &Context) -> Option<String> {
    let host = request.headers().get(HOST)?.to_str().ok()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    let base_path = request.uri().path().get(..cx.base_path_len).unwrap_or_default();
    // A base path is the operator's own, and an address as it came may still have what no quoted text can hold.
    let fits = !host.is_empty() && host.bytes().all(is_plain) && !base_path.contains(['"', '\\']);
    fits.then(|| format!("{}://{host}{base_path}", cx.scheme))
}

/// A document of these members; those that are empty are left out (RFC 9728, 3.2).
pub(crate) fn document_of(resource: &str, members: Vec<(&'static str, Value)>) -> Value {
    let mut document = json!({ "resource": resource });
    for (name, value) in members {
        let is_empty = match &value {
            Value::Array(list) => list.is_empty(),
            Value::String(text) => text.is_empty(),
            Value::Bool(is_so) => !is_so,
            other => other.is_null(),
        };
        if !is_empty {
            document[name] = value;
        }
    }
    document
}
