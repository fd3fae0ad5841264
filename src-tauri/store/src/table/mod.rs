//! One file a table: its migrations, its rows as model types and back, and what is done with it.

pub(crate) mod api;
pub(crate) mod api_spec;
pub(crate) mod applied_policy;
pub(crate) mod certificate;
pub(crate) mod change;
pub(crate) mod client_app;
pub(crate) mod contract;
pub(crate) mod credential;
pub(crate) mod listener;
pub(crate) mod setting;

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use crate::error::{StoreError, WriteError};

/// Every row of a query, as `read` makes of it.
fn all<T, C: FromIterator<T>>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<C, StoreError> {
    let mut query = connection.prepare_cached(sql)?;
    query.query_and_then(params, read)?.collect()
}

/// The one number that a writing statement gives back (`RETURNING`): the owner of the row it met.
fn owner<T: FromSql>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    what: &'static str,
) -> Result<T, WriteError> {
    let met = connection.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?;
    met.ok_or(WriteError::Missing { what })
}
