//! What can be changed of a credential.

use gatepost_model::{Fault, Faults, Millis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The last millisecond of the year 9999: later dates cannot be written.
const LAST: i64 = 253_402_300_799_999;
/// Longest time that a replaced secret is taken.
const MAX_OVERLAP: Millis = Millis(90 * 86_400_000);

/// A credential as changed.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialInput {
    /// When it stops being taken, in epoch milliseconds; never when null.
    pub expires_at: Option<i64>,
}

impl CredentialInput {
    /// Checks it.
    pub fn check(self) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::new();
        if self.expires_at.is_some_and(|at| !(0..=LAST).contains(&at)) {
            faults.add("expires_at", "must be a date from 1970 to 9999, in epoch milliseconds");
        }
        faults.into_result()?;
        Ok(self)
    }
}

/// How a secret is replaced.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RotationInput {
    /// How long the secret before is taken beside the new one, at most 90 days; 0 for not at all. Default 24h.
    #[schema(value_type = String)]
    pub overlap: Millis,
}

impl Default for RotationInput {
    fn default() -> Self {
        Self { overlap: Millis(86_400_000) }
    }
}

impl RotationInput {
    /// Checks it.
    pub fn check(self) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::new();
        if self.overlap > MAX_OVERLAP {
            faults.add("overlap", format!("is at most {MAX_OVERLAP}, this is {}", self.overlap));
        }
        faults.into_result()?;
        Ok(self)
    }

    /// Until when the secret before is taken; none for no longer than now.
    pub fn until(&self, now_ms: i64) -> Option<i64> {
        (self.overlap.0 > 0).then(|| now_ms.saturating_add_unsigned(self.overlap.0))
    }
}
