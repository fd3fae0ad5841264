//! Runs policies on calls without sockets: `Trial::of(name, config).run(call().header(..))`.

use std::sync::Arc;
use std::time::Duration;

use gatepost_gateway::{
    Body, Chain, ClientDirectory, Context, Env, Link, Plan, Request, Response, StateStore,
};
use gatepost_model::{
    ApiId, AppliedPolicyId, Catalog, ClientApp, ClientAppId, Contract, ContractId, ContractState, Credential,
    CredentialId,
};
use http::header::AsHeaderName;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::kind;

const API: ApiId = ApiId(1);

/// Policies in force, and the clients they know.
pub(crate) struct Trial {
    policies: Vec<(&'static str, Value)>,
    catalog: Catalog,
    states: Arc<StateStore>,
    chain: Chain,
}

impl Trial {
    pub(crate) fn of(name: &'static str, config: Value) -> Self {
        Self::compiled(vec![(name, config)], Catalog::default(), Arc::default())
    }

    fn compiled(policies: Vec<(&'static str, Value)>, catalog: Catalog, states: Arc<StateStore>) -> Self {
        let links = policies.iter().zip(1..).map(|((name, config), id)| {
            let (kind, id) = (kind(name).expect("listed"), AppliedPolicyId(id));
            let policy = kind.compile(config, &Env::new(id, &config.to_string(), &states)).expect("compiles");
            Link::new(id, kind.name, kind.acts_on, &[], Some(policy)).expect("no scope")
        });
        let chain = Chain::new(links.collect());
        Self { chain, policies, catalog, states }
    }

    /// One more policy, below the others.
    pub(crate) fn and(mut self, name: &'static str, config: Value) -> Self {
        self.policies.push((name, config));
        Self::compiled(self.policies, self.catalog, self.states)
    }

    /// The same, as after another save.
    pub(crate) fn saved_again(&self) -> Self {
        Self::compiled(self.policies.clone(), self.catalog.clone(), self.states.clone())
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

    /// The fields in which a configuration is at fault, in order.
    pub(crate) fn faults(name: &str, config: &Value) -> Vec<String> {
        let states = StateStore::new();
        let compiled =
            kind(name).expect("listed").compile(config, &Env::new(AppliedPolicyId(1), "", &states));
        compiled.err().into_iter().flatten().map(|fault| fault.field).collect()
    }

    /// Sends a call through the policies to an upstream that answers 200 with `x-backend: one`.
    pub(crate) fn run(&self, call: Call) -> Answer {
        let plan = Plan { clients: Arc::new(ClientDirectory::of(&self.catalog)), ..Plan::default() };
        let mut cx = Context {
            plan: Arc::new(plan),
            api: API,
            wall_us: 0,
            now: call.now,
            remote: ([127, 0, 0, 1], 40_000).into(),
            local: ([127, 0, 0, 1], 8081).into(),
            scheme: "http",
            tls: None,
            request_id: "r-1".into(),
            base_path_len: 0,
            identity: None,
            refused_by: None,
            error: None,
            kept: http::Extensions::new(),
            trail: smallvec::SmallVec::new(),
        };
        let (mut sent, mut request) = (None, call.request);
        let upstream = async |request: &mut Request, _: &mut Context| {
            sent = Some(request.headers().clone());
            let mut response = Response::new(Body::Empty);
            response.headers_mut().insert("x-backend", HeaderValue::from_static("one"));
            Ok(response)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let response = runtime.block_on(self.chain.run(&mut request, &mut cx, upstream));
        let body = response.body().as_full().map(|bytes| serde_json::from_slice(bytes).expect("JSON"));
        Answer { body: body.unwrap_or_default(), response, sent, cx }
    }
}

/// A call to be made.
pub(crate) struct Call {
    request: Request,
    now: Duration,
}

/// `GET /posts`, at the beginning of time.
pub(crate) fn call() -> Call {
    Call { request: http::Request::get("/posts").body(Body::Empty).expect("valid"), now: Duration::ZERO }
}

impl Call {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.request.headers_mut().append(name, value.parse().expect("a header value"));
        self
    }

    pub(crate) fn target(mut self, target: &str) -> Self {
        *self.request.uri_mut() = target.parse().expect("a target");
        self
    }

    pub(crate) fn at_ms(mut self, ms: u64) -> Self {
        self.now = Duration::from_millis(ms);
        self
    }
}

/// What became of a call.
pub(crate) struct Answer {
    response: Response,
    body: Value,
    sent: Option<HeaderMap>,
    cx: Context,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    pub(crate) fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.response.headers().get(name).map(|value| value.to_str().expect("text"))
    }

    /// `error` of an answer of the gateway's own.
    pub(crate) fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_default()
    }

    /// Headers as the upstream got them; none when it was not called.
    pub(crate) fn sent_upstream(&self) -> Option<&HeaderMap> {
        self.sent.as_ref()
    }

    pub(crate) fn client_name(&self) -> Option<&str> {
        self.cx.identity.as_ref().map(|identity| &*identity.name)
    }

    /// The trail, in words.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.cx.trail.iter().map(|step| step.note.to_string()).collect()
    }
}
