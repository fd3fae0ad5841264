//! `traffic.db`: opened, created, or moved aside when it cannot be read. It is replaceable, unlike the catalog.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

/// Name of the file in the data folder.
pub(crate) const FILE: &str = "traffic.db";

/// Layout that this program writes; a file with another one is moved aside.
const LAYOUT: i64 = 2;

const SCHEMA: &str = "
    CREATE TABLE call_block (
        first_id INTEGER PRIMARY KEY,
        last_id INTEGER NOT NULL,
        from_us INTEGER NOT NULL,
        to_us INTEGER NOT NULL,
        ended_us INTEGER NOT NULL,
        calls INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        format INTEGER NOT NULL,
        heads BLOB NOT NULL,
        details BLOB NOT NULL
    );
    CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
";

const ROLLUP: &str = "
    CREATE TABLE rollup (
        minute INTEGER NOT NULL,
        api_id INTEGER NOT NULL,
        client_app_id INTEGER NOT NULL,
        status INTEGER NOT NULL,
        refused_by TEXT NOT NULL,
        would_refuse_by TEXT NOT NULL,
        calls INTEGER NOT NULL,
        sum_us INTEGER NOT NULL,
        max_us INTEGER NOT NULL,
        gateway_sum_us INTEGER NOT NULL,
        request_bytes INTEGER NOT NULL,
        response_bytes INTEGER NOT NULL,
        histogram BLOB NOT NULL,
        PRIMARY KEY (minute, api_id, client_app_id, status, refused_by, would_refuse_by)
    ) WITHOUT ROWID;
";

/// From the first layout, whose sums did not tell what policies in shadow would have refused.
const FROM_FIRST: [&str; 2] = [
    "ALTER TABLE rollup RENAME TO rollup_1;",
    "INSERT INTO rollup SELECT minute, api_id, client_app_id, status, refused_by, '', calls, sum_us, max_us,
        gateway_sum_us, request_bytes, response_bytes, histogram FROM rollup_1;
     DROP TABLE rollup_1;",
];

/// How long a connection waits for another one, such as a backup somebody makes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The write-ahead log is cut back to this many bytes after it grew.
const WAL_KEPT_BYTES: i64 = 16 << 20;

/// Why traffic cannot be opened or asked.
#[derive(Debug, thiserror::Error)]
pub enum TrafficError {
    /// The folder or file cannot be used at all.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database failed; its file may be damaged or the disk full.
    #[error("traffic.db failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// The writer is gone, because traffic was closed or the writer failed; nothing more is recorded.
    #[error("recording has ended")]
    Closed,
}

/// Opens the file for writing, new if need be. One that cannot be read, or that a newer program wrote, is kept under
/// another name, which a warning tells.
pub(crate) fn open(dir: &Path, now_us: i64) -> Result<Connection, TrafficError> {
    let path = dir.join(FILE);
    let file_error = |source| TrafficError::File { path: path.clone(), source };
    fs::create_dir_all(dir).map_err(file_error)?;
    match try_open(&path) {
        Ok(connection) => Ok(connection),
        Err(reason) if is_unreadable(&reason) => {
            let aside = set_aside(&path, now_us).map_err(file_error)?;
            tracing::warn!(%reason, kept_as = %aside.display(), "traffic.db cannot be read; a new one is begun");
            Ok(try_open(&path)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Opens the file for reading beside the writer.
pub(crate) fn open_reader(dir: &Path) -> Result<Connection, TrafficError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(dir.join(FILE), flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn try_open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES)?;
    let layout: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match layout {
        LAYOUT => {
            // Reads a page of every table's root, so that damage shows now and not at the first call.
            connection.query_row("SELECT count(*) FROM state", [], |_| Ok(()))?;
            connection.query_row("SELECT max(first_id) FROM call_block", [], |_| Ok(()))?;
            connection.query_row("SELECT max(minute) FROM rollup", [], |_| Ok(()))?;
        }
        0 => {
            let create = format!("BEGIN IMMEDIATE;{SCHEMA}{ROLLUP}PRAGMA user_version = {LAYOUT};COMMIT;");
            connection.execute_batch(&create)?;
        }
        1 => {
            let [aside, fill] = FROM_FIRST;
            let change =
                format!("BEGIN IMMEDIATE;{aside}{ROLLUP}{fill}PRAGMA user_version = {LAYOUT};COMMIT;");
            connection.execute_batch(&change)?;
        }
        other => return Err(other_layout(other)),
    }
    Ok(connection)
}

fn other_layout(layout: i64) -> rusqlite::Error {
    let failure = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB);
    rusqlite::Error::SqliteFailure(failure, Some(format!("it has layout {layout}, not {LAYOUT}")))
}

/// Whether another file would do better. A full disk or missing rights would hit a new file too.
fn is_unreadable(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, TypeMismatch, Unknown};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase | TypeMismatch | Unknown) | None)
}

/// Renames the file, and its log, out of the way.
fn set_aside(path: &Path, now_us: i64) -> io::Result<PathBuf> {
    let name = |tries: u32| {
        let date = date_of(now_us);
        let suffix = if tries == 0 { String::new() } else { format!("-{tries}") };
        path.with_file_name(format!("traffic-unreadable-{date}{suffix}.db"))
    };
    let aside = (0..).map(name).find(|name| !name.exists()).unwrap_or_else(|| name(0));
    fs::rename(path, &aside)?;
    for log in ["-wal", "-shm"] {
        let with_log = |path: &Path| PathBuf::from(format!("{}{log}", path.display()));
        if with_log(path).exists() {
            fs::rename(with_log(path), with_log(&aside))?;
        }
    }
    Ok(aside)
}

/// The day of a time, as `2026-11-23` (UTC), by Howard Hinnant's `civil_from_days`.
fn date_of(now_us: i64) -> String {
    let days = now_us.div_euclid(86_400_000_000) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A number that is remembered between starts; none when it was never set.
pub(crate) fn state(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT value FROM state WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

/// Remembers a number.
pub(crate) fn set_state(connection: &Connection, name: &str, value: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT OR REPLACE INTO state VALUES (?1, ?2)")?.execute((name, value))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON_2026_11_23: i64 = 1_795_435_200_000_000;

    #[test]
    fn days_are_named_by_the_calendar() {
        assert_eq!(date_of(0), "1970-01-01");
        assert_eq!(date_of(951_782_400_000_000), "2000-02-29");
        assert_eq!(date_of(NOON_2026_11_23), "2026-11-23");
    }

    #[test]
    fn an_unreadable_file_is_moved_aside_and_a_new_one_begun() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["traffic-unreadable-2026-11-23.db", "traffic-unreadable-2026-11-23-1.db"] {
            fs::write(dir.path().join(FILE), b"this is no database, whatever its name says").unwrap();
            let connection = open(dir.path(), NOON_2026_11_23).unwrap();
            assert_eq!(state(&connection, "next_id").unwrap(), None);
            assert!(dir.path().join(name).exists(), "{name}");
        }
    }

    #[test]
    fn a_file_of_a_newer_program_is_moved_aside() {
        let dir = tempfile::tempdir().unwrap();
        let newer = Connection::open(dir.path().join(FILE)).unwrap();
        newer.pragma_update(None, "user_version", LAYOUT + 1).unwrap();
        drop(newer);
        open(dir.path(), NOON_2026_11_23).unwrap();
        let aside = Connection::open(dir.path().join("traffic-unreadable-2026-11-23.db")).unwrap();
        let layout: i64 = aside.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(layout, LAYOUT + 1);
    }

    #[test]
    fn sums_of_the_first_layout_are_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let old = Connection::open(dir.path().join(FILE)).unwrap();
        let rollup = ROLLUP.replace("would_refuse_by TEXT NOT NULL,", "").replace(", would_refuse_by", "");
        old.execute_batch(&format!("{SCHEMA}{rollup}PRAGMA user_version = 1;")).unwrap();
        let row = "INSERT INTO rollup VALUES (5, 1, 2, 429, 'rate-limiting', 7, 1, 1, 1, 0, 0, x'')";
        old.execute(row, []).unwrap();
        drop(old);
        let new = open(dir.path(), NOON_2026_11_23).unwrap();
        let sql = "SELECT refused_by, would_refuse_by, calls FROM rollup";
        let found = new.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        assert_eq!(found.unwrap(), ("rate-limiting".to_owned(), String::new(), 7));
        assert!(new.table_exists(None, "rollup_1").is_ok_and(|there| !there));
        drop(new);
        open(dir.path(), NOON_2026_11_23).unwrap();
        assert!(!dir.path().join("traffic-unreadable-2026-11-23.db").exists());
    }

    #[test]
    fn a_file_that_can_be_read_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        set_state(&open(dir.path(), 0).unwrap(), "next_id", 7).unwrap();
        assert_eq!(state(&open(dir.path(), 0).unwrap(), "next_id").unwrap(), Some(7));
    }
}
