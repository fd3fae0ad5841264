//! What an operator writes about what is behind an API: one form for the management API, the file and the catalog.
//! Everything absent takes its default; `check` says every fault at once, and `of` writes a value again, leaving out
//! what is as the default has it.

mod balance;
mod check;
mod health;
mod limits;
mod route;
mod timeouts;
mod tls;
mod upstream;

pub use balance::BalanceInput;
pub use check::words;
pub use health::{EjectionInput, EjectionSettings, HealthInput, StatusesInput};
pub use limits::{CeilingsInput, RetriesInput};
pub use route::{HeaderRuleInput, RouteInput};
pub use timeouts::TimeoutsInput;
pub use tls::UpstreamTlsInput;
pub use upstream::{TargetInput, UpstreamInput};

#[cfg(test)]
mod tests;
