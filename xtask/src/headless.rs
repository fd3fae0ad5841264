//! The program without a window needs neither GTK nor WebKit: not to compile, not to link, not to start.

use anyhow::{Result, bail};

use crate::{project, step};

/// Crates (by their beginning) that bind the desktop's libraries.
const BINDINGS: &[&str] = &["gtk", "gdk", "webkit2gtk", "javascriptcore", "soup3", "tauri", "wry", "tao "];
/// Shared libraries (by their beginning) of the desktop.
const LIBRARIES: &[&str] = &["libgtk", "libgdk", "libwebkit", "libjavascriptcore", "libsoup"];

/// Builds it, and looks at what went in and what came out.
pub fn check() -> Result<()> {
    project::cargo("Build without a window")
        .args(["build", "--no-default-features", "--bin", "gatepost"])
        .dir(&project::root())
        .run()?;
    let binary = project::gatepost("debug")?;

    let crates = project::cargo("List the crates of the build without a window")
        .args([
            "tree",
            "--no-default-features",
            "--package",
            "gatepost",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ])
        .dir(&project::root())
        .output()?;
    refuse("compiles", crates.lines(), BINDINGS)?;

    // Other systems bring their web view and link it differently; the crates above tell for them.
    if cfg!(target_os = "linux") {
        let dynamic = step::Step::new("List the libraries that it needs", "readelf")
            .arg("--dynamic")
            .arg(binary)
            .fix("readelf comes with binutils.")
            .output()?;
        refuse("links", needed(&dynamic), LIBRARIES)?;
    }
    Ok(())
}

/// The libraries an ELF file asks for: `(NEEDED) Shared library: [libc.so.6]`.
fn needed(dynamic: &str) -> impl Iterator<Item = &str> {
    dynamic.lines().filter(|line| line.contains("(NEEDED)")).filter_map(|line| line.split(['[', ']']).nth(1))
}

fn refuse<'a>(does: &str, names: impl Iterator<Item = &'a str>, unwanted: &[&str]) -> Result<()> {
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        bail!("cannot tell what the build without a window {does}: nothing was listed");
    }
    match names.iter().find(|name| unwanted.iter().any(|start| name.starts_with(start))) {
        Some(name) => bail!("the build without a window {does} {name}: it must need nothing of the desktop"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_an_elf_file_needs() {
        let dynamic = " 0x1 (NEEDED)  Shared library: [libgcc_s.so.1]\n 0x1 (NEEDED) Shared library: [libc.so.6]\n 0xc (INIT) 0x1000";
        assert_eq!(needed(dynamic).collect::<Vec<_>>(), ["libgcc_s.so.1", "libc.so.6"]);
    }

    #[test]
    fn refuses_the_desktop_and_an_empty_list() {
        assert!(refuse("links", ["libc.so.6"].into_iter(), LIBRARIES).is_ok());
        assert!(refuse("links", ["libc.so.6", "libwebkit2gtk-4.1.so.0"].into_iter(), LIBRARIES).is_err());
        assert!(refuse("links", [].into_iter(), LIBRARIES).is_err());
        assert!(refuse("compiles", ["tao v0.37.2"].into_iter(), BINDINGS).is_err());
    }
}
