//! What holds for all bytes: a request is read in one way only, however it arrives and however often it is read.

use bytes::{Bytes, BytesMut};
use gatepost_gateway::wire::{
    ChunkDecoder, HeadEnd, HeadLimits, Length, Piece, Refused, of_request, parse_request, settle,
};
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Request, Version};
use proptest::prelude::*;

const LIMITS: HeadLimits = HeadLimits { bytes: 8_192, first_line: 4_096, fields: 64 };

fn few(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

/// Pieces of requests, put together anyhow: near enough to HTTP to get far into a parser.
fn near_http() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&str; 28] = [
        "GET",
        "POST",
        " ",
        "/",
        "/a/b?c",
        "http://u:1/x",
        "HTTP/1.1",
        "HTTP/1.0",
        "\r\n",
        "\r\n",
        "\r\n\r\n",
        "\n",
        "\r",
        "host: a\r\n",
        "Host: b",
        "content-length: 5\r\n",
        "Content-Length:",
        "transfer-encoding: chunked\r\n",
        "Transfer-Encoding:",
        ":",
        "\t",
        "x-a: b\r\n",
        "5",
        "é",
        "\0",
        "%2e",
        "..",
        ";",
    ];
    let piece = prop_oneof![
        8 => prop::sample::select(PIECES.as_slice()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 1..4),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A whole head, most of whose lines are well-formed.
fn near_head() -> impl Strategy<Value = Vec<u8>> {
    let line = ("[a-zA-Z-]{1,8}", prop_oneof!["[ -~]{0,12}", "[\t -~é\u{1}]{0,6}"]);
    let target = prop_oneof!["/[a-z0-9%./;]{0,12}", "[ -~]{1,8}"];
    (target, proptest::collection::vec(line, 0..8)).prop_map(|(target, lines)| {
        let lines: String = lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("GET {target} HTTP/1.1\r\n{lines}\r\n").into_bytes()
    })
}

fn read(bytes: &[u8]) -> Result<Option<(Request<()>, usize)>, Refused> {
    let mut end = HeadEnd::default();
    let Some(length) = end.find(bytes, &LIMITS, false)? else { return Ok(None) };
    let request = parse_request(&Bytes::copy_from_slice(&bytes[..length]), end.fields())?;
    Ok(Some((request, length)))
}

fn write(request: &Request<()>) -> Vec<u8> {
    let mut head = format!("{} {} {:?}\r\n", request.method(), request.uri(), request.version()).into_bytes();
    for (name, value) in request.headers() {
        head.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    head.extend_from_slice(b"\r\n");
    head
}

proptest! {
    #![proptest_config(few(2_000))]

    #[test]
    fn a_head_that_is_read_reads_the_same_when_written_again(bytes in prop_oneof![near_http(), near_head()]) {
        if let Ok(Some((request, length))) = read(&bytes) {
            prop_assert!(length <= bytes.len());
            let written = write(&request);
            let (again, length) = read(&written).expect("valid").expect("whole");
            prop_assert_eq!(length, written.len());
            prop_assert_eq!(write(&again), written);
        }
    }

    #[test]
    fn a_head_is_the_same_however_it_arrives(bytes in near_http(), cut in 0.0..1.0) {
        let cut = (bytes.len() as f64 * cut) as usize;
        let mut end = HeadEnd::default();
        let early = end.find(&bytes[..cut], &LIMITS, false);
        let late = if early == Ok(None) { end.find(&bytes, &LIMITS, false) } else { early };
        prop_assert_eq!(late, HeadEnd::default().find(&bytes, &LIMITS, false));
    }

    #[test]
    fn a_body_never_has_two_lengths(
        lengths in proptest::collection::vec(prop_oneof!["[0-9]{1,3}", "[0-9+, x-]{0,4}"], 0..3),
        codings in proptest::collection::vec(prop_oneof!["(?i)chunked", "chunked, ?chunked", "gzip", "[ ,a-z]{0,4}"], 0..3),
        is_old: bool,
    ) {
        let mut headers = HeaderMap::new();
        for (name, values) in [(CONTENT_LENGTH, &lengths), (TRANSFER_ENCODING, &codings)] {
            for value in values {
                headers.append(&name, HeaderValue::from_str(value).expect("plain"));
            }
        }
        let version = if is_old { Version::HTTP_10 } else { Version::HTTP_11 };
        match of_request(&headers, version) {
            Ok(Length::Chunked) => {
                prop_assert!(lengths.is_empty() && !is_old && codings.len() == 1);
                prop_assert!(codings[0].eq_ignore_ascii_case("chunked"));
            }
            Ok(Length::Exactly(length)) => {
                prop_assert!(codings.is_empty() && lengths.len() <= 1);
                prop_assert_eq!(lengths.first().map_or(Ok(0), |said| said.parse()), Ok(length));
            }
            Ok(Length::UntilClose) => prop_assert!(false, "a request has an end"),
            Err(refused) => prop_assert!(refused.status.is_client_error() || refused.status.is_server_error()),
        }
    }

    #[test]
    fn a_body_in_chunks_is_the_same_however_it_is_cut(
        chunks in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 1..50), "(;[a-z]{1,3}(=[a-z]{1,3})?)?"), 0..8),
        step in 1_usize..60,
        behind in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut written = Vec::new();
        for (data, extension) in &chunks {
            written.extend_from_slice(format!("{:X}{extension}\r\n", data.len()).as_bytes());
            written.extend_from_slice(data);
            written.extend_from_slice(b"\r\n");
        }
        written.extend_from_slice(b"0\r\n\r\n");
        written.extend_from_slice(&behind);
        let body: Vec<u8> = chunks.iter().flat_map(|(data, _)| data.clone()).collect();
        prop_assert_eq!(decode(&written, step), Ok((body, behind)));
    }

    #[test]
    fn bytes_that_are_no_chunks_are_refused_alike_however_they_are_cut(bytes in "[0-9a-f;\r\n ]{0,40}", step in 1_usize..9) {
        prop_assert_eq!(decode(bytes.as_bytes(), step), decode(bytes.as_bytes(), bytes.len().max(1)));
    }

    #[test]
    fn a_settled_path_has_no_dot_segment_in_any_spelling(path in "/([./;\\\\a]|%2[eEfF]|%5[cC]|%25|%3[bB]){0,12}") {
        let Ok(mut request) = Request::builder().uri(&path).header(HOST, "a").body(()) else { return Ok(()) };
        let is_settled = settle(&mut request).is_ok();
        // What a server makes of it that decodes first, takes `\` for `/`, and drops parameters.
        let decoded = percent_decoded(&path).replace('\\', "/");
        let names_a_way = decoded.split('/').any(|part| {
            matches!(part.split(';').next(), Some("." | ".."))
        });
        prop_assert_eq!(is_settled, !names_a_way, "{}", path);
        prop_assert_eq!(request.uri().path(), path, "a path goes on as it came");
    }

    #[test]
    fn an_absolute_target_is_what_it_says(host in "[a-z]{1,5}(:[0-9]{1,4})?", path in "(/[a-z]{0,3}){0,3}", other in "[a-z]{1,5}") {
        let Ok(mut request) = Request::builder().uri(format!("http://{host}{path}")).header(HOST, other).body(()) else {
            return Ok(());
        };
        settle(&mut request).map_err(|_| TestCaseError::fail("refused"))?;
        prop_assert_eq!(&request.headers()[HOST], &host);
        prop_assert_eq!(request.uri().path(), if path.is_empty() { "/" } else { &path });
        prop_assert!(request.uri().authority().is_none());
    }
}

/// Body and what stands behind it.
fn decode(bytes: &[u8], step: usize) -> Result<(Vec<u8>, Vec<u8>), &'static str> {
    let (mut decoder, mut input, mut body) = (ChunkDecoder::default(), BytesMut::new(), Vec::new());
    for piece in bytes.chunks(step) {
        input.extend_from_slice(piece);
        while let Some(piece) = decoder.next(&mut input)? {
            if let Piece::Data(data) = piece {
                body.extend_from_slice(&data);
            }
        }
    }
    if decoder.is_done() { Ok((body, input.to_vec())) } else { Err("has no end") }
}

fn percent_decoded(path: &str) -> String {
    let mut decoded = String::new();
    let mut rest = path;
    while let Some(character) = rest.chars().next() {
        match rest.get(1..3).and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| character == '%') {
            Some(byte) => {
                decoded.push(char::from(byte));
                rest = &rest[3..];
            }
            None => {
                decoded.push(character);
                rest = &rest[character.len_utf8()..];
            }
        }
    }
    decoded
}
