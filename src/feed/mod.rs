//! Tells everyone what happened, once, in order: one tail of the journal, and the way back for whoever fell behind.
//!
//! What was read last is kept in a ring. A reader waits until more was read than it knows and takes it from the ring; one
//! that fell out of the ring reads the journal itself. So nobody is waited for, and nobody loses anything.

mod ring;
mod tail;

use std::sync::{Arc, PoisonError, RwLock};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::Duration;

use crate::domain::event::{EVENT_VERSION, Event};
use crate::store::{Entry, Journal, JournalError};
use ring::Ring;

/// Events kept in memory for those who come back, at most; who was away longer reads the journal.
pub const RING_EVENTS_MAX: usize = 1_000;
/// The same, in bytes as they are written; they take about twice that in memory.
pub const RING_BYTES_MAX: usize = 1 << 20;
/// Events in one batch at most.
pub const BATCH_EVENTS_MAX: usize = 500;
/// The longest pause between two attempts to reach a journal that is away, in milliseconds.
const RETRY_MS_MAX: u64 = 2_000;
/// The first such pause.
const RETRY_MS_FIRST: u64 = 50;

/// Some events that follow one another without a gap, as read and as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The first revision; one more than `last` in an empty batch.
    pub first: u64,
    pub last: u64,
    pub events: Vec<Arc<Event>>,
    /// The same, as the journal has them.
    pub entries: Vec<Entry>,
}

impl Batch {
    /// Reads entries that must follow `after` without a gap.
    fn read(after: u64, entries: Vec<Entry>) -> Result<Self, FeedError> {
        let mut events = Vec::with_capacity(entries.len());
        for (entry, rev) in entries.iter().zip(after + 1..) {
            let unreadable = |problem: String| FeedError::Unreadable { rev, problem };
            if entry.rev != rev {
                return Err(unreadable(format!("revision {} stands in its place", entry.rev)));
            }
            if let Some(event) = &entry.event {
                events.push(Arc::clone(event));
                continue;
            }
            let event: Event = serde_json::from_str(&entry.json).map_err(|error| unreadable(error.to_string()))?;
            if event.rev != rev || event.v > EVENT_VERSION {
                return Err(unreadable("it was written by a newer version".to_owned()));
            }
            events.push(Arc::new(event));
        }
        let last = entries.last().map_or(after, |entry| entry.rev);
        Ok(Self { first: after + 1, last, events, entries })
    }

    /// Nothing after a revision.
    fn empty(after: u64) -> Self {
        Self { first: after + 1, last: after, events: Vec::new(), entries: Vec::new() }
    }

    /// At most `limit` events of it after a revision.
    fn part(&self, after: u64, limit: usize) -> Self {
        let skipped = usize::try_from((after + 1).saturating_sub(self.first)).unwrap_or(usize::MAX);
        let events: Vec<_> = self.events.iter().skip(skipped).take(limit).cloned().collect();
        let entries: Vec<_> = self.entries.iter().skip(skipped).take(limit).cloned().collect();
        let last = entries.last().map_or(after, |entry| entry.rev);
        Self { first: after + 1, last, events, entries }
    }
}

/// Why the feed has nothing to give.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FeedError {
    /// The journal is away; ask again.
    #[error("the journal is away: {0}")]
    Away(String),
    /// An event is missing or cannot be read. The feed stays before it: what happened is not skipped.
    #[error("revision {rev} of the journal cannot be read: {problem}")]
    Unreadable { rev: u64, problem: String },
    /// What was asked for is no longer in the journal.
    #[error("revisions before {first} are no longer in the journal")]
    Trimmed { first: u64 },
    /// The journal must not be read on.
    #[error("the journal is not safe to read: {0}")]
    Unsafe(String),
    /// The feed was stopped.
    #[error("the feed has ended")]
    Ended,
}

impl From<JournalError> for FeedError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Away(why) | JournalError::Unknown(why) => Self::Away(why),
            JournalError::Unsafe(why) => Self::Unsafe(why),
            JournalError::Trimmed { first } => Self::Trimmed { first },
        }
    }
}

/// How far the feed has come, and how it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The last revision read.
    pub last: u64,
    /// Why it does not come further just now; it keeps trying unless it has ended.
    pub trouble: Option<FeedError>,
}

/// What is older than the ring.
trait Past: Send + Sync {
    fn since(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, JournalError>>;
}

impl<J: Journal> Past for J {
    fn since(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, JournalError>> {
        Journal::since(self, after, limit).boxed()
    }
}

struct Inner {
    ring: RwLock<Ring>,
    progress: watch::Sender<Progress>,
    past: Arc<dyn Past>,
}

/// What happened, in order. Clones are the same feed; it ends when [`Feed::stop`] is called or its runtime closes.
#[derive(Clone)]
pub struct Feed {
    inner: Arc<Inner>,
    stop: Arc<watch::Sender<bool>>,
}

impl Feed {
    /// Starts the one tail of a journal on the current tokio runtime, from the event after `after`.
    #[must_use]
    pub fn start<J: Journal>(journal: Arc<J>, after: u64) -> Self {
        let past: Arc<dyn Past> = journal.clone();
        let inner = Arc::new(Inner {
            ring: RwLock::new(Ring::new(after, RING_EVENTS_MAX, RING_BYTES_MAX)),
            progress: watch::Sender::new(Progress { last: after, trouble: None }),
            past,
        });
        let stop = Arc::new(watch::Sender::new(false));
        tokio::spawn(tail::run(journal, Arc::clone(&inner), stop.subscribe()));
        Self { inner, stop }
    }

    /// Ends the tail; readers are told [`FeedError::Ended`] once they have taken what was read.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// How far the feed has come and how it is, and its changes.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.inner.progress.subscribe()
    }

    /// The last revision read.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.inner.progress.borrow().last
    }

    /// Waits until the feed has come to a revision. Bound it with a timeout: the journal may be away for long.
    ///
    /// # Errors
    /// When the feed cannot come there.
    pub async fn reached(&self, rev: u64) -> Result<(), FeedError> {
        let mut progress = self.progress();
        let seen = progress.wait_for(|p| p.last >= rev || p.trouble.as_ref().is_some_and(is_lasting)).await;
        let seen = seen.map_err(|_| FeedError::Ended)?;
        match &seen.trouble {
            Some(trouble) if seen.last < rev => Err(trouble.clone()),
            Some(_) | None => Ok(()),
        }
    }

    /// At most `limit` events after a revision, in order, none missing: from memory, or from the journal where they are older.
    /// Empty where nothing came yet.
    ///
    /// # Errors
    /// When the journal does not give them.
    pub async fn since(&self, after: u64, limit: usize) -> Result<Arc<Batch>, FeedError> {
        let limit = limit.max(1);
        if after >= self.last() {
            return Ok(Arc::new(Batch::empty(after)));
        }
        let kept = self.inner.ring.read().unwrap_or_else(PoisonError::into_inner).since(after, limit);
        if let Some(batch) = kept {
            return Ok(batch);
        }
        let entries = self.inner.past.since(after, limit).await?;
        Batch::read(after, entries).map(Arc::new)
    }

    /// A reader with a place of its own, from the event after `after`.
    #[must_use]
    pub fn subscribe(&self, after: u64) -> Cursor {
        Cursor { feed: self.clone(), progress: self.progress(), after }
    }
}

/// Whether it is of no use to wait.
fn is_lasting(error: &FeedError) -> bool {
    match error {
        FeedError::Away(_) => false,
        FeedError::Unreadable { .. } | FeedError::Trimmed { .. } | FeedError::Unsafe(_) | FeedError::Ended => true,
    }
}

/// A reader of the feed with a place of its own.
pub struct Cursor {
    feed: Feed,
    progress: watch::Receiver<Progress>,
    after: u64,
}

impl Cursor {
    /// The last revision given out.
    #[must_use]
    pub const fn after(&self) -> u64 {
        self.after
    }

    /// Waits for the next events: never empty, without a gap to those before. While the journal is away it waits on.
    /// May be dropped and called again; nothing is lost by it.
    ///
    /// # Errors
    /// When what comes next cannot be had; asking again later may help after somebody has mended the journal.
    pub async fn next(&mut self) -> Result<Arc<Batch>, FeedError> {
        let mut retry_ms = RETRY_MS_FIRST;
        loop {
            let after = self.after;
            let seen = self.progress.wait_for(|p| p.last > after || p.trouble.as_ref().is_some_and(is_lasting)).await;
            let trouble = seen.map_err(|_| FeedError::Ended)?.clone();
            if let Some(trouble) = trouble.trouble.filter(|_| trouble.last <= after) {
                return Err(trouble);
            }
            match self.feed.since(after, BATCH_EVENTS_MAX).await {
                Ok(batch) if batch.last > after => {
                    self.after = batch.last;
                    return Ok(batch);
                }
                Ok(_) | Err(FeedError::Away(_)) => {
                    tokio::time::sleep(Duration::from_millis(retry_ms)).await;
                    retry_ms = (retry_ms * 2).min(RETRY_MS_MAX);
                }
                Err(lasting) => return Err(lasting),
            }
        }
    }
}

#[cfg(test)]
mod tests;
