//! What the catalog promises about saves.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{
    NOW, SECRET, add_api, add_client, new_api, new_certificate, new_client, new_policy, open, save, tls,
};
use gatepost_model::{ApiId, AppliedPolicyId, ClientAppId, ContractId, ContractState, CredentialId};
use gatepost_store::{NewPolicy, Secret, Store, Unique, WriteError};
use serde_json::json;

#[test]
fn everything_comes_back_as_it_was_saved_also_after_reopening() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    let (api, app) = save(&store, |tx| {
        let (api, _) = add_api(tx, "posts", &["cors", "rate-limiting"])?;
        let app = add_client(tx, "app")?;
        tx.insert_contract(app, api)?;
        Ok((api, app))
    });
    let before = store.load().expect("loads");
    drop(store);
    let store = open(home.path());
    let catalog = store.load().expect("loads");
    assert_eq!(format!("{before:?}"), format!("{catalog:?}"));

    assert_eq!(catalog.apis.len(), 1);
    let found = &catalog.apis[0];
    let new = new_api("posts");
    assert_eq!((found.id, &found.name, &found.asset_id), (api, &new.name, &new.asset_id));
    assert_eq!((&found.version, &found.label), (&new.version, &new.label));
    assert_eq!((&found.listen, &found.routes), (&new.listen, &new.routes));
    assert_eq!(found.upstream, new.upstream);
    assert_eq!((found.created_at, found.updated_at), (NOW, NOW));

    let policy = &catalog.policies[1];
    let new = new_policy("rate-limiting");
    assert_eq!((&policy.policy, &policy.only, policy.position), (&new.policy, &new.only, 1));
    assert_eq!(policy.config.to_string(), new.config.to_string(), "the order of members is the operator's");

    let credential = &catalog.credentials[0];
    assert_eq!((credential.client_app_id, credential.client_id.as_str()), (app, "app"));
    assert_eq!(credential.secret_hash, Secret::new(SECRET.into()).hash());
    assert_eq!(credential.secret_hint, "8f2c");
    let revealed = store.reveal_secret(credential.id).expect("opens").expect("exists");
    assert_eq!(revealed.expose(), SECRET);
    assert!(store.reveal_secret(CredentialId(99)).expect("looks").is_none());

    let contract = &catalog.contracts[0];
    assert_eq!((contract.client_app_id, contract.api_id), (app, api));
    assert_eq!(contract.state, ContractState::Approved);
}

#[test]
fn certificates_and_listeners_come_back_as_they_were_saved() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    let socket = "[::1]:8443".parse().expect("a socket");
    let id = save(&store, |tx| {
        tx.set_listener(socket, Some(&tls("site")))?;
        tx.insert_certificate(&new_certificate("old"))?;
        let id = tx.insert_certificate(&new_certificate("old site"))?;
        tx.update_certificate(id, &new_certificate("site"))?;
        Ok(id)
    });
    drop(store);
    let store = open(home.path());
    let catalog = store.load().expect("loads");
    let (found, new) = (&catalog.certificates[1], new_certificate("site"));
    assert_eq!((found.id, &found.name, found.kind, &found.key), (id, &new.name, new.kind, &new.key));
    assert_eq!((&found.chain, &found.subject, &found.issuer), (&new.chain, &new.subject, &new.issuer));
    assert_eq!((&found.hosts, &found.fingerprint), (&new.hosts, &new.fingerprint));
    assert_eq!((found.not_before, found.not_after, found.created_at), (NOW, NOW + 1, NOW));
    assert_eq!((catalog.listeners[0].socket, &catalog.listeners[0].tls), (socket, &Some(tls("site"))));

    let taken = store.write("again", NOW, |tx| tx.insert_certificate(&new)).expect_err("taken");
    assert!(matches!(taken, WriteError::Taken { what: Unique::CertificateName }), "{taken:?}");
    save(&store, |tx| {
        tx.set_listener(socket, None)?;
        tx.delete_certificate(id)
    });
    let catalog = store.load().expect("loads");
    assert_eq!((catalog.certificates.len(), catalog.listeners.len()), (1, 0));
}

#[test]
fn all_or_nothing() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    let refused = store.write("half", NOW, |tx| {
        add_api(tx, "posts", &["cors"])?;
        add_client(tx, "app")?;
        assert_eq!(tx.load().expect("loads").apis.len(), 1, "the save itself sees what it wrote");
        tx.delete_api(ApiId(99))
    });
    assert!(matches!(refused, Err(WriteError::Missing { what: "API" })), "{refused:?}");
    let broke_off = catch_unwind(AssertUnwindSafe(|| {
        store.write("broken", NOW, |tx| -> Result<(), WriteError> {
            add_client(tx, "app")?;
            panic!("on purpose")
        })
    }));
    assert!(broke_off.is_err());
    let catalog = store.load().expect("the store still works");
    assert!(catalog.apis.is_empty() && catalog.policies.is_empty());
    assert!(catalog.clients.is_empty() && catalog.credentials.is_empty());
    assert!(store.changes(10).expect("reads").is_empty(), "what was not kept is not in the history");
}

#[test]
fn a_save_knows_the_number_of_its_change() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    let first = store.write("first", NOW, |tx| Ok::<_, WriteError>(tx.number())).expect("saved");
    let second = store.write("second", NOW + 1, |tx| Ok::<_, WriteError>(tx.number())).expect("saved");
    assert!(first >= 1 && second > first);
    let changes = store.changes(10).expect("reads");
    let seen: Vec<_> = changes.iter().map(|c| (c.number, c.at_ms, c.what.as_str())).collect();
    assert_eq!(seen, [(second, NOW + 1, "second"), (first, NOW, "first")]);
    assert_eq!(store.changes(1).expect("reads").len(), 1);
}

#[test]
fn a_rotated_secret_is_kept_as_a_hash_and_the_new_one_can_be_revealed() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    save(&store, |tx| add_client(tx, "app"));
    let credential = || store.load().expect("loads").credentials.iter().next().expect("one").clone();
    let id = credential().id;
    let (old, new) = (Secret::new(SECRET.into()), Secret::new("another secret of the tests".into()));
    save(&store, |tx| {
        tx.set_credential_expiry(id, Some(NOW + 5))?;
        tx.replace_secret(id, &new, Some(NOW + 7))
    });
    let rotated = credential();
    assert_eq!((rotated.secret_hash, rotated.expires_at), (new.hash(), Some(NOW + 5)));
    let previous = rotated.previous.expect("kept");
    assert_eq!((previous.hash, previous.hint, previous.until), (old.hash(), old.hint(), NOW + 7));
    assert_eq!(store.reveal_secret(id).expect("reads").expect("there").expose(), new.expose());
    save(&store, |tx| tx.replace_secret(id, &old, None));
    assert_eq!((credential().secret_hash, credential().previous), (old.hash(), None));
    save(&store, |tx| tx.set_previous_secret(id, Some((&new, NOW))));
    assert_eq!(credential().previous.map(|previous| previous.hash), Some(new.hash()));
    save(&store, |tx| tx.set_previous_secret(id, None));
    assert_eq!(credential().previous, None);
}

#[test]
fn says_what_is_taken() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    let (api, app, other) = save(&store, |tx| {
        let (api, _) = add_api(tx, "posts", &[])?;
        add_api(tx, "users", &[])?;
        let app = add_client(tx, "app")?;
        tx.insert_contract(app, api)?;
        Ok((api, app, add_client(tx, "other")?))
    });
    let taken = |result: Result<(), WriteError>| match result {
        Err(WriteError::Taken { what }) => what,
        other => panic!("not taken: {other:?}"),
    };
    let secret = Secret::new(SECRET.into());
    let write = |change: &dyn Fn(&mut gatepost_store::Write<'_>) -> Result<(), WriteError>| {
        taken(store.write("taken", NOW, |tx| change(tx)))
    };
    assert_eq!(write(&|tx| tx.insert_api(&new_api("posts")).map(drop)), Unique::ApiInstance);
    assert_eq!(write(&|tx| tx.update_api(api, &new_api("users"))), Unique::ApiInstance);
    assert_eq!(write(&|tx| tx.insert_client(&new_client("app")).map(drop)), Unique::ClientName);
    assert_eq!(write(&|tx| tx.update_client(other, &new_client("app"))), Unique::ClientName);
    assert_eq!(write(&|tx| tx.insert_credential(other, "app", &secret).map(drop)), Unique::ClientId);
    assert_eq!(write(&|tx| tx.insert_contract(app, api).map(drop)), Unique::Contract);
}

#[test]
fn says_what_is_missing() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    let app = save(&store, |tx| add_client(tx, "app"));
    let secret = Secret::new(SECRET.into());
    let write = |change: &dyn Fn(&mut gatepost_store::Write<'_>) -> Result<(), WriteError>| match store.write(
        "missing",
        NOW,
        |tx| change(tx),
    ) {
        Err(WriteError::Missing { what }) => what,
        other => panic!("not missing: {other:?}"),
    };
    let (api, policy, gone) = (ApiId(99), AppliedPolicyId(99), ClientAppId(99));
    assert_eq!(write(&|tx| tx.update_api(api, &new_api("x"))), "API");
    assert_eq!(write(&|tx| tx.delete_api(api)), "API");
    assert_eq!(write(&|tx| tx.insert_policy(api, &new_policy("cors")).map(drop)), "API");
    assert_eq!(write(&|tx| tx.reorder_policies(api, &[])), "API");
    assert_eq!(write(&|tx| tx.update_policy(policy, &new_policy("cors"))), "applied policy");
    assert_eq!(write(&|tx| tx.delete_policy(policy)), "applied policy");
    assert_eq!(write(&|tx| tx.update_client(gone, &new_client("x"))), "client app");
    assert_eq!(write(&|tx| tx.delete_client(gone)), "client app");
    assert_eq!(write(&|tx| tx.insert_credential(gone, "x", &secret).map(drop)), "client app");
    assert_eq!(write(&|tx| tx.delete_credential(CredentialId(99))), "credential");
    assert_eq!(write(&|tx| tx.insert_contract(gone, api).map(drop)), "client app");
    assert_eq!(write(&|tx| tx.insert_contract(app, api).map(drop)), "API");
    assert_eq!(write(&|tx| tx.delete_contract(ContractId(99))), "contract");
    assert_eq!(write(&|tx| tx.set_contract_state(ContractId(99), ContractState::Revoked)), "contract");
}

#[test]
fn changes_only_what_was_named() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    let (posts, policies, app, contract) = save(&store, |tx| {
        let (posts, policies) = add_api(tx, "posts", &["cors", "rate-limiting"])?;
        add_api(tx, "users", &["cors"])?;
        let app = add_client(tx, "app")?;
        add_client(tx, "other")?;
        Ok((posts, policies, app, tx.insert_contract(app, posts)?))
    });
    let before = store.load().expect("loads");
    let off = NewPolicy {
        config: json!({}),
        only: vec![],
        enabled: false,
        shadow: true,
        ..new_policy("jwt-validation")
    };
    store
        .write("changes", NOW + 5, |tx| {
            tx.update_api(posts, &new_api("articles"))?;
            tx.update_policy(policies[1], &off)?;
            tx.update_client(app, &new_client("renamed"))?;
            tx.set_contract_state(contract, ContractState::Revoked)
        })
        .expect("saved");
    let after = store.load().expect("loads");
    let api = &after.apis[0];
    assert_eq!((api.id, api.asset_id.as_str()), (posts, "articles"));
    assert_eq!((api.created_at, api.updated_at), (NOW, NOW + 5));
    assert_eq!(after.apis[1], before.apis[1]);
    let policy = &after.policies[1];
    assert_eq!((policy.id, policy.position, policy.enabled, policy.shadow), (policies[1], 1, false, true));
    assert_eq!(
        (policy.policy.as_str(), &policy.config, policy.only.len()),
        ("jwt-validation", &json!({}), 0)
    );
    assert_eq!((&after.policies[0], &after.policies[2]), (&before.policies[0], &before.policies[2]));
    assert_eq!((after.clients[0].name.as_str(), &after.clients[1]), ("renamed", &before.clients[1]));
    assert_eq!(after.contracts[0].state, ContractState::Revoked);
    assert_eq!((after.contracts[0].created_at, after.contracts[0].updated_at), (NOW, NOW + 5));
}

#[test]
fn deleting_an_api_deletes_its_policies_and_contracts_and_nothing_else() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    let (posts, users) = save(&store, |tx| {
        let (posts, _) = add_api(tx, "posts", &["cors", "rate-limiting"])?;
        let (users, _) = add_api(tx, "users", &["cors"])?;
        let app = add_client(tx, "app")?;
        tx.insert_contract(app, posts)?;
        tx.insert_contract(app, users)?;
        Ok((posts, users))
    });
    save(&store, |tx| tx.delete_api(posts));
    let catalog = store.load().expect("loads");
    assert!(catalog.apis.iter().all(|api| api.id == users) && catalog.apis.len() == 1);
    assert!(
        catalog.policies.iter().all(|policy| policy.api_id == Some(users)) && catalog.policies.len() == 1
    );
    assert!(catalog.contracts.iter().all(|c| c.api_id == users) && catalog.contracts.len() == 1);
    assert_eq!((catalog.clients.len(), catalog.credentials.len()), (1, 1));
}

#[test]
fn deleting_a_client_app_deletes_its_credentials_and_contracts_and_nothing_else() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    let (app, other) = save(&store, |tx| {
        let (api, _) = add_api(tx, "posts", &["cors"])?;
        let (app, other) = (add_client(tx, "app")?, add_client(tx, "other")?);
        tx.insert_contract(app, api)?;
        tx.insert_contract(other, api)?;
        Ok((app, other))
    });
    save(&store, |tx| tx.delete_client(app));
    let catalog = store.load().expect("loads");
    assert_eq!(catalog.clients.iter().map(|c| c.id).collect::<Vec<_>>(), [other]);
    assert_eq!(catalog.credentials.iter().map(|c| c.client_app_id).collect::<Vec<_>>(), [other]);
    assert_eq!(catalog.contracts.iter().map(|c| c.client_app_id).collect::<Vec<_>>(), [other]);
    assert_eq!((catalog.apis.len(), catalog.policies.len()), (1, 1));
}

#[test]
fn numbers_are_never_used_again() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    let (api, policies) = save(&store, |tx| add_api(tx, "posts", &["cors"]));
    let app = save(&store, |tx| add_client(tx, "app"));
    save(&store, |tx| tx.delete_api(api).and_then(|()| tx.delete_client(app)));
    drop(store);
    let store = open(home.path());
    let (next_api, next_policies) = save(&store, |tx| add_api(tx, "posts", &["cors"]));
    let next_app = save(&store, |tx| add_client(tx, "app"));
    assert!(next_api > api && next_policies[0] > policies[0] && next_app > app);
}

#[test]
fn reorder_keeps_all() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    let (api, ids) = save(&store, |tx| add_api(tx, "posts", &["a", "b", "c"]));
    let (_, foreign) = save(&store, |tx| add_api(tx, "users", &["x"]));
    let order = || -> Vec<_> {
        let catalog = store.load().expect("loads");
        catalog.policies_of(api).map(|policy| (policy.id, policy.position)).collect()
    };
    save(&store, |tx| tx.reorder_policies(api, &[ids[2], ids[0], ids[1]]));
    let turned = [(ids[2], 0), (ids[0], 1), (ids[1], 2)];
    assert_eq!(order(), turned);
    for bad in [
        vec![],
        vec![ids[0], ids[1]],
        vec![ids[0], ids[1], ids[1]],
        vec![ids[0], ids[1], ids[2], ids[2]],
        vec![ids[0], ids[1], foreign[0]],
        vec![ids[0], ids[1], ids[2], foreign[0]],
    ] {
        let refused = store.write("order", NOW, |tx| tx.reorder_policies(api, &bad));
        assert!(matches!(refused, Err(WriteError::NotAnOrder)), "{bad:?}: {refused:?}");
        assert_eq!(order(), turned);
    }
    save(&store, |tx| tx.delete_policy(ids[2]));
    assert_eq!(order(), [(ids[0], 0), (ids[1], 1)], "no gap is left");
    let added = save(&store, |tx| tx.insert_policy(api, &new_policy("d")));
    assert_eq!(order(), [(ids[0], 0), (ids[1], 1), (added, 2)]);
}

#[test]
fn settings_keep_their_last_value() {
    let home = tempfile::tempdir().expect("tempdir");
    let store = open(home.path());
    assert_eq!(store.setting("general").expect("reads"), None);
    store.set_setting("general", &json!({"tour_done": false})).expect("kept");
    store.set_setting("general", &json!({"tour_done": true})).expect("kept");
    store.set_setting("other", &json!(1)).expect("kept");
    drop(store);
    let store = open(home.path());
    assert_eq!(store.setting("general").expect("reads"), Some(json!({"tour_done": true})));
    assert!(store.changes(10).expect("reads").is_empty(), "a setting puts no Plan in force");
}

#[test]
fn secrets_of_a_policy_are_sealed_on_the_disk_and_whole_after_a_restart() {
    let home = tempfile::tempdir().expect("tempdir");
    let config = json!({"keys": [{"id": "a", "text": SECRET}, {"id": "b", "text": "other"}]});
    let places = ["/keys/0/text", "/keys/1/text"].map(String::from).into();
    let new = NewPolicy { config: config.clone(), secrets: places, ..new_policy("jwt-validation") };
    let reversed = json!({"keys": [{"id": "b", "text": "other"}, {"id": "a", "text": SECRET}]});
    let turned = NewPolicy { config: reversed.clone(), ..new.clone() };

    let store = Store::open(home.path()).expect("opens");
    let ids = store.write("apply", NOW, |tx| {
        let api = tx.insert_api(&new_api("posts"))?;
        Ok::<_, WriteError>((tx.insert_policy(api, &new)?, tx.insert_policy(api, &new)?))
    });
    let (_, second) = ids.expect("saved");
    store.write("turn", NOW, |tx| tx.update_policy(second, &turned)).expect("saved");
    assert_eq!(store.load().expect("loads").policies[1].config, reversed);
    drop(store);

    let hidden = |text: &str| {
        let files =
            std::fs::read_dir(home.path()).expect("a folder").map(|file| file.expect("a file").path());
        files.filter(|path| path.is_file()).all(|path| {
            let bytes = std::fs::read(path).expect("read");
            !bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    };
    assert!(hidden(SECRET), "the secret is on the disk in clear");
    assert!(!hidden("jwt-validation"), "this looks where the configuration is");

    let again = Store::open(home.path()).expect("opens again");
    let policies = again.load().expect("loads").policies;
    assert_eq!((&policies[0].config, &policies[1].config), (&config, &reversed));
    drop(again);
    std::fs::remove_file(home.path().join("vault.key")).expect("removed");
    let error = Store::open(home.path()).err().expect("refused").to_string();
    assert!(error.contains("missing") && error.contains("vault.key"), "{error}");
}
