//! The projector's loop: takes batches from the feed, has them written, and says how it is.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::project::{self, Line};
use super::{Condition, History, HistoryError};
use crate::feed::{BATCH_EVENTS_MAX, Batch, Feed, FeedError};

/// The first pause after something failed, in milliseconds.
const RETRY_MS_FIRST: u64 = 100;
/// The longest pause while it may pass, in milliseconds.
const RETRY_MS_MAX: u64 = 5_000;
/// So long after something happened it is written, in milliseconds: what comes at once with it shares its transaction, screens are told
/// of it first, and who asks waits no longer than this.
const GATHER_MS: u64 = 25;
/// The pause when somebody has to mend something, in milliseconds: what was mended is noticed without a restart.
const STOPPED_MS: u64 = 30_000;

/// Why the projector does not come further.
enum Trouble {
    Ended,
    /// The journal is away, or the disk is full.
    Passing(String),
    Lasting(String),
}

impl From<HistoryError> for Trouble {
    fn from(error: HistoryError) -> Self {
        if error == HistoryError::Closed {
            Self::Ended
        } else if error.passes() {
            Self::Passing(error.to_string())
        } else {
            Self::Lasting(error.to_string())
        }
    }
}

impl From<FeedError> for Trouble {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Ended => Self::Ended,
            FeedError::Away(_) => Self::Passing(error.to_string()),
            FeedError::Unreadable { .. } | FeedError::Trimmed { .. } | FeedError::Unsafe(_) => Self::Lasting(error.to_string()),
        }
    }
}

fn lines(batch: &Batch) -> Vec<Line> {
    let both = batch.events.iter().zip(&batch.entries);
    both.map(|(event, entry)| Line { event: Arc::clone(event), json: Arc::clone(&entry.json) }).collect()
}

impl History {
    /// Brings everything the feed tells of the journal `epoch` into the tables, from where the file stands, until the feed
    /// ends. May be dropped at any moment. A missing revision stops it; see [`History::health`].
    pub async fn follow(&self, feed: Feed, epoch: Arc<str>) {
        let mut retry_ms = RETRY_MS_FIRST;
        loop {
            let before = self.inner.health.borrow().projected;
            let trouble = self.run(&feed, &epoch).await;
            if self.inner.health.borrow().projected > before {
                retry_ms = RETRY_MS_FIRST;
            }
            let pause_ms = match trouble {
                Trouble::Ended => return,
                Trouble::Passing(reason) => {
                    self.set_condition(Condition::Ill(reason), &feed);
                    retry_ms
                }
                Trouble::Lasting(reason) => {
                    self.set_condition(Condition::Stopped(reason), &feed);
                    STOPPED_MS
                }
            };
            sleep(Duration::from_millis(pause_ms)).await;
            retry_ms = (retry_ms * 2).min(RETRY_MS_MAX);
        }
    }

    /// Runs until something is wrong.
    async fn run(&self, feed: &Feed, epoch: &Arc<str>) -> Trouble {
        let rev = match self.resume(feed, epoch).await {
            Ok(rev) => rev,
            Err(trouble) => return trouble,
        };
        self.reached(rev, feed);
        let mut cursor = feed.subscribe(rev);
        loop {
            // A lasting trouble is told by the cursor.
            let _news = feed.reached(cursor.after() + 1).await;
            // A full batch is written without waiting for more.
            let behind = usize::try_from(feed.last().saturating_sub(cursor.after())).unwrap_or(usize::MAX);
            if behind < BATCH_EVENTS_MAX {
                sleep(Duration::from_millis(GATHER_MS)).await;
            }
            let written = match cursor.next().await {
                Ok(batch) => self.write(epoch, lines(&batch)).await,
                Err(error) => return error.into(),
            };
            match written {
                Ok(rev) => self.reached(rev, feed),
                Err(error) => return error.into(),
            }
        }
    }

    pub(super) async fn write(&self, epoch: &Arc<str>, lines: Vec<Line>) -> Result<u64, HistoryError> {
        let epoch = Arc::clone(epoch);
        self.inner.base.write(move |conn| project::project(conn, &epoch, &lines)).await
    }

    /// Where to go on: at the cursor, once it is sure that the journal is the one the cursor belongs to.
    async fn resume(&self, feed: &Feed, epoch: &Arc<str>) -> Result<u64, Trouble> {
        let asked = Arc::clone(epoch);
        let known = self.inner.base.write(move |conn| project::segment(conn, &asked)).await?;
        let Some(segment) = known else { return self.begin(feed, epoch).await };
        if segment.rev > feed.last() {
            return Err(HistoryError::Diverged { rev: segment.rev }.into());
        }
        let Some(before) = segment.rev.checked_sub(1) else { return Ok(0) };
        match feed.since(before, 1).await {
            Ok(last) => {
                let last = lines(&last);
                let same =
                    move |conn: &mut rusqlite::Connection| last.iter().try_for_each(|line| project::check_same(conn, segment.no, line));
                self.inner.base.write(same).await?;
            }
            // What stands at the cursor was trimmed: then it must go on right behind it.
            Err(FeedError::Trimmed { first }) if first == segment.rev + 1 => {}
            Err(FeedError::Trimmed { first }) => return Err(HistoryError::Gap { expected: segment.rev + 1, got: first }.into()),
            Err(other) => return Err(other.into()),
        }
        Ok(segment.rev)
    }

    /// The first time that this journal is seen: from its first event, or behind what an earlier history knows of it.
    async fn begin(&self, feed: &Feed, epoch: &Arc<str>) -> Result<u64, Trouble> {
        let first = match feed.since(0, 1).await {
            Ok(_) => return Ok(0),
            Err(FeedError::Trimmed { first }) => first,
            Err(other) => return Err(other.into()),
        };
        let oldest = feed.since(first.saturating_sub(1), 1).await?;
        let Some(oldest) = lines(&oldest).pop() else {
            return Err(HistoryError::Gap { expected: 1, got: first }.into());
        };
        let epoch = Arc::clone(epoch);
        Ok(self.inner.base.write(move |conn| project::adopt(conn, &epoch, &oldest)).await?)
    }

    fn reached(&self, rev: u64, feed: &Feed) {
        self.inner.health.send_modify(|health| {
            health.condition = Condition::Well;
            health.projected = rev;
            health.journal = feed.last().max(rev);
        });
    }

    fn set_condition(&self, condition: Condition, feed: &Feed) {
        let news = self.inner.health.borrow().condition != condition;
        match &condition {
            Condition::Ill(reason) if news => tracing::warn!(%reason, "the history lags; it tries again"),
            Condition::Stopped(reason) if news => tracing::error!(%reason, "the history has stopped: it does not skip anything"),
            Condition::Ill(_) | Condition::Stopped(_) | Condition::Idle | Condition::Well => {}
        }
        self.inner.health.send_modify(|health| {
            health.condition = condition;
            health.journal = feed.last().max(health.projected);
        });
    }

    /// Makes the tables again from the events that are kept here, and the rest from the journal, to its end. What neither
    /// has any more stays forgotten: this is how somebody decides to go on after a loss. Nobody may follow meanwhile.
    ///
    /// # Errors
    /// When the file or the journal cannot be read.
    pub async fn rebuild(&self, feed: &Feed, epoch: &Arc<str>) -> Result<u64, HistoryError> {
        self.inner.base.write(project::derive_all).await?;
        let mut rev = match self.resume(feed, epoch).await {
            Ok(rev) => rev,
            Err(Trouble::Passing(reason)) => return Err(HistoryError::Journal(reason)),
            Err(Trouble::Ended) => return Err(HistoryError::Closed),
            Err(Trouble::Lasting(_)) => self.accept_loss(feed, epoch).await?,
        };
        while rev < feed.last() {
            let batch = feed.since(rev, BATCH_EVENTS_MAX).await.map_err(|e| HistoryError::Journal(e.to_string()))?;
            let lines = lines(&batch);
            if lines.is_empty() {
                return Err(HistoryError::Gap { expected: rev + 1, got: feed.last() });
            }
            rev = self.write(epoch, lines).await?;
            self.reached(rev, feed);
        }
        Ok(rev)
    }

    /// Goes on at the oldest event that the journal still has.
    async fn accept_loss(&self, feed: &Feed, epoch: &Arc<str>) -> Result<u64, HistoryError> {
        let asked = Arc::clone(epoch);
        let known = self.inner.base.read(move |conn| project::segment(conn, &asked)).await?;
        let after = known.map_or(0, |segment| segment.rev);
        match feed.since(after, 1).await {
            Err(FeedError::Trimmed { first }) => {
                let epoch = Arc::clone(epoch);
                self.inner.base.write(move |conn| project::accept_hole(conn, &epoch, first.saturating_sub(1))).await
            }
            // The journal is not the one that was read: nobody can go on from that.
            Ok(_) => Err(HistoryError::Diverged { rev: after }),
            Err(other) => Err(HistoryError::Journal(other.to_string())),
        }
    }
}
