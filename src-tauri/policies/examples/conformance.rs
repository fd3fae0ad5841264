//! Prints how the policies stand to the vendor's; `cargo xtask codegen` keeps it in `CONFORMANCE.md`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(gatepost_policies::conformance::document().as_bytes())
}
