//! How the targets of an API are, for people.

use std::time::{Duration, Instant};

use http::Uri;

use super::fitness::TargetFailure;
use super::health::Health;
use super::{Backend, Tail, Target};
use crate::clock::{since_start, wall_ms};

/// How one target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetState {
    /// The route inside the API that it is for; none for the API's own upstream.
    pub route: Option<Box<str>>,
    /// Where it is.
    pub url: Box<str>,
    /// Its share of the requests.
    pub weight: u16,
    /// What its health checks say.
    pub health: Health,
    /// Until when it is left out because its calls failed, epoch milliseconds.
    pub ejected_until: Option<i64>,
    /// The last call or check that failed.
    pub last_failure: Option<TargetFailure>,
    /// Calls under way.
    pub outstanding: u64,
    /// Open connections. Those that APIs share count for the one that opened them.
    pub connections: u32,
    /// Health checks that passed.
    pub checks_passed: u64,
    /// Health checks that failed.
    pub checks_failed: u64,
    /// Calls since the program began or the target was added, retries included.
    pub calls: u64,
    /// Of those, calls that failed: no connection, no answer, one that broke off or came too late, 502, 503 or 504.
    pub failures: u64,
}

impl Backend {
    /// How its targets are; `route` is the name of the route that it is for.
    pub(crate) fn states(&self, route: Option<&str>) -> impl Iterator<Item = TargetState> {
        let now = since_start(Instant::now());
        self.targets.iter().map(move |target| self.state_of(target, route, now))
    }

    /// The whole URL of a request at each target, in their order.
    pub(crate) fn urls_for<'b>(
        &'b self,
        asked: &'b Uri,
        tail: &'b Tail,
    ) -> impl Iterator<Item = Option<String>> {
        self.targets.iter().map(|target| target.url_for(asked, tail))
    }

    fn state_of(&self, target: &Target, route: Option<&str>, now: Duration) -> TargetState {
        let fitness = &target.fitness;
        let (checks_passed, checks_failed) = fitness.checked.counts();
        let out_until = self.spec.ejection.and_then(|_| fitness.failing.out_until(now));
        let left = |until: Duration| i64::try_from((until - now).as_millis()).unwrap_or(i64::MAX);
        TargetState {
            route: route.map(Into::into),
            url: (*target.url).into(),
            weight: target.weight,
            health: if self.spec.health.is_some() { fitness.checked.health() } else { Health::Unknown },
            ejected_until: out_until.map(|until| wall_ms().saturating_add(left(until))),
            last_failure: fitness.last_failure.load_full().map(|last| (*last).clone()),
            outstanding: fitness.outstanding(),
            connections: fitness.connections.count(),
            checks_passed,
            checks_failed,
            calls: fitness.begun(),
            failures: fitness.failed(),
        }
    }
}
