//! Headers that end at the gateway, and those it adds (RFC 9110, 7.6.1; `X-Forwarded-*` as everybody writes them).

use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING,
    UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Speak of one connection only, whether or not `Connection` names them.
static HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Never dropped because `Connection` names them: a caller must not talk away what the request is and who sent it.
static END_TO_END: [HeaderName; 2] = [HOST, CONTENT_LENGTH];

/// The lengths of their names, one bit each: most headers are told apart from them by that alone.
const HOP_BY_HOP_LENGTHS: u32 = 1 << 2 | 1 << 7 | 1 << 10 | 1 << 16 | 1 << 17 | 1 << 18 | 1 << 19;

/// Removes what speaks of the connection it came over. Comes before the policies, so that what they judge is what
/// goes on. `TE: trailers` stays, since trailers do pass (gRPC asks for them so).
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let mut found: SmallVec<[HeaderName; 2]> = SmallVec::new();
    found.extend(headers.keys().filter(|name| is_hop_by_hop(name)).cloned());
    if found.is_empty() {
        return;
    }
    let takes_trailers = found.contains(&TE) && has_token(headers, &TE, "trailers");
    if found.contains(&TRANSFER_ENCODING) {
        // RFC 9112, 6.3: with both, the length is a lie and must not go on.
        headers.remove(CONTENT_LENGTH);
    }
    if found.contains(&CONNECTION) {
        add_named_by_connection(headers, &mut found);
    }
    for name in &found {
        headers.remove(name);
    }
    if takes_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    let length = name.as_str().len();
    length < 32 && HOP_BY_HOP_LENGTHS & (1 << length) != 0 && HOP_BY_HOP.contains(name)
}

/// What `Connection` says is between this hop and the next.
fn add_named_by_connection(headers: &HeaderMap, found: &mut SmallVec<[HeaderName; 2]>) {
    for token in headers.get_all(CONNECTION).iter().flat_map(tokens) {
        if token.eq_ignore_ascii_case(b"keep-alive") || token.eq_ignore_ascii_case(b"close") {
            continue;
        }
        if let Ok(name) = HeaderName::from_bytes(token)
            && !END_TO_END.contains(&name)
        {
            found.push(name);
        }
    }
}

/// Whether one of the comma-separated words of the headers `name` is `token`, in any case.
pub(crate) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let is_it = |known: &[u8]| known.eq_ignore_ascii_case(token.as_bytes());
    headers.get_all(name).iter().any(|value| tokens(value).any(is_it))
}

fn tokens(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// Turns a caller's headers into those for an upstream, but for `Host`, which is each target's own. `caller` is the
/// address of the caller's socket as text.
pub(crate) fn address_to_upstream(headers: &mut HeaderMap, caller: &HeaderValue, scheme: &'static str) {
    match headers.remove(HOST) {
        Some(host) => headers.insert(X_FORWARDED_HOST, host),
        None => headers.remove(X_FORWARDED_HOST),
    };
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(scheme));
    let forwarded_for =
        if headers.contains_key(X_FORWARDED_FOR) { with_one_more(headers, caller) } else { None };
    headers.insert(X_FORWARDED_FOR, forwarded_for.unwrap_or_else(|| caller.clone()));
    // The caller was told to go on when its body was first asked for.
    headers.remove(EXPECT);
}

/// The list so far, in one line, with `caller` at its end.
fn with_one_more(headers: &HeaderMap, caller: &HeaderValue) -> Option<HeaderValue> {
    let mut list = Vec::with_capacity(64);
    for value in headers.get_all(X_FORWARDED_FOR).iter().chain([caller]) {
        if !list.is_empty() {
            list.extend_from_slice(b", ");
        }
        list.extend_from_slice(value.as_bytes());
    }
    HeaderValue::from_maybe_shared(bytes::Bytes::from(list)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let lines = lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        lines.collect()
    }

    #[test]
    fn what_speaks_of_the_connection_ends_here() {
        let mut all = headers(&[
            ("connection", "Keep-Alive, X-Secret-Hop"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("proxy-authorization", "Basic x"),
            ("te", "gzip"),
            ("transfer-encoding", "chunked"),
            ("content-length", "5"),
            ("upgrade", "h2c"),
            ("x-secret-hop", "1"),
            ("accept", "*/*"),
        ]);
        strip_hop_by_hop(&mut all);
        assert_eq!(all, headers(&[("accept", "*/*")]));
    }

    #[test]
    fn the_lengths_are_those_of_the_names() {
        for name in &HOP_BY_HOP {
            assert!(is_hop_by_hop(name), "{name}");
        }
        assert_eq!(HOP_BY_HOP_LENGTHS.count_ones(), 7, "two have the same length");
    }

    #[test]
    fn connection_cannot_name_away_the_host() {
        let mut all =
            headers(&[("connection", "host, content-length, close"), ("host", "a"), ("content-length", "1")]);
        strip_hop_by_hop(&mut all);
        assert_eq!(all, headers(&[("host", "a"), ("content-length", "1")]));
    }

    #[test]
    fn asking_for_trailers_passes() {
        let mut all = headers(&[("connection", "te"), ("te", "trailers, deflate;q=0.5")]);
        strip_hop_by_hop(&mut all);
        assert_eq!(all, headers(&[("te", "trailers")]));
    }

    #[test]
    fn tells_the_upstream_who_asked_for_what() {
        let mut all =
            headers(&[("host", "api.test"), ("x-forwarded-proto", "https"), ("x-forwarded-for", "1.1.1.1")]);
        all.append(X_FORWARDED_FOR, HeaderValue::from_static("2.2.2.2"));
        let caller = HeaderValue::from_static("127.0.0.1");
        address_to_upstream(&mut all, &caller, "http");
        assert_eq!(
            all,
            headers(&[
                ("x-forwarded-host", "api.test"),
                ("x-forwarded-proto", "http"),
                ("x-forwarded-for", "1.1.1.1, 2.2.2.2, 127.0.0.1"),
            ])
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        #[test]
        fn what_connection_names_is_gone_and_all_else_stays(named in "[a-z]{1,3}(, ?[a-zA-Z]{1,3}){0,3}", sent in "[a-z]{1,3}") {
            let name = HeaderName::from_bytes(sent.as_bytes()).expect("a token");
            proptest::prop_assume!(!HOP_BY_HOP.contains(&name));
            let mut all = HeaderMap::new();
            all.insert(CONNECTION, HeaderValue::from_str(&named).expect("plain"));
            all.insert(&name, HeaderValue::from_static("1"));
            strip_hop_by_hop(&mut all);
            let is_named = named.split(',').any(|token| token.trim().eq_ignore_ascii_case(&sent));
            proptest::prop_assert_eq!(all.contains_key(&name), !is_named);
            proptest::prop_assert!(!all.contains_key(CONNECTION));
        }
    }
}
