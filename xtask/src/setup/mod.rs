//! Sets up what a command needs and the machine lacks: system packages, and Node packages from their locks.

mod node;
mod packages;

pub use node::{install as npm_ci, ui_build};
pub use packages::{Need, install};
