//! One call through an upstream: on a target that is fit, and on another one where that fails and asking again is safe.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gatepost_model::{Note, Outcome, TrailStep};
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderValue, StatusCode, Uri, Version};
use http_body::Body as _;
use tokio::time::timeout_at;

use super::backend::Asked;
use super::fault::Fault;
use super::places::Places;
use super::send::{Unanswered, exchange};
use super::underway::Underway;
use super::{Backend, Tail, Target, bounded};
use crate::clock::since_start;
use crate::headers::address_to_upstream;
use crate::meter::Meter;
use crate::worker::Worker;
use crate::{Body, Context, Reply, Request, Response};

/// Answers that count against a target as no answer does.
const FAILURES: [StatusCode; 3] =
    [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];

/// What came of one try.
type Tried = Result<Response, Unanswered>;

/// Sends `request` on, with `tail` as its path; `caller` is the caller's address as text. Leaves a step in the trail
/// for every try and, where there is no answer, the reason in the context.
pub(crate) async fn send(
    worker: &Worker,
    backend: &Arc<Backend>,
    tail: &Tail,
    request: &mut Request,
    caller: &HeaderValue,
    cx: &mut Context,
    meter: &Rc<Meter>,
) -> Result<Response, Reply> {
    let Some(mut underway) = Underway::admit(backend, worker.number, &worker.target_changes) else {
        return Err(refuse(cx, "as many calls are under way as its upstream may have at once"));
    };
    let mut begun = Instant::now();
    meter.sent_first.set(Some(begun));
    meter.until.set(backend.spec.timeouts.total.map(|total| begun + bounded(total)));
    let key = backend.hash_key(request.headers(), cx.remote.ip());
    let path = request.uri().clone();
    let is_repeatable = request.method().is_idempotent() && request.body().is_end_stream();
    forward(request, caller, cx.scheme);
    let mut tried = Places::default();
    let mut retries_left = backend.spec.retries.attempts;
    let answer = loop {
        let asked = Asked { key, now: since_start(begun) };
        let Some(place) = backend.choose(worker.number, &asked, tried) else {
            return Err(refuse(cx, "its health checks found no target that is fit"));
        };
        tried.add(place);
        underway.try_on(place);
        let target = &backend.targets[place];
        let answer = match aim(request, target, tail, &path) {
            Ok(()) => exchange_in_time(worker, target, request, meter).await,
            Err(fault) => Err(Unanswered { fault, may_repeat: false, was_closed: false }),
        };
        judge(&answer, &mut underway);
        let now = Instant::now();
        cx.trail.push(step(now - begun, backend, target, &answer));
        begun = now;
        let has_time = meter.until.get().is_none_or(|until| begun < until);
        if retries_left == 0 || !has_time || !may_repeat(backend, &answer, is_repeatable) {
            break answer;
        }
        if !backend.allows_retry(since_start(begun)) {
            cx.trail.push(not_again());
            break answer;
        }
        retries_left -= 1;
    };
    answer.map(|response| with_end(response, underway)).map_err(|unanswered| {
        meter.upstream_ended.set(Some(Instant::now()));
        cx.error = Some(unanswered.fault.words);
        unanswered.fault.reply
    })
}

/// The same as [`exchange`], within the time that the whole call may take: connecting, and waiting for room, have
/// limits of their own.
async fn exchange_in_time(
    worker: &Worker,
    target: &Target,
    request: &mut Request,
    meter: &Rc<Meter>,
) -> Tried {
    let (Some(until), Some(total)) = (meter.until.get(), target.timeouts.total) else {
        return exchange(worker, target, request, meter).await;
    };
    let asked = Box::pin(timeout_at(until.into(), exchange(worker, target, request, meter))).await;
    asked.unwrap_or_else(|_| {
        let fault = Fault::call_too_long(total);
        Err(Unanswered { fault, may_repeat: false, was_closed: false })
    })
}

/// What is the same for every target.
fn forward(request: &mut Request, caller: &HeaderValue, scheme: &'static str) {
    *request.version_mut() = Version::HTTP_11;
    if !request.body().is_as_sent() {
        // The length its sender announced was another body's.
        request.headers_mut().remove(CONTENT_LENGTH);
    }
    address_to_upstream(request.headers_mut(), caller, scheme);
}

/// Addresses a request to one target; `path` is the one that the caller asked for.
fn aim(request: &mut Request, target: &Target, tail: &Tail, path: &Uri) -> Result<(), Fault> {
    *request.uri_mut() = target.uri_for(path, tail).ok_or_else(Fault::address_too_long)?;
    request.headers_mut().insert(HOST, target.authority.clone());
    Ok(())
}

/// Notes how the target did, as far as its answer's head tells; its body tells the rest.
fn judge(answer: &Tried, underway: &mut Underway) {
    match answer {
        Ok(response) if FAILURES.contains(&response.status()) => {
            underway.failed(&format!("answered {}", response.status().as_u16()));
        }
        // What follows is not HTTP, and ends when either side wants it to.
        Ok(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => underway.succeeded(),
        Ok(_) => {}
        Err(unanswered) if unanswered.fault.is_targets => underway.failed(&unanswered.fault.words),
        Err(_) => {}
    }
}

/// True where the try failed and repeating it is safe.
fn may_repeat(backend: &Backend, answer: &Tried, is_repeatable: bool) -> bool {
    match answer {
        Ok(response) => is_repeatable && backend.spec.retries.on_status.contains(&response.status().as_u16()),
        Err(unanswered) => unanswered.may_repeat && unanswered.fault.is_targets,
    }
}

fn step(took: Duration, backend: &Backend, target: &Target, answer: &Tried) -> TrailStep {
    let (outcome, note) = match answer {
        Ok(response) => {
            let status = u64::from(response.status().as_u16());
            // Where there is but one target, its name says nothing.
            let note = match &*backend.targets {
                [_] => Note::new("answered {}").with(status),
                _ => Note::new("{} answered {}").with(target.url.clone()).with(status),
            };
            (Outcome::Passed, note)
        }
        Err(unanswered) => (Outcome::Failed, Note::new("{}").with(&*unanswered.fault.words)),
    };
    let duration_ns = u32::try_from(took.as_nanos()).unwrap_or(u32::MAX);
    TrailStep::of_upstream(outcome, note, duration_ns)
}

fn not_again() -> TrailStep {
    let note = Note::new("not tried again: too many calls of the last seconds were");
    TrailStep::of_upstream(Outcome::Skipped, note, 0)
}

/// 503, because of `why`, which is for the operator.
fn refuse(cx: &mut Context, why: &'static str) -> Reply {
    cx.trail.push(TrailStep::of_upstream(Outcome::Failed, Note::new(why), 0));
    cx.error = Some(why.into());
    Reply::unavailable("This API has nothing to answer with at the moment")
}

/// The answer, which ends the call on its target with its last byte.
fn with_end(mut response: Response, underway: Underway) -> Response {
    if let Body::Upstream(body) = response.body_mut() {
        body.ends(underway);
    }
    response
}
