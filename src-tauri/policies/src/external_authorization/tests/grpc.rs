//! By Envoy's gRPC protocol. That its messages are those of others is shown where a server of another maker is asked.

use gatepost_gateway::TlsFacts;
use prost::Message as _;
use rcgen::{CertificateParams, KeyPair, SanType};
use serde_json::Value;

use super::super::messages::*;
use super::*;

fn ask(more: Value, said: &CheckResponse, call: Call) -> (Answer, Asked) {
    let asked = Asked::default();
    let (noting, message) = (asked.clone(), said.encode_to_vec());
    let config = merged(json!({"uri": "h2://auth.test:9001"}), more);
    let trial = Trial::of("external-authorization", config).calling_by(move |question| {
        noting.note(question);
        let mut body = vec![0];
        body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        body.extend(&message);
        let answer =
            Response::builder().header("content-type", "application/grpc").header("grpc-status", "0");
        Ok(answer.body(body.into()).unwrap())
    });
    (trial.run(call), asked)
}

fn yes(ok: OkHttpResponse) -> CheckResponse {
    CheckResponse { status: Some(Status { code: 0 }), ok_response: Some(ok), ..CheckResponse::default() }
}

fn set(key: &str, value: &str) -> HeaderValueOption {
    let header = HeaderValue { key: key.into(), value: value.into(), raw_value: Vec::new() };
    HeaderValueOption { header: Some(header), append: None, append_action: 0 }
}

fn told(asked: &Asked) -> AttributeContext {
    let question = asked.question();
    assert_eq!(question.uri(), "http://auth.test:9001/envoy.service.auth.v3.Authorization/Check");
    CheckRequest::decode(&question.body()[5..]).unwrap().attributes.unwrap()
}

fn http_of(asked: &Asked) -> HttpRequest {
    told(asked).request.unwrap().http.unwrap()
}

#[test]
fn the_service_is_told_everything_about_the_call() {
    let call = call()
        .target("/posts/1?a=b")
        .header("host", "api.test")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("accept", "x")
        .header("accept", "y")
        .from("10.1.2.3")
        .at_epoch(1_800_000_000);
    let config = json!({"service_request_secret_headers": [{"key": "x-key", "value": "s3cret"}]});
    let (answer, asked) = ask(config, &yes(OkHttpResponse::default()), call);
    assert_eq!((answer.status(), answer.notes()[0].as_str()), (200, "auth.test:9001 says yes"));
    assert_eq!(text(&asked.0.lock().unwrap()[0], "x-key"), Some("s3cret"));
    let told = told(&asked);
    let socket = |peer: &Option<Peer>| {
        let socket = peer.clone().unwrap().address.unwrap().socket_address.unwrap();
        (socket.address, socket.port_value)
    };
    assert_eq!(socket(&told.source), ("10.1.2.3".into(), 40_000));
    assert_eq!(socket(&told.destination), ("127.0.0.1".into(), 8_081));
    let request = told.request.unwrap();
    assert_eq!(request.time.unwrap().seconds, 1_800_000_000);
    let http = request.http.unwrap();
    assert_eq!(
        (&*http.id, &*http.method, &*http.path, &*http.host),
        ("r-1", "GET", "/posts/1?a=b", "api.test")
    );
    assert_eq!((&*http.scheme, &*http.protocol, http.size), ("http", "HTTP/1.1", 0));
    assert_eq!((&*http.headers["cookie"], &*http.headers["accept"]), ("a=1; b=2", "x,y"));
    assert_eq!((&*http.headers[":path"], &*http.headers[":authority"]), ("/posts/1?a=b", "api.test"));
    assert!(!http.headers.contains_key("host") && http.body.is_empty() && http.raw_body.is_empty());
}

#[test]
fn only_allowed_headers_are_told_raw_where_asked_to() {
    let config = json!({"allowed_headers": ["x-a"], "encode_raw_headers": true});
    let call = call().header("x-a", "1").header("x-a", "2").header("authorization", "Bearer t");
    let (_, asked) = ask(config, &yes(OkHttpResponse::default()), call);
    let http = http_of(&asked);
    let lines: Vec<_> =
        http.header_map.unwrap().headers.into_iter().map(|line| (line.key, line.raw_value)).collect();
    assert_eq!(lines, [("x-a".to_owned(), b"1".to_vec()), ("x-a".to_owned(), b"2".to_vec())]);
    assert!(http.headers.is_empty());
}

#[test]
fn the_body_is_told_as_text_or_as_bytes() {
    let call = || call().gzipped_body("text/plain", b"hell\xff");
    let (_, asked) = ask(json!({"max_request_bytes": 100}), &yes(OkHttpResponse::default()), call());
    let http = http_of(&asked);
    assert_eq!((&*http.body, http.raw_body.len()), ("hell\u{fffd}", 0));
    assert_eq!(http.headers["x-envoy-auth-partial-body"], "false");
    let bytes = json!({"max_request_bytes": 100, "pack_as_bytes": true});
    let (_, asked) = ask(bytes, &yes(OkHttpResponse::default()), call());
    let http = http_of(&asked);
    assert_eq!((&*http.body, &http.raw_body[..]), ("", &b"hell\xff"[..]));
}

#[test]
fn the_callers_certificate_is_told_by_choice() {
    let mut params = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
    params.subject_alt_names.push(SanType::URI("spiffe://e/orders".try_into().unwrap()));
    let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let facts = Arc::new(TlsFacts::showing(Some(certificate.der().clone())).unwrap());
    for include in [false, true] {
        let config = json!({"include_peer_certificate": include});
        let (_, asked) = ask(config, &yes(OkHttpResponse::default()), call().tls(facts.clone()));
        let source = told(&asked).source.unwrap();
        assert_eq!(source.principal, "spiffe://e/orders");
        let pem = percent_decoded(&source.certificate);
        assert_eq!(
            pem.replace("\r\n", "\n").trim(),
            if include { certificate.pem().replace("\r\n", "\n").trim().to_owned() } else { String::new() }
        );
    }
}

fn percent_decoded(text: &str) -> String {
    let escapes = [("%20", " "), ("%0A", "\n"), ("%2B", "+"), ("%2F", "/"), ("%3D", "=")];
    escapes.iter().fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

#[test]
fn a_yes_changes_headers_query_and_answer() {
    let ok = OkHttpResponse {
        headers: vec![
            set("x-user", "ann"),
            HeaderValueOption { append: Some(BoolValue { value: true }), ..set("x-tag", "b") },
            HeaderValueOption { append_action: 1, ..set("x-there", "new") },
            HeaderValueOption { append_action: 1, ..set("x-new", "new") },
            HeaderValueOption { append_action: 3, ..set("x-nothing", "new") },
        ],
        headers_to_remove: vec!["authorization".into(), "host".into(), ":path".into()],
        response_headers_to_add: vec![set("x-left", "9")],
        query_parameters_to_set: vec![QueryParameter { key: "user".into(), value: "ann".into() }],
        query_parameters_to_remove: vec!["key".into()],
        dynamic_metadata: None,
    };
    let call = call()
        .target("/posts?key=s&a=1")
        .header("host", "api.test")
        .header("authorization", "Bearer t")
        .header("x-user", "root")
        .header("x_user", "root")
        .header("x-tag", "a")
        .header("x-there", "old");
    let (answer, _) = ask(json!({}), &yes(ok), call);
    let sent = answer.sent_upstream().unwrap();
    let all = |name: &str| sent.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
    assert_eq!((all("x-user"), all("x-tag"), all("x-there")), (vec!["ann"], vec!["a", "b"], vec!["old"]));
    assert_eq!((all("x-new"), all("host")), (vec!["new"], vec!["api.test"]));
    for gone in ["authorization", "x_user", "x-nothing"] {
        assert!(all(gone).is_empty(), "{gone}");
    }
    assert_eq!(answer.target_sent_upstream(), Some("/posts?a=1&user=ann"));
    assert_eq!(answer.header("x-left"), Some("9"));
    assert_eq!(answer.outcomes()[0], Outcome::Changed);
}

#[test]
fn what_the_service_found_out_is_for_later_policies() {
    let text = |text: &str| super::super::messages::Value { kind: Some(Kind::Text(text.into())) };
    let number = super::super::messages::Value { kind: Some(Kind::Number(7.0)) };
    let inner = Struct { fields: [("level".to_owned(), number)].into() };
    let inner = super::super::messages::Value { kind: Some(Kind::Struct(inner)) };
    let found = Struct { fields: [("user".to_owned(), text("ann")), ("plan".to_owned(), inner)].into() };
    let said = CheckResponse { dynamic_metadata: Some(found), ..yes(OkHttpResponse::default()) };
    let (answer, _) = ask(json!({}), &said, call());
    let properties = answer.identity().properties.clone().unwrap();
    assert_eq!(properties["ext_authz"], json!({"user": "ann", "plan": {"level": 7}}));
}

#[test]
fn a_denial_without_a_status_is_403() {
    let no = CheckResponse { status: Some(Status { code: 7 }), ..CheckResponse::default() };
    let (answer, _) = ask(json!({}), &no, call());
    assert_eq!((answer.status(), answer.error()), (403, "This call was not allowed"));
    assert_eq!(answer.outcomes()[0], Outcome::Refused);
}

#[test]
fn a_denial_by_grpc_brings_its_status_headers_and_body() {
    let denied = DeniedHttpResponse {
        status: Some(HttpStatus { code: 429 }),
        headers: vec![set("retry-after", "7"), set("content-length", "1"), set("content-type", "text/html")],
        body: "slow <br>".into(),
    };
    // A no beside a yes is a no.
    for code in [0, 7] {
        let no = CheckResponse {
            status: Some(Status { code }),
            denied_response: Some(denied.clone()),
            ..CheckResponse::default()
        };
        let (answer, _) = ask(json!({}), &no, call());
        assert_eq!((answer.status(), answer.body()), (429, Some("slow <br>")));
        assert_eq!(
            (answer.header("retry-after"), answer.header("content-type")),
            (Some("7"), Some("text/html"))
        );
        assert!(answer.sent_upstream().is_none());
    }
}

#[test]
fn an_answer_that_makes_no_sense_does_not_allow() {
    let odd_status =
        DeniedHttpResponse { status: Some(HttpStatus { code: 99 }), ..DeniedHttpResponse::default() };
    let failed =
        DeniedHttpResponse { status: Some(HttpStatus { code: 502 }), ..DeniedHttpResponse::default() };
    let headers =
        |header: HeaderValueOption| OkHttpResponse { headers: vec![header], ..OkHttpResponse::default() };
    let many = OkHttpResponse { headers: vec![set("x-a", "1"); 201], ..OkHttpResponse::default() };
    for (said, status, why) in [
        (CheckResponse::default(), 403, "its answer says neither yes nor no"),
        (yes(headers(set("host", "evil"))), 403, "it sets host, which cannot be set"),
        (yes(headers(set(":path", "/admin"))), 403, "`:path` is no header name"),
        (yes(headers(set("x-a", "a\r\nb: c"))), 403, "x-a has a value that is none"),
        (yes(many), 403, "it changes more than 200 headers"),
        (
            CheckResponse { denied_response: Some(odd_status), ..CheckResponse::default() },
            403,
            "99 is no status",
        ),
        (
            CheckResponse { error_response: Some(failed), ..yes(OkHttpResponse::default()) },
            502,
            "it says that it failed",
        ),
    ] {
        let (answer, _) = ask(json!({}), &said, call());
        assert_eq!((answer.status(), answer.outcomes()[0]), (status, Outcome::Failed), "{why}");
        assert_eq!(answer.notes()[0], format!("auth.test:9001 could not decide: {why}"));
        assert!(answer.sent_upstream().is_none());
    }
}

#[test]
fn a_failed_call_has_not_decided() {
    let trial = Trial::of("external-authorization", json!({"uri": "h2://auth.test"})).calling_by(|_| {
        let failed =
            Response::builder().header("content-type", "application/grpc").header("grpc-status", "14");
        Ok(failed.header("grpc-message", "come%20later").body(Bytes::new()).unwrap())
    });
    let answer = trial.run(call());
    assert_eq!((answer.status(), answer.outcomes()[0]), (403, Outcome::Failed));
    assert_eq!(answer.notes()[0], "auth.test could not decide: gRPC status 14: come later");
}

#[test]
fn a_struct_that_nests_without_end_is_no_answer() {
    let mut value = super::super::messages::Value { kind: Some(Kind::Bool(true)) };
    for _ in 0..200 {
        let list = ListValue { values: vec![value] };
        value = super::super::messages::Value { kind: Some(Kind::List(list)) };
    }
    let found = Struct { fields: [("deep".to_owned(), value)].into() };
    let said = CheckResponse { dynamic_metadata: Some(found), ..yes(OkHttpResponse::default()) };
    let (answer, _) = ask(json!({}), &said, call());
    assert_eq!(answer.notes()[0], "auth.test:9001 could not decide: its answer is no CheckResponse");
}
