//! Calls: the recorder's other end, rollups, queries, retention.

mod analytics;
mod batch;
mod bell;
mod block;
mod call;
mod database;
mod delta;
mod figures;
mod histogram;
mod live;
mod range;
mod recent;
mod recorder;
mod retention;
mod rollup;
mod search;
mod settings;
mod start;
mod traffic;
mod writer;

pub use analytics::{
    Analytics, AnalyticsQuery, ApiFigures, ClientFigures, PlanChange, PolicyRefusals, SeriesPoint, Spread,
};
pub use call::{BadStatusFilter, Call, CallFilter, CallPage, CallSummary, StatusFilter, TrailEntry};
pub use database::TrafficError;
pub use figures::Figures;
pub use live::{LiveEvent, Second};
pub use settings::{Clock, Retention, Settings, system_clock};
pub use traffic::{Recording, Traffic};
