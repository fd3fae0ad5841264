//! A program that is measured: started with files in a folder of its own, ended when dropped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::http::{self, Connection};
use crate::step;

/// How long a program may take to end when asked.
const END_LIMIT: Duration = Duration::from_secs(10);
/// Pause between two looks at whether a program answers.
const LOOK_AGAIN: Duration = Duration::from_micros(500);
/// How much of what a failed program said is passed on, in characters.
const SAID: usize = 400;

/// Where a program listens: HTTP/1.1, TLS (HTTP/1.1 and HTTP/2 by ALPN), HTTP/2 without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub plain: u16,
    pub tls: u16,
    pub h2c: u16,
}

/// Which of its ports is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    Plain,
    Tls,
    H2c,
}

/// How a program is started, and how one sees that it serves.
pub struct Start {
    pub command: Command,
    pub folder: PathBuf,
    pub ports: Ports,
    /// Answered with 200 on the plain port once it serves.
    pub path: String,
    /// Whole header lines that the answer needs.
    pub headers: Vec<String>,
    /// How long it may take.
    pub limit: Duration,
}

/// A running program.
pub struct Subject {
    child: Child,
    pub ports: Ports,
    /// From the start of the process to its first answer.
    pub first_answer: Duration,
}

impl Subject {
    /// Starts a program and waits until it serves.
    pub fn start(mut start: Start) -> Result<Self> {
        let log = start.folder.join("output.log");
        let output = File::create(&log)?;
        start.command.current_dir(&start.folder).stdout(output.try_clone()?).stderr(output);
        let begun = Instant::now();
        let child = step::start_in_group(&mut start.command)?;
        let mut subject = Self { child, ports: start.ports, first_answer: Duration::ZERO };
        while !answers(start.ports.plain, &start.path, &start.headers) {
            let ended = subject.child.try_wait()?;
            if ended.is_some() || begun.elapsed() > start.limit {
                let why =
                    ended.map_or_else(|| format!("not within {:?}", start.limit), |ended| ended.to_string());
                bail!("{} does not serve ({why}): {}", name(&start.command), said(&log, &start.folder));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        subject.first_answer = begun.elapsed();
        Ok(subject)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The address of a path.
    pub fn url(&self, front: Front, path: &str) -> String {
        let (scheme, port) = match front {
            Front::Plain => ("http", self.ports.plain),
            Front::Tls => ("https", self.ports.tls),
            Front::H2c => ("http", self.ports.h2c),
        };
        format!("{scheme}://127.0.0.1:{port}{path}")
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let id = self.child.id();
        if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if asked.elapsed() > END_LIMIT {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        step::end_group(id);
    }
}

/// Whether a GET is answered with 200.
fn answers(port: u16, path: &str, headers: &[String]) -> bool {
    let mut lines = vec![http::host(port), "Connection: close".to_owned()];
    lines.extend_from_slice(headers);
    let ask =
        || std::io::Result::Ok(Connection::open(port)?.exchange(&http::get(path, &lines))?.status == 200);
    ask().unwrap_or(false)
}

fn name(command: &Command) -> String {
    Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The end of what a program wrote, in one line, without colours and without naming its folder.
fn said(log: &Path, folder: &Path) -> String {
    let text = plain(&fs::read_to_string(log).unwrap_or_default());
    let text = text.replace(&format!("{}/", folder.display()), "");
    let from = text.char_indices().rev().nth(SAID).map_or(0, |(at, _)| at);
    text[from..].split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without escape sequences such as `ESC [ 2 m`.
fn plain(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default();
    let rest =
        pieces.map(|piece| piece.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |(_, text)| text));
    std::iter::once(first).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::super::ground::free_port;
    use super::*;

    #[test]
    fn nobody_answers_on_a_free_port() {
        assert!(!answers(free_port().unwrap(), "/", &[]));
    }

    #[test]
    fn a_program_that_ends_is_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such setting >&2; exit 3"]);
        let failed = Subject::start(Start {
            command,
            folder: folder.path().to_owned(),
            ports: Ports::free().unwrap(),
            path: "/".into(),
            headers: Vec::new(),
            limit: Duration::from_secs(10),
        });
        let error = failed.err().unwrap().to_string();
        assert!(error.contains("no such setting") && error.contains('3'), "{error}");
    }

    #[test]
    fn colours_are_left_out_of_what_is_quoted() {
        assert_eq!(plain("\u{1b}[2m12:00\u{1b}[0m \u{1b}[33mWARN\u{1b}[0m full"), "12:00 WARN full");
    }

    #[test]
    fn each_front_has_its_address() {
        let folder = tempfile::tempdir().unwrap();
        let child =
            step::start_in_group(Command::new("sleep").arg("600").current_dir(folder.path())).unwrap();
        let ports = Ports { plain: 1, tls: 2, h2c: 3 };
        let subject = Subject { child, ports, first_answer: Duration::ZERO };
        assert_eq!(subject.url(Front::Plain, "/a"), "http://127.0.0.1:1/a");
        assert_eq!(subject.url(Front::Tls, "/a"), "https://127.0.0.1:2/a");
        assert_eq!(subject.url(Front::H2c, "/a"), "http://127.0.0.1:3/a");
    }
}
