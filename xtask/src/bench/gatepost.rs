//! Gatepost without a window, as it is measured: one API, or a data folder with many.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::ground::{Ground, free_port};
use super::http::{self, Connection};
use super::subject::{Ports, Start, Subject};

/// How long it may take until its first answer. Seeding takes longer and has its own limit.
pub const START_LIMIT: Duration = Duration::from_secs(60);
/// What a caller of a protected API sends.
pub const CREDENTIALS: &[&str] = &["client_id: bench", "client_secret: bench-secret"];
/// The token of the management API.
const TOKEN: &str = "bench-token";

/// One API at `/bench`.
#[derive(Clone, Copy, Default)]
pub struct Gatepost {
    /// Its policies, as YAML flow items; none when empty.
    pub policies: &'static str,
    /// Whole header lines with which they let a call pass.
    pub headers: &'static [&'static str],
    /// Listens with TLS too.
    pub tls: bool,
    /// Whether calls are recorded, where that is not the default's to say.
    pub recording: Option<bool>,
}

impl Gatepost {
    /// Starts it with an empty data folder and a configuration file.
    pub fn start(&self, ground: &Ground) -> Result<Subject> {
        let mut ports = Ports::free()?;
        // HTTP/2 without TLS is spoken on the plain port, by prior knowledge.
        ports.h2c = ports.plain;
        let folder = ground.room()?;
        let config = folder.join("gatepost.yaml");
        std::fs::write(&config, self.yaml(ground, ports))?;
        let admin = self.recording.map(|_| free_port()).transpose()?;
        let mut command = serve(ground, &folder.join("data"), admin);
        command.arg("--config").arg(config);
        let subject = Subject::start(Start {
            command,
            folder,
            ports,
            path: "/bench/1k".into(),
            headers: self.headers.iter().map(|&header| header.to_owned()).collect(),
            limit: START_LIMIT,
        })?;
        if let Some((on, port)) = self.recording.zip(admin) {
            Operator::new(port)?.set_recording(on)?;
        }
        Ok(subject)
    }

    /// The first policy of ours that this Gatepost does not know; its fault names it.
    pub fn unknown_policy(&self, ground: &Ground) -> Result<Option<String>> {
        let config = ground.room()?.join("gatepost.yaml");
        std::fs::write(&config, self.yaml(ground, Ports::free()?))?;
        let output = Command::new(&ground.binary).arg("check").arg(config).output()?;
        let said = [output.stdout, output.stderr].concat();
        Ok(unknown_policy(&String::from_utf8_lossy(&said)))
    }

    fn yaml(&self, ground: &Ground, ports: Ports) -> String {
        let (backend, policies) = (ground.backend, self.policies);
        let api = |name: &str, port: u16| {
            format!(
                "  - {{name: {name}, listen: {{port: {port}, base_path: /bench}}, \
                 upstream: {{url: \"http://127.0.0.1:{backend}/bench\"}}, policies: [{policies}]}}\n"
            )
        };
        let mut text = format!("gatepost: 1\napis:\n{}", api("Bench", ports.plain));
        if self.tls {
            let indented = |pem: &str| pem.lines().map(|line| format!("      {line}\n")).collect::<String>();
            text += &api("Bench TLS", ports.tls);
            text += &format!(
                "listeners:\n  - {{address: 127.0.0.1, port: {}, tls: {{certificates: [bench]}}}}\n\
                 certificates:\n  - name: bench\n    certificate: |\n{}    key: |\n{}",
                ports.tls,
                indented(&ground.certificate.chain),
                indented(&ground.certificate.key)
            );
        }
        text + "clients:\n  - {name: Bench, credentials: [{client_id: bench, client_secret: bench-secret}]}\n\
             contracts:\n  - {client: Bench, api: bench, version: v1}\n"
    }
}

fn unknown_policy(said: &str) -> Option<String> {
    let (_, fault) = said.split_once("there is no policy `")?;
    fault.split_once('`').map(|(name, _)| name.to_owned())
}

/// The command that serves a data folder, with as many workers as every other program.
pub fn serve(ground: &Ground, data: &Path, admin: Option<u16>) -> Command {
    let mut command = Command::new(&ground.binary);
    command.arg("serve").arg("--data-dir").arg(data).args(["--workers", &ground.workers.to_string()]);
    match admin {
        Some(port) => command.args(["--admin", &format!("127.0.0.1:{port}")]),
        None => command.arg("--no-admin"),
    };
    command.env("GATEPOST_ADMIN_TOKEN", TOKEN);
    command
}

/// A program that serves a data folder made before.
pub struct Served<'a> {
    pub data: &'a Path,
    /// The port of its APIs.
    pub port: u16,
    /// Answered with 200 once it serves, with these header lines.
    pub path: String,
    pub headers: Vec<String>,
    /// The port of its management API, if it is to have one.
    pub admin: Option<u16>,
}

impl Served<'_> {
    /// Starts it.
    pub fn start(self, ground: &Ground) -> Result<Subject> {
        let ports = Ports { plain: self.port, tls: self.port, h2c: self.port };
        Subject::start(Start {
            command: serve(ground, self.data, self.admin),
            folder: ground.room()?,
            ports,
            path: self.path,
            headers: self.headers,
            limit: START_LIMIT,
        })
    }
}

/// Who changes things through the management API.
pub struct Operator {
    connection: Connection,
    lines: Vec<String>,
}

impl Operator {
    /// `port` is that of the management API, which serves when the gateway does or a moment later.
    pub fn new(port: u16) -> Result<Self> {
        let lines = vec![http::host(port), format!("Authorization: Bearer {TOKEN}")];
        let begun = std::time::Instant::now();
        loop {
            match Connection::open(port) {
                Ok(connection) => return Ok(Self { connection, lines }),
                Err(error) if begun.elapsed() > START_LIMIT => {
                    return Err(error).context("the management API does not answer");
                }
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Reads what is at a path below `/api`.
    pub fn show(&mut self, path: &str) -> Result<Value> {
        self.ask("GET", path, "")
    }

    /// Puts a value at a path below `/api`.
    pub fn put(&mut self, path: &str, value: &Value) -> Result<Value> {
        self.ask("PUT", path, &value.to_string())
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<Value> {
        let request = http::request(method, &format!("/api{path}"), &self.lines, body);
        let answer =
            self.connection.exchange(&request).with_context(|| format!("{method} /api{path} failed"))?;
        if answer.status >= 300 {
            bail!("{method} /api{path}: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        serde_json::from_slice(answer.body).with_context(|| format!("{method} /api{path}: not JSON"))
    }

    fn set_recording(&mut self, on: bool) -> Result<()> {
        let mut settings = self.show("/settings")?;
        match settings.get_mut("recording") {
            Some(value) => *value = on.into(),
            None => bail!("the settings have no `recording`: it cannot be switched off"),
        }
        self.put("/settings", &settings).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_is_not_there_is_named() {
        let said = "f.yaml:3: apis[0].policies[0].policy: there is no policy `cors`\nf.yaml:3: more";
        assert_eq!(unknown_policy(said), Some("cors".into()));
        assert_eq!(unknown_policy("f.yaml: nothing is wrong"), None);
    }
}
