//! Errors of the management API: `{"error": {"code", "message", "faults"}}`. A code exists only where a caller acts
//! on it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gatepost_model::Fault;
use gatepost_store::{StoreError, Unique, WriteError};
use gatepost_traffic::TrafficError;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong, for a caller of the management API.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 422: the input has these faults; nothing was changed.
    #[error("{}", first_of(.0))]
    Invalid(Vec<Fault>),
    /// 404: there is no such thing.
    #[error("There is no {0} with this number")]
    NotFound(&'static str),
    /// 409: something unique exists already.
    #[error("{0}")]
    Taken(Fault),
    /// 401: the token is missing or wrong.
    #[error("A token is needed: send `Authorization: Bearer TOKEN`")]
    Unauthorized,
    /// 403: the request comes from another web page or names another host.
    #[error("{0}")]
    Forbidden(&'static str),
    /// 502: something outside that the operator asked for did not answer.
    #[error("{0}")]
    Unreachable(String),
    /// 500: ours to mend; the message is for the log and the operator.
    #[error("{0}")]
    Internal(String),
}

fn first_of(faults: &[Fault]) -> String {
    match faults {
        [only] => only.to_string(),
        [first, ..] => format!("{first} (and {} more)", faults.len() - 1),
        [] => "The input is not valid".into(),
    }
}

impl ApiError {
    /// One fault.
    pub fn fault(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault::new(field, message)])
    }

    /// The same seen from one level further out, where it is about input.
    #[must_use]
    pub fn under(self, parent: &str) -> Self {
        match self {
            Self::Invalid(faults) => {
                Self::Invalid(faults.into_iter().map(|fault| fault.under(parent)).collect())
            }
            Self::Taken(fault) => Self::Taken(fault.under(parent)),
            other => other,
        }
    }

    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::Taken(_) => (StatusCode::CONFLICT, "taken"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Self::Unreachable(_) => (StatusCode::BAD_GATEWAY, "unreachable"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<TrafficError> for ApiError {
    fn from(error: TrafficError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<WriteError> for ApiError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Taken { what } => {
                let field = match what {
                    Unique::ApiInstance => "asset_id",
                    Unique::ClientName => "name",
                    Unique::ClientId => "client_id",
                    Unique::CertificateName => "name",
                    Unique::Contract => "api_id",
                };
                Self::Taken(Fault::new(field, format!("{what} is taken; choose another")))
            }
            WriteError::Missing { what } => Self::NotFound(what),
            WriteError::NotAnOrder => {
                Self::fault("ids", "must name every policy of this API once; read them again")
            }
            WriteError::Store(error) => error.into(),
        }
    }
}

/// The body of every error.
#[derive(Serialize, ToSchema)]
pub struct ErrorBody {
    error: ErrorMembers,
}

/// What the body says.
#[derive(Serialize, ToSchema)]
struct ErrorMembers {
    /// For programs.
    code: &'static str,
    /// For people: what happened, and what to do.
    message: String,
    /// Where the input is wrong; empty when it is not about input.
    faults: Vec<Fault>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        let message = self.to_string();
        if status.is_server_error() {
            tracing::warn!(code, message, "management API");
        }
        let faults = match self {
            Self::Invalid(faults) => faults,
            Self::Taken(fault) => vec![fault],
            _ => Vec::new(),
        };
        (status, Json(ErrorBody { error: ErrorMembers { code, message, faults } })).into_response()
    }
}
