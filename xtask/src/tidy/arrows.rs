//! Crates point one way, and each kind of library is known to few of them.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};

use super::Breach;
use super::walk::sources;

/// Each crate below `src-tauri`, and the crates of ours it may name.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("openapi", &["model"]),
    ("gateway", &["model"]),
    ("policies", &["model", "openapi", "gateway"]),
    ("store", &["model"]),
    ("traffic", &["model"]),
    ("control", &["model", "openapi", "gateway", "policies", "store", "traffic"]),
];

/// Libraries (by the beginning of their name) that only some crates may know. `app` is the root package.
const KEPT_TO: &[(&str, &[&str])] = &[
    ("tauri", &["app"]),
    ("rusqlite", &["store", "traffic"]),
    ("axum", &["control", "app"]),
    ("utoipa-axum", &["control", "app"]),
    ("hyper", &["gateway", "control", "app"]),
];

/// What a crate's own Cargo.toml names. Test-only dependencies may point anywhere.
pub fn check(root: &Path) -> Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    for manifest in sources(root, "src-tauri", &["Cargo.toml"])? {
        let Some(name) = manifest.path.split('/').nth(1) else { continue };
        let named = dependencies(&manifest.text).with_context(|| manifest.path.clone())?;
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == name) else {
            let message =
                "is a crate without a place in the arrows: add it to xtask/src/tidy/arrows.rs".to_owned();
            breaches.push(Breach { file: manifest.path, message });
            continue;
        };
        for crate_of_ours in named.iter().filter_map(|dependency| dependency.strip_prefix("gatepost-")) {
            if !allowed.contains(&crate_of_ours) {
                let message = format!("{name} may not depend on {crate_of_ours}: crates point one way");
                breaches.push(Breach { file: manifest.path.clone(), message });
            }
        }
        breaches.extend(kept(&manifest.path, name, &named));
    }
    let root_manifest = root.join("Cargo.toml");
    if root_manifest.is_file() {
        let named = dependencies(&std::fs::read_to_string(root_manifest)?).context("Cargo.toml")?;
        breaches.extend(kept("Cargo.toml", "app", &named));
    }
    Ok(breaches)
}

fn kept(file: &str, name: &str, named: &BTreeSet<String>) -> Vec<Breach> {
    let is = |dependency: &str, library: &str| {
        dependency.strip_prefix(library).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let breach = |library: &str, knowing: &[&str]| Breach {
        file: file.to_owned(),
        message: format!("{name} may not know {library}: only {} may", knowing.join(", ")),
    };
    KEPT_TO
        .iter()
        .filter(|(library, knowing)| {
            !knowing.contains(&name) && named.iter().any(|dependency| is(dependency, library))
        })
        .map(|(library, knowing)| breach(library, knowing))
        .collect()
}

/// The names under every `[dependencies]` and `[build-dependencies]`, those for one platform included.
fn dependencies(manifest: &str) -> Result<BTreeSet<String>> {
    let manifest: toml::Table = toml::from_str(manifest)?;
    let platforms =
        manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
    let places = platforms.filter_map(toml::Value::as_table).chain([&manifest]);
    let tables =
        places.flat_map(|place| ["dependencies", "build-dependencies"].map(|section| place.get(section)));
    Ok(tables.flatten().filter_map(toml::Value::as_table).flat_map(|table| table.keys().cloned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fixture::project;

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        let folder = project(files);
        check(folder.path()).unwrap().into_iter().map(|breach| breach.message).collect()
    }

    #[test]
    fn arrows_that_point_down_are_right() {
        let manifest = "[dependencies]\ngatepost-model.workspace = true\n[dev-dependencies]\ngatepost-policies.workspace = true";
        assert!(messages(&[("src-tauri/gateway/Cargo.toml", manifest)]).is_empty());
    }

    #[test]
    fn an_arrow_that_points_up_is_named() {
        let manifest = "[target.'cfg(unix)'.dependencies]\ngatepost-control = { path = \"../control\" }";
        assert_eq!(
            messages(&[("src-tauri/store/Cargo.toml", manifest)]),
            ["store may not depend on control: crates point one way"]
        );
    }

    #[test]
    fn only_the_app_knows_tauri() {
        let control = ("src-tauri/control/Cargo.toml", "[build-dependencies]\ntauri-build = \"2\"");
        let app = ("Cargo.toml", "[dependencies]\ntauri = \"2\"");
        assert_eq!(messages(&[control, app]), ["control may not know tauri: only app may"]);
    }

    #[test]
    fn the_gateway_knows_no_database() {
        let gateway =
            ("src-tauri/gateway/Cargo.toml", "[dependencies]\nrusqlite.workspace = true\nhyper-util = \"1\"");
        assert_eq!(messages(&[gateway]), ["gateway may not know rusqlite: only store, traffic may"]);
    }

    #[test]
    fn a_new_crate_needs_a_place() {
        assert_eq!(messages(&[("src-tauri/attic/Cargo.toml", "")]).len(), 1);
    }
}
