//! Contracts: which client app may call which API.

use gatepost_model::{ApiId, ClientAppId, Contract, ContractId, ContractState, Rows};
use rusqlite::{Connection, Row};

use super::{api, client_app};
use crate::error::{StoreError, Unique, WriteError, or_taken, unreadable};
use crate::migration::{Migration, Older};

pub(crate) const CREATE: Migration = Migration {
    id: 2026112305,
    older: Older::MustRefuse,
    sql: "
    CREATE TABLE contract (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        client_app_id INTEGER NOT NULL REFERENCES client_app (id) ON DELETE CASCADE,
        api_id        INTEGER NOT NULL REFERENCES api (id) ON DELETE CASCADE,
        state         TEXT NOT NULL,
        created_at    INTEGER NOT NULL,
        updated_at    INTEGER NOT NULL,
        UNIQUE (client_app_id, api_id)
    ) STRICT;
    CREATE INDEX contract_by_api ON contract (api_id);
",
};

/// What `missing` errors call it.
const WHAT: &str = "contract";

/// An approved contract.
pub(crate) fn insert(
    connection: &Connection,
    client_app_id: ClientAppId,
    api_id: ApiId,
    now_ms: i64,
) -> Result<ContractId, WriteError> {
    client_app::must_exist(connection, client_app_id)?;
    api::must_exist(connection, api_id)?;
    let sql = "INSERT INTO contract (client_app_id, api_id, state, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?4)";
    let state = word(ContractState::Approved);
    let written = connection.prepare_cached(sql)?.execute((client_app_id.0, api_id.0, state, now_ms));
    written.map_err(or_taken(Unique::Contract))?;
    Ok(ContractId(connection.last_insert_rowid()))
}

/// Gives the client app it belongs to.
pub(crate) fn set_state(
    connection: &Connection,
    id: ContractId,
    state: ContractState,
    now_ms: i64,
) -> Result<ClientAppId, WriteError> {
    let sql = "UPDATE contract SET state = ?2, updated_at = ?3 WHERE id = ?1 RETURNING client_app_id";
    super::owner(connection, sql, (id.0, word(state), now_ms), WHAT).map(ClientAppId)
}

/// Gives the client app it belonged to.
pub(crate) fn delete(connection: &Connection, id: ContractId) -> Result<ClientAppId, WriteError> {
    let sql = "DELETE FROM contract WHERE id = ?1 RETURNING client_app_id";
    super::owner(connection, sql, [id.0], WHAT).map(ClientAppId)
}

pub(crate) fn all(connection: &Connection) -> Result<Rows<Contract>, StoreError> {
    super::all(
        connection,
        "SELECT id, client_app_id, api_id, state, created_at, updated_at FROM contract ORDER BY id",
        [],
        from_row,
    )
}

/// Those of one client app, by number.
pub(crate) fn of_client(connection: &Connection, id: ClientAppId) -> Result<Vec<Contract>, StoreError> {
    super::all(
        connection,
        "SELECT id, client_app_id, api_id, state, created_at, updated_at FROM contract WHERE client_app_id = ?1 ORDER BY id",
        [id.0],
        from_row,
    )
}

/// The client apps that have a contract with an API.
pub(crate) fn clients_of(connection: &Connection, id: ApiId) -> Result<Vec<ClientAppId>, StoreError> {
    let sql = "SELECT client_app_id FROM contract WHERE api_id = ?1";
    super::all(connection, sql, [id.0], |row| Ok(ClientAppId(row.get(0)?)))
}

/// By place: there may be 100,000 of them, and finding a column by its name takes as long as reading it.
fn from_row(row: &Row<'_>) -> Result<Contract, StoreError> {
    let state = row.get_ref(3)?.as_str().map_err(unreadable("contract", "state"))?;
    Ok(Contract {
        id: ContractId(row.get(0)?),
        client_app_id: ClientAppId(row.get(1)?),
        api_id: ApiId(row.get(2)?),
        state: state_of(state).map_err(unreadable("contract", "state"))?,
        created_at: row.get(4)?,
        updated_at: row.get(5)?,
    })
}

fn word(state: ContractState) -> &'static str {
    match state {
        ContractState::Approved => "approved",
        ContractState::Revoked => "revoked",
    }
}

fn state_of(word: &str) -> Result<ContractState, String> {
    match word {
        "approved" => Ok(ContractState::Approved),
        "revoked" => Ok(ContractState::Revoked),
        other => Err(format!("`{other}` is not a state")),
    }
}
