//! Certificates that upstreams name: whether there are such, and what should be known about how they are used.

use gatepost_model::{ApiRoute, Catalog, CertificateKind, Fault, Faults, Upstream, UpstreamTls};
use gatepost_store::{NewApi, Write};

use crate::error::ApiError;

/// The certificates that can be named.
#[derive(Clone, Debug, Default)]
pub struct CertificateNames {
    /// Those to trust.
    authorities: Vec<String>,
    /// Those with a key, to show.
    identities: Vec<String>,
}

impl CertificateNames {
    /// Those in the catalog.
    pub fn of(catalog: &Catalog) -> Self {
        let mut names = Self::default();
        for certificate in &catalog.certificates {
            names.add(certificate.name.clone(), certificate.kind);
        }
        names
    }

    /// One more.
    pub fn add(&mut self, name: String, kind: CertificateKind) {
        match kind {
            CertificateKind::Identity => self.identities.push(name),
            CertificateKind::Authority | CertificateKind::LocalAuthority => self.authorities.push(name),
        }
    }

    /// Whether there is one of this name.
    pub fn knows(&self, name: &str) -> bool {
        self.authorities.iter().chain(&self.identities).any(|known| known == name)
    }

    /// A fault for every name in an API's upstreams that is not among them, such as `routes[0].upstream.tls.authority`.
    pub fn check(&self, upstream: &Upstream, routes: &[ApiRoute]) -> Vec<Fault> {
        for_each_upstream(upstream, routes, |upstream| self.check_tls(&upstream.tls))
    }

    fn check_tls(&self, tls: &UpstreamTls) -> Vec<Fault> {
        let mut faults = Faults::new();
        for (field, name, known, other, what) in [
            ("tls.authority", &tls.authority, &self.authorities, &self.identities, "certificate authority"),
            (
                "tls.certificate",
                &tls.certificate,
                &self.identities,
                &self.authorities,
                "certificate with a key",
            ),
        ] {
            let Some(name) = name else { continue };
            if other.contains(name) && !known.contains(name) {
                faults.add(field, format!("`{name}` is not a {what}"));
            } else if !known.contains(name) {
                faults.add(field, format!("there is no {what} `{name}`; add it first"));
            }
        }
        faults.into_vec()
    }
}

/// Refuses an API whose upstreams name a certificate that the catalog, as this save has made it so far, does not have.
pub fn must_exist(tx: &mut Write<'_>, api: &NewApi) -> Result<(), ApiError> {
    let names_some =
        |upstream: &Upstream| upstream.tls.authority.is_some() || upstream.tls.certificate.is_some();
    if !names_some(&api.upstream) && !api.routes.iter().any(|route| names_some(&route.upstream)) {
        return Ok(());
    }
    let faults = CertificateNames::of(&tx.load()?).check(&api.upstream, &api.routes);
    if faults.is_empty() { Ok(()) } else { Err(ApiError::Invalid(faults)) }
}

/// What is allowed but should be known about an API's upstreams, such as `upstream.tls.verify`.
pub fn warnings(upstream: &Upstream, routes: &[ApiRoute]) -> Vec<Fault> {
    for_each_upstream(upstream, routes, Upstream::warnings)
}

/// What is to be said of an API's own upstream and that of each route, addressed from the API.
fn for_each_upstream(
    upstream: &Upstream,
    routes: &[ApiRoute],
    say: impl Fn(&Upstream) -> Vec<Fault>,
) -> Vec<Fault> {
    let mut said = Faults::new();
    said.extend_under("upstream", say(upstream));
    for (n, route) in routes.iter().enumerate() {
        said.extend_under(&format!("routes[{n}].upstream"), say(&route.upstream));
    }
    said.into_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_model::{RouteInput, UpstreamInput};
    use serde_json::{Value, json};

    fn upstream(tls: &Value) -> Upstream {
        let input: UpstreamInput =
            serde_json::from_value(json!({"url": "https://a", "tls": tls})).expect("of the right form");
        input.check().expect("valid")
    }

    fn routes(tls: &Value) -> Vec<ApiRoute> {
        let input: Vec<RouteInput> =
            serde_json::from_value(json!([{"name": "a", "upstream": {"url": "https://a", "tls": tls}}]))
                .expect("of the right form");
        RouteInput::check_all(&input).expect("valid")
    }

    fn fields(faults: &[Fault]) -> Vec<&str> {
        faults.iter().map(|fault| fault.field.as_str()).collect()
    }

    #[test]
    fn a_name_must_be_that_of_a_certificate_of_the_right_kind() {
        let mut names = CertificateNames::default();
        names.add("ca".into(), CertificateKind::Authority);
        names.add("mine".into(), CertificateKind::Identity);
        let good = json!({"authority": "ca", "certificate": "mine"});
        assert!(names.check(&upstream(&good), &routes(&good)).is_empty());
        let unknown =
            names.check(&upstream(&json!({})), &routes(&json!({"authority": "other", "certificate": "x"})));
        assert_eq!(
            fields(&unknown),
            ["routes[0].upstream.tls.authority", "routes[0].upstream.tls.certificate"]
        );
        assert!(unknown[0].message.contains("there is no"), "{unknown:?}");
        let swapped = names.check(&upstream(&json!({"authority": "mine", "certificate": "ca"})), &[]);
        assert_eq!(fields(&swapped), ["upstream.tls.authority", "upstream.tls.certificate"]);
        assert!(swapped[0].message.contains("is not a"), "{swapped:?}");
    }

    #[test]
    fn warns_of_every_upstream_that_is_not_verified() {
        let off = json!({"verify": false});
        assert!(warnings(&upstream(&json!({})), &routes(&json!({}))).is_empty());
        assert_eq!(
            fields(&warnings(&upstream(&off), &routes(&off))),
            ["upstream.tls.verify", "routes[0].upstream.tls.verify"]
        );
    }
}
