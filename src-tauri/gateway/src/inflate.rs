//! Undoes `Content-Encoding` (RFC 9110, 8.4) piece by piece, to a bound: gzip of any number of members, deflate with and
//! without its zlib wrapper, brotli, and some of them on top of each other.

use std::cell::RefCell;
use std::io::{self, Write as _};
use std::rc::Rc;

use brotli_decompressor::DecompressorWriter;
use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use smallvec::SmallVec;

use crate::Unread;

/// Most encodings on top of each other.
const MAX_ENCODINGS: usize = 3;
/// Bytes that come out of one step at most.
const STEP: usize = 16 * 1_024;

/// One way to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
    Deflate,
    Brotli,
}

/// In the order in which they were applied; none for a body that stands as it is.
pub(crate) type Encodings = SmallVec<[Encoding; MAX_ENCODINGS]>;

/// How a message's body is compressed. Fails for encodings that are not known, and for more of them than anybody means.
pub(crate) fn encodings_of(headers: &HeaderMap) -> Result<Encodings, Unread> {
    let mut encodings = Encodings::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            let encoding = match name.to_ascii_lowercase().as_slice() {
                b"" | b"identity" => continue,
                b"gzip" | b"x-gzip" => Encoding::Gzip,
                b"deflate" => Encoding::Deflate,
                b"br" => Encoding::Brotli,
                _ => return Err(Unread::UnknownEncoding),
            };
            if encodings.len() == MAX_ENCODINGS {
                return Err(Unread::UnknownEncoding);
            }
            encodings.push(encoding);
        }
    }
    Ok(encodings)
}

/// Whether a message says that its body is compressed; in a way that is not known it cannot be looked into.
pub fn is_compressed(headers: &HeaderMap) -> Result<bool, Unread> {
    encodings_of(headers).map(|encodings| !encodings.is_empty())
}

/// What `sent` is once inflated; at most `limit` bytes.
pub(crate) fn inflate(encodings: &Encodings, sent: &Bytes, limit: usize) -> Result<Bytes, Unread> {
    if encodings.is_empty() {
        return if sent.len() > limit { Err(Unread::TooLarge { limit }) } else { Ok(sent.clone()) };
    }
    let inflated = Rc::new(RefCell::new(Vec::new()));
    let sink = inflated.clone();
    let mut inflater = Inflater::new(encodings, limit as u64, move |piece| {
        sink.borrow_mut().extend_from_slice(piece);
        Ok(())
    });
    inflater.push(sent)?;
    inflater.finish()?;
    let inflated = inflated.take();
    Ok(inflated.into())
}

/// Takes compressed pieces and hands on inflated ones.
pub(crate) struct Inflater {
    outermost: Box<dyn Stage>,
    limit: u64,
    /// What may still be sent: a body that inflates to nothing shall not go on for ever either.
    left: u64,
}

impl Inflater {
    /// Hands what comes out to `sink`, which may end it with an error. No stage takes or gives more than `limit` bytes.
    pub(crate) fn new(
        encodings: &Encodings,
        limit: u64,
        sink: impl FnMut(&[u8]) -> io::Result<()> + 'static,
    ) -> Self {
        let mut next: Box<dyn Stage> = Box::new(Sink(sink));
        // What was applied last is undone first.
        for encoding in encodings {
            let bounded = Bounded { next, left: limit };
            next = match encoding {
                Encoding::Gzip => Box::new(Gzip(MultiGzDecoder::new(bounded))),
                Encoding::Brotli => Box::new(Brotli(DecompressorWriter::new(bounded, STEP))),
                Encoding::Deflate => Box::new(Deflate::new(bounded)),
            };
        }
        Self { outermost: next, limit, left: limit }
    }

    /// The next piece as it was sent.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), Unread> {
        let pushed = match self.left.checked_sub(piece.len() as u64) {
            Some(left) => {
                self.left = left;
                self.outermost.push(piece)
            }
            None => Err(io::ErrorKind::FileTooLarge.into()),
        };
        pushed.map_err(|error| self.why(&error))
    }

    /// There is no more.
    pub(crate) fn finish(&mut self) -> Result<(), Unread> {
        self.outermost.finish().map_err(|error| self.why(&error))
    }

    fn why(&self, error: &io::Error) -> Unread {
        match error.kind() {
            io::ErrorKind::FileTooLarge => {
                Unread::TooLarge { limit: usize::try_from(self.limit).unwrap_or(usize::MAX) }
            }
            _ => Unread::NotAsEncoded,
        }
    }
}

trait Stage {
    fn push(&mut self, piece: &[u8]) -> io::Result<()>;
    fn finish(&mut self) -> io::Result<()>;
}

struct Sink<F>(F);

impl<F: FnMut(&[u8]) -> io::Result<()>> Stage for Sink<F> {
    fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        (self.0)(piece)
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Stands between two stages and counts: an inner one that gives nothing must not hide an outer one that never ends.
struct Bounded {
    next: Box<dyn Stage>,
    left: u64,
}

impl io::Write for Bounded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.left =
            self.left.checked_sub(piece.len() as u64).ok_or(io::Error::from(io::ErrorKind::FileTooLarge))?;
        self.next.push(piece)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Gzip(MultiGzDecoder<Bounded>);

impl Stage for Gzip {
    fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        self.0.write_all(piece)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.try_finish()?;
        self.0.get_mut().next.finish()
    }
}

struct Brotli(DecompressorWriter<Bounded>);

impl Stage for Brotli {
    fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        self.0.write_all(piece)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.close()?;
        self.0.get_mut().next.finish()
    }
}

/// Deflate is meant to come in a zlib wrapper; some send it without (RFC 9110, 8.4.1.2). The first two bytes tell.
struct Deflate {
    next: Bounded,
    head: SmallVec<[u8; 2]>,
    state: Option<Decompress>,
    has_ended: bool,
}

impl Deflate {
    fn new(next: Bounded) -> Self {
        Self { next, head: SmallVec::new(), state: None, has_ended: false }
    }

    fn run(&mut self, mut piece: &[u8]) -> io::Result<()> {
        let Some(state) = &mut self.state else { return Ok(()) };
        let mut out = [0; STEP];
        loop {
            if self.has_ended {
                return if piece.is_empty() { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) };
            }
            let (taken, given) = (state.total_in(), state.total_out());
            let status =
                state.decompress(piece, &mut out, FlushDecompress::None).map_err(io::Error::other)?;
            let taken = usize::try_from(state.total_in() - taken).unwrap_or_default();
            let given = usize::try_from(state.total_out() - given).unwrap_or_default();
            piece = &piece[taken..];
            self.next.write_all(&out[..given])?;
            self.has_ended = status == Status::StreamEnd;
            if !self.has_ended && given < STEP && (piece.is_empty() || taken == 0) {
                return Ok(());
            }
        }
    }
}

impl Stage for Deflate {
    fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.state.is_some() {
            return self.run(piece);
        }
        let wanted = (2 - self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..wanted]);
        if let [first, second] = self.head[..] {
            let is_zlib = first & 0x0f == 8 && u16::from_be_bytes([first, second]) % 31 == 0;
            self.state = Some(Decompress::new(is_zlib));
            self.run(&[first, second])?;
            self.run(&piece[wanted..])?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        if !self.has_ended {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.next.next.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    const LIMIT: usize = 100_000;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).expect("a Vec takes it");
        encoder.finish().expect("a Vec takes it")
    }

    fn zlib(plain: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).expect("a Vec takes it");
        encoder.finish().expect("a Vec takes it")
    }

    fn raw(plain: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).expect("a Vec takes it");
        encoder.finish().expect("a Vec takes it")
    }

    fn inflated(encodings: &[Encoding], sent: &[u8]) -> Result<Vec<u8>, Unread> {
        let sent = Bytes::copy_from_slice(sent);
        inflate(&encodings.iter().copied().collect(), &sent, LIMIT).map(|bytes| bytes.to_vec())
    }

    #[test]
    fn undoes_every_encoding_and_stacks_of_them() {
        use Encoding::{Brotli, Deflate, Gzip};
        // `printf hello | brotli`
        let brotli = [0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];
        assert_eq!(inflated(&[Gzip], &gzip(b"hello")).expect("gzip"), b"hello");
        assert_eq!(inflated(&[Deflate], &zlib(b"hello")).expect("zlib"), b"hello");
        assert_eq!(inflated(&[Deflate], &raw(b"hello")).expect("raw"), b"hello");
        assert_eq!(inflated(&[Brotli], &brotli).expect("brotli"), b"hello");
        assert_eq!(inflated(&[Brotli, Gzip], &gzip(&brotli)).expect("both"), b"hello");
        assert_eq!(inflated(&[Gzip], &[gzip(b"hel"), gzip(b"lo")].concat()).expect("two members"), b"hello");
    }

    #[test]
    fn a_bomb_ends_at_the_bound_in_every_layer() {
        use Encoding::{Deflate, Gzip};
        let zeros = vec![0; 20 * LIMIT];
        let is_too_large = Err(Unread::TooLarge { limit: LIMIT });
        assert_eq!(inflated(&[Gzip], &gzip(&zeros)), is_too_large);
        assert_eq!(inflated(&[Deflate], &raw(&zeros)), is_too_large);
        assert_eq!(inflated(&[Gzip, Gzip], &gzip(&gzip(&zeros))), is_too_large);
        // Nothing comes out at the end of it, only ever in between.
        let empty_members = gzip(b"").repeat(2 * LIMIT / 20);
        assert_eq!(inflated(&[Gzip, Gzip], &gzip(&empty_members)), is_too_large);
    }

    #[test]
    fn what_inflates_to_nothing_ends_at_the_bound_too() {
        let empty_members = gzip(b"").repeat(2 * LIMIT / 20);
        let mut inflater =
            Inflater::new(&std::iter::once(Encoding::Gzip).collect(), LIMIT as u64, |_| Ok(()));
        let ended = empty_members.chunks(1_000).find_map(|piece| inflater.push(piece).err());
        assert_eq!(ended, Some(Unread::TooLarge { limit: LIMIT }));
    }

    #[test]
    fn a_brotli_bomb_ends_at_the_bound() {
        // Zeros as Node's `brotliCompressSync` writes them: 50,000,000 in 80 bytes, and as many as may be.
        const BOMB: [u8; 80] = [
            0xcb, 0xff, 0xff, 0x3f, 0xf8, 0x27, 0x00, 0xe2, 0xb1, 0x40, 0x20, 0xf7, 0xfe, 0x8f, 0xff, 0xff,
            0x7f, 0xf0, 0x4f, 0x00, 0xc4, 0x61, 0x11, 0x80, 0xee, 0xfd, 0x1f, 0xff, 0xff, 0xff, 0xe0, 0x9f,
            0x00, 0x88, 0xc3, 0x02, 0x00, 0xdd, 0xfb, 0x3f, 0xfe, 0xff, 0xff, 0xc1, 0x3f, 0x01, 0x10, 0x87,
            0x05, 0x00, 0xba, 0xf7, 0x7f, 0xfc, 0xff, 0xff, 0x83, 0x7f, 0x02, 0x20, 0x0e, 0x0b, 0x00, 0x74,
            0xef, 0xff, 0xf2, 0x0f, 0x5e, 0x0f, 0xff, 0x04, 0x40, 0x1c, 0x16, 0x00, 0xe8, 0xa0, 0xeb, 0x01,
        ];
        const AT_THE_BOUND: [u8; 14] =
            [0x5b, 0x9f, 0x86, 0x81, 0x7f, 0x02, 0x20, 0x1e, 0x0b, 0x04, 0xb2, 0xfc, 0x02, 0x00];
        assert_eq!(inflated(&[Encoding::Brotli], &BOMB), Err(Unread::TooLarge { limit: LIMIT }));
        assert_eq!(inflated(&[Encoding::Brotli], &AT_THE_BOUND), Ok(vec![0; LIMIT]));
    }

    #[test]
    fn what_is_not_whole_or_not_alone_is_not_taken() {
        use Encoding::{Brotli, Deflate, Gzip};
        let text = b"a text that is long enough to be cut";
        for (encoding, whole) in [(Gzip, gzip(text)), (Deflate, zlib(text)), (Deflate, raw(text))] {
            assert_eq!(inflated(&[encoding], &whole[..whole.len() - 5]), Err(Unread::NotAsEncoded));
            let longer = [&whole[..], b"rest"].concat();
            assert_eq!(inflated(&[encoding], &longer), Err(Unread::NotAsEncoded), "{encoding:?}");
        }
        assert_eq!(inflated(&[Brotli], b"hello"), Err(Unread::NotAsEncoded));
        assert_eq!(inflated(&[Deflate], b"x"), Err(Unread::NotAsEncoded));
    }

    #[test]
    fn reads_names_of_encodings() {
        let of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, http::HeaderValue::from_static(value));
            encodings_of(&headers)
        };
        assert_eq!(of("Identity, br,GZIP").expect("known")[..], [Encoding::Brotli, Encoding::Gzip]);
        assert_eq!(of("zip"), Err(Unread::UnknownEncoding));
        assert_eq!(of("gzip, gzip, gzip, gzip"), Err(Unread::UnknownEncoding));
    }

    proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        #[test]
        fn comes_out_the_same_however_it_is_cut(plain: Vec<u8>, cut in 1_usize..50) {
            for (encoding, sent) in [(Encoding::Gzip, gzip(&plain)), (Encoding::Deflate, zlib(&plain))] {
                let out = Rc::new(RefCell::new(Vec::new()));
                let sink = out.clone();
                let encodings = std::iter::once(encoding).collect();
                let mut inflater = Inflater::new(&encodings, LIMIT as u64, move |piece| {
                    sink.borrow_mut().extend_from_slice(piece);
                    Ok(())
                });
                for piece in sent.chunks(cut) {
                    prop_assert_eq!(inflater.push(piece), Ok(()));
                }
                prop_assert_eq!(inflater.finish(), Ok(()));
                prop_assert_eq!(&*out.borrow(), &plain);
            }
        }

        #[test]
        fn broken_bytes_end_it_and_nothing_else(bytes: Vec<u8>) {
            for encoding in [Encoding::Gzip, Encoding::Deflate, Encoding::Brotli] {
                let _ = inflated(&[encoding], &bytes);
            }
        }
    }
}
