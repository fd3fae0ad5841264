//! What is known of an access token.

use std::sync::Arc;

use serde_json::{Map, Value};

/// What a server, or the token itself, says of it.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The fields, and under `claims` the fields once more: later policies find them where those of other tokens are, and
    /// where the vendor has them.
    properties: Arc<Value>,
    /// Seconds since 1970.
    pub(crate) expiry: Option<f64>,
}

impl Facts {
    pub(crate) fn new(fields: Map<String, Value>, expiry: Option<f64>) -> Self {
        let mut all = fields.clone();
        all.insert("claims".into(), Value::Object(fields));
        Self { properties: Arc::new(Value::Object(all)), expiry }
    }

    pub(crate) fn fields(&self) -> Option<&Map<String, Value>> {
        self.properties["claims"].as_object()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields()?.get(name)?.as_str()
    }

    /// These among what others found out.
    pub(crate) fn properties(&self, others: Option<&Value>) -> Arc<Value> {
        match (others, &*self.properties) {
            (Some(Value::Object(others)), Value::Object(these)) => {
                let mut all = others.clone();
                all.extend(these.clone());
                Arc::new(Value::Object(all))
            }
            _ => self.properties.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_others_found_out_stays_beside_it() {
        let Value::Object(fields) = json!({"sub": "ann", "scope": "a"}) else { panic!("an object") };
        let facts = Facts::new(fields, None);
        let others = json!({"certificate": "cn=ann", "sub": "bob", "claims": {"sub": "bob"}});
        let expected = json!({
            "certificate": "cn=ann", "sub": "ann", "scope": "a", "claims": {"sub": "ann", "scope": "a"},
        });
        assert_eq!(*facts.properties(Some(&others)), expected);
        assert_eq!(facts.properties(None)["claims"], json!({"sub": "ann", "scope": "a"}));
    }
}
