//! Names that say nothing are not used: a thing is called after what it does.

use std::path::Path;

use anyhow::Result;

use super::Breach;
use super::walk::sources;

/// Words that can stand for anything, as the end of a type's name or as a whole file's name.
const EMPTY_WORDS: &[&str] = &["Manager", "Helper", "Helpers", "Util", "Utils", "Processor"];

const KEYWORDS: &[&str] = &["struct", "enum", "trait", "type", "class", "interface", "function"];

/// Looks at the names of types and files, in Rust and TypeScript.
pub fn check(root: &Path) -> Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    for (folder, suffix) in
        [("src-tauri", ".rs"), ("xtask", ".rs"), ("tests", ".rs"), ("ui/src", ".ts"), ("ui/src", ".tsx")]
    {
        for source in sources(root, folder, &[suffix])? {
            if source.path == "ui/src/api/schema.ts" {
                continue;
            }
            let stem = source.path.rsplit('/').next().unwrap_or_default().trim_end_matches(suffix);
            let empty_file = EMPTY_WORDS.iter().any(|word| stem.eq_ignore_ascii_case(word));
            let names = empty_file.then(|| stem.to_owned()).into_iter().chain(empty_types(&source.text));
            breaches.extend(names.map(|name| Breach {
                file: source.path.clone(),
                message: format!("`{name}` says nothing: name it after what it does"),
            }));
        }
    }
    Ok(breaches)
}

fn empty_types(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).map(without_strings);
    let words = code.flat_map(|line| {
        let words: Vec<_> =
            line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
        let named =
            words.windows(2).filter(|pair| KEYWORDS.contains(&pair[0])).map(|pair| pair[1].to_owned());
        named.collect::<Vec<_>>()
    });
    words.filter(|name| EMPTY_WORDS.iter().any(|word| name.ends_with(word))).collect()
}

/// A line without what stands between double quotes, which names nothing of ours.
fn without_strings(line: &str) -> String {
    line.split('"').step_by(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fixture::project;

    #[test]
    fn names_that_say_nothing_are_named() {
        let folder = project(&[
            ("src-tauri/model/src/lib.rs", "pub struct PlanManager;\npub struct Plan;\n// struct LineHelper"),
            ("ui/src/shared/utils.ts", "export const x = 1;"),
            ("ui/src/api/schema.ts", "export interface ApiManager {}"),
        ]);
        let messages: Vec<_> =
            check(folder.path()).unwrap().into_iter().map(|breach| breach.message).collect();
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert!(messages[0].contains("PlanManager") && messages[1].contains("utils"));
    }

    #[test]
    fn text_between_quotes_names_nothing() {
        assert!(empty_types(&format!("let text = {0}struct TextHelper{0};", '"')).is_empty());
    }
}
