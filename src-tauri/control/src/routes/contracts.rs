//! Contracts: which client app may call which API. Approved as soon as they are asked for.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use gatepost_model::{ApiId, Catalog, ClientAppId, Contract, ContractId, ContractState};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{api_of, client_of};
use crate::control::{Control, Topic};
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body;
use crate::names::Names;
use crate::page::{Page, found_in};
use crate::plan::InForce;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new()
        .routes(routes!(list, grant))
        .routes(routes!(remove))
        .routes(routes!(revoke))
        .routes(routes!(restore))
}

/// What a change of contracts touches.
const TOUCHED: &[Topic] = &[Topic::Contracts, Topic::Clients, Topic::Apis];

/// A contract as shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContractView {
    id: ContractId,
    client_app_id: ClientAppId,
    client_name: String,
    api_id: ApiId,
    api_name: String,
    api_version: String,
    state: ContractState,
    created_at: i64,
    updated_at: i64,
}

impl ContractView {
    pub(crate) fn of(contract: &Contract, catalog: &Catalog) -> Self {
        let names = Names(catalog);
        let api = names.api(contract.api_id);
        Self {
            id: contract.id,
            client_app_id: contract.client_app_id,
            client_name: names.client(contract.client_app_id).map(|app| app.name.clone()).unwrap_or_default(),
            api_id: contract.api_id,
            api_name: api.map(|api| api.name.clone()).unwrap_or_default(),
            api_version: api.map(|api| api.version.clone()).unwrap_or_default(),
            state: contract.state,
            created_at: contract.created_at,
            updated_at: contract.updated_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
struct Filter {
    api_id: Option<i64>,
    client_app_id: Option<i64>,
    /// Part of the client app's or the API's name.
    search: Option<String>,
}

impl Filter {
    fn admits(&self, contract: &Contract, names: Names<'_>) -> bool {
        let names = || {
            let client = names.client(contract.client_app_id).map(|app| app.name.as_str());
            let api = names.api(contract.api_id).map(|api| api.name.as_str());
            client.into_iter().chain(api)
        };
        self.api_id.is_none_or(|id| contract.api_id.0 == id) && found_in(self.search.as_deref(), names())
    }
}

/// Contracts, by number: all, or a page of them.
#[utoipa::path(get, path = "/contracts", operation_id = "list_contracts", params(Filter, Page),
    responses((status = 200, body = Vec<ContractView>)))]
async fn list(
    State(control): State<Control>,
    Query(filter): Query<Filter>,
    Query(page): Query<Page>,
) -> Json<Vec<ContractView>> {
    let in_force = control.in_force();
    let catalog = &in_force.catalog;
    let mut found: Vec<&Contract> = match filter.client_app_id {
        Some(id) => catalog.contracts_of(ClientAppId(id)).collect(),
        None => catalog.contracts.iter().collect(),
    };
    found.retain(|contract| filter.admits(contract, Names(catalog)));
    found.sort_unstable_by_key(|contract| contract.id);
    let found = page.of(found.into_iter(), |contract| contract.id.0);
    Json(found.map(|contract| ContractView::of(contract, catalog)).collect())
}

/// Who wants to call what.
#[derive(Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
struct ContractInput {
    client_app_id: i64,
    api_id: i64,
}

/// Lets a client app call an API.
#[utoipa::path(post, path = "/contracts", operation_id = "grant_contract", request_body = ContractInput,
    responses((status = 201, body = ContractView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn grant(
    State(control): State<Control>,
    body: Bytes,
) -> Result<(StatusCode, Json<ContractView>), ApiError> {
    let input: ContractInput = read_body(&body)?;
    let in_force = control.in_force();
    let (api, app) = (api_of(&in_force, input.api_id)?, client_of(&in_force, input.client_app_id)?);
    let what = format!("Let {} call {} {}", app.name, api.name, api.version);
    let (app, api) = (app.id, api.id);
    let id = control.save(what, TOUCHED, move |tx| Ok(tx.insert_contract(app, api)?)).await?;
    Ok((StatusCode::CREATED, view(&control, id.0)?))
}

/// Takes a client app's access away; it can be restored.
#[utoipa::path(post, path = "/contracts/{id}/revoke", operation_id = "revoke_contract", params(("id" = i64, Path)),
    responses((status = 200, body = ContractView), (status = 404, body = ErrorBody)))]
async fn revoke(State(control): State<Control>, Path(id): Path<i64>) -> Result<Json<ContractView>, ApiError> {
    set_state(&control, id, ContractState::Revoked, "Revoked").await
}

/// Gives a revoked access back.
#[utoipa::path(post, path = "/contracts/{id}/restore", operation_id = "restore_contract", params(("id" = i64, Path)),
    responses((status = 200, body = ContractView), (status = 404, body = ErrorBody)))]
async fn restore(
    State(control): State<Control>,
    Path(id): Path<i64>,
) -> Result<Json<ContractView>, ApiError> {
    set_state(&control, id, ContractState::Approved, "Restored").await
}

/// Deletes a contract.
#[utoipa::path(delete, path = "/contracts/{id}", operation_id = "delete_contract", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn remove(State(control): State<Control>, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    let what = describe(&control.in_force(), id, "Removed")?;
    control.save(what, TOUCHED, move |tx| Ok(tx.delete_contract(ContractId(id))?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_state(
    control: &Control,
    id: i64,
    state: ContractState,
    verb: &str,
) -> Result<Json<ContractView>, ApiError> {
    let what = describe(&control.in_force(), id, verb)?;
    control.save(what, TOUCHED, move |tx| Ok(tx.set_contract_state(ContractId(id), state)?)).await?;
    view(control, id)
}

fn find(in_force: &InForce, id: i64) -> Result<&Contract, ApiError> {
    let mut contracts = in_force.catalog.contracts.iter();
    contracts.find(|contract| contract.id == ContractId(id)).ok_or(ApiError::NotFound("contract"))
}

fn view(control: &Control, id: i64) -> Result<Json<ContractView>, ApiError> {
    let in_force = control.in_force();
    Ok(Json(ContractView::of(find(&in_force, id)?, &in_force.catalog)))
}

fn describe(in_force: &InForce, id: i64, verb: &str) -> Result<String, ApiError> {
    let view = ContractView::of(find(in_force, id)?, &in_force.catalog);
    Ok(format!("{verb} the access of {} to {} {}", view.client_name, view.api_name, view.api_version))
}
