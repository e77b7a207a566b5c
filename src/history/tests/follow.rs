//! The projector on a journal that grows, is trimmed, is restored and is lost.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::sim::{Op, Sim, dump, open};
use crate::domain::event::Event;
use crate::feed::Feed;
use crate::history::{Condition, EVENTS_PAGE_MAX, FILE, Health, History, HistoryError};
use crate::store::{Journal, MemoryJournal, Snapshot};

/// A day with some of everything.
fn busy(tickets: usize) -> Vec<Op> {
    let mut ops = Vec::new();
    for n in 0..tickets {
        ops.push(Op::Issue { service: n % 3, class: n % 4, wait: Some((2, 8)) });
        ops.push(Op::Pass { s: 40 });
        ops.push(Op::Next { counter: n % 2, outcome: n % 5 });
        if n % 7 == 0 {
            ops.push(Op::Step { pick: n, step: n % 11 });
        }
        if n % 50 == 49 {
            ops.push(Op::Day);
            ops.push(Op::Staff);
        }
    }
    ops
}

fn texts(events: &[Event]) -> Vec<Arc<str>> {
    events.iter().map(|event| serde_json::to_string(event).unwrap().into()).collect()
}

fn clean(event: &Event) -> Event {
    Event { body: event.body.clone().without_secrets(), ..event.clone() }
}

/// Follows until the condition holds.
async fn follow_until(history: &History, feed: &Feed, epoch: &str, mut until: impl FnMut(&Health) -> bool) -> Health {
    let following = history.clone();
    let (tail, epoch) = (feed.clone(), Arc::from(epoch));
    let task = tokio::spawn(async move { following.follow(tail, epoch).await });
    let mut health = history.health();
    let seen = health.wait_for(|h| until(h)).await.unwrap().clone();
    task.abort();
    // What it had begun is finished before anything else is written.
    history.settle().await.unwrap();
    seen
}

fn journal_of(sim: &Sim, epoch: &str) -> (Arc<MemoryJournal>, Feed, u64) {
    let journal = Arc::new(MemoryJournal::new(epoch));
    let position = journal.append_elsewhere(texts(&sim.events));
    let feed = Feed::start(Arc::clone(&journal), position.rev);
    (journal, feed, position.rev)
}

async fn trim(journal: &MemoryJournal, epoch: &str, through: u64) {
    journal.save_snapshot(epoch, &Snapshot::of(through, &()).unwrap()).await.unwrap();
    journal.trim(through).await.unwrap();
}

/// What `GET /events` does: the old ones from here, the others from the journal.
async fn every_event(history: &History, feed: &Feed, epoch: &str, first_in_journal: u64, last: u64) -> Vec<Event> {
    let mut all: Vec<Event> = Vec::new();
    while all.last().map_or(0, |event| event.rev) < last {
        let after = all.last().map_or(0, |event| event.rev);
        if after + 1 < first_in_journal {
            all.extend(history.events(epoch, after, first_in_journal, EVENTS_PAGE_MAX).await.unwrap());
        } else {
            all.extend(feed.since(after, EVENTS_PAGE_MAX).await.unwrap().events.iter().map(|event| clean(event)));
        }
    }
    all
}

#[tokio::test]
async fn archive_and_journal_meet_without_a_seam() {
    let sim = Sim::after(&busy(200));
    let dir = tempfile::tempdir().unwrap();
    let history = open(dir.path()).await;
    let (journal, feed, last) = journal_of(&sim, "e1");
    let health = follow_until(&history, &feed, "e1", |h| h.projected == last).await;
    assert_eq!(health, Health { condition: Condition::Well, projected: last, journal: last });
    assert_eq!(history.trim_through("e1", last, last).await.unwrap(), None, "all of it has to stay");
    assert_eq!(history.trim_through("e1", 150, 100).await.unwrap(), Some(50), "never behind the snapshot");
    assert_eq!(history.trim_through("other", last, 100).await.unwrap(), None, "nothing of another journal");
    let through = history.trim_through("e1", last, 100).await.unwrap().unwrap();
    assert_eq!(through, last - 100);
    journal.save_snapshot("e1", &Snapshot::of(last, &()).unwrap()).await.unwrap();
    journal.trim(through).await.unwrap();
    assert_eq!(journal.load().await.unwrap().first, through + 1);
    let all = every_event(&history, &feed, "e1", through + 1, last).await;
    assert!(all.iter().map(|event| event.rev).eq(1..=last));
    assert_eq!(all, sim.clean());
    assert_eq!(history.first_rev("e1").await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_rush_is_written_whole_and_in_few_transactions() {
    let sim = Sim::after(&busy(2_500));
    let dir = tempfile::tempdir().unwrap();
    let history = open(dir.path()).await;
    let (_journal, feed, last) = journal_of(&sim, "e1");
    assert!(last > 9_000, "many times what is gathered at once: {last}");
    let mut steps = BTreeSet::new();
    follow_until(&history, &feed, "e1", |h| {
        steps.insert(h.projected);
        h.projected == last
    })
    .await;
    // A page of the feed is half of what is gathered.
    assert!(steps.len() <= 14, "{steps:?}");
    let kept = every_event(&history, &feed, "e1", last + 1, last).await;
    assert!(kept == sim.clean(), "all of them, in their order");
}

/// Events in the file when it is looked at without what lies beside it; none while it is being written.
fn events_in_the_file_alone(dir: &Path) -> u64 {
    let apart = tempfile::tempdir().unwrap();
    let file = apart.path().join(FILE);
    std::fs::copy(dir.join(FILE), &file).unwrap();
    let count =
        rusqlite::Connection::open(&file).and_then(|conn| conn.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0)));
    count.map_or(0, |count| u64::try_from(count).unwrap())
}

#[tokio::test]
async fn when_nobody_presses_the_file_itself_comes_to_hold_everything() {
    let sim = Sim::after(&busy(150));
    let dir = tempfile::tempdir().unwrap();
    let history = open(dir.path()).await;
    let (_journal, feed, last) = journal_of(&sim, "e1");
    let follower = history.clone();
    let following = tokio::spawn(async move { follower.follow(feed, Arc::from("e1")).await });
    history.health().wait_for(|h| h.projected == last).await.unwrap();
    let comes = async {
        while events_in_the_file_alone(dir.path()) < last {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(30), comes).await.expect("it lies in the file when the server rests");
    following.abort();
}

#[tokio::test]
async fn it_goes_on_where_it_was_and_behind_a_trimmed_journal() {
    let sim = Sim::after(&busy(300));
    let dir = tempfile::tempdir().unwrap();
    let (journal, feed, last) = journal_of(&sim, "e1");
    assert!(last > 1_000, "several batches");
    let history = open(dir.path()).await;
    follow_until(&history, &feed, "e1", |h| h.projected >= 500).await;
    drop(history);
    let history = open(dir.path()).await;
    follow_until(&history, &feed, "e1", |h| h.projected == last).await;
    trim(&journal, "e1", last).await;
    let mut later = sim.clone();
    later.play(&Op::Staff);
    let position = journal.append_elsewhere(texts(&later.events[sim.events.len()..]));
    // A new process: nothing in memory, and the event at the cursor is trimmed.
    let feed = Feed::start(Arc::clone(&journal), position.rev);
    follow_until(&history, &feed, "e1", |h| h.projected == position.rev).await;
    assert!(position.rev > last);
}

#[tokio::test]
async fn a_gap_stops_it_loudly_and_only_a_decision_goes_on() {
    let sim = Sim::after(&busy(60));
    let dir = tempfile::tempdir().unwrap();
    let (journal, _, last) = journal_of(&sim, "e1");
    trim(&journal, "e1", 40).await;
    let feed = Feed::start(Arc::clone(&journal), last);
    let history = open(dir.path()).await;
    let health = follow_until(&history, &feed, "e1", |h| h.condition != Condition::Idle).await;
    assert_eq!(health.condition, Condition::Stopped("revision 1 is missing: revision 41 came instead".to_owned()));
    assert_eq!((health.projected, health.lag_events()), (0, last));
    assert_eq!(dump(&history).await, Vec::<String>::new());

    assert_eq!(history.rebuild(&feed, &Arc::from("e1")).await, Ok(last));
    assert_eq!(history.first_rev("e1").await.unwrap(), Some(41));
    assert_eq!(history.events("e1", 39, last, 10).await, Err(HistoryError::Gone { first: Some(41) }));
    assert_eq!(history.events("e1", 40, last, 10).await.unwrap(), sim.clean()[40..50]);
    // Tickets that were issued behind the loss are whole.
    for (id, ticket) in sim.tickets.iter().filter(|(id, _)| id.0 > 40) {
        assert_eq!(history.ticket(*id).await.unwrap().as_ref(), Some(ticket));
    }
    assert_eq!(follow_until(&history, &feed, "e1", |h| h.condition == Condition::Well).await.projected, last);
}

#[tokio::test]
async fn a_journal_behind_its_history_is_not_followed() {
    let sim = Sim::after(&busy(20));
    let dir = tempfile::tempdir().unwrap();
    let history = open(dir.path()).await;
    let (_, feed, last) = journal_of(&sim, "e1");
    follow_until(&history, &feed, "e1", |h| h.projected == last).await;
    let shorter = Arc::new(MemoryJournal::new("e1"));
    shorter.append_elsewhere(texts(&sim.events[..20]));
    let feed = Feed::start(Arc::clone(&shorter), 20);
    let health = follow_until(&history, &feed, "e1", |h| matches!(h.condition, Condition::Stopped(_))).await;
    assert_eq!(health.condition, Condition::Stopped(HistoryError::Diverged { rev: last }.to_string()));
}

/// A journal put back from a backup: the same beginning, another end, another epoch.
async fn restored(trimmed: bool) {
    let ops = busy(80);
    let backup = Sim::after(&ops[..ops.len() / 2]);
    let old = Sim::after(&ops);
    let mut new = backup.clone();
    // Not the same instants again: what follows the backup is another story.
    new.play(&Op::Pass { s: 1 });
    for op in busy(15) {
        new.play(&op);
    }
    let dir = tempfile::tempdir().unwrap();
    let history = open(dir.path()).await;
    let (_, feed, last) = journal_of(&old, "e1");
    follow_until(&history, &feed, "e1", |h| h.projected == last).await;
    let before = dump(&history).await;

    let (journal, _, last) = journal_of(&new, "e2");
    if trimmed {
        trim(&journal, "e2", backup.hall.rev - 10).await;
    }
    let feed = Feed::start(Arc::clone(&journal), last);
    follow_until(&history, &feed, "e2", |h| h.projected == last && h.condition == Condition::Well).await;
    assert_eq!(history.events("e2", 0, u64::MAX, EVENTS_PAGE_MAX).await.unwrap(), new.clean()[..EVENTS_PAGE_MAX.min(new.events.len())]);
    for (id, ticket) in &new.tickets {
        assert_eq!(history.ticket(*id).await.unwrap().as_ref(), Some(ticket), "the latest history is told");
    }
    // The old history is still there, its events untouched.
    let after = dump(&history).await;
    assert!(before.iter().filter(|row| !row.starts_with("tickets")).all(|row| after.contains(row)));
    // Nobody is counted twice: everybody of the new history, and of the old one those who were lost with its end.
    let both = old.tickets.values().filter(|t| new.tickets.get(&t.id).is_some_and(|n| n.issued_at == t.issued_at && n.number == t.number));
    let people = old.tickets.len() + new.tickets.len() - both.count();
    let from = new.days().0.min(old.days().0);
    let report = history.waits_report(from, new.days().1.max(old.days().1)).await.unwrap();
    assert_eq!(report.totals.iter().map(|row| row.issued).sum::<u32>(), u32::try_from(people).unwrap());
    // Made again, the same.
    history.rebuild(&feed, &Arc::from("e2")).await.unwrap();
    assert_eq!(dump(&history).await, after);
}

#[tokio::test]
async fn a_restored_journal_begins_a_new_history_beside_the_old() {
    restored(false).await;
}

#[tokio::test]
async fn a_restored_and_trimmed_journal_takes_its_beginning_from_the_old_history() {
    restored(true).await;
}
