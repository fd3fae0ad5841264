//! One request from its arrival to the head of its answer.

use std::rc::Rc;
use std::sync::Arc;

use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderValue, StatusCode, Version};

use crate::body::CallerStream;
use crate::caller::Caller;
use crate::clock::since_start;
use crate::headers::strip_hop_by_hop;
use crate::http1::Glimpse;
use crate::meter::Meter;
use crate::record::{Call, RecordedBody};
use crate::request_id::{self, X_REQUEST_ID};
use crate::target::{host_name, settle};
use crate::upstream::send;
use crate::worker::Worker;
use crate::{
    Body, Context, Enforcement, Identity, ListenerPlan, Plan, Reply, Request, Response, Route, Unsettled,
};

/// Answers a request, under the one Plan that is in force as it arrives. The call is recorded when the answer's body
/// ends, or this is dropped because the caller left.
pub(crate) async fn answer(
    worker: &Rc<Worker>,
    caller: &Caller,
    request: http::Request<CallerStream>,
    meter: &Rc<Meter>,
) -> http::Response<RecordedBody> {
    caller.watch.serving();
    let plan = worker.plan();
    let version = request.version();
    let mut call = Call::begin(worker, plan.number, caller, &request, meter);
    let mut request = request.map(|stream| Body::of_caller(stream, meter));
    let listener = plan.listeners.get(&caller.listener);
    let mut may_stay = !worker.draining.get() && listener.is_some();
    let mut response = match find(listener, caller, &mut request) {
        Ok(found) => run(worker, caller, plan, &found, &mut request, &mut call).await,
        Err((reply, is_clear)) => {
            may_stay &= is_clear;
            reply.into_response("", request_id::text(&call.request_id))
        }
    };
    response.headers_mut().insert(X_REQUEST_ID, call.request_id.clone());
    // HTTP/2 says so in a frame of its own.
    if !may_stay && version < Version::HTTP_2 && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if !response.body().is_as_sent() {
        // The length that an upstream announced was another body's.
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    call.answer_with(response, request.headers())
}

/// Answers bytes that are no request which may go on, and records them as a call of no API.
pub(crate) fn refuse(
    worker: &Rc<Worker>,
    caller: &Caller,
    meter: &Rc<Meter>,
    glimpse: &Glimpse,
) -> http::Response<RecordedBody> {
    caller.watch.serving();
    let call = Call::refused(worker, worker.plan().number, caller, meter, glimpse);
    let reply = Reply::malformed(glimpse.refused.status, glimpse.refused.reason);
    let mut response = reply.into_response("", request_id::text(&call.request_id));
    response.headers_mut().insert(X_REQUEST_ID, call.request_id.clone());
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    call.answer_with(response, &http::HeaderMap::new())
}

/// Records a request that found no room, as a call of no API; its caller is told in its protocol's own way.
pub(crate) fn note_crowded_out<B>(worker: &Rc<Worker>, caller: &Caller, request: &http::Request<B>) {
    caller.watch.serving();
    let meter = Rc::new(Meter::new(&Rc::default()));
    Call::begin(worker, worker.plan().number, caller, request, &meter).end_with(
        StatusCode::SERVICE_UNAVAILABLE,
        "As many requests are under way over HTTP/2 as there may be",
    );
}

/// The API that a request is for, and how it says so.
struct Found {
    route: Arc<Route>,
    /// By a document's name before the base path: policies alone can answer.
    is_well_known: bool,
}

/// The API that the request is for; the request becomes what everything behind sees. A refusal says whether the request
/// was clear at least, and its connection what the listener speaks, so that it may stay.
fn find(
    listener: Option<&ListenerPlan>,
    caller: &Caller,
    request: &mut Request,
) -> Result<Found, (Reply, bool)> {
    if listener.is_some_and(|listener| !caller.satisfies(&listener.greeting)) {
        return Err((Reply::misdirected(), false));
    }
    settle(request).map_err(|reply| (reply, false))?;
    strip_hop_by_hop(request.headers_mut());
    let (headers, path) = (request.headers(), request.uri().path());
    let no_route = || (Reply::no_route(), true);
    let (host, routes) = (host_name(headers), &listener.ok_or_else(no_route)?.routes);
    let route = routes.find(&host, path, headers);
    // What an API has below `/.well-known/` of its own is its own.
    if route.is_none_or(|route| route.base_path_len() == 0)
        && let Some(route) = routes.find_well_known(&host, path, headers)
    {
        return Ok(Found { route: route.clone(), is_well_known: true });
    }
    route.map(|route| Found { route: route.clone(), is_well_known: false }).ok_or_else(no_route)
}

/// The API's policies around its upstream.
async fn run(
    worker: &Rc<Worker>,
    caller: &Caller,
    plan: Arc<Plan>,
    Found { route, is_well_known }: &Found,
    request: &mut Request,
    call: &mut Call,
) -> Response {
    let meter = call.meter.clone();
    request.headers_mut().insert(X_REQUEST_ID, call.request_id.clone());
    let cx = call.cx.insert(Context {
        plan,
        api: route.api,
        wall_us: call.at_us,
        now: since_start(call.arrived),
        remote: caller.remote,
        local: caller.local,
        scheme: caller.scheme(),
        tls: caller.tls.get().cloned(),
        request_id: request_id::text(&call.request_id).into(),
        base_path_len: if *is_well_known { 0 } else { route.base_path_len() },
        identity: Identity::default(),
        body_idle: route.body_idle(),
        unread: None,
        refused_by: None,
        would_refuse_by: None,
        error: None,
        kept: http::Extensions::new(),
        trail: smallvec::SmallVec::new(),
        unsettled: Unsettled::default(),
    });
    match &route.enforcement {
        Enforcement::Ready(chain) => {
            let to_upstream = async |request: &mut Request, cx: &mut Context| {
                if *is_well_known {
                    return Err(Reply::no_route());
                }
                let (backend, tail) = route.destination(request, cx.base_path_len)?;
                send(worker, backend, &tail, request, &caller.address, cx, &meter).await
            };
            chain.run(request, cx, to_upstream).await
        }
        Enforcement::Impossible(why) => {
            cx.error = Some(why.clone());
            Reply::unavailable("This API is not available at the moment").into_response("", &cx.request_id)
        }
    }
}
