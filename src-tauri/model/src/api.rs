//! A managed API: what it is called and where it listens.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ApiRoute, Upstream};

/// Row number of an API in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct ApiId(pub i64);

/// One managed API instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Api {
    /// Its row.
    pub id: ApiId,
    /// What people call it; 1 to 100 characters.
    pub name: String,
    /// Its slug; with `version` and `label` it is unique.
    pub asset_id: Slug,
    /// Such as `v1`; 1 to 50 characters without spaces or slashes.
    pub version: String,
    /// Tells instances of the same version apart; `default` unless said otherwise.
    pub label: String,
    /// Where the gateway accepts its calls.
    pub listen: Listen,
    /// Requests that go elsewhere, first match first.
    pub routes: Vec<ApiRoute>,
    /// Where all others go.
    pub upstream: Upstream,
    /// Epoch milliseconds.
    pub created_at: i64,
    /// Epoch milliseconds.
    pub updated_at: i64,
}

/// Lowercase letters, digits, `-`, `.` and `_`, beginning with a letter or digit; at most 100 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

/// Longest slug, in bytes.
const MAX_SLUG: usize = 100;

impl Slug {
    /// Checks it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let starts_well = text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
        let all_well =
            text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b));
        if starts_well && all_well && text.len() <= MAX_SLUG {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "`{text}` must be lowercase letters, digits, `-`, `.` or `_`, at most {MAX_SLUG} characters"
            ))
        }
    }

    /// The slug of a name: `JSONPlaceholder Posts API` gives `jsonplaceholder-posts-api`. `api` where nothing is left.
    pub fn of_name(name: &str) -> Self {
        let words = name.to_ascii_lowercase();
        let words: Vec<&str> =
            words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
        let mut slug = words.join("-");
        slug.truncate(MAX_SLUG);
        if slug.is_empty() { Self("api".into()) } else { Self(slug.trim_end_matches('-').to_owned()) }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the gateway accepts an API's calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// 127.0.0.1 unless said otherwise: a workstation's gateway is not open to its network by accident.
    pub address: IpAddr,
    /// 8081 unless said otherwise.
    pub port: u16,
    /// `/<asset_id>/<version>` unless said otherwise.
    pub base_path: BasePath,
    /// Host names it answers to; empty means any.
    pub hosts: Vec<Host>,
    /// Lowercase name of a header: the API takes only requests in which it equals the API's version. An API without
    /// one at the same place takes all others.
    pub version_header: Option<String>,
}

impl Listen {
    /// The address where none is given.
    pub const DEFAULT_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    /// The port where none is given.
    pub const DEFAULT_PORT: u16 = 8081;
    /// Most host names an API may have.
    pub const MAX_HOSTS: usize = 50;

    /// The socket that the gateway binds.
    pub fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }

    /// True when a request could be for both: same port, same base path, a host in common, and nothing in a header
    /// that tells them apart. `version` is this API's, `other_version` the other's.
    pub fn clashes_with(&self, version: &str, other: &Self, other_version: &str) -> bool {
        let same_socket = self.port == other.port
            && (self.address == other.address
                || self.address.is_unspecified()
                || other.address.is_unspecified());
        let share_host = match (self.hosts.is_empty(), other.hosts.is_empty()) {
            (true, true) => true,
            (false, false) => self.hosts.iter().any(|host| other.hosts.contains(host)),
            _ => false,
        };
        let told_apart = match (&self.version_header, &other.version_header) {
            (Some(_), Some(_)) => version != other_version,
            (None, None) => false,
            _ => true,
        };
        same_socket && self.base_path == other.base_path && share_host && !told_apart
    }
}

/// A path prefix of whole segments: begins with `/`, ends without one (but `/` itself), no query, no dot segments.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BasePath(String);

/// Longest base path, in bytes.
const MAX_BASE_PATH: usize = 500;

impl BasePath {
    /// Checks it; one trailing slash is dropped.
    pub fn parse(text: &str) -> Result<Self, String> {
        let path = if text.len() > 2 { text.strip_suffix('/').unwrap_or(text) } else { text };
        if !path.starts_with('/') {
            return Err(format!("`{text}` must begin with `/`"));
        }
        if path.len() > MAX_BASE_PATH {
            return Err(format!("at most {MAX_BASE_PATH} characters"));
        }
        if path != "/" && path[1..].split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(format!("`{text}` has an empty, `.` or `..` segment"));
        }
        if let Some(bad) =
            path.chars().find(|c| !c.is_ascii_alphanumeric() && !"/-._~!$&'()*+,;=:@".contains(*c))
        {
            return Err(format!("`{text}` has `{bad}`, which a base path cannot have"));
        }
        Ok(Self(path.to_owned()))
    }

    /// The default of an API: `/<asset_id>/<version>`.
    pub fn default_of(asset_id: &Slug, version: &str) -> Result<Self, String> {
        Self::parse(&format!("/{asset_id}/{version}"))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A host name in lowercase, without a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(String);

impl Host {
    /// Checks it: letters, digits, `-`, `_` and `.`, or an IPv6 address in brackets; at most 253 bytes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let host = text.to_ascii_lowercase();
        let is_name = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        let is_v6 = host
            .strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'))
            .is_some_and(|h| h.parse::<IpAddr>().is_ok());
        if !host.is_empty() && host.len() <= 253 && (is_name || is_v6) {
            Ok(Self(host))
        } else {
            Err(format!(
                "`{text}` is not a host name; write it without scheme and port, such as api.example.com"
            ))
        }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_slugs_of_names() {
        assert_eq!(Slug::of_name("JSONPlaceholder Posts API").as_str(), "jsonplaceholder-posts-api");
        assert_eq!(Slug::of_name("  Ünïcode!  ").as_str(), "n-code");
        assert_eq!(Slug::of_name("***").as_str(), "api");
        assert!(Slug::parse("Posts").is_err());
    }

    #[test]
    fn base_paths_are_whole_segments() {
        assert_eq!(BasePath::parse("/posts/v1/").expect("valid").as_str(), "/posts/v1");
        assert_eq!(BasePath::parse("/").expect("valid").as_str(), "/");
        for bad in ["", "posts", "/a//b", "/a/../b", "/a?b", "/a b", "//"] {
            assert!(BasePath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn apis_clash_only_where_a_request_could_be_for_both() {
        let listen = |port, hosts: &[&str]| Listen {
            address: Listen::DEFAULT_ADDRESS,
            port,
            base_path: BasePath::parse("/a").expect("valid"),
            hosts: hosts.iter().map(|h| Host::parse(h).expect("valid")).collect(),
            version_header: None,
        };
        let clash = |one: &Listen, other: &Listen| one.clashes_with("v1", other, "v2");
        assert!(clash(&listen(1, &[]), &listen(1, &[])));
        assert!(clash(&listen(1, &["x", "y"]), &listen(1, &["Y"])));
        assert!(!clash(&listen(1, &["x"]), &listen(1, &[])), "a named host wins over any host");
        assert!(!clash(&listen(1, &[]), &listen(2, &[])));
        let by_header = Listen { version_header: Some("api-version".into()), ..listen(1, &[]) };
        assert!(!clash(&by_header, &by_header), "their versions tell them apart");
        assert!(by_header.clashes_with("v1", &by_header, "v1"));
        assert!(!clash(&by_header, &listen(1, &[])), "one takes what is left");
    }
}
