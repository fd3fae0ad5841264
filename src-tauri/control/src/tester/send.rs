//! One request and everything about its answer.

use std::time::{Duration, Instant};

use gatepost_model::REDACTED;
use gatepost_traffic::Call;
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

use super::exchange::{Connection, Exchange, as_text, version_of};
use super::prepare::{Prepared, TesterRequest, Trusts};
use crate::control::{Control, blocking};
use crate::error::ApiError;
use crate::names::Names;
use crate::routes::calls::name;

/// An answer as shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct TesterAnswer {
    status: u16,
    reason: String,
    http_version: String,
    #[schema(value_type = Vec<Vec<String>>)]
    headers: Vec<(String, String)>,
    /// Text, or base64 where it is not UTF-8; at most 10 MiB of it.
    body: String,
    /// `text` or `base64`.
    body_encoding: &'static str,
    body_bytes: u64,
    /// The body is longer than what is shown.
    truncated: bool,
    timings_us: Timings,
    /// As sent, credentials of the client app hidden.
    #[schema(value_type = Vec<Vec<String>>)]
    request_headers: Vec<(String, String)>,
    /// As called.
    url: String,
    /// Whose certificates were taken; null over plain HTTP.
    trusts: Option<Trusts>,
    /// What the gateway recorded of it; null when it did not go through the gateway.
    call: Option<Call>,
}

/// How long each step took, microseconds.
#[derive(Serialize, ToSchema)]
struct Timings {
    /// Until the connection stood.
    connect: u64,
    /// From the request sent to the answer's head.
    first_byte: u64,
    /// From the request sent to the end of the answer.
    total: u64,
}

/// How long the recorder may take until a call can be read.
const RECORDED_WITHIN: Duration = Duration::from_millis(500);

/// Sends one request.
pub(crate) async fn send(control: &Control, request: TesterRequest) -> Result<TesterAnswer, ApiError> {
    let request = request.prepare(control).await?;
    let begun = Instant::now();
    let mut connection = Connection::open(&request).await?;
    let connect = begun.elapsed();
    let request_id = new_request_id()?;
    let exchange = connection.exchange(&request, &request_id).await?;
    TesterAnswer::of(control, &request, exchange, connect).await
}

impl TesterAnswer {
    /// Shows an exchange, with the gateway's record of it.
    pub(super) async fn of(
        control: &Control,
        request: &Prepared,
        exchange: Exchange,
        connect: Duration,
    ) -> Result<Self, ApiError> {
        let call = match (request.connect_to, exchange.head.headers.get("x-request-id")) {
            (Some(_), Some(id)) => recorded(control, &String::from_utf8_lossy(id.as_bytes())).await?,
            _ => None,
        };
        let (body, body_encoding) = as_text(&exchange.body);
        Ok(Self {
            status: exchange.head.status.as_u16(),
            reason: exchange.head.status.canonical_reason().unwrap_or_default().to_owned(),
            http_version: version_of(&exchange.head),
            headers: list(&exchange.head.headers),
            body,
            body_encoding,
            body_bytes: exchange.body_bytes,
            truncated: exchange.body_bytes > exchange.body.len() as u64,
            timings_us: Timings {
                connect: micros(connect),
                first_byte: micros(exchange.first_byte),
                total: micros(exchange.total),
            },
            request_headers: list(&request.headers),
            url: request.url.to_string(),
            trusts: request.trusts,
            call,
        })
    }
}

/// The record of the call with this id. The gateway hands it over when the last byte is written, which the reader of
/// that byte may notice first: looks again for a moment.
async fn recorded(control: &Control, request_id: &str) -> Result<Option<Call>, ApiError> {
    let until = Instant::now() + RECORDED_WITHIN;
    loop {
        let (reader, id) = (control.clone(), request_id.to_owned());
        let found = blocking(move || reader.traffic().call_by_request_id(&id)).await??;
        if let Some(mut call) = found {
            name(&mut call.summary, Names(&control.in_force().catalog));
            return Ok(Some(call));
        }
        if Instant::now() > until {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn list(headers: &HeaderMap) -> Vec<(String, String)> {
    let shown = |value: &http::HeaderValue| {
        let hidden = value.is_sensitive();
        if hidden { REDACTED.to_owned() } else { String::from_utf8_lossy(value.as_bytes()).into_owned() }
    };
    headers.iter().map(|(name, value)| (name.to_string(), shown(value))).collect()
}

/// Whole microseconds.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// An id that no other call has.
pub(super) fn new_request_id() -> Result<String, ApiError> {
    let random = getrandom::u64().map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(format!("tester-{random:016x}"))
}
