//! An upstream as the data plane needs it: compiled once for every change of it, shared by all threads.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use gatepost_model::{Balance, Upstream};
use http::HeaderMap;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::balance::Balancer;
use super::budget::Budget;
use super::ceiling::Load;
use super::ejection::may_go;
use super::hash_key::HashKey;
use super::health::Health;
use super::places::Places;
use super::{Target, bounded};
use crate::ClientTls;

/// An upstream's targets, how they are chosen, and what is known of them.
pub(crate) struct Backend {
    number: Number,
    /// What it was compiled from.
    pub(super) spec: Upstream,
    /// How targets with `https` are greeted.
    tls: Arc<ClientTls>,
    /// In the order of `spec`.
    pub(super) targets: Box<[Target]>,
    pub(super) shared: Arc<Shared>,
    balancer: Balancer,
    hash_key: Option<HashKey>,
}

/// What outlives a change of the upstream.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) load: Load,
    pub(super) budget: Budget,
    /// Calls that wait for room under the ceiling of connections.
    pub(super) waiting: AtomicU32,
    /// Told whenever there may be room.
    pub(super) freed: Notify,
    /// Tells the connections of upstreams with a ceiling apart.
    pub(super) number: Number,
    /// Held while one target is sent out, so that two threads never send out too many.
    sending_out: Mutex<()>,
}

/// Different every time.
#[derive(Clone, Copy)]
pub(super) struct Number(pub(super) u64);

impl Default for Number {
    /// The next.
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Relaxed))
    }
}

impl Backend {
    /// Compiles `spec`. The same as before stays as it is; of a changed one every target that is still there keeps what
    /// is known of it, except for the results of other health checks.
    pub(crate) fn compile(spec: &Upstream, tls: &Arc<ClientTls>, previous: Option<&Arc<Self>>) -> Arc<Self> {
        let is_same = |before: &&Arc<Self>| before.spec == *spec && before.is_greeted_by(tls);
        if let Some(same) = previous.filter(is_same) {
            return same.clone();
        }
        let known = |url: &str| {
            let before = previous?.targets.iter().find(|target| &*target.url == url)?;
            Some(before.fitness.clone())
        };
        let shared = previous.map(|previous| previous.shared.clone()).unwrap_or_default();
        let targets = spec.targets.iter().map(|target| Target::of(target, spec, tls, &shared, known));
        let targets: Box<[Target]> = targets.collect();
        if previous.is_some_and(|previous| previous.spec.health != spec.health) {
            targets.iter().for_each(|target| target.fitness.checked.forget());
        }
        let weights: Vec<_> = targets.iter().map(|target| (&*target.url, target.weight)).collect();
        let balancer = Balancer::new(&spec.balance, &weights);
        let hash_key = match &spec.balance {
            Balance::ConsistentHash(hash_on) => HashKey::of(hash_on),
            _ => None,
        };
        let number = Number::default();
        Arc::new(Self { number, spec: spec.clone(), tls: tls.clone(), targets, shared, balancer, hash_key })
    }

    fn is_greeted_by(&self, tls: &Arc<ClientTls>) -> bool {
        Arc::ptr_eq(&self.tls, tls) || self.targets.iter().all(|target| target.tls.is_none())
    }

    /// Differs from that of every other compiled form, of the same upstream too.
    pub(crate) fn number(&self) -> u64 {
        self.number.0
    }

    /// How long a body may stand still.
    pub(crate) fn idle(&self) -> Duration {
        bounded(self.spec.timeouts.idle)
    }

    /// Whether its targets are asked for their health.
    pub(crate) fn is_checked(&self) -> bool {
        self.spec.health.is_some()
    }

    /// The place of a target for a request on thread `worker`, none of `tried` where there is another. None where
    /// checks found all of them unfit.
    pub(super) fn choose(&self, worker: usize, asked: &Asked, tried: Places) -> Option<usize> {
        if self.targets.len() == 1 && self.spec.health.is_none() {
            return Some(0);
        }
        let fit = self.fit(asked.now);
        if fit.is_empty() {
            return None;
        }
        let outstanding = |place: usize| self.targets[place].fitness.outstanding();
        Some(self.balancer.choose(worker, fit.without(tried).or(fit), asked.key, outstanding))
    }

    /// What a consistent hash makes of a request; none where it has nothing to go by, or targets are chosen otherwise.
    pub(super) fn hash_key(&self, headers: &HeaderMap, remote: IpAddr) -> Option<u64> {
        self.hash_key.as_ref()?.of_request(headers, remote)
    }

    /// Takes one retry from the budget.
    pub(super) fn allows_retry(&self, now: Duration) -> bool {
        self.shared.budget.take(self.spec.retries.budget_percent, self.tries(), now)
    }

    /// Those that are neither unhealthy nor sent out; where there are none, those that are only sent out.
    fn fit(&self, now: Duration) -> Places {
        let healthy = self.healthy();
        let in_use = |place: &usize| !self.targets[*place].fitness.failing.is_out(now);
        if self.spec.ejection.is_none() {
            return healthy;
        }
        Places::of(healthy.iter().filter(in_use)).or(healthy)
    }

    fn healthy(&self) -> Places {
        let is_fit = |place: &usize| self.targets[*place].fitness.checked.health() != Health::Unhealthy;
        let places = 0..self.targets.len();
        if self.spec.health.is_some() { Places::of(places.filter(is_fit)) } else { Places::of(places) }
    }

    /// Notes that a try on a target failed. Gives for how long the target is left out, where it is from now on.
    pub(super) fn note_failure(&self, place: usize, now: Duration) -> Option<Duration> {
        // The last one is never left out.
        let ejection = self.spec.ejection.as_ref().filter(|_| self.targets.len() > 1)?;
        let failing = &self.targets[place].fitness.failing;
        if !failing.failed(ejection, now) {
            return None;
        }
        let _sending_out = self.shared.sending_out.lock();
        let is_out = |place: &usize| self.targets[*place].fitness.failing.is_out(now);
        let out = (0..self.targets.len()).filter(is_out).count();
        let others = self.healthy().without(Places::of([place]));
        let others_fit = others.iter().filter(|place| !is_out(place)).count();
        let may_go = !is_out(&place) && may_go(ejection, self.targets.len(), out, others_fit);
        may_go.then(|| failing.send_out(ejection, now))
    }

    /// Tries since the beginning, on the targets there are now.
    pub(super) fn tries(&self) -> u64 {
        self.targets.iter().map(|target| target.fitness.begun()).sum()
    }
}

/// What choosing looks at.
pub(super) struct Asked {
    /// See [`Backend::hash_key`].
    pub(super) key: Option<u64>,
    /// On the program's clock.
    pub(super) now: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    use gatepost_model::{Ejection, HashOn, HealthCheck, Millis, Target as Spec, UpstreamUrl};

    fn spec(count: usize) -> Upstream {
        let target = |number| {
            let url = UpstreamUrl::parse(&format!("http://127.0.0.1:{number}")).expect("valid");
            Spec { url, weight: 1 }
        };
        let targets: Vec<_> = (1..=count).map(target).collect();
        let ejection = Ejection { failures: 1, duration: Millis(1_000), max_percent: 100 };
        Upstream {
            ejection: Some(ejection),
            targets: targets.clone(),
            ..Upstream::of_url(targets[0].url.clone())
        }
    }

    fn compile(spec: &Upstream, previous: Option<&Arc<Backend>>) -> Arc<Backend> {
        static TLS: LazyLock<Arc<ClientTls>> = LazyLock::new(Arc::default);
        Backend::compile(spec, &TLS, previous)
    }

    fn choose(backend: &Backend, now_ms: u64, tried: &[usize]) -> Option<usize> {
        let asked = Asked { key: None, now: Duration::from_millis(now_ms) };
        backend.choose(0, &asked, Places::of(tried.iter().copied()))
    }

    fn chosen(backend: &Backend, now_ms: u64) -> Vec<usize> {
        let mut chosen: Vec<_> = (0..20).filter_map(|_| choose(backend, now_ms, &[])).collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    fn find_unhealthy(backend: &Backend, place: usize) {
        let check = HealthCheck { unhealthy_after: 1, ..HealthCheck::default() };
        backend.targets[place].fitness.checked.take(false, &check);
    }

    #[test]
    fn unhealthy_targets_are_left_out_even_if_it_is_all_of_them() {
        let backend = compile(&Upstream { health: Some(HealthCheck::default()), ..spec(2) }, None);
        assert_eq!(chosen(&backend, 0), [0, 1]);
        find_unhealthy(&backend, 0);
        assert_eq!(chosen(&backend, 0), [1]);
        find_unhealthy(&backend, 1);
        assert_eq!(choose(&backend, 0, &[]), None);
    }

    #[test]
    fn failing_targets_are_left_out_for_a_while_but_never_the_last() {
        let backend = compile(&spec(3), None);
        assert_eq!(backend.note_failure(0, Duration::ZERO), Some(Duration::from_secs(1)));
        assert_eq!(chosen(&backend, 0), [1, 2]);
        assert!(backend.note_failure(1, Duration::ZERO).is_some());
        assert_eq!(backend.note_failure(2, Duration::ZERO), None, "it is the last");
        assert_eq!(chosen(&backend, 999), [2]);
        assert_eq!(chosen(&backend, 1_000), [0, 1, 2]);
    }

    #[test]
    fn where_only_targets_that_are_sent_out_are_healthy_those_are_used() {
        let backend = compile(&Upstream { health: Some(HealthCheck::default()), ..spec(2) }, None);
        assert!(backend.note_failure(0, Duration::ZERO).is_some());
        find_unhealthy(&backend, 1);
        assert_eq!(chosen(&backend, 0), [0]);
    }

    #[test]
    fn a_target_that_was_tried_is_chosen_again_only_where_there_is_no_other() {
        let backend = compile(&spec(2), None);
        assert!((0..9).all(|_| choose(&backend, 0, &[0]) == Some(1)));
        assert!(choose(&backend, 0, &[0, 1]).is_some());
    }

    #[test]
    fn the_same_spec_stays_and_a_changed_one_keeps_what_is_known_of_its_targets() {
        let first = compile(&spec(2), None);
        first.targets[1].fitness.begin(0);
        assert!(Arc::ptr_eq(&first, &compile(&spec(2), Some(&first))));
        let hash = Balance::ConsistentHash(HashOn::ClientAddress);
        let mut changed = Upstream { balance: hash, ..spec(3) };
        changed.targets.remove(0);
        let second = compile(&changed, Some(&first));
        assert_eq!(second.targets[0].fitness.outstanding(), 1);
        assert_eq!(second.tries(), 1);
    }

    #[test]
    fn other_checks_begin_anew() {
        let checked = Upstream { health: Some(HealthCheck::default()), ..spec(2) };
        let first = compile(&checked, None);
        find_unhealthy(&first, 0);
        let same_checks = Upstream { protocol: gatepost_model::UpstreamProtocol::Http1, ..checked.clone() };
        assert_eq!(chosen(&compile(&same_checks, Some(&first)), 0), [1]);
        let other = HealthCheck { path: "/other".into(), ..HealthCheck::default() };
        let second = compile(&Upstream { health: Some(other), ..checked }, Some(&first));
        assert_eq!(chosen(&second, 0), [0, 1]);
    }
}
