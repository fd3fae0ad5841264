//! The catalog in SQLite, and the vault that encrypts its secrets.
//!
//! To change what is kept: edit the table's file under `table/`, add a `Migration` with
//! today's date at the end of that file's list (never edit one that has been released), say whether an older
//! program may still open the file, name it in `migration::ALL`, and renew `tests/schema.sql` as its test says.

mod backup;
mod connection;
mod error;
mod folder;
mod migration;
mod secret;
mod store;
mod table;
mod vault;
mod write;

pub use error::{OpenError, StoreError, Unique, WriteError};
pub use secret::{Secret, generate_client_id, generate_secret};
pub use store::Store;
pub use table::api::NewApi;
pub use table::applied_policy::NewPolicy;
pub use table::certificate::NewCertificate;
pub use table::change::Change;
pub use table::client_app::NewClient;
pub use vault::VaultError;
pub use write::Write;
