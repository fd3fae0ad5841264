//! A gateway with one API in front of one upstream, to measure and profile the data plane alone:
//! `proxy <listen address> <upstream URL> [workers]`.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;

use gatepost_gateway::{
    Chain, Enforcement, Gateway, Limits, ListenerPlan, Listening, Plan, Route, RouteTable,
};
use gatepost_model::{ApiId, BasePath, CallDetail, CallFacts, CallSink, Upstream, UpstreamUrl};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Forgets calls: what recording them costs is another program's to measure (`cost` of gatepost-traffic).
struct Nowhere;

impl CallSink for Nowhere {
    fn record(&self, _worker: usize, _facts: &CallFacts, _detail: &mut CallDetail) {}
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "proxy <listen address> <upstream URL> [workers]";
    let address: SocketAddr = arguments.next().ok_or(usage)?.parse()?;
    let url = UpstreamUrl::parse(&arguments.next().ok_or(usage)?)?;
    let workers: NonZeroUsize = arguments.next().as_deref().unwrap_or("1").parse()?;
    let gateway = Gateway::start(workers, Arc::new(Nowhere), Limits::default())?;
    let ready = Enforcement::Ready(Chain::default());
    let route = Route::plain(ApiId(1), BasePath::parse("/api")?, &Upstream::of_url(url), ready);
    let listeners = BTreeMap::from([(
        address,
        ListenerPlan { routes: RouteTable::new([Arc::new(route)]), ..ListenerPlan::default() },
    )]);
    let states = gateway.apply(Arc::new(Plan { number: 1, listeners, ..Plan::default() }));
    if let Some(Listening::Failed { message, .. }) = states.first().map(|listener| &listener.state) {
        return Err(message.clone().into());
    }
    loop {
        std::thread::park();
    }
}
