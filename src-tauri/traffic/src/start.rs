//! What a start finds: the next call's number, the recent calls from which the live figures go on, and the calls that a
//! kill left uncounted.

use std::borrow::Cow;

use rusqlite::Connection;

use crate::block::{FORMAT, Head, Stored};
use crate::database::{set_state, state};
use crate::figures::{CallKey, Tally, second_of};
use crate::live::Seconds;
use crate::recent::{KEPT_S, Recent};
use crate::retention::FORGOTTEN_TO_US;
use crate::rollup::{Unsaved, stored};
use crate::writer::{COUNTED_TO, DROPPED_AT_US, NEXT_ID};

/// Most calls read at the start, so that it stays quick after a busy time.
pub(crate) const MAX_CALLS: u64 = 100_000;
const SECOND_US: i64 = 1_000_000;

/// Where to go on.
pub(crate) struct Start {
    pub next: Next,
    pub recent: Recent,
    pub seconds: Seconds,
}

/// Where the writer goes on.
pub(crate) struct Next {
    /// Number of the next call.
    pub id: u64,
    /// The calls below this number are in the stored counts.
    pub counted_to: u64,
    /// What the stored blocks hold from that number on.
    pub uncounted: Unsaved,
}

impl Start {
    pub fn read(connection: &Connection, now_us: i64) -> rusqlite::Result<Self> {
        let now_s = now_us.div_euclid(SECOND_US);
        let id = state(connection, NEXT_ID)?.map_or(1, i64::unsigned_abs);
        let counted_to = match state(connection, COUNTED_TO)? {
            Some(counted_to) => counted_to.unsigned_abs().min(id),
            // A new file, or one of a time when counts were written with their calls.
            None => {
                set_state(connection, COUNTED_TO, stored(id))?;
                id
            }
        };
        let (counts, complete_from) = recent_counts(connection, now_us - KEPT_S * SECOND_US)?;
        let uncounted = uncounted(connection, counted_to)?;
        let mut recent = Recent::new(complete_from);
        recent.add(&counts, now_s);
        let mut seconds = Seconds::default();
        seconds.add(&counts, now_s);
        Ok(Self { next: Next { id, counted_to, uncounted }, recent, seconds })
    }
}

/// What was counted of the calls since then, and the second from which on none of them is missing.
fn recent_counts(connection: &Connection, since_us: i64) -> rusqlite::Result<(Tally, i64)> {
    let missing_to = [state(connection, FORGOTTEN_TO_US)?, state(connection, DROPPED_AT_US)?];
    let mut missing_to_us = missing_to.into_iter().flatten().max();
    let mut counts = Tally::new();
    let mut read = 0;
    let sql = format!(
        "SELECT {}, ended_us FROM call_block WHERE format <= ?1 ORDER BY first_id DESC",
        Stored::COLUMNS
    );
    let mut select = connection.prepare(&sql)?;
    let mut rows = select.query([FORMAT])?;
    while let Some(row) = rows.next()? {
        let block = Stored::of(row)?;
        let ended_us: i64 = row.get("ended_us")?;
        if ended_us < since_us {
            break;
        }
        if read >= MAX_CALLS {
            missing_to_us = missing_to_us.max(Some(ended_us));
            break;
        }
        read += block.calls;
        for head in block.heads() {
            let facts = head.facts();
            counts.entry((second_of(&facts), key_of(&head))).or_default().add(&facts);
        }
    }
    Ok((counts, missing_to_us.map_or(i64::MIN, |us| us.div_euclid(SECOND_US) + 1)))
}

/// Counts the calls that were stored after the counts were written the last time. The writer never leaves many more
/// than [`MAX_CALLS`] of them.
fn uncounted(connection: &Connection, counted_to: u64) -> rusqlite::Result<Unsaved> {
    let mut counts = Unsaved::default();
    // From the block on that holds the number, if there is one: only `first_id` has an index.
    let sql = format!(
        "SELECT {} FROM call_block WHERE format <= ?2
           AND first_id >= ifnull((SELECT max(first_id) FROM call_block WHERE first_id <= ?1), 0)",
        Stored::COLUMNS
    );
    let mut select = connection.prepare(&sql)?;
    let mut rows = select.query((stored(counted_to), FORMAT))?;
    while let Some(row) = rows.next()? {
        let block = Stored::of(row)?;
        for (_, head) in (block.first_id..).zip(block.heads()).filter(|(id, _)| *id >= counted_to) {
            let facts = head.facts();
            counts.add_call(second_of(&facts), key_of(&head), &facts);
        }
    }
    Ok(counts)
}

fn key_of(head: &Head<'_>) -> CallKey {
    let owned = |policy: &str| Cow::Owned(policy.to_owned());
    let (refused_by, would_refuse_by) = (head.refused_by.map(owned), head.would_refuse_by.map(owned));
    CallKey { refused_by, would_refuse_by, ..CallKey::from(&head.facts()) }
}
