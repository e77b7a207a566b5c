//! Area incidents on the wire, and the suspicion that there is one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::hall::{Committed, Text};
use super::order::{OrderBrief, WorkOrder};
use crate::domain;
use crate::domain::ids::{CategoryId, CauseId, HotlineCallId};
use crate::domain::text::{FreeText, TEXT_CHARS_MAX};
use crate::domain::work_order::OrderState;
use crate::web::problem::Problem;

/// Whether it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum IncidentState {
    Open,
    Resolved,
}

/// An area's trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Incident {
    /// `in_7`.
    pub id: String,
    pub title: String,
    pub communities: Vec<String>,
    pub station: Option<String>,
    pub category: String,
    /// What operators read out.
    pub script: Option<Text>,
    pub expected_end: Option<DateTime<Utc>>,
    /// The order by which it is worked.
    pub master: String,
    pub opened_at: DateTime<Utc>,
    pub opened_by: String,
    /// How many callers are attached.
    pub attached: usize,
    pub resolved_at: Option<DateTime<Utc>>,
    pub public_reply: Option<String>,
    pub state: IncidentState,
}

impl From<&domain::incident::Incident> for Incident {
    fn from(incident: &domain::incident::Incident) -> Self {
        let facts = &incident.facts;
        Self {
            id: incident.id.to_string(),
            title: facts.title.as_str().to_owned(),
            communities: facts.communities.iter().map(|community| community.as_str().to_owned()).collect(),
            station: facts.station.as_ref().map(|station| station.as_str().to_owned()),
            category: facts.category.to_string(),
            script: facts.script.as_ref().map(Text::from),
            expected_end: facts.expected_end,
            master: incident.master.to_string(),
            opened_at: incident.opened_at,
            opened_by: incident.opened_by.to_string(),
            attached: incident.attached.len(),
            resolved_at: incident.resolved_at,
            public_reply: incident.public_reply.as_ref().map(|reply| reply.as_str().to_owned()),
            state: if incident.is_open() { IncidentState::Open } else { IncidentState::Resolved },
        }
    }
}

/// An incident beside a caller: the same facts.
pub type IncidentBrief = Incident;

/// Whether a caller was told the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum Answering {
    /// Somebody has to.
    NotYet,
    Told,
    /// Tried often enough, and given up.
    Unreached,
    /// The caller no longer wants an answer.
    Withdrawn,
}

impl From<&domain::work_order::WorkOrder> for Answering {
    fn from(order: &domain::work_order::WorkOrder) -> Self {
        if order.state == OrderState::Withdrawn {
            Self::Withdrawn
        } else if order.reply.is_some() {
            Self::Told
        } else if order.state == OrderState::Closed {
            Self::Unreached
        } else {
            Self::NotYet
        }
    }
}

/// A caller of an incident, with the order by which they are answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Attached {
    pub call: String,
    /// With the number, masked; of a sealed caller nothing for those who handle orders.
    pub order: OrderBrief,
    pub answering: Answering,
}

/// `GET /incidents/{id}`.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct IncidentFull {
    #[serde(flatten)]
    #[ts(flatten)]
    pub incident: Incident,
    /// How many callers are still to be told.
    pub untold: usize,
    /// Those who are still to be told first, each newest first, at most 500; callers whose orders went to history are not listed.
    pub attached_list: Vec<Attached>,
}

/// Many calls from one community in a short while.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema, TS)]
pub struct Suspicion {
    pub community: String,
    pub calls: u32,
    /// Calls that the others' calls foretell of it.
    pub expected: f64,
    pub window_s: u32,
    /// So many calls come by chance with less than one in ten to the power of this.
    pub chance_exponent: u8,
    pub at: DateTime<Utc>,
    /// The call that raised it.
    pub call: String,
}

impl From<&domain::incident::Suspected> for Suspicion {
    fn from(suspected: &domain::incident::Suspected) -> Self {
        let found = &suspected.suspicion;
        Self {
            community: found.community.to_string(),
            calls: found.calls,
            expected: f64::from(found.expected_milli) / 1_000.0,
            window_s: found.window_s,
            chance_exponent: found.chance_exponent,
            at: suspected.at,
            call: suspected.call.to_string(),
        }
    }
}

/// `POST /incidents` and `PUT /incidents/{id}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentBody {
    #[schema(value_type = String)]
    pub title: FreeText,
    #[schema(value_type = Vec<String>, max_items = 100)]
    pub communities: Vec<FreeText>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub station: Option<FreeText>,
    #[schema(value_type = String)]
    pub category: CategoryId,
    #[serde(default)]
    pub script: Option<Text>,
    #[serde(default)]
    pub expected_end: Option<DateTime<Utc>>,
    /// The caller who is on the line; only when it is opened.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub call: Option<HotlineCallId>,
}

impl IncidentBody {
    /// As the hall is asked for it.
    ///
    /// # Errors
    /// When what is to be read out is too long.
    pub fn into_facts(self) -> Result<domain::incident::IncidentFacts, Problem> {
        let script = self.script.filter(|script| !(script.zh.is_empty() && script.en.is_empty()));
        let long = |script: &Text| [&script.zh, &script.en].into_iter().any(|text| text.chars().count() > TEXT_CHARS_MAX);
        if script.as_ref().is_some_and(long) {
            return Err(Problem::invalid("script", "is longer than 500 characters"));
        }
        Ok(domain::incident::IncidentFacts {
            title: self.title,
            communities: self.communities,
            station: self.station,
            category: self.category,
            script: script.map(|Text { zh, en }| domain::text::Text { zh, en }),
            expected_end: self.expected_end,
        })
    }
}

/// `POST /incidents/{id}/attach`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachBody {
    #[schema(value_type = String)]
    pub call: HotlineCallId,
}

/// `POST /incidents/{id}/resolve`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveIncidentBody {
    #[schema(value_type = String)]
    pub cause: CauseId,
    /// What every attached caller is told.
    #[schema(value_type = String)]
    pub public_reply: FreeText,
}

/// `POST /incidents/suggestions/dismiss`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissBody {
    #[schema(value_type = String)]
    pub community: FreeText,
}

/// An incident that was opened, changed or resolved.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct IncidentAnswer {
    pub incident: Incident,
    #[serde(flatten)]
    #[ts(flatten)]
    pub at: Committed,
}

/// A caller who was attached.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct AttachAnswer {
    pub incident: Incident,
    /// By which the caller is answered.
    pub work_order: WorkOrder,
    #[serde(flatten)]
    #[ts(flatten)]
    pub at: Committed,
}
