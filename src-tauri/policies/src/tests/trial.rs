//! Runs policies on calls without sockets: `Trial::of(name, config).run(call().header(..))`.
//!
//! The clock is the call's ([`Call::at_ms`]), the upstream answers what [`Trial::answering`] says, and calls that policies
//! make are answered by [`Trial::calling_by`].

#![allow(dead_code, reason = "a bench for policies to come as well")]

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gatepost_gateway::{
    Body, Chain, ClientDirectory, Context, Env, Identity, Kind, Link, Outbound, OutboundAnswer, Plan, Reply,
    Request, Response, StateStore, TlsFacts,
};
use gatepost_model::{
    ApiId, AppliedPolicyId, Catalog, ClientApp, ClientAppId, Contract, ContractId, ContractState, Credential,
    CredentialId, Outcome,
};
use http::header::AsHeaderName;
use http::{HeaderMap, HeaderName};
use http_body_util::{BodyExt as _, Collected};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::kind;

const API: ApiId = ApiId(1);

/// Policies in force, and the clients they know.
pub(crate) struct Trial {
    policies: Vec<Applied>,
    outbound: Outbound,
    upstream: Upstream,
    catalog: Catalog,
    states: Arc<StateStore>,
    chain: Chain,
}

/// A policy as applied.
#[derive(Clone)]
struct Applied {
    kind: &'static Kind,
    config: Value,
    is_shadow: bool,
}

/// What the upstream answers.
#[derive(Clone)]
struct Upstream {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// A body that streams, as those from sockets do: a policy sees it only where it reads it.
fn streamed(body: &Bytes) -> Body {
    if body.is_empty() { Body::Empty } else { Body::streaming(body.clone()) }
}

impl Trial {
    pub(crate) fn of(name: &'static str, config: Value) -> Self {
        Self::of_kind(kind(name).expect("listed"), config)
    }

    /// The same for a policy that is not listed.
    pub(crate) fn of_kind(kind: &'static Kind, config: Value) -> Self {
        let applied = Applied { kind, config, is_shadow: false };
        let upstream =
            Upstream { status: 200, headers: vec![("x-backend".into(), "one".into())], body: Bytes::new() };
        let (catalog, states) = (Catalog::default(), Arc::default());
        Self {
            chain: Chain::default(),
            policies: vec![applied],
            outbound: Outbound::network(),
            upstream,
            catalog,
            states,
        }
        .compiled()
    }

    fn compiled(mut self) -> Self {
        let links = self.policies.iter().zip(1..).map(|(applied, id)| {
            let (kind, id) = (applied.kind, AppliedPolicyId(id));
            let config = applied.config.to_string();
            let env = Env::new(id, &config, &self.states).calling_by(self.outbound.clone());
            let policy = kind.compile(&applied.config, &env).expect("compiles");
            let link = Link::new(id, kind.name, kind.acts_on, &[], Some(policy)).expect("no scope");
            link.placed(kind.place).in_shadow(applied.is_shadow)
        });
        self.chain = Chain::new(links.collect());
        self
    }

    /// One more policy, below the others.
    pub(crate) fn and(self, name: &'static str, config: Value) -> Self {
        self.and_kind(kind(name).expect("listed"), config)
    }

    /// The same for a policy that is not listed.
    pub(crate) fn and_kind(mut self, kind: &'static Kind, config: Value) -> Self {
        self.policies.push(Applied { kind, config, is_shadow: false });
        self.compiled()
    }

    /// The last policy is in shadow.
    pub(crate) fn in_shadow(mut self) -> Self {
        self.policies.last_mut().expect("there is one").is_shadow = true;
        self.compiled()
    }

    /// Calls that policies make are answered by `answer`.
    pub(crate) fn calling_by(
        mut self,
        answer: impl Fn(http::Request<Bytes>) -> OutboundAnswer + Send + Sync + 'static,
    ) -> Self {
        self.outbound = Outbound::fake(answer);
        // What was kept so far would go on calling by the network.
        self.states = Arc::default();
        self.compiled()
    }

    /// The upstream answers this instead of an empty 200.
    pub(crate) fn answering(mut self, status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.upstream = Upstream { status, headers: headers.iter().map(owned).collect(), body: body.into() };
        self
    }

    /// The same, as after another save.
    pub(crate) fn saved_again(&self) -> Self {
        let (policies, catalog, states) = (self.policies.clone(), self.catalog.clone(), self.states.clone());
        let (outbound, upstream) = (self.outbound.clone(), self.upstream.clone());
        Self { chain: Chain::default(), policies, outbound, upstream, catalog, states }.compiled()
    }

    /// A client app `App of <id>` with one credential, and perhaps a contract.
    pub(crate) fn with_client(mut self, client_id: &str, secret: &str, contract: bool) -> Self {
        let row = self.catalog.clients.len() as i64 + 1;
        self.catalog.clients.insert(ClientApp {
            id: ClientAppId(row),
            name: format!("App of {client_id}"),
            description: String::new(),
            created_at: 0,
        });
        self.catalog.credentials.insert(Credential {
            id: CredentialId(row),
            client_app_id: ClientAppId(row),
            client_id: client_id.into(),
            secret_hash: Sha256::digest(secret).into(),
            secret_hint: String::new(),
            created_at: 0,
            expires_at: None,
            previous: None,
        });
        let state = if contract { ContractState::Approved } else { ContractState::Revoked };
        self.catalog.contracts.insert(Contract {
            id: ContractId(row),
            client_app_id: ClientAppId(row),
            api_id: API,
            state,
            created_at: 0,
            updated_at: 0,
        });
        self
    }

    /// The last client's credential, changed.
    pub(crate) fn with_credential(mut self, change: impl FnOnce(&mut Credential)) -> Self {
        let mut credential = self.catalog.credentials.iter().last().expect("there is one").clone();
        change(&mut credential);
        self.catalog.credentials.insert(credential);
        self
    }

    /// The fields in which a configuration is at fault, in order.
    pub(crate) fn faults(name: &str, config: &Value) -> Vec<String> {
        let states = StateStore::new();
        let compiled =
            kind(name).expect("listed").compile(config, &Env::new(AppliedPolicyId(1), "", &states));
        compiled.err().into_iter().flatten().map(|fault| fault.field).collect()
    }

    /// Sends a call through the policies to the upstream.
    pub(crate) fn run(&self, call: Call) -> Answer {
        let plan = Plan { clients: Arc::new(ClientDirectory::of(&self.catalog)), ..Plan::default() };
        let plain = Context::plain(Arc::new(plan), API);
        let scheme = if call.tls.is_some() { "https" } else { "http" };
        let (wall_us, now, remote, tls) = (call.wall_us, call.now, call.remote, call.tls);
        let mut cx = Context { wall_us, now, remote, scheme, tls, ..plain };
        let (mut sent, mut request) = (None, call.request);
        *request.body_mut() = streamed(&call.body);
        let upstream = async |request: &mut Request, _: &mut Context| {
            let headers = request.headers().clone();
            let target = request.uri().to_string();
            let body = std::mem::take(request.body_mut()).collect().await;
            let body = body.map_err(|_| Reply::bad_gateway())?.to_bytes();
            sent = Some((headers, body, target));
            let mut response = Response::new(streamed(&self.upstream.body));
            *response.status_mut() = self.upstream.status.try_into().expect("a status");
            for (name, value) in &self.upstream.headers {
                let name: HeaderName = name.parse().expect("a header name");
                response.headers_mut().append(name, value.parse().expect("a header value"));
            }
            Ok(response)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let (head, body) = runtime.block_on(async {
            let response = self.chain.run(&mut request, &mut cx, upstream).await;
            let (head, body) = response.into_parts();
            (head, body.collect().await.ok().map(Collected::to_bytes))
        });
        cx.settle();
        let json = body.as_deref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
        Answer { head, body, json, sent, cx }
    }
}

/// A call to be made.
pub(crate) struct Call {
    request: Request,
    body: Bytes,
    now: Duration,
    wall_us: i64,
    remote: SocketAddr,
    tls: Option<Arc<TlsFacts>>,
}

/// `GET /posts` from 127.0.0.1, at the beginning of time.
pub(crate) fn call() -> Call {
    let request = http::Request::get("/posts").body(Body::Empty).expect("valid");
    let remote = ([127, 0, 0, 1], 40_000).into();
    Call { request, body: Bytes::new(), now: Duration::ZERO, wall_us: 0, remote, tls: None }
}

impl Call {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.request.headers_mut().append(name, value.parse().expect("a header value"));
        self
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        *self.request.method_mut() = method.parse().expect("a method");
        self
    }

    pub(crate) fn target(mut self, target: &str) -> Self {
        *self.request.uri_mut() = target.parse().expect("a target");
        self
    }

    /// `POST` with this body.
    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.method("POST").header("content-type", content_type)
    }

    /// The same, compressed with gzip.
    pub(crate) fn gzipped_body(self, content_type: &str, body: &[u8]) -> Self {
        self.body(content_type, gzip(body)).header("content-encoding", "gzip")
    }

    pub(crate) fn from(mut self, address: &str) -> Self {
        self.remote.set_ip(address.parse().expect("an address"));
        self
    }

    /// Over TLS.
    pub(crate) fn tls(mut self, facts: Arc<TlsFacts>) -> Self {
        self.tls = Some(facts);
        self
    }

    /// On the clock that measures.
    pub(crate) fn at_ms(mut self, ms: u64) -> Self {
        self.now = Duration::from_millis(ms);
        self
    }

    /// On the clock that people read, seconds since 1970.
    pub(crate) fn at_epoch(mut self, seconds: i64) -> Self {
        self.wall_us = seconds * 1_000_000;
        self
    }
}

/// Compressed.
pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).expect("a Vec takes it");
    encoder.finish().expect("a Vec takes it")
}

/// What became of a call.
pub(crate) struct Answer {
    head: http::response::Parts,
    /// None where it broke off.
    body: Option<Bytes>,
    json: Value,
    sent: Option<(HeaderMap, Bytes, String)>,
    cx: Context,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    pub(crate) fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.head.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    /// Every line of a header.
    pub(crate) fn headers(&self, name: impl AsHeaderName) -> Vec<&str> {
        let lines = self.head.headers.get_all(name).into_iter();
        lines.map(|value| value.to_str().expect("text")).collect()
    }

    /// The body as text; none where it broke off.
    pub(crate) fn body(&self) -> Option<&str> {
        self.body.as_deref().map(|body| std::str::from_utf8(body).expect("text"))
    }

    /// True where the body broke off.
    pub(crate) fn body_was_cut(&self) -> bool {
        self.body.is_none()
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> &Value {
        &self.json
    }

    /// `error` of an answer of the gateway's own.
    pub(crate) fn error(&self) -> &str {
        self.json["error"].as_str().unwrap_or_default()
    }

    /// Headers as the upstream got them; none when it was not called.
    pub(crate) fn sent_upstream(&self) -> Option<&HeaderMap> {
        self.sent.as_ref().map(|(headers, ..)| headers)
    }

    /// The body as the upstream got it; none when it was not called.
    pub(crate) fn body_sent_upstream(&self) -> Option<&Bytes> {
        self.sent.as_ref().map(|(_, body, _)| body)
    }

    /// Path and query as the upstream got them; none when it was not called.
    pub(crate) fn target_sent_upstream(&self) -> Option<&str> {
        self.sent.as_ref().map(|(.., target)| target.as_str())
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.cx.identity
    }

    pub(crate) fn client_name(&self) -> Option<&str> {
        self.identity().client_name.as_deref()
    }

    /// The policy that refused.
    pub(crate) fn refused_by(&self) -> Option<&str> {
        self.cx.refused_by
    }

    pub(crate) fn would_refuse_by(&self) -> Option<&str> {
        self.cx.would_refuse_by
    }

    /// The trail, in words.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.cx.trail.iter().map(|step| step.note.to_string()).collect()
    }

    /// The trail, as what was done.
    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        self.cx.trail.iter().map(|step| step.outcome).collect()
    }
}
