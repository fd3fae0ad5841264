//! Routes inside an API, and versions told apart by a header.

#![expect(clippy::expect_used, reason = "what a test expects and does not find fails it")]

use gatepost_model::{ApiRoute, HeaderRule, RoutePath, RouteRule, Upstream, UpstreamUrl};

use crate::support::{Api, Backend, backend, world};

/// A backend that answers with its name and the request line it got.
fn named(name: &'static str) -> Backend {
    backend(move |exchange| {
        let line = format!("{name} {}", exchange.request_line());
        exchange.respond(&line)
    })
}

fn route(name: &str, rule: RouteRule, destination_path: &str, backend: &Backend) -> ApiRoute {
    let upstream = Upstream::of_url(UpstreamUrl::parse(&backend.url("/base")).expect("valid"));
    ApiRoute { name: name.into(), rule, destination_path: destination_path.into(), upstream }
}

fn on_path(pattern: &str) -> RouteRule {
    RouteRule { path: Some(RoutePath::parse(pattern).expect("valid")), ..RouteRule::default() }
}

#[test]
fn the_first_rule_that_matches_decides_where_a_request_goes_and_as_what() {
    let (own, orders, gold, writes) = (named("own"), named("orders"), named("gold"), named("writes"));
    let tier = HeaderRule::parse("x-tier", "gold").expect("valid");
    let routes = vec![
        route("orders", on_path("/foo(/.*)"), "/orders", &orders),
        route("gold", RouteRule { headers: vec![tier], ..RouteRule::default() }, "/", &gold),
        route("writes", RouteRule { methods: vec!["POST".into()], ..on_path("/w/.*") }, "/", &writes),
    ];
    let api = Api::at("/api", own.url("")).edited(move |api| api.routes = routes.clone());
    let world = world(&[api]);
    let mut client = world.client();
    assert_eq!(client.get("/api/foo/bar?q=1").body, "orders GET /base/orders/bar?q=1 HTTP/1.1");
    let gold = client.ask("GET /api/a%20b HTTP/1.1\r\nhost: a\r\nx-tier: gold\r\n\r\n");
    assert_eq!(gold.body, "gold GET /base/a%20b HTTP/1.1");
    assert_eq!(client.post("/api/w/1", "").body, "writes POST /base/w/1 HTTP/1.1");
    assert_eq!(client.get("/api/w/1").body, "own GET /w/1 HTTP/1.1");
    let states = world.gateway.targets(gatepost_model::ApiId(1)).expect("it is in the Plan");
    let of_routes: Vec<_> = states.iter().map(|state| (state.route.as_deref(), state.calls)).collect();
    assert_eq!(of_routes, [(None, 1), (Some("orders"), 1), (Some("gold"), 1), (Some("writes"), 1)]);
}

#[test]
fn a_rewritten_path_cannot_climb() {
    let backend = named("reached");
    let routes = vec![route("r", on_path("/(.*)x(.*)"), "/", &backend)];
    let api = Api::at("/api", backend.url("")).edited(move |api| api.routes = routes.clone());
    let world = world(&[api]);
    assert_eq!(world.client().get("/api/.x./secret").status, 400);
    assert_eq!(backend.connections(), 0);
}

#[test]
fn a_header_tells_the_versions_at_one_place_apart() {
    let (one, two) = (named("one"), named("two"));
    let versioned = |backend: &Backend, version: &'static str| {
        Api::at("/api", backend.url("")).edited(move |api| {
            api.version = version.into();
            api.listen.version_header = Some("api-version".into());
        })
    };
    let world = world(&[versioned(&one, "v1"), versioned(&two, "v2")]);
    let ask = |version: &str| {
        world.client().ask(&format!("GET /api/x HTTP/1.1\r\nhost: a\r\napi-version: {version}\r\n\r\n"))
    };
    assert_eq!(ask("v1").body, "one GET /x HTTP/1.1");
    assert_eq!(ask("v2").body, "two GET /x HTTP/1.1");
    assert_eq!(ask("v3").status, 404);
    assert_eq!(world.client().get("/api/x").status, 404);
}
