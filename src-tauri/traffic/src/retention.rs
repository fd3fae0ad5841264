//! Forgetting what is older or more than is to be kept, in steps so small that the writer stays on time.

use rusqlite::{Connection, OptionalExtension};

use crate::database::set_state;
use crate::rollup::stored;
use crate::settings::Retention;

/// Most blocks forgotten in one step; more than are written in the time between two steps.
const BLOCKS_A_STEP: u32 = 512;
/// Minutes of counts forgotten in one step.
const MINUTES_A_STEP: i64 = 60;
const DAY_US: i64 = 86_400_000_000;
const MINUTE_US: i64 = 60_000_000;

/// Name of the state that says when the newest forgotten call ended, in epoch microseconds.
pub(crate) const FORGOTTEN_TO_US: &str = "forgotten_to_us";

/// What the call blocks hold now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub calls: u64,
    pub bytes: u64,
}

impl Kept {
    /// Adds up all blocks.
    pub fn count(connection: &Connection) -> rusqlite::Result<Self> {
        let sql = "SELECT ifnull(sum(calls), 0), ifnull(sum(bytes), 0) FROM call_block";
        connection.query_row(sql, [], |row| {
            Ok(Self {
                calls: row.get::<_, i64>(0)?.unsigned_abs(),
                bytes: row.get::<_, i64>(1)?.unsigned_abs(),
            })
        })
    }
}

/// Blocks that stay, whatever their age.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needed {
    /// First number of the block that still takes calls.
    pub open_block: u64,
    /// The first call that is not in the stored counts.
    pub uncounted: u64,
}

struct Block {
    first_id: i64,
    last_id: u64,
    calls: u64,
    bytes: u64,
    ended_us: i64,
}

/// Forgets blocks, oldest first, as long as enough calls stay without them, or they are too old. Never one that is
/// needed. Returns what is kept then, and whether more would go if it were counted.
pub(crate) fn forget_calls(
    connection: &Connection,
    mut kept: Kept,
    needed: Needed,
    retention: &Retention,
    now_us: i64,
) -> rusqlite::Result<(Kept, bool)> {
    let mut meets_uncounted = false;
    let too_old = days_before(now_us, retention.days);
    let mut forgotten_to = None;
    for _ in 0..BLOCKS_A_STEP {
        let Some(oldest) = oldest_block(connection, needed.open_block)? else { break };
        let enough_without = kept.calls.saturating_sub(oldest.calls) >= retention.calls;
        if !enough_without && kept.bytes <= retention.bytes && oldest.ended_us >= too_old {
            break;
        }
        if oldest.last_id >= needed.uncounted {
            meets_uncounted = true;
            break;
        }
        connection
            .prepare_cached("DELETE FROM call_block WHERE first_id = ?1")?
            .execute([oldest.first_id])?;
        kept.calls = kept.calls.saturating_sub(oldest.calls);
        kept.bytes = kept.bytes.saturating_sub(oldest.bytes);
        forgotten_to = forgotten_to.max(Some(oldest.ended_us));
    }
    if let Some(ended_us) = forgotten_to {
        set_state(connection, FORGOTTEN_TO_US, ended_us)?;
    }
    Ok((kept, meets_uncounted))
}

fn oldest_block(connection: &Connection, open_block: u64) -> rusqlite::Result<Option<Block>> {
    let sql = "SELECT first_id, last_id, calls, bytes, ended_us FROM call_block
               WHERE first_id < ?1 ORDER BY first_id LIMIT 1";
    let block = connection.prepare_cached(sql)?.query_row([stored(open_block)], |row| {
        Ok(Block {
            first_id: row.get(0)?,
            last_id: row.get::<_, i64>(1)?.unsigned_abs(),
            calls: row.get::<_, i64>(2)?.unsigned_abs(),
            bytes: row.get::<_, i64>(3)?.unsigned_abs(),
            ended_us: row.get(4)?,
        })
    });
    block.optional()
}

/// For ever, when that is longer ago than a clock can tell.
fn days_before(now_us: i64, days: u32) -> i64 {
    now_us.saturating_sub(i64::from(days).saturating_mul(DAY_US))
}

/// Forgets the oldest counts that are too old; returns whether there may be more of them.
pub(crate) fn forget_rollups(
    connection: &Connection,
    retention: &Retention,
    now_us: i64,
) -> rusqlite::Result<bool> {
    let too_old = days_before(now_us, retention.rollup_days).div_euclid(MINUTE_US);
    let oldest: Option<i64> = connection.query_row("SELECT min(minute) FROM rollup", [], |row| row.get(0))?;
    let Some(oldest) = oldest.filter(|minute| *minute < too_old) else { return Ok(false) };
    let end = too_old.min(oldest.saturating_add(MINUTES_A_STEP));
    connection.prepare_cached("DELETE FROM rollup WHERE minute < ?1")?.execute([end])?;
    Ok(true)
}
