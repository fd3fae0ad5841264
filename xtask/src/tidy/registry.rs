//! Every policy's file is in the registry, and the registry names no file that is not there.

use std::path::Path;

use anyhow::Result;

use super::Breach;
use super::walk::sources;

const FOLDER: &str = "src-tauri/policies/src/";
const REGISTRY: &str = "src-tauri/policies/src/lib.rs";

/// A file `x.rs` beside the registry must appear in its list as `x::`. Folders, files of tests, and modules that the
/// registry shows to other crates are free.
pub fn check(root: &Path) -> Result<Vec<Breach>> {
    let all = sources(root, FOLDER, &[".rs"])?;
    let Some(registry) = all.iter().find(|source| source.path == REGISTRY) else { return Ok(Vec::new()) };
    let Some(listed) = listed(&registry.text) else {
        let message = "has no `listed! {` with every policy".to_owned();
        return Ok(vec![Breach { file: REGISTRY.to_owned(), message }]);
    };
    let breaches = all.iter().filter_map(|source| {
        let module = source.path.strip_prefix(FOLDER)?.strip_suffix(".rs")?;
        let is_policy = !module.contains('/')
            && module != "lib"
            && !is_for_tests(&registry.text, module)
            && !registry.text.contains(&format!("\npub mod {module};"));
        let message = format!("is not listed: add `{module}::` to the registry in {REGISTRY}");
        (is_policy && !listed.contains(&format!("{module}::")))
            .then(|| Breach { file: source.path.clone(), message })
    });
    Ok(breaches.collect())
}

/// The text of the list, from its beginning to its end.
fn listed(registry: &str) -> Option<&str> {
    let from = registry.find("\nlisted! {")?;
    let list = &registry[from..];
    Some(&list[..list.find("\n}").unwrap_or(list.len())])
}

/// Whether the registry declares the module for tests alone.
fn is_for_tests(registry: &str, module: &str) -> bool {
    let declaration = format!("mod {module};");
    let mut lines = registry
        .lines()
        .map(str::trim)
        .scan("", |before, line| Some((std::mem::replace(before, line), line)));
    lines.any(|(before, line)| line == declaration && before == "#[cfg(test)]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fixture::project;

    const LIB: &str =
        "mod a;\nmod b;\npub mod c;\n#[cfg(test)]\nmod trial;\nlisted! {\n    a::A,\n}\n// b::B\n";

    #[test]
    fn a_policy_outside_the_registry_is_named() {
        let folder = project(&[
            ("src-tauri/policies/src/lib.rs", LIB),
            ("src-tauri/policies/src/a.rs", ""),
            ("src-tauri/policies/src/b.rs", ""),
            ("src-tauri/policies/src/c.rs", ""),
            ("src-tauri/policies/src/trial.rs", ""),
            ("src-tauri/policies/src/a/window.rs", ""),
        ]);
        let files: Vec<_> = check(folder.path()).unwrap().into_iter().map(|breach| breach.file).collect();
        assert_eq!(files, ["src-tauri/policies/src/b.rs"]);
    }

    #[test]
    fn a_missing_registry_is_named() {
        let folder = project(&[("src-tauri/policies/src/lib.rs", "mod a;")]);
        assert_eq!(check(folder.path()).unwrap().len(), 1);
    }
}
