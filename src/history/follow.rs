//! The projector's loop: takes batches from the feed, has them written, and says how it is.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::project::{self, Line};
use super::{Condition, History, HistoryError, base};
use crate::feed::{BATCH_EVENTS_MAX, Batch, Cursor, Feed, FeedError};

/// The first pause after something failed, in milliseconds.
const RETRY_MS_FIRST: u64 = 100;
/// The longest pause while it may pass, in milliseconds.
const RETRY_MS_MAX: u64 = 5_000;
/// So long after something happened it is written, in milliseconds: what comes at once with it shares its transaction, screens are told
/// of it first, and who asks waits no longer than this.
const GATHER_MS: u64 = 25;
/// In a rush it may take so much longer, in milliseconds: of many events in one transaction most touch the same pages of the file.
const GATHER_MS_MORE: u64 = 275;
/// Events after the first pause that make it a rush.
const RUSH_EVENTS: usize = 40;
/// Events that are gathered at most, also while others are written; more wait in the feed and the journal. While old history is
/// forgotten, which takes long, so many lie in memory.
const GATHER_EVENTS_MAX: usize = 1_000;
/// After so long without news, in milliseconds, the file is brought to the disk. That takes the disk for five milliseconds, which
/// whoever presses at that moment waits. In a rush without end SQLite does it by itself, every thousand pages.
const QUIET_MS: u64 = 500;
/// Events that are written until it is worth that.
const UNSETTLED_EVENTS_MIN: usize = 300;
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

/// Waits for the next events and for those that come with them; without any only when something is wrong.
async fn gather(gathered: &mut Vec<Line>, cursor: &mut Cursor) -> Result<(), FeedError> {
    if gathered.is_empty() {
        gathered.extend(lines(&*cursor.next().await?));
    }
    for (pause_ms, many) in [(GATHER_MS, BATCH_EVENTS_MAX), (GATHER_MS_MORE, GATHER_EVENTS_MAX)] {
        // Many are written without waiting for more.
        if gathered.len() < many
            && let Ok(taken) = timeout(Duration::from_millis(pause_ms), take_in(gathered, cursor)).await
        {
            return taken;
        }
        if gathered.len() < RUSH_EVENTS {
            break;
        }
    }
    Ok(())
}

/// Takes in what comes, until there is no more room.
async fn take_in(gathered: &mut Vec<Line>, cursor: &mut Cursor) -> Result<(), FeedError> {
    while gathered.len() < GATHER_EVENTS_MAX {
        gathered.extend(lines(&*cursor.next().await?));
    }
    Ok(())
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
        let (mut gathered, mut unsettled) = (Vec::new(), 0);
        loop {
            if unsettled >= UNSETTLED_EVENTS_MIN && gathered.is_empty() {
                match timeout(Duration::from_millis(QUIET_MS), cursor.next()).await {
                    Ok(Ok(batch)) => gathered.extend(lines(&batch)),
                    Ok(Err(trouble)) => return trouble.into(),
                    Err(_quiet) => match self.inner.base.write(base::checkpoint).await {
                        Ok(()) => unsettled = 0,
                        Err(error) => return error.into(),
                    },
                }
            }
            let trouble = gather(&mut gathered, &mut cursor).await.err();
            // What came before a trouble is written.
            if !gathered.is_empty() {
                unsettled += gathered.len();
                match self.write_while_gathering(epoch, &mut gathered, &mut cursor).await {
                    Ok(rev) => self.reached(rev, feed),
                    Err(error) => return error.into(),
                }
            }
            if let Some(trouble) = trouble {
                return trouble.into();
            }
        }
    }

    /// Writes what was gathered, and gathers meanwhile.
    async fn write_while_gathering(&self, epoch: &Arc<str>, gathered: &mut Vec<Line>, cursor: &mut Cursor) -> Result<u64, HistoryError> {
        let writing = self.write(epoch, std::mem::take(gathered));
        tokio::pin!(writing);
        tokio::select! {
            biased;
            written = &mut writing => return written,
            // A trouble comes again with the next look, when this is written.
            _full = take_in(gathered, cursor) => {}
        }
        writing.await
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
