//! One connection to `gatepost.db`, set up so that what it acknowledges stays.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// How long to wait for somebody who looks into the file with another tool.
const BUSY: Duration = Duration::from_secs(5);

/// Opens `path`. Foreign keys are still off, as a migration needs them: see [`enforce_foreign_keys`].
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    // SQLite's own mutex is not needed: the store has one around the connection.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // With WAL, NORMAL would lose the newest saves when the power fails. `fullfsync` is macOS's word for a real one.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    Ok(connection)
}

/// From here on no row may point to one that does not exist.
pub(crate) fn enforce_foreign_keys(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "foreign_keys", true)
}
