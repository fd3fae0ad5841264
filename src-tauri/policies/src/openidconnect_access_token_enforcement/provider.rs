//! What an issuer publishes of itself (OpenID Connect Discovery 1.0), and its keys.

use std::sync::Arc;

use gatepost_gateway::{Cached, Outbound, OutboundOptions};
use http::Uri;
use serde_json::Value;

use crate::jwt::{Fetching, KeySet, Pinned, Unique, address, fetch};

/// Longest document, in bytes.
const MAX_DOCUMENT: usize = 256 * 1_024;

/// What is used of an issuer's document.
pub(super) struct Provider {
    pub(super) introspection: Option<Uri>,
    /// Its keys, where tokens are checked with them.
    pub(super) keys: Vec<Arc<KeySet>>,
}

/// An issuer as its tokens write it.
pub(super) struct Issuer {
    pub(super) name: Arc<str>,
    document: Uri,
}

impl Issuer {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let name = text.trim();
        let uri = address(name)?;
        if uri.query().is_some() || name.contains('#') {
            return Err("has a query or a fragment, which an issuer has not".into());
        }
        // Discovery 1.0, 4.1: a slash at the end goes before the path is added.
        let document = address(&format!("{}/.well-known/openid-configuration", name.trim_end_matches('/')))?;
        Ok(Self { name: name.into(), document })
    }

    pub(super) fn host(&self) -> &str {
        self.document.host().unwrap_or_default()
    }

    /// Fetched when first needed. `pinned`: tokens are checked with keys, of this algorithm.
    pub(super) fn provider(
        &self,
        pinned: Option<Pinned>,
        fetching: Fetching,
        outbound: Outbound,
    ) -> Cached<Provider> {
        let (name, document) = (self.name.clone(), self.document.clone());
        let options = OutboundOptions {
            timeout: fetching.timeout,
            max_bytes: MAX_DOCUMENT,
            ..OutboundOptions::default()
        };
        Cached::new(fetching.keep, fetching.floor, move || {
            let (name, document) = (name.clone(), document.clone());
            let (outbound, options) = (outbound.clone(), options.clone());
            Box::pin(async move {
                let json = fetch(document.clone(), &outbound, &options).await?;
                let read = Published::read(&json, &name, &document)?;
                let keys = match pinned {
                    None => Vec::new(),
                    Some(pinned) => {
                        let address = read.keys.ok_or("its document has no jwks_uri")?;
                        let set = fetch(address, &outbound, &options).await;
                        let set = set.and_then(|json| KeySet::published(&json, pinned));
                        vec![Arc::new(set.map_err(|why| format!("its key set: {why}"))?)]
                    }
                };
                Ok(Provider { introspection: read.introspection, keys })
            })
        })
    }
}

struct Published {
    introspection: Option<Uri>,
    keys: Option<Uri>,
}

impl Published {
    fn read(json: &[u8], issuer: &str, from: &Uri) -> Result<Self, String> {
        let Unique(document) =
            serde_json::from_slice(json).map_err(|error| format!("its document is no JSON: {error}"))?;
        // Discovery 1.0, 4.3: or else anybody could speak for anybody.
        match document.get("issuer").and_then(Value::as_str) {
            Some(named) if named == issuer => {}
            Some(_) => return Err("its document is of another issuer".into()),
            None => return Err("its document names no issuer".into()),
        }
        let uri = |name: &str| match document.get(name).and_then(Value::as_str) {
            None => Ok(None),
            Some(text) => match address(text) {
                Ok(uri) if from.scheme_str() == Some("https") && uri.scheme_str() != Some("https") => {
                    Err(format!("{name} of its document is not https"))
                }
                Ok(uri) => Ok(Some(uri)),
                Err(_) => Err(format!("{name} of its document is not a URL")),
            },
        };
        Ok(Self { introspection: uri("introspection_endpoint")?, keys: uri("jwks_uri")? })
    }
}
