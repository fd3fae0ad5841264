//! Reads and compiles OpenAPI documents: `cargo run -p gatepost-openapi --example documents -- FILE...`. Says of each
//! how many operations it has and how long it took, or its faults.
#![allow(clippy::print_stdout, reason = "what it is for")]

use std::time::Instant;

use gatepost_openapi::{Contract, Document, Options};

fn main() {
    for path in std::env::args().skip(1) {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                println!("{path}: {error}");
                continue;
            }
        };
        let begun = Instant::now();
        let document = Document::parse(&text);
        let read = begun.elapsed();
        let compiled = document.and_then(|document| {
            let options = Options { answers: true, ..Options::default() };
            Contract::compile(&document, &options).map(|_| document.operations().len())
        });
        let all = begun.elapsed();
        match compiled {
            Ok(operations) => {
                println!("{path}: {operations} operations, read in {read:?}, compiled by {all:?}");
            }
            Err(faults) => {
                println!("{path}: {} faults", faults.len());
                faults.iter().take(3).for_each(|fault| println!("    {fault}"));
            }
        }
    }
}
