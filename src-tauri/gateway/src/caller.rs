//! Who is at the other end of a connection: what does not change while it stands.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use http::HeaderValue;
use rustls::ProtocolVersion;
use rustls::pki_types::CertificateDer;

use crate::watch::Watch;

/// One caller's connection.
pub(crate) struct Caller {
    /// The caller's socket.
    pub(crate) remote: SocketAddr,
    /// Its address as text, for `X-Forwarded-For`.
    pub(crate) address: HeaderValue,
    /// Our socket.
    pub(crate) local: SocketAddr,
    /// The listener that accepted it.
    pub(crate) listener: SocketAddr,
    /// What the TLS greeting settled; none on a plain connection.
    pub(crate) tls: Option<Arc<TlsFacts>>,
    /// What it is doing.
    pub(crate) watch: Rc<Watch>,
}

/// What a TLS greeting settled.
#[derive(Debug)]
pub struct TlsFacts {
    /// The name that the caller asked for (SNI), lowercase.
    pub server_name: Option<Box<str>>,
    /// The version of TLS.
    pub version: Option<ProtocolVersion>,
    /// The caller's own certificate, checked, where one was asked for and given.
    pub client_certificate: Option<CertificateDer<'static>>,
    /// Whether HTTP/2 was agreed on (ALPN).
    pub speaks_http2: bool,
}

impl Caller {
    /// As the caller spoke: `http` or `https`.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}
