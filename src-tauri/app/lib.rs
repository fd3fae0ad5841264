//! What the program and its window share: where the data is, how to start, what to say.

pub mod data_dir;
pub mod log;
pub mod runtime;
