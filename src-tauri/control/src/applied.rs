//! What an operator does with applied policies, be they one API's own or automated: apply, change, reorder, remove,
//! check. Every one takes effect at once.

use gatepost_gateway::{Kind, MAX_AUTOMATED, MAX_POLICIES, Place};
use gatepost_model::{Api, ApiId, AppliedPolicy, AppliedPolicyId, Fault, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::control::{Control, Topic};
use crate::error::ApiError;
use crate::input::read_body;
use crate::inputs::AppliedPolicyInput;
use crate::kept::{hidden, restore};
use crate::plan::InForce;

/// What a save of policies touches.
pub(crate) const TOUCHED: &[Topic] = &[Topic::Policies, Topic::Apis];

/// Whose policies.
#[derive(Clone)]
pub(crate) struct Owner {
    /// None: the automated ones.
    pub api: Option<ApiId>,
    /// For the history.
    name: String,
}

impl Owner {
    /// Policies of one API.
    pub fn api(api: &Api) -> Self {
        Self { api: Some(api.id), name: format!("{} {}", api.name, api.version) }
    }

    /// Policies of all APIs.
    pub fn all_apis() -> Self {
        Self { api: None, name: "all APIs".to_owned() }
    }

    /// The OpenAPI document of the API, where there is one.
    fn spec<'c>(&self, in_force: &'c InForce) -> Option<&'c str> {
        in_force.spec(self.api?)
    }

    /// Refuses one more than there may be.
    fn check_room(&self, present: usize) -> Result<(), ApiError> {
        let (most, what) = match self.api {
            Some(_) => (MAX_POLICIES, "an API may have"),
            None => (MAX_AUTOMATED, "there may be"),
        };
        if present < most {
            return Ok(());
        }
        let kind = if self.api.is_some() { "policies of its own" } else { "automated policies" };
        Err(ApiError::fault("policy", format!("{what} at most {most} {kind}")))
    }
}

/// A policy as applied, as shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct AppliedPolicyView {
    id: AppliedPolicyId,
    policy: String,
    /// Its configuration. In the place of a secret stands a word for it (`$kept:...`), which keeps it when sent back.
    #[schema(value_type = Object)]
    config: Value,
    only: Vec<Scope>,
    enabled: bool,
    /// In shadow it decides and records, and lets pass.
    shadow: bool,
    /// Place in the order of enforcement, from 0.
    position: u32,
    /// What its configuration does, in one line.
    summary: String,
    /// Since when it is in force as it is, epoch milliseconds; while it is off or replaced, since when it is not.
    in_force_since: i64,
    /// The automated policies that run in its place, on the requests that they are for.
    replaced_by: Vec<AppliedPolicyId>,
}

impl AppliedPolicyView {
    fn of(applied: &AppliedPolicy, in_force: &InForce, kinds: &[Kind]) -> Self {
        let kind = kind_of(&applied.policy, kinds);
        let replacing = in_force.catalog.replacing(&applied.policy).filter(|_| applied.api_id.is_some());
        Self {
            id: applied.id,
            policy: applied.policy.clone(),
            // What no policy of this program is can hold secrets that nothing here knows of.
            config: kind.map_or_else(|| serde_json::json!({}), |kind| hidden(&applied.config, kind)),
            only: applied.only.clone(),
            enabled: applied.enabled,
            shadow: applied.shadow,
            position: applied.position,
            summary: summary_of(&applied.policy, &applied.config, kinds),
            in_force_since: applied.in_force_since,
            replaced_by: replacing.map(|automated| automated.id).collect(),
        }
    }
}

fn summary_of(policy: &str, config: &Value, kinds: &[Kind]) -> String {
    kind_of(policy, kinds)
        .and_then(|kind| kind.summary(config))
        .unwrap_or_else(|| "Its configuration is not valid".into())
}

/// The policy of this name.
pub(crate) fn kind_of<'k>(policy: &str, kinds: &'k [Kind]) -> Option<&'k Kind> {
    kinds.iter().find(|kind| kind.name == policy)
}

/// The owner's applied policy with this number, or 404.
pub(crate) fn applied_of<'a>(
    in_force: &'a InForce,
    owner: &Owner,
    id: i64,
) -> Result<&'a AppliedPolicy, ApiError> {
    let found = in_force.catalog.policies_of(owner.api).find(|applied| applied.id == AppliedPolicyId(id));
    let what = if owner.api.is_some() { "policy of this API" } else { "automated policy" };
    found.ok_or(ApiError::NotFound(what))
}

/// One of them, as shown.
pub(crate) fn view(control: &Control, owner: &Owner, id: i64) -> Result<AppliedPolicyView, ApiError> {
    let in_force = control.in_force();
    Ok(AppliedPolicyView::of(applied_of(&in_force, owner, id)?, &in_force, control.kinds()))
}

/// All of them, in the order of enforcement.
pub(crate) fn view_all(control: &Control, owner: &Owner) -> Vec<AppliedPolicyView> {
    let (in_force, kinds) = (control.in_force(), control.kinds());
    let mut all: Vec<_> = in_force.catalog.policies_of(owner.api).collect();
    all.sort_by_key(|applied| kind_of(&applied.policy, kinds).map_or(Place::InOrder, |kind| kind.place));
    all.into_iter().map(|applied| AppliedPolicyView::of(applied, &in_force, kinds)).collect()
}

/// Applies a policy, as the last.
pub(crate) async fn apply(
    control: &Control,
    owner: Owner,
    body: &[u8],
) -> Result<AppliedPolicyView, ApiError> {
    let input = read_and_check(control, &owner, body)?;
    let what = format!("Applied {} to {}", input.policy, owner.name);
    let whose = owner.clone();
    let applied = control.save(what, TOUCHED, move |tx| {
        whose.check_room(tx.load()?.policies_of(whose.api).count())?;
        Ok(tx.insert_policy(whose.api, &input.into())?)
    });
    view(control, &owner, applied.await?.0)
}

/// Changes a policy: its configuration, scope, or whether it is on. Its place stays.
pub(crate) async fn change(
    control: &Control,
    owner: Owner,
    id: i64,
    body: &[u8],
) -> Result<AppliedPolicyView, ApiError> {
    let in_force = control.in_force();
    let before = applied_of(&in_force, &owner, id)?;
    let input = read_and_check(control, &owner, body)?;
    let verb = match (before.enabled, input.enabled) {
        (false, true) => "Switched on",
        (true, false) => "Switched off",
        _ if input.shadow && !before.shadow => "Put in shadow",
        _ if before.shadow && !input.shadow => "Began to enforce",
        _ => "Changed",
    };
    let what = format!("{verb} {} on {}", input.policy, owner.name);
    control.save(what, TOUCHED, move |tx| Ok(tx.update_policy(AppliedPolicyId(id), &input.into())?)).await?;
    view(control, &owner, id)
}

/// Removes a policy.
pub(crate) async fn remove(control: &Control, owner: Owner, id: i64) -> Result<(), ApiError> {
    let in_force = control.in_force();
    let what = format!("Removed {} from {}", applied_of(&in_force, &owner, id)?.policy, owner.name);
    control.save(what, TOUCHED, move |tx| Ok(tx.delete_policy(AppliedPolicyId(id))?)).await
}

/// A new order.
#[derive(Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// Every one of the policies, in the new order.
    ids: Vec<i64>,
}

/// Puts the policies in another order.
pub(crate) async fn reorder(control: &Control, owner: Owner, body: &[u8]) -> Result<(), ApiError> {
    let order: Order = read_body(body)?;
    let what = format!("Reordered the policies of {}", owner.name);
    let save = control.save(what, TOUCHED, move |tx| {
        let mut known: Vec<i64> = tx.load()?.policies_of(owner.api).map(|applied| applied.id.0).collect();
        let mut given = order.ids.clone();
        known.sort_unstable();
        given.sort_unstable();
        if known != given {
            return Err(ApiError::fault(
                "ids",
                "must name every one of these policies once; read them again",
            ));
        }
        let ids: Vec<_> = order.ids.into_iter().map(AppliedPolicyId).collect();
        Ok(tx.reorder_policies(owner.api, &ids)?)
    });
    save.await
}

/// What a check found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Checked {
    /// Empty when it could be saved.
    faults: Vec<Fault>,
    /// What the configuration does, in one line.
    summary: String,
}

/// Checks a policy without saving it.
pub(crate) fn check(control: &Control, owner: &Owner, body: &[u8]) -> Result<Checked, ApiError> {
    let kinds = control.kinds();
    match read_body::<AppliedPolicyInput>(body) {
        Ok(mut input) => {
            let in_force = control.in_force();
            restore(&mut input, &in_force, owner.api, kinds);
            let summary = summary_of(&input.policy, &Value::Object(input.config.clone()), kinds);
            let faults = input.check(kinds, owner.spec(&in_force)).err().unwrap_or_default();
            Ok(Checked { faults, summary })
        }
        Err(ApiError::Invalid(faults)) => Ok(Checked { faults, summary: String::new() }),
        Err(other) => Err(other),
    }
}

/// A policy as written, with its kept secrets in place, when it could be saved.
pub(crate) fn read_and_check(
    control: &Control,
    owner: &Owner,
    body: &[u8],
) -> Result<AppliedPolicyInput, ApiError> {
    let mut input: AppliedPolicyInput = read_body(body)?;
    let in_force = control.in_force();
    restore(&mut input, &in_force, owner.api, control.kinds());
    input.check(control.kinds(), owner.spec(&in_force)).map_err(ApiError::Invalid)?;
    Ok(input)
}
