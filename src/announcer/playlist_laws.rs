//! What holds for the playlist whatever happens: checked with made-up afternoons.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;

use super::phrase::{Alarm, Announcement, Kind};
use super::playlist::{Cursor, Dropped, Limits, Playlist};

const QUEUE_MAX: usize = 5;
const AGE_S_MAX: i64 = 30;

/// One event of the journal; its revision is its place in the list.
#[derive(Debug, Clone)]
enum Event {
    Announce(Kind, u8),
    Retract(u8),
    Other,
}

/// What happens at the loudspeaker between two events.
#[derive(Debug, Clone, Copy)]
enum Move {
    Nothing,
    Start,
    Finish,
    CutOff,
}

fn event() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![
        6 => (1_u32..4).prop_map(|calls| Kind::Call { calls }),
        3 => (2_u32..4).prop_map(|calls| Kind::Recall { calls }),
        1 => Just(Kind::Missed),
        1 => Just(Kind::Transfer),
        1 => Just(Kind::Closing),
        1 => prop_oneof![Just(Alarm::Fire), Just(Alarm::Network), Just(Alarm::Over)]
            .prop_map(|what| Kind::Emergency { what, drill: false }),
    ];
    prop_oneof![
        6 => (kind, 0_u8..6).prop_map(|(kind, number)| Event::Announce(kind, number)),
        2 => (0_u8..6).prop_map(Event::Retract),
        1 => Just(Event::Other),
    ]
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        3 => Just(Move::Nothing), 4 => Just(Move::Start), 4 => Just(Move::Finish), 1 => Just(Move::CutOff)
    ];
    prop::collection::vec(one, 0..4)
}

fn time(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
}

fn announcement(rev: u64, kind: Kind, number: u8, second: i64) -> Announcement {
    let numbered = !matches!(kind, Kind::Closing | Kind::Emergency { .. });
    let number = numbered.then(|| format!("A{number}"));
    Announcement { rev, at: time(second), kind, number, counter: Some("1".to_owned()), languages: Vec::new() }
}

/// What became of each revision.
#[derive(Default)]
struct Story {
    said: Vec<u64>,
    dropped: BTreeMap<u64, usize>,
}

impl Story {
    fn drop(&mut self, dropped: impl IntoIterator<Item = Dropped>) {
        for one in dropped {
            *self.dropped.entry(one.rev).or_default() += 1;
        }
    }
}

fn limits() -> Limits {
    Limits { queue_max: QUEUE_MAX, age_max: Duration::seconds(AGE_S_MAX) }
}

fn feed(list: &mut Playlist, story: &mut Story, rev: u64, event: &Event, made_at: i64, now: i64) {
    match event {
        Event::Announce(kind, number) => {
            story.drop(list.announce(announcement(rev, *kind, *number, made_at), time(now)));
        }
        Event::Retract(number) => story.drop(list.retract(&format!("A{number}"), rev)),
        Event::Other => list.seen(rev),
    }
}

fn act(list: &mut Playlist, story: &mut Story, what: Move, now: i64) -> Result<(), TestCaseError> {
    story.drop(list.expire(time(now)));
    match what {
        Move::Nothing => {}
        Move::Start => {
            let before = list.playing().map(|playing| playing.rev);
            let started = list.start_next();
            prop_assert!(before.is_none() || started.is_none(), "two at once");
            if let Some(started) = started {
                let age = now - (started.at - time(0)).num_seconds();
                prop_assert!(started.kind.alarm().is_some() || age <= AGE_S_MAX, "said at the age of {} s", age);
            }
        }
        Move::Finish => {
            story.said.extend(list.playing().map(|playing| playing.rev));
            list.finished();
        }
        Move::CutOff => story.drop(list.interrupted()),
    }
    Ok(())
}

proptest! {
    /// Every announcement is said once, dropped once, or still open; the line is bounded; the cursor tells the truth.
    #[test]
    fn nothing_is_lost_and_nothing_is_said_twice(
        afternoon in prop::collection::vec((event(), 0_i64..20, moves()), 1..60)
    ) {
        let mut list = Playlist::resume(limits(), &Cursor::default());
        let mut story = Story::default();
        let (mut now, mut announced) = (0, BTreeSet::new());
        for (index, (event, seconds, moves)) in afternoon.iter().enumerate() {
            now += seconds;
            let rev = u64::try_from(index).unwrap() + 1;
            if matches!(event, Event::Announce(..)) {
                announced.insert(rev);
            }
            feed(&mut list, &mut story, rev, event, now, now);
            for one in moves {
                act(&mut list, &mut story, *one, now)?;
            }
            prop_assert!(list.len() <= QUEUE_MAX);
            let cursor = list.cursor();
            prop_assert_eq!(cursor.seen, rev);
            prop_assert!(cursor.open.len() <= QUEUE_MAX + 1);
            for rev in &announced {
                let times = story.said.iter().filter(|said| *said == rev).count()
                    + story.dropped.get(rev).copied().unwrap_or(0)
                    + usize::from(cursor.open.contains(rev));
                prop_assert_eq!(times, 1, "rev {}", rev);
            }
        }
    }

    /// A number waits at most once, and whoever is not cut off or replaced is said in the order of the journal.
    #[test]
    fn calls_are_said_in_order(numbers in prop::collection::vec(0_u8..40, 1..40)) {
        let wide = Limits { queue_max: 64, ..limits() };
        let mut list = Playlist::resume(wide, &Cursor::default());
        let mut first_of = BTreeMap::new();
        for (index, number) in numbers.iter().enumerate() {
            let rev = u64::try_from(index).unwrap() + 1;
            first_of.entry(*number).or_insert(rev);
            list.announce(announcement(rev, Kind::Call { calls: 1 }, *number, 0), time(0));
        }
        let mut places = Vec::new();
        while let Some(next) = list.start_next() {
            let number: u8 = next.number.unwrap().trim_start_matches('A').parse().unwrap();
            places.push(first_of.remove(&number).expect("each number once"));
            list.finished();
        }
        prop_assert!(first_of.is_empty());
        prop_assert!(places.is_sorted());
    }

    /// Stop anywhere, read the feed again from the cursor: what was said is not said again, what was open is open again.
    #[test]
    fn a_restart_neither_repeats_nor_loses(
        afternoon in prop::collection::vec((event(), moves()), 1..50), stop_after in 0_usize..50
    ) {
        let mut list = Playlist::resume(limits(), &Cursor::default());
        let mut story = Story::default();
        let stop = stop_after.min(afternoon.len());
        for (index, (event, moves)) in afternoon.iter().take(stop).enumerate() {
            feed(&mut list, &mut story, u64::try_from(index).unwrap() + 1, event, 0, 0);
            for one in moves {
                act(&mut list, &mut story, *one, 0)?;
            }
        }
        let cursor = list.cursor();
        let kept: Cursor = serde_json::from_str(&serde_json::to_string(&cursor).unwrap()).unwrap();
        let said_before: BTreeSet<u64> = story.said.iter().copied().collect();

        let mut again = Playlist::resume(limits(), &kept);
        let mut second = Story::default();
        for (index, (event, _)) in afternoon.iter().take(stop).enumerate() {
            let rev = u64::try_from(index).unwrap() + 1;
            if rev > kept.resume_after() {
                feed(&mut again, &mut second, rev, event, 0, 0);
            }
        }
        for rev in &cursor.open {
            let accounted = again.cursor().open.contains(rev) || second.dropped.contains_key(rev);
            prop_assert!(accounted, "rev {} was lost", rev);
        }
        while let Some(next) = again.start_next() {
            prop_assert!(!said_before.contains(&next.rev), "rev {} was said twice", next.rev);
            prop_assert!(cursor.open.contains(&next.rev));
            again.finished();
        }
        prop_assert!(again.cursor().open.is_empty());
    }
}
