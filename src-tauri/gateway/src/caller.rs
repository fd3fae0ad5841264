//! Who is at the other end of a connection: what does not change while it stands.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use http::HeaderValue;

use crate::watch::Watch;
use crate::{Greeting, TlsFacts};

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

impl Caller {
    /// Whether its connection is what the listener speaks now: one that was greeted by other demands, or in plain, must
    /// not slip through under these.
    pub(crate) fn is_greeted_by(&self, greeting: &Greeting) -> bool {
        match (greeting, &self.tls) {
            (Greeting::Plain, None) => true,
            (Greeting::Tls(now), Some(facts)) => now.demands_no_more_than(&facts.greeted_by),
            _ => false,
        }
    }

    /// As the caller spoke: `http` or `https`.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}
