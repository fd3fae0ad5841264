//! A route inside an API, as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::UpstreamInput;
use super::check::{method, part, words};
use crate::{ApiRoute, BasePath, Fault, Faults, HeaderRule, Host, Listen, RoutePath, RouteRule, header_name};

/// Requests that go to another upstream: those that fit every part of the rule which is given. Routes are tried in
/// order, and the first that fits counts; what fits none goes to the API's own upstream.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteInput {
    /// What people call it; unique in its API, 1 to 100 characters.
    pub name: String,
    /// Regular expression for the whole path below the base path. What its groups catch goes on, put together; without
    /// groups the whole path does. Default: any path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Methods in capitals, at most 20. Default: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Host names, at most 50. Default: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Headers that must be there, at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderRuleInput>,
    /// Put in front of the path that goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "/"))]
    #[schema(default = json!("/"))]
    pub destination_path: Option<String>,
    /// Where they go.
    pub upstream: UpstreamInput,
}

/// A header that must be there.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderRuleInput {
    /// Its name, in any case.
    pub name: String,
    /// Regular expression for its whole value, such as `gold|silver`.
    pub value: String,
}

/// Longest name, in characters.
const MAX_NAME: usize = 100;
/// Most methods of one rule.
const MAX_METHODS: usize = 20;

impl RouteInput {
    /// Fills in the defaults and checks all routes of an API, fields written as `routes[0].path`.
    pub fn check_all(routes: &[Self]) -> Result<Vec<ApiRoute>, Vec<Fault>> {
        let mut faults = Faults::new();
        if routes.len() > ApiRoute::MAX {
            faults.add("routes", format!("at most {} routes", ApiRoute::MAX));
            return faults.into_result().map(|()| Vec::new());
        }
        let mut checked: Vec<ApiRoute> = Vec::with_capacity(routes.len());
        for (n, route) in routes.iter().enumerate() {
            let at = format!("routes[{n}]");
            let name = route.name.trim();
            if !name.is_empty() && routes[..n].iter().any(|earlier| earlier.name.trim() == name) {
                faults.add(format!("{at}.name"), format!("`{name}` is the name of an earlier route"));
            }
            checked.extend(part(&mut faults, &at, route.check()));
        }
        faults.into_result().map(|()| checked)
    }

    fn check(&self) -> Result<ApiRoute, Vec<Fault>> {
        let mut faults = Faults::new();
        let name = faults.take("name", words(&self.name, MAX_NAME));
        let rule = self.check_rule(&mut faults);
        let destination = self.destination_path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/");
        let destination = faults.take("destination_path", BasePath::parse(destination));
        let upstream = part(&mut faults, "upstream", self.upstream.check());
        match (name, destination, upstream, faults.is_empty()) {
            (Some(name), Some(destination), Some(upstream), true) => {
                Ok(ApiRoute { name, rule, destination_path: destination.to_string(), upstream })
            }
            _ => Err(faults.into_vec()),
        }
    }

    fn check_rule(&self, faults: &mut Faults) -> RouteRule {
        for (field, count, most) in [
            ("methods", self.methods.len(), MAX_METHODS),
            ("hosts", self.hosts.len(), Listen::MAX_HOSTS),
            ("headers", self.headers.len(), ApiRoute::MAX_HEADERS),
        ] {
            if count > most {
                faults.add(field, format!("at most {most}"));
            }
        }
        let path = self.path.as_deref().filter(|path| !path.is_empty());
        RouteRule {
            path: path.and_then(|path| faults.take("path", RoutePath::parse(path))),
            methods: each(&self.methods, "methods", faults, method),
            hosts: each(&self.hosts, "hosts", faults, Host::parse),
            headers: self.check_headers(faults),
        }
    }

    fn check_headers(&self, faults: &mut Faults) -> Vec<HeaderRule> {
        let mut rules = Vec::with_capacity(self.headers.len());
        for (n, header) in self.headers.iter().enumerate() {
            let field = format!("headers[{n}]");
            let name = faults.take(&format!("{field}.name"), header_name(&header.name));
            // What is wrong with the value does not depend on the name.
            let rule = HeaderRule::parse(&name.unwrap_or_default(), &header.value);
            rules.extend(faults.take(&format!("{field}.value"), rule));
        }
        rules
    }

    /// What would be written for it.
    pub fn of(route: &ApiRoute) -> Self {
        let header =
            |rule: &HeaderRule| HeaderRuleInput { name: rule.name.clone(), value: rule.pattern.clone() };
        Self {
            name: route.name.clone(),
            path: route.rule.path.as_ref().map(|path| path.pattern.clone()),
            methods: route.rule.methods.clone(),
            hosts: route.rule.hosts.iter().map(|host| host.as_str().to_owned()).collect(),
            headers: route.rule.headers.iter().map(header).collect(),
            destination_path: (route.destination_path != "/").then(|| route.destination_path.clone()),
            upstream: UpstreamInput::of(&route.upstream),
        }
    }
}

/// The good ones of a list; the others are noted under `field[n]`.
fn each<T>(
    given: &[String],
    field: &str,
    faults: &mut Faults,
    check: impl Fn(&str) -> Result<T, String>,
) -> Vec<T> {
    let given = given.iter().enumerate();
    given.filter_map(|(n, text)| faults.take(&format!("{field}[{n}]"), check(text))).collect()
}
