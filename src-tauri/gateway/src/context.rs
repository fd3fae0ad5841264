//! The facts of one request from listener to recorder.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use gatepost_model::{ApiId, ClientAppId, Outcome, Phase, TrailStep};
use serde_json::Value;
use smallvec::SmallVec;

use crate::inspect::Late;
use crate::{ClientDirectory, Plan, Refusal, Response, TlsFacts, Unread};

/// Who the caller is, as far as policies found out. Each fills in what it knows and leaves the rest alone; later ones
/// read it, as do expressions (`authentication.principal` and the like).
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// The client app, where the caller is one. Set it where the caller has proved it: the call is counted as its call,
    /// whether or not it has a contract.
    pub client_app: Option<ClientAppId>,
    /// `authentication.clientName`.
    pub client_name: Option<Arc<str>>,
    /// `authentication.clientId`.
    pub client_id: Option<Arc<str>>,
    /// `authentication.principal`: a user, a token's subject. Where there is none the client ID stands for it.
    pub principal: Option<Arc<str>>,
    /// `authentication.properties`, an object: under `claims` what a token says, which is `vars.claimSet` too.
    pub properties: Option<Arc<Value>>,
}

impl Identity {
    /// The principal, or else the client ID.
    pub fn principal(&self) -> Option<&str> {
        self.principal.as_deref().or(self.client_id.as_deref())
    }
}

/// What is to be settled when the call is over; the chain's own.
#[derive(Default)]
pub struct Unsettled {
    /// What inspectors of passing bodies find.
    pub(crate) late: Vec<Rc<Late>>,
    /// What the request halves of policies in shadow left for their response halves, by place in the chain.
    pub(crate) shadows: Vec<(usize, http::Extensions)>,
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
    /// Who calls, as far as policies know.
    pub identity: Identity,
    /// How long a caller may stop sending a body that a policy reads: as long as the API's upstream may be idle.
    pub body_idle: Duration,
    /// Why the policy whose half runs does not see the body that it [reads](crate::Policy::reads).
    pub unread: Option<Unread>,
    /// Name of the policy that refused, once one did.
    pub refused_by: Option<&'static str>,
    /// Name of the first policy in shadow that would have refused.
    pub would_refuse_by: Option<&'static str>,
    /// Why the gateway itself failed the call, for the operator; never sent to the caller.
    pub error: Option<Box<str>>,
    /// What request halves leave for response halves, by type. Costs nothing while empty.
    pub kept: http::Extensions,
    /// What each policy decided so far.
    pub trail: SmallVec<[TrailStep; 4]>,
    /// The chain's own.
    pub unsettled: Unsettled,
}

impl Context {
    /// A plain call from this machine to an API at `/`, of which nothing else is known: where policies and expressions
    /// are tried without a gateway.
    pub fn plain(plan: Arc<Plan>, api: ApiId) -> Self {
        Self {
            plan,
            api,
            wall_us: 0,
            now: Duration::ZERO,
            remote: ([127, 0, 0, 1], 40_000).into(),
            local: ([127, 0, 0, 1], 8_081).into(),
            scheme: "http",
            tls: None,
            request_id: "r-1".into(),
            base_path_len: 0,
            identity: Identity::default(),
            body_idle: Duration::from_secs(1),
            unread: None,
            refused_by: None,
            would_refuse_by: None,
            error: None,
            kept: http::Extensions::new(),
            trail: SmallVec::new(),
            unsettled: Unsettled::default(),
        }
    }

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

    /// The refusal of an inspector of the request's body, as the answer: none has begun.
    pub(crate) fn refused_as_it_passed(&mut self) -> Option<Response> {
        let mut requests = self.unsettled.late.iter().filter(|late| late.phase == Phase::Request);
        let late = requests.find(|late| !late.is_shadow && late.has_refused())?.clone();
        // The upstream's failure was only its consequence.
        self.error = None;
        let refusal = self.note_late(&late)?;
        Some(refusal.answer.into_response(late.policy, &self.request_id))
    }

    /// Notes what inspectors found after their policies' halves had run. The gateway does so when the call is over.
    pub fn settle(&mut self) {
        for late in std::mem::take(&mut self.unsettled.late) {
            self.note_late(&late);
        }
    }

    fn note_late(&mut self, late: &Late) -> Option<Box<Refusal>> {
        let (outcome, mut refusal) = late.take()?;
        if outcome == Outcome::Refused {
            self.refused_by = Some(late.policy);
        }
        if outcome == Outcome::WouldRefuse {
            self.would_refuse_by.get_or_insert(late.policy);
        }
        let note = std::mem::take(&mut refusal.note);
        self.trail.push(TrailStep {
            phase: late.phase,
            policy: late.policy,
            applied: Some(late.applied),
            automated: late.is_automated,
            outcome,
            note,
            duration_ns: 0,
        });
        Some(refusal)
    }
}
