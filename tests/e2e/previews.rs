//! What would be, before it is saved: asked of a running gateway after calls went through it.

use serde_json::{Value, json};

use crate::program::{Backend, Gateway, caller, get};

/// The outcomes of the last calls, oldest first.
fn outcomes(gateway: &Gateway, api: i64, policy: Value) -> Vec<String> {
    let answer = gateway.manage("POST", &format!("/apis/{api}/policies/preview"), policy);
    let calls = answer["calls"].as_array().expect("a list").iter().rev();
    calls.map(|call| call["outcome"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn a_policy_scope_and_expression_are_tried_on_calls_that_went_through() {
    let (backend, gateway) = (Backend::start(), Gateway::start());
    let (api, url) = gateway.add_api("Api", &format!("{}/echo", backend.url));
    let agent = caller();
    let answers = [
        get(&agent, &format!("{url}/a"), &[("x-user", "ann")]),
        get(&agent, &format!("{url}/a"), &[("x-user", "ann")]),
        get(&agent, &format!("{url}/b"), &[("authorization", "Bearer s3cret")]),
    ];
    assert!(answers.iter().all(|answer| answer.status == 200));

    let limit = |only: Value| {
        let config =
            json!({"limits": [{"requests": 1, "per": "1h"}], "key": "#[attributes.headers['x-user']]"});
        json!({"policy": "rate-limiting", "config": config, "only": only})
    };
    assert_eq!(outcomes(&gateway, api, limit(json!([]))), ["passed", "refused", "passed"]);
    let scoped = outcomes(&gateway, api, limit(json!([{"path": "/b"}])));
    assert_eq!(scoped, ["out_of_scope", "out_of_scope", "passed"]);
    let adds =
        json!({"policy": "header-injection", "config": {"outbound_headers": [{"key": "x-a", "value": "1"}]}});
    assert_eq!(outcomes(&gateway, api, adds), ["changed", "changed", "changed"]);
    let basic = json!({"policy": "client-id-enforcement", "config": {"credentials_origin": "http_basic_authentication_header"}});
    assert_eq!(outcomes(&gateway, api, basic), ["refused", "refused", "cannot_tell"]);
    assert_eq!(get(&agent, &format!("{url}/a"), &[]).status, 200, "none of it is in force");

    let scope = json!({"only": [{"path": "/a"}], "requests": [{"path": "/api/v1/b"}]});
    let told = gateway.manage("POST", &format!("/apis/{api}/scope-preview"), scope);
    assert_eq!((&told["requests"][0]["taken"], &told["recorded"][0]["taken"]), (&json!(false), &json!(true)));

    let page = gateway.show("/calls?path=/b");
    let question = |expression: &str| json!({"expression": expression, "call_id": page["calls"][0]["id"]});
    let evaluate = |question: Value| gateway.manage("POST", "/expressions/evaluate", question);
    let path = evaluate(question("at #[attributes.requestPath]"));
    assert_eq!((&path["value"], &path["unrecorded"]), (&json!("at /api/v1/b"), &json!([])));
    let secret = evaluate(question("#[attributes.headers['authorization']]"));
    assert_eq!(
        (&secret["value"], &secret["unrecorded"]),
        (&json!("•••"), &json!(["the value of authorization"]))
    );
}
