//! One file a table: its migrations, its rows as model types and back, and what is done with it.

pub(crate) mod api;
pub(crate) mod applied_policy;
pub(crate) mod change;
pub(crate) mod client_app;
pub(crate) mod contract;
pub(crate) mod credential;
pub(crate) mod setting;

use rusqlite::{Connection, Params, Row};

use crate::error::StoreError;

/// Every row of a query, as `read` makes of it.
fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut query = connection.prepare_cached(sql)?;
    query.query_and_then(params, read)?.collect()
}
