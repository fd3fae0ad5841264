//! The scanner alone: what it takes, what it refuses and where, and that nothing breaks it.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn fault(text: impl AsRef<[u8]>, limits: &Limits) -> (What, usize, String) {
    let fault = scan(text.as_ref(), limits).expect_err("is at fault");
    (fault.what, fault.offset, fault.pointer)
}

fn free() -> Limits {
    Limits::default()
}

fn unique() -> Limits {
    Limits { unique_names: true, ..free() }
}

#[test]
fn takes_every_form_of_value_and_says_how_deep() {
    for (text, depth) in [
        ("null", 0),
        (" true ", 0),
        ("\"\\u00e9\\\\\\/\\b\\f\\n\\r\\t \u{10ffff}\\ud83d\\ude00\"", 0),
        ("-0.5e+10", 0),
        ("[]", 1),
        ("{}", 1),
        ("\r\n\t[1, {\"a\": [false, {}]}, \"\"]\n", 4),
    ] {
        assert_eq!(scan(text.as_bytes(), &unique()), Ok(depth), "{text}");
    }
}

#[test]
fn refuses_what_rfc_8259_does_not_know() {
    for (text, what, offset) in [
        ("", What::Ended, 0),
        ("  ", What::Ended, 2),
        ("[1,", What::Ended, 3),
        ("{\"a\":tru", What::Ended, 8),
        ("\"a", What::Ended, 2),
        ("\"\\u00", What::Ended, 1),
        ("1 2", What::Trailing, 2),
        ("{}{}", What::Trailing, 2),
        ("[]]", What::Trailing, 2),
        ("\u{feff}{}", What::ByteOrderMark, 0),
        ("NaN", What::NoValue, 0),
        ("[Infinity]", What::NoValue, 1),
        ("-Infinity", What::BadNumber, 1),
        ("[1,]", What::NoValue, 3),
        ("[,1]", What::NoValue, 1),
        ("'a'", What::NoValue, 0),
        ("// no\n1", What::NoValue, 0),
        ("nil", What::NoValue, 0),
        ("truely", What::Trailing, 4),
        ("\u{a0}1", What::NoValue, 0),
        ("[1 2]", What::NoEndOfArray, 3),
        ("[1}", What::NoEndOfArray, 2),
        ("{\"a\":1]", What::NoEndOfObject, 6),
        ("{a:1}", What::NoName, 1),
        ("{\"a\":1,}", What::NoName, 7),
        ("{\"a\" 1}", What::NoColon, 5),
        ("{\"a\":}", What::NoValue, 5),
        ("01", What::BadNumber, 1),
        ("1.", What::BadNumber, 2),
        (".5", What::NoValue, 0),
        ("+1", What::NoValue, 0),
        ("1e", What::BadNumber, 2),
        ("0x10", What::BadNumber, 1),
        ("1.2.3", What::BadNumber, 3),
        ("\"\t\"", What::ControlCharacter, 1),
        ("\"\0\"", What::ControlCharacter, 1),
        ("\"\\x41\"", What::BadEscape, 1),
        ("\"\\u00g0\"", What::BadEscape, 1),
        ("\"\\ud800\"", What::HalfSurrogate, 1),
        ("\"\\udc00\"", What::HalfSurrogate, 1),
        ("\"\\ud800\\ud800\"", What::HalfSurrogate, 1),
        ("\"\\ud800\\n\"", What::HalfSurrogate, 1),
    ] {
        let (found, at, _) = fault(text, &free());
        assert_eq!((found, at), (what, offset), "{text}");
    }
}

#[test]
fn broken_utf8_is_told_where_it_stands() {
    let broken: [&[u8]; 5] = [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"];
    for bytes in broken {
        let text = [b"{\"a\":[1,\"", bytes, b"\"]}"].concat();
        assert_eq!(fault(&text, &free()), (What::NotUtf8, 9, "/a/1".into()), "{bytes:x?}");
    }
    assert_eq!(fault(b"{} \xff", &free()), (What::NotUtf8, 3, String::new()));
    // UTF-16 of either order.
    assert_eq!(fault(b"\xff\xfe{\0}\0", &free()).0, What::NotUtf8);
    assert_eq!(fault(b"{\0}\0", &free()).0, What::NoName);
    // What stands before the broken bytes is a fault first.
    assert_eq!(fault(b"[1 2, \"\xff\"]", &free()).0, What::NoEndOfArray);
}

#[test]
fn each_limit_lets_pass_what_is_at_it_and_names_what_is_over() {
    let limits = Limits {
        container_depth: Some(3),
        object_entries: Some(2),
        name_length: Some(4),
        array_elements: Some(3),
        string_length: Some(5),
        number_length: Some(6),
        exponent: Some(20),
        unique_names: true,
    };
    for text in [
        "[[[]]]",
        "{\"a\":{\"b\":{\"c\":1}}}",
        "{\"a\":1,\"b\":2}",
        "{\"\u{1f600}bcd\":1}",
        "{\"\\ud83d\\ude00\\u00e9\\nd\":1}",
        "[1,2,3]",
        "[\"\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\", \"\\u20ac\\\"345\"]",
        "[-12345, 1e-20, 1E+20]",
    ] {
        assert!(scan(text.as_bytes(), &limits).is_ok(), "{text}");
    }
    for (text, what, pointer) in [
        ("[[[[]]]]", What::TooDeep(3), "/0/0/0"),
        ("{\"a\":[0,{\"b\":{}}]}", What::TooDeep(3), "/a/1/b"),
        ("{\"o\":{\"a\":1,\"b\":2,\"c\":3}}", What::TooManyEntries(2), "/o"),
        ("{\"o\":{\"abcde\":1}}", What::NameTooLong(4), "/o"),
        ("{\"\\u0061bcde\":1}", What::NameTooLong(4), ""),
        ("{\"o\":[1,2,3,4]}", What::TooManyElements(3), "/o"),
        ("{\"o\":[1,\"123456\"]}", What::StringTooLong(5), "/o/1"),
        ("[\"\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}x\"]", What::StringTooLong(5), "/0"),
        ("[\"\\n\\n\\n\\n\\n\\n\"]", What::StringTooLong(5), "/0"),
        ("[0, 1234567]", What::NumberTooLong(6), "/1"),
        ("[1e21]", What::ExponentTooLarge(20), "/0"),
        ("[1e-999]", What::ExponentTooLarge(20), "/0"),
    ] {
        let (found, _, at) = fault(text, &limits);
        assert_eq!((found, &*at), (what, pointer), "{text}");
    }
    let endless = format!("1e{}", "9".repeat(1_000));
    assert_eq!(
        fault(endless, &Limits { exponent: Some(u32::MAX - 1), ..free() }).0,
        What::ExponentTooLarge(u32::MAX - 1)
    );
}

#[test]
fn a_name_that_stands_twice_is_found_however_it_is_written() {
    for (text, pointer) in [
        ("{\"a\":1,\"b\":2,\"a\":3}", "/a"),
        ("{\"a\":1,\"\\u0061\":3}", "/a"),
        ("{\"o\":[{\"x/~y\":1,\"x\\/~y\":2}]}", "/o/0/x~1~0y"),
        ("{\"\u{1f600}\":1,\"\\ud83d\\ude00\":3}", "/\u{1f600}"),
        ("{\"\":1,\"\":3}", "/"),
    ] {
        let (what, _, at) = fault(text, &unique());
        assert_eq!((what, &*at), (What::NameTwice, pointer), "{text}");
        assert!(scan(text.as_bytes(), &free()).is_ok());
    }
    let apart = "{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}],\"A\":1,\"\\\\u0061\":1}";
    assert!(scan(apart.as_bytes(), &unique()).is_ok());
}

#[test]
fn a_pointer_is_escaped_and_cut() {
    let text = format!("{{\"a/b\":{{\"~\":[{{\"{}\":x}}]}}}}", "n".repeat(500));
    let (_, _, pointer) = fault(text, &free());
    assert!(pointer.starts_with("/a~1b/~0/0/nnn") && pointer.ends_with("n…"), "{pointer}");
    assert!(pointer.chars().count() < 210);
}

#[test]
fn a_million_levels_and_a_million_names_take_no_stack() {
    let deep = "[".repeat(1_000_000);
    assert_eq!(fault(&deep, &unique()).0, What::Ended);
    let closed = deep + &"]".repeat(1_000_000);
    assert_eq!(scan(closed.as_bytes(), &unique()), Ok(1_000_000));
    let wide: String = (0..1_000_000).map(|n| format!("\"{n}\":0,")).collect();
    assert_eq!(scan(format!("{{{wide}\"a\":0}}").as_bytes(), &unique()), Ok(1));
    let objects = "{\"\":".repeat(100_000);
    assert_eq!(fault(&objects, &unique()).0, What::Ended);
}

/// Any JSON that serde_json can write.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 50, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn depth(value: &Value) -> u32 {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Value::Object(entries) => 1 + entries.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn takes_all_json_that_another_library_writes(value in any_json()) {
        prop_assert_eq!(scan(value.to_string().as_bytes(), &unique()), Ok(depth(&value)));
        let pretty = serde_json::to_string_pretty(&value).expect("JSON");
        prop_assert_eq!(scan(pretty.as_bytes(), &unique()), Ok(depth(&value)));
    }

    #[test]
    fn agrees_with_another_library_on_what_is_json(text in "[\\[\\]{}\",:0-2eE.+\\-truefalsn \\\\ud8c\u{e9}]{0,12}") {
        let theirs = serde_json::from_str::<Value>(&text);
        let ours = scan(text.as_bytes(), &Limits { exponent: Some(20), ..free() });
        // The other library refuses numbers that no double holds; here that is a limit of its own.
        if !matches!(&ours, Err(fault) if matches!(fault.what, What::ExponentTooLarge(_))) {
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}: {:?} {:?}", text, ours, theirs);
        }
    }

    #[test]
    fn any_bytes_end_in_a_verdict(bytes: Vec<u8>) {
        let ours = scan(&bytes, &unique());
        prop_assert!(ours.is_err() || serde_json::from_slice::<Value>(&bytes).is_ok());
    }
}
