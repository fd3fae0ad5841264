//! What can go wrong: on opening, on reading, and on writing. Messages are written for the operator.

use std::fmt;
use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::vault::VaultError;

/// Why the data folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error(
        "The data folder {} is in use by another Gatepost. Stop that one, or start this one with another --data-dir.",
        .dir.display()
    )]
    InUse {
        /// The data folder.
        dir: PathBuf,
    },
    /// A later program has changed the database in a way that this one cannot work with.
    #[error(
        "{} was written by a newer Gatepost (its version is {found}, this program knows up to {known}). Start the \
         newer program, or go back to a copy in the folder `backups` beside it.",
        .path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its newest migration.
        found: i64,
        /// The newest migration of this program.
        known: i64,
    },
    /// The folder, or a file in it, cannot be read or written.
    #[error("{} cannot be used: {source}", .path.display())]
    Folder {
        /// What was tried.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// SQLite cannot work with the file.
    #[error(
        "{} cannot be opened: {source}. Copies from before updates are in the folder `backups` beside it.",
        .path.display()
    )]
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The copy that precedes an update could not be made, so nothing was updated.
    #[error(
        "The catalog must be updated, but the copy {} that is made before could not be: {source}. Nothing was \
         changed; make room for the copy, and start again.",
        .path.display()
    )]
    Backup {
        /// The copy.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The secrets cannot be read.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A row cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenError {
    /// For `map_err` on what touches `path`.
    pub(crate) fn folder(path: &std::path::Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Folder { path: path.to_owned(), source }
    }

    /// For `map_err` on what SQLite does with `path`.
    pub(crate) fn database(path: &std::path::Path) -> impl Fn(rusqlite::Error) -> Self {
        move |source| Self::Database { path: path.to_owned(), source }
    }
}

/// Why something could not be read or written: nothing the operator's input could have avoided.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite: disk full, input and output, damage.
    #[error("the catalog failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A value in the catalog is not what this program writes there.
    #[error("the catalog's {table}.{column} cannot be read: {why}")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// Its column.
        column: &'static str,
        /// What is wrong with the value.
        why: String,
    },
    /// A secret could not be sealed or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The system gave no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

/// Why a write was refused; nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Something that must be unique exists already.
    #[error("{what} is taken")]
    Taken {
        /// What must be unique.
        what: Unique,
    },
    /// It does not exist (any more).
    #[error("there is no such {what}")]
    Missing {
        /// The kind of thing, such as `API`.
        what: &'static str,
    },
    /// A new order of policies must name each policy of the API once.
    #[error("the new order must name every policy of the API exactly once")]
    NotAnOrder,
    /// Nothing the input could have avoided.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What the catalog holds only once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unique {
    /// An API's `asset_id`, `version` and `label` together.
    ApiInstance,
    /// A client app's `name`.
    ClientName,
    /// A credential's `client_id`, over all client apps.
    ClientId,
    /// A certificate's `name`.
    CertificateName,
    /// A contract's client app and API together.
    Contract,
}

impl fmt::Display for Unique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiInstance => "this asset ID with this version and label",
            Self::ClientName => "this name of a client app",
            Self::ClientId => "this client ID",
            Self::CertificateName => "this name of a certificate",
            Self::Contract => "the contract of this client app with this API",
        })
    }
}

/// For `map_err` on an insert or update: a violated UNIQUE becomes [`WriteError::Taken`].
pub(crate) fn or_taken(what: Unique) -> impl Fn(rusqlite::Error) -> WriteError {
    move |error| match &error {
        rusqlite::Error::SqliteFailure(failure, _)
            if failure.code == ErrorCode::ConstraintViolation
                && failure.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE =>
        {
            WriteError::Taken { what }
        }
        _ => error.into(),
    }
}

/// An update or delete must have met a row.
pub(crate) fn must_have_met(rows: usize, what: &'static str) -> Result<(), WriteError> {
    if rows == 0 { Err(WriteError::Missing { what }) } else { Ok(()) }
}

/// For `map_err` on parsing what a column holds.
pub(crate) fn unreadable<E: fmt::Display>(
    table: &'static str,
    column: &'static str,
) -> impl Fn(E) -> StoreError {
    move |error| StoreError::Unreadable { table, column, why: error.to_string() }
}
