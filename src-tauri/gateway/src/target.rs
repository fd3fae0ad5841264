//! What a request is for: its host and path, read once. What is ambiguous is refused here, so that a policy and an
//! upstream can never read the same request in two ways (RFC 9112, 3.2 and 3.3; RFC 3986, 5.2.4).

use std::borrow::Cow;

use http::header::HOST;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, Method, Uri, Version};

use crate::{Reply, http2};

/// Checks method, target and host, and puts the target into origin form: an absolute target's authority becomes the
/// `Host` header (RFC 9112, 3.2.2).
pub fn settle<B>(request: &mut http::Request<B>) -> Result<(), Reply> {
    if request.method() == Method::CONNECT {
        return Err(Reply::bad_request("CONNECT is not supported"));
    }
    if request.version() == Version::HTTP_2 {
        http2::check(request)?;
    }
    if !matches!(request.uri().scheme_str(), None | Some("http" | "https")) {
        return Err(Reply::bad_request("The request's target must be http or https"));
    }
    if let Some(authority) = request.uri().authority() {
        let host = host_of(authority)?;
        request.headers_mut().insert(HOST, host);
        let path = request.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        *request.uri_mut() = Uri::from(path);
    } else {
        check_host(request.headers(), request.version())?;
    }
    let path = request.uri().path();
    if !path.starts_with('/') {
        return Err(Reply::bad_request("The request's target must be a path"));
    }
    if has_dot_segment(path) {
        return Err(Reply::bad_request("The path must not have `.` or `..` segments"));
    }
    Ok(())
}

fn host_of(authority: &Authority) -> Result<HeaderValue, Reply> {
    if authority.as_str().contains('@') {
        return Err(Reply::bad_request("The request's target must not name a user"));
    }
    HeaderValue::from_str(authority.as_str()).map_err(|_| Reply::bad_request("The host is not valid"))
}

/// Exactly one `Host`, and a plain one; HTTP/1.0 may leave it out.
fn check_host(headers: &HeaderMap, version: Version) -> Result<(), Reply> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => Err(Reply::bad_request("The Host header must not be repeated")),
        (Some(host), None) if host.as_bytes().iter().all(|byte| is_host_byte(*byte)) => Ok(()),
        (Some(_), None) => Err(Reply::bad_request("The Host header is not valid")),
        (None, _) if version < Version::HTTP_11 => Ok(()),
        (None, _) => Err(Reply::bad_request("The Host header is missing")),
    }
}

/// `reg-name`, an address in brackets, a port (RFC 3986, 3.2.2).
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'%'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'['
                | b']'
        )
}

/// The name a request is addressed to, lowercase and without a port; empty where there is none.
pub(crate) fn host_name(headers: &HeaderMap) -> Cow<'_, str> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.bytes().rposition(|byte| byte == b':') {
        // The last colon of an IPv6 address without a port stands inside the brackets.
        Some(colon) if !host[colon..].contains(']') => &host[..colon],
        _ => host,
    };
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// True when a segment is `.` or `..`, as written or in any spelling some server resolves: percent-encoded, ended by
/// an encoded slash or a backslash, or carrying a parameter (`..;x`).
pub(crate) fn has_dot_segment(path: &str) -> bool {
    if !path.bytes().any(|byte| byte == b'.' || byte == b'%') {
        return false;
    }
    let mut dots = 0_usize;
    let mut is_dots = true;
    let mut in_parameter = false;
    for byte in decoded(path.as_bytes()).chain([b'/']) {
        match byte {
            b'/' | b'\\' => {
                if is_dots && (1..=2).contains(&dots) {
                    return true;
                }
                (dots, is_dots, in_parameter) = (0, true, false);
            }
            b';' => in_parameter = true,
            _ if in_parameter => {}
            b'.' => dots += 1,
            _ => is_dots = false,
        }
    }
    false
}

fn decoded(path: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = path;
    std::iter::from_fn(move || {
        let (byte, length) = match rest {
            [b'%', high, low, ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 3),
                _ => (b'%', 1),
            },
            [byte, ..] => (*byte, 1),
            [] => return None,
        };
        rest = &rest[length..];
        Some(byte)
    })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(uri: &str, version: Version, hosts: &[&str]) -> Result<http::Request<()>, Reply> {
        let mut request = http::Request::builder().uri(uri).version(version);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let mut request = request.body(()).expect("valid");
        settle(&mut request).map(|()| request)
    }

    #[test]
    fn finds_dot_segments_in_every_spelling() {
        for bad in [
            "/.",
            "/..",
            "/a/./b",
            "/a/../b",
            "/a/%2e%2E/b",
            "/a/.%2e",
            "/a/..%2fb",
            "/a/..%5Cb",
            "/a/..;x/b",
            "/a/..\\b",
            "/./",
        ] {
            assert!(has_dot_segment(bad), "{bad}");
        }
        for good in ["/", "/a.b", "/...", "/a/.well-known/x", "/a..b/..c", "/%2e%2e%2e", "/a%2fb", "/a;v=1.0"]
        {
            assert!(!has_dot_segment(good), "{good}");
        }
    }

    #[test]
    fn an_absolute_target_replaces_the_host() {
        let request = settled("http://Api.test:81/a?b", Version::HTTP_11, &["other"]).expect("fine");
        assert_eq!(request.headers()[HOST], "Api.test:81");
        assert_eq!(request.uri(), "/a?b");
        assert_eq!(host_name(request.headers()), "api.test");
        assert!(settled("http://u@h/", Version::HTTP_11, &["h"]).is_err());
        assert!(settled("ftp://h/", Version::HTTP_11, &["h"]).is_err());
    }

    #[test]
    fn a_host_stands_once() {
        assert!(settled("/", Version::HTTP_11, &[]).is_err());
        assert!(settled("/", Version::HTTP_11, &["a", "a"]).is_err());
        assert!(settled("/", Version::HTTP_11, &["a b"]).is_err());
        assert!(settled("/", Version::HTTP_11, &["a/b"]).is_err());
        assert!(settled("/", Version::HTTP_10, &[]).is_ok());
        assert!(settled("*", Version::HTTP_11, &["a"]).is_err());
    }

    #[test]
    fn a_host_name_has_no_port() {
        for (host, name) in [("a", "a"), ("A:80", "a"), ("[::1]", "[::1]"), ("[::1]:80", "[::1]"), ("", "")] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_str(host).expect("valid"));
            assert_eq!(host_name(&headers), name);
        }
    }
}
