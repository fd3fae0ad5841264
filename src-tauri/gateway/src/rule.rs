//! A route inside an API: requests that its rule matches go to another upstream, under another path (the vendor's
//! `route`: path, methods, hosts and headers; what the path pattern's groups caught goes on behind the destination).

use std::borrow::Cow;
use std::sync::Arc;

use gatepost_model::{ApiRoute, HeaderRule, Host, RoutePath};
use http::{HeaderMap, HeaderName, Method};

use crate::target::{has_dot_segment, host_name};
use crate::upstream::{Backend, Tail};
use crate::{ClientTls, Reply, Request};

/// A route, compiled.
pub(crate) struct Rule {
    /// What people call it.
    pub(crate) name: Box<str>,
    /// Where its requests go.
    pub(crate) backend: Arc<Backend>,
    path: Option<RoutePath>,
    methods: Box<[Method]>,
    hosts: Box<[Host]>,
    headers: Box<[(HeaderName, HeaderRule)]>,
    /// Without a slash at its end; empty for `/`.
    destination: Box<str>,
}

impl Rule {
    /// Compiles it; `previous` is what the route of the same name was compiled to before. None where a method or a
    /// header's name is none, which validation prevents.
    pub(crate) fn compile(route: &ApiRoute, tls: &Arc<ClientTls>, previous: Option<&Self>) -> Option<Self> {
        let methods = route.rule.methods.iter().map(|method| Method::try_from(method.as_str()).ok());
        let headers = route.rule.headers.iter();
        let headers = headers.map(|rule| Some((HeaderName::try_from(&rule.name).ok()?, rule.clone())));
        Some(Self {
            name: route.name.as_str().into(),
            backend: Backend::compile(&route.upstream, tls, previous.map(|previous| &previous.backend)),
            path: route.rule.path.clone(),
            methods: methods.collect::<Option<_>>()?,
            hosts: route.rule.hosts.clone().into(),
            headers: headers.collect::<Option<_>>()?,
            destination: route.destination_path.trim_end_matches('/').into(),
        })
    }

    /// What goes on of the path, when the rule matches; `below` is the request's path below the base path, empty for the
    /// base path itself, which a pattern sees as `/`.
    fn tail_of<'p>(&self, request: &Request, below: &'p str) -> Option<Cow<'p, str>> {
        let headers = request.headers();
        let is_wanted = (self.methods.is_empty() || self.methods.contains(request.method()))
            && (self.hosts.is_empty() || self.has_host(headers))
            && self.headers.iter().all(|(name, rule)| has_value(headers, name, rule));
        if !is_wanted {
            return None;
        }
        match &self.path {
            Some(path) if below.is_empty() => path.tail_of("/").map(|tail| match tail.as_str() {
                // Without a slash at its end, as it came.
                "/" => Cow::Borrowed(""),
                _ => Cow::Owned(tail),
            }),
            Some(path) => path.tail_of(below).map(Cow::Owned),
            None => Some(Cow::Borrowed(below)),
        }
    }

    fn has_host(&self, headers: &HeaderMap) -> bool {
        let host = host_name(headers);
        self.hosts.iter().any(|known| known.as_str() == host)
    }

    /// Behind the destination, with one slash between.
    fn rewritten(&self, tail: &str) -> Box<str> {
        let slash = if tail.is_empty() || tail.starts_with('/') { "" } else { "/" };
        [&self.destination, slash, tail].concat().into()
    }
}

/// True when one of the header's values is wanted.
fn has_value(headers: &HeaderMap, name: &HeaderName, rule: &HeaderRule) -> bool {
    headers.get_all(name).iter().any(|value| value.to_str().is_ok_and(|value| rule.matches(value)))
}

/// The upstream and path of the first rule that matches. An error where the groups of a pattern put together what
/// would be a `.` or `..` segment: no policy has seen that path.
pub(crate) fn first_match<'r>(
    rules: &'r [Rule],
    request: &Request,
    below: &str,
) -> Result<Option<(&'r Arc<Backend>, Tail)>, Reply> {
    let Some((rule, tail)) = rules.iter().find_map(|rule| Some((rule, rule.tail_of(request, below)?))) else {
        return Ok(None);
    };
    let path = rule.rewritten(&tail);
    if has_dot_segment(&path) {
        return Err(Reply::bad_request("The path must not become one with `.` or `..` segments"));
    }
    Ok(Some((&rule.backend, Tail::Rewritten(path))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;
    use gatepost_model::{RouteRule, Upstream, UpstreamUrl};

    fn rule(destination_path: &str, rule: RouteRule) -> Rule {
        let upstream = Upstream::of_url(UpstreamUrl::parse("http://127.0.0.1:1").expect("valid"));
        let route = ApiRoute { name: "r".into(), rule, destination_path: destination_path.into(), upstream };
        Rule::compile(&route, &Arc::default(), None).expect("valid")
    }

    fn on_path(pattern: &str) -> RouteRule {
        RouteRule { path: Some(RoutePath::parse(pattern).expect("valid")), ..RouteRule::default() }
    }

    fn get(headers: &[(&str, &str)]) -> Request {
        let request = http::Request::builder().header("host", "Api.test:80");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(Body::Empty).expect("valid")
    }

    fn path(rule: Rule, below: &str) -> Option<String> {
        let rules = [rule];
        let found = first_match(&rules, &get(&[]), below).expect("no dot segments");
        found.map(|(_, tail)| match tail {
            Tail::Rewritten(path) => path.into(),
            Tail::Below(_) => panic!("not rewritten"),
        })
    }

    #[test]
    fn paths_become_what_the_vendors_documentation_says() {
        assert_eq!(path(rule("/orders", on_path("/foo(/.*)")), "/foo/bar").as_deref(), Some("/orders/bar"));
        assert_eq!(path(rule("/orders", on_path("/foo/.*")), "/foo/bar").as_deref(), Some("/orders/foo/bar"));
        assert_eq!(path(rule("/", on_path("/v1(/.*)/old(/.*)")), "/v1/a/old/b").as_deref(), Some("/a/b"));
        assert_eq!(path(rule("/", RouteRule::default()), "/a").as_deref(), Some("/a"));
        assert_eq!(path(rule("/x/", RouteRule::default()), "/").as_deref(), Some("/x/"));
        assert_eq!(path(rule("/x", on_path("/only")), "/other"), None);
    }

    #[test]
    fn the_base_path_itself_gets_no_slash_at_its_end() {
        assert_eq!(path(rule("/x", RouteRule::default()), "").as_deref(), Some("/x"));
        assert_eq!(path(rule("/x", on_path("(/.*)")), "").as_deref(), Some("/x"));
        assert_eq!(path(rule("/x", on_path("/a")), ""), None);
    }

    #[test]
    fn a_group_without_a_slash_gets_one() {
        assert_eq!(path(rule("/users", on_path("/u-(\\d+)")), "/u-7").as_deref(), Some("/users/7"));
        assert_eq!(path(rule("/users", on_path("/all()")), "/all").as_deref(), Some("/users"));
    }

    #[test]
    fn groups_cannot_put_dot_segments_together() {
        let rules = [rule("/", on_path("/(.*)x(.*)"))];
        assert!(first_match(&rules, &get(&[]), "/.x./secret").is_err());
        assert!(first_match(&rules, &get(&[]), "/%2x%2e/secret").is_ok(), "half an escape is none");
        assert!(first_match(&rules, &get(&[]), "/%2xe.").is_err());
    }

    #[test]
    fn every_part_that_is_given_must_match() {
        let header = || HeaderRule::parse("x-tier", "gold|silver").expect("valid");
        let matches = |rule_of: RouteRule, request: &Request| {
            let rules = [rule("/", rule_of)];
            first_match(&rules, request, "/").expect("no dot segments").is_some()
        };
        let by_header = || RouteRule { headers: vec![header()], ..RouteRule::default() };
        assert!(matches(by_header(), &get(&[("x-tier", "gold")])));
        assert!(matches(by_header(), &get(&[("x-tier", "tin"), ("x-tier", "silver")])));
        assert!(!matches(by_header(), &get(&[("x-tier", "golden")])) && !matches(by_header(), &get(&[])));
        let by_host = |host| RouteRule { hosts: vec![Host::parse(host).expect("valid")], ..by_header() };
        assert!(matches(by_host("api.test"), &get(&[("x-tier", "gold")])));
        assert!(!matches(by_host("other.test"), &get(&[("x-tier", "gold")])));
        let by_method = |method: &str| RouteRule { methods: vec![method.into()], ..RouteRule::default() };
        assert!(matches(by_method("GET"), &get(&[])) && !matches(by_method("POST"), &get(&[])));
    }
}
