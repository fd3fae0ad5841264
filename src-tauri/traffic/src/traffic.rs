//! The door to all recorded traffic: open, record, ask, listen, close.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use gatepost_model::CallSink;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::broadcast;

use crate::analytics::{Analytics, AnalyticsQuery, Collector};
use crate::bell::Bell;
use crate::call::{Call, CallFilter, CallPage};
use crate::database::{self, TrafficError};
use crate::figures::Count;
use crate::live::{LiveEvent, Publisher, Second};
use crate::range::Range;
use crate::recorder::Recorder;
use crate::rollup::{self, Selection};
use crate::search;
use crate::settings::{Clock, Retention, Settings};
use crate::start::Start;
use crate::writer::{Shared, Writer};

/// All recorded traffic of one data folder. Every question blocks for as long as the disk takes, so asynchronous callers
/// ask from a thread that may wait.
pub struct Traffic {
    recorder: Arc<Recorder>,
    shared: Arc<Shared>,
    live: broadcast::Sender<LiveEvent>,
    // Two readers, so that a list does not wait for a chart.
    calls: Mutex<Connection>,
    counts: Mutex<Connection>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// How the recording goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Calls counted since the start.
    pub recorded: u64,
    /// Of those, the ones that are only counted, because the writer could not keep up or the disk failed.
    pub dropped_details: u64,
    /// Calls that can be looked at now.
    pub kept_calls: u64,
    /// Why nothing can be written at the moment; calls are counted on.
    pub fault: Option<String>,
}

impl Traffic {
    /// Opens `traffic.db` in a folder, for so many data-plane threads, and starts the writer. A file that cannot be read
    /// is moved aside.
    ///
    /// # Errors
    /// When the folder cannot be written, the disk fails, or no thread can be started.
    pub fn open(
        dir: &Path,
        workers: NonZeroUsize,
        settings: Settings,
        clock: Clock,
    ) -> Result<Self, TrafficError> {
        let now_us = clock();
        let connection = database::open(dir, now_us)?;
        let start = Start::read(&connection, now_us)?;
        let recorder = Arc::new(Recorder::new(workers, settings.queue_capacity));
        let shared = Arc::new(Shared {
            bell: Bell::default(),
            recent: Mutex::new(start.recent),
            seconds: Mutex::new(start.seconds),
            retention: Mutex::new(settings.retention),
            kept_calls: AtomicU64::new(0),
            fault: Mutex::new(None),
        });
        let publisher = Publisher::new(now_us);
        let live = publisher.sender();
        let calls = Mutex::new(database::open_reader(dir)?);
        let counts = Mutex::new(database::open_reader(dir)?);
        let writer = Writer::new(
            Arc::clone(&recorder),
            Arc::clone(&shared),
            clock,
            connection,
            publisher,
            start.next,
        )?;
        let thread =
            std::thread::Builder::new().name("traffic-writer".to_owned()).spawn(move || writer.run());
        let thread =
            thread.map_err(|source| TrafficError::File { path: dir.join(database::FILE), source })?;
        Ok(Self { recorder, shared, live, calls, counts, writer: Mutex::new(Some(thread)) })
    }

    /// Where the gateway leaves its calls.
    pub fn recorder(&self) -> Arc<dyn CallSink> {
        Arc::clone(&self.recorder) as Arc<dyn CallSink>
    }

    /// Waits until everything recorded before can be found by the questions below, usually some milliseconds.
    ///
    /// # Errors
    /// When recording has ended.
    pub fn flush(&self) -> Result<(), TrafficError> {
        self.wait_for_turn(false)
    }

    /// With `counts`, also until all counts are written, which otherwise wait for their minute to end.
    fn wait_for_turn(&self, counts: bool) -> Result<(), TrafficError> {
        if self.shared.bell.wait_for_turn(counts) { Ok(()) } else { Err(TrafficError::Closed) }
    }

    /// Writes everything and ends the recording; what is recorded later is lost. Questions are still answered.
    pub fn close(&self) {
        let Some(writer) = self.writer.lock().take() else { return };
        self.shared.bell.close();
        if writer.join().is_err() {
            tracing::error!("the writer of traffic.db had failed");
        }
    }

    /// How the recording goes.
    pub fn recording(&self) -> Recording {
        Recording {
            recorded: self.recorder.recorded(),
            dropped_details: self.recorder.dropped(),
            kept_calls: self.shared.kept_calls.load(Ordering::Relaxed),
            fault: self.shared.fault.lock().clone(),
        }
    }

    /// How long things are kept.
    pub fn retention(&self) -> Retention {
        *self.shared.retention.lock()
    }

    /// Changes how long things are kept, from the next second on.
    pub fn set_retention(&self, retention: Retention) {
        *self.shared.retention.lock() = retention;
    }

    /// Switches the recording on or off, from the next call on. While it is off calls are neither kept nor counted.
    pub fn set_recording(&self, on: bool) {
        self.recorder.switch(on);
    }

    /// Everything that happens from now on, at most 25 events a second. A listener that falls 128 events behind misses
    /// some, which its receiver tells.
    pub fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.live.subscribe()
    }

    /// The last 15 minutes by second, oldest first, without seconds in which no call ended.
    pub fn recent_seconds(&self) -> Vec<Second> {
        self.shared.seconds.lock().all()
    }

    /// Calls, newest first: at most `limit` (1 to 500), with numbers below `before`. Looks at 50,000 calls at most, so a
    /// page may be short, even empty, and still say where to go on.
    ///
    /// # Errors
    /// When the database fails.
    pub fn calls(
        &self,
        filter: &CallFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<CallPage, TrafficError> {
        Ok(search::page(&self.calls.lock(), filter, before, limit)?)
    }

    /// The call of this number; none when it is not kept.
    ///
    /// # Errors
    /// When the database fails.
    pub fn call(&self, id: u64) -> Result<Option<Call>, TrafficError> {
        Ok(search::call(&self.calls.lock(), id)?)
    }

    /// The last calls with everything that is known of them, newest first, those that have just ended included: at most
    /// `limit` (1 to 500) among the newest 50,000.
    ///
    /// # Errors
    /// When recording has ended or the database fails.
    pub fn last_calls(&self, filter: &CallFilter, limit: usize) -> Result<Vec<Call>, TrafficError> {
        self.flush()?;
        let page = self.calls(filter, None, limit)?;
        // One by one, so that others who ask wait for one at most.
        let calls = page.calls.iter().filter_map(|call| self.call(call.id).transpose());
        calls.collect()
    }

    /// The newest call with this `x-request-id`, among the newest 50,000, those that have just ended included.
    ///
    /// # Errors
    /// When recording has ended or the database fails.
    pub fn call_by_request_id(&self, request_id: &str) -> Result<Option<Call>, TrafficError> {
        self.flush()?;
        let connection = self.calls.lock();
        let Some(id) = search::with_request_id(&connection, request_id)? else { return Ok(None) };
        Ok(search::call(&connection, id)?)
    }

    /// Figures of a range of time, calls that have just ended included. A range of at most 16 minutes within the last
    /// half hour has steps of 5 to 55 seconds, unless longer ones are asked for; all others have whole minutes.
    ///
    /// # Errors
    /// When recording has ended or the database fails.
    pub fn analytics(&self, query: &AnalyticsQuery) -> Result<Analytics, TrafficError> {
        let selection = Selection { api: query.api_id, client: query.client_app_id };
        if let Some(range) = Range::fine(query.from_ms, query.to_ms, query.step_s) {
            self.flush()?;
            if let Some(figures) = self.fine_analytics(range, selection) {
                return Ok(figures);
            }
        }
        self.wait_for_turn(true)?;
        let range = Range::coarse(query.from_ms, query.to_ms, query.step_s);
        let connection = self.counts.lock();
        let mut collector = Collector::new(range);
        rollup::read(&connection, (range.from, range.to), selection, |second, key, sums| {
            collector.add(second, key, sums);
        })?;
        let before = counted_before(&connection, range, selection)?;
        Ok(collector.finish(&before))
    }

    /// From the slots in memory; none when those do not reach back far enough.
    fn fine_analytics(&self, range: Range, selection: Selection) -> Option<Analytics> {
        let recent = self.shared.recent.lock();
        let before = range.before();
        // The time before may reach back further than the range itself does; both must come from the same place.
        if !recent.covers(before.from) {
            return None;
        }
        let chosen = |from, to| recent.between(from, to).filter(|(_, key, _)| selection.has(key));
        let mut collector = Collector::new(range);
        chosen(range.from, range.to).for_each(|(second, key, sums)| collector.add(second, key, sums));
        let mut count = Count::default();
        chosen(before.from, before.to).for_each(|(_, key, sums)| count.add(key, sums));
        drop(recent);
        Some(collector.finish(&count))
    }
}

/// What was counted in the same length of time before a range of whole minutes.
fn counted_before(
    connection: &Connection,
    range: Range,
    selection: Selection,
) -> Result<Count, TrafficError> {
    let before = range.before();
    let mut count = Count::default();
    rollup::read(connection, (before.from, before.to), selection, |_, key, sums| count.add(key, sums))?;
    Ok(count)
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.close();
    }
}
