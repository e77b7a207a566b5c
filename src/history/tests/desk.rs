//! A hotline that lives: calls, orders and the exchange, decided and folded by the domain itself, with every event it made.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::actor::{Actor, Caller, Role};
use crate::domain::command::{Command, LogCall};
use crate::domain::event::{EVENT_VERSION, Event, EventBody};
use crate::domain::hall::Hall;
use crate::domain::hotline_call::{CallEnd, CallPatch, Disposition, HotlineCall};
use crate::domain::hotline_event::CallEvent;
use crate::domain::ids::{HotlineCallId, OrderNo};
use crate::domain::order_plan::{Category, Cause, ClockRule, Limit, Limits, OrderPlan, TeamPlan};
use crate::domain::phone::Phone;
use crate::domain::profile::Profile;
use crate::domain::refusal::Refusal;
use crate::domain::sla::Pace;
use crate::domain::telephone::{Direction, HangupCause, Signal, SignalState};
use crate::domain::text::{FreeText, Text};
use crate::domain::work_order::{CallbackStep, OrderChange, OrderStep, Reached, ResolveStep, Signature, WorkOrder};
use crate::domain::{apply, decide, turn_day};
use crate::history::project::Line;

pub(super) fn free(text: &str) -> FreeText {
    FreeText::parse(text).unwrap()
}

/// Somebody of the staff.
pub(super) fn staff(role: Role, name: &str) -> Caller {
    Caller::new(Actor::new(role, name, None), role == Role::Lead)
}

fn plan() -> OrderPlan {
    let text = |word: &str| Text { zh: word.to_owned(), en: word.to_owned() };
    let minutes = |minutes| Some(Limit { pace: Pace::Natural, minutes });
    let category = |id: &str| Category {
        id: id.parse().unwrap(),
        parent: None,
        name: text(id),
        visit: true,
        skills: Vec::new(),
        team: Some("repair-east".parse().unwrap()),
        answer_directly: false,
        urges: false,
        emergency: false,
        sealed_default: false,
    };
    let limits = Limits {
        accept: minutes(30),
        contact: minutes(60),
        arrive: minutes(360),
        resolve: minutes(1_440),
        reply: minutes(1_500),
        callback: minutes(2_880),
    };
    let rule = |id: &str| ClockRule { category: id.parse().unwrap(), phase: None, customer_class: None, limits };
    OrderPlan {
        teams: vec![TeamPlan { id: "repair-east".parse().unwrap(), name: text("east"), wip_max: 50, ladder: Vec::new(), phone: None }],
        categories: vec![category("R1"), category("C1")],
        causes: vec![Cause { id: "U1".parse().unwrap(), name: text("air") }],
        clocks: vec![rule("R1"), rule("C1")],
        ..OrderPlan::default()
    }
}

/// A hotline and its whole past.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) hall: Hall,
    pub(super) events: Vec<Event>,
    pub(super) now: DateTime<Utc>,
}

impl Desk {
    /// On a Monday at 10 in the morning, Shanghai time.
    pub(super) fn new() -> Self {
        let mut desk = Self { hall: Hall::default(), events: Vec::new(), now: "2026-11-23T02:00:00Z".parse().unwrap() };
        let mut profile = Box::new(Profile { orders: plan(), ..Profile::default() });
        profile.calendar.zone = chrono_tz::Asia::Shanghai;
        desk.record(EventBody::HallChanged { profile }, &Actor::hall());
        desk.turn();
        desk
    }

    fn record(&mut self, body: EventBody, by: &Actor) {
        let event = Event { rev: self.hall.rev + 1, v: EVENT_VERSION, at: self.now, by: by.clone(), key: None, body };
        apply(&mut self.hall, &event);
        self.events.push(event);
    }

    #[expect(clippy::needless_pass_by_value, reason = "a command is said once")]
    pub(super) fn ask(&mut self, command: Command, caller: &Caller) -> Result<(), Refusal> {
        for body in decide(&self.hall, &command, caller, self.now)? {
            self.record(body, &caller.actor);
        }
        Ok(())
    }

    /// Opens the day, where it is a new one.
    pub(super) fn turn(&mut self) {
        loop {
            let bodies = turn_day(&self.hall, self.now);
            if bodies.is_empty() {
                return;
            }
            for body in bodies {
                self.record(body, &Actor::hall());
            }
        }
    }

    /// Lets time pass; what falls due falls due.
    pub(super) fn passes(&mut self, minutes: i64) {
        let until = self.now + TimeDelta::minutes(minutes);
        while let Some(due) = self.hall.next_due_ms().and_then(DateTime::from_timestamp_millis).filter(|due| *due <= until) {
            self.now = due.max(self.now);
            self.ask(Command::FallDue, &Caller::hall()).unwrap();
        }
        self.now = until;
        self.turn();
    }

    /// A call that goes on.
    pub(super) fn call(&mut self, number: &str, patch: CallPatch) -> HotlineCallId {
        let log = LogCall { caller_number: Phone::read(number, None).unwrap(), ..LogCall::default() };
        let operator = staff(Role::Operator, "li");
        self.ask(Command::LogCall(log), &operator).unwrap();
        let call = self.hall.hotline.open_calls().last().unwrap().id;
        self.ask(Command::ChangeCall { call, patch: Box::new(patch) }, &operator).unwrap();
        call
    }

    pub(super) fn end(&mut self, call: HotlineCallId, disposition: Disposition) -> Option<OrderNo> {
        let end = CallEnd { disposition, note: Some(free("说明")), work_order: None, incident: None };
        self.ask(Command::EndCall { call, end, order: None }, &staff(Role::Operator, "li")).unwrap();
        self.hall.hotline.calls[&call].end.as_ref().unwrap().work_order
    }

    pub(super) fn step(&mut self, no: OrderNo, step: OrderStep, by: &Caller) {
        let token = self.hall.orders.get(no).and_then(|order| order.lease.as_ref()).map(|lease| lease.token);
        self.ask(Command::Order { no, step: Box::new(step), token }, by).unwrap();
    }

    /// Claimed, accepted, contacted, arrived and resolved, without a pause.
    pub(super) fn work(&mut self, no: OrderNo) {
        let wang = staff(Role::Handler, "wang");
        self.ask(Command::Claim { team: "repair-east".parse().unwrap(), lease_s: None }, &wang).unwrap();
        self.step(no, OrderStep::Accept, &wang);
        self.step(no, OrderStep::Contact { outcome: Reached::Reached, number: None, note: None }, &wang);
        self.step(no, OrderStep::Arrive { note: None }, &wang);
        let resolve = ResolveStep {
            action: Some(free("排气")),
            parts: None,
            cause: "U1".parse().unwrap(),
            solved: true,
            unsolved_reason: None,
            valid_claim: true,
            out_of_scope: false,
            public_reply: Some(free("管道有气，已排除")),
            signature: Some(Signature::Signed(free("王小明"))),
            refund_days: None,
        };
        self.step(no, OrderStep::Resolve(Box::new(resolve)), &wang);
    }

    pub(super) fn call_back(&mut self, no: OrderNo, solved: bool, grade: Option<u8>) {
        let how = CallbackStep { reached: true, solved: Some(solved), grade, remark: None, give_up: false };
        self.step(no, OrderStep::Callback(how), &staff(Role::Operator, "li"));
    }

    /// What the exchange tells of one call.
    pub(super) fn signal(&mut self, call_id: &str, state: SignalState, cause: Option<HangupCause>) {
        let mut signal = Signal::new("pbx", call_id, state, Direction::In);
        signal.caller = Some("13900001111".into());
        signal.cause = cause;
        self.ask(Command::PhoneSignal(Box::new(signal)), &Caller::hall()).unwrap();
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        let line = |event: &Event| Line { event: Arc::new(event.clone()), json: serde_json::to_string(event).unwrap().into() };
        self.events.iter().map(line).collect()
    }

    /// Every call that the hall let go of, newest first.
    pub(super) fn archived_calls(&self) -> Vec<HotlineCall> {
        let mut all: Vec<_> = self.events.iter().filter_map(|event| archived_call(&event.body)).collect();
        all.sort_by_key(|call| std::cmp::Reverse(call.id));
        all
    }

    /// Every order that the hall let go of, newest first.
    pub(super) fn archived_orders(&self) -> Vec<WorkOrder> {
        let mut all: Vec<_> = self.events.iter().filter_map(|event| archived_order(&event.body)).collect();
        all.sort_by_key(|order| std::cmp::Reverse(order.no));
        all
    }
}

fn archived_call(body: &EventBody) -> Option<HotlineCall> {
    let EventBody::Call(of) = body else { return None };
    if let CallEvent::Archived { record, .. } = of.as_ref() { Some(record.as_ref().clone()) } else { None }
}

fn archived_order(body: &EventBody) -> Option<WorkOrder> {
    let EventBody::Order(of) = body else { return None };
    if let OrderChange::Archived { order } = &of.change { Some(order.as_ref().clone()) } else { None }
}
