//! Until when certificates are good, said ahead of time.

use gatepost_model::{Api, Catalog, Certificate};
use serde::Serialize;
use utoipa::ToSchema;

use super::{DAY_MS, day_of, uses_of};
use crate::warning::{Warning, WarningKind};

/// From when on before its end a certificate's expiry is said, and one that this program made is made anew.
pub const AHEAD_MS: i64 = 30 * DAY_MS;

/// How it stands with a certificate's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// More than 30 days are left.
    Valid,
    /// 30 days or less are left.
    Soon,
    /// It is over.
    Expired,
}

impl Expiry {
    /// At `now_ms`.
    pub fn of(not_after: i64, now_ms: i64) -> Self {
        match not_after.saturating_sub(now_ms) {
            left if left <= 0 => Self::Expired,
            left if left <= AHEAD_MS => Self::Soon,
            _ => Self::Valid,
        }
    }
}

/// Certificates that are over or soon will be, the most pressing first, and upstreams whose certificate is not checked.
pub fn warnings(catalog: &Catalog, now_ms: i64) -> Vec<Warning> {
    let certificates = catalog.certificates.iter().filter_map(|known| of_certificate(catalog, known, now_ms));
    let apis = catalog.apis.iter().filter(|api| is_unverified(api)).map(of_api);
    let mut warnings: Vec<Warning> = certificates.chain(apis).collect();
    warnings.sort_by_key(|warning| warning.kind);
    warnings
}

fn of_certificate(catalog: &Catalog, certificate: &Certificate, now_ms: i64) -> Option<Warning> {
    let (name, day) = (&certificate.name, day_of(certificate.not_after));
    let uses: Vec<String> = uses_of(catalog, name).into_iter().map(|used| used.label).collect();
    let used_by =
        if uses.is_empty() { String::new() } else { format!(" It is used by {}.", uses.join(", ")) };
    let (kind, message) = match Expiry::of(certificate.not_after, now_ms) {
        Expiry::Valid => return None,
        Expiry::Soon => {
            let days = certificate.not_after.saturating_sub(now_ms).div_euclid(DAY_MS);
            let left = match days {
                0 => "today or tomorrow".to_owned(),
                1 => "in 1 day".to_owned(),
                days => format!("in {days} days"),
            };
            (
                WarningKind::CertificateExpires,
                format!("The certificate {name} expires {left}, on {day}.{used_by}"),
            )
        }
        Expiry::Expired => (
            WarningKind::CertificateExpired,
            format!("The certificate {name} has expired on {day}.{used_by}"),
        ),
    };
    Some(Warning { kind, message, since_ms: None, certificate_id: Some(certificate.id.0), api_id: None })
}

fn is_unverified(api: &Api) -> bool {
    let mut upstreams = std::iter::once(&api.upstream).chain(api.routes.iter().map(|route| &route.upstream));
    upstreams.any(|upstream| !upstream.tls.verify)
}

fn of_api(api: &Api) -> Warning {
    Warning {
        kind: WarningKind::UnverifiedUpstream,
        message: format!(
            "{} {} takes any certificate of its upstream: its calls can be read and changed on their way.",
            api.name, api.version
        ),
        since_ms: None,
        certificate_id: None,
        api_id: Some(api.id.0),
    }
}
