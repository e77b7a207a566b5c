//! What a hall is, as its people wrote it down: services, counters, classes, calendar, rules.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::ids::{CounterNo, MaterialId, Prefix, ServiceId};
use super::order_plan::OrderPlan;
use super::phone::{AreaCode, Phone};
use super::text::{Language, Text};

/// At most this many services in one hall.
pub const SERVICES_MAX: usize = 100;
/// At most this many counters in one hall.
pub const COUNTERS_MAX: usize = 200;
/// At most this many materials for one service.
pub const MATERIALS_MAX: usize = 40;

/// Whose time counts more, and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    #[default]
    Ordinary,
    /// 敬老、残障、孕: older people, people with disabilities, pregnancy.
    Courtesy,
    /// 军人、消防: classes that a law puts first.
    Statutory,
    Appointment,
}

impl Class {
    /// Every class, in the order the screens show them.
    pub const ALL: [Self; 4] = [Self::Ordinary, Self::Courtesy, Self::Statutory, Self::Appointment];
}

/// A document or paper that a service asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Material {
    pub id: MaterialId,
    pub name: Text,
    #[serde(default = "yes")]
    pub required: bool,
}

/// What a customer comes for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub id: ServiceId,
    pub prefix: Prefix,
    pub name: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Text>,
    /// The mean time at the counter, in minutes, until today's own times are known.
    pub minutes: u32,
    /// At most this many numbers a service day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_cap: Option<u32>,
    /// Where its customers wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<Text>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub materials: Vec<Material>,
}

/// One service at one counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    pub service: ServiceId,
    /// 0: mine. 5: I help out once they wait five minutes longer than my own.
    #[serde(default)]
    pub offset_min: u32,
}

/// A counter as planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounterPlan {
    pub no: CounterNo,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    pub services: Vec<Offer>,
}

/// How a class is called and what it is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassPlan {
    pub class: Class,
    pub name: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Text>,
    /// Minutes of waiting that the class is given at the start; 1440 is strictly first.
    pub credit_min: u32,
    /// Offered on the kiosk (others are given by staff).
    #[serde(default)]
    pub at_kiosk: bool,
}

/// The hall's own numbers for calling; every default is DESIGN §6.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Seconds between two calls of one ticket, at least.
    pub recall_gap_s: u32,
    /// After this many calls a customer who does not come is missed by itself.
    pub calls_max: u32,
    /// Seconds after the last call until that happens.
    pub miss_after_s: u32,
    /// A missed ticket that comes back stands behind this many numbers.
    pub reinstate_behind: u32,
    /// Seconds until a ticket that was put back may be called again, unless the clerk says otherwise.
    pub put_back_s: u32,
    /// Numbers a service day, all services together.
    pub day_tickets_max: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self { recall_gap_s: 5, calls_max: 3, miss_after_s: 60, reinstate_behind: 3, put_back_s: 300, day_tickets_max: 200_000 }
    }
}

/// A hall as its people wrote it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub name: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hotline: Option<String>,
    /// The town's area code, which stands before bare local numbers; without it, that of the hotline's own number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_code: Option<AreaCode>,
    pub languages: Vec<Language>,
    pub calendar: Calendar,
    #[serde(default)]
    pub rules: Rules,
    pub classes: Vec<ClassPlan>,
    pub services: Vec<Service>,
    pub counters: Vec<CounterPlan>,
    /// The hotline's and the work orders' part; empty in a hall that has none.
    #[serde(default, skip_serializing_if = "OrderPlan::is_unwritten")]
    pub orders: OrderPlan,
}

impl Default for Profile {
    /// A hall of which nothing is written down yet.
    fn default() -> Self {
        Self {
            name: Text { zh: String::new(), en: String::new() },
            hotline: None,
            area_code: None,
            languages: Vec::new(),
            calendar: Calendar::round_the_clock(chrono_tz::UTC),
            rules: Rules::default(),
            classes: Vec::new(),
            services: Vec::new(),
            counters: Vec::new(),
            orders: OrderPlan::default(),
        }
    }
}

fn yes() -> bool {
    true
}

/// The series that work orders are numbered in: four letters that no service may have.
#[must_use]
pub fn order_series() -> Prefix {
    Prefix::reserved()
}

impl Profile {
    /// The area code that stands before bare local numbers: the one written down, or that of the hall's own hotline, where it
    /// is a landline.
    #[must_use]
    pub fn local_area(&self) -> Option<AreaCode> {
        self.area_code.clone().or_else(|| Phone::read(self.hotline.as_deref()?, None).ok()??.area_code())
    }

    /// The service with this id.
    #[must_use]
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.services.iter().find(|s| &s.id == id)
    }

    /// The counter with this number.
    #[must_use]
    pub fn counter(&self, no: &CounterNo) -> Option<&CounterPlan> {
        self.counters.iter().find(|c| &c.no == no)
    }

    /// The time credit of a class, in milliseconds.
    #[must_use]
    pub fn credit_ms(&self, class: Class) -> i64 {
        let minutes = self.classes.iter().find(|c| c.class == class).map_or(0, |c| c.credit_min);
        i64::from(minutes) * 60_000
    }

    /// Says what is wrong with a profile, in words that name the place.
    ///
    /// # Errors
    /// The first fault found: a double id, a counter that offers an unknown service, a limit passed.
    pub fn check(&self) -> Result<(), String> {
        self.calendar.check().map_err(|e| format!("calendar: {e}"))?;
        if self.services.is_empty() || self.services.len() > SERVICES_MAX {
            return Err(format!("services: 1 to {SERVICES_MAX} are needed"));
        }
        if self.counters.is_empty() || self.counters.len() > COUNTERS_MAX {
            return Err(format!("counters: 1 to {COUNTERS_MAX} are needed"));
        }
        if self.languages.is_empty() {
            return Err("languages: at least one is needed".to_owned());
        }
        if self.rules.calls_max == 0 {
            return Err("rules.calls_max: at least 1".to_owned());
        }
        let mut seen = BTreeSet::new();
        for service in &self.services {
            if !seen.insert(&service.id) {
                return Err(format!("services: {} stands twice", service.id));
            }
            if service.prefix == order_series() {
                return Err(format!("services.{}.prefix: {} is kept for work orders", service.id, service.prefix));
            }
            if service.minutes == 0 || service.minutes > 480 {
                return Err(format!("services.{}.minutes: 1 to 480", service.id));
            }
            if service.materials.len() > MATERIALS_MAX {
                return Err(format!("services.{}.materials: at most {MATERIALS_MAX}", service.id));
            }
        }
        self.check_counters(&seen)?;
        self.orders.check().and_then(|()| self.orders.check_calendar(self.working())).map_err(|e| format!("orders.{e}"))
    }

    /// The calendar that work orders' working time is counted by: their own, else the hall's.
    #[must_use]
    pub fn working(&self) -> &Calendar {
        self.orders.working.as_ref().unwrap_or(&self.calendar)
    }

    fn check_counters(&self, services: &BTreeSet<&ServiceId>) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for counter in &self.counters {
            if !seen.insert(&counter.no) {
                return Err(format!("counters: {} stands twice", counter.no));
            }
            check_offers(&counter.services, services).map_err(|e| format!("counters.{}: {e}", counter.no))?;
        }
        let mut classes = BTreeSet::new();
        for plan in &self.classes {
            if !classes.insert(plan.class) {
                return Err(format!("classes: {:?} stands twice", plan.class));
            }
        }
        Ok(())
    }
}

/// Checks that a counter offers known services, each once.
///
/// # Errors
/// Names the service that is unknown or stands twice.
pub fn check_offers(offers: &[Offer], services: &BTreeSet<&ServiceId>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for offer in offers {
        if !services.contains(&offer.service) {
            return Err(format!("no service is called {}", offer.service));
        }
        if !seen.insert(&offer.service) {
            return Err(format!("{} stands twice", offer.service));
        }
        if offer.offset_min > 1440 {
            return Err("offset_min: at most 1440 minutes".to_owned());
        }
    }
    Ok(())
}
