//! What every journal promises, whichever keeps it.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::real::TestRedis;
use crate::store::memory::Fault;
use crate::store::{
    Commit, Committed, Entry, IdempotencyKey, Journal, JournalError, KeyedReply, MemoryJournal, Position, Snapshot, StoredReply, Write,
};

pub(super) fn event(rev: u64, text: &str) -> Entry {
    Entry::read(rev, format!("{{\"x\":\"{text}\"}}").into())
}

pub(super) fn day(day: &str) -> Commit {
    Commit { reply_day: day.into(), search_reply_days: vec![day.into()], ..Commit::default() }
}

pub(super) fn commit(rev: u64, text: &str) -> Commit {
    Commit { events: vec![event(rev, text)], ..day("2026-11-23") }
}

pub(super) fn position(at: &Position, rev: u64) -> Position {
    Position { epoch: Arc::clone(&at.epoch), rev }
}

pub(super) fn keyed(key: &str, body: &str) -> KeyedReply {
    let key = IdempotencyKey { scope: "kiosk:k1".into(), key: key.into(), fingerprint: "f0".into() };
    KeyedReply { key, status: 201, body: body.into() }
}

async fn commits_append_and_stale_ones_do_not(journal: &impl Journal) {
    let loaded = journal.load().await.unwrap();
    let at = loaded.position;
    assert_eq!((at.rev, loaded.first, loaded.snapshot), (0, 0, None));
    assert_eq!(journal.since(0, 10).await.unwrap(), []);
    assert_eq!(journal.commit(&at, &commit(1, "a")).await.unwrap(), Committed::Done);
    assert_eq!(journal.commit(&at, &commit(1, "b")).await.unwrap(), Committed::Stale(position(&at, 1)));
    let two = Commit { events: vec![event(2, "b"), event(3, "暖")], ..day("2026-11-23") };
    assert_eq!(journal.commit(&position(&at, 1), &two).await.unwrap(), Committed::Done);
    assert_eq!(journal.position().await.unwrap(), position(&at, 3));
    assert_eq!(journal.since(0, 10).await.unwrap(), [event(1, "a"), event(2, "b"), event(3, "暖")]);
    assert_eq!(journal.since(1, 1).await.unwrap(), [event(2, "b")]);
    assert_eq!(journal.wait(1, 10).await.unwrap(), [event(2, "b"), event(3, "暖")]);
    assert_eq!(journal.since(3, 10).await.unwrap(), []);
    assert!(matches!(journal.since(4, 10).await.unwrap_err(), JournalError::Unsafe(_)));
    assert!(matches!(journal.commit(&position(&at, 3), &commit(5, "gap")).await.unwrap_err(), JournalError::Away(_)));
    let other = Position { epoch: "other".into(), rev: 3 };
    assert!(matches!(journal.commit(&other, &commit(4, "x")).await.unwrap_err(), JournalError::Unsafe(_)));
    assert!(matches!(journal.commit(&position(&at, 9), &commit(10, "x")).await.unwrap_err(), JournalError::Unsafe(_)));
}

async fn an_answer_is_given_once_and_repeated_after(journal: &impl Journal) {
    let at = journal.load().await.unwrap().position;
    let first = Commit { replies: vec![keyed("a", "A001\n第一")], ..commit(1, "a") };
    assert_eq!(journal.commit(&at, &first).await.unwrap(), Committed::Done);
    let kept = StoredReply { fingerprint: "f0".into(), status: 201, body: "A001\n第一".into() };
    let mut again = Commit { replies: vec![keyed("b", "B001"), keyed("a", "A002")], ..commit(2, "b") };
    again.search_reply_days = vec!["2026-11-24".into(), "2026-11-23".into()];
    again.reply_day = "2026-11-24".into();
    assert_eq!(journal.commit(&position(&at, 1), &again).await.unwrap(), Committed::Repeated(vec![(1, kept.clone())]));
    assert_eq!(journal.position().await.unwrap().rev, 1, "a repeated commit writes nothing");
    let stale = Commit { events: vec![event(1, "b")], ..again.clone() };
    assert!(matches!(journal.commit(&at, &stale).await.unwrap(), Committed::Stale(_)), "stale comes before repeated");
    let days = ["2026-11-24".to_owned(), "2026-11-23".to_owned()];
    assert_eq!(journal.reply(&keyed("a", "").key, &days).await.unwrap(), Some(kept));
    assert_eq!(journal.reply(&keyed("b", "").key, &days).await.unwrap(), None);
    assert_eq!(journal.reply(&keyed("a", "").key, &days[..1]).await.unwrap(), None);
    let mut elsewhere = keyed("a", "").key;
    elsewhere.scope = "kiosk:k2".into();
    assert_eq!(journal.reply(&elsewhere, &days).await.unwrap(), None, "a key means nothing in another scope");
    let forget = Commit { replies: vec![keyed("c", "C")], forget_reply_days: vec!["2026-11-23".into()], ..day("2026-11-24") };
    assert_eq!(journal.commit(&position(&at, 1), &forget).await.unwrap(), Committed::Done);
    assert_eq!(journal.reply(&keyed("a", "").key, &days).await.unwrap(), None);
    assert!(journal.reply(&keyed("c", "").key, &days).await.unwrap().is_some());
}

async fn old_events_go_only_under_a_saved_state(journal: &impl Journal) {
    let at = journal.load().await.unwrap().position;
    let ten = Commit { events: (1..=10).map(|rev| event(rev, "x")).collect(), ..day("2026-11-23") };
    journal.commit(&at, &ten).await.unwrap();
    journal.trim(5).await.unwrap();
    assert_eq!(journal.since(0, 100).await.unwrap().len(), 10, "nothing is saved yet");
    let saved = Snapshot::of(6, &"state").unwrap();
    journal.save_snapshot(&at.epoch, &saved).await.unwrap();
    journal.save_snapshot(&at.epoch, &Snapshot::of(4, &"older").unwrap()).await.unwrap();
    assert!(matches!(journal.save_snapshot("other", &saved).await.unwrap_err(), JournalError::Unsafe(_)));
    assert!(journal.save_snapshot(&at.epoch, &Snapshot::of(11, &"ahead").unwrap()).await.is_err());
    journal.trim(9).await.unwrap();
    assert!(matches!(journal.since(5, 100).await.unwrap_err(), JournalError::Trimmed { first: 7 }));
    assert!(matches!(journal.wait(0, 100).await.unwrap_err(), JournalError::Trimmed { first: 7 }));
    assert_eq!(journal.since(6, 100).await.unwrap(), ten.events[6..]);
    assert_eq!(journal.since(8, 100).await.unwrap(), ten.events[8..]);
    let loaded = journal.load().await.unwrap();
    assert_eq!((loaded.position.rev, loaded.first, loaded.snapshot), (10, 7, Some(saved)));
    journal.save_snapshot(&at.epoch, &Snapshot::of(10, &"all").unwrap()).await.unwrap();
    journal.trim(10).await.unwrap();
    assert_eq!(journal.load().await.unwrap().first, 0);
    assert_eq!(journal.commit(&position(&at, 10), &commit(11, "y")).await.unwrap(), Committed::Done);
    assert_eq!(journal.since(10, 10).await.unwrap(), [event(11, "y")]);
}

async fn a_commit_behind_another_is_written_only_right_behind_it(journal: &impl Journal) {
    let at = journal.load().await.unwrap().position;
    let named = |rev: u64, text: &str, name: &str, behind: Option<&str>| Commit {
        name: name.into(),
        behind: behind.map(Into::into),
        ..commit(rev, text)
    };
    assert_eq!(journal.commit(&at, &named(1, "a", "p-1", None)).await.unwrap(), Committed::Done);
    assert_eq!(journal.commit(&position(&at, 1), &named(2, "b", "p-2", Some("p-1"))).await.unwrap(), Committed::Done);
    // Somebody else's is as long as the one that this was decided upon: the revision fits, the journal does not.
    assert_eq!(journal.commit(&position(&at, 2), &named(3, "foreign", "q-1", None)).await.unwrap(), Committed::Done);
    assert_eq!(
        journal.commit(&position(&at, 3), &named(4, "d", "p-4", Some("p-3"))).await.unwrap(),
        Committed::Stale(position(&at, 3)),
        "what it was decided upon was never written"
    );
    // The one before was refused and will not be written: that is no journal that went back.
    assert_eq!(journal.commit(&position(&at, 5), &named(6, "f", "p-6", Some("p-5"))).await.unwrap(), Committed::Stale(position(&at, 3)));
    // Answers alone are a commit too.
    let answers = Commit { replies: vec![keyed("a", "A001")], name: "p-7".into(), ..day("2026-11-23") };
    assert_eq!(journal.commit(&position(&at, 3), &answers).await.unwrap(), Committed::Done);
    assert_eq!(
        journal.commit(&position(&at, 3), &named(4, "d", "p-8", Some("q-1"))).await.unwrap(),
        Committed::Stale(position(&at, 3)),
        "another came between"
    );
    assert_eq!(journal.commit(&position(&at, 3), &named(4, "d", "p-9", Some("p-7"))).await.unwrap(), Committed::Done);
    assert_eq!(journal.since(2, 10).await.unwrap(), [event(3, "foreign"), event(4, "d")]);
}

macro_rules! promised {
    ($($name:ident),*) => {
        mod in_memory {
            use super::*;
            $(#[tokio::test] async fn $name() { super::$name(&MemoryJournal::new("e1")).await; })*
        }
        mod in_redis {
            use super::*;
            $(#[tokio::test] async fn $name() { super::$name(&TestRedis::start().journal()).await; })*
        }
    };
}

promised!(
    commits_append_and_stale_ones_do_not,
    an_answer_is_given_once_and_repeated_after,
    old_events_go_only_under_a_saved_state,
    a_commit_behind_another_is_written_only_right_behind_it
);

#[tokio::test]
async fn planned_faults_do_what_they_say() {
    let journal = MemoryJournal::new("e1");
    let at = journal.load().await.unwrap().position;
    let plan = Arc::new(Mutex::new(vec![Fault::LostAfter, Fault::LostBefore, Fault::Refused]));
    journal.plan(move |_, _| plan.lock().unwrap().pop().unwrap_or(Fault::None));
    assert!(matches!(journal.commit(&at, &commit(1, "a")).await.unwrap_err(), JournalError::Away(_)));
    assert!(matches!(journal.commit(&at, &commit(1, "a")).await.unwrap_err(), JournalError::Unknown(_)));
    assert_eq!(journal.position().await.unwrap().rev, 0);
    assert!(matches!(journal.commit(&at, &commit(1, "a")).await.unwrap_err(), JournalError::Unknown(_)));
    assert_eq!(journal.position().await.unwrap().rev, 1);
    assert_eq!(journal.append_elsewhere([event(2, "b").json]), position(&at, 2));
    assert!(matches!(journal.commit(&position(&at, 1), &commit(2, "c")).await.unwrap(), Committed::Stale(_)));
    journal.set_away(true);
    assert!(matches!(journal.position().await.unwrap_err(), JournalError::Away(_)));
}

fn any_write() -> impl Strategy<Value = Write> {
    let name = "[a-c]";
    prop_oneof![
        ("hash:[ab]", name, "\\PC{0,8}").prop_map(|(key, field, value)| Write::HashSet { key: key.into(), field, value }),
        ("hash:[ab]", name).prop_map(|(key, field)| Write::HashDelete { key: key.into(), field }),
        ("line:[ab]", name, -1e12_f64..1e12).prop_map(|(key, member, score)| Write::SortedSetAdd { key: key.into(), member, score }),
        ("line:[ab]", name).prop_map(|(key, member)| Write::SortedSetRemove { key: key.into(), member }),
        ("text:[ab]", "\\PC{0,8}").prop_map(|(key, value)| Write::Set { key: key.into(), value }),
        "(hash|line|text):[ab]".prop_map(|key| Write::Delete { key: key.into() }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Redis and memory agree on every event and on everything beside the log, whatever is written.
    #[test]
    fn redis_and_memory_are_twins(batches in prop::collection::vec((prop::collection::vec("\\PC{0,12}", 0..4), prop::collection::vec(any_write(), 0..6)), 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let redis = TestRedis::start();
            let (real, twin) = (redis.journal(), MemoryJournal::new("e1"));
            let (mut real_at, mut twin_at) = (real.load().await.unwrap().position, twin.load().await.unwrap().position);
            for (texts, writes) in batches {
                let events = texts.into_iter().zip(real_at.rev + 1..).map(|(text, rev)| Entry::read(rev, text.into())).collect();
                let commit = Commit { events, writes, ..day("2026-11-23") };
                assert_eq!(real.commit(&real_at, &commit).await.unwrap(), Committed::Done);
                assert_eq!(twin.commit(&twin_at, &commit).await.unwrap(), Committed::Done);
                real_at = real.position().await.unwrap();
                twin_at = twin.position().await.unwrap();
                assert_eq!(real_at.rev, twin_at.rev);
            }
            assert_eq!(real.since(0, 1_000).await.unwrap(), twin.since(0, 1_000).await.unwrap());
            redis.assert_beside(&twin.beside()).await;
        });
    }
}
