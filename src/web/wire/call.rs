//! Calls of the hotline on the wire: whole for whoever logs them, masked for everybody else, and what is known of a caller already.

use chrono::{DateTime, Utc};
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use super::hall::{Committed, Text};
use super::incident::{IncidentBrief, Suspicion};
use super::order::{OrderBrief, WorkOrder, category_name};
use super::order_parts::{Address, Symptoms};
use super::order_words::{CallDirection, CallerRole, Channel, Disposition, HeatStatus, TimeSource, Urgency, Vulnerable};
use super::reader::{Reader, masked_name};
use super::ticket::TicketBrief;
use super::words::Language;
use crate::domain;
use crate::domain::hall::Hall;
use crate::domain::phone::Phone;
use crate::domain::text::FreeText;

/// When the telephone rang, was answered and was hung up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct CallTimes {
    pub ring_at: Option<DateTime<Utc>>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// How long the caller waited to be answered; `null` where nobody knows.
    pub queue_seconds: Option<u32>,
    pub time_source: TimeSource,
}

impl CallTimes {
    /// The exchange's times; without them, when the operator began and ended the record.
    fn of(call: &domain::hotline_call::HotlineCall) -> Self {
        match call.times {
            Some(domain::hotline_call::CallTimes { ring_at, answered_at, ended_at, queue_seconds }) => {
                Self { ring_at, answered_at, ended_at, queue_seconds, time_source: TimeSource::Cti }
            }
            None => Self {
                ring_at: None,
                answered_at: Some(call.logged_at),
                ended_at: call.ended_at,
                queue_seconds: None,
                time_source: TimeSource::Manual,
            },
        }
    }
}

/// One call as the operator wrote it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct HotlineCall {
    /// `hc_12`.
    pub id: String,
    pub channel: Channel,
    pub direction: CallDirection,
    /// As `operator:li`.
    pub operator: String,
    pub logged_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    /// The exchange's call; for a call-back, the missed one that is returned.
    pub phone_call: Option<String>,
    pub times: CallTimes,
    /// In full for the operator who logs the call, while it goes on; else masked. So are the name and the other number.
    pub caller_number: Option<String>,
    pub caller_masked: Option<String>,
    pub caller_name: Option<String>,
    pub caller_role: Option<CallerRole>,
    pub callback_number: Option<String>,
    pub customer_no: Option<String>,
    pub address: Address,
    pub heat_status: Option<HeatStatus>,
    pub area_m2: Option<u32>,
    pub category: Option<String>,
    pub category_name: Option<Text>,
    pub symptoms: Symptoms,
    pub description: Option<String>,
    pub urgency: Urgency,
    pub safety: bool,
    pub sealed: bool,
    pub language: Language,
    pub dialect: Option<String>,
    pub vulnerable: Vec<Vulnerable>,
    pub kb_article: Option<String>,
    pub promise: Option<String>,
    pub recording_ref: Option<String>,
    pub seat: Option<String>,
    pub satisfaction: Option<u8>,
    /// `null` while it goes on.
    pub disposition: Option<Disposition>,
    pub note: Option<String>,
    pub work_order: Option<String>,
    pub incident: Option<String>,
    /// Orders that it made or urged.
    pub orders: Vec<String>,
    pub repeat_of: Option<String>,
}

fn plain(text: Option<&FreeText>) -> Option<String> {
    text.map(|text| text.as_str().to_owned())
}

/// The number as it is dialled, with its extension.
fn full(phone: &Phone) -> String {
    match phone.extension() {
        Some(extension) => format!("{}转{extension}", phone.number()),
        None => phone.number().to_owned(),
    }
}

impl HotlineCall {
    /// A call as `reader` may see it.
    #[must_use]
    pub fn of(hall: &Hall, call: &domain::hotline_call::HotlineCall, reader: &Reader) -> Self {
        let own = call.end.is_none() && *call.operator == *reader.actor;
        let fields = &call.fields;
        let number = |phone: Option<&Phone>| phone.map(|phone| if own { full(phone) } else { phone.masked() });
        let end = call.end.as_ref();
        Self {
            id: call.id.to_string(),
            channel: call.channel.into(),
            direction: call.direction.into(),
            operator: call.operator.to_string(),
            logged_at: call.logged_at,
            changed_at: call.changed_at,
            ended_at: call.ended_at,
            phone_call: call.phone_call.map(|id| id.to_string()),
            times: CallTimes::of(call),
            caller_number: number(fields.caller_number.as_ref()),
            caller_masked: fields.caller_number.as_ref().map(Phone::masked),
            caller_name: fields.caller_name.as_ref().map(|name| if own { name.as_str().to_owned() } else { masked_name(name) }),
            caller_role: fields.caller_role.map(Into::into),
            callback_number: number(fields.callback_number.as_ref()),
            customer_no: plain(fields.customer_no.as_ref()),
            address: Address::from(&fields.address),
            heat_status: fields.heat_status.map(Into::into),
            area_m2: fields.area_m2,
            category: fields.category.as_ref().map(ToString::to_string),
            category_name: fields.category.as_ref().map(|category| category_name(hall, category)),
            symptoms: Symptoms::from(&fields.symptoms),
            description: plain(fields.description.as_ref()),
            urgency: fields.urgency.into(),
            safety: fields.safety,
            sealed: fields.sealed,
            language: fields.language.into(),
            dialect: plain(fields.dialect.as_ref()),
            vulnerable: fields.vulnerable.iter().copied().map(Into::into).collect(),
            kb_article: plain(fields.kb_article.as_ref()),
            promise: plain(fields.promise.as_ref()),
            recording_ref: plain(fields.recording_ref.as_ref()),
            seat: plain(fields.seat.as_ref()),
            satisfaction: fields.satisfaction,
            disposition: end.map(|end| end.disposition.into()),
            note: end.and_then(|end| plain(end.note.as_ref())),
            work_order: end.and_then(|end| end.work_order).or_else(|| call.orders.last().copied()).map(|no| no.to_string()),
            incident: end.and_then(|end| end.incident).or(call.incident).map(|id| id.to_string()),
            orders: call.orders.iter().map(ToString::to_string).collect(),
            repeat_of: call.repeat_of.map(|id| id.to_string()),
        }
    }
}

/// An earlier call, in outline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct CallBrief {
    pub id: String,
    pub channel: Channel,
    pub direction: CallDirection,
    pub operator: String,
    pub logged_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub caller_masked: Option<String>,
    pub caller_name_masked: Option<String>,
    pub community: Option<String>,
    pub building: Option<String>,
    pub unit: Option<String>,
    pub room: Option<String>,
    pub category: Option<String>,
    pub category_name: Option<Text>,
    pub description: Option<String>,
    pub sealed: bool,
    pub disposition: Option<Disposition>,
    pub work_order: Option<String>,
    pub incident: Option<String>,
}

impl CallBrief {
    /// A call in outline; for those who answer the telephone and lead.
    #[must_use]
    pub fn of(hall: &Hall, call: &domain::hotline_call::HotlineCall) -> Self {
        let whole = HotlineCall::of(hall, call, &Reader::desk_screen());
        Self {
            id: whole.id,
            channel: whole.channel,
            direction: whole.direction,
            operator: whole.operator,
            logged_at: whole.logged_at,
            ended_at: whole.ended_at,
            caller_masked: whole.caller_masked,
            caller_name_masked: whole.caller_name,
            community: whole.address.community,
            building: whole.address.building,
            unit: whole.address.unit,
            room: whole.address.room,
            category: whole.category,
            category_name: whole.category_name,
            description: whole.description,
            sealed: whole.sealed,
            disposition: whole.disposition,
            work_order: whole.work_order,
            incident: whole.incident,
        }
    }
}

/// Somebody who rang from the number, or has the customer's number, as they were written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct KnownPerson {
    pub name_masked: Option<String>,
    pub phone_masked: Option<String>,
    pub role: Option<CallerRole>,
    pub customer_no: Option<String>,
    pub community: Option<String>,
    pub building: Option<String>,
    pub unit: Option<String>,
    pub room: Option<String>,
    /// When they were written down last.
    pub seen_at: DateTime<Utc>,
}

/// What the hall knows already of a caller and a flat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Known {
    /// From earlier calls and orders of the number and the customer, the latest first; at most ten.
    pub people: Vec<KnownPerson>,
    /// Newest first, at most ten.
    pub calls: Vec<CallBrief>,
    /// Numbers of today under which an order of theirs was made at a counter, newest first; at most ten.
    pub tickets: Vec<TicketBrief>,
    /// Open ones first, then those closed lately; at most ten.
    pub orders: Vec<OrderBrief>,
    /// Those that cover the address.
    pub incidents: Vec<IncidentBrief>,
    /// The flat's order about the same: another call urges it, or opens it again.
    pub same_flat: Option<OrderBrief>,
}

/// `POST /hotline/calls`.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct CallLogged {
    pub call: HotlineCall,
    pub known: Known,
    #[serde(flatten)]
    #[ts(flatten)]
    pub at: Committed,
}

/// `PATCH /hotline/calls/{id}`.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct CallChanged {
    pub call: HotlineCall,
    pub known: Known,
    /// Perhaps the whole area is in trouble.
    pub suggestion: Option<Suspicion>,
    #[serde(flatten)]
    #[ts(flatten)]
    pub at: Committed,
}

/// `POST /hotline/calls/{id}/end`.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct CallEnded {
    pub call: HotlineCall,
    pub work_order: Option<WorkOrder>,
    /// The flat had an order about the same: that one was urged, and none was made.
    pub urged: bool,
    /// That one had been worked already, and was opened again.
    pub reopened: bool,
    #[serde(flatten)]
    #[ts(flatten)]
    pub at: Committed,
}
