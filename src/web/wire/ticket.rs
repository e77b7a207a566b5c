//! Tickets on the wire: as lists show them, as everybody's answers carry them, and whole; and what is sent to move them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::hall::{Committed, Range};
use super::words::{Class, Language, LegEnd, MaterialMark, Outcome, Place, TicketState, WhyRule};
use crate::domain;
use crate::domain::ids::{CounterNo, MaterialId, ServiceId};
use crate::domain::text::FreeText;

/// One person's number for one service day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Ticket {
    /// `tk_1042`.
    pub id: String,
    /// As printed and called, e.g. `B007`.
    pub number: String,
    pub service: String,
    pub class: Class,
    pub state: TicketState,
    pub language: Language,
    #[ts(type = "string")]
    pub issued_at: DateTime<Utc>,
    #[ts(type = "string")]
    pub service_day: NaiveDate,
    /// The counter that holds it.
    pub counter: Option<String>,
    #[ts(type = "string | null")]
    pub called_at: Option<DateTime<Utc>>,
    pub calls: u32,
    /// Who gave it, e.g. `kiosk:k1`.
    pub source: String,
}

impl From<&domain::ticket::Ticket> for Ticket {
    fn from(ticket: &domain::ticket::Ticket) -> Self {
        Self {
            id: ticket.id.to_string(),
            number: ticket.number.to_string(),
            service: ticket.service().to_string(),
            class: ticket.class.into(),
            state: ticket.state.into(),
            language: ticket.language.into(),
            issued_at: ticket.issued_at,
            service_day: ticket.service_day,
            counter: ticket.counter.as_ref().map(ToString::to_string),
            called_at: ticket.called_at,
            calls: ticket.calls,
            source: ticket.source.to_string(),
        }
    }
}

/// A ticket as lines and lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct TicketBrief {
    pub id: String,
    pub number: String,
    pub service: String,
    pub class: Class,
    pub state: TicketState,
    pub language: Language,
    #[ts(type = "string")]
    pub issued_at: DateTime<Utc>,
    /// When it joined the line of its present leg.
    #[ts(type = "string")]
    pub joined_at: DateTime<Utc>,
    #[ts(type = "string | null")]
    pub called_at: Option<DateTime<Utc>>,
    pub counter: Option<String>,
    pub calls: u32,
    /// An appointment whose holder came too late for it.
    pub late: bool,
}

impl From<&domain::ticket::Ticket> for TicketBrief {
    fn from(ticket: &domain::ticket::Ticket) -> Self {
        Self {
            id: ticket.id.to_string(),
            number: ticket.number.to_string(),
            service: ticket.service().to_string(),
            class: ticket.class.into(),
            state: ticket.state.into(),
            language: ticket.language.into(),
            issued_at: ticket.issued_at,
            joined_at: ticket.leg.joined_at,
            called_at: ticket.called_at,
            counter: ticket.counter.as_ref().map(ToString::to_string),
            calls: ticket.calls,
            late: ticket.late,
        }
    }
}

/// One stay at one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Leg {
    pub service: String,
    pub counter: Option<String>,
    #[ts(type = "string")]
    pub joined_at: DateTime<Utc>,
    #[ts(type = "string | null")]
    pub called_at: Option<DateTime<Utc>>,
    #[ts(type = "string | null")]
    pub started_at: Option<DateTime<Utc>>,
    #[ts(type = "string | null")]
    pub ended_at: Option<DateTime<Utc>>,
    pub end: Option<LegEnd>,
}

impl From<&domain::ticket::Leg> for Leg {
    fn from(leg: &domain::ticket::Leg) -> Self {
        Self {
            service: leg.service.to_string(),
            counter: leg.counter.as_ref().map(ToString::to_string),
            joined_at: leg.joined_at,
            called_at: leg.called_at,
            started_at: leg.started_at,
            ended_at: leg.ended_at,
            end: leg.end.map(Into::into),
        }
    }
}

/// A ticket with its whole story; for staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct TicketFull {
    #[serde(flatten)]
    #[ts(flatten)]
    pub ticket: Ticket,
    #[ts(type = "string")]
    pub joined_at: DateTime<Utc>,
    #[ts(type = "string | null")]
    pub started_at: Option<DateTime<Utc>>,
    pub legs: Vec<Leg>,
    pub outcome: Option<Outcome>,
    pub reason: Option<String>,
    pub solution: Option<String>,
    pub materials: Vec<String>,
    pub rating: Option<u8>,
    pub park_reason: Option<String>,
}

impl From<&domain::ticket::Ticket> for TicketFull {
    fn from(ticket: &domain::ticket::Ticket) -> Self {
        let closing = ticket.closing.as_deref();
        let finish = closing.and_then(|closing| closing.finish.as_ref());
        let plain = |text: &FreeText| text.as_str().to_owned();
        Self {
            joined_at: ticket.leg.joined_at,
            started_at: ticket.leg.started_at,
            legs: ticket.legs().map(Leg::from).collect(),
            outcome: finish.map(|finish| finish.outcome.into()),
            reason: finish.and_then(|finish| finish.reason.as_ref()).map(plain),
            solution: finish.and_then(|finish| finish.solution.as_ref()).map(plain),
            materials: finish.map_or_else(Vec::new, |finish| finish.materials.iter().map(plain).collect()),
            rating: closing.and_then(|closing| closing.rating),
            park_reason: ticket.park_reason.as_ref().map(plain),
            ticket: Ticket::from(ticket),
        }
    }
}

/// Somebody who had come earlier and was not called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct PassedOver {
    pub number: String,
    pub service: String,
    pub class: Class,
    #[ts(type = "number")]
    pub waited_min: i64,
    #[ts(type = "number")]
    pub score_min: i64,
}

/// Why a ticket was called: the rule, its numbers, and who was passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Why {
    pub rule: WhyRule,
    pub service: String,
    /// Minutes of waiting as the rule counts them.
    #[ts(type = "number")]
    pub score_min: i64,
    pub offset_min: Option<u32>,
    pub passed_over: Vec<PassedOver>,
    /// The clerk's words, where the ticket was chosen.
    pub reason: Option<String>,
}

impl Why {
    /// The reason of the ticket's latest call.
    #[must_use]
    pub fn of(ticket: &domain::ticket::Ticket) -> Option<Self> {
        let why = ticket.whys.last()?;
        let passed = why.passed_over.iter().map(|one| PassedOver {
            number: one.number.to_string(),
            service: one.service.to_string(),
            class: one.class.into(),
            waited_min: one.waited_min,
            score_min: one.score_min,
        });
        Some(Self {
            rule: why.rule.into(),
            service: ticket.service().to_string(),
            score_min: why.score_min,
            offset_min: Some(why.offset_min),
            passed_over: passed.collect(),
            reason: why.reason.as_ref().map(|reason| reason.as_str().to_owned()),
        })
    }
}

/// `POST /tickets`: the number, and what its holder is told.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct IssueAnswer {
    pub ticket: Ticket,
    /// How many stand before it.
    pub ahead: usize,
    pub wait: Option<Range>,
    /// The page for the customer's phone: `/t/…`.
    pub status_url: String,
    #[serde(flatten)]
    #[ts(flatten)]
    pub at: Committed,
}

/// An operation on a ticket.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct TicketAnswer {
    pub ticket: Ticket,
    #[serde(flatten)]
    #[ts(flatten)]
    pub at: Committed,
}

/// Who was called, and why; both `null` when nobody waits.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct NextAnswer {
    pub ticket: Option<Ticket>,
    pub why: Option<Why>,
    #[serde(flatten)]
    #[ts(flatten)]
    pub at: Committed,
}

/// `POST /tickets`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueBody {
    #[schema(value_type = String)]
    pub service: ServiceId,
    #[serde(default = "ordinary")]
    pub class: Class,
    #[serde(default = "chinese")]
    pub language: Language,
    /// The promised time of an appointment.
    #[serde(default)]
    pub appointment_at: Option<DateTime<Utc>>,
}

fn ordinary() -> Class {
    Class::Ordinary
}

fn chinese() -> Language {
    Language::Zh
}

/// A body that carries nothing but the counter's fence.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fenced {
    /// From the counter's opening; an older browser's is refused.
    #[serde(default)]
    pub fence: Option<u64>,
}

/// A fence and perhaps a reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FencedReason {
    #[serde(default)]
    pub fence: Option<u64>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub reason: Option<FreeText>,
}

/// `…/resume` of a ticket.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeBody {
    #[serde(default)]
    pub fence: Option<u64>,
    /// The counter that takes it up; without one, where it was parked.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub counter: Option<CounterNo>,
}

/// `…/put-back`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutBackBody {
    #[serde(default)]
    pub fence: Option<u64>,
    /// Seconds until it may be called again.
    #[serde(default)]
    pub delay_s: Option<u32>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub reason: Option<FreeText>,
}

/// `…/transfer`: to a service or to a counter, one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferBody {
    #[serde(default)]
    pub fence: Option<u64>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub service: Option<ServiceId>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub counter: Option<CounterNo>,
    #[serde(default = "by_age")]
    pub place: Place,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub reason: Option<FreeText>,
}

fn by_age() -> Place {
    Place::ByAge
}

/// One tick on the material list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckBody {
    #[schema(value_type = String)]
    pub material: MaterialId,
    pub mark: MaterialMark,
}

/// How it ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Finish {
    pub outcome: Outcome,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub reason: Option<FreeText>,
    /// What the customer can do now.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub solution: Option<FreeText>,
    /// What was missing: ids of the service's materials, or plain words.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub materials: Vec<FreeText>,
    #[serde(default)]
    pub checks: Vec<CheckBody>,
}

impl From<Finish> for domain::ticket::Finish {
    fn from(finish: Finish) -> Self {
        let checks = finish.checks.into_iter().map(|check| domain::ticket::Check { material: check.material, mark: check.mark.into() });
        Self {
            outcome: finish.outcome.into(),
            reason: finish.reason,
            solution: finish.solution,
            materials: finish.materials,
            checks: checks.collect(),
        }
    }
}

/// `…/finish`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishBody {
    #[serde(default)]
    pub fence: Option<u64>,
    pub outcome: Outcome,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub reason: Option<FreeText>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub solution: Option<FreeText>,
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub materials: Vec<FreeText>,
    #[serde(default)]
    pub checks: Vec<CheckBody>,
}

impl From<FinishBody> for domain::ticket::Finish {
    fn from(body: FinishBody) -> Self {
        let FinishBody { fence: _, outcome, reason, solution, materials, checks } = body;
        Finish { outcome, reason, solution, materials, checks }.into()
    }
}
