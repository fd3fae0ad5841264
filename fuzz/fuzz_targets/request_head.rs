//! A request's head: the same whether it comes at once or byte by byte, the same when it is written out and read
//! again, and its body has one length.
#![no_main]

use bytes::Bytes;
use gatepost_gateway::wire::{HeadEnd, HeadLimits, of_request, parse_request, settle};
use http::Request;

const LIMITS: HeadLimits = HeadLimits { bytes: 8_192, first_line: 4_096, fields: 64 };

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let at_once = HeadEnd::default().find(bytes, &LIMITS, false);
    let (mut end, mut byte_by_byte) = (HeadEnd::default(), Ok(None));
    for arrived in 1..=bytes.len() {
        byte_by_byte = end.find(&bytes[..arrived], &LIMITS, false);
        if !matches!(byte_by_byte, Ok(None)) {
            break;
        }
    }
    let Ok(Some(length)) = byte_by_byte else { return };
    assert_eq!(at_once, Ok(Some(length)), "cut in pieces it has another end");

    let head = Bytes::copy_from_slice(&bytes[..length]);
    let Ok(mut request) = parse_request(&head, end.fields()) else { return };
    let written = write(&request);
    let again = parse_request(&written, request.headers().len()).expect("what was read can be read again");
    assert_eq!(write(&again), written);
    assert_eq!(
        of_request(again.headers(), again.version()),
        of_request(request.headers(), request.version())
    );

    if settle(&mut request).is_ok() {
        let path = request.uri().path().to_owned();
        assert!(path.starts_with('/') && request.uri().authority().is_none());
        assert!(request.headers().get_all("host").iter().count() <= 1);
        settle(&mut request).expect("settled once, settled for good");
        assert_eq!(request.uri().path(), path);
    }
});

/// The request's head as bytes.
fn write(request: &Request<()>) -> Bytes {
    let mut head = format!("{} {} {:?}\r\n", request.method(), request.uri(), request.version()).into_bytes();
    for (name, value) in request.headers() {
        assert!(!value.as_bytes().iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "a line in a value");
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head.into()
}
