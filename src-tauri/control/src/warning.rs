//! What the operator should know of on every screen: what goes wrong at the moment, and what will.

use gatepost_gateway::Listening;
use serde::Serialize;
use utoipa::ToSchema;

use crate::control::{Control, now_ms};
use crate::tls::{certificate_warnings, client_certificate_warnings};

/// Something that goes wrong, or that works and should be known of all the same. Shown on every screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Warning {
    /// What it is about.
    pub kind: WarningKind,
    /// What happened, and what to do, in sentences.
    pub message: String,
    /// Since when, epoch milliseconds, where that is known.
    pub since_ms: Option<i64>,
    /// The certificate, where it is about one.
    pub certificate_id: Option<i64>,
    /// The API, where it is about one.
    pub api_id: Option<i64>,
}

/// What a warning is about; the most pressing first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// The system gives the gateway no more connections.
    NotAccepting,
    /// An address cannot be listened on.
    ListenerFailed,
    /// Calls are counted but not kept.
    CallsNotKept,
    /// As many connections stand as the limit allows.
    ConnectionLimit,
    /// Calls panicked.
    CallsPanicked,
    /// A certificate is over.
    CertificateExpired,
    /// A certificate is over within 30 days.
    CertificateExpires,
    /// A policy wants callers' certificates, and their port asks for none.
    NoClientCertificates,
    /// A target's certificate is not checked.
    UnverifiedUpstream,
    /// The details of some calls were dropped.
    DetailsDropped,
}

impl Warning {
    /// About the program as a whole.
    fn new(kind: WarningKind, message: String) -> Self {
        Self { kind, message, since_ms: None, certificate_id: None, api_id: None }
    }
}

/// All there are now, the most pressing first.
pub fn all(control: &Control) -> Vec<Warning> {
    let mut warnings = of_operation(control);
    let in_force = control.in_force();
    warnings.extend(certificate_warnings(&in_force.catalog, now_ms()));
    warnings.extend(client_certificate_warnings(&in_force.catalog));
    warnings.sort_by_key(|warning| warning.kind);
    warnings
}

/// How the gateway and the recorder fare.
pub fn of_operation(control: &Control) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let unaccepted = control.gateway().unaccepted();
    if let Some(refusal) = unaccepted.by_system {
        let message = format!(
            "The system gives the gateway no more connections ({}, {} tries in vain): new callers wait, those that are \
             connected are served. Raise the limit of open files (ulimit -n), or lower the limit of connections in the \
             settings.",
            refusal.reason, refusal.tries
        );
        let since_ms = Some(refusal.since_ms);
        warnings.push(Warning { since_ms, ..Warning::new(WarningKind::NotAccepting, message) });
    }
    if unaccepted.by_limit_since_ms.is_some() {
        let message = "As many callers are connected as the settings allow: new ones wait until others leave. Raise the \
                       limit of connections, or shorten the time that idle ones are kept.";
        let since_ms = unaccepted.by_limit_since_ms;
        warnings.push(Warning { since_ms, ..Warning::new(WarningKind::ConnectionLimit, message.into()) });
    }
    for listener in control.gateway().listeners() {
        if let Listening::Failed { message, advice } = listener.state {
            let message = format!("{} does not listen: {message}. {advice}.", listener.address);
            warnings.push(Warning::new(WarningKind::ListenerFailed, message));
        }
    }
    warnings.extend(of_calls(control));
    warnings
}

fn of_calls(control: &Control) -> impl Iterator<Item = Warning> {
    let recording = control.traffic().recording();
    let not_kept = recording.fault.map(|fault| {
        let message = format!(
            "Calls are counted, but not kept: {fault}. Make room on the disk, or let the data folder be written; the \
             gateway tries again by itself."
        );
        Warning::new(WarningKind::CallsNotKept, message)
    });
    let panics = control.gateway().panics();
    let panicked = (panics > 0).then(|| {
        let calls = if panics == 1 { "1 call".to_owned() } else { format!("{panics} calls") };
        let message = format!(
            "{calls} failed inside the gateway since it started; their connections were closed, all others served on. Its \
             log says where: please report it."
        );
        Warning::new(WarningKind::CallsPanicked, message)
    });
    let dropped = recording.dropped_details;
    let detail = (dropped > 0).then(|| {
        let calls = if dropped == 1 { "1 call was".to_owned() } else { format!("{dropped} calls were") };
        let message = format!(
            "{calls} counted without detail since the start: they came faster than they could be written. Counts and \
             figures are exact."
        );
        Warning::new(WarningKind::DetailsDropped, message)
    });
    [not_kept, panicked, detail].into_iter().flatten()
}
