//! Heads of requests and answers from bytes (RFC 9112, 2 to 5). What the standard lets a recipient repair, and what
//! two parsers have been seen to read differently, is refused in requests: bare LF, folded lines, blanks around names,
//! control characters, a fragment in the target. Upstreams, whose answers are written anew, may end lines with LF
//! alone and leave a blank before a colon.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri, Version};

use super::refused::Refused;

/// Room for the headers that the gateway adds, so that a map of headers seldom grows.
const ADDED_FIELDS: usize = 4;

/// What a head may have.
#[derive(Clone, Copy, Debug)]
pub struct HeadLimits {
    /// Bytes in all.
    pub bytes: usize,
    /// Bytes of the first line.
    pub first_line: usize,
    /// Header fields.
    pub fields: usize,
}

/// Finds the end of a head that arrives piece by piece, looking at each byte once.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeadEnd {
    line_start: usize,
    looked_at: usize,
    lines: usize,
}

impl HeadEnd {
    /// The length of the head, its empty line included, once that has arrived. `lone_lf` lets lines end without CR.
    pub fn find(
        &mut self,
        input: &[u8],
        limits: &HeadLimits,
        lone_lf: bool,
    ) -> Result<Option<usize>, Refused> {
        while let Some(place) = memchr::memchr(b'\n', &input[self.looked_at..]) {
            let lf = self.looked_at + place;
            let line = &input[self.line_start..lf];
            let line = match line {
                [line @ .., b'\r'] => line,
                line if lone_lf => line,
                _ => return Err(Refused::bad("A line ends without CR")),
            };
            if self.lines == 0 && line.len() > limits.first_line {
                return Err(Refused::TARGET_TOO_LONG);
            }
            self.looked_at = lf + 1;
            self.line_start = lf + 1;
            if line.is_empty() && self.lines > 0 {
                return if lf < limits.bytes { Ok(Some(lf + 1)) } else { Err(Refused::HEAD_TOO_LARGE) };
            }
            self.lines += 1;
            if self.lines > limits.fields + 1 {
                return Err(Refused::TOO_MANY_FIELDS);
            }
        }
        self.looked_at = input.len();
        if self.lines == 0 && input.len() > limits.first_line + 1 {
            return Err(Refused::TARGET_TOO_LONG);
        }
        if input.len() >= limits.bytes {
            return Err(Refused::HEAD_TOO_LARGE);
        }
        Ok(None)
    }

    /// True while no byte has been looked at.
    pub fn is_fresh(&self) -> bool {
        self.looked_at == 0
    }

    /// Header fields in a head that was found.
    pub fn fields(&self) -> usize {
        self.lines.saturating_sub(1)
    }
}

/// Method and target as far as a line says them, for the record of a request that was refused.
pub fn glimpse(input: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr2(b'\r', b'\n', input).unwrap_or(input.len());
    let mut words = input[..end].split(|byte| *byte == b' ');
    (words.next().unwrap_or_default(), words.next().unwrap_or_default())
}

/// A request's head, from its first byte to its empty line. Values share `head`.
pub fn parse_request(head: &Bytes, fields: usize) -> Result<Request<()>, Refused> {
    let mut lines = Lines::of(head);
    let line = lines.next().unwrap_or_default();
    let [method, target, version] = request_line(&head[line.clone()])?;
    let version = request_version(version)?;
    let method = Method::from_bytes(method).map_err(|_| Refused::bad("The method is not valid"))?;
    let uri = parse_target(head.slice_ref(target))?;
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.version_mut() = version;
    *request.headers_mut() = parse_fields(head, lines, fields, false).map_err(Refused::bad)?;
    Ok(request)
}

/// The three words between single spaces.
fn request_line(line: &[u8]) -> Result<[&[u8]; 3], Refused> {
    let first = memchr::memchr(b' ', line);
    let last = memchr::memrchr(b' ', line);
    match (first, last) {
        (Some(first), Some(last)) if first < last => {
            Ok([&line[..first], &line[first + 1..last], &line[last + 1..]])
        }
        _ => Err(Refused::bad("The request line is not method, target and version")),
    }
}

fn request_version(version: &[u8]) -> Result<Version, Refused> {
    match version {
        b"HTTP/1.1" => Ok(Version::HTTP_11),
        b"HTTP/1.0" => Ok(Version::HTTP_10),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Err(Refused::UNKNOWN_VERSION)
        }
        b"HTTP/2" | b"HTTP/3" => Err(Refused::UNKNOWN_VERSION),
        _ => Err(Refused::bad("The request line does not end with an HTTP version")),
    }
}

/// A target is visible characters; bytes past ASCII must be UTF-8, and go on as they came. It has no fragment, which
/// some parsers cut off and others keep.
fn parse_target(target: Bytes) -> Result<Uri, Refused> {
    if target.iter().any(|byte| !(0x21..0x7F).contains(byte) && *byte < 0x80) {
        return Err(Refused::bad("The target has a blank or a control character"));
    }
    if target.contains(&b'#') {
        return Err(Refused::bad("The target has a fragment"));
    }
    if target.len() > usize::from(u16::MAX - 1) {
        return Err(Refused::TARGET_TOO_LONG);
    }
    Uri::from_maybe_shared(target).map_err(|_| Refused::bad("The target is not a valid URI"))
}

/// An answer's head, from its first byte to its empty line. Values share `head`.
pub fn parse_response(head: &Bytes, fields: usize) -> Result<Response<()>, &'static str> {
    let mut lines = Lines::of(head);
    let line = lines.next().unwrap_or_default();
    let (version, status) = status_line(&head[line])?;
    let mut response = Response::new(());
    *response.version_mut() = version;
    *response.status_mut() = status;
    *response.headers_mut() = parse_fields(head, lines, fields, true)?;
    Ok(response)
}

/// `HTTP/1.1 200 OK`; the words at the end may be left out.
fn status_line(line: &[u8]) -> Result<(Version, StatusCode), &'static str> {
    let (version, rest) = match line {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1', b' ', rest @ ..] => (Version::HTTP_11, rest),
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0', b' ', rest @ ..] => (Version::HTTP_10, rest),
        _ => return Err("no HTTP/1 status line"),
    };
    let (status, words) = rest.split_at(rest.len().min(3));
    if !words.is_empty() && words[0] != b' ' {
        return Err("the status is not three digits");
    }
    let status = StatusCode::from_bytes(status).map_err(|_| "the status is not three digits")?;
    Ok((version, status))
}

/// The fields of a head or of trailers. `lenient` takes a blank before the colon.
pub(super) fn parse_fields(
    head: &Bytes,
    lines: Lines<'_>,
    fields: usize,
    lenient: bool,
) -> Result<HeaderMap, &'static str> {
    let mut map = HeaderMap::with_capacity(fields + ADDED_FIELDS);
    for line in lines {
        let start = line.start;
        let line = &head[line];
        if line.is_empty() {
            break;
        }
        // Names are short: a plain look at each byte finds the colon before a clever search has begun.
        let colon = line.iter().position(|byte| *byte == b':').ok_or("A header has no colon")?;
        let mut name = &line[..colon];
        match name {
            [b' ' | b'\t', ..] => return Err("A header is folded over two lines"),
            [.., b' ' | b'\t'] if lenient => name = name.trim_ascii_end(),
            [.., b' ' | b'\t'] => return Err("A header has a blank before its colon"),
            _ => {}
        }
        let name = HeaderName::from_bytes(name).map_err(|_| "A header's name is not valid")?;
        let (from, to) = trimmed(line, colon + 1);
        let value = HeaderValue::from_maybe_shared(head.slice(start + from..start + to))
            .map_err(|_| "A header's value has a control character")?;
        map.append(name, value);
    }
    Ok(map)
}

/// Where the value from `from` on begins and ends, without the blanks around it.
fn trimmed(line: &[u8], mut from: usize) -> (usize, usize) {
    let mut to = line.len();
    while from < to && matches!(line[from], b' ' | b'\t') {
        from += 1;
    }
    while from < to && matches!(line[to - 1], b' ' | b'\t') {
        to -= 1;
    }
    (from, to)
}

/// The lines of a head whose end was found, without what ends them.
pub(super) struct Lines<'h> {
    head: &'h [u8],
    start: usize,
    ends: memchr::Memchr<'h>,
}

impl<'h> Lines<'h> {
    pub(super) fn of(head: &'h [u8]) -> Self {
        Self { head, start: 0, ends: memchr::memchr_iter(b'\n', head) }
    }
}

impl Iterator for Lines<'_> {
    type Item = std::ops::Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let lf = self.ends.next()?;
        let start = std::mem::replace(&mut self.start, lf + 1);
        let end = if lf > start && self.head[lf - 1] == b'\r' { lf - 1 } else { lf };
        Some(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits { bytes: 4_096, first_line: 128, fields: 8 };

    fn request(bytes: &[u8]) -> Result<Request<()>, Refused> {
        let mut end = HeadEnd::default();
        let length = end.find(bytes, &LIMITS, false)?.ok_or(Refused::bad("incomplete"))?;
        parse_request(&Bytes::copy_from_slice(&bytes[..length]), end.fields())
    }

    fn status(bytes: &[u8]) -> u16 {
        request(bytes).map_or_else(|refused| refused.status.as_u16(), |_| 200)
    }

    #[test]
    fn reads_a_head_however_it_is_cut() {
        let bytes = b"GET /a?b=%20 HTTP/1.1\r\nHost: x\r\nX-Twice: 1\r\nx-twice:\t 2 \r\nEmpty:\r\n\r\nrest";
        for cut in 0..bytes.len() {
            let mut end = HeadEnd::default();
            let early = end.find(&bytes[..cut], &LIMITS, false).expect("valid so far");
            let found = early.or(end.find(bytes, &LIMITS, false).expect("valid"));
            assert_eq!(found, Some(bytes.len() - 4), "{cut}");
            assert_eq!(end.fields(), 4);
        }
        let request = request(bytes).expect("valid");
        assert_eq!((request.method(), request.uri().to_string().as_str()), (&Method::GET, "/a?b=%20"));
        assert_eq!(request.headers()["host"], "x");
        assert_eq!(request.headers()["empty"], "");
        let twice: Vec<_> = request.headers().get_all("x-twice").iter().collect();
        assert_eq!(twice, ["1", "2"]);
    }

    #[test]
    fn what_others_repair_is_refused() {
        for bad in [
            &b"GET / HTTP/1.1\nHost: x\n\n"[..],
            b"GET / HTTP/1.1\r\nHost: x\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
            b"GET / HTTP/1.1\r\n A: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
            b"GET / HTTP/1.1\r\nA\t: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nA b: c\r\n\r\n",
            b"GET / HTTP/1.1\r\n: c\r\n\r\n",
            b"GET / HTTP/1.1\r\nA\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\x00c\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\x7fc\r\n\r\n",
            b"GET / HTTP/1.1\r\nA\x01: b\r\n\r\n",
            b"GET /\x00 HTTP/1.1\r\n\r\n",
            b"GET /\x7f HTTP/1.1\r\n\r\n",
            b"GET /\xff HTTP/1.1\r\n\r\n",
            b"GET /a#b HTTP/1.1\r\n\r\n",
            b"GET  / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1 \r\n\r\n",
            b"GET\t/ HTTP/1.1\r\n\r\n",
            b" GET / HTTP/1.1\r\n\r\n",
            b"GET / a HTTP/1.1\r\n\r\n",
            b"G\xc3\xa4T / HTTP/1.1\r\n\r\n",
            b"GET /\r\n\r\n",
            b"GET / http/1.1\r\n\r\n",
            b"GET / HTTP/1.1x\r\n\r\n",
            b"\x16\x03\x01\r\n\r\n",
        ] {
            assert_eq!(status(bad), 400, "{}", bad.escape_ascii());
        }
        assert_eq!(status(b"GET / HTTP/1.2\r\n\r\n"), 505);
        assert_eq!(status(b"PRI * HTTP/2.0\r\n\r\n"), 505);
        assert_eq!(status("GET /ä HTTP/1.0\r\n\r\n".as_bytes()), 200);
    }

    #[test]
    fn a_head_has_bounds_before_it_ends() {
        let long = format!("GET /{}", "x".repeat(200));
        assert_eq!(HeadEnd::default().find(long.as_bytes(), &LIMITS, false), Err(Refused::TARGET_TOO_LONG));
        assert_eq!(status(format!("{long} HTTP/1.1\r\n\r\n").as_bytes()), 414);
        let large = format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(5_000));
        assert_eq!(HeadEnd::default().find(large.as_bytes(), &LIMITS, false), Err(Refused::HEAD_TOO_LARGE));
        let many = format!("GET / HTTP/1.1\r\n{}", "x: 1\r\n".repeat(9));
        assert_eq!(HeadEnd::default().find(many.as_bytes(), &LIMITS, false), Err(Refused::TOO_MANY_FIELDS));
        assert_eq!(status(format!("GET / HTTP/1.1\r\n{}\r\n", "x: 1\r\n".repeat(8)).as_bytes()), 200);
    }

    #[test]
    fn answers_may_be_written_less_carefully() {
        let bytes = Bytes::from_static(b"HTTP/1.0 200\nServer : x\n\n");
        let mut end = HeadEnd::default();
        assert_eq!(end.find(&bytes, &LIMITS, true), Ok(Some(bytes.len())));
        let response = parse_response(&bytes, end.fields()).expect("valid");
        assert_eq!((response.version(), response.status()), (Version::HTTP_10, StatusCode::OK));
        assert_eq!(response.headers()["server"], "x");
        for bad in
            ["HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "220 x\r\n\r\n"]
        {
            assert!(parse_response(&Bytes::from(bad), 0).is_err(), "{bad}");
        }
    }

    #[test]
    fn sees_what_it_can_of_what_it_refuses() {
        assert_eq!(glimpse(b"GET /a b HTTP/1.1\r\nx"), (&b"GET"[..], &b"/a"[..]));
        assert_eq!(glimpse(b"\x16\x03"), (&b"\x16\x03"[..], &b""[..]));
    }
}
