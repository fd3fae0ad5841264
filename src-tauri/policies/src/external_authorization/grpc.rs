//! Asks by Envoy's gRPC protocol.

use std::collections::HashMap;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use gatepost_gateway::{Context, Request, SubjectName, TlsFacts, Unary};
use http::header::{CONTENT_LENGTH, COOKIE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use prost::Message as _;

use super::messages::{self as sent, CHECK, CheckRequest, CheckResponse};
use super::said::{Change, Changes, Denied, How, Said, Undecided};
use super::service::{PARTIAL_BODY, Service};

/// What of a call is told, and how.
pub(super) struct Grpc {
    pub(super) include_peer_certificate: bool,
    pub(super) encode_raw_headers: bool,
    pub(super) pack_as_bytes: bool,
}

impl Grpc {
    pub(super) async fn ask(
        &self,
        service: &Service,
        metadata: HeaderMap,
        request: &Request,
        cx: &Context,
    ) -> Result<Said, Undecided> {
        let message = self.question(service, request, cx).encode_to_vec().into();
        let call = Unary { method: service.place.at(CHECK)?, metadata, message };
        let answer = service.outbound.unary(call, &service.options).await.map_err(|why| why.to_string())?;
        let answer =
            CheckResponse::decode(answer).map_err(|_| "its answer is no CheckResponse".to_owned())?;
        verdict_of(answer)
    }

    fn question(&self, service: &Service, request: &Request, cx: &Context) -> CheckRequest {
        let shown = cx.tls.as_deref().filter(|tls| tls.client_certificate.is_some());
        let source = sent::Peer {
            address: Some(address(cx.remote)),
            principal: shown.and_then(principal_of).unwrap_or_default(),
            certificate: shown
                .filter(|_| self.include_peer_certificate)
                .and_then(|tls| tls.client_der.as_deref())
                .map(encoded_pem)
                .unwrap_or_default(),
        };
        let destination = sent::Peer { address: Some(address(cx.local)), ..sent::Peer::default() };
        let request = sent::Request {
            time: Some(sent::Timestamp {
                seconds: cx.wall_us.div_euclid(1_000_000),
                nanos: i32::try_from(cx.wall_us.rem_euclid(1_000_000) * 1_000).unwrap_or_default(),
            }),
            http: Some(self.http(service, request, cx)),
        };
        let attributes = sent::AttributeContext {
            source: Some(source),
            destination: Some(destination),
            request: Some(request),
        };
        CheckRequest { attributes: Some(attributes) }
    }

    fn http(&self, service: &Service, request: &Request, cx: &Context) -> sent::HttpRequest {
        let headers = request.headers();
        let text = |name: &HeaderName| headers.get(name).map(|value| plain(value.as_bytes()));
        let size = text(&CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let here = || request.body().bytes().and_then(|bytes| i64::try_from(bytes.len()).ok());
        let mut told = sent::HttpRequest {
            id: cx.request_id.to_string(),
            method: request.method().to_string(),
            path: path_of(request).to_owned(),
            host: text(&HOST).unwrap_or_default(),
            scheme: cx.scheme.to_owned(),
            size: size.or_else(here).unwrap_or(-1),
            protocol: protocol_of(request.version()).to_owned(),
            ..sent::HttpRequest::default()
        };
        let mut lines = lines(&service.allowed_headers, request, cx);
        if let Some((body, is_partial)) = service.body(request, cx) {
            lines.push((PARTIAL_BODY.as_str(), is_partial.word().as_bytes()));
            if self.pack_as_bytes {
                told.raw_body = body.to_vec();
            } else {
                told.body = String::from_utf8_lossy(body).into_owned();
            }
        }
        if self.encode_raw_headers {
            let raw = |(key, value): (&str, &[u8])| sent::HeaderValue {
                key: key.to_owned(),
                raw_value: value.to_vec(),
                value: String::new(),
            };
            told.header_map = Some(sent::HeaderMap { headers: lines.into_iter().map(raw).collect() });
        } else {
            told.headers = merged(&lines);
        }
        told
    }
}

fn path_of(request: &Request) -> &str {
    request.uri().path_and_query().map_or("/", |path| path.as_str())
}

/// The headers that are told: those allowed, or all, and then those of HTTP/2's first line too, as Envoy has it.
fn lines<'r>(allowed: &[HeaderName], request: &'r Request, cx: &'r Context) -> Vec<(&'r str, &'r [u8])> {
    let headers = request.headers();
    let mut lines: Vec<(&str, &[u8])> = Vec::with_capacity(headers.len() + 5);
    if allowed.is_empty() {
        lines.push((":method", request.method().as_str().as_bytes()));
        lines.push((":path", path_of(request).as_bytes()));
        lines.push((":scheme", cx.scheme.as_bytes()));
        lines.extend(headers.get(HOST).map(|host| (":authority", host.as_bytes())));
    }
    let is_told = |name: &HeaderName| match allowed {
        [] => *name != HOST,
        allowed => allowed.contains(name),
    };
    let told = headers.iter().filter(|(name, _)| is_told(name));
    lines.extend(told.map(|(name, value)| (name.as_str(), value.as_bytes())));
    lines
}

/// One line a name (RFC 9110, 5.3; cookies: RFC 9113, 8.2.3).
fn merged(lines: &[(&str, &[u8])]) -> HashMap<String, String> {
    let mut all: HashMap<String, String> = HashMap::with_capacity(lines.len());
    for (name, value) in lines {
        let separator = if *name == COOKIE.as_str() { "; " } else { "," };
        match all.get_mut(*name) {
            Some(before) => {
                before.push_str(separator);
                before.push_str(&plain(value));
            }
            None => drop(all.insert((*name).to_owned(), plain(value))),
        }
    }
    all
}

/// What is no UTF-8 is `!`, as Envoy has it.
fn plain(value: &[u8]) -> String {
    String::from_utf8_lossy(value).replace('\u{fffd}', "!")
}

fn protocol_of(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    }
}

fn address(socket: SocketAddr) -> sent::Address {
    let (address, port_value) = (socket.ip().to_canonical().to_string(), socket.port().into());
    sent::Address { socket_address: Some(sent::SocketAddress { address, port_value }) }
}

/// The first URI of the certificate, else the first DNS name, else the subject.
fn principal_of(tls: &TlsFacts) -> Option<String> {
    let certificate = tls.client_certificate.as_ref()?;
    let uri = certificate.names.iter().find_map(|name| match name {
        SubjectName::Uri(uri) => Some(uri.to_string()),
        _ => None,
    });
    let dns = || {
        certificate.names.iter().find_map(|name| match name {
            SubjectName::Dns(name) => Some(name.to_string()),
            _ => None,
        })
    };
    uri.or_else(dns).or_else(|| Some(certificate.subject.to_string()))
}

/// PEM, percent-encoded as Envoy does it.
fn encoded_pem(der: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(der);
    let mut text = String::from("-----BEGIN%20CERTIFICATE-----%0A");
    for (place, c) in base64.chars().enumerate() {
        if place > 0 && place % 64 == 0 {
            text.push_str("%0A");
        }
        match c {
            '+' => text.push_str("%2B"),
            '/' => text.push_str("%2F"),
            '=' => text.push_str("%3D"),
            plain => text.push(plain),
        }
    }
    text.push_str("%0A-----END%20CERTIFICATE-----%0A");
    text
}

/// A yes must be said: an answer that says nothing is none. A no beside a yes is a no.
fn verdict_of(answer: CheckResponse) -> Result<Said, Undecided> {
    if let Some(error) = answer.error_response {
        let status = error.status.and_then(|status| status_of(status.code));
        return Err(Undecided { why: "it says that it failed".into(), status });
    }
    let is_ok = answer.status.as_ref().map(|status| status.code == 0);
    match (is_ok, answer.ok_response, answer.denied_response) {
        (_, _, Some(denied)) => denied_of(denied),
        (Some(false), _, None) => denied_of(sent::DeniedHttpResponse::default()),
        (None, None, None) => Err("its answer says neither yes nor no".to_owned().into()),
        (Some(true) | None, ok, None) => {
            let ok = ok.unwrap_or_default();
            let metadata = ok.dynamic_metadata.or(answer.dynamic_metadata).unwrap_or_default().into_json();
            let changes = Changes {
                headers: changes_of(ok.headers)?,
                // Names that are none name nothing.
                removed: ok.headers_to_remove.iter().filter_map(|name| name.parse().ok()).collect(),
                for_caller: changes_of(ok.response_headers_to_add)?,
                query_set: ok
                    .query_parameters_to_set
                    .into_iter()
                    .map(|pair| (pair.key, pair.value))
                    .collect(),
                query_removed: ok.query_parameters_to_remove,
                metadata,
            };
            changes.check()?;
            Ok(Said::Yes(Box::new(changes)))
        }
    }
}

fn denied_of(denied: sent::DeniedHttpResponse) -> Result<Said, Undecided> {
    let status = match denied.status {
        None | Some(sent::HttpStatus { code: 0 }) => StatusCode::FORBIDDEN,
        Some(status) => status_of(status.code).ok_or_else(|| format!("{} is no status", status.code))?,
    };
    let headers = changes_of(denied.headers)?;
    Ok(Said::No(Denied { status, headers, body: denied.body.into() }))
}

/// One that ends a request.
fn status_of(code: i32) -> Option<StatusCode> {
    u16::try_from(code).ok().filter(|code| (200..600).contains(code))?.try_into().ok()
}

fn changes_of(options: Vec<sent::HeaderValueOption>) -> Result<Vec<Change>, Undecided> {
    let changes = options.into_iter().map(|option| {
        let sent::HeaderValue { key, value, raw_value } = option.header.unwrap_or_default();
        let name: HeaderName = key.parse().map_err(|_| format!("`{}` is no header name", start_of(&key)))?;
        let bytes = if raw_value.is_empty() { value.into_bytes() } else { raw_value };
        let value = HeaderValue::try_from(bytes).map_err(|_| format!("{name} has a value that is none"))?;
        // Unset and "append" are the same number; this service's own rule is that unset means not to.
        let how = match (option.append, option.append_action) {
            (Some(sent::BoolValue { value: true }), _) => How::Append,
            (None, 1) => How::AddIfAbsent,
            (None, 3) => How::OverwriteIfPresent,
            _ => How::Overwrite,
        };
        Ok(Change { name, value, how })
    });
    changes.collect::<Result<_, String>>().map_err(Undecided::from)
}

fn start_of(text: &str) -> String {
    const SHOWN: usize = 40;
    text.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}
