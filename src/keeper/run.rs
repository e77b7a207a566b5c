//! The keeper's one task: gathers commands, decides them in order, commits them together, and heals after the journal was away.
//!
//! While one round is on its way to the disk, the next is decided upon it and sent behind it. The journal writes the second only
//! where the first is the last that was written; where it is not, both are decided again. Answers leave in order, each when its
//! own round is committed.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{FuturesOrdered, StreamExt as _};
use tokio::sync::{mpsc, watch};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until};

use super::load::{self, Read, fold};
use super::round::{Landed, Names, Pending, Round, answer, answer_repeated, refuse};
use super::{
    BATCH_COMMANDS_MAX, Condition, Fault, Inner, Job, Keeper, OpenError, Options, QUEUE_COMMANDS_MAX, READ_EVENTS_MAX, Reply, Request,
};
use super::{Decided, mirror};
use crate::domain::actor::{Actor, Caller};
use crate::domain::command::Command;
use crate::domain::event::{EVENT_VERSION, Event, EventBody};
use crate::domain::hall::Hall;
use crate::domain::refusal::Refusal;
use crate::domain::{apply, decide, turn_day};
use crate::json;
use crate::store::{Commit, Committed, Entry, Journal, JournalError, KeyedReply, Position};

mod keeping;

/// Batches of foreign entries that may wait.
const FOREIGN_BATCHES_MAX: usize = 64;
/// Rounds that are on their way at once.
const FLIGHTS_MAX: usize = 2;
/// How often a batch is decided anew because another process was faster.
const STALE_ROUNDS_MAX: u32 = 40;
/// How long to wait between looks at a journal that is away.
const PROBE_MS: u64 = 100;
/// How long to look for a commit whose answer was lost, before its callers are told that nobody knows.
const SETTLE_MS: u64 = 600;
/// How long nobody looks whether something fell due, in milliseconds: a clock that was put forward is noticed within this.
const LOOK_MS_MAX: i64 = 2_000;
/// Service days whose replies are kept and searched.
const REPLY_DAYS: usize = 3;

pub(super) async fn open<J: Journal>(options: Options<J>) -> Result<Keeper<J>, OpenError> {
    let Options { journal, clock, shared } = options;
    let Read { hall, epoch, saved_rev } = load::read(&*journal).await?;
    let (jobs, jobs_rx) = mpsc::channel(QUEUE_COMMANDS_MAX);
    let (foreign, foreign_rx) = mpsc::channel(FOREIGN_BATCHES_MAX);
    let inner = Arc::new(Inner {
        journal,
        clock,
        shared,
        epoch,
        hall: RwLock::new(hall.clone()),
        rev: watch::Sender::new(hall.rev),
        board_rev: watch::Sender::new(hall.rev),
        condition: watch::Sender::new(Condition::Well),
        foresee: OnceLock::new(),
    });
    let run = Run {
        inner: Arc::clone(&inner),
        committed_rev: hall.rev,
        tentative: hall,
        saved_rev,
        tidied_rev: 0,
        reply_days: Vec::new(),
        reply_days_of: None,
        flights: FuturesOrdered::new(),
        sent: None,
        sent_commands: 0,
        foreseen: None,
        gathered: Vec::new(),
        waiting: Vec::new(),
        heard_rev: 0,
        names: Names::new()?,
    };
    tokio::spawn(run.run(jobs_rx, foreign_rx));
    Ok(Keeper { inner, jobs, foreign })
}

struct Run<J> {
    inner: Arc<Inner<J>>,
    /// The committed hall with the events of the rounds on their way folded in; equal to it when there are none.
    tentative: Hall,
    committed_rev: u64,
    saved_rev: u64,
    /// Where the journal was last asked to tidy up.
    tidied_rev: u64,
    /// Service days whose replies are searched, newest first.
    reply_days: Vec<String>,
    /// The open day that they were found for.
    reply_days_of: Option<NaiveDate>,
    /// Rounds on their way, in the order in which they were sent.
    flights: FuturesOrdered<BoxFuture<'static, Landed>>,
    /// The name of the commit that was sent last.
    sent: Option<String>,
    /// How many commands that one was made of.
    sent_commands: usize,
    /// The last event of a call that was sent alone; the tentative hall stands there.
    foreseen: Option<Arc<Event>>,
    /// Commands that leave with the next commit.
    gathered: Vec<Job>,
    /// Commands that have to be decided again once nothing is on its way.
    waiting: Vec<Job>,
    /// How far the journal was seen to go while rounds were on their way.
    heard_rev: u64,
    names: Names,
}

impl<J: Journal> Run<J> {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>, mut foreign: mpsc::Receiver<Vec<Entry>>) {
        loop {
            let due = self.due_at();
            let room = BATCH_COMMANDS_MAX.saturating_sub(self.gathered.len());
            tokio::select! {
                biased;
                Some(landed) = self.flights.next(), if !self.flights.is_empty() => self.land(landed).await,
                Some(entries) = foreign.recv() => self.hear(&entries),
                taken = jobs.recv_many(&mut self.gathered, room), if room > 0 => {
                    if taken == 0 {
                        return self.land_all().await;
                    }
                }
                // By then what was sent is in the pipe.
                () = yield_now(), if self.foreseen.is_some() => self.foresee(),
                () = sleep_until(due), if self.flights.is_empty() => self.fall_due().await,
            }
            if self.flights.is_empty() {
                self.at_rest().await;
            }
            if !self.is_well() {
                self.heal(&mut jobs).await;
            }
            if self.may_launch() {
                let gathered = std::mem::take(&mut self.gathered);
                self.launch(gathered).await;
            }
        }
    }

    /// Whether what was gathered leaves now: at once behind nothing, and behind a round on its way when it is at least half as large.
    /// A rush then makes few large commits; whoever waits for the next waits no longer than for the disk, which is busy anyway.
    fn may_launch(&self) -> bool {
        let large_enough = self.flights.is_empty() || self.gathered.len() * 2 >= self.sent_commands;
        !self.gathered.is_empty() && large_enough && self.flights.len() < FLIGHTS_MAX && self.waiting.is_empty()
    }

    /// Nothing is on its way: what had to wait for that is done.
    async fn at_rest(&mut self) {
        if self.heard_rev > self.committed_rev
            && self.is_well()
            && let Err(condition) = self.catch_up().await
        {
            self.set_condition(condition);
        }
        if !self.waiting.is_empty() && self.is_well() {
            let jobs = std::mem::take(&mut self.waiting);
            self.serve(jobs).await;
        }
    }

    /// Decides a batch upon what is on its way, and sends it behind that.
    async fn launch(&mut self, jobs: Vec<Job>) {
        let now = self.inner.clock.now();
        self.know_reply_days();
        if self.flights.is_empty() || !turn_day(&self.tentative, now).is_empty() {
            // A day turns only when everything before it is written.
            self.land_all().await;
            if let Err(fault) = self.turn_day().await {
                for job in jobs {
                    refuse(job, fault.clone());
                }
                return;
            }
        }
        let behind = if self.flights.is_empty() { None } else { self.sent.clone() };
        self.sent_commands = jobs.len();
        let round = self.decide_round(jobs, behind);
        if self.writes_nothing(&round.commit) {
            // What it says rests on what is on its way, and is said after that.
            return self.flights.push_back(std::future::ready((round, Ok(Committed::Done))).boxed());
        }
        self.sent = Some(round.commit.name.clone());
        self.foreseen = if self.flights.is_empty() { lone_call(&round.events, &round.pending).cloned() } else { None };
        let inner = Arc::clone(&self.inner);
        let sent = async move {
            let outcome = inner.journal.commit(&round.expected, &round.commit).await;
            (round, outcome)
        };
        self.flights.push_back(sent.boxed());
    }

    /// The foremost round has its outcome.
    async fn land(&mut self, (round, outcome): Landed) {
        self.foreseen = None;
        let outcome = match outcome {
            Err(JournalError::Unknown(reason)) => self.settle(&round.expected, &round.commit, reason).await,
            known => known,
        };
        let followers = if matches!(outcome, Ok(Committed::Done)) { Vec::new() } else { self.ground().await };
        match self.conclude(round, outcome).await {
            Ok(rest) => {
                self.waiting.extend(rest);
                self.waiting.extend(followers);
                self.save_if_due();
            }
            Err(fault) => {
                for job in followers {
                    refuse(job, fault.clone());
                }
            }
        }
    }

    /// The disk is busy and this thread is not: who has to draw what is being written can begin.
    fn foresee(&mut self) {
        if let Some(last) = self.foreseen.take()
            && let Some(foresee) = self.inner.foresee.get()
        {
            // The system has Redis wait for this processor: it expects whoever wrote to a socket to rest.
            std::thread::yield_now();
            foresee(&self.tentative, &last);
        }
    }

    async fn land_all(&mut self) {
        while let Some(landed) = self.flights.next().await {
            self.land(landed).await;
        }
    }

    /// The commands of all rounds on their way, after one before them was not written: then none of them was, nor ever will be.
    /// Where nobody knows of the one, nobody knows of them.
    async fn ground(&mut self) -> Vec<Job> {
        let mut jobs = Vec::new();
        while let Some((round, _not_written)) = self.flights.next().await {
            jobs.extend(round.jobs());
        }
        jobs
    }

    fn is_well(&self) -> bool {
        *self.inner.condition.borrow() == Condition::Well
    }

    fn set_condition(&self, condition: Condition) {
        if *self.inner.condition.borrow() != condition {
            match &condition {
                Condition::Well => tracing::info!("the journal is back"),
                Condition::Away(reason) => tracing::warn!(%reason, "the journal is away"),
                Condition::Unsafe(reason) => tracing::error!(%reason, "the journal must not be served"),
            }
            self.inner.condition.send_replace(condition);
        }
    }

    /// When the hall itself has something to do. Looked at again after every batch, and every [`LOOK_MS_MAX`] for a clock that moves.
    fn due_at(&self) -> Instant {
        let now_ms = self.inner.clock.now().timestamp_millis();
        let wait_ms = self.tentative.next_due_ms().map_or(LOOK_MS_MAX, |due| (due - now_ms).clamp(0, LOOK_MS_MAX));
        Instant::now() + Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0))
    }

    async fn fall_due(&mut self) {
        if self.is_due(self.inner.clock.now()) {
            self.serve(Vec::new()).await;
        } else {
            self.keep_quietly();
        }
    }

    fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.tentative.next_due_ms().is_some_and(|due| due <= now.timestamp_millis())
    }

    /// What fell due comes before what anybody asks: no stream of commands puts it off, and nobody acts on a lease that ran out.
    fn settle_due(&mut self, now: DateTime<Utc>, commit: &mut Commit, all: &mut Vec<Arc<Event>>) {
        if !self.is_due(now) {
            return;
        }
        let caller = Caller::hall();
        for body in decide(&self.tentative, &Command::FallDue, &caller, now).unwrap_or_default() {
            let event = self.stamp(body, now, &caller.actor, None);
            self.fold_tentative(&event, commit);
            all.push(event);
        }
    }

    /// Waits for the journal's return; meanwhile everybody is told at once that it is away.
    async fn heal(&mut self, jobs: &mut mpsc::Receiver<Job>) {
        for job in std::mem::take(&mut self.waiting).into_iter().chain(std::mem::take(&mut self.gathered)) {
            refuse(job, self.fault());
        }
        loop {
            while let Ok(job) = jobs.try_recv() {
                refuse(job, self.fault());
            }
            match self.catch_up().await {
                Ok(()) => {
                    self.set_condition(Condition::Well);
                    return;
                }
                Err(condition) => self.set_condition(condition),
            }
            sleep(Duration::from_millis(PROBE_MS)).await;
            if jobs.is_closed() {
                return;
            }
        }
    }

    /// What callers are told while the journal is not well.
    fn fault(&self) -> Fault {
        match &*self.inner.condition.borrow() {
            Condition::Unsafe(reason) => Fault::Unsafe(reason.clone()),
            Condition::Well | Condition::Away(_) => Fault::Away,
        }
    }

    /// Reads what the journal has and this process has not, and forgets what it had only tried.
    async fn catch_up(&mut self) -> Result<(), Condition> {
        let position = self.inner.journal.position().await.map_err(|e| condition_of(&e))?;
        self.check_position(&position)?;
        let mut missed = Vec::new();
        let mut after = self.committed_rev;
        while after < position.rev {
            let entries = self.inner.journal.since(after, READ_EVENTS_MAX).await.map_err(|e| condition_of(&e))?;
            let Some(last) = entries.last() else {
                return Err(Condition::Unsafe(format!("revision {} is missing from the journal", after + 1)));
            };
            after = last.rev;
            missed.extend(entries);
        }
        if self.tentative.rev != self.committed_rev {
            self.tentative = self.inner.hall.read().unwrap_or_else(PoisonError::into_inner).clone();
        }
        self.fold_committed(&missed)
    }

    fn check_position(&self, position: &Position) -> Result<(), Condition> {
        if position.epoch != self.inner.epoch {
            return Err(Condition::Unsafe(format!("the journal's epoch is {}, not {}", position.epoch, self.inner.epoch)));
        }
        if position.rev < self.committed_rev {
            let (now, was) = (position.rev, self.committed_rev);
            return Err(Condition::Unsafe(format!("the journal went back from revision {was} to {now}")));
        }
        Ok(())
    }

    /// Folds committed entries into both halls; the tentative one must not be ahead.
    fn fold_committed(&mut self, entries: &[Entry]) -> Result<(), Condition> {
        fold(&mut self.tentative, entries).map_err(|e| Condition::Unsafe(e.to_string()))?;
        let mut hall = self.inner.hall.write().unwrap_or_else(PoisonError::into_inner);
        fold(&mut hall, entries).map_err(|e| Condition::Unsafe(e.to_string()))?;
        drop(hall);
        self.committed_rev = self.tentative.rev;
        self.inner.board_rev.send_replace(self.committed_rev);
        self.tell();
        Ok(())
    }

    /// What the feed saw: this process's own commits, or those of others.
    fn hear(&mut self, entries: &[Entry]) {
        let Some(last) = entries.last().filter(|last| last.rev > self.committed_rev) else { return };
        self.heard_rev = self.heard_rev.max(last.rev);
        // On top of what is on its way nothing can be folded; then it is read once that is known.
        if self.flights.is_empty()
            && let Err(condition) = self.fold_committed(entries)
        {
            self.set_condition(condition);
        }
    }

    /// Decides and commits a batch, again where another process was faster, until everybody has an answer.
    async fn serve(&mut self, batch: Vec<Job>) {
        let mut jobs = batch;
        for round in 0..STALE_ROUNDS_MAX {
            if let Err(fault) = self.turn_day().await {
                for job in jobs {
                    refuse(job, fault.clone());
                }
                return;
            }
            jobs = match self.round(jobs).await {
                Ok(rest) => rest,
                Err(_told) => return,
            };
            if jobs.is_empty() {
                self.save_if_due();
                return;
            }
            // Two processes that retry in step would keep meeting.
            let jitter_ms = (self.committed_rev ^ u64::from(std::process::id())) % u64::from(round + 2);
            sleep(Duration::from_millis(jitter_ms)).await;
        }
        for job in jobs {
            refuse(job, Fault::Overloaded);
        }
    }

    /// One attempt. Gives back the jobs that have to be decided again; `Err` when all were told that it failed.
    async fn round(&mut self, jobs: Vec<Job>) -> Result<Vec<Job>, Fault> {
        let round = self.decide_round(jobs, None);
        let outcome = if self.writes_nothing(&round.commit) { Ok(Committed::Done) } else { self.commit(&round.commit).await };
        self.conclude(round, outcome).await
    }

    /// Other processes may have written since: then only the journal knows whether nothing has to be written.
    fn writes_nothing(&self, commit: &Commit) -> bool {
        commit.events.is_empty() && commit.replies.is_empty() && !self.inner.shared
    }

    fn decide_round(&mut self, jobs: Vec<Job>, behind: Option<String>) -> Round {
        let now = self.inner.clock.now();
        let expected = Position { epoch: Arc::clone(&self.inner.epoch), rev: self.tentative.rev };
        let mut commit = Commit { behind, ..self.empty_commit() };
        let mut events = Vec::new();
        let mut pending = Vec::with_capacity(jobs.len());
        let mut later = Vec::new();
        let mut keys = HashSet::new();
        let several = jobs.len() > 1;
        self.settle_due(now, &mut commit, &mut events);
        for job in jobs {
            // The same key twice in one batch: the second waits until the first has its answer, and repeats it.
            if several && job.request.key.as_ref().is_some_and(|k| !keys.insert((k.scope.clone(), k.key.clone()))) {
                later.push(job);
                continue;
            }
            let reply = self.decide_one(&job.request, now, &mut commit, &mut events);
            pending.push(Pending { job, reply });
        }
        let replies = pending.iter().filter_map(|p| {
            let key = p.job.request.key.clone()?;
            Some(KeyedReply { key, status: p.reply.status, body: p.reply.body.clone() })
        });
        commit.replies = replies.collect();
        Round { expected, commit, events, pending, later }
    }

    /// Tells everybody of a round what came of it. Gives back the jobs that have to be decided again.
    async fn conclude(&mut self, round: Round, outcome: Result<Committed, JournalError>) -> Result<Vec<Job>, Fault> {
        let Round { events, pending, later, .. } = round;
        match outcome {
            Ok(Committed::Done) => {
                self.accept(&events);
                let alone = lone_call(&events, &pending).is_some();
                if alone {
                    // A call that comes alone is on the boards before the clerk or anybody else is told that it is.
                    yield_now().await;
                }
                self.tell();
                if alone {
                    // Those do on this thread what they have to do, and the answer does not push whoever writes to the boards aside.
                    yield_now().await;
                }
                pending.into_iter().for_each(answer);
                Ok(later)
            }
            Ok(Committed::Stale(_)) => self.again(pending, later).await,
            Ok(Committed::Repeated(repeated)) => {
                let rest = answer_repeated(pending, &repeated);
                self.again(rest, later).await
            }
            Err(error) => {
                let fault = if matches!(error, JournalError::Unknown(_)) { Fault::Unknown } else { Self::fault_of(&error) };
                self.set_condition(condition_of(&error));
                for job in pending.into_iter().map(|p| p.job).chain(later) {
                    refuse(job, fault.clone());
                }
                Err(fault)
            }
        }
    }

    fn fault_of(error: &JournalError) -> Fault {
        match condition_of(error) {
            Condition::Unsafe(reason) => Fault::Unsafe(reason),
            Condition::Well | Condition::Away(_) => Fault::Away,
        }
    }

    /// Decides one command on the tentative hall and folds its events in; gives the reply.
    fn decide_one(&mut self, request: &Request, now: DateTime<Utc>, commit: &mut Commit, all: &mut Vec<Arc<Event>>) -> Reply {
        let first = all.len();
        let refusal: Option<Refusal> = match decide(&self.tentative, &request.command, &request.caller, now) {
            Ok(bodies) => {
                let key = request.key.as_ref().map(|k| Arc::from(k.key.as_str()));
                for body in bodies {
                    let event = self.stamp(body, now, &request.caller.actor, key.clone());
                    self.fold_tentative(&event, commit);
                    all.push(event);
                }
                None
            }
            Err(refusal) => Some(refusal),
        };
        (request.render)(&Decided {
            hall: &self.tentative,
            events: all.get(first..).unwrap_or_default(),
            epoch: &self.inner.epoch,
            rev: self.tentative.rev,
            refusal: refusal.as_ref(),
            now,
        })
    }

    fn stamp(&self, body: EventBody, at: DateTime<Utc>, by: &Actor, key: Option<Arc<str>>) -> Arc<Event> {
        Arc::new(Event { rev: self.tentative.rev + 1, v: EVENT_VERSION, at, by: by.clone(), key, body })
    }

    fn fold_tentative(&mut self, event: &Arc<Event>, commit: &mut Commit) {
        apply(&mut self.tentative, event);
        mirror::push(&mut commit.writes, &self.tentative, event);
        // Our own types always serialise; an empty text would be refused by whoever folds it.
        let json = json::text(event, json::EVENT_BYTES).unwrap_or_default();
        commit.events.push(Entry { rev: event.rev, json: json.into(), event: Some(Arc::clone(event)) });
    }

    fn empty_commit(&mut self) -> Commit {
        let day = self.tentative.day.map_or_else(String::new, |day| day.to_string());
        let mut search = self.reply_days.clone();
        if search.is_empty() {
            search.push(day.clone());
        }
        Commit { reply_day: day, search_reply_days: search, name: self.names.next(), ..Commit::default() }
    }

    async fn commit(&mut self, commit: &Commit) -> Result<Committed, JournalError> {
        let expected = Position { epoch: Arc::clone(&self.inner.epoch), rev: self.committed_rev };
        match self.inner.journal.commit(&expected, commit).await {
            Err(JournalError::Unknown(reason)) => self.settle(&expected, commit, reason).await,
            known => known,
        }
    }

    /// A lost answer is settled by reading: our events are there or they are not.
    async fn settle(&mut self, expected: &Position, commit: &Commit, reason: String) -> Result<Committed, JournalError> {
        let until = Instant::now() + Duration::from_millis(SETTLE_MS);
        while !commit.events.is_empty() && Instant::now() < until {
            let limit = commit.events.len();
            let read = tokio::time::timeout_at(until, self.inner.journal.since(expected.rev, limit)).await;
            match read {
                Ok(Ok(entries)) if entries == commit.events => return Ok(Committed::Done),
                // Others were faster: what was sent can only be refused by its guard from now on.
                Ok(Ok(entries)) if !entries.is_empty() => {
                    let rev = entries.last().map_or(expected.rev, |e| e.rev);
                    return Ok(Committed::Stale(Position { epoch: Arc::clone(&expected.epoch), rev }));
                }
                Ok(Ok(_) | Err(JournalError::Away(_) | JournalError::Unknown(_))) => sleep(Duration::from_millis(20)).await,
                Ok(Err(other)) => return Err(other),
                Err(_) => break,
            }
        }
        Err(JournalError::Unknown(reason))
    }

    /// The round is committed: everybody may see it, and the boards are told.
    fn accept(&mut self, events: &[Arc<Event>]) {
        let Some(last) = events.last().map(|event| event.rev) else { return };
        let mut hall = self.inner.hall.write().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            apply(&mut hall, event);
        }
        // What both halls have alike is kept once.
        for id in events.iter().filter_map(|event| event.body.ticket()) {
            hall.tickets.share(id, &self.tentative.tickets);
        }
        drop(hall);
        self.committed_rev = last;
        self.inner.board_rev.send_replace(last);
    }

    /// Tells everybody how far the hall has come.
    fn tell(&self) {
        let now = self.committed_rev;
        self.inner.rev.send_if_modified(|rev| std::mem::replace(rev, now) != now);
    }

    /// Before a batch is decided again: what was tried is forgotten, what others did is read.
    async fn again(&mut self, rest: Vec<Pending>, later: Vec<Job>) -> Result<Vec<Job>, Fault> {
        let jobs = rest.into_iter().map(|p| p.job).chain(later);
        match self.catch_up().await {
            Ok(()) => Ok(jobs.collect()),
            Err(condition) => {
                self.set_condition(condition);
                let fault = self.fault();
                for job in jobs {
                    refuse(job, fault.clone());
                }
                Err(fault)
            }
        }
    }

    /// The first command of a new day turns it: yesterday's tickets are closed, the numbers start again.
    async fn turn_day(&mut self) -> Result<(), Fault> {
        loop {
            let now = self.inner.clock.now();
            self.know_reply_days();
            if self.tentative.profile.services.is_empty() {
                return Ok(());
            }
            let bodies = turn_day(&self.tentative, now);
            if bodies.is_empty() {
                return Ok(());
            }
            let reply_day = self.tentative.day_at(now).to_string();
            let mut commit = Commit { reply_day, name: self.names.next(), ..Commit::default() };
            let mut events = Vec::with_capacity(bodies.len());
            for body in bodies {
                let event = self.stamp(body, now, &Actor::hall(), None);
                self.fold_tentative(&event, &mut commit);
                events.push(event);
            }
            if self.tentative.day == Some(self.tentative.day_at(now)) {
                commit.forget_reply_days = self.forgotten_days();
            }
            match self.commit(&commit).await {
                Ok(Committed::Done) => {
                    self.accept(&events);
                    self.tell();
                }
                Ok(Committed::Stale(_) | Committed::Repeated(_)) => {
                    self.again(Vec::new(), Vec::new()).await?;
                }
                Err(error) => {
                    self.set_condition(condition_of(&error));
                    return Err(if matches!(error, JournalError::Unknown(_)) { Fault::Unknown } else { Self::fault_of(&error) });
                }
            }
        }
    }

    /// The days whose replies are searched: the open one and those before it.
    fn know_reply_days(&mut self) {
        if self.reply_days_of != self.tentative.day {
            self.reply_days_of = self.tentative.day;
            self.reply_days = self.tentative.past_days.iter().rev().take(REPLY_DAYS).map(ToString::to_string).collect();
        }
    }

    /// Days that fell out of the searched ones with the day that is being opened.
    fn forgotten_days(&self) -> Vec<String> {
        let days = &self.tentative.past_days;
        days.iter().rev().skip(REPLY_DAYS).map(ToString::to_string).collect()
    }
}

/// The last event of a round whose only command tells somebody in the hall to come.
fn lone_call<'a>(events: &'a [Arc<Event>], pending: &[Pending]) -> Option<&'a Arc<Event>> {
    let calls = |event: &Arc<Event>| matches!(event.body, EventBody::TicketCalled { .. } | EventBody::TicketRecalled { .. });
    events.last().filter(|_| pending.len() == 1 && events.iter().any(calls))
}

fn condition_of(error: &JournalError) -> Condition {
    match error {
        JournalError::Away(reason) | JournalError::Unknown(reason) => Condition::Away(reason.clone()),
        JournalError::Unsafe(reason) => Condition::Unsafe(reason.clone()),
        JournalError::Trimmed { .. } => Condition::Unsafe(error.to_string()),
    }
}
