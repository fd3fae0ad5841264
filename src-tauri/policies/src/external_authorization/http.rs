//! Asks by plain HTTP: the call's method, path and some headers; the answer's status decides.

use bytes::Bytes;
use gatepost_gateway::{Context, Request};
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::said::{Change, Changes, Denied, How, Said, Undecided};
use super::service::{PARTIAL_BODY, Service};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What callers are told of a denial whatever the list says: without these its status and its body say nothing.
static ALWAYS_FOR_CALLERS: [HeaderName; 4] = [CONTENT_ENCODING, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE];

/// Which headers of the answer go where.
pub(super) struct Http {
    /// Begins with `/` and does not end with it; may be empty.
    pub(super) path_prefix: String,
    pub(super) upstream_headers: Vec<HeaderName>,
    pub(super) upstream_headers_to_append: Vec<HeaderName>,
    /// Of a denial; empty for all.
    pub(super) client_headers: Vec<HeaderName>,
    pub(super) client_headers_on_success: Vec<HeaderName>,
}

impl Http {
    pub(super) async fn ask(
        &self,
        service: &Service,
        added: HeaderMap,
        request: &Request,
        cx: &Context,
    ) -> Result<Said, Undecided> {
        let question = self.question(service, added, request, cx)?;
        let answer =
            service.outbound.send(question, &service.options).await.map_err(|why| why.to_string())?;
        let (head, body) = answer.into_parts();
        match head.status.as_u16() {
            200..300 => self.changes(&head.headers).map(|changes| Said::Yes(Box::new(changes))),
            300..500 => Ok(Said::No(self.denied(head.status, &head.headers, body))),
            status => Err(format!("it answered {status}").into()),
        }
    }

    fn question(
        &self,
        service: &Service,
        added: HeaderMap,
        request: &Request,
        cx: &Context,
    ) -> Result<http::Request<Bytes>, Undecided> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let mut question = http::Request::new(Bytes::new());
        *question.method_mut() = request.method().clone();
        *question.uri_mut() = service.place.at(&format!("{}{path}", self.path_prefix))?;
        let headers = question.headers_mut();
        for name in service.allowed_headers.iter().chain([&AUTHORIZATION]) {
            copy(request.headers(), name, headers);
        }
        // Ours come last, so that no caller can write them.
        set(headers, X_FORWARDED_FOR, &cx.remote.ip().to_canonical().to_string());
        set(headers, X_FORWARDED_METHOD, request.method().as_str());
        set(headers, X_FORWARDED_PROTO, cx.scheme);
        set(headers, X_FORWARDED_URI, path);
        set(headers, X_REQUEST_ID, &cx.request_id);
        headers.remove(X_FORWARDED_HOST);
        if let Some(host) = request.headers().get(HOST) {
            headers.insert(X_FORWARDED_HOST, host.clone());
        }
        let mut body = Bytes::new();
        if let Some((bytes, is_partial)) = service.body(request, cx) {
            body = Bytes::copy_from_slice(bytes);
            set(headers, PARTIAL_BODY.clone(), is_partial.word());
            if !body.is_empty() {
                copy(request.headers(), &CONTENT_TYPE, headers);
            }
        }
        for name in added.keys() {
            headers.remove(name);
        }
        headers.extend(added);
        *question.body_mut() = body;
        Ok(question)
    }

    /// Headers that only the service may set are gone where it sets none: a caller's would pass for its.
    fn changes(&self, answer: &HeaderMap) -> Result<Changes, Undecided> {
        let mut headers = changes(answer, &self.upstream_headers, How::Overwrite);
        headers.extend(changes(answer, &self.upstream_headers_to_append, How::Append));
        let changes = Changes {
            headers,
            removed: self.upstream_headers.clone(),
            for_caller: changes(answer, &self.client_headers_on_success, How::Overwrite),
            ..Changes::default()
        };
        changes.check()?;
        Ok(changes)
    }

    fn denied(&self, status: http::StatusCode, answer: &HeaderMap, body: Bytes) -> Denied {
        let is_told = |name: &HeaderName| {
            self.client_headers.is_empty()
                || self.client_headers.contains(name)
                || ALWAYS_FOR_CALLERS.contains(name)
        };
        let told: Vec<_> = answer.keys().filter(|name| is_told(name)).cloned().collect();
        Denied { status, headers: changes(answer, &told, How::Overwrite), body }
    }
}

/// The lines of these headers: the first one as `how` says, the others after it.
fn changes(answer: &HeaderMap, names: &[HeaderName], how: How) -> Vec<Change> {
    let lines = names.iter().flat_map(|name| {
        let values = answer.get_all(name).into_iter().enumerate();
        values.map(move |(n, value)| Change {
            name: name.clone(),
            value: value.clone(),
            how: if n == 0 { how } else { How::Append },
        })
    });
    lines.collect()
}

fn copy(from: &HeaderMap, name: &HeaderName, to: &mut HeaderMap) {
    to.remove(name);
    for value in from.get_all(name) {
        to.append(name, value.clone());
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
