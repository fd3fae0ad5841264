//! How long each step towards an upstream may take, as written.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::check::{duration, unless_default};
use crate::{Fault, Faults, Millis, Timeouts};

/// How long each step towards the upstream may take; 1ms to 1h each.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeoutsInput {
    /// Until the connection stands, TLS included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Timeouts::default().connect))]
    #[schema(value_type = Option<String>, default = json!(Timeouts::default().connect))]
    pub connect: Option<Millis>,
    /// From the request sent until the response begins. Servers that send nothing before their first message, as in long
    /// polling and many gRPC streams, begin with that: give them more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Timeouts::default().response))]
    #[schema(value_type = Option<String>, default = json!(Timeouts::default().response))]
    pub response: Option<Millis>,
    /// Without a byte in either direction while bodies stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Timeouts::default().idle))]
    #[schema(value_type = Option<String>, default = json!(Timeouts::default().idle))]
    pub idle: Option<Millis>,
    /// From the request's head to the response's last byte. Default: without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub total: Option<Millis>,
    /// How long a connection is kept on which nothing runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Timeouts::default().keep_alive))]
    #[schema(value_type = Option<String>, default = json!(Timeouts::default().keep_alive))]
    pub keep_alive: Option<Millis>,
}

/// What a timeout may be.
const RANGE: RangeInclusive<Millis> = Millis(1)..=Millis(3_600_000);

impl TimeoutsInput {
    pub(super) fn check(&self) -> Result<Timeouts, Vec<Fault>> {
        let mut faults = Faults::new();
        let mut timeout = |field, given, default| duration(&mut faults, field, given, default, &RANGE);
        let default = Timeouts::default();
        let timeouts = Timeouts {
            connect: timeout("connect", self.connect, default.connect),
            response: timeout("response", self.response, default.response),
            idle: timeout("idle", self.idle, default.idle),
            total: self.total.map(|total| timeout("total", Some(total), total)),
            keep_alive: timeout("keep_alive", self.keep_alive, default.keep_alive),
        };
        faults.into_result().map(|()| timeouts)
    }

    pub(super) fn of(timeouts: &Timeouts) -> Self {
        let default = Timeouts::default();
        Self {
            connect: unless_default(timeouts.connect, &default.connect),
            response: unless_default(timeouts.response, &default.response),
            idle: unless_default(timeouts.idle, &default.idle),
            total: timeouts.total,
            keep_alive: unless_default(timeouts.keep_alive, &default.keep_alive),
        }
    }
}
