//! Sets up what a command needs and the machine lacks: system packages, Node and Python packages in pinned versions.

mod node;
mod packages;
#[cfg(target_os = "linux")]
mod peers;
mod python;

pub use node::{install as npm_ci, ui_build};
pub use packages::{Need, install};
#[cfg(target_os = "linux")]
pub use peers::{folder as peers_folder, install as install_peers};
pub use python::install as pip_install;
