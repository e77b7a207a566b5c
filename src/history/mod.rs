//! Remembers what happened, in SQLite, so that the queues can forget: the projector, the archive, reports, retention.
//!
//! The journal is the truth; everything here is made from it and can be made again. The cursor moves in the same
//! transaction as the rows, so an event counts once, whatever is sent twice and wherever the power fails. A revision
//! that is missing stops the projector, loudly: a history with a hole would still look like a history.

mod archive;
mod base;
mod csv;
mod facts;
mod follow;
mod hotline_report;
mod order_report;
mod project;
mod records;
mod report;
mod retain;
mod rows;
mod seek;
mod spell;
mod temperatures;
mod ticket;
mod xlsx;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;

pub use archive::{EVENTS_PAGE_MAX, TICKETS_PAGE_MAX, TicketQuery};
pub use csv::{Cell, Table, neutral};
pub use hotline_report::{HotlineReport, HotlineRow, NO_CALL_DATA, PhoneFigures};
pub use order_report::{ClockFigures, OrderReport, OrderRow};
pub use report::{DAYS_MAX as REPORT_DAYS_MAX, ForecastReport, ForecastRow, WaitsReport, WaitsRow};
pub use retain::{Forgotten, JOURNAL_EVENTS_KEPT_MIN};
pub use seek::{Asked, CallQuery, OrderQuery, RECORDS_PAGE_MAX};
pub use spell::QUESTION_CHARS_MAX;
pub use temperatures::MEASURED_ORDERS_MAX;
pub use xlsx::BadSheet;

use base::Base;

/// The history's file inside the data folder.
pub const FILE: &str = "history.sqlite";

/// Why history could not do something.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HistoryError {
    /// SQLite said no: a full or broken disk. Worth trying again.
    #[error("the history file cannot be used: {0}")]
    Database(String),
    /// The file is damaged, or holds what it should not. Somebody has to put it aside or rebuild it.
    #[error("the history file is damaged: {0}")]
    Damaged(String),
    /// The journal does not give its events. Worth trying again.
    #[error("the journal cannot be read: {0}")]
    Journal(String),
    /// The file was written by a newer version of this program.
    #[error("the history file was written by a newer version")]
    TooNew,
    /// A revision is missing between what was read and what came.
    #[error("revision {expected} is missing: revision {got} came instead")]
    Gap { expected: u64, got: u64 },
    /// The journal tells one of its revisions differently than before, under the same epoch.
    #[error("revision {rev} of the journal is not what it was")]
    Diverged { rev: u64 },
    /// An event that this version cannot read.
    #[error("revision {rev} cannot be read: {problem}")]
    Unreadable { rev: u64, problem: String },
    /// What was asked for is no longer remembered; the oldest revision that is, if any is.
    #[error("it is no longer remembered")]
    Gone { first: Option<u64> },
    /// The question is too wide, or makes no sense.
    #[error("{0}")]
    BadQuery(&'static str),
    /// Too many questions at once.
    #[error("too many questions wait for the history")]
    Busy,
    /// It is closed, or closing.
    #[error("the history is closed")]
    Closed,
}

impl HistoryError {
    /// Whether the same may go well later, without anybody doing anything to the history.
    #[must_use]
    pub const fn passes(&self) -> bool {
        match self {
            Self::Database(_) | Self::Journal(_) | Self::Busy => true,
            Self::Damaged(_)
            | Self::TooNew
            | Self::Gap { .. }
            | Self::Diverged { .. }
            | Self::Unreadable { .. }
            | Self::Gone { .. }
            | Self::BadQuery(_)
            | Self::Closed => false,
        }
    }
}

/// How the projector is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Not following anything yet.
    Idle,
    Well,
    /// It fails and tries again, with the reason.
    Ill(String),
    /// It stopped and needs somebody, with the reason.
    Stopped(String),
}

/// How the projector is and how far it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub condition: Condition,
    /// Everything up to this revision is in the tables.
    pub projected: u64,
    /// The last revision of the journal that the projector knows of.
    pub journal: u64,
}

impl Health {
    /// Events that are in the journal and not yet in the tables.
    #[must_use]
    pub const fn lag_events(&self) -> u64 {
        self.journal.saturating_sub(self.projected)
    }
}

/// What a history is opened with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The file; made when it is not there.
    pub path: PathBuf,
}

/// One hall's history. Clones are the same history.
#[derive(Clone)]
pub struct History {
    inner: Arc<Inner>,
}

struct Inner {
    base: Base,
    health: watch::Sender<Health>,
}

impl History {
    /// Opens the file, bringing an older one up to date, and starts the writer's thread.
    ///
    /// # Errors
    /// When the file cannot be opened, or a newer version wrote it.
    pub async fn open(options: Options) -> Result<Self, HistoryError> {
        let base = Base::open(options.path).await?;
        let health = Health { condition: Condition::Idle, projected: 0, journal: 0 };
        Ok(Self { inner: Arc::new(Inner { base, health: watch::Sender::new(health) }) })
    }

    /// How the projector is, and its changes.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        self.inner.health.subscribe()
    }

    /// Waits until everything up to `rev` is in the tables, at most `patience`. A projector that is not well is not waited for.
    pub async fn reach(&self, rev: u64, patience: Duration) {
        let mut health = self.inner.health.subscribe();
        let arrives = health.wait_for(|health| health.projected >= rev || health.condition != Condition::Well);
        // What is missing after that is missing in the answer; the health page says why.
        drop(tokio::time::timeout(patience, arrives).await);
    }

    /// Finishes what was given to the writer and brings it to the disk. Questions can still be asked.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn settle(&self) -> Result<(), HistoryError> {
        self.inner.base.write(retain::secure).await.map(|_secured| ())
    }

    /// Copies the history as it is now into the new file `into`, while it is written and read. In a backup it has to be
    /// copied after the journal: a history behind a trimmed journal would have a gap.
    ///
    /// # Errors
    /// When `into` is there already, or the disk refuses.
    pub async fn copy_to(&self, into: PathBuf) -> Result<(), HistoryError> {
        self.inner.base.read(move |conn| base::copy(conn, &into)).await
    }
}

#[cfg(test)]
mod tests;
