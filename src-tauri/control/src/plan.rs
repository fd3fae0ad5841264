//! From the catalog to the Plan: compiles what changed, takes over what did not.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use gatepost_gateway::{
    Chain, ClientDirectory, Enforcement, Env, Greeting, Kind, Link, ListenerPlan, MAX_AUTOMATED,
    MAX_POLICIES, Plan, Route, RouteTls, StateStore, TlsStore,
};
use gatepost_model::{Api, ApiId, AppliedPolicy, Catalog, Certificate, Listen, ListenerTls, Scope, Upstream};

use crate::tls::shown_by;

/// A Plan and the catalog it was compiled from.
#[derive(Clone, Default)]
pub struct InForce {
    /// What the gateway runs.
    pub plan: Arc<Plan>,
    /// What it was compiled from.
    pub catalog: Arc<Catalog>,
}

impl InForce {
    /// The compiled form of an API.
    pub fn route(&self, api: &Api) -> Option<&Arc<Route>> {
        let listener = self.plan.listeners.get(&api.listen.socket())?;
        listener.routes.at_base_path(&api.listen.base_path).find(|route| route.api == api.id)
    }

    /// The OpenAPI document of an API as text, where it has one.
    pub fn spec(&self, api: ApiId) -> Option<&str> {
        self.catalog.specs.get(api).map(|spec| &*spec.text)
    }

    /// Whether a socket speaks TLS, or would if it could.
    pub fn wants_tls(&self, socket: SocketAddr) -> bool {
        self.catalog.listeners.iter().any(|listener| listener.socket == socket && listener.tls.is_some())
    }

    /// Another API that could take the same requests.
    fn clash(&self, api: &Api) -> Option<&Api> {
        let Listen { port, base_path, .. } = &api.listen;
        let tables = self.plan.listeners.iter().filter(|(socket, _)| socket.port() == *port);
        let mut same_path = tables.flat_map(|(_, listener)| listener.routes.at_base_path(base_path));
        same_path.find_map(|route| {
            let other = self.catalog.apis.get(route.api)?;
            (other.id != api.id && other.listen.clashes_with(&other.version, &api.listen, &api.version))
                .then_some(other)
        })
    }
}

/// Two APIs, of which the first changed, that could both take a request: the first such pair.
pub fn first_clash<'a>(now: &'a InForce, before: &'a InForce) -> Option<(&'a Api, &'a Api)> {
    let mut changed = now.catalog.apis.changes(&before.catalog.apis).into_iter().filter_map(|(_, api)| api);
    changed.find_map(|api| Some((api, now.clash(api)?)))
}

/// Compiles `catalog` into Plan `number`. An API that did not change keeps its compiled form, and with it everything
/// its policies remember; a policy that did not change keeps its state through `states`.
pub fn compile(
    catalog: Catalog,
    number: u64,
    since_ms: i64,
    kinds: &[Kind],
    states: &StateStore,
    tls: &TlsStore,
    previous: &InForce,
) -> InForce {
    let changed = changed_apis(&catalog, &previous.catalog);
    let mut listeners = previous.plan.listeners.clone();
    for id in &changed {
        if let Some(api) = previous.catalog.apis.get(*id) {
            take_out(&mut listeners, api);
        }
    }
    for api in changed.iter().filter_map(|id| catalog.apis.get(*id)) {
        let tls = compile_tls(api, &catalog.certificates, tls);
        let before = previous.catalog.apis.get(api.id).and_then(|before| previous.route(before));
        let route = compile_route(api, &catalog, kinds, states, tls, before.map(Arc::as_ref));
        listeners.entry(api.listen.socket()).or_default().routes.insert(Arc::new(route));
    }
    compile_greetings(&mut listeners, &catalog);
    let clients = ClientDirectory::updated(&previous.plan.clients, &catalog, &previous.catalog);
    let plan = Plan { number, since_ms, listeners, clients };
    InForce { plan: Arc::new(plan), catalog: Arc::new(catalog) }
}

/// The APIs that are new, gone, or changed, their policies, specifications and certificates included.
fn changed_apis(catalog: &Catalog, before: &Catalog) -> BTreeSet<ApiId> {
    let apis = catalog.apis.changes(&before.apis).into_iter();
    let apis = apis.filter_map(|(then, now)| Some(then.or(now)?.id));
    let policies = catalog.policies.changes(&before.policies).into_iter();
    let owners: BTreeSet<_> = policies.filter_map(|(then, now)| Some(then.or(now)?.api_id)).collect();
    let specs = catalog.specs.changes(&before.specs).into_iter();
    let specs = specs.filter_map(|(then, now)| Some(then.or(now)?.api_id));
    let mut changed: BTreeSet<_> = apis.chain(specs).chain(owners.iter().copied().flatten()).collect();
    if owners.contains(&None) {
        changed.extend(catalog.apis.iter().map(|api| api.id));
    }
    if catalog.certificates != before.certificates {
        changed.extend(catalog.apis.iter().filter(|api| names_certificates(api)).map(|api| api.id));
    }
    changed
}

/// Whether what the API's upstreams are greeted with stands in the catalog's certificates.
fn names_certificates(api: &Api) -> bool {
    let mut upstreams = std::iter::once(&api.upstream).chain(api.routes.iter().map(|route| &route.upstream));
    upstreams.any(|upstream| upstream.tls.authority.is_some() || upstream.tls.certificate.is_some())
}

fn take_out(listeners: &mut BTreeMap<SocketAddr, ListenerPlan>, api: &Api) {
    if let Some(listener) = listeners.get_mut(&api.listen.socket()) {
        listener.routes.remove(api.id, &api.listen.base_path);
    }
}

/// What is spoken on each socket. It stays as it is while nothing of it changed; sockets without an API go.
fn compile_greetings(listeners: &mut BTreeMap<SocketAddr, ListenerPlan>, catalog: &Catalog) {
    listeners.retain(|_, listener| !listener.routes.is_empty());
    for (socket, listener) in listeners {
        let settings = catalog.listeners.iter().find(|listener| listener.socket == *socket);
        let tls = settings.and_then(|listener| listener.tls.as_ref());
        let tls = tls.map(|tls| ListenerTls { certificates: shown_by(*socket, tls), ..tls.clone() });
        listener.greeting = Greeting::compile(tls.as_ref(), &catalog.certificates, &listener.greeting);
    }
}

/// How the targets of an API are greeted.
fn compile_tls(api: &Api, certificates: &[Certificate], store: &TlsStore) -> Result<RouteTls, String> {
    let compiled = |upstream: &Upstream| store.client(&upstream.tls, upstream.protocol, certificates);
    let routes = api.routes.iter().map(|route| compiled(&route.upstream));
    Ok(RouteTls { own: compiled(&api.upstream)?, routes: routes.collect::<Result<_, _>>()? })
}

fn compile_route(
    api: &Api,
    catalog: &Catalog,
    kinds: &[Kind],
    states: &StateStore,
    tls: Result<RouteTls, String>,
    previous: Option<&Route>,
) -> Route {
    let chain = compile_chain(api.id, catalog, kinds, states);
    let chain = chain.map_err(|why| format!("its policies cannot be enforced: {why}"));
    let tls = tls.map_err(|why| format!("its upstream's TLS cannot be had: {why}"));
    let compiled = chain.and_then(|chain| Ok((chain, tls?)));
    let (enforcement, tls) = match compiled {
        Ok((chain, tls)) => (Enforcement::Ready(chain), tls),
        Err(why) => (Enforcement::Impossible(why.into()), RouteTls::default()),
    };
    Route::new(api, &tls, enforcement, previous)
}

/// The automated policies, then the API's own.
fn compile_chain(
    api: ApiId,
    catalog: &Catalog,
    kinds: &[Kind],
    states: &StateStore,
) -> Result<Chain, String> {
    let (automated, own) = (catalog.policies_of(None), catalog.policies_of(api));
    let (common, count) = (automated.clone().count(), own.clone().count());
    if common > MAX_AUTOMATED || count > MAX_POLICIES {
        return Err(format!(
            "it has {count} policies of its own and {common} automated ones; \
             {MAX_POLICIES} and {MAX_AUTOMATED} are the most there may be"
        ));
    }
    let spec = catalog.specs.get(api).map(|spec| &*spec.text);
    let automated = automated.map(|applied| Ok(compile_link(applied, api, kinds, states, spec)?.automated()));
    let own = own.map(|applied| {
        let link = compile_link(applied, api, kinds, states, spec)?;
        match replaced_on(&applied.policy, catalog) {
            Some(scopes) => link.replaced_on(&scopes),
            None => Ok(link),
        }
    });
    Ok(Chain::new(automated.chain(own).collect::<Result<Vec<Link>, String>>()?))
}

/// The requests on which automated policies run in the place of an API's own of this kind; all, when there is no row.
pub fn replaced_on(policy: &str, catalog: &Catalog) -> Option<Vec<Scope>> {
    let mut replacing = catalog.replacing(policy).peekable();
    replacing.peek()?;
    let scopes: Vec<&[Scope]> = replacing.map(|automated| &*automated.only).collect();
    let all = scopes.iter().any(|only| only.is_empty());
    Some(if all { Vec::new() } else { scopes.concat() })
}

fn compile_link(
    applied: &AppliedPolicy,
    api: ApiId,
    kinds: &[Kind],
    states: &StateStore,
    spec: Option<&str>,
) -> Result<Link, String> {
    let kind = kinds
        .iter()
        .find(|kind| kind.name == applied.policy)
        .ok_or_else(|| format!("this program has no policy `{}`", applied.policy))?;
    let config = applied.config.to_string();
    let env = Env::new(applied.id, &config, states).in_chain_of(api).described_by(spec);
    // A policy that is off is not compiled, so a faulty one can be switched off to get its API going again.
    let policy = applied.enabled.then(|| kind.compile(&applied.config, &env)).transpose();
    let policy = policy.map_err(|faults| {
        let why: Vec<String> = faults.iter().map(ToString::to_string).collect();
        format!("policy `{}` is not valid: {}", applied.policy, why.join("; "))
    })?;
    let link = Link::new(applied.id, kind.name, kind.acts_on, &applied.only, policy)?;
    Ok(link.placed(kind.place).in_shadow(applied.shadow))
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
            api_id: Some(ApiId(api)),
            policy: policy.into(),
            config: json!({}),
            only: Vec::new(),
            enabled,
            shadow: false,
            position: 0,
            in_force_since: 0,
        }
    }

    fn catalog(apis: Vec<Api>, policies: Vec<AppliedPolicy>) -> Catalog {
        Catalog { apis: apis.into(), policies: policies.into(), ..Catalog::default() }
    }

    fn put_in_force(catalog: Catalog, previous: &InForce) -> InForce {
        compile(catalog, previous.plan.number + 1, 0, KINDS, &StateStore::new(), &TlsStore::new(), previous)
    }

    fn route(in_force: &InForce, id: i64) -> Arc<Route> {
        let mut routes = in_force.plan.listeners.values().flat_map(|listener| listener.routes.routes());
        Arc::clone(routes.find(|route| route.api == ApiId(id)).expect("compiled"))
    }

    #[test]
    fn an_api_whose_policies_cannot_be_enforced_never_runs_open_and_takes_no_other_down() {
        let policies =
            vec![applied(1, "of-a-newer-program", true), applied(2, "client-id-enforcement", true)];
        let catalog = catalog(vec![api(1), api(2)], policies);
        let in_force = put_in_force(catalog, &InForce::default());
        let Enforcement::Impossible(why) = &route(&in_force, 1).enforcement else { panic!("it runs open") };
        assert!(why.contains("of-a-newer-program"));
        assert!(matches!(route(&in_force, 2).enforcement, Enforcement::Ready(_)));
    }

    #[test]
    fn a_faulty_policy_that_is_off_holds_nothing_up() {
        let mut faulty = applied(1, "rate-limiting", false);
        faulty.config = json!({"limits": "none"});
        let catalog = catalog(vec![api(1)], vec![faulty]);
        let in_force = put_in_force(catalog, &InForce::default());
        assert!(matches!(route(&in_force, 1).enforcement, Enforcement::Ready(_)));
    }

    #[test]
    fn what_did_not_change_is_taken_over_as_it_is() {
        let policies =
            vec![applied(1, "client-id-enforcement", true), applied(2, "client-id-enforcement", true)];
        let mut catalog = catalog(vec![api(1), api(2)], policies);
        let first = put_in_force(catalog.clone(), &InForce::default());
        catalog.policies.insert(applied(2, "client-id-enforcement", false));
        let second = put_in_force(catalog, &first);
        assert!(Arc::ptr_eq(&route(&first, 1), &route(&second, 1)));
        assert!(!Arc::ptr_eq(&route(&first, 2), &route(&second, 2)));
        assert!(Arc::ptr_eq(&first.plan.clients, &second.plan.clients));
        assert_eq!(second.plan.number, 2);
    }

    fn automated(id: i64, policy: &str) -> AppliedPolicy {
        AppliedPolicy { api_id: None, ..applied(id, policy, true) }
    }

    #[test]
    fn an_automated_policy_is_compiled_into_every_api_and_others_take_over_what_they_were() {
        let own = applied(1, "client-id-enforcement", true);
        let mut catalog = catalog(vec![api(1), api(2)], vec![own]);
        let first = put_in_force(catalog.clone(), &InForce::default());
        let Enforcement::Ready(none) = &route(&first, 2).enforcement else { panic!("it is ready") };
        assert!(none.is_empty());
        catalog.policies.insert(automated(7, "of-a-newer-program"));
        let second = put_in_force(catalog.clone(), &first);
        for id in [1, 2] {
            assert!(matches!(route(&second, id).enforcement, Enforcement::Impossible(_)), "it runs open");
        }
        catalog.policies.insert(automated(7, "ip-blocklist"));
        catalog.policies.insert(AppliedPolicy { enabled: false, ..automated(7, "ip-blocklist") });
        let third = put_in_force(catalog, &second);
        let Enforcement::Ready(off) = &route(&third, 2).enforcement else { panic!("it is ready") };
        assert!(!off.is_empty(), "it stands in the trail, as off");
    }

    #[test]
    fn one_that_is_off_or_in_shadow_replaces_nothing_and_scopes_add_up() {
        let own = applied(1, "cors", true);
        let get = vec![Scope { methods: vec!["GET".into()], path: None }];
        let put = vec![Scope { methods: vec!["PUT".into()], path: None }];
        let replaced = |policies: Vec<AppliedPolicy>| {
            let policies = (0..).zip(policies).map(|(position, policy)| AppliedPolicy { position, ..policy });
            replaced_on(&own.policy, &catalog(vec![api(1)], policies.collect()))
        };
        let by = |only: &Vec<Scope>| AppliedPolicy { only: only.clone(), ..automated(7, "cors") };
        assert_eq!(replaced(vec![AppliedPolicy { enabled: false, ..by(&get) }]), None);
        assert_eq!(replaced(vec![AppliedPolicy { shadow: true, ..by(&get) }]), None);
        assert_eq!(replaced(vec![automated(7, "ip-blocklist")]), None);
        assert_eq!(replaced(vec![by(&get), by(&put)]), Some([get.clone(), put].concat()));
        assert_eq!(replaced(vec![by(&get), by(&Vec::new())]), Some(Vec::new()));
    }
}
