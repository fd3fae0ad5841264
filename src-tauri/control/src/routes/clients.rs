//! Client apps: list, create with a first credential, change, delete.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use gatepost_model::{ClientApp, ClientAppId};
use gatepost_store::{Secret, generate_client_id, generate_secret};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::client_of;
use super::contracts::ContractView;
use super::credentials::CredentialView;
use crate::control::{Control, Topic};
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body_and_check;
use crate::inputs::ClientAppInput;
use crate::page::{Page, found_in};
use crate::plan::InForce;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, change, delete))
}

/// A client app as shown.
#[derive(Serialize, ToSchema)]
struct ClientAppView {
    id: ClientAppId,
    name: String,
    description: String,
    created_at: i64,
    credentials: Vec<CredentialView>,
    contracts: Vec<ContractView>,
}

impl ClientAppView {
    fn of(app: &ClientApp, in_force: &InForce) -> Self {
        let catalog = &in_force.catalog;
        Self {
            id: app.id,
            name: app.name.clone(),
            description: app.description.clone(),
            created_at: app.created_at,
            credentials: catalog.credentials_of(app.id).map(CredentialView::of).collect(),
            contracts: catalog
                .contracts_of(app.id)
                .map(|contract| ContractView::of(contract, catalog))
                .collect(),
        }
    }
}

fn view(control: &Control, id: i64) -> Result<ClientAppView, ApiError> {
    let in_force = control.in_force();
    Ok(ClientAppView::of(client_of(&in_force, id)?, &in_force))
}

#[derive(Deserialize, IntoParams)]
struct Search {
    /// Part of the name, or of a client ID.
    search: Option<String>,
    /// Only those without a contract with this API.
    without_api_id: Option<i64>,
}

/// Client apps, by number: all, or a page of them.
#[utoipa::path(get, path = "/clients", operation_id = "list_clients", params(Search, Page),
    responses((status = 200, body = Vec<ClientAppView>)))]
async fn list(
    State(control): State<Control>,
    Query(Search { search, without_api_id }): Query<Search>,
    Query(page): Query<Page>,
) -> Json<Vec<ClientAppView>> {
    let in_force = control.in_force();
    let catalog = &in_force.catalog;
    let is_without = |app: &ClientApp| {
        without_api_id.is_none_or(|id| !catalog.contracts_of(app.id).any(|contract| contract.api_id.0 == id))
    };
    let wanted = |app: &&ClientApp| {
        let client_ids = catalog.credentials_of(app.id).map(|credential| credential.client_id.as_str());
        is_without(app) && found_in(search.as_deref(), std::iter::once(app.name.as_str()).chain(client_ids))
    };
    let found = page.of(catalog.clients.iter().filter(wanted), |app| app.id.0);
    Json(found.map(|app| ClientAppView::of(app, &in_force)).collect())
}

/// Creates a client app and issues its first credential; only this answer carries the secret.
#[utoipa::path(post, path = "/clients", operation_id = "create_client", request_body = ClientAppInput,
    responses((status = 201, body = ClientAppView), (status = 422, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn create(
    State(control): State<Control>,
    body: Bytes,
) -> Result<(StatusCode, Json<ClientAppView>), ApiError> {
    let input = read_body_and_check(&body, ClientAppInput::check)?;
    let (client_id, secret) = (generate_client_id()?, generate_secret()?);
    let stored = Secret::new(secret.expose().to_owned());
    let what = format!("Created client app {}", input.name);
    let id = control.save(what, &[Topic::Clients], move |tx| {
        let app = tx.insert_client(&input)?;
        tx.insert_credential(app, &client_id, &stored)?;
        Ok(app)
    });
    let mut view = view(&control, id.await?.0)?;
    for credential in &mut view.credentials {
        credential.client_secret = Some(secret.expose().to_owned());
    }
    Ok((StatusCode::CREATED, Json(view)))
}

/// One client app.
#[utoipa::path(get, path = "/clients/{id}", operation_id = "show_client", params(("id" = i64, Path)),
    responses((status = 200, body = ClientAppView), (status = 404, body = ErrorBody)))]
async fn show(State(control): State<Control>, Path(id): Path<i64>) -> Result<Json<ClientAppView>, ApiError> {
    view(&control, id).map(Json)
}

/// Changes a client app's name and description.
#[utoipa::path(put, path = "/clients/{id}", operation_id = "change_client", params(("id" = i64, Path)),
    request_body = ClientAppInput,
    responses((status = 200, body = ClientAppView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
async fn change(
    State(control): State<Control>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<ClientAppView>, ApiError> {
    client_of(&control.in_force(), id)?;
    let input = read_body_and_check(&body, ClientAppInput::check)?;
    let what = format!("Changed client app {}", input.name);
    control
        .save(what, &[Topic::Clients, Topic::Contracts], move |tx| {
            Ok(tx.update_client(ClientAppId(id), &input)?)
        })
        .await?;
    view(&control, id).map(Json)
}

/// Deletes a client app with its credentials and contracts.
#[utoipa::path(delete, path = "/clients/{id}", operation_id = "delete_client", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn delete(State(control): State<Control>, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    let in_force = control.in_force();
    let what = format!("Deleted client app {}", client_of(&in_force, id)?.name);
    let topics = &[Topic::Clients, Topic::Contracts, Topic::Apis];
    control.save(what, topics, move |tx| Ok(tx.delete_client(ClientAppId(id))?)).await?;
    Ok(StatusCode::NO_CONTENT)
}
