//! Gatepost.

fn main() {}
