//! Calls: the recorder's other end, rollups, queries, retention.

mod analytics;
mod call;
mod figures;
mod histogram;
mod live;
mod range;
mod recent;
mod settings;

pub use analytics::{
    Analytics, AnalyticsQuery, ApiFigures, ClientFigures, PlanChange, PolicyRefusals, SeriesPoint, Spread,
};
pub use call::{BadStatusFilter, Call, CallFilter, CallPage, CallSummary, StatusFilter, TrailEntry};
pub use figures::Figures;
pub use live::{LiveEvent, Second};
pub use settings::{Clock, Retention, Settings, system_clock};
