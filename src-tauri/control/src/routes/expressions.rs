//! What an expression comes to: on a recorded call, or on one that is made up. The gateway's own evaluation answers.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use gatepost_gateway::{Expression, ExpressionFault, Identity, PastAnswer, PastCall, Side, Unrecorded};
use gatepost_model::{Fault, Faults, Header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::{Control, blocking, now_ms};
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body_and_check;
use crate::past::Past;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(evaluate))
}

/// Longest text of one part, in bytes.
const LONGEST: usize = 8_000;
/// Most headers.
const MOST_HEADERS: usize = 50;
/// Longest body, in bytes.
const LONGEST_BODY: usize = 64 * 1_024;

/// An expression, and what it looks at: a recorded call or a made-up request.
#[derive(Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExpressionQuestion {
    /// As in a policy, such as `#[attributes.headers['x-user']]`.
    expression: String,
    /// Which half of a policy it is for; default the request half.
    #[serde(default)]
    side: ExpressionSide,
    /// Number of a recorded call.
    call_id: Option<u64>,
    /// A request that nobody sent; looked at where no call is named. Default: `GET /`.
    #[serde(default)]
    request: MadeUpRequest,
}

/// Which half of a policy an expression is for.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ExpressionSide {
    /// It looks at the request.
    #[default]
    Request,
    /// It looks at the answer.
    Response,
}

/// A request that nobody sent, and perhaps its answer.
#[derive(Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
struct MadeUpRequest {
    /// In capitals; default `GET`.
    #[serde(default = "get")]
    method: String,
    /// Path and query; default `/`.
    #[serde(default = "root")]
    path: String,
    /// Of the request, or of the answer where the expression is for the response half; at most 50, name first.
    #[serde(default)]
    #[schema(value_type = Vec<(String, String)>)]
    headers: Vec<Header>,
    /// At most 64 KiB.
    #[serde(default)]
    body: String,
    /// Of the answer; default 200.
    #[serde(default = "ok")]
    status: u16,
}

impl Default for MadeUpRequest {
    fn default() -> Self {
        Self { method: get(), path: root(), headers: Vec::new(), body: String::new(), status: ok() }
    }
}

fn get() -> String {
    "GET".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

fn ok() -> u16 {
    200
}

/// What the expression comes to.
#[derive(Serialize, ToSchema)]
struct ExpressionAnswer {
    /// Its value as text; none where it is missing, or there is a fault.
    value: Option<String>,
    /// What is wrong with it.
    fault: Option<ExpressionFaultView>,
    /// What it looks at and the record of the call does not tell, in words: there the value is not the true one.
    unrecorded: Vec<String>,
}

/// What is wrong with an expression, and where in its text.
#[derive(Serialize, ToSchema)]
struct ExpressionFaultView {
    message: String,
    /// In UTF-16 units, as browsers count.
    from: usize,
    /// Behind its last unit.
    to: usize,
}

impl ExpressionFaultView {
    fn of(fault: ExpressionFault, text: &str) -> Self {
        let units = |end: usize| text.get(..end).unwrap_or(text).encode_utf16().count();
        Self { from: units(fault.place.start), to: units(fault.place.end), message: fault.message }
    }
}

impl ExpressionQuestion {
    fn check(self) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::new();
        let made_up = &self.request;
        for (field, text, most) in [
            ("expression", &self.expression, LONGEST),
            ("request.method", &made_up.method, LONGEST),
            ("request.path", &made_up.path, LONGEST),
            ("request.body", &made_up.body, LONGEST_BODY),
        ] {
            if text.len() > most {
                faults.add(field, format!("at most {most} bytes"));
            }
        }
        if made_up.headers.len() > MOST_HEADERS {
            faults.add("request.headers", format!("at most {MOST_HEADERS}"));
        }
        faults.into_result().map(|()| self)
    }

    fn side(&self) -> Side {
        match self.side {
            ExpressionSide::Request => Side::Request,
            ExpressionSide::Response => Side::Response,
        }
    }
}

impl MadeUpRequest {
    /// As if it had been recorded whole.
    fn into_call(self) -> PastCall {
        let body = Bytes::from(self.body);
        PastCall {
            at_us: now_ms() * 1_000,
            method: self.method,
            target: self.path,
            http_version: "HTTP/1.1".into(),
            headers: self.headers.clone(),
            bytes: body.len() as u64,
            body: Some(body),
            remote: ([127, 0, 0, 1], 40_000).into(),
            request_id: "made-up".into(),
            is_https: false,
            identity: Identity::default(),
            unknown: Unrecorded::NOTHING,
            answer: Some(PastAnswer { status: self.status, headers: self.headers, bytes: 0 }),
        }
    }
}

/// What the record does not tell of what the expression looks at.
fn unrecorded(expression: &Expression, call: &PastCall) -> Vec<String> {
    let (asks, unknown) = (expression.asks(), call.unknown);
    let mut words = Vec::new();
    if asks.secrets && call.has_secrets() {
        words.push(format!("the value of {}", call.names_of_secrets().join(", ")));
    }
    for (is_missing, what) in [
        (asks.client && unknown.client, "which client called"),
        (asks.claims && unknown.claims, "the caller's claims and principal"),
        (asks.changes && unknown.changes, "what policies before changed in the request"),
        (asks.certificate && unknown.certificate, "the caller's certificate"),
        (expression.reads_payload() && call.bytes > 0 && call.body.is_none(), "the body"),
    ] {
        if is_missing {
            words.push(what.to_owned());
        }
    }
    words
}

/// Evaluates an expression on a recorded call or a made-up request, as a policy would.
#[utoipa::path(post, path = "/expressions/evaluate", operation_id = "evaluate_expression",
    request_body = ExpressionQuestion,
    responses((status = 200, body = ExpressionAnswer), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn evaluate(State(control): State<Control>, body: Bytes) -> Result<Json<ExpressionAnswer>, ApiError> {
    let question = read_body_and_check(&body, ExpressionQuestion::check)?;
    let side = question.side();
    let text = question.expression.clone();
    let call = match question.call_id {
        Some(id) => blocking(move || recorded(&control, id)).await??,
        None => question.request.into_call(),
    };
    let fault = |fault: ExpressionFault| {
        let fault = Some(ExpressionFaultView::of(fault, &text));
        Json(ExpressionAnswer { value: None, fault, unrecorded: Vec::new() })
    };
    let expression = match Expression::read(&text, side) {
        Ok(expression) => expression,
        Err(found) => return Ok(fault(found)),
    };
    Ok(match call.evaluate(&expression, side) {
        Ok(value) => {
            Json(ExpressionAnswer { value, fault: None, unrecorded: unrecorded(&expression, &call) })
        }
        Err(message) => fault(ExpressionFault { message, place: 0..text.len() }),
    })
}

fn recorded(control: &Control, id: u64) -> Result<PastCall, ApiError> {
    let in_force = control.in_force();
    let call = control.traffic().call(id)?.ok_or(ApiError::NotFound("recorded call"))?;
    let past = Past { catalog: &in_force.catalog, kinds: control.kinds(), itself: None };
    past.call(&call).ok_or(ApiError::NotFound("request in the record of this call"))
}
