//! Secrets of policy configurations as the management API gives them: in the place of each stands a word for it, which
//! keeps the secret when it is sent back, wherever it then stands.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use gatepost_gateway::{Kind, field_of};
use gatepost_model::{ApiId, Fault};
use serde_json::Value;

use crate::inputs::AppliedPolicyInput;
use crate::plan::InForce;

/// What the words begin with. No secret may.
const KEPT: &str = "$kept:";

/// Makes the words: drawn at start, so that a word tells nothing of its secret and is unknown after a restart.
static WORDS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

fn word_for(secret: &str) -> String {
    format!("{KEPT}{:016x}", WORDS.hash_one(secret))
}

/// A configuration without its secrets.
pub(crate) fn hidden(config: &Value, kind: &Kind) -> Value {
    let mut config = config.clone();
    for place in kind.secrets_in(&config) {
        if let Some(secret @ Value::String(_)) = config.pointer_mut(&place) {
            *secret = secret.as_str().map(word_for).unwrap_or_default().into();
        }
    }
    config
}

/// Puts the secrets that the API's policies of this kind have, or without an API the automated ones, in the places of
/// their words.
pub(crate) fn restore(
    input: &mut AppliedPolicyInput,
    in_force: &InForce,
    api: Option<ApiId>,
    kinds: &[Kind],
) {
    let Some(kind) = kinds.iter().find(|kind| kind.name == input.policy) else { return };
    let of_this_kind = in_force.catalog.policies_of(api).filter(|applied| applied.policy == input.policy);
    let known: Vec<&str> = of_this_kind
        .flat_map(|applied| {
            let places = kind.secrets_in(&applied.config);
            places.into_iter().filter_map(|place| applied.config.pointer(&place)?.as_str())
        })
        .collect();
    let mut config = Value::Object(std::mem::take(&mut input.config));
    for place in kind.secrets_in(&config) {
        let Some(given) = config.pointer_mut(&place) else { continue };
        let kept = known.iter().find(|secret| given.as_str() == Some(&word_for(secret)));
        if let Some(secret) = kept {
            *given = Value::from(*secret);
        }
    }
    if let Value::Object(config) = config {
        input.config = config;
    }
}

/// A fault for every word that no secret is kept for.
pub(crate) fn unknown_words(config: &Value, kind: &Kind) -> Vec<Fault> {
    let places = kind.secrets_in(config).into_iter();
    let unknown = places.filter(|place| {
        config.pointer(place).and_then(Value::as_str).is_some_and(|text| text.starts_with(KEPT))
    });
    let message = "stands for a secret that is not known here (any more); write the secret itself";
    unknown.map(|place| Fault::new(field_of(&place), message)).collect()
}
