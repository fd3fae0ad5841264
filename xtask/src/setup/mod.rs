//! Sets up what a command needs and the machine lacks: system packages, and Node packages from their locks.

mod node;
mod packages;
#[cfg(target_os = "linux")]
mod peers;

pub use node::{install as npm_ci, ui_build};
pub use packages::{Need, install};
#[cfg(target_os = "linux")]
pub use peers::{folder as peers_folder, install as install_peers};
