//! A client app as written.

use gatepost_model::{Fault, Faults, words};
use gatepost_store::NewClient;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A client app as written.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientAppInput {
    /// Unique; 1 to 100 characters.
    pub name: String,
    /// At most 1,000 characters.
    #[serde(default)]
    pub description: String,
}

impl ClientAppInput {
    /// Trims and checks it.
    pub fn check(self) -> Result<NewClient, Vec<Fault>> {
        let mut faults = Faults::new();
        let name = faults.take("name", words(&self.name, 100)).unwrap_or_default();
        if self.description.chars().count() > 1_000 {
            faults.add("description", "at most 1,000 characters");
        }
        faults.into_result()?;
        Ok(NewClient { name, description: self.description.trim().to_owned() })
    }
}
