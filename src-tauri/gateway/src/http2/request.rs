//! A request as HTTP/2 brings it, made what everything behind expects of a request.

use std::borrow::Cow;

use http::header::{CONTENT_LENGTH, COOKIE, HOST};
use http::{HeaderMap, HeaderValue};

use crate::Reply;

/// Most header fields of a request. `h2` bounds their bytes.
const MAX_FIELDS: usize = 100;

/// Refuses what `h2` lets pass and HTTP/1.1 would read in another way: a `host` that is not the `:authority` (RFC 9113,
/// 8.3.1), two of what there is one of, blanks around a value (8.2.1).
pub(crate) fn check<B>(request: &http::Request<B>) -> Result<(), Reply> {
    let headers = request.headers();
    if headers.len() > MAX_FIELDS {
        return Err(Reply::head_too_large("The request has too many header fields"));
    }
    if headers.get_all(CONTENT_LENGTH).iter().nth(1).is_some() {
        return Err(Reply::bad_request("The Content-Length header must not be repeated"));
    }
    let mut hosts = headers.get_all(HOST).iter();
    let (host, another) = (hosts.next(), hosts.next());
    if another.is_some() {
        return Err(Reply::bad_request("The Host header must not be repeated"));
    }
    if let (Some(host), Some(authority)) = (host, request.uri().authority())
        && !host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes())
    {
        return Err(Reply::bad_request("The Host header and :authority must agree"));
    }
    if headers.values().any(has_blanks_around) {
        return Err(Reply::bad_request("A header's value must not begin or end with a blank"));
    }
    Ok(())
}

fn has_blanks_around(value: &HeaderValue) -> bool {
    let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let bytes = value.as_bytes();
    is_blank(bytes.first()) || is_blank(bytes.last())
}

/// Puts a cookie header together again that HTTP/2 let its sender take apart (RFC 9113, 8.2.3).
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    let mut crumbs = headers.get_all(COOKIE).iter();
    let (Some(first), Some(_)) = (crumbs.next(), crumbs.next()) else { return };
    let mut joined = Cow::Borrowed(first.as_bytes());
    for crumb in headers.get_all(COOKIE).iter().skip(1) {
        let joined = joined.to_mut();
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(crumb.as_bytes());
    }
    if let Ok(joined) = HeaderValue::from_bytes(&joined) {
        headers.insert(COOKIE, joined);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(uri: &str, headers: &[(&str, &str)]) -> Result<(), u16> {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(()).expect("valid")).map_err(|reply| reply.status().as_u16())
    }

    #[test]
    fn host_and_authority_must_agree() {
        assert_eq!(checked("http://a.test/", &[("host", "A.test")]), Ok(()));
        assert_eq!(checked("http://a.test/", &[]), Ok(()));
        assert_eq!(checked("/", &[("host", "a.test")]), Ok(()));
        assert_eq!(checked("http://a.test/", &[("host", "b.test")]), Err(400));
        assert_eq!(checked("http://a.test/", &[("host", "a.test:81")]), Err(400));
        assert_eq!(checked("http://a.test/", &[("host", "a.test"), ("host", "a.test")]), Err(400));
    }

    #[test]
    fn what_two_servers_could_read_in_two_ways_is_refused() {
        assert_eq!(checked("/", &[("content-length", "1"), ("content-length", "1")]), Err(400));
        for value in [" a", "a ", "\ta", "a\t"] {
            let mut headers = HeaderMap::new();
            headers.insert("x", HeaderValue::from_str(value).expect("http takes it"));
            let mut request = http::Request::new(());
            *request.headers_mut() = headers;
            assert!(check(&request).is_err(), "{value:?}");
        }
        assert_eq!(checked("/", &[("x", ""), ("y", "a b")]), Ok(()));
    }

    #[test]
    fn has_at_most_a_hundred_fields() {
        let names: Vec<String> = (0..=MAX_FIELDS).map(|number| format!("x-{number}")).collect();
        let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        assert_eq!(checked("/", &fields[..MAX_FIELDS]), Ok(()));
        assert_eq!(checked("/", &fields), Err(431));
    }

    #[test]
    fn crumbs_make_one_cookie_header() {
        let mut headers = HeaderMap::new();
        for crumb in ["a=1", "b=2; c=3", "d=4"] {
            headers.append(COOKIE, HeaderValue::from_static(crumb));
        }
        join_cookies(&mut headers);
        assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2; c=3; d=4"]);
    }
}
