//! The compiled, immutable form of everything the gateway needs. Every save swaps in a whole new one.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gatepost_model::{Api, ApiId, BasePath, Host, Upstream};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::rule::{Rule, first_match};
use crate::upstream::{Backend, Tail};
use crate::{Chain, ClientDirectory, ClientTls, Greeting, Reply, Request, RouteTable, TargetState};

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
    /// Its policies.
    pub enforcement: Enforcement,
    /// Takes only requests in which this header has this value, where there is one.
    pub(crate) version: Option<(HeaderName, Box<str>)>,
    /// Where requests go that no rule matches.
    pub(crate) backend: Arc<Backend>,
    /// First match first.
    pub(crate) rules: Box<[Rule]>,
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
    /// Compiles an API. `previous` is what it was compiled to before: an upstream that did not change stays as it is,
    /// and what is known of targets that are still there is kept.
    pub fn new(api: &Api, tls: &RouteTls, enforcement: Enforcement, previous: Option<&Self>) -> Self {
        let same_rule = |name: &str| previous?.rules.iter().find(|rule| *rule.name == *name);
        let rules: Option<Box<[Rule]>> = api
            .routes
            .iter()
            .enumerate()
            .map(|(place, route)| Rule::compile(route, tls.routes.get(place)?, same_rule(&route.name)))
            .collect();
        let header = api.listen.version_header.as_deref().map(HeaderName::try_from).transpose();
        let (rules, version, enforcement) = match (rules, header) {
            (Some(rules), Ok(header)) => {
                (rules, header.map(|header| (header, api.version.as_str().into())), enforcement)
            }
            // Validation prevents it. A part of what is wanted would send requests where they must not go.
            _ => (Box::default(), None, enforcement.or_impossible("its routes cannot be compiled")),
        };
        Self {
            api: api.id,
            base_path: api.listen.base_path.clone(),
            hosts: api.listen.hosts.clone(),
            enforcement,
            version,
            backend: Backend::compile(&api.upstream, &tls.own, previous.map(|previous| &previous.backend)),
            rules,
        }
    }

    /// An API for any host, told apart by its base path alone, with one upstream for everything, trusted by what the
    /// system trusts.
    pub fn plain(api: ApiId, base_path: BasePath, upstream: &Upstream, enforcement: Enforcement) -> Self {
        let backend = Backend::compile(upstream, &RouteTls::default().own, None);
        let (hosts, rules) = (Vec::new(), Box::default());
        Self { api, base_path, hosts, enforcement, version: None, backend, rules }
    }

    /// Where a request goes behind the policies, and with which path.
    pub(crate) fn destination(
        &self,
        request: &Request,
        base_path_len: usize,
    ) -> Result<(&Arc<Backend>, Tail), Reply> {
        let rewritten = if self.rules.is_empty() {
            None
        } else {
            let below = request.uri().path().get(base_path_len..).unwrap_or_default();
            first_match(&self.rules, request, below)?
        };
        Ok(rewritten.unwrap_or((&self.backend, Tail::Below(base_path_len))))
    }

    /// How much of a request's path is its base path: the root is a part of what is below it.
    pub(crate) fn base_path_len(&self) -> usize {
        match self.base_path.as_str() {
            "/" => 0,
            base_path => base_path.len(),
        }
    }

    /// Whether one of its policies answers this document below `/.well-known/`.
    pub(crate) fn answers_well_known(&self, name: &str) -> bool {
        matches!(&self.enforcement, Enforcement::Ready(chain) if chain.answers_well_known(name))
    }

    /// How long a caller may stop sending a body that a policy reads.
    pub(crate) fn body_idle(&self) -> Duration {
        self.backend.idle()
    }

    /// Its own upstream, then those of its routes.
    pub(crate) fn backends(&self) -> impl Iterator<Item = &Arc<Backend>> {
        std::iter::once(&self.backend).chain(self.rules.iter().map(|rule| &rule.backend))
    }

    /// How its targets are: those of its own upstream, then those of its routes.
    pub(crate) fn targets(&self) -> Vec<TargetState> {
        let of_rules = self.rules.iter().flat_map(|rule| rule.backend.states(Some(&rule.name)));
        self.backend.states(None).chain(of_rules).collect()
    }

    /// True for a request with these headers, as far as its version goes.
    pub(crate) fn has_version(&self, headers: &HeaderMap) -> bool {
        self.version.as_ref().is_none_or(|(name, version)| {
            let mut values = headers.get_all(name).iter();
            let is_it = |value: &HeaderValue| value.as_bytes() == version.as_bytes();
            // Repeated, it could be read in two ways.
            values.next().is_some_and(is_it) && values.all(is_it)
        })
    }
}

/// Whether an API's policies can be enforced.
pub enum Enforcement {
    /// They can.
    Ready(Chain),
    /// They cannot, or the upstream cannot be reached safely, for this reason in words: the API answers 503 and never runs open (invariant 3).
    Impossible(Box<str>),
}

impl Enforcement {
    /// That it cannot be used, for this reason unless there is another.
    fn or_impossible(self, why: &str) -> Self {
        match self {
            Self::Ready(_) => Self::Impossible(why.into()),
            impossible @ Self::Impossible(_) => impossible,
        }
    }
}
