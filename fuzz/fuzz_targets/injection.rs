//! Injection protection: bodies of every kind, queries and cookies are taken apart and decoded whatever they are, and a
//! text means the same as a body and as a value in JSON.
#![no_main]

use std::sync::LazyLock;

use gatepost_gateway::{Body, Context, Env, Policy, Request, StateStore, Verdict};
use gatepost_model::{ApiId, AppliedPolicyId};
use http::HeaderValue;

static POLICY: LazyLock<Box<dyn Policy>> = LazyLock::new(|| {
    let kind = gatepost_policies::kind("injection-protection").expect("listed");
    let config = r#"{
        "built_in_protections": ["sql", "xss", "shell", "path_traversal", "ldap", "xpath", "template"],
        "decode_base64": true, "protect_files": true
    }"#;
    let config = config.parse().expect("JSON");
    let compiled = kind.compile(&config, &Env::new(AppliedPolicyId(1), "", &StateStore::new()));
    compiled.unwrap_or_else(|faults| panic!("{faults:?}"))
});

const KINDS: [&str; 7] = [
    "application/json",
    "application/x-ndjson",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "text/plain",
    "application/octet-stream",
];

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8], &str)| {
    let (kind, body, query) = input;
    refuses(KINDS[usize::from(kind) % KINDS.len()], body.to_vec(), query);
    // Anything else might be taken for JSON, XML or UTF-16.
    let is_plain = body.first().is_some_and(u8::is_ascii_alphanumeric) && body.get(1) != Some(&0);
    if let Ok(text) = std::str::from_utf8(body)
        && is_plain
    {
        let json = serde_json::Value::from(text).to_string();
        assert_eq!(
            refuses("text/plain", body.to_vec(), ""),
            refuses("application/json", json.into_bytes(), ""),
            "{text:?}"
        );
    }
});

fn refuses(content_type: &'static str, body: Vec<u8>, query: &str) -> bool {
    let mut request = Request::new(Body::from(bytes::Bytes::from(body)));
    if let Ok(uri) = format!("/posts?{query}").parse() {
        *request.uri_mut() = uri;
    }
    request.headers_mut().insert("content-type", HeaderValue::from_static(content_type));
    if let Ok(value) = HeaderValue::from_str(query) {
        request.headers_mut().insert("cookie", value);
    }
    let mut cx = Context::plain(std::sync::Arc::default(), ApiId(1));
    match POLICY.on_request(&mut request, &mut cx) {
        Verdict::Now(decision) => decision.is_err(),
        Verdict::Later(_) => panic!("it waits for nothing"),
    }
}
