//! A policy as applied, as written.

use gatepost_gateway::{Env, Kind, StateStore};
use gatepost_model::{AppliedPolicyId, Fault, Faults, Scope};
use gatepost_store::NewPolicy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::kept::unknown_words;

/// A policy as applied, as written.
#[derive(Clone, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppliedPolicyInput {
    /// Name of a policy in the catalogue, such as `rate-limiting`.
    pub policy: String,
    /// Its configuration; default `{}`.
    #[serde(default = "empty_object")]
    #[schema(value_type = Object)]
    pub config: serde_json::Map<String, Value>,
    /// Which requests it is for; default all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Scope>,
    /// Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// In shadow it decides and records, and lets pass; default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shadow: bool,
}

impl std::fmt::Debug for AppliedPolicyInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppliedPolicyInput").field("policy", &self.policy).finish_non_exhaustive()
    }
}

fn empty_object() -> serde_json::Map<String, Value> {
    serde_json::Map::new()
}

fn yes() -> bool {
    true
}

impl AppliedPolicyInput {
    /// Every fault: an unknown policy, its configuration (under `config`), its scope (under `only`). `spec` is the OpenAPI
    /// document of its API, where it has one.
    pub fn check(&self, kinds: &[Kind], spec: Option<&str>) -> Result<(), Vec<Fault>> {
        let mut faults = Faults::new();
        faults.extend_under("", Scope::check_all(&self.only));
        match kinds.iter().find(|kind| kind.name == self.policy) {
            None => faults.add("policy", format!("there is no policy `{}`", self.policy)),
            Some(kind) => {
                if kind.place.is_fixed() && !self.only.is_empty() {
                    faults.add("only", format!("{} is for a whole API: it takes no scope", kind.name));
                }
                let states = StateStore::new();
                let config = Value::Object(self.config.clone());
                faults.extend_under("config", unknown_words(&config, kind));
                let env = Env::new(AppliedPolicyId(0), "", &states).described_by(spec);
                if let Err(inner) = kind.compile(&config, &env) {
                    faults.extend_under("config", inner);
                }
            }
        }
        faults.into_result()
    }
}

impl From<AppliedPolicyInput> for NewPolicy {
    fn from(input: AppliedPolicyInput) -> Self {
        let config = Value::Object(input.config);
        let kind = gatepost_policies::kind(&input.policy);
        Self {
            secrets: kind.map(|kind| kind.secrets_in(&config)).unwrap_or_default(),
            policy: input.policy,
            config,
            only: input.only,
            enabled: input.enabled,
            shadow: input.shadow,
        }
    }
}
