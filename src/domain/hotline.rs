//! The hall's hotline as it is: calls being logged and logged lately, incidents, what the exchange told, and today's counts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::cluster::ClusterWatch;
use super::hotline_call::{CallFields, Disposition, HotlineCall};
use super::ids::{CategoryId, HotlineCallId, IncidentId};
use super::incident::{Incident, Suspected};
use super::telephone::Telephone;

/// Calls being logged at once.
pub const OPEN_CALLS_MAX: usize = 2_000;
/// Ended calls that the hall itself remembers; older ones are in history.
pub const ENDED_CALLS_MAX: usize = 40_000;
/// Suspicions that stand on the operators' screens.
pub const SUSPICIONS_MAX: usize = 20;
/// Resolved incidents that are still shown.
pub const RESOLVED_INCIDENTS_MAX: usize = 50;

/// What the hotline did today.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HotlineTally {
    pub logged: u32,
    pub ended: u32,
    pub by_disposition: BTreeMap<Disposition, u32>,
    pub by_category: BTreeMap<CategoryId, u32>,
    /// Milliseconds from "new call" to its end, added up.
    pub handling_ms: u64,
    /// Missed calls that nobody returned as long as they were remembered.
    #[serde(default)]
    pub lapsed: u32,
}

/// The hotline as it is: a part of the hall.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hotline {
    /// Calls by id: those being logged, and those ended lately.
    pub calls: OrdMap<HotlineCallId, Arc<HotlineCall>>,
    pub incidents: BTreeMap<IncidentId, Incident>,
    pub suspicions: VecDeque<Suspected>,
    pub watch: ClusterWatch,
    pub telephone: Telephone,
    pub today: HotlineTally,
    /// Calls that are being logged.
    #[serde(skip)]
    open: BTreeSet<HotlineCallId>,
    /// Calls by caller's number, by customer number and by flat.
    #[serde(skip)]
    by_word: BTreeMap<Arc<str>, BTreeSet<HotlineCallId>>,
}

/// Under which words a call or an order is found: prefixed, so that a number is never taken for a flat.
pub(super) fn words<'a>(
    numbers: impl Iterator<Item = &'a super::phone::Phone>,
    customer_no: Option<&str>,
    flat: Option<String>,
) -> Vec<Arc<str>> {
    let numbers = numbers.map(|phone| Arc::from(phone_word(phone.number())));
    let customer = customer_no.map(|no| Arc::from(customer_word(no)));
    let flat = flat.map(|flat| Arc::from(flat_word(&flat)));
    numbers.chain(customer).chain(flat).collect()
}

/// The word of a telephone number in its normal form.
#[must_use]
pub fn phone_word(number: &str) -> String {
    format!("p:{number}")
}

/// The word of a customer number.
#[must_use]
pub fn customer_word(no: &str) -> String {
    format!("c:{}", no.to_lowercase())
}

/// The word of a flat, from [`super::hotline_call::Address::flat`].
#[must_use]
pub fn flat_word(flat: &str) -> String {
    format!("f:{flat}")
}

impl CallFields {
    /// The words under which this call is found.
    #[must_use]
    pub fn words(&self) -> Vec<Arc<str>> {
        let numbers = self.caller_number.iter().chain(&self.callback_number);
        words(numbers, self.customer_no.as_ref().map(super::text::FreeText::as_str), self.address.flat())
    }
}

impl Hotline {
    /// Makes the lookups that are not saved.
    pub(super) fn reindex(&mut self) {
        self.open = self.calls.values().filter(|call| call.end.is_none()).map(|call| call.id).collect();
        self.by_word.clear();
        let calls: Vec<_> = self.calls.values().map(|call| (call.id, call.fields.words())).collect();
        for (id, words) in calls {
            self.find_under(id, words);
        }
    }

    /// What is saved of it.
    pub(super) fn to_save(&self) -> Self {
        Self {
            calls: self.calls.clone(),
            incidents: self.incidents.clone(),
            suspicions: self.suspicions.clone(),
            watch: self.watch.clone(),
            telephone: self.telephone.clone(),
            today: self.today.clone(),
            open: BTreeSet::new(),
            by_word: BTreeMap::new(),
        }
    }

    fn find_under(&mut self, id: HotlineCallId, words: Vec<Arc<str>>) {
        for word in words {
            self.by_word.entry(word).or_default().insert(id);
        }
    }

    fn forget_words(&mut self, id: HotlineCallId, words: &[Arc<str>]) {
        for word in words {
            if let Some(ids) = self.by_word.get_mut(word) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.by_word.remove(word);
                }
            }
        }
    }

    pub(super) fn put(&mut self, call: HotlineCall) {
        let (id, words) = (call.id, call.fields.words());
        if call.end.is_none() {
            self.open.insert(id);
        }
        self.calls.insert(id, Arc::new(call));
        self.find_under(id, words);
    }

    /// Changes one call, keeping the lookups in step.
    pub(super) fn change(&mut self, id: HotlineCallId, change: impl FnOnce(&mut HotlineCall)) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let call = Arc::make_mut(call);
        let before = call.fields.words();
        change(call);
        let (after, is_open) = (call.fields.words(), call.end.is_none());
        if before != after {
            self.forget_words(id, &before);
            self.find_under(id, after);
        }
        if is_open {
            self.open.insert(id);
        } else {
            self.open.remove(&id);
        }
    }

    pub(super) fn drop_call(&mut self, id: HotlineCallId) {
        if let Some(call) = self.calls.remove(&id) {
            self.forget_words(id, &call.fields.words());
            self.open.remove(&id);
        }
    }

    /// Calls that are being logged, oldest first.
    pub fn open_calls(&self) -> impl Iterator<Item = &HotlineCall> {
        self.open.iter().filter_map(|id| self.calls.get(id)).map(AsRef::as_ref)
    }

    /// How many calls are being logged.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    /// Calls found under any of `words`, newest first, each once.
    pub fn found<'a>(&'a self, words: &'a [Arc<str>]) -> impl Iterator<Item = &'a HotlineCall> + 'a {
        let ids: BTreeSet<_> = words.iter().filter_map(|word| self.by_word.get(word)).flatten().copied().collect();
        ids.into_iter().rev().filter_map(|id| self.calls.get(&id)).map(AsRef::as_ref)
    }

    /// Incidents that still go on, newest first.
    pub fn open_incidents(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.values().rev().filter(|incident| incident.is_open())
    }

    /// Ended calls that are old enough to be in history only, at most `limit`, oldest first.
    pub(super) fn stale(&self, before: DateTime<Utc>, limit: usize) -> impl Iterator<Item = &HotlineCall> {
        let over = self.calls.len().saturating_sub(ENDED_CALLS_MAX);
        let ended = self.calls.values().filter(|call| call.end.is_some());
        ended
            .enumerate()
            .filter(move |(place, call)| *place < over || call.ended_at.is_some_and(|at| at < before))
            .map(|(_, call)| call.as_ref())
            .take(limit)
    }
}
