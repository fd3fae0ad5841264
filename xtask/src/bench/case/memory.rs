//! Memory: of a program that does nothing, and of one that holds 10,000 connections that do nothing.

use anyhow::{Context, Result};

use super::{Case, OURS};
use crate::bench::finding::{Bound, Finding, Series};
use crate::bench::gatepost::Gatepost;
use crate::bench::ground::Ground;
use crate::bench::http::{self, Connection};
use crate::bench::peer::PEERS;
use crate::bench::proc;
use crate::bench::subject::Subject;

/// Connections that are held.
const CONNECTIONS: u32 = 10_000;
/// Files that a program needs beside one for each connection: to the backend, of its own.
const OTHER_FILES: u32 = 1_000;

pub const CASES: &[Case] = &[
    Case {
        name: "idle",
        title: "Memory, idle after one request",
        bounds: &[Bound::Value(15.0)],
        run: |ground| beside_peers(ground, 1),
    },
    Case {
        name: "idle-10000",
        title: "Memory, 10,000 idle connections after one request on each",
        bounds: &[Bound::Times("nginx", 2.0)],
        run: |ground| {
            proc::need_files((CONNECTIONS + OTHER_FILES).into())?;
            beside_peers(ground, CONNECTIONS)
        },
    },
];

/// Memory does not vary as times do: each program is measured once, the others not running meanwhile.
fn beside_peers(ground: &Ground, connections: u32) -> Result<Finding> {
    let mut finding = Finding { unit: "MB", ..Finding::default() };
    let ours = Gatepost::default().start(ground).and_then(|subject| held(&subject, connections));
    finding.series.push(series(OURS, ours?));
    for peer in PEERS {
        let held = peer
            .start(ground, connections)
            .and_then(|subject| subject.map(|subject| held(&subject, connections)).transpose());
        match held {
            Ok(Some(megabytes)) => finding.series.push(series(peer.name, megabytes)),
            Ok(None) => finding.left_out.push(format!("{} is not installed", peer.name)),
            Err(error) => finding.left_out.push(format!("{}: {error:#}", peer.name)),
        }
    }
    Ok(finding)
}

fn series(program: &str, megabytes: f64) -> Series {
    println!("  {program:<24} {megabytes:7.1} MB");
    Series::new(program, vec![megabytes])
}

/// Memory while the connections are open and the program has come to rest.
fn held(subject: &Subject, connections: u32) -> Result<f64> {
    let port = subject.ports.plain;
    let request = http::get("/bench/1k", &[http::host(port)]);
    let mut open = Vec::new();
    for number in 0..connections {
        let mut connection = Connection::open(port).with_context(|| format!("connection {number}"))?;
        let status = connection.exchange(&request).with_context(|| format!("connection {number}"))?.status;
        anyhow::ensure!(status == 200, "connection {number} was answered with {status}");
        connection.rest();
        open.push(connection);
    }
    proc::still_cpu_us(subject.pid())?;
    let megabytes = proc::memory_mb(subject.pid())?;
    // Those that were opened first may have been closed to make room: then the memory is that of fewer.
    for (number, connection) in open.iter_mut().enumerate() {
        connection.exchange(&request).with_context(|| format!("connection {number} was not held"))?;
        connection.rest();
    }
    Ok(megabytes)
}
