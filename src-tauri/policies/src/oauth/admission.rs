//! Who is let in with a token that counts, and what becomes of what it says.

use std::sync::Arc;

use gatepost_gateway::{Context, Decision, Refusal, Request, Step};
use gatepost_model::Note;
use serde_json::Map;

use super::{Facts, Outcome, Own, Problem, Scopes};
use crate::bearer::{expose, identify_client};
use crate::jwt::{Flaw, Rules, words};

/// What a token must have, and what is done with it.
pub(crate) struct Admission {
    pub(crate) scopes: Scopes,
    /// Audiences; none takes any.
    pub(crate) rules: Rules,
    /// The fields that may name the client app, the first one that is there; none where that does not matter.
    pub(crate) consumer_by: Option<Box<[Box<str>]>>,
    pub(crate) expose_headers: bool,
    /// The API's own metadata, where it answers it.
    pub(crate) own: Option<Own>,
}

impl Admission {
    /// The answer to a request for the API's own metadata; none to any other.
    pub(crate) fn metadata(&self, request: &Request, cx: &Context) -> Option<Box<Refusal>> {
        self.own.as_ref()?.answer(request, cx, || self.scopes.iter().collect())
    }

    /// Lets the caller in or says why not.
    pub(crate) fn decide(
        &self,
        outcome: Result<Outcome, Problem>,
        request: &mut Request,
        cx: &mut Context,
    ) -> Decision {
        let step = outcome.and_then(|outcome| match outcome {
            Outcome::Active(facts) => self.admit(&facts, request, cx),
            Outcome::Inactive => Err(Problem::inactive()),
            Outcome::Trouble(trouble) => Err(Problem::Trouble(trouble)),
        });
        step.map_err(|problem| {
            let metadata = self.own.as_ref().and_then(|_| Own::address(request, cx));
            problem.refusal(&self.scopes.text, metadata.as_deref())
        })
    }

    fn admit(&self, facts: &Facts, request: &mut Request, cx: &mut Context) -> Result<Step, Problem> {
        let none = Map::new();
        let fields = facts.fields().unwrap_or(&none);
        // Kept answers are held against the clock as well: the one that measures stands still while a machine sleeps.
        if facts.expiry.is_some_and(|expiry| cx.wall_us as f64 / 1e6 >= expiry) {
            return Err(Flaw::new("The token has expired", const { Note::new("exp is over") }).into());
        }
        self.rules.check_audience(fields)?;
        if let Some(missing) = self.scopes.missing(fields) {
            return Err(Problem::Lacks(missing.into()));
        }
        if let Some(names) = &self.consumer_by {
            let id = names.iter().find_map(|name| facts.text(name)).map(Arc::from);
            identify_client(id, cx).map_err(Problem::InvalidClient)?;
        }
        let principal = facts.text("sub").or_else(|| facts.text("username")).map(Arc::<str>::from);
        cx.identity.principal = principal.clone();
        cx.identity.properties = Some(facts.properties(cx.identity.properties.as_deref()));
        let note = match principal.or_else(|| cx.identity.client_name.clone()) {
            Some(name) => Note::new("an active token of {}").with(name),
            None => const { Note::new("an active token") },
        };
        if !self.expose_headers {
            return Ok(Step::passed(note));
        }
        expose(fields, request);
        Ok(Step::changed(note))
    }
}

/// Rules that ask for one of these audiences, separated by commas, and for nothing else; none takes any.
pub(crate) fn audiences(text: &str) -> Rules {
    let audiences = words(text);
    Rules {
        needs_audience: !audiences.is_empty(),
        audiences,
        issuers: Box::default(),
        needs_expiry: false,
        needs_start: false,
        skew: 0.0,
    }
}
