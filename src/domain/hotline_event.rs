//! What happened at the hotline: calls, incidents, and what the exchange told.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cluster::Suspicion;
use super::hotline_call::{Address, CallDirection, CallEnd, CallFields, CallPatch, Channel, HotlineCall, Symptoms};
use super::ids::{HotlineCallId, IncidentId, OrderNo, PhoneCallId};
use super::incident::IncidentFacts;
use super::telephone::Signal;
use super::text::FreeText;
use super::work_order::{Action, Customer, Extension, Intake, OrderChange, Resolution, RoomTemperature, Signature, WorkOrder};

/// What happened to a logged call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum CallEvent {
    #[serde(rename = "hotline_call.logged")]
    Logged {
        call: HotlineCallId,
        channel: Channel,
        direction: CallDirection,
        operator: Arc<str>,
        #[serde(default)]
        phone_call: Option<PhoneCallId>,
        changes: CallPatch,
    },
    #[serde(rename = "hotline_call.changed")]
    Changed { call: HotlineCallId, changes: CallPatch },
    #[serde(rename = "hotline_call.ended")]
    Ended {
        call: HotlineCallId,
        #[serde(flatten)]
        end: CallEnd,
    },
    /// Ended long ago: from now on only history has it, whole as it is here.
    #[serde(rename = "hotline_call.archived")]
    Archived { call: HotlineCallId, record: Box<HotlineCall> },
}

/// What happened to an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum IncidentEvent {
    /// Many calls from one community: perhaps an incident.
    #[serde(rename = "incident.suggested")]
    Suggested {
        /// The call that raised it.
        call: HotlineCallId,
        suspicion: Suspicion,
    },
    #[serde(rename = "incident.dismissed")]
    Dismissed { community: FreeText },
    #[serde(rename = "incident.opened")]
    Opened { incident: IncidentId, facts: IncidentFacts, master: OrderNo },
    #[serde(rename = "incident.changed")]
    Changed { incident: IncidentId, facts: IncidentFacts },
    #[serde(rename = "incident.attached")]
    Attached { incident: IncidentId, call: HotlineCallId, order: OrderNo },
    #[serde(rename = "incident.resolved")]
    Resolved { incident: IncidentId, public_reply: Option<FreeText> },
}

/// What the exchange told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum PhoneEvent {
    #[serde(rename = "phone_call.signalled")]
    Signalled { phone_call: PhoneCallId, signal: Signal },
    #[serde(rename = "phone_call.handled")]
    Handled { phone_call: PhoneCallId, hotline_call: Option<HotlineCallId> },
    /// Missed, and nobody called back as long as it was remembered.
    #[serde(rename = "phone_call.lapsed")]
    Lapsed { phone_call: PhoneCallId },
}

impl CallEvent {
    /// The event's type, as in JSON.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Logged { .. } => "hotline_call.logged",
            Self::Changed { .. } => "hotline_call.changed",
            Self::Ended { .. } => "hotline_call.ended",
            Self::Archived { .. } => "hotline_call.archived",
        }
    }

    /// The call it is about.
    #[must_use]
    pub const fn call(&self) -> HotlineCallId {
        match self {
            Self::Logged { call, .. } | Self::Changed { call, .. } | Self::Ended { call, .. } | Self::Archived { call, .. } => *call,
        }
    }

    /// Leaves of the caller only what says nothing about who it is; what somebody typed may say it.
    pub(super) fn mask_identity(&mut self) {
        match self {
            Self::Logged { changes, .. } | Self::Changed { changes, .. } => mask_patch(changes),
            Self::Archived { record, .. } => {
                mask_fields(&mut record.fields);
                if let Some(end) = &mut record.end {
                    end.note = None;
                }
            }
            Self::Ended { end, .. } => end.note = None,
        }
    }
}

fn mask_fields(fields: &mut CallFields) {
    fields.caller_number = None;
    fields.callback_number = None;
    fields.caller_name = None;
    fields.customer_no = None;
    fields.description = None;
    fields.dialect = None;
    fields.kb_article = None;
    fields.promise = None;
    fields.recording_ref = None;
    fields.symptoms.rooms.clear();
    mask_address(&mut fields.address);
}

fn mask_patch(patch: &mut CallPatch) {
    patch.caller_number = None;
    patch.callback_number = None;
    patch.caller_name = None;
    patch.customer_no = None;
    patch.description = None;
    patch.dialect = None;
    patch.kb_article = None;
    patch.promise = None;
    patch.recording_ref = None;
    if let Some(symptoms) = &mut patch.symptoms {
        symptoms.rooms.clear();
    }
    if let Some(address) = &mut patch.address {
        mask_address(address);
    }
}

fn mask_address(address: &mut Address) {
    address.building = None;
    address.unit = None;
    address.room = None;
    address.text = None;
    address.riser = None;
}

fn mask_customer(customer: &mut Customer) {
    customer.name = None;
    customer.customer_no = None;
    customer.phone = None;
}

impl IncidentEvent {
    /// The event's type, as in JSON.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Suggested { .. } => "incident.suggested",
            Self::Dismissed { .. } => "incident.dismissed",
            Self::Opened { .. } => "incident.opened",
            Self::Changed { .. } => "incident.changed",
            Self::Attached { .. } => "incident.attached",
            Self::Resolved { .. } => "incident.resolved",
        }
    }
}

impl PhoneEvent {
    /// The event's type, as in JSON.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Signalled { .. } => "phone_call.signalled",
            Self::Handled { .. } => "phone_call.handled",
            Self::Lapsed { .. } => "phone_call.lapsed",
        }
    }

    pub(super) const fn holds_identity(&self) -> bool {
        matches!(self, Self::Signalled { .. })
    }

    pub(super) fn mask_identity(&mut self) {
        if let Self::Signalled { signal, .. } = self {
            signal.caller = None;
            signal.callee = None;
        }
    }
}

impl OrderChange {
    /// Whether it tells of the customer, or holds anything that somebody typed, where the customer may be named.
    pub(super) const fn holds_identity(&self) -> bool {
        match self {
            Self::Created { .. }
            | Self::Contacted { .. }
            | Self::Arrived { .. }
            | Self::Acted { .. }
            | Self::Measured { .. }
            | Self::Resolved { .. }
            | Self::Replied { .. }
            | Self::CalledBack { .. }
            | Self::Returned { .. }
            | Self::Reassigned { .. }
            | Self::CoAssigned { .. }
            | Self::CoFinished { .. }
            | Self::Urged { .. }
            | Self::Supervised { .. }
            | Self::ExtensionAsked { .. }
            | Self::ExtensionGranted { .. }
            | Self::ExtensionDenied { .. }
            | Self::Paused { .. }
            | Self::Deferred { .. }
            | Self::Reopened { .. }
            | Self::Withdrawn { .. }
            | Self::Revealed { .. }
            | Self::Archived { .. } => true,
            Self::Dispatched { .. }
            | Self::Claimed { .. }
            | Self::Accepted { .. }
            | Self::Closed { .. }
            | Self::LeaseExpired { .. }
            | Self::CoOverdue { .. }
            | Self::Continued { .. }
            | Self::Merged { .. }
            | Self::Unmerged { .. }
            | Self::Sealed { .. }
            | Self::ClockWarned { .. }
            | Self::ClockBreached { .. }
            | Self::Escalated { .. } => false,
        }
    }

    /// Leaves only what says nothing about who the customer is. What must be there is blank then; the rest is not there.
    pub(super) fn mask_identity(&mut self) {
        match self {
            Self::Created { order } => mask_intake(order),
            Self::Contacted { contact, .. } => (contact.number, contact.note) = (None, None),
            Self::Acted { action, .. } => mask_action(action),
            Self::Measured { temperature, .. } => mask_temperature(temperature),
            Self::Resolved { resolution, .. } => mask_resolution(resolution),
            Self::Replied { reply } => reply.text = FreeText::blank(),
            Self::CalledBack { callback } => callback.remark = None,
            Self::Returned { returned } => returned.reason = FreeText::blank(),
            Self::CoAssigned { co_team } => co_team.reason = None,
            Self::Urged { urge } => urge.note = None,
            Self::ExtensionAsked { extension } => mask_extension(extension),
            Self::ExtensionGranted { decision } | Self::ExtensionDenied { decision } => decision.note = None,
            Self::Arrived { note, .. } | Self::CoFinished { note, .. } | Self::Supervised { note, .. } => *note = None,
            Self::Reassigned { reason, .. } | Self::Reopened { reason, .. } | Self::Revealed { reason } => *reason = None,
            Self::Paused { reason, .. } | Self::Deferred { reason, .. } | Self::Withdrawn { reason } => *reason = FreeText::blank(),
            Self::Archived { order } => mask_order(order),
            Self::Dispatched { .. }
            | Self::Claimed { .. }
            | Self::Accepted { .. }
            | Self::Closed { .. }
            | Self::LeaseExpired { .. }
            | Self::CoOverdue { .. }
            | Self::Continued { .. }
            | Self::Merged { .. }
            | Self::Unmerged { .. }
            | Self::Sealed { .. }
            | Self::ClockWarned { .. }
            | Self::ClockBreached { .. }
            | Self::Escalated { .. } => {}
        }
    }
}

fn mask_intake(order: &mut Intake) {
    mask_customer(&mut order.customer);
    mask_address(&mut order.address);
    order.origin.external_no = None;
    order.symptoms.rooms.clear();
    order.title = None;
    order.description = None;
}

/// Of an order that is over, its numbers, times and clocks stay; history has the rest from the event itself.
fn mask_order(order: &mut WorkOrder) {
    mask_customer(&mut order.customer);
    mask_address(&mut order.address);
    order.origin.external_no = None;
    order.symptoms = Symptoms::default();
    order.title = None;
    order.description = None;
    order.sealed_words.clear();
    order.contacts.clear();
    order.actions.clear();
    order.callbacks.clear();
    order.urges.clear();
    order.temperatures.iter_mut().for_each(mask_temperature);
    order.returns.iter_mut().for_each(|returned| returned.reason = FreeText::blank());
    order.co_teams.iter_mut().for_each(|co_team| co_team.reason = None);
    order.extension.iter_mut().for_each(mask_extension);
    order.resolution.iter_mut().for_each(mask_resolution);
    order.reply.iter_mut().for_each(|reply| reply.text = FreeText::blank());
    order.waiting_reason = None;
    order.story.iter_mut().for_each(|line| line.note = None);
}

fn mask_action(action: &mut Action) {
    action.what = FreeText::blank();
    action.parts = None;
    action.photo_ref = None;
}

fn mask_temperature(temperature: &mut RoomTemperature) {
    temperature.room = FreeText::blank();
    temperature.instrument = FreeText::blank();
    temperature.objection = None;
    temperature.lab = None;
    temperature.result = None;
    mask_signature(&mut temperature.signature);
}

fn mask_resolution(resolution: &mut Resolution) {
    resolution.unsolved_reason = None;
    resolution.public_reply = None;
    resolution.signature.iter_mut().for_each(mask_signature);
}

fn mask_extension(extension: &mut Extension) {
    extension.reason = FreeText::blank();
    extension.decision.iter_mut().for_each(|decision| decision.note = None);
}

/// That somebody signed stays; who it was does not.
fn mask_signature(signature: &mut Signature) {
    match signature {
        Signature::Signed(name) | Signature::Refused(name) => *name = FreeText::blank(),
        Signature::Verbal => {}
    }
}
