//! Reads one XML 1.0 document from front to back, without recursion, against limits. Nothing is expanded but references
//! to single characters, and nothing is fetched.
//!
//! The reader beneath finds tags and their ends, and is lenient elsewhere; what it lets through and XML does not is
//! refused here, so that no stricter or laxer parser sees more in the document than was counted.

mod tag;

use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::{BytesDecl, Event};
use quick_xml::{Reader, XmlVersion};

use self::tag::check_attributes;
use super::encoding::{Encoding, decode};
use super::fault::{Fault, What};

/// What a document may be. None is no limit.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Elements within each other.
    pub node_depth: Option<u32>,
    /// Attributes of one element, without declarations of namespaces.
    pub attributes: Option<u32>,
    /// Namespaces that one element declares.
    pub namespaces: Option<u32>,
    /// Elements, comments and processing instructions directly in one element.
    pub children: Option<u32>,
    /// Characters of the text between two tags.
    pub text_length: Option<u32>,
    /// Characters of an attribute's value.
    pub attribute_length: Option<u32>,
    /// Characters of a comment or processing instruction.
    pub comment_length: Option<u32>,
    /// A document type declaration that has nothing but a name may stand there.
    pub bare_doctype: bool,
}

/// Gives how deep the document is, or what is wrong with it first. `charset` is what the content type says. At most 2
/// GiB.
pub fn scan(body: &[u8], charset: Option<&str>, limits: &Limits) -> Result<u32, Fault> {
    let at_top = |what| Fault::new(what, 1, std::iter::empty());
    let (encoding, text) = decode(body, charset).map_err(at_top)?;
    let mut reader = Reader::from_str(&text);
    let mut scanner =
        Scanner { text: &text, at: 0, encoding, limits, open: Vec::new(), has_root: false, deepest: 0 };
    let read = check_characters(&text).and_then(|()| scanner.document(&mut reader));
    read.map(|()| scanner.deepest).map_err(|what| scanner.fault(what))
}

struct Scanner<'a> {
    text: &'a str,
    /// Where the event that is looked at begins.
    at: usize,
    encoding: Encoding,
    limits: &'a Limits,
    open: Vec<Open>,
    has_root: bool,
    deepest: u32,
}

/// An element that has begun.
struct Open {
    /// Where its name is.
    name: (u32, u32),
    children: u32,
    /// Characters since the last tag.
    text: u32,
}

impl<'a> Scanner<'a> {
    fn document(&mut self, reader: &mut Reader<&'a [u8]>) -> Result<(), What> {
        loop {
            self.at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            match reader.read_event().map_err(|error| meaning_of(&error))? {
                Event::Start(tag) => {
                    self.begin(tag.name().as_ref())?;
                    check_attributes(&tag, self.limits)?;
                }
                Event::Empty(tag) => {
                    self.begin(tag.name().as_ref())?;
                    check_attributes(&tag, self.limits)?;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(text) if self.open.is_empty() => {
                    if !text.bytes().all(is_space) {
                        return Err(What::Outside);
                    }
                }
                Event::Text(text) => {
                    if text.contains("]]>") {
                        return Err(What::BadText);
                    }
                    self.add_text(text.chars().count())?;
                }
                Event::CData(text) => self.add_text(text.chars().count())?,
                Event::GeneralRef(reference) => {
                    check_reference(&reference)?;
                    self.add_text(1)?;
                }
                Event::Comment(comment) => {
                    if comment.contains("--") || comment.ends_with('-') {
                        return Err(What::BadComment);
                    }
                    self.add_aside(comment.chars().count())?;
                }
                Event::PI(instruction) => {
                    let target = instruction.target();
                    if target.eq_ignore_ascii_case("xml") || !is_name(target) {
                        return Err(What::BadDeclaration);
                    }
                    self.add_aside(instruction.chars().count())?;
                }
                Event::Decl(declaration) => self.declare(&declaration)?,
                Event::DocType(words) => self.doctype(&words)?,
                Event::Eof => break,
            }
        }
        match (self.open.is_empty(), self.has_root) {
            (false, _) => Err(What::Ended),
            (true, false) => Err(What::NoRoot),
            (true, true) => Ok(()),
        }
    }

    fn begin(&mut self, name: &str) -> Result<(), What> {
        if !is_name(name) {
            return Err(What::BadName);
        }
        let depth = self.open.len() as u32 + 1;
        match self.open.last_mut() {
            None if self.has_root => return Err(What::Outside),
            None => self.has_root = true,
            Some(parent) => {
                parent.text = 0;
                parent.add_child(self.limits)?;
            }
        }
        within(depth, self.limits.node_depth, What::TooDeep)?;
        self.deepest = self.deepest.max(depth);
        let from = self.at as u32 + 1;
        self.open.push(Open { name: (from, from + name.len() as u32), children: 0, text: 0 });
        Ok(())
    }

    fn end(&mut self) {
        self.open.pop();
        if let Some(parent) = self.open.last_mut() {
            parent.text = 0;
        }
    }

    fn add_text(&mut self, characters: usize) -> Result<(), What> {
        let Some(open) = self.open.last_mut() else { return Err(What::Outside) };
        open.text = open.text.saturating_add(u32::try_from(characters).unwrap_or(u32::MAX));
        within(open.text, self.limits.text_length, What::TextTooLong)
    }

    /// A comment or a processing instruction.
    fn add_aside(&mut self, characters: usize) -> Result<(), What> {
        let characters = u32::try_from(characters).unwrap_or(u32::MAX);
        within(characters, self.limits.comment_length, What::CommentTooLong)?;
        self.open.last_mut().map_or(Ok(()), |open| open.add_child(self.limits))
    }

    fn declare(&self, declaration: &BytesDecl<'_>) -> Result<(), What> {
        let is_first = self.at == 0;
        let is_of_1_0 = matches!(declaration.xml_version(), Ok(XmlVersion::Explicit1_0));
        if !is_first || !is_of_1_0 {
            return Err(What::BadDeclaration);
        }
        self.encoding.agrees_with(declaration)
    }

    fn doctype(&self, words: &str) -> Result<(), What> {
        if !self.limits.bare_doctype {
            return Err(What::Doctype);
        }
        if self.has_root {
            return Err(What::Outside);
        }
        if is_name(words.trim_matches([' ', '\t', '\r', '\n'])) { Ok(()) } else { Err(What::DoctypeWithMore) }
    }

    fn fault(&self, what: What) -> Fault {
        let before = self.text.as_bytes().get(..self.at).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let names = self.open.iter().map(|open| {
            let (from, to) = open.name;
            self.text.get(from as usize..to as usize).unwrap_or_default()
        });
        Fault::new(what, line, names)
    }
}

impl Open {
    fn add_child(&mut self, limits: &Limits) -> Result<(), What> {
        self.children = self.children.saturating_add(1);
        within(self.children, limits.children, What::TooManyChildren)
    }
}

pub(super) fn within(number: u32, most: Option<u32>, otherwise: fn(u32) -> What) -> Result<(), What> {
    match most {
        Some(most) if number > most => Err(otherwise(most)),
        _ => Ok(()),
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// XML 1.0, 2.2. A second byte order mark is a character too, but nobody means it.
fn check_characters(text: &str) -> Result<(), What> {
    let is_good = text.bytes().all(|byte| byte >= b' ' || is_space(byte))
        && !text.contains(['\u{fffe}', '\u{ffff}'])
        && !text.starts_with('\u{feff}');
    if is_good { Ok(()) } else { Err(What::BadCharacter) }
}

/// XML 1.0, 2.3, without the finer parts of what is beyond ASCII: no such character is markup to anybody.
pub(super) fn is_name(name: &str) -> bool {
    let begins = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':') || !byte.is_ascii();
    let goes_on = |byte: u8| begins(byte) || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    name.bytes().next().is_some_and(begins) && name.bytes().all(goes_on)
}

/// A reference to a character, or to one of the five entities that XML defines.
pub(super) fn check_reference(name: &str) -> Result<(), What> {
    let Some(number) = name.strip_prefix('#') else {
        return match name {
            "lt" | "gt" | "amp" | "apos" | "quot" => Ok(()),
            other if is_name(other) => Err(What::Entity),
            _ => Err(What::BadReference),
        };
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    if !is_number {
        return Err(What::BadReference);
    }
    let character = u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    match character {
        Some('\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..) => Ok(()),
        _ => Err(What::BadCharacter),
    }
}

fn meaning_of(error: &Error) -> What {
    match error {
        Error::Syntax(SyntaxError::InvalidBangMarkup) => What::Malformed,
        Error::Syntax(_) | Error::IllFormed(IllFormedError::MissingEndTag(_)) => What::Ended,
        Error::IllFormed(IllFormedError::UnmatchedEndTag(_) | IllFormedError::MismatchedEndTag { .. }) => {
            What::WrongEndTag
        }
        Error::IllFormed(IllFormedError::UnclosedReference) | Error::Escape(_) => What::BadReference,
        Error::IllFormed(IllFormedError::MissingDoctypeName) => What::Doctype,
        _ => What::Malformed,
    }
}

#[cfg(test)]
mod tests;
