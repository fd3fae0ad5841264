//! The policy on calls.

use gatepost_model::Outcome;
use serde_json::{Value, json};

use crate::tests::{Trial, call, gzip};

fn trial(config: Value) -> Trial {
    Trial::of("json-threat-protection", config)
}

fn with(name: &str, value: impl Into<Value>) -> Trial {
    trial(json!({name: value.into()}))
}

#[test]
fn each_of_the_vendors_limits_is_answered_with_400_and_the_pointer() {
    for (limit, most, body, pointer, words) in [
        ("max_container_depth", 2, json!({"a": [[]]}), "/a/0", "is nested deeper than 2 levels"),
        (
            "max_object_entry_count",
            1,
            json!([{"a": 1, "b": 2}]),
            "/0",
            "has an object with more than 1 entries",
        ),
        (
            "max_object_entry_name_length",
            3,
            json!({"a": {"name": 1}}),
            "/a",
            "has a name longer than 3 characters",
        ),
        (
            "max_array_element_count",
            2,
            json!({"a": [1, 2, 3]}),
            "/a",
            "has an array with more than 2 elements",
        ),
        (
            "max_string_value_length",
            2,
            json!({"a": ["ok", "bad"]}),
            "/a/1",
            "has a string longer than 2 characters",
        ),
        ("max_number_length", 3, json!([1000]), "/0", "has a number longer than 3 bytes"),
    ] {
        let sent = body.to_string();
        let answer = with(limit, most).run(call().body("application/json", sent.clone()));
        assert_eq!((answer.status(), answer.error()), (400, &*format!("The JSON body {words}")), "{limit}");
        assert_eq!(answer.json()["pointer"], pointer, "{limit}");
        assert_eq!(answer.refused_by(), Some("json-threat-protection"));
        assert!(answer.notes()[0].starts_with(&format!("the body {words} at {pointer}, byte ")), "{limit}");
        assert!(answer.sent_upstream().is_none());
        assert_eq!(with(limit, -1).run(call().body("application/json", sent)).status(), 200, "{limit}");
    }
}

#[test]
fn a_good_body_goes_on_as_it_was_sent() {
    let answer = trial(json!({})).run(call().gzipped_body("application/json", b" {\"a\": [1]} "));
    assert_eq!((answer.status(), answer.notes()[0].as_str()), (200, "12 bytes of JSON, 2 deep"));
    assert_eq!(answer.body_sent_upstream().map(|body| body.to_vec()), Some(gzip(b" {\"a\": [1]} ")));
}

#[test]
fn compressed_bodies_are_checked_inflated() {
    let answer = with("max_container_depth", 3).run(call().gzipped_body("application/json", b"[[[[]]]]"));
    assert_eq!((answer.status(), &answer.json()["offset"]), (400, &json!(3)));
}

#[test]
fn a_body_over_the_limit_is_answered_with_413_sent_or_inflated() {
    let trial = with("max_body_bytes", 1_000);
    let long = json!(["a".repeat(1_000)]).to_string();
    for call in [
        call().body("application/json", long.clone()),
        call().gzipped_body("application/json", long.as_bytes()),
        call().gzipped_body("application/json", &vec![b'['; 10_000_000]),
    ] {
        let answer = trial.run(call);
        assert_eq!((answer.status(), &answer.json()["limit"]), (413, &json!(1_000)));
        assert!(answer.sent_upstream().is_none());
    }
}

#[test]
fn an_encoding_that_nobody_knows_is_answered_with_415() {
    let answer =
        trial(json!({})).run(call().body("application/json", "{}").header("content-encoding", "zip"));
    assert_eq!((answer.status(), answer.sent_upstream().is_none()), (415, true));
    assert!(answer.header("accept-encoding").is_some_and(|known| known.contains("gzip")));
}

#[test]
fn the_same_name_twice_is_refused_unless_it_may_pass() {
    let twice = || call().body("application/json", "{\"role\":\"user\",\"r\\u006fle\":\"admin\"}");
    let answer = trial(json!({})).run(twice());
    assert_eq!((answer.status(), &answer.json()["pointer"]), (400, &json!("/role")));
    assert_eq!(with("duplicate_keys", "pass").run(twice()).status(), 200);
}

#[test]
fn defaults_stop_what_breaks_parsers() {
    let trial = trial(json!({}));
    let numbers = |digits: usize| format!("[{}]", "9".repeat(digits));
    for body in [
        "[".repeat(65) + &"]".repeat(65),
        "{\"a\":".repeat(100_000),
        numbers(65),
        "[1e400]".into(),
        "[NaN]".into(),
        "{}{}".into(),
        "\u{feff}{}".into(),
        "\"\\ud800\"".into(),
        format!("[{}0]", "0,".repeat(10_000)),
        " ".into(),
    ] {
        let answer = trial.run(call().body("application/json", body.clone()));
        assert_eq!((answer.status(), answer.sent_upstream().is_none()), (400, true), "{body:.40}");
    }
    for body in ["[".repeat(64) + &"]".repeat(64), numbers(64), "[1e308]".into(), String::new()] {
        assert_eq!(trial.run(call().body("application/json", body)).status(), 200);
    }
}

#[test]
fn only_listed_content_types_are_read() {
    let checking = with("max_body_bytes", 10);
    let bad = "{\"a\":1,\"a\":2}".repeat(10);
    for passes in ["text/plain", "application/octet-stream", "application/jsonp"] {
        let answer = checking.run(call().body(passes, bad.clone()));
        assert_eq!(answer.body_sent_upstream().map(bytes::Bytes::len), Some(bad.len()), "{passes}");
        assert_eq!(answer.notes()[0], "another content type, not looked at");
    }
    for checked in ["Application/JSON;charset=utf-8", "application/vnd.api+json", "text/json"] {
        assert_eq!(checking.run(call().body(checked, bad.clone())).status(), 413, "{checked}");
    }
}

#[test]
fn other_types_are_answered_with_415_where_they_are_refused() {
    let strict = with("other_content_types", "refuse");
    let answer = strict.run(call().body("text/plain", "{}"));
    assert_eq!((answer.status(), answer.error()), (415, "Bodies of this content type are not accepted"));
    assert_eq!(strict.run(call()).status(), 200);
    let all = with("content_types", json!(["*/*"]));
    assert_eq!(all.run(call().body("text/plain", "{")).status(), 400);
}

#[test]
fn a_stream_that_says_it_is_json_is_no_way_around() {
    let answer = trial(json!({})).run(call().body("application/grpc+json", "[[["));
    assert_eq!(
        (answer.sent_upstream().is_none(), answer.refused_by()),
        (true, Some("json-threat-protection"))
    );
    assert_eq!(answer.outcomes()[1], Outcome::Refused);
}

#[test]
fn a_charset_in_which_the_document_is_another_one_is_refused() {
    for (charset, status) in
        [("UTF-8", 200), ("\"iso-8859-1\"", 200), ("utf-16", 400), ("utf-7", 400), ("shift_jis", 400)]
    {
        let call = call().body(&format!("application/json; charset={charset}"), "{}");
        assert_eq!(trial(json!({})).run(call).status(), status, "{charset}");
    }
}

#[test]
fn in_shadow_it_says_so_and_lets_pass() {
    let answer = trial(json!({})).in_shadow().run(call().body("application/json", "{"));
    assert_eq!((answer.status(), answer.outcomes()[0]), (200, Outcome::WouldRefuse));
    assert_eq!(answer.body_sent_upstream().map(|body| &body[..]), Some(&b"{"[..]));
}

#[test]
fn every_fault_of_a_configuration_names_its_field() {
    let faults = |config: Value| Trial::faults("json-threat-protection", &config);
    assert_eq!(
        faults(json!({"max_container_depth": -2, "max_body_bytes": 0, "content_types": [], "duplicate_keys": "x"}))
            .len(),
        4
    );
    assert_eq!(
        faults(json!({"content_types": ["a/b", "json", "x"]})),
        ["content_types[1]", "content_types[2]"]
    );
}
