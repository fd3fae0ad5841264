//! The operations of the management API, one file a resource.

pub mod analytics;
pub mod apis;
pub mod applied;
pub mod applied_draft;
pub mod automated;
pub mod calls;
pub mod catalogue;
pub mod certificates;
pub mod changes;
pub mod clients;
pub mod contracts;
pub mod credentials;
pub mod expressions;
pub mod listeners;
pub mod live;
pub mod local_authority;
pub mod policy_preview;
pub mod preview;
pub mod sample;
pub mod schemas;
pub mod scope_preview;
pub mod settings;
pub mod spec;
pub mod status;
pub mod targets;
pub mod tester;

use gatepost_model::{Api, ApiId, ClientApp, ClientAppId};

use crate::error::ApiError;
use crate::names::Names;
use crate::plan::InForce;

/// The API with this number, or 404.
fn api_of(in_force: &InForce, id: i64) -> Result<&Api, ApiError> {
    Names(&in_force.catalog).api(ApiId(id)).ok_or(ApiError::NotFound("API"))
}

/// The client app with this number, or 404.
fn client_of(in_force: &InForce, id: i64) -> Result<&ClientApp, ApiError> {
    Names(&in_force.catalog).client(ClientAppId(id)).ok_or(ApiError::NotFound("client app"))
}
