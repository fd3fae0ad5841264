//! The running whole: store, traffic, gateway and the Plan in force. Every change goes through [`Control::save`].

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use gatepost_gateway::{Gateway, Kind, Plan, StateStore, TlsStore};
use gatepost_model::Fault;
use gatepost_policies::KINDS;
use gatepost_store::{Store, Write};
use gatepost_traffic::{Traffic, system_clock};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::broadcast;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::plan::{InForce, compile, first_clash};
use crate::sample::Sample;
use crate::{tls, warning};

/// How often a port that could not be had is tried again, and Plans that nobody runs any more are freed.
const TICK: Duration = Duration::from_secs(5);
/// How many Plans may wait to be freed before a save does it.
const MAX_RETIRED: usize = 64;
/// How often certificates are looked at for those that expire.
const KEEP_UP: Duration = Duration::from_secs(3_600);
/// How long running calls may take to finish when the program stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How often listeners are told that targets changed, at most.
const TELL_OF_TARGETS: Duration = Duration::from_millis(200);
/// How often it is looked whether something goes wrong.
const LOOK_AT_OPERATION: Duration = Duration::from_secs(1);
/// How many "changed" notices a slow listener may lag behind.
const NOTICES: usize = 64;

/// How to start.
pub struct Options {
    /// Where `gatepost.db` and `traffic.db` are.
    pub data_dir: PathBuf,
    /// Data-plane threads.
    pub workers: NonZeroUsize,
    /// No window.
    pub headless: bool,
}

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The catalog.
    #[error(transparent)]
    Store(#[from] gatepost_store::OpenError),
    /// The calls.
    #[error("The calls cannot be recorded: {0}")]
    Traffic(#[from] gatepost_traffic::TrafficError),
    /// The catalog could be opened, but not read.
    #[error("The catalog cannot be read: {0}")]
    Read(#[from] gatepost_store::StoreError),
    /// The data plane's threads.
    #[error("The gateway cannot start: {0}")]
    Gateway(#[from] std::io::Error),
}

/// What a "changed" notice is about: listeners read it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The list of APIs, or one of them.
    Apis,
    /// How the targets behind APIs are: one became fit or unfit.
    Targets,
    /// An API's policies.
    Policies,
    /// Client apps and their credentials.
    Clients,
    /// Who may call what.
    Contracts,
    /// Certificates, the local authority, and how listeners greet.
    Certificates,
    /// Listeners, the Plan, the sample API.
    Status,
    /// Settings.
    Settings,
}

/// The running whole. Cheap to clone.
#[derive(Clone)]
pub struct Control(Arc<Inner>);

struct Inner {
    store: Store,
    traffic: Traffic,
    gateway: Gateway,
    states: StateStore,
    tls: TlsStore,
    in_force: ArcSwap<InForce>,
    /// What was in force and may still be in use: kept so that no gateway thread is the last to let go of it, which
    /// would cost that thread the time to free it.
    retired: Mutex<Vec<Arc<Plan>>>,
    /// One save at a time.
    saving: Mutex<()>,
    notices: broadcast::Sender<Vec<Topic>>,
    sample: Sample,
    options: Options,
    started_at: i64,
}

impl Inner {
    fn retire(&self, plan: Arc<Plan>) {
        let mut retired = self.retired.lock();
        retired.push(plan);
        let full = retired.len() > MAX_RETIRED;
        drop(retired);
        if full {
            self.free_retired();
        }
    }

    /// Frees the Plans that nobody runs any more.
    fn free_retired(&self) {
        let mut retired = self.retired.lock();
        let (used, free): (Vec<_>, Vec<_>) =
            retired.drain(..).partition(|plan: &Arc<Plan>| Arc::strong_count(plan) > 1);
        *retired = used;
        drop(retired);
        drop(free);
    }
}

impl Control {
    /// Opens the data folder, compiles the Plan and starts the gateway. Must run inside a tokio runtime, which also
    /// tries failed ports again from time to time.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let store = Store::open(&options.data_dir)?;
        let settings = crate::routes::settings::Settings::load(&store)?;
        let kept = gatepost_traffic::Settings { retention: settings.retention(), ..Default::default() };
        let traffic = Traffic::open(&options.data_dir, options.workers, kept, system_clock())?;
        traffic.set_recording(settings.recording);
        let gateway = Gateway::start(options.workers, traffic.recorder(), settings.gateway_limits())?;
        let control = Self(Arc::new(Inner {
            traffic,
            gateway,
            states: StateStore::new(),
            tls: TlsStore::new(),
            in_force: ArcSwap::from_pointee(InForce::default()),
            retired: Mutex::default(),
            saving: Mutex::new(()),
            notices: broadcast::Sender::new(NOTICES),
            sample: Sample::default(),
            started_at: now_ms(),
            options,
            store,
        }));
        control.enforce_stored()?;
        control.tick();
        control.tell_of_targets();
        control.keep_certificates_up();
        control.tell_of_operation();
        Ok(control)
    }

    /// Puts what is in the store in force.
    fn enforce_stored(&self) -> Result<(), OpenError> {
        let catalog = self.0.store.load()?;
        let last = self.0.store.changes(1)?.into_iter().next();
        let (number, since) = last.map_or((0, self.0.started_at), |change| (change.number, change.at_ms));
        let in_force =
            compile(catalog, number, since, KINDS, &self.0.states, &self.0.tls, &InForce::default());
        self.0.gateway.apply(Arc::clone(&in_force.plan));
        self.0.in_force.store(Arc::new(in_force));
        Ok(())
    }

    fn tick(&self) {
        let inner = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(TICK).await;
                let Some(inner) = inner.upgrade() else { return };
                inner.free_retired();
                let before = inner.gateway.listeners();
                if inner.gateway.retry_failed() != before {
                    // Nobody listening is fine.
                    let _ = inner.notices.send(vec![Topic::Status, Topic::Apis]);
                }
            }
        });
    }

    /// Tells listeners when something begins or ends to go wrong.
    fn tell_of_operation(&self) {
        let inner = Arc::downgrade(&self.0);
        let mut before = Vec::new();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK_AT_OPERATION).await;
                let Some(inner) = inner.upgrade() else { return };
                let control = Self(inner);
                let warnings = warning::of_operation(&control);
                let kinds: Vec<_> = warnings.into_iter().map(|warning| warning.kind).collect();
                if kinds != before {
                    control.notify(vec![Topic::Status]);
                    before = kinds;
                }
            }
        });
    }

    fn tell_of_targets(&self) {
        let inner = Arc::downgrade(&self.0);
        let mut changes = self.0.gateway.target_changes();
        tokio::spawn(async move {
            while changes.changed().await.is_ok() {
                let Some(inner) = inner.upgrade() else { return };
                // Nobody listening is fine.
                let _ = inner.notices.send(vec![Topic::Targets]);
                drop(inner);
                tokio::time::sleep(TELL_OF_TARGETS).await;
            }
        });
    }

    /// Changes the catalog and puts the change in force: the closure writes, the Plan is compiled from what it wrote,
    /// the transaction commits, the gateway swaps. Whole or not at all (invariant 1). `what` is for the history.
    pub async fn save<T: Send + 'static>(
        &self,
        what: impl Into<String>,
        topics: &'static [Topic],
        change: impl FnOnce(&mut Write<'_>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (control, what) = (self.clone(), what.into());
        let value = blocking(move || {
            let value = control.save_now(&what, change)?;
            control.keep_up_now();
            Ok::<_, ApiError>(value)
        });
        let value = value.await??;
        let mut topics = topics.to_vec();
        topics.push(Topic::Status);
        self.notify(topics);
        Ok(value)
    }

    /// Looks at start and every hour whether certificates of the local authority must be made anew.
    fn keep_certificates_up(&self) {
        let inner = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                let Some(inner) = inner.upgrade() else { return };
                let control = Self(inner);
                let kept = blocking(move || {
                    if control.keep_up_now() {
                        control.notify(vec![Topic::Certificates, Topic::Status]);
                    }
                });
                if let Err(error) = kept.await {
                    tracing::error!(%error, "keeping certificates up");
                }
                tokio::time::sleep(KEEP_UP).await;
            }
        });
    }

    /// Makes what is due of the local authority's certificates; true when anything was. What was saved before stands,
    /// whatever comes of this.
    fn keep_up_now(&self) -> bool {
        if !tls::is_due(&self.in_force().catalog, now_ms()) {
            return false;
        }
        let kept =
            self.save_now("Renewed certificates of the local authority", |tx| tls::keep_up(tx, now_ms()));
        if let Err(error) = &kept {
            tracing::warn!(%error, "certificates of the local authority could not be made anew");
        }
        kept.is_ok()
    }

    fn save_now<T>(
        &self,
        what: &str,
        change: impl FnOnce(&mut Write<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let inner = &self.0;
        let _one_at_a_time = inner.saving.lock();
        let now = now_ms();
        let before = inner.in_force.load_full();
        let (value, in_force) = inner.store.write(what, now, |tx| {
            let value = change(tx)?;
            let in_force = compile(tx.load()?, tx.number(), now, KINDS, &inner.states, &inner.tls, &before);
            refuse_clashes(&in_force, &before)?;
            Ok::<_, ApiError>((value, in_force))
        })?;
        inner.gateway.apply(Arc::clone(&in_force.plan));
        inner.in_force.store(Arc::new(in_force));
        inner.retire(Arc::clone(&before.plan));
        Ok(value)
    }

    /// The Plan in force and its catalog.
    pub(crate) fn in_force(&self) -> Arc<InForce> {
        self.0.in_force.load_full()
    }

    /// Every policy there is.
    pub(crate) fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }

    pub(crate) fn gateway(&self) -> &Gateway {
        &self.0.gateway
    }

    pub(crate) fn sample(&self) -> &Sample {
        &self.0.sample
    }

    pub(crate) fn started_at(&self) -> i64 {
        self.0.started_at
    }

    pub(crate) fn headless(&self) -> bool {
        self.0.options.headless
    }

    /// Where the data is.
    pub fn data_dir(&self) -> &Path {
        &self.0.options.data_dir
    }

    /// Tells listeners what changed.
    pub(crate) fn notify(&self, topics: Vec<Topic>) {
        // Nobody listening is fine.
        let _ = self.0.notices.send(topics);
    }

    pub(crate) fn notices(&self) -> broadcast::Receiver<Vec<Topic>> {
        self.0.notices.subscribe()
    }

    /// Addresses the gateway listens on, as text such as `http://127.0.0.1:8081`, and those it could not have.
    pub fn listeners(&self) -> Vec<(String, Option<String>)> {
        crate::routes::status::listeners(self)
            .into_iter()
            .map(|listener| (listener.url(), listener.message))
            .collect()
    }

    /// Stops accepting, lets running calls finish for a while, and writes everything out.
    pub async fn stop(&self) {
        let control = self.clone();
        let stopped = blocking(move || {
            control.0.gateway.drain(DRAIN);
            control.0.traffic.close();
        });
        if let Err(error) = stopped.await {
            tracing::error!(%error, "stopping");
        }
    }
}

/// Runs what may wait for the disk away from the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ApiError::Internal(format!("a task of the program broke off: {error}")))
}

/// Two APIs that could both take a request: a fault of the one that changed.
fn refuse_clashes(now: &InForce, before: &InForce) -> Result<(), ApiError> {
    let Some((api, other)) = first_clash(now, before) else { return Ok(()) };
    let (path, port) = (&api.listen.base_path, api.listen.port);
    Err(ApiError::Taken(Fault::new(
        "listen.base_path",
        format!(
            "{path} on port {port} is taken by {} {}; choose another base path, port or host",
            other.name, other.version
        ),
    )))
}

/// Epoch milliseconds.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
