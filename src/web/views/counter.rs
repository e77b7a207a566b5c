//! A clerk's screen: the customer in hand, the lines, what was parked and missed. For staff.

use chrono::{DateTime, Utc};
use serde::Serialize;
use ts_rs::TS;

use super::Around;
use super::parts::{COUNTER_TICKETS_MAX, clerk, counter_name, head, latest_called, longest_wait_s, missed, outlines, parked};
use crate::domain;
use crate::domain::calendar::Issuing;
use crate::domain::counter::Counter;
use crate::domain::hall::Hall;
use crate::domain::ids::CounterNo;
use crate::domain::profile::Service;
use crate::domain::ticket::LineKey;
use crate::web::wire::hall::{Notice, Text};
use crate::web::wire::look::{CounterOutline, HallProfile, KioskService, NamedService, kiosk_service, notices};
use crate::web::wire::ticket::{TicketBrief, TicketFull, Why};
use crate::web::wire::words::{CounterStanding, Outcome};

/// A service at this counter.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct CounterService {
    #[serde(flatten)]
    #[ts(flatten)]
    pub service: NamedService,
    pub offset_min: Option<u32>,
}

/// Who sits at the counter, and what it does.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct CounterSeat {
    pub no: String,
    pub name: Option<Text>,
    pub state: CounterStanding,
    /// The clerk's sign-in name.
    pub clerk: Option<String>,
    #[ts(type = "number")]
    pub fence: u64,
    pub paused_reason: Option<String>,
    #[ts(type = "string | null")]
    pub since: Option<DateTime<Utc>>,
    pub services: Vec<CounterService>,
}

/// One line as a clerk sees it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct CounterLine {
    pub service: String,
    pub name: Text,
    pub waiting: usize,
    /// This counter serves it.
    pub mine: bool,
    pub offset_min: Option<u32>,
    #[ts(type = "number")]
    pub longest_wait_s: i64,
    pub head: Vec<TicketBrief>,
}

/// What the counter did today.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct CounterToday {
    pub served: u32,
    pub refused: u32,
    pub missed: u32,
    #[ts(type = "number | null")]
    pub mean_service_s: Option<u64>,
}

/// What a clerk's screen shows.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct CounterState {
    pub hall: HallProfile,
    pub counter: CounterSeat,
    pub ticket: Option<TicketFull>,
    pub why: Option<Why>,
    pub lines: Vec<CounterLine>,
    /// Those sent to this very counter.
    pub reserved: Vec<TicketBrief>,
    /// At this counter.
    pub parked: Vec<TicketBrief>,
    /// Newest first.
    pub missed: Vec<TicketBrief>,
    pub today: CounterToday,
    pub notices: Vec<Notice>,
    #[ts(type = "null")]
    pub emergency: Option<()>,
    pub services: Vec<KioskService>,
    pub counters: Vec<CounterOutline>,
    pub outcomes: Vec<Outcome>,
    pub recall_gap_s: u32,
    pub demo: bool,
}

/// A clerk's screen; `None` when there is no such counter.
#[must_use]
pub fn counter(hall: &Hall, no: &CounterNo, around: &Around<'_>) -> Option<CounterState> {
    let counter = hall.counters.get(no)?;
    let ticket = counter.ticket.and_then(|id| hall.tickets.get(&id));
    let here = parked(hall).filter(|ticket| ticket.counter.as_ref() == Some(no));
    let open = hall.profile.calendar.issuing(around.now) == Issuing::Yes;
    let services = &hall.profile.services;
    Some(CounterState {
        hall: HallProfile::from(&hall.profile),
        counter: seat(hall, counter),
        ticket: ticket.map(TicketFull::from),
        why: ticket.and_then(Why::of),
        lines: services.iter().map(|service| line(hall, counter, service, around)).collect(),
        reserved: head(hall, &LineKey::Counter(no.clone())),
        parked: latest_called(here, COUNTER_TICKETS_MAX).map(TicketBrief::from).collect(),
        missed: latest_called(missed(hall), COUNTER_TICKETS_MAX).map(TicketBrief::from).collect(),
        today: CounterToday {
            served: counter.today.served,
            refused: counter.today.refused,
            missed: counter.today.missed,
            mean_service_s: counter.today.serving_s.checked_div(u64::from(counter.today.served)),
        },
        notices: notices(hall),
        emergency: None,
        services: services.iter().map(|service| kiosk_service(hall, service, around.waits, open)).collect(),
        counters: outlines(hall),
        outcomes: vec![Outcome::Done, Outcome::Refused, Outcome::MissingMaterials, Outcome::InfoOnly, Outcome::WorkOrder],
        recall_gap_s: hall.profile.rules.recall_gap_s,
        demo: around.demo,
    })
}

fn seat(hall: &Hall, counter: &Counter) -> CounterSeat {
    let service = |offer: &domain::profile::Offer| CounterService {
        service: NamedService::of(hall, &offer.service),
        offset_min: Some(offer.offset_min),
    };
    CounterSeat {
        no: counter.no.to_string(),
        name: counter_name(hall, &counter.no),
        state: counter.state.into(),
        clerk: clerk(counter),
        fence: counter.fence,
        paused_reason: counter.pause_reason.as_ref().map(|reason| reason.as_str().to_owned()),
        since: counter.since,
        services: counter.offers.iter().map(service).collect(),
    }
}

fn line(hall: &Hall, counter: &Counter, service: &Service, around: &Around<'_>) -> CounterLine {
    let key = LineKey::Service(service.id.clone());
    let offer = counter.offers.iter().find(|offer| offer.service == service.id);
    CounterLine {
        service: service.id.to_string(),
        name: Text::from(&service.name),
        waiting: hall.waiting(&service.id),
        mine: offer.is_some(),
        offset_min: offer.map(|offer| offer.offset_min),
        longest_wait_s: longest_wait_s(hall, &key, around.now),
        head: head(hall, &key),
    }
}
