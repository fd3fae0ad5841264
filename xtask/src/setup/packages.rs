//! System packages: found by what they bring, installed by apt on Debian and Ubuntu, named exactly elsewhere.

use std::path::Path;

use anyhow::{Result, bail};

use crate::project::program;
use crate::step::Step;

/// What a command is going to do, and therefore needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Compile and open the window.
    Window,
    /// Drive Chromium.
    Browser,
    /// Drive the window on a display of its own.
    WindowTests,
    /// Test the built program.
    Journeys,
    /// Test with programs of other makers.
    TestPeers,
    /// Measure beside nginx.
    Bench,
    /// Measure beside every other peer too.
    Peers,
}

/// How to see that a package is there, whatever the distribution calls it.
enum Sign {
    Program(&'static [&'static str]),
    PkgConfig(&'static str),
    File(&'static str),
    /// A module of Python 3.
    Python(&'static str),
}

/// A package: its sign, and its name per distribution. Fedora's dnf installs by path where names have moved.
struct Package {
    need: Need,
    sign: Sign,
    debian: &'static str,
    fedora: &'static str,
    arch: &'static str,
}

/// The names Chromium and its kin go by.
const CHROMIUM: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

#[rustfmt::skip]
const PACKAGES: &[Package] = &[
    Package { need: Need::Window, sign: Sign::Program(&["cc"]), debian: "build-essential", fedora: "gcc", arch: "base-devel" },
    Package { need: Need::Window, sign: Sign::Program(&["pkg-config"]), debian: "pkg-config", fedora: "pkgconf-pkg-config", arch: "pkgconf" },
    Package { need: Need::Window, sign: Sign::PkgConfig("webkit2gtk-4.1"), debian: "libwebkit2gtk-4.1-dev", fedora: "webkit2gtk4.1-devel", arch: "webkit2gtk-4.1" },
    Package { need: Need::Browser, sign: Sign::Program(CHROMIUM), debian: "chromium", fedora: "chromium", arch: "chromium" },
    Package { need: Need::Browser, sign: Sign::File("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"), debian: "fonts-dejavu-core", fedora: "dejavu-sans-fonts", arch: "ttf-dejavu" },
    Package { need: Need::WindowTests, sign: Sign::Program(&["WebKitWebDriver"]), debian: "webkit2gtk-driver", fedora: "/usr/bin/WebKitWebDriver", arch: "webkit2gtk-4.1" },
    Package { need: Need::WindowTests, sign: Sign::Program(&["xvfb-run"]), debian: "xvfb", fedora: "xorg-x11-server-Xvfb", arch: "xorg-server-xvfb" },
    Package { need: Need::WindowTests, sign: Sign::Program(&["xauth"]), debian: "xauth", fedora: "xorg-x11-xauth", arch: "xorg-xauth" },
    Package { need: Need::WindowTests, sign: Sign::Program(&["dbus-run-session"]), debian: "dbus-daemon", fedora: "dbus-daemon", arch: "dbus" },
    Package { need: Need::Journeys, sign: Sign::Program(&["curl"]), debian: "curl", fedora: "curl", arch: "curl" },
    Package { need: Need::TestPeers, sign: Sign::Program(&["h2load"]), debian: "nghttp2-client", fedora: "nghttp2", arch: "nghttp2" },
    Package { need: Need::TestPeers, sign: Sign::Program(&["openssl"]), debian: "openssl", fedora: "openssl", arch: "openssl" },
    Package { need: Need::TestPeers, sign: Sign::File("/usr/sbin/slapd"), debian: "slapd", fedora: "openldap-servers", arch: "openldap" },
    Package { need: Need::TestPeers, sign: Sign::Python("ensurepip"), debian: "python3-venv", fedora: "python3", arch: "python" },
    Package { need: Need::Bench, sign: Sign::Program(&["nginx"]), debian: "nginx-light", fedora: "nginx", arch: "nginx" },
    Package { need: Need::Bench, sign: Sign::Program(&["wrk"]), debian: "wrk", fedora: "wrk", arch: "wrk" },
    Package { need: Need::Bench, sign: Sign::Program(&["h2load"]), debian: "nghttp2-client", fedora: "nghttp2", arch: "nghttp2" },
    Package { need: Need::Peers, sign: Sign::Program(&["haproxy"]), debian: "haproxy", fedora: "haproxy", arch: "haproxy" },
    Package { need: Need::Peers, sign: Sign::Program(&["python3"]), debian: "python3-venv", fedora: "python3", arch: "python" },
];

/// Installs the missing packages for some needs, or fails naming exactly what to install.
pub fn install(needs: &[Need]) -> Result<()> {
    if !cfg!(target_os = "linux") {
        return check_elsewhere(needs);
    }
    let missing: Vec<_> =
        PACKAGES.iter().filter(|package| needs.contains(&package.need) && !is_there(&package.sign)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    match Family::of(&std::fs::read_to_string("/etc/os-release").unwrap_or_default()) {
        Family::Debian => apt(&missing.iter().map(|package| package.debian).collect::<Vec<_>>()),
        Family::Fedora => {
            bail!("missing packages. Install them: sudo dnf install {}", names(&missing, |p| p.fedora))
        }
        Family::Arch => {
            bail!("missing packages. Install them: sudo pacman -S {}", names(&missing, |p| p.arch))
        }
        Family::Other => bail!("missing packages, by their Debian names: {}", names(&missing, |p| p.debian)),
    }
}

fn names(packages: &[&Package], name: fn(&Package) -> &'static str) -> String {
    packages.iter().map(|package| name(package)).collect::<Vec<_>>().join(" ")
}

fn is_there(sign: &Sign) -> bool {
    match sign {
        Sign::Program(names) => program(names).is_some(),
        Sign::File(path) => Path::new(path).exists(),
        Sign::PkgConfig(name) => {
            Step::new("Ask pkg-config", "pkg-config").args(["--exists", name]).output().is_ok()
        }
        Sign::Python(module) => {
            Step::new("Ask Python", "python3").args(["-c", &format!("import {module}")]).output().is_ok()
        }
    }
}

/// The distributions whose package names we know.
#[derive(Debug, PartialEq, Eq)]
enum Family {
    Debian,
    Fedora,
    Arch,
    Other,
}

impl Family {
    /// Reads `ID` and `ID_LIKE` of os-release(5).
    fn of(os_release: &str) -> Self {
        let value = |key: &str| {
            let line = os_release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_default().trim_matches('"').to_owned()
        };
        let ids = format!("{} {}", value("ID"), value("ID_LIKE"));
        let is = |names: &[&str]| ids.split_whitespace().any(|id| names.contains(&id));
        match () {
            () if is(&["debian", "ubuntu"]) => Self::Debian,
            () if is(&["fedora", "rhel"]) => Self::Fedora,
            () if is(&["arch"]) => Self::Arch,
            () => Self::Other,
        }
    }
}

fn apt(packages: &[&str]) -> Result<()> {
    let by_hand =
        format!("Install them by hand: sudo apt-get install --no-install-recommends {}", packages.join(" "));
    println!("Missing system packages: {}. apt-get installs them now.", packages.join(", "));
    let as_root = |what: &str| -> Result<Step> {
        let step = if is_root() {
            Step::new(what, "env")
        } else if program(&["sudo"]).is_some() {
            println!("This asks for your password, because installing needs root.");
            Step::new(what, "sudo").arg("env")
        } else {
            bail!("missing packages, and neither root nor sudo to install them. {by_hand}")
        };
        Ok(step.arg("DEBIAN_FRONTEND=noninteractive").foreground().fix(by_hand.clone()))
    };
    as_root("Ask apt for its newest lists")?.args(["apt-get", "update", "-q"]).run()?;
    as_root("Install system packages")?
        .args(["apt-get", "install", "-y", "-q", "--no-install-recommends"])
        .args(packages)
        .run()
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// macOS and Windows bring their web view; what else is needed is named, not installed.
fn check_elsewhere(needs: &[Need]) -> Result<()> {
    if cfg!(target_os = "macos") && program(&["cc"]).is_none() {
        bail!("Apple's command line tools are missing. Install them: xcode-select --install");
    }
    if needs.contains(&Need::Window) && cfg!(windows) {
        println!(
            "The window needs WebView2, which Windows 11 brings; for Windows 10 it is at https://aka.ms/webview2."
        );
    }
    if needs.contains(&Need::Bench) {
        bail!("cargo xtask bench reads process times from /proc and runs on Linux only");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_families() {
        assert_eq!(Family::of("ID=debian\nVERSION_ID=\"12\""), Family::Debian);
        assert_eq!(
            Family::of("NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\""),
            Family::Debian
        );
        assert_eq!(Family::of("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\""), Family::Fedora);
        assert_eq!(Family::of("ID=arch"), Family::Arch);
        assert_eq!(Family::of(""), Family::Other);
    }

    #[test]
    fn a_sign_is_seen_or_not() {
        assert!(is_there(&Sign::Program(&["cargo"])));
        assert!(!is_there(&Sign::File("/no/such/file")));
        assert!(!is_there(&Sign::PkgConfig("no-such-library-anywhere")));
    }

    #[test]
    fn every_need_has_packages() {
        for need in
            [Need::Window, Need::Browser, Need::WindowTests, Need::TestPeers, Need::Bench, Need::Peers]
        {
            assert!(PACKAGES.iter().any(|package| package.need == need), "{need:?}");
        }
    }
}
