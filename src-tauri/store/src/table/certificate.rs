//! Certificates. The key is sealed for the certificate's fingerprint; everything else is public.

use std::sync::Arc;

use gatepost_model::{Certificate, CertificateId, CertificateKind, PrivateKey};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use crate::error::{StoreError, Unique, WriteError, must_have_met, or_taken, unreadable};
use crate::migration::{Migration, Older};
use crate::secret::Secret;
use crate::vault::{Sealed, Vault};

pub(crate) const CREATE: Migration = Migration {
    id: 2026112309,
    older: Older::MustRefuse,
    sql: "
    CREATE TABLE certificate (
        id          INTEGER PRIMARY KEY AUTOINCREMENT,
        name        TEXT NOT NULL UNIQUE,
        kind        TEXT NOT NULL,
        chain       TEXT NOT NULL, -- PEM
        key         BLOB, -- nonce and ciphertext of PEM
        subject     TEXT NOT NULL,
        issuer      TEXT NOT NULL,
        hosts       TEXT NOT NULL, -- JSON list
        fingerprint TEXT NOT NULL, -- SHA-256 of the first certificate
        not_before  INTEGER NOT NULL,
        not_after   INTEGER NOT NULL,
        created_at  INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX certificate_local_authority ON certificate (kind) WHERE kind = 'local_authority';
",
};

/// What `missing` errors call it.
const WHAT: &str = "certificate";

/// A certificate as it is to be kept; the store adds its number and time. The fields are those of
/// [`Certificate`](gatepost_model::Certificate).
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields of the model's Certificate")]
pub struct NewCertificate {
    pub name: String,
    pub kind: CertificateKind,
    pub chain: Arc<str>,
    pub key: Option<PrivateKey>,
    pub subject: String,
    pub issuer: String,
    pub hosts: Vec<String>,
    pub fingerprint: String,
    pub not_before: i64,
    pub not_after: i64,
}

pub(crate) fn insert(
    connection: &Connection,
    vault: &Vault,
    new: &NewCertificate,
    now_ms: i64,
) -> Result<CertificateId, WriteError> {
    // Without an id SQLite gives it the next one.
    let sql = "INSERT INTO certificate
        (id, name, kind, chain, key, subject, issuer, hosts, fingerprint, not_before, not_after, created_at)
        VALUES (:id, :name, :kind, :chain, :key, :subject, :issuer, :hosts, :fingerprint, :not_before, :not_after, :now)";
    execute(connection, vault, sql, None, new, now_ms)?;
    Ok(CertificateId(connection.last_insert_rowid()))
}

/// Puts another certificate in the place of one, as of now.
pub(crate) fn update(
    connection: &Connection,
    vault: &Vault,
    id: CertificateId,
    new: &NewCertificate,
    now_ms: i64,
) -> Result<(), WriteError> {
    let sql =
        "UPDATE certificate SET name = :name, kind = :kind, chain = :chain, key = :key, subject = :subject,
            issuer = :issuer, hosts = :hosts, fingerprint = :fingerprint, not_before = :not_before,
            not_after = :not_after, created_at = :now
        WHERE id = :id";
    must_have_met(execute(connection, vault, sql, Some(id), new, now_ms)?, WHAT)
}

fn execute(
    connection: &Connection,
    vault: &Vault,
    sql: &str,
    id: Option<CertificateId>,
    new: &NewCertificate,
    now_ms: i64,
) -> Result<usize, WriteError> {
    let sealed = new.key.as_ref().map(|key| {
        Ok::<_, WriteError>(vault.seal(&Secret::new(key.pem().to_owned()), owner(&new.fingerprint))?.bytes)
    });
    let rows = connection.prepare_cached(sql)?.execute(named_params! {
        ":id": id.map(|id| id.0), ":name": new.name, ":kind": word(new.kind), ":chain": &*new.chain,
        ":key": sealed.transpose()?, ":subject": new.subject, ":issuer": new.issuer,
        ":hosts": serde_json::Value::from(new.hosts.clone()).to_string(), ":fingerprint": new.fingerprint,
        ":not_before": new.not_before, ":not_after": new.not_after, ":now": now_ms,
    });
    rows.map_err(or_taken(Unique::CertificateName))
}

pub(crate) fn delete(connection: &Connection, id: CertificateId) -> Result<(), WriteError> {
    must_have_met(connection.execute("DELETE FROM certificate WHERE id = ?1", [id.0])?, WHAT)
}

pub(crate) fn all(connection: &Connection, vault: &Vault) -> Result<Vec<Certificate>, StoreError> {
    super::all(connection, "SELECT * FROM certificate ORDER BY id", [], |row| from_row(row, vault))
}

/// Any sealed key: what the vault's key must open to be the right one.
pub(crate) fn any_sealed(connection: &Connection) -> Result<Option<Sealed>, StoreError> {
    let sql = "SELECT fingerprint, key FROM certificate WHERE key IS NOT NULL ORDER BY id DESC LIMIT 1";
    let sealed = connection.query_row(sql, [], |row| {
        let fingerprint: String = row.get("fingerprint")?;
        Ok(Sealed { bytes: row.get("key")?, owner: owner(&fingerprint) })
    });
    Ok(sealed.optional()?)
}

/// What a key is sealed for.
fn owner(fingerprint: &str) -> String {
    format!("certificate/{fingerprint}")
}

fn from_row(row: &Row<'_>, vault: &Vault) -> Result<Certificate, StoreError> {
    let (kind, hosts): (String, String) = (row.get("kind")?, row.get("hosts")?);
    let (chain, fingerprint): (String, String) = (row.get("chain")?, row.get("fingerprint")?);
    let sealed: Option<Vec<u8>> = row.get("key")?;
    let key = sealed.map(|bytes| vault.unseal(&Sealed { bytes, owner: owner(&fingerprint) })).transpose()?;
    Ok(Certificate {
        id: CertificateId(row.get("id")?),
        name: row.get("name")?,
        kind: kind_of(&kind).map_err(unreadable("certificate", "kind"))?,
        chain: chain.into(),
        key: key.map(|key| PrivateKey::new(key.expose())),
        subject: row.get("subject")?,
        issuer: row.get("issuer")?,
        hosts: serde_json::from_str(&hosts).map_err(unreadable("certificate", "hosts"))?,
        fingerprint,
        not_before: row.get("not_before")?,
        not_after: row.get("not_after")?,
        created_at: row.get("created_at")?,
    })
}

fn word(kind: CertificateKind) -> &'static str {
    match kind {
        CertificateKind::Identity => "identity",
        CertificateKind::Authority => "authority",
        CertificateKind::LocalAuthority => "local_authority",
    }
}

fn kind_of(word: &str) -> Result<CertificateKind, String> {
    match word {
        "identity" => Ok(CertificateKind::Identity),
        "authority" => Ok(CertificateKind::Authority),
        "local_authority" => Ok(CertificateKind::LocalAuthority),
        other => Err(format!("`{other}` is not a kind")),
    }
}
