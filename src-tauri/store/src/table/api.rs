//! APIs.

use std::net::IpAddr;

use gatepost_model::{
    Api, ApiId, ApiRoute, BasePath, Fault, Host, Listen, RouteInput, Rows, Slug, Upstream, UpstreamInput,
};
use rusqlite::{Connection, Row, named_params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{StoreError, Unique, WriteError, must_have_met, or_taken, unreadable};
use crate::migration::{Migration, Older};

pub(crate) const CREATE: Migration = Migration {
    id: 2026112301,
    older: Older::MustRefuse,
    sql: "
    CREATE TABLE api (
        id                INTEGER PRIMARY KEY AUTOINCREMENT,
        name              TEXT NOT NULL,
        asset_id          TEXT NOT NULL,
        version           TEXT NOT NULL,
        label             TEXT NOT NULL,
        listen_address    TEXT NOT NULL,
        listen_port       INTEGER NOT NULL,
        listen_base_path  TEXT NOT NULL,
        listen_hosts      TEXT NOT NULL, -- JSON list
        upstream_url      TEXT NOT NULL,
        upstream_timeouts TEXT NOT NULL, -- JSON object of durations
        created_at        INTEGER NOT NULL,
        updated_at        INTEGER NOT NULL,
        UNIQUE (asset_id, version, label)
    ) STRICT;
",
};

/// An upstream is more than a URL, and so are routes: both are kept as JSON in the form that people write.
pub(crate) const UPSTREAMS: Migration = Migration {
    id: 2026112308,
    older: Older::MustRefuse,
    sql: "
    ALTER TABLE api ADD COLUMN version_header TEXT;
    ALTER TABLE api ADD COLUMN routes TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE api ADD COLUMN upstream TEXT NOT NULL DEFAULT '{}';
    UPDATE api SET upstream = json_object('url', upstream_url, 'timeouts', json(upstream_timeouts));
    ALTER TABLE api DROP COLUMN upstream_url;
    ALTER TABLE api DROP COLUMN upstream_timeouts;
",
};

/// An API as it is to be kept; the store adds its number and times.
#[derive(Clone, Debug, PartialEq)]
pub struct NewApi {
    /// 1 to 100 characters.
    pub name: String,
    /// With `version` and `label` it is unique.
    pub asset_id: Slug,
    /// Such as `v1`.
    pub version: String,
    /// Tells instances of the same version apart.
    pub label: String,
    /// Where it listens.
    pub listen: Listen,
    /// Requests that go elsewhere.
    pub routes: Vec<ApiRoute>,
    /// What is behind it for all others.
    pub upstream: Upstream,
}

pub(crate) fn insert(connection: &Connection, new: &NewApi, now_ms: i64) -> Result<ApiId, WriteError> {
    // Without an id SQLite gives it the next one.
    let sql = "INSERT INTO api
        (id, name, asset_id, version, label, listen_address, listen_port, listen_base_path, listen_hosts,
         version_header, routes, upstream, created_at, updated_at)
        VALUES (:id, :name, :asset_id, :version, :label, :address, :port, :base_path, :hosts, :version_header, :routes,
            :upstream, :now, :now)";
    execute(connection, sql, None, new, now_ms)?;
    Ok(ApiId(connection.last_insert_rowid()))
}

pub(crate) fn update(
    connection: &Connection,
    id: ApiId,
    new: &NewApi,
    now_ms: i64,
) -> Result<(), WriteError> {
    let sql = "UPDATE api SET name = :name, asset_id = :asset_id, version = :version, label = :label,
            listen_address = :address, listen_port = :port, listen_base_path = :base_path, listen_hosts = :hosts,
            version_header = :version_header, routes = :routes, upstream = :upstream, updated_at = :now
        WHERE id = :id";
    must_have_met(execute(connection, sql, Some(id), new, now_ms)?, "API")
}

/// Runs a statement that has every column as a parameter, and gives the number of rows it met.
fn execute(
    connection: &Connection,
    sql: &str,
    id: Option<ApiId>,
    new: &NewApi,
    now_ms: i64,
) -> Result<usize, WriteError> {
    let routes: Vec<RouteInput> = new.routes.iter().map(RouteInput::of).collect();
    let rows = connection.prepare_cached(sql)?.execute(named_params! {
        ":id": id.map(|id| id.0), ":name": new.name, ":asset_id": new.asset_id.as_str(),
        ":version": new.version, ":label": new.label,
        ":address": new.listen.address.to_string(), ":port": new.listen.port,
        ":base_path": new.listen.base_path.as_str(), ":hosts": hosts_column(&new.listen),
        ":version_header": new.listen.version_header, ":routes": json_column(&routes, "routes")?,
        ":upstream": json_column(&UpstreamInput::of(&new.upstream), "upstream")?, ":now": now_ms,
    });
    rows.map_err(or_taken(Unique::ApiInstance))
}

pub(crate) fn delete(connection: &Connection, id: ApiId) -> Result<(), WriteError> {
    must_have_met(connection.execute("DELETE FROM api WHERE id = ?1", [id.0])?, "API")
}

/// Refuses an API that does not exist.
pub(crate) fn must_exist(connection: &Connection, id: ApiId) -> Result<(), WriteError> {
    let found = connection.prepare_cached("SELECT 1 FROM api WHERE id = ?1")?.exists([id.0])?;
    must_have_met(found.into(), "API")
}

pub(crate) fn all(connection: &Connection) -> Result<Rows<Api>, StoreError> {
    super::all(connection, "SELECT * FROM api ORDER BY id", [], from_row)
}

pub(crate) fn one(connection: &Connection, id: ApiId) -> Result<Option<Api>, StoreError> {
    let found: Vec<Api> = super::all(connection, "SELECT * FROM api WHERE id = ?1", [id.0], from_row)?;
    Ok(found.into_iter().next())
}

fn from_row(row: &Row<'_>) -> Result<Api, StoreError> {
    Ok(Api {
        id: ApiId(row.get("id")?),
        name: row.get("name")?,
        asset_id: Slug::parse(text(row, "asset_id")?).map_err(unreadable("api", "asset_id"))?,
        version: row.get("version")?,
        label: row.get("label")?,
        listen: Listen {
            address: text(row, "listen_address")?
                .parse::<IpAddr>()
                .map_err(unreadable("api", "listen_address"))?,
            port: row.get("listen_port")?,
            base_path: BasePath::parse(text(row, "listen_base_path")?)
                .map_err(unreadable("api", "listen_base_path"))?,
            hosts: hosts_of(text(row, "listen_hosts")?)?,
            version_header: row.get("version_header")?,
        },
        routes: RouteInput::check_all(&json::<Vec<_>>(row, "routes")?).map_err(faulty("routes"))?,
        upstream: json::<UpstreamInput>(row, "upstream")?.check().map_err(faulty("upstream"))?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn text<'a>(row: &'a Row<'_>, column: &'static str) -> Result<&'a str, StoreError> {
    row.get_ref(column)?.as_str().map_err(unreadable("api", column))
}

fn hosts_column(listen: &Listen) -> String {
    let hosts: Vec<&str> = listen.hosts.iter().map(Host::as_str).collect();
    serde_json::Value::from(hosts).to_string()
}

fn hosts_of(json: &str) -> Result<Vec<Host>, StoreError> {
    let hosts: Vec<String> = serde_json::from_str(json).map_err(unreadable("api", "listen_hosts"))?;
    hosts.iter().map(|host| Host::parse(host).map_err(unreadable("api", "listen_hosts"))).collect()
}

/// A column of its own for what is read and written as one.
fn json_column(value: &impl Serialize, column: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(unreadable("api", column))
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text(row, column)?).map_err(unreadable("api", column))
}

fn faulty(column: &'static str) -> impl Fn(Vec<Fault>) -> StoreError {
    move |faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        unreadable("api", column)(faults.join("; "))
    }
}
