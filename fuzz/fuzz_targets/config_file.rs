//! A configuration file: its YAML, its variables and everything that `gatepost check` looks at.
#![no_main]

use gatepost_control::file::{Document, check};
use gatepost_policies::KINDS;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let variable = |name: &str| (name == "SET").then(|| "value".to_owned());
    if let Ok(document) = Document::parse(text, &variable) {
        let _ = check(&document, KINDS);
    }
});
