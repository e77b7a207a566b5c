//! The exchange's calls as the hall knows them: who rings, who answered whom, which calls were missed and are to be returned.
//!
//! Exchanges repeat themselves and their messages overtake each other. A call is therefore a merge of what was told of it, not
//! a state machine: whatever the order, and however often a message came, the record is the same (a test plays every order).

mod call;
mod callers;
mod number;
mod signal;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use call::{ANSWERERS_MAX, CLOCK_AHEAD_MIN_MAX, PhoneCall, PhoneState, RECORDS_MAX, SIGNAL_AGE_H_MAX, TimeSource};
pub use number::{Dialled, number_key};
pub use signal::{
    AGENT_NAME_CHARS_MAX, CALL_ID_CHARS_MAX, Direction, HangupCause, PARTY_CHARS_MAX, SOURCE_CHARS_MAX, Signal, SignalProblem, SignalState,
    tidy,
};
pub use tally::{CallCounts, QUICK_ANSWER_S, Tally};

use super::ids::{HotlineCallId, PhoneCallId};
use callers::{Callers, Open};
use tally::{quarter, quarter_start};

/// Calls that are remembered at once: those of a first cold day (16,000), and half as many again. Beyond it the oldest that nobody
/// has to care for is forgotten.
pub const CALLS_MAX: usize = 24_000;
/// Calls that were forgotten and of which the exchange's id is still known, so that a message that comes again makes no new call.
pub const FORGOTTEN_MAX: usize = 40_000;
/// How long such an id is known, in hours.
pub const FORGOTTEN_KEPT_H: i64 = 24;
/// How long a call that is over is remembered, in hours.
pub const FINISHED_KEPT_H: i64 = 24;
/// How long a missed call waits to be returned, in days. Then it lapses, which is an event: nobody is forgotten in silence.
pub const MISSED_KEPT_D: i64 = 30;
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
    Lapsed { phone_call: PhoneCallId },
}

/// Why a call cannot be marked as returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotHandled {
    /// There is no such call.
    Unknown,
    /// It was not missed.
    State(PhoneState),
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

/// One caller who is to be called back; all who withheld their number are one, whom nobody can ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallBack {
    /// The number in the form in which numbers are compared; none where it is withheld or unreadable.
    pub number: Option<Dialled>,
    /// The number as it came last.
    pub caller: Option<Dialled>,
    /// How often the caller was missed since anybody talked to them.
    pub count: usize,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    /// The first of the missed calls.
    pub first_call: PhoneCallId,
    /// The last of the missed calls; handling it settles all of them.
    pub last_call: PhoneCallId,
    pub queue: Option<Arc<str>>,
    pub cause: Option<HangupCause>,
}

/// A call that was forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Forgotten {
    source: Arc<str>,
    call_id: Arc<str>,
    at: DateTime<Utc>,
}

/// The calls of the exchange: a fold of the hall's events, nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct Telephone {
    calls: BTreeMap<PhoneCallId, Arc<PhoneCall>>,
    forgotten: BTreeMap<PhoneCallId, Forgotten>,
    /// Those that are remembered, and those that were forgotten.
    by_name: BTreeMap<(Arc<str>, Arc<str>), PhoneCallId>,
    callers: Callers,
    /// Each call is in one of these three, oldest first.
    live: BTreeSet<PhoneCallId>,
    missed: BTreeSet<PhoneCallId>,
    idle: BTreeSet<PhoneCallId>,
    tallies: BTreeMap<i64, Tally>,
    last_signal_at: Option<DateTime<Utc>>,
    swept_at: Option<DateTime<Utc>>,
}

/// What is saved of it; the lookups are made again.
#[derive(Serialize, Deserialize)]
struct Saved {
    calls: Vec<Arc<PhoneCall>>,
    #[serde(default)]
    forgotten: Vec<(PhoneCallId, Forgotten)>,
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
        for (id, forgotten) in saved.forgotten {
            telephone.remember_name(id, forgotten);
        }
        telephone
    }
}

impl From<Telephone> for Saved {
    fn from(telephone: Telephone) -> Self {
        Self {
            calls: telephone.calls.into_values().collect(),
            forgotten: telephone.forgotten.into_iter().collect(),
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
        let Some(id) = self.id_of(&signal.source, &signal.call_id) else {
            return Ok(Verdict::News(PhoneChange::Signalled { phone_call: minted, signal: signal.clone() }));
        };
        // Of a call that was over long ago nothing is news: least of all its end, which would make it a missed one.
        let Some(call) = self.call(id) else { return Ok(Verdict::Known(id)) };
        let mut merged = call.clone();
        merged.merge(signal, now);
        if merged == *call {
            return Ok(Verdict::Known(call.id));
        }
        Ok(Verdict::News(PhoneChange::Signalled { phone_call: call.id, signal: signal.clone() }))
    }

    /// What it comes to that a missed call was returned; `None` where that is known.
    ///
    /// # Errors
    /// When there is no such call, or it was not missed.
    pub fn judge_handled(&self, id: PhoneCallId, hotline_call: Option<HotlineCallId>) -> Result<Option<PhoneChange>, NotHandled> {
        let call = self.call(id).ok_or(NotHandled::Unknown)?;
        let news = match call.state() {
            PhoneState::Missed => true,
            PhoneState::Handled => hotline_call.is_some_and(|record| !call.has_record(record)),
            state @ (PhoneState::Ringing | PhoneState::Answered | PhoneState::Ended) => return Err(NotHandled::State(state)),
        };
        Ok(news.then_some(PhoneChange::Handled { phone_call: id, hotline_call }))
    }

    /// What it comes to that an operator's record of a call begins; `None` where there is no such call.
    #[must_use]
    pub fn judge_recorded(&self, id: PhoneCallId, hotline_call: HotlineCallId) -> Option<PhoneChange> {
        self.call(id).map(|call| PhoneChange::Handled { phone_call: call.id, hotline_call: Some(hotline_call) })
    }

    /// The call that has to make room for a new one although somebody should still care for it.
    #[must_use]
    pub fn crowded_out(&self) -> Option<PhoneCallId> {
        if self.calls.len() < CALLS_MAX || !self.idle.is_empty() {
            return None;
        }
        match self.missed.first().and_then(|id| self.call(*id)) {
            Some(oldest) => self.callers.waits(oldest).then_some(oldest.id),
            None => self.live.first().copied(),
        }
    }

    /// Missed calls that waited too long to be returned, oldest first.
    pub fn overdue(&self, now: DateTime<Utc>) -> impl Iterator<Item = PhoneCallId> {
        let before = now - TimeDelta::days(MISSED_KEPT_D);
        self.before(&self.missed, before).filter(|call| self.callers.waits(call)).map(|call| call.id)
    }

    /// Folds in a signal that was judged to be news.
    pub fn signalled(&mut self, id: PhoneCallId, signal: &Signal, at: DateTime<Utc>) {
        self.last_signal_at = self.last_signal_at.max(Some(at));
        match self.take(id) {
            Some(mut call) => {
                call.merge(signal, at);
                self.count_in(call);
            }
            None => self.count_in(PhoneCall::begin(id, signal, at)),
        }
        self.sweep(at);
    }

    /// Folds in that a call was returned, or that a record of it begins.
    pub fn handled(&mut self, id: PhoneCallId, hotline_call: Option<HotlineCallId>, at: DateTime<Utc>) {
        if let Some(mut call) = self.take(id) {
            call.handle(hotline_call, at);
            self.count_in(call);
        }
        self.sweep(at);
    }

    /// Folds in that nobody returned a call.
    pub fn lapsed(&mut self, id: PhoneCallId, at: DateTime<Utc>) {
        self.forget(id, at);
        self.sweep(at);
    }

    /// Gives up calls whose end was never told, and forgets what is old and nobody has to care for. Every fold does it; the turn
    /// of the day may as well.
    pub fn sweep(&mut self, at: DateTime<Utc>) {
        if self.calls.len() > CALLS_MAX
            && let Some(oldest) = self.idle.first().or(self.missed.first()).copied()
        {
            self.forget(oldest, at);
        }
        if self.swept_at.is_some_and(|swept| (at - swept).abs() < TimeDelta::seconds(SWEEP_S)) {
            return;
        }
        self.swept_at = Some(at);
        let orphans: Vec<_> = self.before(&self.live, at - TimeDelta::hours(ORPHAN_H)).map(|call| call.id).collect();
        for id in orphans {
            let Some(mut call) = self.take(id) else { continue };
            call.give_up(at);
            self.count_in(call);
        }
        let finished_before = at - TimeDelta::hours(FINISHED_KEPT_H);
        let settled = self.before(&self.missed, finished_before).filter(|call| !self.callers.waits(call));
        let old: Vec<_> = self.before(&self.idle, finished_before).chain(settled).map(|call| call.id).collect();
        for id in old {
            self.forget(id, at);
        }
        let forgotten_before = at - TimeDelta::hours(FORGOTTEN_KEPT_H);
        let names: Vec<_> = self.forgotten.iter().filter(|(_, one)| one.at < forgotten_before).map(|(id, _)| *id).collect();
        for id in names {
            self.forget_name(id);
        }
        let first = quarter(at - TimeDelta::hours(COUNTS_KEPT_H));
        self.tallies.retain(|quarter, _| *quarter >= first);
    }

    /// One call.
    #[must_use]
    pub fn call(&self, id: PhoneCallId) -> Option<&PhoneCall> {
        self.calls.get(&id).map(AsRef::as_ref)
    }

    /// Under which id the hall knows, or knew, the call to which an exchange gave this one.
    #[must_use]
    pub fn id_of(&self, source: &Arc<str>, call_id: &Arc<str>) -> Option<PhoneCallId> {
        self.by_name.get(&(Arc::clone(source), Arc::clone(call_id))).copied()
    }

    /// The call to which an exchange gave this id.
    #[must_use]
    pub fn find(&self, source: &Arc<str>, call_id: &Arc<str>) -> Option<&PhoneCall> {
        self.call(self.id_of(source, call_id)?)
    }

    /// Every call that is remembered, oldest first.
    #[must_use]
    pub fn calls(&self) -> impl DoubleEndedIterator<Item = &PhoneCall> {
        self.calls.values().map(AsRef::as_ref)
    }

    /// The calls that ring or are talked on, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &PhoneCall> {
        self.live.iter().filter_map(|id| self.call(*id))
    }

    /// The calls from and to a number, oldest first.
    pub fn of_number(&self, number: &str) -> impl Iterator<Item = &PhoneCall> {
        number_key(number).into_iter().flat_map(|key| self.callers.of(key)).filter_map(|id| self.call(id))
    }

    /// Who is to be called back: one entry a caller, whoever waits longest first, behind the one whose first missed call this is.
    pub fn call_backs(&self, after: Option<(DateTime<Utc>, PhoneCallId)>) -> impl Iterator<Item = CallBack> {
        self.callers.waiting(after).filter_map(|open| self.call_back(open))
    }

    /// How many there are to be called back.
    #[must_use]
    pub fn call_back_count(&self) -> usize {
        self.callers.waiting_count()
    }

    fn call_back(&self, open: Open) -> Option<CallBack> {
        let ((first_at, first_call), (last_at, last_call)) = (open.first, open.last);
        let last = self.call(last_call)?;
        let number = last.customer();
        Some(CallBack {
            caller: last.caller().filter(|_| number.is_some()).cloned(),
            number,
            count: open.count,
            first_at,
            last_at,
            first_call,
            last_call,
            queue: last.queue().map(Arc::from),
            cause: last.cause(),
        })
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

    /// Of these calls, those that were heard of before an instant, oldest first.
    fn before<'a>(&'a self, ids: &'a BTreeSet<PhoneCallId>, instant: DateTime<Utc>) -> impl Iterator<Item = &'a PhoneCall> {
        ids.iter().filter_map(|id| self.call(*id)).take_while(move |call| call.first_seen < instant)
    }

    /// Takes a call out to change it; [`Telephone::count_in`] puts it back.
    fn take(&mut self, id: PhoneCallId) -> Option<PhoneCall> {
        let call = self.remove(id)?;
        self.tallies.entry(quarter(call.began_at())).or_default().take(Tally::of(&call));
        Some(Arc::unwrap_or_clone(call))
    }

    fn count_in(&mut self, call: PhoneCall) {
        self.tallies.entry(quarter(call.began_at())).or_default().add(Tally::of(&call));
        self.put(Arc::new(call));
    }

    /// Forgets a call; what was counted stays counted. With it go the missed calls that it settled: without it they would seem to wait.
    fn forget(&mut self, id: PhoneCallId, at: DateTime<Utc>) {
        let Some(call) = self.remove(id) else { return };
        let settled = self.callers.settled_by(&call);
        let gone = settled.into_iter().filter_map(|id| self.remove(id)).collect::<Vec<_>>();
        for call in gone.into_iter().chain([call]) {
            let (source, call_id) = (Arc::clone(&call.source), Arc::clone(&call.call_id));
            self.remember_name(call.id, Forgotten { source, call_id, at });
        }
    }

    fn remember_name(&mut self, id: PhoneCallId, forgotten: Forgotten) {
        self.by_name.insert((Arc::clone(&forgotten.source), Arc::clone(&forgotten.call_id)), id);
        self.forgotten.insert(id, forgotten);
        if self.forgotten.len() > FORGOTTEN_MAX
            && let Some((oldest, _)) = self.forgotten.first_key_value()
        {
            self.forget_name(*oldest);
        }
    }

    fn forget_name(&mut self, id: PhoneCallId) {
        if let Some(Forgotten { source, call_id, .. }) = self.forgotten.remove(&id) {
            self.by_name.remove(&(source, call_id));
        }
    }

    fn put(&mut self, call: Arc<PhoneCall>) {
        self.by_name.insert((Arc::clone(&call.source), Arc::clone(&call.call_id)), call.id);
        self.callers.put(&call);
        self.list_of(&call).insert(call.id);
        self.calls.insert(call.id, call);
    }

    fn remove(&mut self, id: PhoneCallId) -> Option<Arc<PhoneCall>> {
        let call = self.calls.remove(&id)?;
        self.callers.take(&call);
        self.list_of(&call).remove(&id);
        Some(call)
    }

    fn list_of(&mut self, call: &PhoneCall) -> &mut BTreeSet<PhoneCallId> {
        match call.state() {
            PhoneState::Ringing | PhoneState::Answered => &mut self.live,
            PhoneState::Missed => &mut self.missed,
            PhoneState::Ended | PhoneState::Handled => &mut self.idle,
        }
    }
}
