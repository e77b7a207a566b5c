//! What the feed promises: every event once, in order, to everybody, whatever happens to the journal or the reader.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::actor::Actor;
use crate::domain::event::EventBody;
use crate::domain::ids::NoticeId;
use crate::store::MemoryJournal;

fn json(rev: u64) -> Arc<str> {
    let body = EventBody::NoticeRemoved { notice: NoticeId(rev) };
    let at = chrono::DateTime::from_timestamp_millis(i64::try_from(rev).unwrap()).unwrap();
    let event = Event { rev, v: EVENT_VERSION, at, by: Actor::hall(), key: None, body };
    serde_json::to_string(&event).unwrap().into()
}

async fn take(cursor: &mut Cursor, until: u64) -> Vec<u64> {
    let mut revs = Vec::new();
    while cursor.after() < until {
        let batch = cursor.next().await.unwrap();
        assert_eq!(batch.events.len(), batch.entries.len());
        revs.extend(batch.events.iter().map(|event| event.rev));
    }
    revs
}

#[tokio::test]
async fn every_reader_is_told_everything_once_from_its_own_place() {
    let journal = Arc::new(MemoryJournal::new("e"));
    journal.append_elsewhere((1..=7).map(json));
    let feed = Feed::start(Arc::clone(&journal), 3);
    let mut early = feed.subscribe(0);
    let mut late = feed.subscribe(5);
    journal.append_elsewhere((8..=1_200).map(json));
    assert_eq!(take(&mut early, 1_200).await, (1..=1_200).collect::<Vec<_>>());
    assert_eq!(take(&mut late, 1_200).await, (6..=1_200).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_is_slower_than_the_ring_reads_the_journal() {
    let journal = Arc::new(MemoryJournal::new("e"));
    let feed = Feed::start(Arc::clone(&journal), 0);
    let mut slow = feed.subscribe(0);
    let all = u64::try_from(RING_EVENTS_MAX).unwrap() + 3_000;
    journal.append_elsewhere((1..=all).map(json));
    feed.reached(all).await.unwrap();
    assert_eq!(take(&mut slow, all).await, (1..=all).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_journal_that_was_away_is_read_on_without_a_gap() {
    let journal = Arc::new(MemoryJournal::new("e"));
    let feed = Feed::start(Arc::clone(&journal), 0);
    let mut reader = feed.subscribe(0);
    let mut progress = feed.progress();
    journal.append_elsewhere((1..=2).map(json));
    assert_eq!(take(&mut reader, 2).await, [1, 2]);
    journal.set_away(true);
    journal.append_elsewhere([json(3)]);
    progress.wait_for(|p| matches!(p.trouble, Some(FeedError::Away(_)))).await.unwrap();
    journal.set_away(false);
    assert_eq!(take(&mut reader, 3).await, [3]);
    progress.wait_for(|p| p.trouble.is_none()).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_read_is_not_skipped() {
    let journal = Arc::new(MemoryJournal::new("e"));
    let feed = Feed::start(Arc::clone(&journal), 0);
    let mut reader = feed.subscribe(0);
    journal.append_elsewhere([json(1)]);
    assert_eq!(take(&mut reader, 1).await, [1]);
    journal.append_elsewhere([Arc::from("{\"rev\":2,\"v\":1,\"type\":\"from.the.future\"}"), json(3)]);
    assert!(matches!(reader.next().await, Err(FeedError::Unreadable { rev: 2, .. })));
    assert!(matches!(feed.reached(3).await, Err(FeedError::Unreadable { rev: 2, .. })));
    assert_eq!(feed.last(), 1);
}

#[tokio::test]
async fn a_stopped_feed_says_so() {
    let feed = Feed::start(Arc::new(MemoryJournal::new("e")), 0);
    let mut reader = feed.subscribe(0);
    feed.stop();
    assert_eq!(reader.next().await, Err(FeedError::Ended));
}

proptest! {
    /// Whatever the batches were, what comes after a revision is what was pushed after it; and here are the newest batches
    /// that fit both limits together, the last one always.
    #[test]
    fn the_ring_gives_what_was_pushed(sizes in prop::collection::vec(1_u64..30, 1..40), after in 0_u64..400, limit in 1_usize..50, bytes_max in prop_oneof![Just(usize::MAX), Just(4_000)]) {
        let mut ring = Ring::new(0, 100, bytes_max);
        let mut last = 0;
        for &size in &sizes {
            let entries = (last + 1..=last + size).map(|rev| Entry::read(rev, json(rev))).collect();
            ring.push(Arc::new(Batch::read(last, entries).unwrap()));
            last += size;
        }
        match ring.since(after, limit) {
            Some(batch) => {
                prop_assert!(after >= oldest_base(&sizes, 100, bytes_max));
                let revs: Vec<_> = batch.events.iter().map(|event| event.rev).collect();
                prop_assert!(!revs.is_empty() && revs.len() <= limit);
                prop_assert_eq!((revs[0], *revs.last().unwrap()), (after + 1, batch.last));
            }
            None => prop_assert!(after >= last || after < oldest_base(&sizes, 100, bytes_max)),
        }
    }
}

/// Behind which revision the newest batches begin that fit both limits, counted anew for every number of them.
fn oldest_base(sizes: &[u64], events_max: u64, bytes_max: usize) -> u64 {
    let base = |dropped: usize| sizes[..dropped].iter().sum::<u64>();
    let last = base(sizes.len());
    let fits = |from: u64| last - from <= events_max && (from + 1..=last).map(|rev| json(rev).len()).sum::<usize>() <= bytes_max;
    (0..sizes.len()).map(base).find(|from| fits(*from)).unwrap_or_else(|| base(sizes.len() - 1))
}
