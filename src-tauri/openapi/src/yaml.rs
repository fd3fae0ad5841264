//! Reads YAML or JSON into a value, and finds the lines of places in it when something is wrong there.

use saphyr::{MarkedYaml, Scalar, YamlData, YamlLoader};
use saphyr_parser::{Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

/// Deepest nesting of a document.
const MAX_DEPTH: usize = 100;

/// Reads a document; an error says where it is no YAML or JSON.
pub fn read(text: &str) -> Result<Value, String> {
    if is_json(text) {
        return serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"));
    }
    value_of(&load(text)?, 0)
}

/// The line, from 1, on which the value at a JSON pointer stands, or else the nearest value around it. None where the
/// text cannot be read this way.
pub fn line_of(text: &str, pointer: &str) -> Option<usize> {
    let root = load(text).ok()?;
    let (mut node, mut line) = (&root, root.span.start.line());
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        let inside = match &node.data {
            YamlData::Mapping(entries) => entries
                .iter()
                .find(|(key, _)| name_of(key).as_deref() == Some(&*name))
                .map(|(key, value)| (value, key.span.start.line())),
            YamlData::Sequence(items) => {
                let item = name.parse().ok().and_then(|n: usize| items.get(n));
                item.map(|item| (item, item.span.start.line()))
            }
            _ => None,
        };
        let Some((inner, at)) = inside else { break };
        (node, line) = (inner, at);
    }
    Some(line)
}

/// YAML may begin with a brace too, but nobody writes an OpenAPI document in flow style by hand.
fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
}

fn load(text: &str) -> Result<MarkedYaml<'_>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let at = |line: usize, what: &str| format!("not YAML: {what} (line {line})");
    let mut loader = YamlLoader::<MarkedYaml>::default();
    // Keys such as `200` stay as they are written.
    loader.early_parse(false);
    let mut parser = Parser::new_from_str(text);
    parser.load(&mut loader, true).map_err(|error| at(error.marker().line(), error.info()))?;
    if let Some(error) = loader.error() {
        return Err(at(error.marker().line(), error.info()));
    }
    let mut documents = loader.into_documents();
    match (documents.pop(), documents.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err("is empty".to_owned()),
        _ => Err("has several YAML documents; write one".to_owned()),
    }
}

fn value_of(node: &MarkedYaml<'_>, depth: usize) -> Result<Value, String> {
    let line = node.span.start.line();
    if depth > MAX_DEPTH {
        return Err(format!("is nested over {MAX_DEPTH} levels deep (line {line})"));
    }
    match &node.data {
        YamlData::Representation(text, ScalarStyle::Plain, _) => {
            Ok(json_of(&Scalar::parse_from_cow(text.clone())))
        }
        YamlData::Representation(text, ..) => Ok(Value::from(&**text)),
        YamlData::Value(scalar) => Ok(json_of(scalar)),
        YamlData::Sequence(items) => items.iter().map(|item| value_of(item, depth + 1)).collect(),
        YamlData::Mapping(entries) => {
            let mut members = Map::new();
            for (key, value) in entries {
                let name =
                    name_of(key).ok_or_else(|| format!("a field's name must be text (line {line})"))?;
                members.insert(name, value_of(value, depth + 1)?);
            }
            Ok(Value::Object(members))
        }
        YamlData::Tagged(_, inner) => value_of(inner, depth + 1),
        YamlData::Alias(_) | YamlData::BadValue => Err(format!("cannot be read (line {line})")),
    }
}

fn name_of(key: &MarkedYaml<'_>) -> Option<String> {
    match &key.data {
        YamlData::Representation(text, ..) => Some(text.to_string()),
        YamlData::Value(Scalar::String(text)) => Some(text.to_string()),
        _ => None,
    }
}

fn json_of(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(*value),
        Scalar::Integer(value) => Value::Number((*value).into()),
        Scalar::FloatingPoint(value) => Number::from_f64(value.0).map_or(Value::Null, Value::Number),
        Scalar::String(text) => Value::from(&**text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_yaml_and_json_alike() {
        let yaml = "a:\n  200: {b: 1.5, c: [x, \"1\", null, 2024-01-01]}\n";
        let json = r#"{"a": {"200": {"b": 1.5, "c": ["x", "1", null, "2024-01-01"]}}}"#;
        assert_eq!(read(yaml), read(json));
        assert_eq!(read(yaml).expect("reads")["a"]["200"]["c"][1], json!("1"));
    }

    #[test]
    fn finds_lines() {
        let text = "a:\n  b/c:\n    - x\n    - y: 1\n";
        assert_eq!(line_of(text, "/a/b~1c/1/y"), Some(4));
        assert_eq!(line_of(text, "/a/nothing"), Some(1));
        assert_eq!(line_of("{\n\"a\":\n {\"b\": 1}}", "/a/b"), Some(3));
    }

    #[test]
    fn a_bomb_of_aliases_does_not_go_off() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let inner = format!("*a{}, ", n - 1).repeat(10);
            text.push_str(&format!("a{n}: &a{n} [{inner}]\n"));
        }
        assert!(read(&text).is_err());
    }
}
