//! The facts of one request from listener to recorder.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gatepost_model::{ApiId, ClientAppId, TrailStep};
use smallvec::SmallVec;

use crate::{ClientDirectory, Plan, TlsFacts};

/// Who a policy found the caller to be.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The client app.
    pub client_app: ClientAppId,
    /// Its name.
    pub name: Arc<str>,
    /// The client ID that was presented.
    pub client_id: Box<str>,
}

/// The facts of one request. Policies read it and leave the caller's identity in it; the trail is written by the
/// chain alone.
pub struct Context {
    /// The Plan this request runs under, from first byte to last.
    pub plan: Arc<Plan>,
    /// The API it is for.
    pub api: ApiId,
    /// When its head had arrived: epoch microseconds, for people. Can jump; never measure with it.
    pub wall_us: i64,
    /// The same moment on a clock that never goes back, since the program began. Limits and windows use this.
    pub now: Duration,
    /// The caller's socket.
    pub remote: SocketAddr,
    /// The socket that accepted.
    pub local: SocketAddr,
    /// `http` or `https`, as the caller spoke.
    pub scheme: &'static str,
    /// What the caller's TLS greeting settled; none on a plain connection.
    pub tls: Option<Arc<TlsFacts>>,
    /// `x-request-id`.
    pub request_id: Box<str>,
    /// Bytes of the API's base path at the start of the request's path; 0 for `/`.
    pub base_path_len: usize,
    /// Who calls, once a policy knows.
    pub identity: Option<Identity>,
    /// Name of the policy that refused, once one did.
    pub refused_by: Option<&'static str>,
    /// Why the gateway itself failed the call, for the operator; never sent to the caller.
    pub error: Option<Box<str>>,
    /// What request halves leave for response halves, by type. Costs nothing while empty.
    pub kept: http::Extensions,
    /// What each policy decided so far.
    pub trail: SmallVec<[TrailStep; 4]>,
}

impl Context {
    /// Credentials and contracts in force for this request.
    pub fn clients(&self) -> &ClientDirectory {
        &self.plan.clients
    }

    /// The part of `path` below the API's base path; begins with `/`, and is `/` for the base path itself.
    pub fn path_below_base<'p>(&self, path: &'p str) -> &'p str {
        match path.get(self.base_path_len..) {
            Some("") | None => "/",
            Some(below) => below,
        }
    }
}
