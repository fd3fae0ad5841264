//! Counts by minute: what is left of calls when their detail is gone.

use gatepost_model::{ApiId, CallFacts, ClientAppId};
use hashbrown::HashMap;
use rusqlite::{Connection, OptionalExtension, Row};
use std::borrow::Cow;

use crate::figures::{CallKey, Sums, Tally};
use crate::histogram::Histogram;

const MINUTE_S: i64 = 60;
/// Memory for so many keys is kept from one minute to the next.
const KEYS_ALWAYS_HELD: usize = 256;

/// What was counted and is not in the database yet. It is added to what is there, so it does not matter which minutes
/// are still running, or what another start wrote.
#[derive(Debug, Default)]
pub(crate) struct Unsaved(HashMap<(i64, CallKey), Sums>);

impl Unsaved {
    pub fn add(&mut self, counts: &Tally) {
        for ((second, key), sums) in counts {
            self.0.entry((second.div_euclid(MINUTE_S), key.clone())).or_default().merge(sums);
        }
    }

    /// Adds one call.
    pub fn add_call(&mut self, second: i64, key: CallKey, facts: &CallFacts) {
        self.0.entry((second.div_euclid(MINUTE_S), key)).or_default().add(facts);
    }

    /// How many rows [`save`](Self::save) would write.
    pub fn rows(&self) -> usize {
        self.0.len()
    }

    /// Adds all of it to the database, within the caller's transaction; [`clear`](Self::clear) when that is through.
    pub fn save(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut select = connection.prepare_cached(
            "SELECT calls, sum_us, max_us, gateway_sum_us, request_bytes, response_bytes, histogram FROM rollup
             WHERE minute = ?1 AND api_id = ?2 AND client_app_id = ?3 AND status = ?4 AND refused_by = ?5
               AND would_refuse_by = ?6",
        )?;
        let mut replace = connection.prepare_cached(
            "INSERT OR REPLACE INTO rollup VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?;
        // In the order of the table, so that each page of it is looked for once.
        let mut rows: Vec<_> = self.0.iter().collect();
        rows.sort_unstable_by_key(|((minute, key), _)| (*minute, key.api, key.client, key.status));
        for ((minute, key), sums) in rows {
            let (api, client) = (key.api.map_or(0, |id| id.0), key.client.map_or(0, |id| id.0));
            let refused_by = key.refused_by.as_deref().unwrap_or("");
            let would_refuse_by = key.would_refuse_by.as_deref().unwrap_or("");
            let place = (minute, api, client, key.status, refused_by, would_refuse_by);
            let found = select.query_row(place, |row| read_sums(row, 0));
            let mut total = found.optional()?.unwrap_or_default();
            total.merge(sums);
            replace.execute((
                minute,
                api,
                client,
                key.status,
                refused_by,
                would_refuse_by,
                stored(total.calls),
                stored(total.sum_us),
                stored(total.max_us),
                stored(total.gateway_sum_us),
                stored(total.request_bytes),
                stored(total.response_bytes),
                total.histogram.to_bytes(),
            ))?;
        }
        Ok(())
    }

    /// Forgets all of it, with the memory that many keys took.
    pub fn clear(&mut self) {
        self.0.clear();
        self.0.shrink_to(KEYS_ALWAYS_HELD);
    }
}

/// Which calls are added up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selection {
    pub api: Option<ApiId>,
    pub client: Option<ClientAppId>,
}

impl Selection {
    pub fn has(&self, key: &CallKey) -> bool {
        self.api.is_none_or(|api| key.api == Some(api))
            && self.client.is_none_or(|client| key.client == Some(client))
    }
}

/// Gives every stored sum of the minutes that begin in `from..to` (seconds), with the second its minute begins.
pub(crate) fn read(
    connection: &Connection,
    (from, to): (i64, i64),
    selection: Selection,
    mut each: impl FnMut(i64, &CallKey, &Sums),
) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached(
        "SELECT minute, api_id, client_app_id, status, refused_by, would_refuse_by,
                calls, sum_us, max_us, gateway_sum_us, request_bytes, response_bytes, histogram
         FROM rollup WHERE minute >= ?1 AND minute < ?2
           AND (?3 IS NULL OR api_id = ?3) AND (?4 IS NULL OR client_app_id = ?4)",
    )?;
    let minutes = (from.div_euclid(MINUTE_S), to.div_euclid(MINUTE_S));
    let mut rows = select.query((
        minutes.0,
        minutes.1,
        selection.api.map(|id| id.0),
        selection.client.map(|id| id.0),
    ))?;
    while let Some(row) = rows.next()? {
        let policy = |column| {
            let name: String = row.get(column)?;
            Ok::<_, rusqlite::Error>(Some(name).filter(|name| !name.is_empty()).map(Cow::Owned))
        };
        let key = CallKey {
            api: Some(row.get(1)?).filter(|id| *id != 0).map(ApiId),
            client: Some(row.get(2)?).filter(|id| *id != 0).map(ClientAppId),
            status: row.get(3)?,
            refused_by: policy(4)?,
            would_refuse_by: policy(5)?,
        };
        each(row.get::<_, i64>(0)?.saturating_mul(MINUTE_S), &key, &read_sums(row, 6)?);
    }
    Ok(())
}

fn read_sums(row: &Row<'_>, first: usize) -> rusqlite::Result<Sums> {
    let number = |nth| row.get::<_, i64>(first + nth).map(i64::unsigned_abs);
    Ok(Sums {
        calls: number(0)?,
        sum_us: number(1)?,
        max_us: number(2)?,
        gateway_sum_us: number(3)?,
        request_bytes: number(4)?,
        response_bytes: number(5)?,
        // A damaged histogram costs its percentiles, not the counts.
        histogram: Histogram::from_bytes(row.get_ref(first + 6)?.as_blob()?).unwrap_or_default(),
    })
}

/// SQLite has no unsigned numbers.
pub(crate) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
