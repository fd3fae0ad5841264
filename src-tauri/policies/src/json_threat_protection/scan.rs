//! Reads one JSON document (RFC 8259) from front to back, without recursion, against limits.
//!
//! Memory: a few bytes for every level that is open, and for every name of an open object where names must differ.

use super::fault::{Fault, What};
use super::names::Name;

/// What a document may be. None is no limit.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Objects and arrays within each other.
    pub container_depth: Option<u32>,
    /// Entries of one object.
    pub object_entries: Option<u32>,
    /// Characters of a name.
    pub name_length: Option<u32>,
    /// Elements of one array.
    pub array_elements: Option<u32>,
    /// Characters of a string.
    pub string_length: Option<u32>,
    /// Bytes of a number as it is written.
    pub number_length: Option<u32>,
    /// Largest exponent as it is written, with either sign.
    pub exponent: Option<u32>,
    /// The names of an object must differ.
    pub unique_names: bool,
}

/// Gives how deep the document is, or what is wrong with it first. At most 4 GiB.
pub fn scan(body: &[u8], limits: &Limits) -> Result<u32, Fault> {
    let valid = match std::str::from_utf8(body) {
        Ok(_) => body.len(),
        Err(error) => error.valid_up_to(),
    };
    let mut scanner = Scanner {
        text: &body[..valid],
        at: 0,
        limits,
        open: Vec::new(),
        names: Vec::new(),
        in_name: false,
        deepest: 0,
    };
    let read = scanner.document();
    // What follows the part that is UTF-8 is the fault, unless there was one before.
    let read = match read {
        Ok(()) | Err(What::Ended | What::Trailing) if valid < body.len() => {
            scanner.at = valid;
            Err(What::NotUtf8)
        }
        read => read,
    };
    read.map(|()| scanner.deepest).map_err(|what| scanner.fault(what))
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    limits: &'a Limits,
    open: Vec<Open>,
    /// Of the objects that are open: all of them where they must differ, else the last of each.
    names: Vec<Name>,
    /// Between the beginning of an entry and the end of its name.
    in_name: bool,
    deepest: u32,
}

/// An object or array that has begun.
struct Open {
    is_object: bool,
    /// How many entries or elements have begun.
    begun: u32,
    /// Where its names begin in the scanner's.
    names_from: u32,
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), What> {
        if self.text.starts_with(b"\xef\xbb\xbf") {
            return Err(What::ByteOrderMark);
        }
        self.skip_space();
        self.value()?;
        while let Some(open) = self.open.last() {
            let is_object = open.is_object;
            self.skip_space();
            if is_object { self.go_on_in_object()? } else { self.go_on_in_array()? }
        }
        self.skip_space();
        if self.at < self.text.len() { Err(What::Trailing) } else { Ok(()) }
    }

    /// The beginning of an object or array, or the whole of anything else.
    fn value(&mut self) -> Result<(), What> {
        match self.peek()? {
            b'{' => self.open(true),
            b'[' => self.open(false),
            b'"' => self.string(self.limits.string_length, What::StringTooLong).map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => Err(What::NoValue),
        }
    }

    fn open(&mut self, is_object: bool) -> Result<(), What> {
        let depth = self.open.len() as u32 + 1;
        within(depth, self.limits.container_depth, What::TooDeep)?;
        self.deepest = self.deepest.max(depth);
        self.at += 1;
        self.open.push(Open { is_object, begun: 0, names_from: self.names.len() as u32 });
        Ok(())
    }

    fn go_on_in_array(&mut self) -> Result<(), What> {
        if self.closes_or_begins_next(b']', What::NoEndOfArray)? {
            self.open.pop();
            return Ok(());
        }
        self.begin(self.limits.array_elements, What::TooManyElements)?;
        self.value()
    }

    fn go_on_in_object(&mut self) -> Result<(), What> {
        if self.closes_or_begins_next(b'}', What::NoEndOfObject)? {
            return self.close_object();
        }
        self.in_name = true;
        self.begin(self.limits.object_entries, What::TooManyEntries)?;
        if self.peek()? != b'"' {
            return Err(What::NoName);
        }
        let name = self.string(self.limits.name_length, What::NameTooLong)?;
        if !self.limits.unique_names {
            self.names.truncate(self.names_of_innermost());
        }
        self.names.push(name);
        self.in_name = false;
        self.skip_space();
        if self.peek()? != b':' {
            return Err(What::NoColon);
        }
        self.at += 1;
        self.skip_space();
        self.value()
    }

    /// True at the end of the innermost; else the next entry begins here.
    fn closes_or_begins_next(&mut self, end: u8, otherwise: What) -> Result<bool, What> {
        let is_first = self.open.last().is_none_or(|open| open.begun == 0);
        let next = self.peek()?;
        if next == end {
            self.at += 1;
            return Ok(true);
        }
        if !is_first {
            if next != b',' {
                return Err(otherwise);
            }
            self.at += 1;
            self.skip_space();
        }
        Ok(false)
    }

    /// One more entry or element of the innermost.
    fn begin(&mut self, most: Option<u32>, otherwise: fn(u32) -> What) -> Result<(), What> {
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        within(open.begun + 1, most, otherwise)?;
        open.begun += 1;
        Ok(())
    }

    fn close_object(&mut self) -> Result<(), What> {
        let from = self.names_of_innermost();
        if self.limits.unique_names
            && let Some(twice) = Name::first_twice(&mut self.names[from..], self.text)
        {
            self.names.truncate(from);
            self.names.push(twice);
            return Err(What::NameTwice);
        }
        self.names.truncate(from);
        self.open.pop();
        Ok(())
    }

    fn names_of_innermost(&self) -> usize {
        self.open.last().map_or(0, |open| open.names_from as usize)
    }

    /// A string, from quote to quote. Its length is in characters, each escape being what it stands for.
    fn string(&mut self, most: Option<u32>, otherwise: fn(u32) -> What) -> Result<Name, What> {
        let began = self.at;
        self.at += 1;
        // Bytes of escapes beyond the one character that each stands for.
        let (mut beyond, mut escaped) = (0, false);
        loop {
            let rest = &self.text[self.at..];
            let stop = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
            self.at += stop.unwrap_or(rest.len());
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    beyond += self.escape()? - 1;
                }
                _ => return Err(What::ControlCharacter),
            }
        }
        let name = Name { from: began as u32 + 1, to: self.at as u32, escaped };
        if let Some(most) = most {
            let raw = &self.text[began + 1..self.at];
            let is_over = raw.len() - beyond > most as usize && {
                let continued = raw.iter().filter(|byte| **byte & 0xc0 == 0x80).count();
                raw.len() - beyond - continued > most as usize
            };
            if is_over {
                self.at = began;
                return Err(otherwise(most));
            }
        }
        self.at += 1;
        Ok(name)
    }

    /// Steps over an escape; gives how many bytes it has.
    fn escape(&mut self) -> Result<usize, What> {
        let began = self.at;
        match self.text.get(began + 1).ok_or(What::Ended)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'u' => {
                let first = self.unit(began)?;
                self.at += 6;
                match first {
                    0xd800..=0xdbff => {
                        let is_pair = self.text[self.at..].starts_with(b"\\u")
                            && matches!(self.unit(self.at)?, 0xdc00..=0xdfff);
                        if !is_pair {
                            self.at = began;
                            return Err(What::HalfSurrogate);
                        }
                        self.at += 6;
                    }
                    0xdc00..=0xdfff => {
                        self.at = began;
                        return Err(What::HalfSurrogate);
                    }
                    _ => {}
                }
            }
            _ => return Err(What::BadEscape),
        }
        Ok(self.at - began)
    }

    /// The four digits of `\uXXXX` at `from`.
    fn unit(&self, from: usize) -> Result<u32, What> {
        let digits = self.text.get(from + 2..from + 6).ok_or(What::Ended)?;
        digits.iter().try_fold(0, |unit, digit| {
            Ok(unit * 16 + char::from(*digit).to_digit(16).ok_or(What::BadEscape)?)
        })
    }

    fn number(&mut self) -> Result<(), What> {
        let began = self.at;
        self.step_over(b"-");
        if !self.step_over(b"0") && self.digits() == 0 {
            return Err(What::BadNumber);
        }
        if self.step_over(b".") && self.digits() == 0 {
            return Err(What::BadNumber);
        }
        let mut exponent: &[u8] = &[];
        if self.step_over(b"eE") {
            self.step_over(b"+-");
            let from = self.at;
            if self.digits() == 0 {
                return Err(What::BadNumber);
            }
            exponent = &self.text[from..self.at];
        }
        if matches!(
            self.text.get(self.at),
            Some(b'0'..=b'9' | b'.' | b'-' | b'+' | b'a'..=b'z' | b'A'..=b'Z')
        ) {
            return Err(What::BadNumber);
        }
        let length = (self.at - began) as u32;
        let exponent = exponent
            .iter()
            .fold(0_u32, |number, digit| number.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
        let fits = within(length, self.limits.number_length, What::NumberTooLong)
            .and_then(|()| within(exponent, self.limits.exponent, What::ExponentTooLarge));
        if fits.is_err() {
            self.at = began;
        }
        fits
    }

    /// Steps over digits; gives how many.
    fn digits(&mut self) -> usize {
        let rest = &self.text[self.at..];
        let digits = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.at += digits;
        digits
    }

    /// Steps over one of these, if it is there.
    fn step_over(&mut self, any: &[u8]) -> bool {
        let is_there = self.text.get(self.at).is_some_and(|byte| any.contains(byte));
        self.at += usize::from(is_there);
        is_there
    }

    fn word(&mut self, word: &'static [u8]) -> Result<(), What> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(())
        } else if word.starts_with(&self.text[self.at..]) {
            self.at = self.text.len();
            Err(What::Ended)
        } else {
            Err(What::NoValue)
        }
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        let end = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.at += end.unwrap_or(rest.len());
    }

    fn peek(&self) -> Result<u8, What> {
        self.text.get(self.at).copied().ok_or(What::Ended)
    }

    fn fault(&self, what: What) -> Fault {
        // About the object or array that is open; else about what stands or should stand in it.
        let is_of_the_open = self.in_name || matches!(what, What::TooManyElements(_));
        let levels = self.open.len() - usize::from(is_of_the_open);
        let ends = self.open.iter().skip(1).map(|open| open.names_from as usize).chain([self.names.len()]);
        let steps = self.open.iter().zip(ends).take(levels).map_while(|(open, names_to)| {
            let name = (names_to > open.names_from as usize).then(|| names_to - 1);
            match name {
                _ if open.begun == 0 => None,
                Some(name) if open.is_object => Some(self.names[name].decoded(self.text)),
                None if open.is_object => None,
                _ => Some((open.begun - 1).to_string()),
            }
        });
        Fault::new(what, self.at, steps)
    }
}

fn within(number: u32, most: Option<u32>, otherwise: fn(u32) -> What) -> Result<(), What> {
    match most {
        Some(most) if number > most => Err(otherwise(most)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
