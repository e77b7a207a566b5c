//! What happened to a work order, in the past tense.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Action, Appointment, Callback, Clocks, CoTeam, Contact, Customer, Decision, Extension, Lease, OrderState, Origin, Reply, Resolution,
    Returned, RoomTemperature, Urge, WorkOrder,
};
use crate::domain::hotline_call::{Address, Symptoms, Urgency};
use crate::domain::ids::{CategoryId, HotlineCallId, OrderNo, TeamId};
use crate::domain::order_plan::SeasonPhase;
use crate::domain::sla::{ClockKind, Mark};
use crate::domain::text::{FreeText, Text};

/// One fact about one order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderEvent {
    pub no: OrderNo,
    /// The team it belongs to after the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// Who has it in hand after the event, as `handler:wang`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<Arc<str>>,
    /// The clocks that the event started, stopped or moved, as they stand after it.
    #[serde(default, skip_serializing_if = "Clocks::is_empty")]
    pub clocks: Clocks,
    #[serde(flatten)]
    pub change: OrderChange,
}

/// What an order is when it begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intake {
    pub origin: Origin,
    pub category: CategoryId,
    pub title: Option<FreeText>,
    pub description: Option<FreeText>,
    pub customer: Customer,
    pub address: Address,
    pub symptoms: Symptoms,
    pub urgency: Urgency,
    pub sealed: bool,
    pub appointment: Option<Appointment>,
    pub phase: Option<SeasonPhase>,
    pub clocks_by: Arc<str>,
}

/// Why an order came back to life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReopenCause {
    /// The call-back heard that it is not solved.
    NotSolved,
    /// The call-back heard a grade of one or two.
    LowGrade,
    /// The same flat rang again within the repeat days.
    RepeatCall,
    /// Somebody decided so.
    Staff,
}

/// Why an order climbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalationCause {
    LeaseExpired,
    ClockBreached,
    ReturnedTwice,
    /// Its customer was waited for as long as was said.
    WaitEnded,
}

/// The facts, one variant a type. Shapes only grow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum OrderChange {
    #[serde(rename = "work_order.created")]
    Created { order: Box<Intake> },
    #[serde(rename = "work_order.dispatched")]
    Dispatched {
        category: Option<CategoryId>,
        /// The team in whose queue it waited until now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<TeamId>,
    },
    /// Offered to one of the team's people, who must accept it before the lease ends.
    #[serde(rename = "work_order.claimed")]
    Claimed { lease: Lease },
    #[serde(rename = "work_order.accepted")]
    Accepted { lease: Lease },
    #[serde(rename = "work_order.contacted")]
    Contacted { contact: Contact, lease: Option<Lease> },
    #[serde(rename = "work_order.arrived")]
    Arrived { note: Option<FreeText>, lease: Option<Lease> },
    #[serde(rename = "work_order.acted")]
    Acted { action: Action, lease: Option<Lease> },
    #[serde(rename = "work_order.measured")]
    Measured { temperature: Box<RoomTemperature>, lease: Option<Lease> },
    #[serde(rename = "work_order.resolved")]
    Resolved {
        resolution: Box<Resolution>,
        /// The order it was merged into, where it was resolved with that one.
        with: Option<OrderNo>,
    },
    #[serde(rename = "work_order.replied")]
    Replied { reply: Reply },
    #[serde(rename = "work_order.called_back")]
    CalledBack { callback: Callback },
    #[serde(rename = "work_order.closed")]
    Closed {
        /// The customer could not be reached after enough attempts.
        unreached: bool,
        /// The master of an incident: nobody was to be called back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        no_customer: bool,
    },
    #[serde(rename = "work_order.returned")]
    Returned { returned: Returned },
    #[serde(rename = "work_order.lease_expired")]
    LeaseExpired { lost_by: Arc<str> },
    #[serde(rename = "work_order.reassigned")]
    Reassigned { from: Option<TeamId>, reason: Option<FreeText> },
    #[serde(rename = "work_order.co_assigned")]
    CoAssigned { co_team: CoTeam },
    #[serde(rename = "work_order.co_finished")]
    CoFinished { co_team: TeamId, note: Option<FreeText> },
    #[serde(rename = "work_order.co_overdue")]
    CoOverdue { co_team: TeamId },
    #[serde(rename = "work_order.urged")]
    Urged { urge: Urge },
    #[serde(rename = "work_order.supervised")]
    Supervised { level: u8, note: Option<FreeText> },
    #[serde(rename = "work_order.extension_asked")]
    ExtensionAsked { extension: Extension },
    #[serde(rename = "work_order.extension_granted")]
    ExtensionGranted { decision: Decision },
    #[serde(rename = "work_order.extension_denied")]
    ExtensionDenied { decision: Decision },
    #[serde(rename = "work_order.paused")]
    Paused {
        reason: FreeText,
        /// When it goes back to its queue without its customer; none in journals from before there was such a time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    #[serde(rename = "work_order.continued")]
    Continued {
        /// Where it goes on.
        state: OrderState,
        lease: Option<Lease>,
    },
    #[serde(rename = "work_order.deferred")]
    Deferred { until: DateTime<Utc>, reason: FreeText },
    #[serde(rename = "work_order.merged")]
    Merged { into: OrderNo },
    #[serde(rename = "work_order.unmerged")]
    Unmerged { from: OrderNo },
    #[serde(rename = "work_order.reopened")]
    Reopened {
        cause: ReopenCause,
        reason: Option<FreeText>,
        /// The call that asked for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<HotlineCallId>,
    },
    /// From now on nobody of the teams may know who asked; this is never taken back.
    #[serde(rename = "work_order.sealed")]
    Sealed {
        /// The call in which that was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<HotlineCallId>,
    },
    #[serde(rename = "work_order.withdrawn")]
    Withdrawn { reason: FreeText },
    #[serde(rename = "work_order.clock_warned")]
    ClockWarned { clock: ClockKind, mark: Mark, due: Option<DateTime<Utc>> },
    #[serde(rename = "work_order.clock_breached")]
    ClockBreached { clock: ClockKind, due: Option<DateTime<Utc>> },
    #[serde(rename = "work_order.escalated")]
    Escalated {
        level: u8,
        cause: EscalationCause,
        /// Who on the ladder it goes to; none where the team has no ladder.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Text>,
    },
    /// Somebody was shown the customer's number and name.
    #[serde(rename = "work_order.revealed")]
    Revealed { reason: Option<FreeText> },
    /// Long over: from now on only history has it, whole as it is here.
    #[serde(rename = "work_order.archived")]
    Archived { order: Box<WorkOrder> },
}

impl OrderChange {
    /// The event's type, as in JSON.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Created { .. } => "work_order.created",
            Self::Dispatched { .. } => "work_order.dispatched",
            Self::Claimed { .. } => "work_order.claimed",
            Self::Accepted { .. } => "work_order.accepted",
            Self::Contacted { .. } => "work_order.contacted",
            Self::Arrived { .. } => "work_order.arrived",
            Self::Acted { .. } => "work_order.acted",
            Self::Measured { .. } => "work_order.measured",
            Self::Resolved { .. } => "work_order.resolved",
            Self::Replied { .. } => "work_order.replied",
            Self::CalledBack { .. } => "work_order.called_back",
            Self::Closed { .. } => "work_order.closed",
            Self::Returned { .. } => "work_order.returned",
            Self::LeaseExpired { .. } => "work_order.lease_expired",
            Self::Reassigned { .. } => "work_order.reassigned",
            Self::CoAssigned { .. } => "work_order.co_assigned",
            Self::CoFinished { .. } => "work_order.co_finished",
            Self::CoOverdue { .. } => "work_order.co_overdue",
            Self::Urged { .. } => "work_order.urged",
            Self::Supervised { .. } => "work_order.supervised",
            Self::ExtensionAsked { .. } => "work_order.extension_asked",
            Self::ExtensionGranted { .. } => "work_order.extension_granted",
            Self::ExtensionDenied { .. } => "work_order.extension_denied",
            Self::Paused { .. } => "work_order.paused",
            Self::Continued { .. } => "work_order.continued",
            Self::Deferred { .. } => "work_order.deferred",
            Self::Merged { .. } => "work_order.merged",
            Self::Unmerged { .. } => "work_order.unmerged",
            Self::Reopened { .. } => "work_order.reopened",
            Self::Sealed { .. } => "work_order.sealed",
            Self::Withdrawn { .. } => "work_order.withdrawn",
            Self::ClockWarned { .. } => "work_order.clock_warned",
            Self::ClockBreached { .. } => "work_order.clock_breached",
            Self::Escalated { .. } => "work_order.escalated",
            Self::Revealed { .. } => "work_order.revealed",
            Self::Archived { .. } => "work_order.archived",
        }
    }

    /// Whom it goes to, for the order's story.
    #[must_use]
    pub const fn to(&self) -> Option<&Text> {
        if let Self::Escalated { to, .. } = self { to.as_ref() } else { None }
    }

    /// What somebody said with it, for the order's story.
    #[must_use]
    pub fn note(&self) -> Option<Arc<str>> {
        let said = |text: &FreeText| Some(Arc::from(text.as_str()));
        match self {
            Self::Contacted { contact, .. } => contact.note.as_ref().and_then(said),
            Self::Arrived { note, .. } | Self::CoFinished { note, .. } | Self::Supervised { note, .. } => note.as_ref().and_then(said),
            Self::Acted { action, .. } => said(&action.what),
            Self::Resolved { resolution, .. } => Some(Arc::from(resolution.cause.as_str())),
            Self::Replied { reply } => said(&reply.text),
            Self::CalledBack { callback } => callback.remark.as_ref().and_then(said),
            Self::Returned { returned } => said(&returned.reason),
            Self::LeaseExpired { lost_by } => Some(Arc::clone(lost_by)),
            Self::Reassigned { reason, .. } | Self::Reopened { reason, .. } | Self::Revealed { reason } => reason.as_ref().and_then(said),
            Self::CoAssigned { co_team } => Some(Arc::from(co_team.team.as_str())),
            Self::CoOverdue { co_team } => Some(Arc::from(co_team.as_str())),
            Self::Urged { urge } => urge.note.as_ref().and_then(said),
            Self::ExtensionAsked { extension } => said(&extension.reason),
            Self::ExtensionGranted { decision } | Self::ExtensionDenied { decision } => decision.note.as_ref().and_then(said),
            Self::Paused { reason, .. } | Self::Deferred { reason, .. } | Self::Withdrawn { reason } => said(reason),
            Self::Merged { into } => Some(Arc::from(into.to_string())),
            Self::Unmerged { from } => Some(Arc::from(from.to_string())),
            Self::ClockWarned { clock, mark, .. } => Some(Arc::from(format!("{} {} %", clock.word(), mark.percent()))),
            Self::ClockBreached { clock, .. } => Some(Arc::from(clock.word())),
            Self::Escalated { level, .. } => Some(Arc::from(level.to_string())),
            Self::Created { .. }
            | Self::Dispatched { .. }
            | Self::Claimed { .. }
            | Self::Accepted { .. }
            | Self::Closed { .. }
            | Self::Sealed { .. }
            | Self::Measured { .. }
            | Self::Continued { .. }
            | Self::Archived { .. } => None,
        }
    }
}
