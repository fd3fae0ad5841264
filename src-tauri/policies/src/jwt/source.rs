//! Where keys come from: the configuration, or documents on servers that are fetched and kept.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gatepost_gateway::{Cached, Outbound, OutboundOptions};
use http::header::ACCEPT;
use http::{StatusCode, Uri};
use smallvec::SmallVec;

use super::algorithm::Pinned;
use super::keys::KeySet;

/// Longest key set, in bytes.
const MAX_DOCUMENT: usize = 256 * 1_024;
/// Most addresses of key sets.
const MAX_SOURCES: usize = 10;

/// The key sets that a token is looked up in.
pub(crate) type Sets = SmallVec<[Arc<KeySet>; 1]>;

/// Where keys come from.
pub(crate) enum Keys {
    Written(Arc<KeySet>),
    Published(Arc<Vec<Source>>),
}

/// One key set on a server.
pub(crate) struct Source {
    /// For the trail.
    host: Box<str>,
    set: Cached<KeySet>,
}

/// How key sets are fetched.
#[derive(Clone, Copy)]
pub(crate) struct Fetching {
    pub(crate) keep: Duration,
    pub(crate) floor: Duration,
    pub(crate) timeout: Duration,
}

/// Addresses of key sets, separated by commas.
pub(crate) fn addresses(text: &str) -> Result<Vec<Uri>, String> {
    let mut all: Vec<Uri> = Vec::new();
    for one in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        let uri = address(one)?;
        if !all.contains(&uri) {
            all.push(uri);
        }
    }
    match all.len() {
        0 => Err("is needed to fetch the keys from".into()),
        1..=MAX_SOURCES => Ok(all),
        _ => Err(format!("has more than {MAX_SOURCES} addresses")),
    }
}

/// An address of the web that holds no credentials.
pub(crate) fn address(text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|_| format!("`{text}` is not a URL"))?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if !is_web || authority.is_empty() {
        return Err(format!("`{text}` is not a URL: it must begin with https:// or http://"));
    }
    if authority.contains('@') {
        return Err("has a user name or password, which does not belong in an address".into());
    }
    Ok(uri)
}

impl Source {
    pub(crate) fn new(uri: Uri, pinned: Pinned, fetching: Fetching, outbound: Outbound) -> Self {
        let host = uri.host().unwrap_or_default().into();
        let options = OutboundOptions {
            timeout: fetching.timeout,
            max_bytes: MAX_DOCUMENT,
            ..OutboundOptions::default()
        };
        let set = Cached::new(fetching.keep, fetching.floor, move || {
            let (uri, outbound, options) = (uri.clone(), outbound.clone(), options.clone());
            Box::pin(async move { KeySet::published(&fetch(uri, &outbound, &options).await?, pinned) })
        });
        Self { host, set }
    }
}

/// A document of JSON.
pub(crate) async fn fetch(uri: Uri, outbound: &Outbound, options: &OutboundOptions) -> Result<Bytes, String> {
    let request = http::Request::get(uri)
        .header(ACCEPT, "application/json, application/jwk-set+json")
        .body(Bytes::new())
        .map_err(|error| error.to_string())?;
    let answer = outbound.send(request, options).await.map_err(|error| error.to_string())?;
    match answer.status() {
        StatusCode::OK => Ok(answer.into_body()),
        status => Err(format!("answered {status}")),
    }
}

impl Keys {
    /// The sets that are there, without waiting.
    pub(crate) fn at_hand(&self, now: Duration) -> Sets {
        match self {
            Self::Written(set) => SmallVec::from_iter([set.clone()]),
            Self::Published(sources) => sources.iter().filter_map(|source| source.set.known(now)).collect(),
        }
    }

    /// Those sets that can be had, and why not all can.
    pub(crate) async fn fetched(&self, now: Duration) -> (Sets, Option<String>) {
        let Self::Published(sources) = self else { return (self.at_hand(now), None) };
        let (mut sets, mut missing) = (Sets::new(), None);
        for source in sources.iter() {
            match source.set.get(now).await {
                Ok(set) => sets.push(set),
                Err(why) => missing = Some(source.say(&why)),
            }
        }
        (sets, missing)
    }

    /// The sets that are there, newer where the floor allows that: in `seen` a key was missing.
    pub(crate) async fn renewed(&self, seen: &Sets, now: Duration) -> Sets {
        let Self::Published(sources) = self else { return seen.clone() };
        let mut sets = Sets::new();
        for source in sources.iter() {
            let Some(known) = source.set.known(now) else { continue };
            let is_old = seen.iter().any(|seen| Arc::ptr_eq(seen, &known));
            sets.push(if is_old { source.set.renewed(&known, now).await.unwrap_or(known) } else { known });
        }
        sets
    }
}

impl Source {
    fn say(&self, why: &str) -> String {
        format!("{}: {why}", self.host)
    }
}
