//! Which events a view is told, and how much of them: a list of what goes out, so that nothing new does by itself.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::View;
use crate::domain::event::{Event, EventBody, TicketRef};
use crate::domain::ids::{CounterNo, DeviceId, NoticeId, ServiceId, TicketId};
use crate::domain::profile::Class;
use crate::domain::text::Language;
use crate::domain::ticket::Outcome;

/// An event as a live screen is told it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveEvent {
    pub rev: u64,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counter: Option<CounterNo>,
    /// Where a transferred ticket is to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_counter: Option<CounterNo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<NoticeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Who did it, for a lead only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Arc<str>>,
}

/// What a view is told of an event; `None` when it does not concern it.
#[must_use]
pub fn event_for(view: &View, event: &Event) -> Option<LiveEvent> {
    let (is_about, told) = describe(event)?;
    let told = match view {
        View::Board | View::Kiosk => public(told),
        View::Display(no) => {
            let here = match is_about {
                About::Ticket(_) | About::Counter => told.counter.as_ref() == Some(no),
                About::Hall => true,
                About::Device => false,
            };
            return here.then(|| public(told));
        }
        View::Ticket(id) => {
            let mine = match is_about {
                About::Ticket(ticket) => ticket == *id,
                About::Hall => true,
                About::Counter | About::Device => false,
            };
            return mine.then(|| public(told));
        }
        View::Counter(_) => LiveEvent { by: None, ..told },
        View::Lead => return Some(told),
    };
    (is_about != About::Device).then_some(told)
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Ticket(TicketId),
    Counter,
    /// Services, notices, the day, the profile.
    Hall,
    Device,
}

/// Numbers, counters and services; nobody's id, outcome or login.
fn public(told: LiveEvent) -> LiveEvent {
    LiveEvent { ticket: None, class: None, outcome: None, device: None, by: None, ..told }
}

fn bare(event: &Event) -> LiveEvent {
    LiveEvent {
        rev: event.rev,
        kind: event.body.kind(),
        at: event.at,
        ticket: None,
        number: None,
        service: None,
        class: None,
        counter: None,
        to_counter: None,
        calls: None,
        language: None,
        outcome: None,
        notice: None,
        device: None,
        by: Some(Arc::clone(&event.by.actor)),
    }
}

fn of_ticket(event: &Event, of: &TicketRef) -> (About, LiveEvent) {
    let told = LiveEvent { ticket: Some(of.ticket), number: Some(Arc::clone(&of.number)), counter: of.counter.clone(), ..bare(event) };
    (About::Ticket(of.ticket), told)
}

/// The most that any view is told of an event; `None` for what no live view is told.
fn describe(event: &Event) -> Option<(About, LiveEvent)> {
    let told = match &event.body {
        EventBody::DayOpened { .. } | EventBody::HallChanged { .. } => (About::Hall, bare(event)),
        EventBody::TicketIssued { ticket, number, service, class, language, .. } => {
            let number = Some(Arc::clone(number));
            let (service, class, language) = (Some(service.clone()), Some(*class), Some(*language));
            (About::Ticket(*ticket), LiveEvent { ticket: Some(*ticket), number, service, class, language, ..bare(event) })
        }
        EventBody::TicketCalled { of, service, language, calls, .. } => {
            let (about, told) = of_ticket(event, of);
            (about, LiveEvent { service: Some(service.clone()), language: Some(*language), calls: Some(*calls), ..told })
        }
        EventBody::TicketRecalled { of, language, calls, .. } => {
            let (about, told) = of_ticket(event, of);
            (about, LiveEvent { language: Some(*language), calls: Some(*calls), ..told })
        }
        EventBody::TicketFinished { of, outcome, .. } => {
            let (about, told) = of_ticket(event, of);
            (about, LiveEvent { outcome: Some(*outcome), ..told })
        }
        EventBody::TicketTransferred { of, to, to_counter, .. } => {
            let (about, told) = of_ticket(event, of);
            (about, LiveEvent { service: Some(to.clone()), to_counter: to_counter.clone(), ..told })
        }
        EventBody::TicketStarted { of }
        | EventBody::TicketMissed { of }
        | EventBody::TicketReinstated { of, .. }
        | EventBody::TicketParked { of }
        | EventBody::TicketResumed { of }
        | EventBody::TicketPutBack { of, .. }
        | EventBody::TicketCancelled { of }
        | EventBody::TicketDayEnded { of } => of_ticket(event, of),
        EventBody::CounterOpened(of) | EventBody::CounterPaused(of) | EventBody::CounterResumed(of) | EventBody::CounterClosed(of) => {
            (About::Counter, LiveEvent { counter: Some(of.counter.clone()), ..bare(event) })
        }
        EventBody::CounterPlanned { counter, .. } => (About::Counter, LiveEvent { counter: Some(counter.clone()), ..bare(event) }),
        EventBody::ServiceOpened { service } | EventBody::ServiceClosed { service, .. } => {
            (About::Hall, LiveEvent { service: Some(service.clone()), ..bare(event) })
        }
        EventBody::NoticePosted { notice, .. } | EventBody::NoticeRemoved { notice } => {
            (About::Hall, LiveEvent { notice: Some(*notice), ..bare(event) })
        }
        EventBody::DeviceAdded { device } => (About::Device, LiveEvent { device: Some(device.id), ..bare(event) }),
        EventBody::DeviceRevoked { device } => (About::Device, LiveEvent { device: Some(*device), ..bare(event) }),
        EventBody::HallCreated { .. }
        | EventBody::NumbersSkipped { .. }
        | EventBody::TicketRated { .. }
        | EventBody::AccountCreated { .. }
        | EventBody::AccountChanged { .. }
        | EventBody::AccountRemoved { .. }
        | EventBody::SessionStarted { .. }
        | EventBody::SessionEnded { .. }
        | EventBody::PairingStarted { .. }
        | EventBody::PairingApproved { .. }
        | EventBody::PairingEnded { .. }
        | EventBody::Call(_)
        | EventBody::Incident(_)
        | EventBody::Phone(_)
        | EventBody::Order(_) => return None,
    };
    Some(told)
}
