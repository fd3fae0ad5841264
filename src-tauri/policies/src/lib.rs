//! One file a policy: its help page, what an operator writes, what runs, and its tests.
//!
//! A policy is two lines here, its module and its entry in [`KINDS`], and is known nowhere else.

use gatepost_gateway::Kind;

mod client_id_enforcement;
mod header_injection;
mod rate_limiting;

#[cfg(test)]
mod tests;

/// Every policy, in the order the catalogue shows them.
pub static KINDS: &[Kind] = &LISTED;

/// Apart from [`KINDS`], because each keeps its compiled schema once it has one.
static LISTED: [Kind; 3] = [
    Kind::of::<client_id_enforcement::ClientIdEnforcement>(),
    Kind::of::<rate_limiting::RateLimiting>(),
    Kind::of::<header_injection::HeaderInjection>(),
];

/// Finds a policy by name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
