//! Looks at one value in all the forms that it may be read in.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::GeneralPurposeConfig;
use regex::bytes::Regex;

use super::classes::Classes;
use super::decode::unwrapped;
use super::family::Family;
use super::fold::folded;

/// Layers of encoding that are taken off.
const MAX_LAYERS: usize = 3;
/// Shortest text that is taken for Base64, in bytes.
const SHORTEST_BASE64: usize = 12;

/// What is looked for.
pub(super) struct Detector {
    pub(super) families: Vec<Family>,
    pub(super) custom: Vec<Custom>,
    pub(super) reads_base64: bool,
}

/// A pattern of the operator's.
pub(super) struct Custom {
    pub(super) name: Arc<str>,
    pub(super) pattern: Regex,
}

/// What matched.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    Family(Family),
    Custom(Arc<str>),
}

impl Detector {
    /// The first rule that a value breaks, as it stands or in a form that it can be read in.
    pub(super) fn find(&self, value: &[u8]) -> Option<Rule> {
        let has = Classes::of(value);
        let plain = self.find_as_it_stands(value, has);
        if plain.is_some() || !may_be_wrapped(has) && !self.reads_base64 {
            return plain;
        }
        self.find_unwrapped(value, has).or_else(|| {
            let hidden = self.reads_base64.then(|| from_base64(value)).flatten()?;
            let has = Classes::of(&hidden);
            self.find_as_it_stands(&hidden, has).or_else(|| self.find_unwrapped(&hidden, has))
        })
    }

    fn find_unwrapped(&self, value: &[u8], has: Classes) -> Option<Rule> {
        let mut layer = Cow::Borrowed(value);
        let mut has = has;
        for _ in 0..MAX_LAYERS {
            if has.any(Classes::HIGH | Classes::CONTROL)
                && let Some(folded) = folded(&layer)
            {
                has = Classes::of(&folded);
                if let Some(rule) = self.find_as_it_stands(&folded, has) {
                    return Some(rule);
                }
                layer = Cow::Owned(folded);
            }
            if !has.any(Classes::SPACE) && has.any(Classes::PLUS) {
                let spaced: Vec<_> =
                    layer.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
                if let Some(rule) = self.find_as_it_stands(&spaced, Classes::of(&spaced)) {
                    return Some(rule);
                }
            }
            let unwrapped = unwrapped(&layer)?;
            has = Classes::of(&unwrapped);
            if let Some(rule) = self.find_as_it_stands(&unwrapped, has) {
                return Some(rule);
            }
            layer = Cow::Owned(unwrapped);
        }
        // What the last layer hid behind look-alikes.
        let folded = has.any(Classes::HIGH | Classes::CONTROL).then(|| folded(&layer)).flatten()?;
        self.find_as_it_stands(&folded, Classes::of(&folded))
    }

    fn find_as_it_stands(&self, view: &[u8], has: Classes) -> Option<Rule> {
        let mut families = self.families.iter().copied().filter(|family| family.may_be_in(has));
        let family = families.find(|family| {
            family.is_in(view)
                || match family {
                    Family::Sql => without_comments(view, has, |view| family.is_in(view)),
                    Family::Shell => without_quoting(view, has).is_some_and(|view| family.is_in(&view)),
                    _ => false,
                }
        });
        family.map(Rule::Family).or_else(|| {
            let custom = self.custom.iter().find(|custom| custom.pattern.is_match(view))?;
            Some(Rule::Custom(custom.name.clone()))
        })
    }
}

fn may_be_wrapped(has: Classes) -> bool {
    has.any(
        Classes::PERCENT
            | Classes::AMPERSAND
            | Classes::BACKSLASH
            | Classes::HIGH
            | Classes::CONTROL
            | Classes::PLUS,
    )
}

/// True where SQL is, once its comments are gone: `UN/**/ION` by one way, `UNION/**/SELECT` by the other. What MySQL
/// runs although it is a comment (`/*!50000 UNION */`) stays.
fn without_comments(view: &[u8], has: Classes, is_in: impl Fn(&[u8]) -> bool) -> bool {
    if !(has.any(Classes::STAR) && has.any(Classes::SLASH)) {
        return false;
    }
    let (mut joined, mut spaced) = (Vec::with_capacity(view.len()), Vec::with_capacity(view.len()));
    let mut rest = view;
    while let [byte, tail @ ..] = rest {
        rest = match rest {
            [b'/', b'*', b'!', run @ ..] => {
                let digits = run.iter().take_while(|byte| byte.is_ascii_digit()).count();
                spaced.push(b' ');
                &run[digits..]
            }
            [b'/', b'*', comment @ ..] => {
                spaced.push(b' ');
                let end = comment.windows(2).position(|end| end == b"*/");
                end.map_or(&[][..], |end| &comment[end + 2..])
            }
            [b'*', b'/', after @ ..] => {
                spaced.push(b' ');
                after
            }
            _ => {
                joined.push(*byte);
                spaced.push(*byte);
                tail
            }
        };
    }
    joined.len() < view.len() && (is_in(&spaced) || is_in(&joined))
}

/// A command as the shell reads it: `c'a't`, `c\at`, `ca$@t`, `c^at`. None where nothing is quoted so.
fn without_quoting(view: &[u8], has: Classes) -> Option<Vec<u8>> {
    let quoting = Classes::QUOTE | Classes::BACKSLASH | Classes::DOLLAR;
    let joins = Classes::SEMICOLON | Classes::PIPE | Classes::AMPERSAND | Classes::DOLLAR | Classes::BACKTICK;
    let has_caret = view.contains(&b'^');
    if !(has.any(quoting) || has_caret) || !(has.any(joins) || has.any(Classes::SPACE)) {
        return None;
    }
    let mut out = Vec::with_capacity(view.len());
    let mut rest = view;
    while let [byte, tail @ ..] = rest {
        rest = match rest {
            [b'\'' | b'"' | b'\\' | b'^', ..] => tail,
            [b'$', b'@' | b'*' | b'1'..=b'9', after @ ..] => after,
            [b'`', b'`', after @ ..] => after,
            _ => {
                out.push(*byte);
                tail
            }
        };
    }
    (out.len() < view.len()).then_some(out)
}

/// The text that a value is the Base64 of; none where it is not, or gives no text.
fn from_base64(value: &[u8]) -> Option<Vec<u8>> {
    const ANY_PADDING: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const PLAIN: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, ANY_PADDING);
    const URL: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, ANY_PADDING);
    if value.len() < SHORTEST_BASE64 {
        return None;
    }
    let decoded = PLAIN.decode(value).or_else(|_| URL.decode(value)).ok()?;
    std::str::from_utf8(&decoded).is_ok().then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::BASE64_STANDARD;

    fn finds(family: Family, value: impl AsRef<[u8]>) -> bool {
        Detector { families: vec![family], custom: Vec::new(), reads_base64: false }
            .find(value.as_ref())
            .is_some()
    }

    #[test]
    fn sees_through_layers_of_encoding() {
        for value in [
            "' or 1=1--",
            "%27%20or%201=1--",
            "%2527%2520or%25201=1--",
            "&#39; or 1=1--",
            r"\u0027 or 1=1--",
            r"\x27 or 1=1--",
            "＇ ｏｒ １＝１－－",
            "1+or+1=1",
            "1' UN/**/ION SEL/**/ECT 1,2",
            "1'/*!50000UNION*//*!50000SELECT*/1,2",
            "\u{2019} or 1=1--",
        ] {
            assert!(finds(Family::Sql, value), "{value}");
        }
        assert!(finds(Family::PathTraversal, "%252e%252e%252fetc%252fpasswd"));
        assert!(finds(Family::PathTraversal, b"..\xc0\xaf..\xc0\xafetc/passwd"));
        assert!(finds(Family::Xss, "%26lt%3Bscript%26gt%3Balert(1)"));
    }

    #[test]
    fn gives_up_after_some_layers() {
        let mut value = "<script>".to_owned();
        for _ in 0..MAX_LAYERS {
            value = value.replace('%', "%25").replace('<', "%3c");
        }
        assert!(finds(Family::Xss, &value));
        assert!(!finds(Family::Xss, value.replace('%', "%2525")));
    }

    #[test]
    fn reads_commands_as_the_shell_does() {
        for value in
            ["; w'h'o'am'i", r"; c\at /etc/hosts", "; wh$@oami", "& who^ami", r#"| c"a"t /etc/group"#]
        {
            assert!(finds(Family::Shell, value), "{value}");
        }
    }

    #[test]
    fn reads_base64_where_it_is_told_to() {
        let hidden = BASE64_STANDARD.encode("' or 1=1--");
        let mut detector = Detector { families: vec![Family::Sql], custom: Vec::new(), reads_base64: true };
        assert!(detector.find(hidden.as_bytes()).is_some());
        assert!(detector.find(hidden.trim_end_matches('=').as_bytes()).is_some());
        detector.reads_base64 = false;
        assert!(detector.find(hidden.as_bytes()).is_none());
    }
}
