//! Reads what comes from outside into types: first its form against the type's JSON Schema, every fault at once, then
//! its sense.

use gatepost_gateway::Checker;
use gatepost_model::Fault;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::ApiError;

/// Reads `value` as a `T`, or gives every fault of its form.
pub fn read<T: DeserializeOwned + JsonSchema>(value: Value) -> Result<T, Vec<Fault>> {
    let faults = Checker::of(&schemars::schema_for!(T).to_value()).faults(&value);
    if !faults.is_empty() {
        return Err(faults);
    }
    serde_json::from_value(value).map_err(|error| vec![Fault::new("", error.to_string())])
}

/// The same, as an error of the management API. `body` is JSON text.
pub fn read_body<T: DeserializeOwned + JsonSchema>(body: &[u8]) -> Result<T, ApiError> {
    let value = serde_json::from_slice(body)
        .map_err(|error| ApiError::fault("", format!("the body is not JSON: {error}")))?;
    read(value).map_err(ApiError::Invalid)
}
