//! Which requests the scope of a policy takes: typed ones, and those that came last. The gateway's own matcher answers.

use std::collections::HashSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use gatepost_gateway::{CompiledScope, Route, Taken};
use gatepost_model::{ApiId, Fault, Faults, Scope};
use gatepost_traffic::CallFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api_of;
use crate::control::{Control, blocking};
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body_and_check;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(preview))
}

/// Most requests that are asked about at once.
const MOST_REQUESTS: usize = 50;
/// Longest method or path, in bytes.
const LONGEST: usize = 8_000;
/// How many of the last calls are looked at for requests that differ.
const LAST_CALLS: usize = 500;
/// Most recorded requests in an answer.
const MOST_RECORDED: usize = 30;

/// A scope, and requests to try it on.
#[derive(Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
struct ScopeQuestion {
    /// As in a policy; empty means every request.
    #[serde(default)]
    only: Vec<Scope>,
    /// At most 50.
    #[serde(default)]
    requests: Vec<ExampleRequest>,
    /// Whether the API's last recorded requests are tried too; default true.
    #[serde(default = "yes")]
    recorded: bool,
}

/// A request, as far as scopes look at it.
#[derive(Clone, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExampleRequest {
    /// In capitals.
    #[serde(default = "get")]
    method: String,
    /// As callers write it, base path included.
    path: String,
}

fn yes() -> bool {
    true
}

fn get() -> String {
    "GET".to_owned()
}

/// Which requests the scope takes.
#[derive(Serialize, ToSchema)]
struct ScopeAnswer {
    /// Those that were asked about, in their order.
    requests: Vec<InScope>,
    /// Those that differ in method and path among the API's last 500 calls, newest first, at most 30.
    recorded: Vec<InScope>,
}

/// Whether the scope takes a request.
#[derive(Serialize, ToSchema)]
struct InScope {
    method: String,
    path: String,
    /// The policy is for it.
    taken: bool,
    /// Which row takes it, from 0: the first that matches. None where none does, or where there are no rows.
    row: Option<usize>,
    /// Why there can be no such request at this API.
    fault: Option<String>,
}

impl ScopeQuestion {
    fn check(self) -> Result<(CompiledScope, Self), Vec<Fault>> {
        let mut faults = Faults::new();
        faults.extend_under("", Scope::check_all(&self.only));
        if self.requests.len() > MOST_REQUESTS {
            faults.add("requests", format!("at most {MOST_REQUESTS}"));
        }
        for (n, request) in self.requests.iter().enumerate().take(MOST_REQUESTS) {
            for (field, text) in [("method", &request.method), ("path", &request.path)] {
                if text.len() > LONGEST {
                    faults.add(format!("requests[{n}].{field}"), format!("at most {LONGEST} bytes"));
                }
            }
        }
        faults.into_result()?;
        let scope = CompiledScope::new(&self.only).map_err(|words| vec![Fault::new("only", words)])?;
        Ok((scope, self))
    }
}

impl InScope {
    fn of(request: ExampleRequest, scope: &CompiledScope, route: &Route) -> Self {
        let ExampleRequest { method, path } = request;
        let (taken, fault) = match route.in_scope(scope, &method, &path) {
            Ok(taken) => (taken, None),
            Err(why) => (None, Some(why)),
        };
        let row = taken.and_then(|taken| match taken {
            Taken::All => None,
            Taken::ByRow(row) => Some(row),
        });
        Self { method, path, taken: taken.is_some(), row, fault }
    }
}

/// The requests that differ among an API's last calls, newest first.
fn last_requests(control: &Control, api: ApiId) -> Result<Vec<ExampleRequest>, ApiError> {
    let filter = CallFilter { api_id: Some(api), ..CallFilter::default() };
    control.traffic().flush()?;
    let page = control.traffic().calls(&filter, None, LAST_CALLS)?;
    let mut seen = HashSet::new();
    let requests = page.calls.into_iter().filter_map(|call| {
        let path = call.path.split('?').next().unwrap_or_default().to_owned();
        seen.insert((call.method.clone(), path.clone()))
            .then_some(ExampleRequest { method: call.method, path })
    });
    Ok(requests.take(MOST_RECORDED).collect())
}

/// Which requests a scope takes: the gateway's own matcher answers, and nothing is saved.
#[utoipa::path(post, path = "/apis/{id}/scope-preview", operation_id = "preview_scope", params(("id" = i64, Path)),
    request_body = ScopeQuestion,
    responses((status = 200, body = ScopeAnswer), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn preview(
    State(control): State<Control>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<ScopeAnswer>, ApiError> {
    let in_force = control.in_force();
    let api = api_of(&in_force, id)?;
    let (scope, question) = read_body_and_check(&body, ScopeQuestion::check)?;
    let route = in_force.route(api).ok_or(ApiError::NotFound("API in the Plan"))?;
    let recorded = match question.recorded {
        true => blocking(move || last_requests(&control, ApiId(id))).await??,
        false => Vec::new(),
    };
    let answer = |requests: Vec<ExampleRequest>| {
        requests.into_iter().map(|request| InScope::of(request, &scope, route)).collect()
    };
    Ok(Json(ScopeAnswer { requests: answer(question.requests), recorded: answer(recorded) }))
}
