//! The OpenAPI documents of APIs, as they were given.

use gatepost_model::{ApiId, ApiSpec, Rows};
use rusqlite::{Connection, Row};

use super::api;
use crate::error::{StoreError, WriteError, must_have_met};
use crate::migration::{Migration, Older};

/// A program that does not know of documents knows none of the policies that need them, and so serves no API that
/// has one of those.
pub(crate) const CREATE: Migration = Migration {
    id: 2026112321,
    older: Older::MayOpen,
    sql: "
    CREATE TABLE api_spec (
        api_id     INTEGER PRIMARY KEY REFERENCES api (id) ON DELETE CASCADE,
        text       TEXT NOT NULL, -- JSON or YAML
        updated_at INTEGER NOT NULL
    ) STRICT;
",
};

pub(crate) fn set(connection: &Connection, api: ApiId, text: &str, now_ms: i64) -> Result<(), WriteError> {
    api::must_exist(connection, api)?;
    let sql = "INSERT INTO api_spec (api_id, text, updated_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (api_id) DO UPDATE SET text = excluded.text, updated_at = excluded.updated_at";
    connection.prepare_cached(sql)?.execute((api.0, text, now_ms))?;
    Ok(())
}

pub(crate) fn delete(connection: &Connection, api: ApiId) -> Result<(), WriteError> {
    let met = connection.execute("DELETE FROM api_spec WHERE api_id = ?1", [api.0])?;
    must_have_met(met, "specification of this API")
}

pub(crate) fn all(connection: &Connection) -> Result<Rows<ApiSpec>, StoreError> {
    super::all(connection, "SELECT * FROM api_spec ORDER BY api_id", [], from_row)
}

pub(crate) fn of_api(connection: &Connection, api: ApiId) -> Result<Option<ApiSpec>, StoreError> {
    let found: Vec<ApiSpec> =
        super::all(connection, "SELECT * FROM api_spec WHERE api_id = ?1", [api.0], from_row)?;
    Ok(found.into_iter().next())
}

fn from_row(row: &Row<'_>) -> Result<ApiSpec, StoreError> {
    let text: String = row.get("text")?;
    Ok(ApiSpec { api_id: ApiId(row.get("api_id")?), text: text.into(), updated_at: row.get("updated_at")? })
}
