//! What policies that take bearer tokens share (RFC 6750): where tokens come, how callers are challenged, whose client a
//! token is, and how what it says reaches later policies and the upstream.

mod headers;

use std::fmt::Write as _;
use std::sync::Arc;

use gatepost_gateway::{Context, Request};
use gatepost_model::{Faults, Millis, Note};
use http::header::AUTHORIZATION;
use serde_json::{Map, Value, json};

pub(crate) use self::headers::{Passed, expose, is_same, pass_on};
use crate::jwt::start_of;

/// Where a token names its client, in the order that it is looked for: RFC 9068, OpenID Connect, Azure.
pub(crate) const CLIENT_ID_FIELDS: [&str; 3] = ["client_id", "azp", "appid"];

/// Several `Authorization` headers came: nobody knows which one counts.
#[derive(Debug)]
pub(crate) struct Several;

/// The token of `Authorization: Bearer` (RFC 6750, 2.1), whose scheme may be written in any case.
pub(crate) fn bearer_token(request: &Request) -> Result<Option<&str>, Several> {
    let mut headers = request.headers().get_all(AUTHORIZATION).iter();
    let header = headers.next();
    if headers.next().is_some() {
        return Err(Several);
    }
    let text = header.and_then(|header| header.to_str().ok());
    let (scheme, token) = text.and_then(|text| text.split_once(' ')).unwrap_or_default();
    let token = scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '));
    Ok(token.filter(|token| !token.is_empty()))
}

/// A challenge that says what was wrong (RFC 6750, 3). No value may hold a quote or a backslash.
pub(crate) fn challenge(error: &str, words: &str, more: &[(&str, &str)]) -> String {
    let mut text = format!("Bearer error=\"{error}\", error_description=\"{words}\"");
    for (name, value) in more {
        let _ = write!(text, ", {name}=\"{value}\"");
    }
    text
}

/// Notes whose client ID this is: the operator sees who it was even when it may not call. Fails, in words for the trail,
/// unless its client app has an approved contract.
pub(crate) fn identify_client(id: Option<Arc<str>>, cx: &mut Context) -> Result<(), Note> {
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return Err(const { Note::new("the token names no client") });
    };
    let Some(known) = cx.clients().credential(&id) else {
        return Err(Note::new("unknown client ID {}").with(start_of(&id)));
    };
    if known.has_expired(cx.wall_us) {
        return Err(Note::new("client ID {} has expired").with(start_of(&id)));
    }
    let (app, name) = (known.client.id, Arc::clone(&known.client.name));
    let approved = known.client.may_call(cx.api);
    cx.identity.client_app = Some(app);
    cx.identity.client_name = Some(name.clone());
    cx.identity.client_id = Some(id);
    if approved { Ok(()) } else { Err(Note::new("{} has no approved contract with this API").with(name)) }
}

/// The properties that others found out, with these claims among them.
pub(crate) fn with_claims(others: Option<&Value>, claims: Map<String, Value>) -> Value {
    let mut all = others.cloned().unwrap_or_else(|| json!({}));
    all["claims"] = Value::Object(claims);
    all
}

/// A duration that has bounds.
pub(crate) fn within(faults: &mut Faults, field: &str, value: Millis, least: Millis, most: Millis) {
    if value < least || value > most {
        faults.add(field, format!("is from {least} to {most}, this is {value}"));
    }
}
