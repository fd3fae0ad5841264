//! Search filters (RFC 4515) with a place for the user name. They are parsed on save; the name of a call is then put in
//! as bytes beside the syntax, never into it, so that no name can change what is asked.

use super::ber::{OCTETS, put, put_all};

/// Stands for the user name.
const PLACE: &str = "{0}";
/// Longest filter, in bytes.
pub(super) const MAX_FILTER: usize = 2_000;
/// Filters within filters.
const MAX_DEPTH: usize = 20;

/// A filter that asks for the user name somewhere.
#[derive(Debug)]
pub(super) struct Filter(Node);

#[derive(Debug)]
enum Node {
    /// `&` or `|`.
    Of {
        tag: u8,
        nodes: Vec<Node>,
    },
    Not(Box<Node>),
    /// `=`, `>=`, `<=`, `~=` with one value.
    Compares {
        tag: u8,
        attribute: Box<str>,
        value: Value,
    },
    Present(Box<str>),
    /// `=` with asterisks: what it begins with, has in it, and ends with.
    Substrings {
        attribute: Box<str>,
        parts: Vec<(u8, Value)>,
    },
    /// `attribute:dn:rule:=value`.
    Extensible {
        attribute: Box<str>,
        rule: Box<str>,
        of_name: bool,
        value: Value,
    },
}

/// Bytes, and where the user name stands among them.
#[derive(Debug, Default)]
struct Value(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Bytes(Vec<u8>),
    User,
}

const AND: u8 = 0xa0;
const OR: u8 = 0xa1;
const NOT: u8 = 0xa2;
const EQUAL: u8 = 0xa3;
const SUBSTRINGS: u8 = 0xa4;
const AT_LEAST: u8 = 0xa5;
const AT_MOST: u8 = 0xa6;
const PRESENT: u8 = 0x87;
const ALIKE: u8 = 0xa8;
const EXTENSIBLE: u8 = 0xa9;
const BEGINS: u8 = 0x80;
const HAS: u8 = 0x81;
const ENDS: u8 = 0x82;

impl Filter {
    /// Says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() > MAX_FILTER {
            return Err(format!("at most {MAX_FILTER} bytes"));
        }
        let mut parser = Parser { rest: text, depth: 0 };
        let node = parser.filter()?;
        if !parser.rest.is_empty() {
            return Err(format!("ends before `{}`", parser.rest));
        }
        if !node.asks_for_the_user() {
            return Err(format!(
                "must have {PLACE} in it, where the user name goes: without it any user would do"
            ));
        }
        Ok(Self(node))
    }

    /// Appends it, with this user name, as a search request has it (RFC 4511, 4.5.1.7).
    pub(super) fn put(&self, out: &mut Vec<u8>, user: &str) {
        self.0.put(out, user);
    }
}

impl Node {
    fn asks_for_the_user(&self) -> bool {
        match self {
            Self::Of { nodes, .. } => nodes.iter().any(Self::asks_for_the_user),
            // What is true of everybody else is no user.
            Self::Not(_) | Self::Present(_) => false,
            Self::Compares { value, .. } | Self::Extensible { value, .. } => value.asks_for_the_user(),
            Self::Substrings { parts, .. } => parts.iter().any(|(_, value)| value.asks_for_the_user()),
        }
    }

    fn put(&self, out: &mut Vec<u8>, user: &str) {
        match self {
            Self::Of { tag, nodes } => {
                put_all(out, *tag, |out| nodes.iter().for_each(|node| node.put(out, user)));
            }
            Self::Not(node) => put_all(out, NOT, |out| node.put(out, user)),
            Self::Compares { tag, attribute, value } => put_all(out, *tag, |out| {
                put(out, OCTETS, attribute.as_bytes());
                put(out, OCTETS, &value.with(user));
            }),
            Self::Present(attribute) => put(out, PRESENT, attribute.as_bytes()),
            Self::Substrings { attribute, parts } => put_all(out, SUBSTRINGS, |out| {
                put(out, OCTETS, attribute.as_bytes());
                put_all(out, super::ber::SEQUENCE, |out| {
                    parts.iter().for_each(|(tag, value)| put(out, *tag, &value.with(user)));
                });
            }),
            Self::Extensible { attribute, rule, of_name, value } => put_all(out, EXTENSIBLE, |out| {
                if !rule.is_empty() {
                    put(out, 0x81, rule.as_bytes());
                }
                if !attribute.is_empty() {
                    put(out, 0x82, attribute.as_bytes());
                }
                put(out, 0x83, &value.with(user));
                if *of_name {
                    put(out, 0x84, &[0xff]);
                }
            }),
        }
    }
}

impl Value {
    fn asks_for_the_user(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::User))
    }

    fn with(&self, user: &str) -> Vec<u8> {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Bytes(bytes) => bytes,
            Piece::User => user.as_bytes(),
        });
        pieces.collect::<Vec<_>>().concat()
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn takes(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn wants(&mut self, text: &str) -> Result<(), String> {
        if self.takes(text) {
            return Ok(());
        }
        match self.rest {
            "" => Err(format!("lacks `{text}` at its end")),
            rest => Err(format!("needs `{text}` before `{rest}`")),
        }
    }

    fn filter(&mut self) -> Result<Node, String> {
        self.wants("(")?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("has more than {MAX_DEPTH} filters within filters"));
        }
        let node = if self.takes("&") {
            Node::Of { tag: AND, nodes: self.filters()? }
        } else if self.takes("|") {
            Node::Of { tag: OR, nodes: self.filters()? }
        } else if self.takes("!") {
            Node::Not(Box::new(self.filter()?))
        } else {
            self.item()?
        };
        self.depth -= 1;
        self.wants(")")?;
        Ok(node)
    }

    fn filters(&mut self) -> Result<Vec<Node>, String> {
        let mut nodes = vec![self.filter()?];
        while self.rest.starts_with('(') {
            nodes.push(self.filter()?);
        }
        Ok(nodes)
    }

    fn item(&mut self) -> Result<Node, String> {
        let item = self.until_the_end();
        let (left, right) =
            item.split_once('=').ok_or_else(|| format!("`{item}` compares nothing: it has no `=`"))?;
        if let Some(left) = left.strip_suffix(':') {
            return extensible(left, right);
        }
        let (attribute, tag) = match left.as_bytes().last() {
            Some(b'>') => (&left[..left.len() - 1], AT_LEAST),
            Some(b'<') => (&left[..left.len() - 1], AT_MOST),
            Some(b'~') => (&left[..left.len() - 1], ALIKE),
            _ => (left, EQUAL),
        };
        let attribute = description(attribute)?;
        match right {
            "*" if tag == EQUAL => Ok(Node::Present(attribute)),
            _ if tag == EQUAL && right.contains('*') => substrings(attribute, right),
            _ => Ok(Node::Compares { tag, attribute, value: value(right)? }),
        }
    }

    /// What comes before the next parenthesis; those of a value are written as `\28` and `\29`.
    fn until_the_end(&mut self) -> &'a str {
        let end = self.rest.find(['(', ')']).unwrap_or(self.rest.len());
        let (item, rest) = self.rest.split_at(end);
        self.rest = rest;
        item
    }
}

/// An attribute's name or OID, with options (RFC 4512, 2.5).
fn description(text: &str) -> Result<Box<str>, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b';' | b'_');
    match text {
        "" => Err("compares no attribute".into()),
        _ if text.bytes().all(fits) => Ok(text.into()),
        _ => Err(format!("`{text}` is no attribute")),
    }
}

fn extensible(left: &str, right: &str) -> Result<Node, String> {
    let mut parts = left.split(':');
    let attribute: Box<str> = match parts.next().unwrap_or_default() {
        "" => "".into(),
        text => description(text)?,
    };
    let (mut of_name, mut rule): (bool, Box<str>) = (false, "".into());
    for part in parts {
        match part {
            "dn" if !of_name && rule.is_empty() => of_name = true,
            _ if rule.is_empty() => rule = description(part)?,
            _ => return Err(format!("`{left}` has two rules")),
        }
    }
    if attribute.is_empty() && rule.is_empty() {
        return Err("compares no attribute".into());
    }
    Ok(Node::Extensible { attribute, rule, of_name, value: value(right)? })
}

fn substrings(attribute: Box<str>, text: &str) -> Result<Node, String> {
    let last = text.matches('*').count();
    let mut parts = Vec::new();
    for (n, part) in text.split('*').enumerate().filter(|(_, part)| !part.is_empty()) {
        let tag = match n {
            0 => BEGINS,
            _ if n == last => ENDS,
            _ => HAS,
        };
        parts.push((tag, value(part)?));
    }
    if parts.is_empty() {
        return Err(format!("`{text}` has asterisks alone"));
    }
    Ok(Node::Substrings { attribute, parts })
}

/// Reads `\2a` and the like, and the place of the user name.
fn value(text: &str) -> Result<Value, String> {
    let mut value = Value::default();
    for (n, between) in text.split(PLACE).enumerate() {
        if n > 0 {
            value.0.push(Piece::User);
        }
        let mut bytes = Vec::with_capacity(between.len());
        let mut parts = between.split('\\');
        bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
        for part in parts {
            let code = part.get(..2).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
            bytes.push(code.ok_or_else(|| format!("`\\` in `{text}` needs two hex digits behind it"))?);
            bytes.extend_from_slice(&part.as_bytes()[2..]);
        }
        if between.contains('*') {
            return Err(format!("an asterisk in `{text}` must be written as \\2a"));
        }
        if !bytes.is_empty() {
            value.0.push(Piece::Bytes(bytes));
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(filter: &str, user: &str) -> Vec<u8> {
        let mut out = Vec::new();
        Filter::parse(filter).expect(filter).put(&mut out, user);
        out
    }

    #[test]
    fn a_name_is_a_value_whatever_is_in_it() {
        let plain = written("(uid={0})", "ann");
        assert_eq!(plain, [&[0xa3, 10, 4, 3][..], b"uid", &[4, 3], b"ann"].concat());
        let attack = written("(uid={0})", "*)(uid=*");
        assert_eq!(attack, [&[0xa3, 15, 4, 3][..], b"uid", &[4, 8], b"*)(uid=*"].concat());
        let escape = written("(uid={0})", "\\2a{0}");
        assert_eq!(escape, [&[0xa3, 13, 4, 3][..], b"uid", &[4, 6], b"\\2a{0}"].concat());
    }

    #[test]
    fn writes_what_rfc_4511_asks_for() {
        let nested = written("(&(objectClass=person)(|(uid={0})(mail={0}@x.org)))", "a");
        let class = [&[0xa3, 21, 4, 11][..], b"objectClass", &[4, 6], b"person"].concat();
        let uid = [&[0xa3, 8, 4, 3][..], b"uid", &[4, 1], b"a"].concat();
        let mail = [&[0xa3, 15, 4, 4][..], b"mail", &[4, 7], b"a@x.org"].concat();
        let either = [&[0xa1, 27][..], &uid, &mail].concat();
        assert_eq!(nested, [&[0xa0, 52][..], &class, &either].concat());
        let parts = written("(cn=a*{0}*b*c)", "u");
        let parts_of =
            [&[0x30, 12, 0x80, 1][..], b"a", &[0x81, 1], b"u", &[0x81, 1], b"b", &[0x82, 1], b"c"].concat();
        assert_eq!(parts, [&[0xa4, 18, 4, 2][..], b"cn", &parts_of].concat());
        let rule = written("(&(uid={0})(memberOf:dn:1.2.3:=x\\29))", "u");
        let rule_of = [
            &[0xa9, 24, 0x81, 5][..],
            b"1.2.3",
            &[0x82, 8],
            b"memberOf",
            &[0x83, 2],
            b"x)",
            &[0x84, 1, 0xff],
        ]
        .concat();
        assert!(rule.ends_with(&rule_of), "{rule:x?}");
        let rest = written("(&(uid={0})(!(a>=1))(b<=2)(c~=3)(d=*))", "u");
        assert!(
            rest.ends_with(
                &[
                    &[0xa2, 8, 0xa5, 6, 4, 1][..],
                    b"a",
                    &[4, 1],
                    b"1",
                    &[0xa6, 6, 4, 1],
                    b"b",
                    &[4, 1],
                    b"2",
                    &[0xa8, 6, 4, 1],
                    b"c",
                    &[4, 1],
                    b"3",
                    &[0x87, 1],
                    b"d"
                ]
                .concat()
            )
        );
    }

    #[test]
    fn says_what_is_wrong_with_a_filter() {
        for (filter, words) in [
            ("uid={0}", "needs `(` before"),
            ("(uid={0}", "lacks `)` at its end"),
            ("(uid={0}))", "ends before `)`"),
            ("(uid)", "has no `=`"),
            ("(=x)", "compares no attribute"),
            ("(a b={0})", "is no attribute"),
            ("(&)", "needs `(` before"),
            ("(uid=x)", "any user would do"),
            ("(!(uid={0}))", "any user would do"),
            ("(uid=**)", "asterisks alone"),
            ("(uid={0}\\2)", "two hex digits"),
            ("(uid={0}\\öx)", "two hex digits"),
            ("(uid>={0}*)", "must be written as \\2a"),
            ("(a:b:c:={0})", "has two rules"),
            ("", "lacks `(`"),
        ] {
            let error = Filter::parse(filter).expect_err(filter);
            assert!(error.contains(words), "{filter}: {error}");
        }
        let deep = format!("{}(uid={{0}}){}", "(!".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH));
        assert!(Filter::parse(&deep).expect_err("deep").contains("filters within"));
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        #[test]
        fn nothing_makes_it_panic(text in "[()&|!=*<>~:\\\\a-z0-9é{}]{0,40}", user in ".{0,8}") {
            if let Ok(filter) = Filter::parse(&text) {
                filter.put(&mut Vec::new(), &user);
            }
        }
    }
}
