//! A body in chunks: the same whether it comes at once or in pieces, and what was read of it can be written and read.
#![no_main]

use bytes::BytesMut;
use gatepost_gateway::wire::{ChunkDecoder, Piece};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let at_once = decode(bytes, bytes.len().max(1));
    for step in [1, 3, 100] {
        assert_eq!(decode(bytes, step), at_once, "in pieces of {step}");
    }
    if let Some((body, _)) = at_once {
        let mut written: Vec<u8> = Vec::new();
        for chunk in body.chunks(7) {
            written.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            written.extend_from_slice(chunk);
            written.extend_from_slice(b"\r\n");
        }
        written.extend_from_slice(b"0\r\n\r\n");
        assert_eq!(decode(&written, written.len()), Some((body, 0)));
    }
});

/// The body and how many bytes stand behind it; none when it is not valid or does not end.
fn decode(bytes: &[u8], step: usize) -> Option<(Vec<u8>, usize)> {
    let (mut decoder, mut input, mut body) = (ChunkDecoder::default(), BytesMut::new(), Vec::new());
    for piece in bytes.chunks(step) {
        input.extend_from_slice(piece);
        while let Some(piece) = decoder.next(&mut input).ok()? {
            if let Piece::Data(data) = piece {
                assert!(!data.is_empty());
                body.extend_from_slice(&data);
            }
        }
    }
    decoder.is_done().then(|| (body, input.len()))
}
