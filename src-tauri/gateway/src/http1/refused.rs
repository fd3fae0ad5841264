//! Why the bytes of a caller are not a request that may go on.

use http::StatusCode;

/// A fault of a request's form, with the status that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// 400, 414, 431, 501 or 505.
    pub status: StatusCode,
    /// One sentence for caller and operator.
    pub reason: &'static str,
}

impl Refused {
    /// 400: it breaks a rule of RFC 9112, or can be read in two ways.
    pub const fn bad(reason: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, reason }
    }

    /// 414: the request line is over its limit.
    pub const TARGET_TOO_LONG: Self =
        Self { status: StatusCode::URI_TOO_LONG, reason: "The request line is too long" };

    /// 431: the head is over its limit in bytes.
    pub const HEAD_TOO_LARGE: Self = Self {
        status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        reason: "The request's headers are too large",
    };

    /// 431: the head is over its limit in fields.
    pub const TOO_MANY_FIELDS: Self = Self {
        status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        reason: "The request has too many headers",
    };

    /// 501: a transfer coding other than `chunked`.
    pub const UNKNOWN_CODING: Self = Self {
        status: StatusCode::NOT_IMPLEMENTED,
        reason: "The only Transfer-Encoding that is supported is chunked",
    };

    /// 505: neither HTTP/1.0 nor HTTP/1.1.
    pub const UNKNOWN_VERSION: Self = Self {
        status: StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        reason: "The supported versions are HTTP/1.0, HTTP/1.1 and HTTP/2",
    };
}
