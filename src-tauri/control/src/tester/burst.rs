//! The same request many times, over several connections: to see limits at work.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use utoipa::ToSchema;

use super::exchange::{Connection, Exchange};
use super::prepare::{Prepared, TesterRequest};
use super::send::{TesterAnswer, micros, new_request_id};
use crate::control::Control;
use crate::error::ApiError;

/// What to send, how often, and over how many connections.
#[derive(Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BurstInput {
    request: TesterRequest,
    /// 1 to 10,000.
    #[schemars(range(min = 1, max = 10000))]
    count: u32,
    /// Connections at a time: 1 to 64; default 1, which keeps the order.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 64))]
    concurrency: u32,
}

fn one() -> u32 {
    1
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct BurstResult {
    count: u32,
    /// Most frequent first.
    by_status: Vec<StatusCount>,
    /// From the first request to the last answer.
    total_us: u64,
    p50_us: u64,
    p95_us: u64,
    /// The first answer, whole.
    first: Option<TesterAnswer>,
    /// The first answer that was 4xx or 5xx, whole, unless it is the first.
    first_refused: Option<TesterAnswer>,
}

/// How many calls ended how.
#[derive(Serialize, ToSchema)]
struct StatusCount {
    /// 0 when there was no answer.
    status: u16,
    calls: u32,
    /// Why there was no answer.
    error: Option<String>,
}

/// What the connections add to.
#[derive(Default)]
struct Tally {
    statuses: BTreeMap<(u16, Option<String>), u32>,
    took: Vec<Duration>,
    first: Option<Kept>,
    first_refused: Option<Kept>,
}

/// An exchange that will be shown, and which one it was.
struct Kept {
    number: u32,
    exchange: Exchange,
    connect: Duration,
}

/// Sends the request `count` times.
pub(crate) async fn burst(control: &Control, input: BurstInput) -> Result<BurstResult, ApiError> {
    let request = Arc::new(input.request.prepare(control).await?);
    let tally = Arc::new(Mutex::new(Tally::default()));
    let next = Arc::new(AtomicU32::new(0));
    let begun = Instant::now();
    let mut connections = JoinSet::new();
    for _ in 0..input.concurrency.min(input.count) {
        connections.spawn(run(Arc::clone(&request), Arc::clone(&next), input.count, Arc::clone(&tally)));
    }
    // Dropped when the person cancels, which ends every connection.
    while let Some(ended) = connections.join_next().await {
        ended.map_err(|error| ApiError::Internal(error.to_string()))??;
    }
    let total_us = micros(begun.elapsed());
    let tally = std::mem::take(&mut *tally.lock());
    tally.into_result(control, &request, input.count, total_us).await
}

/// One connection: takes the next number until there are no more.
async fn run(
    request: Arc<Prepared>,
    next: Arc<AtomicU32>,
    count: u32,
    tally: Arc<Mutex<Tally>>,
) -> Result<(), ApiError> {
    let mut connection: Option<Connection> = None;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return Ok(());
        }
        let begun = Instant::now();
        let open = match connection.take().filter(Connection::is_open) {
            Some(open) => Ok(open),
            None => Connection::open(&request).await,
        };
        let connect = begun.elapsed();
        let exchange = match open {
            Ok(mut open) => {
                let exchange = open.exchange(&request, &new_request_id()?).await;
                connection = Some(open);
                exchange
            }
            Err(error @ ApiError::Invalid(_)) => return Err(error),
            Err(error) => Err(error),
        };
        if exchange.is_err() {
            connection = None;
        }
        tally.lock().add(number, exchange, connect);
    }
}

impl Tally {
    fn add(&mut self, number: u32, exchange: Result<Exchange, ApiError>, connect: Duration) {
        let exchange = match exchange {
            Ok(exchange) => exchange,
            Err(error) => {
                *self.statuses.entry((0, Some(error.to_string()))).or_default() += 1;
                return;
            }
        };
        let status = exchange.head.status.as_u16();
        *self.statuses.entry((status, None)).or_default() += 1;
        self.took.push(exchange.total);
        let is_earlier = |kept: &Option<Kept>| kept.as_ref().is_none_or(|kept| number < kept.number);
        if is_earlier(&self.first) {
            let before = self.first.replace(Kept { number, exchange, connect });
            // What was first so far may still be the first that was refused.
            if let Some(before) =
                before.filter(|kept| kept.is_refused() && is_earlier_than(kept, &self.first_refused))
            {
                self.first_refused = Some(before);
            }
        } else if status >= 400 && is_earlier(&self.first_refused) {
            self.first_refused = Some(Kept { number, exchange, connect });
        }
    }

    async fn into_result(
        mut self,
        control: &Control,
        request: &Prepared,
        count: u32,
        total_us: u64,
    ) -> Result<BurstResult, ApiError> {
        self.took.sort_unstable();
        let percentile = |share: usize| {
            let at = (self.took.len() * share).div_ceil(100).saturating_sub(1);
            self.took.get(at).copied().map_or(0, micros)
        };
        let (p50_us, p95_us) = (percentile(50), percentile(95));
        let statuses = self.statuses.into_iter();
        let mut by_status: Vec<_> =
            statuses.map(|((status, error), calls)| StatusCount { status, calls, error }).collect();
        by_status.sort_by_key(|status| std::cmp::Reverse(status.calls));
        let first = shown(self.first, control, request).await?;
        let first_refused = shown(self.first_refused, control, request).await?;
        Ok(BurstResult { count, by_status, total_us, p50_us, p95_us, first, first_refused })
    }
}

impl Kept {
    fn is_refused(&self) -> bool {
        self.exchange.head.status.as_u16() >= 400
    }
}

fn is_earlier_than(kept: &Kept, other: &Option<Kept>) -> bool {
    other.as_ref().is_none_or(|other| kept.number < other.number)
}

async fn shown(
    kept: Option<Kept>,
    control: &Control,
    request: &Prepared,
) -> Result<Option<TesterAnswer>, ApiError> {
    match kept {
        Some(kept) => TesterAnswer::of(control, request, kept.exchange, kept.connect).await.map(Some),
        None => Ok(None),
    }
}
