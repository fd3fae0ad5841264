//! Takes off one layer of what attackers wrap values in: percent signs, HTML entities, backslash escapes.
//!
//! Whatever is not an escape stays as it is, so that nothing can fail here, and what comes out is never longer.

/// One layer less; none where there was none.
pub(super) fn unwrapped(value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [byte, tail @ ..] = rest {
        let escape = match byte {
            b'%' => percent(tail),
            b'&' => entity(tail),
            b'\\' => backslash(tail),
            _ => None,
        };
        rest = match escape {
            Some((code, length)) => {
                push(code, &mut out);
                &tail[length..]
            }
            None => {
                out.push(*byte);
                tail
            }
        };
    }
    (out.len() < value.len()).then_some(out)
}

/// Form decoding (WHATWG URL, 5.1): `+` is a space, `%XX` a byte.
pub(super) fn form(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [byte, tail @ ..] = rest {
        rest = match (byte, tail) {
            (b'+', _) => {
                out.push(b' ');
                tail
            }
            (b'%', [high, low, after @ ..]) if let Some(byte) = hex(&[*high, *low]) => {
                out.push(byte as u8);
                after
            }
            _ => {
                out.push(*byte);
                tail
            }
        };
    }
    out
}

/// What an escape stands for.
#[derive(Clone, Copy)]
enum Code {
    /// A byte of a text that is still encoded.
    Byte(u8),
    Char(u32),
}

type Escape = Option<(Code, usize)>;

fn push(code: Code, out: &mut Vec<u8>) {
    match code {
        Code::Byte(byte) => out.push(byte),
        Code::Char(code) => {
            let char = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

/// `%41`, and `%u0041` of old browsers.
fn percent(tail: &[u8]) -> Escape {
    match tail {
        [b'u' | b'U', digits @ ..] if digits.len() >= 4 => Some((Code::Char(hex(&digits[..4])?), 5)),
        [high, low, ..] => Some((Code::Byte(hex(&[*high, *low])? as u8), 2)),
        _ => None,
    }
}

/// Longest escape that is looked at: zeros before the digits of `&#0000065;` are as many as anybody likes.
const MAX_DIGITS: usize = 32;

/// `&#65;`, `&#x41;`, with or without the semicolon, and the names of what attacks need.
fn entity(tail: &[u8]) -> Escape {
    match tail {
        [b'#', b'x' | b'X', digits @ ..] => numbered(digits, 16, 2),
        [b'#', digits @ ..] => numbered(digits, 10, 1),
        _ => {
            let named = NAMED.iter().find(|(name, _)| {
                tail.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
            });
            let (name, byte) = named?;
            let ends = tail.get(name.len()) == Some(&b';');
            // Browsers let the oldest names go without.
            let may_go_without = matches!(*name, "lt" | "gt" | "quot" | "amp");
            (ends || may_go_without).then(|| (Code::Byte(*byte), name.len() + usize::from(ends)))
        }
    }
}

const NAMED: &[(&str, u8)] = &[
    ("lt", b'<'),
    ("gt", b'>'),
    ("quot", b'"'),
    ("amp", b'&'),
    ("apos", b'\''),
    ("colon", b':'),
    ("semi", b';'),
    ("lpar", b'('),
    ("rpar", b')'),
    ("lsqb", b'['),
    ("lbrack", b'['),
    ("rsqb", b']'),
    ("lcub", b'{'),
    ("lbrace", b'{'),
    ("rcub", b'}'),
    ("sol", b'/'),
    ("bsol", b'\\'),
    ("equals", b'='),
    ("num", b'#'),
    ("period", b'.'),
    ("comma", b','),
    ("excl", b'!'),
    ("dollar", b'$'),
    ("percnt", b'%'),
    ("plus", b'+'),
    ("ast", b'*'),
    ("vert", b'|'),
    ("verbar", b'|'),
    ("grave", b'`'),
    ("tab", b'\t'),
    ("newline", b'\n'),
    ("nbsp", b' '),
];

fn numbered(digits: &[u8], radix: u32, before: usize) -> Escape {
    let count =
        digits.iter().take(MAX_DIGITS).take_while(|digit| char::from(**digit).is_digit(radix)).count();
    if count == 0 {
        return None;
    }
    let code = digits[..count].iter().try_fold(0_u32, |code, digit| {
        code.checked_mul(radix)?.checked_add(char::from(*digit).to_digit(radix)?)
    });
    let end = usize::from(digits.get(count) == Some(&b';'));
    Some((Code::Char(code?), before + count + end))
}

/// `\u0041`, `\u{41}`, `\x41`, `\101`.
fn backslash(tail: &[u8]) -> Escape {
    match tail {
        [b'u', b'{', digits @ ..] => {
            let length = digits.iter().take(MAX_DIGITS).position(|byte| *byte == b'}')?;
            Some((Code::Char(hex(&digits[..length])?), length + 3))
        }
        [b'u' | b'U', digits @ ..] => Some((Code::Char(hex(digits.get(..4)?)?), 5)),
        [b'x' | b'X', digits @ ..] => Some((Code::Char(hex(digits.get(..2)?)?), 3)),
        [a @ b'0'..=b'1', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
            Some((Code::Byte((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0')), 3))
        }
        _ => None,
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0_u32, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: &str) -> String {
        unwrapped(value.as_bytes())
            .map_or_else(|| "-".into(), |out| String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn takes_off_one_layer_of_each_kind() {
        let cases = [
            ("%27 or", "' or"),
            ("%2527", "%27"),
            ("%u0027%U003c", "'<"),
            ("&#39;&#x3C;&#0000060;&lt;&LT;&lpar;&amp;lt;", "'<<<<(&lt;"),
            ("&#60script&gt", "<script>"),
            (r"\u003cscript\u{3e}\x27\047", "<script>''"),
        ];
        for (value, expected) in cases {
            assert_eq!(one(value), expected, "{value}");
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for value in
            ["100%", "5% of %zz", "AT&T", "R&D; x", "&colon", r"C:\users\new", r"\u12", r"\x4", "&#;", "&#x;"]
        {
            assert_eq!(one(value), "-", "{value}");
        }
        assert_eq!(one("&#99999999999;"), "-");
        assert_eq!(one("&#x110000;"), "\u{fffd}");
    }

    #[test]
    fn forms_are_decoded_once() {
        assert_eq!(form(b"a+b%2Bc%2527%"), b"a b+c%27%");
    }
}
