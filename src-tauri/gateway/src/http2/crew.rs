//! Who serves the streams of one worker: tasks that take one stream after the other, so that none is made and thrown
//! away for each.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::server::{Job, serve_stream};
use crate::worker::Worker;

/// Most tasks that are kept while they have nothing to do.
const MAX_WAITING: usize = 256;

/// The tasks.
#[derive(Default)]
pub(crate) struct Crew {
    waiting: RefCell<Vec<Rc<Hand>>>,
    busy: Cell<usize>,
}

/// One of them, as those see it who have work for it.
#[derive(Default)]
struct Hand {
    job: RefCell<Option<Job>>,
    waker: RefCell<Option<Waker>>,
}

impl Crew {
    /// Whether this worker may serve one more stream.
    pub(super) fn has_room(worker: &Worker) -> bool {
        worker.crew.busy.get() < worker.limits.get().max_streams
    }

    /// Has a stream served.
    pub(super) fn take_on(worker: &Rc<Worker>, job: Job) {
        let crew = &worker.crew;
        crew.busy.set(crew.busy.get() + 1);
        let waiting = crew.waiting.borrow_mut().pop();
        match waiting {
            Some(hand) => hand.give(job),
            None => {
                let hand = Rc::new(Hand::default());
                hand.give(job);
                tokio::task::spawn_local(work(worker.clone(), hand));
            }
        }
    }

    /// Notes that a stream is over; false where enough wait for the next one already.
    fn wait(&self, hand: &Rc<Hand>) -> bool {
        self.busy.set(self.busy.get() - 1);
        let mut waiting = self.waiting.borrow_mut();
        let stays = waiting.len() < MAX_WAITING;
        if stays {
            waiting.push(hand.clone());
        }
        stays
    }
}

impl Hand {
    fn give(&self, job: Job) {
        self.job.replace(Some(job));
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    async fn next(&self) -> Job {
        poll_fn(|cx| match self.job.take() {
            Some(job) => Poll::Ready(job),
            None => {
                self.waker.replace(Some(cx.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }
}

async fn work(worker: Rc<Worker>, hand: Rc<Hand>) {
    loop {
        serve_stream(&worker, hand.next().await).await;
        if !worker.crew.wait(&hand) {
            return;
        }
    }
}
