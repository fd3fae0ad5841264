//! HTTP Basic authentication (RFC 7617): what callers send, and how they are asked for it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gatepost_gateway::{Reply, Request};
use http::HeaderValue;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};

/// Longest realm, in characters.
const MAX_REALM: usize = 100;

/// The vendor's realm.
pub(crate) const DEFAULT_REALM: &str = "mule-realm";

/// A user name and a password, as sent. The password may have colons, the name has none.
pub(crate) struct Pair {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// Reads `Authorization: Basic`. None where there is no such header, or it is of another scheme; an error where it is
/// not what RFC 7617 asks for: base64 of UTF-8 text with a colon and without control characters, and only once, since
/// the upstream might believe another one.
pub(crate) fn sent(request: &Request) -> Result<Option<Pair>, &'static str> {
    let mut headers = request.headers().get_all(AUTHORIZATION).iter();
    let Some(header) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err("several Authorization headers");
    }
    let words = header.to_str().map_err(|_| "an Authorization header that is no text")?;
    let (scheme, encoded) = words.split_once(' ').unwrap_or((words, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let decoded = BASE64_STANDARD.decode(encoded.trim_matches(' ')).map_err(|_| "no base64")?;
    let mut user = String::from_utf8(decoded).map_err(|_| "no UTF-8")?;
    if user.contains(char::is_control) {
        return Err("control characters");
    }
    let password = user.split_off(user.find(':').ok_or("no colon")?).split_off(1);
    Ok(Some(Pair { user, password }))
}

/// What says to callers that a user name and a password are asked for, and in which charset.
#[derive(Clone)]
pub(crate) struct Challenge(HeaderValue);

impl Challenge {
    /// Asks in the name of `realm`, which people may be shown. Says what is wrong with it.
    pub(crate) fn of(realm: &str) -> Result<Self, String> {
        let fits = (1..=MAX_REALM).contains(&realm.len());
        if !fits || !realm.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return Err(format!("must be 1 to {MAX_REALM} visible ASCII characters"));
        }
        let quoted = realm.replace('\\', "\\\\").replace('"', "\\\"");
        let value = HeaderValue::try_from(format!("Basic realm=\"{quoted}\", charset=\"UTF-8\""));
        value.map(Self).map_err(|error| error.to_string())
    }

    /// 401 with the challenge.
    pub(crate) fn reply(&self, words: &'static str) -> Reply {
        Reply::of(http::StatusCode::UNAUTHORIZED, words).header(WWW_AUTHENTICATE, self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_gateway::Body;

    fn request(headers: &[&[u8]]) -> Request {
        let mut request = http::Request::new(Body::Empty);
        for header in headers {
            let value = HeaderValue::from_bytes(header).expect("a header value");
            request.headers_mut().append(AUTHORIZATION, value);
        }
        request
    }

    fn basic(text: &[u8]) -> Vec<u8> {
        format!("Basic {}", BASE64_STANDARD.encode(text)).into_bytes()
    }

    fn pair(header: &[u8]) -> Option<(String, String)> {
        sent(&request(&[header])).expect("well formed").map(|pair| (pair.user, pair.password))
    }

    #[test]
    fn reads_a_name_and_a_password_with_colons_and_beyond_ascii() {
        let read = |text: &str| pair(&basic(text.as_bytes()));
        assert_eq!(read("ann:a:b:"), Some(("ann".into(), "a:b:".into())));
        assert_eq!(read("Jörg:pässword €"), Some(("Jörg".into(), "pässword €".into())));
        assert_eq!(read(":"), Some((String::new(), String::new())));
        // RFC 7617, 2.
        let header = b"bAsIc   QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
        assert_eq!(pair(header), Some(("Aladdin".into(), "open sesame".into())));
    }

    #[test]
    fn another_scheme_is_nothing() {
        assert_eq!(pair(b"Bearer dXNlcjpwYXNz"), None);
        assert!(sent(&request(&[])).expect("nothing wrong").is_none());
    }

    #[test]
    fn says_what_is_malformed() {
        let flaw = |headers: &[&[u8]]| sent(&request(headers)).err().expect("malformed");
        assert_eq!(flaw(&[b"Basic ???"]), "no base64");
        assert_eq!(flaw(&[b"Basic dXNlcjpwYXNz="]), "no base64");
        assert_eq!(flaw(&[b"Basic"]), "no colon");
        assert_eq!(flaw(&[&basic(b"no colon here")]), "no colon");
        assert_eq!(flaw(&[&basic(b"J\xf6rg:x")]), "no UTF-8");
        assert_eq!(flaw(&[&basic(b"ann:x\n")]), "control characters");
        assert_eq!(flaw(&[&basic(b"ann:x\0")]), "control characters");
        assert_eq!(flaw(&[b"Basic \xff"]), "an Authorization header that is no text");
        assert_eq!(flaw(&[&basic(b"a:b"), b"Bearer x"]), "several Authorization headers");
    }

    #[test]
    fn a_realm_cannot_leave_its_quotes() {
        let challenge = |realm: &str| Challenge::of(realm).map(|Challenge(value)| value);
        assert_eq!(challenge("a \"b\" \\").unwrap(), r#"Basic realm="a \"b\" \\", charset="UTF-8""#);
        for realm in ["", "two\r\nlines", "ö", &"x".repeat(101)] {
            assert!(challenge(realm).is_err(), "{realm:?}");
        }
    }
}
