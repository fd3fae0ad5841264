//! Expressions in policy configurations: `Bearer #[attributes.headers['x']]`.
//!
//! Outside `#[ ... ]` stands literal text; inside stands CEL, or the vendor's subset of DataWeave, which is written
//! as CEL when the expression is parsed. The commonest forms, a literal and a single fact such as a header, are read
//! without CEL and without allocation.

mod functions;
mod source;
mod subject;
mod syntax;
mod token;

use std::borrow::Cow;
use std::ops::Range;

use cel::common::ast::Expr;
use cel::common::types::{CelInt, CelNull, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::{Context, IdedExpr, Value};
use smallvec::SmallVec;

use self::functions::{ENV, to_text, value_of};
use self::source::{Fact, Source};
pub use self::subject::{Side, Subject};
use self::syntax::{Translation, translate};
use crate::Unrecorded;

/// Longest expression, in bytes.
pub const MAX_EXPRESSION: usize = 2_000;

/// What is wrong with the text of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionFault {
    /// In words.
    pub message: String,
    /// Where, in bytes of the text; empty at its end where something is missing.
    pub place: Range<usize>,
}

/// A parsed expression. Shared by all data-plane threads.
#[derive(Debug)]
pub struct Expression(Form);

#[derive(Debug)]
enum Form {
    /// One part alone gives its value, which may be missing.
    Single(Part),
    /// Several are put together to one text, where a missing value adds nothing.
    Template(Vec<Part>),
}

#[derive(Debug)]
enum Part {
    Literal(Box<str>),
    Fact(Source),
    Cel { tree: IdedExpr, sources: Vec<Source> },
}

impl Expression {
    /// Parses text with any number of `#[ ... ]` in it, for the half of a policy that will evaluate it. Says what is
    /// wrong with the syntax and which name is not known.
    pub fn parse(text: &str, side: Side) -> Result<Self, String> {
        let parsed = Self::parse_with_payload(text, side)?;
        if parsed.reads_payload() {
            return Err("payload cannot be used here: this policy does not read bodies".into());
        }
        Ok(parsed)
    }

    /// Parses as [`parse_with_payload`](Self::parse_with_payload) does, and says where the fault stands.
    pub fn read(text: &str, side: Side) -> Result<Self, ExpressionFault> {
        if text.len() > MAX_EXPRESSION {
            let message = format!("at most {MAX_EXPRESSION} bytes");
            return Err(ExpressionFault { message, place: 0..text.len() });
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(begin) = rest.find("#[") {
            if begin > 0 {
                parts.push(Part::Literal(rest[..begin].into()));
            }
            let (part, length) = Part::parse(&rest[begin + 2..], side).map_err(|fault| {
                let before = text.len() - rest.len() + begin + 2;
                let place = before + fault.place.start..before + fault.place.end;
                ExpressionFault { place, ..fault }
            })?;
            parts.push(part);
            rest = &rest[begin + 2 + length..];
        }
        if !rest.is_empty() || parts.is_empty() {
            parts.push(Part::Literal(rest.into()));
        }
        match <[Part; 1]>::try_from(parts) {
            Ok([part]) => Ok(Self(Form::Single(part))),
            Err(parts) => Ok(Self(Form::Template(parts))),
        }
    }

    /// The same for a policy that can read bodies: `payload` may stand in it. Where [`reads_payload`](Self::reads_payload)
    /// says that it does, the policy must say so in [`reads`](crate::Policy::reads).
    pub fn parse_with_payload(text: &str, side: Side) -> Result<Self, String> {
        Self::read(text, side).map_err(|fault| fault.message)
    }

    /// True where its value depends on the body.
    pub fn reads_payload(&self) -> bool {
        self.sources().any(|source| matches!(source, Source::Payload(_)))
    }

    /// Which facts that are never recorded its value depends on; bodies apart.
    pub fn asks(&self) -> Unrecorded {
        self.sources().map(Source::asks).collect()
    }

    fn sources(&self) -> impl Iterator<Item = &Source> {
        let parts = match &self.0 {
            Form::Single(part) => std::slice::from_ref(part),
            Form::Template(parts) => parts,
        };
        parts.iter().flat_map(|part| match part {
            Part::Literal(_) => &[],
            Part::Fact(source) => std::slice::from_ref(source),
            Part::Cel { sources, .. } => sources.as_slice(),
        })
    }

    /// The value as text; none when it is missing. Fails when an operation does not fit its values.
    pub fn evaluate<'a>(&'a self, subject: &Subject<'a>) -> Result<Option<Cow<'a, str>>, String> {
        match &self.0 {
            Form::Single(part) => part.evaluate(subject),
            Form::Template(parts) => {
                let mut text = String::new();
                for part in parts {
                    text.push_str(&part.evaluate(subject)?.unwrap_or_default());
                }
                Ok(Some(text.into()))
            }
        }
    }

    /// The text, when it is the same for every call.
    pub fn as_literal(&self) -> Option<&str> {
        match &self.0 {
            Form::Single(Part::Literal(text)) => Some(text),
            _ => None,
        }
    }
}

impl Part {
    /// Parses what follows `#[`, and says how many bytes it took.
    fn parse(text: &str, side: Side) -> Result<(Self, usize), ExpressionFault> {
        let Translation { tree, mut sources, length } = translate(text, side)?;
        let nothing = || ExpressionFault { message: "names nothing".into(), place: 0..length };
        let part = match tree.expr {
            // The only variable there can be, when the whole tree is a variable.
            Expr::Ident(_) => sources.pop().map(Self::Fact).ok_or_else(nothing)?,
            _ => Self::Cel { tree, sources },
        };
        Ok((part, length))
    }

    fn evaluate<'a>(&'a self, subject: &Subject<'a>) -> Result<Option<Cow<'a, str>>, String> {
        match self {
            Self::Literal(text) => Ok(Some(Cow::Borrowed(text))),
            Self::Fact(source) => Ok(source.read(subject).into_text()),
            Self::Cel { tree, sources } => {
                let facts = Facts(sources.iter().map(|source| source.read(subject)).collect());
                let mut context = Context::with_env(ENV.clone());
                context.set_variable_resolver(&facts);
                let value = Value::resolve(tree, &context).and_then(to_text);
                value.map(|text| text.map(Cow::Owned)).map_err(|error| error.to_string())
            }
        }
    }
}

/// The variables `v0`, `v1`, ... of one evaluation.
struct Facts<'a>(SmallVec<[Fact<'a>; 4]>);

impl VariableResolver for Facts<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let place: usize = variable.strip_prefix('v')?.parse().ok()?;
        Some(match self.0.get(place)? {
            Fact::Null => CowVal::owned(CelNull),
            Fact::Text(text) => CowVal::owned(CelString::from(&**text)),
            Fact::Number(number) => CowVal::owned(CelInt::from(*number)),
            Fact::Json(value) => CowVal::from(Box::<dyn Val>::try_from(value_of(value)).ok()?),
        })
    }
}

#[cfg(test)]
mod tests;
