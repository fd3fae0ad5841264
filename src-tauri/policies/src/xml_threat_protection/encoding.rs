//! In which encoding a document is (XML 1.0, 4.3.3 and appendix F; RFC 7303, 3), and the document as text.
//!
//! What the content type, a byte order mark, the first bytes and the declaration say must agree: where they do not, two
//! parsers read two documents. Only encodings are taken in which nobody can hide markup: UTF-8, UTF-16, and those of one
//! byte whose lower half is ASCII. Of these the upper half is not looked up: it is letters, never markup, and only how
//! many there are counts.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, Event};

use super::fault::What;

/// Longest XML declaration that is looked at for an encoding.
const MAX_DECLARATION: usize = 1_024;

/// How bytes become text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// ASCII included.
    Utf8,
    Utf16,
    /// ISO-8859, Windows-125x.
    OneByte,
}

impl Encoding {
    fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        let is_one_of = |start: &str, from: u8, to: u8| {
            let number = name.strip_prefix(start).and_then(|number| number.parse::<u8>().ok());
            number.is_some_and(|number| (from..=to).contains(&number))
        };
        match &*name {
            "utf-8" | "utf8" | "us-ascii" | "ascii" => Some(Self::Utf8),
            "utf-16" | "utf-16le" | "utf-16be" => Some(Self::Utf16),
            "latin1" => Some(Self::OneByte),
            // 12 was never finished.
            _ if is_one_of("iso-8859-", 1, 11) || is_one_of("iso-8859-", 13, 16) => Some(Self::OneByte),
            _ => name
                .strip_prefix("windows-125")
                .filter(|digit| matches!(digit.as_bytes(), [b'0'..=b'8']))
                .map(|_| Self::OneByte),
        }
    }

    /// Whether a declaration says what the document is in. One that says nothing goes with UTF-8, with UTF-16, and with
    /// what the content type says.
    pub(super) fn agrees_with(self, declaration: &BytesDecl<'_>) -> Result<(), What> {
        match declared(declaration)? {
            Some(declared) if declared != self => Err(What::EncodingsDisagree),
            _ => Ok(()),
        }
    }
}

fn declared(declaration: &BytesDecl<'_>) -> Result<Option<Encoding>, What> {
    match declaration.encoding() {
        None => Ok(None),
        Some(Err(_)) => Err(What::BadDeclaration),
        Some(Ok(name)) => Encoding::named(&name).map(Some).ok_or(What::UnknownEncoding),
    }
}

/// The document as text, without a byte order mark. `charset` is what the content type says.
pub(super) fn decode<'a>(body: &'a [u8], charset: Option<&str>) -> Result<(Encoding, Cow<'a, str>), What> {
    let charset = match charset {
        Some(name) => Some(Encoding::named(name).ok_or(What::UnknownEncoding)?),
        None => None,
    };
    let (shown, rest) = match body {
        // UTF-32 of four orders, and EBCDIC.
        [0, 0, 0xfe, 0xff, ..]
        | [0xff, 0xfe, 0, 0, ..]
        | [0, 0, 0, b'<', ..]
        | [b'<', 0, 0, 0, ..]
        | [0x4c, 0x6f, 0xa7, 0x94, ..] => return Err(What::UnknownEncoding),
        [0xef, 0xbb, 0xbf, rest @ ..] => (Some((Encoding::Utf8, false)), rest),
        [0xfe, 0xff, rest @ ..] => (Some((Encoding::Utf16, true)), rest),
        [0xff, 0xfe, rest @ ..] => (Some((Encoding::Utf16, false)), rest),
        [0, _, ..] => (Some((Encoding::Utf16, true)), body),
        [_, 0, ..] => (Some((Encoding::Utf16, false)), body),
        _ => (None, body),
    };
    let encoding = match (shown, charset) {
        (Some((shown, _)), Some(charset)) if shown != charset => return Err(What::EncodingsDisagree),
        (Some((shown, _)), _) => shown,
        (None, Some(Encoding::Utf16)) => return Err(What::EncodingsDisagree),
        (None, Some(charset)) => charset,
        (None, None) => declared_in(rest)?.unwrap_or(Encoding::Utf8),
    };
    let text = match (encoding, shown) {
        (Encoding::Utf8, _) => Cow::Borrowed(std::str::from_utf8(rest).map_err(|_| What::NotAsEncoded)?),
        (Encoding::Utf16, Some((_, is_big))) => Cow::Owned(from_utf16(rest, is_big)?),
        // Text of one byte a character, and never UTF-16, which shows.
        _ => Cow::Owned(rest.iter().copied().map(char::from).collect()),
    };
    Ok((encoding, text))
}

/// What the declaration of a document says whose first bytes are as in ASCII.
fn declared_in(body: &[u8]) -> Result<Option<Encoding>, What> {
    let start = &body[..body.len().min(MAX_DECLARATION)];
    if !start.starts_with(b"<?xml") {
        return Ok(None);
    }
    let start: String = start.iter().copied().map(char::from).collect();
    match Reader::from_str(&start).read_event() {
        Ok(Event::Decl(declaration)) => match declared(&declaration)? {
            // The bytes would show it.
            Some(Encoding::Utf16) => Err(What::EncodingsDisagree),
            declared => Ok(declared),
        },
        _ => Ok(None),
    }
}

fn from_utf16(bytes: &[u8], is_big: bool) -> Result<String, What> {
    let (units, []) = bytes.as_chunks::<2>() else { return Err(What::NotAsEncoded) };
    let units =
        units.iter().map(|unit| if is_big { u16::from_be_bytes(*unit) } else { u16::from_le_bytes(*unit) });
    char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| What::NotAsEncoded)
}
