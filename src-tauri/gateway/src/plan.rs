//! The compiled, immutable form of everything the gateway needs. Every save swaps in a whole new one.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use gatepost_model::{ApiId, BasePath, Host, Upstream};

use crate::{Chain, ClientDirectory, RouteTable};

/// Everything one save produces.
#[derive(Default)]
pub struct Plan {
    /// Grows by one with every save.
    pub number: u64,
    /// Since when it is in force, epoch milliseconds.
    pub since_ms: i64,
    /// What to listen on, and the APIs there.
    pub listeners: BTreeMap<SocketAddr, RouteTable>,
    /// Who may call what.
    pub clients: Arc<ClientDirectory>,
}

/// One API as the data plane sees it. Shared between Plans while the API does not change.
pub struct Route {
    /// Which.
    pub api: ApiId,
    /// What its paths begin with.
    pub base_path: BasePath,
    /// Host names it answers to; empty means any.
    pub hosts: Vec<Host>,
    /// What is behind it.
    pub upstream: Arc<Upstream>,
    /// Its policies.
    pub enforcement: Enforcement,
}

/// Whether an API's policies can be enforced.
pub enum Enforcement {
    /// They can.
    Ready(Chain),
    /// They cannot, for this reason: the API answers 503 and never runs open (invariant 3).
    Impossible(Box<str>),
}
