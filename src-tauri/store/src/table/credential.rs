//! Credentials of client apps. The secret is sealed for its client ID; beside it stands the hash the gateway compares.

use gatepost_model::{ClientAppId, Credential, CredentialId, Rows};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::client_app;
use crate::error::{StoreError, Unique, WriteError, or_taken};
use crate::migration::{Migration, Older};
use crate::secret::Secret;
use crate::vault::{Sealed, Vault};

pub(crate) const CREATE: Migration = Migration {
    id: 2026112304,
    older: Older::MustRefuse,
    sql: "
    CREATE TABLE credential (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        client_app_id INTEGER NOT NULL REFERENCES client_app (id) ON DELETE CASCADE,
        client_id     TEXT NOT NULL UNIQUE,
        secret        BLOB NOT NULL, -- nonce and ciphertext
        secret_hash   BLOB NOT NULL, -- SHA-256
        secret_hint   TEXT NOT NULL,
        created_at    INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX credential_by_client_app ON credential (client_app_id);
",
};

pub(crate) fn insert(
    connection: &Connection,
    vault: &Vault,
    client_app_id: ClientAppId,
    client_id: &str,
    secret: &Secret,
    now_ms: i64,
) -> Result<CredentialId, WriteError> {
    client_app::must_exist(connection, client_app_id)?;
    let sealed = vault.seal(secret, owner(client_id))?;
    let sql =
        "INSERT INTO credential (client_app_id, client_id, secret, secret_hash, secret_hint, created_at)
        VALUES (:client_app_id, :client_id, :secret, :secret_hash, :secret_hint, :now)";
    let written = connection.prepare_cached(sql)?.execute(named_params! {
        ":client_app_id": client_app_id.0, ":client_id": client_id, ":secret": sealed.bytes,
        ":secret_hash": secret.hash(), ":secret_hint": secret.hint(), ":now": now_ms,
    });
    written.map_err(or_taken(Unique::ClientId))?;
    Ok(CredentialId(connection.last_insert_rowid()))
}

/// Gives the client app it belonged to.
pub(crate) fn delete(connection: &Connection, id: CredentialId) -> Result<ClientAppId, WriteError> {
    let sql = "DELETE FROM credential WHERE id = ?1 RETURNING client_app_id";
    super::owner(connection, sql, [id.0], "credential").map(ClientAppId)
}

pub(crate) fn all(connection: &Connection) -> Result<Rows<Credential>, StoreError> {
    let sql = "SELECT id, client_app_id, client_id, secret_hash, secret_hint, created_at FROM credential ORDER BY id";
    super::all(connection, sql, [], from_row)
}

/// Those of one client app, by number.
pub(crate) fn of_client(connection: &Connection, id: ClientAppId) -> Result<Vec<Credential>, StoreError> {
    let sql = "SELECT id, client_app_id, client_id, secret_hash, secret_hint, created_at FROM credential
        WHERE client_app_id = ?1 ORDER BY id";
    super::all(connection, sql, [id.0], from_row)
}

/// The sealed secret of one credential.
pub(crate) fn sealed(connection: &Connection, id: CredentialId) -> Result<Option<Sealed>, StoreError> {
    let sql = "SELECT client_id, secret FROM credential WHERE id = ?1";
    Ok(connection.query_row(sql, [id.0], sealed_from_row).optional()?)
}

/// Any sealed secret: what a key must open to be the right one.
pub(crate) fn any_sealed(connection: &Connection) -> Result<Option<Sealed>, StoreError> {
    let sql = "SELECT client_id, secret FROM credential ORDER BY id DESC LIMIT 1";
    Ok(connection.query_row(sql, [], sealed_from_row).optional()?)
}

fn sealed_from_row(row: &Row<'_>) -> rusqlite::Result<Sealed> {
    let client_id: String = row.get("client_id")?;
    Ok(Sealed { bytes: row.get("secret")?, owner: owner(&client_id) })
}

/// What a client secret is sealed for.
fn owner(client_id: &str) -> String {
    format!("credential/{client_id}")
}

/// By place: there may be 100,000 of them, and finding a column by its name takes as long as reading it.
fn from_row(row: &Row<'_>) -> Result<Credential, StoreError> {
    Ok(Credential {
        id: CredentialId(row.get(0)?),
        client_app_id: ClientAppId(row.get(1)?),
        client_id: row.get(2)?,
        secret_hash: row.get(3)?,
        secret_hint: row.get(4)?,
        created_at: row.get(5)?,
    })
}
