//! Credentials of client apps. The secret is sealed for its client ID; beside it stands the hash the gateway compares.

use gatepost_model::{ClientAppId, Credential, CredentialId, PreviousSecret, Rows};
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

/// Expiry, and a replaced secret that is still taken. A program that does not know of them would take what has expired.
pub(crate) const LIFETIME: Migration = Migration {
    id: 2026112320,
    older: Older::MustRefuse,
    sql: "
    ALTER TABLE credential ADD COLUMN expires_at INTEGER; -- epoch milliseconds
    ALTER TABLE credential ADD COLUMN previous_hash BLOB; -- SHA-256
    ALTER TABLE credential ADD COLUMN previous_hint TEXT;
    ALTER TABLE credential ADD COLUMN previous_until INTEGER; -- epoch milliseconds
",
};

/// Every column that is read, in the order of [`from_row`].
const COLUMNS: &str = "id, client_app_id, client_id, secret_hash, secret_hint, created_at, expires_at,
    previous_hash, previous_hint, previous_until";

/// What `missing` errors call it.
const WHAT: &str = "credential";

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

/// Gives it another expiry, or none. Gives the client app it belongs to, as do the next two.
pub(crate) fn set_expiry(
    connection: &Connection,
    id: CredentialId,
    expires_at: Option<i64>,
) -> Result<ClientAppId, WriteError> {
    let sql = "UPDATE credential SET expires_at = ?2 WHERE id = ?1 RETURNING client_app_id";
    super::owner(connection, sql, (id.0, expires_at), WHAT).map(ClientAppId)
}

/// Puts another secret in the place of its secret, which is taken until `until` when that is given.
pub(crate) fn replace_secret(
    connection: &Connection,
    vault: &Vault,
    id: CredentialId,
    secret: &Secret,
    until: Option<i64>,
) -> Result<ClientAppId, WriteError> {
    let sql = "SELECT client_id FROM credential WHERE id = ?1";
    let client_id: Option<String> = connection.query_row(sql, [id.0], |row| row.get(0)).optional()?;
    let sealed = vault.seal(secret, owner(&client_id.ok_or(WriteError::Missing { what: WHAT })?))?;
    let sql = "UPDATE credential SET
        previous_hash = iif(:until IS NULL, NULL, secret_hash),
        previous_hint = iif(:until IS NULL, NULL, secret_hint),
        previous_until = :until, secret = :secret, secret_hash = :hash, secret_hint = :hint
        WHERE id = :id RETURNING client_app_id";
    let values = named_params! {
        ":id": id.0, ":until": until, ":secret": sealed.bytes, ":hash": secret.hash(), ":hint": secret.hint(),
    };
    super::owner(connection, sql, values, WHAT).map(ClientAppId)
}

/// Says which secret came before, and until when it is taken; none takes it no more.
pub(crate) fn set_previous(
    connection: &Connection,
    id: CredentialId,
    previous: Option<(&Secret, i64)>,
) -> Result<ClientAppId, WriteError> {
    let sql = "UPDATE credential SET previous_hash = ?2, previous_hint = ?3, previous_until = ?4
        WHERE id = ?1 RETURNING client_app_id";
    let hash = previous.map(|(secret, _)| secret.hash());
    let hint = previous.map(|(secret, _)| secret.hint());
    let until = previous.map(|(_, until)| until);
    super::owner(connection, sql, (id.0, hash, hint, until), WHAT).map(ClientAppId)
}

/// Gives the client app it belonged to.
pub(crate) fn delete(connection: &Connection, id: CredentialId) -> Result<ClientAppId, WriteError> {
    let sql = "DELETE FROM credential WHERE id = ?1 RETURNING client_app_id";
    super::owner(connection, sql, [id.0], WHAT).map(ClientAppId)
}

pub(crate) fn all(connection: &Connection) -> Result<Rows<Credential>, StoreError> {
    super::all(connection, &format!("SELECT {COLUMNS} FROM credential ORDER BY id"), [], from_row)
}

/// Those of one client app, by number.
pub(crate) fn of_client(connection: &Connection, id: ClientAppId) -> Result<Vec<Credential>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM credential WHERE client_app_id = ?1 ORDER BY id");
    super::all(connection, &sql, [id.0], from_row)
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
    let previous = match row.get(7)? {
        None => None,
        Some(hash) => Some(PreviousSecret { hash, hint: row.get(8)?, until: row.get(9)? }),
    };
    Ok(Credential {
        id: CredentialId(row.get(0)?),
        client_app_id: ClientAppId(row.get(1)?),
        client_id: row.get(2)?,
        secret_hash: row.get(3)?,
        secret_hint: row.get(4)?,
        created_at: row.get(5)?,
        expires_at: row.get(6)?,
        previous,
    })
}
