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

pub const CASES: &[Case] = &[
    Case {
        name: "policies-3",
        title: "Client ID, rate limit and header injection",
        bounds: &[Bound::Times(PLAIN, 1.2)],
        run: |ground| beside_plain(ground, THREE),
    },
    Case {
        name: "policies-5",
        title: "The same behind an IP list and CORS",
        bounds: &[Bound::Times(PLAIN, 1.2)],
        run: |ground| beside_plain(ground, FIVE),
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

fn beside_plain(ground: &Ground, policies: &'static str) -> Result<Finding> {
    let call = Call::get("/bench/1k");
    let ours = Gatepost { policies, ..Gatepost::default() };
    if let Some(name) = ours.unknown_policy(ground)? {
        let left_out = vec![format!("Gatepost has no policy `{name}` yet")];
        println!("  left out: {}", left_out[0]);
        return Ok(Finding { left_out, ..Finding::default() });
    }
    pair(
        Entrant::gatepost(OURS, ours, call.clone().with(CREDENTIALS)),
        Entrant::gatepost(PLAIN, Gatepost::default(), call),
    )
    .run(ground)
}

fn pair(ours: Entrant, beside: Entrant) -> Race {
    Race { measure: Measure::Cpu, tool: Tool::Wrk, front: Front::Plain, entrants: vec![ours, beside] }
}
