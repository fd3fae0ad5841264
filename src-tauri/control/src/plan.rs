//! From the catalog to the Plan: compiles what changed, takes over what did not.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gatepost_gateway::{
    Chain, ClientDirectory, Enforcement, Env, Kind, Link, MAX_POLICIES, Plan, Route, RouteTable, StateStore,
};
use gatepost_model::{Api, ApiId, AppliedPolicy, Catalog};

/// A Plan and the catalog it was compiled from.
#[derive(Clone, Default)]
pub struct InForce {
    /// What the gateway runs.
    pub plan: Arc<Plan>,
    /// What it was compiled from.
    pub catalog: Arc<Catalog>,
}

/// Compiles `catalog` into Plan `number`. An API that did not change keeps its compiled form, and with it everything
/// its policies remember; a policy that did not change keeps its state through `states`.
pub fn compile(
    catalog: Catalog,
    number: u64,
    since_ms: i64,
    kinds: &[Kind],
    states: &StateStore,
    previous: &InForce,
) -> InForce {
    let unchanged = unchanged_routes(&catalog, previous);
    let policies = by_api(&catalog.policies);
    let mut listeners: BTreeMap<_, Vec<Arc<Route>>> = BTreeMap::new();
    for api in &catalog.apis {
        let route = unchanged.get(&api.id).cloned().unwrap_or_else(|| {
            Arc::new(compile_route(api, policies.get(&api.id).map_or(&[], Vec::as_slice), kinds, states))
        });
        listeners.entry(api.listen.socket()).or_default().push(route);
    }
    let plan = Plan {
        number,
        since_ms,
        listeners: listeners.into_iter().map(|(socket, routes)| (socket, RouteTable::new(routes))).collect(),
        clients: clients_of(&catalog, previous),
    };
    InForce { plan: Arc::new(plan), catalog: Arc::new(catalog) }
}

fn compile_route(api: &Api, policies: &[&AppliedPolicy], kinds: &[Kind], states: &StateStore) -> Route {
    let links: Result<Vec<Link>, String> =
        policies.iter().map(|applied| compile_link(applied, kinds, states)).collect();
    let enforcement = match links {
        Ok(links) if links.len() <= MAX_POLICIES => Enforcement::Ready(Chain::new(links)),
        Ok(links) => Enforcement::Impossible(
            format!("it has {} policies, more than the {MAX_POLICIES} an API may have", links.len()).into(),
        ),
        Err(why) => Enforcement::Impossible(why.into()),
    };
    Route {
        api: api.id,
        base_path: api.listen.base_path.clone(),
        hosts: api.listen.hosts.clone(),
        // A token was made sure of where it came in, and every token is a header's name.
        version_header: api.listen.version_header.as_deref().and_then(|name| name.parse().ok()),
        version: api.version.as_str().into(),
        routes: api.routes.clone(),
        upstream: Arc::new(api.upstream.clone()),
        enforcement,
    }
}

fn compile_link(applied: &AppliedPolicy, kinds: &[Kind], states: &StateStore) -> Result<Link, String> {
    let kind = kinds
        .iter()
        .find(|kind| kind.name == applied.policy)
        .ok_or_else(|| format!("this program has no policy `{}`", applied.policy))?;
    let config = applied.config.to_string();
    // A policy that is off is not compiled, so a faulty one can be switched off to get its API going again.
    let policy =
        applied.enabled.then(|| kind.compile(&applied.config, &Env::new(applied.id, &config, states)));
    let policy = policy.transpose().map_err(|faults| {
        let why: Vec<String> = faults.iter().map(ToString::to_string).collect();
        format!("policy `{}` is not valid: {}", applied.policy, why.join("; "))
    })?;
    Link::new(applied.id, kind.name, kind.acts_on, &applied.only, policy)
}

/// The compiled form of every API that is the same in both catalogs, its policies included.
fn unchanged_routes(catalog: &Catalog, previous: &InForce) -> HashMap<ApiId, Arc<Route>> {
    let compiled: HashMap<ApiId, &Arc<Route>> = previous
        .plan
        .listeners
        .values()
        .flat_map(RouteTable::routes)
        .map(|route| (route.api, route))
        .collect();
    let before: HashMap<ApiId, &Api> = previous.catalog.apis.iter().map(|api| (api.id, api)).collect();
    let policies_before = by_api(&previous.catalog.policies);
    let policies = by_api(&catalog.policies);
    catalog
        .apis
        .iter()
        .filter(|api| {
            before.get(&api.id) == Some(api) && policies_before.get(&api.id) == policies.get(&api.id)
        })
        .filter_map(|api| Some((api.id, Arc::clone(compiled.get(&api.id)?))))
        .collect()
}

fn by_api(policies: &[AppliedPolicy]) -> HashMap<ApiId, Vec<&AppliedPolicy>> {
    let mut by_api: HashMap<ApiId, Vec<&AppliedPolicy>> = HashMap::new();
    for applied in policies {
        by_api.entry(applied.api_id).or_default().push(applied);
    }
    by_api
}

fn clients_of(catalog: &Catalog, previous: &InForce) -> Arc<ClientDirectory> {
    let before = &previous.catalog;
    let same = before.clients == catalog.clients
        && before.credentials == catalog.credentials
        && before.contracts == catalog.contracts;
    if same { Arc::clone(&previous.plan.clients) } else { Arc::new(ClientDirectory::of(catalog)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_model::{AppliedPolicyId, BasePath, Listen, Slug, Upstream, UpstreamUrl};
    use gatepost_policies::KINDS;
    use serde_json::json;

    fn api(id: i64) -> Api {
        Api {
            id: ApiId(id),
            name: format!("API {id}"),
            asset_id: Slug::of_name(&format!("api {id}")),
            version: "v1".into(),
            label: "default".into(),
            listen: Listen {
                address: Listen::DEFAULT_ADDRESS,
                port: 8081,
                base_path: BasePath::parse(&format!("/{id}")).expect("valid"),
                hosts: Vec::new(),
                version_header: None,
            },
            routes: Vec::new(),
            upstream: Upstream::of_url(UpstreamUrl::parse("http://127.0.0.1:1").expect("valid")),
            created_at: 0,
            updated_at: 0,
        }
    }

    fn applied(api: i64, policy: &str, enabled: bool) -> AppliedPolicy {
        AppliedPolicy {
            id: AppliedPolicyId(api),
            api_id: ApiId(api),
            policy: policy.into(),
            config: json!({}),
            only: Vec::new(),
            enabled,
            position: 0,
        }
    }

    fn put_in_force(catalog: Catalog, previous: &InForce) -> InForce {
        compile(catalog, previous.plan.number + 1, 0, KINDS, &StateStore::new(), previous)
    }

    fn route(in_force: &InForce, id: i64) -> Arc<Route> {
        let mut routes = in_force.plan.listeners.values().flat_map(RouteTable::routes);
        Arc::clone(routes.find(|route| route.api == ApiId(id)).expect("compiled"))
    }

    #[test]
    fn an_api_whose_policies_cannot_be_enforced_never_runs_open_and_takes_no_other_down() {
        let policies =
            vec![applied(1, "of-a-newer-program", true), applied(2, "client-id-enforcement", true)];
        let catalog = Catalog { apis: vec![api(1), api(2)], policies, ..Catalog::default() };
        let in_force = put_in_force(catalog, &InForce::default());
        let Enforcement::Impossible(why) = &route(&in_force, 1).enforcement else { panic!("it runs open") };
        assert!(why.contains("of-a-newer-program"));
        assert!(matches!(route(&in_force, 2).enforcement, Enforcement::Ready(_)));
    }

    #[test]
    fn a_faulty_policy_that_is_off_holds_nothing_up() {
        let mut faulty = applied(1, "rate-limiting", false);
        faulty.config = json!({"limits": "none"});
        let catalog = Catalog { apis: vec![api(1)], policies: vec![faulty], ..Catalog::default() };
        let in_force = put_in_force(catalog, &InForce::default());
        assert!(matches!(route(&in_force, 1).enforcement, Enforcement::Ready(_)));
    }

    #[test]
    fn what_did_not_change_is_taken_over_as_it_is() {
        let policies =
            vec![applied(1, "client-id-enforcement", true), applied(2, "client-id-enforcement", true)];
        let mut catalog = Catalog { apis: vec![api(1), api(2)], policies, ..Catalog::default() };
        let first = put_in_force(catalog.clone(), &InForce::default());
        catalog.policies[1].enabled = false;
        let second = put_in_force(catalog, &first);
        assert!(Arc::ptr_eq(&route(&first, 1), &route(&second, 1)));
        assert!(!Arc::ptr_eq(&route(&first, 2), &route(&second, 2)));
        assert!(Arc::ptr_eq(&first.plan.clients, &second.plan.clients));
        assert_eq!(second.plan.number, 2);
    }
}
