//! The facts that an expression can name, found when it is parsed, read when it runs.

use std::borrow::Cow;

use gatepost_model::is_secret_header;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Version};
use serde_json::Value;

use super::subject::{Line, Side, Subject};
use crate::redact::is_secret_parameter;
use crate::{CertificateFacts, Unrecorded};

/// One fact. Reading borrows wherever the fact is text already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Header(HeaderName),
    QueryParam(Box<str>),
    QueryString,
    Method,
    RequestPath,
    RequestUri,
    Scheme,
    Version,
    RemoteAddress,
    LocalAddress,
    ClientCertificate(CertificateFact),
    StatusCode,
    Principal,
    ClientId,
    ClientName,
    /// Of `authentication.properties`; `vars.claimSet` is its `claims`.
    Property(Names),
    /// Of the body.
    Payload(Names),
}

/// The names that lead into a JSON value.
type Names = Box<[Box<str>]>;

/// A fact of the certificate that the caller showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CertificateFact {
    Subject,
    Issuer,
    Serial,
    Fingerprint,
    Names,
    NotAfter,
}

const CERTIFICATE_FACTS: [(&str, CertificateFact); 6] = [
    ("subject", CertificateFact::Subject),
    ("issuer", CertificateFact::Issuer),
    ("serial", CertificateFact::Serial),
    ("fingerprint", CertificateFact::Fingerprint),
    ("subjectAlternativeNames", CertificateFact::Names),
    ("notAfter", CertificateFact::NotAfter),
];

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fact<'a> {
    /// There is none.
    Null,
    Text(Cow<'a, str>),
    Number(i64),
    /// Any other JSON value but null.
    Json(Cow<'a, Value>),
}

impl Source {
    /// Finds the fact that `attributes.headers['x']`, read as `["attributes", "headers", "x"]`, names on this side.
    pub(super) fn named(path: &[&str], side: Side) -> Result<Self, String> {
        match path {
            ["attributes", "headers", name] => HeaderName::from_bytes(name.as_bytes())
                .map(Self::Header)
                .map_err(|_| format!("`{name}` is not a header name")),
            ["attributes", "headers"] => {
                Err("attributes.headers needs a name: attributes.headers['x']".into())
            }
            ["attributes", "statusCode"] if side == Side::Response => Ok(Self::StatusCode),
            ["attributes", "statusCode"] => Err("attributes.statusCode exists in responses only".into()),
            ["attributes", name, ..] if side == Side::Response && REQUEST_ATTRIBUTES.contains(name) => Err(
                format!("attributes.{name} exists in requests only; a response has headers and statusCode"),
            ),
            ["attributes", "queryParams", name] => Ok(Self::QueryParam((*name).into())),
            ["attributes", "queryParams"] => {
                Err("attributes.queryParams needs a name: attributes.queryParams['x']".into())
            }
            ["attributes", "queryString"] => Ok(Self::QueryString),
            ["attributes", "method"] => Ok(Self::Method),
            ["attributes", "requestPath"] => Ok(Self::RequestPath),
            ["attributes", "requestUri"] => Ok(Self::RequestUri),
            ["attributes", "scheme"] => Ok(Self::Scheme),
            ["attributes", "version"] => Ok(Self::Version),
            ["attributes", "remoteAddress"] => Ok(Self::RemoteAddress),
            ["attributes", "localAddress"] => Ok(Self::LocalAddress),
            ["attributes", "clientCertificate", rest @ ..] => certificate_fact(rest),
            ["authentication", "principal"] => Ok(Self::Principal),
            ["authentication", "clientId"] => Ok(Self::ClientId),
            ["authentication", "clientName"] => Ok(Self::ClientName),
            ["authentication", "properties", names @ ..] => Ok(Self::Property(boxed(names))),
            ["payload", names @ ..] => Ok(Self::Payload(boxed(names))),
            ["vars", "claimSet", names @ ..] => Ok(Self::Property(boxed(&[&["claims"], names].concat()))),
            ["vars", ..] => Err("of vars there is claimSet: what the caller's token says".into()),
            ["attributes", rest @ ..] => Err(format!(
                "attributes.{} is not known; there are headers['name'], {} and, in responses, statusCode",
                rest.join("."),
                REQUEST_ATTRIBUTES.join(", ")
            )),
            ["authentication", rest @ ..] => Err(format!(
                "authentication.{} is not known; there are principal, clientId, clientName and properties",
                rest.join(".")
            )),
            other => {
                Err(format!("`{}` is not known; begin with attributes or authentication", other.join(".")))
            }
        }
    }

    /// Which facts that are never recorded it is.
    pub(super) fn asks(&self) -> Unrecorded {
        let nothing = Unrecorded::NOTHING;
        match self {
            Self::Header(name) => {
                Unrecorded { secrets: is_secret_header(name.as_str()), changes: true, ..nothing }
            }
            Self::QueryParam(name) => Unrecorded { secrets: is_secret_parameter(name), ..nothing },
            Self::QueryString | Self::RequestUri => Unrecorded::SECRETS,
            Self::ClientCertificate(_) => Unrecorded { certificate: true, ..nothing },
            Self::ClientId | Self::ClientName => Unrecorded { client: true, ..nothing },
            Self::Principal | Self::Property(_) => Unrecorded { claims: true, client: true, ..nothing },
            _ => nothing,
        }
    }

    /// Reads it.
    pub(super) fn read<'a>(&self, subject: &Subject<'a>) -> Fact<'a> {
        let identity = &subject.cx.0.identity;
        match self {
            // The first one, when a header is there more than once.
            Self::Header(name) => {
                Fact::text(subject.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes())))
            }
            Self::Principal => Fact::text(identity.principal().map(Cow::Borrowed)),
            Self::ClientId => Fact::text(identity.client_id.as_deref().map(Cow::Borrowed)),
            Self::ClientName => Fact::text(identity.client_name.as_deref().map(Cow::Borrowed)),
            Self::Property(names) => identity
                .properties
                .as_deref()
                .map_or(Fact::Null, |all| Fact::within(Cow::Borrowed(all), names)),
            Self::Payload(names) => read_payload(subject, names),
            Self::StatusCode => match subject.line {
                Line::Response { status } => Fact::Number(status.as_u16().into()),
                Line::Request { .. } => Fact::Null,
            },
            of_request => of_request.read_request(subject),
        }
    }

    fn read_request<'a>(&self, subject: &Subject<'a>) -> Fact<'a> {
        let Line::Request { method, uri, version } = subject.line else { return Fact::Null };
        let cx = subject.cx.0;
        match self {
            Self::QueryParam(name) => {
                let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
                Fact::text(pairs.into_iter().find(|(key, _)| *key == **name).map(|(_, value)| value))
            }
            Self::QueryString => Fact::Text(uri.query().unwrap_or_default().into()),
            Self::Method => Fact::Text(method.as_str().into()),
            Self::RequestPath => Fact::Text(uri.path().into()),
            Self::RequestUri => {
                Fact::Text(uri.path_and_query().map_or_else(|| uri.path(), |both| both.as_str()).into())
            }
            Self::Scheme => Fact::Text(cx.scheme.into()),
            Self::Version => Fact::Text(version_name(version).into()),
            Self::RemoteAddress => Fact::Text(cx.remote.to_string().into()),
            Self::LocalAddress => Fact::Text(cx.local.to_string().into()),
            Self::ClientCertificate(fact) => {
                let shown = cx.tls.as_deref().and_then(|tls| tls.client_certificate.as_ref());
                shown.map_or(Fact::Null, |certificate| fact.read(certificate))
            }
            _ => Fact::Null,
        }
    }
}

fn boxed(names: &[&str]) -> Names {
    names.iter().map(|name| Box::from(*name)).collect()
}

/// JSON, or the fields of a form; without names the whole body as text.
fn read_payload<'a>(subject: &Subject<'a>, names: &[Box<str>]) -> Fact<'a> {
    let Some(bytes) = subject.body.bytes().filter(|bytes| !bytes.is_empty()) else { return Fact::Null };
    if names.is_empty() {
        return Fact::Text(String::from_utf8_lossy(bytes));
    }
    let kind = subject.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if kind.starts_with(b"application/x-www-form-urlencoded") {
        let [name] = names else { return Fact::Null };
        return Fact::text(
            url::form_urlencoded::parse(bytes).find(|(key, _)| *key == **name).map(|(_, value)| value),
        );
    }
    let parsed = serde_json::from_slice(bytes).ok();
    parsed.map_or(Fact::Null, |value| Fact::within(Cow::Owned(value), names))
}

fn certificate_fact(path: &[&str]) -> Result<Source, String> {
    let found = match path {
        [name] => CERTIFICATE_FACTS.iter().find(|(known, _)| known == name),
        _ => None,
    };
    found.map(|(_, fact)| Source::ClientCertificate(*fact)).ok_or_else(|| {
        let known: Vec<_> = CERTIFICATE_FACTS.iter().map(|(name, _)| *name).collect();
        format!("attributes.clientCertificate has {}; null where the caller showed none", known.join(", "))
    })
}

impl CertificateFact {
    fn read(self, certificate: &CertificateFacts) -> Fact<'_> {
        match self {
            Self::Subject => Fact::Text((*certificate.subject).into()),
            Self::Issuer => Fact::Text((*certificate.issuer).into()),
            Self::Serial => Fact::Text((*certificate.serial).into()),
            Self::Fingerprint => Fact::Text((*certificate.fingerprint).into()),
            Self::Names => {
                let names: Vec<_> = certificate.names.iter().map(ToString::to_string).collect();
                Fact::Text(names.join(", ").into())
            }
            Self::NotAfter => Fact::Number(certificate.not_after),
        }
    }
}

const REQUEST_ATTRIBUTES: [&str; 10] = [
    "queryParams",
    "queryString",
    "method",
    "requestPath",
    "requestUri",
    "scheme",
    "version",
    "remoteAddress",
    "localAddress",
    "clientCertificate",
];

impl<'a> Fact<'a> {
    fn text(found: Option<Cow<'a, str>>) -> Self {
        found.map_or(Self::Null, Self::Text)
    }

    /// What the names lead to.
    fn within(value: Cow<'a, Value>, names: &[Box<str>]) -> Self {
        let found = match value {
            Cow::Borrowed(value) => {
                names.iter().try_fold(value, |value, name| value.get(&**name)).map(Cow::Borrowed)
            }
            Cow::Owned(mut value) => {
                let found = names.iter().try_fold(&mut value, |value, name| value.get_mut(&**name));
                found.map(|found| Cow::Owned(found.take()))
            }
        };
        match found {
            None => Self::Null,
            Some(Cow::Borrowed(Value::String(text))) => Self::Text(text.into()),
            Some(Cow::Owned(Value::String(text))) => Self::Text(text.into()),
            Some(value) if value.is_null() => Self::Null,
            Some(value) => value.as_i64().map_or(Self::Json(value), Self::Number),
        }
    }

    /// As text; none when there is none.
    pub(super) fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number.to_string().into()),
            Self::Json(value) => Some(value.to_string().into()),
        }
    }
}

fn version_name(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}
