//! Kinds of personal data that are found wherever they stand in a text, and names, which are found by their fields.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is looked for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Kind {
    /// E-mail addresses.
    Email,
    /// Telephone numbers: with `+` or parts set apart, 8 to 15 digits.
    Phone,
    /// Payment card numbers of 13 to 19 digits with a right check digit (Luhn).
    Card,
    /// International bank account numbers with right check digits (ISO 13616).
    Iban,
    /// United States social security numbers, `123-45-6789`.
    NationalId,
    /// Names of people: whatever stands in a field called `name`, `first_name`, `surname` and the like.
    Name,
}

/// Shorter than any character class with every letter of the world: addresses in other alphabets are found too.
static EMAIL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[\p{L}\p{N}._%+'-]+@(?:[\p{L}\p{N}-]+\.)+[\p{L}]{2,}").ok());
static PHONE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:\+|\b0|\(|\b)\d[\d ()./-]{6,20}\d\b").ok());
static CARD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b\d(?:[ -]?\d){12,18}\b").ok());
static IBAN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b").ok());
static SSN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b\d{3}-\d{2}-\d{4}\b").ok());

/// Fields of names, without what sets their words apart.
const NAMES: [&str; 16] = [
    "name",
    "fullname",
    "firstname",
    "lastname",
    "middlename",
    "givenname",
    "familyname",
    "surname",
    "forename",
    "maidenname",
    "nickname",
    "displayname",
    "customername",
    "contactname",
    "cardholder",
    "cardholdername",
];

impl Kind {
    /// Whether everything in a field of this name is of this kind.
    pub(crate) fn is_field(self, name: &str) -> bool {
        let plain: String =
            name.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
        self == Self::Name && NAMES.contains(&plain.as_str())
    }

    /// Where it stands in a text.
    pub(crate) fn found_in(self, text: &str) -> Vec<Range<usize>> {
        let (pattern, is_right): (_, fn(&str) -> bool) = match self {
            Self::Email => (&EMAIL, |_| true),
            Self::Phone => (&PHONE, is_phone),
            Self::Card => (&CARD, has_luhn_digit),
            Self::Iban => (&IBAN, is_iban),
            Self::NationalId => (&SSN, is_ssn),
            Self::Name => return Vec::new(),
        };
        let Some(pattern) = &**pattern else { return Vec::new() };
        pattern.find_iter(text).filter(|found| is_right(found.as_str())).map(|found| found.range()).collect()
    }
}

fn digits(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.chars().filter_map(|c| c.to_digit(10))
}

/// Digits alone are more often the number of an order: a telephone number says by `+` or by its parts what it is.
fn is_phone(text: &str) -> bool {
    let count = digits(text).count();
    let parts = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).count();
    let is_date = parts == 3 && text.len() == 10 && !text.contains(' ') && !text.starts_with('+');
    (8..=15).contains(&count) && (text.starts_with('+') || (parts >= 2 && !is_date && !is_ssn(text)))
}

/// ISO/IEC 7812-1, annex B.
fn has_luhn_digit(text: &str) -> bool {
    let mut all: Vec<u32> = digits(text).collect();
    all.reverse();
    let doubled = |at: usize, digit: u32| match digit * if at % 2 == 1 { 2 } else { 1 } {
        more @ 10.. => more - 9,
        one => one,
    };
    let sum: u32 = all.iter().enumerate().map(|(at, digit)| doubled(at, *digit)).sum();
    sum.is_multiple_of(10) && all.iter().any(|digit| *digit != 0)
}

/// ISO 13616-1: the first four moved to the end, letters as numbers from 10, the remainder by 97 is 1.
fn is_iban(text: &str) -> bool {
    let plain: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    if !(15..=34).contains(&plain.len()) {
        return false;
    }
    let turned = plain[4..].iter().chain(&plain[..4]);
    let remainder = turned.filter_map(|c| c.to_digit(36)).fold(0u32, |rest, digit| {
        let shift = if digit > 9 { 100 } else { 10 };
        (rest * shift + digit) % 97
    });
    remainder == 1
}

/// Never issued: area 000, 666 and 900 up, group 00, serial 0000.
fn is_ssn(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, group, serial] = parts[..] else { return false };
    let lengths = (area.len(), group.len(), serial.len()) == (3, 2, 4);
    lengths && area != "000" && area != "666" && !area.starts_with('9') && group != "00" && serial != "0000"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: Kind, text: &str) -> Vec<&str> {
        kind.found_in(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn finds_email_addresses_in_any_text() {
        assert_eq!(
            found(Kind::Email, "to: jo.o'hara+x@mail.example.co.uk, ok"),
            ["jo.o'hara+x@mail.example.co.uk"]
        );
        assert_eq!(found(Kind::Email, "müller@exämple.de"), ["müller@exämple.de"]);
        assert!(found(Kind::Email, "a@b, @home, 5@x").is_empty());
    }

    #[test]
    fn finds_cards_by_their_check_digit() {
        assert_eq!(found(Kind::Card, "card 4111 1111 1111 1111."), ["4111 1111 1111 1111"]);
        assert_eq!(found(Kind::Card, "378282246310005"), ["378282246310005"]);
        assert!(found(Kind::Card, "4111 1111 1111 1112").is_empty());
        assert!(found(Kind::Card, "0000000000000000").is_empty());
    }

    #[test]
    fn finds_ibans_by_their_check_digits() {
        assert_eq!(found(Kind::Iban, "DE89 3704 0044 0532 0130 00"), ["DE89 3704 0044 0532 0130 00"]);
        assert_eq!(found(Kind::Iban, "gb82WEST12345698765432"), ["gb82WEST12345698765432"]);
        assert!(found(Kind::Iban, "DE88370400440532013000").is_empty());
    }

    #[test]
    fn finds_telephone_numbers_but_not_dates_and_order_numbers() {
        for phone in ["+49 30 901820", "+15551234567", "(555) 123-4567", "030/901820-12"] {
            assert_eq!(found(Kind::Phone, phone).len(), 1, "{phone}");
        }
        for other in ["2026-11-23", "1234567890", "23.11.2026", "12:30:45", "1.5", "123-45-6789"] {
            assert!(found(Kind::Phone, other).is_empty(), "{other}");
        }
    }

    #[test]
    fn finds_social_security_numbers_that_can_be() {
        assert_eq!(found(Kind::NationalId, "ssn 123-45-6789"), ["123-45-6789"]);
        for never in ["000-45-6789", "666-45-6789", "900-45-6789", "123-00-6789", "123-45-0000"] {
            assert!(found(Kind::NationalId, never).is_empty(), "{never}");
        }
    }

    #[test]
    fn names_are_known_by_their_fields() {
        assert!(["name", "firstName", "FAMILY-NAME", "card_holder"].iter().all(|it| Kind::Name.is_field(it)));
        assert!(!["filename", "hostname", "id"].iter().any(|it| Kind::Name.is_field(it)));
        assert!(!Kind::Email.is_field("name"));
    }
}
