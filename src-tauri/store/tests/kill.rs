//! What was acknowledged survives a kill at any moment.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::{SECRET, add_api, add_client, open, save};

/// How often the writer is killed.
const KILLS: usize = 50;
/// Tells this test that it is the writer, and where to write.
const WRITER: &str = "GATEPOST_TEST_WRITE_IN";
/// Begins a line of the writer that acknowledges a save.
const ACKNOWLEDGED: &str = "acknowledged ";

#[test]
fn nothing_acknowledged_is_missing_after_kills() {
    if let Some(dir) = std::env::var_os(WRITER) {
        write_until_killed(Path::new(&dir));
    }
    let home = tempfile::tempdir().expect("tempdir");
    let mut acknowledged = HashSet::new();
    for kill in 0..KILLS {
        // From "just started" to "in full swing"; the writer goes on while it is being killed.
        let fresh = kill_after(start_writer(home.path()), 1 + kill % 7);
        assert!(!fresh.is_empty(), "the writer of round {kill} wrote nothing");
        acknowledged.extend(fresh);
        check(home.path(), &acknowledged, kill);
    }
}

/// Saves one API with its policies, client app, credential and contract after the other, and says so after each.
fn write_until_killed(dir: &Path) -> ! {
    let store = open(dir);
    let mut out = std::io::stdout();
    loop {
        let number = save(&store, |tx| {
            let name = format!("n{}", tx.number());
            let (api, _) = add_api(tx, &name, &["cors", "rate-limiting"])?;
            let app = add_client(tx, &name)?;
            tx.insert_contract(app, api)?;
            Ok(tx.number())
        });
        writeln!(out, "{ACKNOWLEDGED}{number}").and_then(|()| out.flush()).expect("the test reads");
    }
}

fn start_writer(dir: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "nothing_acknowledged_is_missing_after_kills", "--nocapture"])
        .env(WRITER, dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the writer starts")
}

/// Kills the writer once it has acknowledged `saves`, and gives all that it acknowledged until it was dead.
fn kill_after(mut writer: Child, saves: usize) -> Vec<u64> {
    let mut lines = BufReader::new(writer.stdout.take().expect("piped"));
    let mut acknowledged = Vec::new();
    let mut line = String::new();
    while lines.read_line(&mut line).expect("read") > 0 {
        // The test runner may begin the line; one without an end was cut off by the kill.
        if let Some((_, number)) = line.split_once(ACKNOWLEDGED)
            && let Some(number) = number.strip_suffix('\n')
        {
            acknowledged.push(number.parse().expect("a number"));
        }
        if acknowledged.len() == saves {
            writer.kill().expect("killed");
        }
        line.clear();
    }
    writer.wait().expect("ended");
    acknowledged
}

fn check(dir: &Path, acknowledged: &HashSet<u64>, kill: usize) {
    let store = open(dir);
    let catalog = store.load().expect("loads");
    let kept: HashSet<u64> = store.changes(u32::MAX).expect("reads").into_iter().map(|c| c.number).collect();
    let missing: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(missing.is_empty(), "after kill {kill} these are missing: {missing:?}");
    let names: HashSet<_> = kept.iter().map(|number| format!("n{number}")).collect();
    let apis: HashSet<_> = catalog.apis.iter().map(|api| api.asset_id.to_string()).collect();
    let clients: HashSet<_> = catalog.clients.iter().map(|client| client.name.clone()).collect();
    assert_eq!((&apis, &clients), (&names, &names), "a save is whole or not there");
    assert_eq!(catalog.policies.len(), 2 * names.len());
    assert_eq!((catalog.credentials.len(), catalog.contracts.len()), (names.len(), names.len()));
    let newest = catalog.credentials.iter().map(|credential| credential.id).max().expect("some");
    assert_eq!(store.reveal_secret(newest).expect("opens").expect("exists").expose(), SECRET);
}
