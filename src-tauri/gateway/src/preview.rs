//! Where a request would go, found by the look-ups that calls run through, and without sending it.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use gatepost_model::{ApiId, Host};
use http::StatusCode;

use crate::headers::strip_hop_by_hop;
use crate::http1::framing;
use crate::http1::head::parse_request;
use crate::http1::refused::Refused;
use crate::target::{host_name, settle};
use crate::{Body, CompiledScope, Enforcement, Plan, Reply, Request, Route, Taken};

/// What would become of a request as it comes: policies, which may refuse or change it, are not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The API that takes it.
    pub api: Option<ApiId>,
    /// Where it goes, or what the gateway answers itself.
    pub outcome: Result<Destination, Answer>,
}

/// What a request is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Name of the route inside the API; none for the API's own upstream.
    pub route: Option<Box<str>>,
    /// The whole URL at each of the upstream's targets, of which one is chosen as the call comes.
    pub urls: Vec<String>,
}

/// An answer of the gateway's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Such as 404.
    pub status: StatusCode,
    /// As the caller would be told.
    pub reason: String,
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self { status: reply.status(), reason: reply.error().to_owned() }
    }
}

impl Plan {
    /// What would become of a request with this head, written as HTTP/1.1, at a listener.
    pub fn preview(&self, listener: SocketAddr, head: &Bytes) -> Preview {
        let request = match read(head) {
            Ok(request) => request,
            Err(answer) => return Preview { api: None, outcome: Err(answer) },
        };
        let (headers, path) = (request.headers(), request.uri().path());
        let listener = self.listeners.get(&listener);
        match listener.and_then(|listener| listener.routes.find(&host_name(headers), path, headers)) {
            Some(route) => Preview { api: Some(route.api), outcome: route.preview(&request) },
            None => Preview { api: None, outcome: Err(Reply::no_route().into()) },
        }
    }
}

impl Route {
    fn preview(&self, request: &Request) -> Result<Destination, Answer> {
        if let Enforcement::Impossible(why) = &self.enforcement {
            let reason = format!("The API is closed, because {why}");
            return Err(Answer { status: StatusCode::SERVICE_UNAVAILABLE, reason });
        }
        let (backend, tail) = self.destination(request, self.base_path_len())?;
        let rule = self.rules.iter().find(|rule| Arc::ptr_eq(&rule.backend, backend));
        let urls: Option<_> = backend.urls_for(request.uri(), &tail).collect();
        let urls = urls.ok_or_else(|| Reply::bad_request("The path is too long"))?;
        Ok(Destination { route: rule.map(|rule| rule.name.clone()), urls })
    }

    /// Whether a scope of a policy of this API takes a request with this method and path, base path included. `Err` says
    /// why there can be no such request.
    pub fn in_scope(&self, scope: &CompiledScope, method: &str, path: &str) -> Result<Option<Taken>, String> {
        if [method, path].iter().any(|part| part.contains(char::is_whitespace)) {
            return Err("white space cannot stand in it".to_owned());
        }
        // Which host it comes for is not a scope's matter.
        let head = Bytes::from(format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"));
        let request = read(&head).map_err(|answer| answer.reason)?;
        let path = request.uri().path();
        let below = self.below(path).ok_or_else(|| format!("is not below {}", self.base_path.as_str()))?;
        Ok(scope.takes(request.method(), if below.is_empty() { "/" } else { below }))
    }

    /// What follows the base path: nothing, or what begins with a slash.
    fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        let below = path.get(self.base_path_len()..).filter(|_| path.starts_with(self.base_path.as_str()))?;
        (below.is_empty() || below.starts_with('/')).then_some(below)
    }

    /// Why this API does not take a request with this head: the first of its conditions that does not hold, in words.
    /// None where all hold, though another API may be closer to what is asked for.
    pub fn why_not(&self, head: &Bytes) -> Option<String> {
        let request = read(head).ok()?;
        if self.below(request.uri().path()).is_none() {
            return Some(format!("the path is not below {}", self.base_path.as_str()));
        }
        let host = host_name(request.headers());
        if !self.hosts.is_empty() && !self.hosts.iter().any(|known| known.as_str() == host) {
            let hosts: Vec<_> = self.hosts.iter().map(Host::as_str).collect();
            return Some(format!("the host is none of {}", hosts.join(", ")));
        }
        let (name, version) = self.version.as_ref().filter(|_| !self.has_version(request.headers()))?;
        Some(format!("the header `{name}` is not `{version}`, once"))
    }
}

/// The request as everything behind sees it.
fn read(head: &Bytes) -> Result<Request, Answer> {
    let fields = memchr::memchr_iter(b'\n', head).count();
    let parsed = parse_request(head, fields).and_then(|request| {
        framing::of_request(request.headers(), request.version())?;
        Ok(request)
    });
    let refused = |refused: Refused| Answer { status: refused.status, reason: refused.reason.to_owned() };
    let mut request = parsed.map_err(refused)?.map(|()| Body::from(Bytes::new()));
    settle(&mut request)?;
    strip_hop_by_hop(request.headers_mut());
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chain, ListenerPlan, RouteTable, RouteTls};
    use gatepost_model::{
        Api, ApiRoute, BasePath, Listen, RoutePath, RouteRule, Slug, Target, Upstream, UpstreamUrl,
    };

    fn upstream(urls: &[&str]) -> Upstream {
        let targets = urls.iter().map(|url| UpstreamUrl::parse(url).expect("valid"));
        let targets: Vec<_> = targets.map(|url| Target { url, weight: 1 }).collect();
        Upstream { targets, ..Upstream::of_url(UpstreamUrl::parse("http://unused").expect("valid")) }
    }

    fn api(base_path: &str, hosts: &[&str]) -> Api {
        let rule = RouteRule {
            path: Some(RoutePath::parse("/v2(/.*)").expect("valid")),
            methods: vec!["GET".into()],
            ..RouteRule::default()
        };
        Api {
            id: ApiId(7),
            name: "API".into(),
            asset_id: Slug::of_name("api"),
            version: "v1".into(),
            label: "default".into(),
            listen: Listen {
                address: Listen::DEFAULT_ADDRESS,
                port: Listen::DEFAULT_PORT,
                base_path: BasePath::parse(base_path).expect("valid"),
                hosts: hosts.iter().map(|host| Host::parse(host).expect("valid")).collect(),
                version_header: Some("api-version".into()),
            },
            routes: vec![ApiRoute {
                name: "second".into(),
                rule,
                destination_path: "/new".into(),
                upstream: upstream(&["http://c/x"]),
            }],
            upstream: upstream(&["http://a/base", "https://b:444"]),
            created_at: 0,
            updated_at: 0,
        }
    }

    fn route(enforcement: Enforcement) -> Route {
        let tls = RouteTls { routes: vec![Arc::default()], ..RouteTls::default() };
        Route::new(&api("/orders", &["api.test"]), &tls, enforcement, None)
    }

    fn head(line: &str, more: &str) -> Bytes {
        Bytes::from(format!("{line} HTTP/1.1\r\nhost: API.test:8081\r\napi-version: v1\r\n{more}\r\n"))
    }

    fn preview(enforcement: Enforcement, head: &Bytes) -> Preview {
        let listener = SocketAddr::from((Listen::DEFAULT_ADDRESS, Listen::DEFAULT_PORT));
        let routes = RouteTable::new([Arc::new(route(enforcement))]);
        let listeners = [(listener, ListenerPlan { routes, ..ListenerPlan::default() })].into();
        Plan { listeners, ..Plan::default() }.preview(listener, head)
    }

    fn of(line: &str) -> Preview {
        preview(Enforcement::Ready(Chain::default()), &head(line, ""))
    }

    fn status(preview: &Preview) -> Option<u16> {
        preview.outcome.as_ref().err().map(|answer| answer.status.as_u16())
    }

    #[test]
    fn says_route_and_whole_url_at_every_target() {
        let own = of("POST /orders/v2/7?a=1").outcome.expect("taken");
        assert_eq!(
            (own.route, own.urls),
            (None, vec!["http://a/base/v2/7?a=1".to_owned(), "https://b:444/v2/7?a=1".to_owned()])
        );
        let second = of("GET http://api.test/orders/v2/7").outcome.expect("taken");
        assert_eq!(
            (second.route.as_deref(), second.urls),
            (Some("second"), vec!["http://c/x/new/7".to_owned()])
        );
    }

    #[test]
    fn says_what_the_gateway_would_answer_itself() {
        assert_eq!((of("GET /other").api, status(&of("GET /other"))), (None, Some(404)));
        assert_eq!(status(&of("GET /orders/../x")), Some(400));
        assert_eq!(status(&of("G@T /orders")), Some(400));
        assert_eq!(status(&of("CONNECT a:1")), Some(400));
        let closed = preview(Enforcement::Impossible("of reasons".into()), &head("GET /orders", ""));
        assert_eq!((closed.api, status(&closed)), (Some(ApiId(7)), Some(503)));
        let ready = || Enforcement::Ready(Chain::default());
        let lengths = head("POST /orders", "content-length: 1\r\ncontent-length: 2\r\n");
        assert_eq!(status(&preview(ready(), &lengths)), Some(400));
    }

    #[test]
    fn a_scope_sees_the_path_below_the_base_path_as_calls_have_it() {
        let route = route(Enforcement::Ready(Chain::default()));
        let row = |path: &str| gatepost_model::Scope { methods: vec![], path: Some(path.into()) };
        let scope = CompiledScope::new(&[row("/"), row("/v2/.*")]).expect("compiles");
        let of = |method: &str, path: &str| route.in_scope(&scope, method, path);
        assert_eq!(of("GET", "/orders"), Ok(Some(Taken::ByRow(0))));
        assert_eq!(of("GET", "/orders/v2/7?a=/v3"), Ok(Some(Taken::ByRow(1))));
        assert_eq!(of("GET", "/orders/v3"), Ok(None));
        for path in ["/ordersx", "/orders/../v2", "/orders/v2 x", "orders", "/orders/v2\r\nhost: b"] {
            assert!(of("GET", path).is_err(), "{path}");
        }
        assert!(of("G@T", "/orders").is_err());
    }

    #[test]
    fn says_which_condition_does_not_hold() {
        let route = route(Enforcement::Ready(Chain::default()));
        let why = |line: &str, host: &str, version: &str| {
            let head = format!("{line} HTTP/1.1\r\nhost: {host}\r\napi-version: {version}\r\n\r\n");
            route.why_not(&Bytes::from(head)).unwrap_or_default()
        };
        assert_eq!(why("GET /ordersx", "api.test", "v1"), "the path is not below /orders");
        assert_eq!(why("GET /orders", "b.test", "v1"), "the host is none of api.test");
        assert_eq!(why("GET /orders/1", "api.test", "v2"), "the header `api-version` is not `v1`, once");
        assert_eq!(why("GET /orders/1", "api.test", "v1"), "");
    }
}
