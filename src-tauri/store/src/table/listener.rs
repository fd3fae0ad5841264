//! Listeners with settings of their own. What has no row speaks plain HTTP.

use std::net::SocketAddr;

use gatepost_model::{ClientCertificates, Listener, ListenerTls, TlsVersion};
use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};

use crate::error::{StoreError, WriteError, unreadable};
use crate::migration::{Migration, Older};

pub(crate) const CREATE: Migration = Migration {
    id: 2026112310,
    older: Older::MustRefuse,
    sql: "
    CREATE TABLE listener (
        id     INTEGER PRIMARY KEY AUTOINCREMENT,
        socket TEXT NOT NULL UNIQUE, -- address and port
        tls    TEXT -- JSON object; without one it speaks plain HTTP
    ) STRICT;
",
};

/// The column `tls`.
#[derive(Serialize, Deserialize)]
struct TlsColumn {
    certificates: Vec<String>,
    min_version: String,
    http2: bool,
    client_certificates: String,
    client_authority: Option<String>,
}

/// Gives a socket its settings; none takes them away.
pub(crate) fn set(
    connection: &Connection,
    socket: SocketAddr,
    tls: Option<&ListenerTls>,
) -> Result<(), WriteError> {
    let socket = socket.to_string();
    match tls {
        None => connection.execute("DELETE FROM listener WHERE socket = ?1", [socket])?,
        Some(tls) => {
            let sql = "INSERT INTO listener (socket, tls) VALUES (?1, ?2)
                ON CONFLICT (socket) DO UPDATE SET tls = excluded.tls";
            connection.prepare_cached(sql)?.execute((socket, column_of(tls)?))?
        }
    };
    Ok(())
}

pub(crate) fn all(connection: &Connection) -> Result<Vec<Listener>, StoreError> {
    let mut listeners: Vec<Listener> =
        super::all(connection, "SELECT socket, tls FROM listener", [], from_row)?;
    listeners.sort_by_key(|listener| listener.socket);
    Ok(listeners)
}

fn from_row(row: &Row<'_>) -> Result<Listener, StoreError> {
    let socket: String = row.get("socket")?;
    let tls: Option<String> = row.get("tls")?;
    Ok(Listener {
        socket: socket.parse().map_err(unreadable("listener", "socket"))?,
        tls: tls.map(|json| tls_of(&json).map_err(unreadable("listener", "tls"))).transpose()?,
    })
}

fn column_of(tls: &ListenerTls) -> Result<String, StoreError> {
    let column = TlsColumn {
        certificates: tls.certificates.clone(),
        min_version: tls.min_version.word().to_owned(),
        http2: tls.http2,
        client_certificates: tls.client_certificates.word().to_owned(),
        client_authority: tls.client_authority.clone(),
    };
    serde_json::to_string(&column).map_err(unreadable("listener", "tls"))
}

fn tls_of(json: &str) -> Result<ListenerTls, String> {
    let column: TlsColumn = serde_json::from_str(json).map_err(|error| error.to_string())?;
    Ok(ListenerTls {
        certificates: column.certificates,
        min_version: TlsVersion::parse(&column.min_version)?,
        http2: column.http2,
        client_certificates: ClientCertificates::parse(&column.client_certificates)?,
        client_authority: column.client_authority,
    })
}
