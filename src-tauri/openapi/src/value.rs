//! From text to values, as a schema means them.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use crate::shape::{ARRAY, BOOLEAN, NULL, NUMBER, STRING, Shape};

/// What was given for a parameter or a field, its escapes resolved.
#[derive(Debug, PartialEq)]
pub enum Given<'r> {
    /// One text.
    One(Cow<'r, str>),
    /// Several.
    List(Vec<Cow<'r, str>>),
    /// Several by name.
    Pairs(Vec<(Cow<'r, str>, Cow<'r, str>)>),
    /// Several by names inside names.
    Deep(Vec<(Vec<Cow<'r, str>>, Cow<'r, str>)>),
}

/// How text that could be several types is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// As a number or a truth value where it is one.
    Typed,
    /// As text where text is allowed.
    AsText,
}

impl Given<'_> {
    /// The value that `shape` means.
    pub fn value(&self, shape: &Shape, taken: Taken) -> Value {
        match self {
            Self::One(text) => primitive(text, shape, taken),
            Self::List(items) => {
                let inner = shape.items();
                items.iter().map(|item| primitive(item, &inner, taken)).collect()
            }
            Self::Pairs(pairs) => {
                let mut members = Map::new();
                for (name, text) in pairs {
                    put(&mut members, name, text, shape.property(name), taken);
                }
                Value::Object(members)
            }
            Self::Deep(entries) => deep(entries, shape, taken),
        }
    }
}

/// Puts text into an object. A name that is there already makes a list, which is a fault where none is meant.
fn put(members: &mut Map<String, Value>, name: &str, text: &str, shape: Option<&Shape>, taken: Taken) {
    let of = |shape: Option<&Shape>| match shape {
        Some(shape) => primitive(text, shape, taken),
        None => Value::from(text),
    };
    let inner = shape.filter(|shape| shape.takes(ARRAY)).map(Shape::items);
    match members.get_mut(name) {
        Some(Value::Array(list)) => list.push(of(inner.as_ref().or(shape))),
        Some(first) => *first = Value::Array(vec![first.take(), of(inner.as_ref().or(shape))]),
        None => {
            members.insert(name.to_owned(), of(shape));
        }
    }
}

/// One text.
pub fn primitive(text: &str, shape: &Shape, taken: Taken) -> Value {
    if taken == Taken::AsText && shape.takes(STRING) {
        return Value::from(text);
    }
    let number = || text.parse::<Number>().ok().filter(|_| is_number(text));
    match text {
        "true" if shape.takes(BOOLEAN) => Value::Bool(true),
        "false" if shape.takes(BOOLEAN) => Value::Bool(false),
        "" | "null" if shape.takes(NULL) && !shape.takes(STRING) => Value::Null,
        _ if shape.takes(NUMBER) => number().map_or_else(|| Value::from(text), Value::Number),
        _ => Value::from(text),
    }
}

/// Written as JSON writes numbers.
fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && !text.ends_with(char::is_whitespace)
}

/// Deepest names inside names.
const DEEPEST: usize = 8;

fn deep(entries: &[(Vec<Cow<'_, str>>, Cow<'_, str>)], shape: &Shape, taken: Taken) -> Value {
    let mut value = Value::Null;
    for (path, text) in entries {
        let mut at = &mut value;
        let mut inner = shape.clone();
        for name in path.iter().take(DEEPEST) {
            let is_list = inner.takes(ARRAY)
                && !inner.takes(crate::shape::OBJECT)
                && (name.is_empty() || name.bytes().all(|b| b.is_ascii_digit()));
            if is_list {
                inner = inner.items();
                if !at.is_array() {
                    *at = Value::Array(Vec::new());
                }
                let Value::Array(list) = at else { break };
                // By number they come in order; another number begins another item.
                let place = name.parse::<usize>().ok().filter(|place| *place < list.len());
                let place = place.unwrap_or_else(|| {
                    list.push(Value::Null);
                    list.len() - 1
                });
                at = &mut list[place];
            } else {
                inner =
                    inner.property(name).cloned().unwrap_or_else(|| Shape::of(&Value::Null, &Value::Null));
                if !at.is_object() {
                    *at = Value::Object(Map::new());
                }
                let Value::Object(members) = at else { break };
                at = members.entry(name.to_string()).or_insert(Value::Null);
            }
        }
        let text = primitive(text, &inner, taken);
        *at = match at.take() {
            Value::Null => text,
            Value::Array(mut list) => {
                list.push(text);
                Value::Array(list)
            }
            first => Value::Array(vec![first, text]),
        };
    }
    value
}
