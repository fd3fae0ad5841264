//! What was saved, and when. A change's number is that of the Plan it put in force.

use rusqlite::{Connection, Row};

use crate::error::{StoreError, unreadable};
use crate::migration::{Migration, Older};

pub(crate) const CREATE: Migration = Migration {
    id: 2026112306,
    older: Older::MustRefuse,
    sql: "
    CREATE TABLE change (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms  INTEGER NOT NULL,
        what   TEXT NOT NULL
    ) STRICT;
",
};

/// How many changes are remembered; older ones make room.
const KEPT: i64 = 10_000;

/// One save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Number of the Plan that it put in force; ascending, from 1.
    pub number: u64,
    /// Epoch milliseconds.
    pub at_ms: i64,
    /// In words, such as `Added Posts API v1`.
    pub what: String,
}

/// Notes a change and gives its number.
pub(crate) fn insert(connection: &Connection, what: &str, now_ms: i64) -> Result<u64, StoreError> {
    connection.prepare_cached("INSERT INTO change (at_ms, what) VALUES (?1, ?2)")?.execute((now_ms, what))?;
    let number = connection.last_insert_rowid();
    connection.prepare_cached("DELETE FROM change WHERE number <= ?1")?.execute([number - KEPT])?;
    u64::try_from(number).map_err(unreadable("change", "number"))
}

/// The newest `limit` changes, newest first.
pub(crate) fn newest(connection: &Connection, limit: u32) -> Result<Vec<Change>, StoreError> {
    super::all(connection, "SELECT * FROM change ORDER BY number DESC LIMIT ?1", [limit], from_row)
}

fn from_row(row: &Row<'_>) -> Result<Change, StoreError> {
    let number: i64 = row.get("number")?;
    Ok(Change {
        number: u64::try_from(number).map_err(unreadable("change", "number"))?,
        at_ms: row.get("at_ms")?,
        what: row.get("what")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_changes_make_room_for_new_ones() {
        let db = Connection::open_in_memory().expect("opens");
        db.execute_batch(CREATE.sql).expect("created");
        db.execute_batch("INSERT INTO change VALUES (1, 0, 'gone'), (2, 0, 'kept'), (10000, 0, 'kept')")
            .expect("written");
        assert_eq!(insert(&db, "new", 7).expect("noted"), 10_001);
        let numbers: Vec<u64> = newest(&db, 100).expect("reads").iter().map(|change| change.number).collect();
        assert_eq!(numbers, [10_001, 10_000, 2]);
    }
}
