//! What is happening now: events for whoever listens, and the last 15 minutes by second.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;
use tokio::sync::broadcast;
use utoipa::ToSchema;

use crate::call::CallSummary;
use crate::figures::{Count, Tally};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LiveEvent {
    /// Calls that are over, oldest first.
    Calls {
        /// The newest of them, at most 200.
        calls: Vec<CallSummary>,
        /// How many more there were.
        skipped: u64,
    },
    /// A second is over. One told again replaces its first telling: late calls were added to it.
    Second(Second),
}

/// One second of traffic, all APIs together. The five classes add up to `calls`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Second {
    /// When it began, epoch milliseconds.
    pub at_ms: i64,
    /// Calls that ended in it.
    pub calls: u64,
    /// Answered 1xx or 2xx.
    pub ok_2xx: u64,
    /// Answered 3xx.
    pub redirect_3xx: u64,
    /// Answered 4xx, but not by a policy.
    pub client_4xx: u64,
    /// Answered 5xx, but not by a policy.
    pub server_5xx: u64,
    /// Refused by a policy.
    pub refused: u64,
    /// 95 of 100 calls took no longer, to about 3 %.
    pub p95_us: u64,
}

/// Most calls in one event.
pub(crate) const MAX_CALLS_IN_EVENT: usize = 200;
/// Least time between two events with calls: with the seconds, at most 25 events leave in a second.
const CALLS_EVERY_US: i64 = 50_000;
/// Most seconds told again when a second ends.
const MAX_TOLD_AGAIN: usize = 4;
/// How long after its end a second is told: its last calls take that long to arrive here.
const SECOND_GRACE_US: i64 = 150_000;
/// Events that a slow listener may be behind before it misses some.
const EVENTS_BUFFERED: usize = 128;
/// How far back seconds are kept.
pub(crate) const SECONDS_KEPT: i64 = 15 * 60;

/// The last 15 minutes by second. Seconds without calls are not there.
#[derive(Debug, Default)]
pub(crate) struct Seconds(BTreeMap<i64, Count>);

impl Seconds {
    /// Adds what was counted, and forgets what is older than 15 minutes at `now_s`.
    pub fn add(&mut self, counts: &Tally, now_s: i64) {
        for ((second, key), sums) in counts {
            self.0.entry(*second).or_default().add(key, sums);
        }
        while let Some(oldest) = self.0.first_entry()
            && *oldest.key() <= now_s - SECONDS_KEPT
        {
            oldest.remove();
        }
    }

    /// All of them, oldest first.
    pub fn all(&self) -> Vec<Second> {
        self.0.keys().map(|second| self.at(*second)).collect()
    }

    fn at(&self, second: i64) -> Second {
        let figures = self.0.get(&second).map(Count::figures).unwrap_or_default();
        Second {
            at_ms: second.saturating_mul(1_000),
            calls: figures.calls,
            ok_2xx: figures.ok_2xx,
            redirect_3xx: figures.redirect_3xx,
            client_4xx: figures.client_4xx,
            server_5xx: figures.server_5xx,
            refused: figures.refused,
            p95_us: figures.p95_us,
        }
    }
}

/// Tells listeners, in bounded batches; does nothing while there are none.
pub(crate) struct Publisher {
    sender: broadcast::Sender<LiveEvent>,
    calls: VecDeque<CallSummary>,
    skipped: u64,
    calls_sent_us: i64,
    /// The second to be told next.
    next_second: i64,
    /// Seconds that changed after they were told.
    late: BTreeSet<i64>,
}

impl Publisher {
    pub fn new(now_us: i64) -> Self {
        Self {
            sender: broadcast::Sender::new(EVENTS_BUFFERED),
            calls: VecDeque::new(),
            skipped: 0,
            calls_sent_us: i64::MIN,
            next_second: (now_us - SECOND_GRACE_US).div_euclid(1_000_000),
            late: BTreeSet::new(),
        }
    }

    pub fn sender(&self) -> broadcast::Sender<LiveEvent> {
        self.sender.clone()
    }

    pub fn has_listeners(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Takes a call to be told, if no more than an event holds come after it before the next event.
    pub fn take(&mut self, call: CallSummary) {
        if self.calls.len() == MAX_CALLS_IN_EVENT {
            self.calls.pop_front();
            self.skipped += 1;
        }
        self.calls.push_back(call);
    }

    /// Notes that so many calls are not told one by one.
    pub fn skip(&mut self, calls: u64) {
        self.skipped += calls;
    }

    /// Notes which seconds calls were added to.
    pub fn touched(&mut self, counts: &Tally) {
        self.late
            .extend(counts.keys().map(|(second, _)| *second).filter(|second| *second < self.next_second));
    }

    /// Sends what is due.
    pub fn send(&mut self, seconds: &Seconds, now_us: i64) {
        let over = (now_us - SECOND_GRACE_US).div_euclid(1_000_000);
        if !self.has_listeners() {
            self.calls.clear();
            self.late.clear();
            self.skipped = 0;
            self.next_second = over;
            return;
        }
        self.send_calls(now_us);
        self.send_seconds(seconds, over);
    }

    fn send_calls(&mut self, now_us: i64) {
        let since_last = now_us.saturating_sub(self.calls_sent_us);
        let is_due = !(0..CALLS_EVERY_US).contains(&since_last);
        if is_due && (!self.calls.is_empty() || self.skipped > 0) {
            let calls = std::mem::take(&mut self.calls).into();
            let skipped = std::mem::take(&mut self.skipped);
            self.tell(LiveEvent::Calls { calls, skipped });
            self.calls_sent_us = now_us;
        }
    }

    /// Tells every second that is over, once, and some of those that changed since. After a gap (the machine slept,
    /// the clock was set) it goes on with the last one.
    fn send_seconds(&mut self, seconds: &Seconds, over: i64) {
        if over == self.next_second {
            return;
        }
        let from = if over > self.next_second { self.next_second.max(over - 2) } else { over - 1 };
        for second in from..over {
            self.late.remove(&second);
            self.tell(LiveEvent::Second(seconds.at(second)));
        }
        self.next_second = over;
        for _ in 0..MAX_TOLD_AGAIN {
            if let Some(second) = self.late.pop_last() {
                self.tell(LiveEvent::Second(seconds.at(second)));
            }
        }
        self.late.retain(|second| *second > over - SECONDS_KEPT);
    }

    fn tell(&self, event: LiveEvent) {
        // An error says only that the last listener has just left.
        let _ = self.sender.send(event);
    }
}
