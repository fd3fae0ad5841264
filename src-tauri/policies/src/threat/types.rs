//! Content types as operators list them, and as requests say them.
//!
//! A request may say several (two header lines, or a comma): one that is listed is enough, because nobody knows which of
//! them the upstream believes.

use gatepost_model::Faults;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// Most content types in a list.
pub(crate) const MAX_TYPES: usize = 50;
/// Longest entry of a list, in bytes.
pub(crate) const MAX_TYPE: usize = 100;

/// A list of content types.
pub(crate) struct Types(Box<[Pattern]>);

/// `application/json`, `application/*`, `*/*+json`, `*/*`; in lower case.
struct Pattern {
    /// None for any.
    kind: Option<Box<str>>,
    subtype: Subtype,
}

enum Subtype {
    Any,
    Is(Box<str>),
    EndsWith(Box<str>),
}

impl Types {
    /// Of a parameter as it is written; faults name its entries.
    pub(crate) fn compile(field: &str, entries: &[String], faults: &mut Faults) -> Self {
        let patterns = entries.iter().enumerate().filter_map(|(n, entry)| {
            let pattern = Pattern::parse(entry);
            if pattern.is_none() {
                faults.add(
                    format!("{field}[{n}]"),
                    "is a content type such as `application/json`, `application/*`, `*/*+json` or `*/*`",
                );
            }
            pattern
        });
        Self(patterns.collect())
    }

    /// True where one of the content types that a message says it has is listed. One that says none is `*/*` alone.
    pub(crate) fn list_one_of(&self, headers: &HeaderMap) -> bool {
        let mut said_any = false;
        let is_listed = content_types(headers).any(|said| {
            said_any = true;
            self.0.iter().any(|pattern| pattern.matches(said))
        });
        is_listed || (!said_any && self.0.iter().any(Pattern::matches_all))
    }
}

impl Pattern {
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.trim().to_ascii_lowercase();
        let (kind, subtype) = entry.split_once('/')?;
        let kind = match kind {
            "*" => None,
            kind => Some(token(kind)?),
        };
        let subtype = match subtype.strip_prefix('*') {
            None => Subtype::Is(token(subtype)?),
            Some("") => Subtype::Any,
            Some(suffix) => Subtype::EndsWith(token(suffix).filter(|suffix| suffix.starts_with('+'))?),
        };
        Some(Self { kind, subtype })
    }

    fn matches(&self, said: &[u8]) -> bool {
        let slash = said.iter().position(|byte| *byte == b'/').unwrap_or(said.len());
        let (kind, subtype) = (&said[..slash], said.get(slash + 1..).unwrap_or_default());
        let kind_fits =
            self.kind.as_deref().is_none_or(|wanted| kind.eq_ignore_ascii_case(wanted.as_bytes()));
        kind_fits
            && match &self.subtype {
                Subtype::Any => true,
                Subtype::Is(wanted) => subtype.eq_ignore_ascii_case(wanted.as_bytes()),
                Subtype::EndsWith(suffix) => {
                    let from = subtype.len().saturating_sub(suffix.len());
                    subtype[from..].eq_ignore_ascii_case(suffix.as_bytes())
                }
            }
    }

    fn matches_all(&self) -> bool {
        self.kind.is_none() && matches!(self.subtype, Subtype::Any)
    }
}

/// A token of RFC 9110, 5.6.2, without the star, which means any here.
fn token(text: &str) -> Option<Box<str>> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'+-.^_`|~".contains(&byte);
    (!text.is_empty() && text.bytes().all(is_token)).then(|| text.into())
}

/// Every content type that a message says, without parameters.
fn content_types(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let said =
        headers.get_all(CONTENT_TYPE).into_iter().flat_map(|line| line.as_bytes().split(|b| *b == b','));
    said.map(|said| said.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii())
}

/// The `charset` that a message says, in lower case. `Err` where it says more than one.
pub(crate) fn charset_of(headers: &HeaderMap) -> Result<Option<String>, ()> {
    let mut found: Option<String> = None;
    let lines = headers.get_all(CONTENT_TYPE).into_iter();
    for parameter in lines.flat_map(|line| line.as_bytes().split(|byte| matches!(byte, b';' | b','))) {
        let parameter = String::from_utf8_lossy(parameter);
        let Some((name, value)) = parameter.split_once('=') else { continue };
        if !name.trim().eq_ignore_ascii_case("charset") {
            continue;
        }
        let value = value.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
        match &found {
            Some(known) if *known != value => return Err(()),
            _ => found = Some(value),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CONTENT_TYPE, http::HeaderValue::from_static(line));
        }
        headers
    }

    fn types(entries: &[&str]) -> Types {
        let entries: Vec<String> = entries.iter().map(|&entry| entry.to_owned()).collect();
        let mut faults = Faults::new();
        let types = Types::compile("content_types", &entries, &mut faults);
        faults.into_result().expect("valid");
        types
    }

    #[test]
    fn lists_exact_types_suffixes_and_wildcards() {
        let json = types(&["application/json", "*/*+json", "TEXT/*"]);
        for said in ["Application/JSON; charset=utf-8", "application/hal+json", "a/b+JSON", "text/plain"] {
            assert!(json.list_one_of(&headers(&[said])), "{said}");
        }
        for said in ["application/jsonp", "application/xml", "json", "", "application/json+xml"] {
            assert!(!json.list_one_of(&headers(&[said])), "{said}");
        }
        assert!(!json.list_one_of(&headers(&[])));
        assert!(types(&["*/*"]).list_one_of(&headers(&[])));
    }

    #[test]
    fn a_parameter_that_is_no_text_hides_nothing() {
        let mut headers = HeaderMap::new();
        let value = http::HeaderValue::from_bytes(b"application/json; x=\xff").expect("obs-text is allowed");
        headers.insert(CONTENT_TYPE, value);
        assert!(types(&["application/json"]).list_one_of(&headers));
    }

    #[test]
    fn one_of_several_said_is_enough() {
        let json = types(&["application/json"]);
        assert!(json.list_one_of(&headers(&["text/plain", "application/json"])));
        assert!(json.list_one_of(&headers(&["text/plain, application/json"])));
    }

    #[test]
    fn names_entries_that_are_no_types() {
        let entries = ["json", "a/", "/b", "*", "a/*json", "a b/c", "a/b;c=d", "a/b"].map(str::to_owned);
        let mut faults = Faults::new();
        Types::compile("content_types", &entries, &mut faults);
        let fields: Vec<_> = faults.into_vec().into_iter().map(|fault| fault.field).collect();
        assert_eq!(fields, (0..7).map(|n| format!("content_types[{n}]")).collect::<Vec<_>>());
    }

    #[test]
    fn reads_charsets_and_refuses_two() {
        assert_eq!(charset_of(&headers(&["a/b; Charset=\"UTF-8\""])), Ok(Some("utf-8".into())));
        assert_eq!(charset_of(&headers(&["a/b;q=1"])), Ok(None));
        assert_eq!(charset_of(&headers(&["a/b; charset=utf-8; charset=utf-16"])), Err(()));
        assert_eq!(charset_of(&headers(&["a/b; charset=utf-8", "a/b; charset=utf-7"])), Err(()));
    }
}
