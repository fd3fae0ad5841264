//! Values inside bodies: which are meant, and putting others in their places. Everything else of a body stays as it was,
//! byte for byte.

mod form;
mod json;
mod places;
mod xml;

pub(crate) mod kinds;
pub(crate) mod method;

pub(crate) use form::{decoded, encoded};
pub(crate) use places::{Place, Places};

/// What becomes of values. Asked for each, in the order they stand in the body.
pub(crate) trait Rewrite {
    /// Which values it is asked for.
    fn places(&self) -> &Places;
    /// The value to put in place of one at this place; none leaves it.
    fn rewrite(&self, place: &Place<'_>, value: &str) -> Result<Option<String>, String>;
}

/// How a body is read, by its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Xml,
    Form,
    Text,
}

impl Format {
    /// None for what holds no values that can be told apart, such as an image.
    pub(crate) fn of(media_type: &str) -> Option<Self> {
        let (kind, subtype) = media_type.split_once('/')?;
        Some(match (kind, subtype) {
            (_, "json") => Self::Json,
            // Many documents, a line each: found by what stands in them, not by paths.
            (_, "x-ndjson") => Self::Text,
            (_, "xml") => Self::Xml,
            ("application", "x-www-form-urlencoded") => Self::Form,
            _ if subtype.ends_with("+json") => Self::Json,
            _ if subtype.ends_with("+xml") => Self::Xml,
            ("text", _) => Self::Text,
            _ => return None,
        })
    }
}

/// A body with other values in it.
#[derive(Debug)]
pub(crate) struct Rewritten {
    /// None where nothing changed.
    pub(crate) body: Option<Vec<u8>>,
    /// How many values.
    pub(crate) changed: usize,
}

/// Why a body could not be rewritten; for the trail, without anything of the body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is not what its media type says.
    Malformed(String),
    /// A value cannot be rewritten.
    Refused(String),
}

/// Puts what the first of `rules` that wants it gives in the place of each value.
pub(crate) fn rewrite(format: Format, body: &[u8], rules: &[impl Rewrite]) -> Result<Rewritten, Trouble> {
    let mut edits = Edits::new(body);
    match format {
        Format::Json => json::rewrite(&mut edits, rules)?,
        Format::Xml => xml::rewrite(&mut edits, rules)?,
        Format::Form => form::rewrite(&mut edits, rules)?,
        Format::Text => {
            let text = std::str::from_utf8(body).map_err(|_| Trouble::Malformed("is not UTF-8".into()))?;
            if let Some(other) = first(rules, &Place::Text, text, |_| false)? {
                edits.replace(0..body.len(), other.as_bytes());
            }
        }
    }
    Ok(edits.finish())
}

/// What the first rule gives that takes this place and wants the value changed. `names` tells whether a rule, by its
/// number, names the place.
fn first(
    rules: &[impl Rewrite],
    place: &Place<'_>,
    value: &str,
    names: impl Fn(usize) -> bool,
) -> Result<Option<String>, Trouble> {
    for (number, rule) in rules.iter().enumerate() {
        if !rule.places().takes(place, names(number)) {
            continue;
        }
        if let Some(other) = rule.rewrite(place, value).map_err(Trouble::Refused)? {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

/// Replacements in a text, made from its beginning to its end.
struct Edits<'b> {
    body: &'b [u8],
    out: Vec<u8>,
    /// How much of `body` is in `out`.
    done: usize,
    changed: usize,
}

impl<'b> Edits<'b> {
    fn new(body: &'b [u8]) -> Self {
        Self { body, out: Vec::new(), done: 0, changed: 0 }
    }

    /// `range` must lie behind every one before it.
    fn replace(&mut self, range: std::ops::Range<usize>, by: &[u8]) {
        self.out.extend_from_slice(&self.body[self.done..range.start]);
        self.out.extend_from_slice(by);
        self.done = range.end;
        self.changed += 1;
    }

    fn finish(mut self) -> Rewritten {
        if self.changed == 0 {
            return Rewritten { body: None, changed: 0 };
        }
        self.out.extend_from_slice(&self.body[self.done..]);
        Rewritten { body: Some(self.out), changed: self.changed }
    }
}
