//! What a save reads again is what it wrote: the catalog that grows save by save is the one a new start would read.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::net::SocketAddr;

use common::{NOW, SECRET, new_api, new_certificate, new_client, new_policy, open, tls};
use gatepost_model::{Catalog, ContractState};
use gatepost_store::{NewPolicy, Secret, Write, WriteError};

/// The same numbers every time, well spread (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from(mixed >> 33).expect("31 bits") % sides
    }

    /// Any of them; none when there is none.
    fn pick<T>(&mut self, from: impl Iterator<Item = T>) -> Option<T> {
        let mut from: Vec<T> = from.collect();
        if from.is_empty() { None } else { Some(from.swap_remove(self.roll(from.len()))) }
    }
}

/// Any one thing that can be done to a catalog. What is taken or missing is refused, which is fine too.
fn write_anything(tx: &mut Write<'_>, known: &Catalog, dice: &mut Dice) -> Result<(), WriteError> {
    let name = format!("n{}", dice.roll(40));
    let api = dice.pick(known.apis.iter()).map(|api| api.id);
    let app = dice.pick(known.clients.iter()).map(|app| app.id);
    let policy = dice.pick(known.policies.iter());
    let credential = dice.pick(known.credentials.iter()).map(|credential| credential.id);
    let contract = dice.pick(known.contracts.iter()).map(|contract| contract.id);
    let state = if dice.roll(2) == 0 { ContractState::Approved } else { ContractState::Revoked };
    let off = NewPolicy { enabled: false, ..new_policy("cors") };
    let certificate = dice.pick(known.certificates.iter()).map(|certificate| certificate.id);
    let socket = SocketAddr::from(([127, 0, 0, 1], 8_000 + u16::try_from(dice.roll(5)).expect("small")));
    match (dice.roll(40), api, app) {
        (0 | 1 | 27, ..) => tx.insert_api(&new_api(&name)).map(drop),
        (2 | 3 | 28 | 29, ..) => tx.insert_client(&new_client(&name)).map(drop),
        (4, Some(api), _) => tx.update_api(api, &new_api(&name)),
        (5, Some(api), _) => tx.delete_api(api),
        (6 | 7, Some(api), _) => tx.insert_policy(api, &new_policy(&name)).map(drop),
        (8, Some(api), _) => {
            let mut ids: Vec<_> = known.policies_of(api).map(|policy| policy.id).collect();
            let by = ids.len().min(1);
            ids.rotate_left(by);
            tx.reorder_policies(api, &ids)
        }
        (30 | 31, ..) => {
            let kind = dice.pick(known.policies.iter()).map_or(name, |known| known.policy.clone());
            tx.insert_policy(None, &new_policy(&kind)).map(drop)
        }
        (32, ..) => {
            let automated = dice.pick(known.policies_of(None)).map(|automated| automated.id);
            automated.map_or(Ok(()), |id| tx.update_policy(id, &off))
        }
        (33, ..) => {
            let mut ids: Vec<_> = known.policies_of(None).map(|policy| policy.id).collect();
            ids.reverse();
            tx.reorder_policies(None, &ids)
        }
        (9, ..) => policy.map_or(Ok(()), |policy| tx.update_policy(policy.id, &off)),
        (10, ..) => policy.map_or(Ok(()), |policy| tx.delete_policy(policy.id)),
        (11, _, Some(app)) => tx.update_client(app, &new_client(&name)),
        (12, _, Some(app)) => tx.delete_client(app),
        (13, _, Some(app)) => tx.insert_credential(app, &name, &Secret::new(SECRET.into())).map(drop),
        (34, ..) => credential.map_or(Ok(()), |id| tx.set_credential_expiry(id, Some(7))),
        (35, ..) => {
            credential.map_or(Ok(()), |id| tx.replace_secret(id, &Secret::new(name.clone()), Some(7)))
        }
        (36, ..) => credential.map_or(Ok(()), |id| tx.set_previous_secret(id, None)),
        (14, ..) => credential.map_or(Ok(()), |id| tx.delete_credential(id)),
        (15 | 23..=26, Some(api), Some(app)) => tx.insert_contract(app, api).map(drop),
        (16, ..) => contract.map_or(Ok(()), |id| tx.set_contract_state(id, state)),
        (17, ..) => contract.map_or(Ok(()), |id| tx.delete_contract(id)),
        (18, ..) => tx.insert_certificate(&new_certificate(&name)).map(drop),
        (19, ..) => certificate.map_or(Ok(()), |id| tx.update_certificate(id, &new_certificate(&name))),
        (20, ..) => certificate.map_or(Ok(()), |id| tx.delete_certificate(id)),
        (21, ..) => tx.set_listener(socket, Some(&tls(&name))),
        (22, ..) => tx.set_listener(socket, None),
        (37 | 38, Some(api), _) => tx.set_spec(api, &name),
        (39, Some(api), _) => tx.delete_spec(api),
        _ => Ok(()),
    }
}

#[test]
fn the_catalog_known_after_any_saves_is_the_one_a_new_start_reads() {
    let home = tempfile::tempdir().expect("tempdir");
    let mut store = open(home.path());
    let mut dice = Dice(1);
    let mut seen_most = 0;
    for save in 0..150 {
        let loads_inside = dice.roll(3) == 0;
        let broken = dice.roll(10) == 0;
        let known = store.load().expect("loads");
        let saved = store.write("anything", NOW + save, |tx| {
            for _ in 0..=dice.roll(16) {
                // Refused is fine: what it wrote before stays, and so must be read.
                let _ = write_anything(tx, &known, &mut dice);
                if loads_inside {
                    tx.load()?;
                }
            }
            if broken { Err(WriteError::NotAnOrder) } else { Ok(()) }
        });
        assert_eq!(saved.is_err(), broken);
        let after = store.load().expect("loads");
        if broken {
            assert_eq!(after, known);
        }
        seen_most = seen_most.max(after.contracts.len());
        if dice.roll(4) == 0 {
            drop(store);
            store = open(home.path());
            assert_eq!(after, store.load().expect("loads"), "after save {save}");
        }
    }
    assert!(seen_most > 5, "the dice made a catalog worth comparing");
}
