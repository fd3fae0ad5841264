//! An API's own OpenAPI document: given, shown as its operations, given back, taken away.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use gatepost_gateway::{Env, Kind, StateStore};
use gatepost_model::{ApiId, ApiSpec, AppliedPolicy, AppliedPolicyId, Catalog, Fault};
use gatepost_openapi::{Document, Operation};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api_of;
use crate::control::{Control, Topic, blocking};
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body;
use crate::plan::InForce;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(show, give, take_away)).routes(routes!(document))
}

/// What a change of a specification touches: policies may depend on it.
const TOUCHED: &[Topic] = &[Topic::Apis, Topic::Policies];
/// What errors call it.
const WHAT: &str = "specification of this API";

/// An OpenAPI document, 3.0 or 3.1.
#[derive(Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
struct SpecText {
    /// JSON or YAML, at most 8 MiB.
    text: String,
}

/// What an API's document describes.
#[derive(Serialize, ToSchema)]
struct SpecView {
    /// Version of OpenAPI, such as `3.1.0`.
    openapi: String,
    title: String,
    /// Version of what it describes.
    version: String,
    format: SpecFormat,
    /// How long the document is.
    bytes: usize,
    /// In the order of the document.
    operations: Vec<OperationView>,
    updated_at: i64,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SpecFormat {
    Json,
    Yaml,
}

/// One method on one path.
#[derive(Serialize, ToSchema)]
struct OperationView {
    method: String,
    /// As written: `/pets/{id}`.
    path: String,
    /// The same as a path of a policy's scope: `/pets/[^/]+`.
    pattern: String,
    /// Empty where there is none.
    operation_id: String,
    /// Empty where there is none.
    summary: String,
    deprecated: bool,
}

impl From<Operation> for OperationView {
    fn from(operation: Operation) -> Self {
        let Operation { method, path, pattern, operation_id, summary, deprecated } = operation;
        Self { method, path, pattern, operation_id, summary, deprecated }
    }
}

impl SpecView {
    fn of(spec: &ApiSpec) -> Result<Self, ApiError> {
        // It was sound when it was given.
        let document = Document::parse(&spec.text).map_err(ApiError::Invalid)?;
        let (title, version) = document.title_and_version();
        let is_json = spec.text.trim_start().starts_with('{');
        Ok(Self {
            openapi: document.openapi().to_owned(),
            title: title.to_owned(),
            version: version.to_owned(),
            format: if is_json { SpecFormat::Json } else { SpecFormat::Yaml },
            bytes: spec.text.len(),
            operations: document.operations().into_iter().map(OperationView::from).collect(),
            updated_at: spec.updated_at,
        })
    }
}

/// The API's specification, or 404.
fn found(in_force: &InForce, id: i64) -> Result<ApiSpec, ApiError> {
    api_of(in_force, id)?;
    in_force.catalog.specs.get(ApiId(id)).cloned().ok_or(ApiError::NotFound(WHAT))
}

async fn view(control: &Control, id: i64) -> Result<Json<SpecView>, ApiError> {
    let spec = found(&control.in_force(), id)?;
    blocking(move || SpecView::of(&spec)).await?.map(Json)
}

/// What the API's OpenAPI document describes.
#[utoipa::path(get, path = "/apis/{id}/spec", operation_id = "show_spec", params(("id" = i64, Path)),
    responses((status = 200, body = SpecView), (status = 404, body = ErrorBody)))]
async fn show(State(control): State<Control>, Path(id): Path<i64>) -> Result<Json<SpecView>, ApiError> {
    view(&control, id).await
}

/// The API's OpenAPI document as it was given.
#[utoipa::path(get, path = "/apis/{id}/spec/document", operation_id = "read_spec", params(("id" = i64, Path)),
    responses((status = 200, body = SpecText), (status = 404, body = ErrorBody)))]
async fn document(State(control): State<Control>, Path(id): Path<i64>) -> Result<Json<SpecText>, ApiError> {
    let spec = found(&control.in_force(), id)?;
    Ok(Json(SpecText { text: spec.text.to_string() }))
}

/// Gives an API its OpenAPI document, in place of one it may have. Faults are told with the JSON pointer and the line of
/// their place. Nothing that it refers to is fetched.
#[utoipa::path(put, path = "/apis/{id}/spec", operation_id = "set_spec", params(("id" = i64, Path)),
    request_body = SpecText,
    responses((status = 200, body = SpecView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn give(
    State(control): State<Control>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<SpecView>, ApiError> {
    let in_force = control.in_force();
    let api = api_of(&in_force, id)?;
    let SpecText { text } = read_body(&body)?;
    let text: Arc<str> = text.into();
    let given = Arc::clone(&text);
    blocking(move || Document::parse(&given).map(drop)).await?.map_err(ApiError::Invalid)?;
    let what = format!("Gave {} {} its specification", api.name, api.version);
    let kinds = control.kinds();
    let save = control.save(what, TOUCHED, move |tx| {
        still_enforced(&tx.load()?, ApiId(id), kinds, Some(&text))?;
        Ok(tx.set_spec(ApiId(id), &text)?)
    });
    save.await?;
    view(&control, id).await
}

/// Takes an API's OpenAPI document away. Refused while a policy needs it.
#[utoipa::path(delete, path = "/apis/{id}/spec", operation_id = "remove_spec", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn take_away(State(control): State<Control>, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    let in_force = control.in_force();
    found(&in_force, id)?;
    let api = api_of(&in_force, id)?;
    let what = format!("Took the specification of {} {} away", api.name, api.version);
    let kinds = control.kinds();
    let save = control.save(what, TOUCHED, move |tx| {
        still_enforced(&tx.load()?, ApiId(id), kinds, None)?;
        Ok(tx.delete_spec(ApiId(id))?)
    });
    save.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses a change of the specification that a policy which can be enforced now could not be enforced with: the API
/// would answer 503.
fn still_enforced(catalog: &Catalog, api: ApiId, kinds: &[Kind], spec: Option<&str>) -> Result<(), ApiError> {
    let before = catalog.specs.get(api).map(|spec| &*spec.text);
    let mut faults = Vec::new();
    for applied in catalog.policies_of(api).filter(|applied| applied.enabled) {
        if faults_with(applied, kinds, spec).is_empty() || !faults_with(applied, kinds, before).is_empty() {
            continue;
        }
        let broken = faults_with(applied, kinds, spec).into_iter().map(|fault| {
            Fault::new("", format!("{} could not be enforced any more: {fault}", applied.policy))
        });
        faults.extend(broken);
    }
    if faults.is_empty() { Ok(()) } else { Err(ApiError::Invalid(faults)) }
}

fn faults_with(applied: &AppliedPolicy, kinds: &[Kind], spec: Option<&str>) -> Vec<Fault> {
    let Some(kind) = kinds.iter().find(|kind| kind.name == applied.policy) else { return Vec::new() };
    let states = StateStore::new();
    let env = Env::new(AppliedPolicyId(0), "", &states).described_by(spec);
    kind.compile(&applied.config, &env).err().unwrap_or_default()
}
