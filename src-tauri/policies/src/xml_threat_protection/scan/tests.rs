//! The scanner alone: what it takes, what it refuses and where, and that nothing breaks it.

use proptest::prelude::*;

use super::*;

fn free() -> Limits {
    Limits::default()
}

fn what(text: impl AsRef<[u8]>) -> Result<u32, What> {
    scan(text.as_ref(), None, &free()).map_err(|fault| fault.what)
}

fn utf16(text: &str, is_big: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() })
        .collect()
}

#[test]
fn takes_ordinary_documents_and_says_how_deep() {
    for (text, depth) in [
        ("<a/>", 1),
        ("\u{feff}<a/>", 1),
        (
            "<?xml version=\"1.0\" encoding='utf-8' standalone=\"yes\"?>\n<!-- c --><?pi x?><a b='1' c=\"&lt;'&#x41;\">t&amp;&#65;</a> \n",
            1,
        ),
        (
            "<s:Envelope xmlns:s='urn:s' xmlns='urn:d'><s:Body><m a:b='1' xmlns:a='urn:a'><![CDATA[<x>&y;]]></m></s:Body></s:Envelope >",
            3,
        ),
        ("<\u{e9}l\u{e9}ment \u{e0}='\u{1f600}'>\u{4e2d}</\u{e9}l\u{e9}ment>", 1),
        ("<a><b/><b></b >]] ></a>", 2),
        ("<a b = '1'\n\tc='>'/>", 1),
    ] {
        assert_eq!(what(text), Ok(depth), "{text}");
    }
}

#[test]
fn refuses_what_xml_does_not_know() {
    for (text, expected) in [
        ("", What::NoRoot),
        (" <!-- --> ", What::NoRoot),
        ("hello", What::Outside),
        ("<a/><b/>", What::Outside),
        ("<a/>x", What::Outside),
        ("<a/><![CDATA[x]]>", What::Outside),
        ("&amp;<a/>", What::Outside),
        ("<a>", What::Ended),
        ("<a><b></a>", What::WrongEndTag),
        ("</a>", What::WrongEndTag),
        ("<a", What::Ended),
        ("<a b='>", What::Ended),
        ("<a><!-- </a>", What::Ended),
        ("<a><![CDATA[</a>", What::Ended),
        ("< a/>", What::BadName),
        ("<1/>", What::BadName),
        ("<a<b/>", What::BadName),
        ("<a b<c='1'/>", What::BadName),
        ("<a b/>", What::BadAttribute),
        ("<a b=1/>", What::BadAttribute),
        ("<a b='<'/>", What::BadAttribute),
        ("<a b='1' c='2' b='3'/>", What::AttributeTwice),
        ("<a xmlns='1' xmlns='2'/>", What::AttributeTwice),
        ("<a>&</a>", What::BadReference),
        ("<a b='&'/>", What::BadReference),
        ("<a b='&amp'/>", What::BadReference),
        ("<a>&#x;</a>", What::BadReference),
        ("<a>&#+65;</a>", What::BadReference),
        ("<a>&#0;</a>", What::BadCharacter),
        ("<a b='&#xD800;'/>", What::BadCharacter),
        ("<a>&#x110000;</a>", What::BadCharacter),
        ("<a>\u{1}</a>", What::BadCharacter),
        ("<a>\u{ffff}</a>", What::BadCharacter),
        ("\u{feff}\u{feff}<a/>", What::BadCharacter),
        ("<a>]]></a>", What::BadText),
        ("<a><!-- -- --></a>", What::BadComment),
        ("<a><!-----></a>", What::BadComment),
        (" <?xml version='1.0'?><a/>", What::BadDeclaration),
        ("<a><?xml version='1.0'?></a>", What::BadDeclaration),
        ("<?xml version='1.1'?><a/>", What::BadDeclaration),
        ("<?xml encoding='utf-8'?><a/>", What::BadDeclaration),
        ("<a><?XML x?></a>", What::BadDeclaration),
        ("<a><!ENTITY x 'y'></a>", What::Malformed),
    ] {
        assert_eq!(what(text), Err(expected), "{text}");
    }
}

/// Each as it is published, or nearly.
const ATTACKS: [&str; 8] = [
    // Billion laughs.
    "<!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY lol2 '&lol;&lol;'>]><lolz>&lol2;</lolz>",
    // Files and servers.
    "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
    "<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://127.0.0.1:1/x.dtd'> %x;]><a/>",
    "<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a/>",
    "<!DOCTYPE a PUBLIC '-//A//B' \"http://127.0.0.1:1/a.dtd\"><a/>",
    "<!doctype a><a/>",
    "<!DOCTYPE a><a/>",
    "<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>",
];

#[test]
fn document_types_are_refused_in_every_encoding() {
    for attack in ATTACKS {
        assert_eq!(what(attack), Err(What::Doctype), "{attack}");
        assert_eq!(what(format!("\u{feff}{attack}")), Err(What::Doctype), "{attack}");
        for is_big in [true, false] {
            assert_eq!(what(utf16(attack, is_big)), Err(What::Doctype), "{attack}");
            assert_eq!(what(utf16(&format!("\u{feff}{attack}"), is_big)), Err(What::Doctype), "{attack}");
            let declared = format!("<?xml version='1.0' encoding='UTF-16'?>{attack}");
            assert_eq!(what(utf16(&declared, is_big)), Err(What::Doctype), "{attack}");
        }
        for name in ["ISO-8859-1", "iso-8859-15", "windows-1252", "US-ASCII"] {
            let declared = format!("<?xml version='1.0' encoding='{name}'?>{attack}");
            assert_eq!(what(declared), Err(What::Doctype), "{attack}");
            let said = scan(attack.as_bytes(), Some(name), &free()).map_err(|fault| fault.what);
            assert_eq!(said, Err(What::Doctype), "{attack}");
        }
    }
}

#[test]
fn a_bare_document_type_may_pass_and_no_other() {
    let bare = Limits { bare_doctype: true, ..free() };
    let scanned = |text: &str| scan(text.as_bytes(), None, &bare).map_err(|fault| fault.what);
    assert_eq!(scanned("<!DOCTYPE a><a/>"), Ok(1));
    for attack in ATTACKS.iter().filter(|attack| !attack.to_lowercase().contains("doctype a>")) {
        assert_eq!(scanned(attack), Err(What::DoctypeWithMore), "{attack}");
    }
    assert_eq!(scanned("<a/><!DOCTYPE a>"), Err(What::Outside));
    assert_eq!(scanned("<!DOCTYPE a><a>&x;</a>"), Err(What::Entity));
}

#[test]
fn a_hundred_megabytes_of_quadratic_blow_up_never_come_to_be() {
    // The entity would be a megabyte, and stand there a hundred times: without its definition there is nothing to expand.
    let blow_up = format!("<!DOCTYPE a [<!ENTITY x '{}'>]><a>{}</a>", "x".repeat(1 << 20), "&x;".repeat(100));
    assert_eq!(what(blow_up), Err(What::Doctype));
    for undefined in ["<a>&x;</a>", "<a b='&x;'/>", "<a>&nbsp;</a>"] {
        assert_eq!(what(undefined), Err(What::Entity), "{undefined}");
    }
}

#[test]
fn inclusions_are_refused_however_they_are_written() {
    for text in [
        "<a xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='file:///etc/passwd' parse='text'/></a>",
        "<include xmlns='http://www.w3.org/2001/XIncl&#117;de' href='x'/>",
        "<a><b xmlns:y=' http://www.w3.org/2001/XInclude '/></a>",
    ] {
        assert_eq!(what(text), Err(What::Inclusion), "{text}");
    }
}

#[test]
fn encodings_that_hide_markup_or_disagree_are_refused() {
    let declared = |name: &str| format!("<?xml version='1.0' encoding='{name}'?><a/>");
    for name in
        ["UTF-7", "IBM037", "cp037", "Shift_JIS", "ISO-2022-JP", "GBK", "x-user-defined", "", "iso-8859-12"]
    {
        assert_eq!(what(declared(name)), Err(What::UnknownEncoding), "{name}");
        let said = scan(b"<a/>", Some(name), &free()).map_err(|fault| fault.what);
        assert_eq!(said, Err(What::UnknownEncoding), "{name}");
    }
    // EBCDIC and UTF-32, by their first bytes.
    assert_eq!(what([0x4c, 0x6f, 0xa7, 0x94, 0x93, 0x40]), Err(What::UnknownEncoding));
    let utf32: Vec<u8> = "<a/>".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
    assert_eq!(what(utf32), Err(What::UnknownEncoding));
    // One says this, the other that.
    assert_eq!(what(declared("UTF-16")), Err(What::EncodingsDisagree));
    assert_eq!(what(utf16(&declared("UTF-8"), true)), Err(What::EncodingsDisagree));
    assert_eq!(what(format!("\u{feff}{}", declared("ISO-8859-1"))), Err(What::EncodingsDisagree));
    for (body, charset) in [
        (declared("UTF-8").into_bytes(), "iso-8859-1"),
        (b"<a/>".to_vec(), "utf-16"),
        (utf16("<a/>", false), "utf-8"),
    ] {
        let said = scan(&body, Some(charset), &free()).map_err(|fault| fault.what);
        assert_eq!(said, Err(What::EncodingsDisagree), "{charset}");
    }
    // A declaration so long that it is not found when the encoding is looked for.
    let far = format!("<?xml version='1.0'{}encoding='UTF-7'?><a/>", " ".repeat(5_000));
    assert_eq!(what(far), Err(What::UnknownEncoding));
}

#[test]
fn bytes_that_the_encoding_does_not_know_are_refused() {
    assert_eq!(what(b"<a>\xe9</a>"), Err(What::NotAsEncoded));
    assert_eq!(what(b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>"), Ok(1));
    assert_eq!(what(b"\xfe\xff\0<\0a\0/\0>\0"), Err(What::NotAsEncoded));
    assert_eq!(what(b"\xfe\xff\0<\0a\0>\xd8\0\0<\0/\0a\0>"), Err(What::NotAsEncoded));
    assert_eq!(what(b"<a>+ADw-!DOCTYPE x+AD4-</a>"), Ok(1));
}

#[test]
fn each_limit_lets_pass_what_is_at_it_and_names_what_is_over() {
    let limits = Limits {
        node_depth: Some(3),
        attributes: Some(2),
        namespaces: Some(1),
        children: Some(3),
        text_length: Some(5),
        attribute_length: Some(4),
        comment_length: Some(6),
        bare_doctype: false,
    };
    for text in [
        "<a><b><c/></b></a>",
        "<a b='1' xmlns='x' c='2'/>",
        "<a><b/><!--c--><?d?></a>",
        "<a>12345<b/>\u{e9}&lt;<![CDATA[&lt]]><!-- --></a>",
        "<a b='&lt;&#x1f600;\u{1f600}4'/>",
        "<a><!--123456--></a>",
    ] {
        assert!(scan(text.as_bytes(), None, &limits).is_ok(), "{text}");
    }
    for (text, what, path, line) in [
        ("<a>\n<b>\n<c><d/></c></b></a>", What::TooDeep(3), "/a/b/c", 3),
        ("<a b='1' c='2' d='3'/>", What::TooManyAttributes(2), "/a", 1),
        ("<a xmlns='x' xmlns:b='y'/>", What::TooManyNamespaces(1), "/a", 1),
        ("<x:a><b/><b/><b/><b/></x:a>", What::TooManyChildren(3), "/x:a", 1),
        ("<a><b/><!-- --><?p?><!-- --></a>", What::TooManyChildren(3), "/a", 1),
        ("<a><b>123456</b></a>", What::TextTooLong(5), "/a/b", 1),
        ("<a>123<!-- --><![CDATA[456]]></a>", What::TextTooLong(5), "/a", 1),
        ("<a>&lt;&lt;&lt;&lt;&lt;&lt;</a>", What::TextTooLong(5), "/a", 1),
        ("<a><b c='12345'/></a>", What::AttributeTooLong(4), "/a/b", 1),
        ("<!--1234567--><a/>", What::CommentTooLong(6), "/", 1),
        ("<a><?target 7?></a>", What::CommentTooLong(6), "/a", 1),
    ] {
        let fault = scan(text.as_bytes(), None, &limits).expect_err("is over");
        assert_eq!((fault.what, &*fault.path, fault.line), (what, path, line), "{text}");
    }
}

#[test]
fn a_path_is_cut() {
    let fault = scan(format!("<{}>", "a".repeat(1_000)).as_bytes(), None, &free()).expect_err("ends early");
    assert!(fault.path.ends_with("a…") && fault.path.chars().count() == 201);
}

#[test]
fn a_million_levels_and_attributes_take_no_stack_and_no_quadratic_time() {
    assert_eq!(what("<a>".repeat(1_000_000)), Err(What::Ended));
    let attributes: String = (0..200_000).map(|n| format!(" a{n}=''")).collect();
    assert_eq!(what(format!("<a{attributes}/>")), Ok(1));
    assert_eq!(what(format!("<a{attributes} a0=''/>")), Err(What::AttributeTwice));
    assert_eq!(what("<![CDATA[".repeat(100_000)), Err(What::Ended));
    assert_eq!(what(format!("<!DOCTYPE a [{}", "<!ENTITY ".repeat(100_000))), Err(What::Ended));
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_bytes_end_in_a_verdict(bytes: Vec<u8>) {
        let _ = what(&bytes);
    }

    #[test]
    fn any_markup_ends_in_a_verdict_that_is_the_same_in_utf16(text in "[<>/!?\\-a:=\"'&;# x\\[\\]\u{e9}]{0,30}") {
        let body = format!("<a>{text}</a>");
        let plain = what(&body);
        prop_assert_eq!(what(utf16(&body, true)), plain);
        prop_assert_eq!(what(utf16(&body, false)), plain);
        prop_assert_eq!(what(format!("\u{feff}{body}")), plain);
    }

    #[test]
    fn escaped_text_always_passes(text in "[^\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}\u{fffe}\u{ffff}]*") {
        let escaped = quick_xml::escape::escape(text.as_str());
        prop_assert_eq!(what(format!("<a b='{escaped}'>{escaped}</a>")), Ok(1));
    }
}
