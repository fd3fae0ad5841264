//! Recorded calls as policies and expressions can look at them again, and what is not known of each any more.

use gatepost_gateway::{Category, Identity, Kind, PastAnswer, PastCall, Unrecorded};
use gatepost_model::{AppliedPolicyId, Catalog, Outcome, Phase};
use gatepost_traffic::Call;

use crate::names::Names;

/// Looks at records from where one policy stands, or would stand.
pub(crate) struct Past<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) kinds: &'a [Kind],
    /// The policy itself, where it stands already: what it did does not count.
    pub(crate) itself: Option<AppliedPolicyId>,
}

impl Past<'_> {
    /// The call; none where its record cannot be one of a request, such as that of bytes which were none.
    pub(crate) fn call(&self, call: &Call) -> Option<PastCall> {
        let (client, is_client_known) = self.client_of(call);
        let was_asked = self.someone_before(call, |kind| kind.category == Category::Security);
        let was_changed = self.before(call).any(|(_, outcome)| outcome == Outcome::Changed);
        Some(PastCall {
            at_us: call.summary.at_us,
            method: call.summary.method.clone(),
            target: call.summary.path.clone(),
            http_version: call.http_version.clone(),
            headers: call.request_headers.clone(),
            bytes: call.summary.request_bytes,
            body: None,
            remote: call.remote_address.parse().ok()?,
            request_id: call.summary.request_id.clone(),
            is_https: call.scheme == "https",
            identity: client,
            unknown: Unrecorded {
                secrets: false,
                client: was_asked && !is_client_known,
                claims: was_asked,
                changes: was_changed,
                certificate: call.scheme == "https",
            },
            answer: call.summary.upstream_us.map(|_| PastAnswer {
                status: call.summary.status,
                headers: call.response_headers.clone(),
                bytes: call.summary.response_bytes,
            }),
        })
    }

    /// Who called, and whether its client ID is certain: with several credentials it may have been either.
    fn client_of(&self, call: &Call) -> (Identity, bool) {
        let app = call.summary.client_app_id.and_then(|id| Names(self.catalog).client(id));
        let Some(app) = app else { return (Identity::default(), false) };
        let mut credentials = self.catalog.credentials_of(app.id);
        let one = credentials.next().filter(|_| credentials.next().is_none());
        let identity = Identity {
            client_app: Some(app.id),
            client_name: Some(app.name.as_str().into()),
            client_id: one.map(|credential| credential.client_id.as_str().into()),
            ..Identity::default()
        };
        (identity, one.is_some())
    }

    /// The other policies whose request halves let the call pass, and what they did.
    fn before<'c>(&self, call: &'c Call) -> impl Iterator<Item = (&'c str, Outcome)> {
        let itself = self.itself;
        let steps = call.trail.iter().filter(move |step| {
            step.phase == Phase::Request
                && matches!(step.outcome, Outcome::Passed | Outcome::Changed)
                && (itself.is_none() || step.applied_policy_id != itself)
        });
        steps.filter_map(|step| Some((step.policy.as_deref()?, step.outcome)))
    }

    fn someone_before(&self, call: &Call, is_it: impl Fn(&Kind) -> bool) -> bool {
        // Of a policy that this program does not have nothing is known.
        self.before(call).any(|(name, _)| self.kinds.iter().find(|kind| kind.name == name).is_none_or(&is_it))
    }
}
