//! Hops as proxies write them: `X-Forwarded-For`, `Forwarded` (RFC 7239), and the address within one.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};
use smallvec::SmallVec;

pub(super) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The hops of a comma-separated list, from the nearest to the farthest.
pub(super) fn listed(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.rsplit(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|hop| !hop.is_empty())
}

/// Those of every `X-Forwarded-For`, from the nearest to the farthest.
pub(super) fn x_forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers.get_all(X_FORWARDED_FOR).iter().rev().flat_map(|line| listed(line.as_bytes()))
}

/// Those of every `Forwarded`, likewise. `None` for a line that cannot be read.
pub(super) fn forwarded(headers: &HeaderMap) -> Option<SmallVec<[&[u8]; 4]>> {
    let mut hops = SmallVec::new();
    for line in headers.get_all(FORWARDED) {
        for element in apart(line.as_bytes(), b',')? {
            if !element.is_empty() {
                hops.push(node(element)?);
            }
        }
    }
    hops.reverse();
    Some(hops)
}

/// The value of `for`, which must be there once.
fn node(element: &[u8]) -> Option<&[u8]> {
    let mut found = None;
    for pair in apart(element, b';')? {
        if pair.is_empty() {
            continue;
        }
        let (name, value) = pair.split_at(pair.iter().position(|byte| *byte == b'=')?);
        if name.eq_ignore_ascii_case(b"for") && found.replace(unquoted(&value[1..])).is_some() {
            return None;
        }
    }
    found
}

fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

/// Cuts where `sign` stands outside quotes; none where a quote is left open.
fn apart(text: &[u8], sign: u8) -> Option<SmallVec<[&[u8]; 4]>> {
    let (mut parts, mut begin) = (SmallVec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            byte if byte == sign && !is_quoted => {
                parts.push(text[begin..at].trim_ascii());
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[begin..].trim_ascii());
    (!is_quoted).then_some(parts)
}

/// The address of a hop, which may have a port (`192.0.2.1:80`, `[2001:db8::1]:80`) or brackets. IPv4 in IPv6 is IPv4.
pub(super) fn address_of(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?;
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let address = text.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip())).or_else(bare);
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn hops(lines: &[&'static str]) -> Option<Vec<String>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED, HeaderValue::from_static(line));
        }
        let text = |hop: &[u8]| String::from_utf8_lossy(hop).into_owned();
        Some(forwarded(&headers)?.into_iter().map(text).collect())
    }

    #[test]
    fn reads_forwarded_as_its_rfc_writes_it() {
        let cases: [(&[&str], &[&str]); 5] = [
            (&[], &[]),
            (&["for=192.0.2.43, for=198.51.100.17"], &["198.51.100.17", "192.0.2.43"]),
            (&["for=192.0.2.60;proto=http;by=203.0.113.43"], &["192.0.2.60"]),
            (&["For=\"[2001:db8:cafe::17]:4711\"", "for=_gazonk"], &["_gazonk", "[2001:db8:cafe::17]:4711"]),
            (&["host=\"a,b;for=1.1.1.1\";for=2.2.2.2 , , "], &["2.2.2.2"]),
        ];
        for (lines, expected) in cases {
            assert_eq!(hops(lines).expect("reads"), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_broken_is_not_guessed_at() {
        for line in ["for=\"1.1.1.1, for=2.2.2.2", "proto=http", "for", "for=1.1.1.1;for=2.2.2.2", "\"\\\""] {
            assert_eq!(hops(&[line]), None, "{line}");
        }
    }

    #[test]
    fn a_hop_may_have_a_port_or_brackets() {
        for (hop, address) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("192.0.2.1:80", Some("192.0.2.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:80", Some("2001:db8::1")),
            ("::ffff:10.0.0.1", Some("10.0.0.1")),
            ("[192.0.2.1]", None),
            ("unknown", None),
            ("_secret", None),
            ("192.0.2", None),
            ("192.0.2.01", None),
            ("192.0.2.1:99999", None),
            ("", None),
        ] {
            let address = address.map(|text| text.parse().expect(text));
            assert_eq!(address_of(hop.as_bytes()), address, "{hop}");
        }
        assert_eq!(address_of(b"192.0.2.\xff"), None);
    }
}
