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
