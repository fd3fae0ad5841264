//! The kinds of attacks that are known here, and which values can hold one at all.

use std::sync::LazyLock;

use regex::bytes::{RegexSet, RegexSetBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classes::Classes;
use super::rules;

/// A kind of attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Family {
    /// Parts of SQL that change what a statement does.
    #[schemars(title = "SQL")]
    Sql,
    /// Scripts for the browser of whoever sees the value.
    #[schemars(title = "Cross-site scripting")]
    Xss,
    /// Commands for a Unix or Windows shell.
    #[schemars(title = "Shell commands")]
    Shell,
    /// Paths to files that nobody should get.
    #[schemars(title = "Path traversal")]
    PathTraversal,
    /// Parts of LDAP filters.
    #[schemars(title = "LDAP filters")]
    Ldap,
    /// Parts of XPath expressions.
    #[schemars(title = "XPath")]
    Xpath,
    /// Code for template engines, and look-ups in log messages.
    #[schemars(title = "Templates")]
    Template,
}

/// Most memory that the automaton of a family may take while it is built, in bytes.
const MAX_AUTOMATON: usize = 16 << 20;

impl Family {
    /// In the order in which they are looked for.
    pub(super) const ALL: [Self; 7] =
        [Self::Sql, Self::Xss, Self::Shell, Self::PathTraversal, Self::Ldap, Self::Xpath, Self::Template];

    /// As a configuration names it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::Xss => "xss",
            Self::Shell => "shell",
            Self::PathTraversal => "path_traversal",
            Self::Ldap => "ldap",
            Self::Xpath => "xpath",
            Self::Template => "template",
        }
    }

    /// As callers are told; the vendor's words for the first two.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Sql => "SQL Injection",
            Self::Xss => "XSS",
            Self::Shell => "Shell Injection",
            Self::PathTraversal => "Path Traversal",
            Self::Ldap => "LDAP Injection",
            Self::Xpath => "XPath Injection",
            Self::Template => "Template Injection",
        }
    }

    /// False where no rule can match, so that most values never meet an automaton.
    pub(super) fn may_be_in(self, has: Classes) -> bool {
        use Classes as C;
        match self {
            Self::Sql => {
                has.any(C::QUOTE | C::SPACE | C::EQUALS | C::ROUND | C::SEMICOLON | C::HASH | C::STAR | C::AT)
            }
            Self::Xss => {
                has.any(C::ANGLE | C::EQUALS | C::BACKTICK) || has.any(C::COLON | C::QUOTE | C::ROUND | C::AT)
            }
            Self::Shell => {
                has.any(C::SEMICOLON | C::PIPE | C::AMPERSAND | C::BACKTICK | C::DOLLAR | C::CURLY | C::ANGLE)
                    || has.any(C::SLASH | C::SPACE | C::ROUND | C::PERCENT)
            }
            Self::PathTraversal => has.any(C::SLASH | C::BACKSLASH | C::PERCENT | C::CONTROL | C::DOT),
            Self::Ldap => has.any(C::ROUND | C::BACKSLASH),
            Self::Xpath => {
                has.any(C::QUOTE | C::ROUND | C::PIPE | C::STAR | C::COLON | C::SQUARE | C::EQUALS)
            }
            Self::Template => has.any(
                C::CURLY
                    | C::PERCENT
                    | C::HASH
                    | C::DOLLAR
                    | C::AT
                    | C::SQUARE
                    | C::UNDERSCORE
                    | C::EQUALS
                    | C::ANGLE,
            ),
        }
    }

    /// True where a rule matches.
    pub(super) fn is_in(self, view: &[u8]) -> bool {
        static RULES: [LazyLock<RegexSet>; 7] = [
            LazyLock::new(|| compiled(rules::sql::RULES)),
            LazyLock::new(|| compiled(rules::xss::RULES)),
            LazyLock::new(|| compiled(rules::shell::RULES)),
            LazyLock::new(|| compiled(rules::path_traversal::RULES)),
            LazyLock::new(|| compiled(rules::ldap::RULES)),
            LazyLock::new(|| compiled(rules::xpath::RULES)),
            LazyLock::new(|| compiled(rules::template::RULES)),
        ];
        RULES[self as usize].is_match(view)
    }
}

fn compiled(rules: &[&str]) -> RegexSet {
    let set = RegexSetBuilder::new(rules)
        .case_insensitive(true)
        .unicode(false)
        .dot_matches_new_line(true)
        .size_limit(MAX_AUTOMATON)
        .dfa_size_limit(MAX_AUTOMATON)
        .build();
    // A test compiles every family's rules, so that this is never met.
    set.unwrap_or_else(|_| RegexSet::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_every_family_compiles() {
        use rules::{ldap, path_traversal, shell, sql, template, xpath, xss};
        let all = [
            sql::RULES,
            xss::RULES,
            shell::RULES,
            path_traversal::RULES,
            ldap::RULES,
            xpath::RULES,
            template::RULES,
        ];
        for (family, rules) in Family::ALL.into_iter().zip(all) {
            for rule in rules {
                let alone = regex::bytes::RegexBuilder::new(rule).unicode(false).build();
                assert!(alone.is_ok(), "{}: {:?}", family.name(), alone.err());
            }
            assert_eq!(compiled(rules).len(), rules.len(), "{}", family.name());
        }
    }
}
