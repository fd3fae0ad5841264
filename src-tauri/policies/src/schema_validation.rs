//! Schema validation: requests, and answers if wanted, must be as the API's OpenAPI document describes them.

mod enforced;
mod shared;

#[cfg(test)]
mod tests;

use gatepost_gateway::{ActsOn, Category, Env, Policy, PolicyConfig};
use gatepost_model::Fault;
use gatepost_openapi::Options;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conformance::{Conforms, Table, answer, differs, ours, same};
use enforced::Enforced;

/// # Schema validation
///
/// Refuses requests that are not as the API's OpenAPI document describes them.
///
/// The document, OpenAPI 3.0 or 3.1, is the API's own, from its *Specification* tab, or one written here. It is one text:
/// references that leave it are never fetched, references in circles are fine. It is compiled when it is saved, and
/// patterns in it run in linear time; one with look-around cannot be used and is told of.
///
/// | Checked | How |
/// |---|---|
/// | path and method | must be described; a path written out goes before one with names in braces; HEAD passes as GET |
/// | path, query, header and cookie parameters | required ones, types, formats, every style with and without explode, JSON in `content` |
/// | bodies | required ones, content type; JSON, forms and multipart with their encodings, text |
/// | answers, if wanted | status, headers, content type, body |
///
/// | The request | Answer |
/// |---|---|
/// | is not as described | 400 with every fault: where it is (`in`, `name`), a JSON `pointer`, and a `message` |
/// | has a body over the limit | 413 |
/// | got an answer that is not as described, and those are blocked | 502 |
///
/// An answer lists at most 20 faults and quotes no value. With `block_operation` off everything passes, and the faults
/// stand in the call's trail; so does everything in shadow.
///
/// Paths are those below the API's base path. `servers` in the document does not count: where its paths begin with
/// something else, write that as `api_base_path`. Security schemes are not checked: other policies do that. XML and
/// binary bodies are checked by their content type alone. Streams (server-sent events, gRPC) are never waited for, and
/// pass with their head checked. A name that stands twice in one JSON object is a fault, because two readers could take
/// different ones.
///
/// Where we differ from the vendor on purpose: OpenAPI 3.1, form bodies and answers are checked too; `api_base_path`
/// stands below the API's own base path, because that is where the document begins.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SchemaValidation {
    /// Whose document: the API's own, or the one below.
    source: Source,
    /// The OpenAPI document, JSON or YAML, where the source is `inline`.
    #[schemars(length(max = 1_048_576), extend("format" = "multiline"))]
    spec: String,
    /// What requests have before the paths of the document, below the API's base path.
    #[schemars(length(min = 1, max = 500), example = &"/v1")]
    api_base_path: String,
    /// Refuses what is not as described. When off it is let pass and recorded.
    block_operation: bool,
    /// Refuses query parameters, form fields and bodies that are not described.
    strict_params_validation: bool,
    /// What becomes of answers that are not as described.
    responses: Answers,
    /// Longest body that is looked into, in bytes.
    #[schemars(range(min = 1, max = 67_108_864))]
    maximum_body_bytes: usize,
}

/// Where the document is.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Source {
    /// The API's own
    Context,
    /// The one below
    Inline,
}

/// What becomes of answers.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Answers {
    /// Not looked at
    Ignore,
    /// Recorded, and let pass
    Record,
    /// Answered with 502 instead
    Block,
}

impl Default for SchemaValidation {
    fn default() -> Self {
        Self {
            source: Source::Context,
            spec: String::new(),
            api_base_path: "/".to_owned(),
            block_operation: true,
            strict_params_validation: false,
            responses: Answers::Ignore,
            maximum_body_bytes: 1 << 20,
        }
    }
}

impl Conforms for SchemaValidation {
    const TABLE: Table = Table {
        vendor: "spec-validation-flex",
        parameters: &[
            same("source", "source"),
            differs("spec", "spec", "OpenAPI 3.1 as well as 3.0"),
            differs("apiBasePath", "api_base_path", "below the API's own base path, where its paths begin"),
            same("blockOperation", "block_operation"),
            differs(
                "strictParamsValidation",
                "strict_params_validation",
                "query parameters, form fields and undescribed bodies; headers and cookies come from everywhere",
            ),
            ours("responses", "answers are checked too, recorded or blocked"),
            ours("maximum_body_bytes", "what is looked into is held in memory"),
        ],
        answers: &[
            answer(400, "", "answers_400_with_every_fault_and_its_place"),
            answer(413, "", "answers_413_to_a_body_over_the_limit"),
            answer(502, "", "answers_502_in_place_of_an_answer_that_is_not_as_described"),
        ],
    };
}

impl PolicyConfig for SchemaValidation {
    const NAME: &'static str = "schema-validation";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: true };
    const EXAMPLE: &'static str = r#"{"source": "inline",
        "spec": "openapi: 3.1.0\ninfo: {title: Posts, version: '1'}\npaths:\n  /{id}:\n    get:\n      parameters:\n        - {name: id, in: path, required: true, schema: {type: integer}}\n      responses: {200: {description: A post}}\n"}"#;

    fn summary(&self) -> String {
        let source = match self.source {
            Source::Context => "the API's specification",
            Source::Inline => "a specification of its own",
        };
        let answers = match self.responses {
            Answers::Ignore => "",
            Answers::Record | Answers::Block => ", answers too",
        };
        let recorded = if self.block_operation { "" } else { ", recorded only" };
        format!("as in {source}{answers}{recorded}")
    }

    fn compile(self, env: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let missing = |field: &str, message: &str| Err(vec![Fault::new(field, message)]);
        let (field, text) = match self.source {
            Source::Context => match env.spec() {
                Some(text) => ("source", text),
                None => {
                    return missing(
                        "source",
                        "the API has no specification; give it one on its Specification tab",
                    );
                }
            },
            Source::Inline if self.spec.is_empty() => {
                return missing("spec", "is missing: where the source is `inline` the document stands here");
            }
            Source::Inline => ("spec", self.spec.as_str()),
        };
        if !self.api_base_path.starts_with('/') {
            return missing("api_base_path", "must begin with a slash");
        }
        let options = Options {
            base_path: self.api_base_path.trim_end_matches('/').to_owned(),
            strict: self.strict_params_validation,
            answers: self.responses != Answers::Ignore,
        };
        let contract = shared::compiled(text, options).map_err(|faults| {
            faults.iter().map(|fault| Fault::new(field, fault.to_string())).collect::<Vec<_>>()
        })?;
        Ok(Box::new(Enforced {
            contract,
            blocks: self.block_operation,
            strict: self.strict_params_validation,
            answers: self.responses != Answers::Ignore,
            blocks_answers: self.responses == Answers::Block,
            most: self.maximum_body_bytes,
        }))
    }
}
