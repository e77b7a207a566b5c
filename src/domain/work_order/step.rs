//! What may be asked of a work order, in the imperative.

use chrono::{DateTime, NaiveDate, Utc};

use super::{ActionKind, Appointment, Customer, Reached, RoomTemperature, Signature};
use crate::domain::hotline_call::{Address, Symptoms, Urgency};
use crate::domain::ids::{CategoryId, CauseId, HotlineCallId, IncidentId, OrderNo, ReasonId, TeamId, TicketId};
use crate::domain::phone::Phone;
use crate::domain::sla::ClockKind;
use crate::domain::text::FreeText;

/// An order to be made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewOrder {
    /// The call it comes from: what is not said here is taken from there.
    pub call: Option<HotlineCallId>,
    pub ticket: Option<TicketId>,
    pub external_no: Option<FreeText>,
    pub category: Option<CategoryId>,
    pub title: Option<FreeText>,
    pub description: Option<FreeText>,
    pub customer: Option<Customer>,
    pub address: Option<Address>,
    pub symptoms: Option<Symptoms>,
    pub urgency: Option<Urgency>,
    pub sealed: Option<bool>,
    pub appointment: Option<Appointment>,
    /// The team, where the category's or the address's own is not right.
    pub team: Option<TeamId>,
    /// Attach it to this incident.
    pub incident: Option<IncidentId>,
    /// A second order for the same flat is meant.
    pub separate: bool,
}

/// How the work ended, as its handler says it.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolveStep {
    /// What was done; may have been recorded before.
    pub action: Option<FreeText>,
    pub parts: Option<FreeText>,
    pub cause: CauseId,
    pub solved: bool,
    pub unsolved_reason: Option<FreeText>,
    pub valid_claim: bool,
    pub out_of_scope: bool,
    pub public_reply: Option<FreeText>,
    pub signature: Option<Signature>,
    pub refund_days: Option<u16>,
}

/// What came of a call-back.
#[derive(Debug, Clone, PartialEq)]
pub struct CallbackStep {
    pub reached: bool,
    pub solved: Option<bool>,
    pub grade: Option<u8>,
    pub remark: Option<FreeText>,
    /// After enough attempts in vain: close it all the same.
    pub give_up: bool,
}

/// Another team is to help.
#[derive(Debug, Clone, PartialEq)]
pub struct CoAssignStep {
    pub team: TeamId,
    pub reason: Option<FreeText>,
    pub limit_min: Option<u32>,
}

/// What may be done with one order.
#[derive(Debug, Clone, PartialEq)]
pub enum OrderStep {
    /// To a team; a wrong category is put right on the way.
    Dispatch {
        team: TeamId,
        category: Option<CategoryId>,
    },
    Accept,
    Contact {
        outcome: Reached,
        /// The number that was rung, where it is not the order's own.
        number: Option<Phone>,
        note: Option<FreeText>,
    },
    Arrive {
        note: Option<FreeText>,
    },
    Act {
        kind: ActionKind,
        what: FreeText,
        parts: Option<FreeText>,
        photo_ref: Option<FreeText>,
    },
    Measure(Box<RoomTemperature>),
    Resolve(Box<ResolveStep>),
    Reply {
        text: FreeText,
    },
    Callback(CallbackStep),
    /// With a reason of the hall's list, in words, or both.
    Return {
        code: Option<ReasonId>,
        reason: Option<FreeText>,
    },
    Reassign {
        team: TeamId,
        reason: Option<FreeText>,
    },
    CoAssign(CoAssignStep),
    /// The helping team is done.
    CoFinish {
        team: TeamId,
        note: Option<FreeText>,
    },
    Urge {
        call: Option<HotlineCallId>,
        note: Option<FreeText>,
    },
    Supervise {
        note: Option<FreeText>,
    },
    Extend {
        clock: ClockKind,
        until: DateTime<Utc>,
        reason: FreeText,
    },
    Grant {
        note: Option<FreeText>,
    },
    Deny {
        note: Option<FreeText>,
    },
    Wait {
        reason: FreeText,
        /// Until when at most; the hall's usual time without it.
        until: Option<DateTime<Utc>>,
    },
    Continue {
        note: Option<FreeText>,
    },
    Defer {
        until: NaiveDate,
        reason: FreeText,
    },
    Merge {
        into: OrderNo,
    },
    Unmerge,
    Reopen {
        reason: FreeText,
    },
    Withdraw {
        reason: FreeText,
    },
    /// Shows the customer's number and name to somebody who needs them, and records it.
    Reveal {
        reason: Option<FreeText>,
    },
}
