//! Contracts: which client app may call which API.

use gatepost_model::{ApiId, ClientAppId, Contract, ContractId, ContractState};
use rusqlite::{Connection, Row};

use super::{api, client_app};
use crate::error::{StoreError, Unique, WriteError, must_have_met, or_taken, unreadable};
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

pub(crate) fn set_state(
    connection: &Connection,
    id: ContractId,
    state: ContractState,
    now_ms: i64,
) -> Result<(), WriteError> {
    let sql = "UPDATE contract SET state = ?2, updated_at = ?3 WHERE id = ?1";
    must_have_met(connection.prepare_cached(sql)?.execute((id.0, word(state), now_ms))?, WHAT)
}

pub(crate) fn delete(connection: &Connection, id: ContractId) -> Result<(), WriteError> {
    must_have_met(connection.execute("DELETE FROM contract WHERE id = ?1", [id.0])?, WHAT)
}

pub(crate) fn all(connection: &Connection) -> Result<Vec<Contract>, StoreError> {
    super::all(connection, "SELECT * FROM contract ORDER BY id", [], from_row)
}

fn from_row(row: &Row<'_>) -> Result<Contract, StoreError> {
    let state: String = row.get("state")?;
    Ok(Contract {
        id: ContractId(row.get("id")?),
        client_app_id: ClientAppId(row.get("client_app_id")?),
        api_id: ApiId(row.get("api_id")?),
        state: state_of(&state).map_err(unreadable("contract", "state"))?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
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
