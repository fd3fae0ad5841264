//! What browsers are told, case by case.

use serde_json::{Value, json};

use crate::tests::{Answer, Call, Trial, call};

fn trial(config: Value) -> Trial {
    Trial::of("cors", config)
}

/// The shop may read and write with credentials, everybody may read.
fn grouped() -> Trial {
    trial(json!({
        "public_resource": false,
        "support_credentials": true,
        "origin_groups": [
            {"origins": ["*"], "allowed_methods": [{"method_name": "GET"}]},
            {
                "origins": ["https://shop.example:443", "http://localhost:3000"],
                "access_control_max_age": 600,
                "allowed_methods": [
                    {"method_name": "GET"}, {"method_name": "PUT", "is_allowed": true},
                    {"method_name": "DELETE", "is_allowed": false},
                ],
                "headers": ["X-Client", "content-type"],
                "exposed_headers": ["x-request-id", "x-total"],
            },
        ],
    }))
}

fn only_shop() -> Trial {
    trial(json!({"public_resource": false, "origin_groups": [{"origins": ["https://shop.example"]}]}))
}

fn from(origin: &str) -> Call {
    call().header("origin", origin)
}

fn preflight(origin: &str, method: &str) -> Call {
    from(origin).method("OPTIONS").header("access-control-request-method", method)
}

/// Origin, credentials, methods, headers, age.
fn told(answer: &Answer) -> [Option<&str>; 5] {
    ["origin", "credentials", "methods", "headers"]
        .map(|name| answer.header(format!("access-control-allow-{name}").as_str()))
        .into_iter()
        .chain([answer.header("access-control-max-age")])
        .collect::<Vec<_>>()
        .try_into()
        .expect("five")
}

#[test]
fn a_public_resource_grants_a_preflight_what_it_asks_for() {
    let asked =
        preflight("https://any.example", "PATCH").header("access-control-request-headers", "x-a, x-b");
    let answer = trial(json!({})).run(asked);
    assert_eq!((answer.status(), answer.body()), (204, Some("")));
    assert_eq!(told(&answer), [Some("*"), None, Some("PATCH"), Some("x-a, x-b"), Some("30")]);
    assert!(answer.sent_upstream().is_none(), "a preflight never reaches the backend");
    assert_eq!(answer.outcomes()[0], gatepost_model::Outcome::Answered);
    assert_eq!(answer.refused_by(), None);
}

#[test]
fn a_public_resource_is_read_by_every_page() {
    let answer = trial(json!({})).run(from("null"));
    assert_eq!((answer.status(), answer.header("access-control-allow-origin")), (200, Some("*")));
    assert_eq!(answer.header("vary"), None, "the answer is the same for everybody");
}

#[test]
fn a_named_group_wins_over_the_one_of_everybody() {
    let asked = preflight("https://shop.example", "PUT").header("access-control-request-headers", "x-client");
    let answer = grouped().run(asked);
    let shop = [
        Some("https://shop.example"),
        Some("true"),
        Some("GET, PUT"),
        Some("x-client, content-type"),
        Some("600"),
    ];
    assert_eq!((answer.status(), told(&answer)), (204, shop));
    assert_eq!(answer.notes()[0], "a preflight of https://shop.example, granted");
    let other = grouped().run(preflight("https://other.example", "PUT"));
    assert_eq!(told(&other), [Some("*"), None, Some("GET"), None, Some("30")], "never credentials with `*`");
    assert_eq!(other.notes()[0], "a preflight of https://other.example: PUT is not allowed");
}

#[test]
fn answers_tell_the_page_what_it_may_read() {
    let answer = grouped().run(from("http://localhost:3000"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("http://localhost:3000"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("access-control-expose-headers"), Some("x-request-id, x-total"));
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert_eq!(grouped().run(from("http://localhost:3000").method("HEAD")).header("vary"), Some("Origin"));
}

#[test]
fn a_refused_origin_gets_a_normal_answer_that_its_browser_hides() {
    for origin in ["https://evil.example", "http://shop.example", "https://shop.example.evil.example", "null"]
    {
        let answer = only_shop().run(from(origin));
        assert_eq!((answer.status(), told(&answer)), (200, [None; 5]), "{origin}");
        assert!(answer.notes()[0].starts_with(&format!("{origin} is in no group")), "{:?}", answer.notes());
        assert_eq!(answer.header("vary"), Some("Origin"));
        let asked = only_shop().run(preflight(origin, "GET"));
        assert_eq!((asked.status(), told(&asked)), (204, [None; 5]), "{origin}");
        assert!(asked.sent_upstream().is_none());
    }
}

#[test]
fn two_origins_at_once_are_none() {
    let answer = only_shop().run(from("https://shop.example").header("origin", "https://shop.example"));
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn a_method_that_is_not_allowed_is_not_to_be_read() {
    let answer = grouped().run(from("https://shop.example").method("DELETE"));
    assert_eq!((answer.status(), told(&answer)), (200, [None; 5]));
    assert!(answer.notes()[0].starts_with("DELETE is not allowed to pages of https://shop.example"));
}

#[test]
fn the_trail_names_the_header_that_was_too_much() {
    let asked =
        preflight("https://shop.example", "GET").header("access-control-request-headers", "X-Client,x-evil");
    assert_eq!(
        grouped().run(asked).notes()[0],
        "a preflight of https://shop.example: the header x-evil is not allowed"
    );
}

#[test]
fn every_options_is_answered_here() {
    for asked in [call().method("OPTIONS"), from("https://shop.example").method("OPTIONS")] {
        let answer = only_shop().run(asked);
        assert_eq!((answer.status(), told(&answer)), (204, [None; 5]));
        assert!(answer.sent_upstream().is_none());
    }
}

#[test]
fn refusals_of_policies_that_stand_before_it_carry_the_headers_too() {
    let trial = Trial::of("client-id-enforcement", json!({})).and(
        "cors",
        json!({"public_resource": false, "origin_groups": [{"origins": ["https://shop.example"]}]}),
    );
    let refused = trial.run(from("https://shop.example"));
    assert_eq!(
        (refused.status(), refused.header("access-control-allow-origin")),
        (401, Some("https://shop.example"))
    );
    assert_eq!(
        trial.run(preflight("https://shop.example", "GET")).status(),
        204,
        "preflights have no credentials"
    );
}

#[test]
fn what_the_upstream_says_is_replaced_and_its_vary_kept() {
    let theirs = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", "x-secret"),
        ("vary", "Accept-Encoding"),
    ];
    let answer = only_shop().answering(200, &theirs, "").run(from("https://shop.example"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://shop.example"));
    assert_eq!(answer.header("access-control-expose-headers"), None);
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert_eq!(answer.headers("vary"), ["Accept-Encoding", "Origin"]);
    for asked in [from("https://evil.example"), call()] {
        let answer = only_shop().answering(200, &theirs, "").run(asked);
        assert_eq!(told(&answer), [None; 5], "the upstream cannot open what is closed here");
    }
    let varied = only_shop().answering(200, &[("vary", "origin, accept")], "").run(call());
    assert_eq!(varied.headers("vary"), ["origin, accept"]);
}

#[test]
fn the_private_network_is_opened_only_where_asked_for() {
    let asked =
        || preflight("https://a.example", "GET").header("access-control-request-private-network", "true");
    let allowed = trial(json!({"allow_private_network": true})).run(asked());
    assert_eq!(allowed.header("access-control-allow-private-network"), Some("true"));
    let refused = trial(json!({})).run(asked());
    assert_eq!(refused.header("access-control-allow-private-network"), None);
    assert_eq!(refused.notes()[0], "a preflight asks for the private network, which is not allowed");
    let unasked = trial(json!({"allow_private_network": true})).run(preflight("https://a.example", "GET"));
    assert_eq!(unasked.header("access-control-allow-private-network"), None);
}

#[test]
fn the_origin_null_must_be_named() {
    let named = trial(json!({"public_resource": false, "origin_groups": [{"origins": ["null"]}]}));
    assert_eq!(named.run(from("null")).header("access-control-allow-origin"), Some("null"));
}

#[test]
fn any_header_is_echoed_where_all_are_allowed() {
    let all =
        trial(json!({"public_resource": false, "origin_groups": [{"origins": ["*"], "headers": ["*"]}]}));
    let asked =
        preflight("https://a.example", "GET").header("access-control-request-headers", "authorization");
    assert_eq!(
        told(&all.run(asked)),
        [Some("*"), None, Some("GET, POST"), Some("authorization"), Some("30")]
    );
}

#[test]
fn the_first_of_two_rules() {
    let trial = only_shop().and("cors", json!({}));
    assert_eq!(trial.run(from("https://evil.example")).header("access-control-allow-origin"), None);
    let shop = trial.run(from("https://shop.example"));
    assert_eq!(shop.header("access-control-allow-origin"), Some("https://shop.example"));
}

#[test]
fn in_shadow_it_answers_and_changes_nothing() {
    let shadow = only_shop().in_shadow();
    let asked = shadow.run(preflight("https://shop.example", "GET"));
    assert_eq!((asked.status(), told(&asked), asked.sent_upstream().is_some()), (200, [None; 5], true));
}

#[test]
fn says_all_faults_at_once() {
    let kind = crate::kind("cors").expect("listed");
    let states = gatepost_gateway::StateStore::new();
    let faults = |config: Value| {
        let env = gatepost_gateway::Env::new(gatepost_model::AppliedPolicyId(1), "", &states);
        let faults = kind.compile(&config, &env).err().expect("faulty");
        faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>()
    };
    let group = json!([{"origins": ["https://a.example"]}]);
    assert_eq!(
        faults(json!({"support_credentials": true, "origin_groups": group})),
        ["support_credentials", "origin_groups"]
    );
    assert_eq!(faults(json!({"public_resource": false})), ["origin_groups"]);
    let wild = json!([{"origins": ["*"]}]);
    let config = json!({"public_resource": false, "support_credentials": true, "origin_groups": wild});
    assert_eq!(faults(config), ["support_credentials"]);
    let many = json!([
        {"origins": ["*", "https://a.example/path"], "headers": ["a b"], "exposed_headers": ["é"]},
        {"origins": ["https://b.example", "https://B.example:443", "null"]},
    ]);
    assert_eq!(
        faults(json!({"public_resource": false, "support_credentials": true, "origin_groups": many})),
        [
            "origin_groups[0].origins[0]",
            "origin_groups[0].origins[1]",
            "origin_groups[0].headers[0]",
            "origin_groups[0].exposed_headers[0]",
            "origin_groups[1].origins[1]",
            "origin_groups[1].origins[2]",
        ]
    );
}
