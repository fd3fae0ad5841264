//! How often a call is tried and how much may go on at once, as written.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::check::{number, unless_default};
use crate::{Ceilings, Fault, Faults, Retries};

/// When a call is tried again, on another target where there is one. Only where nothing was sent yet, where the upstream
/// said that it did not look at it (HTTP/2) and at most 64 KB of its body were sent, or where the method is idempotent and
/// the request has no body.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetriesInput {
    /// Tries beyond the first; 0 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Retries::default().attempts))]
    #[schema(default = json!(Retries::default().attempts))]
    pub attempts: Option<u32>,
    /// Statuses of the upstream that count as a failure, 400 to 599, at most 20. Default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_status: Vec<u32>,
    /// Most tries beyond the first, in percent of the calls of the last ten seconds, 0 to 100; ten a second are always
    /// allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Retries::default().budget_percent))]
    #[schema(default = json!(Retries::default().budget_percent))]
    pub budget_percent: Option<u32>,
}

/// How much may go on at once; past it calls are answered 503. 1 to 1,000,000 each; absent is without end.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CeilingsInput {
    /// Open connections to all targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<u32>,
    /// Calls that wait for a connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u32>,
    /// Calls under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<u32>,
}

/// Most statuses to try again on.
const MAX_STATUSES: usize = 20;
/// What a ceiling may be.
const CEILING: RangeInclusive<u32> = 1..=1_000_000;

impl RetriesInput {
    pub(super) fn check(&self) -> Result<Retries, Vec<Fault>> {
        let mut faults = Faults::new();
        let default = Retries::default();
        if self.on_status.len() > MAX_STATUSES {
            faults.add("on_status", format!("at most {MAX_STATUSES} statuses"));
        }
        let statuses = self.on_status.iter().enumerate();
        let retries = Retries {
            on_status: statuses
                .map(|(n, status)| {
                    number(&mut faults, &format!("on_status[{n}]"), Some(*status), 503, 400..=599)
                })
                .collect(),
            attempts: number(
                &mut faults,
                "attempts",
                self.attempts,
                default.attempts,
                0..=Retries::MAX_ATTEMPTS,
            ),
            budget_percent: number(
                &mut faults,
                "budget_percent",
                self.budget_percent,
                default.budget_percent,
                0..=100,
            ),
        };
        faults.into_result().map(|()| retries)
    }

    pub(super) fn of(retries: &Retries) -> Self {
        let default = Retries::default();
        Self {
            attempts: unless_default(retries.attempts, &default.attempts).map(u32::from),
            on_status: retries.on_status.iter().copied().map(u32::from).collect(),
            budget_percent: unless_default(retries.budget_percent, &default.budget_percent).map(u32::from),
        }
    }
}

impl CeilingsInput {
    pub(super) fn check(&self) -> Result<Ceilings, Vec<Fault>> {
        let mut faults = Faults::new();
        let mut ceiling = |field, given: Option<u32>| {
            given.map(|given| number(&mut faults, field, Some(given), given, CEILING))
        };
        let ceilings = Ceilings {
            connections: ceiling("connections", self.connections),
            pending: ceiling("pending", self.pending),
            requests: ceiling("requests", self.requests),
        };
        faults.into_result().map(|()| ceilings)
    }

    pub(super) fn of(ceilings: &Ceilings) -> Self {
        let Ceilings { connections, pending, requests } = *ceilings;
        Self { connections, pending, requests }
    }
}
