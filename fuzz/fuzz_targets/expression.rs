//! Expressions: read, and worked out against a request and an answer where they can be read.
#![no_main]

use std::sync::{Arc, LazyLock};

use gatepost_gateway::{Body, Context, Expression, Identity, Plan, Request, Response, Side, Subject};
use gatepost_model::ApiId;
use http::HeaderValue;

static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(Arc::default);

libfuzzer_sys::fuzz_target!(|text: &str| {
    let cx = context();
    if let Ok(expression) = Expression::parse(text, Side::Request) {
        let mut request = Request::new(Body::Empty);
        *request.uri_mut() = http::Uri::from_static("/api/posts/7?a=1&b=%20");
        request.headers_mut().insert("x-user", HeaderValue::from_static("somebody"));
        request.headers_mut().insert("authorization", HeaderValue::from_static("Bearer token"));
        let _ = expression.evaluate(&Subject::request(&request, &cx));
    }
    if let Ok(expression) = Expression::parse(text, Side::Response) {
        let mut response = Response::new(Body::Empty);
        response.headers_mut().insert("x-user", HeaderValue::from_static("somebody"));
        let _ = expression.evaluate(&Subject::response(&response, &cx));
    }
});

fn context() -> Context {
    Context {
        plan: PLAN.clone(),
        api: ApiId(1),
        wall_us: 0,
        now: std::time::Duration::ZERO,
        remote: ([127, 0, 0, 1], 40_000).into(),
        local: ([127, 0, 0, 1], 8_081).into(),
        scheme: "http",
        tls: None,
        request_id: "r-1".into(),
        base_path_len: 4,
        identity: Identity::default(),
        body_idle: std::time::Duration::from_secs(60),
        unread: None,
        refused_by: None,
        error: None,
        kept: http::Extensions::new(),
        trail: Default::default(),
        unsettled: Default::default(),
    }
}
