//! The management API and the console over HTTP: bearer token, and only from this machine's own pages.
//!
//! A web page elsewhere can make a browser send requests to 127.0.0.1. The `Host` check stops DNS rebinding, the
//! `Origin` check stops other pages, and the token stops everybody else.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;

use crate::control::Control;
use crate::error::ApiError;
use crate::router::router;

/// A file of the console: its content and media type.
pub type Asset = (Cow<'static, [u8]>, &'static str);

/// What pages of the console may do: everything from here, nothing from elsewhere. Styles are set by script.
const PAGE_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                           connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// Environment variable that gives the token, for containers and scripts.
const TOKEN_VARIABLE: &str = "GATEPOST_ADMIN_TOKEN";

/// Who may use the management API over HTTP.
#[derive(Clone)]
pub struct Access {
    token: Arc<str>,
    address: SocketAddr,
}

impl Access {
    /// The token of this data folder, made on the first start and kept in `admin.token` (0600), or that of
    /// `GATEPOST_ADMIN_TOKEN`. `address` is where the listener is bound.
    pub fn load(data_dir: &Path, address: SocketAddr) -> io::Result<Self> {
        let token = match std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty()) {
            Some(token) => token,
            None => stored_token(&data_dir.join("admin.token"))?,
        };
        Ok(Self { token: token.into(), address })
    }

    /// Where a browser opens the console. The token is in the fragment, which browsers do not send.
    pub fn console_url(&self) -> String {
        let host = if self.address.ip().is_unspecified() {
            format!("127.0.0.1:{}", self.address.port())
        } else {
            self.address.to_string()
        };
        format!("http://{host}/#token={}", self.token)
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if !self.is_ours(host) {
            return Err(ApiError::Forbidden(
                "This host name is not the console's; open it by its IP address or as localhost",
            ));
        }
        match headers.get(ORIGIN).map(HeaderValue::to_str) {
            None => Ok(()),
            Some(Ok(origin)) if origin.strip_prefix("http://") == Some(host) => Ok(()),
            Some(_) => Err(ApiError::Forbidden("Requests from other web pages are refused")),
        }
    }

    /// A name for this machine with our port. IP addresses cannot be rebound, so any of them is right.
    fn is_ours(&self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
            _ => (host, Some(80)),
        };
        let is_name =
            name == "localhost" || name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
        is_name && port == Some(self.address.port())
    }

    fn check_token(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        if bool::from(given.as_bytes().ct_eq(self.token.as_bytes())) {
            Ok(())
        } else {
            Err(ApiError::Unauthorized)
        }
    }
}

fn stored_token(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Ok(token) if !token.trim().is_empty() => return Ok(token.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut random = [0; 24];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let token = BASE64_URL_SAFE_NO_PAD.encode(random);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(token.as_bytes())?;
    Ok(token)
}

/// Serves the management API and the console until `stop` resolves. `asset` finds a file of the console by its path.
pub async fn serve(
    control: Control,
    listener: TcpListener,
    access: Access,
    asset: fn(&str) -> Option<Asset>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let api = router(control).layer(middleware::from_fn_with_state(access.clone(), check_token));
    let app = api
        .fallback(move |request: Request| async move { page(request.uri().path(), asset) })
        .layer(middleware::from_fn_with_state(access, check_origin));
    axum::serve(listener, app).with_graceful_shutdown(stop).await
}

async fn check_token(
    State(access): State<Access>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    access.check_token(request.headers())?;
    Ok(next.run(request).await)
}

async fn check_origin(
    State(access): State<Access>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    access.check_origin(request.headers())?;
    Ok(next.run(request).await)
}

/// A file of the console; every other path is a screen of it, for the page to draw.
fn page(path: &str, asset: fn(&str) -> Option<Asset>) -> Response {
    let path = path.trim_start_matches('/');
    let found = asset(if path.is_empty() { "index.html" } else { path });
    let Some((content, media_type)) = found else {
        return (StatusCode::NOT_FOUND, "There is no such page; the console is at /").into_response();
    };
    let mut response = Response::new(Body::from(content));
    let caching =
        if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers: [(HeaderName, &'static str); 5] = [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, caching),
        (http::header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (http::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (http::header::REFERRER_POLICY, "no-referrer"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        Access { token: "t0k3n".into(), address: ([127, 0, 0, 1], 7070).into() }
    }

    fn headers(list: &[(HeaderName, &'static str)]) -> HeaderMap {
        list.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_this_machines_names_are_ours() {
        let access = access();
        for ours in ["127.0.0.1:7070", "localhost:7070", "[::1]:7070"] {
            assert!(access.check_origin(&headers(&[(HOST, ours)])).is_ok(), "{ours}");
        }
        for other in ["evil.example:7070", "localhost:80", "localhost", "", "127.0.0.1.evil.example:7070"] {
            assert!(access.check_origin(&headers(&[(HOST, other)])).is_err(), "{other}");
        }
    }

    #[test]
    fn other_pages_are_refused() {
        let access = access();
        let from = |origin| access.check_origin(&headers(&[(HOST, "localhost:7070"), (ORIGIN, origin)]));
        assert!(from("http://localhost:7070").is_ok());
        for other in ["http://evil.example", "https://localhost:7070", "null", "http://localhost:7071"] {
            assert!(from(other).is_err(), "{other}");
        }
    }

    #[test]
    fn the_token_is_compared_whole() {
        let access = access();
        assert!(access.check_token(&headers(&[(AUTHORIZATION, "Bearer t0k3n")])).is_ok());
        for wrong in ["Bearer t0k3", "Bearer t0k3nn", "Bearer ", "t0k3n", "Basic t0k3n"] {
            assert!(access.check_token(&headers(&[(AUTHORIZATION, wrong)])).is_err(), "{wrong}");
        }
        assert!(access.check_token(&HeaderMap::new()).is_err());
    }

    #[test]
    fn the_token_is_made_once_and_kept_private() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("admin.token");
        let first = stored_token(&path).expect("made");
        assert!(first.len() >= 32);
        assert_eq!(stored_token(&path).expect("kept"), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        }
    }
}
