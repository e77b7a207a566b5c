//! One waiting line of a hall and the ordering rule: who stands before whom, and whom a counter takes next.
//!
//! A ticket stands at a [`Place`]: its score (join time less the credit of its class, milliseconds) and the journal
//! revision at which it was given the place. All tickets age alike, so an order once given stays: nothing is
//! re-scored and nobody starves.
//!
//! The line is a sorted list in chunks. Chunks are shared until written to, so a copy of a line of 100,000 costs a few
//! hundred reference counts, and finding, inserting and removing cost a binary search and one small move.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A chunk is split in two when it grows beyond this many tickets.
const CHUNK_TICKETS_MAX: usize = 512;
/// A chunk that shrinks below this many tickets joins its neighbour when both fit one chunk with room to grow.
const CHUNK_TICKETS_MIN: usize = 128;

/// Where a ticket stands. Smaller is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Join time less the credit of the class, milliseconds since 1970 UTC.
    pub score_ms: i64,
    /// The journal revision at which the place was given; unique within a hall, and so the tie-breaker.
    pub order: u64,
}

/// One ticket in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub place: Place,
    /// The ticket's id.
    pub ticket: u64,
}

/// Two tickets at one place: the saved line is not one that this module wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LineError {
    /// Two tickets claim the same place.
    #[error("two tickets stand at score {0} ms, revision {1}")]
    PlaceTaken(i64, u64),
    /// A hold names a place at which nobody stands.
    #[error("a hold is kept for score {0} ms, revision {1}, where nobody stands")]
    HoldWithoutTicket(i64, u64),
}

type Chunk = Arc<Vec<Standing>>;

/// The tickets waiting for one service, in order. Held tickets (put back for later) keep their place and are counted,
/// but are not called before their time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(try_from = "SavedLine", into = "SavedLine")]
pub struct Line {
    /// Sorted, none empty.
    chunks: Vec<Chunk>,
    len: usize,
    /// Not callable before this instant (milliseconds since 1970 UTC). Few: only put-back tickets.
    held: BTreeMap<Place, i64>,
}

/// Two lines are equal when the same tickets stand in the same order, however they are cut into chunks.
impl PartialEq for Line {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.held == other.held && self.iter().eq(other.iter())
    }
}

impl Eq for Line {}

impl Line {
    /// An empty line.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many wait, held ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Lets a ticket stand at `place`. False, and nothing changed, when somebody stands there already.
    #[must_use = "false means that the ticket does not stand in the line"]
    pub fn insert(&mut self, place: Place, ticket: u64) -> bool {
        let standing = Standing { place, ticket };
        let at = self.chunk_of(place);
        let Some(chunk) = self.chunks.get_mut(at) else {
            return self.append(standing);
        };
        let Err(offset) = chunk.binary_search_by_key(&place, |one| one.place) else {
            return false;
        };
        let tickets = Arc::make_mut(chunk);
        tickets.insert(offset, standing);
        self.len += 1;
        if tickets.len() > CHUNK_TICKETS_MAX {
            let upper = tickets.split_off(tickets.len() / 2);
            self.chunks.insert(at + 1, Arc::new(upper));
        }
        true
    }

    /// Like [`Line::insert`], but the ticket is not callable before `not_before_ms`.
    #[must_use = "false means that the ticket does not stand in the line"]
    pub fn insert_held(&mut self, place: Place, ticket: u64, not_before_ms: i64) -> bool {
        let inserted = self.insert(place, ticket);
        if inserted {
            self.held.insert(place, not_before_ms);
        }
        inserted
    }

    /// Takes the ticket at `place` out of the line and forgets its hold; `None` when nobody stands there.
    pub fn remove(&mut self, place: Place) -> Option<u64> {
        let at = self.chunk_of(place);
        let chunk = self.chunks.get_mut(at)?;
        let offset = chunk.binary_search_by_key(&place, |one| one.place).ok()?;
        let ticket = Arc::make_mut(chunk).remove(offset).ticket;
        self.len -= 1;
        self.held.remove(&place);
        self.tidy(at);
        Some(ticket)
    }

    /// The ticket standing at `place`.
    #[must_use]
    pub fn get(&self, place: Place) -> Option<u64> {
        let chunk = self.chunks.get(self.chunk_of(place))?;
        let offset = chunk.binary_search_by_key(&place, |one| one.place).ok()?;
        chunk.get(offset).map(|one| one.ticket)
    }

    /// Who stands first, held or not.
    #[must_use]
    pub fn first(&self) -> Option<Standing> {
        self.chunks.first()?.first().copied()
    }

    /// Who stands last, held or not.
    #[must_use]
    pub fn last(&self) -> Option<Standing> {
        self.chunks.last()?.last().copied()
    }

    /// The first who may be called at `now_ms`.
    #[must_use]
    pub fn first_callable(&self, now_ms: i64) -> Option<Standing> {
        self.iter().find(|one| self.held_until(one.place, now_ms).is_none())
    }

    /// Until when the ticket at `place` is not callable; `None` when it is callable at `now_ms`.
    #[must_use]
    pub fn held_until(&self, place: Place, now_ms: i64) -> Option<i64> {
        self.held.get(&place).copied().filter(|not_before_ms| *not_before_ms > now_ms)
    }

    /// When the next held ticket becomes callable, of those that are not callable at `now_ms`.
    #[must_use]
    pub fn next_release(&self, now_ms: i64) -> Option<i64> {
        self.held.values().copied().filter(|not_before_ms| *not_before_ms > now_ms).min()
    }

    /// How many stand before `place`, whether or not somebody stands at it.
    #[must_use]
    pub fn rank(&self, place: Place) -> usize {
        let at = self.chunk_of(place);
        let before: usize = self.chunks.iter().take(at).map(|chunk| chunk.len()).sum();
        let within = self.chunks.get(at).map_or(0, |chunk| chunk.partition_point(|one| one.place < place));
        before + within
    }

    /// Who stands at position `index`, 0 being the first.
    #[must_use]
    pub fn nth(&self, index: usize) -> Option<Standing> {
        let mut rest = index;
        for chunk in &self.chunks {
            if rest < chunk.len() {
                return chunk.get(rest).copied();
            }
            rest -= chunk.len();
        }
        None
    }

    /// The score to take, with a new revision, so as to stand behind the first `count` tickets; `None` when the score does
    /// not matter: nobody waits, or `count` is 0.
    #[must_use]
    pub fn score_behind(&self, count: usize) -> Option<i64> {
        let index = count.min(self.len).checked_sub(1)?;
        self.nth(index).map(|one| one.place.score_ms)
    }

    /// Everybody, first to last, held ones included.
    pub fn iter(&self) -> impl Iterator<Item = Standing> + '_ {
        self.chunks.iter().flat_map(|chunk| chunk.iter().copied())
    }

    /// The chunk in which `place` is or belongs; one past the last when it stands behind everybody and the last is full.
    fn chunk_of(&self, place: Place) -> usize {
        let at = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last.place < place));
        let behind_all = at == self.chunks.len();
        let room = self.chunks.last().is_some_and(|last| last.len() < CHUNK_TICKETS_MAX);
        if behind_all && room { at.saturating_sub(1) } else { at }
    }

    fn append(&mut self, standing: Standing) -> bool {
        let mut tickets = Vec::with_capacity(CHUNK_TICKETS_MIN);
        tickets.push(standing);
        self.chunks.push(Arc::new(tickets));
        self.len += 1;
        true
    }

    /// After a removal: drops an empty chunk, joins a small one with a neighbour, so that chunks stay few.
    fn tidy(&mut self, at: usize) {
        let size = |index: usize| self.chunks.get(index).map(|chunk| chunk.len());
        let Some(here) = size(at) else { return };
        if here == 0 {
            self.chunks.remove(at);
            return;
        }
        if here >= CHUNK_TICKETS_MIN {
            return;
        }
        let fits = |one: usize, two: usize| one + two <= CHUNK_TICKETS_MAX - CHUNK_TICKETS_MIN;
        let before = at.checked_sub(1);
        if size(at + 1).is_some_and(|next| fits(here, next)) {
            self.join_with_next(at);
        } else if let Some(before) = before
            && size(before).is_some_and(|previous| fits(previous, here))
        {
            self.join_with_next(before);
        }
    }

    fn join_with_next(&mut self, at: usize) {
        let next = self.chunks.remove(at + 1);
        if let Some(chunk) = self.chunks.get_mut(at) {
            Arc::make_mut(chunk).extend_from_slice(&next);
        }
    }
}

/// The rule by which a counter takes its next ticket: of the heads of the lines it serves, the one with the least score
/// plus the counter's offset for that line (milliseconds; "help out only when they wait this much longer"); ties go to
/// the place given first. The hall and the forecast both ask here, so that what is promised is what is done.
#[inline]
pub fn choose<K>(candidates: impl IntoIterator<Item = (K, Place, i64)>) -> Option<K> {
    let mut best: Option<(K, i64, u64)> = None;
    for (key, head, offset_ms) in candidates {
        let score_ms = head.score_ms.saturating_add(offset_ms);
        let better = best.as_ref().is_none_or(|(_, least_ms, order)| (score_ms, head.order) < (*least_ms, *order));
        if better {
            best = Some((key, score_ms, head.order));
        }
    }
    best.map(|(key, _, _)| key)
}

/// How a line is saved: `[score_ms, order, ticket]` each, and the holds as `[score_ms, order, not_before_ms]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedLine {
    waiting: Vec<(i64, u64, u64)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    held: Vec<(i64, u64, i64)>,
}

impl From<Line> for SavedLine {
    fn from(line: Line) -> Self {
        let waiting = line.iter().map(|one| (one.place.score_ms, one.place.order, one.ticket)).collect();
        let held = line.held.iter().map(|(place, until_ms)| (place.score_ms, place.order, *until_ms)).collect();
        Self { waiting, held }
    }
}

impl TryFrom<SavedLine> for Line {
    type Error = LineError;

    fn try_from(saved: SavedLine) -> Result<Self, LineError> {
        let mut line = Self::new();
        for (score_ms, order, ticket) in saved.waiting {
            if !line.insert(Place { score_ms, order }, ticket) {
                return Err(LineError::PlaceTaken(score_ms, order));
            }
        }
        for (score_ms, order, not_before_ms) in saved.held {
            let place = Place { score_ms, order };
            if line.get(place).is_none() {
                return Err(LineError::HoldWithoutTicket(score_ms, order));
            }
            line.held.insert(place, not_before_ms);
        }
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    fn place(score_ms: i64, order: u64) -> Place {
        Place { score_ms, order }
    }

    fn shape_holds(line: &Line) -> bool {
        line.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK_TICKETS_MAX)
            && line.chunks.iter().map(|chunk| chunk.len()).sum::<usize>() == line.len
    }

    /// Few distinct scores, so that ties and double insertions happen; removals of what is there and what is not.
    #[derive(Debug, Clone)]
    enum Step {
        Insert(i64, u64),
        Hold(i64, u64, i64),
        Remove(i64, u64),
        RemoveFirst,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (-40_i64..40, 0_u64..60).prop_map(|(score, order)| Step::Insert(score, order)),
            1 => (-40_i64..40, 0_u64..60, 0_i64..100).prop_map(|(score, order, until)| Step::Hold(score, order, until)),
            3 => (-40_i64..40, 0_u64..60).prop_map(|(score, order)| Step::Remove(score, order)),
            1 => Just(Step::RemoveFirst),
        ]
    }

    fn take(line: &mut Line, model: &mut BTreeMap<Place, (u64, i64)>, step: &Step, ticket: u64) {
        match *step {
            Step::Insert(score, order) => {
                let fresh = !model.contains_key(&place(score, order));
                assert_eq!(line.insert(place(score, order), ticket), fresh);
                model.entry(place(score, order)).or_insert((ticket, i64::MIN));
            }
            Step::Hold(score, order, until) => {
                let fresh = !model.contains_key(&place(score, order));
                assert_eq!(line.insert_held(place(score, order), ticket, until), fresh);
                model.entry(place(score, order)).or_insert((ticket, until));
            }
            Step::Remove(score, order) => {
                let there = model.remove(&place(score, order)).map(|(ticket, _)| ticket);
                assert_eq!(line.remove(place(score, order)), there);
            }
            Step::RemoveFirst => {
                let first = model.pop_first();
                assert_eq!(line.first().and_then(|one| line.remove(one.place)), first.map(|(_, (ticket, _))| ticket));
            }
        }
    }

    proptest! {
        #[test]
        fn a_line_is_an_ordered_map_that_knows_positions(steps in prop::collection::vec(step(), 0..3_000), now in 0_i64..100) {
            let mut line = Line::new();
            let mut model = BTreeMap::new();
            for (ticket, step) in (0_u64..).zip(&steps) {
                take(&mut line, &mut model, step, ticket);
            }
            prop_assert!(shape_holds(&line));
            prop_assert_eq!(line.len(), model.len());
            let listed: Vec<_> = line.iter().map(|one| (one.place, one.ticket)).collect();
            let expected: Vec<_> = model.iter().map(|(place, (ticket, _))| (*place, *ticket)).collect();
            prop_assert_eq!(&listed, &expected);
            prop_assert_eq!(line.last().map(|one| one.ticket), expected.last().map(|one| one.1));
            for (index, (place, ticket)) in expected.iter().enumerate() {
                prop_assert_eq!(line.rank(*place), index);
                prop_assert_eq!(line.nth(index).map(|one| one.place), Some(*place));
                prop_assert_eq!(line.get(*place), Some(*ticket));
            }
            prop_assert_eq!(line.nth(expected.len()), None);
            let callable = model.iter().find(|(_, (_, until))| *until <= now).map(|(_, (ticket, _))| *ticket);
            prop_assert_eq!(line.first_callable(now).map(|one| one.ticket), callable);
            let release = model.values().map(|(_, until)| *until).filter(|until| *until > now).min();
            prop_assert_eq!(line.next_release(now), release);
            let saved = serde_json::to_string(&line).unwrap();
            let again: Line = serde_json::from_str(&saved).unwrap();
            prop_assert_eq!(again, line);
        }

        #[test]
        fn rank_counts_who_stands_before_any_place(places in prop::collection::btree_set((-30_i64..30, 0_u64..60), 0..900), probe in (-32_i64..32, 0_u64..60)) {
            let mut line = Line::new();
            for (score, order) in &places {
                prop_assert!(line.insert(place(*score, *order), *order));
            }
            let before = places.iter().filter(|one| **one < probe).count();
            prop_assert_eq!(line.rank(place(probe.0, probe.1)), before);
        }

        #[test]
        fn the_least_score_with_offset_is_chosen_and_ties_go_to_the_first_given(heads in prop::collection::vec((-5_i64..5, -5_i64..5), 0..12)) {
            let candidates: Vec<_> = (0_u64..).zip(&heads).map(|(order, (score, offset))| (order, place(*score, order), *offset)).collect();
            let expected = candidates.iter().map(|(key, head, offset)| (head.score_ms + offset, head.order, *key)).min().map(|best| best.2);
            prop_assert_eq!(choose(candidates.iter().copied().rev()), expected);
        }
    }

    #[test]
    fn a_hundred_thousand_come_and_go_in_any_order() {
        const TICKETS: u64 = 100_000;
        let mut line = Line::new();
        let mut model = BTreeSet::new();
        for order in 0..TICKETS {
            let score = i64::try_from(order * 7_919 % 100_003).unwrap();
            assert!(line.insert(place(score, order), order));
            model.insert(place(score, order));
        }
        assert!(shape_holds(&line));
        let copy = line.clone();
        for (index, one) in model.iter().enumerate().step_by(9_973) {
            assert_eq!(line.rank(*one), index);
        }
        let leaving: Vec<_> = model.iter().copied().enumerate().filter(|(index, _)| index % 50 != 0).map(|(_, one)| one).collect();
        for one in &leaving {
            assert_eq!(line.remove(*one), Some(one.order));
            model.remove(one);
        }
        assert!(shape_holds(&line));
        assert!(line.chunks.len() < 40, "chunks stay few after many leave: {}", line.chunks.len());
        assert!(line.iter().map(|one| one.place).eq(model.iter().copied()));
        assert_eq!(copy.len(), 100_000, "a copy does not see what happens to the line");
    }

    #[test]
    fn a_returning_ticket_stands_behind_the_first_three() {
        let mut line = Line::new();
        assert_eq!(line.score_behind(3), None);
        for order in 1..=5 {
            assert!(line.insert(place(100, order), order));
        }
        let score_ms = line.score_behind(3).unwrap();
        assert!(line.insert(place(score_ms, 9), 9));
        assert!(line.rank(place(score_ms, 9)) >= 3);
        assert_eq!(line.score_behind(99), Some(100));
    }

    #[test]
    fn a_saved_line_with_two_at_one_place_is_refused() {
        let doubled = serde_json::from_str::<Line>(r#"{"waiting":[[1,2,3],[1,2,4]]}"#);
        assert!(doubled.unwrap_err().to_string().contains("two tickets"));
        let loose = serde_json::from_str::<Line>(r#"{"waiting":[[1,2,3]],"held":[[1,5,9]]}"#);
        assert!(loose.unwrap_err().to_string().contains("nobody stands"));
    }
}
