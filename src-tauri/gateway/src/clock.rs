//! The two clocks of a call: one for people, one that never goes back.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// How long before `at` the program's clock began; the same for every thread. Limits and windows measure with it.
pub(crate) fn since_start(at: Instant) -> Duration {
    at.saturating_duration_since(*STARTED)
}

/// Starts the clock, so that no call comes before it.
pub(crate) fn start() {
    LazyLock::force(&STARTED);
}

/// Epoch microseconds, for people. Can jump.
pub(crate) fn wall_us() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
}

/// Epoch milliseconds, for people. Can jump.
pub(crate) fn wall_ms() -> i64 {
    wall_us() / 1_000
}

/// Microseconds, saturating.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
