//! What runs: requests, and answers, are looked at with the compiled document.

use std::fmt::Write as _;
use std::sync::Arc;

use gatepost_gateway::{
    BodyLimit, Context, Otherwise, Policy, Reads, Refusal, Reply, Request, Response, Step, Verdict,
    is_own_answer,
};
use gatepost_model::Note;
use gatepost_openapi::{Contract, Findings, Matched, RequestParts, ResponseParts};
use http::{Method, StatusCode};

/// A document in force.
pub(super) struct Enforced {
    pub(super) contract: Arc<Contract>,
    /// Requests that are not as described are refused.
    pub(super) blocks: bool,
    /// Bodies that are not described are refused, so they must be seen.
    pub(super) strict: bool,
    /// Answers are looked at.
    pub(super) answers: bool,
    /// Those that are not as described are refused.
    pub(super) blocks_answers: bool,
    /// Longest body, in bytes.
    pub(super) most: usize,
}

/// What the request half leaves for the response half.
#[derive(Clone, Copy)]
struct Asked {
    operation: Matched,
    by_head: bool,
}

impl Policy for Enforced {
    fn reads(&self) -> Reads {
        let limit = |reads: bool, blocks: bool| {
            let otherwise = if blocks { Otherwise::Refuse } else { Otherwise::PassUnread };
            reads.then_some(BodyLimit { bytes: self.most, otherwise })
        };
        Reads {
            request: limit(self.contract.reads_requests() || self.strict, self.blocks),
            response: limit(self.contract.reads_answers(), self.blocks_answers),
        }
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, cx: &'a mut Context) -> Verdict<'a> {
        let checked = self.contract.check_request(&RequestParts {
            method: request.method(),
            path: cx.path_below_base(request.uri().path()),
            query: request.uri().query(),
            headers: request.headers(),
            body: request.body().bytes().map(|bytes| &**bytes),
        });
        if self.answers
            && let Some(operation) = checked.operation
        {
            let by_head = request.method() == Method::HEAD;
            cx.kept.insert(Asked { operation, by_head });
        }
        let label = checked.operation.map(|operation| self.contract.label(operation));
        if checked.findings.is_empty() {
            let note = match (label, cx.unread) {
                (Some(label), None) => Note::new("{} as described").with(Arc::clone(label)),
                (Some(label), Some(why)) => Note::new("{} as described, without its body, which {}")
                    .with(Arc::clone(label))
                    .with(why.as_str()),
                (None, _) => Note::default(),
            };
            return Verdict::Now(Ok(Step::passed(note)));
        }
        let told = in_words(label.map(|label| &**label), &checked.findings);
        Verdict::Now(if self.blocks {
            Err(Refusal::of_caller(reply(&checked.findings), Note::new("not as described: {}").with(&*told)))
        } else {
            Ok(Step::passed(Note::new("not as described, let pass: {}").with(&*told)))
        })
    }

    fn on_response<'a>(&'a self, response: &'a mut Response, cx: &'a mut Context) -> Verdict<'a> {
        // Answers of the gateway's own are none of the API's.
        let asked = cx.kept.get::<Asked>().copied().filter(|_| !is_own_answer(response));
        let Some(Asked { operation, by_head }) = asked else {
            return Verdict::Now(Ok(Step::passed(Note::default())));
        };
        let has_no_body = by_head
            || matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
            || response.status().is_informational();
        let findings = self.contract.check_response(
            operation,
            &ResponseParts {
                status: response.status(),
                headers: response.headers(),
                body: response.body().bytes().map(|bytes| &**bytes),
                has_no_body,
            },
        );
        if findings.is_empty() {
            return Verdict::Now(Ok(Step::passed(Note::new("answered as described"))));
        }
        let told = in_words(None, &findings);
        Verdict::Now(if self.blocks_answers {
            let reply = Reply::of(StatusCode::BAD_GATEWAY, "The upstream's answer cannot be passed on");
            Err(Refusal::of_failure(reply, Note::new("not answered as described: {}").with(&*told)))
        } else {
            Ok(Step::passed(Note::new("not answered as described, let pass: {}").with(&*told)))
        })
    }
}

fn reply(findings: &Findings) -> Reply {
    let faults = serde_json::to_value(findings.as_slice()).unwrap_or_default();
    let reply = Reply::bad_request("The request is not as the API's specification describes it");
    let reply = reply.member("faults", faults);
    if findings.has_more() { reply.member("more_faults", true.into()) } else { reply }
}

/// Most findings that a trail names.
const MOST_NAMED: usize = 5;

/// For the trail: places and what is wrong there, never a value.
fn in_words(label: Option<&str>, findings: &Findings) -> String {
    let mut words = label.map(|label| format!("{label}: ")).unwrap_or_default();
    for (n, finding) in findings.as_slice().iter().take(MOST_NAMED).enumerate() {
        // Writing to a string does not fail.
        let _ = write!(words, "{}{finding}", if n == 0 { "" } else { "; " });
    }
    let rest = findings.as_slice().len().saturating_sub(MOST_NAMED);
    if rest > 0 {
        let _ = write!(words, "; and {rest}{} more", if findings.has_more() { " or" } else { "" });
    }
    words
}
