//! Which events a view is told, and how much of them: a list of what goes out, so that nothing new does by itself.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::View;
use crate::domain::event::{Event, EventBody, TicketRef};
use crate::domain::hotline_event::{IncidentEvent, PhoneEvent};
use crate::domain::ids::{CounterNo, DeviceId, HotlineCallId, IncidentId, NoticeId, OrderNo, PhoneCallId, ServiceId, TeamId, TicketId};
use crate::domain::profile::Class;
use crate::domain::sla::ClockKind;
use crate::domain::text::Language;
use crate::domain::ticket::Outcome;
use crate::domain::work_order::{OrderChange, OrderEvent};

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
    /// A work order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no: Option<OrderNo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// Who has the order in hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handler: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockKind>,
    /// A call that an operator logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<HotlineCallId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentId>,
    /// A call of the exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_call: Option<PhoneCallId>,
    /// Who did it, for a lead only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Arc<str>>,
}

/// What a view is told of an event; `None` when it does not concern it.
#[must_use]
pub fn event_for(view: &View, event: &Event) -> Option<LiveEvent> {
    let (is_about, told) = describe(event)?;
    let told = match view {
        View::Hotline => return matches!(is_about, About::Hotline | About::Order).then_some(told),
        View::Team(team) => {
            let theirs = is_about == About::Order && teams_of(&event.body).any(|one| one == team);
            return theirs.then_some(LiveEvent { by: None, ..told });
        }
        View::Lead => return Some(told),
        View::Board | View::Kiosk | View::Display(_) | View::Ticket(_) | View::Counter(_)
            if matches!(is_about, About::Hotline | About::Order) =>
        {
            return None;
        }
        View::Board | View::Kiosk => public(told),
        View::Display(no) => {
            let here = match is_about {
                About::Ticket(_) | About::Counter => told.counter.as_ref() == Some(no),
                About::Hall => true,
                About::Device | About::Hotline | About::Order => false,
            };
            return here.then(|| public(told));
        }
        View::Ticket(id) => {
            let mine = match is_about {
                About::Ticket(ticket) => ticket == *id,
                About::Hall => true,
                About::Counter | About::Device | About::Hotline | About::Order => false,
            };
            return mine.then(|| public(told));
        }
        View::Counter(_) => LiveEvent { by: None, ..told },
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
    /// A call, an incident, or what the exchange told.
    Hotline,
    Order,
}

/// The teams that an event of an order concerns: those it belongs to after it, and those it was taken from.
#[expect(clippy::wildcard_enum_match_arm, reason = "of many changes few take an order from a team")]
pub fn teams_of(body: &EventBody) -> impl Iterator<Item = &TeamId> {
    let order = if let EventBody::Order(order) = body { Some(order.as_ref()) } else { None };
    let beside = order.and_then(|order| match &order.change {
        OrderChange::Reassigned { from, .. } => from.as_ref(),
        OrderChange::Returned { returned } => returned.team.as_ref(),
        OrderChange::CoAssigned { co_team } => Some(&co_team.team),
        OrderChange::CoFinished { co_team, .. } | OrderChange::CoOverdue { co_team } => Some(co_team),
        _ => None,
    });
    order.and_then(|order| order.team.as_ref()).into_iter().chain(beside)
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
        no: None,
        team: None,
        handler: None,
        clock: None,
        call: None,
        incident: None,
        phone_call: None,
        by: Some(Arc::clone(&event.by.actor)),
    }
}

fn of_ticket(event: &Event, of: &TicketRef) -> (About, LiveEvent) {
    let told = LiveEvent { ticket: Some(of.ticket), number: Some(Arc::clone(&of.number)), counter: of.counter.clone(), ..bare(event) };
    (About::Ticket(of.ticket), told)
}

const fn incident_of(of: &IncidentEvent) -> Option<IncidentId> {
    match of {
        IncidentEvent::Opened { incident, .. }
        | IncidentEvent::Changed { incident, .. }
        | IncidentEvent::Attached { incident, .. }
        | IncidentEvent::Resolved { incident, .. } => Some(*incident),
        IncidentEvent::Suggested { .. } | IncidentEvent::Dismissed { .. } => None,
    }
}

const fn phone_call_of(of: &PhoneEvent) -> PhoneCallId {
    match of {
        PhoneEvent::Signalled { phone_call, .. } | PhoneEvent::Handled { phone_call, .. } | PhoneEvent::Lapsed { phone_call } => {
            *phone_call
        }
    }
}

/// Numbers, teams and clocks of an order; what people typed is in the state, as far as a view may know it.
#[expect(clippy::wildcard_enum_match_arm, reason = "of many changes two are about a clock")]
fn of_order(event: &Event, of: &OrderEvent) -> LiveEvent {
    let clock = match &of.change {
        OrderChange::ClockWarned { clock, .. } | OrderChange::ClockBreached { clock, .. } => Some(*clock),
        _ => None,
    };
    LiveEvent { no: Some(of.no), team: of.team.clone(), handler: of.handler.clone(), clock, ..bare(event) }
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
        | EventBody::PairingEnded { .. } => return None,
        EventBody::Call(of) => (About::Hotline, LiveEvent { call: Some(of.call()), ..bare(event) }),
        EventBody::Incident(of) => (About::Hotline, LiveEvent { incident: incident_of(of), ..bare(event) }),
        EventBody::Phone(of) => (About::Hotline, LiveEvent { phone_call: Some(phone_call_of(of)), ..bare(event) }),
        EventBody::Order(of) => (About::Order, of_order(event, of)),
    };
    Some(told)
}
