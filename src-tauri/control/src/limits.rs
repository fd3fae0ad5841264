//! The data plane's bounds as an operator sets them: each with its name, unit, default and what it may be.

use std::time::Duration;

use gatepost_gateway::Limits;
use gatepost_model::{Fault, Faults, Millis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A bound, for whoever shows or sets it. Its numbers are in the unit of its kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitView {
    /// As in the settings, such as `max_connections`.
    name: &'static str,
    title: &'static str,
    /// What it bounds, and what happens past it.
    help: &'static str,
    kind: LimitKind,
    /// In force now.
    value: u64,
    default: u64,
    /// The least it may be.
    least: u64,
    /// The most it may be.
    most: u64,
}

/// What a bound counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum LimitKind {
    /// Things.
    Count,
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Time,
}

impl LimitKind {
    fn written(self, units: u64) -> String {
        match self {
            Self::Time => Millis(units).to_string(),
            Self::Bytes => format!("{units} bytes"),
            Self::Count => units.to_string(),
        }
    }
}

/// A number in the unit of its kind, whatever type it has.
trait Units {
    fn units(self) -> u64;
    fn of_units(units: u64) -> Self;
}

impl Units for u64 {
    fn units(self) -> u64 {
        self
    }

    fn of_units(units: u64) -> Self {
        units
    }
}

impl Units for usize {
    fn units(self) -> u64 {
        self as u64
    }

    fn of_units(units: u64) -> Self {
        Self::try_from(units).unwrap_or(Self::MAX)
    }
}

impl Units for Millis {
    fn units(self) -> u64 {
        self.0
    }

    fn of_units(units: u64) -> Self {
        Self(units)
    }
}

impl Units for Duration {
    fn units(self) -> u64 {
        u64::try_from(self.as_millis()).unwrap_or(u64::MAX)
    }

    fn of_units(units: u64) -> Self {
        Self::from_millis(units)
    }
}

/// One list of all bounds: a bound of the data plane that is not in it does not compile.
macro_rules! limits {
    ($($(#[doc = $help:literal])+ $name:ident: $kind:ident($type:ty, $shown:ty), $title:literal, $least:expr, $most:expr;)+) => {
        /// Bounds on what callers and upstreams can make the gateway hold. What is absent has its default.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct LimitsInput {
            $(
                $(#[doc = $help])+
                #[serde(default, skip_serializing_if = "Option::is_none")]
                #[schema(value_type = Option<$shown>)]
                $name: Option<$type>,
            )+
        }

        impl LimitsInput {
            /// As the gateway takes them.
            pub fn in_force(&self) -> Limits {
                let default = Limits::default();
                Limits { $($name: self.$name.map_or(default.$name, |given| Units::of_units(given.units())),)+ }
            }

            /// Every one that is not what it may be.
            pub fn check(&self) -> Result<(), Vec<Fault>> {
                let mut faults = Faults::new();
                $(check(&mut faults, stringify!($name), LimitKind::$kind, self.$name.map(Units::units), $least, $most);)+
                faults.into_result()
            }

            /// Those of `other`, and where it has none, these.
            #[must_use]
            pub fn overridden_by(&self, other: &Self) -> Self {
                Self { $($name: other.$name.or(self.$name),)+ }
            }

            /// All of them as they are in force.
            pub fn views(&self) -> Vec<LimitView> {
                let (now, default) = (self.in_force(), Limits::default());
                vec![$(LimitView {
                    name: stringify!($name),
                    title: $title,
                    help: concat!($($help),+).trim(),
                    kind: LimitKind::$kind,
                    value: now.$name.units(),
                    default: default.$name.units(),
                    least: $least,
                    most: $most,
                },)+]
            }
        }
    };
}

fn check(faults: &mut Faults, name: &str, kind: LimitKind, given: Option<u64>, least: u64, most: u64) {
    if given.is_some_and(|given| !(least..=most).contains(&given)) {
        faults.add(name, format!("must be from {} to {}", kind.written(least), kind.written(most)));
    }
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

limits! {
    /// Open connections of all callers together. Past it new callers wait until another leaves.
    max_connections: Count(u64, u64), "Connections of callers", 10, 1_000_000;
    /// Requests under way on HTTP/2 connections, all together. Past it a request is sent back, and its caller may ask again.
    max_streams: Count(u64, u64), "HTTP/2 requests under way", 10, 1_000_000;
    /// TLS greetings under way, all together. Past it they take turns.
    max_greetings: Count(u64, u64), "TLS greetings under way", 1, 100_000;
    /// Everything before a request's body. A longer one is answered 431. HTTP/2 connections that stand keep what they were told.
    max_head_bytes: Bytes(u64, u64), "Request head", 1_024, 1_048_576;
    /// Method, path and query. A longer one is answered 414.
    max_request_line_bytes: Bytes(u64, u64), "Request line", 256, 1_048_576;
    /// Header fields of a request. With more it is answered 431.
    max_headers: Count(u64, u64), "Headers of a request", 10, 1_000;
    /// From the first byte of a request's head, or of a TLS greeting, to the last. Past it the connection is closed.
    head_timeout: Time(Millis, String), "Time for a request's head", SECOND, 10 * MINUTE;
    /// How long a connection may stand without a request. Past it it is closed.
    idle_timeout: Time(Millis, String), "Idle connections", SECOND, DAY;
    /// How long a caller may take no byte of its answer. Past it the connection is closed.
    stall_timeout: Time(Millis, String), "Stalled answers", SECOND, DAY;
    /// How long neither side of a WebSocket may say anything. Past it the connection is closed.
    upgraded_idle_timeout: Time(Millis, String), "Silent WebSockets", SECOND, 7 * DAY;
    /// Idle connections kept to one upstream target by each gateway thread.
    max_idle_upstream: Count(u64, u64), "Idle upstream connections", 0, 10_000;
    /// How long the addresses of an upstream's name are believed before they are looked up again.
    keep_names: Time(Millis, String), "Upstream addresses", SECOND, HOUR;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn defaults_are_what_they_may_be() {
        for view in LimitsInput::default().views() {
            assert!((view.least..=view.most).contains(&view.default), "{}", view.name);
            assert_eq!(view.value, view.default, "{}", view.name);
        }
    }

    #[test]
    fn what_is_set_is_in_force_and_the_rest_has_its_default() {
        let input: LimitsInput =
            from_value(json!({"max_headers": 20, "head_timeout": "3s"})).expect("well formed");
        let wanted = Limits { max_headers: 20, head_timeout: Duration::from_secs(3), ..Limits::default() };
        assert_eq!(input.in_force(), wanted);
        let other: LimitsInput = from_value(json!({"max_headers": 30})).expect("well formed");
        assert_eq!(
            input.overridden_by(&other),
            from_value(json!({"max_headers": 30, "head_timeout": 3_000})).expect("well formed")
        );
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let input: LimitsInput =
            from_value(json!({"max_connections": 1, "idle_timeout": "2d"})).expect("well formed");
        let faults = input.check().expect_err("faulty");
        let said: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            ["max_connections: must be from 10 to 1000000", "idle_timeout: must be from 1s to 1d"]
        );
    }
}
