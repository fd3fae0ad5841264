//! The policy on calls.

use gatepost_model::Outcome;
use serde_json::{Value, json};

use crate::tests::{Trial, call, gzip};

fn trial(config: Value) -> Trial {
    Trial::of("xml-threat-protection", config)
}

fn with(name: &str, value: impl Into<Value>) -> Trial {
    trial(json!({name: value.into()}))
}

#[test]
fn each_of_the_vendors_limits_for_xml_is_answered_with_400_and_the_path() {
    for (limit, most, body, path, words) in [
        ("max_node_depth", 2, "<a><b><c/></b></a>", "/a/b", "has elements nested deeper than 2 levels"),
        (
            "max_attribute_count_per_element",
            1,
            "<a b='1' c='2'/>",
            "/a",
            "has an element with more than 1 attributes",
        ),
        ("max_child_count", 1, "<a><b/><c/></a>", "/a", "has an element with more than 1 children"),
        ("max_text_length", 2, "<a>abc</a>", "/a", "has a text longer than 2 characters"),
        ("max_attribute_length", 2, "<a b='abc'/>", "/a", "has an attribute longer than 2 characters"),
        (
            "max_comment_length",
            2,
            "<a><!--abc--></a>",
            "/a",
            "has a comment or processing instruction longer than 2 characters",
        ),
        (
            "max_namespace_count_per_element",
            0,
            "<a xmlns='urn:a'/>",
            "/a",
            "has an element that declares more than 0 namespaces",
        ),
    ] {
        let answer = with(limit, most).run(call().body("application/xml", body));
        assert_eq!((answer.status(), answer.error()), (400, &*format!("The XML body {words}")), "{limit}");
        assert_eq!((&answer.json()["path"], &answer.json()["line"]), (&json!(path), &json!(1)), "{limit}");
        assert_eq!(answer.notes()[0], format!("the body {words} at {path}, line 1"));
        assert_eq!((answer.refused_by(), answer.sent_upstream()), (Some("xml-threat-protection"), None));
        assert_eq!(with(limit, -1).run(call().body("application/xml", body)).status(), 200, "{limit}");
    }
}

#[test]
fn a_good_document_goes_on_as_it_was_sent() {
    let document = b"<?xml version='1.0'?><a><b/></a>";
    for media_type in ["text/xml", "application/soap+xml; charset=utf-8", "application/xml"] {
        let answer = trial(json!({})).run(call().gzipped_body(media_type, document));
        assert_eq!((answer.status(), answer.notes()[0].as_str()), (200, "32 bytes of XML, 2 deep"));
        assert_eq!(answer.body_sent_upstream().map(|body| body.to_vec()), Some(gzip(document)));
    }
}

#[test]
fn entities_are_refused_before_the_upstream_sees_them() {
    let attack = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>";
    for call in [
        call().body("text/xml", attack),
        call().gzipped_body("text/xml", attack.as_bytes()),
        call().body("text/xml; charset=utf-16", [b"\xfe\xff", &*utf16(attack)].concat()),
    ] {
        let answer = trial(json!({"allow_bare_doctype": false})).run(call);
        assert_eq!((answer.status(), answer.error()), (400, "The XML body has a document type declaration"));
        assert!(answer.sent_upstream().is_none());
    }
    let bare = || call().body("text/xml", "<!DOCTYPE a><a/>");
    assert_eq!(with("allow_bare_doctype", true).run(bare()).status(), 200);
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[test]
fn two_charsets_are_refused() {
    let answer = trial(json!({})).run(call().body("text/xml; charset=utf-8; charset=utf-7", "<a/>"));
    assert_eq!((answer.status(), answer.sent_upstream().is_none()), (400, true));
}

#[test]
fn an_xml_body_over_the_limit_is_answered_with_413_sent_or_inflated() {
    let trial = with("max_body_bytes", 1_000);
    for call in [
        call().body("text/xml", format!("<a>{}</a>", "a".repeat(1_000))),
        call().gzipped_body("text/xml", &vec![b'<'; 10_000_000]),
    ] {
        let answer = trial.run(call);
        assert_eq!((answer.status(), answer.sent_upstream().is_none()), (413, true));
    }
}

#[test]
fn xml_of_an_unknown_content_encoding_is_answered_with_415() {
    let answer = trial(json!({})).run(call().body("text/xml", "<a/>").header("content-encoding", "zip"));
    assert_eq!((answer.status(), answer.sent_upstream().is_none()), (415, true));
    assert!(answer.header("accept-encoding").is_some());
}

#[test]
fn defaults_stop_what_breaks_parsers() {
    let trial = trial(json!({}));
    let attributes: String = (0..65).map(|n| format!(" a{n}=''")).collect();
    for body in [
        "<a>".repeat(65) + &"</a>".repeat(65),
        format!("<a{attributes}/>"),
        format!("<a>{}</a>", "<b/>".repeat(10_001)),
        "<a>&nbsp;</a>".into(),
        "<a xmlns:xi='http://www.w3.org/2001/XInclude'/>".into(),
        "hello".into(),
    ] {
        assert_eq!(trial.run(call().body("text/xml", body.clone())).status(), 400, "{body:.40}");
    }
    for body in ["<a>".repeat(64) + &"</a>".repeat(64), String::new()] {
        assert_eq!(trial.run(call().body("text/xml", body)).status(), 200);
    }
    assert_eq!(trial.run(call().body("text/plain", "<a>")).status(), 200);
}

#[test]
fn in_shadow_it_says_so_and_lets_pass() {
    let answer = trial(json!({})).in_shadow().run(call().body("text/xml", "<a>"));
    assert_eq!((answer.status(), answer.outcomes()[0]), (200, Outcome::WouldRefuse));
    assert_eq!(answer.body_sent_upstream().map(|body| &body[..]), Some(&b"<a>"[..]));
}
