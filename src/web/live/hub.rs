//! The hub: one task for a process that makes the next text of each view that somebody looks at, from one look at the hall.
//!
//! A text tells the state exactly at its revision, and the events since the one before; so the state is captured first, and
//! the feed is read up to that revision. What comes meanwhile goes into the next text.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::SecondsFormat;
use tokio::sync::{mpsc, watch};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};

use super::foresight::Foresight;
use super::frame::{Frame, Stamp, Told, events_text, snapshot_text};
use super::presence::Presence;
use super::worker::ToWorker;
use super::{Options, ToHub};
use crate::domain::event::{Event, EventBody};
use crate::feed::{BATCH_EVENTS_MAX, Feed};
use crate::json;
use crate::keeper::{Condition, Keeper};
use crate::store::Journal;
use crate::web::views::{Around, HealthBrief, StoreHealth, View, event_for, state_json, teams_of};

/// The longest silence of a socket that is told nothing else, in milliseconds; the wire promises five seconds.
const BEAT_MS: u64 = 4_000;
/// Between two rounds at least, in milliseconds: what comes meanwhile shares one.
pub(super) const ROUND_MS_MIN: u64 = 8;
/// Views that are made in one round at most; the others follow in the next.
const ROUND_VIEWS_MAX: usize = 128;
/// Views captured before others get their turn.
const CAPTURE_STRIDE: usize = 8;
/// Sockets welcomed in one round at most.
const ROUND_JOINS_MAX: usize = 1_024;
/// How long a round waits for the feed to read what is committed, in milliseconds.
const FEED_MS_MAX: u64 = 500;
/// When a round failed, the next attempt comes after this long, in milliseconds.
const RETRY_MS: u64 = 200;
/// Who was away for more events than this gets a snapshot.
pub(super) const RESUME_EVENTS_MAX: u64 = 20_000;
/// A text of what was missed that is larger than this gives way to a snapshot, in bytes.
pub(super) const RESUME_BYTES_MAX: usize = 900 << 10;

/// A view that somebody looks at.
struct Shown {
    /// The revision that sockets in step were told last.
    told: u64,
    /// The revision of the last capture; no news between `told` and it.
    captured: u64,
    /// As last told.
    state: Arc<str>,
    /// Something happened that this view is about.
    urgent: bool,
    /// Not before this instant, unless urgent.
    next_at: Instant,
    /// At this instant at the latest.
    beat_at: Instant,
    /// Every socket holds a clone.
    watch: Arc<()>,
}

/// A socket that waits for its first text.
struct Joiner {
    worker: u64,
    socket: u64,
    has: Option<u64>,
}

/// A view as it was at one revision.
struct Captured {
    view: View,
    state: Option<Arc<str>>,
    rev: u64,
}

pub(super) struct Hub<J> {
    keeper: Keeper<J>,
    feed: Feed,
    options: Options,
    presence: Presence,
    foresight: Arc<Foresight>,
    epoch: Arc<str>,
    workers: HashMap<u64, mpsc::Sender<ToWorker>>,
    shown: BTreeMap<View, Shown>,
    joiners: BTreeMap<View, Vec<Joiner>>,
    /// Events up to here were looked at for what is urgent.
    seen: u64,
    /// The last of them.
    last_seen: Option<Arc<Event>>,
    round_at: Instant,
}

/// How long a view that an event is not about may lag behind it.
const fn lag(view: &View) -> Duration {
    Duration::from_millis(match view {
        View::Board => 0,
        View::Kiosk => 100,
        View::Display(_) | View::Counter(_) | View::Lead | View::Hotline | View::Team(_) => 250,
        View::Ticket(_) => 1_000,
    })
}

impl<J: Journal> Hub<J> {
    pub(super) fn new(keeper: Keeper<J>, feed: Feed, options: Options, presence: Presence, foresight: Arc<Foresight>) -> Self {
        // An epoch is letters and digits.
        let epoch = format!("\"{}\"", keeper.epoch()).into();
        let seen = *keeper.board_rev().borrow();
        let (workers, shown, joiners) = (HashMap::new(), BTreeMap::new(), BTreeMap::new());
        foresee(&keeper, &options, &foresight);
        Self { keeper, feed, options, presence, foresight, epoch, workers, shown, joiners, seen, last_seen: None, round_at: Instant::now() }
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<ToHub>, mut closing: watch::Receiver<bool>) {
        let mut rev = self.keeper.board_rev();
        loop {
            let wake = self.wake_at(*rev.borrow_and_update());
            tokio::select! {
                _ = closing.wait_for(|closing| *closing) => break,
                message = inbox.recv() => match message {
                    Some(message) => self.take(message),
                    None => break,
                },
                changed = rev.changed() => if changed.is_err() { break },
                () = sleep_until(wake) => {}
            }
            // Several who come at once are welcomed together.
            let mut taken = 1;
            while taken < ROUND_JOINS_MAX
                && let Ok(message) = inbox.try_recv()
            {
                self.take(message);
                taken += 1;
            }
            let now = Instant::now();
            if now >= self.round_at {
                self.round_at = now + Duration::from_millis(ROUND_MS_MIN);
                self.round(now).await;
                self.foresight.want(self.shown.contains_key(&View::Board));
            }
        }
        self.send(&ToWorker::Farewell).await;
    }

    fn take(&mut self, message: ToHub) {
        match message {
            ToHub::Worker { id, orders } => {
                self.workers.insert(id, orders);
            }
            ToHub::Join { worker, socket, view, has } => self.joiners.entry(view).or_default().push(Joiner { worker, socket, has }),
        }
    }

    /// When there is something to do, if nothing else happens.
    fn wake_at(&self, rev: u64) -> Instant {
        let due = self.shown.values().map(|shown| due_at(shown, rev, self.seen));
        let soonest = due.min().unwrap_or_else(|| Instant::now() + Duration::from_millis(BEAT_MS));
        let soonest = if self.joiners.is_empty() { soonest } else { Instant::now() };
        soonest.max(self.round_at)
    }

    /// Makes and hands out the texts that are due.
    async fn round(&mut self, now: Instant) {
        self.shown.retain(|_, shown| Arc::strong_count(&shown.watch) > 1);
        let rev = *self.keeper.board_rev().borrow();
        if !self.has_read(rev).await {
            return self.round_without_feed(now).await;
        }
        self.note_urgent(rev).await;
        let due: BTreeSet<View> = {
            let joined = self.joiners.keys().cloned();
            let pressing = self.shown.iter().filter(|(_, shown)| shown.urgent).map(|(view, _)| view.clone());
            let due = self.shown.iter().filter(|(_, shown)| due_at(shown, rev, self.seen) <= now).map(|(view, _)| view.clone());
            joined.chain(pressing).chain(due).take(ROUND_VIEWS_MAX).collect()
        };
        if due.is_empty() {
            return;
        }
        let captured = self.capture(due).await;
        let highest = captured.iter().map(|one| one.rev).max().unwrap_or(rev);
        if !self.has_read(highest).await {
            return self.round_without_feed(now).await;
        }
        let at = self.instant();
        let mut frames = Vec::new();
        let mut orders = Vec::new();
        for one in captured {
            let stamp = Stamp { epoch: Arc::clone(&self.epoch), rev: one.rev, at: Arc::clone(&at) };
            self.next_of(one, &stamp, now, &mut frames, &mut orders).await;
        }
        if !frames.is_empty() {
            self.send(&ToWorker::Round(Arc::new(frames))).await;
        }
        for (worker, order) in orders {
            match worker {
                Some(worker) => self.send_to(worker, order).await,
                None => self.send(&order).await,
            }
        }
    }

    /// Waits, not long, until the feed has what is committed.
    async fn has_read(&self, rev: u64) -> bool {
        let read = timeout(Duration::from_millis(FEED_MS_MAX), self.feed.reached(rev)).await;
        matches!(read, Ok(Ok(())))
    }

    /// The feed is away: sockets are told that nothing new is known, and joiners wait.
    async fn round_without_feed(&mut self, now: Instant) {
        let at = self.instant();
        let beat = Duration::from_millis(BEAT_MS);
        let mut frames = Vec::new();
        for (view, shown) in &mut self.shown {
            shown.next_at = now + Duration::from_millis(RETRY_MS);
            if shown.beat_at <= now {
                shown.beat_at = now + beat;
                let stamp = Stamp { epoch: Arc::clone(&self.epoch), rev: shown.told, at: Arc::clone(&at) };
                frames.push((view.clone(), Arc::new(Frame::beat(stamp, shown.told))));
            }
        }
        if !frames.is_empty() {
            self.send(&ToWorker::Round(Arc::new(frames))).await;
        }
        self.round_at = now + Duration::from_millis(RETRY_MS);
    }

    /// Looks through what is new for views that it is about, and for rights that were taken away.
    async fn note_urgent(&mut self, rev: u64) {
        let mut recheck = false;
        while self.seen < rev {
            let read = self.feed.since(self.seen, BATCH_EVENTS_MAX).await;
            let Some(batch) = read.ok().filter(|batch| !batch.events.is_empty()) else {
                // What cannot be looked through may be about anything.
                self.shown.values_mut().for_each(|shown| shown.urgent = true);
                self.seen = rev;
                recheck = true;
                break;
            };
            for event in &batch.events {
                recheck |= takes_rights(&event.body);
                if self.shown.is_empty() {
                    continue;
                }
                for view in about(event) {
                    if let Some(shown) = self.shown.get_mut(&view) {
                        shown.urgent = true;
                    }
                }
            }
            self.seen = batch.last;
            self.last_seen = batch.events.last().cloned();
        }
        if recheck {
            self.send(&ToWorker::Recheck).await;
        }
    }

    /// Looks at the hall once for each view.
    async fn capture(&self, views: BTreeSet<View>) -> Vec<Captured> {
        let health = || self.health();
        let waits = (self.options.waits)();
        let devices = |hall: &crate::domain::hall::Hall| self.presence.of(hall);
        let around = Around { now: self.keeper.clock().now(), demo: self.options.demo, waits: &waits, devices: &devices, health: &health };
        let mut captured = Vec::with_capacity(views.len());
        for (index, view) in views.into_iter().enumerate() {
            let foreseen = if view == View::Board { self.foreseen() } else { None };
            captured.push(foreseen.unwrap_or_else(|| {
                let (state, rev) = self.keeper.read(|hall| (state_json(&view, hall, &around), hall.rev));
                Captured { view, state: state.map(Arc::from), rev }
            }));
            if index % CAPTURE_STRIDE == CAPTURE_STRIDE - 1 {
                yield_now().await;
            }
        }
        captured
    }

    /// The board, where it was drawn before its last event was written and nothing came since.
    fn foreseen(&self) -> Option<Captured> {
        let last = self.last_seen.as_ref().filter(|last| last.rev == *self.keeper.board_rev().borrow())?;
        let state = self.foresight.take(last)?;
        Some(Captured { view: View::Board, state: Some(state), rev: last.rev })
    }

    /// Now, as the wire spells it.
    fn instant(&self) -> Arc<str> {
        self.keeper.clock().now().to_rfc3339_opts(SecondsFormat::Millis, true).into()
    }

    fn health(&self) -> HealthBrief {
        let store = match &*self.keeper.condition().borrow() {
            Condition::Well => StoreHealth::Ok,
            Condition::Away(_) | Condition::Unsafe(_) => StoreHealth::Away,
        };
        HealthBrief { store, ..(self.options.health)() }
    }

    /// The next text of one view, and the first texts of those who join it.
    async fn next_of(
        &mut self,
        captured: Captured,
        stamp: &Stamp,
        now: Instant,
        frames: &mut Vec<(View, Arc<Frame>)>,
        orders: &mut Vec<(Option<u64>, ToWorker)>,
    ) {
        let Captured { view, state, rev } = captured;
        let joiners = self.joiners.remove(&view).unwrap_or_default();
        let Some(state) = state else {
            self.shown.remove(&view);
            orders.push((None, ToWorker::Gone(view)));
            orders.extend(joiners.into_iter().map(|joiner| (Some(joiner.worker), ToWorker::Refuse(joiner.socket))));
            return;
        };
        if let Some(shown) = self.shown.get(&view) {
            let events = self.told_between(&view, shown.told, rev).await;
            let shown = self.shown.get_mut(&view);
            if let Some(frame) = shown.and_then(|shown| shown.next(stamp, now, events, &state, lag(&view))) {
                frames.push((view.clone(), Arc::new(frame)));
            }
        }
        if joiners.is_empty() {
            return;
        }
        let texts = self.first_texts(&view, &joiners, stamp, &state).await;
        let shown = self.shown.entry(view).or_insert_with(|| Shown {
            told: rev,
            captured: rev,
            state,
            urgent: false,
            next_at: now,
            beat_at: now + Duration::from_millis(BEAT_MS),
            watch: Arc::default(),
        });
        for (joiner, text) in joiners.into_iter().zip(texts) {
            let watch = Arc::clone(&shown.watch);
            orders.push((Some(joiner.worker), ToWorker::Welcome { socket: joiner.socket, text, rev, watch }));
        }
    }

    /// What each of those who join is told first: what it missed, where that can be had, or the whole state.
    async fn first_texts(&self, view: &View, joiners: &[Joiner], stamp: &Stamp, state: &str) -> Vec<bytestring::ByteString> {
        let rev = stamp.rev;
        let resumes = |has: u64| has <= rev && rev - has <= RESUME_EVENTS_MAX;
        let oldest = joiners.iter().filter_map(|joiner| joiner.has).filter(|has| resumes(*has)).min();
        let missed = match oldest {
            Some(oldest) => self.told_between(view, oldest, rev).await,
            None => None,
        };
        let snapshot = snapshot_text(stamp, state);
        let mut made: HashMap<u64, bytestring::ByteString> = HashMap::new();
        let first = |joiner: &Joiner| {
            let Some((missed, has)) = missed.as_ref().zip(joiner.has.filter(|has| resumes(*has))) else { return snapshot.clone() };
            let text = made.entry(has).or_insert_with(|| {
                let own = missed.get(missed.partition_point(|told| told.rev <= has)..).unwrap_or_default();
                let size: usize = own.iter().map(|told| told.json.len() + 1).sum();
                if size > RESUME_BYTES_MAX { snapshot.clone() } else { events_text(stamp, has, own, state) }
            });
            text.clone()
        };
        joiners.iter().map(first).collect()
    }

    /// What a view is told of the events after `after` up to `rev`; `None` when they cannot be had any more.
    async fn told_between(&self, view: &View, after: u64, rev: u64) -> Option<Vec<Told>> {
        let mut told = Vec::new();
        let mut at = after;
        if rev.saturating_sub(after) > RESUME_EVENTS_MAX {
            return None;
        }
        while at < rev {
            let batch = self.feed.since(at, BATCH_EVENTS_MAX).await.ok().filter(|batch| !batch.events.is_empty())?;
            let ours = batch.events.iter().filter(|event| event.rev <= rev).filter_map(|event| event_for(view, event));
            told.extend(ours.map(|event| Told { rev: event.rev, json: json::text(&event, json::EVENT_BYTES).unwrap_or_default() }));
            at = batch.last;
        }
        Some(told)
    }

    /// To every worker; one that is busy makes nobody wait who is not.
    async fn send(&mut self, order: &ToWorker) {
        let mut busy = Vec::new();
        self.workers.retain(|id, orders| match orders.try_send(order.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                busy.push(*id);
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        });
        for worker in busy {
            self.send_to(worker, order.clone()).await;
        }
    }

    async fn send_to(&mut self, worker: u64, order: ToWorker) {
        if let Some(orders) = self.workers.get(&worker)
            && orders.send(order).await.is_err()
        {
            self.workers.remove(&worker);
        }
    }
}

/// Has the board drawn while a call that comes alone is written.
fn foresee<J: Journal>(keeper: &Keeper<J>, options: &Options, foresight: &Arc<Foresight>) {
    // The keeper holds this as long as it lives, and must not live because of it.
    let (waits, demo, clock, foresight) = (Arc::downgrade(&options.waits), options.demo, keeper.clock().clone(), Arc::clone(foresight));
    keeper.foreseen_by(Box::new(move |hall, last| {
        let Some(waits) = waits.upgrade() else { return };
        // A board shows neither devices nor the server's health.
        let (now, waits) = (clock.now(), waits());
        let around = Around { now, demo, waits: &waits, devices: &|_| Vec::new(), health: &HealthBrief::default };
        foresight.draw(last, || state_json(&View::Board, hall, &around));
    }));
}

impl Shown {
    /// What its sockets are told next: news, or a sign of life where that is due. `None` events are lost: everything anew.
    fn next(&mut self, stamp: &Stamp, now: Instant, events: Option<Vec<Told>>, state: &Arc<str>, lag: Duration) -> Option<Frame> {
        self.urgent = false;
        self.captured = stamp.rev;
        self.next_at = now + lag;
        let prev = self.told;
        let news = events.as_ref().is_none_or(|events| !events.is_empty()) || self.state != *state;
        if !news && now < self.beat_at {
            return None;
        }
        self.told = stamp.rev;
        self.beat_at = now + Duration::from_millis(BEAT_MS);
        if !news {
            return Some(Frame::beat(stamp.clone(), prev));
        }
        self.state = Arc::clone(state);
        Some(match events {
            Some(events) => Frame::events(stamp.clone(), prev, events, Arc::clone(state)),
            None => Frame::snapshot(stamp.clone(), state),
        })
    }
}

/// When a view is made next, the hall standing at `rev` and its events read up to `seen`.
fn due_at(shown: &Shown, rev: u64, seen: u64) -> Instant {
    // What was not looked through yet may be urgent.
    if shown.urgent || seen < rev {
        return shown.next_at.min(Instant::now());
    }
    if shown.captured < rev { shown.next_at.min(shown.beat_at) } else { shown.beat_at }
}

/// The views that an event is about, so that they are told at once. An operator's typing is no hurry to anybody else.
fn about(event: &Event) -> impl Iterator<Item = View> {
    let described = event_for(&View::Lead, event);
    let of_hotline = matches!(&event.body, EventBody::Phone(_) | EventBody::Incident(_)).then_some(View::Hotline);
    let teams: Vec<View> = teams_of(&event.body).cloned().map(View::Team).collect();
    let ticket = event.body.ticket().map(View::Ticket);
    let counter = described.as_ref().and_then(|told| told.counter.clone());
    let board = event_for(&View::Board, event).map(|_| View::Board);
    let at_counter = counter.into_iter().flat_map(|no| [View::Counter(no.clone()), View::Display(no)]);
    board.into_iter().chain(ticket).chain(at_counter).chain(of_hotline).chain(teams)
}

/// Whether somebody may have lost the right to look.
fn takes_rights(body: &EventBody) -> bool {
    ["account.", "session.ended", "device.revoked"].iter().any(|kind| body.kind().starts_with(kind))
}
