//! Keeps what was decided, in the order it was decided: the journal, its Redis and its memory twin.
//!
//! A journal is one hall's log of events under an *epoch*. Revisions are dense: 1, 2, 3 … A commit
//! names the `(epoch, rev)` it was decided on; the store appends all of it or none of it.

mod answer;
mod aof;
mod backup;
mod bell;
mod child;
mod disk;
mod folder;
mod guard;
mod kept;
pub mod keys;
mod link;
mod lock;
pub mod memory;
mod open;
mod own;
mod program;
pub mod redis;
mod resp;
mod rewrite;
mod saved;

use std::borrow::Cow;
use std::sync::Arc;

use thiserror::Error;

use crate::domain::event::Event;

pub use self::redis::RedisJournal;
pub use aof::Damage;
pub use backup::{BackupError, backup, restore};
pub use child::{ChildHealth, ChildState, PrivateRedis};
pub use disk::free_bytes;
pub use guard::{Guard, Mark, Reached, SafetyStop, Teller};
pub use link::RedisAddress;
pub use memory::MemoryJournal;
pub use open::{OpenError, OpenOptions, OpenStore, attach, has_reached, open};
pub use program::ProgramError;
pub use saved::{SavedError, Snapshot};

/// Which history this is, and how far it goes. The epoch changes when a journal is restored or lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub epoch: Arc<str>,
    /// The last revision appended; 0 is an empty journal.
    pub rev: u64,
}

/// One event as it stands in the journal: its dense revision and its JSON text.
#[derive(Debug, Clone)]
pub struct Entry {
    pub rev: u64,
    pub json: Arc<str>,
    /// The same once more, where this process wrote it itself: nobody here has to read it from the text.
    pub event: Option<Arc<Event>>,
}

impl Entry {
    /// One as it was read.
    #[must_use]
    pub fn read(rev: u64, json: Arc<str>) -> Self {
        Self { rev, json, event: None }
    }
}

/// The text is the event: entries are the same where it is.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.rev == other.rev && self.json == other.json
    }
}

impl Eq for Entry {}

/// A change to the structures beside the log (hashes and sorted sets that `redis-cli` can read).
/// `key` is the part behind the hall's own prefix, from `store::keys`.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    HashSet { key: Suffix, field: String, value: String },
    HashDelete { key: Suffix, field: String },
    SortedSetAdd { key: Suffix, member: String, score: f64 },
    SortedSetRemove { key: Suffix, member: String },
    Set { key: Suffix, value: String },
    Delete { key: Suffix },
}

/// The part of a key behind the hall's own prefix.
pub type Suffix = Cow<'static, str>;

impl Write {
    /// Whether this is all that is left of `earlier` once it is carried out: it is about the same field or member of the same key.
    #[must_use]
    pub fn replaces(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (
                Self::HashSet { key, field, .. } | Self::HashDelete { key, field },
                Self::HashSet { key: before, field: one, .. } | Self::HashDelete { key: before, field: one },
            )
            | (
                Self::SortedSetAdd { key, member: field, .. } | Self::SortedSetRemove { key, member: field },
                Self::SortedSetAdd { key: before, member: one, .. } | Self::SortedSetRemove { key: before, member: one },
            ) => key == before && field == one,
            _ => false,
        }
    }
}

/// What makes a mutation repeatable: who asked, with which key, for what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// The caller's scope, e.g. `kiosk:k1`; a key means nothing outside it.
    pub scope: String,
    pub key: String,
    /// Digest of method, path and body in 32 hex digits: the same key with another one is refused.
    pub fingerprint: String,
}

/// The answer kept under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReply {
    pub fingerprint: String,
    pub status: u16,
    pub body: String,
}

/// One answer to be kept with a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedReply {
    pub key: IdempotencyKey,
    pub status: u16,
    pub body: String,
}

/// Everything that becomes true together.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// The events, `expected.rev + 1 ..`, without gaps.
    pub events: Vec<Entry>,
    pub writes: Vec<Write>,
    pub replies: Vec<KeyedReply>,
    /// The service day the replies are kept with (`YYYY-MM-DD`); the three latest days are searched and kept.
    pub reply_day: String,
    /// Days whose replies are no longer kept.
    pub forget_reply_days: Vec<String>,
    /// The service days to search for earlier replies, newest first (at most three).
    pub search_reply_days: Vec<String>,
    /// This commit's own name, which no other commit of any process has; kept until the next one.
    pub name: String,
    /// The name of the commit that it was decided upon while that one was still on its way: only right behind it is it written.
    /// Revisions alone do not tell, because somebody else's commit can be as long.
    pub behind: Option<String>,
}

/// How a commit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// On disk under the journal's fsync policy, all of it.
    Done,
    /// Nothing was written: the journal stands at another position.
    Stale(Position),
    /// Nothing was written: these replies (index into `Commit::replies`) were given before.
    Repeated(Vec<(usize, StoredReply)>),
}

/// Why the journal could not answer.
#[derive(Debug, Clone, Error)]
pub enum JournalError {
    /// Certainly not applied: the request never reached the journal, or was refused whole.
    #[error("the journal is away: {0}")]
    Away(String),
    /// Sent, but no answer came back: read the journal to learn whether it was applied.
    #[error("the journal did not answer: {0}")]
    Unknown(String),
    /// The journal holds something that must not be served (lost, rolled back, foreign).
    #[error("the journal is not safe to serve: {0}")]
    Unsafe(String),
    /// The revision asked for was trimmed away.
    #[error("revisions before {first} are no longer in the journal")]
    Trimmed { first: u64 },
}

/// What a process finds when it opens the journal.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub position: Position,
    pub snapshot: Option<Snapshot>,
    /// The oldest revision still in the journal (0 when empty).
    pub first: u64,
}

/// One hall's log. All methods may be called at the same time from many tasks.
pub trait Journal: Send + Sync + 'static {
    /// Opens the journal (creating epoch and position when new) and reads the snapshot; events follow by `since`.
    fn load(&self) -> impl Future<Output = Result<Loaded, JournalError>> + Send;

    /// Appends a commit decided on `expected`, or nothing of it.
    fn commit(&self, expected: &Position, commit: &Commit) -> impl Future<Output = Result<Committed, JournalError>> + Send;

    /// At most `limit` events after revision `after`, in order, none missing.
    fn since(&self, after: u64, limit: usize) -> impl Future<Output = Result<Vec<Entry>, JournalError>> + Send;

    /// Like `since`, but waits up to five seconds for something to come (then an empty list). Has its own connection.
    fn wait(&self, after: u64, limit: usize) -> impl Future<Output = Result<Vec<Entry>, JournalError>> + Send;

    /// Where the journal stands now.
    fn position(&self) -> impl Future<Output = Result<Position, JournalError>> + Send;

    /// The reply kept under a key on any of `days`, if one is.
    fn reply(&self, key: &IdempotencyKey, days: &[String]) -> impl Future<Output = Result<Option<StoredReply>, JournalError>> + Send;

    /// Replaces the saved state; refused silently when an older one than what is there.
    fn save_snapshot(&self, epoch: &str, snapshot: &Snapshot) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Drops events up to and including `through` (never beyond the saved snapshot).
    fn trim(&self, through: u64) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Has what grew on the disk written anew, where that is for us to say and worth it. Asked in quiet moments, so that it is not
    /// done while people press.
    fn tidy(&self) -> impl Future<Output = Result<(), JournalError>> + Send;
}

#[cfg(test)]
mod tests;
