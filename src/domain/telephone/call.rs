//! One call as the exchange told it: a merge of its signals that is the same in whatever order and however often they came.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::number::Dialled;
use super::signal::{Direction, HangupCause, Signal, SignalState};
use crate::domain::ids::{HotlineCallId, PhoneCallId};
use crate::domain::phone::{AreaCode, Phone};

/// How far the exchange's clock may be ahead of ours before its time is not believed, in minutes.
pub const CLOCK_AHEAD_MIN_MAX: i64 = 10;
/// How old a signal may be by the exchange's clock before its time is not believed, in hours.
pub const SIGNAL_AGE_H_MAX: i64 = 24;
/// People who answered one call that are remembered.
pub const ANSWERERS_MAX: usize = 16;
/// Records of one call by operators that are remembered.
pub const RECORDS_MAX: usize = 16;

/// How a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneState {
    Ringing,
    /// Somebody talks with the caller.
    Answered,
    Ended,
    /// The customer rang and talked to nobody.
    Missed,
    /// Missed, and since then called back or written down by an operator.
    Handled,
}

impl PhoneState {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Ended => "ended",
            Self::Missed => "missed",
            Self::Handled => "handled",
        }
    }
}

/// Whose clock the times of a call were read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    /// All from the exchange's.
    Exchange,
    /// At least one is when the message came here.
    Received,
}

/// An instant with its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stamp {
    Exchange(DateTime<Utc>),
    Received(DateTime<Utc>),
}

impl Stamp {
    fn of(signal: &Signal, received: DateTime<Utc>) -> Self {
        signal.at.filter(|at| is_believable(*at, received)).map_or(Self::Received(received), Self::Exchange)
    }

    pub(super) const fn at(self) -> DateTime<Utc> {
        match self {
            Self::Exchange(at) | Self::Received(at) => at,
        }
    }

    /// The exchange's time is better than ours; of two of its times the earlier holds; of ours the one we have.
    fn merge(held: Option<Self>, told: Self) -> Self {
        match (held, told) {
            (Some(Self::Exchange(held)), Self::Exchange(told)) => Self::Exchange(held.min(told)),
            (Some(held), Self::Received(_)) => held,
            (Some(Self::Received(_)) | None, told) => told,
        }
    }

    /// From one instant to another, where both were read from the same clock.
    fn until(self, other: Self) -> Option<TimeDelta> {
        match (self, other) {
            (Self::Exchange(a), Self::Exchange(b)) | (Self::Received(a), Self::Received(b)) => Some(b - a),
            (Self::Exchange(_), Self::Received(_)) | (Self::Received(_), Self::Exchange(_)) => None,
        }
    }
}

/// Whether the exchange's time can be meant: not ahead of ours, not of another day.
pub(super) fn is_believable(at: DateTime<Utc>, received: DateTime<Utc>) -> bool {
    at - received <= TimeDelta::minutes(CLOCK_AHEAD_MIN_MAX) && received - at <= TimeDelta::hours(SIGNAL_AGE_H_MAX)
}

/// The rank of what the end of a call told.
const RANK_OF_END: u8 = 2;

/// A value with its authority: of two, the one with the lower rank holds, then the earlier, then the smaller; never the one that came first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Told<T> {
    rank: u8,
    #[serde(default = "untold", skip_serializing_if = "is_untold")]
    at_ms: i64,
    value: T,
}

/// Without a time of the exchange's.
const UNTOLD_MS: i64 = i64::MAX;

const fn untold() -> i64 {
    UNTOLD_MS
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_untold(at_ms: &i64) -> bool {
    *at_ms == UNTOLD_MS
}

fn tell<T: Ord>(held: &mut Option<Told<T>>, told: Told<T>) {
    if held.as_ref().is_none_or(|held| told < *held) {
        *held = Some(told);
    }
}

/// Who answered, or is being rung.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Agent {
    id: Option<Arc<str>>,
    name: Option<Arc<str>>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneCall {
    pub id: PhoneCallId,
    /// Which exchange told of it.
    pub source: Arc<str>,
    /// The exchange's id of the call.
    pub call_id: Arc<str>,
    /// When the first word of it came here.
    pub first_seen: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    direction: Option<Told<Direction>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    caller: Option<Told<Dialled>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    callee: Option<Told<Dialled>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queue: Option<Told<Arc<str>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<Told<Agent>>,
    /// Everybody who answered it, one after the other where it was transferred.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    answerers: BTreeSet<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<Told<HangupCause>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ringing: Option<Stamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answered: Option<Stamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voicemail: Option<Stamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<Stamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missed: Option<Stamp>,
    /// The exchange was told not to put it through.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    rejected: bool,
    /// When it was given up, because no end was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lost_at: Option<DateTime<Utc>>,
    /// What operators wrote of it, the latest last.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    records: BTreeSet<HotlineCallId>,
    /// When it had been missed and somebody saw to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    handled_at: Option<DateTime<Utc>>,
}

impl PhoneCall {
    /// A call of which one signal is known.
    #[must_use]
    pub fn begin(id: PhoneCallId, signal: &Signal, received: DateTime<Utc>) -> Self {
        let mut call = Self {
            id,
            source: Arc::clone(&signal.source),
            call_id: Arc::clone(&signal.call_id),
            first_seen: received,
            direction: None,
            caller: None,
            callee: None,
            queue: None,
            agent: None,
            answerers: BTreeSet::new(),
            cause: None,
            ringing: None,
            answered: None,
            voicemail: None,
            ended: None,
            missed: None,
            rejected: false,
            lost_at: None,
            records: BTreeSet::new(),
            handled_at: None,
        };
        call.merge(signal, received);
        call
    }

    /// Takes in one signal. Signals may come in any order and any number of times.
    pub fn merge(&mut self, signal: &Signal, received: DateTime<Utc>) {
        let at_ms = signal.at.map_or(UNTOLD_MS, |at| at.timestamp_millis());
        let rank = match signal.state {
            SignalState::Ringing => 0,
            SignalState::Answered => 1,
            SignalState::Ended => RANK_OF_END,
            SignalState::Missed => 3,
        };
        tell(&mut self.direction, Told { rank, at_ms, value: signal.direction });
        for (held, told) in [(&mut self.caller, &signal.caller), (&mut self.callee, &signal.callee)] {
            if let Some(value) = told.clone() {
                tell(held, Told { rank, at_ms, value });
            }
        }
        if let Some(value) = signal.queue.clone() {
            tell(&mut self.queue, Told { rank, at_ms, value });
        }
        if signal.agent.is_some() || signal.agent_name.is_some() {
            // Whoever answered counts before whoever hung up, and both before those who were merely rung.
            let rank = match signal.state {
                SignalState::Answered => 0,
                SignalState::Ended => 1,
                SignalState::Ringing => 2,
                SignalState::Missed => 3,
            };
            let value = Agent { id: signal.agent.clone(), name: signal.agent_name.clone() };
            tell(&mut self.agent, Told { rank, at_ms, value });
        }
        if let Some(agent) = signal.agent.clone().filter(|_| signal.state == SignalState::Answered && !signal.is_voicemail()) {
            self.answerers.insert(agent);
            if self.answerers.len() > ANSWERERS_MAX {
                // Whichever order they came in, the same ones stay.
                self.answerers.pop_last();
            }
        }
        let ends = matches!(signal.state, SignalState::Ended | SignalState::Missed);
        if let Some(value) = signal.cause.filter(|_| ends) {
            tell(&mut self.cause, Told { rank, at_ms, value });
        }
        let stamp = match signal.state {
            SignalState::Ringing => &mut self.ringing,
            SignalState::Answered if signal.is_voicemail() => &mut self.voicemail,
            SignalState::Answered => &mut self.answered,
            SignalState::Ended => &mut self.ended,
            SignalState::Missed => &mut self.missed,
        };
        *stamp = Some(Stamp::merge(*stamp, Stamp::of(signal, received)));
        self.rejected |= signal.rejected;
    }

    /// An operator's record of it begins, or somebody saw to it. Whatever was done before it was over is not yet a call-back:
    /// whoever was only about to pick it up has not talked to the caller.
    pub(super) fn handle(&mut self, hotline_call: Option<HotlineCallId>, at: DateTime<Utc>) {
        self.records.extend(hotline_call);
        if self.records.len() > RECORDS_MAX {
            self.records.pop_first();
        }
        if self.was_missed() {
            self.handled_at.get_or_insert(at);
        }
    }

    /// Nobody told its end in time. Where an operator wrote it down, that is taken for what became of it.
    pub(super) fn give_up(&mut self, at: DateTime<Utc>) {
        self.lost_at = Some(at);
        if !self.records.is_empty() && self.was_missed() {
            self.handled_at = Some(at);
        }
    }

    /// Who rang whom.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction.as_ref().map_or(Direction::In, |told| told.value)
    }

    /// The number of whoever rang, as it came.
    #[must_use]
    pub fn caller(&self) -> Option<&Dialled> {
        self.caller.as_ref().map(|told| &told.value)
    }

    /// The number that was rung, as it came.
    #[must_use]
    pub fn callee(&self) -> Option<&Dialled> {
        self.callee.as_ref().map(|told| &told.value)
    }

    /// The exchange's queue.
    #[must_use]
    pub fn queue(&self) -> Option<&str> {
        self.queue.as_ref().map(|told| &*told.value)
    }

    /// Extension, sign-in name or id of whoever answered; before that, of whoever is being rung.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        self.agent.as_ref()?.value.id.as_deref()
    }

    /// The name of the same.
    #[must_use]
    pub fn agent_name(&self) -> Option<&str> {
        self.agent.as_ref()?.value.name.as_deref()
    }

    /// Extensions, sign-in names or ids of everybody who answered: more than one where the call was transferred.
    pub fn answerers(&self) -> impl Iterator<Item = &str> {
        self.answerers.iter().map(AsRef::as_ref)
    }

    /// When it began to ring.
    #[must_use]
    pub fn rang_at(&self) -> Option<DateTime<Utc>> {
        self.ringing.map(Stamp::at)
    }

    /// When somebody answered; none where the answer came too late.
    #[must_use]
    pub fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.answer().map(Stamp::at)
    }

    /// When an answer came for a call that was already over: told, but nobody talked.
    #[must_use]
    pub fn late_answer_at(&self) -> Option<DateTime<Utc>> {
        if self.answer_is_late() { self.answered.map(Stamp::at) } else { None }
    }

    /// When it was over; for a lost call, when it was given up.
    #[must_use]
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        let missed = if self.answer().is_none() { self.missed } else { None };
        let told = self.ended.or(missed).map(Stamp::at);
        if self.was_turned_away() { told.or(Some(self.began_at())) } else { told.or(self.lost_at) }
    }

    /// Why it was over.
    #[must_use]
    pub fn cause(&self) -> Option<HangupCause> {
        if self.was_turned_away() {
            return Some(HangupCause::Rejected);
        }
        if self.was_lost() {
            return Some(HangupCause::Lost);
        }
        // What one telephone of a ring group missed is not why the call that another one took was over.
        let told = self.cause.as_ref().filter(|told| told.rank == RANK_OF_END || self.answered.is_none());
        told.filter(|_| self.told_end()).map(|told| told.value)
    }

    /// Whose clock the times were read from.
    #[must_use]
    pub fn time_source(&self) -> TimeSource {
        let stamps = [self.ringing, self.answered, self.voicemail, self.ended, self.missed];
        let ours = stamps.into_iter().flatten().any(|stamp| matches!(stamp, Stamp::Received(_)));
        if ours { TimeSource::Received } else { TimeSource::Exchange }
    }

    /// The operator's record of it; the latest, where it was transferred.
    #[must_use]
    pub fn hotline_call(&self) -> Option<HotlineCallId> {
        self.records.last().copied()
    }

    /// Every record of it.
    pub fn records(&self) -> impl Iterator<Item = HotlineCallId> {
        self.records.iter().copied()
    }

    /// Whether an operator's record of it is this one.
    pub(super) fn has_record(&self, hotline_call: HotlineCallId) -> bool {
        self.records.contains(&hotline_call)
    }

    /// When somebody saw to it after it had been missed. The exchange's clock may be ahead of ours: what was done about a call
    /// was done after it.
    pub(super) fn handled_at(&self) -> Option<DateTime<Utc>> {
        self.handled_at.filter(|_| self.was_missed()).map(|at| at.max(self.began_at()))
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> PhoneState {
        if !self.is_over() {
            return if self.answer().is_some() { PhoneState::Answered } else { PhoneState::Ringing };
        }
        match (self.was_missed(), self.handled_at) {
            (true, None) => PhoneState::Missed,
            (true, Some(_)) => PhoneState::Handled,
            (false, _) => PhoneState::Ended,
        }
    }

    /// Whether nothing more is to be expected of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.told_end() || self.lost_at.is_some() || self.was_turned_away()
    }

    /// Whether the exchange was told not to put it through. Where somebody answered all the same, it is a call like any other.
    #[must_use]
    pub fn was_turned_away(&self) -> bool {
        self.rejected && self.answered.is_none()
    }

    /// Whether a customer rang and talked to nobody: not when the call was handed on to somebody else, but also when a machine answered.
    #[must_use]
    pub fn was_missed(&self) -> bool {
        let forwarded = self.cause() == Some(HangupCause::Forwarded) && self.voicemail.is_none();
        self.is_over() && self.direction() == Direction::In && self.answer().is_none() && !forwarded && !self.was_turned_away()
    }

    /// Whether it was given up without knowing how it ended.
    #[must_use]
    pub fn was_lost(&self) -> bool {
        !self.told_end() && self.lost_at.is_some() && !self.was_turned_away()
    }

    /// How long the caller heard it ring before somebody answered; none where the two instants are of different clocks.
    #[must_use]
    pub fn waited(&self) -> Option<TimeDelta> {
        self.ringing?.until(self.answer()?)
    }

    /// The customer's number in the form in which numbers are compared; none where it is withheld.
    #[must_use]
    pub fn customer(&self) -> Option<Dialled> {
        match self.direction() {
            Direction::In => self.caller()?.key(),
            Direction::Out => self.callee()?.key(),
        }
    }

    /// The customer's number as the exchange told it, where it is one that can be rung.
    #[must_use]
    pub fn customer_phone(&self, area: Option<&AreaCode>) -> Option<Phone> {
        let told = match self.direction() {
            Direction::In => self.caller(),
            Direction::Out => self.callee(),
        };
        Phone::read(told?.as_str(), area).ok().flatten()
    }

    /// The earliest instant that is known of it.
    #[must_use]
    pub fn began_at(&self) -> DateTime<Utc> {
        let told = [self.answered, self.voicemail, self.ended, self.missed].into_iter().flatten().map(Stamp::at).min();
        self.rang_at().or(told).unwrap_or(self.first_seen)
    }

    /// When we last had the customer on the line, or wrote down what was done about the call.
    pub(super) fn contact_at(&self) -> Option<DateTime<Utc>> {
        self.answered_at().max(self.handled_at())
    }

    fn answer(&self) -> Option<Stamp> {
        if self.answer_is_late() { None } else { self.answered }
    }

    /// An answer after the end. Where the exchange gives times, they say so. Where it does not, messages may have overtaken
    /// each other and the order in which they came proves nothing: then the cause tells whether anybody had answered.
    fn answer_is_late(&self) -> bool {
        let (Some(answered), Some(ended)) = (self.answered, self.ended) else { return false };
        match (answered, ended) {
            (Stamp::Exchange(answered), Stamp::Exchange(ended)) => answered > ended,
            (Stamp::Exchange(_) | Stamp::Received(_), Stamp::Exchange(_) | Stamp::Received(_)) => {
                self.cause.as_ref().is_some_and(|told| told.rank == RANK_OF_END && told.value.denies_an_answer())
            }
        }
    }

    fn told_end(&self) -> bool {
        self.ended.is_some() || (self.missed.is_some() && self.answered.is_none())
    }
}
