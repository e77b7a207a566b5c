//! One socket: what it was told, what waits for it, and when it is given up. Lives on its worker's thread.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_ws::{CloseCode, CloseReason, Message, MessageStream, ProtocolError, Session};
use bytestring::ByteString;
use futures_util::Sink;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use super::Holder;
use super::frame::{Bye, Frame};
use super::places::Place;
use super::presence::Looking;
use crate::clock::Clock;
use crate::web::views::View;

/// What may wait for a socket that does not read, in bytes; more, and it is cut.
pub const BACKLOG_BYTES_MAX: usize = 1 << 20;
/// The same, in texts.
pub const BACKLOG_FRAMES_MAX: usize = 1_024;
/// How long a text may wait for a socket that does not read, in milliseconds; longer, and it is cut.
pub const BACKLOG_MS_MAX: u64 = 20_000;
/// The largest frame a client may send, in bytes; larger, and it is closed with 1009.
pub const CLIENT_FRAME_BYTES_MAX: usize = 4 << 10;
/// Messages a client may send in [`CLIENT_WINDOW_S`]; screens send none but answers to pings.
pub const CLIENT_MESSAGES_MAX: u32 = 200;
/// The window for that, in seconds.
pub const CLIENT_WINDOW_S: u64 = 10;
/// A client that was not heard for so long is pinged, in milliseconds.
pub const PING_MS: u64 = 8_000;
/// A client that was not heard for so long, two pings unanswered, is gone, in milliseconds.
pub const SILENCE_MS_MAX: u64 = 24_000;
/// How long the last words to a client may take, in milliseconds.
const FAREWELL_MS_MAX: u64 = 500;

/// Texts that wait for a socket.
#[derive(Debug, Default)]
struct Backlog {
    texts: VecDeque<(Instant, ByteString)>,
    bytes: usize,
    /// A task is on it.
    draining: bool,
}

/// Whether a message was taken.
enum Offered {
    Taken,
    /// The pipe is full.
    Full,
    Gone,
}

/// One socket on its worker.
pub(super) struct Socket {
    pub(super) id: u64,
    pub(super) view: View,
    pub(super) holder: Holder,
    /// None once it is over.
    session: RefCell<Option<Session>>,
    /// The revision it was told last; `None` until it has its first text.
    told: Cell<Option<u64>>,
    backlog: RefCell<Backlog>,
    heard_at: Cell<Instant>,
    pinged_at: Cell<Instant>,
    over: Notify,
    clock: Clock,
    looking: Option<Looking>,
    _place: Place,
}

impl Socket {
    pub(super) fn new(id: u64, view: View, holder: Holder, session: Session, clock: Clock, looking: Option<Looking>, place: Place) -> Self {
        let now = Instant::now();
        Self {
            id,
            view,
            holder,
            session: RefCell::new(Some(session)),
            told: Cell::new(None),
            backlog: RefCell::default(),
            heard_at: Cell::new(now),
            pinged_at: Cell::new(now),
            over: Notify::new(),
            clock,
            looking,
            _place: place,
        }
    }

    /// The first text: a snapshot, or what was missed. True at `rev`.
    pub(super) fn welcome(self: &Rc<Self>, text: ByteString, rev: u64) {
        self.told.set(Some(rev));
        self.send(text);
    }

    /// The next text of its view.
    pub(super) fn tell(self: &Rc<Self>, frame: &Frame) {
        if let Some(told) = self.told.get() {
            self.told.set(Some(frame.rev().max(told)));
            self.send(frame.text(told));
        }
    }

    /// Never waits: what the pipe does not take at once is put by, and who does not read is cut.
    fn send(self: &Rc<Self>, text: ByteString) {
        let free = !self.backlog.borrow().draining;
        if free {
            match self.offer(Message::Text(text.clone())) {
                Offered::Taken => return,
                Offered::Gone => return self.end(None, None),
                Offered::Full => {}
            }
        }
        let mut backlog = self.backlog.borrow_mut();
        backlog.bytes += text.len();
        backlog.texts.push_back((Instant::now(), text));
        // One text alone may be of any size: it is the state of a view, and bounded there.
        let too_much = backlog.texts.len() > 1 && backlog.bytes > BACKLOG_BYTES_MAX;
        let too_many = backlog.texts.len() > BACKLOG_FRAMES_MAX;
        backlog.draining = true;
        drop(backlog);
        if too_much || too_many {
            self.end(Some(Bye::Slow), None);
        } else if free {
            actix_web::rt::spawn(Rc::clone(self).drain());
        }
    }

    fn offer(&self, message: Message) -> Offered {
        let mut waker = Context::from_waker(Waker::noop());
        match self.poll_ready(&mut waker) {
            Poll::Pending => Offered::Full,
            Poll::Ready(false) => Offered::Gone,
            Poll::Ready(true) => {
                if self.put(message) {
                    Offered::Taken
                } else {
                    Offered::Gone
                }
            }
        }
    }

    /// Whether the pipe takes a message; `false` when there is none any more.
    fn poll_ready(&self, waker: &mut Context<'_>) -> Poll<bool> {
        let mut session = self.session.borrow_mut();
        let Some(session) = session.as_mut() else { return Poll::Ready(false) };
        Pin::new(session).poll_ready(waker).map(|ready| ready.is_ok())
    }

    /// Puts a message into a pipe that said it would take one.
    fn put(&self, message: Message) -> bool {
        let mut session = self.session.borrow_mut();
        session.as_mut().is_some_and(|session| Pin::new(session).start_send(message).is_ok())
    }

    /// Hands over what waits as the client reads; gives up when it does not.
    async fn drain(self: Rc<Self>) {
        loop {
            let Some(queued_at) = self.oldest() else { return };
            let until = queued_at + Duration::from_millis(BACKLOG_MS_MAX);
            match timeout_at(until, poll_fn(|waker| self.poll_ready(waker))).await {
                Ok(true) => {}
                Ok(false) => return self.end(None, None),
                Err(_) => return self.end(Some(Bye::Slow), None),
            }
            let next = self.backlog.borrow_mut().texts.pop_front();
            let Some((_, text)) = next else { continue };
            {
                let mut backlog = self.backlog.borrow_mut();
                backlog.bytes = backlog.bytes.saturating_sub(text.len());
            }
            if !self.put(Message::Text(text)) {
                return self.end(None, None);
            }
        }
    }

    /// Since when the first waiting text waits; none ends the draining.
    fn oldest(&self) -> Option<Instant> {
        let mut backlog = self.backlog.borrow_mut();
        let oldest = backlog.texts.front().map(|(at, _)| *at);
        backlog.draining = oldest.is_some();
        oldest
    }

    /// Lets the client go, with last words where there are any. What waited is dropped.
    pub(super) fn end(&self, bye: Option<Bye>, close: Option<CloseCode>) {
        let Some(mut session) = self.session.borrow_mut().take() else { return };
        *self.backlog.borrow_mut() = Backlog::default();
        self.over.notify_one();
        let words = bye.map(|bye| bye.text(self.id));
        let code = close.unwrap_or(if bye.is_some() { CloseCode::Away } else { CloseCode::Normal });
        actix_web::rt::spawn(async move {
            let said = async {
                if let Some(words) = words {
                    session.text(words).await?;
                }
                session.close(Some(CloseReason::from(code))).await
            };
            // Whoever does not take the last words does without.
            let _said = timeout(Duration::from_millis(FAREWELL_MS_MAX), said).await;
        });
    }

    /// Pings a client that is silent, and gives up one that stays so.
    pub(super) fn mind(&self, now: Instant) {
        let silent = now.duration_since(self.heard_at.get());
        if silent >= Duration::from_millis(SILENCE_MS_MAX) {
            return self.end(None, None);
        }
        let ping = Duration::from_millis(PING_MS);
        if silent >= ping && now.duration_since(self.pinged_at.get()) >= ping {
            self.pinged_at.set(now);
            // A pipe that is full has a text in it that the client does not read: the backlog sees to that.
            let _full_or_gone = self.offer(Message::Ping(bytes::Bytes::new()));
        }
    }

    fn heard(&self) {
        self.heard_at.set(Instant::now());
        if let Some(looking) = &self.looking {
            looking.heard(self.clock.now());
        }
    }

    /// Reads what the client sends, until either side has had enough. Nothing a client says matters but that it is there.
    pub(super) async fn listen(&self, mut messages: MessageStream) {
        let mut window = (Instant::now(), 0_u32);
        loop {
            let message = tokio::select! {
                () = self.over.notified() => return,
                message = messages.recv() => message,
            };
            match message {
                None | Some(Ok(Message::Close(_))) => return self.end(None, None),
                Some(Err(ProtocolError::Overflow)) => return self.end(None, Some(CloseCode::Size)),
                Some(Err(_)) => return self.end(None, Some(CloseCode::Protocol)),
                Some(Ok(Message::Ping(bytes))) => {
                    let _full_or_gone = self.offer(Message::Pong(bytes));
                }
                Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Continuation(_) | Message::Pong(_) | Message::Nop)) => {}
            }
            self.heard();
            if window.0.elapsed() >= Duration::from_secs(CLIENT_WINDOW_S) {
                window = (Instant::now(), 0);
            }
            window.1 += 1;
            if window.1 > CLIENT_MESSAGES_MAX {
                return self.end(None, Some(CloseCode::Policy));
            }
        }
    }
}
