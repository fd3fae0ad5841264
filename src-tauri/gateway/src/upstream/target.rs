//! An upstream as the data plane needs it: everything that can be worked out once is.

use std::net::IpAddr;
use std::sync::Arc;

use gatepost_model::{Timeouts, UpstreamProtocol, UpstreamUrl};
use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};

use crate::ClientTls;

/// Where requests of one API go.
pub(crate) struct Target {
    /// Tells connections apart: scheme, host, port, protocol and, over TLS, how it is greeted.
    pub(crate) key: Arc<str>,
    /// How it is greeted over TLS; none where it is spoken to in plain.
    pub(crate) tls: Option<Arc<ClientTls>>,
    /// Its name or address, without brackets.
    pub(crate) host: Box<str>,
    /// The host as an address, where it is one: nothing to look up.
    pub(crate) address: Option<IpAddr>,
    /// Its port.
    pub(crate) port: u16,
    /// Its `Host` header.
    pub(crate) authority: HeaderValue,
    /// What is spoken to it.
    pub(crate) protocol: UpstreamProtocol,
    /// How long each step may take.
    pub(crate) timeouts: Timeouts,
    path_prefix: Box<str>,
}

impl Target {
    /// Works it out.
    pub(crate) fn of(
        url: &UpstreamUrl,
        protocol: UpstreamProtocol,
        timeouts: Timeouts,
        tls: &Arc<ClientTls>,
    ) -> Self {
        let tls = url.is_tls().then(|| tls.clone());
        let (host, port) = (url.host(), url.port());
        let key = match &tls {
            Some(tls) => format!("https-{}://{host}:{port} {protocol:?}", tls.number()),
            None => format!("http://{host}:{port} {protocol:?}"),
        };
        Self {
            key: key.into(),
            tls,
            host: url.host().into(),
            address: url.host().parse().ok(),
            port: url.port(),
            // A parsed URL's host is ASCII without controls, so this cannot fail.
            authority: HeaderValue::from_str(&url.authority()).unwrap_or(HeaderValue::from_static("")),
            protocol,
            timeouts,
            path_prefix: url.path_prefix().into(),
        }
    }

    /// The URI to ask for: this target's path, then the request's path below its base path, then its query, byte for
    /// byte. None when that is longer than a URI may be.
    pub(crate) fn uri_for(&self, asked: &Uri, base_path_len: usize) -> Option<Uri> {
        if self.path_prefix.is_empty() && base_path_len == 0 {
            return Some(asked.clone());
        }
        let below = asked.path().get(base_path_len..).unwrap_or_default();
        let query = asked.query();
        let mut path = String::with_capacity(
            self.path_prefix.len() + asked.path().len() + query.map_or(0, str::len) + 2,
        );
        path.push_str(&self.path_prefix);
        path.push_str(below);
        if path.is_empty() {
            path.push('/');
        }
        if let Some(query) = query {
            path.push('?');
            path.push_str(query);
        }
        PathAndQuery::from_maybe_shared(bytes::Bytes::from(path)).ok().map(Uri::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_model::UpstreamUrl;

    fn joined(upstream: &str, base_path: &str, asked: &str) -> String {
        let url = UpstreamUrl::parse(upstream).expect("valid");
        let target = Target::of(&url, UpstreamProtocol::Auto, Timeouts::default(), &Arc::default());
        let base_path_len = if base_path == "/" { 0 } else { base_path.len() };
        target.uri_for(&asked.parse().expect("valid"), base_path_len).expect("fits").to_string()
    }

    #[test]
    fn the_path_below_the_base_path_follows_the_targets_own() {
        assert_eq!(joined("http://h/posts", "/posts/v1", "/posts/v1/7?a=%20&b"), "/posts/7?a=%20&b");
        assert_eq!(joined("http://h/posts/", "/posts/v1", "/posts/v1"), "/posts");
        assert_eq!(joined("http://h/posts", "/posts/v1", "/posts/v1/"), "/posts/");
        assert_eq!(joined("http://h", "/posts/v1", "/posts/v1?q"), "/?q");
        assert_eq!(joined("http://h", "/", "/a%2Fb//c?"), "/a%2Fb//c?");
        assert_eq!(joined("http://h/x", "/", "/a"), "/x/a");
    }
}
