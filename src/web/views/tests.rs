//! What the views promise: public ones name nobody, whatever people typed; and lists stay short, however many wait.

use chrono::{DateTime, Utc};

use super::*;
use crate::domain::access::Account;
use crate::domain::actor::{Actor, Caller, Role};
use crate::domain::command::{Command, CounterStep, Issue, NewDevice, TicketStep};
use crate::domain::event::{EVENT_VERSION, Event};
use crate::domain::profile::Class;
use crate::domain::text::{FreeText, Language};
use crate::domain::ticket::{Check, Finish, Mark, Outcome, Target, TransferPlace};
use crate::domain::{apply, decide, turn_day};

/// What somebody typed or is called, and nobody outside may read.
const SECRET: &str = "canary";
const SECRET_ZH: &str = "金丝雀";

fn noon() -> DateTime<Utc> {
    "2026-11-23T02:00:00Z".parse().unwrap()
}

/// A hall under pure rules.
struct Story {
    hall: Hall,
    events: Vec<Event>,
    now: DateTime<Utc>,
}

impl Story {
    fn new() -> Self {
        let mut story = Self { hall: Hall::default(), events: Vec::new(), now: noon() };
        story.does(&Command::SetProfile { profile: Box::new(crate::settings::sample_profile().unwrap()) });
        for body in turn_day(&story.hall, story.now) {
            story.push(body);
        }
        story
    }

    fn push(&mut self, body: crate::domain::event::EventBody) {
        let by = Actor::new(Role::Clerk, &format!("{SECRET}-clerk"), None);
        let event = Event { rev: self.hall.rev + 1, v: EVENT_VERSION, at: self.now, by, key: Some(SECRET.into()), body };
        apply(&mut self.hall, &event);
        self.events.push(event);
    }

    fn does(&mut self, command: &Command) -> u64 {
        self.now += chrono::Duration::seconds(6);
        let first = self.hall.rev + 1;
        let caller = Caller::new(Actor::new(Role::Clerk, &format!("{SECRET}-clerk"), None), true);
        for body in decide(&self.hall, command, &caller, self.now).unwrap() {
            self.push(body);
        }
        first
    }

    fn takes(&mut self) -> TicketId {
        let service = self.hall.profile.counters[0].services[0].service.clone();
        let issue = Issue { service, class: Class::Courtesy, language: Language::En, appointment_at: None, wait: None };
        TicketId(self.does(&Command::Issue(issue)))
    }

    fn counter(&mut self, step: CounterStep) {
        let counter = self.hall.profile.counters[0].no.clone();
        self.does(&Command::Counter { counter, step, fence: None });
    }

    fn ticket(&mut self, ticket: TicketId, step: TicketStep) {
        self.does(&Command::Ticket { ticket, step, fence: None });
    }

    fn calls(&mut self) -> TicketId {
        self.counter(CounterStep::Next { expect: None, finish: None });
        self.hall.counters[&self.hall.profile.counters[0].no].ticket.unwrap()
    }

    fn json(&self, view: &View) -> String {
        let waits = Waits::default();
        let around = Around { now: self.now, demo: false, waits: &waits, devices: &|_| Vec::new(), health: &HealthBrief::default };
        state_json(view, &self.hall, &around).unwrap()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "events ask for it so")]
fn typed() -> Option<FreeText> {
    Some(FreeText::parse(&format!("{SECRET} {SECRET_ZH} 13912345678")).unwrap())
}

/// A day on which everything that can be typed is typed.
fn busy_day() -> Story {
    let mut story = Story::new();
    let account = Account {
        username: format!("{SECRET}-clerk").parse().unwrap(),
        name: SECRET_ZH.to_owned(),
        badge: Some("1023".to_owned()),
        roles: vec![Role::Admin],
        password_hash: SECRET.into(),
        disabled: false,
        teams: Vec::new(),
        skills: Vec::new(),
    };
    story.does(&Command::CreateAccount { account });
    let username = format!("{SECRET}-clerk").parse().unwrap();
    story.does(&Command::StartSession { username, digest: SECRET.into(), replaces: None });
    let device = NewDevice {
        kind: Role::Board,
        name: format!("{SECRET_ZH}-board"),
        counter: None,
        digest: format!("{SECRET}2").into(),
        teams: Vec::new(),
        skills: Vec::new(),
    };
    story.does(&Command::AddDevice { device });
    story.counter(CounterStep::Open);
    let finish = |outcome| Finish {
        outcome,
        reason: typed(),
        solution: typed(),
        materials: typed().into_iter().collect(),
        checks: vec![Check { material: format!("{SECRET}-card").parse().unwrap(), mark: Mark::Missing }],
    };
    for _ in 0..8 {
        story.takes();
    }
    let one = story.calls();
    story.ticket(one, TicketStep::Park { reason: typed() });
    story.ticket(one, TicketStep::Resume { counter: None });
    story.ticket(one, TicketStep::Finish(finish(Outcome::Refused)));
    let two = story.calls();
    story.ticket(two, TicketStep::Recall);
    story.ticket(two, TicketStep::Miss);
    story.ticket(two, TicketStep::Reinstate);
    let three = story.calls();
    story.ticket(three, TicketStep::PutBack { delay_s: None, reason: typed() });
    let four = story.calls();
    let to = story.hall.profile.services.last().unwrap().id.clone();
    story.ticket(four, TicketStep::Transfer { to: Target::Service(to), place: TransferPlace::ByAge, reason: typed() });
    let five = story.takes();
    story.ticket(five, TicketStep::Cancel { reason: typed() });
    let six = story.takes();
    story.counter(CounterStep::Call { ticket: six, expect: None, reason: typed().unwrap() });
    story.ticket(six, TicketStep::Start);
    story.ticket(six, TicketStep::Finish(finish(Outcome::MissingMaterials)));
    story.does(&Command::Rate { ticket: six, grade: 2 });
    let service = story.hall.profile.services[0].id.clone();
    story.does(&Command::CloseService { service, reason: typed() });
    let seven = story.calls();
    story.ticket(seven, TicketStep::Park { reason: typed() });
    story.counter(CounterStep::Pause { reason: typed() });
    story
}

#[test]
fn public_views_name_nobody_whatever_people_typed() {
    let story = busy_day();
    let counter = story.hall.profile.counters[0].no.clone();
    let mut views = vec![View::Board, View::Kiosk, View::Display(counter.clone())];
    views.extend(story.hall.tickets.ids().map(View::Ticket));
    for view in &views {
        let mut shown = vec![story.json(view)];
        shown.extend(story.events.iter().filter_map(|event| event_for(view, event)).map(|event| serde_json::to_string(&event).unwrap()));
        for text in shown {
            for secret in [SECRET, SECRET_ZH, "139", "clerk:", "\"tk_", "\"se_", "\"dv_"] {
                assert!(!text.contains(secret), "{view:?} tells {secret}: {text}");
            }
        }
    }
    // The canaries do sing where they may: staff see what was typed.
    assert!(story.json(&View::Counter(counter)).contains(SECRET_ZH));
}

#[test]
fn no_view_at_all_tells_what_would_let_somebody_in() {
    let story = busy_day();
    let counter = story.hall.profile.counters[0].no.clone();
    for view in [View::Board, View::Kiosk, View::Lead, View::Counter(counter.clone()), View::Display(counter)] {
        for event in &story.events {
            let told = event_for(&view, event).map(|event| serde_json::to_value(event).unwrap());
            assert!(told.is_none_or(|told| told.get("key").is_none() && told.get("digest").is_none()));
            let of_access = ["account.", "session.", "pairing."].iter().any(|kind| event.body.kind().starts_with(kind));
            assert!(!of_access || event_for(&view, event).is_none(), "{view:?} {}", event.body.kind());
        }
    }
}

#[test]
fn lists_stay_short_however_many_wait() {
    let mut story = Story::new();
    story.counter(CounterStep::Open);
    for _ in 0..80 {
        story.takes();
    }
    for _ in 0..60 {
        let called = story.calls();
        story.ticket(called, TicketStep::Miss);
    }
    let counter = story.hall.profile.counters[0].no.clone();
    let read = |view: &View| serde_json::from_str::<serde_json::Value>(&story.json(view)).unwrap();
    let (board, desk, lead) = (read(&View::Board), read(&View::Counter(counter)), read(&View::Lead));
    let len = |value: &serde_json::Value| value.as_array().unwrap().len();
    assert_eq!((len(&board["calls"]), len(&board["missed"])), (8, BOARD_MISSED_MAX));
    assert_eq!(len(&board["services"][0]["next"]).max(BOARD_NEXT_MAX), BOARD_NEXT_MAX);
    assert_eq!((len(&desk["missed"]), len(&lead["missed"])), (COUNTER_TICKETS_MAX, LEAD_TICKETS_MAX));
    assert!(desk["lines"].as_array().unwrap().iter().all(|line| len(&line["head"]) <= HEAD_TICKETS_MAX));
    // The newest call is on top, everywhere.
    let newest = board["calls"][0]["number"].clone();
    assert_eq!((&board["missed"][0], &desk["missed"][0]["number"], &board["calls"][0]["state"]), (&newest, &newest, &"missed".into()));
}

#[test]
fn a_display_and_a_phone_are_told_only_of_their_own() {
    let story = busy_day();
    let counter = &story.hall.profile.counters[1].no;
    let tickets =
        |view: &View| story.events.iter().filter_map(|event| event_for(view, event)).filter(|e| e.kind.starts_with("ticket.")).count();
    assert_eq!(tickets(&View::Display(counter.clone())), 0, "nobody was called there");
    for ticket in story.hall.tickets.values() {
        let told = story.events.iter().filter_map(|event| event_for(&View::Ticket(ticket.id), event));
        let mut numbers = told.filter_map(|event| event.number);
        assert!(numbers.all(|number| number == ticket.number));
    }
}
