//! Reads the inside of `#[ ... ]` into CEL's syntax tree.
//!
//! What is read is CEL's own syntax, without its loops and maps, and the vendor's subset of DataWeave together. Facts
//! such as `attributes.headers['x']` become variables `v0`, `v1`, ..., so names are checked here, once. CEL's own
//! parser is not used: it needs so much stack that a hundred characters can end the process.
//!
//! From loosest to tightest: `? :` and `if else`; `or ||`; `and &&`; `not`; comparisons, `in`, `contains`;
//! `default` and other functions between their arguments; `++ + -`; `* / %`; `! -`; `x[n]` and `x.f()`.

use std::ops::Range;

use cel::common::ast::{CallExpr, Expr, IdedExpr, ListExpr, LiteralValue, operators};
use cel::common::types::{CelBool, CelDouble, CelInt, CelString};

use super::ExpressionFault;
use super::functions::{PREFIX, arguments_of};
use super::source::Source;
use super::subject::Side;
use super::token::{Token, next_token};

/// Deepest nesting of brackets, conditions and prefixes.
const MAX_DEPTH: usize = 16;
/// Most operators and calls in one expression: bounds how deep a chain such as `a ++ b ++ c` nests when evaluated.
const MAX_OPERATORS: usize = 48;
/// CEL's functions of the form `f(x)` that are let through, each of one argument.
const CEL_FUNCTIONS: [&str; 4] = ["size", "string", "int", "double"];
/// CEL's functions of the form `x.f(...)`, with how many arguments they take.
const CEL_METHODS: [(&str, usize); 4] = [("contains", 1), ("startsWith", 1), ("endsWith", 1), ("size", 0)];
/// Variables that are facts of the call.
const ROOTS: [&str; 4] = ["attributes", "authentication", "payload", "vars"];

/// An expression as CEL, with the facts its variables stand for.
#[derive(Debug)]
pub(super) struct Translation {
    pub(super) tree: IdedExpr,
    pub(super) sources: Vec<Source>,
    /// Bytes read, the closing bracket included.
    pub(super) length: usize,
}

/// Reads up to the `]` that belongs to the `#[` before `text`.
pub(super) fn translate(text: &str, side: Side) -> Result<Translation, ExpressionFault> {
    let whole = |message| ExpressionFault { message, place: 0..text.len() };
    let (ahead, end) = next_token(text).map_err(whole)?;
    let (sources, blamed) = (Vec::new(), None);
    let mut parser = Parser { text, begin: 0, end, ahead, side, sources, depth: 0, operators: 0, blamed };
    match parser.whole() {
        Ok(tree) => Ok(Translation { tree, length: parser.end, sources: parser.sources }),
        Err(message) => {
            let place = parser.blamed.unwrap_or(parser.begin..parser.end);
            let blank = text[place.clone()].len() - text[place.clone()].trim_start().len();
            Err(ExpressionFault { message, place: place.start + blank..place.end })
        }
    }
}

/// How tightly an operator binds, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tightness {
    Condition,
    Or,
    And,
    Not,
    Comparison,
    Infix,
    Sum,
    Product,
    Prefix,
}

impl Tightness {
    const fn tighter(self) -> Self {
        match self {
            Self::Condition => Self::Or,
            Self::Or => Self::And,
            Self::And => Self::Not,
            Self::Not => Self::Comparison,
            Self::Comparison => Self::Infix,
            Self::Infix => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product | Self::Prefix => Self::Prefix,
        }
    }
}

/// How an operator between two values is written in CEL.
enum Operator<'t> {
    Cel(&'static str),
    Function(&'t str),
}

struct Parser<'t> {
    text: &'t str,
    /// Where the token ahead begins, white space before it included.
    begin: usize,
    /// Where it ends.
    end: usize,
    ahead: Token<'t>,
    side: Side,
    sources: Vec<Source>,
    depth: usize,
    operators: usize,
    /// Where the fault stands, when that is not the token ahead.
    blamed: Option<Range<usize>>,
}

impl<'t> Parser<'t> {
    fn whole(&mut self) -> Result<IdedExpr, String> {
        let tree = self.expression(Tightness::Condition)?;
        if self.ahead == Token::Sign("]") { Ok(tree) } else { Err(self.unexpected("`]`")) }
    }

    /// Notes that what was read from `begin` on is at fault.
    fn blame(&mut self, begin: usize, message: String) -> String {
        self.blamed.get_or_insert(begin..self.begin);
        message
    }

    fn advance(&mut self) -> Result<Token<'t>, String> {
        let rest = self.end..self.text.len();
        let (next, length) = next_token(&self.text[rest.clone()]).inspect_err(|_| {
            self.blamed = Some(rest);
        })?;
        self.begin = self.end;
        self.end += length;
        Ok(std::mem::replace(&mut self.ahead, next))
    }

    fn take_sign(&mut self, sign: &'static str) -> Result<bool, String> {
        let is = self.ahead == Token::Sign(sign);
        if is {
            self.advance()?;
        }
        Ok(is)
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        if self.take_sign(sign)? { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> String {
        match self.text[self.begin..self.end].trim() {
            "" => format!("{wanted} is missing at the end"),
            found => format!("`{found}` stands where {wanted} is expected"),
        }
    }

    fn count_operator(&mut self) -> Result<(), String> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return Err(format!("at most {MAX_OPERATORS} operators and calls"));
        }
        Ok(())
    }

    fn expression(&mut self, loosest: Tightness) -> Result<IdedExpr, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("nested more than {MAX_DEPTH} deep"));
        }
        let mut left = self.prefixed()?;
        while let Some((operator, tightness)) = self.operator_ahead().filter(|(_, tight)| *tight >= loosest) {
            self.count_operator()?;
            self.advance()?;
            let right = self.expression(tightness.tighter())?;
            left = match operator {
                Operator::Cel(name) => call(name, vec![left, right]),
                Operator::Function(name) => call(&format!("{PREFIX}{name}"), vec![left, right]),
            };
        }
        if loosest == Tightness::Condition && self.ahead == Token::Sign("?") {
            self.count_operator()?;
            self.advance()?;
            let then = self.expression(Tightness::Condition)?;
            self.expect(":")?;
            let otherwise = self.expression(Tightness::Condition)?;
            left = call(operators::CONDITIONAL, vec![left, then, otherwise]);
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operator_ahead(&self) -> Option<(Operator<'t>, Tightness)> {
        use Operator::{Cel, Function};
        use Tightness as T;
        Some(match self.ahead {
            Token::Name("or") | Token::Sign("||") => (Cel(operators::LOGICAL_OR), T::Or),
            Token::Name("and") | Token::Sign("&&") => (Cel(operators::LOGICAL_AND), T::And),
            Token::Sign(sign @ ("==" | "!=" | "<" | "<=" | ">" | ">=")) => {
                (Cel(operators::find_operator(sign)?), T::Comparison)
            }
            Token::Name("in") => (Cel(operators::IN), T::Comparison),
            Token::Name("contains") => (Function("contains"), T::Comparison),
            Token::Sign("++") => (Function("concat"), T::Sum),
            Token::Sign(sign @ ("+" | "-")) => (Cel(operators::find_operator(sign)?), T::Sum),
            Token::Sign(sign @ ("*" | "/" | "%")) => (Cel(operators::find_operator(sign)?), T::Product),
            Token::Name(name) if arguments_of(name) == Some(2) && name != "concat" => {
                (Function(name), T::Infix)
            }
            _ => return None,
        })
    }

    /// A value with the signs and words before it.
    fn prefixed(&mut self) -> Result<IdedExpr, String> {
        let (operator, operand) = match self.ahead {
            Token::Name("not") => (operators::LOGICAL_NOT, Tightness::Not),
            Token::Sign("!") => (operators::LOGICAL_NOT, Tightness::Prefix),
            Token::Sign("-") => (operators::NEGATE, Tightness::Prefix),
            Token::Name("if") => return self.if_else(),
            _ => return self.selected(),
        };
        self.count_operator()?;
        self.advance()?;
        Ok(call(operator, vec![self.expression(operand)?]))
    }

    fn if_else(&mut self) -> Result<IdedExpr, String> {
        self.count_operator()?;
        self.advance()?;
        self.expect("(")?;
        let condition = self.expression(Tightness::Condition)?;
        self.expect(")")?;
        let then = self.expression(Tightness::Condition)?;
        if self.ahead != Token::Name("else") {
            return Err(self.unexpected("`else`"));
        }
        self.advance()?;
        let otherwise = self.expression(Tightness::Condition)?;
        Ok(call(operators::CONDITIONAL, vec![condition, then, otherwise]))
    }

    /// A value with the `[n]` and `.f()` after it.
    fn selected(&mut self) -> Result<IdedExpr, String> {
        let mut value = self.primary()?;
        loop {
            if self.take_sign("[")? {
                self.count_operator()?;
                let place = self.expression(Tightness::Condition)?;
                self.expect("]")?;
                value = call(&format!("{PREFIX}at"), vec![value, place]);
            } else if self.take_sign(".")? {
                self.count_operator()?;
                value = self.method(value)?;
            } else {
                return Ok(value);
            }
        }
    }

    fn method(&mut self, value: IdedExpr) -> Result<IdedExpr, String> {
        let begin = self.begin;
        let Token::Name(name) = self.ahead else { return Err(self.unexpected("a function")) };
        self.advance()?;
        if self.ahead != Token::Sign("(") {
            let name = literal(LiteralValue::String(CelString::from(name.to_owned())));
            return Ok(call(&format!("{PREFIX}at"), vec![value, name]));
        }
        let known = CEL_METHODS.iter().find(|(known, _)| *known == name);
        let (_, wanted) = known.ok_or_else(|| self.blame(begin, format!("`.{name}` is not known")))?;
        let args = self.arguments(name, *wanted)?;
        Ok(ided(Expr::Call(CallExpr { func_name: name.into(), target: Some(Box::new(value)), args })))
    }

    fn primary(&mut self) -> Result<IdedExpr, String> {
        if matches!(self.ahead, Token::End | Token::Sign(_))
            && self.ahead != Token::Sign("(")
            && self.ahead != Token::Sign("[")
        {
            return Err(self.unexpected("a value"));
        }
        let begin = self.begin;
        match self.advance()? {
            Token::Text(text) => Ok(literal(LiteralValue::String(CelString::from(text)))),
            Token::Number(digits) => number(digits),
            Token::Name(word @ ("true" | "false")) => {
                Ok(literal(LiteralValue::Boolean(CelBool::from(word == "true"))))
            }
            Token::Name("null") => Ok(literal(LiteralValue::Null)),
            Token::Name(root) if ROOTS.contains(&root) => {
                self.fact(root, begin).map(|n| ided(Expr::Ident(format!("v{n}"))))
            }
            Token::Name(name) if self.ahead == Token::Sign("(") => self.called(name, begin),
            Token::Name(name) => {
                let message = format!("`{name}` is not known; begin with attributes or authentication");
                Err(self.blame(begin, message))
            }
            Token::Sign("(") => {
                let inner = self.expression(Tightness::Condition)?;
                self.expect(")")?;
                Ok(inner)
            }
            _ => Ok(ided(Expr::List(ListExpr::new(self.list("]")?)))),
        }
    }

    fn called(&mut self, name: &str, begin: usize) -> Result<IdedExpr, String> {
        self.count_operator()?;
        if name == "has" {
            let mut arguments = self.arguments(name, 1)?;
            arguments.push(literal(LiteralValue::Null));
            return Ok(call(operators::NOT_EQUALS, arguments));
        }
        if CEL_FUNCTIONS.contains(&name) {
            return Ok(call(name, self.arguments(name, 1)?));
        }
        let wanted = arguments_of(name)
            .ok_or_else(|| self.blame(begin, format!("`{name}` is not a known function")))?;
        Ok(call(&format!("{PREFIX}{name}"), self.arguments(name, wanted)?))
    }

    fn arguments(&mut self, name: &str, wanted: usize) -> Result<Vec<IdedExpr>, String> {
        let begin = self.begin;
        self.expect("(")?;
        let arguments = self.list(")")?;
        if arguments.len() != wanted {
            let message = format!("{name} takes {wanted} arguments, here are {}", arguments.len());
            return Err(self.blame(begin, message));
        }
        Ok(arguments)
    }

    /// Values between commas, up to `closing`.
    fn list(&mut self, closing: &'static str) -> Result<Vec<IdedExpr>, String> {
        let mut values = Vec::new();
        if self.take_sign(closing)? {
            return Ok(values);
        }
        loop {
            values.push(self.expression(Tightness::Condition)?);
            if !self.take_sign(",")? {
                self.expect(closing)?;
                return Ok(values);
            }
        }
    }

    /// Whether `.name` or `['name']` comes next, and not a function or a number.
    fn name_follows(&self) -> bool {
        let rest = &self.text[self.end..];
        let Ok((next, length)) = next_token(rest) else { return true };
        match (&self.ahead, next) {
            (Token::Sign("."), Token::Name(name)) if CEL_METHODS.iter().any(|(known, _)| *known == name) => {
                !matches!(next_token(&rest[length..]), Ok((Token::Sign("("), _)))
            }
            (Token::Sign("["), Token::Number(_)) => false,
            (Token::Sign("." | "["), _) => true,
            _ => false,
        }
    }

    /// The names after `attributes` and the like, as the number of the fact they stand for.
    fn fact(&mut self, root: &'t str, begin: usize) -> Result<usize, String> {
        let mut path = vec![root.to_owned()];
        // What follows the names of a fact works on its value.
        while may_go_deeper(&path) && (!is_within_json(&path) || self.name_follows()) {
            if self.take_sign(".")? {
                path.push(match self.ahead.clone() {
                    Token::Name(name) => name.to_owned(),
                    Token::Text(name) => name,
                    _ => return Err(self.unexpected("a name")),
                });
                self.advance()?;
            } else if self.take_sign("[")? {
                let Token::Text(name) = self.ahead.clone() else {
                    return Err(self.unexpected("a name in quotes"));
                };
                self.advance()?;
                self.expect("]")?;
                path.push(name);
            } else {
                break;
            }
        }
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let source = Source::named(&path, self.side).map_err(|message| self.blame(begin, message))?;
        Ok(self.sources.iter().position(|known| *known == source).unwrap_or_else(|| {
            self.sources.push(source);
            self.sources.len() - 1
        }))
    }
}

/// Whether the names so far are not yet those of one fact. Into JSON values names may go deep.
fn may_go_deeper(path: &[String]) -> bool {
    const DEEPEST: usize = 10;
    let most = match path.get(1).map(String::as_str) {
        _ if is_within_json(path) => DEEPEST,
        Some("headers" | "queryParams" | "clientCertificate") => 3,
        _ => 2,
    };
    path.len() < most
}

/// Whether what follows the names so far leads into a JSON value.
fn is_within_json(path: &[String]) -> bool {
    matches!(
        (path[0].as_str(), path.get(1).map(String::as_str)),
        ("payload", _) | ("vars", Some("claimSet")) | ("authentication", Some("properties"))
    )
}

fn ided(expr: Expr) -> IdedExpr {
    IdedExpr { id: 0, expr }
}

fn literal(value: LiteralValue) -> IdedExpr {
    ided(Expr::Literal(value))
}

fn call(name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    ided(Expr::Call(CallExpr { func_name: name.into(), target: None, args }))
}

fn number(digits: &str) -> Result<IdedExpr, String> {
    let too_large = || format!("{digits} is too large");
    Ok(literal(if digits.contains('.') {
        LiteralValue::Double(CelDouble::from(digits.parse::<f64>().map_err(|_| too_large())?))
    } else {
        LiteralValue::Int(CelInt::from(digits.parse::<i64>().map_err(|_| too_large())?))
    }))
}
