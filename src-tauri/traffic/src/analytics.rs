//! Figures of a range of time: in all, over time, by API, client and policy.

use std::collections::HashMap;

use gatepost_model::{ApiId, ClientAppId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::figures::{CallKey, Count, Figures, Sums};
use crate::range::Range;

/// What is asked for. A call belongs to the second in which it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnalyticsQuery {
    /// Begin, epoch milliseconds; rounded down to a step.
    pub from_ms: i64,
    /// End, epoch milliseconds; rounded up to a step, so that the running minute is in it.
    pub to_ms: i64,
    /// Seconds from one point of the series to the next: whole minutes, or multiples of 5 s for ranges of at most 16
    /// minutes within the last half hour. Another number is rounded up; none gives about 60 points; never more
    /// than 1,500.
    pub step_s: Option<u32>,
    /// Only calls for this API.
    pub api_id: Option<ApiId>,
    /// Only calls by this client app.
    pub client_app_id: Option<ClientAppId>,
}

/// Figures of a range of time. The series adds up to the totals.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Analytics {
    /// Begin as rounded, epoch milliseconds.
    pub from_ms: i64,
    /// End as rounded, epoch milliseconds; not included.
    pub to_ms: i64,
    /// Seconds from one point of the series to the next.
    pub step_s: u32,
    /// Of the whole range.
    pub totals: Figures,
    /// Of the same length of time before it.
    pub before: Figures,
    /// Every step of the range, also those without calls.
    pub series: Vec<SeriesPoint>,
    /// Most called first, at most 100; calls that no API took are not here.
    pub by_api: Vec<ApiFigures>,
    /// Most calls first, at most 100.
    pub by_client: Vec<ClientFigures>,
    /// Most refusals first, then most that would have been refused.
    pub by_policy: Vec<PolicyRefusals>,
    /// How response times are spread, for each point of the series.
    pub spread: Spread,
    /// Changes of the Plan in the range. Filled in by whoever knows the catalog.
    pub plan_changes: Vec<PlanChange>,
}

/// Figures of one step.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SeriesPoint {
    /// When it begins, epoch milliseconds.
    pub at_ms: i64,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// Figures of one API.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ApiFigures {
    /// Which.
    pub api_id: ApiId,
    /// Its name; empty until filled in by whoever knows the catalog.
    pub name: String,
    /// Its version; likewise.
    pub version: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
    /// Its calls at each point of the series.
    pub spark: Vec<u64>,
}

/// Figures of one client app.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ClientFigures {
    /// Which; null for calls whose caller no policy asked for.
    #[schema(required = true)]
    pub client_app_id: Option<ClientAppId>,
    /// Its name; empty until filled in by whoever knows the catalog.
    pub name: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// Calls that a policy refused, or in shadow would have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PolicyRefusals {
    /// Its name, such as `rate-limiting`.
    pub policy: String,
    /// How many it refused.
    pub calls: u64,
    /// How many it was the first to say of, in shadow, that it would refuse them.
    pub would_refuse: u64,
}

/// How response times are spread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Spread {
    /// Upper edge of each bucket in microseconds, ascending.
    pub bounds_us: Vec<u64>,
    /// For each point of the series, the calls in each bucket, and last those above all edges.
    pub cells: Vec<Vec<u64>>,
}

/// A save that changed what the gateway does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanChange {
    /// The Plan's number.
    pub number: u64,
    /// When, epoch milliseconds.
    pub at_ms: i64,
    /// What was changed, in words.
    pub what: String,
}

/// Most entries of a list by API or client.
const MAX_ENTRIES: usize = 100;

/// Edges of the spread: powers of two from 128 µs to 16.8 s, where buckets of the histogram end too.
const SPREAD_EDGES: std::ops::RangeInclusive<u32> = 7..=24;

/// Adds up sums into the figures of a range.
pub(crate) struct Collector {
    range: Range,
    series: Vec<Count>,
    /// By API and client at once: a long range has many sums to add, and few of these to add again.
    by_pair: HashMap<(Option<ApiId>, Option<ClientAppId>), Count>,
    sparks: HashMap<ApiId, Vec<u64>>,
    by_policy: HashMap<String, (u64, u64)>,
}

impl Collector {
    pub fn new(range: Range) -> Self {
        Self {
            range,
            series: vec![Count::default(); range.points()],
            by_pair: HashMap::new(),
            sparks: HashMap::new(),
            by_policy: HashMap::new(),
        }
    }

    /// Adds sums of the time that begins at `second`; those outside the range do not count.
    pub fn add(&mut self, second: i64, key: &CallKey, sums: &Sums) {
        let Some(point) = self.range.point_at(second) else { return };
        self.series[point].add(key, sums);
        self.by_pair.entry((key.api, key.client)).or_default().add(key, sums);
        if let Some(api) = key.api {
            let spark = self.sparks.entry(api).or_insert_with(|| vec![0; self.range.points()]);
            spark[point] += sums.calls;
        }
        if let Some(policy) = &key.refused_by {
            self.of_policy(policy).0 += sums.calls;
        }
        if let Some(policy) = &key.would_refuse_by {
            self.of_policy(policy).1 += sums.calls;
        }
    }

    /// How many calls a policy refused, and would have refused.
    fn of_policy(&mut self, policy: &str) -> &mut (u64, u64) {
        self.by_policy.entry(policy.to_owned()).or_default()
    }

    /// All of it, beside the figures of the time before.
    pub fn finish(mut self, before: &Count) -> Analytics {
        let range = self.range;
        let mut by_api: HashMap<ApiId, Count> = HashMap::new();
        let mut by_client: HashMap<Option<ClientAppId>, Count> = HashMap::new();
        for ((api, client), count) in &self.by_pair {
            if let Some(api) = api {
                by_api.entry(*api).or_default().merge(count);
            }
            by_client.entry(*client).or_default().merge(count);
        }
        let mut totals = Count::default();
        self.series.iter().for_each(|point| totals.merge(point));
        let edges: Vec<u64> = SPREAD_EDGES.map(|power| 1 << power).collect();
        let cells = self.series.iter().map(|point| point.histogram().cells(&edges)).collect();
        let series = self.series.iter().enumerate().map(|(point, count)| SeriesPoint {
            at_ms: range.second_of(point) * 1_000,
            figures: count.figures(),
        });
        let by_api = top(by_api.into_iter(), Count::calls);
        let by_client = top(by_client.into_iter(), Count::calls);
        let by_policy = top(self.by_policy.into_iter(), |calls| *calls);
        Analytics {
            from_ms: range.from * 1_000,
            to_ms: range.to * 1_000,
            step_s: u32::try_from(range.step).unwrap_or(u32::MAX),
            totals: totals.figures(),
            before: before.figures(),
            series: series.collect(),
            by_api: by_api
                .map(|(api_id, count)| ApiFigures {
                    api_id,
                    name: String::new(),
                    version: String::new(),
                    figures: count.figures(),
                    spark: self.sparks.remove(&api_id).unwrap_or_default(),
                })
                .collect(),
            by_client: by_client
                .map(|(client_app_id, count)| ClientFigures {
                    client_app_id,
                    name: String::new(),
                    figures: count.figures(),
                })
                .collect(),
            by_policy: by_policy
                .map(|(policy, (calls, would_refuse))| PolicyRefusals { policy, calls, would_refuse })
                .collect(),
            spread: Spread { bounds_us: edges, cells },
            plan_changes: Vec::new(),
        }
    }
}

/// The entries with the most calls, most first; equal ones in the order of their keys, so that lists do not jump.
fn top<K: Ord, V, N: Ord>(
    entries: impl Iterator<Item = (K, V)>,
    calls: impl Fn(&V) -> N,
) -> impl Iterator<Item = (K, V)> {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by(|(key, a), (other, b)| calls(b).cmp(&calls(a)).then_with(|| key.cmp(other)));
    entries.into_iter().take(MAX_ENTRIES)
}
