//! What is behind an API: targets, how requests are spread over them, and what is done about those that fail.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Balance, Ejection, Fault, HealthCheck, Millis, UpstreamUrl};

/// A backend: one or more targets that answer alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstream {
    /// 1 to [`MAX_TARGETS`](Self::MAX_TARGETS), no URL twice.
    pub targets: Vec<Target>,
    /// How requests are spread.
    pub balance: Balance,
    /// What is spoken to them.
    pub protocol: UpstreamProtocol,
    /// How long each step may take.
    pub timeouts: Timeouts,
    /// How their health is asked for; never when none.
    pub health: Option<HealthCheck>,
    /// When a target that fails calls is left out for a while; never when none. The last one is never left out.
    pub ejection: Option<Ejection>,
    /// When a call is tried again.
    pub retries: Retries,
    /// How much may go on at once.
    pub ceilings: Ceilings,
    /// How targets with `https` are trusted.
    pub tls: UpstreamTls,
}

impl Upstream {
    /// Most targets of one upstream.
    pub const MAX_TARGETS: usize = 50;

    /// One target and every default.
    pub fn of_url(url: UpstreamUrl) -> Self {
        Self {
            targets: vec![Target { url, weight: Target::DEFAULT_WEIGHT }],
            balance: Balance::default(),
            protocol: UpstreamProtocol::default(),
            timeouts: Timeouts::default(),
            health: None,
            ejection: Some(Ejection::default()),
            retries: Retries::default(),
            ceilings: Ceilings::default(),
            tls: UpstreamTls::default(),
        }
    }

    /// What is allowed but should be known, addressed as faults are.
    pub fn warnings(&self) -> Vec<Fault> {
        let unverified =
            "the target's certificate is not checked: whoever is on the way can read and change the calls";
        if self.tls.verify { Vec::new() } else { vec![Fault::new("tls.verify", unverified)] }
    }

    /// The URL of its first target, which stands for it where one line must do.
    pub fn first_url(&self) -> Option<&UpstreamUrl> {
        self.targets.first().map(|target| &target.url)
    }
}

/// One place where requests can go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its URL; the request's path below the base path is added to it.
    pub url: UpstreamUrl,
    /// Its share of the requests is this over the sum of all; 1 to 1,000.
    pub weight: u16,
}

impl Target {
    /// The weight where none is given.
    pub const DEFAULT_WEIGHT: u16 = 1;
    /// Largest weight.
    pub const MAX_WEIGHT: u16 = 1_000;
}

/// What is spoken to an upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamProtocol {
    /// HTTP/2 where the target offers it over TLS (ALPN), else HTTP/1.1. Written `auto`.
    #[default]
    Auto,
    /// HTTP/1.1 always. Written `http1`.
    Http1,
    /// HTTP/2 always, over plain TCP with prior knowledge (RFC 9113, 3.3). Written `http2`.
    Http2,
}

/// How long each step towards the upstream may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands, TLS included; 5 s. Past it the call is answered 504.
    pub connect: Millis,
    /// From the request sent to the response's head; 15 s, as the vendor's Response Timeout. Past it 504.
    pub response: Millis,
    /// Without a byte in either direction while bodies stream; 300 s, as the vendor's Stream Idle Timeout. Past it 504
    /// where the response has not begun, else it is broken off.
    pub idle: Millis,
    /// From the request's head to the response's last byte; none unless given.
    pub total: Option<Millis>,
    /// How long a connection is kept on which nothing runs; 60 s, as the vendor's Upstream Idle Timeout.
    pub keep_alive: Millis,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Millis(5_000),
            response: Millis(15_000),
            idle: Millis(300_000),
            total: None,
            keep_alive: Millis(60_000),
        }
    }
}

/// When a call is tried again, on another target where there is one. Only where that is safe: nothing was sent yet, or
/// the method is idempotent (RFC 9110, 9.2.2) and the request has no body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Tries beyond the first; 0 to 5, 1 unless said otherwise.
    pub attempts: u8,
    /// Statuses of the upstream that count as a failure, such as 503; none unless given.
    pub on_status: Vec<u16>,
    /// Most tries beyond the first, in percent of the calls of the last ten seconds; 20. Ten a second are always allowed.
    pub budget_percent: u8,
}

impl Retries {
    /// Most tries beyond the first.
    pub const MAX_ATTEMPTS: u8 = 5;
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 1, on_status: Vec::new(), budget_percent: 20 }
    }
}

/// How much may go on at once, over all data-plane threads; past it calls are answered 503. None means without end. The
/// vendor's Circuit Breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ceilings {
    /// Open connections to all targets.
    pub connections: Option<u32>,
    /// Calls that wait for a connection.
    pub pending: Option<u32>,
    /// Calls under way.
    pub requests: Option<u32>,
}

/// How targets with `https` are trusted, and how the gateway shows who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamTls {
    /// False takes any certificate: the call can be read and changed on its way.
    pub verify: bool,
    /// Name of a certificate authority in the catalog, trusted instead of the system's.
    pub authority: Option<String>,
    /// Name of a certificate with a key in the catalog, shown to the target.
    pub certificate: Option<String>,
    /// Name to greet with (SNI) and to check the certificate against, instead of the URL's host.
    pub server_name: Option<String>,
}

impl Default for UpstreamTls {
    fn default() -> Self {
        Self { verify: true, authority: None, certificate: None, server_name: None }
    }
}
