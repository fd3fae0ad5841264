//! What of the recording can be set, and its clock.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is set when traffic is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long what is recorded is kept; can be changed while running.
    pub retention: Retention,
    /// Calls a data-plane thread may have waiting to be written before their detail is dropped (they are still
    /// counted). Default 16,384.
    pub queue_capacity: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { retention: Retention::default(), queue_capacity: 16_384 }
    }
}

/// How long what is recorded is kept. Calls go in blocks, oldest first, so up to a block (512) more may be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The newest calls that are kept. Default 100,000.
    pub calls: u64,
    /// Days that calls are kept. Default 7.
    pub days: u32,
    /// Days that the counts behind Analytics are kept. Default 90.
    pub rollup_days: u32,
    /// Bytes that kept calls may take, whatever their number, so that long headers cannot fill the disk. Default 1 GiB.
    pub bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { calls: 100_000, days: 7, rollup_days: 90, bytes: 1 << 30 }
    }
}

/// Tells the time, in epoch microseconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The machine's clock.
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}
