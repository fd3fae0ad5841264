//! Listeners: every address and port of the Plan, how it is, and how it greets.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use gatepost_gateway::{HandshakeFailures, Listening};
use gatepost_model::{Certificate, Fault, Host, ListenerTls};
use gatepost_store::Write;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::{Control, Topic, now_ms};
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body_and_check;
use crate::plan::InForce;
use crate::tls::{Expiry, LOCAL_AUTHORITY, ListenerTlsInput, check_listener_names, keep_up, shown_by};

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(set_tls, remove_tls))
}

/// A listener as shown.
#[derive(Serialize, ToSchema)]
struct ListenerDetail {
    /// Address and port, such as `127.0.0.1:8443`.
    address: String,
    port: u16,
    state: StateView,
    /// What went wrong, in a sentence.
    message: Option<String>,
    /// What to do about it, in a sentence.
    advice: Option<String>,
    /// The APIs there, by number.
    api_ids: Vec<i64>,
    /// How it greets over TLS, defaults filled in; null where it speaks plain HTTP.
    tls: Option<ListenerTlsInput>,
    /// What it shows, in the order of `tls.certificates`.
    certificates: Vec<ShownView>,
    /// Epoch milliseconds: when the first of them expires.
    soonest_expiry: Option<i64>,
    /// Host names of its APIs that none of its certificates is for: callers will not trust them.
    uncovered_hosts: Vec<String>,
    /// TLS greetings that came to nothing since it speaks TLS.
    handshake_failures: FailuresView,
}

/// Whether callers can connect.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StateView {
    /// They can.
    Listening,
    /// They cannot; `message` says why.
    Failed,
    /// It has settings, and no API yet.
    Unused,
}

/// A certificate that a listener shows.
#[derive(Serialize, ToSchema)]
struct ShownView {
    id: i64,
    name: String,
    hosts: Vec<String>,
    /// Epoch milliseconds.
    not_after: i64,
    expiry: Expiry,
}

/// TLS greetings that came to nothing.
#[derive(Serialize, ToSchema)]
struct FailuresView {
    count: u64,
    /// Epoch milliseconds of the latest.
    last_at: Option<i64>,
    /// Address and port of its caller.
    last_remote: Option<String>,
    /// Why it came to nothing.
    last_reason: Option<String>,
}

impl From<HandshakeFailures> for FailuresView {
    fn from(failures: HandshakeFailures) -> Self {
        let last = failures.last.as_ref();
        Self {
            count: failures.count,
            last_at: last.map(|last| last.at_ms),
            last_remote: last.map(|last| last.remote.to_string()),
            last_reason: last.map(|last| last.reason.clone()),
        }
    }
}

impl ListenerDetail {
    fn of(socket: SocketAddr, control: &Control, in_force: &InForce, known: Option<Listening>) -> Self {
        let catalog = &in_force.catalog;
        let settings = catalog.listeners.iter().find(|listener| listener.socket == socket);
        let tls = settings.and_then(|listener| listener.tls.as_ref());
        let shown = tls.map(|tls| shown_certificates(in_force, socket, tls)).unwrap_or_default();
        let (state, message, advice) = match known {
            Some(Listening::Yes) => (StateView::Listening, None, None),
            Some(Listening::Failed { message, advice }) => {
                (StateView::Failed, Some(message + "."), Some(advice + "."))
            }
            None => (StateView::Unused, None, None),
        };
        let now = now_ms();
        Self {
            address: socket.to_string(),
            port: socket.port(),
            state,
            message,
            advice,
            api_ids: api_ids(in_force, socket),
            uncovered_hosts: if tls.is_some() { uncovered(in_force, socket, &shown) } else { Vec::new() },
            tls: tls.map(ListenerTlsInput::of),
            soonest_expiry: shown.iter().map(|certificate| certificate.not_after).min(),
            certificates: shown
                .into_iter()
                .map(|certificate| ShownView {
                    id: certificate.id.0,
                    name: certificate.name.clone(),
                    hosts: certificate.hosts.clone(),
                    not_after: certificate.not_after,
                    expiry: Expiry::of(certificate.not_after, now),
                })
                .collect(),
            handshake_failures: control.gateway().handshake_failures(socket).into(),
        }
    }
}

fn shown_certificates<'c>(
    in_force: &'c InForce,
    socket: SocketAddr,
    tls: &ListenerTls,
) -> Vec<&'c Certificate> {
    let known = &in_force.catalog.certificates;
    let names = shown_by(socket, tls);
    names.iter().filter_map(|name| known.iter().find(|certificate| certificate.name == *name)).collect()
}

/// The APIs on a socket, by number.
pub(crate) fn api_ids(in_force: &InForce, socket: SocketAddr) -> Vec<i64> {
    let routes =
        in_force.plan.listeners.get(&socket).into_iter().flat_map(|listener| listener.routes.routes());
    let mut ids: Vec<i64> = routes.map(|route| route.api.0).collect();
    ids.sort_unstable();
    ids
}

fn uncovered(in_force: &InForce, socket: SocketAddr, shown: &[&Certificate]) -> Vec<String> {
    let covers = |certificate: &Certificate, host: &str| {
        certificate.hosts.iter().any(|known| {
            known == host
                || known
                    .strip_prefix('*')
                    .is_some_and(|above| host.find('.').is_some_and(|dot| &host[dot..] == above))
        })
    };
    let apis = in_force.catalog.apis.iter().filter(|api| api.listen.socket() == socket);
    let hosts: BTreeSet<&str> = apis.flat_map(|api| api.listen.hosts.iter().map(Host::as_str)).collect();
    let bare = |host: &str| host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let hosts = hosts.into_iter().map(bare);
    hosts.filter(|host| !shown.iter().any(|certificate| covers(certificate, host))).collect()
}

fn socket_of(text: &str) -> Result<SocketAddr, ApiError> {
    text.parse().map_err(|_| {
        ApiError::fault(
            "address",
            format!("`{text}` is not an address and port, such as 127.0.0.1:8443 or [::1]:8443"),
        )
    })
}

fn details(control: &Control) -> Vec<ListenerDetail> {
    let in_force = control.in_force();
    let states = control.gateway().listeners();
    let with_settings = in_force.catalog.listeners.iter().map(|listener| listener.socket);
    let sockets: BTreeSet<SocketAddr> =
        states.iter().map(|known| known.address).chain(with_settings).collect();
    let state_of =
        |socket| states.iter().find(|known| known.address == socket).map(|known| known.state.clone());
    sockets
        .into_iter()
        .map(|socket| ListenerDetail::of(socket, control, &in_force, state_of(socket)))
        .collect()
}

/// Every address and port that APIs listen on or that has settings.
#[utoipa::path(get, path = "/listeners", operation_id = "list_listeners", responses((status = 200, body = Vec<ListenerDetail>)))]
async fn list(State(control): State<Control>) -> Json<Vec<ListenerDetail>> {
    Json(details(&control))
}

fn one(control: &Control, socket: SocketAddr) -> Result<Json<ListenerDetail>, ApiError> {
    let address = socket.to_string();
    let found = details(control).into_iter().find(|listener| listener.address == address);
    found.map(Json).ok_or(ApiError::NotFound("listener"))
}

/// Lets an address and port speak TLS, or changes how; in force at once. Plain connections that stand there, and those
/// that were greeted by weaker demands, end with their next call.
#[utoipa::path(put, path = "/listeners/{address}/tls", operation_id = "set_listener_tls",
    params(("address" = String, Path, description = "Address and port, such as `127.0.0.1:8443`")),
    request_body = ListenerTlsInput,
    responses((status = 200, body = ListenerDetail), (status = 422, body = ErrorBody)))]
async fn set_tls(
    State(control): State<Control>,
    Path(address): Path<String>,
    body: Bytes,
) -> Result<Json<ListenerDetail>, ApiError> {
    let socket = socket_of(&address)?;
    let tls = read_body_and_check(&body, |input: ListenerTlsInput| input.check())?;
    let change = move |tx: &mut Write<'_>| write(tx, socket, Some(&tls));
    control.save(format!("Set the TLS of {socket}"), &[Topic::Certificates, Topic::Apis], change).await?;
    one(&control, socket)
}

/// Gives a listener its settings, and makes what it wants from the local authority.
pub(crate) fn write(
    tx: &mut Write<'_>,
    socket: SocketAddr,
    tls: Option<&ListenerTls>,
) -> Result<(), ApiError> {
    if let Some(tls) = tls {
        let faults = check_listener_names(tls, &tx.load()?);
        if !faults.is_empty() {
            return Err(ApiError::Invalid(faults));
        }
    }
    tx.set_listener(socket, tls)?;
    keep_up(tx, now_ms())
}

/// Lets a listener speak TLS with a certificate of the local authority, unless it speaks TLS already. A fault where
/// callers of other APIs there would have to follow.
pub(crate) fn secure(tx: &mut Write<'_>, socket: SocketAddr) -> Result<(), ApiError> {
    let catalog = tx.load()?;
    if catalog.listeners.iter().any(|listener| listener.socket == socket && listener.tls.is_some()) {
        return Ok(());
    }
    if let Some(other) = catalog.apis.iter().find(|api| api.listen.socket() == socket) {
        let message = format!(
            "port {} speaks HTTP for {}; choose another port, or let that one speak HTTPS",
            socket.port(),
            other.name
        );
        return Err(ApiError::Taken(Fault::new("listen.port", message)));
    }
    Ok(tx.set_listener(socket, Some(&ListenerTls::showing(LOCAL_AUTHORITY)))?)
}

/// Lets an address and port speak plain HTTP again.
#[utoipa::path(delete, path = "/listeners/{address}/tls", operation_id = "remove_listener_tls",
    params(("address" = String, Path, description = "Address and port, such as `127.0.0.1:8443`")),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn remove_tls(
    State(control): State<Control>,
    Path(address): Path<String>,
) -> Result<StatusCode, ApiError> {
    let socket = socket_of(&address)?;
    if !control.in_force().catalog.listeners.iter().any(|listener| listener.socket == socket) {
        return Err(ApiError::NotFound("listener with TLS"));
    }
    let change = move |tx: &mut Write<'_>| write(tx, socket, None);
    control
        .save(format!("Switched the TLS of {socket} off"), &[Topic::Certificates, Topic::Apis], change)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
