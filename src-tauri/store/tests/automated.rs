//! Automated policies in the catalog: their own order, their secrets, and since when what they replace is in force.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use common::{NOW, SECRET, add_api, new_policy, open, save};
use gatepost_model::{ApiId, AppliedPolicyId};
use gatepost_store::{NewPolicy, Store};
use rusqlite::Connection;
use serde_json::json;

fn order(store: &Store) -> Vec<(i64, u32)> {
    let catalog = store.load().expect("loads");
    catalog.policies_of(None).map(|policy| (policy.id.0, policy.position)).collect()
}

#[test]
fn automated_policies_have_an_order_of_their_own_and_stay_when_apis_go() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    let (api, own) = save(&store, |tx| add_api(tx, "posts", &["cors", "rate-limiting"]));
    let [a, b, c] = save(&store, |tx| {
        Ok(["one", "two", "three"].map(|kind| tx.insert_policy(None, &new_policy(kind)).expect("inserted")))
    });
    assert!([a, b, c].iter().all(|id| !own.contains(id)), "numbers are told apart in trails");
    save(&store, |tx| tx.reorder_policies(None, &[c, a, b]));
    assert_eq!(order(&store), [(c.0, 0), (a.0, 1), (b.0, 2)]);
    save(&store, |tx| tx.delete_policy(a));
    assert_eq!(order(&store), [(c.0, 0), (b.0, 1)]);
    assert_eq!(store.load().expect("loads").policies_of(api).count(), 2);
    save(&store, |tx| tx.delete_api(api));
    assert_eq!(order(&store), [(c.0, 0), (b.0, 1)]);
    let known = store.load().expect("loads");
    drop(store);
    assert_eq!(known, open(home.path()).load().expect("loads"));
}

#[test]
fn secrets_of_automated_policies_are_sealed() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    let secrets = BTreeSet::from(["/key".to_owned()]);
    let new = NewPolicy { config: json!({"key": SECRET}), secrets, ..new_policy("jwt-validation") };
    save(&store, |tx| tx.insert_policy(None, &new));
    drop(store);
    let db = Connection::open(home.path().join("gatepost.db")).expect("opens");
    let stored: String =
        db.query_row("SELECT config FROM applied_policy", [], |row| row.get(0)).expect("reads");
    assert_eq!(stored, r#"{"key":null}"#);
    drop(db);
    let catalog = open(home.path()).load().expect("loads");
    assert_eq!(catalog.policies[0].config, json!({"key": SECRET}));
}

fn since(store: &Store, api: ApiId) -> Vec<i64> {
    store.load().expect("loads").policies_of(api).map(|policy| policy.in_force_since - NOW).collect()
}

#[test]
fn a_policy_is_in_force_since_its_last_change_or_that_of_what_stood_in_its_place() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    let (api, own) = save(&store, |tx| add_api(tx, "posts", &["cors", "rate-limiting"]));
    let at = |ms: i64, change: &mut dyn FnMut(&mut gatepost_store::Write<'_>)| {
        let saved = store.write("a change", NOW + ms, |tx| {
            change(tx);
            Ok::<_, gatepost_store::WriteError>(())
        });
        saved.expect("saved");
    };
    let off = NewPolicy { enabled: false, ..new_policy("rate-limiting") };
    at(10, &mut |tx| tx.update_policy(own[0], &new_policy("cors")).expect("updated"));
    assert_eq!(since(&store, api), [10, 0]);
    at(20, &mut |tx| tx.reorder_policies(api, &[own[1], own[0]]).expect("reordered"));
    assert_eq!(since(&store, api), [0, 10], "another place is no other configuration");

    let mut automated = AppliedPolicyId(0);
    at(30, &mut |tx| automated = tx.insert_policy(None, &off).expect("inserted"));
    assert_eq!(since(&store, api), [0, 10], "what is off replaces nothing");
    at(40, &mut |tx| tx.update_policy(automated, &new_policy("rate-limiting")).expect("updated"));
    assert_eq!(since(&store, api), [40, 10]);
    let other = NewPolicy { config: json!({"other": 1}), ..new_policy("rate-limiting") };
    at(50, &mut |tx| tx.update_policy(automated, &other).expect("updated"));
    assert_eq!(since(&store, api), [40, 10], "it stands in its place as before");
    at(60, &mut |tx| tx.delete_policy(automated).expect("deleted"));
    assert_eq!(since(&store, api), [60, 10]);
    let known = store.load().expect("loads");
    drop(store);
    assert_eq!(known, open(home.path()).load().expect("loads"));
}
