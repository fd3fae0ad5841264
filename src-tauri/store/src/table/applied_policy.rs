//! Applied policies, in the order of enforcement; those of no API are the automated ones, for every API. Positions run
//! from 0 without a gap. The secrets of a configuration
//! are sealed for the applied policy, beside the configuration, which has `null` in their place.

use std::collections::{BTreeMap, BTreeSet};

use gatepost_model::{ApiId, AppliedPolicy, AppliedPolicyId, Rows, Scope};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use serde_json::Value;

use super::api;
use crate::error::{StoreError, WriteError, unreadable};
use crate::migration::{Migration, Older};
use crate::secret::Secret;
use crate::vault::{Sealed, Vault};

pub(crate) const CREATE: Migration = Migration {
    id: 2026112302,
    older: Older::MustRefuse,
    sql: "
    CREATE TABLE applied_policy (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        api_id   INTEGER NOT NULL REFERENCES api (id) ON DELETE CASCADE,
        policy   TEXT NOT NULL,
        config   TEXT NOT NULL, -- JSON object
        only     TEXT NOT NULL, -- JSON list of scopes
        enabled  INTEGER NOT NULL,
        position INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX applied_policy_by_api ON applied_policy (api_id, position);
",
};

/// Policies that decide and record only. A program that does not know of them would enforce them.
pub(crate) const SHADOW: Migration = Migration {
    id: 2026112311,
    older: Older::MustRefuse,
    sql: "ALTER TABLE applied_policy ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0;",
};

/// Secrets of configurations. A program that does not know of them would compile the `null`s in their place.
pub(crate) const SECRETS: Migration = Migration {
    id: 2026112312,
    older: Older::MustRefuse,
    sql: "ALTER TABLE applied_policy ADD COLUMN secrets BLOB; -- sealed JSON object: pointer into config -> text",
};

/// Policies of no API, which are for every API, and since when each is in force: for those that are there, no later
/// than the last change. A program that does not know of the former would run without them.
pub(crate) const AUTOMATED: Migration = Migration {
    id: 2026112313,
    older: Older::MustRefuse,
    sql: "
    CREATE TABLE applied_policy_new (
        id             INTEGER PRIMARY KEY AUTOINCREMENT,
        api_id         INTEGER REFERENCES api (id) ON DELETE CASCADE, -- without one it is automated: for every API
        policy         TEXT NOT NULL,
        config         TEXT NOT NULL, -- JSON object
        only           TEXT NOT NULL, -- JSON list of scopes
        enabled        INTEGER NOT NULL,
        position       INTEGER NOT NULL,
        shadow         INTEGER NOT NULL,
        secrets        BLOB, -- sealed JSON object: pointer into config -> text
        in_force_since INTEGER NOT NULL
    ) STRICT;
    INSERT INTO applied_policy_new SELECT id, api_id, policy, config, only, enabled, position, shadow, secrets,
        (SELECT coalesce(max(at_ms), 0) FROM change) FROM applied_policy;
    -- Numbers that were given away are not given again, which a new table alone would not know.
    DELETE FROM sqlite_sequence WHERE name = 'applied_policy_new';
    UPDATE sqlite_sequence SET name = 'applied_policy_new' WHERE name = 'applied_policy';
    DROP TABLE applied_policy;
    ALTER TABLE applied_policy_new RENAME TO applied_policy;
    CREATE INDEX applied_policy_by_api ON applied_policy (api_id, position);
",
};

/// What `missing` errors call it.
const WHAT: &str = "applied policy";

/// An applied policy as it is to be kept; the store adds its number and place.
#[derive(Clone, PartialEq)]
pub struct NewPolicy {
    /// The policy's name, such as `rate-limiting`.
    pub policy: String,
    /// Its configuration, as written; an object.
    pub config: Value,
    /// Which requests it is for; empty means all.
    pub only: Vec<Scope>,
    /// Off keeps the configuration and enforces nothing.
    pub enabled: bool,
    /// In shadow it decides and records, and lets pass.
    pub shadow: bool,
    /// JSON pointers of the texts in `config` that are sealed before they reach the database.
    pub secrets: BTreeSet<String>,
}

/// Puts it below the API's others, or below the other automated ones.
pub(crate) fn insert(
    connection: &Connection,
    vault: &Vault,
    api_id: Option<ApiId>,
    new: &NewPolicy,
    now_ms: i64,
) -> Result<AppliedPolicyId, WriteError> {
    if let Some(id) = api_id {
        api::must_exist(connection, id)?;
    }
    let sql =
        "INSERT INTO applied_policy (api_id, policy, config, only, enabled, shadow, in_force_since, position)
        VALUES (:api_id, :policy, :config, :only, :enabled, :shadow, :now,
            (SELECT count(*) FROM applied_policy WHERE api_id IS :api_id))";
    connection.prepare_cached(sql)?.execute(named_params! {
        ":api_id": column_of(api_id), ":policy": new.policy, ":config": without_secrets(new).to_string(),
        ":only": only_column(new)?, ":enabled": new.enabled, ":shadow": new.shadow, ":now": now_ms,
    })?;
    let id = AppliedPolicyId(connection.last_insert_rowid());
    // Sealed for its number, which is known only now.
    if let Some(sealed) = seal(vault, id, new)? {
        connection.execute("UPDATE applied_policy SET secrets = ?1 WHERE id = ?2", (sealed.bytes, id.0))?;
    }
    Ok(id)
}

/// Changes everything but its place. Gives the API it belongs to; none when it is automated.
pub(crate) fn update(
    connection: &Connection,
    vault: &Vault,
    id: AppliedPolicyId,
    new: &NewPolicy,
    now_ms: i64,
) -> Result<Option<ApiId>, WriteError> {
    let sql = "UPDATE applied_policy SET policy = :policy, config = :config, only = :only, enabled = :enabled, shadow = :shadow,
        secrets = :secrets, in_force_since = :now WHERE id = :id RETURNING api_id";
    let params = named_params! {
        ":policy": new.policy, ":config": without_secrets(new).to_string(), ":only": only_column(new)?,
        ":enabled": new.enabled, ":shadow": new.shadow, ":id": id.0, ":now": now_ms,
        ":secrets": seal(vault, id, new)?.map(|sealed| sealed.bytes),
    };
    let owner: Option<i64> = super::owner(connection, sql, params, WHAT)?;
    Ok(owner.map(ApiId))
}

/// Removes it; those below it move up. Gives the API it belonged to; none when it was automated.
pub(crate) fn delete(connection: &Connection, id: AppliedPolicyId) -> Result<Option<ApiId>, WriteError> {
    let sql = "DELETE FROM applied_policy WHERE id = ?1 RETURNING api_id, position";
    let place: Option<(Option<i64>, u32)> =
        connection.query_row(sql, [id.0], |row| Ok((row.get("api_id")?, row.get("position")?))).optional()?;
    let (api, position) = place.ok_or(WriteError::Missing { what: WHAT })?;
    connection.execute(
        "UPDATE applied_policy SET position = position - 1 WHERE api_id IS ?1 AND position > ?2",
        (api, position),
    )?;
    Ok(api.map(ApiId))
}

/// Gives the policies of an API, or the automated ones, the order of `ids`, which must name each of them once.
pub(crate) fn reorder(
    connection: &Connection,
    api_id: Option<ApiId>,
    ids: &[AppliedPolicyId],
) -> Result<(), WriteError> {
    if let Some(id) = api_id {
        api::must_exist(connection, id)?;
    }
    let mut query = connection.prepare_cached("SELECT id FROM applied_policy WHERE api_id IS ?1")?;
    let present: BTreeSet<i64> =
        query.query_map([column_of(api_id)], |row| row.get("id"))?.collect::<Result<_, _>>()?;
    let named: BTreeSet<i64> = ids.iter().map(|id| id.0).collect();
    if named != present || ids.len() != present.len() {
        return Err(WriteError::NotAnOrder);
    }
    let mut place = connection.prepare_cached("UPDATE applied_policy SET position = ?2 WHERE id = ?1")?;
    for (position, id) in (0_u32..).zip(ids) {
        place.execute((id.0, position))?;
    }
    Ok(())
}

pub(crate) fn all(connection: &Connection, vault: &Vault) -> Result<Rows<AppliedPolicy>, StoreError> {
    let sql = "SELECT * FROM applied_policy ORDER BY api_id, position";
    super::all(connection, sql, [], |row| from_row(row, vault))
}

/// The kinds of policies that APIs do not enforce on their own while automated ones stand in their place, and for which
/// requests.
pub(crate) fn replaced(connection: &Connection) -> Result<BTreeSet<(String, String)>, StoreError> {
    let sql = "SELECT policy, only FROM applied_policy WHERE api_id IS NULL AND enabled AND NOT shadow";
    super::all(connection, sql, [], |row| Ok((row.get("policy")?, row.get("only")?)))
}

/// Notes that from now on something else is enforced for APIs' own policies of a kind. Gives those APIs.
pub(crate) fn renew(connection: &Connection, policy: &str, now_ms: i64) -> Result<Vec<ApiId>, StoreError> {
    let sql = "UPDATE applied_policy SET in_force_since = ?2 WHERE policy = ?1 AND api_id IS NOT NULL RETURNING api_id";
    super::all(connection, sql, (policy, now_ms), |row| Ok(ApiId(row.get("api_id")?)))
}

/// Those of one API, or the automated ones, in the order of enforcement.
pub(crate) fn of_api(
    connection: &Connection,
    vault: &Vault,
    id: Option<ApiId>,
) -> Result<Vec<AppliedPolicy>, StoreError> {
    let sql = "SELECT * FROM applied_policy WHERE api_id IS ?1 ORDER BY position";
    super::all(connection, sql, [column_of(id)], |row| from_row(row, vault))
}

fn column_of(api: Option<ApiId>) -> Option<i64> {
    api.map(|id| id.0)
}

/// Any sealed secrets: what the vault's key must open to be the right one.
pub(crate) fn any_sealed(connection: &Connection) -> Result<Option<Sealed>, StoreError> {
    let sql = "SELECT id, secrets FROM applied_policy WHERE secrets IS NOT NULL ORDER BY id DESC LIMIT 1";
    let sealed = connection.query_row(sql, [], |row| {
        Ok(Sealed { bytes: row.get("secrets")?, owner: owner(AppliedPolicyId(row.get("id")?)) })
    });
    Ok(sealed.optional()?)
}

/// What secrets are sealed for.
fn owner(id: AppliedPolicyId) -> String {
    format!("applied_policy/{}", id.0)
}

fn without_secrets(new: &NewPolicy) -> Value {
    let mut config = new.config.clone();
    for place in &new.secrets {
        if let Some(text) = config.pointer_mut(place) {
            *text = Value::Null;
        }
    }
    config
}

fn seal(vault: &Vault, id: AppliedPolicyId, new: &NewPolicy) -> Result<Option<Sealed>, StoreError> {
    let text_at = |place: &String| Some((place.clone(), new.config.pointer(place)?.as_str()?.to_owned()));
    let texts: BTreeMap<String, String> = new.secrets.iter().filter_map(text_at).collect();
    if texts.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_string(&texts).map_err(unreadable("applied_policy", "secrets"))?;
    vault.seal(&Secret::new(text), owner(id)).map(Some)
}

/// Puts the secrets back into their places.
fn unseal(vault: &Vault, sealed: &Sealed, config: &mut Value) -> Result<(), StoreError> {
    let texts: BTreeMap<String, String> = serde_json::from_str(vault.unseal(sealed)?.expose())
        .map_err(unreadable("applied_policy", "secrets"))?;
    for (place, text) in texts {
        if let Some(gap) = config.pointer_mut(&place) {
            *gap = Value::String(text);
        }
    }
    Ok(())
}

fn from_row(row: &Row<'_>, vault: &Vault) -> Result<AppliedPolicy, StoreError> {
    let id = AppliedPolicyId(row.get("id")?);
    let config: String = row.get("config")?;
    let only: String = row.get("only")?;
    let mut config = serde_json::from_str(&config).map_err(unreadable("applied_policy", "config"))?;
    if let Some(bytes) = row.get("secrets")? {
        unseal(vault, &Sealed { bytes, owner: owner(id) }, &mut config)?;
    }
    Ok(AppliedPolicy {
        id,
        api_id: row.get::<_, Option<i64>>("api_id")?.map(ApiId),
        policy: row.get("policy")?,
        config,
        only: serde_json::from_str(&only).map_err(unreadable("applied_policy", "only"))?,
        enabled: row.get("enabled")?,
        shadow: row.get("shadow")?,
        position: row.get("position")?,
        in_force_since: row.get("in_force_since")?,
    })
}

fn only_column(new: &NewPolicy) -> Result<String, StoreError> {
    serde_json::to_string(&new.only).map_err(unreadable("applied_policy", "only"))
}
