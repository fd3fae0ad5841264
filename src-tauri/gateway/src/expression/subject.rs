//! What an expression looks at: a request or a response, and the facts of the call.

use http::{HeaderMap, Method, StatusCode, Uri, Version};

use crate::{Context, Request, Response};

/// Which half of a policy an expression is for; it decides which attributes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The request half: everything but `attributes.statusCode`.
    Request,
    /// The response half: `attributes.headers` are the response's, and there is `attributes.statusCode`.
    Response,
}

/// What an expression looks at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) body: Body<'a>,
    pub(super) line: Line<'a>,
    pub(super) cx: Facts<'a>,
}

/// The first line of a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Line<'a> {
    Request { method: &'a Method, uri: &'a Uri, version: Version },
    Response { status: StatusCode },
}

/// The body, which says nothing of itself when printed.
#[derive(Clone, Copy)]
pub(super) struct Body<'a>(&'a crate::Body);

impl<'a> Body<'a> {
    /// Where it was read.
    pub(super) fn bytes(self) -> Option<&'a bytes::Bytes> {
        self.0.bytes()
    }
}

impl std::fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a body")
    }
}

/// The context, without its many fields when printed.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a>(pub(super) &'a Context);

impl std::fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.request_id)
    }
}

impl<'a> Subject<'a> {
    /// A request on its way to the upstream.
    pub fn request(request: &'a Request, cx: &'a Context) -> Self {
        let line = Line::Request { method: request.method(), uri: request.uri(), version: request.version() };
        Self { headers: request.headers(), body: Body(request.body()), line, cx: Facts(cx) }
    }

    /// A response on its way to the caller.
    pub fn response(response: &'a Response, cx: &'a Context) -> Self {
        Self {
            headers: response.headers(),
            body: Body(response.body()),
            line: Line::Response { status: response.status() },
            cx: Facts(cx),
        }
    }
}
