//! An origin as an operator writes it, in the form in which browsers send it (RFC 6454, 6.2).

/// `*`, or what an `Origin` header must be equal to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Any,
    Named(Box<str>),
}

impl std::str::FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "*" => Ok(Self::Any),
            "null" => Ok(Self::Named("null".into())),
            text => serialized(text).map(|origin| Self::Named(origin.into())).ok_or_else(|| {
                format!("`{text}` is no origin: write https://shop.example or http://localhost:3000, without a path")
            }),
        }
    }
}

/// In lower case and without the scheme's own port.
fn serialized(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (scheme, authority) = lower.split_once("://")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match in_brackets {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        }
    };
    if !is_scheme || !is_host {
        return None;
    }
    let port: Option<u16> = match port {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
        Some(_) => return None,
        None => None,
    };
    Some(match (scheme, port) {
        ("http", Some(80)) | ("https", Some(443)) | (_, None) => format!("{scheme}://{host}"),
        (_, Some(port)) => format!("{scheme}://{host}:{port}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_a_browser_sends() {
        for (written, sent) in [
            ("https://Shop.Example", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://[::1]", "http://[::1]"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("null", "null"),
        ] {
            assert_eq!(written.parse(), Ok(Origin::Named(sent.into())));
        }
        assert_eq!("*".parse(), Ok(Origin::Any));
    }

    #[test]
    fn refuses_what_no_browser_sends() {
        for text in [
            "shop.example",
            "https://",
            "https://a/",
            "https://a/b",
            "https://*.a.example",
            "https://u@a",
            "https://a:b",
            "https://a:99999",
            "https://a:",
            "https://\u{fc}.example",
            "https://a b",
            "://a",
            "https://[x]",
            "NULL",
            "",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
