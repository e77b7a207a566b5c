//! What is said next: one line that never overlaps, merges, drops what means nothing any more, and knows what it has said.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::phrase::Announcement;
use crate::settings::voice::VoiceSettings;

/// An emergency older than this is not spoken any more, seconds: after a long stop it would frighten for nothing.
pub const EMERGENCY_AGE_S_MAX: u32 = 600;

/// How far the voice has come in a journal. Everything up to `seen` was said or dropped, except what is in `open`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// Last revision taken in.
    pub seen: u64,
    /// Revisions taken in but neither said to their end nor dropped; bounded by the queue.
    pub open: Vec<u64>,
}

impl Cursor {
    /// The feed has to be read from the revision after this one.
    #[must_use]
    pub fn resume_after(&self) -> u64 {
        self.open.iter().min().map_or(self.seen, |first| first.saturating_sub(1).min(self.seen))
    }
}

/// Why something was not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// Already said or dropped, before a restart or just now.
    Known,
    /// A later announcement about the same number, or the same thing, took its place.
    Merged,
    /// The customer came, or the call was withdrawn.
    Retracted,
    /// Older than the hall wants to hear.
    TooOld,
    /// Too many were waiting; the oldest went.
    QueueFull,
    /// People have left their places, or a newer word about the emergency arrived.
    Emergency,
    /// The voice is off, or silent at this hour.
    Silent,
    /// No sentence or no sound could be made of it.
    Unspeakable,
}

/// Something that will not be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// Its revision.
    pub rev: u64,
    /// The reason.
    pub why: Why,
}

/// Bounds of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Announcements that may wait.
    pub queue_max: usize,
    /// Oldest ordinary announcement that is still said.
    pub age_max: Duration,
}

impl From<&VoiceSettings> for Limits {
    fn from(settings: &VoiceSettings) -> Self {
        Self { queue_max: usize::from(settings.queue_max).max(1), age_max: Duration::seconds(i64::from(settings.age_s_max)) }
    }
}

#[derive(Debug, Clone)]
struct Playing {
    announcement: Announcement,
    place: u64,
    /// Something made it meaningless while it was being said: it is said to its end, but not again.
    stale: Option<Why>,
}

/// The line of announcements of one loudspeaker.
#[derive(Debug, Clone)]
pub struct Playlist {
    limits: Limits,
    /// By place in line: the revision of the first announcement that was merged into it.
    waiting: BTreeMap<u64, Announcement>,
    playing: Option<Playing>,
    seen: u64,
    resumed_at: u64,
    reopened: BTreeSet<u64>,
}

impl Playlist {
    /// A line that goes on where a cursor stopped.
    #[must_use]
    pub fn resume(limits: Limits, cursor: &Cursor) -> Self {
        Self {
            limits,
            waiting: BTreeMap::new(),
            playing: None,
            seen: cursor.seen,
            resumed_at: cursor.seen,
            reopened: cursor.open.iter().copied().filter(|rev| *rev <= cursor.seen).collect(),
        }
    }

    /// How far this line has come.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        let playing = self.playing.as_ref().map(|playing| playing.announcement.rev);
        let waiting = self.waiting.values().map(|announcement| announcement.rev);
        let open: BTreeSet<u64> = waiting.chain(playing).chain(self.reopened.iter().copied()).collect();
        Cursor { seen: self.seen, open: open.into_iter().collect() }
    }

    /// The last revision taken in.
    #[must_use]
    pub fn last_seen(&self) -> u64 {
        self.seen
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The announcement being said.
    #[must_use]
    pub fn playing(&self) -> Option<&Announcement> {
        self.playing.as_ref().map(|playing| &playing.announcement)
    }

    /// The journal has come to `rev` with nothing to say.
    pub fn seen(&mut self, rev: u64) {
        if rev > self.resumed_at {
            // The feed is past everything a cursor left open; what did not come again will not come.
            self.reopened.clear();
        }
        self.seen = self.seen.max(rev);
    }

    /// Takes in an announcement; returns what will therefore not be said (perhaps itself).
    pub fn announce(&mut self, announcement: Announcement, now: DateTime<Utc>) -> Vec<Dropped> {
        let rev = announcement.rev;
        if rev <= self.seen && !self.reopened.remove(&rev) {
            return vec![Dropped { rev, why: Why::Known }];
        }
        self.seen(rev);
        if self.is_too_old(&announcement, now) {
            return vec![Dropped { rev, why: Why::TooOld }];
        }
        let mut dropped = Vec::new();
        if announcement.kind.alarm().is_some() {
            self.make_way(&announcement, &mut dropped);
        }
        let place = self.take_place_of_same(&announcement, &mut dropped).unwrap_or(rev);
        self.waiting.insert(place, announcement);
        while self.waiting.len() > self.limits.queue_max {
            let oldest = self.waiting.iter().find(|(_, waiting)| waiting.kind.alarm().is_none()).map(|(place, _)| *place);
            let Some(place) = oldest.or_else(|| self.waiting.keys().next().copied()) else { break };
            self.drop_at(place, Why::QueueFull, &mut dropped);
        }
        dropped
    }

    /// A newer word about an emergency replaces the older ones; one that clears the hall ends every call.
    fn make_way(&mut self, emergency: &Announcement, dropped: &mut Vec<Dropped>) {
        let clears = emergency.kind.alarm().is_some_and(|(what, _)| what.clears_the_hall());
        let gone = |other: &Announcement| clears || other.kind.alarm().is_some();
        let places: Vec<u64> = self.waiting.iter().filter(|(_, other)| gone(other)).map(|(place, _)| *place).collect();
        for place in places {
            self.drop_at(place, Why::Emergency, dropped);
        }
        if let Some(playing) = self.playing.as_mut().filter(|playing| gone(&playing.announcement)) {
            playing.stale.get_or_insert(Why::Emergency);
        }
    }

    /// Drops what waits about the same number (or the same closing) and hands over its place.
    fn take_place_of_same(&mut self, new: &Announcement, dropped: &mut Vec<Dropped>) -> Option<u64> {
        if new.kind.alarm().is_some() {
            return None;
        }
        let same = |old: &Announcement| match (&old.number, &new.number) {
            (Some(old), Some(new)) => old == new,
            (None, None) => old.kind == new.kind,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let place = self.waiting.iter().find(|(_, old)| same(old)).map(|(place, _)| *place)?;
        self.drop_at(place, Why::Merged, dropped);
        Some(place)
    }

    fn drop_at(&mut self, place: u64, why: Why, dropped: &mut Vec<Dropped>) {
        if let Some(gone) = self.waiting.remove(&place) {
            dropped.push(Dropped { rev: gone.rev, why });
        }
    }

    /// At `rev` a number needed no calling any more; what was to be said about it before that is dropped.
    pub fn retract(&mut self, number: &str, rev: u64) -> Vec<Dropped> {
        self.seen(rev);
        let about = |announcement: &Announcement| announcement.rev < rev && announcement.number.as_deref() == Some(number);
        if let Some(playing) = self.playing.as_mut().filter(|playing| about(&playing.announcement)) {
            playing.stale.get_or_insert(Why::Retracted);
        }
        let places: Vec<u64> = self.waiting.iter().filter(|(_, other)| about(other)).map(|(place, _)| *place).collect();
        let mut dropped = Vec::new();
        for place in places {
            self.drop_at(place, Why::Retracted, &mut dropped);
        }
        dropped
    }

    /// Drops what has become too old.
    pub fn expire(&mut self, now: DateTime<Utc>) -> Vec<Dropped> {
        let old: Vec<u64> = self.waiting.iter().filter(|(_, waiting)| self.is_too_old(waiting, now)).map(|(place, _)| *place).collect();
        let mut dropped = Vec::new();
        for place in old {
            self.drop_at(place, Why::TooOld, &mut dropped);
        }
        dropped
    }

    /// Drops everything that waits.
    pub fn drop_all(&mut self, why: Why) -> Vec<Dropped> {
        let all = std::mem::take(&mut self.waiting);
        all.into_values().map(|gone| Dropped { rev: gone.rev, why }).collect()
    }

    /// Starts the next announcement; nothing while one is being said or nothing waits. Call [`Playlist::expire`] first.
    pub fn start_next(&mut self) -> Option<Announcement> {
        if self.playing.is_some() {
            return None;
        }
        let emergency = self.waiting.iter().find(|(_, waiting)| waiting.kind.alarm().is_some()).map(|(place, _)| *place);
        let place = emergency.or_else(|| self.waiting.keys().next().copied())?;
        let announcement = self.waiting.remove(&place)?;
        self.playing = Some(Playing { announcement: announcement.clone(), place, stale: None });
        Some(announcement)
    }

    /// Whether what is being said has to stop now for an emergency. The same emergency again does not cut itself off.
    #[must_use]
    pub fn must_stop(&self) -> bool {
        let Some(playing) = &self.playing else { return false };
        let alarms = self.waiting.values().filter_map(|waiting| waiting.kind.alarm());
        alarms.into_iter().any(|alarm| playing.announcement.kind.alarm() != Some(alarm))
    }

    /// What was being said has been heard to its end.
    pub fn finished(&mut self) {
        self.playing = None;
    }

    /// What was being said will not be said.
    pub fn gave_up(&mut self, why: Why) -> Option<Dropped> {
        self.playing.take().map(|playing| Dropped { rev: playing.announcement.rev, why })
    }

    /// What was being said was cut off. It keeps its place, unless it means nothing any more.
    pub fn interrupted(&mut self) -> Option<Dropped> {
        let Playing { announcement, place, stale } = self.playing.take()?;
        let rev = announcement.rev;
        let newer = self.waiting.values().any(|waiting| waiting.number.is_some() && waiting.number == announcement.number);
        let why = stale.or_else(|| newer.then_some(Why::Merged));
        let why = why.or_else(|| (self.waiting.len() >= self.limits.queue_max).then_some(Why::QueueFull));
        if why.is_none() {
            self.waiting.insert(place, announcement);
        }
        why.map(|why| Dropped { rev, why })
    }

    fn is_too_old(&self, announcement: &Announcement, now: DateTime<Utc>) -> bool {
        let age_max =
            if announcement.kind.alarm().is_some() { Duration::seconds(i64::from(EMERGENCY_AGE_S_MAX)) } else { self.limits.age_max };
        // A clock that went back makes ages negative: nothing is dropped for that.
        now.signed_duration_since(announcement.at) > age_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::announcer::phrase::{Alarm, Kind};

    fn limits() -> Limits {
        Limits { queue_max: 4, age_max: Duration::seconds(90) }
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn about(rev: u64, kind: Kind, number: &str) -> Announcement {
        let number = (!number.is_empty()).then(|| number.to_owned());
        Announcement { rev, at: at(i64::try_from(rev).unwrap()), kind, number, counter: Some("1".to_owned()), languages: Vec::new() }
    }

    fn call(rev: u64, number: &str) -> Announcement {
        about(rev, Kind::Call { calls: 1 }, number)
    }

    fn alarm(rev: u64, what: Alarm) -> Announcement {
        about(rev, Kind::Emergency { what, drill: false }, "")
    }

    fn fresh() -> Playlist {
        Playlist::resume(limits(), &Cursor::default())
    }

    fn say_all(list: &mut Playlist) -> Vec<u64> {
        let mut said = Vec::new();
        while let Some(next) = list.start_next() {
            said.push(next.rev);
            list.finished();
        }
        said
    }

    #[test]
    fn one_at_a_time_in_order() {
        let mut list = fresh();
        for (rev, number) in [(1, "A1"), (2, "A2"), (3, "A3")] {
            assert!(list.announce(call(rev, number), at(3)).is_empty());
        }
        assert_eq!(list.start_next().map(|next| next.rev), Some(1));
        assert!(list.start_next().is_none(), "never two at once");
        list.finished();
        assert_eq!(say_all(&mut list), [2, 3]);
        assert_eq!(list.cursor(), Cursor { seen: 3, open: vec![] });
    }

    #[test]
    fn a_recall_takes_the_place_of_its_call_while_that_waits() {
        let mut list = fresh();
        list.announce(call(1, "A1"), at(1));
        list.announce(call(2, "A2"), at(2));
        let dropped = list.announce(about(3, Kind::Recall { calls: 2 }, "A1"), at(3));
        assert_eq!(dropped, [Dropped { rev: 1, why: Why::Merged }]);
        assert_eq!(say_all(&mut list), [3, 2], "it keeps its place and says the latest");
    }

    #[test]
    fn a_recall_of_what_is_being_said_waits_its_turn() {
        let mut list = fresh();
        list.announce(call(1, "A1"), at(1));
        list.start_next();
        assert!(list.announce(about(2, Kind::Recall { calls: 2 }, "A1"), at(2)).is_empty());
        list.finished();
        assert_eq!(say_all(&mut list), [2]);
    }

    #[test]
    fn who_came_is_not_called_any_more() {
        let mut list = fresh();
        list.announce(call(1, "A1"), at(1));
        list.announce(call(2, "A2"), at(2));
        assert_eq!(list.retract("A1", 3), [Dropped { rev: 1, why: Why::Retracted }]);
        assert!(list.announce(call(4, "A1"), at(4)).is_empty(), "a later call of the same number stands");
        assert!(list.retract("A1", 3).is_empty());
        assert_eq!(say_all(&mut list), [2, 4]);
    }

    #[test]
    fn what_is_too_old_is_not_said() {
        let mut list = fresh();
        assert!(list.announce(call(100, "A1"), at(190)).is_empty());
        assert_eq!(list.announce(call(101, "A2"), at(192)), [Dropped { rev: 101, why: Why::TooOld }]);
        assert!(list.expire(at(190)).is_empty());
        assert_eq!(list.expire(at(191)), [Dropped { rev: 100, why: Why::TooOld }]);
        assert!(list.announce(call(500, "A3"), at(0)).is_empty(), "a clock gone back drops nothing");
    }

    #[test]
    fn the_oldest_goes_when_too_many_wait_but_never_an_emergency() {
        let mut list = fresh();
        list.announce(alarm(1, Alarm::Network), at(1));
        for rev in 2..=4 {
            list.announce(call(rev, &format!("A{rev}")), at(4));
        }
        assert_eq!(list.announce(call(5, "A5"), at(5)), [Dropped { rev: 2, why: Why::QueueFull }]);
        assert_eq!(say_all(&mut list), [1, 3, 4, 5]);
    }

    #[test]
    fn a_fire_stops_the_call_and_ends_the_waiting_ones() {
        let mut list = fresh();
        for (rev, number) in [(1, "A1"), (2, "A2")] {
            list.announce(call(rev, number), at(2));
        }
        list.start_next();
        assert_eq!(list.announce(alarm(3, Alarm::Fire), at(3)), [Dropped { rev: 2, why: Why::Emergency }]);
        assert!(list.must_stop());
        assert_eq!(list.interrupted(), Some(Dropped { rev: 1, why: Why::Emergency }));
        assert_eq!(say_all(&mut list), [3]);
    }

    #[test]
    fn a_network_failure_goes_first_and_the_cut_off_call_is_said_again() {
        let mut list = fresh();
        for (rev, number) in [(1, "A1"), (2, "A2")] {
            list.announce(call(rev, number), at(2));
        }
        list.start_next();
        list.announce(alarm(3, Alarm::Network), at(3));
        assert!(list.must_stop());
        assert_eq!(list.interrupted(), None);
        assert_eq!(list.cursor(), Cursor { seen: 3, open: vec![1, 2, 3] });
        assert_eq!(say_all(&mut list), [3, 1, 2]);
    }

    #[test]
    fn the_same_alarm_again_does_not_cut_itself_off_but_the_all_clear_does() {
        let mut list = fresh();
        list.announce(alarm(1, Alarm::Fire), at(1));
        list.start_next();
        list.announce(alarm(2, Alarm::Fire), at(2));
        assert!(!list.must_stop());
        let dropped = list.announce(alarm(3, Alarm::Over), at(3));
        assert_eq!(dropped, [Dropped { rev: 2, why: Why::Emergency }]);
        assert!(list.must_stop());
        assert_eq!(list.interrupted(), Some(Dropped { rev: 1, why: Why::Emergency }));
        assert_eq!(say_all(&mut list), [3]);
    }

    #[test]
    fn a_cut_off_call_whose_customer_came_is_not_said_again() {
        let mut list = fresh();
        list.announce(call(1, "A1"), at(1));
        list.start_next();
        list.retract("A1", 2);
        assert_eq!(list.interrupted(), Some(Dropped { rev: 1, why: Why::Retracted }));
    }

    #[test]
    fn after_a_restart_only_what_was_open_is_said() {
        let mut list = fresh();
        for (rev, number) in [(10, "A1"), (12, "A2"), (14, "A3")] {
            list.announce(call(rev, number), at(14));
        }
        list.seen(20);
        list.start_next();
        list.finished();
        list.start_next();
        let cursor = list.cursor();
        assert_eq!((cursor.clone(), cursor.resume_after()), (Cursor { seen: 20, open: vec![12, 14] }, 11));

        let mut again = Playlist::resume(limits(), &cursor);
        assert_eq!(again.cursor(), cursor);
        assert_eq!(again.announce(call(10, "A1"), at(21)), [Dropped { rev: 10, why: Why::Known }]);
        again.announce(call(12, "A2"), at(21));
        again.announce(call(14, "A3"), at(21));
        again.announce(call(21, "A4"), at(21));
        assert_eq!(say_all(&mut again), [12, 14, 21]);
    }

    #[test]
    fn what_the_journal_no_longer_has_does_not_stay_open() {
        let mut list = Playlist::resume(limits(), &Cursor { seen: 20, open: vec![12] });
        list.seen(20);
        assert_eq!(list.cursor().resume_after(), 11);
        list.seen(21);
        assert_eq!(list.cursor(), Cursor { seen: 21, open: vec![] });
    }
}
