//! An answer's head, as an upstream may write it: no value holds a line, and its body has one length.
#![no_main]

use bytes::Bytes;
use gatepost_gateway::wire::{HeadEnd, HeadLimits, of_response, parse_response};
use http::Method;

const LIMITS: HeadLimits = HeadLimits { bytes: 8_192, first_line: 4_096, fields: 64 };

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut end = HeadEnd::default();
    let Ok(Some(length)) = end.find(bytes, &LIMITS, true) else { return };
    let head = Bytes::copy_from_slice(&bytes[..length]);
    let Ok(response) = parse_response(&head, end.fields()) else { return };
    for value in response.headers().values() {
        assert!(!value.as_bytes().iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "a line in a value");
    }
    for method in [Method::GET, Method::HEAD] {
        let _ = of_response(&method, response.status(), response.version(), response.headers());
    }
});
