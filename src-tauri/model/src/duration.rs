//! Durations as people write them: `500ms`, `30s`, `1m`, `24h`, or a bare number of milliseconds.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A duration in whole milliseconds, written as `500ms`, `30s`, `1m`, `24h`, `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

/// Units, largest first, with their length in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Millis {
    /// What its text looks like, as JSON Schema has it.
    pub const PATTERN: &str = "^[0-9]+ *(ms|s|m|h|d)?$";

    /// The same as a [`Duration`].
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

/// Reads `500ms`, `30s`, `1m`, `24h`, `7d`, or a bare number of milliseconds. Says what it expected otherwise.
pub fn parse_duration(text: &str) -> Result<Millis, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let expected = || format!("`{text}` is not a duration; write 500ms, 30s, 1m or 24h");
    let number: u64 = number.parse().map_err(|_| expected())?;
    let unit = match unit.trim() {
        "" => 1,
        unit => UNITS.iter().find(|(name, _)| *name == unit).map(|(_, ms)| *ms).ok_or_else(expected)?,
    };
    number.checked_mul(unit).map(Millis).ok_or_else(|| format!("`{text}` is too long a duration"))
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, ms) =
            UNITS.iter().find(|(_, ms)| self.0 > 0 && self.0.is_multiple_of(*ms)).unwrap_or(&("ms", 1));
        write!(f, "{}{unit}", self.0 / ms)
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl de::Visitor<'_> for Reader {
            type Value = Millis;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as 500ms, 30s, 1m or 24h")
            }
            fn visit_u64<E: de::Error>(self, ms: u64) -> Result<Millis, E> {
                Ok(Millis(ms))
            }
            fn visit_i64<E: de::Error>(self, ms: i64) -> Result<Millis, E> {
                u64::try_from(ms).map(Millis).map_err(|_| E::custom("a duration cannot be negative"))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Millis, E> {
                parse_duration(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl JsonSchema for Millis {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"], "format": "duration", "pattern": Self::PATTERN, "minimum": 0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, ms) in [("500ms", 500), ("30s", 30_000), ("1m", 60_000), ("24h", 86_400_000), ("250", 250)]
        {
            assert_eq!(parse_duration(text), Ok(Millis(ms)), "{text}");
        }
        for text in ["", "m", "1 fortnight", "-1s", "99999999999999999999s", "9999999999999999d"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn writes_the_largest_whole_unit() {
        for (ms, text) in [(0, "0ms"), (500, "500ms"), (60_000, "1m"), (90_000, "90s"), (86_400_000, "1d")] {
            assert_eq!(Millis(ms).to_string(), text);
        }
    }
}
