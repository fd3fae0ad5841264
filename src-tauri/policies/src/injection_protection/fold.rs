//! Look-alikes: characters that databases, shells and file systems may take for the plain ones, brought to these.
//!
//! The compatibility forms of ASCII (fullwidth, mathematical, enclosed, as NFKC has them), quotes and slashes that a
//! conversion to a smaller character set makes plain, UTF-8 that is longer than it must be, and what is not seen at all.

/// Brought to plain characters; what is like none stays. Never longer than before; none where nothing changed.
pub(super) fn folded(value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [byte, tail @ ..] = rest {
        match byte {
            0 => rest = tail,
            0x01..0x80 => {
                out.push(*byte);
                rest = tail;
            }
            _ => {
                let (code, length) = next_char(rest);
                match code.map(plain) {
                    Some(Plain::As(byte)) => out.push(byte),
                    Some(Plain::Nothing) => {}
                    Some(Plain::Itself) | None => out.extend_from_slice(&rest[..length]),
                }
                rest = &rest[length..];
            }
        }
    }
    // Whatever is brought to another gets shorter by it.
    (out.len() < value.len()).then_some(out)
}

/// The code of the first character, as a careless decoder reads it, and its length; none for a stray byte.
fn next_char(bytes: &[u8]) -> (Option<u32>, usize) {
    let low = |byte: u8| u32::from(byte & 0x3f);
    match bytes {
        // Longer than it must be: never right, and read all the same by some, whatever the second byte is.
        [a @ 0xc0..=0xc1, b, ..] => (Some(u32::from(a & 0x1f) << 6 | low(*b)), 2),
        [a @ 0xc2..=0xdf, b @ 0x80..=0xbf, ..] => (Some(u32::from(a & 0x1f) << 6 | low(*b)), 2),
        [a @ 0xe0..=0xef, b @ 0x80..=0xbf, c @ 0x80..=0xbf, ..] => {
            (Some(u32::from(a & 0x0f) << 12 | low(*b) << 6 | low(*c)), 3)
        }
        [a @ 0xf0..=0xf7, b @ 0x80..=0xbf, c @ 0x80..=0xbf, d @ 0x80..=0xbf, ..] => {
            (Some(u32::from(a & 0x07) << 18 | low(*b) << 12 | low(*c) << 6 | low(*d)), 4)
        }
        _ => (None, 1),
    }
}

enum Plain {
    As(u8),
    Nothing,
    Itself,
}

fn plain(code: u32) -> Plain {
    /// The `n`th letter or digit from `first` on.
    fn from(first: u8, n: u32) -> Plain {
        Plain::As(first + n as u8)
    }
    match code {
        // Longer than it must be, see above.
        0 => Plain::Nothing,
        1..0x80 => Plain::As(code as u8),
        // Soft hyphen, joiners, direction marks, variation selectors, byte order mark.
        0xad | 0x34f | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2064 | 0xfe00..=0xfe0f | 0xfeff => {
            Plain::Nothing
        }
        0x85 | 0xa0 | 0x1680 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f | 0x205f | 0x3000 => {
            Plain::As(b' ')
        }
        0x2018 | 0x2019 | 0x201a | 0x201b | 0x2b9 | 0x2bb | 0x2bc | 0x2c8 | 0x2032 | 0x2035 | 0xff07 => {
            Plain::As(b'\'')
        }
        0x201c..=0x201f | 0x2ba | 0x2033 | 0x2036 | 0xff02 => Plain::As(b'"'),
        0x2039 | 0x2329 | 0x3008 | 0xfe64 => Plain::As(b'<'),
        0x203a | 0x232a | 0x3009 | 0xfe65 => Plain::As(b'>'),
        0x2044 | 0x2215 | 0x29f8 => Plain::As(b'/'),
        0x2216 | 0x29f5 | 0xfe68 => Plain::As(b'\\'),
        0x2024 | 0xfe52 => Plain::As(b'.'),
        0x2010..=0x2013 | 0x2212 | 0xfe63 => Plain::As(b'-'),
        0x37e | 0xfe54 => Plain::As(b';'),
        0xfe59 => Plain::As(b'('),
        0xfe5a => Plain::As(b')'),
        0xfe66 => Plain::As(b'='),
        0x17f => Plain::As(b's'),
        0x131 => Plain::As(b'i'),
        0x212a => Plain::As(b'k'),
        0x210e => Plain::As(b'h'),
        0x2460..=0x2468 => from(b'1', code - 0x2460),
        0x249c..=0x24b5 => from(b'a', code - 0x249c),
        0x24b6..=0x24cf => from(b'a', code - 0x24b6),
        0x24d0..=0x24e9 => from(b'a', code - 0x24d0),
        0xff01..=0xff5e => from(b'!', code - 0xff01),
        // Alphabets of 26 capitals and 26 small letters after one another, then five times the digits.
        0x1d400..=0x1d6a3 => from(b'a', (code - 0x1d400) % 26),
        0x1d7ce..=0x1d7ff => from(b'0', (code - 0x1d7ce) % 10),
        _ => Plain::Itself,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(value: impl AsRef<[u8]>) -> String {
        String::from_utf8_lossy(&folded(value.as_ref()).expect("changes")).into_owned()
    }

    #[test]
    fn brings_compatibility_forms_to_what_they_look_like() {
        assert_eq!(fold("ＵＮＩＯＮ　ｓｅｌｅｃｔ"), "UNION select");
        assert_eq!(fold("𝐬𝐞𝐥𝐞𝐜𝐭 𝓢𝓮𝓵𝓮𝓬𝓽 ⓢⓔⓛⓔⓒⓣ ①=①"), "select select select 1=1");
        assert_eq!(fold("\u{ff1c}\u{17f}cript\u{ff1e} ‹b› \u{2019} \u{2215}"), "<script> <b> ' /");
    }

    #[test]
    fn drops_what_is_not_seen() {
        assert_eq!(fold("sel\u{200b}ect\u{ad} u\u{feff}nion\0"), "select union");
    }

    #[test]
    fn reads_utf8_that_is_longer_than_it_must_be() {
        assert_eq!(fold(b"..\xc0\xaf..\xe0\x80\xaf\xc0\xae\xf0\x80\x80\xbc\xc0\x2f"), "../../.</");
    }

    #[test]
    fn leaves_other_languages_and_broken_bytes_alone() {
        assert_eq!(folded("Straße, 東京, Ελλάδα".as_bytes()), None);
        assert_eq!(folded(b"\xbf'\xff\xc3"), None);
    }
}
