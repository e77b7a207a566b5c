//! The clocks on a work order: how long something may take, counted in natural or in working time, told at 50, 80 and 100 %.
//!
//! A clock is a pair: what was left when it last started, and since when it runs. From these two everything else follows, so a
//! pause and a resumption at any two instants change nothing of what is left, to the millisecond, before and after the due.
//! The instants at which something is to be told are computed once, when the clock starts or starts again, and stored: a
//! restart of the server, a late look or a second process finds the same instants and never computes them anew.
//!
//! Every instant is cut to whole milliseconds where it comes in. At the due the time is used up: what is finished at that very
//! millisecond is late.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;

/// What a clock on a work order measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// 签收: until a team's handler takes the order.
    Accept,
    /// 首次联系: until the customer has been spoken to.
    Contact,
    /// 到场: until somebody is there.
    Arrive,
    /// 处理完: until it is done.
    Resolve,
    /// 告知结果: until the customer has been told the result.
    Reply,
    /// 回访: until the customer has been asked whether it is so.
    Callback,
}

impl ClockKind {
    /// Every clock, in the order in which an order meets them.
    pub const ALL: [Self; 6] = [Self::Accept, Self::Contact, Self::Arrive, Self::Resolve, Self::Reply, Self::Callback];

    /// Its name on the wire and in settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Contact => "contact",
            Self::Arrive => "arrive",
            Self::Resolve => "resolve",
            Self::Reply => "reply",
            Self::Callback => "callback",
        }
    }
}

/// Which time a clock counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// Every millisecond, day and night.
    Natural,
    /// Only while the orders' calendar is open.
    Working,
}

impl Pace {
    /// The time from `a` to `b` that counts, in milliseconds; negative when `b` is before `a`.
    #[must_use]
    pub fn between(self, a: DateTime<Utc>, b: DateTime<Utc>, calendar: &Calendar) -> i64 {
        match self {
            Self::Natural => b.timestamp_millis().saturating_sub(a.timestamp_millis()),
            Self::Working => calendar.between(a, b),
        }
    }

    /// The first instant at which `ms` milliseconds that count have passed since `t`; `t` itself for none or less. `None` when
    /// the calendar has not that much within ten years.
    #[must_use]
    pub fn add(self, t: DateTime<Utc>, ms: i64, calendar: &Calendar) -> Option<DateTime<Utc>> {
        match self {
            Self::Natural => t.checked_add_signed(TimeDelta::try_milliseconds(ms.max(0))?),
            Self::Working => calendar.add(t, ms),
        }
    }
}

/// Something to be told about a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Half of the time is used.
    Warn50,
    /// Four fifths of the time are used.
    Warn80,
    /// All of the time is used.
    Breach,
}

impl Mark {
    /// Every mark, in the order in which they come.
    pub const ALL: [Self; 3] = [Self::Warn50, Self::Warn80, Self::Breach];

    /// The share of the time that is used at this mark, in percent.
    #[must_use]
    pub const fn percent(self) -> u8 {
        match self {
            Self::Warn50 => 50,
            Self::Warn80 => 80,
            Self::Breach => 100,
        }
    }

    /// The least use, in milliseconds, at which it is this share of `total_ms`; rounded up, so that nothing is told early.
    const fn used_ms(self, total_ms: i64) -> i64 {
        match self {
            Self::Warn50 => total_ms - total_ms / 2,
            Self::Warn80 => total_ms - total_ms / 5,
            Self::Breach => total_ms,
        }
    }
}

/// How a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// It runs and there is time left.
    Running,
    /// It stands still, with what was left.
    Paused,
    /// It runs and its due has passed.
    Breached,
    /// What it measured has happened.
    Done,
}

/// The instants at which marks are to be told: those ahead, and those passed that nobody has told yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Ahead {
    #[serde(skip_serializing_if = "Option::is_none")]
    warn50: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warn80: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    breach: Option<DateTime<Utc>>,
}

impl Ahead {
    const fn get(&self, mark: Mark) -> Option<DateTime<Utc>> {
        match mark {
            Mark::Warn50 => self.warn50,
            Mark::Warn80 => self.warn80,
            Mark::Breach => self.breach,
        }
    }

    const fn set(&mut self, mark: Mark, at: Option<DateTime<Utc>>) {
        match mark {
            Mark::Warn50 => self.warn50 = at,
            Mark::Warn80 => self.warn80 = at,
            Mark::Breach => self.breach = at,
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Forgets what has not come yet.
    fn forget_after(&mut self, now: DateTime<Utc>) {
        for mark in Mark::ALL {
            self.set(mark, self.get(mark).filter(|at| *at <= now));
        }
    }
}

/// One clock of one work order. A clock that was never started is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    pub pace: Pace,
    /// The highest mark told for the present due, in percent: 0, 50, 80, or 100 for the breach.
    #[serde(default, skip_serializing_if = "is_zero_percent")]
    pub warned: u8,
    /// What it was given, extensions included, in milliseconds of its pace.
    pub total_ms: i64,
    /// What was left when it last started or stopped; negative by as much as it was late then.
    pub remaining_ms: i64,
    /// Since when it runs; none while it stands or is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_since: Option<DateTime<Utc>>,
    /// Since when it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_since: Option<DateTime<Utc>>,
    /// When its time is used up. None while it is paused; the last one once it is done. Also none for a running clock whose
    /// calendar has not that much working time within ten years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<DateTime<Utc>>,
    /// How long its finished pauses were together, in natural milliseconds.
    #[serde(default, skip_serializing_if = "is_zero_ms")]
    pub paused_ms_total: i64,
    /// When it was first told to be late; never taken back, also not by an extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breached_at: Option<DateTime<Utc>>,
    /// When what it measured happened, or when the order ended without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Ahead::is_empty")]
    ahead: Ahead,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference to the field")]
fn is_zero_percent(percent: &u8) -> bool {
    *percent == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference to the field")]
fn is_zero_ms(ms: &i64) -> bool {
    *ms == 0
}

/// The instant without what is finer than a millisecond.
fn whole_ms(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at)
}

impl Clock {
    /// A clock that runs from `now` with `total_ms` milliseconds of its pace; less than nothing counts as nothing.
    #[must_use]
    pub fn start(pace: Pace, total_ms: i64, now: DateTime<Utc>, calendar: &Calendar) -> Self {
        let total_ms = total_ms.max(0);
        let mut clock = Self {
            pace,
            warned: 0,
            total_ms,
            remaining_ms: total_ms,
            running_since: None,
            paused_since: None,
            due: None,
            paused_ms_total: 0,
            breached_at: None,
            done_at: None,
            ahead: Ahead::default(),
        };
        clock.run_from(whole_ms(now), calendar);
        clock
    }

    /// Stops it, keeping what is left, also when that is less than nothing. Marks that lie ahead are taken away; one that has
    /// passed untold is still to be told. Nothing happens to a clock that does not run.
    pub fn pause(&mut self, now: DateTime<Utc>, calendar: &Calendar) {
        let Some(since) = self.running_since else { return };
        let now = whole_ms(now).max(since);
        self.settle(since, now, calendar);
        self.running_since = None;
        self.paused_since = Some(now);
        self.due = None;
        self.ahead.forget_after(now);
    }

    /// Runs it again with what was left. One that was late when it stopped is due when it ran out the first time, and goes on
    /// being late by what it was late before. Nothing happens to a clock that is not paused.
    pub fn resume(&mut self, now: DateTime<Utc>, calendar: &Calendar) {
        let Some(since) = self.paused_since.take() else { return };
        let now = whole_ms(now).max(since);
        self.paused_ms_total = self.paused_ms_total.saturating_add(Pace::Natural.between(since, now, calendar));
        self.run_from(now, calendar);
    }

    /// Ends it: what it measured has happened, or the order ended or was merged. No mark is left. A due that has passed is kept
    /// as a breach even if nobody was told; to have it told, tell [`Self::come`] first.
    pub fn finish(&mut self, now: DateTime<Utc>, calendar: &Calendar) {
        if self.done_at.is_some() {
            return;
        }
        let mut end = whole_ms(now);
        if let Some(since) = self.running_since.take() {
            end = end.max(since);
            self.settle(since, end, calendar);
        }
        if let Some(since) = self.paused_since.take() {
            end = end.max(since);
            self.paused_ms_total = self.paused_ms_total.saturating_add(Pace::Natural.between(since, end, calendar));
        }
        self.breached_at = self.breached_at.or_else(|| self.ahead.breach.filter(|at| *at <= end));
        self.ahead = Ahead::default();
        self.done_at = Some(end);
    }

    /// Moves the due to `until`, an absolute instant, which is kept exactly; the total grows by the time of its pace that this
    /// adds. Where `until` lies outside working time, a later pause turns what was granted into working time again. Marks that lie ahead under the longer total are armed again; a breach that was told stays written. Returns false,
    /// and changes nothing, when `until` is no later than the due or than `now`, adds nothing to a paused clock, or the clock
    /// is done.
    pub fn extend_to(&mut self, until: DateTime<Utc>, now: DateTime<Utc>, calendar: &Calendar) -> bool {
        let until = whole_ms(until);
        let Some(since) = self.running_since.or(self.paused_since) else { return false };
        let now = whole_ms(now).max(since);
        let left = self.left_ms(now, calendar);
        let granted = self.pace.between(now, until, calendar);
        let running = self.running_since.is_some();
        let is_later = if running { self.due.is_none_or(|due| until > due) } else { granted > left };
        if self.done_at.is_some() || until <= now || !is_later {
            return false;
        }
        self.total_ms = self.total_ms.saturating_add(granted.saturating_sub(left));
        self.remaining_ms = granted;
        self.ahead = Ahead::default();
        let used = self.total_ms.saturating_sub(granted);
        let told = self.warned;
        let still_told = |mark: &Mark| mark.percent() <= told && mark.used_ms(self.total_ms) <= used && *mark != Mark::Breach;
        self.warned = Mark::ALL.into_iter().rfind(still_told).map_or(0, Mark::percent);
        if running {
            self.running_since = Some(now);
            self.due = Some(until);
            self.arm(now, calendar);
        }
        true
    }

    /// Carries it from one calendar of working time to another: what is left is counted by the old one until `now`, and the due
    /// follows from the new one. Only a working clock that runs is changed.
    pub fn recalendar(&mut self, now: DateTime<Utc>, old: &Calendar, new: &Calendar) {
        let Some(since) = self.running_since.filter(|_| self.pace == Pace::Working) else { return };
        let now = whole_ms(now).max(since);
        self.settle(since, now, old);
        self.ahead.forget_after(now);
        self.run_from(now, new);
    }

    /// The mark to be told next and when: those passed untold first. None for a clock that is done or has told everything.
    #[must_use]
    pub fn next_mark(&self) -> Option<(DateTime<Utc>, Mark)> {
        Mark::ALL.into_iter().find_map(|mark| Some((self.ahead.get(mark)?, mark)))
    }

    /// The highest mark that has come by `now` and is not told: after a standstill of the server a breach is told as a breach,
    /// without the two warnings that it overtook.
    #[must_use]
    pub fn come(&self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, Mark)> {
        Mark::ALL.into_iter().rev().find_map(|mark| Some((self.ahead.get(mark).filter(|at| *at <= now)?, mark)))
    }

    /// Writes down that a mark was told, and with it the lower ones. Returns false when it was told before or the clock is done.
    pub fn mark(&mut self, mark: Mark, at: DateTime<Utc>) -> bool {
        if self.done_at.is_some() || mark.percent() <= self.warned {
            return false;
        }
        self.warned = mark.percent();
        for lower in Mark::ALL.into_iter().filter(|lower| *lower <= mark) {
            self.ahead.set(lower, None);
        }
        if mark == Mark::Breach {
            self.breached_at = self.breached_at.or(Some(at));
        }
        true
    }

    /// How long it has stood still until `now`, a pause that goes on included, in natural milliseconds.
    #[must_use]
    pub fn paused_ms(&self, now: DateTime<Utc>) -> i64 {
        let going_on = self.paused_since.map_or(0, |since| (now - since).num_milliseconds().max(0));
        self.paused_ms_total.saturating_add(going_on)
    }

    /// What is left at `now`, in milliseconds of its pace; negative by as much as it is late.
    #[must_use]
    pub fn left_ms(&self, now: DateTime<Utc>, calendar: &Calendar) -> i64 {
        let passed = self.running_since.map_or(0, |since| self.pace.between(since, whole_ms(now).max(since), calendar));
        self.remaining_ms.saturating_sub(passed)
    }

    /// What is used at `now`, in milliseconds of its pace; more than the total by as much as it is late.
    #[must_use]
    pub fn used_ms(&self, now: DateTime<Utc>, calendar: &Calendar) -> i64 {
        self.total_ms.saturating_sub(self.left_ms(now, calendar))
    }

    /// How it stands at `now`.
    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> ClockState {
        if self.done_at.is_some() {
            ClockState::Done
        } else if self.running_since.is_none() {
            ClockState::Paused
        } else if self.due.is_some_and(|due| due <= now) {
            ClockState::Breached
        } else {
            ClockState::Running
        }
    }

    /// Whether it was ever late.
    #[must_use]
    pub const fn was_late(&self) -> bool {
        self.breached_at.is_some()
    }

    /// Counts what passed since it started.
    fn settle(&mut self, since: DateTime<Utc>, now: DateTime<Utc>, calendar: &Calendar) {
        self.remaining_ms = self.remaining_ms.saturating_sub(self.pace.between(since, now, calendar));
    }

    /// Starts it with what is left.
    fn run_from(&mut self, now: DateTime<Utc>, calendar: &Calendar) {
        self.running_since = Some(now);
        self.due = if self.remaining_ms > 0 || (self.ahead.breach.is_none() && self.breached_at.is_none()) {
            self.pace.add(now, self.remaining_ms, calendar)
        } else {
            self.ahead.breach.or(self.breached_at)
        };
        self.arm(now, calendar);
    }

    /// Stores when each mark that is still to be told comes; those that have passed untold keep their instants.
    fn arm(&mut self, now: DateTime<Utc>, calendar: &Calendar) {
        let used = self.total_ms.saturating_sub(self.remaining_ms);
        for mark in Mark::ALL.into_iter().filter(|mark| mark.percent() > self.warned) {
            if self.ahead.get(mark).is_some() {
                continue;
            }
            let at = match mark {
                Mark::Warn50 | Mark::Warn80 => self.pace.add(now, mark.used_ms(self.total_ms).saturating_sub(used), calendar),
                Mark::Breach => self.due,
            };
            self.ahead.set(mark, at);
        }
    }
}

#[cfg(test)]
mod tests;
