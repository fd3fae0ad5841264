//! Prints the OpenAPI document of the management API; `cargo xtask codegen` makes the console's types from it.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(gatepost_control::openapi().as_bytes())
}
