//! Reads YAML into a JSON value that remembers the line of every field, with environment variables filled in.

use std::collections::BTreeMap;

use gatepost_model::Fault;
use saphyr::{MarkedYaml, Scalar, YamlData, YamlLoader};
use saphyr_parser::{Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

/// Largest configuration file, in bytes.
pub const MAX_FILE: usize = 16 << 20;
/// Deepest nesting of a configuration file.
const MAX_DEPTH: usize = 64;

/// A fault and the line it is on, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocatedFault {
    /// Line in the file.
    pub line: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// A configuration file, parsed.
#[derive(Debug)]
pub struct Document {
    /// Its content; null where a variable is missing.
    pub(super) value: Value,
    /// Variables that are missing.
    pub(super) faults: Vec<Fault>,
    /// Line of every field, by its path.
    lines: BTreeMap<String, usize>,
}

impl Document {
    /// Parses YAML 1.2. `variable` looks environment variables up for `${NAME}` and `${NAME:-default}`.
    pub fn parse(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Vec<LocatedFault>> {
        let whole =
            |line: usize, message: String| vec![LocatedFault { line, fault: Fault::new("", message) }];
        if text.len() > MAX_FILE {
            return Err(whole(1, format!("the file is over {} MiB", MAX_FILE >> 20)));
        }
        let mut loader = YamlLoader::<MarkedYaml>::default();
        // Scalars are typed after variables are filled in, so that `port: ${PORT}` is a number.
        loader.early_parse(false);
        let mut parser = Parser::new_from_str(text);
        parser
            .load(&mut loader, true)
            .map_err(|error| whole(error.marker().line(), format!("not YAML: {}", error.info())))?;
        if let Some(error) = loader.error() {
            return Err(whole(error.marker().line(), format!("not YAML: {}", error.info())));
        }
        let mut documents = loader.into_documents();
        if documents.len() > 1 {
            return Err(whole(1, "the file has several YAML documents; write one".into()));
        }
        let mut reader = Reader { variable, lines: BTreeMap::new(), faults: Vec::new() };
        let value = match documents.pop() {
            Some(root) => reader.read(&root, "", root.span.start.line(), 0),
            None => Value::Null,
        };
        Ok(Self { value, faults: reader.faults, lines: reader.lines })
    }

    /// Puts the specifications that stand in files of their own in place: `read` gives the text of one, or says why it
    /// cannot.
    #[must_use]
    pub fn with_specs(mut self, read: &dyn Fn(&str) -> Result<String, String>) -> Self {
        let apis = self.value.get_mut("apis").and_then(Value::as_array_mut).into_iter().flatten();
        for (n, api) in apis.enumerate() {
            let Some(Value::Object(spec)) = api.get_mut("spec") else { continue };
            let (Some(Value::String(file)), None) = (spec.get("file"), spec.get("text")) else { continue };
            match read(file) {
                Ok(text) => {
                    spec.shift_remove("file");
                    spec.insert("text".to_owned(), text.into());
                }
                Err(why) => self.faults.push(Fault::new(format!("apis[{n}].spec.file"), why)),
            }
        }
        self
    }

    /// Gives each fault its line: that of its field, or of the nearest field around it.
    pub fn locate(&self, faults: Vec<Fault>) -> Vec<LocatedFault> {
        let mut located: Vec<_> = faults
            .into_iter()
            .map(|fault| LocatedFault { line: self.line_of(&fault.field), fault })
            .collect();
        located.sort_by_key(|located| located.line);
        located
    }

    fn line_of(&self, field: &str) -> usize {
        let mut field = field;
        loop {
            if let Some(line) = self.lines.get(field) {
                return *line;
            }
            match field.rfind(['.', '[']) {
                Some(end) => field = &field[..end],
                None => return self.lines.get("").copied().unwrap_or(1),
            }
        }
    }
}

struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    lines: BTreeMap<String, usize>,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    /// `line` is that of the field's name, which is where a person looks.
    fn read(&mut self, node: &MarkedYaml<'_>, path: &str, line: usize, depth: usize) -> Value {
        self.lines.insert(path.to_owned(), line);
        if depth > MAX_DEPTH {
            return self.fault(path, format!("is nested over {MAX_DEPTH} levels deep"));
        }
        match &node.data {
            YamlData::Representation(text, style, _) => self.scalar(text, *style, path),
            YamlData::Value(scalar) => json_of(scalar),
            YamlData::Sequence(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(n, item)| {
                        self.read(item, &format!("{path}[{n}]"), item.span.start.line(), depth + 1)
                    })
                    .collect()
            }
            YamlData::Mapping(entries) => {
                let mut members = Map::new();
                for (key, value) in entries {
                    let line = key.span.start.line();
                    let Some(name) = name_of(key) else {
                        self.fault(path, "a field's name must be text".into());
                        continue;
                    };
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    let value = self.read(value, &path, line, depth + 1);
                    members.insert(name, value);
                }
                Value::Object(members)
            }
            YamlData::Tagged(_, inner) => self.read(inner, path, line, depth + 1),
            YamlData::Alias(_) | YamlData::BadValue => self.fault(path, "cannot be read".into()),
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, path: &str) -> Value {
        match fill_in(text, self.variable) {
            Err(message) => self.fault(path, message),
            Ok(text) if style == ScalarStyle::Plain => json_of(&Scalar::parse_from_cow(text.into())),
            Ok(text) => Value::String(text),
        }
    }

    fn fault(&mut self, path: &str, message: String) -> Value {
        self.faults.push(Fault::new(path, message));
        Value::Null
    }
}

fn name_of(key: &MarkedYaml<'_>) -> Option<String> {
    match &key.data {
        YamlData::Representation(text, _, _) => Some(text.to_string()),
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
        Scalar::String(text) => Value::String(text.to_string()),
    }
}

/// Replaces `${NAME}` and `${NAME:-default}`; `$${` stands for `${`. A variable that is not set and has no default
/// is an error that names it.
fn fill_in(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if let Some(before) = rest[..at].strip_suffix('$') {
            filled.push_str(before);
            filled.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        let end = rest[at..].find('}').ok_or_else(|| format!("`{}` lacks its closing brace", &rest[at..]))?;
        let inside = &rest[at + 2..at + end];
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(format!("`${{{inside}}}` does not name an environment variable"));
        }
        let value = variable(name).filter(|value| !value.is_empty() || default.is_none());
        let value = value.or_else(|| default.map(str::to_owned));
        filled.push_str(&value.ok_or_else(|| {
            format!("the environment variable {name} is not set; set it, or write ${{{name}:-default}}")
        })?);
        rest = &rest[at + end + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn environment(name: &str) -> Option<String> {
        match name {
            "PORT" => Some("8082".into()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    fn parse(text: &str) -> Result<Document, Vec<LocatedFault>> {
        Document::parse(text, &environment)
    }

    #[test]
    fn fills_variables_in_before_typing_scalars() {
        let text =
            "port: ${PORT}\nquoted: \"${PORT}\"\nother: ${NONE:-a b}\nempty: ${EMPTY:-x}\nplain: $${PORT}";
        let document = parse(text).unwrap_or_else(|faults| panic!("{faults:?}"));
        assert_eq!(
            document.value,
            json!({"port": 8082, "quoted": "8082", "other": "a b", "empty": "x", "plain": "${PORT}"})
        );
    }

    #[test]
    fn names_every_missing_variable_and_its_line() {
        let document =
            parse("a: ${ONE}\nb:\n  c: [1, \"${TWO}\"]").unwrap_or_else(|faults| panic!("{faults:?}"));
        let faults = document.locate(document.faults.clone());
        let places: Vec<_> =
            faults.iter().map(|located| (located.line, located.fault.field.as_str())).collect();
        assert_eq!(places, [(1, "a"), (3, "b.c[1]")]);
        assert!(faults[0].fault.message.contains("ONE"));
    }

    #[test]
    fn finds_the_line_of_a_field_or_of_what_is_around_it() {
        let document = parse("apis:\n  - name: a\n    listen: {port: 1}\n  - name: b")
            .unwrap_or_else(|faults| panic!("{faults:?}"));
        let faults = ["apis[0].listen.port", "apis[1].upstream.url", "apis[0].name", "clients"];
        let lines: Vec<_> = faults.iter().map(|field| document.line_of(field)).collect();
        assert_eq!(lines, [3, 4, 2, 1]);
    }

    #[test]
    fn says_where_the_text_is_not_yaml() {
        let faults = parse("a: 1\nb: [1, 2").expect_err("faulty");
        assert!(faults[0].line >= 2, "{faults:?}");
        assert!(parse("a: 1\na: 2").is_err(), "a field twice");
    }
}
