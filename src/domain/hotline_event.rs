//! What happened at the hotline: calls, incidents, and what the exchange told.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cluster::Suspicion;
use super::hotline_call::{Address, CallDirection, CallEnd, CallPatch, Channel, HotlineCall};
use super::ids::{HotlineCallId, IncidentId, OrderNo, PhoneCallId};
use super::incident::IncidentFacts;
use super::telephone::Signal;
use super::text::FreeText;
use super::work_order::{Customer, OrderChange, Signature};

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

    /// Leaves of the caller only what says nothing about who it is.
    pub(super) fn mask_identity(&mut self) {
        match self {
            Self::Logged { changes, .. } | Self::Changed { changes, .. } => mask_patch(changes),
            Self::Archived { record, .. } => {
                let fields = &mut record.fields;
                fields.caller_number = None;
                fields.callback_number = None;
                fields.caller_name = None;
                fields.customer_no = None;
                fields.description = None;
                fields.promise = None;
                fields.recording_ref = None;
                mask_address(&mut fields.address);
                if let Some(end) = &mut record.end {
                    end.note = None;
                }
            }
            Self::Ended { end, .. } => end.note = None,
        }
    }
}

fn mask_patch(patch: &mut CallPatch) {
    patch.caller_number = None;
    patch.callback_number = None;
    patch.caller_name = None;
    patch.customer_no = None;
    patch.description = None;
    patch.promise = None;
    patch.recording_ref = None;
    if let Some(address) = &mut patch.address {
        mask_address(address);
    }
}

fn mask_address(address: &mut Address) {
    address.building = None;
    address.unit = None;
    address.room = None;
    address.text = None;
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
    pub(super) const fn holds_identity(&self) -> bool {
        matches!(
            self,
            Self::Created { .. }
                | Self::Measured { .. }
                | Self::Resolved { .. }
                | Self::Archived { .. }
                | Self::Urged { .. }
                | Self::Contacted { .. }
                | Self::Reopened { .. }
        )
    }

    pub(super) fn mask_identity(&mut self) {
        if let Self::Created { order } = self {
            mask_customer(&mut order.customer);
            mask_address(&mut order.address);
            order.description = None;
            order.title = order.title.take().filter(|_| !order.sealed);
        } else if let Self::Archived { order } = self {
            mask_customer(&mut order.customer);
            mask_address(&mut order.address);
            order.description = None;
            order.title = order.title.take().filter(|_| !order.sealed);
            order.sealed_words.clear();
            for contact in &mut order.contacts {
                contact.number = None;
            }
            for urge in order.urges.iter_mut().filter(|urge| urge.call.is_some()) {
                urge.note = None;
            }
            for temperature in &mut order.temperatures {
                mask_signature(&mut temperature.signature);
            }
            if let Some(signature) = order.resolution.as_mut().and_then(|resolution| resolution.signature.as_mut()) {
                mask_signature(signature);
            }
        } else if let Self::Contacted { contact, .. } = self {
            contact.number = None;
        } else if let Self::Urged { urge } = self {
            // What the caller said is a call's description.
            urge.note = urge.note.take().filter(|_| urge.call.is_none());
        } else if let Self::Reopened { reason, call, .. } = self {
            *reason = reason.take().filter(|_| call.is_none());
        } else if let Self::Measured { temperature, .. } = self {
            mask_signature(&mut temperature.signature);
        } else if let Self::Resolved { resolution, .. } = self
            && let Some(signature) = &mut resolution.signature
        {
            mask_signature(signature);
        }
    }
}

/// That somebody signed stays; who it was does not.
fn mask_signature(signature: &mut Signature) {
    match signature {
        Signature::Signed(name) | Signature::Refused(name) => *name = FreeText::blank(),
        Signature::Verbal => {}
    }
}
