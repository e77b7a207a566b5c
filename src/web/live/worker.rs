//! The sockets of one worker thread, and the one task that walks them: a few at a time, so that clerks' requests come between.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::frame::{Bye, Frame};
use super::socket::Socket;
use super::{Live, ToHub};
use crate::web::views::View;

/// Sockets told before others get their turn.
const STRIDE: usize = 64;
/// Rounds that may wait for a worker; then the hub gathers more into the next one.
pub(super) const ORDERS_MAX: usize = 8;
/// Between two looks for silent sockets, in milliseconds.
const TICK_MS: u64 = 1_000;
/// Ticks between two looks whether every holder may still look: sessions also end by themselves.
const RECHECK_TICKS: u32 = 4;

/// What the hub tells a worker, in order.
#[derive(Clone)]
pub(super) enum ToWorker {
    /// The next text of each view.
    Round(Arc<Vec<(View, Arc<Frame>)>>),
    /// The first text of one socket, true at `rev`. The guard says to the hub that somebody looks.
    Welcome { socket: u64, text: ByteString, rev: u64, watch: Arc<()> },
    /// What these look at is no longer there.
    Gone(View),
    /// What this one wants to look at is not there.
    Refuse(u64),
    /// Somebody may have lost the right to look.
    Recheck,
    /// The server closes.
    Farewell,
}

/// The sockets of one worker thread.
pub(super) struct Bench {
    live: Live,
    sockets: RefCell<HashMap<u64, Rc<Socket>>>,
    /// Those that have had their first text, by what they look at.
    by_view: RefCell<HashMap<View, BTreeMap<u64, Rc<Socket>>>>,
    watches: RefCell<HashMap<u64, Arc<()>>>,
    ticks: Cell<u32>,
}

/// What one worker thread has of the live line; made in the application's factory, for every worker anew.
#[derive(Default)]
pub struct Local {
    bench: OnceCell<(u64, Rc<Bench>)>,
}

impl Local {
    /// The worker's bench; the first who asks has it made and its task started.
    pub(super) fn bench(&self, live: &Live) -> (u64, Rc<Bench>) {
        let made = self.bench.get_or_init(|| {
            let bench = Rc::new(Bench {
                live: live.clone(),
                sockets: RefCell::default(),
                by_view: RefCell::default(),
                watches: RefCell::default(),
                ticks: Cell::new(0),
            });
            let id = live.new_id();
            let (orders, taken) = mpsc::channel(ORDERS_MAX);
            actix_web::rt::spawn(Rc::clone(&bench).work(id, orders, taken));
            (id, bench)
        });
        (made.0, Rc::clone(&made.1))
    }
}

impl Bench {
    /// Seats a socket that waits for its first text.
    pub(super) fn seat(&self, socket: Rc<Socket>) {
        self.sockets.borrow_mut().insert(socket.id, socket);
    }

    /// Takes a socket off.
    pub(super) fn leave(&self, socket: &Socket) {
        self.sockets.borrow_mut().remove(&socket.id);
        self.watches.borrow_mut().remove(&socket.id);
        let mut by_view = self.by_view.borrow_mut();
        if let Some(there) = by_view.get_mut(&socket.view) {
            there.remove(&socket.id);
            if there.is_empty() {
                by_view.remove(&socket.view);
            }
        }
    }

    async fn work(self: Rc<Self>, id: u64, orders: mpsc::Sender<ToWorker>, mut taken: mpsc::Receiver<ToWorker>) {
        if self.live.hub().send(ToHub::Worker { id, orders }).await.is_err() {
            return;
        }
        let mut tick = interval(Duration::from_millis(TICK_MS));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                order = taken.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => return self.each_of(self.all(), |socket| socket.end(Some(Bye::Restart), None)).await,
                },
                _ = tick.tick() => self.tick().await,
            }
        }
    }

    async fn obey(&self, order: ToWorker) {
        match order {
            ToWorker::Round(frames) => {
                for (view, frame) in frames.iter() {
                    self.each_of(self.at(view), |socket| socket.tell(frame)).await;
                }
            }
            ToWorker::Welcome { socket, text, rev, watch } => {
                let Some(socket) = self.sockets.borrow().get(&socket).cloned() else { return };
                self.watches.borrow_mut().insert(socket.id, watch);
                self.by_view.borrow_mut().entry(socket.view.clone()).or_default().insert(socket.id, Rc::clone(&socket));
                socket.welcome(text, rev);
            }
            ToWorker::Gone(view) => self.each_of(self.at(&view), |socket| socket.end(Some(Bye::Revoked), None)).await,
            ToWorker::Refuse(id) => {
                let socket = self.sockets.borrow().get(&id).cloned();
                if let Some(socket) = socket {
                    socket.end(Some(Bye::Revoked), None);
                }
            }
            ToWorker::Recheck => self.recheck().await,
            ToWorker::Farewell => self.each_of(self.all(), |socket| socket.end(Some(Bye::Restart), None)).await,
        }
    }

    async fn tick(&self) {
        let now = Instant::now();
        self.each_of(self.all(), |socket| socket.mind(now)).await;
        self.ticks.set((self.ticks.get() + 1) % RECHECK_TICKS);
        if self.ticks.get() == 0 {
            self.recheck().await;
        }
    }

    async fn recheck(&self) {
        self.each_of(self.all(), |socket| {
            if !self.live.may_look(&socket.holder) {
                socket.end(Some(Bye::Revoked), None);
            }
        })
        .await;
    }

    fn all(&self) -> Vec<Rc<Socket>> {
        self.sockets.borrow().values().cloned().collect()
    }

    fn at(&self, view: &View) -> Vec<Rc<Socket>> {
        self.by_view.borrow().get(view).map(|there| there.values().cloned().collect()).unwrap_or_default()
    }

    async fn each_of(&self, sockets: Vec<Rc<Socket>>, does: impl Fn(&Rc<Socket>)) {
        for some in sockets.chunks(STRIDE) {
            some.iter().for_each(&does);
            yield_now().await;
        }
    }
}
