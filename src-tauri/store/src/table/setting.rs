//! Settings of the program itself: a key and a JSON value. They are not part of the Plan, so a save is not a change.

use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value;

use crate::error::{StoreError, unreadable};
use crate::migration::{Migration, Older};

pub(crate) const CREATE: Migration = Migration {
    id: 2026112307,
    older: Older::MustRefuse,
    sql: "
    CREATE TABLE setting (
        key   TEXT PRIMARY KEY,
        value TEXT NOT NULL -- JSON
    ) STRICT;
",
};

pub(crate) fn get(connection: &Connection, key: &str) -> Result<Option<Value>, StoreError> {
    let sql = "SELECT value FROM setting WHERE key = ?1";
    let json: Option<String> = connection.query_row(sql, [key], |row| row.get("value")).optional()?;
    json.map(|json| serde_json::from_str(&json).map_err(unreadable("setting", "value"))).transpose()
}

pub(crate) fn set(connection: &Connection, key: &str, value: &Value) -> Result<(), StoreError> {
    let sql = "INSERT INTO setting (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    connection.execute(sql, (key, value.to_string()))?;
    Ok(())
}
