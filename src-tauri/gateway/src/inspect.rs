//! Policies that look at a body as it passes, without holding it up.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use gatepost_model::{AppliedPolicyId, Outcome, Phase};
use http::HeaderMap;
use http_body::{Body as _, Frame};

use crate::inflate::{Encodings, Inflater, encodings_of};
use crate::{Body, BodyError, Refusal, Unread};

/// Sees a body piece by piece, in order, and may end it. Lives as long as the body.
pub trait Inspector {
    /// The next piece. A refusal ends the body: the sender of a request gets the reply in place of an answer, as long as
    /// no answer has begun; an answer breaks off, and the reply tells only the trail.
    fn inspect(&mut self, piece: &[u8]) -> Result<(), Box<Refusal>>;

    /// Nothing more comes. The last piece waits for this.
    fn end(&mut self) -> Result<(), Box<Refusal>> {
        Ok(())
    }

    /// What follows cannot be looked into; refused unless this says otherwise. Not asked of [`Watch::AsSent`].
    fn unreadable(&mut self, why: Unread) -> Result<(), Box<Refusal>> {
        let note = gatepost_model::Note::new("the body {}").with(why.as_str());
        Err(Refusal::of_caller(why.reply_to_request(), note))
    }
}

/// What an inspector sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// The bytes as they pass.
    AsSent,
    /// What they are once inflated; more than so many bytes of a compressed body, sent or inflated, cannot be looked into.
    Inflated(u64),
}

/// Hand it over with [`Step::inspecting`](crate::Step::inspecting).
pub(crate) struct Inspection {
    pub(crate) inspector: Box<dyn Inspector>,
    pub(crate) watch: Watch,
}

impl std::fmt::Debug for Inspection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inspection({:?})", self.watch)
    }
}

/// What an inspector found after its policy's half had passed the message on.
pub(crate) struct Late {
    pub(crate) applied: AppliedPolicyId,
    pub(crate) policy: &'static str,
    pub(crate) phase: Phase,
    pub(crate) is_automated: bool,
    pub(crate) is_shadow: bool,
    pub(crate) refusal: Cell<Option<Box<Refusal>>>,
}

impl Late {
    pub(crate) fn has_refused(&self) -> bool {
        let refusal = self.refusal.take();
        let has = refusal.is_some();
        self.refusal.set(refusal);
        has
    }

    /// Takes the refusal, as far as the trail goes.
    pub(crate) fn take(&self) -> Option<(Outcome, Box<Refusal>)> {
        let refusal = self.refusal.take()?;
        Some((if self.is_shadow { Outcome::WouldRefuse } else { refusal.outcome }, refusal))
    }
}

/// A body under inspection.
pub struct Inspected {
    inner: Body,
    eye: Option<Eye>,
    late: Rc<Late>,
}

struct Eye {
    watched: Rc<RefCell<Watched>>,
    sight: Sight,
}

enum Sight {
    /// The bytes as they are.
    Plain,
    Inflating(Inflater),
    /// What follows cannot be looked into, and the inspector lets it pass.
    Blind,
}

struct Watched {
    inspector: Box<dyn Inspector>,
    refusal: Option<Box<Refusal>>,
}

impl Inspected {
    /// Puts `inspection` on `body`; `headers` are those of its message.
    pub(crate) fn new(body: Body, inspection: Inspection, headers: &HeaderMap, late: Rc<Late>) -> Box<Self> {
        let watched = Rc::new(RefCell::new(Watched { inspector: inspection.inspector, refusal: None }));
        let encodings = match inspection.watch {
            Watch::AsSent => Ok(Encodings::new()),
            Watch::Inflated(_) => encodings_of(headers),
        };
        let sight = match (encodings, inspection.watch) {
            (Ok(encodings), Watch::Inflated(limit)) if !encodings.is_empty() => {
                let sink = watched.clone();
                Sight::Inflating(Inflater::new(&encodings, limit, move |piece| {
                    sink.borrow_mut().look(piece).map_err(|()| io::Error::other("refused"))
                }))
            }
            (Ok(_), _) => Sight::Plain,
            (Err(why), _) => {
                let watched = &mut *watched.borrow_mut();
                watched.refusal = watched.inspector.unreadable(why).err();
                Sight::Blind
            }
        };
        let eye = Some(Eye { watched, sight });
        Box::new(Self { inner: body, eye, late })
    }

    pub(crate) fn inner(&self) -> &Body {
        &self.inner
    }

    pub(crate) fn inner_mut(&mut self) -> &mut Body {
        &mut self.inner
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = std::pin::Pin::new(&mut self.inner).poll_frame(cx);
        let Some(eye) = &mut self.eye else { return polled };
        let ended = self.inner.is_end_stream();
        let seen = match &polled {
            Poll::Pending | Poll::Ready(Some(Err(_))) => return polled,
            Poll::Ready(None) => eye.end(),
            Poll::Ready(Some(Ok(frame))) => {
                let looked = frame.data_ref().map_or(Ok(()), |data| eye.look(data));
                if ended || frame.is_trailers() { looked.and_then(|()| eye.end()) } else { looked }
            }
        };
        let is_over = ended || matches!(&polled, Poll::Ready(None));
        match seen {
            Ok(()) => {
                if is_over {
                    self.eye = None;
                }
                polled
            }
            Err(refusal) => {
                self.eye = None;
                self.late.refusal.set(Some(refusal));
                if self.late.is_shadow {
                    return polled;
                }
                self.inner = Body::Empty;
                Poll::Ready(Some(Err("a policy refused it as it passed".into())))
            }
        }
    }
}

impl Watched {
    fn look(&mut self, piece: &[u8]) -> Result<(), ()> {
        if self.refusal.is_none() {
            self.refusal = self.inspector.inspect(piece).err();
        }
        if self.refusal.is_some() { Err(()) } else { Ok(()) }
    }
}

impl Eye {
    fn look(&mut self, piece: &[u8]) -> Result<(), Box<Refusal>> {
        match &mut self.sight {
            Sight::Blind => self.verdict(),
            Sight::Plain => {
                let _ = self.watched.borrow_mut().look(piece);
                self.verdict()
            }
            Sight::Inflating(inflater) => {
                let pushed = inflater.push(piece);
                self.after(pushed)
            }
        }
    }

    fn end(&mut self) -> Result<(), Box<Refusal>> {
        if let Sight::Inflating(inflater) = &mut self.sight {
            let finished = inflater.finish();
            self.after(finished)?;
        }
        self.verdict()?;
        if let Sight::Blind = self.sight {
            return Ok(());
        }
        self.watched.borrow_mut().inspector.end()
    }

    fn after(&mut self, inflated: Result<(), Unread>) -> Result<(), Box<Refusal>> {
        self.verdict()?;
        inflated.or_else(|why| {
            self.sight = Sight::Blind;
            self.watched.borrow_mut().inspector.unreadable(why)
        })
    }

    fn verdict(&self) -> Result<(), Box<Refusal>> {
        self.watched.borrow_mut().refusal.take().map_or(Ok(()), Err)
    }
}
