//! The data folder: made for its owner alone, used by one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;

use crate::error::OpenError;

/// The file whose lock says that a process uses the folder.
const LOCK: &str = "gatepost.lock";

/// Makes `dir`, and what is missing above it, readable by its owner alone. An existing folder keeps its permissions.
pub(crate) fn create(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Locks `dir` for this process. The lock ends with the returned file, or with the process, however it ends.
pub(crate) fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join(LOCK);
    let file = private().create(true).truncate(false).open(&path).map_err(OpenError::folder(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(OpenError::Folder { path, source }),
    }
}

/// Makes an empty file for its owner alone where there is none. SQLite gives the files beside it the same permissions.
pub(crate) fn touch(path: &Path) -> io::Result<()> {
    private().create(true).truncate(false).open(path).map(drop)
}

/// Writes a new file whole or not at all, for its owner alone, and on the disk when this returns.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = private().create(true).truncate(true).open(&unfinished)?;
    file.write_all(bytes)?;
    drop(file);
    finish(&unfinished, path)
}

/// Brings `unfinished` to the disk and gives it its name.
pub(crate) fn finish(unfinished: &Path, path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(unfinished)?.sync_all()?;
    fs::rename(unfinished, path)?;
    match path.parent() {
        Some(dir) => sync_folder(dir),
        None => Ok(()),
    }
}

/// A name is on the disk only once its folder is.
#[cfg(unix)]
fn sync_folder(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Windows has no such call, and writes names through.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Writes files that only their owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_what_is_in_it() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().expect("tempdir");
        let dir = home.path().join("a/b");
        create(&dir).expect("created");
        write_whole(&dir.join("k"), b"x").expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("exists").permissions().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&dir.join("k"))), (0o700, 0o600));
    }

    #[test]
    fn leaves_nothing_unfinished() {
        let home = tempfile::tempdir().expect("tempdir");
        write_whole(&home.path().join("k"), b"x").expect("written");
        let names: Vec<_> =
            fs::read_dir(home.path()).expect("listed").map(|e| e.expect("entry").file_name()).collect();
        assert_eq!(names, ["k"]);
    }
}
