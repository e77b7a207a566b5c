//! The one task that reads the journal as it grows, and comes back after it was away.

use std::sync::{Arc, PoisonError};

use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Duration, Instant, sleep, timeout};

use super::{BATCH_EVENTS_MAX, Batch, FeedError, Inner, RETRY_MS_FIRST, RETRY_MS_MAX};
use crate::store::Journal;

/// A journal that does not answer for so long is away, whatever its connection says; its own wait takes up to five seconds.
const WAIT_S_MAX: u64 = 10;
/// Reads that follow one another faster than this are busy hours, in milliseconds: the next waits so long and takes more at once.
/// What comes alone is told at once.
const GATHER_MS: u64 = 3;

/// Reads until it is told to stop.
pub(super) async fn run<J: Journal>(journal: Arc<J>, inner: Arc<Inner>, mut stop: watch::Receiver<bool>) {
    let mut retry_ms = RETRY_MS_FIRST;
    let mut told = Instant::now();
    loop {
        let after = inner.progress.borrow().last;
        let read = tokio::select! {
            // The sender gone is the feed dropped: nobody listens any more.
            _ = stop.wait_for(|stopped| *stopped) => break,
            read = one(&*journal, after) => read,
        };
        match read {
            Ok(batch) => {
                retry_ms = RETRY_MS_FIRST;
                publish(&inner, batch);
                // Who listens is told before it is listened again.
                yield_now().await;
                let gap = Duration::from_millis(GATHER_MS);
                let is_busy = told.elapsed() < gap * 2;
                told = Instant::now();
                if is_busy {
                    sleep(gap).await;
                }
            }
            Err(trouble) => {
                complain(&inner, trouble);
                tokio::select! {
                    _ = stop.wait_for(|stopped| *stopped) => break,
                    () = sleep(Duration::from_millis(retry_ms)) => {}
                }
                retry_ms = (retry_ms * 2).min(RETRY_MS_MAX);
            }
        }
    }
    inner.progress.send_modify(|progress| progress.trouble = Some(FeedError::Ended));
}

async fn one<J: Journal>(journal: &J, after: u64) -> Result<Batch, FeedError> {
    let waited = timeout(Duration::from_secs(WAIT_S_MAX), journal.wait(after, BATCH_EVENTS_MAX)).await;
    let entries = waited.map_err(|_| FeedError::Away("it does not answer".to_owned()))??;
    Batch::read(after, entries)
}

fn publish(inner: &Inner, batch: Batch) {
    let last = batch.last;
    if !batch.events.is_empty() {
        inner.ring.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(batch));
    }
    inner.progress.send_if_modified(|progress| {
        let news = progress.last != last || progress.trouble.is_some();
        if progress.trouble.take().is_some() {
            tracing::info!(rev = last, "the feed reads the journal again");
        }
        progress.last = last;
        news
    });
}

/// Says once what is wrong, however often it is tried again.
fn complain(inner: &Inner, trouble: FeedError) {
    let known = inner.progress.borrow().trouble.as_ref() == Some(&trouble);
    if known {
        return;
    }
    match &trouble {
        FeedError::Away(reason) => tracing::warn!(%reason, "the feed has lost the journal"),
        FeedError::Unreadable { .. } | FeedError::Trimmed { .. } | FeedError::Unsafe(_) | FeedError::Ended => {
            tracing::error!(%trouble, "the feed stands still: it does not skip what it cannot read");
        }
    }
    inner.progress.send_modify(|progress| progress.trouble = Some(trouble));
}
