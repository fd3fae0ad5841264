//! The whole policy: where it looks, what it answers, and what it leaves alone.

use gatepost_model::Outcome;
use serde_json::{Value, json};

use crate::tests::{Answer, Call, Trial, call};

fn trial(config: Value) -> Trial {
    Trial::of("injection-protection", config)
}

fn plain() -> Trial {
    trial(json!({}))
}

/// `rule` and `location` of the answer.
fn blocked(answer: &Answer) -> (&str, &str) {
    assert_eq!((answer.status(), answer.header("x-injection-protection")), (400, Some("blocked")));
    assert!(answer.sent_upstream().is_none());
    let member = |name: &str| answer.json()[name].as_str().unwrap_or_default();
    (member("rule"), member("location"))
}

fn json_body(value: &Value) -> Call {
    call().body("application/json", value.to_string())
}

#[test]
fn an_attack_is_refused_and_the_answer_says_which_and_where() {
    let answer = plain().run(json_body(&json!({"user": {"tags": ["a", "x' or 1=1--"]}})));
    assert_eq!(blocked(&answer), ("sql", "body /user/tags/1"));
    assert_eq!(answer.error(), "Injection attack detected - Rule: 'SQL Injection', Location: Body");
    assert_eq!(answer.refused_by(), Some("injection-protection"));
    assert_eq!(answer.notes()[0], "sql in the body /user/tags/1");
}

#[test]
fn neither_answer_nor_trail_repeats_the_attack() {
    let answer = plain().run(call().target("/posts?q=%3Cscript%3Esecret%3C/script%3E"));
    assert_eq!(blocked(&answer), ("xss", "query q"));
    let answer_and_trail = format!("{:?} {:?}", answer.body(), answer.notes());
    assert!(!answer_and_trail.contains("secret"), "{answer_and_trail}");
}

#[test]
fn looks_at_path_query_headers_cookies_and_names() {
    let cases = [
        (call().target("/posts/1%27%20or%201=1--"), "path"),
        (call().target("/posts?id=1+or+1%3D1"), "query id"),
        (call().target("/posts?%27%20or%201=1--=x"), "query name 1"),
        (call().target("/posts?a=1&b=%252527%20or%201=1--"), "query b"),
        (call().header("referer", "https://example.com/?q=%27 or 1=1--"), "header referer"),
        (call().header("x-search", "' or 1=1--"), "header x-search"),
        (call().header("cookie", "theme=dark; id=' or 1=1--; a=b"), "header cookie"),
        (json_body(&json!({"a": {"' or 1=1--": 1}})), "body /a"),
    ];
    for (call, location) in cases {
        assert_eq!(blocked(&plain().run(call)), ("sql", location));
    }
}

#[test]
fn looks_into_every_kind_of_body_by_its_values() {
    let attack = "x' or 1=1--";
    let multipart = |head: &str, content: &str| {
        format!("--b\r\ncontent-disposition: form-data; {head}\r\n\r\n{content}\r\n--b--\r\n")
    };
    let cases = [
        ("application/x-www-form-urlencoded", "a=1&b=x%27+or+1%3D1--".to_owned(), "body b"),
        ("application/json", format!("{{\"a\":\"{attack}\"}}"), "body /a"),
        ("application/vnd.api+json", r#"["x\u0027 or 1=1--"]"#.to_owned(), "body /0"),
        ("application/x-ndjson", format!("{{\"a\":1}}\n{{\"b\":\"{attack}\"}}\n"), "body /b"),
        ("application/xml", format!("<a><b>{attack}</b></a>"), "body a text"),
        ("text/xml", format!("<a b=\"1\" c=\"{attack}\"/>"), "body an attribute"),
        ("application/soap+xml", "<a>x&#39; or 1=1--</a>".to_owned(), "body a text"),
        ("application/xml", format!("<a><![CDATA[{attack}]]></a>"), "body character data"),
        ("application/xml", format!("<a><!-- {attack}"), "body a comment"),
        (
            "application/xml",
            format!("<!DOCTYPE a [<!ENTITY x \"{attack}\">]><a>&x;</a>"),
            "body a declaration",
        ),
        ("multipart/form-data; boundary=b", multipart("name=\"note\"", attack), "body note"),
        (
            "multipart/form-data; boundary=\"b\"",
            multipart(&format!("name=\"{attack}\""), "1"),
            "body a part's name",
        ),
        (
            "multipart/form-data; boundary=b",
            multipart(&format!("name=f; filename=\"{attack}.txt\""), "1"),
            "body a file name",
        ),
        ("text/plain", attack.to_owned(), "body"),
        ("", attack.to_owned(), "body"),
        // Not what it is said to be, and read all the same.
        ("image/png", format!("{{\"a\":\"{attack}\"}}"), "body /a"),
        ("application/json", format!("{{a:\"\", b: {attack}"), "body"),
    ];
    for (content_type, body, location) in cases {
        let answer = plain().run(call().body(content_type, body.clone()));
        assert_eq!(blocked(&answer), ("sql", location), "{content_type}: {body}");
    }
}

#[test]
fn reads_wide_characters() {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let json = wide(r#"{"a":"x' or 1=1--"}"#);
    assert_eq!(blocked(&plain().run(call().body("application/json", json))).0, "sql");
    let xml = [vec![0xff, 0xfe], wide("<a>x' or 1=1--</a>")].concat();
    assert_eq!(blocked(&plain().run(call().body("application/xml", xml))).0, "sql");
}

#[test]
fn files_are_looked_into_where_the_configuration_says_so() {
    let body =
        "--b\r\ncontent-disposition: form-data; name=f; filename=a.txt\r\n\r\nx' or 1=1--\r\n--b--\r\n";
    let send = |config| trial(config).run(call().body("multipart/form-data; boundary=b", body));
    assert_eq!(send(json!({})).status(), 200);
    assert_eq!(blocked(&send(json!({"protect_files": true}))), ("sql", "body f"));
}

#[test]
fn looks_only_where_it_is_told_to() {
    let attack = "x' or 1=1--";
    let everywhere = || {
        let call = call().target("/posts?q=1+or+1=1").header("x-a", attack).header("x-b", attack);
        call.body("text/plain", attack)
    };
    let only = |part: &str, more: Value| {
        let mut config =
            json!({"protect_path_and_query": false, "protect_headers": false, "protect_body": false});
        config[part] = json!(true);
        config.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        trial(config).run(everywhere())
    };
    assert_eq!(blocked(&only("protect_path_and_query", json!({}))).1, "query q");
    assert_eq!(blocked(&only("protect_headers", json!({}))).1, "header x-a");
    assert_eq!(blocked(&only("protect_headers", json!({"headers_to_protect": "x-c, X-B"}))).1, "header x-b");
    assert_eq!(blocked(&only("protect_body", json!({}))).1, "body");
    let others = only("protect_headers", json!({"headers_to_protect": "x-c"}));
    assert_eq!((others.status(), others.notes()[0].as_str()), (200, "no attack found"));
}

#[test]
fn families_are_switched_one_by_one() {
    let cases = [
        ("sql", "x' or 1=1--"),
        ("xss", "<script>alert(1)</script>"),
        ("shell", "; cat /etc/passwd"),
        ("path_traversal", "../../../etc/group"),
        ("ldap", "*)(uid=*))(|(uid=*"),
        ("xpath", "x'] | //user/*['"),
        ("template", "{{7*7}}"),
    ];
    for (family, attack) in cases {
        let alone = trial(json!({"built_in_protections": [family]}));
        assert_eq!(blocked(&alone.run(json_body(&json!({"a": attack})))), (family, "body /a"));
        let others: Vec<_> = cases.iter().map(|(name, _)| *name).filter(|name| *name != family).collect();
        let others = trial(json!({"built_in_protections": others})).run(json_body(&json!({"a": attack})));
        let also = if others.status() == 400 { blocked(&others).0 } else { "" };
        assert_ne!(also, family);
    }
    assert_eq!(plain().run(json_body(&json!({"a": "{{7*7}}"}))).status(), 200);
}

#[test]
fn patterns_of_ones_own_are_looked_for_in_the_same_values() {
    let custom = json!([{"name": "No wildcards", "regex": "^[*%]+$"}]);
    let own = trial(json!({"built_in_protections": [], "custom_protections": custom}));
    assert_eq!(blocked(&own.run(json_body(&json!({"q": "%25"})))), ("No wildcards", "body /q"));
    let answer = own.run(call().target("/posts?q=**"));
    assert_eq!(answer.error(), "Injection attack detected - Rule: 'No wildcards', Location: Query");
    assert_eq!(own.run(json_body(&json!({"q": "a*"}))).status(), 200);
}

#[test]
fn reports_and_lets_pass_where_it_is_not_to_reject() {
    let answer = trial(json!({"reject_requests": false})).run(json_body(&json!({"a": "x' or 1=1--"})));
    assert_eq!((answer.status(), answer.outcomes()[0]), (200, Outcome::WouldRefuse));
    assert_eq!(answer.notes()[0], "sql in the body /a");
    assert!(answer.body_sent_upstream().is_some_and(|body| body.starts_with(b"{")));
    let long = trial(json!({"reject_requests": false, "max_body_bytes": 1024}))
        .run(json_body(&json!("a".repeat(2_000))));
    assert_eq!((long.status(), long.body_sent_upstream().map(bytes::Bytes::len)), (200, Some(2_002)));
}

#[test]
fn a_body_over_the_limit_is_refused_and_not_passed_unseen() {
    let answer = trial(json!({"max_body_bytes": 1024})).run(json_body(&json!("a".repeat(1_024))));
    assert_eq!((answer.status(), answer.refused_by()), (413, Some("injection-protection")));
    let inflated = trial(json!({"max_body_bytes": 1024}))
        .run(call().gzipped_body("application/json", json!("a".repeat(100_000)).to_string().as_bytes()));
    assert_eq!(inflated.status(), 413);
}

#[test]
fn sees_compressed_bodies_inflated() {
    let answer = plain().run(call().gzipped_body("application/json", br#"{"a":"x' or 1=1--"}"#));
    assert_eq!(blocked(&answer), ("sql", "body /a"));
}

#[test]
fn ordinary_requests_pass_as_they_came() {
    let body = json!({
        "name": "Miles O'Brien", "note": "select one from the menu or drop off -- thanks; it's = fine",
        "html": "<p>Hello <a href=\"https://example.com/?a=1&b=2\">you</a></p>", "n": 1, "ok": true, "none": null,
    });
    let call = json_body(&body)
        .target("/posts/42?sort=-created,name&q=rock+%27n%27+roll")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0")
        .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
        .header("cookie", "theme=dark; lang=en-GB")
        .header("if-none-match", "W/\"33a64df551425fcc\"");
    let answer = plain().run(call);
    assert_eq!((answer.status(), answer.notes()[0].as_str()), (200, "no attack found"));
    assert_eq!(answer.body_sent_upstream().map(|sent| &sent[..]), Some(body.to_string().as_bytes()));
}

#[test]
fn names_in_the_place_are_cut_where_they_are_long() {
    let mut body = json!("x' or 1=1--");
    for _ in 0..100 {
        body = json!({ "längster": body });
    }
    let answer = plain().run(json_body(&body));
    assert!(blocked(&answer).1.len() < 150);
}

#[test]
fn deep_and_broken_bodies_are_looked_at_as_one_text() {
    let deep = format!("{}\"x' or 1=1--\"{}", "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(plain().run(call().body("application/json", deep)).status(), 400);
    for broken in ["{\"a\":", "[1,", "\"", "<a", "<a b='", "<!", "<![CDATA[", "<?", "--b", "--b\r\n\r\n"] {
        for kind in ["application/json", "application/xml", "multipart/form-data; boundary=b"] {
            assert_eq!(plain().run(call().body(kind, broken)).status(), 200, "{kind}: {broken}");
        }
    }
}

#[test]
fn faults_are_told_all_at_once() {
    let config = json!({
        "built_in_protections": [],
        "custom_protections": [
            {"name": "a", "regex": "("}, {"name": "a", "regex": "x*"}, {"name": "b", "regex": "(\\w{500}){500}"}
        ],
        "protect_path_and_query": false, "protect_headers": false, "protect_body": false,
    });
    let expected = [
        "",
        "custom_protections[0].regex",
        "custom_protections[1].name",
        "custom_protections[1].regex",
        "custom_protections[2].regex",
    ];
    assert_eq!(Trial::faults("injection-protection", &config), expected);
    assert_eq!(
        Trial::faults("injection-protection", &json!({"built_in_protections": []})),
        ["built_in_protections"]
    );
    let headers = json!({"headers_to_protect": "x-a, b c"});
    assert_eq!(Trial::faults("injection-protection", &headers), ["headers_to_protect"]);
}
