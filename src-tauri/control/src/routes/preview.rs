//! Which route of an API would take a request: the Plan in force is asked, nothing is sent.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use gatepost_gateway::{Answer, Destination, Preview};
use gatepost_model::{Api, ApiId, Fault, Faults, header_name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api_of;
use crate::control::Control;
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body_and_check;
use crate::names::Names;
use crate::plan::InForce;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(preview))
}

/// Longest text of one part, in bytes.
const LONGEST: usize = 8_000;
/// Most headers.
const MOST_HEADERS: usize = 50;

/// A request, as far as routes look at it.
#[derive(Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
struct RouteQuestion {
    /// In capitals.
    #[serde(default = "get")]
    method: String,
    /// As callers write it, base path and query included.
    path: String,
    /// The `Host` header. Default: as in the API's `proxy_url`.
    host: Option<String>,
    /// Further headers, at most 50.
    #[serde(default)]
    headers: Vec<HeaderLine>,
}

/// A header of the request.
#[derive(Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
struct HeaderLine {
    name: String,
    value: String,
}

fn get() -> String {
    "GET".to_owned()
}

/// What would become of the request. Policies are not asked: they may refuse it, or change it before it is routed.
#[derive(Serialize, ToSchema)]
struct RouteAnswer {
    /// The API that takes it.
    api: Option<TakerView>,
    /// The route inside that API; none for the API's own upstream, or where it goes nowhere.
    route: Option<Box<str>>,
    /// The whole URL at each target of the upstream; one is chosen when a call comes. Empty where it goes nowhere.
    urls: Vec<String>,
    /// What the gateway answers itself where it goes nowhere, such as 404.
    status: Option<u16>,
    /// Why it goes nowhere, as the caller is told.
    reason: Option<String>,
    /// Which condition of the API that was asked about does not hold, where that does not take it.
    hint: Option<String>,
}

/// An API by name.
#[derive(Serialize, ToSchema)]
struct TakerView {
    id: ApiId,
    name: String,
    version: String,
}

impl RouteQuestion {
    /// The head of the request as it would come over HTTP/1.1. Only what would make it another request is a fault: all
    /// else is the gateway's to judge.
    fn head(self, api: &Api) -> Result<Bytes, Vec<Fault>> {
        let mut faults = Faults::new();
        let host = self.host.filter(|host| !host.is_empty()).unwrap_or_else(|| host_of(api));
        for (field, text) in [("method", &self.method), ("path", &self.path), ("host", &host)] {
            faults.take(field, line(text));
        }
        if self.headers.len() > MOST_HEADERS {
            faults.add("headers", format!("at most {MOST_HEADERS}"));
        }
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {host}\r\n", self.method, self.path);
        for (n, header) in self.headers.iter().enumerate().take(MOST_HEADERS) {
            let name = faults.take(&format!("headers[{n}].name"), header_name(&header.name));
            let value = faults.take(&format!("headers[{n}].value"), line(&header.value));
            if let (Some(name), Some(())) = (name, value) {
                head.push_str(&format!("{name}: {}\r\n", header.value));
            }
        }
        head.push_str("\r\n");
        faults.into_result().map(|()| head.into())
    }
}

/// Text that is a part of one line.
fn line(text: &str) -> Result<(), String> {
    if text.len() > LONGEST {
        return Err(format!("at most {LONGEST} bytes"));
    }
    if text.contains(['\r', '\n']) {
        return Err("has a line break".to_owned());
    }
    Ok(())
}

/// The `Host` of calls to the API's `proxy_url`.
fn host_of(api: &Api) -> String {
    let url = super::apis::proxy_url(&api.listen, false);
    url.split('/').nth(2).unwrap_or_default().to_owned()
}

impl RouteAnswer {
    fn of(preview: Preview, hint: Option<String>, in_force: &InForce) -> Self {
        let api = preview.api.and_then(|id| Names(&in_force.catalog).api(id));
        let api =
            api.map(|api| TakerView { id: api.id, name: api.name.clone(), version: api.version.clone() });
        match preview.outcome {
            Ok(Destination { route, urls }) => Self { api, route, urls, status: None, reason: None, hint },
            Err(Answer { status, reason }) => {
                let (status, reason) = (Some(status.as_u16()), Some(reason));
                Self { api, route: None, urls: Vec::new(), status, reason, hint }
            }
        }
    }
}

/// Which route, and which upstream, would take a request at the address where an API listens, by the Plan in force.
#[utoipa::path(post, path = "/apis/{id}/route-preview", operation_id = "preview_route", params(("id" = i64, Path)),
    request_body = RouteQuestion,
    responses((status = 200, body = RouteAnswer), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn preview(
    State(control): State<Control>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<RouteAnswer>, ApiError> {
    let in_force = control.in_force();
    let api = api_of(&in_force, id)?;
    let head = read_body_and_check(&body, |question: RouteQuestion| question.head(api))?;
    let preview = in_force.plan.preview(api.listen.socket(), &head);
    let hint = match preview.api {
        Some(taker) if taker == api.id => None,
        _ => in_force.route(api).and_then(|route| route.why_not(&head)),
    };
    Ok(Json(RouteAnswer::of(preview, hint, &in_force)))
}
