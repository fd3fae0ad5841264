//! How requests are spread over an upstream's targets.

use std::fmt;

use crate::api_route::is_token;

/// How a target is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Balance {
    /// In turn, by weight. Written `round_robin`.
    #[default]
    RoundRobin,
    /// Of two drawn by weight, the one with fewer calls under way. Written `least_outstanding`.
    LeastOutstanding,
    /// The same target for the same key as long as it is there. Written `consistent_hash`.
    ConsistentHash(HashOn),
}

/// What a consistent hash is made of. Without it in a request one is drawn by weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashOn {
    /// A header's value; its lowercase name. Written `header:x-user`.
    Header(String),
    /// A cookie's value; its name. Written `cookie:session`.
    Cookie(String),
    /// The caller's address. Written `client_address`.
    ClientAddress,
}

impl HashOn {
    /// Reads `header:NAME`, `cookie:NAME` or `client_address`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "client_address" => Ok(Self::ClientAddress),
            Some(("header", name)) if is_token(name) => Ok(Self::Header(name.to_ascii_lowercase())),
            Some(("cookie", name)) if is_token(name) => Ok(Self::Cookie(name.to_owned())),
            _ => Err(format!("`{text}` must be header:NAME, cookie:NAME or client_address")),
        }
    }
}

impl fmt::Display for HashOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Cookie(name) => write!(f, "cookie:{name}"),
            Self::ClientAddress => f.write_str("client_address"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_writes() {
        for text in ["header:x-user", "cookie:Session", "client_address"] {
            assert_eq!(HashOn::parse(text).expect("valid").to_string(), text);
        }
        for bad in ["", "header", "header:", "header:a b", "query:x"] {
            assert!(HashOn::parse(bad).is_err(), "{bad}");
        }
    }
}
