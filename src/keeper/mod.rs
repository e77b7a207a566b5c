//! Where a request becomes a fact: owns the live hall, gathers commands, commits them together, answers from what is committed.

mod load;
mod mirror;
mod round;
mod run;

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::Clock;
use crate::domain::actor::Caller;
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::hall::Hall;
use crate::domain::refusal::Refusal;
use crate::rank;
use crate::store::{Entry, Journal, JournalError, RedisJournal, SavedError, Snapshot};

pub use crate::store::IdempotencyKey;

/// Commands that may wait for the keeper; more are refused as overloaded.
pub const QUEUE_COMMANDS_MAX: usize = 4_096;
/// Commands that go into one commit at most.
pub const BATCH_COMMANDS_MAX: usize = 512;
/// Events read from the journal at a time.
const READ_EVENTS_MAX: usize = 2_000;
/// How long a command may wait for its answer, in milliseconds; then its outcome is unknown to the caller.
pub const ANSWER_MS_MAX: u64 = 1_700;

/// What is sent back for one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// JSON.
    pub body: String,
}

/// What a reply is made from: the hall as it stands with the command's events folded in.
#[derive(Debug)]
pub struct Decided<'a> {
    pub hall: &'a Hall,
    /// The command's events; empty where nothing had to change.
    pub events: &'a [Arc<Event>],
    pub epoch: &'a str,
    /// The revision at which the answer is true.
    pub rev: u64,
    pub refusal: Option<&'a Refusal>,
    pub now: chrono::DateTime<chrono::Utc>,
}

/// Makes a reply; pure, because a command may have to be decided again.
pub type Render = Arc<dyn Fn(&Decided<'_>) -> Reply + Send + Sync>;

/// Shown the hall as it will be once a call that was sent alone is written, with the last event of that. It may never be: what
/// is made of it counts only when that very event comes.
pub type Foresee = Box<dyn Fn(&Hall, &Arc<Event>) + Send + Sync>;

/// One command on its way.
#[derive(Clone)]
pub struct Request {
    pub command: Command,
    pub caller: Caller,
    pub key: Option<IdempotencyKey>,
    pub render: Render,
}

/// What came of a command that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub reply: Reply,
    /// It had been given before, under the same key.
    pub replayed: bool,
}

/// Why a command was not decided.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// The journal is away; certainly nothing was applied.
    #[error("the journal is away; nothing was applied")]
    Away,
    /// The journal did not say; ask again with the same key.
    #[error("the journal did not answer; it may have been applied")]
    Unknown,
    /// The journal must not be served.
    #[error("the journal is not safe to serve: {0}")]
    Unsafe(String),
    /// Too many commands wait already.
    #[error("too many commands wait")]
    Overloaded,
    /// The server is closing.
    #[error("the server is closing")]
    Closing,
    /// The key was used for something else.
    #[error("the idempotency key was used for another request")]
    KeyReused,
}

/// How the keeper and its journal are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    Well,
    /// The journal is away, with its reason.
    Away(String),
    /// The journal must not be served, with the reason.
    Unsafe(String),
}

/// What a keeper is started with.
pub struct Options<J> {
    pub journal: Arc<J>,
    pub clock: Clock,
    /// Other processes may write to the same journal: reads ask it first.
    pub shared: bool,
}

/// The hall's keeper. Clones are the same keeper; its task ends with the last of them.
pub struct Keeper<J> {
    inner: Arc<Inner<J>>,
    jobs: mpsc::Sender<Job>,
    foreign: mpsc::Sender<Vec<Entry>>,
}

/// The keeper of a hall whose journal is in Redis: every hall that is served.
pub type HallKeeper = Keeper<RedisJournal>;

/// A stretch of the journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Past {
    Events(Vec<Event>),
    /// What was asked for is no longer in the journal, which begins here.
    Trimmed {
        first: u64,
    },
}

impl<J> Clone for Keeper<J> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), jobs: self.jobs.clone(), foreign: self.foreign.clone() }
    }
}

struct Inner<J> {
    journal: Arc<J>,
    clock: Clock,
    shared: bool,
    epoch: Arc<str>,
    /// What is committed, and nothing else.
    hall: RwLock<Hall>,
    rev: watch::Sender<u64>,
    /// The same, told first.
    board_rev: watch::Sender<u64>,
    condition: watch::Sender<Condition>,
    foresee: OnceLock<Foresee>,
}

impl<J: Journal> Inner<J> {
    /// Saves the state as it is committed now.
    async fn save(self: &Arc<Self>) -> Result<(), NotSaved> {
        let (tell, written) = oneshot::channel();
        let inner = Arc::clone(self);
        // A full hall takes a while; whoever waits for a number does not wait for that. A thread of its own, because what it takes
        // for a moment is given back with it: one of many that serve by turns would keep its share of a whole hall.
        let thread = thread::Builder::new().name("hall-save".to_owned()).spawn(move || {
            let hall = inner.hall.read().unwrap_or_else(PoisonError::into_inner).to_save();
            // Not before: whoever presses waits until the hall is let go.
            rank::make_way();
            let _nobody_waits = tell.send(Snapshot::of(hall.rev, &hall));
        });
        thread.map_err(|_| NotSaved::Stopped)?;
        let saved = written.await.map_err(|_| NotSaved::Stopped)??;
        Ok(self.journal.save_snapshot(&self.epoch, &saved).await?)
    }
}

/// A command with the way back.
struct Job {
    request: Request,
    answer: oneshot::Sender<Result<Answer, Fault>>,
}

/// Why a keeper could not be started.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An event or saved state that this version cannot read.
    #[error("revision {rev} of the journal cannot be read: {problem}")]
    Unreadable { rev: u64, problem: String },
}

/// Why the state was not saved; a restart reads more events then.
#[derive(Debug, Error)]
pub enum NotSaved {
    #[error(transparent)]
    Unwritable(#[from] SavedError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Whoever wrote it down was stopped.
    #[error("it was not written down to its end")]
    Stopped,
}

impl<J: Journal> Keeper<J> {
    /// Loads the hall and starts its loops on the current tokio runtime.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn open(options: Options<J>) -> Result<Self, OpenError> {
        run::open(options).await
    }

    /// Has a command decided and committed.
    ///
    /// # Errors
    /// When it was not decided; a refusal by the hall is an answer, not an error.
    pub async fn submit(&self, request: Request) -> Result<Answer, Fault> {
        let (answer, answered) = oneshot::channel();
        match &*self.inner.condition.borrow() {
            Condition::Well => {}
            Condition::Away(_) => return Err(Fault::Away),
            Condition::Unsafe(reason) => return Err(Fault::Unsafe(reason.clone())),
        }
        self.jobs.try_send(Job { request, answer }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Fault::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Fault::Closing,
        })?;
        match tokio::time::timeout(Duration::from_millis(ANSWER_MS_MAX), answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Fault::Closing),
            Err(_) => Err(Fault::Unknown),
        }
    }

    /// Looks at the hall as it is committed. Quick looks only: commits wait meanwhile.
    pub fn read<T>(&self, look: impl FnOnce(&Hall) -> T) -> T {
        look(&self.inner.hall.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has somebody shown what is about to be, while the journal writes it: what takes long to draw is ready then. Only the first who
    /// asks is shown it.
    pub fn foreseen_by(&self, foresee: Foresee) {
        let _first = self.inner.foresee.set(foresee);
    }

    /// Waits until [`Keeper::read`] sees everything that anybody was told of before; only other processes make that take time.
    ///
    /// # Errors
    /// When the journal is away.
    pub async fn fresh(&self) -> Result<(), Fault> {
        if !self.inner.shared {
            return Ok(());
        }
        let position = self.inner.journal.position().await.map_err(|_| Fault::Away)?;
        let mut rev = self.inner.rev.subscribe();
        let seen = rev.wait_for(|rev| *rev >= position.rev);
        match tokio::time::timeout(Duration::from_millis(ANSWER_MS_MAX), seen).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(Fault::Closing),
            Err(_) => Err(Fault::Away),
        }
    }

    /// At most `limit` events after revision `after`, as the journal has them.
    ///
    /// # Errors
    /// When the journal is away, or holds what this version cannot read.
    pub async fn events(&self, after: u64, limit: usize) -> Result<Past, Fault> {
        let entries = match self.inner.journal.since(after, limit).await {
            Ok(entries) => entries,
            Err(JournalError::Trimmed { first }) => return Ok(Past::Trimmed { first }),
            Err(JournalError::Unsafe(reason)) => return Err(Fault::Unsafe(reason)),
            Err(JournalError::Away(_) | JournalError::Unknown(_)) => return Err(Fault::Away),
        };
        let read = entries.iter().map(|entry| serde_json::from_str(&entry.json));
        read.collect::<Result<_, _>>().map(Past::Events).map_err(|error| Fault::Unsafe(error.to_string()))
    }

    /// Which history this is.
    #[must_use]
    pub fn epoch(&self) -> Arc<str> {
        Arc::clone(&self.inner.epoch)
    }

    /// The revision the hall stands at, and its changes.
    #[must_use]
    pub fn rev(&self) -> watch::Receiver<u64> {
        self.inner.rev.subscribe()
    }

    /// The same for whoever tells the boards: hears of a call that comes alone before everybody else does.
    #[must_use]
    pub fn board_rev(&self) -> watch::Receiver<u64> {
        self.inner.board_rev.subscribe()
    }

    /// How the keeper and its journal are.
    #[must_use]
    pub fn condition(&self) -> watch::Receiver<Condition> {
        self.inner.condition.subscribe()
    }

    /// Waits until the keeper's task is over. While anybody holds the keeper it never ends by itself: then a fault of ours ended it,
    /// and nothing can be decided any more.
    pub async fn ended(&self) {
        self.jobs.closed().await;
    }

    /// Whether it is over.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.jobs.is_closed()
    }

    /// Saves the state, so that the next start folds nothing. What a keeper that crashed left in memory may be half folded: it is not
    /// saved, the journal has it whole.
    ///
    /// # Errors
    /// When it was not saved.
    pub async fn save(&self) -> Result<(), NotSaved> {
        if self.has_ended() { Ok(()) } else { self.inner.save().await }
    }

    /// The keeper's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Hands over what the feed saw; what other processes committed is folded in, what is known already is passed over.
    pub async fn fold_foreign(&self, entries: &[Entry]) {
        // Its own commits come back this way too: the keeper is not woken for them.
        if entries.last().is_none_or(|last| last.rev <= *self.inner.board_rev.borrow()) {
            return;
        }
        // Closed only while the server closes; then nobody reads the hall any more.
        let _closing = self.foreign.send(entries.to_vec()).await;
    }
}
