//! Routes inside an API: requests that go to another upstream, under another path (the vendor's `route` policy).

use regex::Regex;

use crate::{Host, Upstream};

/// A rule and where the requests go that it matches. Routes are tried in order; the first match counts.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiRoute {
    /// What people call it; unique in its API, 1 to 100 characters.
    pub name: String,
    /// What a request must be like; every part that is given.
    pub rule: RouteRule,
    /// Put in front of what is left of the path; `/` unless said otherwise.
    pub destination_path: String,
    /// Where they go.
    pub upstream: Upstream,
}

/// What a request must be like.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteRule {
    /// Pattern for the whole path below the base path.
    pub path: Option<RoutePath>,
    /// In capitals; any when empty.
    pub methods: Vec<String>,
    /// Names in the Host header; any when empty.
    pub hosts: Vec<Host>,
    /// Every one must match.
    pub headers: Vec<HeaderRule>,
}

/// A header that must be there, with a value that a pattern matches as a whole.
#[derive(Clone, Debug)]
pub struct HeaderRule {
    /// Lowercase.
    pub name: String,
    /// As written.
    pub pattern: String,
    regex: Regex,
}

/// A pattern for the path below the base path. What its groups caught is what goes on, put together; without groups
/// the whole path does.
#[derive(Clone, Debug)]
pub struct RoutePath {
    /// As written.
    pub pattern: String,
    regex: Regex,
}

/// Longest pattern, in bytes, and the most memory that its compiled form may take.
const MAX_PATTERN: usize = 1_000;
const MAX_COMPILED: usize = 1 << 20;

fn whole(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!("at most {MAX_PATTERN} characters"));
    }
    regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(MAX_COMPILED)
        .build()
        .map_err(|error| format!("`{pattern}` is not a pattern: {error}"))
}

/// Longest name of a header or cookie, in bytes.
const MAX_NAME: usize = 100;

/// True for a token (RFC 9110, 5.6.2), as names of headers and cookies are.
pub(crate) fn is_token(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// A header's name in lowercase, 1 to 100 bytes.
pub fn header_name(text: &str) -> Result<String, String> {
    if is_token(text) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("`{text}` is not a header's name"))
    }
}

impl RoutePath {
    /// Compiles it.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        Ok(Self { pattern: pattern.to_owned(), regex: whole(pattern)? })
    }

    /// What goes on of a path below the base path (`/foo(/.*)` on `/foo/bar` gives `/bar`); none when it does not match.
    pub fn tail_of(&self, path: &str) -> Option<String> {
        let caught = self.regex.captures(path)?;
        if caught.len() == 1 {
            return Some(path.to_owned());
        }
        Some(caught.iter().skip(1).flatten().map(|group| group.as_str()).collect())
    }

    /// True when it matches.
    pub fn matches(&self, path: &str) -> bool {
        self.regex.is_match(path)
    }
}

impl HeaderRule {
    /// Compiles it. The name is a token (RFC 9110, 5.1).
    pub fn parse(name: &str, pattern: &str) -> Result<Self, String> {
        Ok(Self { name: header_name(name)?, pattern: pattern.to_owned(), regex: whole(pattern)? })
    }

    /// True for a value that it wants.
    pub fn matches(&self, value: &str) -> bool {
        self.regex.is_match(value)
    }
}

impl PartialEq for RoutePath {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl PartialEq for HeaderRule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.pattern == other.pattern
    }
}

impl ApiRoute {
    /// Most routes of one API.
    pub const MAX: usize = 50;
    /// Most headers of one rule.
    pub const MAX_HEADERS: usize = 10;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(pattern: &str, path: &str) -> Option<String> {
        RoutePath::parse(pattern).expect("valid").tail_of(path)
    }

    #[test]
    fn groups_decide_what_goes_on() {
        assert_eq!(tail("/foo(/.*)", "/foo/bar").as_deref(), Some("/bar"));
        assert_eq!(tail("/foo/.*", "/foo/bar").as_deref(), Some("/foo/bar"));
        assert_eq!(tail("/(a|b)/x(/.*)?", "/a/x").as_deref(), Some("a"));
        assert_eq!(tail("/v1(/.*)/old(/.*)", "/v1/a/old/b").as_deref(), Some("/a/b"));
        assert_eq!(tail("/foo", "/food"), None, "a pattern is for the whole path");
    }

    #[test]
    fn a_header_is_matched_as_a_whole_and_by_its_lowercase_name() {
        let rule = HeaderRule::parse("X-Tier", "gold|silver").expect("valid");
        assert_eq!(rule.name, "x-tier");
        assert!(rule.matches("gold") && !rule.matches("golden"));
        assert!(HeaderRule::parse("x y", ".*").is_err());
        assert!(HeaderRule::parse("x", "(").is_err());
    }
}
