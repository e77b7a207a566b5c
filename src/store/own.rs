//! What this process wrote itself, for its own tail: it need not be read back from Redis, parsed and proved again.
//!
//! A commit is written only where the journal stood at the revision before it, so whatever follows one another here follows one
//! another in the journal. Where somebody else wrote in between, the entries do not join, and the tail reads the journal.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use super::Entry;

/// Entries that wait for the tail at most; a tail that fell further behind reads the journal.
const ENTRIES_MAX: usize = 8_192;
/// So long after a commit what comes next is most likely written here too.
const LIVELY: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Own {
    kept: Mutex<Kept>,
    news: Notify,
    /// Commits sent so far, and those of them of which the end is known.
    departed: AtomicU64,
    landed: watch::Sender<u64>,
}

/// A commit on its way: it has landed, written or not, when this is dropped.
pub(super) struct OnItsWay<'a>(&'a Own);

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.0.landed.send_modify(|landed| *landed += 1);
    }
}

#[derive(Default)]
struct Kept {
    /// One after the other, without a gap.
    entries: VecDeque<Entry>,
    at: Option<Instant>,
}

impl Own {
    /// A commit is about to be sent.
    pub(super) fn departs(&self) -> OnItsWay<'_> {
        self.departed.fetch_add(1, Ordering::AcqRel);
        OnItsWay(self)
    }

    /// Waits until as many commits have landed as have departed up to now.
    pub(super) async fn landed(&self) {
        let departed = self.departed.load(Ordering::Acquire);
        let mut landed = self.landed.subscribe();
        // The sender lives as long as this does.
        let _known = landed.wait_for(|landed| *landed >= departed).await;
    }

    /// Waits until something was written here; at once, where it was since the last wait.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// These entries are committed.
    pub(super) fn wrote(&self, entries: &[Entry]) {
        let Some(first) = entries.first() else { return };
        let mut kept = self.kept();
        let joins = kept.entries.back().is_none_or(|last| last.rev + 1 == first.rev);
        if !joins || kept.entries.len() + entries.len() > ENTRIES_MAX {
            kept.entries.clear();
        }
        kept.entries.extend(entries.iter().cloned());
        kept.at = Some(Instant::now());
        drop(kept);
        self.news.notify_one();
    }

    /// Whether this process wrote what follows `after`. Entries up to `after` are forgotten.
    pub(super) fn has(&self, after: u64) -> bool {
        self.forget(after);
        self.kept().entries.front().is_some_and(|entry| entry.rev == after + 1)
    }

    /// At most `limit` entries that follow `after`, where this process wrote the next. Entries up to `after` are forgotten.
    pub(super) fn take(&self, after: u64, limit: usize) -> Option<Vec<Entry>> {
        if !self.has(after) {
            return None;
        }
        let mut kept = self.kept();
        let count = limit.min(kept.entries.len());
        Some(kept.entries.drain(..count).collect())
    }

    /// Entries up to `through` are wanted no more: they were taken, or the journal has dropped them.
    pub(super) fn forget(&self, through: u64) {
        let mut kept = self.kept();
        while kept.entries.front().is_some_and(|entry| entry.rev <= through) {
            kept.entries.pop_front();
        }
    }

    /// Whether this process wrote something that does not follow `after`: what lies between has to be read.
    pub(super) fn is_ahead(&self, after: u64) -> bool {
        self.kept().entries.front().is_some_and(|entry| entry.rev > after + 1)
    }

    /// Waits until nothing was written here for so long.
    pub(super) async fn quiet(&self, hush: Duration) {
        loop {
            let last = self.kept().at;
            match last {
                Some(at) if at.elapsed() < hush => sleep_until(at + hush).await,
                Some(_) | None => return,
            }
        }
    }

    /// Whether this process wrote something just now.
    pub(super) fn is_lively(&self) -> bool {
        self.kept().at.is_some_and(|at| at.elapsed() < LIVELY)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(revs: std::ops::RangeInclusive<u64>) -> Vec<Entry> {
        revs.map(|rev| Entry::read(rev, "{}".into())).collect()
    }

    fn revs(taken: Option<Vec<Entry>>) -> Option<Vec<u64>> {
        taken.map(|entries| entries.iter().map(|entry| entry.rev).collect())
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_written_here_is_given_out_once_and_in_order() {
        let own = Own::default();
        assert!(!own.is_lively());
        own.wrote(&entries(5..=7));
        own.wrote(&entries(8..=8));
        assert!(own.is_lively());
        assert_eq!(revs(own.take(4, 2)), Some(vec![5, 6]));
        assert_eq!(revs(own.take(6, 9)), Some(vec![7, 8]));
        assert_eq!(revs(own.take(8, 9)), None);
        tokio::time::advance(LIVELY).await;
        assert!(!own.is_lively());
    }

    #[tokio::test(start_paused = true)]
    async fn who_heard_the_bell_waits_for_the_commits_on_their_way_and_no_later_ones() {
        let own = Own::default();
        let soon = Duration::from_millis(1);
        own.landed().await;
        let first = own.departs();
        let waits = own.landed();
        tokio::pin!(waits);
        assert!(tokio::time::timeout(soon, &mut waits).await.is_err());
        let _second = own.departs();
        own.wrote(&entries(5..=5));
        drop(first);
        tokio::time::timeout(soon, waits).await.unwrap();
        tokio::time::timeout(soon, own.news()).await.unwrap();
        assert!(tokio::time::timeout(soon, own.news()).await.is_err(), "told once");
        assert!(own.has(4) && !own.has(5));
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_quiet_some_time_after_the_last_commit() {
        let own = Own::default();
        let hush = Duration::from_millis(100);
        let begin = Instant::now();
        own.quiet(hush).await;
        assert_eq!(begin.elapsed(), Duration::ZERO, "nothing was written yet");
        own.wrote(&entries(5..=5));
        tokio::time::advance(hush / 2).await;
        let quiet = own.quiet(hush);
        tokio::pin!(quiet);
        assert!(tokio::time::timeout(hush / 4, &mut quiet).await.is_err());
        own.wrote(&entries(6..=6));
        quiet.await;
        assert!((hush * 7 / 4..hush * 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
        assert!(own.is_ahead(3) && !own.is_ahead(4) && !own.is_ahead(9));
    }

    #[test]
    fn what_others_wrote_in_between_is_left_to_redis() {
        let own = Own::default();
        own.wrote(&entries(5..=6));
        own.wrote(&entries(9..=9));
        assert_eq!(revs(own.take(4, 9)), None, "5 and 6 are read with 7 and 8");
        assert_eq!(revs(own.take(8, 9)), Some(vec![9]));
    }

    #[test]
    fn the_backlog_is_bounded() {
        let own = Own::default();
        for first in (1..).step_by(1_000).take(20) {
            own.wrote(&entries(first..=first + 999));
            assert!(own.kept().entries.len() <= ENTRIES_MAX);
        }
        assert_eq!(revs(own.take(19_998, 9)), Some(vec![19_999, 20_000]));
    }
}
