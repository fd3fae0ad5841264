//! A gateway with its Plans and its recorder.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gatepost_gateway::{
    ActsOn, Chain, ClientTls, Enforcement, Gateway, Greeting, Limits, Link, ListenerPlan, ListenerState,
    Listening, Names, Plan, Policy, Route, RouteTable, RouteTls,
};
use gatepost_model::{
    ApiId, AppliedPolicyId, BasePath, CallDetail, CallFacts, CallSink, Host, Listen, Millis, Slug, Timeouts,
    Upstream, UpstreamProtocol, UpstreamUrl,
};
use parking_lot::{Condvar, Mutex};

use super::{Backend, Client, PATIENCE};

/// One API of a test's Plan.
pub struct Api {
    pub base_path: &'static str,
    pub hosts: &'static [&'static str],
    pub upstream: String,
    pub timeouts: Timeouts,
    pub policy: Option<fn() -> Box<dyn Policy>>,
    pub impossible: bool,
    pub protocol: UpstreamProtocol,
    pub tls: Arc<ClientTls>,
    pub edit: Option<Edit>,
}

/// What else is changed in an API before it is compiled.
pub type Edit = Rc<dyn Fn(&mut gatepost_model::Api)>;

impl Api {
    pub fn at(base_path: &'static str, upstream: impl Into<String>) -> Self {
        let timeouts = Timeouts::default();
        Self {
            base_path,
            hosts: &[],
            upstream: upstream.into(),
            timeouts,
            policy: None,
            impossible: false,
            protocol: UpstreamProtocol::default(),
            tls: Arc::default(),
            edit: None,
        }
    }

    /// With everything else that an API can have.
    pub fn edited(self, edit: impl Fn(&mut gatepost_model::Api) + 'static) -> Self {
        Self { edit: Some(Rc::new(edit)), ..self }
    }

    /// The same over HTTP/2 with prior knowledge.
    pub fn http2(self) -> Self {
        Self { protocol: UpstreamProtocol::Http2, ..self }
    }

    pub fn timeout_ms(mut self, ms: u64) -> Self {
        self.timeouts =
            Timeouts { connect: Millis(ms), response: Millis(ms), idle: Millis(ms), ..Timeouts::default() };
        self
    }

    fn route(&self, number: i64, before: &Plan) -> Arc<Route> {
        let links = self.policy.iter().map(|make| {
            let both = ActsOn { request: true, response: true };
            Link::new(AppliedPolicyId(1), "test-policy", both, &[], Some(make())).expect("valid")
        });
        let enforcement = if self.impossible {
            Enforcement::Impossible("a test says so".into())
        } else {
            Enforcement::Ready(Chain::new(links.collect()))
        };
        let upstream = Upstream::of_url(UpstreamUrl::parse(&self.upstream).expect("valid"));
        let mut api = gatepost_model::Api {
            id: ApiId(number),
            name: format!("API {number}"),
            asset_id: Slug::of_name(&format!("api {number}")),
            version: "v1".into(),
            label: "default".into(),
            listen: Listen {
                address: Listen::DEFAULT_ADDRESS,
                port: Listen::DEFAULT_PORT,
                base_path: BasePath::parse(self.base_path).expect("valid"),
                hosts: self.hosts.iter().map(|host| Host::parse(host).expect("valid")).collect(),
                version_header: None,
            },
            routes: Vec::new(),
            upstream: Upstream { protocol: self.protocol, timeouts: self.timeouts, ..upstream },
            created_at: 0,
            updated_at: 0,
        };
        if let Some(edit) = &self.edit {
            edit(&mut api);
        }
        let routes = api.routes.iter().map(|_| Arc::default()).collect();
        let tls = RouteTls { own: self.tls.clone(), routes };
        let mut known = before.listeners.values().flat_map(|listener| listener.routes.routes());
        let known = known.find(|route| route.api == api.id);
        Arc::new(Route::new(&api, &tls, enforcement, known.map(Arc::as_ref)))
    }
}

/// Keeps every call it is given.
#[derive(Default)]
struct Recorder {
    calls: Mutex<Vec<(CallFacts, CallDetail)>>,
    more: Condvar,
}

impl CallSink for Recorder {
    fn record(&self, _worker: usize, facts: &CallFacts, detail: &mut CallDetail) {
        self.calls.lock().push((*facts, detail.clone()));
        self.more.notify_all();
    }
}

pub struct World {
    pub gateway: Gateway,
    /// Where the gateway listens first.
    pub address: SocketAddr,
    recorder: Arc<Recorder>,
    plans: AtomicU64,
}

/// A running gateway with these APIs on one free port.
pub fn world(apis: &[Api]) -> World {
    World::with(apis, Limits::default(), 2)
}

impl World {
    /// The same with other bounds and workers.
    pub fn with(apis: &[Api], limits: Limits, workers: usize) -> Self {
        let workers = NonZeroUsize::new(workers).expect("some");
        Self::of(apis, |recorder| Gateway::start(workers, recorder, limits).expect("starts"))
    }

    /// The same on one worker, with names that lead where `names` says.
    pub fn naming(apis: &[Api], limits: Limits, names: &Arc<impl Names>) -> Self {
        Self::of(apis, |recorder| {
            Gateway::start_naming(NonZeroUsize::MIN, recorder, limits, names.clone()).expect("starts")
        })
    }

    fn of(apis: &[Api], start: impl Fn(Arc<Recorder>) -> Gateway) -> Self {
        loop {
            let recorder = Arc::new(Recorder::default());
            let gateway = start(recorder.clone());
            let world = Self { gateway, address: free_address(), recorder, plans: AtomicU64::new(0) };
            let states = world.listen(&[world.address], apis);
            // Else somebody took the port between its being found free and its being opened.
            if states.iter().all(|listener| listener.state == Listening::Yes) {
                return world;
            }
        }
    }

    /// A world in front of one backend at `/api`.
    pub fn before(backend: &Backend) -> Self {
        world(&[Api::at("/api", backend.url(""))])
    }

    /// Puts a Plan with these APIs on these addresses in force.
    pub fn listen(&self, addresses: &[SocketAddr], apis: &[Api]) -> Vec<ListenerState> {
        self.listen_with(addresses, apis, &Greeting::Plain)
    }

    /// The same over TLS, or not.
    pub fn listen_with(
        &self,
        addresses: &[SocketAddr],
        apis: &[Api],
        greeting: &Greeting,
    ) -> Vec<ListenerState> {
        let before = self.gateway.plan();
        let listener = || ListenerPlan {
            routes: RouteTable::new(apis.iter().zip(1..).map(|(api, number)| api.route(number, &before))),
            greeting: greeting.clone(),
        };
        let listeners: BTreeMap<_, _> = addresses.iter().map(|address| (*address, listener())).collect();
        let number = self.plans.fetch_add(1, Ordering::SeqCst) + 1;
        self.gateway.apply(Arc::new(Plan { number, listeners, ..Plan::default() }))
    }

    pub fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// The first `count` calls, once there are so many.
    pub fn calls(&self, count: usize) -> Vec<(CallFacts, CallDetail)> {
        let mut calls = self.recorder.calls.lock();
        while calls.len() < count {
            let waited = self.recorder.more.wait_for(&mut calls, PATIENCE);
            assert!(!waited.timed_out(), "{} calls instead of {count}", calls.len());
        }
        calls[..count].to_vec()
    }

    /// How many calls were recorded after everything has ended.
    pub fn calls_in_the_end(&self) -> usize {
        self.gateway.drain(PATIENCE);
        self.recorder.calls.lock().len()
    }
}

/// An address nobody listens on.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}
