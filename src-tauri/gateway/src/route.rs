//! Finds the API of a request on one listener: longest base path of whole segments, a named host before any host, the
//! version that a header names before any version.

use std::sync::Arc;

use gatepost_model::{ApiId, BasePath};
use http::HeaderMap;
use smallvec::SmallVec;

use crate::Route;
use crate::shared_map::SharedMap;

/// The APIs of one listener by base path. Looking up costs one hash per segment of the path, whatever the number of
/// APIs. A copy shares what does not change.
#[derive(Clone, Default)]
pub struct RouteTable {
    /// Seldom more than one at a place, which then takes no step more to reach.
    by_base_path: SharedMap<Box<str>, SmallVec<[Arc<Route>; 1]>>,
    /// Longest base path there has been, in bytes: longer prefixes of a path need no look-up.
    longest: usize,
}

impl RouteTable {
    /// The table of these APIs. Two that could both take a request are a fault found before; here the first wins.
    pub fn new(routes: impl IntoIterator<Item = Arc<Route>>) -> Self {
        let mut table = Self::default();
        routes.into_iter().for_each(|route| table.insert(route));
        table
    }

    /// Adds an API.
    pub fn insert(&mut self, route: Arc<Route>) {
        let base_path: Box<str> = route.base_path.as_str().into();
        self.longest = self.longest.max(base_path.len());
        let mut same_path = self.by_base_path.get(&base_path).cloned().unwrap_or_default();
        same_path.push(route);
        // Those that name their hosts come first, then those that want a version.
        same_path.sort_by_key(|route| (route.hosts.is_empty(), route.version.is_none(), route.api));
        self.by_base_path.insert(base_path, same_path);
    }

    /// Takes an API out, which was put in under this base path.
    pub fn remove(&mut self, api: ApiId, base_path: &BasePath) {
        let mut same_path = self.by_base_path.get(base_path.as_str()).cloned().unwrap_or_default();
        same_path.retain(|route| route.api != api);
        if same_path.is_empty() {
            self.by_base_path.remove(base_path.as_str());
        } else {
            self.by_base_path.insert(base_path.as_str().into(), same_path);
        }
    }

    /// The APIs with exactly this base path.
    pub fn at_base_path(&self, base_path: &BasePath) -> impl Iterator<Item = &Arc<Route>> {
        self.by_base_path.get(base_path.as_str()).into_iter().flatten()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.routes().next().is_none()
    }

    /// The API for this host (lowercase, without port), path and headers, `/posts` being no prefix of `/postscript`.
    pub(crate) fn find(&self, host: &str, path: &str, headers: &HeaderMap) -> Option<&Arc<Route>> {
        let mut prefix = path;
        loop {
            if prefix.len() <= self.longest
                && let Some(route) = self.at(if prefix.is_empty() { "/" } else { prefix }, host, headers)
            {
                return Some(route);
            }
            if prefix.is_empty() {
                return None;
            }
            prefix = &prefix[..prefix.rfind('/')?];
        }
    }

    /// The API that answers a document below `/.well-known/` whose name stands before its base path. One at `/` takes
    /// such a path anyway.
    pub(crate) fn find_well_known(&self, host: &str, path: &str, headers: &HeaderMap) -> Option<&Arc<Route>> {
        let rest = path.strip_prefix("/.well-known/")?;
        let (name, below) = rest.split_at(rest.find('/')?);
        let route = self.find(host, below, headers)?;
        (route.base_path_len() > 0 && route.answers_well_known(name)).then_some(route)
    }

    fn at(&self, base_path: &str, host: &str, headers: &HeaderMap) -> Option<&Arc<Route>> {
        let mut candidates = self.by_base_path.get(base_path)?.iter();
        candidates.find(|route| {
            let has_host = route.hosts.is_empty() || route.hosts.iter().any(|known| known.as_str() == host);
            has_host && route.has_version(headers)
        })
    }

    /// All of them.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.by_base_path.iter().flat_map(|(_, routes)| routes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActsOn, Chain, Enforcement, Link, Policy, RouteTls};
    use gatepost_model::{Api, ApiId, AppliedPolicyId, BasePath, Host, Listen, Slug, Upstream, UpstreamUrl};

    fn api(id: i64, base_path: &str, hosts: &[&str]) -> Api {
        Api {
            id: ApiId(id),
            name: "API".into(),
            asset_id: Slug::of_name("api"),
            version: format!("v{id}"),
            label: "default".into(),
            listen: Listen {
                address: Listen::DEFAULT_ADDRESS,
                port: Listen::DEFAULT_PORT,
                base_path: BasePath::parse(base_path).expect("valid"),
                hosts: hosts.iter().map(|host| Host::parse(host).expect("valid")).collect(),
                version_header: None,
            },
            routes: Vec::new(),
            upstream: Upstream::of_url(UpstreamUrl::parse("http://127.0.0.1:1").expect("valid")),
            created_at: 0,
            updated_at: 0,
        }
    }

    fn compiled(api: &Api) -> Arc<Route> {
        Arc::new(Route::new(api, &RouteTls::default(), Enforcement::Ready(Chain::default()), None))
    }

    fn route(id: i64, base_path: &str, hosts: &[&str]) -> Arc<Route> {
        compiled(&api(id, base_path, hosts))
    }

    fn versioned(id: i64, base_path: &str, hosts: &[&str]) -> Arc<Route> {
        let mut api = api(id, base_path, hosts);
        api.listen.version_header = Some("api-version".into());
        compiled(&api)
    }

    fn found(table: &RouteTable, host: &str, path: &str) -> Option<i64> {
        found_with(table, host, path, &[])
    }

    fn found_with(table: &RouteTable, host: &str, path: &str, versions: &[&'static str]) -> Option<i64> {
        let mut headers = HeaderMap::new();
        for version in versions {
            headers.append("api-version", http::HeaderValue::from_static(version));
        }
        table.find(host, path, &headers).map(|route| route.api.0)
    }

    #[test]
    fn the_longest_base_path_of_whole_segments_wins() {
        let table = RouteTable::new([route(1, "/posts", &[]), route(2, "/posts/v2", &[])]);
        assert_eq!(found(&table, "x", "/posts"), Some(1));
        assert_eq!(found(&table, "x", "/posts/"), Some(1));
        assert_eq!(found(&table, "x", "/posts/v20/1"), Some(1));
        assert_eq!(found(&table, "x", "/posts/v2/1"), Some(2));
        assert_eq!(found(&table, "x", "/postscript"), None);
        assert_eq!(found(&table, "x", "/"), None);
    }

    #[test]
    fn the_root_takes_what_nobody_else_does() {
        let table = RouteTable::new([route(1, "/", &[]), route(2, "/a", &[])]);
        assert_eq!(found(&table, "x", "/b/c"), Some(1));
        assert_eq!(found(&table, "x", "/"), Some(1));
        assert_eq!(found(&table, "x", "/a/c"), Some(2));
    }

    #[test]
    fn a_named_host_wins_over_any_host() {
        let table = RouteTable::new([route(1, "/a", &[]), route(2, "/a", &["api.test"])]);
        assert_eq!(found(&table, "api.test", "/a"), Some(2));
        assert_eq!(found(&table, "other.test", "/a"), Some(1));
    }

    #[test]
    fn what_is_put_in_and_taken_out_again_leaves_the_rest_as_it_was() {
        let mut table = RouteTable::new([route(1, "/a", &[]), route(2, "/a", &["api.test"])]);
        let before = table.clone();
        table.insert(route(3, "/a", &["other.test"]));
        table.insert(route(4, "/a/b", &[]));
        assert_eq!(found(&table, "other.test", "/a/b/c"), Some(4));
        assert_eq!(found(&table, "other.test", "/a/c"), Some(3));
        for (api, path) in [(2, "/a"), (4, "/a/b"), (9, "/none")] {
            table.remove(ApiId(api), &BasePath::parse(path).expect("valid"));
        }
        assert_eq!(found(&table, "other.test", "/a/b/c"), Some(3));
        assert_eq!(found(&table, "api.test", "/a"), Some(1));
        assert_eq!(found(&before, "api.test", "/a"), Some(2));
        assert_eq!(found(&before, "other.test", "/a/b/c"), Some(1));
    }

    struct Answers;

    impl Policy for Answers {
        fn well_known(&self) -> Option<&'static str> {
            Some("doc")
        }
    }

    /// An API with a policy that answers `/.well-known/doc`.
    fn answering(id: i64, base_path: &str, is_shadow: bool) -> Arc<Route> {
        let acts_on = ActsOn { request: true, response: false };
        let link = Link::new(AppliedPolicyId(1), "answers", acts_on, &[], Some(Box::new(Answers)));
        let chain = Chain::new(vec![link.expect("no scope").in_shadow(is_shadow)]);
        Arc::new(Route::new(&api(id, base_path, &[]), &RouteTls::default(), Enforcement::Ready(chain), None))
    }

    #[test]
    fn a_well_known_document_is_found_by_the_base_path_behind_its_name() {
        let routes =
            [answering(1, "/a", false), answering(2, "/b", true), route(3, "/", &[]), route(4, "/c", &[])];
        let table = RouteTable::new(routes);
        let found = |path| table.find_well_known("x", path, &HeaderMap::new()).map(|route| route.api.0);
        assert_eq!(found("/.well-known/doc/a"), Some(1));
        assert_eq!(found("/.well-known/doc/a/deeper"), Some(1));
        for other in ["/.well-known/doc/b", "/.well-known/doc/c", "/.well-known/doc/d", "/.well-known/doc"] {
            assert_eq!(found(other), None, "{other}");
        }
        for other in ["/.well-known/other/a", "/.well-known/docs/a", "/a", "/a/.well-known/doc"] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn a_longer_path_for_another_host_does_not_hide_a_shorter_one() {
        let table = RouteTable::new([route(1, "/a", &[]), route(2, "/a/b", &["api.test"])]);
        assert_eq!(found(&table, "x", "/a/b"), Some(1));
    }

    #[test]
    fn a_header_tells_versions_apart_and_one_without_takes_the_rest() {
        let table = RouteTable::new([route(1, "/a", &[]), versioned(2, "/a", &[]), versioned(3, "/a", &[])]);
        assert_eq!(found_with(&table, "x", "/a", &["v2"]), Some(2));
        assert_eq!(found_with(&table, "x", "/a/b", &["v3"]), Some(3));
        assert_eq!(found_with(&table, "x", "/a", &["v4"]), Some(1));
        assert_eq!(found(&table, "x", "/a"), Some(1));
        assert_eq!(found_with(&table, "x", "/a", &["v2", "v2"]), Some(2));
        assert_eq!(found_with(&table, "x", "/a", &["v2", "v3"]), Some(1), "it could be read in two ways");
    }

    #[test]
    fn without_one_for_the_rest_other_versions_are_not_found() {
        let table = RouteTable::new([versioned(2, "/a", &[]), versioned(3, "/a/b", &[])]);
        assert_eq!(found_with(&table, "x", "/a", &["v9"]), None);
        assert_eq!(found(&table, "x", "/a"), None);
        assert_eq!(found_with(&table, "x", "/a/b", &["v2"]), Some(2), "a longer path hides no shorter one");
    }

    #[test]
    fn a_named_host_counts_more_than_a_version() {
        let table = RouteTable::new([versioned(1, "/a", &[]), route(2, "/a", &["api.test"])]);
        assert_eq!(found_with(&table, "api.test", "/a", &["v1"]), Some(2));
        assert_eq!(found_with(&table, "other.test", "/a", &["v1"]), Some(1));
    }
}
