//! Counts calls by the quarter of an hour, so that a day of any time zone can be added up.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::call::PhoneCall;
use super::signal::{Direction, HangupCause};

/// One stretch of counting, in seconds; the offsets of all time zones are multiples of it.
const QUARTER_S: i64 = 900;
/// An answer within this time is a quick one, in seconds.
pub const QUICK_ANSWER_S: i64 = 15;

/// What became of the calls that customers made. `offered` is the sum of `answered`, `missed`, `forwarded`, `lost` and those under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub offered: u32,
    pub answered: u32,
    /// Answered calls whose wait is known: both instants came from one clock.
    pub wait_known: u32,
    /// Of these, answered within [`QUICK_ANSWER_S`].
    pub answered_within_15s: u32,
    /// Given up, refused, busy, or taken by a machine.
    pub missed: u32,
    /// Handed on outside of the hall.
    pub forwarded: u32,
    /// The exchange never told how they ended.
    pub lost: u32,
}

impl Tally {
    /// What one call adds; nothing where we rang, or where the caller is one whom nobody is to answer.
    #[must_use]
    pub fn of(call: &PhoneCall) -> Self {
        if call.direction() == Direction::Out || call.was_turned_away() {
            return Self::default();
        }
        let answered = call.answered_at().is_some();
        let waited = call.waited().filter(|_| answered);
        let lost = call.was_lost() && !answered;
        let count = u32::from;
        Self {
            offered: 1,
            answered: count(answered),
            wait_known: count(waited.is_some()),
            answered_within_15s: count(waited.is_some_and(|wait| wait <= TimeDelta::seconds(QUICK_ANSWER_S))),
            missed: count(call.was_missed() && !lost),
            forwarded: count(call.is_over() && !answered && !call.was_missed() && call.cause() == Some(HangupCause::Forwarded)),
            lost: count(lost),
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.each(other, u32::saturating_add);
    }

    pub(super) fn take(&mut self, other: Self) {
        self.each(other, u32::saturating_sub);
    }

    fn each(&mut self, other: Self, op: fn(u32, u32) -> u32) {
        let Self { offered, answered, wait_known, answered_within_15s, missed, forwarded, lost } = other;
        self.offered = op(self.offered, offered);
        self.answered = op(self.answered, answered);
        self.wait_known = op(self.wait_known, wait_known);
        self.answered_within_15s = op(self.answered_within_15s, answered_within_15s);
        self.missed = op(self.missed, missed);
        self.forwarded = op(self.forwarded, forwarded);
        self.lost = op(self.lost, lost);
    }
}

/// The calls of a stretch of time; there is none of these where the exchange told nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCounts {
    pub total: Tally,
    /// Hours in which somebody rang, counted from the start of the stretch, each with its first instant.
    pub by_hour: Vec<(DateTime<Utc>, Tally)>,
    /// When the exchange was last heard of.
    pub last_signal_at: Option<DateTime<Utc>>,
}

pub(super) fn quarter(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(QUARTER_S)
}

pub(super) fn quarter_start(quarter: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(quarter.saturating_mul(QUARTER_S), 0).unwrap_or_default()
}
