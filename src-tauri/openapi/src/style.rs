//! How parameters are written: the styles of OpenAPI (OAS 3.1, "Style Values"), after RFC 6570.

use std::borrow::Cow;

use serde_json::Value;

use crate::shape::{ARRAY, Kind, Shape};
use crate::value::Given;

/// A style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `a,b`
    Simple,
    /// `.a.b`
    Label,
    /// `;name=a;name=b`
    Matrix,
    /// `name=a&name=b`
    Form,
    /// `name=a%20b`
    SpaceDelimited,
    /// `name=a|b`
    PipeDelimited,
    /// `name[x]=a&name[y]=b`
    DeepObject,
}

impl Style {
    /// The style a parameter or encoding names, or else `default`.
    pub fn of(described: &Value, default: Self) -> Self {
        match described.get("style").and_then(Value::as_str) {
            Some("simple") => Self::Simple,
            Some("label") => Self::Label,
            Some("matrix") => Self::Matrix,
            Some("form") => Self::Form,
            Some("spaceDelimited") => Self::SpaceDelimited,
            Some("pipeDelimited") => Self::PipeDelimited,
            Some("deepObject") => Self::DeepObject,
            _ => default,
        }
    }
}

/// Resolves the escapes of one piece.
pub type Decode = fn(&str) -> Option<Cow<'_, str>>;

/// What stands in one text: a path's segment, a header, a cookie, a query parameter that is given once. None where it
/// is not written in this style, or its escapes are broken.
pub fn read<'r>(
    text: &'r str,
    name: &str,
    style: Style,
    explode: bool,
    shape: &Shape,
    decode: Decode,
) -> Option<Given<'r>> {
    let kind = shape.kind();
    match style {
        Style::Label => {
            let text = text.strip_prefix('.')?;
            split(text, if explode { "." } else { "," }, explode, kind, decode)
        }
        Style::Matrix => matrix(text, name, explode, kind, decode),
        Style::SpaceDelimited => {
            let separator = if text.contains("%20") { "%20" } else { "+" };
            split(text, separator, false, kind, decode)
        }
        Style::PipeDelimited => {
            let separator = ["|", "%7C", "%7c"].into_iter().find(|one| text.contains(one)).unwrap_or("|");
            split(text, separator, false, kind, decode)
        }
        Style::Simple | Style::Form | Style::DeepObject => split(text, ",", explode, kind, decode),
    }
}

fn split<'r>(text: &'r str, separator: &str, explode: bool, kind: Kind, decode: Decode) -> Option<Given<'r>> {
    match kind {
        Kind::Primitive => decode(text).map(Given::One),
        // Nothing is a list of nothing.
        _ if text.is_empty() => {
            Some(if kind == Kind::Array { Given::List(Vec::new()) } else { Given::Pairs(Vec::new()) })
        }
        Kind::Array => text.split(separator).map(decode).collect::<Option<_>>().map(Given::List),
        Kind::Object if explode => {
            text.split(separator).map(|pair| named(pair, decode)).collect::<Option<_>>().map(Given::Pairs)
        }
        Kind::Object => {
            let pieces: Vec<&str> = text.split(separator).collect();
            let pairs = pieces.chunks(2).map(|pair| Some((decode(pair[0])?, decode(pair.get(1)?)?)));
            pairs.collect::<Option<_>>().map(Given::Pairs)
        }
    }
}

fn named<'r>(pair: &'r str, decode: Decode) -> Option<(Cow<'r, str>, Cow<'r, str>)> {
    let (name, value) = pair.split_once('=')?;
    Some((decode(name)?, decode(value)?))
}

fn matrix<'r>(text: &'r str, name: &str, explode: bool, kind: Kind, decode: Decode) -> Option<Given<'r>> {
    let text = text.strip_prefix(';')?;
    if !explode || kind == Kind::Primitive {
        let value = match text.split_once('=') {
            Some((given, value)) if given == name => value,
            None if text == name => "",
            _ => return None,
        };
        return split(value, ",", false, kind, decode);
    }
    let mut pairs = text.split(';').map(|pair| pair.split_once('='));
    match kind {
        Kind::Array => pairs
            .map(|pair| pair.filter(|(given, _)| *given == name).and_then(|(_, value)| decode(value)))
            .collect::<Option<_>>()
            .map(Given::List),
        _ => pairs
            .try_fold(Vec::new(), |mut all, pair| {
                let (name, value) = pair?;
                all.push((decode(name)?, decode(value)?));
                Some(all)
            })
            .map(Given::Pairs),
    }
}

/// What is given for a parameter of a query or a form.
pub enum Found<'r> {
    /// Nothing.
    Nothing,
    /// This.
    Given(Given<'r>),
    /// It is given several times, and only one is meant.
    Repeated,
    /// It is not written in its style, or its escapes are broken.
    Unreadable,
}

/// One `name=value`: its name decoded, its value as it came.
pub struct Pair<'r> {
    /// Decoded.
    pub name: Cow<'r, str>,
    /// As it came.
    pub value: &'r str,
    /// It belongs to a parameter that is described.
    pub is_used: bool,
}

/// Finds a parameter among the pairs of a query or a form, and marks those that are its own.
pub fn find<'r>(
    pairs: &mut [Pair<'r>],
    name: &str,
    style: Style,
    explode: bool,
    shape: &Shape,
    decode: Decode,
) -> Found<'r> {
    let kind = shape.kind();
    if style == Style::DeepObject {
        return deep(pairs, name, decode);
    }
    if kind == Kind::Object && explode {
        let own = |pair: &&mut Pair<'r>| {
            shape.property(&pair.name).is_some() || (shape.takes_others && !pair.is_used)
        };
        let found: Option<Vec<_>> = pairs
            .iter_mut()
            .filter(own)
            .map(|pair| {
                pair.is_used = true;
                Some((pair.name.clone(), decode(pair.value)?))
            })
            .collect();
        return match found {
            None => Found::Unreadable,
            Some(found) if found.is_empty() => Found::Nothing,
            Some(found) => Found::Given(Given::Pairs(found)),
        };
    }
    let mut values = Vec::new();
    for pair in pairs.iter_mut().filter(|pair| pair.name == name) {
        pair.is_used = true;
        values.push(pair.value);
    }
    match (&*values, kind) {
        ([], _) => Found::Nothing,
        (_, Kind::Array) if explode => list(&values, decode),
        ([only], _) => {
            read(only, name, style, explode, shape, decode).map_or(Found::Unreadable, Found::Given)
        }
        (_, Kind::Primitive) if shape.takes(ARRAY) => list(&values, decode),
        _ => Found::Repeated,
    }
}

fn list<'r>(values: &[&'r str], decode: Decode) -> Found<'r> {
    let values: Option<Vec<_>> = values.iter().copied().map(decode).collect();
    values.map_or(Found::Unreadable, |values| Found::Given(Given::List(values)))
}

/// `filter[a]=1&filter[b][]=2`.
fn deep<'r>(pairs: &mut [Pair<'r>], name: &str, decode: Decode) -> Found<'r> {
    let mut entries = Vec::new();
    for pair in pairs {
        let rest = pair.name.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with('['));
        let Some(path) = rest.map(brackets) else { continue };
        pair.is_used = true;
        match (path, decode(pair.value)) {
            (Some(path), Some(value)) if !path.is_empty() => entries.push((path, value)),
            _ => return Found::Unreadable,
        }
    }
    if entries.is_empty() { Found::Nothing } else { Found::Given(Given::Deep(entries)) }
}

/// `[a][b]` as its names.
fn brackets<'r>(text: &str) -> Option<Vec<Cow<'r, str>>> {
    let mut names = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix('[')?.split_once(']')?;
        names.push(Cow::Owned(name.to_owned()));
        rest = after;
    }
    Some(names)
}
