//! The hall as everybody may see it: what a kiosk, the start page and a customer's phone show. No personal data.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc, Weekday};
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use super::hall::{Notice, Range, Text};
use super::words::{Class, CounterStanding, Language, TicketState};
use crate::domain;
use crate::domain::calendar::{Calendar, Issuing};
use crate::domain::counter::CounterState;
use crate::domain::hall::{Hall, serves};
use crate::domain::ids::ServiceId;
use crate::domain::profile::Service;
use crate::web::forecaster::Waits;
use crate::web::problem::standing_of;

/// The hall's name and tongue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct HallProfile {
    pub name: Text,
    pub languages: Vec<Language>,
    /// IANA.
    pub time_zone: String,
    /// The telephone hotline; empty where there is none.
    pub hotline: String,
}

impl From<&domain::profile::Profile> for HallProfile {
    fn from(profile: &domain::profile::Profile) -> Self {
        Self {
            name: Text::from(&profile.name),
            languages: profile.languages.iter().copied().map(Language::from).collect(),
            time_zone: profile.calendar.zone.name().to_owned(),
            hotline: profile.hotline.clone().unwrap_or_default(),
        }
    }
}

/// Whether the hall is open, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum Standing {
    Open,
    Break,
    BeforeOpening,
    AfterClosing,
    Holiday,
}

/// Why no number is given for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum ClosedReason {
    ClosedByStaff,
    HallClosed,
    Full,
    /// No counter of the hall serves it now, open or not.
    NoCounter,
}

/// Days of the week with the same opening interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Hours {
    /// `mon` … `sun`.
    pub days: Vec<String>,
    /// `08:30`.
    pub open: String,
    pub close: String,
}

/// A document that a service asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Material {
    pub id: String,
    pub name: Text,
    pub required: bool,
}

impl From<&domain::profile::Material> for Material {
    fn from(material: &domain::profile::Material) -> Self {
        Self { id: material.id.to_string(), name: Text::from(&material.name), required: material.required }
    }
}

/// A priority class that a kiosk offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct ServiceClass {
    pub id: Class,
    pub name: Text,
    pub hint: Option<Text>,
}

/// A service as a kiosk shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct KioskService {
    pub id: String,
    pub prefix: String,
    pub name: Text,
    pub hint: Option<Text>,
    /// Whether a number can be had now.
    pub open: bool,
    pub closed_reason: Option<ClosedReason>,
    pub waiting: usize,
    /// What a newcomer of the ordinary class would be told.
    pub wait: Option<Range>,
    pub materials: Vec<Material>,
    /// The counters that serve it.
    pub counters: Vec<String>,
    pub area: Option<Text>,
    /// How many of them call people now.
    pub open_counters: usize,
}

/// A counter in outline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct CounterOutline {
    pub no: String,
    pub name: Option<Text>,
    pub state: CounterStanding,
    pub services: Vec<String>,
}

/// What a kiosk shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct KioskState {
    pub hall: HallProfile,
    /// A hall that is only tried out.
    pub demo: bool,
    /// Whether numbers are given at all now.
    pub open: bool,
    pub standing: Standing,
    #[ts(type = "string | null")]
    pub opens_at: Option<DateTime<Utc>>,
    /// False: the hours are only shown.
    pub enforce_hours: bool,
    pub hours: Vec<Hours>,
    pub services: Vec<KioskService>,
    pub classes: Vec<ServiceClass>,
    pub counters: Vec<CounterOutline>,
    pub notices: Vec<Notice>,
    #[ts(type = "null")]
    #[schema(value_type = Option<String>)]
    pub emergency: Option<()>,
}

/// `GET /hall`.
#[derive(Debug, Clone, Serialize, ToSchema, TS)]
pub struct HallAnswer {
    #[serde(flatten)]
    #[ts(flatten)]
    pub state: KioskState,
    pub epoch: String,
    #[ts(type = "number")]
    pub rev: u64,
    #[ts(type = "string")]
    pub at: DateTime<Utc>,
}

impl KioskState {
    /// The hall at `now`.
    #[must_use]
    pub fn of(hall: &Hall, waits: &Waits, demo: bool, now: DateTime<Utc>) -> Self {
        let profile = &hall.profile;
        let issuing = profile.calendar.issuing(now);
        let (standing, opens_at) = standing(hall, &issuing, now);
        let open = issuing == Issuing::Yes;
        let classes = profile.classes.iter().filter(|plan| plan.at_kiosk).map(|plan| ServiceClass {
            id: plan.class.into(),
            name: Text::from(&plan.name),
            hint: plan.hint.as_ref().map(Text::from),
        });
        Self {
            hall: HallProfile::from(profile),
            demo,
            open,
            standing,
            opens_at,
            enforce_hours: profile.calendar.enforce_hours,
            hours: hours(&profile.calendar),
            services: profile.services.iter().map(|service| kiosk_service(hall, service, waits, open)).collect(),
            classes: classes.collect(),
            counters: hall.counters.values().map(|counter| CounterOutline::of(hall, counter)).collect(),
            notices: notices(hall),
            emergency: None,
        }
    }
}

impl CounterOutline {
    /// A counter with what it serves.
    #[must_use]
    pub fn of(hall: &Hall, counter: &domain::counter::Counter) -> Self {
        Self {
            no: counter.no.to_string(),
            name: hall.profile.counter(&counter.no).and_then(|plan| plan.name.as_ref()).map(Text::from),
            state: counter.state.into(),
            services: counter.offers.iter().map(|offer| offer.service.to_string()).collect(),
        }
    }
}

/// How the hall stands, and when it opens where it is closed.
#[must_use]
pub fn standing(hall: &Hall, issuing: &Issuing, now: DateTime<Utc>) -> (Standing, Option<DateTime<Utc>>) {
    if let Issuing::TooLate { opens_at, .. } = issuing {
        return (Standing::AfterClosing, *opens_at);
    }
    let (word, opens_at) = standing_of(&hall.standing(now));
    let standing = match word {
        "break" => Standing::Break,
        "before_opening" => Standing::BeforeOpening,
        "after_closing" => Standing::AfterClosing,
        "holiday" => Standing::Holiday,
        _ => Standing::Open,
    };
    (standing, opens_at)
}

/// The notices that stand, newest first.
#[must_use]
pub fn notices(hall: &Hall) -> Vec<Notice> {
    hall.notices.values().rev().map(Notice::from).collect()
}

/// One service as a kiosk shows it.
#[must_use]
pub fn kiosk_service(hall: &Hall, service: &Service, waits: &Waits, hall_open: bool) -> KioskService {
    let serving = || hall.counters.values().filter(|counter| serves(&counter.offers, &service.id));
    let issued = hall.tallies.get(&service.id).map_or(0, |tally| tally.issued);
    let closed_reason = if !hall_open {
        Some(ClosedReason::HallClosed)
    } else if hall.closed_services.contains_key(&service.id) {
        Some(ClosedReason::ClosedByStaff)
    } else if service.daily_cap.is_some_and(|cap| issued >= cap) {
        Some(ClosedReason::Full)
    } else if serving().next().is_none() {
        Some(ClosedReason::NoCounter)
    } else {
        None
    };
    KioskService {
        id: service.id.to_string(),
        prefix: service.prefix.to_string(),
        name: Text::from(&service.name),
        hint: service.hint.as_ref().map(Text::from),
        open: closed_reason.is_none(),
        closed_reason,
        waiting: hall.waiting(&service.id),
        wait: waits.of(&service.id, domain::profile::Class::Ordinary).map(Range::from),
        materials: service.materials.iter().map(Material::from).collect(),
        counters: serving().map(|counter| counter.no.to_string()).collect(),
        area: service.area.as_ref().map(Text::from),
        open_counters: serving().filter(|counter| counter.state == CounterState::Open).count(),
    }
}

/// The ordinary week, days with the same interval together.
fn hours(calendar: &Calendar) -> Vec<Hours> {
    let week = [
        (Weekday::Mon, "mon"),
        (Weekday::Tue, "tue"),
        (Weekday::Wed, "wed"),
        (Weekday::Thu, "thu"),
        (Weekday::Fri, "fri"),
        (Weekday::Sat, "sat"),
        (Weekday::Sun, "sun"),
    ];
    let mut by_interval: BTreeMap<(u16, u16), Hours> = BTreeMap::new();
    for (day, word) in week {
        for interval in calendar.week.day(day) {
            let (open, close) = (interval.open(), interval.close());
            let hours = by_interval.entry((open.minute(), close.minute())).or_insert_with(|| Hours {
                days: Vec::new(),
                open: open.to_string(),
                close: close.to_string(),
            });
            hours.days.push(word.to_owned());
        }
    }
    by_interval.into_values().collect()
}

/// A service by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct NamedService {
    pub id: String,
    pub name: Text,
}

impl NamedService {
    /// A service by its name, or by its id where the hall no longer has it.
    #[must_use]
    pub fn of(hall: &Hall, id: &ServiceId) -> Self {
        let plain = || Text { zh: id.to_string(), en: id.to_string() };
        Self { id: id.to_string(), name: hall.profile.service(id).map_or_else(plain, |service| Text::from(&service.name)) }
    }
}

/// What the customer's phone shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct TicketView {
    pub hall: HallProfile,
    pub number: String,
    pub service: NamedService,
    pub state: TicketState,
    pub class: Class,
    pub counter: Option<String>,
    pub counter_name: Option<Text>,
    pub calls: u32,
    /// How many stand before it, while it waits.
    pub ahead: Option<usize>,
    /// How long it will still take, while it waits.
    pub wait: Option<Range>,
    #[ts(type = "string")]
    pub issued_at: DateTime<Utc>,
    #[ts(type = "string")]
    pub service_day: NaiveDate,
    pub materials: Vec<Material>,
    pub area: Option<Text>,
    pub can_cancel: bool,
    pub can_rate: bool,
    pub rated: Option<u8>,
    pub notices: Vec<Notice>,
}

impl TicketView {
    /// One ticket as its holder may see it.
    #[must_use]
    pub fn of(hall: &Hall, ticket: &domain::ticket::Ticket, waits: &Waits) -> Self {
        use domain::ticket::TicketState as State;
        let service = hall.profile.service(ticket.service());
        let closing = ticket.closing.as_deref();
        let rated = closing.and_then(|closing| closing.rating);
        let counter_name = ticket.counter.as_ref().and_then(|no| hall.profile.counter(no)?.name.as_ref());
        Self {
            hall: HallProfile::from(&hall.profile),
            number: ticket.number.to_string(),
            service: NamedService::of(hall, ticket.service()),
            state: ticket.state.into(),
            class: ticket.class.into(),
            counter: ticket.counter.as_ref().map(ToString::to_string),
            counter_name: counter_name.map(Text::from),
            calls: ticket.calls,
            ahead: hall.ahead(ticket),
            wait: waits.of_ticket(ticket.id).filter(|_| ticket.state == State::Waiting).map(Range::from),
            issued_at: ticket.issued_at,
            service_day: ticket.service_day,
            materials: service.map_or_else(Vec::new, |service| service.materials.iter().map(Material::from).collect()),
            area: service.and_then(|service| service.area.as_ref()).map(Text::from),
            can_cancel: matches!(ticket.state, State::Booked | State::Waiting | State::Parked | State::Missed),
            can_rate: rated.is_none() && closing.is_some_and(|closing| closing.finish.is_some()),
            rated,
            notices: notices(hall),
        }
    }
}
