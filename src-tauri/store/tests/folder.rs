//! What the data folder promises: one process, no secret in clear, clear words when something is wrong.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;

use common::{SECRET, add_api, add_client, new_certificate, open, save, tls};
use gatepost_store::{OpenError, Store};
use rusqlite::Connection;

fn refusal(dir: &Path) -> OpenError {
    Store::open(dir).map(drop).expect_err("refused")
}

#[test]
fn refuses_a_second_start_on_the_same_folder() {
    let home = tempfile::tempdir().expect("tempdir");
    let first = open(home.path());
    let error = refusal(home.path());
    assert!(matches!(error, OpenError::InUse { .. }), "{error:?}");
    assert!(error.to_string().contains(&home.path().display().to_string()), "{error}");
    save(&first, |tx| add_client(tx, "app"));
    drop(first);
    assert_eq!(open(home.path()).load().expect("loads").clients.len(), 1);
}

#[test]
fn refuses_a_newer_database() {
    let home = tempfile::tempdir().expect("tempdir");
    drop(open(home.path()));
    let path = home.path().join("gatepost.db");
    let later = |older_may_open: bool| {
        let db = Connection::open(&path).expect("opens");
        db.execute("INSERT INTO migration VALUES (2099010101 + ?1, ?1)", [older_may_open]).expect("written");
        db.pragma_update(None, "user_version", 2_099_010_101).expect("written");
    };
    later(true);
    drop(open(home.path()));
    later(false);
    let error = refusal(home.path());
    assert!(matches!(error, OpenError::Newer { found: 2_099_010_101, .. }), "{error:?}");
    assert!(error.to_string().contains("newer Gatepost"), "{error}");
}

#[test]
fn refuses_what_is_not_a_database_and_leaves_it_alone() {
    let home = tempfile::tempdir().expect("tempdir");
    let path = home.path().join("gatepost.db");
    fs::write(&path, "dear diary ".repeat(1_000)).expect("written");
    let error = refusal(home.path());
    assert!(matches!(error, OpenError::Database { .. }), "{error:?}");
    assert!(error.to_string().contains("gatepost.db"), "{error}");
    assert!(fs::read_to_string(&path).expect("still text").starts_with("dear diary"));
}

#[test]
fn a_value_that_was_tampered_with_is_an_error_that_says_where() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    save(&store, |tx| {
        let (api, _) = add_api(tx, "posts", &["cors"])?;
        let app = add_client(tx, "app")?;
        tx.insert_certificate(&new_certificate("site"))?;
        tx.set_listener(([127, 0, 0, 1], 8443).into(), Some(&tls("site")))?;
        tx.insert_contract(app, api)
    });
    drop(store);
    let load = || open(home.path()).load().map(drop);
    let db = Connection::open(home.path().join("gatepost.db")).expect("opens");
    for (table, column, broken) in [
        ("api", "asset_id", "'../x'"),
        ("api", "listen_address", "'here'"),
        ("api", "listen_base_path", "'x'"),
        ("api", "listen_hosts", "'[1]'"),
        ("api", "listen_port", "70000"),
        ("api", "routes", "'{}'"),
        ("api", "upstream", "'{'"),
        ("api", "upstream", r#"'{"url": "nowhere"}'"#),
        ("applied_policy", "config", "''"),
        ("applied_policy", "only", "'{}'"),
        ("applied_policy", "position", "-1"),
        ("certificate", "kind", "'maybe'"),
        ("certificate", "hosts", "'{}'"),
        ("contract", "state", "'maybe'"),
        ("credential", "secret_hash", "x'00'"),
        ("listener", "socket", "'here'"),
        ("listener", "tls", "'{}'"),
    ] {
        db.execute_batch(&format!(
            "SAVEPOINT s; CREATE TEMP TABLE before AS SELECT {column} AS value FROM {table}"
        ))
        .expect("noted");
        db.execute(&format!("UPDATE {table} SET {column} = {broken}"), []).expect("broken");
        db.execute_batch("RELEASE s").expect("kept");
        let error = load().expect_err(column).to_string();
        // SQLite checks types itself and says only which value it was.
        let words = match broken {
            "70000" | "-1" | "x'00'" => "the catalog failed".to_owned(),
            _ => format!("{table}.{column}"),
        };
        assert!(error.contains(&words), "{error}");
        db.execute_batch(&format!(
            "UPDATE {table} SET {column} = (SELECT value FROM before); DROP TABLE before"
        ))
        .expect("mended");
        load().expect("mended");
    }
}

#[test]
fn secrets_are_not_in_the_files_in_clear() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    save(&store, |tx| {
        tx.insert_certificate(&new_certificate("site"))?;
        add_client(tx, "findable-client-id")
    });
    let files = || fs::read_dir(home.path()).expect("listed").map(|entry| entry.expect("entry").path());
    let having = |needle: &str| -> Vec<String> {
        let holds = |path: &Path| {
            let bytes = fs::read(path).expect("read");
            bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
        };
        files().filter(|path| holds(path)).map(|path| path.display().to_string()).collect()
    };
    assert!(files().any(|path| path.ends_with("gatepost.db-wal")), "the log is looked at too");
    assert!(!having("findable-client-id").is_empty(), "the search would find something");
    assert_eq!(having(SECRET), [""; 0]);
    drop(store);
    assert!(!having("findable-client-id").is_empty(), "also in the file after a clean end");
    assert_eq!(having(SECRET), [""; 0]);
}

#[test]
fn a_wrong_key_is_noticed() {
    let home = tempfile::tempdir().expect("tempdir");
    let key = home.path().join("vault.key");
    let store = open(home.path());
    save(&store, |tx| add_client(tx, "app"));
    drop(store);
    let right = fs::read(&key).expect("read");
    fs::write(&key, [7; 32]).expect("written");
    let error = refusal(home.path()).to_string();
    assert!(error.contains("does not fit") && error.contains("vault.key"), "{error}");
    fs::remove_file(&key).expect("removed");
    let error = refusal(home.path()).to_string();
    assert!(error.contains("missing") && error.contains("vault.key"), "{error}");
    assert!(!key.exists(), "no new key hides the loss");
    fs::write(&key, right).expect("written");
    let store = open(home.path());
    let credential = store.load().expect("loads").credentials[0].id;
    let secret = store.reveal_secret(credential).expect("opens").expect("exists");
    assert_eq!(secret.expose(), SECRET);
}

#[test]
fn the_key_of_a_certificate_alone_is_reason_enough_to_want_the_right_one() {
    let home = tempfile::tempdir().expect("tempdir");
    save(&open(home.path()), |tx| tx.insert_certificate(&new_certificate("site")));
    fs::remove_file(home.path().join("vault.key")).expect("removed");
    let error = refusal(home.path()).to_string();
    assert!(error.contains("missing") && error.contains("vault.key"), "{error}");
}

#[test]
fn without_secrets_a_lost_key_is_no_loss() {
    let home = tempfile::tempdir().expect("tempdir");
    save(&open(home.path()), |tx| add_api(tx, "posts", &[]).map(drop));
    fs::remove_file(home.path().join("vault.key")).expect("removed");
    assert_eq!(open(home.path()).load().expect("loads").apis.len(), 1);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_what_is_in_it() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().expect("tempdir");
    let dir = home.path().join("data");
    let store = open(&dir);
    save(&store, |tx| add_client(tx, "app"));
    let mode = |path: &Path| fs::metadata(path).expect("exists").permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for entry in fs::read_dir(&dir).expect("listed") {
        let path = entry.expect("entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
