//! APIs: list, add, change, delete.

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use gatepost_gateway::{Enforcement, ListenerState, Listening};
use gatepost_model::{Api, ApiId, ContractState, Fault, Listen};
use gatepost_store::Write;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{api_of, listeners};
use crate::control::{Control, Topic, now_ms};
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body_and_check;
use crate::inputs::ApiInput;
use crate::plan::InForce;
use crate::tls::{self, warnings};

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(show, change, delete))
}

/// An API as shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiView {
    id: ApiId,
    name: String,
    asset_id: String,
    version: String,
    label: String,
    listen: ListenView,
    upstream: UpstreamView,
    /// What callers use.
    proxy_url: String,
    state: ApiState,
    /// Why it has failed, and what to do.
    fault: Option<String>,
    /// What is allowed but should be known, such as a target's certificate that is not checked.
    warnings: Vec<Fault>,
    /// How many targets are behind it, those of its routes not counted.
    targets: usize,
    /// How many routes it has.
    routes: usize,
    /// It has an OpenAPI document of its own.
    has_spec: bool,
    /// How many policies are applied.
    policies: usize,
    /// How many client apps may call it.
    contracts: usize,
    created_at: i64,
    updated_at: i64,
}

#[derive(Serialize, ToSchema)]
struct ListenView {
    address: String,
    port: u16,
    base_path: String,
    hosts: Vec<String>,
    /// Header that tells versions at one place apart.
    version_header: Option<String>,
}

/// An API as shown by itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiDetail {
    #[serde(flatten)]
    api: ApiView,
    /// All of it as it is written: what `PUT` takes. What is as the default has it is absent.
    form: ApiInput,
}

#[derive(Serialize, ToSchema)]
struct UpstreamView {
    /// Of its first target.
    url: String,
    timeouts: TimeoutsView,
}

#[derive(Serialize, ToSchema)]
struct TimeoutsView {
    connect: String,
    response: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ApiState {
    /// Calls are served.
    Active,
    /// Its port could not be had, or its policies cannot be enforced, or its upstream's TLS cannot be had.
    Failed,
}

impl ApiView {
    fn of(api: &Api, in_force: &InForce, listeners: &[ListenerState], contracts: usize) -> Self {
        let fault = fault_of(api, in_force, listeners);
        Self {
            id: api.id,
            name: api.name.clone(),
            asset_id: api.asset_id.to_string(),
            version: api.version.clone(),
            label: api.label.clone(),
            listen: ListenView {
                address: api.listen.address.to_string(),
                port: api.listen.port,
                base_path: api.listen.base_path.to_string(),
                hosts: api.listen.hosts.iter().map(|host| host.as_str().to_owned()).collect(),
                version_header: api.listen.version_header.clone(),
            },
            upstream: UpstreamView {
                url: api.upstream.first_url().map(ToString::to_string).unwrap_or_default(),
                timeouts: TimeoutsView {
                    connect: api.upstream.timeouts.connect.to_string(),
                    response: api.upstream.timeouts.response.to_string(),
                },
            },
            proxy_url: proxy_url(&api.listen, in_force.wants_tls(api.listen.socket())),
            state: if fault.is_some() { ApiState::Failed } else { ApiState::Active },
            fault,
            warnings: warnings(&api.upstream, &api.routes),
            targets: api.upstream.targets.len(),
            routes: api.routes.len(),
            has_spec: in_force.catalog.specs.get(api.id).is_some(),
            policies: in_force.catalog.policies_of(api.id).count(),
            contracts,
            created_at: api.created_at,
            updated_at: api.updated_at,
        }
    }
}

/// What callers on this machine use: the first host name, or the address; 127.0.0.1 where it accepts on all.
pub(crate) fn proxy_url(listen: &Listen, is_tls: bool) -> String {
    let host = match listen.hosts.first() {
        Some(host) => host.as_str().to_owned(),
        None if listen.address.is_unspecified() => "127.0.0.1".to_owned(),
        None if listen.address.is_ipv6() => format!("[{}]", listen.address),
        None => listen.address.to_string(),
    };
    let path = listen.base_path.as_str();
    let scheme = if is_tls { "https" } else { "http" };
    format!("{scheme}://{host}:{}{}", listen.port, if path == "/" { "" } else { path })
}

fn fault_of(api: &Api, in_force: &InForce, listeners: &[ListenerState]) -> Option<String> {
    let socket = api.listen.socket();
    let listener = listeners.iter().find(|listener| listener.address == socket);
    if let Some(Listening::Failed { message, advice }) = listener.map(|listener| &listener.state) {
        return Some(format!("{message}. {advice}."));
    }
    match &in_force.route(api)?.enforcement {
        Enforcement::Ready(_) => None,
        Enforcement::Impossible(why) => {
            Some(format!("It answers 503, because {why}. Mend that, or switch it off."))
        }
    }
}

fn view(control: &Control, id: i64) -> Result<Json<ApiDetail>, ApiError> {
    let in_force = control.in_force();
    let api = api_of(&in_force, id)?;
    let contracts = approved(&in_force).filter(|granted| *granted == api.id).count();
    let view = ApiView::of(api, &in_force, &control.gateway().listeners(), contracts);
    Ok(Json(ApiDetail { api: view, form: ApiInput::of(api) }))
}

/// The API of every contract that lets calls pass.
fn approved(in_force: &InForce) -> impl Iterator<Item = ApiId> {
    let contracts = in_force.catalog.contracts.iter();
    contracts.filter(|contract| contract.state == ContractState::Approved).map(|contract| contract.api_id)
}

/// All APIs, by number.
#[utoipa::path(get, path = "/apis", operation_id = "list_apis", responses((status = 200, body = Vec<ApiView>)))]
async fn list(State(control): State<Control>) -> Json<Vec<ApiView>> {
    let (in_force, listeners) = (control.in_force(), control.gateway().listeners());
    let mut contracts: HashMap<ApiId, usize> = HashMap::new();
    approved(&in_force).for_each(|api| *contracts.entry(api).or_default() += 1);
    let granted = |api: &Api| contracts.get(&api.id).copied().unwrap_or_default();
    let apis = in_force.catalog.apis.iter();
    Json(apis.map(|api| ApiView::of(api, &in_force, &listeners, granted(api))).collect())
}

#[derive(Deserialize, IntoParams)]
struct Adding {
    /// The API is to be called over HTTPS: its address and port speak TLS from then on, with a certificate of the local
    /// authority, unless they do already. An address and port where other APIs are called over HTTP is a fault.
    #[serde(default)]
    https: bool,
}

/// Adds an API and puts it in force.
#[utoipa::path(post, path = "/apis", operation_id = "add_api", params(Adding), request_body = ApiInput,
    responses((status = 201, body = ApiDetail), (status = 422, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn add(
    State(control): State<Control>,
    Query(Adding { https }): Query<Adding>,
    body: Bytes,
) -> Result<(StatusCode, Json<ApiDetail>), ApiError> {
    let api = read_body_and_check(&body, ApiInput::check)?;
    let what = format!("Added {} {}", api.name, api.version);
    let insert = move |tx: &mut Write<'_>| {
        tls::must_exist(tx, &api)?;
        if https {
            listeners::secure(tx, api.listen.socket())?;
        }
        let id = tx.insert_api(&api)?;
        if https {
            // Its certificate is for the hosts of the APIs there, and so of this one.
            tls::keep_up(tx, now_ms())?;
        }
        Ok(id)
    };
    let topics: &[Topic] = if https { &[Topic::Apis, Topic::Certificates] } else { &[Topic::Apis] };
    let id = control.save(what, topics, insert).await?;
    Ok((StatusCode::CREATED, view(&control, id.0)?))
}

/// One API.
#[utoipa::path(get, path = "/apis/{id}", operation_id = "show_api", params(("id" = i64, Path)),
    responses((status = 200, body = ApiDetail), (status = 404, body = ErrorBody)))]
async fn show(State(control): State<Control>, Path(id): Path<i64>) -> Result<Json<ApiDetail>, ApiError> {
    view(&control, id)
}

/// Changes an API; what is left out takes its default.
#[utoipa::path(put, path = "/apis/{id}", operation_id = "change_api", params(("id" = i64, Path)), request_body = ApiInput,
    responses((status = 200, body = ApiDetail), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
async fn change(
    State(control): State<Control>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<ApiDetail>, ApiError> {
    api_of(&control.in_force(), id)?;
    let api = read_body_and_check(&body, ApiInput::check)?;
    let what = format!("Changed {} {}", api.name, api.version);
    let update = move |tx: &mut Write<'_>| {
        tls::must_exist(tx, &api)?;
        Ok(tx.update_api(ApiId(id), &api)?)
    };
    control.save(what, &[Topic::Apis], update).await?;
    view(&control, id)
}

/// Deletes an API with its policies and contracts.
#[utoipa::path(delete, path = "/apis/{id}", operation_id = "delete_api", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn delete(State(control): State<Control>, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    let in_force = control.in_force();
    let api = api_of(&in_force, id)?;
    let what = format!("Deleted {} {}", api.name, api.version);
    control.save(what, &[Topic::Apis, Topic::Contracts], move |tx| Ok(tx.delete_api(ApiId(id))?)).await?;
    Ok(StatusCode::NO_CONTENT)
}
