//! Client apps.

use gatepost_model::{ClientApp, ClientAppId, Rows};
use rusqlite::{Connection, Row};

use crate::error::{StoreError, Unique, WriteError, must_have_met, or_taken};
use crate::migration::{Migration, Older};

pub(crate) const CREATE: Migration = Migration {
    id: 2026112303,
    older: Older::MustRefuse,
    sql: "
    CREATE TABLE client_app (
        id          INTEGER PRIMARY KEY AUTOINCREMENT,
        name        TEXT NOT NULL UNIQUE,
        description TEXT NOT NULL,
        created_at  INTEGER NOT NULL
    ) STRICT;
",
};

/// What `missing` errors call it.
const WHAT: &str = "client app";

/// A client app as it is to be kept; the store adds its number and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClient {
    /// Unique, 1 to 100 characters.
    pub name: String,
    /// At most 1,000 characters.
    pub description: String,
}

pub(crate) fn insert(
    connection: &Connection,
    new: &NewClient,
    now_ms: i64,
) -> Result<ClientAppId, WriteError> {
    let sql = "INSERT INTO client_app (name, description, created_at) VALUES (?1, ?2, ?3)";
    let written = connection.prepare_cached(sql)?.execute((&new.name, &new.description, now_ms));
    written.map_err(or_taken(Unique::ClientName))?;
    Ok(ClientAppId(connection.last_insert_rowid()))
}

pub(crate) fn update(connection: &Connection, id: ClientAppId, new: &NewClient) -> Result<(), WriteError> {
    let sql = "UPDATE client_app SET name = ?2, description = ?3 WHERE id = ?1";
    let written = connection.prepare_cached(sql)?.execute((id.0, &new.name, &new.description));
    must_have_met(written.map_err(or_taken(Unique::ClientName))?, WHAT)
}

pub(crate) fn delete(connection: &Connection, id: ClientAppId) -> Result<(), WriteError> {
    must_have_met(connection.execute("DELETE FROM client_app WHERE id = ?1", [id.0])?, WHAT)
}

/// Refuses a client app that does not exist.
pub(crate) fn must_exist(connection: &Connection, id: ClientAppId) -> Result<(), WriteError> {
    let found = connection.prepare_cached("SELECT 1 FROM client_app WHERE id = ?1")?.exists([id.0])?;
    must_have_met(found.into(), WHAT)
}

pub(crate) fn all(connection: &Connection) -> Result<Rows<ClientApp>, StoreError> {
    super::all(
        connection,
        "SELECT id, name, description, created_at FROM client_app ORDER BY id",
        [],
        from_row,
    )
}

pub(crate) fn one(connection: &Connection, id: ClientAppId) -> Result<Option<ClientApp>, StoreError> {
    let found: Vec<ClientApp> = super::all(
        connection,
        "SELECT id, name, description, created_at FROM client_app WHERE id = ?1",
        [id.0],
        from_row,
    )?;
    Ok(found.into_iter().next())
}

/// By place: there may be 100,000 of them, and finding a column by its name takes as long as reading it.
fn from_row(row: &Row<'_>) -> Result<ClientApp, StoreError> {
    Ok(ClientApp {
        id: ClientAppId(row.get(0)?),
        name: row.get(1)?,
        description: row.get(2)?,
        created_at: row.get(3)?,
    })
}
