//! Certificates: list, add, replace, delete, download. A key goes in and never comes out.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use gatepost_gateway::read_chain;
use gatepost_model::{Certificate, CertificateId, CertificateKind, Fault};
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::{Control, Topic, blocking, now_ms};
use crate::error::{ApiError, ErrorBody};
use crate::input::read_body;
use crate::plan::InForce;
use crate::tls::{CertificateContent, CertificateInput, Expiry, MAX_CERTIFICATES, Use, uses_of};

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(show, replace, delete))
        .routes(routes!(download))
}

/// A certificate as shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct CertificateView {
    id: i64,
    /// What listeners and upstreams call it.
    name: String,
    kind: KindView,
    /// Whom it is for, such as `O=Orders, CN=orders.test`.
    subject: String,
    /// Who signed it.
    issuer: String,
    /// Its host names and addresses.
    hosts: Vec<String>,
    /// SHA-256 of the certificate, in lowercase hex.
    fingerprint: String,
    /// Epoch milliseconds.
    not_before: i64,
    /// Epoch milliseconds: the earliest end among its chain.
    not_after: i64,
    expiry: Expiry,
    /// How many certificates are in its chain.
    chain_length: usize,
    /// Signed by this machine's local authority, which makes it anew 30 days before its end.
    issued_locally: bool,
    /// Who names it: while somebody does, it cannot be deleted.
    used_by: Vec<Use>,
    /// Epoch milliseconds.
    created_at: i64,
}

/// What a certificate is for.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum KindView {
    /// Has a key; shown to callers or targets.
    Identity,
    /// Trusted.
    Authority,
    /// The authority that this program made for this machine.
    LocalAuthority,
}

impl CertificateView {
    pub(crate) fn of(certificate: &Certificate, in_force: &InForce, now_ms: i64) -> Self {
        let catalog = &in_force.catalog;
        let mut authorities =
            catalog.certificates.iter().filter(|known| known.kind == CertificateKind::LocalAuthority);
        Self {
            id: certificate.id.0,
            name: certificate.name.clone(),
            kind: match certificate.kind {
                CertificateKind::Identity => KindView::Identity,
                CertificateKind::Authority => KindView::Authority,
                CertificateKind::LocalAuthority => KindView::LocalAuthority,
            },
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            hosts: certificate.hosts.clone(),
            fingerprint: certificate.fingerprint.clone(),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            expiry: Expiry::of(certificate.not_after, now_ms),
            chain_length: read_chain(&certificate.chain).map_or(0, |chain| chain.len()),
            issued_locally: certificate.kind == CertificateKind::Identity
                && authorities.any(|authority| authority.subject == certificate.issuer),
            used_by: uses_of(catalog, &certificate.name),
            created_at: certificate.created_at,
        }
    }
}

fn certificate_of(in_force: &InForce, id: i64) -> Result<&Certificate, ApiError> {
    let found = in_force.catalog.certificates.iter().find(|known| known.id == CertificateId(id));
    found.ok_or(ApiError::NotFound("certificate"))
}

pub(crate) fn view(control: &Control, id: i64) -> Result<Json<CertificateView>, ApiError> {
    let in_force = control.in_force();
    let certificate = certificate_of(&in_force, id)?;
    Ok(Json(CertificateView::of(certificate, &in_force, now_ms())))
}

/// Refuses one more than there may be.
pub(crate) fn must_have_room(in_force: &InForce) -> Result<(), ApiError> {
    if in_force.catalog.certificates.len() >= MAX_CERTIFICATES {
        return Err(ApiError::fault("", format!("there can be at most {MAX_CERTIFICATES} certificates")));
    }
    Ok(())
}

/// All certificates, by number; their keys stay here.
#[utoipa::path(get, path = "/certificates", operation_id = "list_certificates",
    responses((status = 200, body = Vec<CertificateView>)))]
async fn list(State(control): State<Control>) -> Json<Vec<CertificateView>> {
    let (in_force, now) = (control.in_force(), now_ms());
    let certificates = in_force.catalog.certificates.iter();
    Json(certificates.map(|certificate| CertificateView::of(certificate, &in_force, now)).collect())
}

/// Adds a certificate with its key to be shown, or authorities to be trusted.
#[utoipa::path(post, path = "/certificates", operation_id = "add_certificate", request_body = CertificateInput,
    responses((status = 201, body = CertificateView), (status = 422, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn add(
    State(control): State<Control>,
    body: Bytes,
) -> Result<(StatusCode, Json<CertificateView>), ApiError> {
    must_have_room(&control.in_force())?;
    let input: CertificateInput = read_body(&body)?;
    // Opening PKCS#12 is made slow on purpose by whoever wrote it.
    let new = blocking(move || input.check_at(now_ms())).await?.map_err(ApiError::Invalid)?;
    let what = format!("Added the certificate {}", new.name);
    let id = control.save(what, &[Topic::Certificates], move |tx| Ok(tx.insert_certificate(&new)?)).await?;
    Ok((StatusCode::CREATED, view(&control, id.0)?))
}

/// One certificate.
#[utoipa::path(get, path = "/certificates/{id}", operation_id = "show_certificate", params(("id" = i64, Path)),
    responses((status = 200, body = CertificateView), (status = 404, body = ErrorBody)))]
async fn show(
    State(control): State<Control>,
    Path(id): Path<i64>,
) -> Result<Json<CertificateView>, ApiError> {
    view(&control, id)
}

/// Puts another certificate in the place of one: it is shown or trusted from the next connection on, wherever the old
/// one was; connections that stand are left alone.
#[utoipa::path(put, path = "/certificates/{id}", operation_id = "replace_certificate", params(("id" = i64, Path)),
    request_body = CertificateContent,
    responses((status = 200, body = CertificateView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn replace(
    State(control): State<Control>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<CertificateView>, ApiError> {
    let in_force = control.in_force();
    let old = certificate_of(&in_force, id)?;
    if old.kind == CertificateKind::LocalAuthority {
        return Err(ApiError::fault("", "the local authority is removed and made again, not replaced"));
    }
    let input = read_body::<CertificateContent>(&body)?.named(old.name.clone());
    let new = blocking(move || input.check_at(now_ms())).await?.map_err(ApiError::Invalid)?;
    match (old.kind, new.kind) {
        (CertificateKind::Identity, CertificateKind::Authority) => {
            return Err(ApiError::fault(
                "key",
                format!("is missing: `{}` is a certificate with a key", old.name),
            ));
        }
        (CertificateKind::Authority, CertificateKind::Identity) => {
            return Err(ApiError::fault(
                "key",
                format!("does not belong here: `{}` is an authority", old.name),
            ));
        }
        _ => {}
    }
    let what = format!("Replaced the certificate {}", new.name);
    let update =
        move |tx: &mut gatepost_store::Write<'_>| Ok(tx.update_certificate(CertificateId(id), &new)?);
    control.save(what, &[Topic::Certificates], update).await?;
    view(&control, id)
}

/// Deletes a certificate. Refused while a listener or an API names it, saying which.
#[utoipa::path(delete, path = "/certificates/{id}", operation_id = "delete_certificate", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn delete(State(control): State<Control>, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    let in_force = control.in_force();
    let certificate = certificate_of(&in_force, id)?;
    if certificate.kind == CertificateKind::LocalAuthority {
        return Err(ApiError::fault(
            "",
            "the local authority is removed with all that it issued: DELETE /api/local-authority",
        ));
    }
    let (what, name) = (format!("Deleted the certificate {}", certificate.name), certificate.name.clone());
    let remove = move |tx: &mut gatepost_store::Write<'_>| {
        refuse_while_used(&uses_of(&tx.load()?, &name), &name)?;
        Ok(tx.delete_certificate(CertificateId(id))?)
    };
    control.save(what, &[Topic::Certificates], remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// 409 that says who uses it.
pub(crate) fn refuse_while_used(uses: &[Use], name: &str) -> Result<(), ApiError> {
    if uses.is_empty() {
        return Ok(());
    }
    let by: Vec<&str> = uses.iter().map(|used| used.label.as_str()).collect();
    Err(ApiError::Taken(Fault::new(
        "",
        format!("The certificate {name} is used by {}; let them use another first", by.join(", ")),
    )))
}

/// The certificate and its chain in PEM, without the key.
#[utoipa::path(get, path = "/certificates/{id}/chain", operation_id = "download_certificate", params(("id" = i64, Path)),
    responses((status = 200, body = String, content_type = "application/x-pem-file"), (status = 404, body = ErrorBody)))]
async fn download(State(control): State<Control>, Path(id): Path<i64>) -> Result<Response, ApiError> {
    let in_force = control.in_force();
    Ok(as_file(&certificate_of(&in_force, id)?.chain, "certificate.pem"))
}

/// PEM to be saved under this name.
pub(crate) fn as_file(pem: &str, name: &str) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    (
        [(CONTENT_TYPE, "application/x-pem-file".to_owned()), (CONTENT_DISPOSITION, disposition)],
        pem.to_owned(),
    )
        .into_response()
}
