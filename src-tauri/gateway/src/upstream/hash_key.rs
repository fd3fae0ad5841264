//! What a consistent hash is made of, taken from a request.

use std::net::IpAddr;

use gatepost_model::HashOn;
use http::header::COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::balance::hash;

/// Where the key stands.
pub(super) enum HashKey {
    Header(HeaderName),
    Cookie(Box<str>),
    ClientAddress,
}

impl HashKey {
    /// None where the name cannot be a header's, which validation prevents.
    pub(super) fn of(hash_on: &HashOn) -> Option<Self> {
        Some(match hash_on {
            HashOn::Header(name) => Self::Header(HeaderName::try_from(name).ok()?),
            HashOn::Cookie(name) => Self::Cookie(name.as_str().into()),
            HashOn::ClientAddress => Self::ClientAddress,
        })
    }

    /// The key of a request; none where it has none. Of a repeated header the first value counts.
    pub(super) fn of_request(&self, headers: &HeaderMap, remote: IpAddr) -> Option<u64> {
        match self {
            Self::Header(name) => {
                headers.get(name).map(HeaderValue::as_bytes).filter(|value| !value.is_empty()).map(hash)
            }
            Self::Cookie(name) => cookie(headers, name).map(|value| hash(value.as_bytes())),
            Self::ClientAddress => Some(match remote {
                IpAddr::V4(address) => hash(&address.octets()),
                IpAddr::V6(address) => hash(&address.octets()),
            }),
        }
    }
}

/// A cookie's value; names are case-sensitive (RFC 6265, 5.4).
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(|line| line.split(';')).filter_map(|cookie| cookie.split_once('='));
    cookies.find(|(known, _)| known.trim() == name).map(|(_, value)| value.trim()).filter(|v| !v.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(hash_on: &str, name: &'static str, value: &'static str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        let remote = IpAddr::from([192, 0, 2, 1]);
        HashKey::of(&HashOn::parse(hash_on).expect("valid")).expect("valid").of_request(&headers, remote)
    }

    #[test]
    fn finds_the_key() {
        assert_eq!(key("header:X-User", "x-user", "ann"), Some(hash(b"ann")));
        assert_eq!(key("cookie:session", "cookie", "a=b; session=s1; x=y"), Some(hash(b"s1")));
        assert_eq!(key("client_address", "x", "y"), Some(hash(&[192, 0, 2, 1])));
    }

    #[test]
    fn what_is_not_there_or_empty_is_no_key() {
        assert_eq!(key("header:x-user", "x-other", "ann"), None);
        assert_eq!(key("header:x-user", "x-user", ""), None);
        assert_eq!(key("cookie:session", "cookie", "Session=s1; mysession=s2; session="), None);
    }
}
