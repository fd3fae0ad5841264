//! Credentials of a client app: issue, reveal, change, rotate, delete.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use gatepost_model::{ClientAppId, Credential, CredentialId};
use gatepost_store::{Secret, generate_client_id, generate_secret};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::client_of;
use crate::control::{Control, Topic, blocking, now_ms};
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body_and_check;
use crate::inputs::{CredentialInput, RotationInput};
use crate::plan::InForce;

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new()
        .routes(routes!(issue))
        .routes(routes!(change, delete))
        .routes(routes!(reveal))
        .routes(routes!(rotate))
        .routes(routes!(forget_previous))
}

/// Most credentials a client app may have.
const MAX_CREDENTIALS: usize = 20;

/// A credential as shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct CredentialView {
    id: CredentialId,
    client_id: String,
    /// The secret's last four characters.
    secret_hint: String,
    created_at: i64,
    /// When it stops being taken, in epoch milliseconds; null for never.
    expires_at: Option<i64>,
    /// The secret that was replaced and is still taken.
    previous_secret: Option<PreviousSecretView>,
    /// Only in the answer that issues it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret: Option<String>,
}

/// A secret that was replaced.
#[derive(Serialize, ToSchema)]
struct PreviousSecretView {
    /// Its last four characters.
    hint: String,
    /// When it stops being taken, in epoch milliseconds.
    until: i64,
}

impl CredentialView {
    pub(crate) fn of(credential: &Credential) -> Self {
        Self {
            id: credential.id,
            client_id: credential.client_id.clone(),
            secret_hint: credential.secret_hint.clone(),
            created_at: credential.created_at,
            expires_at: credential.expires_at,
            previous_secret: credential
                .previous
                .as_ref()
                .filter(|previous| now_ms() < previous.until)
                .map(|previous| PreviousSecretView { hint: previous.hint.clone(), until: previous.until }),
            client_secret: None,
        }
    }
}

/// The client app's credential with this number, or 404.
fn credential_of(in_force: &InForce, client: i64, id: i64) -> Result<&Credential, ApiError> {
    client_of(in_force, client)?;
    let found = in_force.catalog.credentials.get((ClientAppId(client), CredentialId(id)));
    found.ok_or(ApiError::NotFound("credential of this client app"))
}

/// Issues another credential; only this answer carries the secret.
#[utoipa::path(post, path = "/clients/{id}/credentials", operation_id = "issue_credential", params(("id" = i64, Path)),
    responses((status = 201, body = CredentialView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn issue(
    State(control): State<Control>,
    Path(id): Path<i64>,
) -> Result<(StatusCode, Json<CredentialView>), ApiError> {
    let in_force = control.in_force();
    let app = client_of(&in_force, id)?;
    if in_force.catalog.credentials_of(app.id).count() >= MAX_CREDENTIALS {
        return Err(ApiError::fault(
            "",
            format!("a client app may have at most {MAX_CREDENTIALS} credentials"),
        ));
    }
    let (client_id, secret) = (generate_client_id()?, generate_secret()?);
    let stored = Secret::new(secret.expose().to_owned());
    let what = format!("Issued a credential to {}", app.name);
    let issued = control.save(what, &[Topic::Clients], move |tx| {
        Ok(tx.insert_credential(ClientAppId(id), &client_id, &stored)?)
    });
    let issued = issued.await?;
    let mut view = CredentialView::of(credential_of(&control.in_force(), id, issued.0)?);
    view.client_secret = Some(secret.expose().to_owned());
    Ok((StatusCode::CREATED, Json(view)))
}

/// Changes when a credential stops being taken.
#[utoipa::path(put, path = "/clients/{id}/credentials/{credential_id}", operation_id = "change_credential",
    params(("id" = i64, Path), ("credential_id" = i64, Path)), request_body = CredentialInput,
    responses((status = 200, body = CredentialView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn change(
    State(control): State<Control>,
    Path((id, credential_id)): Path<(i64, i64)>,
    body: Bytes,
) -> Result<Json<CredentialView>, ApiError> {
    let input = read_body_and_check(&body, CredentialInput::check)?;
    let what = told_of(&control, "Changed when a credential expires", id, credential_id)?;
    let expires_at = input.expires_at;
    let change = control.save(what, &[Topic::Clients], move |tx| {
        Ok(tx.set_credential_expiry(CredentialId(credential_id), expires_at)?)
    });
    change.await?;
    Ok(Json(CredentialView::of(credential_of(&control.in_force(), id, credential_id)?)))
}

/// What a change of a credential is called in the history; 404 where there is none.
fn told_of(control: &Control, done: &str, client: i64, id: i64) -> Result<String, ApiError> {
    let in_force = control.in_force();
    credential_of(&in_force, client, id)?;
    Ok(format!("{done}, of {}", client_of(&in_force, client)?.name))
}

/// Gives a credential another secret, which only this answer carries. The one before is taken for a while.
#[utoipa::path(post, path = "/clients/{id}/credentials/{credential_id}/rotate", operation_id = "rotate_secret",
    params(("id" = i64, Path), ("credential_id" = i64, Path)), request_body = RotationInput,
    responses((status = 200, body = CredentialView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn rotate(
    State(control): State<Control>,
    Path((id, credential_id)): Path<(i64, i64)>,
    body: Bytes,
) -> Result<Json<CredentialView>, ApiError> {
    let until = read_body_and_check(&body, RotationInput::check)?.until(now_ms());
    let what = told_of(&control, "Rotated a secret", id, credential_id)?;
    let secret = generate_secret()?;
    let stored = Secret::new(secret.expose().to_owned());
    let rotated = control.save(what, &[Topic::Clients], move |tx| {
        Ok(tx.replace_secret(CredentialId(credential_id), &stored, until)?)
    });
    rotated.await?;
    let mut view = CredentialView::of(credential_of(&control.in_force(), id, credential_id)?);
    view.client_secret = Some(secret.expose().to_owned());
    Ok(Json(view))
}

/// Takes the secret before the last no more.
#[utoipa::path(delete, path = "/clients/{id}/credentials/{credential_id}/previous-secret",
    operation_id = "forget_previous_secret", params(("id" = i64, Path), ("credential_id" = i64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn forget_previous(
    State(control): State<Control>,
    Path((id, credential_id)): Path<(i64, i64)>,
) -> Result<StatusCode, ApiError> {
    let what = told_of(&control, "Ended the time of a replaced secret", id, credential_id)?;
    let forget = control.save(what, &[Topic::Clients], move |tx| {
        Ok(tx.set_previous_secret(CredentialId(credential_id), None)?)
    });
    forget.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a credential; calls with it are refused from now on.
#[utoipa::path(delete, path = "/clients/{id}/credentials/{credential_id}", operation_id = "delete_credential",
    params(("id" = i64, Path), ("credential_id" = i64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn delete(
    State(control): State<Control>,
    Path((id, credential_id)): Path<(i64, i64)>,
) -> Result<StatusCode, ApiError> {
    let in_force = control.in_force();
    credential_of(&in_force, id, credential_id)?;
    let what = format!("Deleted a credential of {}", client_of(&in_force, id)?.name);
    control
        .save(what, &[Topic::Clients], move |tx| Ok(tx.delete_credential(CredentialId(credential_id))?))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A secret in clear.
#[derive(Serialize, ToSchema)]
struct Revealed {
    client_secret: String,
}

/// Shows a credential's secret again.
#[utoipa::path(post, path = "/clients/{id}/credentials/{credential_id}/reveal", operation_id = "reveal_secret",
    params(("id" = i64, Path), ("credential_id" = i64, Path)),
    responses((status = 200, body = Revealed), (status = 404, body = ErrorBody)))]
async fn reveal(
    State(control): State<Control>,
    Path((id, credential_id)): Path<(i64, i64)>,
) -> Result<Json<Revealed>, ApiError> {
    credential_of(&control.in_force(), id, credential_id)?;
    let secret = secret_of(&control, CredentialId(credential_id)).await?;
    Ok(Json(Revealed { client_secret: secret.expose().to_owned() }))
}

/// A credential's secret, out of the vault.
pub(crate) async fn secret_of(control: &Control, id: CredentialId) -> Result<Secret, ApiError> {
    let control = control.clone();
    let secret = blocking(move || control.store().reveal_secret(id)).await??;
    secret.ok_or(ApiError::NotFound("credential"))
}
