//! External authorization: a service of the operator's decides about every call.

mod enforced;
mod grpc;
mod http;
mod messages;
mod said;
mod service;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use ::http::{HeaderName, StatusCode};
use gatepost_gateway::{
    ActsOn, Category, Env, Expression, OutboundOptions, OutboundTrust, Policy, PolicyConfig, Secret, Side,
};
use gatepost_model::{Fault, Faults, Millis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::enforced::Enforced;
use self::service::{Added, MAX_ANSWER, Place, Protocol, Service, Value};
use crate::bearer::within;
use crate::conformance::{Conforms, Table, absent, answer, differs, ours, same};
use crate::header_injection::{header_value, name};

/// # External authorization
///
/// Asks a service of yours about every call, and lets pass what it allows.
///
/// **By gRPC** the service is one of Envoy's `envoy.service.auth.v3.Authorization` (Open Policy Agent and many others
/// are). It is told source, destination, method, path, host and headers of the call. Its answer can set, append and
/// remove request headers, set and remove query parameters, add headers to the answer, and leave facts for later
/// policies: dynamic metadata `user` is `#[authentication.properties.ext_authz.user]`. A denial comes with its status,
/// headers and body. A header without `append` and `append_action` takes the place of one that is there.
///
/// **By HTTP** the service gets the call's method and path (below `path_prefix`), its `Authorization`, the allowed
/// headers, and `x-forwarded-method`, `-uri`, `-host`, `-proto` and `-for`, which callers cannot forge. Any 2xx allows.
/// 3xx and 4xx deny: the caller gets status, body and headers, such as a redirect to a login. The lists say which headers
/// of the service's answer go where; without `service_response_client_headers` a denial's go to the caller, all of them.
///
/// | What happens | Answer |
/// |---|---|
/// | the service denies | its status, else 403, and its headers and body |
/// | it is not there, too slow, fails (HTTP 5xx, a gRPC status), or its answer makes no sense | `status_on_error`, 403 unless set; with `failure_mode_allow` the call passes, and its trail says so |
/// | the body is longer than `max_request_bytes` | 413 |
/// | a header for the service cannot be made | 500 |
///
/// Where we differ from the vendor on purpose: an answer that says neither yes nor no does not allow, and a denial beside
/// an OK denies; headers named in `service_response_upstream_headers` are removed from the call when the service sets
/// none, because the upstream would take a caller's for the service's; headers that say where a message ends and goes
/// (`host`, `content-length`, `x-request-id` ...) cannot be set by the service, which counts as a failure; an HTTP
/// service gets its own `Host`, and the call's as `x-forwarded-host`; secrets for the service are kept encrypted;
/// `v2` of the protocol, which Envoy gave up in 2021, is not spoken.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalAuthorization {
    /// Where the service is: h2://host:port for gRPC, with TLS https://host:port; https:// or http:// for HTTP.
    #[schemars(length(min = 1, max = 2_048), extend("format" = "uri"), example = "h2://127.0.0.1:9001")]
    uri: String,
    /// How it is asked.
    #[serde(default)]
    server_type: ServerType,
    /// Version of the gRPC protocol.
    #[serde(default)]
    server_version: ServerVersion,
    /// How long it may take, from 10 milliseconds to 1 minute.
    #[serde(default = "five_seconds")]
    request_timeout: Millis,
    /// Headers of the call that it is told. Without any: all by gRPC, only Authorization by HTTP.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)), example = ["x-tenant"])]
    allowed_headers: Vec<String>,
    /// Whether it is told the caller's certificate, where there is one. By gRPC only.
    #[serde(default)]
    include_peer_certificate: bool,
    /// Headers for the service alone; as metadata by gRPC.
    #[serde(default)]
    #[schemars(length(max = 50))]
    service_request_headers_to_add: Vec<Header>,
    /// The same with values that are kept encrypted and not shown again.
    #[serde(default)]
    #[schemars(length(max = 20))]
    service_request_secret_headers: Vec<SecretHeader>,
    /// Put before the path of the call. By HTTP only.
    #[serde(default)]
    #[schemars(length(max = 1_024), example = "/check")]
    path_prefix: String,
    /// Headers of the service's answer that the upstream gets in place of the call's. By HTTP only.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)), example = ["x-user"])]
    service_response_upstream_headers: Vec<String>,
    /// Headers of the service's answer that the upstream gets beside the call's. By HTTP only.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)))]
    service_response_upstream_headers_to_append: Vec<String>,
    /// Headers of a denial that the caller gets; without any, all. By HTTP only.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)))]
    service_response_client_headers: Vec<String>,
    /// Headers of the service's answer that the caller gets with the upstream's answer. By HTTP only.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)))]
    service_response_client_headers_on_success: Vec<String>,
    /// Longest body that the service is told, inflated, in bytes; longer ones are refused. 0 tells it none.
    #[serde(default)]
    #[schemars(range(max = 4_194_304))]
    max_request_bytes: u32,
    /// Whether the body goes into raw_body as bytes, instead of into body as text. By gRPC only.
    #[serde(default)]
    pack_as_bytes: bool,
    /// Whether headers go into header_map as bytes and line by line, instead of into headers as text. By gRPC only.
    #[serde(default)]
    encode_raw_headers: bool,
    /// Whether calls pass while the service cannot say anything.
    #[serde(default)]
    failure_mode_allow: bool,
    /// Status of the answer while the service cannot say anything, from 400 to 599.
    #[serde(default = "forbidden")]
    #[schemars(range(min = 400, max = 599))]
    status_on_error: u16,
    /// Certificates (PEM) of the authorities that vouch for the service; blank takes those that the system trusts.
    #[serde(default)]
    #[schemars(length(max = 65_536), extend("format" = "multiline"))]
    authorities: String,
}

/// A header for the service.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Header {
    /// The header's name.
    #[schemars(length(min = 1, max = 128), example = "x-api")]
    key: String,
    /// The header's value: a text, an expression, or both.
    #[schemars(extend("format" = "expression"), example = "#[authentication.clientId]")]
    value: String,
}

/// A header for the service that nobody else may see.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct SecretHeader {
    /// The header's name.
    #[schemars(length(min = 1, max = 128), example = "x-api-key")]
    key: String,
    /// The header's value.
    value: Secret,
}

/// How the service is asked.
#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum ServerType {
    /// By Envoy's gRPC protocol.
    #[default]
    Grpc,
    /// By HTTP.
    Http,
}

/// Version of the gRPC protocol.
#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum ServerVersion {
    /// The one that Envoy speaks since 2020.
    #[default]
    V3,
}

const fn five_seconds() -> Millis {
    Millis(5_000)
}

const fn forbidden() -> u16 {
    403
}

impl Conforms for ExternalAuthorization {
    const TABLE: Table = Table {
        vendor: "native-ext-authz-flex",
        parameters: &[
            same("uri", "uri"),
            same("serverType", "server_type"),
            differs("serverVersion", "server_version", "v3 alone; Envoy gave v2 up in 2021"),
            differs("requestTimeout", "request_timeout", "a duration; the same 5 s by default"),
            same("includePeerCertificate", "include_peer_certificate"),
            same("allowedHeaders", "allowed_headers"),
            differs(
                "serviceRequestHeadersToAdd",
                "service_request_headers_to_add",
                "for gRPC too; expressions",
            ),
            differs(
                "serviceResponseUpstreamHeaders",
                "service_response_upstream_headers",
                "those that the service does not set are removed, since callers could forge them",
            ),
            same("serviceResponseUpstreamHeadersToAppend", "service_response_upstream_headers_to_append"),
            same("serviceResponseClientHeaders", "service_response_client_headers"),
            same("serviceResponseClientHeadersOnSuccess", "service_response_client_headers_on_success"),
            same("pathPrefix", "path_prefix"),
            absent(
                "FLEX_HEADER_RAW_VALUE_ENABLE",
                "encode_raw_headers says it per policy, and off is the default",
            ),
            ours("service_request_secret_headers", "values that are kept encrypted"),
            ours("max_request_bytes", "tells the service the body; Envoy's with_request_body"),
            ours("pack_as_bytes", "Envoy's, of with_request_body"),
            ours("encode_raw_headers", "Envoy's"),
            ours("failure_mode_allow", "Envoy's"),
            ours("status_on_error", "Envoy's"),
            ours("authorities", "who vouches for the service's certificate"),
        ],
        answers: &[
            answer(403, "", "a_denial_without_a_status_is_403"),
            answer(401, "www-authenticate", "a_denial_over_http_brings_its_status_headers_and_body"),
            answer(403, "", "while_nobody_can_decide_nobody_passes"),
            answer(413, "", "a_body_that_is_too_long_is_refused"),
            answer(500, "", "a_header_that_cannot_be_made_is_500"),
        ],
    };
}

impl PolicyConfig for ExternalAuthorization {
    const NAME: &'static str = "external-authorization";
    const CATEGORY: Category = Category::Security;
    const ACTS_ON: ActsOn = ActsOn { request: true, response: true };
    const EXAMPLE: &'static str = r#"{"uri": "h2://127.0.0.1:9001", "request_timeout": "500ms"}"#;

    fn summary(&self) -> String {
        let uri: String = self.uri.chars().filter(|c| !c.is_control()).take(60).collect();
        let open = if self.failure_mode_allow { ", open while it fails" } else { "" };
        format!("asks {uri}{open}")
    }

    fn compile(self, env: &Env<'_>) -> Result<Box<dyn Policy>, Vec<Fault>> {
        let mut faults = Faults::new();
        let ServerVersion::V3 = self.server_version;
        let is_grpc = self.server_type == ServerType::Grpc;
        let place = faults.take("uri", Place::parse(&self.uri, is_grpc));
        within(&mut faults, "request_timeout", self.request_timeout, Millis(10), Millis(60_000));
        let trust = self.trust(&mut faults);
        let allowed_headers = names(&self.allowed_headers, "allowed_headers", &mut faults);
        let added = self.added(&mut faults);
        let protocol = self.protocol(is_grpc, &mut faults);
        let on_error = faults.take(
            "status_on_error",
            StatusCode::from_u16(self.status_on_error).map_err(|error| error.to_string()),
        );
        let (Some(place), Some(trust), Some(on_error), true) = (place, trust, on_error, faults.is_empty())
        else {
            return Err(faults.into_vec());
        };
        let host = Arc::from(place.authority.as_str());
        let service = Service {
            place,
            outbound: env.outbound(),
            options: OutboundOptions {
                timeout: self.request_timeout.duration(),
                max_bytes: MAX_ANSWER,
                trust,
                ..OutboundOptions::default()
            },
            allowed_headers,
            added,
            max_body: self.max_request_bytes as usize,
            protocol,
        };
        Ok(Box::new(Enforced { service, host, is_open: self.failure_mode_allow, on_error }))
    }
}

impl ExternalAuthorization {
    fn trust(&self, faults: &mut Faults) -> Option<OutboundTrust> {
        let trust = match self.authorities.trim() {
            "" => OutboundTrust::System,
            pem => OutboundTrust::Authorities(pem.into()),
        };
        faults.take("authorities", trust.check()).map(|()| trust)
    }

    fn added(&self, faults: &mut Faults) -> Vec<Added> {
        let plain = self.service_request_headers_to_add.iter().enumerate().map(|(n, header)| {
            let value =
                Expression::parse(&header.value, Side::Request).and_then(|expression| {
                    match expression.as_literal() {
                        Some(text) => header_value(text).map(Value::Fixed),
                        None => Ok(Value::Made(expression)),
                    }
                });
            (format!("service_request_headers_to_add[{n}]"), &header.key, value)
        });
        let secret = self.service_request_secret_headers.iter().enumerate().map(|(n, header)| {
            let value = header_value(header.value.expose()).map(|mut value| {
                value.set_sensitive(true);
                Value::Fixed(value)
            });
            (format!("service_request_secret_headers[{n}]"), &header.key, value)
        });
        let compiled = plain.chain(secret).filter_map(|(field, key, value)| {
            let name = faults.take(&format!("{field}.key"), name(key));
            let value = faults.take(&format!("{field}.value"), value);
            Some(Added { name: name?, value: value? })
        });
        compiled.collect()
    }

    /// What is only for the other way of asking is a fault: it would have no effect.
    fn protocol(&self, is_grpc: bool, faults: &mut Faults) -> Protocol {
        let for_http = [
            ("path_prefix", !self.path_prefix.is_empty()),
            ("service_response_upstream_headers", !self.service_response_upstream_headers.is_empty()),
            (
                "service_response_upstream_headers_to_append",
                !self.service_response_upstream_headers_to_append.is_empty(),
            ),
            ("service_response_client_headers", !self.service_response_client_headers.is_empty()),
            (
                "service_response_client_headers_on_success",
                !self.service_response_client_headers_on_success.is_empty(),
            ),
        ];
        let for_grpc = [
            ("include_peer_certificate", self.include_peer_certificate),
            ("pack_as_bytes", self.pack_as_bytes),
            ("encode_raw_headers", self.encode_raw_headers),
        ];
        let (others, other): (&[_], _) = if is_grpc { (&for_http, "http") } else { (&for_grpc, "grpc") };
        for (field, _) in others.iter().filter(|(_, is_set)| *is_set) {
            faults.add(*field, format!("has an effect with server_type {other} only"));
        }
        if is_grpc {
            return Protocol::Grpc(grpc::Grpc {
                include_peer_certificate: self.include_peer_certificate,
                encode_raw_headers: self.encode_raw_headers,
                pack_as_bytes: self.pack_as_bytes,
            });
        }
        let prefix = self.path_prefix.trim_end_matches('/');
        let is_path = prefix.is_empty() || prefix.starts_with('/');
        if !is_path || prefix.contains(['?', '#']) || format!("{prefix}/").parse::<::http::Uri>().is_err() {
            faults.add("path_prefix", "is not a path that begins with /");
        }
        Protocol::Http(http::Http {
            path_prefix: prefix.to_owned(),
            upstream_headers: names(
                &self.service_response_upstream_headers,
                "service_response_upstream_headers",
                faults,
            ),
            upstream_headers_to_append: names(
                &self.service_response_upstream_headers_to_append,
                "service_response_upstream_headers_to_append",
                faults,
            ),
            client_headers: names(
                &self.service_response_client_headers,
                "service_response_client_headers",
                faults,
            ),
            client_headers_on_success: names(
                &self.service_response_client_headers_on_success,
                "service_response_client_headers_on_success",
                faults,
            ),
        })
    }
}

fn names(list: &[String], field: &str, faults: &mut Faults) -> Vec<HeaderName> {
    let mut names = Vec::with_capacity(list.len());
    for (n, text) in list.iter().enumerate() {
        match faults.take(&format!("{field}[{n}]"), name(text.trim())) {
            Some(name) if !names.contains(&name) => names.push(name),
            _ => {}
        }
    }
    names
}
