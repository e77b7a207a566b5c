//! Random days of a small hall, decided and folded by the domain itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use proptest::prelude::*;

use crate::domain::access::Account;
use crate::domain::actor::{Actor, Caller, Role};
use crate::domain::command::{Command, CounterStep, Issue, NewDevice, TicketStep};
use crate::domain::event::{EVENT_VERSION, Event, EventBody};
use crate::domain::forecast::Range;
use crate::domain::hall::{Hall, ServiceTally};
use crate::domain::ids::{CounterNo, ServiceId, TicketId};
use crate::domain::profile::{Class, CounterPlan, Offer, Profile, Service};
use crate::domain::text::{FreeText, Language, Text};
use crate::domain::ticket::{Finish, Outcome, Target, Ticket, TransferPlace};
use crate::domain::{apply, decide, turn_day};
use crate::history::project::Line;
use crate::history::{History, Options};

/// Stands wherever a secret is.
pub(super) const CANARY: &str = "c4n4ry";
/// Stands in what people said.
pub(super) const WORDS: &str = "热水管w0rds";

#[derive(Debug, Clone)]
pub(super) enum Op {
    Issue { service: usize, class: usize, wait: Option<(u32, u32)> },
    Next { counter: usize, outcome: usize },
    Step { pick: usize, step: usize },
    Pass { s: i64 },
    Day,
    Rate { pick: usize, grade: u8 },
    Staff,
}

pub(super) fn ops(most: usize) -> impl Strategy<Value = Vec<Op>> {
    let wait = proptest::option::of((0_u32..20, 0_u32..30).prop_map(|(low, more)| (low, low + more)));
    let op = prop_oneof![
        6 => (0_usize..3, 0_usize..4, wait).prop_map(|(service, class, wait)| Op::Issue { service, class, wait }),
        6 => (0_usize..2, 0_usize..5).prop_map(|(counter, outcome)| Op::Next { counter, outcome }),
        6 => (any::<usize>(), 0_usize..11).prop_map(|(pick, step)| Op::Step { pick, step }),
        4 => (0_i64..1_500).prop_map(|s| Op::Pass { s }),
        1 => Just(Op::Pass { s: -300 }),
        1 => Just(Op::Day),
        2 => (any::<usize>(), 1_u8..=5).prop_map(|(pick, grade)| Op::Rate { pick, grade }),
        1 => Just(Op::Staff),
    ];
    proptest::collection::vec(op, 1..most)
}

/// A hall that lives, and everything it ever knew.
#[derive(Clone)]
pub(super) struct Sim {
    pub(super) hall: Hall,
    pub(super) events: Vec<Event>,
    /// Every ticket as the hall knew it last.
    pub(super) tickets: BTreeMap<TicketId, Ticket>,
    pub(super) tallies: BTreeMap<(NaiveDate, ServiceId), ServiceTally>,
    /// Judged and kept promises of every day.
    pub(super) promises: BTreeMap<NaiveDate, (u32, u32)>,
    now: DateTime<Utc>,
}

fn words() -> FreeText {
    FreeText::parse(WORDS).unwrap()
}

fn text(word: &str) -> Text {
    Text { zh: word.to_owned(), en: word.to_owned() }
}

fn profile() -> Profile {
    let service = |id: &str, prefix: &str| Service {
        id: id.parse().unwrap(),
        prefix: prefix.parse().unwrap(),
        name: text(id),
        hint: None,
        minutes: 5,
        daily_cap: None,
        area: None,
        materials: Vec::new(),
    };
    let offer = |id: &str, offset_min: u32| Offer { service: id.parse().unwrap(), offset_min };
    let counter = |no: &str, services: Vec<Offer>| CounterPlan { no: no.parse().unwrap(), name: None, services };
    Profile {
        name: text("hall"),
        languages: vec![Language::Zh, Language::En],
        services: vec![service("pay", "A"), service("repair", "B"), service("apply", "C")],
        counters: vec![counter("1", vec![offer("pay", 0), offer("repair", 5)]), counter("2", vec![offer("repair", 0), offer("apply", 0)])],
        ..Profile::default()
    }
}

impl Sim {
    pub(super) fn new() -> Self {
        let now = DateTime::from_timestamp_millis(1_795_400_000_123).unwrap();
        let mut sim = Self {
            hall: Hall::default(),
            events: Vec::new(),
            tickets: BTreeMap::new(),
            tallies: BTreeMap::new(),
            promises: BTreeMap::new(),
            now,
        };
        sim.ask(&Command::Create { link_key: CANARY.into() });
        sim.ask(&Command::SetProfile { profile: Box::new(profile()) });
        sim.turn();
        for no in ["1", "2"] {
            sim.ask(&Command::Counter { counter: no.parse().unwrap(), step: CounterStep::Open, fence: None });
        }
        sim
    }

    pub(super) fn after(ops: &[Op]) -> Self {
        let mut sim = Self::new();
        for op in ops {
            sim.play(op);
        }
        sim
    }

    fn record(&mut self, body: EventBody, by: Actor) {
        if matches!(body, EventBody::DayOpened { .. }) {
            self.note_day();
        }
        let event = Event { rev: self.hall.rev + 1, v: EVENT_VERSION, at: self.now, by, key: None, body };
        apply(&mut self.hall, &event);
        if let Some(ticket) = event.body.ticket().and_then(|id| self.hall.tickets.get(&id)) {
            let known = Ticket { place: None, not_before_ms: None, miss_at_ms: None, ..ticket.clone() };
            self.tickets.insert(ticket.id, known);
        }
        self.events.push(event);
    }

    /// Remembers what the hall counted today, before it forgets.
    pub(super) fn note_day(&mut self) {
        let Some(day) = self.hall.day else { return };
        for (service, tally) in &self.hall.tallies {
            self.tallies.insert((day, service.clone()), tally.clone());
        }
        self.promises.insert(day, (self.hall.calibration.judged(), self.hall.calibration.kept()));
    }

    fn ask(&mut self, command: &Command) {
        let caller = Caller::new(Actor::new(Role::Lead, "lin", None), true);
        // A refusal changes nothing: so be it.
        for body in decide(&self.hall, command, &caller, self.now).unwrap_or_default() {
            self.record(body, caller.actor.clone());
        }
    }

    fn turn(&mut self) {
        loop {
            let bodies = turn_day(&self.hall, self.now);
            if bodies.is_empty() {
                return;
            }
            for body in bodies {
                self.record(body, Actor::hall());
            }
        }
    }

    pub(super) fn play(&mut self, op: &Op) {
        self.turn();
        match *op {
            Op::Issue { service, class, wait } => self.ask(&Command::Issue(Issue {
                service: self.hall.profile.services[service].id.clone(),
                class: Class::ALL[class],
                language: if class == 0 { Language::En } else { Language::Zh },
                appointment_at: None,
                wait: wait.map(|(low_min, high_min)| Range { low_min, high_min }),
            })),
            Op::Next { counter, outcome } => {
                let no: CounterNo = ["1", "2"][counter].parse().unwrap();
                let expect = self.hall.counters[&no].ticket;
                let finish = expect.map(|_| finish(outcome));
                self.ask(&Command::Counter { counter: no, step: CounterStep::Next { expect, finish }, fence: None });
            }
            Op::Step { pick, step } => self.step(pick, step),
            Op::Pass { s } => {
                self.now += Duration::seconds(s);
                self.ask(&Command::FallDue);
            }
            Op::Day => self.now += Duration::days(1),
            Op::Rate { pick, grade } => {
                if let Some(ticket) = self.pick(pick) {
                    self.ask(&Command::Rate { ticket, grade });
                }
            }
            Op::Staff => self.staff(),
        }
    }

    fn pick(&self, pick: usize) -> Option<TicketId> {
        self.hall.tickets.ids().nth(pick % self.hall.tickets.len().max(1))
    }

    fn step(&mut self, pick: usize, step: usize) {
        let Some(ticket) = self.pick(pick) else { return };
        let service = |id: &str| Target::Service(id.parse().unwrap());
        let step = match step {
            0 => TicketStep::Recall,
            1 => TicketStep::Start,
            2 => TicketStep::Miss,
            3 => TicketStep::Reinstate,
            4 => TicketStep::Park { reason: Some(words()) },
            5 => TicketStep::Resume { counter: None },
            6 => TicketStep::PutBack { delay_s: Some(30), reason: None },
            7 => TicketStep::Transfer { to: service("repair"), place: TransferPlace::ByAge, reason: Some(words()) },
            8 => TicketStep::Transfer { to: Target::Counter("2".parse().unwrap()), place: TransferPlace::Front, reason: None },
            9 => TicketStep::Finish(finish(1)),
            _ => TicketStep::Cancel { reason: Some(words()) },
        };
        self.ask(&Command::Ticket { ticket, step, fence: None });
    }

    /// Everything that carries a secret.
    fn staff(&mut self) {
        let n = self.hall.rev;
        let secret = |what: &str| Arc::<str>::from(format!("{CANARY}-{what}-{n}"));
        let username = format!("u{n}").parse::<crate::domain::ids::Username>().unwrap();
        let account = Account {
            username: username.clone(),
            name: "王芳".to_owned(),
            badge: None,
            roles: vec![Role::Clerk],
            password_hash: secret("hash"),
            disabled: false,
            teams: Vec::new(),
            skills: Vec::new(),
        };
        self.ask(&Command::CreateAccount { account: account.clone() });
        self.ask(&Command::StartSession { username, digest: secret("session"), replaces: None });
        self.ask(&Command::ChangeAccount { account: Account { password_hash: secret("other"), ..account } });
        self.ask(&Command::StartPairing { kind: Role::Board, code: secret("code"), claim_digest: secret("claim") });
        self.ask(&Command::ApprovePairing { code: secret("code"), name: "board".to_owned(), counter: None });
        let device = NewDevice {
            kind: Role::Kiosk,
            name: "k".to_owned(),
            counter: None,
            digest: secret("device"),
            teams: Vec::new(),
            skills: Vec::new(),
        };
        self.ask(&Command::AddDevice { device });
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        let line = |event: &Event| Line { event: Arc::new(event.clone()), json: serde_json::to_string(event).unwrap().into() };
        self.events.iter().map(line).collect()
    }

    /// The events as outsiders may know them.
    pub(super) fn clean(&self) -> Vec<Event> {
        let clean = |event: &Event| Event { body: event.body.clone().without_secrets(), ..event.clone() };
        self.events.iter().map(clean).collect()
    }

    pub(super) fn days(&self) -> (NaiveDate, NaiveDate) {
        // The hall itself remembers only the latest days.
        let opened = self.events.iter().filter_map(|event| {
            let EventBody::DayOpened { service_day } = &event.body else { return None };
            Some(*service_day)
        });
        (opened.min().unwrap(), self.hall.day.unwrap())
    }
}

fn finish(outcome: usize) -> Finish {
    let outcomes = [Outcome::Done, Outcome::Refused, Outcome::MissingMaterials, Outcome::InfoOnly, Outcome::WorkOrder];
    Finish {
        outcome: outcomes[outcome],
        reason: Some(words()),
        solution: (outcome == 1).then(words),
        materials: if outcome == 2 { vec![words()] } else { Vec::new() },
        checks: Vec::new(),
    }
}

pub(super) async fn open(dir: &Path) -> History {
    History::open(Options { path: dir.join(crate::history::FILE) }).await.unwrap()
}

pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Whether any file in the folder holds these bytes.
pub(super) fn holds(dir: &Path, needle: &str) -> bool {
    let files = std::fs::read_dir(dir).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.windows(needle.len()).any(|window| window == needle.as_bytes()))
}

/// Every row of every table, as text.
pub(super) async fn dump(history: &History) -> Vec<String> {
    let look = |conn: &rusqlite::Connection| {
        let mut all = Vec::new();
        let derived = ["segments", "events", "days", "tickets", "legs", "calls", "forecasts"];
        let counted = ["call_facts", "phone_facts", "order_now", "order_marks"];
        let records = ["hotline_calls", "hotline_call_words", "work_orders", "work_order_words"];
        for table in derived.into_iter().chain(counted).chain(records) {
            let mut find = conn.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2"))?;
            let columns = find.column_count();
            let mut found = find.query([])?;
            while let Some(row) = found.next()? {
                let cells: Vec<rusqlite::types::Value> = (0..columns).map(|i| row.get(i)).collect::<Result<_, _>>()?;
                all.push(format!("{table} {cells:?}"));
            }
        }
        Ok(all)
    };
    history.inner.base.read(look).await.unwrap()
}
