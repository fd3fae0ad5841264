//! An upstream as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::check::{number, part, unless_default};
use super::{
    BalanceInput, CeilingsInput, EjectionInput, HealthInput, RetriesInput, TimeoutsInput, UpstreamTlsInput,
};
use crate::{Ejection, Fault, Faults, Target, Upstream, UpstreamProtocol, UpstreamUrl};

/// What is behind an API or one of its routes: `url`, or `targets` where there are several.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamInput {
    /// The one target, such as `http://127.0.0.1:9000/posts`; the request's path below the base path is added to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The targets, 1 to 50, instead of `url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<TargetInput>>,
    /// How requests are spread over the targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = BalanceInput::default()))]
    #[schema(default = json!(BalanceInput::default()))]
    pub balance: Option<BalanceInput>,
    /// What a consistent hash is made of: `header:NAME`, `cookie:NAME` or `client_address`. Goes with `balance:
    /// consistent_hash`, and only with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash_on: Option<String>,
    /// What is spoken to the targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = UpstreamProtocol::default()))]
    #[schema(default = json!(UpstreamProtocol::default()))]
    pub protocol: Option<UpstreamProtocol>,
    /// How long each step may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<TimeoutsInput>,
    /// How the targets' health is asked for. Default: it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthInput>,
    /// When a target that fails calls is left out for a while. Default: after 5 failures in a row, for 10s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ejection: Option<EjectionInput>,
    /// When a call is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<RetriesInput>,
    /// How much may go on at once. Default: without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceilings: Option<CeilingsInput>,
    /// How targets with `https` are trusted. Default: by the system's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<UpstreamTlsInput>,
}

/// One place where requests can go.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetInput {
    /// Such as `http://10.0.0.1:9000`.
    pub url: String,
    /// Its share of the requests is this over the sum of all; 1 to 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Target::DEFAULT_WEIGHT))]
    #[schema(default = json!(Target::DEFAULT_WEIGHT))]
    pub weight: Option<u32>,
}

impl UpstreamInput {
    /// Fills in the defaults and checks everything.
    pub fn check(&self) -> Result<Upstream, Vec<Fault>> {
        let mut faults = Faults::new();
        let targets = self.check_targets(&mut faults);
        let balance = self.balance.unwrap_or_default().with(self.hash_on.as_deref(), &mut faults);
        let timeouts = self.timeouts.as_ref().map(|given| part(&mut faults, "timeouts", given.check()));
        let health = self.health.as_ref().map(|given| part(&mut faults, "health", given.check()));
        let ejection = self.ejection.as_ref().map(|given| part(&mut faults, "ejection", given.check()));
        let retries = self.retries.as_ref().map(|given| part(&mut faults, "retries", given.check()));
        let ceilings = self.ceilings.as_ref().map(|given| part(&mut faults, "ceilings", given.check()));
        let tls = self.tls.as_ref().map(|given| part(&mut faults, "tls", given.check()));
        faults.into_result()?;
        Ok(Upstream {
            targets,
            balance,
            protocol: self.protocol.unwrap_or_default(),
            timeouts: timeouts.flatten().unwrap_or_default(),
            health: health.flatten(),
            ejection: ejection.map_or_else(|| Some(Ejection::default()), Option::flatten),
            retries: retries.flatten().unwrap_or_default(),
            ceilings: ceilings.flatten().unwrap_or_default(),
            tls: tls.flatten().unwrap_or_default(),
        })
    }

    fn check_targets(&self, faults: &mut Faults) -> Vec<Target> {
        let url = self.url.as_deref().map(str::trim).filter(|url| !url.is_empty());
        match (url, &self.targets) {
            (Some(_), Some(_)) => faults.add("targets", "goes instead of `url`, not beside it"),
            (None, None) => faults.add("url", "is missing; give a url, or targets where there are several"),
            (Some(url), None) => {
                let url = faults.take("url", UpstreamUrl::parse(url));
                return url.into_iter().map(|url| Target { url, weight: Target::DEFAULT_WEIGHT }).collect();
            }
            (None, Some(targets)) if !(1..=Upstream::MAX_TARGETS).contains(&targets.len()) => {
                faults.add("targets", format!("must be 1 to {}", Upstream::MAX_TARGETS));
            }
            (None, Some(targets)) => return check_each(targets, faults),
        }
        Vec::new()
    }

    /// What would be written for it.
    pub fn of(upstream: &Upstream) -> Self {
        let (url, targets) = match upstream.targets.as_slice() {
            [Target { url, weight: Target::DEFAULT_WEIGHT }] => (Some(url.to_string()), None),
            targets => (None, Some(targets.iter().map(TargetInput::of).collect())),
        };
        let (balance, hash_on) = BalanceInput::of(&upstream.balance);
        Self {
            url,
            targets,
            balance: unless_default(balance, &BalanceInput::default()),
            hash_on,
            protocol: unless_default(upstream.protocol, &UpstreamProtocol::default()),
            timeouts: unless_default(TimeoutsInput::of(&upstream.timeouts), &TimeoutsInput::default()),
            health: upstream.health.as_ref().map(HealthInput::of),
            ejection: EjectionInput::of(upstream.ejection.as_ref()),
            retries: unless_default(RetriesInput::of(&upstream.retries), &RetriesInput::default()),
            ceilings: unless_default(CeilingsInput::of(&upstream.ceilings), &CeilingsInput::default()),
            tls: unless_default(UpstreamTlsInput::of(&upstream.tls), &UpstreamTlsInput::default()),
        }
    }
}

impl TargetInput {
    fn of(target: &Target) -> Self {
        let weight = unless_default(target.weight, &Target::DEFAULT_WEIGHT);
        Self { url: target.url.to_string(), weight: weight.map(u32::from) }
    }
}

fn check_each(given: &[TargetInput], faults: &mut Faults) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::with_capacity(given.len());
    for (n, target) in given.iter().enumerate() {
        let url = faults.take(&format!("targets[{n}].url"), UpstreamUrl::parse(target.url.trim()));
        let weight = number(
            faults,
            &format!("targets[{n}].weight"),
            target.weight,
            Target::DEFAULT_WEIGHT,
            1..=Target::MAX_WEIGHT,
        );
        let Some(url) = url else { continue };
        if targets.iter().any(|other| other.url.is_same_place(&url)) {
            faults.add(
                format!("targets[{n}].url"),
                format!("`{url}` is there twice; give it more weight instead"),
            );
        }
        targets.push(Target { url, weight });
    }
    targets
}
