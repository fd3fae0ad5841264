//! `gatepost.yaml`: the whole configuration, or a part of it, as a text file.

mod apply;
mod document;
mod schema;
mod tls;

pub use apply::apply;
pub use document::{Document, LocatedFault, MAX_FILE};
/// Largest OpenAPI document, in bytes.
pub use gatepost_openapi::MAX_TEXT as MAX_SPEC;
pub use schema::{
    CheckedApi, CheckedFile, FileClient, FileContract, FileCredential, FilePreviousSecret, FileSpec,
    GatepostFile, check,
};
