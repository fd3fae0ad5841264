//! The authorization service: where it is, how it is asked, and what of a call it is told.

use gatepost_gateway::{Context, Expression, Outbound, OutboundOptions, Request, Subject, Unread};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::said::{Said, Undecided};
use super::{grpc, http as over_http};
use crate::header_injection::header_value;

/// Longest answer that is taken, in bytes.
pub(super) const MAX_ANSWER: usize = 64 * 1_024;

/// Says whether the body that goes along is not the whole one; Envoy's.
pub(super) static PARTIAL_BODY: HeaderName = HeaderName::from_static("x-envoy-auth-partial-body");

/// Where it is and how it is asked.
pub(super) struct Service {
    pub(super) place: Place,
    pub(super) outbound: Outbound,
    pub(super) options: OutboundOptions,
    /// Headers of the caller's that it is told; none: all of them by gRPC, few by HTTP.
    pub(super) allowed_headers: Vec<HeaderName>,
    pub(super) added: Vec<Added>,
    /// Longest body that it is told; 0 for none.
    pub(super) max_body: usize,
    pub(super) protocol: Protocol,
}

/// The way of asking.
pub(super) enum Protocol {
    Grpc(grpc::Grpc),
    Http(over_http::Http),
}

/// Scheme and authority.
pub(super) struct Place {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
}

/// A header for the service alone.
pub(super) struct Added {
    pub(super) name: HeaderName,
    pub(super) value: Value,
}

pub(super) enum Value {
    Fixed(HeaderValue),
    Made(Expression),
}

impl Place {
    /// Reads `h2://host:port`, `https://host` and the like.
    pub(super) fn parse(text: &str, is_grpc: bool) -> Result<Self, String> {
        let example = if is_grpc { "h2://auth.example.com:9001" } else { "https://auth.example.com" };
        let uri: Uri =
            text.trim().parse().map_err(|_| format!("`{text}` is not a URI, such as {example}"))?;
        let scheme = match (uri.scheme_str(), is_grpc) {
            (Some("http"), _) | (Some("h2" | "grpc"), true) => Scheme::HTTP,
            (Some("https"), _) | (Some("h2s" | "grpcs"), true) => Scheme::HTTPS,
            (_, true) => {
                return Err(format!("must begin with h2:// or, with TLS, https://, such as {example}"));
            }
            (_, false) => return Err(format!("must begin with https:// or http://, such as {example}")),
        };
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err("ends after host and port; for HTTP there is path_prefix".into());
        }
        let authority =
            uri.into_parts().authority.ok_or_else(|| format!("has no host, such as {example}"))?;
        if authority.as_str().contains('@') {
            return Err("has a user name or password; send one as a secret header".into());
        }
        Ok(Self { scheme, authority })
    }

    /// A whole URI there.
    pub(super) fn at(&self, path_and_query: &str) -> Result<Uri, String> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path_and_query)
            .build()
            .map_err(|error| error.to_string())
    }
}

impl Service {
    /// Asks about a call.
    pub(super) async fn ask(
        &self,
        added: HeaderMap,
        request: &Request,
        cx: &Context,
    ) -> Result<Said, Undecided> {
        match &self.protocol {
            Protocol::Grpc(grpc) => grpc.ask(self, added, request, cx).await,
            Protocol::Http(http) => http.ask(self, added, request, cx).await,
        }
    }

    /// The headers that are for the service alone, or what is wrong with one.
    pub(super) fn added(&self, subject: &Subject<'_>) -> Result<HeaderMap, (HeaderName, String)> {
        let mut headers = HeaderMap::with_capacity(self.added.len());
        for Added { name, value } in &self.added {
            let value = match value {
                Value::Fixed(value) => Some(value.clone()),
                Value::Made(expression) => {
                    let made = expression
                        .evaluate(subject)
                        .and_then(|text| text.map(|text| header_value(&text)).transpose());
                    made.map_err(|why| (name.clone(), why))?
                }
            };
            if let Some(value) = value {
                headers.append(name, value);
            }
        }
        Ok(headers)
    }

    /// The body that it is told, and whether it is the whole one. None where it is told none.
    pub(super) fn body<'r>(&self, request: &'r Request, cx: &Context) -> Option<(&'r [u8], IsPartial)> {
        if self.max_body == 0 {
            return None;
        }
        let bytes = request.body().bytes().map(|bytes| &bytes[..]).unwrap_or_default();
        Some((bytes, IsPartial(matches!(cx.unread, Some(Unread::Stream)))))
    }
}

/// Whether the service does not see all of a body: a stream, which is never waited for.
#[derive(Clone, Copy)]
pub(super) struct IsPartial(pub(super) bool);

impl IsPartial {
    pub(super) const fn word(self) -> &'static str {
        if self.0 { "true" } else { "false" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_scheme_host_and_port() {
        for (text, is_grpc, whole) in [
            ("h2://auth:9001", true, "http://auth:9001/x"),
            ("h2s://auth:9001/", true, "https://auth:9001/x"),
            ("https://auth", true, "https://auth/x"),
            (" http://[::1]:8080 ", false, "http://[::1]:8080/x"),
        ] {
            let place = Place::parse(text, is_grpc).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(place.at("/x").expect("a URI").to_string(), whole);
        }
        for (text, is_grpc) in [
            ("auth:9001", true),
            ("h2://auth", false),
            ("ftp://auth", true),
            ("https://auth/check", false),
            ("https://auth?x", false),
            ("https://user@auth", false),
            ("", true),
        ] {
            assert!(Place::parse(text, is_grpc).is_err(), "{text}");
        }
    }
}
