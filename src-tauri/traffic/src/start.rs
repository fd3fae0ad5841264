//! What a start finds: the next call's number, and the recent calls from which the live figures go on.

use std::borrow::Cow;

use rusqlite::Connection;

use crate::block::{FORMAT, Stored};
use crate::database::state;
use crate::figures::{CallKey, Tally, second_of};
use crate::live::Seconds;
use crate::recent::{KEPT_S, Recent};
use crate::retention::FORGOTTEN_TO_US;
use crate::writer::{DROPPED_AT_US, NEXT_ID};

/// Most calls read at the start, so that it stays quick after a busy time.
const MAX_CALLS: u64 = 100_000;
const SECOND_US: i64 = 1_000_000;

/// Where to go on.
pub(crate) struct Start {
    pub next_id: u64,
    pub recent: Recent,
    pub seconds: Seconds,
}

impl Start {
    pub fn read(connection: &Connection, now_us: i64) -> rusqlite::Result<Self> {
        let now_s = now_us.div_euclid(SECOND_US);
        let (counts, complete_from) = recent_counts(connection, now_us - KEPT_S * SECOND_US)?;
        let mut recent = Recent::new(complete_from);
        recent.add(&counts, now_s);
        let mut seconds = Seconds::default();
        seconds.add(&counts, now_s);
        let next_id = state(connection, NEXT_ID)?.map_or(1, i64::unsigned_abs);
        Ok(Self { next_id, recent, seconds })
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
            let refused_by = head.refused_by.map(|policy| Cow::Owned(policy.to_owned()));
            let key = CallKey { refused_by, ..CallKey::from(&facts) };
            counts.entry((second_of(&facts), key)).or_default().add(&facts);
        }
    }
    Ok((counts, missing_to_us.map_or(i64::MIN, |us| us.div_euclid(SECOND_US) + 1)))
}
