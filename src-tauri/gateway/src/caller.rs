//! Who is at the other end of a connection: what does not change while it stands.

use std::cell::OnceCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use http::HeaderValue;

use crate::watch::Watch;
use crate::worker::Worker;
use crate::{Greeting, TlsFacts};

/// One caller's connection.
pub(crate) struct Caller {
    /// Who serves it.
    pub(crate) worker: Rc<Worker>,
    /// Which of the worker's connections it is.
    pub(crate) number: u64,
    /// The caller's socket.
    pub(crate) remote: SocketAddr,
    /// Its address as text, for `X-Forwarded-For`.
    pub(crate) address: HeaderValue,
    /// Our socket.
    pub(crate) local: SocketAddr,
    /// The listener that accepted it.
    pub(crate) listener: SocketAddr,
    /// What the TLS greeting settled; none on a plain connection.
    pub(crate) tls: OnceCell<Arc<TlsFacts>>,
    /// What it is doing.
    pub(crate) watch: Rc<Watch>,
}

impl Caller {
    /// Whether its connection fulfils what the listener demands now: one that was greeted with less, or in plain, must
    /// not slip through. One over TLS is more than a plain listener demands, as long as it brings no identity that
    /// nobody can have there.
    pub(crate) fn satisfies(&self, greeting: &Greeting) -> bool {
        match (greeting, self.tls.get()) {
            (Greeting::Plain, None) => true,
            (Greeting::Plain, Some(facts)) => facts.client_certificate.is_none(),
            (Greeting::Tls(now), Some(facts)) => now.is_satisfied_by(facts),
            (Greeting::Tls(_), None) | (Greeting::Impossible(_), _) => false,
        }
    }

    /// As the caller spoke: `http` or `https`.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.get().is_some() { "https" } else { "http" }
    }
}
