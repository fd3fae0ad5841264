//! What an authorization service says, whichever way it was asked, and what is done about it.

use bytes::Bytes;
use gatepost_gateway::{Body, Context, Refusal, Reply, Request, Response};
use gatepost_model::Note;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::bearer::is_same;
use crate::header_injection::is_refused;

/// Most headers that a service may change on a call.
pub(super) const MAX_CHANGES: usize = 200;

/// What it says.
pub(super) enum Said {
    Yes(Box<Changes>),
    No(Denied),
}

/// Why nobody knows what it says.
pub(super) struct Undecided {
    /// For the trail.
    pub(super) why: String,
    /// What the service wants callers to be answered then.
    pub(super) status: Option<StatusCode>,
}

impl From<String> for Undecided {
    fn from(why: String) -> Self {
        Self { why, status: None }
    }
}

/// What is changed of a call that is allowed.
#[derive(Default)]
pub(super) struct Changes {
    /// Of the request's headers.
    pub(super) headers: Vec<Change>,
    /// Names of request headers that go.
    pub(super) removed: Vec<HeaderName>,
    /// Of the answer's headers.
    pub(super) for_caller: Vec<Change>,
    pub(super) query_set: Vec<(String, String)>,
    pub(super) query_removed: Vec<String>,
    /// For later policies.
    pub(super) metadata: Map<String, Value>,
}

/// One change of a header.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
    pub(super) how: How,
}

/// What becomes of a header of that name that is there already. Envoy's `HeaderAppendAction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// It stays, the new one comes after it.
    Append,
    /// It stays, the new one is dropped.
    AddIfAbsent,
    /// It goes.
    Overwrite,
    /// It goes; without one nothing is added.
    OverwriteIfPresent,
}

impl Change {
    fn apply(self, headers: &mut HeaderMap) {
        let Self { name, value, how } = self;
        let is_there = headers.contains_key(&name);
        match how {
            How::Append => drop(headers.append(name, value)),
            How::Overwrite => {
                remove_like(headers, &name);
                headers.insert(name, value);
            }
            How::AddIfAbsent if !is_there => drop(headers.insert(name, value)),
            How::OverwriteIfPresent if is_there => drop(headers.insert(name, value)),
            How::AddIfAbsent | How::OverwriteIfPresent => {}
        }
    }
}

/// Removes a header, written with `_` for `-` too, since many servers take the two for one.
fn remove_like(headers: &mut HeaderMap, name: &HeaderName) {
    let alike: Vec<HeaderName> = headers.keys().filter(|known| is_same(known, name)).cloned().collect();
    for name in &alike {
        headers.remove(name);
    }
}

/// Headers for the caller that wait for the answer.
#[derive(Clone, Default)]
struct ForCaller(Vec<Change>);

impl Changes {
    /// Refuses what would make the gateway and the upstream see different requests.
    pub(super) fn check(&self) -> Result<(), Undecided> {
        let all = || self.headers.iter().chain(&self.for_caller);
        if all().count() + self.removed.len() > MAX_CHANGES {
            return Err(Undecided::from(format!("it changes more than {MAX_CHANGES} headers")));
        }
        match all().find(|change| is_refused(&change.name)) {
            Some(change) => Err(format!("it sets {}, which cannot be set", change.name).into()),
            None => Ok(()),
        }
    }

    /// Changes the request, and keeps what is for the answer. Gives how many changes that were.
    pub(super) fn apply(self, request: &mut Request, cx: &mut Context) -> Result<u64, Undecided> {
        let count = self.headers.len() + self.removed.len() + self.query_set.len() + self.query_removed.len();
        if !self.query_set.is_empty() || !self.query_removed.is_empty() {
            let uri = with_query(request.uri(), &self.query_set, &self.query_removed);
            *request.uri_mut() =
                uri.ok_or_else(|| Undecided::from("its query parameters make no URI".to_owned()))?;
        }
        let headers = request.headers_mut();
        for name in self.removed.iter().filter(|name| !is_refused(name)) {
            remove_like(headers, name);
        }
        for change in self.headers {
            change.apply(headers);
        }
        if !self.for_caller.is_empty() {
            let mut waiting: ForCaller = cx.kept.remove().unwrap_or_default();
            waiting.0.extend(self.for_caller);
            cx.kept.insert(waiting);
        }
        if !self.metadata.is_empty() {
            let known = cx.identity.properties.as_deref().cloned();
            let mut properties = known.unwrap_or_else(|| json!({}));
            properties["ext_authz"] = Value::Object(self.metadata);
            cx.identity.properties = Some(properties.into());
        }
        Ok(count as u64)
    }
}

/// Puts what waits into an answer. Gives how many headers that were.
pub(super) fn complete(response: &mut Response, cx: &mut Context) -> u64 {
    let ForCaller(waiting) = cx.kept.remove().unwrap_or_default();
    let count = waiting.len() as u64;
    for change in waiting {
        change.apply(response.headers_mut());
    }
    count
}

/// The same URI with other parameters. Those that are not named stay as they were written.
fn with_query(uri: &Uri, set: &[(String, String)], removed: &[String]) -> Option<Uri> {
    let named = |pair: &&str| {
        let key = form_urlencoded::parse(pair.as_bytes()).next().map(|(key, _)| key).unwrap_or_default();
        set.iter().any(|(name, _)| *name == key) || removed.iter().any(|name| *name == key)
    };
    let before = uri.query().unwrap_or_default().split('&');
    let mut query = before.filter(|pair| !pair.is_empty() && !named(pair)).collect::<Vec<_>>().join("&");
    if !set.is_empty() {
        let added = form_urlencoded::Serializer::new(String::new()).extend_pairs(set).finish();
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(&added);
    }
    let whole = match query.as_str() {
        "" => uri.path().to_owned(),
        query => format!("{}?{query}", uri.path()),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(whole.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// The answer of a service that says no.
pub(super) struct Denied {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<Change>,
    pub(super) body: Bytes,
}

impl Denied {
    /// As the caller's answer. Without a body it is the gateway's own, in the form that the caller understands.
    pub(super) fn into_refusal(self, note: Note) -> Box<Refusal> {
        // Where an answer ends and which call it is for is for the gateway to say.
        let headers = self.headers.into_iter().filter(|change| !is_refused(&change.name)).take(MAX_CHANGES);
        if self.body.is_empty() {
            let reply = Reply::of(self.status, "This call was not allowed");
            let kept = headers.filter(|change| change.name != CONTENT_TYPE);
            let reply = kept.fold(reply, |reply, change| reply.header(change.name, change.value));
            return Refusal::of_caller(reply, note);
        }
        let mut response = Response::new(Body::Full(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        for change in headers {
            change.apply(response.headers_mut());
        }
        Refusal::of_caller_with(response, note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_are_not_named_stay_as_they_were_written() {
        let set = [("user".to_owned(), "ann & bob".to_owned())];
        let removed = ["key".to_owned()];
        let changed =
            |uri: &str| with_query(&uri.parse().expect("a URI"), &set, &removed).expect("a URI").to_string();
        assert_eq!(changed("/a?x=%7e&key=1&&k%65y=2&user=eve&y"), "/a?x=%7e&y&user=ann+%26+bob");
        assert_eq!(changed("/a"), "/a?user=ann+%26+bob");
        let emptied = with_query(&"/a?key=1".parse().expect("a URI"), &[], &removed);
        assert_eq!(emptied.expect("a URI").to_string(), "/a");
    }
}
