//! What passing a request on costs, by protocol and size, beside every peer.

use anyhow::Result;

use super::{Case, OURS};
use crate::bench::finding::{Bound, Finding};
use crate::bench::gatepost::Gatepost;
use crate::bench::ground::Ground;
use crate::bench::load::{Call, Tool};
use crate::bench::peer::{PEERS, nginx};
use crate::bench::race::{Entrant, Measure, Race};
use crate::bench::subject::Front;

/// Requests a second at which latency is taken: far from what any of the programs can bear at most.
const STEADY_RATE: u32 = 5_000;

pub const CASES: &[Case] = &[
    Case {
        name: "plain",
        title: "1 KB answers",
        bounds: &[Bound::Times("nginx", 1.0), Bound::Times("Envoy", 0.35)],
        run: |ground| {
            let call = Call::get("/bench/1k");
            let mut race = race(Measure::Cpu, Tool::Wrk, Front::Plain, &call);
            race.entrants.insert(2, Entrant::peer(&nginx::SILENT, &call));
            race.run(ground)
        },
    },
    Case {
        name: "100kb",
        title: "100 KB answers",
        bounds: &[Bound::Times("nginx", 1.2)],
        run: |ground| cpu(ground, Tool::Wrk, Front::Plain, &Call::get("/bench/100k")),
    },
    Case {
        name: "post",
        title: "POST of 10 KB",
        bounds: &[],
        run: |ground| cpu(ground, Tool::Wrk, Front::Plain, &Call::post("/bench/post", 10 * 1024)),
    },
    Case {
        name: "new-connection",
        title: "A new connection for each request",
        bounds: &[],
        run: |ground| {
            cpu(ground, Tool::Wrk, Front::Plain, &Call::get("/bench/1k").with(&["Connection: close"]))
        },
    },
    Case {
        name: "tls",
        title: "TLS, ECDSA P-256, keep-alive",
        bounds: &[Bound::Times("nginx", 1.1)],
        run: |ground| cpu(ground, Tool::Wrk, Front::Tls, &Call::get("/bench/1k")),
    },
    Case {
        name: "http2-tls",
        title: "HTTP/2 over TLS, 8 connections of 4 streams",
        bounds: &[Bound::Times("nginx", 1.1)],
        run: |ground| cpu(ground, Tool::H2load, Front::Tls, &Call::get("/bench/1k")),
    },
    Case {
        name: "http2",
        title: "HTTP/2 without TLS, 8 connections of 4 streams",
        bounds: &[Bound::Times("nginx", 1.1)],
        run: |ground| cpu(ground, Tool::H2load, Front::H2c, &Call::get("/bench/1k")),
    },
    Case {
        name: "latency",
        title: "p99 latency at 5,000 requests a second",
        bounds: &[Bound::Times("nginx", 1.2)],
        run: |ground| {
            race(Measure::P99, Tool::Paced(STEADY_RATE), Front::Plain, &Call::get("/bench/1k")).run(ground)
        },
    },
];

fn cpu(ground: &Ground, tool: Tool, front: Front, call: &Call) -> Result<Finding> {
    race(Measure::Cpu, tool, front, call).run(ground)
}

/// Gatepost without a policy, beside every peer.
fn race(measure: Measure, tool: Tool, front: Front, call: &Call) -> Race {
    let ours = Gatepost { tls: front == Front::Tls, ..Gatepost::default() };
    let mut entrants = vec![Entrant::gatepost(OURS, ours, call.clone())];
    entrants.extend(PEERS.iter().map(|&peer| Entrant::peer(peer, call)));
    Race { measure, tool, front, entrants }
}
