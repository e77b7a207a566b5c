//! Who is to be called back: the calls of each customer, those of them that nobody returned yet, and the order in which they wait.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use chrono::{DateTime, Utc};

use super::call::{PhoneCall, PhoneState};
use super::number::Dialled;
use crate::domain::ids::PhoneCallId;

/// When something was, and in which call: all instants of one customer have an order.
pub(super) type When = (DateTime<Utc>, PhoneCallId);

/// The calls of one customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Theirs {
    all: BTreeSet<PhoneCallId>,
    /// Those that were missed, by their beginning.
    missed: BTreeSet<When>,
    /// When somebody last talked to them, or wrote down what was done.
    contacts: BTreeSet<When>,
}

impl Theirs {
    /// What was missed since the last contact, oldest first.
    fn open(&self) -> impl DoubleEndedIterator<Item = &When> {
        let since = self.contacts.last().map_or(Bound::Unbounded, |(at, _)| Bound::Excluded((*at, PhoneCallId(u64::MAX))));
        self.missed.range((since, Bound::Unbounded))
    }
}

/// What of a customer's calls was missed since anybody talked to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) first: When,
    pub(super) last: When,
    pub(super) count: usize,
}

/// All customers who are remembered. Whoever tells no number that can be rung is one with all others who do not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Callers {
    by_number: BTreeMap<Option<Dialled>, Theirs>,
    /// Those with something open, by the first of it.
    waiting: BTreeMap<When, Option<Dialled>>,
}

/// Of callers without a number nobody knows whether the one who was talked to is the one who was missed: only what was written
/// down settles those calls.
fn contact(number: Option<&Dialled>, call: &PhoneCall) -> Option<DateTime<Utc>> {
    if number.is_some() { call.contact_at() } else { call.handled_at() }
}

impl Callers {
    pub(super) fn put(&mut self, call: &PhoneCall) {
        self.change(call.customer(), |theirs, number| {
            theirs.all.insert(call.id);
            if call.state() == PhoneState::Missed {
                theirs.missed.insert((call.began_at(), call.id));
            }
            if let Some(at) = contact(number, call) {
                theirs.contacts.insert((at, call.id));
            }
        });
    }

    pub(super) fn take(&mut self, call: &PhoneCall) {
        self.change(call.customer(), |theirs, number| {
            theirs.all.remove(&call.id);
            theirs.missed.remove(&(call.began_at(), call.id));
            if let Some(at) = contact(number, call) {
                theirs.contacts.remove(&(at, call.id));
            }
        });
    }

    fn change(&mut self, number: Option<Dialled>, change: impl FnOnce(&mut Theirs, Option<&Dialled>)) {
        let theirs = self.by_number.entry(number.clone()).or_default();
        let before = theirs.open().next().copied();
        change(theirs, number.as_ref());
        let (after, is_empty) = (theirs.open().next().copied(), theirs.all.is_empty());
        if is_empty {
            self.by_number.remove(&number);
        }
        if before == after {
            return;
        }
        if let Some(before) = before {
            self.waiting.remove(&before);
        }
        if let Some(after) = after {
            self.waiting.insert(after, number);
        }
    }

    /// The calls from and to a number, oldest first.
    pub(super) fn of(&self, number: Dialled) -> impl Iterator<Item = PhoneCallId> {
        self.by_number.get(&Some(number)).into_iter().flat_map(|theirs| theirs.all.iter().copied())
    }

    /// Whether a call was missed and nobody has talked to the caller since.
    pub(super) fn waits(&self, call: &PhoneCall) -> bool {
        let open_since = self.by_number.get(&call.customer()).and_then(|theirs| theirs.open().next());
        call.state() == PhoneState::Missed && open_since.is_some_and(|first| (call.began_at(), call.id) >= *first)
    }

    /// Missed calls that nobody has to return, because of what was done in this one.
    pub(super) fn settled_by(&self, call: &PhoneCall) -> Vec<PhoneCallId> {
        let number = call.customer();
        let Some(at) = contact(number.as_ref(), call) else { return Vec::new() };
        let missed = self.by_number.get(&number).into_iter().flat_map(|theirs| &theirs.missed);
        missed.take_while(|(began, _)| *began <= at).map(|(_, id)| *id).collect()
    }

    /// Who waits, whoever waits longest first, behind `after`.
    pub(super) fn waiting(&self, after: Option<When>) -> impl Iterator<Item = Open> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.waiting.range((from, Bound::Unbounded)).filter_map(|(first, number)| {
            let theirs = self.by_number.get(number)?;
            Some(Open { first: *first, last: *theirs.open().next_back()?, count: theirs.open().count() })
        })
    }

    /// How many wait.
    pub(super) fn waiting_count(&self) -> usize {
        self.waiting.len()
    }
}
