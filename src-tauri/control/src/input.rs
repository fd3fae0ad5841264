//! Reads what comes from outside into types: its form against the type's JSON Schema and its sense by the type's own
//! check, every fault of both at once.

use gatepost_gateway::Checker;
use gatepost_model::Fault;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::ApiError;

/// Reads a body, JSON text, as a `T`, or gives every fault of its form.
pub fn read_body<T: DeserializeOwned + JsonSchema>(body: &[u8]) -> Result<T, ApiError> {
    read_body_and_check(body, Ok)
}

/// Reads a body as a `T` and checks it.
pub fn read_body_and_check<T: DeserializeOwned + JsonSchema, U>(
    body: &[u8],
    check: impl FnOnce(T) -> Result<U, Vec<Fault>>,
) -> Result<U, ApiError> {
    let value = serde_json::from_slice(body)
        .map_err(|error| ApiError::fault("", format!("the body is not JSON: {error}")))?;
    read_and_check(value, Vec::new(), check).map_err(ApiError::Invalid)
}

/// Reads `value` as a `T` and checks its sense. What is wrong in form is set right for the check, so that one
/// misspelt field does not hide the faults of all others. `known` are faults found before, which are given too.
pub fn read_and_check<T: DeserializeOwned + JsonSchema, U>(
    mut value: Value,
    known: Vec<Fault>,
    check: impl FnOnce(T) -> Result<U, Vec<Fault>>,
) -> Result<U, Vec<Fault>> {
    let mut faults = known;
    let form = Checker::of(schemars::schema_for!(T).to_value()).faults(&value);
    extend(&mut faults, form);
    for (number, fault) in faults.iter().enumerate() {
        set_right(&mut value, &fault.field, number);
    }
    match read(&mut value, &mut faults).map(check) {
        Some(Ok(checked)) if faults.is_empty() => return Ok(checked),
        Some(Err(sense)) => extend(&mut faults, sense),
        _ => {}
    }
    Err(faults)
}

/// Most faults that a schema does not see and that are said at once: each costs one reading of the whole.
const MOST_UNSEEN: usize = 50;

/// Reads `value`, noting what a schema does not see, such as a number too large for its type.
fn read<T: DeserializeOwned>(value: &mut Value, faults: &mut Vec<Fault>) -> Option<T> {
    for _ in 0..MOST_UNSEEN {
        let error = match serde_path_to_error::deserialize(&*value) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let path = error.path().to_string();
        let fault = Fault::new(if path == "." { "" } else { &path }, error.inner().to_string());
        let known = fault.field.is_empty() || faults.iter().any(|from| follows(&fault, from));
        // With faults of form, one without a field says nothing new.
        if !known || faults.is_empty() {
            set_right(value, &fault.field, faults.len());
            faults.push(fault);
        }
        if known {
            break;
        }
    }
    None
}

/// Adds faults, but those that follow from known ones.
fn extend(faults: &mut Vec<Fault>, more: Vec<Fault>) {
    let known = faults.len();
    for fault in more {
        if !faults[..known].iter().any(|from| follows(&fault, from)) {
            faults.push(fault);
        }
    }
}

/// True for one at or below a field that is known to be faulty.
fn follows(fault: &Fault, from: &Fault) -> bool {
    let rest = fault.field.strip_prefix(&from.field);
    !from.field.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Puts something valid where a fault was found: a stand-in where the field is needed, else nothing. `number` keeps
/// stand-ins apart that must be unique.
fn set_right(value: &mut Value, field: &str, number: usize) {
    let (parent, name) = match field.rfind('.') {
        Some(dot) => (&field[..dot], &field[dot + 1..]),
        None => ("", field),
    };
    let is_outermost = parent.is_empty();
    let Some(parent) = find(value, parent) else { return };
    match (parent, name.split_once('[')) {
        (Value::Object(members), None) => match stand_in(name, number) {
            Some(stand_in) => {
                members.insert(name.to_owned(), stand_in);
            }
            None => {
                members.remove(name);
            }
        },
        (parent, Some((list, _))) => {
            if let Some(item) = find(parent, name) {
                *item = stand_in_item(list, is_outermost, number);
            }
        }
        _ => {}
    }
}

fn stand_in(name: &str, number: usize) -> Option<Value> {
    match name {
        "gatepost" => Some(json!(1)),
        "upstream" => Some(json!({"url": "http://stand-in.invalid"})),
        "url" => Some(json!(format!("http://stand-in-{number}.invalid"))),
        "targets" => Some(json!([{"url": "http://stand-in.invalid"}])),
        // Low numbers are nobody's by accident; one for each fault, so that none clashes with another.
        "port" => Some(json!(1 + number % 1_000)),
        "name" | "policy" | "client" | "api" | "client_id" | "client_secret" | "value" => {
            Some(json!(format!("stand-in-{number}")))
        }
        _ => None,
    }
}

/// The same for an item of a list; null, which hides the faults of sense, for a list that nothing is known of.
fn stand_in_item(list: &str, is_outermost: bool, number: usize) -> Value {
    let name = format!("stand-in-{number}");
    match list {
        "targets" => json!({"url": format!("http://stand-in-{number}.invalid")}),
        "apis" | "routes" => {
            json!({"name": name, "upstream": {"url": "http://stand-in.invalid"}})
        }
        // Those of a listener are names.
        "certificates" if !is_outermost => json!(name),
        "certificates" | "clients" => json!({"name": name}),
        "credentials" => json!({"client_id": name, "client_secret": name}),
        "contracts" => json!({"client": name, "api": name}),
        "policies" | "automated_policies" => json!({"policy": name}),
        "only" => json!({}),
        "headers" => json!({"name": "stand-in", "value": name}),
        "listeners" => json!({"port": 1 + number % 1_000}),
        "methods" => json!("GET"),
        "hosts" => json!("stand-in.invalid"),
        "on_status" => json!(503),
        _ => Value::Null,
    }
}

/// The value at a path such as `apis[0].listen`.
fn find<'v>(value: &'v mut Value, path: &str) -> Option<&'v mut Value> {
    let mut at = value;
    for part in path.split(['.', '[']).filter(|part| !part.is_empty()) {
        at = match part.strip_suffix(']') {
            Some(index) => at.get_mut(index.parse::<usize>().ok()?)?,
            None => at.get_mut(part)?,
        };
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::ApiInput;

    fn fields(value: Value) -> Vec<String> {
        let faults = read_and_check(value, Vec::new(), ApiInput::check).err().unwrap_or_default();
        let mut fields: Vec<_> = faults.into_iter().map(|fault| fault.field).collect();
        fields.sort();
        fields
    }

    #[test]
    fn faults_of_form_do_not_hide_faults_of_sense() {
        let value = json!({
            "nam": "x", "version": 5, "listen": {"port": "x", "base_path": "y"}, "upstream": {"url": "nowhere"}
        });
        assert_eq!(
            fields(value),
            ["listen.base_path", "listen.port", "nam", "name", "upstream.url", "version"]
        );
    }

    #[test]
    fn a_faulty_item_of_any_list_does_not_hide_faults_of_sense() {
        let route = json!({
            "name": "r", "upstream": {"targets": [7, {"url": "nowhere"}], "retries": {"on_status": ["x", 7]}},
            "methods": [1, "get"], "hosts": [1, "a b"],
            "headers": [1, {"name": "x"}, {"name": "x", "value": "("}]
        });
        let value = json!({"name": "", "listen": {"hosts": [1, "a b"]}, "upstream": {"url": "http://a"}, "routes": [1, route]});
        assert_eq!(
            fields(value),
            [
                "listen.hosts[0]",
                "listen.hosts[1]",
                "name",
                "routes[0]",
                "routes[1].headers[0]",
                "routes[1].headers[1].value",
                "routes[1].headers[2].value",
                "routes[1].hosts[0]",
                "routes[1].hosts[1]",
                "routes[1].methods[0]",
                "routes[1].methods[1]",
                "routes[1].upstream.retries.on_status[0]",
                "routes[1].upstream.retries.on_status[1]",
                "routes[1].upstream.targets[0]",
                "routes[1].upstream.targets[1].url"
            ]
        );
    }

    #[test]
    fn a_fault_is_said_once() {
        assert_eq!(fields(json!({"name": "", "upstream": {"url": 1}})), ["name", "upstream.url"]);
        assert_eq!(fields(json!({"name": "a", "upstream": 1})), ["upstream"]);
        assert_eq!(fields(json!({"name": "a", "upstream": {"url": "http://x"}, "listen": []})), ["listen"]);
    }
}
