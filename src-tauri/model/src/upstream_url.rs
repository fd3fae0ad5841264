//! The URL of one target.

use std::fmt;

use url::Url;

/// `http` or `https`, a host, an optional port and path; no user, query or fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamUrl(Url);

impl UpstreamUrl {
    /// Checks it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => {
                format!("`{text}` is not a URL; write it in full, such as http://127.0.0.1:9000/posts")
            }
            error => format!("`{text}` is not a URL: {error}"),
        })?;
        match url.scheme() {
            "http" | "https" => {}
            scheme => return Err(format!("`{scheme}` is not supported; use http or https")),
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(format!("`{text}` has no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a user and password do not belong in the URL".into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!("`{text}` has a query or fragment, which an upstream URL cannot have"));
        }
        Ok(Self(url))
    }

    /// The parsed URL; its host is present.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// True for `https`.
    pub fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Host without brackets or port.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// Its port, or the scheme's.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(80)
    }

    /// Host and, unless it is the scheme's own, port: what goes into the `Host` header.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// True when requests to both end up at the same place.
    pub fn is_same_place(&self, other: &Self) -> bool {
        (self.is_tls(), self.host(), self.port(), self.path_prefix())
            == (other.is_tls(), other.host(), other.port(), other.path_prefix())
    }

    /// Its path without a trailing slash; empty for the root.
    pub fn path_prefix(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstream_urls_are_plain() {
        let url = UpstreamUrl::parse("http://127.0.0.1:9000/posts/").expect("valid");
        assert_eq!(
            (url.authority().as_str(), url.path_prefix(), url.port()),
            ("127.0.0.1:9000", "/posts", 9000)
        );
        let v6 = UpstreamUrl::parse("http://[::1]:9000").expect("valid");
        assert_eq!((v6.host(), v6.path_prefix()), ("::1", ""));
        for bad in ["127.0.0.1:9000", "ftp://x", "http://u:p@x", "http://x/?q", "http://x/#f", "http://"] {
            assert!(UpstreamUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
