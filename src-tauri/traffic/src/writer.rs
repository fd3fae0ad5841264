//! The one thread that writes: takes calls from the recorder, numbers them, counts them, stores them, forgets old ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, TransactionBehavior};

use crate::bell::Bell;
use crate::block::{self, Head, OpenBlock};
use crate::database;
use crate::figures::{Tally, tally};
use crate::live::{MAX_CALLS_IN_EVENT, Publisher, Seconds};
use crate::recent::Recent;
use crate::recorder::{Recorder, Taken};
use crate::retention::{Kept, Needed, forget_calls, forget_rollups};
use crate::rollup::{Unsaved, stored};
use crate::settings::{Clock, Retention};
use crate::start::{self, Next};

/// The writer's pause between two turns.
const PAUSE: Duration = Duration::from_millis(50);
/// Counts are written when their minute ends, because a row for each API and client costs more than the call that it
/// counts. The calls' blocks are written at once, so that a start after a kill counts them from there.
const MINUTE_US: i64 = 60_000_000;
/// With so many rows of counts in memory, about 10 MB, they are written before that.
const MOST_ROWS: usize = 32_768;
/// So many rows are written at once where no block tells what they count; more of them once a second.
const FEW_ROWS: usize = 64;
/// The longest that counts which no block tells stay unsaved while all goes well.
const ROWS_EVERY_US: i64 = 1_000_000;
/// How often old calls are looked for.
const FORGET_CALLS_EVERY_US: i64 = 1_000_000;
/// How often old counts are looked for.
const FORGET_ROLLUPS_EVERY_US: i64 = 60_000_000;

/// Name of the state with the number that the next call gets.
pub(crate) const NEXT_ID: &str = "next_id";
/// Name of the state with the number from which on calls are in blocks and not in the counts.
pub(crate) const COUNTED_TO: &str = "counted_to";
/// Name of the state that says when a detail was last dropped, in epoch microseconds.
pub(crate) const DROPPED_AT_US: &str = "dropped_at_us";

/// What the writer shares with those who ask.
pub(crate) struct Shared {
    pub bell: Bell,
    pub recent: Mutex<Recent>,
    pub seconds: Mutex<Seconds>,
    pub retention: Mutex<Retention>,
    pub kept_calls: AtomicU64,
    /// Why nothing can be written at the moment.
    pub fault: Mutex<Option<String>>,
}

/// What the writer owns.
pub(crate) struct Writer {
    recorder: Arc<Recorder>,
    shared: Arc<Shared>,
    clock: Clock,
    connection: Connection,
    publisher: Publisher,
    unsaved: Unsaved,
    /// The calls below this number are in the stored counts.
    counted_to: u64,
    /// Whether something unsaved counts calls that are in no block.
    only_counted: bool,
    open: OpenBlock,
    /// Full, and not in the database yet.
    sealed: Vec<OpenBlock>,
    open_has_grown: bool,
    /// When a detail was dropped that the database does not know of yet.
    dropped_at_us: Option<i64>,
    kept: Kept,
    /// Bytes and calls of the open block that `kept` has already.
    open_kept: Kept,
    rows_saved_us: i64,
    calls_forgotten_us: i64,
    rollups_forgotten_us: i64,
    // Emptied after every turn; here so that their memory is used again.
    taken: Taken,
    counts: Tally,
}

impl Writer {
    pub fn new(
        recorder: Arc<Recorder>,
        shared: Arc<Shared>,
        clock: Clock,
        connection: Connection,
        publisher: Publisher,
        next: Next,
    ) -> rusqlite::Result<Self> {
        let kept = Kept::count(&connection)?;
        shared.kept_calls.store(kept.calls, Ordering::Relaxed);
        Ok(Self {
            recorder,
            shared,
            clock,
            connection,
            publisher,
            unsaved: next.uncounted,
            counted_to: next.counted_to,
            only_counted: false,
            open: OpenBlock::begin(next.id),
            sealed: Vec::new(),
            open_has_grown: false,
            dropped_at_us: None,
            kept,
            open_kept: Kept::default(),
            rows_saved_us: i64::MIN,
            calls_forgotten_us: i64::MIN,
            rollups_forgotten_us: i64::MIN,
            taken: Taken::default(),
            counts: Tally::new(),
        })
    }

    /// Works until told to close.
    pub fn run(mut self) {
        let _last_word = LastWord(Arc::clone(&self.shared));
        loop {
            let ring = self.shared.bell.wait(PAUSE);
            self.turn(ring.wants_counts);
            self.shared.bell.done(ring);
            if ring.is_closing {
                return;
            }
        }
    }

    fn turn(&mut self, wants_counts: bool) {
        let only_counted = self.recorder.drain(&mut self.taken, &mut self.counts);
        let now_us = (self.clock)();
        if only_counted > 0 {
            self.dropped_at_us = Some(now_us);
            self.only_counted = true;
        }
        self.store_batch(only_counted);
        self.publish_counts(now_us);
        let saved = self.save(now_us, wants_counts).and_then(|()| self.forget(now_us));
        self.say_whether_it_works(saved);
        self.publisher.send(&self.shared.seconds.lock(), now_us);
    }

    /// Counts the calls and writes them into blocks.
    fn store_batch(&mut self, only_counted: u64) {
        self.open_has_grown |= self.taken.len() > 0;
        let told = if self.publisher.has_listeners() { MAX_CALLS_IN_EVENT } else { 0 };
        let untold = self.taken.len().saturating_sub(told);
        self.publisher.skip(only_counted + untold as u64);
        for (nth, call) in self.taken.calls().enumerate() {
            tally(&mut self.counts, call.facts);
            if self.open.is_full() {
                let next = OpenBlock::begin(self.open.next_id());
                self.sealed.push(std::mem::replace(&mut self.open, next));
            }
            match self.open.push(&call) {
                Some(id) if nth >= untold => self.publisher.take(Head::of(&call).summary(id)),
                Some(_) => {}
                None => {
                    self.recorder.note_dropped(1);
                    self.only_counted = true;
                }
            }
        }
        self.taken.clear();
    }

    fn publish_counts(&mut self, now_us: i64) {
        if self.counts.is_empty() {
            return;
        }
        let now_s = now_us.div_euclid(1_000_000);
        self.shared.recent.lock().add(&self.counts, now_s);
        self.shared.seconds.lock().add(&self.counts, now_s);
        self.publisher.touched(&self.counts);
        self.unsaved.add(&self.counts);
        self.counts.clear();
    }

    /// Writes what is new, all or nothing. What cannot be written loses its detail; its counts wait for the next turn.
    fn save(&mut self, now_us: i64, wants_counts: bool) -> rusqlite::Result<()> {
        let save_rows = self.unsaved.rows() > 0 && (wants_counts || self.rows_are_due(now_us));
        if !save_rows && !self.open_has_grown && self.sealed.is_empty() && self.dropped_at_us.is_none() {
            return Ok(());
        }
        let saved = self.write(save_rows);
        let sealed = std::mem::take(&mut self.sealed);
        match saved {
            Ok(kept) => {
                self.open_kept = Kept { calls: self.open.calls, bytes: size_of(&self.open) };
                self.kept = kept;
                self.shared.kept_calls.store(kept.calls, Ordering::Relaxed);
                self.open_has_grown = false;
                self.dropped_at_us = None;
                if save_rows {
                    self.unsaved.clear();
                    self.only_counted = false;
                    self.counted_to = self.open.next_id();
                    self.rows_saved_us = now_us;
                }
                Ok(())
            }
            Err(error) => {
                if !sealed.is_empty() {
                    // The first of them was the open block: what of it was written before stays.
                    let lost = sealed.iter().map(|block| block.calls).sum::<u64>() - self.open_kept.calls;
                    self.recorder.note_dropped(lost);
                    self.dropped_at_us = Some(now_us);
                    self.only_counted = true;
                    self.open_kept = Kept::default();
                }
                Err(error)
            }
        }
    }

    /// Whether counts are to be written though nobody asks for them.
    fn rows_are_due(&self, now_us: i64) -> bool {
        let rows = self.unsaved.rows();
        let second_is_over = is_due(now_us, self.rows_saved_us, ROWS_EVERY_US);
        rows >= MOST_ROWS
            || self.open.next_id() - self.counted_to >= start::MAX_CALLS
            || now_us.div_euclid(MINUTE_US) != self.rows_saved_us.div_euclid(MINUTE_US)
            || (self.only_counted && (rows <= FEW_ROWS || second_is_over))
    }

    /// One transaction with the blocks, the counts if `rows`, and the next number. Returns what is kept after it.
    fn write(&mut self, rows: bool) -> rusqlite::Result<Kept> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut kept = self.kept;
        kept.calls -= self.open_kept.calls;
        kept.bytes -= self.open_kept.bytes;
        let mut insert = transaction.prepare_cached(
            "INSERT OR REPLACE INTO call_block VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        for block in self.sealed.iter().chain([&self.open]).filter(|block| block.calls > 0) {
            insert.execute((
                stored(block.first_id),
                stored(block.next_id() - 1),
                block.from_us,
                block.to_us,
                block.ended_us,
                stored(block.calls),
                stored(size_of(block)),
                block::FORMAT,
                &block.heads,
                &block.details,
            ))?;
            kept.calls += block.calls;
            kept.bytes += size_of(block);
        }
        drop(insert);
        if rows {
            self.unsaved.save(&transaction)?;
            database::set_state(&transaction, COUNTED_TO, stored(self.open.next_id()))?;
        }
        database::set_state(&transaction, NEXT_ID, stored(self.open.next_id()))?;
        if let Some(at_us) = self.dropped_at_us {
            database::set_state(&transaction, DROPPED_AT_US, at_us)?;
        }
        transaction.commit()?;
        Ok(kept)
    }

    fn forget(&mut self, now_us: i64) -> rusqlite::Result<()> {
        let retention = *self.shared.retention.lock();
        let too_many = self.kept.calls > retention.calls.saturating_add(block::MAX_CALLS)
            || self.kept.bytes > retention.bytes;
        if too_many || is_due(now_us, self.calls_forgotten_us, FORGET_CALLS_EVERY_US) {
            if self.forget_calls(&retention, now_us)? {
                self.save(now_us, true)?;
                self.forget_calls(&retention, now_us)?;
            }
            self.calls_forgotten_us = now_us;
        }
        if is_due(now_us, self.rollups_forgotten_us, FORGET_ROLLUPS_EVERY_US)
            && !forget_rollups(&self.connection, &retention, now_us)?
        {
            self.rollups_forgotten_us = now_us;
        }
        Ok(())
    }

    /// Forgets calls that are counted. Returns whether uncounted ones are to go too.
    fn forget_calls(&mut self, retention: &Retention, now_us: i64) -> rusqlite::Result<bool> {
        let needed = Needed { open_block: self.open.first_id, uncounted: self.counted_to };
        let transaction = self.connection.transaction()?;
        let (kept, meets_uncounted) = forget_calls(&transaction, self.kept, needed, retention, now_us)?;
        transaction.commit()?;
        self.kept = kept;
        self.shared.kept_calls.store(kept.calls, Ordering::Relaxed);
        Ok(meets_uncounted)
    }

    /// Warns once when writing begins to fail, and tells when it works again.
    fn say_whether_it_works(&self, saved: rusqlite::Result<()>) {
        let mut fault = self.shared.fault.lock();
        match (saved, fault.is_some()) {
            (Ok(()), true) => {
                tracing::info!("traffic.db can be written again");
                *fault = None;
            }
            (Err(error), was_failing) => {
                if !was_failing {
                    tracing::warn!(%error, "traffic.db cannot be written; calls are counted, their details dropped");
                }
                *fault = Some(error.to_string());
            }
            (Ok(()), false) => {}
        }
    }
}

/// Ends the waiting of others however the thread ends.
struct LastWord(Arc<Shared>);

impl Drop for LastWord {
    fn drop(&mut self) {
        self.0.bell.gone();
    }
}

fn size_of(block: &OpenBlock) -> u64 {
    (block.heads.len() + block.details.len()) as u64
}

/// Whether so much time has passed since; also when the clock was set back.
fn is_due(now_us: i64, last_us: i64, every_us: i64) -> bool {
    !(0..every_us).contains(&now_us.saturating_sub(last_us))
}
