//! JSON in which no name stands twice in an object: another reader could take the other one.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads all of `bytes`; an error is said after "it", and quotes nothing.
pub fn read(bytes: &[u8]) -> Result<Value, String> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = Strict.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    read.map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        if error.to_string().starts_with(TWICE) {
            format!("has a name twice in one object ({place})")
        } else {
            format!("is not JSON ({place})")
        }
    })
}

const TWICE: &str = "a name stands twice";

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Self)?;
            if members.insert(name, value).is_some() {
                return Err(serde::de::Error::custom(TWICE));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_what_is_json_in_one_meaning() {
        let text = r#" {"a": [1, -2, 1.5, true, null, "x\u0041"], "b": {"a": {}}} "#;
        assert_eq!(read(text.as_bytes()), Ok(json!({"a": [1, -2, 1.5, true, null, "xA"], "b": {"a": {}}})));
        assert!(read(br#"{"a": 1, "a": 2}"#).is_err_and(|why| why.contains("twice")));
        assert!(read(br#"{"a": 1, "\u0061": 2}"#).is_err_and(|why| why.contains("twice")));
        for broken in [&b"{"[..], b"", b"1 2", b"[1,]", b"\"\xff\"", b"1e999"] {
            assert!(read(broken).is_err_and(|why| why.contains("not JSON")), "{broken:?}");
        }
        assert!(read("[".repeat(100_000).as_bytes()).is_err());
    }
}
