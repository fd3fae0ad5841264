//! Values that are masked, in messages and in what is recorded, and all that stays.

use gatepost_gateway::RecordMask as _;
use gatepost_model::Faults;
use serde_json::{Value, json};

use super::record::Record;
use super::rule::MaskRule;
use crate::tests::{Answer, Trial, call};

const KEY: &str = "a key of sixteen characters";

fn masking(config: Value) -> Trial {
    Trial::of("data-masking", config)
}

/// Masks answers by one rule.
fn answered(rule: &Value, content_type: &str, body: &str) -> Answer {
    let config = json!({"apply_to": ["response"], "rules": [rule], "key": KEY});
    masking(config).answering(200, &[("content-type", content_type)], body.to_owned()).run(call())
}

fn masked(rule: &Value, content_type: &str, body: &str) -> String {
    let answer = answered(rule, content_type, body);
    assert_eq!(answer.status(), 200, "{:?}", answer.body());
    answer.body().expect("a body").to_owned()
}

#[test]
fn fields_of_json_are_masked_and_everything_else_stays_byte_for_byte() {
    let body = r#"{ "id":12345678901234567890, "customer":{"email" : "jo@x.example","n":1.50},  "z":[1e2,true,null] }"#;
    let rule = json!({"fields": ["$.customer.email"], "method": "fixed"});
    assert_eq!(masked(&rule, "application/json", body), body.replace("jo@x.example", "***"));
}

#[test]
fn a_path_to_an_object_masks_all_that_is_inside_it() {
    let body = r#"{"card":{"number":"4111","owner":["Jo","Al"],"month":12},"x":"y"}"#;
    let rule = json!({"fields": ["$.card"], "method": "partial"});
    let after = r#"{"card":{"number":"****","owner":["**","**"],"month":"**"},"x":"y"}"#;
    assert_eq!(masked(&rule, "application/json", body), after);
}

#[test]
fn a_number_stays_a_number_where_its_mask_is_one() {
    let rule = json!({"fields": ["$.n"], "method": "format_preserving"});
    let after = masked(&rule, "application/json", r#"{"n":123456}"#);
    let after: Value = serde_json::from_str(&after).expect("JSON");
    assert!(
        after["n"].is_number() || after["n"].as_str().is_some_and(|text| text.starts_with('0')),
        "{after}"
    );
    assert_ne!(after["n"], 123_456);
}

#[test]
fn kinds_are_masked_wherever_they_stand() {
    let body = r#"{"note":"call +49 30 901820 or write to jo@x.example","cards":["4111 1111 1111 1111"]}"#;
    let rule = json!({"kinds": ["email", "phone", "card"], "keep_last": 4});
    let after = r#"{"note":"call +** ** **1820 or write to **@*.***mple","cards":["**** **** **** 1111"]}"#;
    assert_eq!(masked(&rule, "application/json; charset=utf-8", body), after);
}

#[test]
fn names_are_masked_by_their_fields() {
    let body = r#"{"firstName":"Jo","filename":"a.txt","people":[{"surname":"Hara"}]}"#;
    let after = r#"{"firstName":"**","filename":"a.txt","people":[{"surname":"****"}]}"#;
    assert_eq!(masked(&json!({"kinds": ["name"]}), "application/json", body), after);
}

#[test]
fn a_member_that_is_there_twice_is_masked_twice() {
    let rule = json!({"fields": ["$.a"], "method": "fixed"});
    assert_eq!(masked(&rule, "application/json", r#"{"a":"x","a":"y"}"#), r#"{"a":"***","a":"***"}"#);
}

#[test]
fn the_first_rule_that_fits_counts() {
    let config = json!({"apply_to": ["response"], "rules": [
        {"fields": ["$.a"], "method": "fixed", "replacement": "first"},
        {"fields": ["$.*"], "method": "fixed", "replacement": "second"},
    ]});
    let trial =
        masking(config).answering(200, &[("content-type", "application/json")], r#"{"a":"x","b":"y"}"#);
    assert_eq!(trial.run(call()).body(), Some(r#"{"a":"first","b":"second"}"#));
}

#[test]
fn texts_and_attributes_of_xml_are_masked_and_everything_else_stays() {
    let body = "<?xml version=\"1.0\"?>\n<!-- jo@x.example -->\n<o:order xmlns:o=\"urn:o\" owner=\"a&amp;b\">\n  \
                <email>jo&#64;x.example</email><n><![CDATA[<5>]]> x</n></o:order>";
    let rule =
        json!({"fields": ["/order/email", "//n", "/order/@owner"], "method": "fixed", "replacement": "<*>"});
    let after = "<?xml version=\"1.0\"?>\n<!-- jo@x.example -->\n<o:order xmlns:o=\"urn:o\" owner=\"&lt;*&gt;\">\n  \
                 <email>&lt;*&gt;</email><n>&lt;*&gt;</n></o:order>";
    assert_eq!(masked(&rule, "application/soap+xml", body), after);
    let kinds = masked(&json!({"kinds": ["email"], "method": "fixed"}), "text/xml", body);
    assert!(kinds.contains("<email>***</email>"), "{kinds}");
}

#[test]
fn entities_that_a_document_declares_are_not_expanded() {
    let body = "<!DOCTYPE a [<!ENTITY e \"jo@x.example\">]><a>&e; jo@x.example</a>";
    let after = masked(&json!({"kinds": ["email"], "method": "fixed"}), "application/xml", body);
    assert!(after.ends_with("<a>&amp;e; ***</a>"), "{after}");
}

#[test]
fn fields_of_a_form_are_masked() {
    let rule = json!({"fields": ["$['e-mail']"], "kinds": ["email"], "method": "fixed"});
    let body = "a=1&e-mail=jo%40x.example+%26+al%40x.example&b=jo%40x.example&c";
    let after = "a=1&e-mail=***+%26+***&b=jo%40x.example&c";
    assert_eq!(masked(&rule, "application/x-www-form-urlencoded", body), after);
}

#[test]
fn text_is_masked_by_kinds_and_patterns() {
    let rule = json!({"kinds": ["iban"], "patterns": ["CUST-[0-9]{6}"], "method": "fixed"});
    let body = "CUST-123456 pays from DE89370400440532013000";
    assert_eq!(masked(&rule, "text/plain", body), "*** pays from ***");
}

#[test]
fn equal_values_get_equal_hashes_and_the_key_is_needed_to_tell() {
    let rule = || json!({"fields": ["$[*]"], "method": "hashed"});
    let one = masked(&rule(), "application/json", r#"["x","x","y"]"#);
    let all: Vec<String> = serde_json::from_str(&one).expect("JSON");
    assert!(all[0] == all[1] && all[0] != all[2] && all[0].len() == 32);
    let faults = Trial::faults("data-masking", &json!({"rules": [rule()]}));
    assert!(faults.iter().any(|fault| fault.contains("key")), "{faults:?}");
}

#[test]
fn what_the_headers_say_of_the_old_body_goes_with_it() {
    let config = json!({"apply_to": ["response"], "rules": [{"kinds": ["email"]}]});
    let headers = [("content-type", "application/json"), ("etag", "\"1\""), ("content-length", "16")];
    let answer = masking(config).answering(200, &headers, r#"["jo@x.example"]"#).run(call());
    assert_eq!(answer.headers("etag"), Vec::<&str>::new());
    assert_eq!(answer.notes().last().map(String::as_str), Some("masked 1 values and 0 headers"));
}

#[test]
fn headers_are_masked_by_name() {
    let config =
        json!({"apply_to": ["request", "response"], "rules": [{"headers": ["X-Customer"], "keep_last": 2}]});
    let trial = masking(config).answering(200, &[("x-customer", "jo-42"), ("x-other", "jo-42")], "");
    let answer = trial.run(call().header("x-customer", "al-17"));
    assert_eq!((answer.header("x-customer"), answer.header("x-other")), (Some("**-42"), Some("jo-42")));
    assert_eq!(answer.sent_upstream().and_then(|sent| sent["x-customer"].to_str().ok()), Some("**-17"));
}

#[test]
fn a_request_is_masked_before_the_upstream_gets_it() {
    let config = json!({"apply_to": ["request"], "rules": [{"kinds": ["email"], "method": "fixed"}]});
    let answer = masking(config).run(call().gzipped_body("application/json", br#"{"e":"jo@x.example"}"#));
    assert_eq!(answer.body_sent_upstream().map(|body| &body[..]), Some(&br#"{"e":"***"}"#[..]));
}

#[test]
fn a_request_that_is_not_what_its_type_says_is_400() {
    let config = json!({"apply_to": ["request"], "rules": [{"kinds": ["email"]}]});
    for (kind, body) in [("application/json", "{"), ("application/xml", "<a>"), ("text/plain", "\u{fffd}")] {
        let body = if kind == "text/plain" { vec![0xff] } else { body.as_bytes().to_vec() };
        let answer = masking(config.clone()).run(call().body(kind, body));
        assert_eq!((answer.status(), answer.refused_by()), (400, Some("data-masking")), "{kind}");
    }
}

#[test]
fn a_request_longer_than_the_limit_is_413() {
    let config = json!({"apply_to": ["request"], "rules": [{"kinds": ["email"]}], "max_body_bytes": 1024});
    let answer = masking(config).run(call().body("text/plain", vec![b'a'; 1025]));
    assert_eq!(answer.status(), 413);
}

#[test]
fn a_response_that_cannot_be_masked_is_502() {
    let answer = answered(&json!({"kinds": ["email"]}), "application/json", r#"{"e":"jo@x.example""#);
    assert_eq!(answer.status(), 502);
    assert!(!answer.body().unwrap_or_default().contains("jo@"));
}

#[test]
fn other_types_pass_as_they_are() {
    assert_eq!(masked(&json!({"kinds": ["email"]}), "image/png", "jo@x.example"), "jo@x.example");
}

fn record(rules: Value) -> Record {
    let rules: Vec<MaskRule> = serde_json::from_value(rules).expect("rules");
    let mut faults = Faults::new();
    let rules = rules.into_iter().map(|rule| rule.compile("rules[0]", KEY, &mut faults).into()).collect();
    assert!(faults.is_empty());
    Record::new(rules)
}

#[test]
fn what_is_recorded_is_masked_by_name_and_by_kind() {
    let named = record(json!([{"headers": ["x-customer"], "query_parameters": ["who"], "method": "fixed"}]));
    assert_eq!(named.header("x-customer", "jo").as_deref(), Some("***"));
    assert_eq!(named.header("x-other", "jo@x.example"), None);
    assert_eq!(named.parameter("who", "jo").as_deref(), Some("***"));
    assert_eq!(named.segment("jo@x.example"), None);
    let kinds = record(json!([{"kinds": ["email"], "method": "fixed", "replacement": "?"}]));
    assert_eq!(kinds.header("x-any", "by jo@x.example").as_deref(), Some("by ?"));
    assert_eq!(kinds.parameter("q", "jo%40x.example+now").as_deref(), Some("%3F+now"));
    assert_eq!(kinds.segment("jo@x.example").as_deref(), Some("%3F"));
}

#[test]
fn every_fault_is_named_at_once() {
    let config = json!({"rules": [
        {},
        {"fields": ["$[", "email"], "headers": ["a b"], "patterns": ["(", "a*"]},
        {"kinds": ["email"], "method": "hashed"},
    ]});
    let faults = Trial::faults("data-masking", &config);
    for field in [
        "rules[0]",
        "rules[1].fields[0]",
        "rules[1].fields[1]",
        "rules[1].headers[0]",
        "rules[1].patterns[0]",
        "rules[1].patterns[1]",
        "key",
    ] {
        assert!(faults.iter().any(|fault| fault.starts_with(field)), "{field} is not among {faults:?}");
    }
}

#[test]
fn the_summary_reads_as_a_sentence() {
    let kind = crate::kind("data-masking").expect("listed");
    let summary = kind.summary(&serde_json::from_str(kind.example).expect("JSON"));
    assert_eq!(summary.as_deref(), Some("masks email, card, iban; $..password, x-customer"));
}
