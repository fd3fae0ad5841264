//! "Call as client app": puts the app's credentials where the API's policies look for them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use gatepost_model::{ApiId, AppliedPolicy, ClientAppId, Credential};
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use super::prepare::Prepared;
use crate::control::{Control, now_ms};
use crate::error::ApiError;
use crate::routes::credentials::secret_of;

/// Where a policy looks for one half of a credential.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Header(String),
    Query(String),
    /// An expression the tester does not understand: the person fills it in.
    Elsewhere,
}

/// Adds the newest credential of `client` that has not expired to the request.
pub(super) async fn fill_in(
    prepared: &mut Prepared,
    control: &Control,
    client: i64,
    api: Option<i64>,
) -> Result<(), ApiError> {
    let in_force = control.in_force();
    let is_taken = |known: &&Credential| known.expires_at.is_none_or(|at| now_ms() < at);
    let newest = in_force.catalog.credentials_of(ClientAppId(client)).filter(is_taken).last();
    let credential = newest.ok_or_else(|| {
        ApiError::fault(
            "call_as",
            "this client app has no credential that is taken; issue one on its page, or call without",
        )
    })?;
    let secret = secret_of(control, credential.id).await?;
    let policy = api.and_then(|api| {
        let catalog = &in_force.catalog;
        let mut all = catalog.policies_of(None).chain(catalog.policies_of(ApiId(api)));
        all.find(|p| p.policy == "client-id-enforcement" && p.enabled)
    });
    if policy.is_some_and(|policy| policy.config["credentials_origin"] == "http_basic_authentication_header")
    {
        let pair = BASE64_STANDARD.encode(format!("{}:{}", credential.client_id, secret.expose()));
        return put(prepared, &Place::Header(AUTHORIZATION.to_string()), &format!("Basic {pair}"));
    }
    put(prepared, &place(policy, "client_id"), &credential.client_id)?;
    put(prepared, &place(policy, "client_secret"), secret.expose())
}

/// Where `half` (`client_id` or `client_secret`) is looked for: as configured, or in the header of that name.
fn place(policy: Option<&AppliedPolicy>, half: &str) -> Place {
    let configured = policy.and_then(|policy| policy.config[format!("{half}_expression")].as_str());
    configured.map_or_else(|| Place::Header(half.to_owned()), read_expression)
}

/// Understands `#[attributes.headers['NAME']]` and `#[attributes.queryParams['NAME']]`, in either kind of quotes.
fn read_expression(expression: &str) -> Place {
    let inside =
        expression.trim().strip_prefix("#[").and_then(|rest| rest.strip_suffix(']')).unwrap_or_default();
    let named = |prefix: &str| {
        let name = inside.trim().strip_prefix(prefix)?.strip_prefix('[')?.strip_suffix(']')?;
        Some(name.trim().trim_matches(['\'', '"']).to_owned())
    };
    named("attributes.headers")
        .map(Place::Header)
        .or_else(|| named("attributes.queryParams").map(Place::Query))
        .unwrap_or(Place::Elsewhere)
}

fn put(prepared: &mut Prepared, place: &Place, value: &str) -> Result<(), ApiError> {
    match place {
        Place::Header(name) => {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(value);
            if let (Ok(name), Ok(mut value)) = (name, value) {
                value.set_sensitive(true);
                // What the person typed stays: it may be the wrong secret on purpose.
                prepared.headers.entry(name).or_insert(value);
            }
            Ok(())
        }
        Place::Query(name) => {
            prepared.url.query_pairs_mut().append_pair(name, value);
            Ok(())
        }
        Place::Elsewhere => Err(ApiError::fault(
            "call_as",
            "the policy takes credentials from an expression the tester cannot fill in; put them into the request by hand",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_where_credentials_belong() {
        assert_eq!(read_expression("#[attributes.headers['client_id']]"), Place::Header("client_id".into()));
        assert_eq!(read_expression("#[attributes.queryParams[\"id\"]]"), Place::Query("id".into()));
        assert_eq!(read_expression("#[upper(attributes.headers['x'])]"), Place::Elsewhere);
    }
}
