//! Every rule by name; here what both ways of asking have in common.

mod grpc;
mod http;

use std::sync::{Arc, Mutex};

use ::http::header::AsHeaderName;
use ::http::{Request, Response};
use bytes::Bytes;
use gatepost_gateway::OutboundError;
use gatepost_model::Outcome;
use serde_json::{Value, json};

use crate::tests::{Answer, Call, Trial, call};

/// The questions that a service was asked.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<Request<Bytes>>>>);

impl Asked {
    fn note(&self, question: Request<Bytes>) {
        self.0.lock().unwrap().push(question);
    }

    /// The only one.
    fn question(&self) -> Request<Bytes> {
        let mut asked = self.0.lock().unwrap();
        assert_eq!(asked.len(), 1);
        asked.pop().unwrap()
    }
}

fn text(question: &Request<Bytes>, name: impl AsHeaderName) -> Option<&str> {
    question.headers().get(name).map(|value| value.to_str().unwrap())
}

fn merged(mut base: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("an object") };
    base.as_object_mut().unwrap().extend(more);
    base
}

#[allow(clippy::needless_pass_by_value, reason = "so that every case reads like its policy")]
fn faults(config: Value) -> Vec<String> {
    Trial::faults("external-authorization", &config)
}

#[test]
fn while_nobody_can_decide_nobody_passes() {
    let failing = |config| {
        Trial::of("external-authorization", config)
            .calling_by(|_| Err(OutboundError::Failed("the server cannot be reached: refused".into())))
            .run(call())
    };
    for base in [json!({"uri": "h2://auth:1"}), json!({"uri": "http://auth:1", "server_type": "http"})] {
        let answer = failing(base.clone());
        assert_eq!((answer.status(), answer.outcomes()[0]), (403, Outcome::Failed));
        assert_eq!(answer.error(), "Whether this call is allowed could not be found out");
        assert_eq!(answer.notes()[0], "auth:1 could not decide: the server cannot be reached: refused");
        assert!(answer.sent_upstream().is_none());
        assert_eq!(failing(merged(base.clone(), json!({"status_on_error": 503}))).status(), 503);
        let open = failing(merged(base, json!({"failure_mode_allow": true})));
        assert_eq!(open.status(), 200);
        let note = "let pass although auth:1 could not decide: the server cannot be reached: refused";
        assert_eq!(open.notes()[0], note);
    }
}

#[test]
fn a_header_that_cannot_be_made_is_500() {
    let header = json!({"key": "x-n", "value": "#[1 / sizeOf(attributes.queryString)]"});
    let config = json!({"uri": "h2://auth", "service_request_headers_to_add": [header]});
    let answer =
        Trial::of("external-authorization", config).calling_by(|_| panic!("is not asked")).run(call());
    assert_eq!((answer.status(), answer.outcomes()[0]), (500, Outcome::Failed));
}

#[test]
fn a_body_that_is_too_long_is_refused() {
    let config = json!({"uri": "h2://auth", "max_request_bytes": 4});
    let trial = Trial::of("external-authorization", config).calling_by(|_| panic!("is not asked"));
    assert_eq!(trial.run(call().body("text/plain", "hello")).status(), 413);
}

#[test]
fn says_all_faults_at_once() {
    let grpc = json!({
        "uri": "h2://auth/check", "request_timeout": "2m", "allowed_headers": ["x-a", "a b"],
        "service_request_headers_to_add": [{"key": "host", "value": "a"}, {"key": "x-a", "value": "#["}],
        "service_request_secret_headers": [{"key": "x-b", "value": "a\nb"}],
        "path_prefix": "/a", "service_response_client_headers": ["x-a"], "authorities": "none",
    });
    assert_eq!(
        faults(grpc),
        [
            "uri",
            "request_timeout",
            "authorities",
            "allowed_headers[1]",
            "service_request_headers_to_add[0].key",
            "service_request_headers_to_add[1].value",
            "service_request_secret_headers[0].value",
            "path_prefix",
            "service_response_client_headers",
        ]
    );
    let http = json!({
        "uri": "http://auth", "server_type": "http", "path_prefix": "check", "pack_as_bytes": true,
        "include_peer_certificate": true, "service_response_upstream_headers": ["content-length"],
    });
    assert_eq!(
        faults(http),
        ["include_peer_certificate", "pack_as_bytes", "path_prefix", "service_response_upstream_headers[0]"]
    );
    assert_eq!(faults(json!({"uri": "h2://a", "server_version": "v2"})), ["server_version"]);
    assert_eq!(faults(json!({"uri": "h2://a", "status_on_error": 200})), ["status_on_error"]);
}
