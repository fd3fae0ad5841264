//! How unfit targets are found and left out, as written.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::check::{duration, number, unless_default};
use crate::{Ejection, Fault, Faults, HealthCheck, Millis, StatusRanges};

/// A question asked of every target from time to time; `{}` asks with every default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthInput {
    /// Path and query, from the target's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = HealthCheck::default().path))]
    #[schema(default = json!(HealthCheck::default().path))]
    pub path: Option<String>,
    /// Between two questions; 1s to 1h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = HealthCheck::default().interval))]
    #[schema(value_type = Option<String>, default = json!(HealthCheck::default().interval))]
    pub interval: Option<Millis>,
    /// Until the answer's head; at least 1ms, and shorter than the interval. Default 2s, or half the interval where
    /// that is less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub timeout: Option<Millis>,
    /// Statuses of a healthy target, such as `200-299,404`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = HealthCheck::default().expect.to_string()))]
    #[schema(default = json!(HealthCheck::default().expect.to_string()))]
    pub expect: Option<StatusesInput>,
    /// Good answers in a row until a target is healthy again; 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = HealthCheck::default().healthy_after))]
    #[schema(default = json!(HealthCheck::default().healthy_after))]
    pub healthy_after: Option<u32>,
    /// Bad answers in a row until it is not; 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = HealthCheck::default().unhealthy_after))]
    #[schema(default = json!(HealthCheck::default().unhealthy_after))]
    pub unhealthy_after: Option<u32>,
}

/// Statuses: one as a number, or several as text.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(untagged)]
pub enum StatusesInput {
    /// Such as 200.
    One(u32),
    /// Such as `200-299,404`.
    Several(String),
}

/// When a target that fails calls is left out for a while: `false` for never, `true` for every default, or the
/// settings.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(untagged)]
pub enum EjectionInput {
    /// On with every default, or off.
    Switch(bool),
    /// On with these.
    Settings(EjectionSettings),
}

/// When a target that fails calls is left out for a while.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EjectionSettings {
    /// Failures in a row; 1 to 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Ejection::default().failures))]
    #[schema(default = json!(Ejection::default().failures))]
    pub failures: Option<u32>,
    /// For how long the first time, 1ms to 1h; each further time in a row as long again, up to ten times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Ejection::default().duration))]
    #[schema(value_type = Option<String>, default = json!(Ejection::default().duration))]
    pub duration: Option<Millis>,
    /// Most targets left out at once, in percent, 1 to 100; one is always left in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Ejection::default().max_percent))]
    #[schema(default = json!(Ejection::default().max_percent))]
    pub max_percent: Option<u32>,
}

/// Longest path to ask for, in bytes.
const MAX_PATH: usize = 1_000;
/// What may lie between two questions.
const INTERVAL: RangeInclusive<Millis> = Millis(1_000)..=Millis(3_600_000);
/// Answers in a row that may be asked for.
const IN_A_ROW: RangeInclusive<u8> = 1..=100;
/// Failures in a row that may be asked for.
const FAILURES: RangeInclusive<u32> = 1..=1_000;
/// How long a target may be left out.
const LEFT_OUT: RangeInclusive<Millis> = Millis(1)..=Millis(3_600_000);

impl HealthInput {
    pub(super) fn check(&self) -> Result<HealthCheck, Vec<Fault>> {
        let mut faults = Faults::new();
        let default = HealthCheck::default();
        let path = self.path.as_deref().and_then(|path| faults.take("path", path_and_query(path)));
        let interval = duration(&mut faults, "interval", self.interval, default.interval, &INTERVAL);
        let timeout = self.timeout.unwrap_or(default_timeout(interval));
        if timeout < Millis(1) || timeout >= interval {
            faults.add(
                "timeout",
                format!("`{timeout}` must be at least 1ms and less than the interval, {interval}"),
            );
        }
        let expect = self.expect.as_ref().and_then(|expect| faults.take("expect", expect.check()));
        let health = HealthCheck {
            path: path.unwrap_or(default.path),
            interval,
            timeout,
            expect: expect.unwrap_or(default.expect),
            healthy_after: number(
                &mut faults,
                "healthy_after",
                self.healthy_after,
                default.healthy_after,
                IN_A_ROW,
            ),
            unhealthy_after: number(
                &mut faults,
                "unhealthy_after",
                self.unhealthy_after,
                default.unhealthy_after,
                IN_A_ROW,
            ),
        };
        faults.into_result().map(|()| health)
    }

    pub(super) fn of(health: &HealthCheck) -> Self {
        let default = HealthCheck::default();
        Self {
            path: unless_default(health.path.clone(), &default.path),
            interval: unless_default(health.interval, &default.interval),
            timeout: unless_default(health.timeout, &default_timeout(health.interval)),
            expect: (health.expect != default.expect)
                .then(|| StatusesInput::Several(health.expect.to_string())),
            healthy_after: unless_default(health.healthy_after, &default.healthy_after).map(u32::from),
            unhealthy_after: unless_default(health.unhealthy_after, &default.unhealthy_after).map(u32::from),
        }
    }
}

/// A short interval alone must not be a fault.
fn default_timeout(interval: Millis) -> Millis {
    HealthCheck::default().timeout.min(Millis(interval.0 / 2))
}

fn path_and_query(text: &str) -> Result<String, String> {
    let fits = text.starts_with('/')
        && text.len() <= MAX_PATH
        && text.bytes().all(|b| b.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&b));
    fits.then(|| text.to_owned())
        .ok_or_else(|| format!("`{text}` must be a path such as /health, at most {MAX_PATH} characters"))
}

impl StatusesInput {
    fn check(&self) -> Result<StatusRanges, String> {
        match self {
            Self::One(status) => StatusRanges::parse(&status.to_string()),
            Self::Several(text) => StatusRanges::parse(text),
        }
    }
}

impl EjectionInput {
    pub(super) fn check(&self) -> Result<Option<Ejection>, Vec<Fault>> {
        let settings = match self {
            Self::Switch(on) => return Ok(on.then(Ejection::default)),
            Self::Settings(settings) => settings,
        };
        let mut faults = Faults::new();
        let default = Ejection::default();
        let ejection = Ejection {
            failures: number(&mut faults, "failures", settings.failures, default.failures, FAILURES),
            duration: duration(&mut faults, "duration", settings.duration, default.duration, &LEFT_OUT),
            max_percent: number(
                &mut faults,
                "max_percent",
                settings.max_percent,
                default.max_percent,
                1..=100,
            ),
        };
        faults.into_result().map(|()| Some(ejection))
    }

    /// None where it is the default.
    pub(super) fn of(ejection: Option<&Ejection>) -> Option<Self> {
        let default = Ejection::default();
        match ejection {
            None => Some(Self::Switch(false)),
            Some(ejection) if *ejection == default => None,
            Some(ejection) => Some(Self::Settings(EjectionSettings {
                failures: unless_default(ejection.failures, &default.failures),
                duration: unless_default(ejection.duration, &default.duration),
                max_percent: unless_default(ejection.max_percent, &default.max_percent).map(u32::from),
            })),
        }
    }
}
