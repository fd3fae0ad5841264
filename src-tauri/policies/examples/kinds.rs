//! Prints every policy's name, schema and example; `cargo xtask codegen` keeps them for the tests of the console's forms.

use std::io::Write as _;

use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut kinds = Vec::new();
    for kind in gatepost_policies::KINDS {
        let example: Value = serde_json::from_str(kind.example)?;
        kinds.push(json!({ "name": kind.name, "schema": kind.schema(), "example": example }));
    }
    let text = serde_json::to_string_pretty(&kinds)?;
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}
