//! The management API's one router, and its OpenAPI document.

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use http_body_util::BodyExt;
use tower::ServiceExt;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::control::Control;
use crate::error::ApiError;
use crate::routes;

/// Largest body of a management request, in bytes: a tester request carries its body in it.
const MAX_BODY: usize = 16 << 20;

#[derive(OpenApi)]
#[openapi(info(title = "Gatepost management API", description = "Everything an operator can do."))]
struct Document;

fn described() -> OpenApiRouter<Control> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(routes::status::routes())
        .merge(routes::apis::routes())
        .merge(routes::targets::routes())
        .merge(routes::preview::routes())
        .merge(routes::spec::routes())
        .merge(routes::applied::routes())
        .merge(routes::applied_draft::routes())
        .merge(routes::automated::routes())
        .merge(routes::scope_preview::routes())
        .merge(routes::policy_preview::routes())
        .merge(routes::expressions::routes())
        .merge(routes::catalogue::routes())
        .merge(routes::listeners::routes())
        .merge(routes::certificates::routes())
        .merge(routes::local_authority::routes())
        .merge(routes::clients::routes())
        .merge(routes::credentials::routes())
        .merge(routes::contracts::routes())
        .merge(routes::calls::routes())
        .merge(routes::analytics::routes())
        .merge(routes::live::routes())
        .merge(routes::tester::routes())
        .merge(routes::sample::routes())
        .merge(routes::schemas::routes())
        .merge(routes::settings::routes())
        .merge(routes::changes::routes())
}

/// Every operation, under `/api`. Access is the caller's to check: the window needs none, HTTP has [`crate::serve`].
pub fn router(control: Control) -> Router {
    let (router, _) = described().split_for_parts();
    Router::new()
        .nest("/api", router.fallback(|| async { ApiError::NotFound("operation") }))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(control)
}

/// One request to the router, in process: for the window. Status and body.
pub async fn call(router: Router, method: &str, path: &str, body: String) -> anyhow::Result<(u16, String)> {
    let request = http::Request::builder().method(method).uri(path).body(Body::from(body))?;
    let response = router.oneshot(request).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// The OpenAPI document of the router, as pretty JSON. The console's client is generated from it.
pub fn openapi() -> String {
    let (_, mut document) = described().split_for_parts();
    // Taken from Cargo.toml, which names none.
    document.info.license = None;
    document.servers = Some(vec![utoipa::openapi::Server::new("/api")]);
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
