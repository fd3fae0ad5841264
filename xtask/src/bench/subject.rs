//! The programs that are measured, started with files in a temporary folder and ended when dropped.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::project;

/// How long a program may take until its first answer.
const START_LIMIT: Duration = Duration::from_secs(20);
/// How long a program may take to end when asked.
const END_LIMIT: Duration = Duration::from_secs(10);
/// The size of the body that the backend answers.
const BODY_BYTES: usize = 1024;

/// A running program.
pub struct Subject {
    child: Child,
    /// Where it answers.
    pub url: String,
    /// From the start of the process to its first answer.
    pub first_answer: Duration,
}

impl Subject {
    /// The backend that all others proxy to: nginx answering 1 KB from its configuration, one worker.
    pub fn backend(folder: &Path) -> Result<Self> {
        let body = "x".repeat(BODY_BYTES);
        let port = free_port()?;
        let server = format!("server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{body}'; }} }}");
        nginx(&folder.join("backend"), 1, "off", &server, port, "/")
    }

    /// The peer: nginx as a proxy with upstream connections that stay open. `access_log` is `off` or a file's name.
    pub fn nginx(folder: &Path, workers: usize, access_log: &str, backend: &str) -> Result<Self> {
        let port = free_port()?;
        let server = format!(
            "upstream backend {{ server {backend}; keepalive 128; keepalive_requests 1000000000; }}
             server {{ listen 127.0.0.1:{port} reuseport; location /bench {{ proxy_pass http://backend/;
               proxy_http_version 1.1; proxy_set_header Connection ''; }} }}"
        );
        nginx(folder, workers, access_log, &server, port, "/bench")
    }

    /// Gatepost without a window, recording on, with one API at `/bench` whose policies are `policies` (YAML).
    pub fn gatepost(binary: &Path, folder: &Path, backend: &str, policies: &str) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let (port, config) = (free_port()?, folder.join("gatepost.yaml"));
        fs::write(&config, gatepost_yaml(port, backend, policies))?;
        let mut command = Command::new(binary);
        command
            .arg("serve")
            .arg("--data-dir")
            .arg(folder.join("data"))
            .arg("--config")
            .arg(config)
            .arg("--no-admin");
        start(command, folder, port, "/bench", if policies.is_empty() { &[] } else { CREDENTIALS })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

/// What a caller of the protected API sends.
pub const CREDENTIALS: &[&str] = &["client_id: bench", "client_secret: bench-secret"];

/// Client ID enforcement and a limit that is counted but never reached.
pub const POLICIES: &str = "
      - policy: client-id-enforcement
      - policy: rate-limiting
        config: {limits: [{requests: 1000000000, per: 1m}]}";

fn gatepost_yaml(port: u16, backend: &str, policies: &str) -> String {
    let policies = if policies.is_empty() { "[]" } else { policies };
    format!(
        "gatepost: 1
apis:
  - name: Bench
    listen: {{port: {port}, base_path: /bench}}
    upstream: {{url: \"http://{backend}/\"}}
    policies: {policies}
clients:
  - name: Bench
    credentials: [{{client_id: bench, client_secret: bench-secret}}]
contracts:
  - {{client: Bench, api: bench, version: v1}}
"
    )
}

fn nginx(
    folder: &Path,
    workers: usize,
    access_log: &str,
    server: &str,
    port: u16,
    path: &str,
) -> Result<Subject> {
    fs::create_dir_all(folder)?;
    let config = format!(
        "daemon off; worker_processes {workers}; pid nginx.pid; error_log stderr warn;
         events {{ worker_connections 1024; }}
         http {{ access_log {access_log}; keepalive_requests 1000000000; keepalive_timeout 75s;
           client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
           {server} }}"
    );
    fs::write(folder.join("nginx.conf"), config)?;
    let mut command = Command::new(project::program(&["nginx"]).context("nginx is missing")?);
    command.arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "stderr"]);
    start(command, folder, port, path, &[])
}

fn start(mut command: Command, folder: &Path, port: u16, path: &str, headers: &[&str]) -> Result<Subject> {
    let log = folder.join("output.log");
    let output = File::create(&log)?;
    let started = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).spawn()?;
    let mut subject =
        Subject { child, url: format!("http://127.0.0.1:{port}{path}"), first_answer: Duration::ZERO };
    while !answers(port, path, headers) {
        let ended = subject.child.try_wait()?;
        if ended.is_some() || started.elapsed() > START_LIMIT {
            bail!("{:?} does not answer ({ended:?}):\n{}", command.get_program(), fs::read_to_string(&log)?);
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    subject.first_answer = started.elapsed();
    Ok(subject)
}

/// Whether a GET is answered with 200.
fn answers(port: u16, path: &str, headers: &[&str]) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(
            &SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            Duration::from_secs(1),
        )?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Connection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(&head == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

/// The address of a backend's URL.
pub fn authority(url: &str) -> &str {
    url.trim_start_matches("http://").split('/').next().unwrap_or_default()
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

impl Drop for Subject {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if asked.elapsed() > END_LIMIT {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_from_its_url() {
        assert_eq!(authority("http://127.0.0.1:9000/bench"), "127.0.0.1:9000");
    }

    #[test]
    fn nobody_answers_on_a_free_port() {
        assert!(!answers(free_port().unwrap(), "/", &[]));
    }
}
