//! The policy as it runs: path, query, headers and body, until the first attack.

use gatepost_gateway::{
    BodyLimit, Context, Decision, Message as _, Otherwise, Policy, Reads, Refusal, Reply, Request, Step,
    Unrecorded, Verdict,
};
use gatepost_model::{Note, NoteValue};
use http::header::{CONTENT_TYPE, COOKIE};
use http::{HeaderName, HeaderValue};

use super::body::Contents;
use super::detector::{Detector, Rule};
use super::form;
use super::looker::{Found, Looked, Part};

/// Tells callers, as the vendor's does.
const X_INJECTION_PROTECTION: HeaderName = HeaderName::from_static("x-injection-protection");

/// What is looked for, and where.
pub(super) struct Guarded {
    pub(super) detector: Detector,
    pub(super) guards_target: bool,
    pub(super) headers: Headers,
    /// Longest body, in bytes; none where bodies are not looked at.
    pub(super) body: Option<usize>,
    pub(super) reads_files: bool,
    pub(super) refuses: bool,
}

/// Headers that are looked at.
pub(super) enum Headers {
    None,
    All,
    These(Vec<HeaderName>),
}

impl Policy for Guarded {
    fn asks(&self) -> Unrecorded {
        // Headers, secret ones too, as policies above left them.
        Unrecorded { changes: true, ..Unrecorded::SECRETS }
    }

    fn reads(&self) -> Reads {
        let otherwise = if self.refuses { Otherwise::Refuse } else { Otherwise::PassUnread };
        Reads { request: self.body.map(|bytes| BodyLimit { bytes, otherwise }), response: None }
    }

    fn on_request<'a>(&'a self, request: &'a mut Request, _: &'a mut Context) -> Verdict<'a> {
        Verdict::Now(match self.look(request) {
            Ok(()) => Ok(Step::passed(Note::new("no attack found"))),
            Err(found) => self.decide(&found),
        })
    }
}

impl Guarded {
    fn look(&self, request: &Request) -> Looked {
        if self.guards_target {
            self.look_at_path(request.uri().path())?;
            form::look(&self.detector, request.uri().query().unwrap_or_default().as_bytes(), Part::Query)?;
        }
        self.look_at_headers(request)?;
        match self.body.and_then(|_| request.body().bytes()) {
            Some(body) if !body.is_empty() => {
                let content_type = request.fields().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
                let contents = Contents { detector: &self.detector, reads_files: self.reads_files };
                contents.look_at_body(body, content_type.unwrap_or_default())
            }
            _ => Ok(()),
        }
    }

    /// As a whole, and each segment on its own, which may be a value.
    fn look_at_path(&self, path: &str) -> Looked {
        self.detector.look(path.as_bytes(), Part::Path, "")?;
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        segments.try_for_each(|segment| self.detector.look(segment.as_bytes(), Part::Path, ""))
    }

    fn look_at_headers(&self, request: &Request) -> Looked {
        match &self.headers {
            Headers::None => Ok(()),
            Headers::All => {
                request.headers().iter().try_for_each(|(name, value)| self.look_at_header(name, value))
            }
            Headers::These(names) => names.iter().try_for_each(|name| {
                request.headers().get_all(name).iter().try_for_each(|value| self.look_at_header(name, value))
            }),
        }
    }

    fn look_at_header(&self, name: &HeaderName, value: &HeaderValue) -> Looked {
        let value = value.as_bytes();
        if *name != COOKIE {
            return self.detector.look(value, Part::Header, name);
        }
        // Each cookie is a value of its own (RFC 6265, 4.2.1).
        value.split(|byte| *byte == b';').try_for_each(|cookie| {
            let start = cookie.iter().position(|byte| *byte == b'=').map_or(0, |at| at + 1);
            self.detector.look(cookie[start..].trim_ascii(), Part::Header, name)
        })
    }

    fn decide(&self, found: &Found) -> Decision {
        let (rule, title): (NoteValue, &str) = match &found.rule {
            Rule::Family(family) => (family.name().into(), family.title()),
            Rule::Custom(name) => (name.clone().into(), name),
        };
        let place = found.to_string();
        let note = Note::new("{} in the {}").with(rule).with(&*place);
        if !self.refuses {
            return Ok(Step::would_refuse(note));
        }
        let words = format!("Injection attack detected - Rule: '{title}', Location: {}", found.part.title());
        let rule = match &found.rule {
            Rule::Family(family) => family.name(),
            Rule::Custom(name) => name,
        };
        let reply = Reply::bad_request(words)
            .member("rule", rule.into())
            .member("location", place.into())
            .header(X_INJECTION_PROTECTION, HeaderValue::from_static("blocked"));
        Err(Refusal::of_caller(reply, note))
    }
}
