//! The console's tiers: what all screens share knows no screen.

use std::path::Path;

use anyhow::Result;

use super::Breach;
use super::walk::sources;

/// Tiers that no screen belongs to.
const BELOW_SCREENS: &[&str] = &["ui/src/api/", "ui/src/shared/", "ui/src/schema-form/"];

/// Looks at every import of the console, except in tests.
pub fn check(root: &Path) -> Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    for source in sources(root, "ui/src", &[".ts", ".tsx"])? {
        if source.path.contains(".test.") {
            continue;
        }
        let is_below = BELOW_SCREENS.iter().any(|tier| source.path.starts_with(tier));
        let screens = imports(&source.path, &source.text)
            .into_iter()
            .filter(|target| target.starts_with("ui/src/features/"));
        breaches.extend(screens.filter(|_| is_below).map(|screen| Breach {
            file: source.path.clone(),
            message: format!("imports {screen}: what all screens share knows no screen"),
        }));
    }
    Ok(breaches)
}

/// What a file imports from the console itself, as paths below the root.
fn imports(file: &str, text: &str) -> Vec<String> {
    let quoted = text.lines().filter_map(|line| {
        let line = line.trim();
        let after =
            line.split_once(" from ").map(|(_, after)| after).or_else(|| line.strip_prefix("import "));
        after.or_else(|| line.split_once("import(").map(|(_, after)| after))
    });
    let specifiers = quoted.filter_map(|after| {
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        after[1..].split(quote).next()
    });
    specifiers.filter_map(|specifier| resolve(file, specifier)).collect()
}

fn resolve(file: &str, specifier: &str) -> Option<String> {
    if let Some(below) = specifier.strip_prefix("@/") {
        return Some(format!("ui/src/{below}"));
    }
    if !specifier.starts_with('.') {
        return None;
    }
    let mut parts: Vec<_> = file.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fixture::project;

    #[test]
    fn shared_knows_no_screen() {
        let folder = project(&[
            (
                "ui/src/shared/chart/index.tsx",
                "import { x } from '@/features/apis';\nimport { y } from '../table';",
            ),
            ("ui/src/shared/lazy.ts", "const screen = () => import('../features/traffic');"),
            ("ui/src/app.tsx", "import { ApisScreen } from './features/apis';"),
        ]);
        let files: Vec<_> = check(folder.path()).unwrap().into_iter().map(|breach| breach.file).collect();
        assert_eq!(files, ["ui/src/shared/chart/index.tsx", "ui/src/shared/lazy.ts"]);
    }
}
