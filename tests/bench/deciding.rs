//! What no product can leave out of a press, with nothing around it: judging it, folding its events in once, writing them down as text.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeZone, Utc};
use warmhall::domain::actor::{Actor, Caller, Role};
use warmhall::domain::command::{Command, CounterStep, Issue};
use warmhall::domain::event::{EVENT_VERSION, Event};
use warmhall::domain::hall::Hall;
use warmhall::domain::ids::{CounterNo, ServiceId, TicketId};
use warmhall::domain::profile::{Class, Profile};
use warmhall::domain::text::Language;
use warmhall::domain::ticket::{Finish, Outcome};
use warmhall::domain::{apply, decide, turn_day};

use super::SERVICES;
use super::house::hall_file;
use super::table::float;

/// Presses that are measured together.
const PRESSES: u64 = 2_000;
/// Who waits before the first of them.
const WAITING: u64 = 20_000;

/// A hall that is decided upon, and nothing else: no door, no Redis, nobody who is told.
pub struct Desk {
    hall: Hall,
    now: DateTime<Utc>,
    lead: Caller,
    counters: usize,
    turn: u64,
    /// Letters written down, so that nothing is left out as useless.
    letters: usize,
}

impl Desk {
    pub fn new(counters: usize) -> Self {
        let profile: Profile = toml::from_str(&hall_file(SERVICES, counters)).unwrap();
        let now = Utc.with_ymd_and_hms(2026, 3, 2, 10, 0, 0).unwrap();
        let lead = Caller::new(Actor::new(Role::Lead, "l1", None), true);
        let mut desk = Self { hall: Hall::default(), now, lead, counters, turn: 0, letters: 0 };
        desk.press(&Command::SetProfile { profile: Box::new(profile) });
        for body in turn_day(&desk.hall, now) {
            desk.fold(body);
        }
        for no in 1..=counters {
            desk.press(&counter(no, CounterStep::Open));
        }
        for _ in 0..WAITING {
            desk.issue();
        }
        desk
    }

    fn fold(&mut self, body: warmhall::domain::event::EventBody) {
        let key = Some(Arc::from("k-64-63-12345"));
        let event = Event { rev: self.hall.rev + 1, v: EVENT_VERSION, at: self.now, by: self.lead.actor.clone(), key, body };
        apply(&mut self.hall, &event);
        self.letters += serde_json::to_string(&event).unwrap().len();
    }

    fn press(&mut self, command: &Command) {
        for body in decide(&self.hall, command, &self.lead, self.now).unwrap() {
            self.fold(body);
        }
        self.now += Duration::from_millis(1);
    }

    fn issue(&mut self) {
        self.turn += 1;
        let service = format!("s{}", self.turn % u64::try_from(SERVICES).unwrap()).parse::<ServiceId>().unwrap();
        self.press(&Command::Issue(Issue { service, class: Class::Ordinary, language: Language::Zh, appointment_at: None, wait: None }));
    }

    fn next(&mut self) {
        self.turn += 1;
        let no = usize::try_from(self.turn).unwrap() % self.counters + 1;
        let in_hand = self.hall.counters[&counter_no(no)].ticket;
        self.press(&next_step(no, in_hand));
    }

    /// Processor time of one number, in microseconds.
    pub fn issue_us(&mut self) -> f64 {
        let begin = Instant::now();
        (0..PRESSES).for_each(|_| self.issue());
        std::hint::black_box(self.letters);
        begin.elapsed().as_secs_f64() * 1_000_000.0 / float(PRESSES)
    }

    /// Processor time of one "next", in microseconds; as many come in as are called, unmeasured.
    pub fn next_us(&mut self) -> f64 {
        (0..PRESSES).for_each(|_| self.issue());
        let begin = Instant::now();
        (0..PRESSES).for_each(|_| self.next());
        std::hint::black_box(self.letters);
        begin.elapsed().as_secs_f64() * 1_000_000.0 / float(PRESSES)
    }
}

fn counter_no(no: usize) -> CounterNo {
    no.to_string().parse().unwrap()
}

fn counter(no: usize, step: CounterStep) -> Command {
    Command::Counter { counter: counter_no(no), step, fence: None }
}

fn next_step(no: usize, in_hand: Option<TicketId>) -> Command {
    let done = Finish { outcome: Outcome::Done, reason: None, solution: None, materials: Vec::new(), checks: Vec::new() };
    counter(no, CounterStep::Next { expect: in_hand, finish: in_hand.map(|_| done) })
}
