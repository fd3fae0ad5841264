//! The catalog in SQLite, and the vault that encrypts its secrets.
