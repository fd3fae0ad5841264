//! OpenAPI documents, 3.0 and 3.1: read, listed by operation, and compiled into a [`Contract`] that requests and answers
//! are checked against.
//!
//! Nothing is ever fetched: a document is one text, and references that leave it are faults.

mod contract;
mod describe;
mod dialect;
mod document;
mod finding;
mod form;
mod json;
mod media;
mod multipart;
mod operation;
mod parameter;
mod parts;
mod path;
mod percent;
mod reference;
mod response;
mod schema;
mod shape;
mod structure;
mod style;
mod value;
mod yaml;

#[cfg(test)]
mod tests;

pub use contract::{Checked, Contract, Matched, Options, RequestParts, ResponseParts};
pub use document::{Document, MAX_TEXT, Version};
pub use finding::{Finding, Findings, Place};
pub use operation::Operation;
