//! How requests are spread, as written: a word, and beside it what a consistent hash is made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Balance, Faults, HashOn};

/// How a target is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BalanceInput {
    /// In turn, by weight.
    #[default]
    RoundRobin,
    /// Of two drawn by weight, the one with fewer calls under way.
    LeastOutstanding,
    /// The same target for the same key, which `hash_on` names.
    ConsistentHash,
}

impl BalanceInput {
    /// Puts both fields together.
    pub(super) fn with(self, hash_on: Option<&str>, faults: &mut Faults) -> Balance {
        match (self, hash_on) {
            (Self::RoundRobin, None) => return Balance::RoundRobin,
            (Self::LeastOutstanding, None) => return Balance::LeastOutstanding,
            (Self::ConsistentHash, Some(key)) => {
                if let Some(key) = faults.take("hash_on", HashOn::parse(key)) {
                    return Balance::ConsistentHash(key);
                }
            }
            (Self::ConsistentHash, None) => {
                faults.add("hash_on", "is missing; write header:NAME, cookie:NAME or client_address");
            }
            (_, Some(_)) => faults.add("hash_on", "goes only with `balance: consistent_hash`"),
        }
        Balance::default()
    }

    /// Both fields of it.
    pub(super) fn of(balance: &Balance) -> (Self, Option<String>) {
        match balance {
            Balance::RoundRobin => (Self::RoundRobin, None),
            Balance::LeastOutstanding => (Self::LeastOutstanding, None),
            Balance::ConsistentHash(key) => (Self::ConsistentHash, Some(key.to_string())),
        }
    }
}
