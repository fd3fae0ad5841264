//! The run time: asks, and does what the service says.

use std::sync::Arc;

use gatepost_gateway::{
    Context, Decision, Policy, Reads, Refusal, Reply, Request, Response, Step, Subject, Verdict,
};
use gatepost_model::Note;
use http::StatusCode;

use super::said::{Said, Undecided, complete};
use super::service::Service;

/// What runs.
pub(super) struct Enforced {
    pub(super) service: Service,
    /// For the trail.
    pub(super) host: Arc<str>,
    /// Calls pass while nobody can decide.
    pub(super) is_open: bool,
    pub(super) on_error: StatusCode,
}

impl Policy for Enforced {
    fn reads(&self) -> Reads {
        match self.service.max_body {
            0 => Reads::default(),
            most => Reads::request(most),
        }
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        Verdict::Later(Box::pin(self.decide(request, cx)))
    }

    fn on_response<'a>(&'a self, response: &'a mut Response, cx: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(Ok(match complete(response, cx) {
            0 => Step::passed(Note::default()),
            headers => Step::changed(
                Note::new("{} headers of {}'s answer set").with(headers).with(self.host.clone()),
            ),
        }))
    }
}

impl Enforced {
    async fn decide(&self, request: &mut Request, cx: &mut Context) -> Decision {
        let added = self.service.added(&Subject::request(request, cx)).map_err(|(name, why)| {
            let note = Note::new("{} could not be made: {}").with(name.as_str()).with(why.as_str());
            Refusal::of_failure(Reply::failed("A header could not be made"), note)
        })?;
        let said = self.service.ask(added, request, cx).await;
        let applied = match said {
            Ok(Said::Yes(changes)) => changes.apply(request, cx),
            Ok(Said::No(denied)) => {
                let note = Note::new("{} says no, with {}").with(self.host.clone());
                let status = u64::from(denied.status.as_u16());
                return Err(denied.into_refusal(note.with(status)));
            }
            Err(undecided) => Err(undecided),
        };
        match applied {
            Ok(0) => Ok(Step::passed(Note::new("{} says yes").with(self.host.clone()))),
            Ok(changes) => {
                let note = Note::new("{} says yes; changes to the request: {}");
                Ok(Step::changed(note.with(self.host.clone()).with(changes)))
            }
            Err(undecided) => self.without_a_word(&undecided),
        }
    }

    fn without_a_word(&self, undecided: &Undecided) -> Decision {
        let why = undecided.why.as_str();
        if self.is_open {
            let note = Note::new("let pass although {} could not decide: {}");
            return Ok(Step::passed(note.with(self.host.clone()).with(why)));
        }
        let status = undecided.status.unwrap_or(self.on_error);
        let reply = Reply::of(status, "Whether this call is allowed could not be found out");
        Err(Refusal::of_failure(
            reply,
            Note::new("{} could not decide: {}").with(self.host.clone()).with(why),
        ))
    }
}
