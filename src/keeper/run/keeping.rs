//! When the hall's state is saved and the journal tidied, so that a restart reads little: in quiet moments, or when it has to be.

use std::sync::Arc;

use super::{Inner, Run};
use crate::store::Journal;

/// Events after which the state is saved again, so that a restart folds few.
const SNAPSHOT_EVENTS: u64 = 50_000;
/// In a quiet moment it is saved after so few.
const SNAPSHOT_EVENTS_IDLE: u64 = 1_000;
/// A full hall is saved only after as many events as this part of it: writing all of it down for each little change would cost more
/// than the changes, and a restart folds an event about as quickly as it reads a saved ticket.
const SNAPSHOT_PART: usize = 2;
/// The same in a quiet moment.
const SNAPSHOT_PART_IDLE: usize = 8;
/// In a quiet moment the journal is asked to tidy up after so many events.
const TIDY_EVENTS: u64 = 1_000;

impl<J: Journal> Run<J> {
    /// Saves the state after a day turned or many events, in the background.
    pub(super) fn save_if_due(&mut self) {
        let day_turned = self.tentative.day_opened_rev > self.saved_rev;
        if self.is_behind(if day_turned { 0 } else { self.part_of_hall(SNAPSHOT_PART).max(SNAPSHOT_EVENTS) }) {
            tokio::spawn(save(Arc::clone(&self.inner), self.take_as_saved()));
        }
    }

    /// Nobody pressed for a while: what would be done in a rush, were it not done now, is done in the background.
    pub(super) fn keep_quietly(&mut self) {
        let part = self.part_of_hall(SNAPSHOT_PART_IDLE).clamp(SNAPSHOT_EVENTS_IDLE, SNAPSHOT_EVENTS);
        let saved_rev = self.is_behind(part).then(|| self.take_as_saved());
        let tidies = self.is_well() && self.committed_rev.saturating_sub(self.tidied_rev) >= TIDY_EVENTS;
        if tidies {
            self.tidied_rev = self.committed_rev;
        }
        if saved_rev.is_none() && !tidies {
            return;
        }
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            if let Some(rev) = saved_rev {
                save(Arc::clone(&inner), rev).await;
            }
            if tidies && let Err(error) = inner.journal.tidy().await {
                tracing::warn!(%error, "the journal did not tidy up; it does so when it has grown");
            }
        });
    }

    /// One of so many parts of the hall, counted in tickets and orders.
    fn part_of_hall(&self, parts: usize) -> u64 {
        u64::try_from((self.tentative.tickets.len() + self.tentative.orders.all.len()) / parts).unwrap_or(u64::MAX)
    }

    /// Whether so many events came after the last that was saved.
    fn is_behind(&self, events: u64) -> bool {
        self.is_well() && self.committed_rev.saturating_sub(self.saved_rev) >= events.max(1)
    }

    fn take_as_saved(&mut self) -> u64 {
        self.saved_rev = self.committed_rev;
        self.saved_rev
    }
}

async fn save<J: Journal>(inner: Arc<Inner<J>>, rev: u64) {
    if let Err(error) = inner.save().await {
        tracing::warn!(%error, rev, "the hall's state was not saved; a restart reads more events");
    }
}
