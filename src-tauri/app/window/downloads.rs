//! Files that the page hands over to be kept. WebKit's own downloads tell nobody where the file went, and what they do
//! differs from system to system.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Most names that are tried beside one that is taken.
const MOST_NAMES: usize = 1_000;

/// Where files go: the folder for downloads, or that of the user where there is none.
pub fn folder() -> io::Result<PathBuf> {
    let downloads = dirs::download_dir().filter(|folder| folder.is_dir());
    downloads
        .or_else(dirs::home_dir)
        .ok_or_else(|| io::Error::new(ErrorKind::NotFound, "there is no home folder"))
}

/// Keeps `text` as a new file in `folder`, and gives its path. A name that is taken gets a number: `a (1).crt`.
pub fn keep(folder: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    let name =
        Path::new(name).file_name().filter(|plain| *plain == name && !name.contains(['/', '\\', '\0']));
    let name = name.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "that is no name of a file"))?;
    let name = Path::new(name);
    let stem = name.file_stem().unwrap_or_default().to_string_lossy();
    let ending = name.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    for number in 0..MOST_NAMES {
        let path = folder.join(match number {
            0 => format!("{stem}{ending}"),
            _ => format!("{stem} ({number}){ending}"),
        });
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => return file.write_all(text.as_bytes()).map(|()| path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, "there are too many files of that name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_overwrites_a_file() {
        let home = tempfile::tempdir().expect("tempdir");
        let first = keep(home.path(), "ca.crt", "one").expect("kept");
        let second = keep(home.path(), "ca.crt", "two").expect("kept");
        assert_eq!(
            (first.file_name(), second.file_name()),
            (Some("ca.crt".as_ref()), Some("ca (1).crt".as_ref()))
        );
        assert_eq!(std::fs::read_to_string(first).expect("there"), "one");
        assert_eq!(std::fs::read_to_string(second).expect("there"), "two");
    }

    #[test]
    fn stays_in_its_folder() {
        let home = tempfile::tempdir().expect("tempdir");
        for name in ["", ".", "..", "../a", "a/b", "/etc/a", "a\\b", "a\0b"] {
            assert!(keep(home.path(), name, "x").is_err(), "{name}");
        }
        assert_eq!(std::fs::read_dir(home.path()).expect("there").count(), 0);
    }
}
