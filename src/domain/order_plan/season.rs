//! The heating season: two days of the year, and the phase in which an instant falls.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::ids::BadId;

/// A day that comes every year, written `11-15`. 29 February is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonthDay {
    month: u8,
    day: u8,
}

impl MonthDay {
    /// This day of a year.
    fn of_year(self, year: i32) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(year, self.month.into(), self.day.into())
    }
}

impl FromStr for MonthDay {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        /// Any year of 365 days.
        const ORDINARY_YEAR: i32 = 2025;
        let two_digits = |part: &str| -> Option<u8> {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            if digits { part.parse().ok() } else { None }
        };
        text.split_once('-')
            .and_then(|(month, day)| Some(Self { month: two_digits(month)?, day: two_digits(day)? }))
            .filter(|one| one.of_year(ORDINARY_YEAR).is_some())
            .ok_or(BadId { expected: "a day of every year: MM-DD, such as 11-15" })
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

impl Serialize for MonthDay {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MonthDay {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Where in the heating year an instant falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeasonPhase {
    /// No heat is promised.
    Off,
    /// The first days of the season, when most calls come.
    First,
    /// The rest of the season.
    Main,
}

/// The heating season of a city.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// Its first day.
    pub start: MonthDay,
    /// Its last day, still in the season; before `start` it lies in the next year.
    pub end: MonthDay,
    /// How many of its days are the first phase.
    pub first_days: u32,
}

impl Season {
    /// The phase in which an instant falls, by the date that the clocks of `zone` show.
    #[must_use]
    pub fn phase_at(&self, now: DateTime<Utc>, zone: Tz) -> SeasonPhase {
        let utc = now.naive_utc();
        let offset = zone.offset_from_utc_datetime(&utc).fix();
        self.phase_on(utc.checked_add_offset(offset).unwrap_or(utc).date())
    }

    /// The phase of a date.
    #[must_use]
    pub fn phase_on(&self, date: NaiveDate) -> SeasonPhase {
        let Some(start) = [date.year(), date.year().saturating_sub(1)]
            .into_iter()
            .find_map(|year| self.start.of_year(year).filter(|start| *start <= date))
        else {
            return SeasonPhase::Off;
        };
        let end_year = if self.end < self.start { start.year().saturating_add(1) } else { start.year() };
        let is_over = self.end.of_year(end_year).is_none_or(|end| date > end);
        let main = start.checked_add_days(Days::new(self.first_days.into()));
        match (is_over, main) {
            (true, _) => SeasonPhase::Off,
            (false, Some(main)) if date >= main => SeasonPhase::Main,
            (false, Some(_) | None) => SeasonPhase::First,
        }
    }
}
