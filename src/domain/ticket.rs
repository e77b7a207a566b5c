//! One person's number for one service day, its legs, and how it ended.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::forecast::Range;
use super::ids::{CounterNo, MaterialId, ServiceId, TicketId};
use super::line::Place;
use super::profile::Class;
use super::text::{FreeText, Language};

/// Where a ticket stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// Promised for a time to come; not in a line yet.
    Booked,
    Waiting,
    Called,
    Serving,
    /// Set aside by its clerk while the customer fills in a form or fetches a paper.
    Parked,
    /// Called and not come; may come back today.
    Missed,
    Closed,
}

impl TicketState {
    /// The state's word, as in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Waiting => "waiting",
            Self::Called => "called",
            Self::Serving => "serving",
            Self::Parked => "parked",
            Self::Missed => "missed",
            Self::Closed => "closed",
        }
    }
}

/// How a clerk finished with a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    /// Not according to the rules: needs a reason and a remedy.
    Refused,
    /// Papers are missing: needs their list.
    MissingMaterials,
    InfoOnly,
    WorkOrder,
}

/// What a clerk found of one material.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    Received,
    Missing,
    Doubtful,
}

/// One tick on the material list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub material: MaterialId,
    pub mark: Mark,
}

/// How it ended, as the clerk says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finish {
    pub outcome: Outcome,
    #[serde(default)]
    pub reason: Option<FreeText>,
    /// The remedy: what the customer can do now.
    #[serde(default)]
    pub solution: Option<FreeText>,
    /// What was missing: material ids or plain words, at most [`MATERIALS_LISTED_MAX`].
    #[serde(default)]
    pub materials: Vec<FreeText>,
    #[serde(default)]
    pub checks: Vec<Check>,
}

/// The most materials one finish may list.
pub const MATERIALS_LISTED_MAX: usize = 40;

/// Where a transferred ticket is put in its new line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferPlace {
    Front,
    End,
    /// As if it had joined the new line when its number was issued.
    #[default]
    ByAge,
}

/// Where a transfer leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Service(ServiceId),
    Counter(CounterNo),
}

/// How a stay at one service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegEnd {
    Finished,
    Transferred,
    Cancelled,
    DayEnded,
}

/// One stay at one service: waiting and serving times belong here, so that a transfer never corrupts them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    pub service: ServiceId,
    /// Waits for this counter only (transferred to it).
    pub reserved: Option<CounterNo>,
    /// Who called it last.
    pub counter: Option<CounterNo>,
    pub joined_at: DateTime<Utc>,
    pub called_at: Option<DateTime<Utc>>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub end: Option<LegEnd>,
}

impl Leg {
    /// The line in which this leg's wait is.
    #[must_use]
    pub fn line(&self) -> LineKey {
        match &self.reserved {
            Some(counter) => LineKey::Counter(counter.clone()),
            None => LineKey::Service(self.service.clone()),
        }
    }
}

/// Somebody who had come earlier and was not called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    pub number: Arc<str>,
    pub service: ServiceId,
    pub class: Class,
    pub waited_min: i64,
    /// Minutes of waiting as the rule counts them: credit included, offset taken off.
    pub score_min: i64,
}

/// Why a ticket was called: the rule, its numbers, and who was passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    pub rule: CallRule,
    /// Minutes of waiting as the rule counts them: credit included, offset taken off.
    pub score_min: i64,
    pub offset_min: u32,
    pub passed_over: Vec<PassedOver>,
    /// The clerk's words, where a ticket was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FreeText>,
}

/// The rules by which a ticket can come to a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallRule {
    /// The longest counted wait among the lines that the counter serves.
    LongestWait,
    /// It had been sent to this very counter.
    Reserved,
    /// The clerk chose it, and said why.
    Chosen,
}

/// How a ticket ended, kept apart because most tickets have not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    pub finish: Option<Finish>,
    pub rating: Option<u8>,
}

/// One person's number for one service day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub id: TicketId,
    pub number: Arc<str>,
    pub class: Class,
    pub language: Language,
    pub state: TicketState,
    pub issued_at: DateTime<Utc>,
    pub service_day: NaiveDate,
    pub source: Arc<str>,
    /// An appointment whose holder came too late for it.
    pub late: bool,
    /// The counter that holds it (called, serving, parked).
    pub counter: Option<CounterNo>,
    pub calls: u32,
    /// When it was last called or recalled, in the current leg.
    pub called_at: Option<DateTime<Utc>>,
    /// Its place in its line while it waits.
    pub place: Option<Place>,
    /// Not to be called before this instant (put back), in Unix milliseconds.
    pub not_before_ms: Option<i64>,
    /// At this instant it is missed by itself, in Unix milliseconds.
    pub miss_at_ms: Option<i64>,
    /// The leg it is in, or was in last.
    pub leg: Leg,
    /// The legs before it, first to last.
    pub past_legs: Vec<Leg>,
    /// What the customer was told at the start.
    pub forecast: Option<Range>,
    pub park_reason: Option<FreeText>,
    pub whys: Vec<Why>,
    pub closing: Option<Box<Closing>>,
}

impl Ticket {
    /// The service it waits for or is served by.
    #[must_use]
    pub fn service(&self) -> &ServiceId {
        &self.leg.service
    }

    /// The line it belongs to while it waits.
    #[must_use]
    pub fn line(&self) -> LineKey {
        self.leg.line()
    }

    /// Every leg, first to last.
    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        self.past_legs.iter().chain(std::iter::once(&self.leg))
    }
}

/// Which line: a service's, or the tickets sent to one counter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKey {
    Service(ServiceId),
    Counter(CounterNo),
}
