//! The exchange's calls as the hall knows them: who rings, who answered whom, which calls were missed and are to be returned.
//!
//! Exchanges repeat themselves and their messages overtake each other. A call is therefore a merge of what was told of it, not
//! a state machine: whatever the order, and however often a message came, the record is the same (a test plays every order).

mod call;
mod number;
mod signal;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use call::{ANSWERERS_MAX, CLOCK_AHEAD_MIN_MAX, PhoneCall, PhoneState, SIGNAL_AGE_H_MAX, TimeSource};
pub use number::{Dialled, number_key};
pub use signal::{
    AGENT_NAME_CHARS_MAX, CALL_ID_CHARS_MAX, Direction, HangupCause, PARTY_CHARS_MAX, SOURCE_CHARS_MAX, Signal, SignalProblem, SignalState,
    tidy,
};
pub use tally::{CallCounts, QUICK_ANSWER_S, Tally};

use super::ids::{HotlineCallId, PhoneCallId};
use call::Handling;
use tally::{quarter, quarter_start};

/// Calls that are remembered at once. Beyond it the oldest that nobody has to care for is forgotten.
pub const CALLS_MAX: usize = 4_000;
/// How long a call that is over is remembered, in hours.
pub const FINISHED_KEPT_H: i64 = 24;
/// How long a missed call waits to be returned, in hours: over a weekend.
pub const MISSED_KEPT_H: i64 = 72;
/// After how many hours a call without an end is given up as lost.
pub const ORPHAN_H: i64 = 4;
/// How long counts are remembered, in hours: yesterday's service day is complete.
pub const COUNTS_KEPT_H: i64 = 48;
/// How often what is old is looked for, in seconds.
const SWEEP_S: i64 = 60;

/// A fact about a call, to become an event of the hall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneChange {
    Signalled { phone_call: PhoneCallId, signal: Signal },
    Handled { phone_call: PhoneCallId, hotline_call: Option<HotlineCallId> },
}

/// What a signal comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Something new.
    News(PhoneChange),
    /// Known already.
    Known(PhoneCallId),
    /// Older than [`SIGNAL_AGE_H_MAX`]: of a call that may have been forgotten, so that it would be counted twice.
    TooOld,
}

/// One caller who is to be called back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallBack {
    /// The number in the form in which numbers are compared.
    pub number: Dialled,
    /// The number as it came last.
    pub caller: Dialled,
    /// How often the caller was missed since anybody talked to them.
    pub count: usize,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    /// The last of the missed calls; handling it settles all of them.
    pub last_call: PhoneCallId,
    pub queue: Option<Arc<str>>,
    pub cause: Option<HangupCause>,
}

/// The calls of the exchange: a fold of the hall's events, nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct Telephone {
    calls: BTreeMap<PhoneCallId, PhoneCall>,
    by_name: BTreeMap<(Arc<str>, Arc<str>), PhoneCallId>,
    by_number: BTreeMap<Dialled, BTreeSet<PhoneCallId>>,
    live: BTreeSet<PhoneCallId>,
    missed: BTreeSet<PhoneCallId>,
    tallies: BTreeMap<i64, Tally>,
    last_signal_at: Option<DateTime<Utc>>,
    swept_at: Option<DateTime<Utc>>,
}

/// What is saved of it; the lookups are made again.
#[derive(Serialize, Deserialize)]
struct Saved {
    calls: Vec<PhoneCall>,
    tallies: Vec<(i64, Tally)>,
    last_signal_at: Option<DateTime<Utc>>,
    swept_at: Option<DateTime<Utc>>,
}

impl From<Saved> for Telephone {
    fn from(saved: Saved) -> Self {
        let tallies = saved.tallies.into_iter().collect();
        let mut telephone = Self { tallies, last_signal_at: saved.last_signal_at, swept_at: saved.swept_at, ..Self::default() };
        for call in saved.calls {
            telephone.put(call);
        }
        telephone
    }
}

impl From<Telephone> for Saved {
    fn from(telephone: Telephone) -> Self {
        Self {
            calls: telephone.calls.into_values().collect(),
            tallies: telephone.tallies.into_iter().collect(),
            last_signal_at: telephone.last_signal_at,
            swept_at: telephone.swept_at,
        }
    }
}

impl Telephone {
    /// What a signal comes to. `minted` is the id for a call that is not known yet.
    ///
    /// # Errors
    /// When the signal is not well-formed.
    pub fn judge(&self, signal: &Signal, minted: PhoneCallId, now: DateTime<Utc>) -> Result<Verdict, SignalProblem> {
        signal.check()?;
        if signal.at.is_some_and(|at| now - at > TimeDelta::hours(SIGNAL_AGE_H_MAX)) {
            return Ok(Verdict::TooOld);
        }
        let Some(call) = self.find(&signal.source, &signal.call_id) else {
            return Ok(Verdict::News(PhoneChange::Signalled { phone_call: minted, signal: signal.clone() }));
        };
        let mut merged = call.clone();
        merged.merge(signal, now);
        if merged == *call {
            return Ok(Verdict::Known(call.id));
        }
        Ok(Verdict::News(PhoneChange::Signalled { phone_call: call.id, signal: signal.clone() }))
    }

    /// What it comes to that a call was returned, or that an operator's record is linked to it; `None` where that is known.
    ///
    /// # Errors
    /// Gives the id back when there is no such call.
    pub fn judge_handled(&self, id: PhoneCallId, hotline_call: Option<HotlineCallId>) -> Result<Option<PhoneChange>, PhoneCallId> {
        let call = self.calls.get(&id).ok_or(id)?;
        let known = call.handling.as_ref().is_some_and(|held| hotline_call.is_none() || held.hotline_call == hotline_call);
        Ok((!known).then_some(PhoneChange::Handled { phone_call: id, hotline_call }))
    }

    /// Folds in a signal that was judged to be news.
    pub fn signalled(&mut self, id: PhoneCallId, signal: &Signal, at: DateTime<Utc>) {
        self.last_signal_at = self.last_signal_at.max(Some(at));
        self.change(id, |held| match held {
            Some(mut call) => {
                call.merge(signal, at);
                Some(call)
            }
            None => Some(PhoneCall::begin(id, signal, at)),
        });
        self.sweep(at);
    }

    /// Folds in that a call was returned or linked.
    pub fn handled(&mut self, id: PhoneCallId, hotline_call: Option<HotlineCallId>, at: DateTime<Utc>) {
        self.change(id, |held| {
            let mut call = held?;
            let linked = hotline_call.or(call.hotline_call());
            let since = call.handling.as_ref().map_or(at, |handling| handling.at);
            call.handling = Some(Handling { at: since, hotline_call: linked });
            Some(call)
        });
        self.sweep(at);
    }

    /// Gives up calls whose end was never told, and forgets what is old. Every fold does it; the turn of the day may as well.
    pub fn sweep(&mut self, at: DateTime<Utc>) {
        if self.calls.len() > CALLS_MAX {
            self.forget_one();
        }
        if self.swept_at.is_some_and(|swept| (at - swept).abs() < TimeDelta::seconds(SWEEP_S)) {
            return;
        }
        self.swept_at = Some(at);
        let orphan_before = at - TimeDelta::hours(ORPHAN_H);
        let orphans: Vec<_> = self.live().filter(|call| call.first_seen < orphan_before).map(|call| call.id).collect();
        for id in orphans {
            self.change(id, |held| {
                let mut call = held?;
                call.lost_at = Some(at);
                Some(call)
            });
        }
        let (finished_before, missed_before) = (at - TimeDelta::hours(FINISHED_KEPT_H), at - TimeDelta::hours(MISSED_KEPT_H));
        let is_old = |call: &&PhoneCall| {
            call.first_seen < missed_before || (call.first_seen < finished_before && call.is_over() && !self.waits_for_return(call))
        };
        let old: Vec<_> = self.calls.values().filter(is_old).map(|call| call.id).collect();
        for id in old {
            self.drop_call(id);
        }
        let first = quarter(at - TimeDelta::hours(COUNTS_KEPT_H));
        self.tallies.retain(|quarter, _| *quarter >= first);
    }

    /// One call.
    #[must_use]
    pub fn call(&self, id: PhoneCallId) -> Option<&PhoneCall> {
        self.calls.get(&id)
    }

    /// The call to which an exchange gave this id.
    #[must_use]
    pub fn find(&self, source: &Arc<str>, call_id: &Arc<str>) -> Option<&PhoneCall> {
        let id = self.by_name.get(&(Arc::clone(source), Arc::clone(call_id)))?;
        self.calls.get(id)
    }

    /// Every call that is remembered, oldest first.
    #[must_use]
    pub fn calls(&self) -> impl DoubleEndedIterator<Item = &PhoneCall> {
        self.calls.values()
    }

    /// The calls that ring or are talked on, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &PhoneCall> {
        self.live.iter().filter_map(|id| self.calls.get(id))
    }

    /// The calls from and to a number, oldest first.
    pub fn of_number(&self, number: &str) -> impl Iterator<Item = &PhoneCall> {
        let ids = number_key(number).and_then(|key| self.by_number.get(&key));
        ids.into_iter().flatten().filter_map(|id| self.calls.get(id))
    }

    /// Who is to be called back: one entry a caller, whoever waits longest first. Callers without a number cannot be.
    #[must_use]
    pub fn missed_calls(&self) -> Vec<CallBack> {
        let mut tasks: BTreeMap<Dialled, CallBack> = BTreeMap::new();
        let open = self.missed.iter().filter_map(|id| self.calls.get(id)).filter(|call| self.waits_for_return(call));
        for call in open {
            let (Some(number), Some(caller)) = (call.customer(), call.caller()) else { continue };
            let at = call.began_at();
            let newest = CallBack {
                number: number.clone(),
                caller: caller.clone(),
                count: 1,
                first_at: at,
                last_at: at,
                last_call: call.id,
                queue: call.queue().map(Arc::from),
                cause: call.cause(),
            };
            match tasks.get_mut(&number) {
                None => {
                    tasks.insert(number, newest);
                }
                Some(held) => {
                    let (count, first_at) = (held.count + 1, held.first_at.min(at));
                    if (held.last_at, held.last_call) < (at, call.id) {
                        *held = newest;
                    }
                    (held.count, held.first_at) = (count, first_at);
                }
            }
        }
        let mut tasks: Vec<_> = tasks.into_values().collect();
        tasks.sort_by(|a, b| (a.first_at, &a.number).cmp(&(b.first_at, &b.number)));
        tasks
    }

    /// The customers' calls in `[from, to)`; `None` where the exchange told of none: then there is no rate to show.
    #[must_use]
    pub fn counts(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<CallCounts> {
        let (first, after) = (quarter(from), quarter(to).max(quarter(from)));
        let mut counts = CallCounts { total: Tally::default(), by_hour: Vec::new(), last_signal_at: self.last_signal_at };
        for (at, tally) in self.tallies.range(first..after) {
            counts.total.add(*tally);
            let hour = from + TimeDelta::hours((quarter_start(*at) - quarter_start(first)).num_hours());
            match counts.by_hour.last_mut() {
                Some((held, sum)) if *held == hour => sum.add(*tally),
                Some(_) | None => counts.by_hour.push((hour, *tally)),
            }
        }
        counts.by_hour.retain(|(_, tally)| tally.offered > 0);
        (counts.total.offered > 0).then_some(counts)
    }

    /// When an exchange was last heard of.
    #[must_use]
    pub fn last_signal_at(&self) -> Option<DateTime<Utc>> {
        self.last_signal_at
    }

    /// Whether a call was missed and nobody has talked to the caller since.
    fn waits_for_return(&self, call: &PhoneCall) -> bool {
        if call.state() != PhoneState::Missed {
            return false;
        }
        let Some(number) = call.customer() else { return false };
        let began = call.began_at();
        let others = self.by_number.get(&number).into_iter().flatten().filter_map(|id| self.calls.get(id));
        !others.into_iter().any(|other| other.contact_at().is_some_and(|at| at >= began))
    }

    /// Replaces a call; counts and lookups follow.
    fn change(&mut self, id: PhoneCallId, change: impl FnOnce(Option<PhoneCall>) -> Option<PhoneCall>) {
        let held = self.take(id);
        if let Some(call) = &held {
            self.tallies.entry(quarter(call.began_at())).or_default().take(Tally::of(call));
        }
        let Some(call) = change(held) else { return };
        self.tallies.entry(quarter(call.began_at())).or_default().add(Tally::of(&call));
        self.put(call);
    }

    /// Forgets a call; what was counted stays counted.
    fn drop_call(&mut self, id: PhoneCallId) {
        drop(self.take(id));
    }

    /// The oldest that nobody has to care for, else the oldest.
    fn forget_one(&mut self) {
        let settled = self.calls.values().find(|call| call.is_over() && !self.waits_for_return(call));
        if let Some(id) = settled.or_else(|| self.calls.values().next()).map(|call| call.id) {
            self.drop_call(id);
        }
    }

    fn put(&mut self, call: PhoneCall) {
        self.by_name.insert((Arc::clone(&call.source), Arc::clone(&call.call_id)), call.id);
        if let Some(number) = call.customer() {
            self.by_number.entry(number).or_default().insert(call.id);
        }
        if !call.is_over() {
            self.live.insert(call.id);
        }
        if call.was_missed() {
            self.missed.insert(call.id);
        }
        self.calls.insert(call.id, call);
    }

    fn take(&mut self, id: PhoneCallId) -> Option<PhoneCall> {
        let call = self.calls.remove(&id)?;
        self.by_name.remove(&(Arc::clone(&call.source), Arc::clone(&call.call_id)));
        if let Some(number) = call.customer()
            && let Some(ids) = self.by_number.get_mut(&number)
        {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_number.remove(&number);
            }
        }
        self.live.remove(&id);
        self.missed.remove(&id);
        Some(call)
    }
}
