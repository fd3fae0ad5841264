//! JSON Schemas of what operators write, so that forms are made from the same types that read it.

use axum::Json;
use schemars::schema_for;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::Control;
use crate::inputs::ApiInput;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(api))
}

/// JSON Schema 2020-12 of an API as it is written: the body of `PUT /apis/{id}`.
#[utoipa::path(get, path = "/schemas/api", operation_id = "show_api_schema", responses((status = 200, body = Object)))]
async fn api() -> Json<Value> {
    Json(schema_for!(ApiInput).to_value())
}
