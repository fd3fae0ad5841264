//! A data folder with many APIs and client apps, made the way an operator makes it: from a configuration file.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::gatepost::{self, Served};
use super::ground::{Ground, free_port};
use super::http;
use super::load::Call;
use super::subject::{Ports, Start, Subject};

/// What the promise speaks of.
pub const MANY_APIS: u32 = 10_000;
pub const MANY_CLIENTS: u32 = 100_000;
/// How long it may take to put the file in force.
const SEED_LIMIT: Duration = Duration::from_secs(180);
/// Different requests that a load goes through: more than fit into a processor's nearest caches with all they touch.
const REQUESTS: u32 = 20_000;
/// What the limit of every API's rate limit begins at: counted, shown in the answer, never reached.
pub const FIRST_LIMIT: u32 = 900_000_000;

/// A filled data folder.
pub struct Seeded {
    pub data: PathBuf,
    /// Where its APIs listen.
    pub port: u16,
    apis: u32,
    clients: u32,
}

/// Fills a folder: each API has client ID enforcement and a rate limit, each client app a contract with one API.
pub fn seed(ground: &Ground, apis: u32, clients: u32) -> Result<Seeded> {
    let (folder, port) = (ground.room()?, free_port()?);
    let config = folder.join("gatepost.yaml");
    std::fs::write(&config, yaml(apis, clients, port, ground.backend))?;
    let seeded = Seeded { data: folder.join("data"), port, apis, clients };
    let mut command = gatepost::serve(ground, &seeded.data, None);
    command.arg("--config").arg(config);
    let begun = Instant::now();
    let ports = Ports { plain: port, tls: port, h2c: port };
    let (path, headers) = (path(0), credentials(0));
    drop(Subject::start(Start { command, folder, ports, path, headers, limit: SEED_LIMIT })?);
    if clients > 1 {
        println!(
            "  {apis} APIs and {clients} client apps put in force in {:.1} s",
            begun.elapsed().as_secs_f64()
        );
    }
    Ok(seeded)
}

impl Seeded {
    /// Gatepost on this folder.
    pub fn start(&self, ground: &Ground, admin: Option<u16>) -> Result<Subject> {
        Served { data: &self.data, port: self.port, path: path(0), headers: credentials(0), admin }
            .start(ground)
    }

    /// Requests for all APIs by all client apps, in no order that a processor could foresee.
    pub fn calls(&self) -> Call {
        let script = format!(
            "math.randomseed(1)
             local requests, next = {{}}, 0
             init = function()
               for n = 1, {REQUESTS} do
                 local client = math.random({clients}) - 1
                 requests[n] = wrk.format('GET', string.format('/m%06d/1k', client % {apis}), {{
                   ['Host'] = '127.0.0.1:{port}',
                   ['client_id'] = string.format('c%06d', client),
                   ['client_secret'] = string.format('secret-%06d', client)}})
               end
             end
             request = function()
               next = next % {REQUESTS} + 1
               return requests[next]
             end
             ",
            clients = self.clients,
            apis = self.apis,
            port = self.port,
        );
        Call { script: Some(script), ..Call::get("/") }
    }

    /// The bytes of a request for the first API by its first client app.
    pub fn first_request(&self) -> Vec<u8> {
        let mut lines = vec![http::host(self.port)];
        lines.extend(credentials(0));
        http::get(&path(0), &lines)
    }
}

fn path(api: u32) -> String {
    format!("/m{api:06}/1k")
}

fn credentials(client: u32) -> Vec<String> {
    vec![format!("client_id: c{client:06}"), format!("client_secret: secret-{client:06}")]
}

fn yaml(apis: u32, clients: u32, port: u16, backend: u16) -> String {
    let mut text = String::from("gatepost: 1\napis:\n");
    for api in 0..apis {
        let _ = writeln!(
            text,
            "- {{name: m{api:06}, listen: {{port: {port}, base_path: /m{api:06}}}, \
             upstream: {{url: \"http://127.0.0.1:{backend}/bench\"}}, policies: [{{policy: client-id-enforcement}}, \
             {{policy: rate-limiting, config: {{limits: [{{requests: {FIRST_LIMIT}, per: 1m}}], expose_headers: true}}}}]}}"
        );
    }
    text.push_str("clients:\n");
    for client in 0..clients {
        let _ = writeln!(
            text,
            "- {{name: c{client:06}, credentials: [{{client_id: c{client:06}, client_secret: secret-{client:06}}}]}}"
        );
    }
    text.push_str("contracts:\n");
    for client in 0..clients {
        let _ = writeln!(text, "- {{client: c{client:06}, api: m{:06}}}", client % apis);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_has_a_contract_with_an_api_that_exists() {
        let text = yaml(2, 3, 8081, 9000);
        assert!(text.contains("base_path: /m000001") && !text.contains("m000002"));
        let contracts: Vec<_> = text.lines().filter(|line| line.starts_with("- {client: ")).collect();
        assert_eq!(
            contracts,
            [
                "- {client: c000000, api: m000000}",
                "- {client: c000001, api: m000001}",
                "- {client: c000002, api: m000000}"
            ]
        );
    }

    #[test]
    fn the_file_of_the_promise_is_not_too_large_for_the_program() {
        assert!(yaml(MANY_APIS, MANY_CLIENTS, 65_535, 65_535).len() < 16 << 20);
    }

    #[test]
    fn the_load_asks_with_what_the_file_says() {
        let seeded = Seeded { data: PathBuf::new(), port: 8081, apis: 2, clients: 3 };
        let script = seeded.calls().script.unwrap();
        assert!(script.contains("client % 2") && script.contains("math.random(3)"));
        let request = String::from_utf8(seeded.first_request()).unwrap();
        assert!(request.starts_with("GET /m000000/1k HTTP/1.1\r\n") && request.contains("secret-000000"));
    }
}
