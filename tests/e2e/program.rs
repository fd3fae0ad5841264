//! The language of the journeys: a running program, its management API, and callers.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

/// Longest that anything may take before a journey gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The built program with these arguments.
pub fn gatepost(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatepost"));
    command.args(arguments).env_remove("GATEPOST_ADMIN_TOKEN").env_remove("GATEPOST_DATA_DIR");
    command
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Output {
    gatepost(arguments).output().expect("the program starts")
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("bound").port()
}

/// Asks until the answer is there.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let give_up = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < give_up, "still not: {what}");
        std::thread::yield_now();
    }
}

/// A caller that keeps its connections, and takes every status as an answer.
pub fn caller() -> Agent {
    Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into()
}

/// An answer read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn read(response: Response<Body>) -> Self {
        let (head, mut body) = response.into_parts();
        let body = body.read_to_string().expect("a whole body");
        Self { status: head.status.as_u16(), headers: head.headers, body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }
}

/// GET with headers.
pub fn get(agent: &Agent, url: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = agent.get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::read(request.call().unwrap_or_else(|error| panic!("{url}: {error}")))
}

/// A running `gatepost` of some kind; ended when dropped.
pub struct Program {
    child: Child,
    lines: Receiver<String>,
}

impl Program {
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_as(gatepost(arguments))
    }

    fn start_as(mut command: Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let (sender, lines) = channel();
        for output in [
            Box::new(child.stdout.take().expect("piped")) as Box<dyn std::io::Read + Send>,
            Box::new(child.stderr.take().expect("piped")),
        ] {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Self { child, lines }
    }

    /// The rest of the first line that begins like this.
    pub fn wait_for(&self, beginning: &str) -> String {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => match line.strip_prefix(beginning) {
                    Some(rest) => return rest.trim().to_owned(),
                    None => seen.push(line),
                },
                Err(_) => panic!("no line `{beginning}...`, only {seen:#?}"),
            }
        }
    }

    /// Waits for a line with this in it.
    pub fn wait_for_line(&self, part: &str) {
        while !self.lines.recv_timeout(PATIENCE).expect("the line comes").contains(part) {}
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// SIGTERM; the exit code.
    pub fn terminate(mut self) -> Option<i32> {
        signal(self.child.id(), "TERM");
        until("the program ends", || self.child.try_wait().expect("waits")).code()
    }
}

fn signal(id: u32, name: &str) {
    let done = Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status().expect("kill runs");
    assert!(done.success());
}

impl Drop for Program {
    fn drop(&mut self) {
        // Ended already is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder of a journey's own, and the program serving from it.
pub struct Gateway {
    pub program: Program,
    pub folder: DataFolder,
    pub port: u16,
    admin: String,
    token: String,
    agent: Agent,
}

/// Where a program keeps its data; outlives the program, so that another can start on it.
pub struct DataFolder(TempDir);

impl DataFolder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    }
}

impl Gateway {
    pub fn start() -> Self {
        Self::start_on(DataFolder::new(), &[])
    }

    pub fn start_on(folder: DataFolder, more: &[&str]) -> Self {
        Self::start_as(folder, more, |command| command)
    }

    /// With environment variables of its own.
    pub fn start_with(folder: DataFolder, more: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::start_as(folder, more, |mut command| {
            command.envs(variables.iter().copied());
            command
        })
    }

    /// With so few file descriptors, none to be had beyond.
    pub fn start_with_descriptors(most: u32) -> Self {
        Self::start_as(DataFolder::new(), &[], |command| {
            let mut limited = Command::new("sh");
            limited.args(["-c", &format!("ulimit -n {most} && exec \"$0\" \"$@\"")]);
            limited.arg(command.get_program()).args(command.get_args());
            limited
        })
    }

    fn start_as(folder: DataFolder, more: &[&str], around: impl FnOnce(Command) -> Command) -> Self {
        let data_dir = folder.path().join("data");
        let mut arguments =
            vec!["serve", "--data-dir", data_dir.to_str().expect("text"), "--admin", "127.0.0.1:0"];
        arguments.extend(more);
        let program = Program::start_as(around(gatepost(&arguments)));
        let console = program.wait_for("Console");
        program.wait_for("Ready");
        let (admin, token) = console.split_once("/#token=").expect("an address with a token");
        let (admin, token) = (admin.to_owned(), token.to_owned());
        Self { program, folder, port: free_port(), admin, token, agent: caller() }
    }

    /// Ends the program with SIGKILL and gives the folder back.
    pub fn kill(self) -> DataFolder {
        self.program.kill();
        self.folder
    }

    pub fn admin(&self) -> &str {
        &self.admin
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// A management request; whatever the status.
    pub fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/api{path}", self.admin))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json");
        let request =
            request.body(body.map_or_else(String::new, |body| body.to_string())).expect("a request");
        Answer::read(self.agent.run(request).expect("the management API answers"))
    }

    /// A management request that must succeed; its answer.
    pub fn manage(&self, method: &str, path: &str, body: Value) -> Value {
        let body = if body.is_null() { None } else { Some(body) };
        let answer = self.ask(method, path, body);
        assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.body);
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    pub fn show(&self, path: &str) -> Value {
        self.manage("GET", path, Value::Null)
    }

    /// The live stream from now on.
    pub fn live(&self) -> Receiver<Value> {
        let request = Request::get(format!("{}/api/live", self.admin))
            .header("authorization", format!("Bearer {}", self.token))
            .body(())
            .expect("a request");
        let stream = caller().run(request).expect("the live stream begins").into_body().into_reader();
        let (sender, events) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let Some(data) = line.strip_prefix("data:") else { continue };
                let event = serde_json::from_str(data.trim()).expect("JSON");
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        events
    }

    /// Adds an API on this gateway's port; its number and URL.
    pub fn add_api(&self, name: &str, upstream: &str) -> (i64, String) {
        let api = self.manage(
            "POST",
            "/apis",
            json!({"name": name, "listen": {"port": self.port}, "upstream": {"url": upstream}}),
        );
        (api["id"].as_i64().expect("a number"), api["proxy_url"].as_str().expect("a URL").to_owned())
    }

    pub fn apply(&self, api: i64, policy: &str, config: Value) -> i64 {
        let applied = self.manage(
            "POST",
            &format!("/apis/{api}/policies"),
            json!({"policy": policy, "config": config}),
        );
        applied["id"].as_i64().expect("a number")
    }

    /// A client app with a credential: its number, client ID and secret.
    pub fn client(&self, name: &str) -> (i64, String, String) {
        let app = self.manage("POST", "/clients", json!({"name": name}));
        let credential = &app["credentials"][0];
        let text = |member: &str| credential[member].as_str().expect("issued").to_owned();
        (app["id"].as_i64().expect("a number"), text("client_id"), text("client_secret"))
    }

    pub fn grant(&self, client: i64, api: i64) -> i64 {
        let contract = self.manage("POST", "/contracts", json!({"client_app_id": client, "api_id": api}));
        contract["id"].as_i64().expect("a number")
    }
}

/// The sample API on a port of its own.
pub struct Backend {
    _program: Program,
    pub url: String,
}

impl Backend {
    pub fn start() -> Self {
        let program = Program::start(&["demo", "--port", "0"]);
        let url = program.wait_for("Sample API");
        Self { _program: program, url }
    }
}
