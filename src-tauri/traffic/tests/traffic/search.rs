//! Lists of calls: filters, pages, budgets.

use gatepost_model::{ApiId, ClientAppId};
use gatepost_traffic::CallFilter;

use crate::world::{START_MS, World};

fn by_status(status: &str) -> CallFilter {
    CallFilter { status: Some(status.parse().unwrap()), ..CallFilter::default() }
}

/// Five calls that differ in everything that can be searched for.
fn five_calls() -> World {
    let world = World::new();
    let record = |path: &str, status, refused_by, api, client| {
        world.pass_ms(1_000);
        world.record(|facts, detail| {
            detail.target = path.into();
            (facts.status, facts.refused_by) = (status, refused_by);
            (facts.api, facts.client) = (api, client);
        });
    };
    record("/Orders/1?x=%20", 200, None, Some(ApiId(1)), Some(ClientAppId(2)));
    record("/orders/2", 404, None, Some(ApiId(1)), None);
    record("/users", 401, Some("client-id-enforcement"), Some(ApiId(3)), None);
    record("/nowhere", 404, None, None, None);
    record("/users", 503, None, Some(ApiId(3)), Some(ClientAppId(4)));
    world.record(|facts, detail| {
        (detail.method, detail.target) = ("POST".into(), "/late".into());
        facts.would_refuse_by = Some("ip-allowlist");
    });
    world
}

#[test]
fn filters_let_through_what_they_name() {
    let world = five_calls();
    let any = CallFilter::default;
    assert_eq!(
        world.found(&any()),
        ["/late", "/users", "/nowhere", "/users", "/orders/2", "/Orders/1?x=%20"]
    );
    assert_eq!(world.found(&by_status("404")), ["/nowhere", "/orders/2"]);
    assert_eq!(world.found(&by_status("4xx")), ["/nowhere", "/users", "/orders/2"]);
    assert_eq!(world.found(&by_status("5xx")), ["/users"]);
    assert_eq!(world.found(&by_status("refused")), ["/users"]);
    assert_eq!(world.found(&by_status("would_refuse")), ["/late"]);
    let would_be = |policy: &str| CallFilter { policy: Some(policy.into()), ..by_status("would_refuse") };
    assert_eq!(world.found(&would_be("ip-allowlist")), ["/late"]);
    assert_eq!(world.found(&would_be("client-id-enforcement")), [""; 0], "that one refused, in earnest");
    assert_eq!(world.found(&CallFilter { api_id: Some(ApiId(3)), ..any() }), ["/users", "/users"]);
    assert_eq!(world.found(&CallFilter { client_app_id: Some(ClientAppId(4)), ..any() }), ["/users"]);
    assert_eq!(
        world.found(&CallFilter { policy: Some("client-id-enforcement".into()), ..any() }),
        ["/users"]
    );
    assert_eq!(world.found(&CallFilter { policy: Some("rate-limiting".into()), ..any() }), [""; 0]);
    assert_eq!(world.found(&CallFilter { method: Some("post".into()), ..any() }), ["/late"]);
    assert_eq!(
        world.found(&CallFilter { path: Some("ORDERS".into()), ..any() }),
        ["/orders/2", "/Orders/1?x=%20"]
    );
    // A call arrives 1 ms before the second in which it ends here.
    let (from_ms, to_ms) = (Some(START_MS + 2_999), Some(START_MS + 3_999));
    assert_eq!(world.found(&CallFilter { from_ms, to_ms, ..any() }), ["/users"]);
    assert_eq!(world.found(&CallFilter { path: Some("users".into()), ..by_status("503") }), ["/users"]);
}

#[test]
fn pages_join_without_gap_or_repetition() {
    let world = World::new();
    world.record_many(1_300);
    let (mut ids, mut before) = (Vec::new(), None);
    loop {
        let page = world.page(&CallFilter::default(), before);
        ids.extend(page.calls.iter().map(|call| call.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(ids, (1..=1_300).rev().collect::<Vec<_>>());
}

#[test]
fn a_search_of_100_000_calls_stops_at_its_budget_and_goes_on() {
    let world = World::new();
    world.record_many(100_000);
    let oldest =
        CallFilter { path: Some("/posts/7".into()), method: Some("GET".into()), ..CallFilter::default() };
    let oldest = CallFilter { to_ms: Some(START_MS), ..oldest };
    let nothing = CallFilter { path: Some("not there".into()), ..CallFilter::default() };
    let first = world.page(&nothing, None);
    assert_eq!((first.calls.len(), first.scanned, first.next), (0, 50_000, Some(50_001)));
    let second = world.page(&nothing, first.next);
    assert_eq!((second.calls.len(), second.scanned, second.next), (0, 50_000, None));
    let page = world.page(&oldest, Some(10));
    assert_eq!((page.calls[0].id, page.calls.len(), page.next), (8, 1, None));
}
