//! Values inside JSON. The text is not written anew: numbers keep their digits and members their order.

use std::collections::HashMap;

use serde_json::Value;

use super::{Edits, Place, Rewrite, Trouble, first};

/// Rewrites texts and numbers. A number for which something else than a number is given becomes a text.
pub(super) fn rewrite(edits: &mut Edits<'_>, rules: &[impl Rewrite]) -> Result<(), Trouble> {
    let body = edits.body;
    let document: Value = serde_json::from_slice(body)
        .map_err(|error| Trouble::Malformed(format!("line {}: no JSON", error.line())))?;
    let named = named(&document, rules);
    let mut walk = Walk { text: body, at: 0, pointer: String::new(), rules, named: &named, edits };
    walk.value("", 0)
}

/// Which rules name a place, by the place's JSON pointer.
fn named(document: &Value, rules: &[impl Rewrite]) -> HashMap<String, Vec<usize>> {
    let mut named: HashMap<String, Vec<usize>> = HashMap::new();
    for (number, rule) in rules.iter().enumerate() {
        for path in rule.places().json() {
            for location in path.query_located(document).locations() {
                named.entry(location.to_json_pointer()).or_default().push(number);
            }
        }
    }
    named
}

/// One walk through a text that is known to be JSON.
struct Walk<'w, 'b, R> {
    text: &'b [u8],
    at: usize,
    /// Where it is.
    pointer: String,
    rules: &'w [R],
    named: &'w HashMap<String, Vec<usize>>,
    edits: &'w mut Edits<'b>,
}

impl<R: Rewrite> Walk<'_, '_, R> {
    /// Walks the value that comes next. What a rule names counts for all that is inside it: `inherited` are its bits.
    fn value(&mut self, member: &str, inherited: u64) -> Result<(), Trouble> {
        let own = self.named.get(&self.pointer).into_iter().flatten();
        let mask = own.fold(inherited, |mask, number| mask | 1 << number);
        self.space();
        match self.peek() {
            b'{' => self.members(b'}', mask, member),
            b'[' => self.members(b']', mask, member),
            b'"' => {
                let range = self.string();
                let text: String = self.read(range.clone())?;
                let other = self.asked(member, &text, mask)?;
                self.put(range, other)
            }
            b't' | b'f' | b'n' => {
                self.literal();
                Ok(())
            }
            _ => {
                let range = self.literal();
                let text = String::from_utf8_lossy(&self.text[range.clone()]).into_owned();
                match self.asked(member, &text, mask)? {
                    // Still a number, and still the kind of thing that its readers expect.
                    Some(other) if serde_json::from_str::<serde_json::Number>(&other).is_ok() => {
                        self.edits.replace(range, other.as_bytes());
                        Ok(())
                    }
                    other => self.put(range, other),
                }
            }
        }
    }

    /// The members of an object or the items of an array.
    fn members(&mut self, end: u8, mask: u64, name: &str) -> Result<(), Trouble> {
        self.at += 1;
        for index in 0usize.. {
            self.space();
            match self.peek() {
                b',' => {
                    self.at += 1;
                    self.space();
                }
                byte if byte == end => break,
                _ => {}
            }
            let before = self.pointer.len();
            if end == b'}' {
                let range = self.string();
                let key: String = self.read(range)?;
                self.space();
                self.at += 1;
                self.pointer.push('/');
                self.pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                self.value(&key, mask)?;
            } else {
                self.pointer.push_str(&format!("/{index}"));
                self.value(name, mask)?;
            }
            self.pointer.truncate(before);
        }
        self.at += 1;
        Ok(())
    }

    fn asked(&self, member: &str, text: &str, mask: u64) -> Result<Option<String>, Trouble> {
        first(self.rules, &Place::Json { member }, text, |number| mask & (1 << number) != 0)
    }

    fn put(&mut self, range: std::ops::Range<usize>, other: Option<String>) -> Result<(), Trouble> {
        if let Some(other) = other {
            self.edits.replace(range, Value::from(other).to_string().as_bytes());
        }
        Ok(())
    }

    fn read(&self, range: std::ops::Range<usize>) -> Result<String, Trouble> {
        serde_json::from_slice(&self.text[range]).map_err(|_| Trouble::Malformed("no JSON".into()))
    }

    /// The string that begins here, with its quotes.
    fn string(&mut self) -> std::ops::Range<usize> {
        let start = self.at;
        self.at += 1;
        while self.at < self.text.len() {
            match self.text[self.at] {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        start..self.at
    }

    /// The number or word that begins here.
    fn literal(&mut self) -> std::ops::Range<usize> {
        let start = self.at;
        while !matches!(self.peek(), b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t' | 0) {
            self.at += 1;
        }
        start..self.at
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// The next byte; 0 at the end.
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }
}
