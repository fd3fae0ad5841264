//! Answers: their status, headers and bodies.

use gatepost_model::Faults;

use crate::contract::ResponseParts;
use crate::finding::{Findings, Place};
use crate::media::{Content, Given};
use crate::parameter::Parameter;
use crate::reference::{At, join};
use crate::schema::Schemas;

/// The answers an operation may give, ready to check.
#[derive(Default)]
pub struct Answers {
    /// By what they are for, the most exact first.
    answers: Vec<(For, Answer)>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum For {
    Status(u16),
    /// `4XX`.
    Class(u16),
    All,
}

struct Answer {
    headers: Vec<Parameter>,
    content: Content,
}

impl Answers {
    /// Compiles the member `responses` of an operation.
    pub fn compile(operation: &At<'_>, schemas: &mut Schemas, faults: &mut Faults) -> Self {
        let root = schemas.root().clone();
        let mut answers = Vec::new();
        for (status, at) in operation.members_of("responses") {
            let Some(status) = For::parse(status) else {
                if !status.starts_with("x-") {
                    faults.add(&at.pointer, "must be a status such as 404, a class such as 4XX, or default");
                }
                continue;
            };
            let pointer = at.pointer.clone();
            let Some(at) = faults.take(&pointer, At::followed(&root, at.value, at.pointer)) else { continue };
            let mut headers = Vec::new();
            for (name, header) in at.members_of("headers") {
                let header = At::followed(&root, header.value, header.pointer);
                let header = faults.take(&join(&at.pointer, "headers"), header);
                headers.extend(header.and_then(|at| Parameter::compile_header(&at, name, schemas, faults)));
            }
            answers
                .push((status, Answer { headers, content: Content::compile(&at, false, schemas, faults) }));
        }
        answers.sort_by_key(|(status, _)| *status);
        Self { answers }
    }

    /// True where some body would be looked into.
    pub fn are_read(&self) -> bool {
        self.answers.iter().any(|(_, answer)| answer.content.is_read())
    }

    /// Checks an answer.
    pub fn check(&self, parts: &ResponseParts<'_>, findings: &mut Findings) {
        let status = parts.status.as_u16();
        let found = self.answers.iter().find(|(what, _)| match what {
            For::Status(known) => *known == status,
            For::Class(class) => *class == status / 100,
            For::All => true,
        });
        let Some((_, answer)) = found else {
            return findings.add(Place::Status, "", "", format!("{status} is not described"));
        };
        for header in &answer.headers {
            header.check_header(parts.headers, findings);
        }
        let is_empty = parts.body.is_some_and(<[u8]>::is_empty);
        if answer.content.is_empty() || parts.has_no_body {
            return;
        }
        if is_empty {
            return findings.add(Place::Body, "", "", "is missing");
        }
        let content_type =
            parts.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        answer.content.check(&Given { content_type, bytes: parts.body }, findings);
    }
}

impl For {
    fn parse(status: &str) -> Option<Self> {
        if status == "default" {
            return Some(Self::All);
        }
        if let Some(class) = status.strip_suffix("XX").or_else(|| status.strip_suffix("xx")) {
            return class.parse().ok().filter(|class| (1..=5).contains(class)).map(Self::Class);
        }
        status.parse().ok().filter(|status| (100..=599).contains(status)).map(Self::Status)
    }
}
