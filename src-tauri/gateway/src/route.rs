//! Finds the API of a request on one listener: longest base path of whole segments, a named host before any host.

use std::sync::Arc;

use gatepost_model::{ApiId, BasePath};

use crate::Route;
use crate::shared_map::SharedMap;
use crate::upstream::Target;

/// The APIs of one listener by base path. Looking up costs one hash per segment of the path, whatever the number of
/// APIs. A copy shares what does not change.
#[derive(Clone, Default)]
pub struct RouteTable {
    by_base_path: SharedMap<Box<str>, Vec<Arc<Placed>>>,
    /// Longest base path there has been, in bytes: longer prefixes of a path need no look-up.
    longest: usize,
}

/// An API in its table, with its upstream worked out.
pub(crate) struct Placed {
    pub(crate) route: Arc<Route>,
    /// None where the upstream has no target, which validation prevents.
    pub(crate) target: Option<Target>,
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
        let base_path = route.base_path.as_str();
        self.longest = self.longest.max(base_path.len());
        let mut same_path = self.by_base_path.get(base_path).cloned().unwrap_or_default();
        let (base_path, upstream) = (base_path.into(), &route.upstream);
        let tls = &route.tls.own;
        let target =
            upstream.first_url().map(|url| Target::of(url, upstream.protocol, upstream.timeouts, tls));
        same_path.push(Arc::new(Placed { route, target }));
        // Those that name their hosts come first.
        same_path.sort_by_key(|placed| (placed.route.hosts.is_empty(), placed.route.api));
        self.by_base_path.insert(base_path, same_path);
    }

    /// Takes an API out, which was put in under this base path.
    pub fn remove(&mut self, api: ApiId, base_path: &BasePath) {
        let mut same_path = self.by_base_path.get(base_path.as_str()).cloned().unwrap_or_default();
        same_path.retain(|placed| placed.route.api != api);
        if same_path.is_empty() {
            self.by_base_path.remove(base_path.as_str());
        } else {
            self.by_base_path.insert(base_path.as_str().into(), same_path);
        }
    }

    /// The APIs with exactly this base path.
    pub fn at_base_path(&self, base_path: &BasePath) -> impl Iterator<Item = &Arc<Route>> {
        self.by_base_path.get(base_path.as_str()).into_iter().flatten().map(|placed| &placed.route)
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.routes().next().is_none()
    }

    /// The API for this host (lowercase, without port) and path, `/posts` being no prefix of `/postscript`.
    pub fn find(&self, host: &str, path: &str) -> Option<&Arc<Route>> {
        self.locate(host, path).map(|placed| &placed.route)
    }

    /// The same, with its upstream worked out.
    pub(crate) fn locate(&self, host: &str, path: &str) -> Option<&Arc<Placed>> {
        let mut prefix = path;
        loop {
            if prefix.len() <= self.longest
                && let Some(placed) = self.at(if prefix.is_empty() { "/" } else { prefix }, host)
            {
                return Some(placed);
            }
            if prefix.is_empty() {
                return None;
            }
            prefix = &prefix[..prefix.rfind('/')?];
        }
    }

    fn at(&self, base_path: &str, host: &str) -> Option<&Arc<Placed>> {
        let mut candidates = self.by_base_path.get(base_path)?.iter();
        candidates.find(|placed| {
            let hosts = &placed.route.hosts;
            hosts.is_empty() || hosts.iter().any(|known| known.as_str() == host)
        })
    }

    /// All of them.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.by_base_path.iter().flat_map(|(_, placed)| placed).map(|placed| &placed.route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chain, Enforcement};
    use gatepost_model::{ApiId, BasePath, Host, Upstream, UpstreamUrl};

    fn route(id: i64, base_path: &str, hosts: &[&str]) -> Arc<Route> {
        let base_path = BasePath::parse(base_path).expect("valid");
        let upstream = Upstream::of_url(UpstreamUrl::parse("http://127.0.0.1:1").expect("valid"));
        let ready = Enforcement::Ready(Chain::default());
        Arc::new(Route {
            hosts: hosts.iter().map(|host| Host::parse(host).expect("valid")).collect(),
            ..Route::plain(ApiId(id), base_path, upstream, ready)
        })
    }

    fn found(table: &RouteTable, host: &str, path: &str) -> Option<i64> {
        table.find(host, path).map(|route| route.api.0)
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

    #[test]
    fn a_longer_path_for_another_host_does_not_hide_a_shorter_one() {
        let table = RouteTable::new([route(1, "/a", &[]), route(2, "/a/b", &["api.test"])]);
        assert_eq!(found(&table, "x", "/a/b"), Some(1));
    }
}
