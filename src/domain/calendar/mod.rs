//! The hall's calendar: which service day it is, whether the hall is open, and how long a stretch of working time is.
//!
//! People write wall-clock times; instants are UTC. One mapping joins them: a wall time *happens* at the first instant at
//! which the hall's clock has reached it. Where clocks jump forward over it, that is the jump; where clocks go back and
//! it comes twice, it is the first of the two. The mapping never runs backwards, so neither do service days and
//! working time, and every opening interval is one stretch of real time.

mod hours;

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, MappedLocalTime, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use hours::{Hours, HoursError, TimeOfDay};

use super::text::Text;

/// Opening intervals in one day.
pub const DAY_INTERVALS_MAX: usize = 12;
/// Dates in `closed`, and as many in `special`.
pub const NAMED_DATES_MAX: usize = 1_000;
/// How far working time and the next opening are searched, in days: ten years.
pub const SEARCH_DAYS_MAX: u16 = 3_660;
/// A hall that stays open for longer than this many days is said not to close.
const OPEN_DAYS_MAX: u16 = 8;

/// What is wrong with a calendar, in words that name the place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CalendarError {
    /// Two intervals of a day overlap, or stand in the wrong order.
    #[error("{day}: {later} begins before {earlier} has ended; write intervals in order, without overlap")]
    Overlap { day: String, earlier: Hours, later: Hours },
    /// Too many intervals in one day.
    #[error("{0}: at most {DAY_INTERVALS_MAX} opening intervals")]
    TooManyIntervals(String),
    /// A date cannot be both.
    #[error("{0} stands in both `closed` and `special`")]
    ClosedAndSpecial(NaiveDate),
    /// Too many named dates.
    #[error("at most {NAMED_DATES_MAX} dates in `closed` and in `special`; drop the years gone by")]
    TooManyDates,
    /// 24:00 would be the day after.
    #[error("cutover: 24:00 is the next day; write 00:00")]
    Cutover,
    /// Longer than a day.
    #[error("last_issue_before_close_min: at most 1440 minutes")]
    LastIssue,
    /// `enforce_hours` would mean that no number is ever issued.
    #[error("enforce_hours is set, but the week has no opening hours")]
    NeverOpen,
}

/// The opening intervals of each day of the week; a day that is not written has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Week {
    pub mon: Vec<Hours>,
    pub tue: Vec<Hours>,
    pub wed: Vec<Hours>,
    pub thu: Vec<Hours>,
    pub fri: Vec<Hours>,
    pub sat: Vec<Hours>,
    pub sun: Vec<Hours>,
}

impl Week {
    /// The intervals of one day of the week.
    #[must_use]
    pub fn day(&self, day: Weekday) -> &[Hours] {
        match day {
            Weekday::Mon => &self.mon,
            Weekday::Tue => &self.tue,
            Weekday::Wed => &self.wed,
            Weekday::Thu => &self.thu,
            Weekday::Fri => &self.fri,
            Weekday::Sat => &self.sat,
            Weekday::Sun => &self.sun,
        }
    }

    fn days(&self) -> [(&'static str, &Vec<Hours>); 7] {
        let Self { mon, tue, wed, thu, fri, sat, sun } = self;
        [("mon", mon), ("tue", tue), ("wed", wed), ("thu", thu), ("fri", fri), ("sat", sat), ("sun", sun)]
    }
}

/// When a hall works. Read from settings; [`Calendar::check`] says what is wrong with it. Every function also gives a
/// definite answer for a calendar that would not pass the check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// The IANA zone of the hall's clock, e.g. `Asia/Shanghai`.
    pub zone: Tz,
    /// When, on the wall clock, a new service day begins.
    #[serde(default = "default_cutover")]
    pub cutover: TimeOfDay,
    /// The opening intervals of an ordinary week.
    #[serde(default)]
    pub week: Week,
    /// Holidays, with the name that people are told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub closed: BTreeMap<NaiveDate, Text>,
    /// Dates with hours of their own: make-up working days, half days.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub special: BTreeMap<NaiveDate, Vec<Hours>>,
    /// False: numbers are issued round the clock and the hours are only shown.
    #[serde(default)]
    pub enforce_hours: bool,
    /// Where hours are enforced: no new number in the last minutes before the day's last closing.
    #[serde(default)]
    pub last_issue_before_close_min: u16,
}

/// Whether the hall is open, and if not, why and until when. `opens_at` is `None` when no opening is in sight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Standing {
    /// Open; `until` is `None` when it does not close within a week.
    Open { until: Option<DateTime<Utc>> },
    /// Between two opening intervals of a day.
    Break { opens_at: Option<DateTime<Utc>> },
    /// The day's first interval is still to come.
    BeforeOpening { opens_at: Option<DateTime<Utc>> },
    /// The day's last interval is over.
    AfterClosing { opens_at: Option<DateTime<Utc>> },
    /// An ordinary day without opening hours, such as a Sunday.
    DayOff { opens_at: Option<DateTime<Utc>> },
    /// A named closed date.
    Holiday { name: Text, opens_at: Option<DateTime<Utc>> },
}

/// Whether new numbers are issued, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuing {
    /// Numbers are issued.
    Yes,
    /// Open, but too close to the day's last closing for a new number.
    TooLate { closes_at: DateTime<Utc>, opens_at: Option<DateTime<Utc>> },
    /// Closed; never `Standing::Open`.
    Closed(Standing),
}

/// One opening interval as a stretch of real time, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    date: NaiveDate,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

fn default_cutover() -> TimeOfDay {
    TimeOfDay::at(4, 0).unwrap_or(TimeOfDay::MIDNIGHT)
}

impl Calendar {
    /// A calendar that is always open in `zone`, with the default cut-over.
    #[must_use]
    pub fn round_the_clock(zone: Tz) -> Self {
        let day = || vec![Hours::ALL_DAY];
        Self {
            zone,
            cutover: default_cutover(),
            week: Week { mon: day(), tue: day(), wed: day(), thu: day(), fri: day(), sat: day(), sun: day() },
            closed: BTreeMap::new(),
            special: BTreeMap::new(),
            enforce_hours: false,
            last_issue_before_close_min: 0,
        }
    }

    /// Says what is wrong with the calendar.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), CalendarError> {
        for (day, intervals) in self.week.days() {
            check_day(|| format!("week.{day}"), intervals)?;
        }
        if self.closed.len() > NAMED_DATES_MAX || self.special.len() > NAMED_DATES_MAX {
            return Err(CalendarError::TooManyDates);
        }
        for (date, intervals) in &self.special {
            check_day(|| format!("special.{date}"), intervals)?;
            if self.closed.contains_key(date) {
                return Err(CalendarError::ClosedAndSpecial(*date));
            }
        }
        if self.cutover == TimeOfDay::END {
            return Err(CalendarError::Cutover);
        }
        if self.last_issue_before_close_min > TimeOfDay::END.minute() {
            return Err(CalendarError::LastIssue);
        }
        if self.enforce_hours && self.week.days().iter().all(|(_, intervals)| intervals.is_empty()) {
            return Err(CalendarError::NeverOpen);
        }
        Ok(())
    }

    /// The service day of an instant: the latest date whose cut-over has come. It never goes back while time goes
    /// forward, not even where clocks are set back across the cut-over.
    #[must_use]
    pub fn service_day(&self, now: DateTime<Utc>) -> NaiveDate {
        self.date_since(self.cutover, now)
    }

    /// When a service day begins.
    #[must_use]
    pub fn service_day_start(&self, day: NaiveDate) -> DateTime<Utc> {
        self.instant(self.cutover.on(day))
    }

    /// The opening intervals of a date: its own, none when closed, else those of its day of the week.
    #[must_use]
    pub fn hours_on(&self, date: NaiveDate) -> &[Hours] {
        if self.closed.contains_key(&date) {
            return &[];
        }
        self.special.get(&date).map_or_else(|| self.week.day(date.weekday()), Vec::as_slice)
    }

    /// Whether the hall is open at `now`, and if not, why and until when.
    #[must_use]
    pub fn standing(&self, now: DateTime<Utc>) -> Standing {
        let today = self.date_since(TimeOfDay::MIDNIGHT, now);
        if let Some(open) = self.open_stretch(now) {
            return Standing::Open { until: self.closing_after(open) };
        }
        let opens_at = self.next_opening(now);
        if let Some(name) = self.closed.get(&today) {
            return Standing::Holiday { name: name.clone(), opens_at };
        }
        let of_today = || self.stretches(today).take_while(|one| one.date == today);
        let begun = of_today().any(|one| one.start <= now);
        let to_come = of_today().any(|one| one.start > now);
        match (begun, to_come) {
            (true, true) => Standing::Break { opens_at },
            (false, true) => Standing::BeforeOpening { opens_at },
            (true, false) => Standing::AfterClosing { opens_at },
            (false, false) => Standing::DayOff { opens_at },
        }
    }

    /// When the hall opens next, strictly after `now`; `None` when not within [`SEARCH_DAYS_MAX`] days. While it is open,
    /// this is the opening after the next closing.
    #[must_use]
    pub fn next_opening(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut open_until = None;
        for one in self.stretches(self.search_from(now)) {
            if one.end <= now {
                continue;
            }
            if one.start > now && open_until != Some(one.start) {
                return Some(one.start);
            }
            open_until = Some(one.end);
        }
        None
    }

    /// Whether new numbers are issued at `now`.
    #[must_use]
    pub fn issuing(&self, now: DateTime<Utc>) -> Issuing {
        if !self.enforce_hours {
            return Issuing::Yes;
        }
        match self.standing(now) {
            Standing::Open { until: Some(closes_at) } => {
                let spare = TimeDelta::minutes(i64::from(self.last_issue_before_close_min));
                let too_late = closes_at.signed_duration_since(now) <= spare && !self.opens_again_today(closes_at);
                if too_late && !spare.is_zero() { Issuing::TooLate { closes_at, opens_at: self.next_opening(now) } } else { Issuing::Yes }
            }
            Standing::Open { until: None } => Issuing::Yes,
            closed @ (Standing::Break { .. }
            | Standing::BeforeOpening { .. }
            | Standing::AfterClosing { .. }
            | Standing::DayOff { .. }
            | Standing::Holiday { .. }) => Issuing::Closed(closed),
        }
    }

    /// The working time from `a` to `b` in whole milliseconds; negative when `b` is before `a`. Counted over at most
    /// [`SEARCH_DAYS_MAX`] days.
    #[must_use]
    pub fn between(&self, a: DateTime<Utc>, b: DateTime<Utc>) -> i64 {
        if b < a {
            return -self.between(b, a);
        }
        let mut total = TimeDelta::zero();
        for one in self.stretches(self.search_from(a)).take_while(|one| one.start < b) {
            let worked = one.end.min(b).signed_duration_since(one.start.max(a));
            total += worked.max(TimeDelta::zero());
        }
        total.num_milliseconds()
    }

    /// The first instant at which `working_ms` of working time have passed since `t`; `t` itself for none or less. `None`
    /// when there is not that much within [`SEARCH_DAYS_MAX`] days. `between(t, add(t, x)) == x`.
    #[must_use]
    pub fn add(&self, t: DateTime<Utc>, working_ms: i64) -> Option<DateTime<Utc>> {
        if working_ms <= 0 {
            return Some(t);
        }
        let mut rest = TimeDelta::try_milliseconds(working_ms)?;
        for one in self.stretches(self.search_from(t)).filter(|one| one.end > t) {
            let start = one.start.max(t);
            let length = one.end.signed_duration_since(start);
            if rest <= length {
                return start.checked_add_signed(rest);
            }
            rest -= length;
        }
        None
    }

    /// The instant at which the wall clock first reaches `wall`.
    fn instant(&self, wall: NaiveDateTime) -> DateTime<Utc> {
        match self.zone.from_local_datetime(&wall) {
            MappedLocalTime::Single(one) => one.to_utc(),
            MappedLocalTime::Ambiguous(one, other) => one.to_utc().min(other.to_utc()),
            MappedLocalTime::None => self.jump_over(wall),
        }
    }

    /// The instant at which clocks jump forward over `wall`, found to the second between half a day and more on either side.
    fn jump_over(&self, wall: NaiveDateTime) -> DateTime<Utc> {
        /// No zone is further from UTC than this.
        const OFFSET_S_MAX: i64 = 27 * 3_600;
        let base = wall.and_utc().timestamp();
        let (mut before, mut after) = (base.saturating_sub(OFFSET_S_MAX), base.saturating_add(OFFSET_S_MAX));
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            let reached = DateTime::from_timestamp(middle, 0).is_some_and(|instant| self.wall(instant) >= wall);
            if reached { after = middle } else { before = middle }
        }
        DateTime::from_timestamp(after, 0).unwrap_or(wall.and_utc())
    }

    /// What the wall clock shows.
    fn wall(&self, now: DateTime<Utc>) -> NaiveDateTime {
        let utc = now.naive_utc();
        let offset = self.zone.offset_from_utc_datetime(&utc).fix();
        utc.checked_add_offset(offset).unwrap_or(utc)
    }

    /// The latest date whose `time` has come.
    fn date_since(&self, time: TimeOfDay, now: DateTime<Utc>) -> NaiveDate {
        /// Back from the day after the wall date: a day or two, and one more where a zone once skipped a date.
        const DATES_MAX: usize = 5;
        let shown = self.wall(now).date();
        let newest = shown.succ_opt().unwrap_or(shown);
        let mut date = newest;
        for _ in 0..DATES_MAX {
            if self.instant(time.on(date)) <= now {
                return date;
            }
            date = date.pred_opt().unwrap_or(date);
        }
        date
    }

    /// The date from which to search for what holds at `now`.
    fn search_from(&self, now: DateTime<Utc>) -> NaiveDate {
        let shown = self.wall(now).date();
        shown.checked_sub_days(Days::new(2)).unwrap_or(shown)
    }

    /// The opening intervals as real time from a date on, in order and disjoint.
    fn stretches(&self, from: NaiveDate) -> impl Iterator<Item = Stretch> + '_ {
        let mut last_end = DateTime::<Utc>::MIN_UTC;
        from.iter_days()
            .take(usize::from(SEARCH_DAYS_MAX))
            .flat_map(|date| self.hours_on(date).iter().map(move |hours| (date, *hours)))
            .filter_map(move |(date, hours)| {
                let start = self.instant(hours.open().on(date)).max(last_end);
                let end = self.instant(hours.close().on(date));
                if start >= end {
                    return None;
                }
                last_end = end;
                Some(Stretch { date, start, end })
            })
    }

    fn open_stretch(&self, now: DateTime<Utc>) -> Option<Stretch> {
        self.stretches(self.search_from(now)).take_while(|one| one.start <= now).find(|one| now < one.end)
    }

    /// When the hall closes that is open in `open`: intervals that touch are one; `None` when it goes on for over a week.
    fn closing_after(&self, open: Stretch) -> Option<DateTime<Utc>> {
        let mut end = open.end;
        for one in self.stretches(open.date).filter(|one| one.start >= open.end) {
            if one.start > end {
                return Some(end);
            }
            if one.end.signed_duration_since(open.end) > TimeDelta::days(i64::from(OPEN_DAYS_MAX)) {
                return None;
            }
            end = one.end;
        }
        Some(end)
    }

    /// Whether the date on which the hall closes at `closes_at` has another interval: then it is a break, not the end.
    fn opens_again_today(&self, closes_at: DateTime<Utc>) -> bool {
        let Some(last) = self.stretches(self.search_from(closes_at)).find(|one| one.end == closes_at) else {
            return false;
        };
        self.stretches(last.date).take_while(|one| one.date == last.date).any(|one| one.start >= closes_at)
    }
}

fn check_day(day: impl Fn() -> String, intervals: &[Hours]) -> Result<(), CalendarError> {
    if intervals.len() > DAY_INTERVALS_MAX {
        return Err(CalendarError::TooManyIntervals(day()));
    }
    for (earlier, later) in intervals.iter().zip(intervals.iter().skip(1)) {
        if later.open() < earlier.close() {
            return Err(CalendarError::Overlap { day: day(), earlier: *earlier, later: *later });
        }
    }
    Ok(())
}

#[cfg(test)]
pub(in crate::domain) mod tests;
