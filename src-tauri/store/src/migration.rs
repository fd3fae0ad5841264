//! Dated, append-only steps from an empty file to today's schema. All pending ones run in one transaction.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::error::OpenError;
use crate::table::{
    api, api_spec, applied_policy, certificate, change, client_app, contract, credential, listener, setting,
};

/// One step.
#[derive(Debug)]
pub(crate) struct Migration {
    /// `yyyymmddnn`: the day it was written, and its number on that day. Never changes.
    pub id: i64,
    /// Whether a program that does not know this step may still open the file.
    pub older: Older,
    /// What it does.
    pub sql: &'static str,
}

/// What a program that does not know a step may do with a file that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Older {
    /// Open it: the step only added what the older program overlooks.
    MayOpen,
    /// Refuse it.
    MustRefuse,
}

/// Every step, in order.
pub(crate) const ALL: &[&Migration] = &[
    &api::CREATE,
    &applied_policy::CREATE,
    &client_app::CREATE,
    &credential::CREATE,
    &contract::CREATE,
    &change::CREATE,
    &setting::CREATE,
    &api::UPSTREAMS,
    &certificate::CREATE,
    &listener::CREATE,
    &applied_policy::SHADOW,
    &applied_policy::SECRETS,
    &applied_policy::AUTOMATED,
    &credential::LIFETIME,
    &api_spec::CREATE,
];

/// What has been done to this file; read by programs that are older than the steps in it.
const CREATE_DONE: &str = "
    CREATE TABLE IF NOT EXISTS migration (
        id             INTEGER PRIMARY KEY,
        older_may_open INTEGER NOT NULL
    ) STRICT;
";

/// Where a file stands, compared with the steps that this program knows.
#[derive(Debug)]
pub(crate) struct Standing<'a> {
    /// `PRAGMA user_version`: the newest step in the file; 0 for a new file.
    pub version: i64,
    /// To be done.
    pub pending: Vec<&'a Migration>,
}

impl<'a> Standing<'a> {
    /// Looks, and refuses a file with a step that is unknown here and that older programs must refuse.
    pub fn of(connection: &Connection, path: &Path, known: &[&'a Migration]) -> Result<Self, OpenError> {
        let version = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(OpenError::database(path))?;
        let done = done(connection).map_err(OpenError::database(path))?;
        let is_known = |id: i64| known.iter().any(|migration| migration.id == id);
        if done.iter().any(|(id, older)| !is_known(*id) && *older == Older::MustRefuse) {
            let known = known.iter().map(|migration| migration.id).max().unwrap_or(0);
            return Err(OpenError::Newer { path: path.to_owned(), found: version, known });
        }
        let done: BTreeSet<i64> = done.into_iter().map(|(id, _)| id).collect();
        let pending = known.iter().copied().filter(|migration| !done.contains(&migration.id)).collect();
        Ok(Self { version, pending })
    }
}

/// The steps in the file.
fn done(connection: &Connection) -> rusqlite::Result<Vec<(i64, Older)>> {
    if !connection.table_exists(None, "migration")? {
        return Ok(Vec::new());
    }
    let mut query = connection.prepare("SELECT id, older_may_open FROM migration ORDER BY id")?;
    let rows = query.query_map([], |row| {
        let may_open: bool = row.get("older_may_open")?;
        Ok((row.get("id")?, if may_open { Older::MayOpen } else { Older::MustRefuse }))
    })?;
    rows.collect()
}

/// Does all of `standing.pending`, or nothing. Foreign keys must be off: a step may have to rebuild a table.
pub(crate) fn run(connection: &mut Connection, standing: &Standing<'_>) -> rusqlite::Result<()> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    tx.execute_batch(CREATE_DONE)?;
    for migration in &standing.pending {
        tx.execute_batch(migration.sql)?;
        tx.execute(
            "INSERT INTO migration (id, older_may_open) VALUES (?1, ?2)",
            (migration.id, migration.older == Older::MayOpen),
        )?;
    }
    let newest = standing.pending.iter().map(|migration| migration.id).fold(standing.version, i64::max);
    tx.pragma_update(None, "user_version", newest)?;
    let mut broken = 0;
    tx.pragma_query(None, "foreign_key_check", |_| {
        broken += 1;
        Ok(())
    })?;
    if broken > 0 {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY),
            Some(format!("{broken} rows would point nowhere after the update")),
        ));
    }
    tx.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Migration = Migration { id: 1, older: Older::MustRefuse, sql: "CREATE TABLE a (id INTEGER)" };
    const HARMLESS: Migration =
        Migration { id: 2, older: Older::MayOpen, sql: "CREATE TABLE b (id INTEGER)" };
    const BAD: Migration = Migration { id: 3, older: Older::MayOpen, sql: "CREATE TABLE a (id INTEGER)" };

    fn memory() -> Connection {
        Connection::open_in_memory().expect("opens")
    }

    fn migrate(connection: &mut Connection, known: &[&Migration]) -> Result<(), OpenError> {
        let path = Path::new("gatepost.db");
        let standing = Standing::of(connection, path, known)?;
        run(connection, &standing).map_err(OpenError::database(path))
    }

    #[test]
    fn steps_are_in_the_order_of_their_dates() {
        assert!(ALL.is_sorted_by(|a, b| a.id < b.id), "ids must be unique and ascending");
        assert!(ALL.iter().all(|m| (2026010100..=i64::from(i32::MAX)).contains(&m.id)), "yyyymmddnn");
    }

    #[test]
    fn all_or_nothing() {
        let mut db = memory();
        migrate(&mut db, &[&GOOD]).expect("migrates");
        migrate(&mut db, &[&GOOD, &HARMLESS, &BAD]).expect_err("the third step fails");
        assert!(!db.table_exists(None, "b").expect("looks"), "the second step is undone with the third");
        let standing = Standing::of(&db, Path::new("x"), &[&GOOD, &HARMLESS]).expect("opens");
        assert_eq!((standing.version, standing.pending.len()), (1, 1));
    }

    #[test]
    fn a_second_run_finds_nothing_to_do() {
        let mut db = memory();
        migrate(&mut db, ALL).expect("migrates");
        let standing = Standing::of(&db, Path::new("x"), ALL).expect("opens");
        assert!(standing.pending.is_empty());
        assert_eq!(standing.version, ALL.last().expect("some").id);
    }

    #[test]
    fn refuses_a_newer_file_unless_its_steps_allow_older_programs() {
        let mut db = memory();
        migrate(&mut db, &[&GOOD, &HARMLESS]).expect("migrates");
        migrate(&mut db, &[&GOOD]).expect("the unknown step only added something");
        let error = migrate(&mut db, &[&HARMLESS]).expect_err("the unknown step changed something");
        assert!(matches!(error, OpenError::Newer { found: 2, known: 2, .. }), "{error}");
    }

    #[test]
    fn refuses_a_step_that_leaves_rows_pointing_nowhere() {
        let breaks = Migration {
            id: 4,
            older: Older::MayOpen,
            sql: "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p_id REFERENCES p (id));
                  INSERT INTO c VALUES (7);",
        };
        let mut db = memory();
        db.pragma_update(None, "foreign_keys", false).expect("off");
        migrate(&mut db, &[&breaks]).expect_err("refused");
        assert!(!db.table_exists(None, "c").expect("looks"));
    }
}
