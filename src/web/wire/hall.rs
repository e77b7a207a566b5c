//! The hall's own words on the wire: texts, waits, notices, lines.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::counter::CounterLook;
use super::ticket::TicketBrief;
use crate::domain;
use crate::domain::text::FreeText;

/// A text in Chinese and English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct Text {
    pub zh: String,
    pub en: String,
}

impl From<&domain::text::Text> for Text {
    fn from(text: &domain::text::Text) -> Self {
        Self { zh: text.zh.clone(), en: text.en.clone() }
    }
}

/// The wait people are told, in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, TS)]
pub struct Range {
    pub low_min: u32,
    pub high_min: u32,
}

impl From<domain::forecast::Range> for Range {
    fn from(range: domain::forecast::Range) -> Self {
        Self { low_min: range.low_min, high_min: range.high_min }
    }
}

/// A message on the boards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Notice {
    /// `nt_12`.
    pub id: String,
    pub text: Text,
    #[ts(type = "string")]
    pub at: DateTime<Utc>,
}

impl From<&domain::hall::Notice> for Notice {
    fn from(notice: &domain::hall::Notice) -> Self {
        Self { id: notice.id.to_string(), text: Text::from(&notice.text), at: notice.at }
    }
}

/// The revision at which an answer is true, in one history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Committed {
    pub epoch: String,
    #[ts(type = "number")]
    pub rev: u64,
}

/// `POST /notices`.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeAnswer {
    pub notice: Notice,
    #[serde(flatten)]
    pub at: Committed,
}

/// `POST /notices`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeBody {
    pub text: NoticeText,
}

/// What a notice says, at most 500 characters in each language.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeText {
    #[schema(value_type = String)]
    pub zh: FreeText,
    #[schema(value_type = String)]
    pub en: FreeText,
}

/// A body that may give a reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonBody {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub reason: Option<FreeText>,
}

/// A ticket in its line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Placed {
    #[serde(flatten)]
    pub ticket: TicketBrief,
    /// 0 is the first.
    pub place: usize,
}

/// A ticket that was put back and may not be called yet.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Held {
    #[serde(flatten)]
    pub ticket: TicketBrief,
    /// Until when.
    pub until: Option<DateTime<Utc>>,
}

/// `GET /queue`: the live hall in one consistent cut.
#[derive(Debug, Serialize, ToSchema)]
pub struct Queue {
    pub epoch: String,
    pub rev: u64,
    pub day: Option<NaiveDate>,
    /// By service.
    pub lines: BTreeMap<String, Vec<Placed>>,
    /// Tickets that were sent to one counter, by its number.
    pub reserved: BTreeMap<String, Vec<Placed>>,
    pub counters: Vec<CounterLook>,
    pub missed: Vec<TicketBrief>,
    pub parked: Vec<TicketBrief>,
    pub held: Vec<Held>,
}

/// A part of a list, and where it goes on.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct Items<T> {
    pub items: Vec<T>,
    /// Opaque; `null` at the end.
    pub next: Option<String>,
}

impl<T> Items<T> {
    /// A list that is there as a whole.
    #[must_use]
    pub fn all(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
