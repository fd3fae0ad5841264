//! What expressions give, on one request and one response.

use std::sync::Arc;

use gatepost_model::{ApiId, ClientAppId};
use http::header::USER_AGENT;
use http::{HeaderValue, StatusCode};

use super::*;
use crate::{Body, Identity, Request, Response};

fn context() -> crate::Context {
    let identity = Identity {
        client_app: Some(ClientAppId(7)),
        client_name: Some("My App".into()),
        client_id: Some("my-app".into()),
        properties: Some(Arc::new(serde_json::json!({
            "claims": {"sub": "ann", "admin": true, "age": 7, "roles": ["a", "b"], "at": {"x-y": "z"}},
        }))),
        ..Identity::default()
    };
    let plain = crate::Context::plain(Arc::default(), ApiId(1));
    crate::Context { remote: ([192, 0, 2, 5], 40_000).into(), base_path_len: 6, identity, ..plain }
}

fn request() -> Request {
    let request = http::Request::get("/posts/v1/7?user=a%20b&user=second&empty=&s=caf%C3%A9")
        .header("x-user", "Ann")
        .header("x-list", "a,b,c")
        .header("x-twice", "one")
        .header("x-twice", "two");
    request.body(Body::Empty).expect("valid")
}

fn on_request(text: &str) -> Result<Option<String>, String> {
    let (request, cx) = (request(), context());
    let expression = Expression::parse(text, Side::Request)?;
    let value = expression.evaluate(&Subject::request(&request, &cx))?;
    Ok(value.map(Cow::into_owned))
}

fn on_response(text: &str) -> Result<Option<String>, String> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().insert("x-from", HeaderValue::from_static("upstream"));
    let cx = context();
    let expression = Expression::parse(text, Side::Response)?;
    let value = expression.evaluate(&Subject::response(&response, &cx))?;
    Ok(value.map(Cow::into_owned))
}

/// Every row of the vendor's subset, and what it gives here.
#[test]
fn gives_what_the_vendor_documents() {
    let rows = [
        ("plain", "plain"),
        ("", ""),
        ("#['quoted']", "quoted"),
        ("#[attributes.headers['x-user']]", "Ann"),
        ("#[attributes.headers['X-User']]", "Ann"),
        ("#[ attributes['headers']['x-user'] ]", "Ann"),
        ("#[attributes.headers.'x-user']", "Ann"),
        ("#[attributes.headers['x-twice']]", "one"),
        ("#[attributes.queryParams['user']]", "a b"),
        ("#[attributes.queryParams.s]", "caf\u{e9}"),
        ("#[attributes.queryParams.empty]", ""),
        ("#[attributes.queryString]", "user=a%20b&user=second&empty=&s=caf%C3%A9"),
        ("#[attributes.method]", "GET"),
        ("#[attributes.requestPath]", "/posts/v1/7"),
        ("#[attributes.requestUri]", "/posts/v1/7?user=a%20b&user=second&empty=&s=caf%C3%A9"),
        ("#[attributes.scheme]", "http"),
        ("#[attributes.version]", "HTTP/1.1"),
        ("#[attributes.remoteAddress]", "192.0.2.5:40000"),
        ("#[substringBeforeLast(attributes.remoteAddress, ':')]", "192.0.2.5"),
        ("#[attributes.localAddress]", "127.0.0.1:8081"),
        ("#[authentication.principal]", "my-app"),
        ("#[authentication.clientId]", "my-app"),
        ("#[authentication.clientName]", "My App"),
        ("Bearer #[attributes.headers['x-user']]!", "Bearer Ann!"),
        ("#[attributes.method] #[attributes.scheme]", "GET http"),
        ("a#[attributes.headers['x-none']]b", "ab"),
        ("#[attributes.method == 'GET' or attributes.method == 'HEAD']", "true"),
        ("#[attributes.method == 'GET' and not attributes.scheme == 'http']", "false"),
        ("#[!(1 == 2) && 2 > 1 || false]", "true"),
        ("#[-1 + 2 * 3]", "5"),
        ("#[(1 + 2) * 3 - 10 % 4]", "7"),
        ("#[1.5 + 1.0]", "2.5"),
        ("#['a' ++ 1 ++ true ++ attributes.headers['x-none']]", "a1true"),
        ("#[sizeOf([1] ++ [2, 3])]", "3"),
        ("#[attributes.headers['x-none'] default 'nobody']", "nobody"),
        ("#[attributes.headers['x-none'] default 'a' == 'a']", "true"),
        ("#[attributes.headers['x-none'] == null]", "true"),
        ("#[has(attributes.headers['x-user'])]", "true"),
        ("#[if (attributes.method == 'GET') 'read' else 'write']", "read"),
        ("#[if (false) 'a' else if (false) 'b' else 'c']", "c"),
        ("#[attributes.method == 'PUT' ? 'a' : 'b']", "b"),
        ("#[[200, 203] contains 203]", "true"),
        ("#[attributes.headers['x-list'] contains ',b']", "true"),
        ("#[attributes.headers['x-none'] contains 'b']", "false"),
        ("#[contains('abc', 'd')]", "false"),
        ("#[attributes.method in ['GET', 'HEAD']]", "true"),
        ("#[lower('ABC') ++ upper(\"def\")]", "abcDEF"),
        ("#[trim('  x ')]", "x"),
        ("#[sizeOf('caf\u{e9}')]", "4"),
        ("#[splitBy(attributes.headers['x-list'], ',')[1]]", "b"),
        ("#[(attributes.headers['x-list'] splitBy ',')[-1]]", "c"),
        ("#['abc'[0]]", "a"),
        ("#[substringBefore('a.b.c', '.')]", "a"),
        ("#[substringBeforeLast('a.b.c', '.')]", "a.b"),
        ("#[substringAfter('a.b.c', '.')]", "b.c"),
        ("#['a.b.c' substringAfterLast '.']", "c"),
        ("#[sizeOf(uuid())]", "36"),
        ("#[attributes.headers['x-user'].startsWith('A')]", "true"),
        ("#['it\\'s ]']", "it's ]"),
        ("#['\\n' == \"\n\"]", "true"),
    ];
    for (text, expected) in rows {
        assert_eq!(on_request(text), Ok(Some(expected.to_owned())), "{text}");
    }
}

#[test]
fn what_is_missing_is_missing_and_no_error() {
    for text in [
        "#[attributes.headers['x-none']]",
        "#[attributes.queryParams['none']]",
        "#[lower(attributes.headers['x-none'])]",
        "#[splitBy(attributes.headers['x-none'], ' ')[1]]",
        "#[splitBy('a b', ' ')[9]]",
        "#['abc'[-4]]",
        "#[null]",
    ] {
        assert_eq!(on_request(text), Ok(None), "{text}");
    }
}

#[test]
fn responses_have_their_own_attributes() {
    assert_eq!(on_response("#[attributes.statusCode]"), Ok(Some("201".into())));
    assert_eq!(on_response("#[[200, 201] contains attributes.statusCode]"), Ok(Some("true".into())));
    assert_eq!(on_response("#[attributes.headers['x-from']]"), Ok(Some("upstream".into())));
    assert_eq!(on_response("#[authentication.clientId]"), Ok(Some("my-app".into())));
    assert!(Expression::parse("#[attributes.method]", Side::Response).is_err());
    assert!(Expression::parse("#[attributes.statusCode]", Side::Request).is_err());
}

#[test]
fn says_at_parse_time_what_is_wrong() {
    let rows = [
        ("#[", "a value is missing"),
        ("#[attributes.method", "`]` is missing"),
        ("#[attributes.method == ]", "a value"),
        ("#[1 2]", "`2` stands where `]` is expected"),
        ("#['open]", "no ' at its end"),
        ("#[nobody]", "`nobody` is not known"),
        ("#[attributes.header['x']]", "attributes.header is not known"),
        ("#[attributes.headers]", "needs a name"),
        ("#[attributes.headers['a b']]", "not a header name"),
        ("#[attributes.headers[1]]", "a name in quotes"),
        ("#[payload.client_id]", "does not read bodies"),
        ("#[vars.other]", "there is claimSet"),
        ("#[lower()]", "takes 1 arguments"),
        ("#[exec('x')]", "`exec` is not a known function"),
        ("#['x'.matches('y')]", "`.matches` is not known"),
        ("#[if (true) 1]", "`else`"),
        ("#[99999999999999999999]", "too large"),
        ("#[[1].map(a, a)]", "`.map` is not known"),
    ];
    for (text, part) in rows {
        let fault = Expression::parse(text, Side::Request).expect_err(text);
        assert!(fault.contains(part), "{text}: {fault}");
    }
}

#[test]
fn fails_when_an_operation_does_not_fit_its_values() {
    for text in [
        "#['a' - 1]",
        "#[1 / 0]",
        "#[lower(1)]",
        "#[[1, 2]]",
        "#[if ('a') 1 else 2]",
        "#[attributes.method.size() > 'x']",
    ] {
        Expression::parse(text, Side::Request).expect("parses");
        assert!(on_request(text).is_err(), "{text}");
    }
}

#[test]
fn whatever_is_allowed_evaluates_and_more_is_refused() {
    let nested = |depth: usize| format!("#[{}1{}]", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(on_request(&nested(15)), Ok(Some("1".into())));
    assert!(on_request(&nested(16)).is_err());
    let negated = |depth: usize| format!("#[{}true]", "not ".repeat(depth));
    assert!(on_request(&negated(14)).is_ok());
    assert!(on_request(&negated(40)).is_err());
    let chain = |operators: usize| format!("#['a'{}]", " ++ 'a'".repeat(operators));
    assert_eq!(on_request(&chain(48)), Ok(Some("a".repeat(49))));
    assert!(on_request(&chain(49)).is_err());
    let indexed = |operators: usize| format!("#['a'{}]", "[0]".repeat(operators));
    assert_eq!(on_request(&indexed(48)), Ok(Some("a".into())));
    let or = |operators: usize| format!("#[false{}]", " or false".repeat(operators));
    assert_eq!(on_request(&or(48)), Ok(Some("false".into())));
    assert!(Expression::parse(&"a".repeat(MAX_EXPRESSION + 1), Side::Request).is_err());
}

#[test]
fn no_text_makes_the_parser_panic() {
    let seeds = [
        "#[attributes.headers['x'] default if (a) 'b' else [1, 2] contains uuid()]",
        "a#[x.map(y, y)]#[",
        "#[']\\",
    ];
    for seed in seeds {
        for (at, _) in seed.char_indices() {
            for insert in ["", "[", "]", "(", "'", "\\", "#[", "\u{e9}", ".", "\0"] {
                let _ = on_request(&format!("{}{insert}{}", &seed[..at], &seed[at..]));
                let _ = on_request(&seed[at..]);
            }
        }
    }
}

/// Writes expressions that parse, from a fixed sequence of numbers, extreme values among them.
struct Writer(u64);

impl Writer {
    fn pick<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        // Numbers as in Knuth's MMIX; the upper bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        choices[(self.0 >> 33) as usize % choices.len()]
    }

    fn value(&mut self, depth: usize) -> String {
        const FORMS: [&str; 8] =
            ["L", "(V O V)", "F(V)", "G(V, V)", "V[V]", "[V, V]", "if (V) V else V", "U V"];
        let form = if depth == 0 { "L" } else { self.pick(&FORMS) };
        let mut text = String::new();
        for c in form.chars() {
            match c {
                'V' => text.push_str(&self.value(depth - 1)),
                'L' => text.push_str(self.pick(&[
                    "0",
                    "1",
                    "9223372036854775807",
                    "0.0",
                    "1.5",
                    "''",
                    "'a,b'",
                    "'\u{e9}'",
                    "true",
                    "null",
                    "[]",
                    "attributes.headers['x-user']",
                    "attributes.headers['x-none']",
                    "attributes.queryString",
                ])),
                'O' => text.push_str(self.pick(&[
                    "+", "-", "*", "/", "%", "++", "==", "!=", "<", ">=", "and", "or", "in", "contains",
                    "default", "splitBy",
                ])),
                'F' => text.push_str(
                    self.pick(&["lower", "trim", "sizeOf", "size", "string", "int", "double", "has"]),
                ),
                'G' => text.push_str(self.pick(&[
                    "contains",
                    "splitBy",
                    "substringBefore",
                    "substringAfterLast",
                ])),
                'U' => text.push_str(self.pick(&["-", "!", "not"])),
                c => text.push(c),
            }
        }
        text
    }
}

#[test]
fn no_expression_makes_the_evaluation_panic() {
    let mut writer = Writer(1);
    let (mut parsed, mut evaluated) = (0, 0);
    for n in 0..20_000 {
        let text = format!("#[{}]", writer.value(n % 6));
        parsed += usize::from(Expression::parse(&text, Side::Request).is_ok());
        evaluated += usize::from(on_request(&text).is_ok());
    }
    assert!(parsed > 10_000 && evaluated > 2_000, "too few say much: {parsed} parsed, {evaluated} evaluated");
}

#[test]
fn single_facts_are_read_without_allocation() {
    let (request, cx) = (request(), context());
    for text in
        ["plain", "#[attributes.headers['x-user']]", "#[authentication.clientId]", "#[attributes.method]"]
    {
        let expression = Expression::parse(text, Side::Request).expect("parses");
        let value = expression.evaluate(&Subject::request(&request, &cx)).expect("evaluates");
        assert!(matches!(value, Some(Cow::Borrowed(_))), "{text}");
    }
}

#[test]
fn every_function_is_there() {
    let (mut request, cx) = (request(), context());
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("test"));
    for name in [
        "lower",
        "upper",
        "trim",
        "sizeOf",
        "splitBy",
        "contains",
        "uuid",
        "substringBefore",
        "substringAfter",
    ] {
        let arguments = ["", "'a'", "'a', 'b'"][functions::arguments_of(name).expect(name)];
        let text = format!("#[sizeOf([{name}({arguments})])]");
        let expression = Expression::parse(&text, Side::Request).expect(name);
        assert_eq!(expression.evaluate(&Subject::request(&request, &cx)), Ok(Some("1".into())), "{name}");
    }
}

#[test]
fn claims_are_facts_however_deep() {
    let cases = [
        ("#[vars.claimSet.sub]", Some("ann")),
        ("#[authentication.properties.claims.sub]", Some("ann")),
        ("#[vars.claimSet.at['x-y']]", Some("z")),
        ("#[vars.claimSet.age + 1]", Some("8")),
        ("#[vars.claimSet.admin]", Some("true")),
        ("#[vars.claimSet.admin == true and vars.claimSet.roles contains 'b']", Some("true")),
        ("#[vars.claimSet.roles[1]]", Some("b")),
        ("#[vars.claimSet.roles]", Some(r#"["a","b"]"#)),
        ("#[vars.claimSet.sub.contains('n')]", Some("true")),
        ("#[sizeOf(vars.claimSet)]", Some("5")),
        ("#[vars.claimSet.none.deeper]", None),
        ("#[authentication.principal]", Some("my-app")),
    ];
    for (text, value) in cases {
        assert_eq!(on_request(text), Ok(value.map(str::to_owned)), "{text}");
    }
}

#[test]
fn the_payload_is_json_or_a_form() {
    let value = |kind: &'static str, body: &'static str, text: &str| {
        let request = http::Request::post("/").header("content-type", kind);
        let request = request.body(Body::from(bytes::Bytes::from_static(body.as_bytes()))).expect("valid");
        let expression = Expression::parse_with_payload(text, Side::Request).expect(text);
        assert!(expression.reads_payload());
        let cx = context();
        expression.evaluate(&Subject::request(&request, &cx)).expect(text).map(Cow::into_owned)
    };
    let json = r#"{"user": {"id": 7}, "items": [{"name": "one"}, {"name": "two"}]}"#;
    let of_json = |text: &str| value("application/json", json, text);
    assert_eq!(of_json("#[payload.user.id]").as_deref(), Some("7"));
    assert_eq!(of_json("#[payload.items[1].name]").as_deref(), Some("two"));
    assert_eq!(of_json("no #[payload.none] here").as_deref(), Some("no  here"));
    assert_eq!(of_json("#[payload]").as_deref(), Some(json));
    let form = "application/x-www-form-urlencoded";
    assert_eq!(value(form, "a=1&client_id=x%20y", "#[payload.client_id]").as_deref(), Some("x y"));
    assert_eq!(value("application/json", "{broken", "#[payload.a]"), None);
}

#[test]
fn says_where_a_fault_stands() {
    let at = |text: &str| {
        let fault = Expression::read(text, Side::Request).expect_err("at fault");
        text[fault.place].to_owned()
    };
    assert_eq!(at("a #[attributes.nothing] b"), "attributes.nothing");
    assert_eq!(at("#[lower(attributes.headers['x']) + nobody]"), "nobody");
    assert_eq!(at("#[ unheard(1) ]"), "unheard");
    assert_eq!(at("#['a' 'b']"), "'b'");
    assert_eq!(at("#[lower('a', 'b')]"), "('a', 'b')");
    assert_eq!(at("#['a' + ]"), "]");
    assert_eq!(at("#['a'"), "", "at the end");
    assert_eq!(at("#['a' + 'b"), "'b");
}
