//! The open catalog.

use std::fs::File;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use gatepost_model::{Catalog, CredentialId};
use parking_lot::Mutex;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::Value;

use crate::error::{OpenError, StoreError, WriteError};
use crate::migration::{self, Migration, Standing};
use crate::secret::Secret;
use crate::table::change::{self, Change};
use crate::table::{applied_policy, certificate, credential, setting};
use crate::vault::{FileKey, Vault};
use crate::write::{self, Write};
use crate::{backup, connection, folder};

/// The catalog of one data folder, which this process alone has open. Calls wait for the disk: keep them off threads
/// that must not wait.
pub struct Store {
    open: Mutex<Open>,
    vault: Vault,
    /// Last, so that the connection is closed before the folder is free for another process.
    _lock: File,
}

/// The database, and what is in it.
struct Open {
    connection: Connection,
    /// None until it was first loaded. This process alone writes, so it stays true.
    catalog: Option<Catalog>,
}

impl Store {
    /// Opens the data folder, making what is missing: the folder, `gatepost.db` and `vault.key`. A database of an
    /// older version is copied to `backups/` and migrated.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::open_with(dir, migration::ALL, i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
    }

    fn open_with(dir: &Path, migrations: &[&Migration], now_ms: i64) -> Result<Self, OpenError> {
        folder::create(dir).map_err(OpenError::folder(dir))?;
        let lock = folder::lock(dir)?;
        let path = dir.join("gatepost.db");
        folder::touch(&path).map_err(OpenError::folder(&path))?;
        let mut connection = connection::open(&path).map_err(OpenError::database(&path))?;
        migrate(&mut connection, dir, &path, migrations, now_ms)?;
        connection::enforce_foreign_keys(&connection).map_err(OpenError::database(&path))?;
        let sample = match credential::any_sealed(&connection)? {
            None => certificate::any_sealed(&connection)?,
            sample => sample,
        };
        let sample = match sample {
            None => applied_policy::any_sealed(&connection)?,
            sample => sample,
        };
        let vault = Vault::open(&FileKey::at(dir.join("vault.key")), sample.as_ref())?;
        Ok(Self { open: Mutex::new(Open { connection, catalog: None }), vault, _lock: lock })
    }

    /// Everything that is configured. Read from the database the first time, known afterwards.
    pub fn load(&self) -> Result<Catalog, StoreError> {
        let mut open = self.open.lock();
        if let Some(catalog) = &open.catalog {
            return Ok(catalog.clone());
        }
        // One transaction, so that all tables are of the same moment.
        let catalog = write::whole(&*open.connection.transaction()?, &self.vault)?;
        open.catalog = Some(catalog.clone());
        Ok(catalog)
    }

    /// Saves what `change` does, whole or not at all, and notes it as `what` at `now_ms` (epoch milliseconds). On the
    /// disk when this returns. An error of `change` undoes everything; so does a panic.
    pub fn write<T, E: From<WriteError>>(
        &self,
        what: &str,
        now_ms: i64,
        change: impl FnOnce(&mut Write<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut open = self.open.lock();
        let Open { connection, catalog } = &mut *open;
        let tx =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(WriteError::from)?;
        let begun = Write::begin(tx, &self.vault, catalog.clone(), what, now_ms);
        let mut write = begun.map_err(WriteError::from)?;
        let value = change(&mut write)?;
        *catalog = write.commit().map_err(WriteError::from)?;
        Ok(value)
    }

    /// A credential's secret in clear; none when there is no such credential.
    pub fn reveal_secret(&self, id: CredentialId) -> Result<Option<Secret>, StoreError> {
        let sealed = credential::sealed(&self.open.lock().connection, id)?;
        Ok(sealed.map(|sealed| self.vault.unseal(&sealed)).transpose()?)
    }

    /// The newest `limit` changes, newest first.
    pub fn changes(&self, limit: u32) -> Result<Vec<Change>, StoreError> {
        change::newest(&self.open.lock().connection, limit)
    }

    /// A setting; none when it was never set.
    pub fn setting(&self, key: &str) -> Result<Option<Value>, StoreError> {
        setting::get(&self.open.lock().connection, key)
    }

    /// Keeps a setting.
    pub fn set_setting(&self, key: &str, value: &Value) -> Result<(), StoreError> {
        setting::set(&self.open.lock().connection, key, value)
    }
}

/// Brings the database to today's schema, after a copy of one that has something in it.
fn migrate(
    connection: &mut Connection,
    dir: &Path,
    path: &Path,
    migrations: &[&Migration],
    now_ms: i64,
) -> Result<(), OpenError> {
    let standing = Standing::of(connection, path, migrations)?;
    if standing.pending.is_empty() {
        return Ok(());
    }
    if standing.version > 0 {
        let copy = backup::copy(connection, dir, standing.version, now_ms)?;
        tracing::info!(copy = %copy.display(), "copied the catalog before updating it");
    }
    migration::run(connection, &standing).map_err(OpenError::database(path))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use gatepost_model::{ClientAppId, Millis, Timeouts, Upstream, UpstreamUrl};

    use super::*;
    use crate::migration::Older;
    use crate::table::client_app::NewClient;

    /// A day later than any that has been released.
    const NEXT: Migration = Migration {
        id: 2099010101,
        older: Older::MustRefuse,
        sql: "ALTER TABLE client_app ADD COLUMN owner TEXT",
    };
    const FAULTY: Migration = Migration {
        id: 2099010102,
        older: Older::MustRefuse,
        sql: "DROP TABLE contract; DROP TABLE nowhere",
    };
    const NOW: i64 = 1_795_000_000_000;

    fn add_client(store: &Store, name: &str) -> ClientAppId {
        let new = NewClient { name: name.into(), description: String::new() };
        store.write("added", NOW, |tx| tx.insert_client(&new)).expect("saved")
    }

    fn with(later: &[&'static Migration]) -> Vec<&'static Migration> {
        migration::ALL.iter().chain(later).copied().collect()
    }

    fn copies(dir: &Path) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(dir.join("backups")) else { return Vec::new() };
        entries.map(|entry| entry.expect("entry").path()).collect()
    }

    #[test]
    fn copies_before_migrating() {
        let home = tempfile::tempdir().expect("tempdir");
        let today = Store::open(home.path()).expect("opens");
        add_client(&today, "app");
        drop(today);
        drop(Store::open(home.path()).expect("opens"));
        assert!(copies(home.path()).is_empty(), "neither a new file nor one of today is copied");

        let migrated = Store::open_with(home.path(), &with(&[&NEXT]), NOW).expect("opens");
        assert_eq!(migrated.load().expect("loads").clients.len(), 1);
        drop(migrated);
        let [copy] = copies(home.path()).try_into().expect("one copy");
        let version = migration::ALL.last().expect("some").id;
        assert_eq!(
            copy.file_name().expect("name"),
            format!("gatepost-{version}-2026-11-18-110640.db").as_str()
        );

        // The copy is a whole catalog of its version: in another folder, with the key, today's program opens it.
        let other = tempfile::tempdir().expect("tempdir");
        fs::copy(&copy, other.path().join("gatepost.db")).expect("copied");
        fs::copy(home.path().join("vault.key"), other.path().join("vault.key")).expect("copied");
        let restored = Store::open(other.path()).expect("opens");
        assert_eq!(restored.load().expect("loads").clients[0].name, "app");
        let newer = Store::open(home.path()).map(drop).expect_err("newer");
        assert!(matches!(newer, OpenError::Newer { found: 2099010101, .. }), "{newer:?}");
    }

    #[test]
    fn an_upstream_of_the_first_version_is_what_it_was() {
        let home = tempfile::tempdir().expect("tempdir");
        let first: Vec<&Migration> = migration::ALL
            .iter()
            .copied()
            .filter(|step| step.id != crate::table::api::UPSTREAMS.id)
            .collect();
        let old = Store::open_with(home.path(), &first, NOW).expect("opens");
        let row = "INSERT INTO api VALUES (7, 'Posts', 'posts', 'v1', 'default', '127.0.0.1', 8081, '/posts/v1', '[]',
            'http://127.0.0.1:9000/posts', '{\"connect\":\"1s\",\"response\":\"15s\"}', 1, 2)";
        old.open.lock().connection.execute(row, []).expect("written");
        drop(old);
        let catalog = Store::open(home.path()).expect("opens").load().expect("loads");
        let api = &catalog.apis[0];
        let url = UpstreamUrl::parse("http://127.0.0.1:9000/posts").expect("valid");
        let timeouts = Timeouts { connect: Millis(1_000), ..Timeouts::default() };
        assert_eq!(api.upstream, Upstream { timeouts, ..Upstream::of_url(url) });
        assert_eq!((api.id.0, api.routes.len(), &api.listen.version_header), (7, 0, &None));
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let home = tempfile::tempdir().expect("tempdir");
        add_client(&Store::open(home.path()).expect("opens"), "app");
        let failed =
            Store::open_with(home.path(), &with(&[&NEXT, &FAULTY]), NOW).map(drop).expect_err("fails");
        assert!(failed.to_string().contains("backups"), "{failed}");
        assert_eq!(copies(home.path()).len(), 1);
        let again = Store::open(home.path()).expect("today's program opens it as before");
        assert_eq!(again.load().expect("loads").clients.len(), 1);
    }
}
