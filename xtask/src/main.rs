//! The project's own commands: run, test, bench, tidy, codegen.

fn main() {}
