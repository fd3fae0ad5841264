//! Takes secrets out of a query before anybody keeps it.

use std::borrow::Cow;

use gatepost_model::REDACTED;

/// Query parameters whose values are secrets, whatever the case.
const SECRET_PARAMETERS: [&str; 8] =
    ["client_secret", "password", "token", "access_token", "refresh_token", "api_key", "apikey", "secret"];

/// A path and query with the values of secret parameters replaced.
pub(crate) fn redact_query(target: &str) -> Cow<'_, str> {
    let Some((path, query)) = target.split_once('?') else { return Cow::Borrowed(target) };
    if !query.split('&').any(holds_secret) {
        return Cow::Borrowed(target);
    }
    let mut clean = String::with_capacity(target.len());
    clean.push_str(path);
    for (n, parameter) in query.split('&').enumerate() {
        clean.push(if n == 0 { '?' } else { '&' });
        match parameter.split_once('=') {
            Some((name, _)) if holds_secret(parameter) => {
                clean.push_str(name);
                clean.push('=');
                clean.push_str(REDACTED);
            }
            _ => clean.push_str(parameter),
        }
    }
    Cow::Owned(clean)
}

fn holds_secret(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default();
    // An encoded name may be any of them; decoding it is work for nobody's benefit.
    name.contains('%') || is_secret_parameter(name)
}

/// True for the name of a query parameter whose value is never kept.
pub(crate) fn is_secret_parameter(name: &str) -> bool {
    SECRET_PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_values_of_secret_parameters_only() {
        assert_eq!(redact_query("/a?x=1&Client_Secret=s3&y"), "/a?x=1&Client_Secret=•••&y");
        assert_eq!(redact_query("/a?client%5Fsecret=s3"), "/a?client%5Fsecret=•••");
        for plain in ["/a", "/a?", "/a?x=1&tokens=2", "/token?x"] {
            assert!(matches!(redact_query(plain), Cow::Borrowed(same) if same == plain));
        }
    }
}
