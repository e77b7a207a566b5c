//! The whole hall at a glance: lines, counters, devices, today's figures. For staff who lead.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use ts_rs::TS;

use super::Around;
use super::hotline::{DeskCounts, ORDERS_SHOWN_MAX, TeamLoad, open_incidents};
use super::parts::{LEAD_TICKETS_MAX, clerk, counter_name, counters, head, is_open, latest_called, longest_wait_s, missed, parked};
use crate::domain::calendar::Issuing;
use crate::domain::counter::Counter;
use crate::domain::hall::{Hall, ServiceTally};
use crate::domain::line::Line;
use crate::domain::profile::{Offer, Service};
use crate::domain::ticket::LineKey;
use crate::web::health::{Health, Voice};
use crate::web::wire::hall::{Notice, Text};
use crate::web::wire::incident::Incident;
use crate::web::wire::look::{HallProfile, KioskService, Standing, kiosk_service, notices, standing};
use crate::web::wire::order::OrderBrief;
use crate::web::wire::reader::Reader;
use crate::web::wire::ticket::TicketBrief;
use crate::web::wire::words::{CounterStanding, DeviceKind};

/// A service as a lead sees it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct LeadService {
    #[serde(flatten)]
    #[ts(flatten)]
    pub service: KioskService,
    pub issued: u32,
    pub served: u32,
    #[ts(type = "number")]
    pub longest_wait_s: i64,
    pub head: Vec<TicketBrief>,
    pub daily_cap: Option<u32>,
}

/// A service at a counter.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct LeadOffer {
    pub id: String,
    pub offset_min: Option<u32>,
}

impl From<&Offer> for LeadOffer {
    fn from(offer: &Offer) -> Self {
        Self { id: offer.service.to_string(), offset_min: Some(offer.offset_min) }
    }
}

/// A counter as a lead sees it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct LeadCounter {
    pub no: String,
    pub name: Option<Text>,
    pub state: CounterStanding,
    pub clerk: Option<String>,
    pub badge: Option<String>,
    pub services: Vec<LeadOffer>,
    pub ticket: Option<TicketBrief>,
    #[ts(type = "string | null")]
    pub since: Option<DateTime<Utc>>,
    pub served: u32,
}

/// A screen of the hall, and when it was last heard.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct DeviceSeen {
    pub id: String,
    pub kind: DeviceKind,
    pub name: String,
    pub online: bool,
    #[ts(type = "string | null")]
    pub last_seen: Option<DateTime<Utc>>,
}

/// How good the promised waits are today.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ForecastKept {
    /// Of the latest promises; `null` before there are enough to say.
    pub kept_rate: Option<f64>,
    pub kept: u32,
    pub given: u32,
}

/// Today's figures.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct Totals {
    pub issued: u32,
    pub waiting: usize,
    pub serving: usize,
    pub served: u32,
    pub missed: u32,
    pub cancelled: u32,
    pub rated: u32,
    pub grade_mean: Option<f64>,
}

/// Whether the journal answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum StoreHealth {
    Ok,
    Away,
}

/// How the voice of the hall is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum VoiceHealth {
    Ok,
    NoDevice,
    Off,
}

/// How the server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct HealthBrief {
    pub store: StoreHealth,
    pub voice: VoiceHealth,
    pub voice_detail: Option<String>,
    #[ts(type = "number | null")]
    pub disk_free_mb: Option<u64>,
}

impl Default for HealthBrief {
    fn default() -> Self {
        Self { store: StoreHealth::Ok, voice: VoiceHealth::Off, voice_detail: None, disk_free_mb: None }
    }
}

impl HealthBrief {
    /// What the server's health tells a lead; whether the journal answers, the keeper knows.
    #[must_use]
    pub fn of(health: &Health) -> Self {
        let (voice, voice_detail) = match (health.voice)() {
            Voice::Ok => (VoiceHealth::Ok, None),
            Voice::NoDevice(detail) => (VoiceHealth::NoDevice, Some(detail)),
            Voice::Off => (VoiceHealth::Off, None),
        };
        Self { store: StoreHealth::Ok, voice, voice_detail, disk_free_mb: (health.disk_free_mib)() }
    }
}

/// What a lead's screen shows.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct LeadState {
    pub hall: HallProfile,
    #[ts(type = "string")]
    pub day: NaiveDate,
    pub open: bool,
    pub standing: Standing,
    pub services: Vec<LeadService>,
    pub counters: Vec<LeadCounter>,
    /// Newest first.
    pub missed: Vec<TicketBrief>,
    pub parked: Vec<TicketBrief>,
    pub devices: Vec<DeviceSeen>,
    pub notices: Vec<Notice>,
    #[ts(type = "null")]
    pub emergency: Option<()>,
    pub forecast: ForecastKept,
    pub totals: Totals,
    pub health: HealthBrief,
    pub orders: LeadOrders,
    pub demo: bool,
}

/// The hotline and its orders at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct LeadOrders {
    pub desks: DeskCounts,
    pub teams: Vec<TeamLoad>,
    /// Of all teams together.
    pub overdue: usize,
    /// Newest first, at most twenty.
    pub escalated: Vec<OrderBrief>,
    pub incidents: Vec<Incident>,
}

fn orders(hall: &Hall, now: DateTime<Utc>) -> LeadOrders {
    let teams = TeamLoad::of_all(hall, now);
    let reader = Reader::desk_screen();
    LeadOrders {
        desks: DeskCounts::of(hall),
        overdue: teams.iter().map(|team| team.overdue).sum(),
        teams,
        escalated: hall.orders.climbed().take(ORDERS_SHOWN_MAX).map(|order| OrderBrief::of(hall, order, &reader, now)).collect(),
        incidents: open_incidents(hall),
    }
}

/// A lead's screen.
#[must_use]
pub fn lead(hall: &Hall, around: &Around<'_>) -> LeadState {
    let calibration = &hall.calibration;
    let issuing = hall.profile.calendar.issuing(around.now);
    LeadState {
        hall: HallProfile::from(&hall.profile),
        day: hall.day.unwrap_or_else(|| hall.day_at(around.now)),
        open: is_open(hall, around.now),
        standing: standing(hall, &issuing, around.now).0,
        services: hall.profile.services.iter().map(|s| service(hall, s, &issuing, around)).collect(),
        counters: counters(hall).map(|c| lead_counter(hall, c)).collect(),
        missed: latest_called(missed(hall), LEAD_TICKETS_MAX).map(TicketBrief::from).collect(),
        parked: latest_called(parked(hall), LEAD_TICKETS_MAX).map(TicketBrief::from).collect(),
        devices: (around.devices)(hall),
        notices: notices(hall),
        emergency: None,
        forecast: ForecastKept {
            kept_rate: calibration.kept_permille().map(|permille| f64::from(permille) / 1_000.0),
            kept: calibration.kept(),
            given: calibration.judged(),
        },
        totals: totals(hall),
        health: (around.health)(),
        orders: orders(hall, around.now),
        demo: around.demo,
    }
}

fn service(hall: &Hall, service: &Service, issuing: &Issuing, around: &Around<'_>) -> LeadService {
    let key = LineKey::Service(service.id.clone());
    let tally = hall.tallies.get(&service.id);
    LeadService {
        service: kiosk_service(hall, service, around.waits, *issuing == Issuing::Yes),
        issued: tally.map_or(0, |t| t.issued),
        served: tally.map_or(0, |t| t.served),
        longest_wait_s: longest_wait_s(hall, &key, around.now),
        head: head(hall, &key),
        daily_cap: service.daily_cap,
    }
}

fn lead_counter(hall: &Hall, counter: &Counter) -> LeadCounter {
    LeadCounter {
        no: counter.no.to_string(),
        name: counter_name(hall, &counter.no),
        state: counter.state.into(),
        clerk: clerk(counter),
        badge: hall.badge(counter).map(ToOwned::to_owned),
        services: counter.offers.iter().map(LeadOffer::from).collect(),
        ticket: counter.ticket.and_then(|id| hall.tickets.get(&id)).map(TicketBrief::from),
        since: counter.since,
        served: counter.today.served,
    }
}

fn totals(hall: &Hall) -> Totals {
    let sum = |of: fn(&ServiceTally) -> u32| hall.tallies.values().map(of).sum();
    let rated: u32 = sum(|t| t.rated);
    let grades: u32 = sum(|t| t.grade_sum);
    Totals {
        issued: sum(|t| t.issued),
        waiting: hall.lines().map(|(_, line)| Line::len(line)).sum(),
        serving: hall.counters.values().filter(|counter| counter.ticket.is_some()).count(),
        served: sum(|t| t.served),
        missed: sum(|t| t.missed),
        cancelled: sum(|t| t.cancelled),
        rated,
        grade_mean: (rated > 0).then(|| (f64::from(grades) / f64::from(rated) * 100.0).round() / 100.0),
    }
}
