//! What policies and the record of every call cost, beside our own plain case.

use anyhow::Result;

use super::{Case, OURS};
use crate::bench::finding::{Bound, Finding};
use crate::bench::gatepost::{CREDENTIALS, Gatepost};
use crate::bench::ground::Ground;
use crate::bench::load::{Call, Tool};
use crate::bench::race::{Entrant, Measure, Race};
use crate::bench::subject::Front;

/// Ourselves without a policy.
const PLAIN: &str = "without policies";
/// Ourselves without a record.
const UNRECORDED: &str = "recording off";

/// A limit that is counted and never reached, and a header each way.
const THREE: &str = "{policy: client-id-enforcement}, \
    {policy: rate-limiting, config: {limits: [{requests: 1000000000, per: 1m}]}}, \
    {policy: header-injection, config: {inbound_headers: [{key: x-caller, value: bench}], \
     outbound_headers: [{key: x-served-by, value: gatepost}]}}";

/// The three, behind an address list and CORS.
const FIVE: &str = "{policy: cors}, {policy: ip-allowlist, config: {ips: [127.0.0.0/8]}}, \
    {policy: client-id-enforcement}, \
    {policy: rate-limiting, config: {limits: [{requests: 1000000000, per: 1m}]}}, \
    {policy: header-injection, config: {inbound_headers: [{key: x-caller, value: bench}], \
     outbound_headers: [{key: x-served-by, value: gatepost}]}}";

/// All families that are on by default, on everything but headers, of which a load has hardly any.
const INJECTION: &str = "{policy: injection-protection}";

/// What a shop's front end might send, 1 KB of it.
const ORDER: &str = r#"{"order_id":"8f14e45f-ceea-467f-a0e6-2b1f4c0d7a91","created":"2026-03-14T15:09:26Z","customer":{"first_name":"Siobhan","last_name":"O'Brien","email":"siobhan.obrien+orders@example.com","phone":"+353 1 555 0134"},"ship_to":{"street":"12 Baker Street, Apt #4","city":"Galway","postal_code":"H91 E2K3","country":"IE"},"items":[{"sku":"BK-10423","title":"The Art of Doing Science & Engineering","quantity":1,"price":27.5,"tags":["books","science"]},{"sku":"MG-00217","title":"Mug, 0.3 l (dishwasher safe)","quantity":2,"price":9.9,"tags":["kitchen"]},{"sku":"TS-55120","title":"T-shirt \"Ship it!\" size M","quantity":1,"price":19.0,"tags":["clothes","sale"]}],"note":"Please ring twice; if nobody's in, leave it with the neighbours or select a drop-off point. Thanks!","gift":false,"coupon":null,"total":66.3,"currency":"EUR","url":"https://shop.example.com/cart?step=3&ref=mail","meta":{"client":"web/4.2.1","locale":"en-IE","session":"c2Vzc2lvbi0xMjM0NTY3ODkw"}}"#;

/// A key on P-256 that signed the token below, and nothing else.
const JWT: &str = r#"{policy: jwt-validation, config: {signing_method: es, skip_client_id_validation: true, mandatory_exp_claim: true,
    text_key: '{"kty":"EC","crv":"P-256","kid":"one","use":"sig","x":"J9_58xYhok6Qx6-AaTiX05TfS2T4ziNoMuu--1_QuWU","y":"WTwG_heT7qAMqiLTPQ3NT0l59FMbYTJxygzKqoaZV4M"}'}}"#;
/// Good until 2100.
const TOKEN: &[&str] = &[
    "Authorization: Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6Im9uZSJ9.eyJzdWIiOiJhbm4iLCJhenAiOiJteS10ZXN0LWFwcCIsImV4cCI6NDEwMjQ0NDgwMH0.mCraKOmnw18o0np6cFz2Qng3ssb715BpQGoeAjLZVGYeGH25HrmZOTpPoO9fWDtiHJm4InYUXlgDjrOwxZ6tSQ",
];

pub const CASES: &[Case] = &[
    Case {
        name: "policies-3",
        title: "Client ID, rate limit and header injection",
        bounds: &[Bound::Times(PLAIN, 1.2)],
        run: |ground| beside_plain(ground, THREE, CREDENTIALS, &Call::get("/bench/1k")),
    },
    Case {
        name: "policies-5",
        title: "The same behind an IP list and CORS",
        bounds: &[Bound::Times(PLAIN, 1.2)],
        run: |ground| beside_plain(ground, FIVE, CREDENTIALS, &Call::get("/bench/1k")),
    },
    Case {
        name: "injection",
        title: "Injection protection on a POST of 1 KB of JSON",
        bounds: &[Bound::Times(PLAIN, 1.5)],
        run: |ground| beside_plain(ground, INJECTION, &[], &Call::post_json("/bench/post", ORDER)),
    },
    Case {
        name: "jwt",
        title: "A JWT signed with ECDSA P-256, its key at hand",
        bounds: &[],
        run: |ground| beside_plain(ground, JWT, TOKEN, &Call::get("/bench/1k")),
    },
    Case {
        name: "recording",
        title: "Recording on",
        bounds: &[Bound::Times(UNRECORDED, 1.1)],
        run: |ground| {
            let recording = |on| Gatepost { recording: Some(on), ..Gatepost::default() };
            let call = Call::get("/bench/1k");
            pair(
                Entrant::gatepost(OURS, recording(true), call.clone()),
                Entrant::gatepost(UNRECORDED, recording(false), call),
            )
            .run(ground)
        },
    },
];

/// `headers` let a call pass the policies.
fn beside_plain(
    ground: &Ground,
    policies: &'static str,
    headers: &'static [&'static str],
    call: &Call,
) -> Result<Finding> {
    let ours = Gatepost { policies, headers, ..Gatepost::default() };
    if let Some(name) = ours.unknown_policy(ground)? {
        let left_out = vec![format!("Gatepost has no policy `{name}` yet")];
        println!("  left out: {}", left_out[0]);
        return Ok(Finding { left_out, ..Finding::default() });
    }
    pair(
        Entrant::gatepost(OURS, ours, call.clone().with(headers)),
        Entrant::gatepost(PLAIN, Gatepost::default(), call.clone()),
    )
    .run(ground)
}

fn pair(ours: Entrant, beside: Entrant) -> Race {
    Race { measure: Measure::Cpu, tool: Tool::Wrk, front: Front::Plain, entrants: vec![ours, beside] }
}
