//! The one live stream: calls as they happen, a figure a second, and what changed. For the window's Channel and for
//! server-sent events alike.

use gatepost_traffic::{CallSummary, Second};
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;

use crate::control::{Control, Topic};
use crate::names::Names;
use crate::routes::calls::name_all;

/// One message of the stream.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LiveEvent {
    /// Calls that just ended, oldest first.
    Calls {
        /// At most 200.
        calls: Vec<CallSummary>,
        /// How many more there were in this batch.
        skipped: u64,
    },
    /// What happened in one second.
    Second(Second),
    /// Read these again.
    Changed {
        /// What is affected.
        topics: Vec<Topic>,
    },
}

/// How many messages may wait for a slow reader; when it lags further it is told to read everything again.
const WAITING: usize = 64;

/// Subscribes. The stream ends with the program, or when the reader goes away.
pub fn live(control: &Control) -> impl Stream<Item = LiveEvent> + Send + use<> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let mut calls = control.traffic().subscribe();
    let mut notices = control.notices();
    let control = control.clone();
    tokio::spawn(async move {
        loop {
            let event = tokio::select! {
                () = sender.closed() => return,
                event = calls.recv() => match event {
                    Ok(event) => with_names(event, &control),
                    // What was missed is in the database; the reader asks for it.
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return,
                },
                topics = notices.recv() => match topics {
                    Ok(topics) => LiveEvent::Changed { topics },
                    Err(RecvError::Lagged(_)) => LiveEvent::Changed { topics: EVERYTHING.to_vec() },
                    Err(RecvError::Closed) => return,
                },
            };
            if sender.send(event).await.is_err() {
                return;
            }
        }
    });
    ReceiverStream::new(receiver)
}

const EVERYTHING: &[Topic] = &[
    Topic::Apis,
    Topic::Targets,
    Topic::Policies,
    Topic::Clients,
    Topic::Contracts,
    Topic::Status,
    Topic::Settings,
];

fn with_names(event: gatepost_traffic::LiveEvent, control: &Control) -> LiveEvent {
    match event {
        gatepost_traffic::LiveEvent::Second(second) => LiveEvent::Second(second),
        gatepost_traffic::LiveEvent::Calls { mut calls, skipped } => {
            name_all(&mut calls, Names(&control.in_force().catalog));
            LiveEvent::Calls { calls, skipped }
        }
    }
}
