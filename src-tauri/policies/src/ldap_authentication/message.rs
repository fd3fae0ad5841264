//! The messages of LDAP (RFC 4511) that asking for one user takes.

use super::ber::{
    BOOLEAN, ENUMERATED, Elements, INTEGER, Malformed, OCTETS, SEQUENCE, put, put_all, put_number,
};
use super::filter::Filter;

/// The server's request to end the connection has no number of ours (RFC 4511, 4.4.1).
const UNSOLICITED: u32 = 0;
/// `1.1`: no attributes (RFC 4511, 4.5.1.8).
const NO_ATTRIBUTES: &[u8] = b"1.1";
/// RFC 4511, 4.14.
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
/// Two entries tell that a name is not unique.
const MAX_ENTRIES: u32 = 2;
/// Aliases are followed, as the vendor's client does.
const ALWAYS: u32 = 3;

/// Who is looked for, and where.
pub(super) struct Search {
    pub(super) base: Box<str>,
    pub(super) filter: Filter,
    pub(super) in_subtree: bool,
    /// The server's own time for it; 0 has no limit.
    pub(super) seconds: u32,
}

fn message(number: u32, fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    put_all(&mut out, SEQUENCE, |out| {
        put_number(out, INTEGER, number);
        fill(out);
    });
    out
}

/// A simple bind.
pub(super) fn bind(number: u32, name: &str, password: &str) -> Vec<u8> {
    message(number, |out| {
        put_all(out, 0x60, |out| {
            put_number(out, INTEGER, 3);
            put(out, OCTETS, name.as_bytes());
            put(out, 0x80, password.as_bytes());
        });
    })
}

/// A search for `user`.
pub(super) fn search(number: u32, search: &Search, user: &str) -> Vec<u8> {
    message(number, |out| {
        put_all(out, 0x63, |out| {
            put(out, OCTETS, search.base.as_bytes());
            // One level or all of them.
            put_number(out, ENUMERATED, if search.in_subtree { 2 } else { 1 });
            put_number(out, ENUMERATED, ALWAYS);
            put_number(out, INTEGER, MAX_ENTRIES);
            put_number(out, INTEGER, search.seconds);
            put(out, BOOLEAN, &[0xff]);
            search.filter.put(out, user);
            put_all(out, SEQUENCE, |out| put(out, OCTETS, NO_ATTRIBUTES));
        });
    })
}

/// The request to speak TLS from now on.
pub(super) fn start_tls(number: u32) -> Vec<u8> {
    message(number, |out| put_all(out, 0x77, |out| put(out, 0x80, START_TLS)))
}

/// What the server answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The end of what was asked.
    Done(Outcome),
    /// The distinguished name of an entry that was found.
    Entry(Box<str>),
    /// A pointer to another server, which is not followed.
    Elsewhere,
}

/// A result (RFC 4511, 4.1.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) code: u32,
    /// The server's own words.
    words: Box<str>,
}

pub(super) const SUCCESS: u32 = 0;
pub(super) const SIZE_LIMIT_EXCEEDED: u32 = 4;
pub(super) const INVALID_CREDENTIALS: u32 = 49;

impl Outcome {
    /// True where the server says that it does not take this user, and false where it could not tell.
    pub(super) fn refuses_the_user(&self) -> bool {
        // Constraint violation, no such object, invalid DN, inappropriate authentication, invalid credentials,
        // insufficient access, unwilling to perform: what servers answer for accounts that are locked or expired.
        matches!(self.code, 19 | 32 | 34 | 48 | INVALID_CREDENTIALS | 50 | 53)
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "result {}", self.code)?;
        match &*self.words {
            "" => Ok(()),
            words => write!(f, " ({words})"),
        }
    }
}

/// The number of the message that `content` is the inside of, and what it says.
pub(super) fn read(content: &[u8]) -> Result<(u32, Answer), Malformed> {
    let mut elements = Elements(content);
    let number = elements.number(INTEGER)?;
    let (tag, content) = elements.next()?;
    let mut elements = Elements(content);
    let answer = match tag {
        // Bind, end of a search, extended.
        0x61 | 0x65 | 0x78 => {
            let code = elements.number(ENUMERATED)?;
            elements.expect(OCTETS)?;
            Answer::Done(Outcome { code, words: shown(elements.expect(OCTETS)?) })
        }
        0x64 => Answer::Entry(std::str::from_utf8(elements.expect(OCTETS)?).map_err(|_| Malformed)?.into()),
        0x73 => Answer::Elsewhere,
        _ => return Err(Malformed),
    };
    Ok((number, answer))
}

/// True where the server says that it ends the connection.
pub(super) fn is_farewell(number: u32) -> bool {
    number == UNSOLICITED
}

/// Enough of the server's words for the trail, in one line.
fn shown(words: &[u8]) -> Box<str> {
    const SHOWN: usize = 200;
    let words = String::from_utf8_lossy(words);
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    words.trim().chars().take(SHOWN).map(plain).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_as_rfc_4511_has_it() {
        let expected =
            [&[0x30, 19, 2, 1, 1, 0x60, 14, 2, 1, 3, 4, 4][..], b"cn=a", &[0x80, 3], b"pwd"].concat();
        assert_eq!(bind(1, "cn=a", "pwd"), expected);
    }

    #[test]
    fn searches_as_rfc_4511_has_it() {
        let filter = Filter::parse("(uid={0})").expect("valid");
        let asked = Search { base: "o=x".into(), filter, in_subtree: true, seconds: 5 };
        let filter = [&[0xa3, 8, 4, 3][..], b"uid", &[4, 1], b"u"].concat();
        let head = [&[0x30, 42, 2, 1, 7, 0x63, 37, 4, 3][..], b"o=x"].concat();
        let limits = [0x0a, 1, 2, 0x0a, 1, 3, 2, 1, 2, 2, 1, 5, 1, 1, 0xff];
        let attributes = [&[0x30, 5, 4, 3][..], b"1.1"].concat();
        assert_eq!(search(7, &asked, "u"), [&head[..], &limits, &filter, &attributes].concat());
    }

    #[test]
    fn reads_results_entries_and_references() {
        let result = [&[2, 1, 1, 0x61, 13, 0x0a, 1, 49, 4, 0, 4, 6][..], b"no\nway"].concat();
        let outcome = Outcome { code: 49, words: "no way".into() };
        assert_eq!(outcome.to_string(), "result 49 (no way)");
        assert_eq!(read(&result), Ok((1, Answer::Done(outcome))));
        let entry = [&[2, 1, 2, 0x64, 8, 4, 4][..], b"cn=a", &[0x30, 0]].concat();
        assert_eq!(read(&entry), Ok((2, Answer::Entry("cn=a".into()))));
        assert_eq!(read(&[2, 1, 2, 0x73, 0]), Ok((2, Answer::Elsewhere)));
        for broken in
            [&[][..], &[2, 1, 1], &[2, 1, 1, 0x61, 0], &[2, 1, 1, 0x64, 3, 4, 1, 0xff], &[2, 1, 1, 0x30, 0]]
        {
            assert_eq!(read(broken), Err(Malformed), "{broken:x?}");
        }
    }
}
