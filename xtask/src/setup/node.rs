//! Node packages from their locks, and the console built from its sources; both only when something changed.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::project;
use crate::step::Step;

/// The oldest Node that Vite 8 runs on.
const OLDEST_NODE: (u32, u32) = (20, 19);

/// What the console is built from, below `ui`.
const UI_SOURCES: &[&str] =
    &["src", "public", "index.html", "package-lock.json", "tsconfig.json", "vite.config.ts"];

/// Runs `npm ci` in a folder unless what is installed came from the very lock that lies there.
pub fn install(folder: &Path) -> Result<()> {
    check_node()?;
    let lock = fs::read(folder.join("package-lock.json"))
        .with_context(|| format!("{} has no package-lock.json", folder.display()))?;
    let stamp = folder.join("node_modules/.installed-from-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    project::npm(&format!("Install the Node packages of {name}/"), folder)
        .args(["ci", "--no-audit", "--no-fund"])
        .fix("Is the npm registry reachable? `npm config get registry` says which one is asked.")
        .run()?;
    fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))
}

fn check_node() -> Result<()> {
    let advice =
        format!("Install Node {}.{} or newer, with npm: https://nodejs.org", OLDEST_NODE.0, OLDEST_NODE.1);
    if project::program(&["npm"]).is_none() {
        bail!("npm is missing. {advice}");
    }
    let said = Step::new("Ask node for its version", "node").arg("--version").fix(advice.clone()).output()?;
    match parse_version(&said) {
        Some(version) if version >= OLDEST_NODE => Ok(()),
        _ => bail!("node is {}, which is too old. {advice}", said.trim()),
    }
}

fn parse_version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Builds the console into `ui/dist`, unless that is newer than everything it is made of.
pub fn ui_build() -> Result<()> {
    let ui = project::ui();
    if let Some(built) = modified(&ui.join("dist/index.html"))
        && UI_SOURCES.iter().filter_map(|source| newest(&ui.join(source))).all(|source| source <= built)
    {
        return Ok(());
    }
    project::npm("Build the console", &ui).args(["run", "build"]).run()
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// When the youngest file of a folder was last written; of a file, when that was.
fn newest(path: &Path) -> Option<SystemTime> {
    let below =
        fs::read_dir(path).into_iter().flatten().flatten().filter_map(|entry| newest(&entry.path())).max();
    // A folder's own time counts too: it changes when a file in it is removed.
    below.max(modified(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_nodes_version() {
        assert_eq!(parse_version("v20.20.2\n"), Some((20, 20)));
        assert_eq!(parse_version("20.20.2"), None);
    }

    #[test]
    fn the_newest_file_is_found_at_any_depth() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        let file = deep.join("c.ts");
        fs::write(&file, "x").unwrap();
        let later = SystemTime::now() + std::time::Duration::from_secs(60);
        fs::File::options().write(true).open(&file).unwrap().set_modified(later).unwrap();
        assert_eq!(newest(folder.path()), modified(&file));
        assert_eq!(newest(&folder.path().join("nothing")), None);
    }
}
