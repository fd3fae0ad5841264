//! The certificate authority of this machine: make it, trust it, have certificates from it, remove it again.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use gatepost_gateway::{CertificateFacts, read_chain};
use gatepost_model::{Certificate, CertificateKind, Faults, Host, words};
use gatepost_store::Write;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::certificates::{self, CertificateView, as_file, must_have_room, refuse_while_used};
use crate::control::{Control, Topic, now_ms};
use crate::error::{ApiError, ErrorBody};
use crate::input::{read_body, read_body_and_check};
use crate::plan::InForce;
use crate::tls::{Hosts, LOCAL_AUTHORITY, LocalAuthority, TrustGuide, machine_hosts, trust_guides, uses_of};

pub(crate) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(show, make, remove)).routes(routes!(download)).routes(routes!(issue))
}

/// Most domains of an authority beyond those that are private anyway.
const MAX_DOMAINS: usize = 20;

/// The local authority as shown.
#[derive(Serialize, ToSchema)]
struct LocalAuthorityView {
    certificate: CertificateView,
    /// For which names, and all below them, it can vouch.
    vouches_for: Vec<String>,
    /// What it issued.
    issued: Vec<CertificateView>,
    /// How to trust it, system by system.
    guides: Vec<TrustGuide>,
}

/// What a local authority may do.
#[derive(Debug, Default, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
struct LocalAuthorityInput {
    /// Domains that it may vouch for, all names below them included, beyond this machine's name, `localhost`, `test`,
    /// `local`, `internal`, `home.arpa` and private addresses. Default none; at most 20. Whoever gets its key can
    /// pretend to be these sites towards those who trust it.
    #[serde(default)]
    domains: Vec<String>,
}

impl LocalAuthorityInput {
    fn check(self) -> Result<Vec<String>, Vec<gatepost_model::Fault>> {
        let mut faults = Faults::new();
        if self.domains.len() > MAX_DOMAINS {
            faults.add("domains", format!("at most {MAX_DOMAINS}"));
        }
        let domains = self.domains.iter().enumerate().filter_map(|(n, domain)| {
            let parsed = Host::parse(domain.trim()).map(|host| host.as_str().to_owned());
            faults.take(&format!("domains[{n}]"), parsed)
        });
        let domains: Vec<String> = domains.collect();
        faults.into_result()?;
        Ok(domains)
    }
}

/// A certificate that is wanted from the local authority.
#[derive(Debug, Default, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
struct IssueInput {
    /// What listeners call it; default its first host.
    #[serde(default)]
    name: Option<String>,
    /// Host names and addresses it is for; a name may begin with `*.`. Default: those of this machine.
    #[serde(default)]
    hosts: Option<Vec<String>>,
}

impl IssueInput {
    fn check(self) -> Result<(String, Hosts), Vec<gatepost_model::Fault>> {
        let mut faults = Faults::new();
        let hosts = self.hosts.unwrap_or_else(machine_hosts);
        for (n, host) in hosts.iter().enumerate() {
            faults.take(&format!("hosts[{n}]"), Hosts::parse(std::slice::from_ref(host)));
        }
        let hosts = if faults.is_empty() { faults.take("hosts", Hosts::parse(&hosts)) } else { None };
        let first = hosts.as_ref().and_then(|hosts| hosts.as_slice().first().cloned());
        let name = self.name.or(first).unwrap_or_default();
        let name = faults.take("name", words(&name, 100));
        match (name, hosts, faults.is_empty()) {
            (Some(name), Some(hosts), true) => Ok((name, hosts)),
            _ => Err(faults.into_vec()),
        }
    }
}

fn authority_of(in_force: &InForce) -> Result<&Certificate, ApiError> {
    let mut certificates = in_force.catalog.certificates.iter();
    let found = certificates.find(|known| known.kind == CertificateKind::LocalAuthority);
    found.ok_or(ApiError::NotFound("local authority; make one first, instead of one"))
}

fn view(control: &Control) -> Result<Json<LocalAuthorityView>, ApiError> {
    let (in_force, now) = (control.in_force(), now_ms());
    let certificate = authority_of(&in_force)?;
    let authority = LocalAuthority::of(certificate).map_err(ApiError::Internal)?;
    let serial = read_chain(&certificate.chain).and_then(|chain| match chain.first() {
        Some(der) => CertificateFacts::of(der).map(|facts| facts.serial),
        None => Err("the local authority has lost its certificate".into()),
    });
    let issued = in_force.catalog.certificates.iter().filter(|known| authority.issued(known));
    Ok(Json(LocalAuthorityView {
        certificate: CertificateView::of(certificate, &in_force, now),
        vouches_for: authority.vouches_for(),
        issued: issued.map(|known| CertificateView::of(known, &in_force, now)).collect(),
        guides: trust_guides(&serial.map_err(ApiError::Internal)?),
    }))
}

/// The local authority, how to trust it, and what it issued; 404 while there is none.
#[utoipa::path(get, path = "/local-authority", operation_id = "show_local_authority",
    responses((status = 200, body = LocalAuthorityView), (status = 404, body = ErrorBody)))]
async fn show(State(control): State<Control>) -> Result<Json<LocalAuthorityView>, ApiError> {
    view(&control)
}

/// Makes the local authority. It stays on this machine, stands for ten years, and is trusted by nobody until somebody
/// does what its guides say.
#[utoipa::path(post, path = "/local-authority", operation_id = "make_local_authority", request_body = LocalAuthorityInput,
    responses((status = 201, body = LocalAuthorityView), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn make(
    State(control): State<Control>,
    body: Bytes,
) -> Result<(StatusCode, Json<LocalAuthorityView>), ApiError> {
    let domains = read_body_and_check(&body, LocalAuthorityInput::check)?;
    if authority_of(&control.in_force()).is_ok() {
        return Err(ApiError::Taken(gatepost_model::Fault::new(
            "",
            "There is a local authority; remove it first",
        )));
    }
    let new = LocalAuthority::make(&domains, now_ms()).map_err(ApiError::Internal)?;
    let insert = move |tx: &mut Write<'_>| Ok(tx.insert_certificate(&new)?);
    control.save("Made the local authority", &[Topic::Certificates], insert).await?;
    Ok((StatusCode::CREATED, view(&control)?))
}

/// Removes the local authority with all that it issued. Refused while a listener or an API uses any of it, saying which.
#[utoipa::path(delete, path = "/local-authority", operation_id = "remove_local_authority",
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn remove(State(control): State<Control>) -> Result<StatusCode, ApiError> {
    authority_of(&control.in_force())?;
    let remove = |tx: &mut Write<'_>| {
        let catalog = tx.load()?;
        let in_force = InForce { catalog: catalog.into(), ..InForce::default() };
        let catalog = &in_force.catalog;
        let certificate = authority_of(&in_force)?;
        let authority = LocalAuthority::of(certificate).map_err(ApiError::Internal)?;
        let gone = catalog.certificates.iter().filter(|known| authority.issued(known)).chain([certificate]);
        for known in gone {
            refuse_while_used(&uses_of(catalog, &known.name), &known.name)?;
            tx.delete_certificate(known.id)?;
        }
        Ok(())
    };
    control.save("Removed the local authority", &[Topic::Certificates], remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The authority's certificate in PEM, to be trusted.
#[utoipa::path(get, path = "/local-authority/certificate", operation_id = "download_local_authority",
    responses((status = 200, body = String, content_type = "application/x-pem-file"), (status = 404, body = ErrorBody)))]
async fn download(State(control): State<Control>) -> Result<Response, ApiError> {
    let in_force = control.in_force();
    Ok(as_file(&authority_of(&in_force)?.chain, "gatepost-local-authority.crt"))
}

/// Issues a certificate with a new key for host names, good for 396 days and made anew 30 days before its end.
#[utoipa::path(post, path = "/local-authority/certificates", operation_id = "issue_certificate", request_body = IssueInput,
    responses((status = 201, body = CertificateView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
async fn issue(
    State(control): State<Control>,
    body: Bytes,
) -> Result<(StatusCode, Json<CertificateView>), ApiError> {
    let (name, hosts) = read_body::<IssueInput>(&body)?.check().map_err(ApiError::Invalid)?;
    let in_force = control.in_force();
    must_have_room(&in_force)?;
    let authority = LocalAuthority::of(authority_of(&in_force)?).map_err(ApiError::Internal)?;
    if name == LOCAL_AUTHORITY {
        return Err(ApiError::fault("name", format!("`{name}` is the authority itself; choose another")));
    }
    let foreign = authority.check(&hosts);
    if !foreign.is_empty() {
        return Err(ApiError::Invalid(foreign));
    }
    let new = authority.issue(&name, &hosts, now_ms()).map_err(ApiError::Internal)?;
    let what = format!("Issued the certificate {name}");
    let id = control.save(what, &[Topic::Certificates], move |tx| Ok(tx.insert_certificate(&new)?)).await?;
    Ok((StatusCode::CREATED, certificates::view(&control, id.0)?))
}
