//! Times of day and opening intervals as people write them: `08:30-12:00`, with `24:00` as a legal end.

use std::fmt;
use std::str::FromStr;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Minutes in a day; as a time of day it is `24:00`, the end of the day.
const DAY_MIN: u16 = 1_440;

/// Why a text is not a time of day or an opening interval.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HoursError {
    /// Not `HH:MM` between `00:00` and `24:00`.
    #[error("`{0}` is not a time of day; write HH:MM, from 00:00 to 24:00")]
    Time(String),
    /// Not two times with a dash between.
    #[error("`{0}` is not an opening interval; write HH:MM-HH:MM")]
    Shape(String),
    /// Ends before, or when, it begins.
    #[error("`{0}` ends before it begins; an interval may not pass midnight, end it at 24:00")]
    Backwards(String),
}

/// A time on the wall clock, to the minute; `24:00` is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay {
    minute: u16,
}

impl TimeOfDay {
    /// The first minute of the day.
    pub const MIDNIGHT: Self = Self { minute: 0 };
    /// The end of the day.
    pub const END: Self = Self { minute: DAY_MIN };

    /// `hour`:`minute`; `None` when there is no such time. 24:00 is the end of the day.
    #[must_use]
    pub const fn at(hour: u16, minute: u16) -> Option<Self> {
        if hour > 24 || minute > 59 || (hour == 24 && minute > 0) {
            return None;
        }
        Some(Self { minute: hour * 60 + minute })
    }

    /// Minutes since midnight, 0 to 1,440.
    #[must_use]
    pub const fn minute(self) -> u16 {
        self.minute
    }

    /// This time on a date; 24:00 is midnight of the next date.
    pub(super) fn on(self, date: NaiveDate) -> NaiveDateTime {
        let (date, minute) = match date.checked_add_days(Days::new(1)) {
            Some(next) if self.minute == DAY_MIN => (next, 0),
            Some(_) | None => (date, self.minute),
        };
        let seconds = u32::from(minute.min(DAY_MIN - 1)) * 60;
        date.and_time(NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).unwrap_or(NaiveTime::MIN))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minute / 60, self.minute % 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let two_digits = |part: &str| -> Option<u16> {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            if digits { part.parse().ok() } else { None }
        };
        let (hour, minute) = text.split_once(':').ok_or_else(|| HoursError::Time(text.to_owned()))?;
        two_digits(hour)
            .zip(two_digits(minute))
            .and_then(|(hour, minute)| Self::at(hour, minute))
            .ok_or_else(|| HoursError::Time(text.to_owned()))
    }
}

/// One opening interval of a day, half-open: open at `open`, closed again at `close`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hours {
    open: TimeOfDay,
    close: TimeOfDay,
}

impl Hours {
    /// The whole day.
    pub const ALL_DAY: Self = Self { open: TimeOfDay::MIDNIGHT, close: TimeOfDay::END };

    /// From `open` until just before `close`.
    ///
    /// # Errors
    /// When it would end before, or when, it begins.
    pub fn new(open: TimeOfDay, close: TimeOfDay) -> Result<Self, HoursError> {
        if open < close { Ok(Self { open, close }) } else { Err(HoursError::Backwards(format!("{open}-{close}"))) }
    }

    /// When it opens.
    #[must_use]
    pub const fn open(self) -> TimeOfDay {
        self.open
    }

    /// When it is closed again.
    #[must_use]
    pub const fn close(self) -> TimeOfDay {
        self.close
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.open, self.close)
    }
}

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let (open, close) = text.split_once('-').ok_or_else(|| HoursError::Shape(text.to_owned()))?;
        Self::new(open.trim().parse()?, close.trim().parse()?)
    }
}

/// Written and read as the text people write.
macro_rules! as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

as_text!(TimeOfDay);
as_text!(Hours);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_intervals_read_as_they_are_written() {
        for text in ["00:00", "04:00", "23:59", "24:00"] {
            assert_eq!(text.parse::<TimeOfDay>().unwrap().to_string(), text);
        }
        for text in ["", "4:00", "24:01", "25:00", "12:60", "+1:00", "12:0x", "12-00", "１２:00"] {
            assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
        }
        assert_eq!("08:30 - 12:00".parse::<Hours>().unwrap().to_string(), "08:30-12:00");
        assert_eq!("00:00-24:00".parse::<Hours>().unwrap(), Hours::ALL_DAY);
        assert!(matches!("22:00-02:00".parse::<Hours>(), Err(HoursError::Backwards(_))));
        assert!(matches!("08:00-08:00".parse::<Hours>(), Err(HoursError::Backwards(_))));
        assert!(matches!("08:00".parse::<Hours>(), Err(HoursError::Shape(_))));
    }

    #[test]
    fn the_end_of_a_day_is_the_next_midnight() {
        let day = NaiveDate::from_ymd_opt(2026, 12, 31).unwrap();
        assert_eq!(TimeOfDay::END.on(day).to_string(), "2027-01-01 00:00:00");
        assert_eq!(TimeOfDay::MIDNIGHT.on(day).to_string(), "2026-12-31 00:00:00");
        assert_eq!(TimeOfDay::END.on(NaiveDate::MAX).date(), NaiveDate::MAX);
    }
}
