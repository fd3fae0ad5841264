//! The two clocks of a call: one for people, one that never goes back.

use std::cell::Cell;
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

/// One worker's clock for people. Asks the system now and then, and counts on from there: a system clock that is set
/// anew is followed from the next time on.
pub(crate) struct WallClock(Cell<(Instant, i64)>);

impl WallClock {
    /// Asks the system.
    pub(crate) fn new(now: Instant) -> Self {
        Self(Cell::new((now, wall_us())))
    }

    /// Asks the system again.
    pub(crate) fn set(&self, now: Instant) {
        self.0.set((now, wall_us()));
    }

    /// What it showed, or shows, at a moment: epoch microseconds. Can jump; never measure with it.
    pub(crate) fn at(&self, moment: Instant) -> i64 {
        let (asked, us) = self.0.get();
        us.saturating_add_unsigned(micros(moment.saturating_duration_since(asked)))
    }
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
