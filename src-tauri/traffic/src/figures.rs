//! What is counted of calls: by whom, for what, with which outcome, and the figures that are shown of it.

use std::borrow::Cow;

use gatepost_model::{ApiId, CallFacts, ClientAppId};
use hashbrown::HashMap;
use serde::Serialize;
use utoipa::ToSchema;

use crate::histogram::Histogram;

/// Calls that agree in this are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CallKey {
    pub api: Option<ApiId>,
    pub client: Option<ClientAppId>,
    pub status: u16,
    pub refused_by: Option<Cow<'static, str>>,
    pub would_refuse_by: Option<Cow<'static, str>>,
}

impl From<&CallFacts> for CallKey {
    fn from(facts: &CallFacts) -> Self {
        Self {
            api: facts.api,
            client: facts.client,
            status: facts.status,
            refused_by: facts.refused_by.map(Cow::Borrowed),
            would_refuse_by: facts.would_refuse_by.map(Cow::Borrowed),
        }
    }
}

/// The five classes that add up to all calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Ok,
    Redirect,
    Client,
    Server,
    Refused,
}

impl CallKey {
    /// A call that a policy refused is that, whatever its status.
    pub fn class(&self) -> Class {
        match (&self.refused_by, self.status) {
            (Some(_), _) => Class::Refused,
            (None, ..300) => Class::Ok,
            (None, 300..400) => Class::Redirect,
            (None, 400..500) => Class::Client,
            (None, 500..) => Class::Server,
        }
    }
}

/// What is added up over calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sums {
    pub calls: u64,
    pub sum_us: u64,
    pub max_us: u64,
    pub gateway_sum_us: u64,
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub histogram: Histogram,
}

impl Sums {
    pub fn add(&mut self, facts: &CallFacts) {
        let gateway_us = facts.duration_us.saturating_sub(facts.upstream_us.unwrap_or(0));
        self.calls += 1;
        self.sum_us = self.sum_us.saturating_add(facts.duration_us);
        self.max_us = self.max_us.max(facts.duration_us);
        self.gateway_sum_us = self.gateway_sum_us.saturating_add(gateway_us);
        self.request_bytes = self.request_bytes.saturating_add(facts.request_bytes);
        self.response_bytes = self.response_bytes.saturating_add(facts.response_bytes);
        self.histogram.add(facts.duration_us);
    }

    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
        self.max_us = self.max_us.max(other.max_us);
        self.gateway_sum_us = self.gateway_sum_us.saturating_add(other.gateway_sum_us);
        self.request_bytes = self.request_bytes.saturating_add(other.request_bytes);
        self.response_bytes = self.response_bytes.saturating_add(other.response_bytes);
        self.histogram.merge(&other.histogram);
    }
}

/// When a call counts: the second in which it ended, since the epoch. So a second that is over does not change,
/// even when a stream that began in it runs for hours.
pub(crate) fn second_of(facts: &CallFacts) -> i64 {
    ended_us(facts).div_euclid(1_000_000)
}

/// When a call was over, epoch microseconds.
pub(crate) fn ended_us(facts: &CallFacts) -> i64 {
    facts.at_us.saturating_add_unsigned(facts.duration_us)
}

/// Sums by second and key.
pub(crate) type Tally = HashMap<(i64, CallKey), Sums>;

/// When a tally has this many entries, calls of new keys count in their minute's first second instead.
const MAX_TALLY_ENTRIES: usize = 4_096;

/// Counts one call.
pub(crate) fn tally(counts: &mut Tally, facts: &CallFacts) {
    let second = second_of(facts);
    let second = if counts.len() < MAX_TALLY_ENTRIES { second } else { second - second.rem_euclid(60) };
    counts.entry((second, CallKey::from(facts))).or_default().add(facts);
}

/// What is shown of a number of calls. Times are of whole calls, from head received to last byte sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Figures {
    /// All calls; the five classes below add up to it.
    pub calls: u64,
    /// Answered 1xx or 2xx.
    pub ok_2xx: u64,
    /// Answered 3xx.
    pub redirect_3xx: u64,
    /// Answered 4xx, but not by a policy. 499: the caller left before there was an answer.
    pub client_4xx: u64,
    /// Answered 5xx, but not by a policy.
    pub server_5xx: u64,
    /// Refused by a policy.
    pub refused: u64,
    /// What a policy in shadow would have refused: part of the classes above, whatever became of it.
    pub would_refuse: u64,
    /// Mean response time; 0 without calls.
    pub avg_us: u64,
    /// Median response time, to about 3 %.
    pub p50_us: u64,
    /// 95 of 100 calls took no longer, to about 3 %.
    pub p95_us: u64,
    /// 99 of 100 calls took no longer, to about 3 %.
    pub p99_us: u64,
    /// The longest.
    pub max_us: u64,
    /// Mean time spent in the gateway itself, that is without waiting for the upstream.
    pub gateway_avg_us: u64,
    /// Body bytes received.
    pub request_bytes: u64,
    /// Body bytes sent.
    pub response_bytes: u64,
}

/// Calls by class and their sums, on the way to [`Figures`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Count {
    classes: [u64; 5],
    would_refuse: u64,
    sums: Sums,
}

impl Count {
    pub fn add(&mut self, key: &CallKey, sums: &Sums) {
        self.classes[key.class() as usize] += sums.calls;
        if key.would_refuse_by.is_some() {
            self.would_refuse += sums.calls;
        }
        self.sums.merge(sums);
    }

    pub fn merge(&mut self, other: &Self) {
        self.classes.iter_mut().zip(other.classes).for_each(|(class, calls)| *class += calls);
        self.would_refuse += other.would_refuse;
        self.sums.merge(&other.sums);
    }

    pub fn calls(&self) -> u64 {
        self.sums.calls
    }

    pub fn histogram(&self) -> &Histogram {
        &self.sums.histogram
    }

    pub fn figures(&self) -> Figures {
        let sums = &self.sums;
        let mean = |sum: u64| sum.checked_div(sums.calls).unwrap_or(0);
        let percentile = |share| sums.histogram.percentile(share).min(sums.max_us);
        let [ok_2xx, redirect_3xx, client_4xx, server_5xx, refused] = self.classes;
        Figures {
            calls: sums.calls,
            ok_2xx,
            redirect_3xx,
            client_4xx,
            server_5xx,
            refused,
            would_refuse: self.would_refuse,
            avg_us: mean(sums.sum_us),
            p50_us: percentile(0.5),
            p95_us: percentile(0.95),
            p99_us: percentile(0.99),
            max_us: sums.max_us,
            gateway_avg_us: mean(sums.gateway_sum_us),
            request_bytes: sums.request_bytes,
            response_bytes: sums.response_bytes,
        }
    }
}
