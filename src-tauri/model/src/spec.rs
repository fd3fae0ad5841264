//! An API's own description of itself.

use std::fmt;
use std::sync::Arc;

use crate::{ApiId, Row};

/// The OpenAPI document of an API, as it was given. Apart from the API, so that lists stay light.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiSpec {
    /// The API it describes.
    pub api_id: ApiId,
    /// The document, JSON or YAML.
    pub text: Arc<str>,
    /// When it was given, epoch milliseconds.
    pub updated_at: i64,
}

impl Row for ApiSpec {
    type Key = ApiId;

    fn key(&self) -> ApiId {
        self.api_id
    }
}

impl fmt::Debug for ApiSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.text.len();
        f.debug_struct("ApiSpec").field("api_id", &self.api_id).field("bytes", &bytes).finish_non_exhaustive()
    }
}
