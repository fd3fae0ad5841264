//! One target as the data plane needs it: everything that can be worked out once is.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gatepost_model::{Ceilings, Timeouts, Upstream, UpstreamProtocol};
use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};

use super::backend::Shared;
use super::bounded;
use super::fitness::Fitness;
use crate::ClientTls;

/// Where requests can go.
pub(crate) struct Target {
    /// As it was written.
    pub(crate) url: Arc<str>,
    /// Its share of the requests.
    pub(crate) weight: u16,
    /// Tells connections apart: scheme, host, port, protocol and, over TLS, how it is greeted.
    pub(crate) key: Arc<str>,
    /// How it is greeted over TLS; none where it is spoken to in plain.
    pub(crate) tls: Option<Arc<ClientTls>>,
    /// Its name or address, without brackets.
    pub(crate) host: Box<str>,
    /// The host as an address, where it is one: nothing to look up.
    pub(super) address: Option<IpAddr>,
    /// The host as a name, where it is none.
    pub(super) name: Option<Arc<str>>,
    /// Its port.
    pub(crate) port: u16,
    /// Its `Host` header.
    pub(crate) authority: HeaderValue,
    /// What is spoken to it.
    pub(crate) protocol: UpstreamProtocol,
    /// How long each step may take.
    pub(crate) timeouts: Timeouts,
    /// How much may go on at once towards its upstream.
    pub(super) ceilings: Ceilings,
    /// What goes on towards its upstream.
    pub(super) shared: Arc<Shared>,
    /// What is known of it.
    pub(super) fitness: Arc<Fitness>,
    path_prefix: Box<str>,
}

/// The path to ask for, below a target's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// What follows so many bytes of the request's path.
    Below(usize),
    /// This, which a route made of it.
    Rewritten(Box<str>),
}

impl Target {
    /// Works it out; `known` gives what is known already of a URL.
    pub(super) fn of(
        target: &gatepost_model::Target,
        upstream: &Upstream,
        tls: &Arc<ClientTls>,
        shared: &Arc<Shared>,
        known: impl Fn(&str) -> Option<Arc<Fitness>>,
    ) -> Self {
        let (url, protocol) = (&target.url, upstream.protocol);
        let tls = url.is_tls().then(|| tls.clone());
        let (host, port) = (url.host(), url.port());
        let mut key = match &tls {
            Some(tls) => format!("https-{}://{host}:{port} {protocol:?}", tls.number()),
            None => format!("http://{host}:{port} {protocol:?}"),
        };
        if upstream.ceilings.connections.is_some() {
            // Under a ceiling an upstream has its connections to itself.
            key.push_str(&format!(" {}", shared.number.0));
        }
        let text = url.to_string();
        let address = url.host().parse().ok();
        Self {
            fitness: known(&text).unwrap_or_default(),
            url: text.into(),
            weight: target.weight,
            key: key.into(),
            tls,
            host: url.host().into(),
            address,
            name: address.is_none().then(|| url.host().into()),
            port: url.port(),
            // A parsed URL's host is ASCII without controls, so this cannot fail.
            authority: HeaderValue::from_str(&url.authority()).unwrap_or(HeaderValue::from_static("")),
            protocol,
            timeouts: upstream.timeouts,
            ceilings: upstream.ceilings,
            shared: shared.clone(),
            path_prefix: url.path_prefix().into(),
        }
    }

    /// How long a connection to it is kept on which nothing runs.
    pub(super) fn keep_for(&self) -> Duration {
        bounded(self.timeouts.keep_alive)
    }

    /// The URI to ask for: this target's path, then the tail, then the request's query, byte for byte. None when that
    /// is longer than a URI may be.
    pub(crate) fn uri_for(&self, asked: &Uri, tail: &Tail) -> Option<Uri> {
        let tail = match tail {
            Tail::Below(0) if self.path_prefix.is_empty() => return Some(asked.clone()),
            Tail::Below(base_path_len) => asked.path().get(*base_path_len..).unwrap_or_default(),
            Tail::Rewritten(path) => path,
        };
        let query = asked.query();
        let mut path =
            String::with_capacity(self.path_prefix.len() + tail.len() + query.map_or(0, str::len) + 2);
        path.push_str(&self.path_prefix);
        path.push_str(tail);
        if path.is_empty() {
            path.push('/');
        }
        if let Some(query) = query {
            path.push('?');
            path.push_str(query);
        }
        PathAndQuery::from_maybe_shared(bytes::Bytes::from(path)).ok().map(Uri::from)
    }

    /// The same with scheme, host and port, for people.
    pub(crate) fn url_for(&self, asked: &Uri, tail: &Tail) -> Option<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let path = self.uri_for(asked, tail)?;
        Some(format!("{scheme}://{}{path}", self.authority.to_str().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_model::UpstreamUrl;

    fn joined(upstream: &str, base_path: &str, asked: &str) -> String {
        let spec = Upstream::of_url(UpstreamUrl::parse(upstream).expect("valid"));
        let target = Target::of(&spec.targets[0], &spec, &Arc::default(), &Arc::default(), |_| None);
        let tail = Tail::Below(if base_path == "/" { 0 } else { base_path.len() });
        target.uri_for(&asked.parse().expect("valid"), &tail).expect("fits").to_string()
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

    #[test]
    fn what_a_route_made_of_the_path_keeps_the_query() {
        let spec = Upstream::of_url(UpstreamUrl::parse("http://h/v1").expect("valid"));
        let target = Target::of(&spec.targets[0], &spec, &Arc::default(), &Arc::default(), |_| None);
        let uri = target.uri_for(&"/a/b?c=%20".parse().expect("valid"), &Tail::Rewritten("/x".into()));
        assert_eq!(uri.expect("fits"), "/v1/x?c=%20");
    }
}
