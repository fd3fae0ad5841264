//! Texts and attributes of an XML document, each on its own. Tolerant on purpose: every byte is in one of them, however
//! broken the document is, because whoever reads it may be tolerant too.

use super::decode::unwrapped;
use super::detector::Detector;
use super::looker::{Found, Looked, Part};

/// Looks at texts, attributes, comments, character data, instructions and declarations.
pub(super) fn look(detector: &Detector, document: &[u8]) -> Looked {
    let mut rest = document;
    while !rest.is_empty() {
        rest = match rest {
            [b'<', b'!', b'-', b'-', comment @ ..] => {
                let (comment, after) = split(comment, b"-->");
                one(detector, comment, "a comment")?;
                after
            }
            _ if rest.starts_with(b"<![CDATA[") => {
                let (data, after) = split(&rest[9..], b"]]>");
                one(detector, data, "character data")?;
                after
            }
            [b'<', b'?', instruction @ ..] => {
                let (instruction, after) = split(instruction, b"?>");
                one(detector, instruction, "an instruction")?;
                after
            }
            [b'<', b'!', declaration @ ..] => {
                // With an internal subset, up to its end; entities in it may hold anything.
                let subset = declaration.iter().position(|byte| matches!(byte, b'[' | b'>'));
                let end: &[u8] = if subset.is_some_and(|at| declaration[at] == b'[') { b"]>" } else { b">" };
                let (declaration, after) = split(declaration, end);
                literals(detector, declaration)?;
                after
            }
            [b'<', tag @ ..] => tag_of(detector, tag)?,
            _ => {
                let end = rest.iter().position(|byte| *byte == b'<').unwrap_or(rest.len());
                one(detector, &rest[..end], "a text")?;
                &rest[end..]
            }
        };
    }
    Ok(())
}

fn one(detector: &Detector, text: &[u8], place: &str) -> Looked {
    let text = text.trim_ascii();
    // What entities stand for is the value, as it is meant to be read: one layer more than others have.
    match text.contains(&b'&').then(|| unwrapped(text)).flatten() {
        Some(value) => detector.look(&value, Part::Body, place),
        None => detector.look(text, Part::Body, place),
    }
}

/// Looks at the attributes of a tag; gives what follows it.
fn tag_of<'x>(detector: &Detector, tag: &'x [u8]) -> Result<&'x [u8], Box<Found>> {
    let name_end =
        tag.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'>').unwrap_or(tag.len());
    detector.look(&tag[..name_end], Part::Body, "a tag")?;
    let mut rest = &tag[name_end..];
    while let [byte, after @ ..] = rest {
        rest = match byte {
            b'>' => return Ok(after),
            b'<' => return Ok(rest),
            b'\'' | b'"' => {
                let (value, after) = split(after, &[*byte]);
                one(detector, value, "an attribute")?;
                after
            }
            byte if byte.is_ascii_whitespace() => after,
            _ => {
                let end = rest.iter().position(|byte| matches!(byte, b'\'' | b'"' | b'>' | b'<'));
                let (names, after) = rest.split_at(end.unwrap_or(rest.len()));
                let names = names.trim_ascii();
                let names = names.strip_suffix(b"=").unwrap_or(names);
                detector.look(names, Part::Body, "an attribute's name")?;
                after
            }
        };
    }
    Ok(rest)
}

/// Looks at what stands in quotes in a declaration.
fn literals(detector: &Detector, declaration: &[u8]) -> Looked {
    let mut rest = declaration;
    while let Some(start) = rest.iter().position(|byte| matches!(byte, b'\'' | b'"')) {
        let (value, after) = split(&rest[start + 1..], &[rest[start]]);
        one(detector, value, "a declaration")?;
        rest = after;
    }
    Ok(())
}

/// What is before `end`, and what is after it; all of it where it never ends.
fn split<'x>(text: &'x [u8], end: &[u8]) -> (&'x [u8], &'x [u8]) {
    match text.windows(end.len()).position(|window| window == end) {
        Some(at) => (&text[..at], &text[at + end.len()..]),
        None => (text, &[]),
    }
}
