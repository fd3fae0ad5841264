//! Over HTTP.

use super::*;

fn ask(more: Value, answer: Response<&'static str>, call: Call) -> (Answer, Asked) {
    let asked = Asked::default();
    let noting = asked.clone();
    let config = merged(json!({"uri": "https://auth.test", "server_type": "http"}), more);
    let trial = Trial::of("external-authorization", config).calling_by(move |question| {
        noting.note(question);
        Ok(answer.clone().map(Bytes::from))
    });
    (trial.run(call), asked)
}

fn yes(headers: &[(&str, &str)]) -> Response<&'static str> {
    headers
        .iter()
        .fold(Response::builder(), |made, (name, value)| made.header(*name, *value))
        .body("")
        .unwrap()
}

#[test]
fn the_service_gets_method_path_and_allowed_headers() {
    let config = json!({
        "path_prefix": "/check/", "allowed_headers": ["x-tenant"],
        "service_request_headers_to_add": [{"key": "x-method", "value": "#[attributes.method]"}],
        "service_request_secret_headers": [{"key": "x-key", "value": "s3cret"}],
    });
    let call = call()
        .method("DELETE")
        .target("/posts/1?a=%20b")
        .header("host", "api.test")
        .header("authorization", "Bearer t")
        .header("x-tenant", "one")
        .header("x-tenant", "two")
        .header("x-other", "no")
        .header("x-key", "mine")
        .header("x-forwarded-for", "9.9.9.9")
        .header("x-forwarded-uri", "/forged");
    let (answer, asked) = ask(config, yes(&[]), call);
    assert_eq!((answer.status(), answer.notes()[0].as_str()), (200, "auth.test says yes"));
    let question = asked.question();
    assert_eq!(
        (question.method().as_str(), question.uri().to_string()),
        ("DELETE", "https://auth.test/check/posts/1?a=%20b".to_owned())
    );
    let mut sent: Vec<_> = question
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    sent.sort();
    assert_eq!(
        sent,
        [
            "authorization: Bearer t",
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-host: api.test",
            "x-forwarded-method: DELETE",
            "x-forwarded-proto: http",
            "x-forwarded-uri: /posts/1?a=%20b",
            "x-key: s3cret",
            "x-method: DELETE",
            "x-request-id: r-1",
            "x-tenant: one",
            "x-tenant: two",
        ]
    );
    assert!(question.body().is_empty());
}

#[test]
fn a_denial_over_http_brings_its_status_headers_and_body() {
    let no = || {
        let no = Response::builder().status(401).header("www-authenticate", "Basic realm=\"x\"");
        let no =
            no.header("x-why", "because").header("content-type", "text/html").header("content-length", "7");
        no.header("transfer-encoding", "chunked").body("no <br>").unwrap()
    };
    let (answer, _) = ask(json!({}), no(), call());
    assert_eq!((answer.status(), answer.body()), (401, Some("no <br>")));
    assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"x\""));
    assert_eq!(
        (answer.header("x-why"), answer.headers("content-type")),
        (Some("because"), vec!["text/html"])
    );
    assert_eq!((answer.header("transfer-encoding"), answer.outcomes()[0]), (None, Outcome::Refused));
    assert_eq!(answer.notes()[0], "auth.test says no, with 401");
    assert!(answer.sent_upstream().is_none());
    let (listed, _) = ask(json!({"service_response_client_headers": ["x-other"]}), no(), call());
    assert_eq!((listed.header("x-why"), listed.header("content-type")), (None, Some("text/html")));
    assert!(listed.header("www-authenticate").is_some());
}

#[test]
fn a_denial_without_a_body_is_told_in_the_gateways_own_words() {
    let away = Response::builder().status(302).header("location", "https://login.test/").body("").unwrap();
    let (answer, _) = ask(json!({}), away, call());
    assert_eq!((answer.status(), answer.header("location")), (302, Some("https://login.test/")));
    assert_eq!(answer.error(), "This call was not allowed");
}

#[test]
fn headers_go_where_the_lists_say_and_nobody_can_forge_them() {
    let config = json!({
        "service_response_upstream_headers": ["x-user", "x-role"],
        "service_response_upstream_headers_to_append": ["x-tag"],
        "service_response_client_headers_on_success": ["x-left"],
    });
    let said = yes(&[("x-user", "ann"), ("x-tag", "b"), ("x-tag", "c"), ("x-left", "9"), ("x-other", "no")]);
    let forged = call()
        .header("x-user", "root")
        .header("x_user", "root")
        .header("x-role", "admin")
        .header("x_role", "admin")
        .header("x-tag", "a");
    let (answer, _) = ask(config, said, forged);
    let sent = answer.sent_upstream().unwrap();
    let all = |name: &str| sent.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
    assert_eq!((all("x-user"), all("x-role"), all("x-tag")), (vec!["ann"], vec![], vec!["a", "b", "c"]));
    assert!(all("x_user").is_empty() && all("x_role").is_empty() && all("x-other").is_empty());
    assert_eq!((answer.header("x-left"), answer.header("x-user")), (Some("9"), None));
    assert_eq!(answer.notes()[1], "1 headers of auth.test's answer set");
}

#[test]
fn a_service_that_fails_has_not_decided() {
    for status in [500, 503] {
        let (answer, _) = ask(json!({}), Response::builder().status(status).body("why").unwrap(), call());
        assert_eq!((answer.status(), answer.outcomes()[0]), (403, Outcome::Failed));
        assert_eq!(answer.notes()[0], format!("auth.test could not decide: it answered {status}"));
    }
}

#[test]
fn the_service_is_told_the_body_where_asked_to() {
    let (_, asked) =
        ask(json!({"max_request_bytes": 100}), yes(&[]), call().gzipped_body("text/plain", b"hello"));
    let question = asked.question();
    assert_eq!((&question.body()[..], text(&question, "content-type")), (&b"hello"[..], Some("text/plain")));
    assert_eq!(text(&question, "x-envoy-auth-partial-body"), Some("false"));
    let stream = call().body("application/grpc", "\0\0\0\0\0");
    let (_, asked) = ask(json!({"max_request_bytes": 100}), yes(&[]), stream);
    assert_eq!(text(&asked.question(), "x-envoy-auth-partial-body"), Some("true"));
}

#[test]
fn in_shadow_nothing_changes() {
    let config = json!({
        "uri": "https://auth.test", "server_type": "http", "service_response_upstream_headers": ["x-user"],
        "service_response_client_headers_on_success": ["x-user"],
    });
    let trial = Trial::of("external-authorization", config)
        .in_shadow()
        .calling_by(|_| Ok(yes(&[("x-user", "ann")]).map(Bytes::from)));
    let answer = trial.run(call().header("x-user", "root"));
    assert_eq!((answer.outcomes()[0], answer.header("x-user")), (Outcome::WouldChange, None));
    assert_eq!(answer.sent_upstream().unwrap()["x-user"], "root");
}
