//! Expressions: read, and worked out against a request and an answer where they can be read.
#![no_main]

use std::sync::{Arc, LazyLock};

use gatepost_gateway::{Body, Context, Expression, Plan, Request, Response, Side, Subject};
use gatepost_model::ApiId;
use http::HeaderValue;

static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(Arc::default);

libfuzzer_sys::fuzz_target!(|text: &str| {
    let cx = Context { base_path_len: 4, ..Context::plain(PLAN.clone(), ApiId(1)) };
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
