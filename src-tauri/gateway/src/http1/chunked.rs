//! Bodies in chunks (RFC 9112, 7.1), from bytes. Writing them is a line of `encode`.

use bytes::{Buf as _, Bytes, BytesMut};
use http::HeaderMap;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, COOKIE, HOST,
    SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};

use super::head::{HeadEnd, HeadLimits, Lines, parse_fields};

/// Most hexadecimal digits of a chunk's size.
const MOST_DIGITS: usize = 15;

/// Most bytes of one chunk's size line.
const MOST_SIZE_LINE: usize = 512;

/// Most bytes of chunk extensions in one body: they carry nothing that anybody reads.
const MOST_EXTENSIONS: usize = 16 * 1_024;

/// What trailers may have.
const TRAILERS: HeadLimits = HeadLimits { bytes: 16 * 1_024, first_line: 16 * 1_024, fields: 64 };

/// Trailers must not say how a message is framed, routed or trusted (RFC 9110, 6.5.1).
static NEVER_TRAILERS: [http::HeaderName; 13] = [
    AUTHORIZATION,
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    CONTENT_TYPE,
    COOKIE,
    HOST,
    SET_COOKIE,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Where in a body in chunks the next byte stands.
#[derive(Debug)]
pub struct Decoder {
    at: At,
    extensions: usize,
}

#[derive(Debug)]
enum At {
    Size,
    Data(u64),
    DataEnd,
    Trailers(HeadEnd),
    End,
}

/// A part of a body.
#[derive(Debug, PartialEq)]
pub enum Piece {
    /// Bytes of the body, at least one.
    Data(Bytes),
    /// What follows the body; comes at most once, last.
    Trailers(HeaderMap),
}

impl Default for Decoder {
    fn default() -> Self {
        Self { at: At::Size, extensions: 0 }
    }
}

impl Decoder {
    /// True when the body has ended.
    pub fn is_done(&self) -> bool {
        matches!(self.at, At::End)
    }

    /// Takes the next part out of `input`; none when more must arrive, or the body has ended.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Piece>, &'static str> {
        loop {
            match self.at {
                At::Size => {
                    let Some(size) = self.size_line(input)? else { return Ok(None) };
                    self.at = if size == 0 { At::Trailers(HeadEnd::default()) } else { At::Data(size) };
                }
                At::Data(left) if input.is_empty() => {
                    self.at = At::Data(left);
                    return Ok(None);
                }
                At::Data(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                    let left = left - taken as u64;
                    self.at = if left == 0 { At::DataEnd } else { At::Data(left) };
                    let data = input.split_to(taken).freeze();
                    if left == 0 && input.starts_with(b"\r\n0\r\n\r\n") {
                        // The end came along: the body is known to be over without another look.
                        input.advance(7);
                        self.at = At::End;
                    }
                    return Ok(Some(Piece::Data(data)));
                }
                At::DataEnd => match input.as_ref() {
                    [b'\r', b'\n', ..] => {
                        input.advance(2);
                        self.at = At::Size;
                    }
                    [] | [b'\r'] => return Ok(None),
                    _ => return Err("a chunk is longer than its size says"),
                },
                At::Trailers(end) => return self.trailers(end, input),
                At::End => return Ok(None),
            }
        }
    }

    fn size_line(&mut self, input: &mut BytesMut) -> Result<Option<u64>, &'static str> {
        let Some(lf) = memchr::memchr(b'\n', &input[..input.len().min(MOST_SIZE_LINE)]) else {
            return if input.len() < MOST_SIZE_LINE {
                Ok(None)
            } else {
                Err("a chunk's size line is too long")
            };
        };
        let [line @ .., b'\r'] = &input[..lf] else { return Err("a chunk's size line ends without CR") };
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits == 0 {
            return Err("a chunk's size is not a hexadecimal number");
        }
        if digits > MOST_DIGITS {
            return Err("a chunk's size is too large");
        }
        let (number, extension) = line.split_at(digits);
        self.check_extension(extension)?;
        let size = number.iter().fold(0_u64, |size, digit| {
            size << 4 | u64::from(char::from(*digit).to_digit(16).unwrap_or_default())
        });
        input.advance(lf + 1);
        Ok(Some(size))
    }

    /// Nothing, or something behind a semicolon that blanks may precede.
    fn check_extension(&mut self, extension: &[u8]) -> Result<(), &'static str> {
        if extension.is_empty() {
            return Ok(());
        }
        self.extensions += extension.len();
        if self.extensions > MOST_EXTENSIONS {
            return Err("the chunks' extensions are too long");
        }
        let is_clean = extension.iter().all(|byte| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7F));
        if is_clean && extension.trim_ascii_start().starts_with(b";") {
            Ok(())
        } else {
            Err("a chunk's size is not a hexadecimal number")
        }
    }

    fn trailers(&mut self, mut end: HeadEnd, input: &mut BytesMut) -> Result<Option<Piece>, &'static str> {
        match input.as_ref() {
            [] | [b'\r'] => return Ok(None),
            [b'\r', b'\n', ..] => {
                input.advance(2);
                self.at = At::End;
                return Ok(None);
            }
            _ => {}
        }
        let found = end.find(input, &TRAILERS, false).map_err(|_| "the trailers are not valid")?;
        let Some(length) = found else {
            self.at = At::Trailers(end);
            return Ok(None);
        };
        let block = input.split_to(length).freeze();
        let lines = Lines::of(&block);
        let mut trailers = parse_fields(&block, lines, end.fields() + 1, false)?;
        for name in &NEVER_TRAILERS {
            trailers.remove(name);
        }
        self.at = At::End;
        Ok(Some(Piece::Trailers(trailers)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `bytes` in pieces of `step`; gives body, trailers and what is left.
    fn decode(bytes: &[u8], step: usize) -> Result<(Vec<u8>, HeaderMap, usize, bool), &'static str> {
        let (mut decoder, mut input) = (Decoder::default(), BytesMut::new());
        let (mut body, mut trailers) = (Vec::new(), HeaderMap::new());
        for piece in bytes.chunks(step) {
            input.extend_from_slice(piece);
            while let Some(piece) = decoder.next(&mut input)? {
                match piece {
                    Piece::Data(data) => body.extend_from_slice(&data),
                    Piece::Trailers(map) => trailers = map,
                }
            }
        }
        Ok((body, trailers, input.len(), decoder.is_done()))
    }

    #[test]
    fn reads_a_body_however_it_is_cut() {
        let bytes = b"5\r\nhello\r\n00a;x=\"y\"\r\n, world!!!\r\n0\r\nX-Sum: 1\r\nHost: no\r\n\r\nrest";
        for step in 1..=bytes.len() {
            let (body, trailers, left, is_done) = decode(bytes, step).expect("valid");
            assert_eq!(body, b"hello, world!!!");
            assert_eq!((trailers.len(), trailers["x-sum"].as_bytes()), (1, b"1".as_slice()));
            assert_eq!((left, is_done), (4, true), "{step}");
        }
    }

    #[test]
    fn knows_the_end_that_comes_with_the_last_data() {
        let mut input = BytesMut::from(&b"1\r\na\r\n0\r\n\r\nGET"[..]);
        let mut decoder = Decoder::default();
        assert_eq!(decoder.next(&mut input), Ok(Some(Piece::Data(Bytes::from_static(b"a")))));
        assert!(decoder.is_done());
        assert_eq!(&input[..], b"GET");
    }

    #[test]
    fn refuses_what_others_read_differently() {
        for bad in [
            &b"\r\n"[..],
            b"g\r\n",
            b"-1\r\n",
            b"+1\r\n",
            b"0x1\r\n",
            b" 1\r\n",
            b"1 \r\n",
            b"1\n",
            b"1;a\n",
            b"1;\x00\r\n",
            b"1,\r\n",
            b"10000000000000000\r\n",
            b"0000000000000001\r\n",
            b"1\r\nab\r\n",
            b"1\r\na\n0\r\n\r\n",
            b"0\r\nx y: 1\r\n\r\n",
            b"0\r\nx: 1\n\r\n",
            b"0\r\n x: 1\r\n\r\n",
            b"0\r\nx\r\n\r\n",
        ] {
            assert!(decode(bad, bad.len()).is_err(), "{}", bad.escape_ascii());
            assert!(decode(bad, 1).is_err(), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn size_lines_extensions_and_trailers_have_bounds() {
        let long = [b"1;".as_slice(), &[b'x'; 600]].concat();
        assert!(decode(&long, 100).is_err());
        let many: Vec<u8> =
            (0..100).flat_map(|_| [b"1;".as_slice(), &[b'x'; 400], b"\r\na\r\n"].concat()).collect();
        assert!(decode(&many, 1_000).is_err());
        let trailers: Vec<u8> = (0..100).flat_map(|n| format!("x-{n}: 1\r\n").into_bytes()).collect();
        assert!(decode(&[b"0\r\n", trailers.as_slice(), b"\r\n"].concat(), 5_000).is_err());
        let endless = [b"0\r\nx: ".as_slice(), &[b'x'; 20_000]].concat();
        assert!(decode(&endless, 1_000).is_err());
    }
}
