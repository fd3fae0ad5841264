//! The vendor's functions, as CEL overloads. A missing value (null) goes in and comes out as null.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::common::types::DYN_TYPE;
use cel::common::value::{CowVal, Val};
use cel::objects::Key;
use cel::{Env, ExecutionError, Value};

type Arguments<'b, 'v> = Vec<CowVal<'b, 'v>>;
type Answer<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;
type Function = for<'b, 'v> fn(Arguments<'b, 'v>) -> Answer<'b, 'v>;

/// Name, number of arguments, implementation. In CEL each has [`PREFIX`] before its name, so that none hides one of
/// CEL's own.
const FUNCTIONS: [(&str, usize, Function); 13] = [
    ("lower", 1, |args| on_text("lower", args, |text, _| text.to_lowercase().into())),
    ("upper", 1, |args| on_text("upper", args, |text, _| text.to_uppercase().into())),
    ("trim", 1, |args| on_text("trim", args, |text, _| text.trim().into())),
    ("sizeOf", 1, size_of),
    ("splitBy", 2, |args| on_text("splitBy", args, |text, by| split(text, by).into())),
    ("contains", 2, contains),
    ("uuid", 0, |_| answer(uuid()?.into())),
    ("substringBefore", 2, |args| on_text("substringBefore", args, |text, at| before(text.find(at), text))),
    ("substringBeforeLast", 2, |args| {
        on_text("substringBeforeLast", args, |text, at| before(text.rfind(at), text))
    }),
    ("substringAfter", 2, |args| on_text("substringAfter", args, |text, at| after(text.find(at), text, at))),
    ("substringAfterLast", 2, |args| {
        on_text("substringAfterLast", args, |text, at| after(text.rfind(at), text, at))
    }),
    ("concat", 2, concat),
    ("default", 2, or_default),
];

/// Written before a function's name in CEL.
pub(super) const PREFIX: &str = "f_";

/// CEL with these functions.
pub(super) static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    let at: (&str, usize, Function) = ("at", 2, at);
    for (name, arguments, function) in FUNCTIONS.into_iter().chain([at]) {
        let name = format!("{PREFIX}{name}");
        // Fails for a second function of the same name only, which the test of every function would show.
        let _ = env.add_overload(&name, &name, (0..arguments).map(|_| DYN_TYPE).collect(), function);
    }
    Arc::new(env)
});

/// How many arguments a function of the vendor's takes; none when there is no such function.
pub(super) fn arguments_of(name: &str) -> Option<usize> {
    FUNCTIONS.iter().find(|(known, ..)| *known == name).map(|(_, arguments, _)| *arguments)
}

/// The first two arguments, null where there is none.
fn values(function: &str, args: Arguments<'_, '_>) -> Result<(Value, Value), ExecutionError> {
    let mut values = args.into_iter().map(|arg| {
        Value::try_from(arg.as_ref())
            .map_err(|_| ExecutionError::function_error(function, "a value of this kind cannot be used"))
    });
    let mut next = || values.next().unwrap_or(Ok(Value::Null));
    Ok((next()?, next()?))
}

fn answer<'b, 'v>(value: Value) -> Answer<'b, 'v> {
    let value: Box<dyn Val> = value.try_into()?;
    Ok(CowVal::from(value))
}

/// Runs `f` on one or two texts. Null stays null; anything else that is no text is an error.
fn on_text<'b, 'v>(
    name: &str,
    args: Arguments<'_, '_>,
    f: impl FnOnce(&str, &str) -> Value,
) -> Answer<'b, 'v> {
    let two = args.len() == 2;
    match values(name, args)? {
        (Value::Null, _) => answer(Value::Null),
        (Value::String(text), Value::String(other)) => answer(f(&text, &other)),
        (Value::String(text), _) if !two => answer(f(&text, "")),
        _ => Err(ExecutionError::function_error(name, "works on text")),
    }
}

fn split(text: &str, by: &str) -> Vec<Value> {
    if by.is_empty() {
        text.chars().map(|c| c.to_string().into()).collect()
    } else {
        text.split(by).map(Value::from).collect()
    }
}

fn before(found: Option<usize>, text: &str) -> Value {
    found.map_or("", |at| &text[..at]).into()
}

fn after(found: Option<usize>, text: &str, separator: &str) -> Value {
    found.map_or("", |at| &text[at + separator.len()..]).into()
}

fn size_of<'b, 'v>(args: Arguments<'_, '_>) -> Answer<'b, 'v> {
    let size = match values("sizeOf", args)?.0 {
        Value::Null => 0,
        Value::String(text) => text.chars().count(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.map.len(),
        _ => return Err(ExecutionError::function_error("sizeOf", "works on text, lists and objects")),
    };
    answer(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}

/// A text in a text, or a value in a list. Nothing contains nothing.
fn contains<'b, 'v>(args: Arguments<'_, '_>) -> Answer<'b, 'v> {
    let found = match values("contains", args)? {
        (Value::Null, _) => false,
        (Value::String(_), Value::Null) => false,
        (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
        (Value::List(list), value) => list.contains(&value),
        _ => return Err(ExecutionError::function_error("contains", "works on text and lists")),
    };
    answer(found.into())
}

/// Joins texts, numbers and booleans to one text; a missing value adds nothing. Joins two lists too.
fn concat<'b, 'v>(args: Arguments<'_, '_>) -> Answer<'b, 'v> {
    match values("++", args)? {
        (Value::List(mut left), Value::List(right)) => {
            Arc::make_mut(&mut left).extend(right.iter().cloned());
            answer(Value::List(left))
        }
        (left, right) => {
            let mut joined = to_text(left)?.unwrap_or_default();
            joined.push_str(&to_text(right)?.unwrap_or_default());
            answer(joined.into())
        }
    }
}

fn or_default<'b, 'v>(args: Arguments<'_, '_>) -> Answer<'b, 'v> {
    let (value, other) = values("default", args)?;
    answer(if matches!(value, Value::Null) { other } else { value })
}

/// `x[n]` of a list or a text, negative numbers from the end, or `x['name']` of an object; null when there is none.
fn at<'b, 'v>(args: Arguments<'_, '_>) -> Answer<'b, 'v> {
    let place = |n: i64, length: usize| {
        let length = i64::try_from(length).ok()?;
        usize::try_from(if n < 0 { n.checked_add(length)? } else { n }).ok()
    };
    let found = match values("[ ]", args)? {
        (Value::Null, _) => None,
        (Value::List(list), Value::Int(n)) => place(n, list.len()).and_then(|n| list.get(n).cloned()),
        (Value::String(text), Value::Int(n)) => {
            place(n, text.chars().count()).and_then(|n| text.chars().nth(n)).map(|c| c.to_string().into())
        }
        (Value::Map(map), Value::String(name)) => map.get(&Key::String(name)).cloned(),
        _ => {
            let words = "takes a number, of a list or a text, or a name, of an object";
            return Err(ExecutionError::function_error("[ ]", words));
        }
    };
    answer(found.unwrap_or(Value::Null))
}

/// A random UUID (RFC 9562, version 4).
fn uuid() -> Result<String, ExecutionError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| ExecutionError::function_error("uuid", error))?;
    let bits = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0b11 << 62) | (0x4 << 76) | (0b10 << 62);
    let digits = format!("{bits:032x}");
    Ok([&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-"))
}

/// A JSON value.
pub(super) fn value_of(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(is) => Value::Bool(*is),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::Int(number),
            (None, Some(number)) => Value::UInt(number),
            (None, None) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(list) => Value::List(Arc::new(list.iter().map(value_of).collect())),
        Json::Object(members) => {
            let members: HashMap<Key, Value> = members
                .iter()
                .map(|(name, value)| (Key::String(Arc::new(name.clone())), value_of(value)))
                .collect();
            Value::Map(members.into())
        }
    }
}

/// A result as text; none when it is null.
pub(super) fn to_text(value: Value) -> Result<Option<String>, ExecutionError> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::String(text) => Arc::unwrap_or_clone(text),
        Value::Bool(is) => is.to_string(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        _ => {
            return Err(ExecutionError::function_error(
                "text",
                "a list is not a text; take one of its values",
            ));
        }
    }))
}
