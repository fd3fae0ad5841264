//! The catalogue of policies: what there is to apply.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::Control;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A policy that can be applied.
#[derive(Serialize, ToSchema)]
struct PolicyView {
    /// Such as `rate-limiting`.
    name: &'static str,
    /// As shown.
    title: String,
    /// As shown.
    category: &'static str,
    /// One sentence.
    summary: String,
    /// The whole help page, in Markdown.
    help: String,
    /// JSON Schema 2020-12 of the configuration.
    #[schema(value_type = Object)]
    schema: Value,
    /// A configuration to start from.
    #[schema(value_type = Object)]
    example: Value,
    acts_on: ActsOnView,
    /// Runs before all others whatever the order says, and for the whole API: it takes no scope.
    always_first: bool,
}

/// Which halves it has.
#[derive(Serialize, ToSchema)]
struct ActsOnView {
    request: bool,
    response: bool,
}

/// Every policy that can be applied.
#[utoipa::path(get, path = "/policies", operation_id = "list_policies", responses((status = 200, body = Vec<PolicyView>)))]
async fn list(State(control): State<Control>) -> Json<Vec<PolicyView>> {
    let views = control.kinds().iter().map(|kind| {
        let schema = kind.schema();
        let text = |member: &str| schema[member].as_str().unwrap_or_default().to_owned();
        let (title, help) = (text("title"), text("description"));
        PolicyView {
            name: kind.name,
            title,
            category: kind.category.title(),
            summary: help.split("\n\n").next().unwrap_or_default().replace('\n', " "),
            help,
            schema,
            example: serde_json::from_str(kind.example).unwrap_or_default(),
            acts_on: ActsOnView { request: kind.acts_on.request, response: kind.acts_on.response },
            always_first: kind.place.is_fixed(),
        }
    });
    Json(views.collect())
}
