//! How many attacks of `corpus/injection` injection protection sees, and how many ordinary values it takes for one; its
//! help page quotes it.
//!
//! `cargo xtask injection` prints the table; `MISSES=1` in the environment prints each value that was judged wrongly.

#![allow(clippy::print_stdout, reason = "the table is what people run it for")]
#![allow(clippy::expect_used, reason = "nothing comes from outside")]

use std::path::{Path, PathBuf};

use gatepost_gateway::{Body, Context, Env, Policy, Request, StateStore, Verdict};
use gatepost_model::{ApiId, AppliedPolicyId};
use serde_json::json;

const FAMILIES: [&str; 7] = ["sql", "xss", "shell", "path_traversal", "ldap", "xpath", "template"];
/// What is promised.
const LEAST_DETECTED: f64 = 0.98;
const MOST_FALSE_ALARMS: f64 = 0.005;
/// Stands for a line break within a value.
const LINE_BREAK: char = '⏎';

/// So many of all.
#[derive(Clone, Copy, Default)]
struct Count {
    of: usize,
    found: usize,
}

impl Count {
    fn share(self) -> f64 {
        self.found as f64 / self.of.max(1) as f64
    }

    fn in_words(self, digits: usize) -> String {
        format!("{:.digits$} % of {}", self.share() * 100.0, self.of)
    }

    fn and(self, other: Self) -> Self {
        Self { of: self.of + other.of, found: self.found + other.found }
    }
}

#[test]
fn sees_attacks_and_leaves_ordinary_values_alone() {
    println!("\n{:<16}{:>36}{:>36}", "", "attacks seen", "false alarms");
    println!("{:<16}{:>18}{:>18}{:>18}{:>18}", "family", "corpus", "held out", "corpus", "held out");
    let (mut broken, mut rows) = (Vec::new(), Vec::new());
    for family in FAMILIES {
        let policy = policy(family);
        let attacks = ["", "held_out"].map(|part| {
            judge(&*policy, &folder(part).join("attacks").join(format!("{family}.txt")), family, true)
        });
        let alarms = ["", "held_out"].map(|part| {
            let files = files(&folder(part).join("ordinary"));
            files.iter().map(|file| judge(&*policy, file, family, false)).fold(Count::default(), Count::and)
        });
        println!(
            "{family:<16}{}{}{}{}",
            cell(attacks[0]),
            cell(attacks[1]),
            cell(alarms[0]),
            cell(alarms[1])
        );
        let held_out = attacks[1].in_words(1);
        let (attacks, alarms) = (attacks[0].and(attacks[1]), alarms[0].and(alarms[1]));
        rows.push(format!("| `{family}` | {} | {held_out} | {} |", attacks.in_words(1), alarms.in_words(2)));
        if attacks.share() < LEAST_DETECTED || alarms.share() > MOST_FALSE_ALARMS {
            broken.push(family);
        }
    }
    assert!(
        broken.is_empty(),
        "at least 98 % of attacks and at most 0.5 % false alarms do not hold for {broken:?}"
    );
    let schema = gatepost_policies::kind("injection-protection").expect("listed").schema();
    let help = schema["description"].as_str().expect("a help page");
    rows.retain(|row| !help.contains(row));
    assert!(rows.is_empty(), "the help page does not quote what was measured:\n{}", rows.join("\n"));
}

fn cell(count: Count) -> String {
    format!("{:>18}", count.in_words(2))
}

fn folder(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/injection").join(part)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the corpus is there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn policy(family: &str) -> Box<dyn Policy> {
    let config = json!({"built_in_protections": [family], "protect_headers": false});
    let kind = gatepost_policies::kind("injection-protection").expect("listed");
    kind.compile(&config, &Env::new(AppliedPolicyId(1), "", &StateStore::new()))
        .unwrap_or_else(|_| panic!("compiles"))
}

/// Counts the values of a file that are taken for attacks.
fn judge(policy: &dyn Policy, file: &Path, family: &str, is_attack: bool) -> Count {
    let text = std::fs::read_to_string(file).expect("a text");
    let tells = std::env::var_os("MISSES").is_some();
    let mut count = Count::default();
    for line in text.lines() {
        let is_refused = refuses(policy, &line.replace(LINE_BREAK, "\n"));
        count = count.and(Count { of: 1, found: usize::from(is_refused) });
        if is_refused != is_attack && tells {
            let held_out =
                if file.components().any(|part| part.as_os_str() == "held_out") { "held out " } else { "" };
            println!("{} {family} {held_out}{line}", if is_attack { "missed" } else { "alarm " });
        }
    }
    assert!(count.of > 0, "{}", file.display());
    count
}

/// Sends the value as a text in JSON.
fn refuses(policy: &dyn Policy, value: &str) -> bool {
    let body = Body::from(json!({ "value": value }).to_string());
    let request: http::Request<Body> =
        http::Request::post("/").header("content-type", "application/json").body(body).expect("valid");
    let mut request: Request = request;
    let mut cx = Context::plain(std::sync::Arc::default(), ApiId(1));
    match policy.on_request(&mut request, &mut cx) {
        Verdict::Now(decision) => decision.is_err(),
        Verdict::Later(_) => panic!("it waits for nothing"),
    }
}
