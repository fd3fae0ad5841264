//! Asks one target for its health from time to time (active health checks).

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use gatepost_model::HealthCheck;
use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Method, StatusCode, Uri};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::connect::{Connected, Wanted, connect};
use super::draw::{draw, scale};
use super::fault::Fault;
use super::fitness::TargetFailure;
use super::health::Health;
use super::http2::{ask_twice, is_known_to_speak_http2, way_to};
use super::send::ask;
use super::{Backend, Open, Target, bounded};
use crate::clock::wall_ms;
use crate::meter::Meter;
use crate::worker::Worker;
use crate::{Body, Request};

/// What a target sees who asks.
const AGENT: HeaderValue = HeaderValue::from_static("gatepost-health-check");

/// Longest wait before the first question, so that many targets are not asked at the same moment.
const FIRST_WITHIN: Duration = Duration::from_millis(100);

/// The check of one target, which one worker makes.
pub(crate) struct Check {
    backend: Arc<Backend>,
    place: usize,
    check: HealthCheck,
    path: Uri,
}

impl Check {
    /// One for every target; none where the upstream wants none.
    pub(crate) fn all_of(backend: &Arc<Backend>) -> Vec<Self> {
        let Some(check) = &backend.spec.health else { return Vec::new() };
        // A path that is none was refused where it came in.
        let Ok(path) = check.path.parse::<Uri>() else { return Vec::new() };
        let of_place =
            |place| Self { backend: backend.clone(), place, check: check.clone(), path: path.clone() };
        (0..backend.targets.len()).map(of_place).collect()
    }

    /// A number by which checks spread over workers.
    pub(crate) fn number(&self) -> u64 {
        super::balance::hash(self.target().url.as_bytes())
    }

    fn target(&self) -> &Target {
        &self.backend.targets[self.place]
    }

    /// Asks until `stop` is told or gone.
    pub(crate) async fn run(self, worker: Rc<Worker>, stop: oneshot::Receiver<()>) {
        let asking = async {
            sleep(part_of(FIRST_WITHIN)).await;
            loop {
                let limit = bounded(self.check.timeout);
                let answer = timeout(limit, ask_once(&worker, self.target(), &self.path)).await;
                self.take(self.judge(answer), &worker);
                sleep(around(bounded(self.check.interval))).await;
            }
        };
        tokio::select! {
            _ = stop => {}
            () = asking => {}
        }
    }

    fn judge(
        &self,
        answer: Result<Result<StatusCode, Fault>, tokio::time::error::Elapsed>,
    ) -> Result<(), String> {
        match answer {
            Ok(Ok(status)) if self.check.expect.contains(status.as_u16()) => Ok(()),
            Ok(Ok(status)) => Err(format!("its health check was answered {}", status.as_u16())),
            Ok(Err(fault)) => Err(format!("its health check failed: {}", fault.words)),
            Err(_) => Err(format!("its health check was not answered within {} ms", self.check.timeout.0)),
        }
    }

    fn take(&self, result: Result<(), String>, worker: &Worker) {
        let target = self.target();
        let becomes = target.fitness.checked.take(result.is_ok(), &self.check);
        let why = result.err().unwrap_or_default();
        if !why.is_empty() {
            let failure = TargetFailure { at_ms: wall_ms(), message: why.as_str().into() };
            target.fitness.last_failure.store(Some(Arc::new(failure)));
        }
        match becomes {
            None => return,
            Some(Health::Unhealthy) => {
                tracing::warn!(target = %target.url, why, "a target is unhealthy and gets no calls");
            }
            Some(_) => tracing::info!(target = %target.url, "a target is healthy"),
        }
        worker.target_changes.send_modify(|count| *count += 1);
    }
}

/// One question; over HTTP/1.1 on a connection of its own, so that connecting is part of it.
async fn ask_once(worker: &Worker, target: &Target, path: &Uri) -> Result<StatusCode, Fault> {
    let mut request = Request::new(Body::Empty);
    *request.method_mut() = Method::GET;
    *request.uri_mut() = path.clone();
    request.headers_mut().insert(HOST, target.authority.clone());
    request.headers_mut().insert(USER_AGENT, AGENT);
    let meter = Rc::new(Meter::new(&Rc::default()));
    let connected = if is_known_to_speak_http2(worker, target) {
        way_to(worker, target, &meter).await?
    } else {
        connect(target, worker, Open::of_check(target), Wanted::Either).await?
    };
    let answer = match connected {
        Connected::Http1(connection) => ask(worker, target, connection, &mut request, &meter).await,
        Connected::Http2(lease) => ask_twice(worker, target, lease, &mut request, &meter).await,
    };
    answer.map(|response| response.status()).map_err(|unanswered| unanswered.fault)
}

/// Some part of a time.
fn part_of(time: Duration) -> Duration {
    Duration::from_micros(scale(draw(), u64::try_from(time.as_micros()).unwrap_or(u64::MAX)))
}

/// A time, give or take a tenth, so that what began together drifts apart.
fn around(time: Duration) -> Duration {
    time - time / 10 + part_of(time / 5)
}
