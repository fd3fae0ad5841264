//! A copy of the catalog before it is migrated, in `backups/` beside it; the newest few are kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::error::OpenError;
use crate::folder;

/// How many copies are kept.
const KEPT: usize = 5;

/// Copies the open database to `<dir>/backups/gatepost-<version>-<date and time, UTC>.db` and drops the oldest copies.
pub(crate) fn copy(
    connection: &Connection,
    dir: &Path,
    version: i64,
    now_ms: i64,
) -> Result<PathBuf, OpenError> {
    let backups = dir.join("backups");
    folder::create(&backups).map_err(OpenError::folder(&backups))?;
    let date: String = connection
        .query_row("SELECT strftime('%Y-%m-%d-%H%M%S', ?1 / 1000, 'unixepoch')", [now_ms], |row| row.get(0))
        .map_err(OpenError::database(&backups))?;
    let path = backups.join(format!("gatepost-{version}-{date}.db"));
    let unfinished = path.with_extension("unfinished");
    remove_if_there(&unfinished).map_err(OpenError::folder(&unfinished))?;
    // SQLite fills an empty file, so the copy is as private as the file made here.
    folder::touch(&unfinished).map_err(OpenError::folder(&unfinished))?;
    connection
        .execute("VACUUM INTO ?1", [unfinished.to_string_lossy()])
        .map_err(|source| OpenError::Backup { path: path.clone(), source })?;
    folder::finish(&unfinished, &path).map_err(OpenError::folder(&path))?;
    drop_oldest(&backups).map_err(OpenError::folder(&backups))?;
    Ok(path)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn drop_oldest(backups: &Path) -> io::Result<()> {
    let mut copies = Vec::new();
    for entry in fs::read_dir(backups)? {
        let name = entry?.file_name();
        if let Some(date) = name.to_str().and_then(date_of) {
            copies.push((date.to_owned(), backups.join(&name)));
        }
    }
    copies.sort();
    let surplus = copies.len().saturating_sub(KEPT);
    copies[..surplus].iter().try_for_each(|(_, path)| fs::remove_file(path))
}

/// `2026-11-23-101500` of `gatepost-2026112301-2026-11-23-101500.db`; nothing for a file that is not such a copy.
fn date_of(name: &str) -> Option<&str> {
    let (_, date) = name.strip_prefix("gatepost-")?.strip_suffix(".db")?.split_once('-')?;
    Some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_copies_and_what_is_not_one() {
        let home = tempfile::tempdir().expect("tempdir");
        let db = Connection::open_in_memory().expect("opens");
        fs::create_dir(home.path().join("backups")).expect("made");
        fs::write(home.path().join("backups/notes.txt"), "mine").expect("written");
        // Version 9 is the oldest, though its name sorts last.
        for (hour, version) in (0..).zip([9, 10, 11, 12, 13, 14, 15]) {
            copy(&db, home.path(), version, hour * 3_600_000).expect("copied");
        }
        let mut names: Vec<_> = fs::read_dir(home.path().join("backups"))
            .expect("listed")
            .map(|entry| entry.expect("entry").file_name().into_string().expect("text"))
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "gatepost-11-1970-01-01-020000.db",
                "gatepost-12-1970-01-01-030000.db",
                "gatepost-13-1970-01-01-040000.db",
                "gatepost-14-1970-01-01-050000.db",
                "gatepost-15-1970-01-01-060000.db",
                "notes.txt"
            ]
        );
    }
}
