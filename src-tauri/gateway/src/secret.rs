//! Secrets inside a policy's configuration: the type that marks them, and where a configuration holds them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;

/// Longest secret of a configuration, in characters; a set of keys fits.
const MAX_SECRET: usize = 65_536;

/// A text in a configuration that the catalog keeps sealed. Its `Debug` form does not show it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the policy that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "password", "writeOnly": true, "maxLength": MAX_SECRET})
    }
}

/// JSON pointers of every secret that `config` holds. Where a schema allows several forms, what is secret in any of
/// them is secret: hiding too much is the safe mistake.
pub fn secret_places(schema: &Value, config: &Value) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    Search { root: schema, places: &mut places }.look(schema, config, "", 0);
    places
}

/// Schemas of ours nest less deep; one that refers to itself ends here.
const DEEPEST: usize = 64;

struct Search<'s> {
    root: &'s Value,
    places: &'s mut BTreeSet<String>,
}

impl Search<'_> {
    fn look(&mut self, schema: &Value, value: &Value, at: &str, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        if schema["writeOnly"] == true && value.is_string() {
            self.places.insert(at.to_owned());
        }
        let referred = schema["$ref"].as_str().and_then(|name| self.root.pointer(name.strip_prefix('#')?));
        let forms = ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema[*key].as_array()).flatten();
        for form in forms.chain(referred) {
            self.look(form, value, at, depth + 1);
        }
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    let known = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
                    let step = name.replace('~', "~0").replace('/', "~1");
                    self.look(known, field, &format!("{at}/{step}"), depth + 1);
                }
            }
            Value::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    let known = schema["prefixItems"].get(n).unwrap_or(&schema["items"]);
                    self.look(known, item, &format!("{at}/{n}"), depth + 1);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[derive(Deserialize, JsonSchema)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Source {
        Text { key: Secret, label: String },
        Url { url: String, password: Option<Secret> },
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Config {
        plain: String,
        token: Option<Secret>,
        sources: Vec<Source>,
        by_name: BTreeMap<String, Secret>,
    }

    fn places(config: &Value) -> Vec<String> {
        let schema = schemars::schema_for!(Config).to_value();
        secret_places(&schema, config).into_iter().collect()
    }

    #[test]
    fn finds_secrets_in_options_variants_lists_and_maps_and_nothing_else() {
        let config = json!({
            "plain": "p", "token": "t",
            "sources": [{"kind": "text", "key": "k", "label": "l"}, {"kind": "url", "url": "u", "password": "p"}],
            "by_name": {"a/b": "s"}
        });
        let all = ["/by_name/a~1b", "/sources/0/key", "/sources/1/password", "/token"];
        assert_eq!(places(&config), all);
        assert!(all.iter().all(|place| config.pointer(place).is_some_and(Value::is_string)));
    }

    #[test]
    fn what_is_absent_or_of_a_wrong_type_is_no_secret() {
        assert!(places(&json!({"plain": "p", "token": null, "sources": "none", "by_name": []})).is_empty());
        assert!(places(&json!("nothing like it")).is_empty());
    }

    #[test]
    fn a_schema_that_refers_to_itself_comes_to_an_end() {
        assert!(secret_places(&json!({"$ref": "#"}), &json!({"a": "b"})).is_empty());
    }

    #[test]
    fn does_not_show_itself() {
        let secret: Secret = serde_json::from_value(json!("hidden-text")).expect("a text");
        assert_eq!((secret.expose(), format!("{secret:?}").as_str()), ("hidden-text", "Secret(…)"));
    }
}
