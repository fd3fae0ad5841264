//! From what a person filled in to a request that can be sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use gatepost_gateway::{CertificateDer, ClientTls, Greeting, Trust};
use gatepost_model::{ApiId, CertificateKind, Faults, UpstreamUrl};
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::credentials;
use crate::control::Control;
use crate::error::ApiError;
use crate::plan::InForce;
use crate::routes::apis::proxy_url;

/// A request as filled in: either `url`, or `api_id` and `path`.
#[derive(Clone, Debug, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TesterRequest {
    /// Such as `GET`.
    method: String,
    /// Any URL.
    #[serde(default)]
    url: Option<String>,
    /// An API of the catalog, called through the gateway.
    #[serde(default)]
    api_id: Option<i64>,
    /// Path and query below the API's base path; default `/`.
    #[serde(default)]
    path: Option<String>,
    /// Name and value, in order; names may repeat. At most 200.
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// Sent as it is.
    #[serde(default)]
    body: Option<String>,
    /// Name of a certificate with a key to show where the target asks for one; only with `https`.
    #[serde(default)]
    client_certificate: Option<String>,
    /// Client app whose credentials are put where the API's policies look for them.
    #[serde(default)]
    call_as: Option<i64>,
}

/// The URL that is called, and where to connect when that is not what the URL says.
type Target = (Url, Option<(IpAddr, u16)>);
/// A field and what is wrong with it.
type Wrong = (&'static str, String);

/// A request ready to be sent.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(super) method: Method,
    pub(super) url: Url,
    /// Where to connect, when that is not what the URL says: an API that listens for a host name is called here.
    pub(super) connect_to: Option<(IpAddr, u16)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// How the target is greeted; none where the URL is plain.
    pub(super) tls: Option<Arc<ClientTls>>,
    /// Whose certificates are taken, where it is greeted.
    pub(super) trusts: Option<Trusts>,
}

/// Whose certificates the tester took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trusts {
    /// Those that one of our own listeners shows: exactly these, whoever signed them.
    OwnListener,
    /// Those that the operating system trusts.
    System,
}

/// Most headers a request may have.
const MAX_HEADERS: usize = 200;

impl TesterRequest {
    /// Checks it and fills in target and credentials.
    pub(super) async fn prepare(self, control: &Control) -> Result<Prepared, ApiError> {
        let mut faults = Faults::new();
        let method =
            Method::from_bytes(self.method.as_bytes()).map_err(|_| "is not a method, such as GET".to_owned());
        let method = faults.take("method", method);
        let target = faults_of(&mut faults, self.target(control));
        let headers = self.header_map(&mut faults);
        let (Some(method), Some((url, connect_to)), true) = (method, target, faults.is_empty()) else {
            return Err(ApiError::Invalid(faults.into_vec()));
        };
        let body = Bytes::from(self.body.clone().unwrap_or_default());
        let mut prepared = Prepared { method, url, connect_to, headers, body, tls: None, trusts: None };
        self.greet_over_tls(&mut prepared, control)?;
        if let Some(client) = self.call_as {
            credentials::fill_in(&mut prepared, control, client, self.api_id).await?;
        }
        prepared.finish()?;
        Ok(prepared)
    }

    fn target(&self, control: &Control) -> Result<Target, Wrong> {
        match (&self.url, self.api_id) {
            (Some(url), None) => any_url(url).map(|url| (url, None)).map_err(|why| ("url", why)),
            (None, Some(id)) => self.api_target(control, id),
            _ => Err(("url", "give either a URL, or an API and a path".into())),
        }
    }

    fn api_target(&self, control: &Control, id: i64) -> Result<Target, Wrong> {
        let in_force = control.in_force();
        let api = in_force.catalog.apis.get(ApiId(id));
        let listen = &api.ok_or(("api_id", "there is no API with this number".to_owned()))?.listen;
        let path = self.path.as_deref().unwrap_or_default();
        if !path.is_empty() && !path.starts_with(['/', '?']) {
            return Err(("path", "must begin with `/`".into()));
        }
        let url = any_url(&format!("{}{path}", proxy_url(listen, in_force.wants_tls(listen.socket()))))
            .map_err(|why| ("path", why))?;
        let here = match listen.address {
            IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            address => address,
        };
        Ok((url, Some((here, listen.port))))
    }

    /// Our own listeners are trusted by what they show, since nobody else need trust them yet.
    fn greet_over_tls(&self, prepared: &mut Prepared, control: &Control) -> Result<(), ApiError> {
        if prepared.url.scheme() != "https" {
            return match self.client_certificate {
                None => Ok(()),
                Some(_) => Err(ApiError::fault("client_certificate", "is only for https")),
            };
        }
        let in_force = control.in_force();
        let mut identities =
            in_force.catalog.certificates.iter().filter(|known| known.kind == CertificateKind::Identity);
        let shown = self.client_certificate.as_ref().map(|name| {
            identities.find(|known| known.name == *name).ok_or_else(|| {
                ApiError::fault("client_certificate", format!("there is no certificate with a key `{name}`"))
            })
        });
        let (trust, trusts) = match prepared.own_listener().and_then(|socket| shown_there(&in_force, socket))
        {
            Some(known) => (Trust::Only(known), Trusts::OwnListener),
            None => (Trust::System, Trusts::System),
        };
        let tls = ClientTls::http1(trust, shown.transpose()?)
            .map_err(|why| ApiError::fault("client_certificate", why))?;
        (prepared.tls, prepared.trusts) = (Some(Arc::new(tls)), Some(trusts));
        Ok(())
    }

    fn header_map(&self, faults: &mut Faults) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.headers.len() > MAX_HEADERS {
            faults.add("headers", format!("at most {MAX_HEADERS}"));
            return headers;
        }
        for (n, (name, value)) in self.headers.iter().enumerate() {
            let field = format!("headers[{n}]");
            let read = HeaderName::from_bytes(name.trim().as_bytes())
                .map_err(|_| format!("`{name}` is not a header name"))
                .and_then(|name| {
                    let value = HeaderValue::from_str(value.trim());
                    value
                        .map(|value| (name, value))
                        .map_err(|_| "its value has a control character".to_owned())
                });
            if let Some((name, value)) = faults.take(&field, read) {
                headers.append(name, value);
            }
        }
        headers
    }
}

fn faults_of<T>(faults: &mut Faults, result: Result<T, Wrong>) -> Option<T> {
    result.map_err(|(field, message)| faults.add(field, message)).ok()
}

/// An http URL; a query is fine.
fn any_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim())
        .map_err(|_| format!("`{text}` is not a URL, such as http://127.0.0.1:9000/posts"))?;
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    UpstreamUrl::parse(bare.as_str())?;
    Ok(url)
}

/// What our listener on this socket shows, or the one on every address of its port.
fn shown_there(in_force: &InForce, socket: SocketAddr) -> Option<Vec<CertificateDer<'static>>> {
    let any = match socket {
        SocketAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let listeners = &in_force.plan.listeners;
    let listener = listeners.get(&socket).or_else(|| listeners.get(&SocketAddr::new(any, socket.port())))?;
    match &listener.greeting {
        Greeting::Tls(tls) => Some(tls.shown()),
        Greeting::Plain | Greeting::Impossible(_) => None,
    }
}

impl Prepared {
    /// The socket of this machine that is called, where that can be told without asking anybody.
    fn own_listener(&self) -> Option<SocketAddr> {
        let port = self.url.port_or_known_default()?;
        let address = match (self.connect_to, self.url.host()?) {
            (Some((address, port)), _) => return Some(SocketAddr::new(address, port)),
            (None, url::Host::Ipv4(address)) => address.into(),
            (None, url::Host::Ipv6(address)) => address.into(),
            (None, url::Host::Domain("localhost")) => IpAddr::from(Ipv4Addr::LOCALHOST),
            (None, url::Host::Domain(_)) => return None,
        };
        address.is_loopback().then(|| SocketAddr::new(address, port))
    }

    /// Sets what every request has: `Host`, the length of a body, and an `x-request-id` by which its record is found.
    fn finish(&mut self) -> Result<(), ApiError> {
        let host = self.url.host_str().unwrap_or_default();
        let host = self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let host =
            HeaderValue::from_str(&host).map_err(|_| ApiError::fault("url", "its host is not valid"))?;
        self.headers.entry(HOST).or_insert(host);
        if !self.body.is_empty() {
            self.headers.insert(CONTENT_LENGTH, self.body.len().into());
        }
        let user_agent = HeaderValue::from_static(concat!("gatepost-tester/", env!("CARGO_PKG_VERSION")));
        self.headers.entry(http::header::USER_AGENT).or_insert(user_agent);
        self.headers.entry(http::header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        Ok(())
    }

    /// Path and query as sent.
    pub(super) fn path_and_query(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }
}
