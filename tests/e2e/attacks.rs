//! Requests that two servers could read in two ways, or that no server should read at all: each is refused, its
//! connection closed, and the upstream sees nothing of it (RFC 9112; RFC 9110, 5.5).

use std::time::Duration;

use serde_json::json;

use crate::faulty::{FINE, Faulty};
use crate::program::{Gateway, until};
use crate::raw::Raw;

/// How long a refused connection may stand.
const UNTIL_CLOSED: Duration = Duration::from_secs(5);

/// Follows every attack on its connection. It must never be read as a request.
const SMUGGLED: &str = "GET /api/smuggled HTTP/1.1\r\nhost: a\r\n\r\n";

/// What it is about, the bytes, and the statuses that refuse it.
struct Attack(&'static str, String, &'static [u16]);

fn attack(name: &'static str, bytes: impl Into<String>, statuses: &'static [u16]) -> Attack {
    Attack(name, bytes.into(), statuses)
}

/// A POST with these header lines and this body.
fn post(lines: &str, body: &str) -> String {
    format!("POST /api/post HTTP/1.1\r\nhost: a\r\n{lines}\r\n{body}")
}

/// A GET with these header lines.
fn get(lines: &str) -> String {
    format!("GET /api/get HTTP/1.1\r\nhost: a\r\n{lines}\r\n")
}

/// A GET of a target.
fn target(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n")
}

/// Where a body ends: what a front and a back must never see differently.
fn framing() -> Vec<Attack> {
    const CHUNKED: &str = "transfer-encoding: chunked\r\n";
    vec![
        attack(
            "length, then chunked",
            post(&format!("content-length: 6\r\n{CHUNKED}"), "0\r\n\r\nG"),
            &[400],
        ),
        attack(
            "chunked, then length",
            post(&format!("{CHUNKED}content-length: 3\r\n"), "1\r\nG\r\n0\r\n\r\n"),
            &[400],
        ),
        attack("two lengths", post("content-length: 5\r\ncontent-length: 6\r\n", "hello!"), &[400]),
        attack("a length twice", post("content-length: 5\r\ncontent-length: 5\r\n", "hello"), &[400]),
        attack("a list of lengths", post("content-length: 5, 5\r\n", "hello"), &[400]),
        attack("a signed length", post("content-length: +5\r\n", "hello"), &[400]),
        attack("a negative length", post("content-length: -5\r\n", "hello"), &[400]),
        attack("a length in hex", post("content-length: 0x5\r\n", "hello"), &[400]),
        attack("a length with a space", post("content-length: 5 5\r\n", "hello"), &[400]),
        attack("a length with an underscore", post("content-length: 5_0\r\n", "hello"), &[400]),
        attack("an empty length", post("content-length: \r\n", "hello"), &[400]),
        attack("a length over 64 bits", post("content-length: 18446744073709551621\r\n", "hello"), &[400]),
        attack("chunked twice", post("transfer-encoding: chunked, chunked\r\n", "0\r\n\r\n"), &[400, 501]),
        attack("chunked in two lines", post(&format!("{CHUNKED}{CHUNKED}"), "0\r\n\r\n"), &[400, 501]),
        attack("chunked not last", post("transfer-encoding: chunked, gzip\r\n", "0\r\n\r\n"), &[400, 501]),
        attack("an unknown coding", post("transfer-encoding: xchunked\r\n", "0\r\n\r\n"), &[400, 501]),
        attack(
            "an unknown coding before",
            post("transfer-encoding: gzip, chunked\r\n", "0\r\n\r\n"),
            &[400, 501],
        ),
        attack("identity", post("transfer-encoding: identity\r\n", "hello"), &[400, 501]),
        attack(
            "identity and a length",
            post("transfer-encoding: identity\r\ncontent-length: 5\r\n", "hello"),
            &[400, 501],
        ),
        attack("a coding in quotes", post("transfer-encoding: \"chunked\"\r\n", "0\r\n\r\n"), &[400, 501]),
        attack(
            "a coding with a control",
            post("transfer-encoding: \x0bchunked\r\n", "0\r\n\r\n"),
            &[400, 501],
        ),
        attack("an empty coding", post("transfer-encoding: \r\ncontent-length: 5\r\n", "hello"), &[400, 501]),
        attack("a coding after a space", post("transfer-encoding : chunked\r\n", "0\r\n\r\n"), &[400]),
        attack(
            "chunked in HTTP/1.0",
            format!("POST /api/post HTTP/1.0\r\nhost: a\r\n{CHUNKED}\r\n0\r\n\r\n"),
            &[400, 501],
        ),
    ]
}

/// How a chunk and its trailers are written.
fn chunks() -> Vec<Attack> {
    let chunked = |body: &str| post("transfer-encoding: chunked\r\n", body);
    vec![
        attack("no size", chunked("\r\nhello\r\n0\r\n\r\n"), &[400]),
        attack("no hex", chunked("5g\r\nhello\r\n0\r\n\r\n"), &[400]),
        attack("a sign", chunked("+5\r\nhello\r\n0\r\n\r\n"), &[400]),
        attack("a negative size", chunked("-5\r\nhello\r\n0\r\n\r\n"), &[400]),
        attack("0x", chunked("0x5\r\nhello\r\n0\r\n\r\n"), &[400]),
        attack("a space before the size", chunked(" 5\r\nhello\r\n0\r\n\r\n"), &[400]),
        attack("over 64 bits", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), &[400]),
        attack("a bare line feed after the size", chunked("5\nhello\r\n0\r\n\r\n"), &[400]),
        attack("a bare line feed in an extension", chunked("5;a\nhello\r\n0\r\n\r\n"), &[400]),
        attack("a bare carriage return", chunked("5\rhello\r\n0\r\n\r\n"), &[400]),
        attack("nothing after the data", chunked("5\r\nhello0\r\n\r\n"), &[400]),
        attack("a line feed after the data", chunked("5\r\nhello\n0\r\n\r\n"), &[400]),
        attack(
            "an endless extension",
            chunked(&format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(100_000))),
            &[400, 431],
        ),
        attack("a trailer without a colon", chunked("5\r\nhello\r\n0\r\nnothing\r\n\r\n"), &[400]),
        attack("a trailer with NUL", chunked("5\r\nhello\r\n0\r\nx-a: \0\r\n\r\n"), &[400]),
        attack(
            "trailers over their bound",
            chunked(&format!(
                "5\r\nhello\r\n0\r\n{}\r\n",
                format!("x-a: {}\r\n", "x".repeat(1_000)).repeat(200)
            )),
            &[400, 431],
        ),
    ]
}

/// How lines, names and values are written.
fn fields() -> Vec<Attack> {
    vec![
        attack("a bare line feed after the first line", "GET /api/get HTTP/1.1\nhost: a\r\n\r\n", &[400]),
        attack("a bare line feed after a header", "GET /api/get HTTP/1.1\r\nhost: a\n\r\n", &[400]),
        attack("bare line feeds alone", "GET /api/get HTTP/1.1\nhost: a\n\n", &[400]),
        attack("a bare line feed in a value", get("x-a: b\nx-c: d\r\n"), &[400]),
        attack("a bare carriage return in a value", get("x-a: b\rx-c: d\r\n"), &[400]),
        attack("NUL in a value", get("x-a: b\0c\r\n"), &[400]),
        attack("a control in a value", get("x-a: b\x01c\r\n"), &[400]),
        attack("DEL in a value", get("x-a: b\x7fc\r\n"), &[400]),
        attack("a folded line", get("x-a: b\r\n c\r\n"), &[400]),
        attack("a line folded with a tab", get("x-a: b\r\n\tc\r\n"), &[400]),
        attack("a fold before the first header", "GET /api/get HTTP/1.1\r\n host: a\r\n\r\n", &[400]),
        attack("a space before the colon", get("x-a : b\r\n"), &[400]),
        attack("a tab before the colon", get("x-a\t: b\r\n"), &[400]),
        attack("a space in a name", get("x a: b\r\n"), &[400]),
        attack("no name", get(": b\r\n"), &[400]),
        attack("no colon", get("nothing\r\n"), &[400]),
        attack("a slash in a name", get("x/a: b\r\n"), &[400]),
        attack("a byte over 127 in a name", get("x-\u{e9}: b\r\n"), &[400]),
        attack("NUL in a name", get("x\0a: b\r\n"), &[400]),
        attack("no host", "GET /api/get HTTP/1.1\r\n\r\n", &[400]),
        attack("two hosts", get("host: b\r\n"), &[400]),
        attack("the same host twice", get("host: a\r\n"), &[400]),
        attack("a space in the host", "GET /api/get HTTP/1.1\r\nhost: a b\r\n\r\n", &[400]),
        attack("a slash in the host", "GET /api/get HTTP/1.1\r\nhost: a/api\r\n\r\n", &[400]),
        attack("a user in the host", "GET /api/get HTTP/1.1\r\nhost: u@a\r\n\r\n", &[400]),
        attack("a list of hosts", "GET /api/get HTTP/1.1\r\nhost: a, b\r\n\r\n", &[400]),
        attack("one long header", get(&format!("x-a: {}\r\n", "x".repeat(100_000))), &[431]),
        attack("many headers", get(&"x-a: b\r\n".repeat(2_000)), &[431]),
    ]
}

/// What the first line says.
fn first_lines() -> Vec<Attack> {
    vec![
        attack("no version", "GET /api/get\r\nhost: a\r\n\r\n", &[400, 505]),
        attack("an unknown protocol", "GET /api/get HTCPCP/1.0\r\nhost: a\r\n\r\n", &[400, 505]),
        attack("a small protocol", "GET /api/get http/1.1\r\nhost: a\r\n\r\n", &[400, 505]),
        attack("version 2.0", "GET /api/get HTTP/2.0\r\nhost: a\r\n\r\n", &[400, 505]),
        attack("version 1.10", "GET /api/get HTTP/1.10\r\nhost: a\r\n\r\n", &[400, 505]),
        attack("two spaces", "GET  /api/get HTTP/1.1\r\nhost: a\r\n\r\n", &[400]),
        attack("a tab for a space", "GET\t/api/get HTTP/1.1\r\nhost: a\r\n\r\n", &[400]),
        attack("a space at the end", "GET /api/get HTTP/1.1 \r\nhost: a\r\n\r\n", &[400, 505]),
        attack("a space in the target", "GET /api/get more HTTP/1.1\r\nhost: a\r\n\r\n", &[400, 505]),
        attack("a space before the method", " GET /api/get HTTP/1.1\r\nhost: a\r\n\r\n", &[400]),
        attack("a method that is no token", "G@T /api/get HTTP/1.1\r\nhost: a\r\n\r\n", &[400]),
        attack("NUL in the method", "G\0T /api/get HTTP/1.1\r\nhost: a\r\n\r\n", &[400]),
        attack("NUL in the target", target("/api/g\0t"), &[400]),
        attack("DEL in the target", target("/api/g\x7ft"), &[400]),
        attack("a tab in the target", target("/api/g\tt"), &[400]),
        attack("a bare carriage return in the target", target("/api/g\rt"), &[400]),
        attack("a long target", target(&format!("/api/{}", "x".repeat(100_000))), &[414]),
        attack("a TLS greeting", "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03\r\n\r\n", &[400]),
    ]
}

/// Well-formed, and for nothing that the gateway serves.
fn targets() -> Vec<Attack> {
    vec![
        attack("a fragment", target("/api/get#part"), &[400]),
        attack("no target", target("*"), &[400]),
        attack("a target without a slash", target("api/get"), &[400]),
        attack("a user in the target", target("http://u@a/api/get"), &[400]),
        attack("another scheme", target("ftp://a/api/get"), &[400]),
        attack("a target without a host", target("http:///api/get"), &[400]),
        attack("CONNECT", "CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n", &[400, 405, 501]),
    ]
}

/// Segments that some server on the way would resolve.
fn dot_segments() -> Vec<Attack> {
    const SPELLINGS: [&str; 18] = [
        "/api/./get",
        "/api/../get",
        "/api/..",
        "/api/.",
        "/../api/get",
        "/api/%2e/get",
        "/api/%2E%2e/get",
        "/api/.%2e/get",
        "/api/%2e./get",
        "/api/..%2fget",
        "/api/..%2Fget",
        "/api/..%5cget",
        "/api/..\\get",
        "/api/..;/get",
        "/api/..;x=1/get",
        "/api/%2e%2e%2fget",
        "/api/x%2f..%2f..%2fget",
        "http://a/api/../get",
    ];
    SPELLINGS.map(|path| Attack(path, target(path), &[400])).into()
}

#[test]
fn what_is_ambiguous_is_refused_closed_and_reaches_nobody() {
    let (backend, gateway) = (Faulty::start(), Gateway::start());
    add_api(&gateway, &backend, "/api");
    let mut wrong = Vec::new();
    for Attack(name, bytes, statuses) in [framing(), chunks(), fields(), first_lines()].into_iter().flatten()
    {
        let whole_before = backend.whole_requests();
        let mut caller = Raw::connect(gateway.port);
        let status = caller.say(&bytes).say(SMUGGLED).answer().map(|answer| answer.status);
        if !status.is_some_and(|status| statuses.contains(&status)) {
            wrong.push(format!("{name}: {status:?} instead of {statuses:?}"));
        }
        match caller.hang_up(UNTIL_CLOSED) {
            Ok(more) if more.is_empty() => {}
            Ok(more) => wrong.push(format!("{name}: goes on: {:?}", String::from_utf8_lossy(&more))),
            Err(open) => wrong.push(format!("{name}: {open}")),
        }
        if backend.whole_requests() != whole_before {
            wrong.push(format!("{name}: reached the upstream as a whole request"));
        }
    }
    let smuggled = backend.requests().iter().filter(|head| head.contains("smuggled")).count();
    assert!(wrong.is_empty() && smuggled == 0, "{smuggled} smuggled\n{}", wrong.join("\n"));
    let answer = Raw::connect(gateway.port).say(get("")).answer().expect("an answer");
    assert_eq!((answer.status, answer.text().as_str()), (200, FINE), "the gateway serves on");
}

#[test]
fn targets_that_servers_resolve_in_different_ways_are_refused_and_reach_nobody() {
    let (backend, gateway) = (Faulty::start(), Gateway::start());
    add_api(&gateway, &backend, "/api");
    let wrong: Vec<_> = [targets(), dot_segments()]
        .into_iter()
        .flatten()
        .filter_map(|Attack(name, bytes, statuses)| {
            let status = Raw::connect(gateway.port).say(&bytes).answer().map(|answer| answer.status);
            let is_refused = status.is_some_and(|status| statuses.contains(&status));
            (!is_refused).then(|| format!("{name}: {status:?} instead of {statuses:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(backend.requests(), Vec::<String>::new());
}

#[test]
fn what_is_refused_before_it_is_a_request_is_recorded_too() {
    let (backend, gateway) = (Faulty::start(), Gateway::start());
    add_api(&gateway, &backend, "/api");
    let answer = Raw::connect(gateway.port).say(get("x-a : b\r\n")).answer().expect("an answer");
    assert_eq!(answer.status, 400);
    let told: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert!(told["error"].as_str().is_some_and(|error| !error.is_empty()), "{told}");
    let call = until("the refusal is recorded", || gateway.show("/calls")["calls"].get(0).cloned());
    assert_eq!(call["status"], 400);
    let call = gateway.show(&format!("/calls/{}", call["id"]));
    assert!(call["error"].as_str().is_some_and(|error| !error.is_empty()), "{call}");
}

#[test]
fn unusual_requests_of_one_meaning_pass() {
    let (backend, gateway) = (Faulty::start(), Gateway::start());
    add_api(&gateway, &backend, "/api");
    let passing = [
        get("x-empty:\r\n"),
        get("x-tab:\tvalue\t\r\n"),
        get("x-latin: caf\u{e9}\r\n"),
        get("X-CAPITALS: 1\r\nx-many: 1\r\nx-many: 2\r\n"),
        format!("\r\n{}", get("")),
        post("content-length: 5\r\n", "hello"),
        post("content-length: 005\r\n", "hello"),
        post("transfer-encoding: Chunked\r\n", "5;name=value\r\nhello\r\n0\r\nx-trailer: 1\r\n\r\n"),
        post("transfer-encoding: chunked\r\n", "0005\r\nhello\r\n000\r\n\r\n"),
        "GET http://elsewhere.test/api/get HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(),
        "GET /api/get HTTP/1.0\r\nconnection: keep-alive\r\n\r\n".to_owned(),
        target("/api/a%2fb/a.b/...//c;v=1.0?d=../e"),
        "PROPFIND /api/get HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(),
    ];
    // All on one connection: none of them leaves a byte that the next would stumble over.
    let mut caller = Raw::connect(gateway.port);
    for request in passing {
        let answer = caller.say(&request).answer().unwrap_or_else(|| panic!("no answer to {request:?}"));
        assert_eq!((answer.status, answer.text().as_str()), (200, FINE), "{request:?}");
    }
    // And all at once, answered in their order.
    let mut caller = Raw::connect(gateway.port);
    caller.say(get("").repeat(10));
    for _ in 0..10 {
        assert_eq!(caller.answer().map(|answer| answer.status), Some(200));
    }
}

#[test]
fn router_policy_and_upstream_see_one_path_and_one_host() {
    let (backend, gateway) = (Faulty::start(), Gateway::start());
    let api = add_api(&gateway, &backend, "/api");
    let only = json!([{"methods": [], "path": "/private(/.*)?"}]);
    let guard = json!({"policy": "client-id-enforcement", "config": {}, "only": only});
    gateway.manage("POST", &format!("/apis/{api}/policies"), guard);
    let ask = |path: &str| {
        let before = backend.requests().len();
        let status = Raw::connect(gateway.port).say(target(path)).answer().map(|answer| answer.status);
        let seen = backend.requests().get(before).and_then(|head| head.split(' ').nth(1).map(str::to_owned));
        (status, seen)
    };
    assert_eq!(ask("/api/private/a"), (Some(401), None));
    assert_eq!(ask("http://b/api/private/a"), (Some(401), None));
    // Byte for byte what came, so that the upstream reads what the policy judged.
    for path in ["/a%2fb", "/a//b", "/%70rivate/a", "/a;b=c/d", "/a%00b", "/a%25b"] {
        assert_eq!(ask(&format!("/api{path}")), (Some(200), Some(path.to_owned())), "{path}");
    }
    let mut caller = Raw::connect(gateway.port);
    caller.say("GET http://said.test/api/x HTTP/1.1\r\nhost: other.test\r\n\r\n").answer();
    let seen = backend.requests().pop().expect("one more");
    assert!(seen.contains("x-forwarded-host: said.test\r\n") && !seen.contains("other.test"), "{seen}");
}

#[test]
fn headers_that_speak_of_the_connection_go_no_further() {
    let (backend, gateway) = (Faulty::start(), Gateway::start());
    add_api(&gateway, &backend, "/api");
    let lines = "connection: x-hop, keep-alive, content-length\r\nx-hop: 1\r\nkeep-alive: timeout=5\r\nte: gzip\r\n\
                 proxy-connection: close\r\nproxy-authorization: Basic x\r\nx-stays: 1\r\ncontent-length: 2\r\n";
    let answer = Raw::connect(gateway.port).say(post(lines, "ok")).answer().expect("an answer");
    assert_eq!(answer.status, 200);
    let seen = backend.requests().pop().expect("it arrived").to_lowercase();
    assert!(seen.contains("\r\nx-stays: 1\r\n") && seen.contains("\r\ncontent-length: 2\r\n"), "{seen}");
    for gone in ["x-hop", "keep-alive", "te:", "proxy-"] {
        assert!(!seen.contains(&format!("\r\n{gone}")), "{gone} in {seen}");
    }
}

fn add_api(gateway: &Gateway, backend: &Faulty, base_path: &str) -> i64 {
    let api = gateway.manage(
        "POST",
        "/apis",
        json!({"name": "Api", "listen": {"port": gateway.port, "base_path": base_path}, "upstream": {"url": backend.url()}}),
    );
    api["id"].as_i64().expect("a number")
}
