//! Bodies of `multipart/form-data` (RFC 7578, RFC 2046, 5.1), read strictly: what two readers could take apart in two
//! ways is refused.

use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;

/// Most parts.
const MOST_PARTS: usize = 1_000;
/// Longest head of a part, in bytes.
const LONGEST_HEAD: usize = 8 << 10;

/// One part.
pub struct Received<'r> {
    /// Of the field.
    pub name: String,
    /// Its `Content-Type`, where it has one.
    pub content_type: Option<String>,
    /// All its headers.
    pub headers: HeaderMap,
    /// Its content.
    pub bytes: &'r [u8],
}

/// Takes a body apart; an error is said after "it".
pub fn read<'r>(body: &'r [u8], content_type: &str) -> Result<Vec<Received<'r>>, String> {
    let boundary = boundary_of(content_type).ok_or("has no valid boundary in its content-type")?;
    let delimiter = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(delimiter.as_bytes());
    let broken = || "is not a whole multipart body".to_owned();
    // The first delimiter needs no line before it.
    let mut rest = match body.strip_prefix(&delimiter.as_bytes()[2..]) {
        Some(rest) => rest,
        None => &body[finder.find(body).ok_or_else(broken)? + delimiter.len()..],
    };
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        // Spaces may follow a delimiter on its line.
        let padding = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let content = rest[padding..].strip_prefix(b"\r\n").ok_or_else(broken)?;
        // A part without headers and without content ends with the line that begins it.
        let end = finder.find(content).ok_or_else(broken)?;
        if parts.len() >= MOST_PARTS {
            return Err(format!("has more than {MOST_PARTS} parts"));
        }
        parts.push(part(&content[..end])?);
        rest = &content[end + delimiter.len()..];
    }
}

fn part(content: &[u8]) -> Result<Received<'_>, String> {
    let end = memmem::find(content, b"\r\n\r\n").filter(|end| *end <= LONGEST_HEAD);
    let end = end.ok_or("has a part without a head")?;
    let head =
        std::str::from_utf8(&content[..end]).map_err(|_| "has a part with a head that is not UTF-8")?;
    let mut headers = HeaderMap::new();
    for line in head.split("\r\n") {
        let (name, value) = line.split_once(':').ok_or("has a part with a broken head")?;
        let name: HeaderName = name.parse().map_err(|_| "has a part with a broken head")?;
        let value = HeaderValue::from_str(value.trim());
        let value = value.or_else(|_| HeaderValue::from_bytes(line.as_bytes()));
        if headers.insert(name, value.map_err(|_| "has a part with a broken head")?).is_some() {
            return Err("has a part with a header twice".to_owned());
        }
    }
    let text = |name: &str| headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let disposition = text("content-disposition").ok_or("has a part without a content-disposition")?;
    let name = parameter(disposition, "form-data", "name").ok_or("has a part without a name")?;
    let content_type = text("content-type").map(str::to_owned);
    Ok(Received { name, content_type, headers, bytes: &content[end + 4..] })
}

/// `--boundary` without its dashes (RFC 2046, 5.1.1).
fn boundary_of(content_type: &str) -> Option<String> {
    let boundary = parameter(content_type, "multipart/form-data", "boundary")?;
    let is_fine = (1..=70).contains(&boundary.len()) && boundary.bytes().all(|b| matches!(b, b' '..=b'~'));
    (is_fine && !boundary.ends_with(' ')).then_some(boundary)
}

/// A parameter of a header such as `form-data; name="a"`. None where it is missing, stands there twice, or the header
/// is not well formed.
fn parameter(header: &str, kind: &str, wanted: &str) -> Option<String> {
    let (given, mut rest) = header.split_once(';').unwrap_or((header, ""));
    if !given.trim().eq_ignore_ascii_case(kind) {
        return None;
    }
    let mut found = None;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return found;
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted)?,
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        if name.trim().eq_ignore_ascii_case(wanted) && found.replace(value).is_some() {
            return None;
        }
        let after = after.trim_start();
        rest = match after.strip_prefix(';') {
            Some(more) => more,
            None if after.is_empty() => "",
            None => return None,
        };
    }
}

/// The rest of a quoted string, and what comes behind it.
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"b\"";

    fn names(body: &str) -> Result<Vec<(String, String)>, String> {
        let parts = read(body.as_bytes(), TYPE)?;
        Ok(parts
            .into_iter()
            .map(|part| (part.name, String::from_utf8_lossy(part.bytes).into_owned()))
            .collect())
    }

    #[test]
    fn takes_a_body_apart() {
        let body = "preamble\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n--b \r\n\
            content-disposition: form-data; filename=\"x;name=y\"; name=\"q\\\"\"\r\nContent-Type: text/css\r\n\r\n\r\n--b--\r\n";
        let expected = [("a".to_owned(), "1\r\n2".to_owned()), ("q\"".to_owned(), String::new())];
        assert_eq!(names(body), Ok(expected.to_vec()));
        assert_eq!(names("--b--"), Ok(Vec::new()));
    }

    #[test]
    fn refuses_what_could_be_read_in_two_ways() {
        let part = |head: &str| format!("--b\r\n{head}\r\n\r\nx\r\n--b--");
        for broken in [
            String::new(),
            "--b\r\n".to_owned(),
            part("content-disposition: form-data; name=a").replace("--b--", ""),
            part("content-disposition: form-data; name=a; name=b"),
            part("content-disposition: form-data; name=a\r\ncontent-disposition: form-data; name=b"),
            part("content-disposition: attachment; name=a"),
            part("content-disposition: form-data"),
            part("content-disposition: form-data; name=\"a"),
            part("no colon"),
        ] {
            assert!(names(&broken).is_err(), "{broken:?}");
        }
        assert!(read(b"--b--", "multipart/form-data").is_err());
        assert!(read(b"--b--", "multipart/form-data; boundary=b; boundary=c").is_err());
    }
}
