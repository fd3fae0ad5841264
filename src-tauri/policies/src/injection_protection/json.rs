//! Names and texts of a JSON document, each on its own, as it is read: nothing is built.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::detector::{Detector, Rule};
use super::looker::{Found, Looked, Part};

/// Looks at every name and text. Several documents may follow one another, as in `application/x-ndjson`. What is no
/// JSON is looked at as one text: whoever reads it may be less strict.
pub(super) fn look(detector: &Detector, text: &[u8]) -> Looked {
    let mut walk = Walk { detector, rule: None, way: Vec::new() };
    let mut rest = text.trim_ascii_start();
    while !rest.is_empty() {
        let mut reader = serde_json::Deserializer::from_slice(rest);
        let read = Node(&mut walk).deserialize(&mut reader);
        if let Some(rule) = walk.rule {
            let way: String = walk.way.iter().rev().flat_map(|step| ["/", step]).collect();
            return Err(Found::boxed(rule, Part::Body, way));
        }
        if read.is_err() {
            return detector.look(text, Part::Body, "");
        }
        let end = reader.into_iter::<IgnoredAny>().byte_offset();
        rest = rest[end..].trim_ascii_start();
    }
    Ok(())
}

struct Walk<'d> {
    detector: &'d Detector,
    rule: Option<Rule>,
    /// Where it was found, innermost first.
    way: Vec<String>,
}

impl Walk<'_> {
    /// Ends the walk where the text is an attack.
    fn text<E: Error>(&mut self, text: &str) -> Result<(), E> {
        self.rule = self.detector.find(text.as_bytes());
        if self.rule.is_some() { Err(E::custom("found")) } else { Ok(()) }
    }

    /// Notes the way out where the walk ended below.
    fn below<T, E>(&mut self, read: Result<T, E>, step: impl FnOnce() -> String) -> Result<T, E> {
        if self.rule.is_some() {
            self.way.push(step());
        }
        read
    }
}

/// A value.
struct Node<'w, 'd>(&'w mut Walk<'d>);

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for n in 0_usize.. {
            let read = items.next_element_seed(Node(self.0));
            if self.0.below(read, || n.to_string())?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(name) = entries.next_key_seed(Name)? {
            self.0.text(&name)?;
            let read = entries.next_value_seed(Node(self.0));
            self.0.below(read, || name.into_owned())?;
        }
        Ok(())
    }
}

/// A name, borrowed where it has no escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
