//! How long a body is (RFC 9112, 6). What can be read in two ways is refused, since that is how requests are smuggled.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method, StatusCode, Version};

use super::refused::Refused;

/// The length of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// This many bytes; none at all when 0.
    Exactly(u64),
    /// In chunks, the last of which is empty.
    Chunked,
    /// Until the connection closes. Only of answers.
    UntilClose,
}

/// A request's: in chunks, or of a given length, or none.
pub fn of_request(headers: &HeaderMap, version: Version) -> Result<Length, Refused> {
    let length = content_length(headers).map_err(Refused::bad)?;
    if !headers.contains_key(TRANSFER_ENCODING) {
        return Ok(Length::Exactly(length.unwrap_or(0)));
    }
    if length.is_some() {
        return Err(Refused::bad("Content-Length stands beside Transfer-Encoding"));
    }
    if version < Version::HTTP_11 {
        return Err(Refused::bad("HTTP/1.0 has no Transfer-Encoding"));
    }
    match coding(headers) {
        Coding::Chunked => Ok(Length::Chunked),
        Coding::Unclear => Err(Refused::bad("Transfer-Encoding must be chunked, once")),
        Coding::Unknown => Err(Refused::UNKNOWN_CODING),
    }
}

/// An answer's to a request with this method.
pub fn of_response(
    method: &Method,
    status: StatusCode,
    version: Version,
    headers: &HeaderMap,
) -> Result<Length, &'static str> {
    let has_no_body = *method == Method::HEAD
        || status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if has_no_body {
        return Ok(Length::Exactly(0));
    }
    let length = content_length(headers)?;
    if !headers.contains_key(TRANSFER_ENCODING) {
        return Ok(length.map_or(Length::UntilClose, Length::Exactly));
    }
    if length.is_some() {
        return Err("Content-Length stands beside Transfer-Encoding");
    }
    if version < Version::HTTP_11 {
        return Err("HTTP/1.0 has no Transfer-Encoding");
    }
    match coding(headers) {
        Coding::Chunked => Ok(Length::Chunked),
        Coding::Unclear | Coding::Unknown => Err("Transfer-Encoding is not chunked, once"),
    }
}

fn content_length(headers: &HeaderMap) -> Result<Option<u64>, &'static str> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err("Content-Length is repeated"),
        (Some(length), None) => number(length.as_bytes()).map(Some).ok_or("Content-Length is not a number"),
    }
}

/// Digits alone; a sign, a blank or a list is none.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

enum Coding {
    Chunked,
    /// `chunked`, but not once and alone.
    Unclear,
    Unknown,
}

fn coding(headers: &HeaderMap) -> Coding {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let (Some(coding), None) = (codings.next(), codings.next()) else { return Coding::Unclear };
    if coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return Coding::Chunked;
    }
    let mut named = coding.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    if named.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"chunked")) {
        Coding::Unclear
    } else {
        Coding::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn request(lines: &[(&'static str, &'static str)]) -> Result<Length, u16> {
        of_request(&headers(lines), Version::HTTP_11).map_err(|refused| refused.status.as_u16())
    }

    #[test]
    fn a_request_has_the_length_it_says() {
        assert_eq!(request(&[]), Ok(Length::Exactly(0)));
        assert_eq!(request(&[("content-length", "007")]), Ok(Length::Exactly(7)));
        assert_eq!(request(&[("transfer-encoding", "Chunked")]), Ok(Length::Chunked));
    }

    #[test]
    fn a_length_that_can_be_read_in_two_ways_is_refused() {
        for bad in ["", "+5", "-1", "5, 5", "5 5", "0x5", "5.0", "18446744073709551616"] {
            assert_eq!(request(&[("content-length", bad)]), Err(400), "{bad:?}");
        }
        assert_eq!(request(&[("content-length", "5"), ("content-length", "5")]), Err(400));
        assert_eq!(request(&[("content-length", "5"), ("transfer-encoding", "chunked")]), Err(400));
    }

    #[test]
    fn a_coding_is_chunked_once_and_alone() {
        for (coding, status) in [
            ("chunked, chunked", 400),
            (",chunked", 400),
            ("", 400),
            ("gzip, chunked", 501),
            ("chunked, gzip", 501),
            ("identity", 501),
            ("xchunked", 501),
            ("chunked;q=1", 501),
        ] {
            assert_eq!(request(&[("transfer-encoding", coding)]), Err(status), "{coding:?}");
        }
        let twice = [("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")];
        assert_eq!(request(&twice), Err(400));
        let old = of_request(&headers(&[("transfer-encoding", "chunked")]), Version::HTTP_10);
        assert_eq!(old.map_err(|refused| refused.status), Err(StatusCode::BAD_REQUEST));
    }

    #[test]
    fn some_answers_have_no_body_whatever_they_say() {
        let long = headers(&[("content-length", "9")]);
        let of = |method, status| {
            of_response(&method, StatusCode::from_u16(status).expect("valid"), Version::HTTP_11, &long)
        };
        assert_eq!(of(Method::HEAD, 200), Ok(Length::Exactly(0)));
        assert_eq!(of(Method::GET, 204), Ok(Length::Exactly(0)));
        assert_eq!(of(Method::GET, 304), Ok(Length::Exactly(0)));
        assert_eq!(of(Method::GET, 103), Ok(Length::Exactly(0)));
        assert_eq!(of(Method::GET, 200), Ok(Length::Exactly(9)));
    }

    #[test]
    fn an_answer_without_a_length_ends_with_its_connection() {
        let of = |lines| of_response(&Method::GET, StatusCode::OK, Version::HTTP_11, &headers(lines));
        assert_eq!(of(&[]), Ok(Length::UntilClose));
        assert!(of(&[("content-length", "1"), ("content-length", "1")]).is_err());
        assert!(of(&[("content-length", "1"), ("transfer-encoding", "chunked")]).is_err());
        assert!(of(&[("transfer-encoding", "gzip")]).is_err());
    }
}
