//! Finding recorded calls: blocks from the newest back, heads only, and never more than a budget at once.

use rusqlite::{Connection, OptionalExtension};

use crate::block::{FORMAT, Head, Stored};
use crate::call::{Call, CallFilter, CallPage, StatusFilter};
use crate::rollup::stored;

/// Most calls that one search looks at before it hands back what it has and where to go on.
pub(crate) const SCAN_BUDGET: u64 = 50_000;
/// Most calls on a page.
pub(crate) const MAX_PAGE: usize = 500;

/// What to do after a call was looked at.
enum Go {
    On,
    Stop,
}

/// The newest calls before number `before` that the filter lets through.
pub(crate) fn page(
    connection: &Connection,
    filter: &CallFilter,
    before: Option<u64>,
    limit: usize,
) -> rusqlite::Result<CallPage> {
    let limit = limit.clamp(1, MAX_PAGE);
    let times = (filter.from_ms, filter.to_ms);
    let mut page = CallPage { calls: Vec::new(), next: None, scanned: 0 };
    page.scanned = scan(connection, before, times, |id, head| {
        page.next = Some(id);
        if matches(filter, head) {
            page.calls.push(head.summary(id));
        }
        if page.calls.len() < limit { Go::On } else { Go::Stop }
    })
    .map(|(scanned, is_complete)| {
        if is_complete {
            page.next = None;
        }
        scanned
    })?;
    Ok(page)
}

/// The number of the newest call with this `x-request-id`, among those that the budget reaches.
pub(crate) fn with_request_id(connection: &Connection, request_id: &str) -> rusqlite::Result<Option<u64>> {
    let mut found = None;
    scan(connection, None, (None, None), |id, head| {
        if head.request_id != request_id {
            return Go::On;
        }
        found = Some(id);
        Go::Stop
    })?;
    Ok(found)
}

/// One call with all its detail.
pub(crate) fn call(connection: &Connection, id: u64) -> rusqlite::Result<Option<Call>> {
    let sql = format!(
        "SELECT {}, details FROM call_block WHERE first_id <= ?1 AND format <= ?2 ORDER BY first_id DESC LIMIT 1",
        Stored::COLUMNS
    );
    let call = connection.prepare_cached(&sql)?.query_row((stored(id), FORMAT), |row| {
        let block = Stored::of(row)?;
        let nth = id.checked_sub(block.first_id).filter(|nth| *nth < block.calls);
        let details = row.get_ref("details")?.as_blob()?;
        Ok(nth.and_then(|nth| block.call(nth as usize, details)))
    });
    Ok(call.optional()?.flatten())
}

/// Shows calls, newest first, until told to stop or the budget is used up. Returns how many it showed, and whether
/// those were all.
fn scan(
    connection: &Connection,
    before: Option<u64>,
    (from_ms, to_ms): (Option<i64>, Option<i64>),
    mut show: impl FnMut(u64, &Head<'_>) -> Go,
) -> rusqlite::Result<(u64, bool)> {
    let sql = format!(
        "SELECT {} FROM call_block
         WHERE first_id < ?1 AND to_us >= ?2 AND from_us < ?3 AND format <= ?4 ORDER BY first_id DESC",
        Stored::COLUMNS
    );
    let mut select = connection.prepare_cached(&sql)?;
    let before = before.unwrap_or(u64::MAX);
    let from_us = from_ms.map_or(i64::MIN, |ms| ms.saturating_mul(1_000));
    let to_us = to_ms.map_or(i64::MAX, |ms| ms.saturating_mul(1_000));
    let mut rows = select.query((stored(before), from_us, to_us, FORMAT))?;
    let mut scanned = 0;
    while let Some(row) = rows.next()? {
        let block = Stored::of(row)?;
        let heads: Vec<Head<'_>> = block.heads().collect();
        let numbered = heads.iter().enumerate().map(|(nth, head)| (block.first_id + nth as u64, head));
        for (id, head) in numbered.rev().skip_while(|(id, _)| *id >= before) {
            if scanned == SCAN_BUDGET {
                return Ok((scanned, false));
            }
            scanned += 1;
            if let Go::Stop = show(id, head) {
                return Ok((scanned, false));
            }
        }
    }
    Ok((scanned, true))
}

fn matches(filter: &CallFilter, head: &Head<'_>) -> bool {
    let ms = head.at_us.div_euclid(1_000);
    let in_shadow = filter.status == Some(StatusFilter::WouldRefuse);
    let refuser = if in_shadow { head.would_refuse_by } else { head.refused_by };
    filter.api_id.is_none_or(|api| head.api == Some(api))
        && filter.client_app_id.is_none_or(|client| head.client == Some(client))
        && filter.status.is_none_or(|status| {
            status.matches(head.status, head.refused_by.is_some(), head.would_refuse_by.is_some())
        })
        && filter.policy.as_deref().is_none_or(|policy| refuser == Some(policy))
        && filter.method.as_deref().is_none_or(|method| head.method.eq_ignore_ascii_case(method))
        && filter.from_ms.is_none_or(|from| ms >= from)
        && filter.to_ms.is_none_or(|to| ms < to)
        && filter.path.as_deref().is_none_or(|text| contains(head.target, text))
}

/// Whether `text` has `part` in it, whatever the case of ASCII letters.
fn contains(text: &str, part: &str) -> bool {
    part.is_empty()
        || text.as_bytes().windows(part.len()).any(|place| place.eq_ignore_ascii_case(part.as_bytes()))
}
