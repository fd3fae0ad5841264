//! The compiled, immutable form of everything the gateway needs. Every save swaps in a whole new one.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use gatepost_model::{ApiId, ApiRoute, BasePath, Host, Upstream};
use http::HeaderName;

use crate::{Chain, ClientDirectory, ClientTls, Greeting, RouteTable};

/// Everything one save produces.
#[derive(Default)]
pub struct Plan {
    /// Grows by one with every save.
    pub number: u64,
    /// Since when it is in force, epoch milliseconds.
    pub since_ms: i64,
    /// What to listen on, and the APIs there.
    pub listeners: BTreeMap<SocketAddr, ListenerPlan>,
    /// Who may call what.
    pub clients: Arc<ClientDirectory>,
}

/// One socket as the data plane sees it.
#[derive(Clone, Default)]
pub struct ListenerPlan {
    /// The APIs there.
    pub routes: RouteTable,
    /// What is spoken there.
    pub greeting: Greeting,
}

/// One API as the data plane sees it. Shared between Plans while the API does not change.
pub struct Route {
    /// Which.
    pub api: ApiId,
    /// What its paths begin with.
    pub base_path: BasePath,
    /// Host names it answers to; empty means any.
    pub hosts: Vec<Host>,
    /// Header that must name its version; among APIs at one place, one without takes what no other does.
    pub version_header: Option<HeaderName>,
    /// Its version, as that header names it.
    pub version: Box<str>,
    /// Requests that go elsewhere, first match first.
    pub routes: Vec<ApiRoute>,
    /// What is behind it for all others.
    pub upstream: Arc<Upstream>,
    /// How targets with `https` are greeted.
    pub tls: RouteTls,
    /// Its policies.
    pub enforcement: Enforcement,
}

/// How an API's targets with `https` are greeted.
#[derive(Clone, Debug, Default)]
pub struct RouteTls {
    /// Those of its own upstream.
    pub own: Arc<ClientTls>,
    /// Those of its routes, in their order; fewer than routes where they cannot be greeted, which closes the API.
    pub routes: Vec<Arc<ClientTls>>,
}

impl Route {
    /// An API for any host, told apart by its base path alone, with one upstream for everything, trusted by what the
    /// system trusts.
    pub fn plain(api: ApiId, base_path: BasePath, upstream: Upstream, enforcement: Enforcement) -> Self {
        Self {
            api,
            base_path,
            hosts: Vec::new(),
            version_header: None,
            version: "v1".into(),
            routes: Vec::new(),
            upstream: Arc::new(upstream),
            tls: RouteTls::default(),
            enforcement,
        }
    }
}

/// Whether an API's policies can be enforced.
pub enum Enforcement {
    /// They can.
    Ready(Chain),
    /// They cannot, or the upstream cannot be reached safely, for this reason in words: the API answers 503 and never runs open (invariant 3).
    Impossible(Box<str>),
}
