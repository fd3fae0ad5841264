//! What an operator can do: the management API's one router, and the way from catalog to Plan.
//!
//! The window, a browser and the command line all come through [`router`]; nothing else changes the catalog but
//! [`Control::save`], which compiles the Plan before it commits and swaps it after.

mod applied;
mod control;
mod error;
pub mod file;
mod input;
mod inputs;
mod kept;
mod limits;
mod live;
mod names;
mod page;
mod past;
mod plan;
mod router;
mod routes;
pub mod sample;
mod serve;
mod tester;
mod tls;
mod warning;

pub use control::{Control, OpenError, Options, Topic};
pub use error::ApiError;
pub use live::{LiveEvent, live};
pub use router::{call, openapi, router};
pub use serve::{Access, Asset, serve};

/// The readers of what operators bring, for fuzzing.
pub mod wire {
    pub use crate::tls::open_pkcs12;
}
