//! Whole seeded days of calls as the hall decides and folds them: ordinary ones raise no suspicion, an outage is found in time.

use chrono::{DateTime, Utc};

use super::actor::{Actor, Caller, Role};
use super::cluster::tests::{City, Dice, moment, name};
use super::command::{Command, LogCall};
use super::event::{EVENT_VERSION, Event, EventBody};
use super::hall::Hall;
use super::hotline_call::{Address, CallEnd, CallPatch, Disposition};
use super::hotline_event::IncidentEvent;
use super::order_plan::{Category, OrderPlan};
use super::phone::Phone;
use super::profile::Profile;
use super::text::{FreeText, Text};
use super::{apply, decide, turn_day};

const CALLS_A_DAY: usize = 3_000;
const FIVE_MINUTES_MS: u64 = 300_000;

/// A hall whose operators write one call after another down.
struct Desk {
    hall: Hall,
    operator: Caller,
    callers: u64,
}

impl Desk {
    fn new() -> Self {
        let name = Text { zh: "不热".to_owned(), en: "No heat".to_owned() };
        let category = Category {
            id: "R1".parse().unwrap(),
            parent: None,
            name,
            visit: true,
            skills: Vec::new(),
            team: None,
            answer_directly: false,
            urges: false,
            emergency: false,
            sealed_default: false,
        };
        let profile = Profile { orders: OrderPlan { categories: vec![category], ..OrderPlan::default() }, ..Profile::default() };
        let operator = Caller::new(Actor::new(Role::Operator, "li", None), false);
        let mut desk = Self { hall: Hall { profile, ..Hall::default() }, operator, callers: 0 };
        let opened = turn_day(&desk.hall, moment(0));
        desk.fold(opened, moment(0));
        desk
    }

    fn fold(&mut self, bodies: Vec<EventBody>, at: DateTime<Utc>) {
        for body in bodies {
            let (rev, by) = (self.hall.rev + 1, self.operator.actor.clone());
            apply(&mut self.hall, &Event { rev, v: EVENT_VERSION, at, by, key: None, body });
        }
    }

    fn ask(&mut self, command: &Command, at: DateTime<Utc>) -> Vec<EventBody> {
        let bodies = decide(&self.hall, command, &self.operator, at).unwrap();
        self.fold(bodies.clone(), at);
        bodies
    }

    /// Somebody of a community rings for the first time, is written down and answered; whether that made the community suspect.
    fn rings(&mut self, at_ms: u64, community: &str, share_ppm: Option<u32>) -> bool {
        self.callers += 1;
        let at = moment(at_ms);
        let number = Phone::read(&format!("137{:08}", self.callers), None).unwrap();
        self.ask(&Command::LogCall(LogCall { caller_number: number, ..LogCall::default() }), at);
        let call = self.hall.hotline.open_calls().last().unwrap().id;
        let address = Address { community: FreeText::parse(community).ok(), share_ppm, ..Address::default() };
        let patch = CallPatch { category: Some("R1".parse().ok()), address: Some(address), ..CallPatch::default() };
        let written = self.ask(&Command::ChangeCall { call, patch: Box::new(patch) }, at);
        let end = CallEnd { disposition: Disposition::AnsweredDirectly, note: None, work_order: None, incident: None };
        self.ask(&Command::EndCall { call, end, order: None }, at);
        written.iter().any(|body| matches!(body, EventBody::Incident(event) if matches!(**event, IncidentEvent::Suggested { .. })))
    }
}

/// The calls of a day that made their community suspect.
fn suspected(city: &City, day: &[(u64, usize)], with_book: bool) -> Vec<(u64, usize)> {
    let mut desk = Desk::new();
    let share = |community| with_book.then(|| city.share_ppm(community));
    let calls = day.iter().copied();
    calls.filter(|(at, community)| desk.rings(*at, &name(*community), share(*community))).collect()
}

#[test]
fn a_hall_of_ordinary_calls_suspects_hardly_anything() {
    for (seed, with_book) in [(1, true), (2, true), (1, false), (2, false)] {
        let city = City::of(seed);
        let found = suspected(&city, &city.day(seed, CALLS_A_DAY), with_book);
        assert!(found.len() <= 1, "seed {seed}, address book {with_book}: {found:?}");
    }
}

#[test]
fn a_hall_suspects_an_outage_within_five_minutes_of_its_first_call() {
    for (seed, with_book) in [(3, true), (4, false)] {
        let city = City::of(seed);
        let ill = city.ordinary();
        let mut dice = Dice(seed);
        let start = 9 * 3_600_000 + dice.below(1_800_000);
        let outage = [0, 1, 2, 3, 4, 5, 6, 7].map(|call| (start + if call == 0 { 0 } else { dice.below(280_000) }, ill));
        let mut day: Vec<_> = city.day(seed, CALLS_A_DAY).into_iter().chain(outage).collect();
        day.retain(|(at, _)| *at <= start + FIVE_MINUTES_MS);
        day.sort_unstable();
        let found = suspected(&city, &day, with_book);
        assert!(found.iter().any(|(at, community)| *community == ill && *at >= start), "seed {seed}, address book {with_book}: {found:?}");
    }
}
