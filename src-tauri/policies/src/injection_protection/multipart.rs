//! Parts of `multipart/form-data` (RFC 7578): names, file names and contents, each on its own.

use super::body::Contents;
use super::looker::{Looked, Part};

/// Longest boundary, in bytes (RFC 2046, 5.1.1).
const MAX_BOUNDARY: usize = 70;

/// The boundary that a content type names.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let parameter = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    (1..=MAX_BOUNDARY).contains(&parameter.len()).then_some(parameter)
}

/// Looks at every part. Parts end wherever the boundary stands, even where a strict reader sees none, and what stands
/// before the first is looked at too.
pub(super) fn look(contents: &Contents<'_>, body: &[u8], boundary: &str) -> Looked {
    let mark = [b"--", boundary.as_bytes()].concat();
    let mut rest = body;
    let mut is_first = true;
    loop {
        let end = rest.windows(mark.len()).position(|window| window == mark);
        let piece = &rest[..end.unwrap_or(rest.len())];
        if is_first {
            contents.detector.look(piece, Part::Body, "before the first part")?;
        } else {
            part(contents, piece)?;
        }
        let Some(end) = end else { return Ok(()) };
        (rest, is_first) = (&rest[end + mark.len()..], false);
    }
}

fn part(contents: &Contents<'_>, piece: &[u8]) -> Looked {
    // A strict reader ends lines with CR LF; others take LF alone.
    let piece = piece.strip_prefix(b"\r\n").or_else(|| piece.strip_prefix(b"\n")).unwrap_or(piece);
    let crlf = find(piece, b"\r\n\r\n").map(|at| (at, at + 4));
    let lf = find(piece, b"\n\n").map(|at| (at, at + 2));
    let end = match (crlf, lf) {
        (Some(crlf), Some(lf)) => Some(crlf.min(lf)),
        (crlf, lf) => crlf.or(lf),
    };
    let Some((head, content)) = end.map(|(head, content)| (&piece[..head], &piece[content..])) else {
        return contents.detector.look(piece.trim_ascii(), Part::Body, "a part without a head");
    };
    let head = Head::of(head);
    contents.detector.look(&head.name, Part::Body, "a part's name")?;
    for name in &head.file_names {
        contents.detector.look(name, Part::Body, "a file name")?;
    }
    if !head.file_names.is_empty() && !contents.reads_files {
        return Ok(());
    }
    contents.look(content.trim_ascii(), &head.content_type, &String::from_utf8_lossy(&head.name))
}

#[derive(Default)]
struct Head {
    name: Vec<u8>,
    /// `filename` and `filename*`: a reader takes the one or the other.
    file_names: Vec<Vec<u8>>,
    content_type: String,
}

impl Head {
    fn of(head: &[u8]) -> Self {
        let mut found = Self::default();
        for line in head.split(|byte| *byte == b'\n') {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            if name.eq_ignore_ascii_case(b"content-disposition") {
                found.take_disposition(value);
            } else if name.eq_ignore_ascii_case(b"content-type") {
                found.content_type = String::from_utf8_lossy(value).into_owned();
            }
        }
        found
    }

    /// `form-data; name="a"; filename="b.txt"`.
    fn take_disposition(&mut self, value: &[u8]) {
        let mut rest = value;
        while let Some(at) = rest.iter().position(|byte| *byte == b';') {
            rest = rest[at + 1..].trim_ascii_start();
            let Some(equals) = rest.iter().position(|byte| *byte == b'=') else { return };
            let name = rest[..equals].trim_ascii().to_ascii_lowercase();
            let (value, after) = parameter(&rest[equals + 1..]);
            rest = after;
            match &*name {
                b"name" => self.name = value,
                b"filename" | b"filename*" => self.file_names.push(value),
                _ => {}
            }
        }
    }
}

/// A value, quoted or not, and what follows it.
fn parameter(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| *byte == b';').unwrap_or(text.len());
        return (text[..end].trim_ascii().to_vec(), &text[end..]);
    };
    let mut value = Vec::new();
    loop {
        match rest {
            [] => return (value, rest),
            [b'"', after @ ..] => return (value, after),
            [b'\\', b'"', after @ ..] => {
                value.push(b'"');
                rest = after;
            }
            [byte, after @ ..] => {
                value.push(*byte);
                rest = after;
            }
        }
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
