//! Base paths and patterns from an operator, paths from callers: what a pattern leaves of a settled path is settled.
#![no_main]

use gatepost_gateway::wire::settle;
use gatepost_model::{BasePath, Host, RoutePath, UpstreamUrl};
use http::Request;

libfuzzer_sys::fuzz_target!(|input: (&str, &str, &str)| {
    let (base, pattern, target) = input;
    let _ = (Host::parse(base), UpstreamUrl::parse(base));
    let base_path = BasePath::parse(base);
    let Ok(mut request) = Request::builder().uri(target).header("host", "a").body(()) else { return };
    if settle(&mut request).is_err() {
        return;
    }
    let path = request.uri().path();
    assert!(!path.split('/').any(|segment| matches!(segment, "." | "..")), "{path}");
    if let Ok(route) = RoutePath::parse(pattern) {
        assert_eq!(route.matches(path), route.tail_of(path).is_some());
    }
    if let Ok(base_path) = base_path
        && let Some(below) = path.strip_prefix(base_path.as_str())
        // `/a.` is not below `/a`: base paths are whole segments.
        && (below.is_empty() || below.starts_with('/'))
    {
        assert!(!below.split('/').any(|segment| matches!(segment, "." | "..")), "{below}");
    }
});
