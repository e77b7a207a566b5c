//! Plays work orders through their lives: what is owed, to whom, until when, and what must never happen.

use chrono::{DateTime, TimeDelta, Utc};

use super::actor::{Actor, Caller, Role};
use super::command::{Command, LogCall};
use super::event::{EVENT_VERSION, Event, EventBody};
use super::hall::Hall;
use super::hotline_call::{Address, CallEnd, CallPatch, Disposition};
use super::ids::{HotlineCallId, IncidentId, OrderNo, TeamId};
use super::incident::IncidentFacts;
use super::order_plan::{Category, Cause, ClockRule, Limit, Limits, OrderPlan, TeamPlan};
use super::orders::Desk;
use super::phone::Phone;
use super::profile::Profile;
use super::refusal::Refusal;
use super::sla::{ClockKind, ClockState, Pace};
use super::text::{FreeText, Text};
use super::work_order::{
    CallbackStep, CoAssignStep, Customer, NewOrder, OrderChange, OrderState, OrderStep, Reached, ReopenCause, ResolveStep, WorkOrder,
};
use super::{apply, decide, turn_day};

pub(super) fn text(of: &str) -> Text {
    Text { zh: of.to_owned(), en: of.to_owned() }
}

pub(super) fn free(of: &str) -> FreeText {
    FreeText::parse(of).unwrap()
}

pub(super) fn plan() -> OrderPlan {
    let minutes = |minutes| Some(Limit { pace: Pace::Natural, minutes });
    let team = |id: &str| TeamPlan { id: id.parse().unwrap(), name: text(id), wip_max: 3, ladder: Vec::new(), phone: None };
    let category = |id: &str, visit| Category {
        id: id.parse().unwrap(),
        parent: None,
        name: text(id),
        visit,
        skills: Vec::new(),
        team: Some("repair-east".parse().unwrap()),
        answer_directly: false,
        urges: id == "Z5",
        emergency: id == "E1",
        sealed_default: false,
    };
    OrderPlan {
        teams: vec![team("repair-east"), team("repair-west")],
        categories: vec![category("R1", true), category("E1", true), category("F1", false), category("C1", false), category("Z5", false)],
        causes: vec![Cause { id: "U1".parse().unwrap(), name: text("air") }],
        clocks: ["R1", "E1", "F1"]
            .map(|id| ClockRule {
                category: id.parse().unwrap(),
                phase: None,
                customer_class: None,
                limits: Limits {
                    accept: minutes(30),
                    contact: minutes(60),
                    arrive: minutes(if id == "E1" { 45 } else { 360 }),
                    resolve: minutes(1_440),
                    reply: minutes(1_500),
                    callback: minutes(2_880),
                },
            })
            .into_iter()
            .chain([complaints()])
            .collect(),
        ..OrderPlan::default()
    }
}

/// A complaint is accepted by the next working day, and only to be answered.
pub(super) fn complaints() -> ClockRule {
    let limits = Limits {
        accept: Some(Limit { pace: Pace::Working, minutes: 480 }),
        reply: Some(Limit { pace: Pace::Natural, minutes: 4_320 }),
        ..Limits::default()
    };
    ClockRule { category: "C1".parse().unwrap(), phase: None, customer_class: None, limits }
}

/// A hall at an instant, with people who ask things of it; every event also goes through its JSON.
pub(super) struct Play {
    pub(super) hall: Hall,
    pub(super) now: DateTime<Utc>,
}

impl Play {
    pub(super) fn new() -> Self {
        let now = "2026-11-23T06:00:00Z".parse().unwrap();
        let mut play = Self { hall: Hall::default(), now };
        play.hall.profile = Profile { orders: plan(), ..Profile::default() };
        for body in turn_day(&play.hall, now) {
            play.fold(body, &Actor::hall());
        }
        play
    }

    pub(super) fn fold(&mut self, body: EventBody, by: &Actor) {
        let event = Event { rev: self.hall.rev + 1, v: EVENT_VERSION, at: self.now, by: by.clone(), key: None, body };
        let json = serde_json::to_string(&event).unwrap();
        let read: Event = serde_json::from_str(&json).unwrap_or_else(|e| panic!("{e}: {json}"));
        assert_eq!(read, event, "{json}");
        apply(&mut self.hall, &event);
    }

    #[expect(clippy::needless_pass_by_value, reason = "a command is said once")]
    pub(super) fn ask(&mut self, command: Command, caller: &Caller) -> Result<Vec<EventBody>, Refusal> {
        let bodies = decide(&self.hall, &command, caller, self.now)?;
        for body in bodies.clone() {
            self.fold(body, &caller.actor);
        }
        self.check_lookups();
        Ok(bodies)
    }

    /// What is saved is the whole hall, and the lookups that are kept in step are those that a restart would make.
    pub(super) fn check_lookups(&self) {
        let json = serde_json::to_string(&self.hall.to_save()).unwrap();
        let mut read: Hall = serde_json::from_str(&json).unwrap();
        read.reindex();
        assert_eq!(read, self.hall);
    }

    pub(super) fn step(&mut self, no: OrderNo, step: OrderStep, token: Option<u64>, caller: &Caller) -> Result<(), Refusal> {
        self.ask(Command::Order { no, step: Box::new(step), token }, caller).map(drop)
    }

    pub(super) fn later(&mut self, minutes: i64) {
        self.now += TimeDelta::minutes(minutes);
        while self.hall.next_due_ms().is_some_and(|due| due <= self.now.timestamp_millis()) {
            let events = self.ask(Command::FallDue, &Caller::hall()).unwrap();
            assert!(!events.is_empty(), "something is due for ever");
        }
    }

    pub(super) fn order(&self, no: OrderNo) -> &WorkOrder {
        self.hall.orders.get(no).unwrap()
    }

    /// A call about one flat, not ended.
    pub(super) fn call(&mut self, number: &str, community: &str, room: &str) -> HotlineCallId {
        let log = LogCall { caller_number: Phone::read(number, None).unwrap(), ..LogCall::default() };
        self.ask(Command::LogCall(log), &operator()).unwrap();
        let call = self.hall.hotline.open_calls().last().unwrap().id;
        let address = Address { community: Some(free(community)), room: Some(free(room)), share_ppm: Some(2_000), ..Address::default() };
        let patch = CallPatch { address: Some(address), category: Some(Some("R1".parse().unwrap())), ..CallPatch::default() };
        self.ask(Command::ChangeCall { call, patch: Box::new(patch) }, &operator()).unwrap();
        call
    }

    pub(super) fn ends_as_order(&mut self, call: HotlineCallId) -> OrderNo {
        let end = CallEnd { disposition: Disposition::WorkOrder, note: None, work_order: None, incident: None };
        self.ask(Command::EndCall { call, end, order: None }, &operator()).unwrap();
        self.hall.hotline.calls[&call].end.as_ref().unwrap().work_order.unwrap()
    }

    /// Claimed, accepted, contacted, arrived: gives the lease's token.
    pub(super) fn worked(&mut self, no: OrderNo, by: &Caller) -> u64 {
        let team = self.order(no).team.clone().unwrap();
        self.ask(Command::Claim { team, lease_s: None }, by).unwrap();
        let token = self.order(no).lease.as_ref().unwrap().token;
        self.step(no, OrderStep::Accept, Some(token), by).unwrap();
        self.step(no, OrderStep::Contact { outcome: Reached::Reached, number: None, note: None }, Some(token), by).unwrap();
        self.step(no, OrderStep::Arrive { note: None }, Some(token), by).unwrap();
        token
    }

    pub(super) fn resolve(&mut self, no: OrderNo, token: u64, by: &Caller) {
        self.step(no, resolving(Some("vented the radiator")), Some(token), by).unwrap();
    }
}

pub(super) fn operator() -> Caller {
    Caller::new(Actor::new(Role::Operator, "li", None), false)
}

pub(super) fn handler(name: &str) -> Caller {
    Caller::new(Actor::new(Role::Handler, name, None), false)
}

pub(super) fn lead() -> Caller {
    Caller::new(Actor::new(Role::Lead, "zhao", None), true)
}

pub(super) fn resolving(action: Option<&str>) -> OrderStep {
    OrderStep::Resolve(Box::new(ResolveStep {
        action: action.map(free),
        parts: None,
        cause: "U1".parse().unwrap(),
        solved: true,
        unsolved_reason: None,
        valid_claim: true,
        out_of_scope: false,
        public_reply: Some(free("air was in the pipe")),
        signature: None,
        refund_days: None,
    }))
}

pub(super) fn heard(solved: bool, grade: u8) -> OrderStep {
    OrderStep::Callback(CallbackStep { reached: true, solved: Some(solved), grade: Some(grade), remark: None, give_up: false })
}

#[test]
fn a_call_becomes_an_order_that_ends_only_when_the_customer_was_called_back() {
    let mut play = Play::new();
    let call = play.call("139 1234 5678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    assert_eq!(no.to_string(), "20261123-0001");
    assert_eq!(play.order(no).state, OrderState::Dispatched);
    assert_eq!(play.order(no).customer.phone.as_ref().unwrap().number(), "13912345678");
    assert_eq!(play.hall.orders.waiting(&"repair-east".parse().unwrap()), 1);
    let wang = handler("wang");
    let token = play.worked(no, &wang);
    assert_eq!(play.hall.orders.waiting(&"repair-east".parse().unwrap()), 0);
    assert_eq!(play.step(no, heard(true, 5), None, &operator()), Err(Refusal::OrderWrongState { state: OrderState::Arrived }));
    play.resolve(no, token, &wang);
    assert_eq!(play.hall.orders.desk_count(Desk::Callback), 1);
    assert_eq!(play.step(no, heard(true, 5), None, &wang), Err(Refusal::CallbackByHandler));
    play.step(no, heard(true, 5), None, &operator()).unwrap();
    let order = play.order(no);
    assert_eq!(order.state, OrderState::Closed);
    assert!(order.clocks.iter().all(|(_, clock)| clock.state(play.now) == ClockState::Done));
    assert!(play.hall.next_due_ms().is_none(), "nothing is due for what is closed");
    assert!(order.reply.is_some() && order.handlers.contains("handler:wang"));
}

#[test]
fn work_counts_as_done_only_with_contact_arrival_and_action() {
    let mut play = Play::new();
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    let wang = handler("wang");
    play.step(no, OrderStep::Accept, None, &wang).unwrap();
    let token = play.order(no).lease.as_ref().map(|lease| lease.token);
    let missing = |missing: &[&'static str]| Err(Refusal::ResolutionIncomplete { missing: missing.to_vec() });
    assert_eq!(play.step(no, resolving(None), token, &wang), missing(&["contact", "arrive", "action"]));
    play.step(no, OrderStep::Contact { outcome: Reached::NoAnswer, number: None, note: None }, token, &wang).unwrap();
    assert_eq!(play.step(no, resolving(Some("x")), token, &wang), missing(&["contact", "arrive"]));
    play.step(no, OrderStep::Contact { outcome: Reached::Reached, number: None, note: None }, token, &wang).unwrap();
    assert_eq!(play.step(no, resolving(Some("x")), token, &wang), missing(&["arrive"]));
    play.step(no, OrderStep::Arrive { note: None }, token, &wang).unwrap();
    assert_eq!(play.step(no, resolving(None), token, &wang), missing(&["action"]));
    play.step(no, resolving(Some("x")), token, &wang).unwrap();
}

#[test]
fn a_lease_that_runs_out_returns_the_order_one_level_up_and_its_token_is_stale() {
    let mut play = Play::new();
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    let (wang, chen) = (handler("wang"), handler("chen"));
    let team: super::ids::TeamId = "repair-east".parse().unwrap();
    play.ask(Command::Claim { team: team.clone(), lease_s: Some(60) }, &wang).unwrap();
    let old = play.order(no).lease.as_ref().map(|lease| lease.token);
    assert!(play.ask(Command::Claim { team: team.clone(), lease_s: None }, &chen).unwrap().is_empty(), "nobody shares an order");
    play.later(2);
    assert_eq!((play.order(no).escalation, play.order(no).lease.is_none()), (1, true));
    play.ask(Command::Claim { team, lease_s: None }, &chen).unwrap();
    assert_eq!(play.step(no, OrderStep::Accept, old, &wang), Err(Refusal::StaleLease));
    assert_eq!(play.step(no, OrderStep::Accept, None, &wang), Err(Refusal::StaleLease));
    let new = play.order(no).lease.as_ref().map(|lease| lease.token);
    assert_eq!(play.step(no, OrderStep::Accept, new, &wang), Err(Refusal::StaleLease), "a token is no use in other hands");
    play.step(no, OrderStep::Accept, new, &chen).unwrap();
    // An accepted order that nobody speaks of for too long goes back as well.
    play.later(14_400 / 60 + 1);
    assert_eq!(play.order(no).state, OrderState::Dispatched);
    assert_eq!(play.step(no, OrderStep::Arrive { note: None }, new, &chen), Err(Refusal::StaleLease));
}

#[test]
fn nobody_takes_more_than_the_team_allows() {
    let mut play = Play::new();
    for room in 1..=4 {
        let call = play.call("13912345678", "阳光花园", &room.to_string());
        play.ends_as_order(call);
    }
    let claim = || Command::Claim { team: "repair-east".parse().unwrap(), lease_s: None };
    for _ in 0..3 {
        assert_eq!(play.ask(claim(), &handler("wang")).unwrap().len(), 1);
    }
    assert_eq!(play.ask(claim(), &handler("wang")), Err(Refusal::WipLimit { max: 3 }));
    let elsewhere = Caller { teams: ["repair-west".parse().unwrap()].into(), ..handler("chen") };
    assert_eq!(play.ask(claim(), &elsewhere), Err(Refusal::NotYourTeam));
}

#[test]
fn clocks_are_told_once_each_and_stand_still_while_the_customer_is_waited_for() {
    let mut play = Play::new();
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    play.later(31);
    let told = |play: &Play, what: &str| play.order(no).story.iter().filter(|line| &*line.what == what).count();
    // Accept was told at 50 %, 80 % and 100 %; contact at 50 %.
    assert_eq!((told(&play, "work_order.clock_breached"), play.order(no).escalation), (1, 1));
    let wang = handler("wang");
    play.step(no, OrderStep::Accept, None, &wang).unwrap();
    let token = play.order(no).lease.as_ref().map(|lease| lease.token);
    play.step(no, OrderStep::Contact { outcome: Reached::Reached, number: None, note: None }, token, &wang).unwrap();
    let left = |play: &Play| play.order(no).clocks.get(ClockKind::Arrive).unwrap().left_ms(play.now, play.hall.profile.working());
    let before = left(&play);
    let until = Some(play.now + TimeDelta::days(5));
    play.step(no, OrderStep::Wait { reason: free("the customer is away"), until }, token, &wang).unwrap();
    assert_eq!(play.order(no).next_event_ms(), until.map(|until| until.timestamp_millis()), "nothing but its end");
    play.later(5_000);
    assert_eq!(left(&play), before);
    play.step(no, OrderStep::Continue { note: None }, token, &wang).unwrap();
    assert_eq!((play.order(no).state, left(&play)), (OrderState::Contacted, before));
    assert_eq!(told(&play, "work_order.clock_breached"), 1);
}

#[test]
fn the_same_flat_urges_its_order_and_a_repeat_opens_it_again() {
    let mut play = Play::new();
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    let again = play.call("13900000000", "阳光花园", "501");
    assert_eq!(play.ends_as_order(again), no, "not a second order");
    assert_eq!((play.order(no).urge_count, play.hall.orders.all.len()), (1, 1));
    let other = play.call("13900000000", "阳光花园", "502");
    assert_ne!(play.ends_as_order(other), no);
    let wang = handler("wang");
    let token = play.worked(no, &wang);
    play.resolve(no, token, &wang);
    play.step(no, heard(true, 4), None, &operator()).unwrap();
    play.later(3 * 1_440);
    let repeat = play.call("13912345678", "阳光花园", "501");
    assert_eq!(play.ends_as_order(repeat), no);
    assert_eq!((play.order(no).state, play.order(no).reopened), (OrderState::Dispatched, 1));
}

#[test]
fn a_bad_grade_opens_it_again_and_an_unreached_customer_is_tried_three_times() {
    let mut play = Play::new();
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    let wang = handler("wang");
    let token = play.worked(no, &wang);
    play.resolve(no, token, &wang);
    play.step(no, heard(true, 2), None, &operator()).unwrap();
    assert_eq!((play.order(no).state, play.order(no).reopened), (OrderState::Dispatched, 1));
    play.later(10);
    let token = play.worked(no, &wang);
    play.resolve(no, token, &wang);
    let vain = |give_up| OrderStep::Callback(CallbackStep { reached: false, solved: None, grade: None, remark: None, give_up });
    assert!(play.step(no, vain(true), None, &operator()).is_err());
    play.step(no, vain(false), None, &operator()).unwrap();
    play.step(no, vain(false), None, &operator()).unwrap();
    assert_eq!(play.order(no).state, OrderState::Resolved);
    play.step(no, vain(true), None, &operator()).unwrap();
    assert_eq!(play.order(no).state, OrderState::Closed);
}

#[test]
fn returned_twice_it_goes_to_the_lead() {
    let mut play = Play::new();
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    let west = || OrderStep::Dispatch { team: "repair-west".parse().unwrap(), category: None };
    play.step(no, OrderStep::Return { code: None, reason: Some(free("not our pipe")) }, None, &handler("wang")).unwrap();
    assert_eq!((play.order(no).state, play.hall.orders.desk_count(Desk::Review)), (OrderState::Review, 1));
    play.step(no, west(), None, &operator()).unwrap();
    play.step(no, OrderStep::Return { code: None, reason: Some(free("nor ours")) }, None, &handler("chen")).unwrap();
    assert_eq!(play.order(no).escalation, 1);
    assert_eq!(play.step(no, west(), None, &operator()), Err(Refusal::LeadOnly));
    play.step(no, west(), None, &lead()).unwrap();
}

#[test]
fn more_time_is_asked_before_the_deadline_and_granted_or_denied() {
    let mut play = Play::new();
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    let due = play.order(no).clocks.get(ClockKind::Resolve).unwrap().due.unwrap();
    let extend = |until| OrderStep::Extend { clock: ClockKind::Resolve, until, reason: free("a part is on its way") };
    assert_eq!(play.step(no, OrderStep::Grant { note: None }, None, &lead()), Err(Refusal::NoExtensionAsked));
    play.step(no, extend(due + TimeDelta::hours(8)), None, &lead()).unwrap();
    assert_eq!(play.hall.orders.desk_count(Desk::Extension), 1);
    play.step(no, OrderStep::Deny { note: None }, None, &lead()).unwrap();
    play.step(no, extend(due + TimeDelta::hours(4)), None, &lead()).unwrap();
    play.step(no, OrderStep::Grant { note: None }, None, &lead()).unwrap();
    assert_eq!(play.order(no).clocks.get(ClockKind::Resolve).unwrap().due, Some(due + TimeDelta::hours(4)));
    play.later(2_000);
    let late = extend(play.now + TimeDelta::hours(9));
    assert_eq!(play.step(no, late, None, &lead()), Err(Refusal::ExtensionTooLate));
}

#[test]
fn a_deferred_order_comes_back_on_its_date_and_merged_ones_have_no_clock() {
    let mut play = Play::new();
    let first = play.call("13912345678", "阳光花园", "501");
    let first = play.ends_as_order(first);
    let second = play.call("13900000000", "阳光花园", "502");
    let second = play.ends_as_order(second);
    let until = "2026-12-01".parse().unwrap();
    play.step(first, OrderStep::Defer { until, reason: free("in summer") }, None, &lead()).unwrap();
    play.step(second, OrderStep::Merge { into: first }, None, &lead()).unwrap();
    assert!(play.order(second).next_event_ms().is_none());
    play.later(3 * 1_440);
    assert_eq!(play.order(first).state, OrderState::Deferred);
    play.later(8 * 1_440);
    assert_eq!(play.order(first).state, OrderState::Dispatched);
    play.step(second, OrderStep::Unmerge, None, &lead()).unwrap();
    assert_eq!(play.order(second).state, OrderState::Dispatched);
    assert!(play.order(first).children.is_empty());
}

pub(super) fn facts(community: &str) -> Box<IncidentFacts> {
    Box::new(IncidentFacts {
        title: free("the station's pump"),
        communities: vec![free(community)],
        station: None,
        category: "R1".parse().unwrap(),
        script: None,
        expected_end: None,
    })
}

#[test]
fn an_incidents_callers_are_answered_one_by_one() {
    let mut play = Play::new();
    let first = play.call("13911111111", "阳光花园", "501");
    play.ask(Command::OpenIncident { facts: facts("阳光花园"), call: Some(first) }, &operator()).unwrap();
    let incident: IncidentId = play.hall.hotline.open_incidents().next().unwrap().id;
    let second = play.call("13922222222", "阳光花园", "502");
    let end = CallEnd { disposition: Disposition::Attached, note: None, work_order: None, incident: Some(incident) };
    play.ask(Command::EndCall { call: second, end, order: None }, &operator()).unwrap();
    let known = play.hall.hotline.incidents[&incident].clone();
    assert_eq!(known.attached.len(), 2);
    assert_eq!(play.ask(Command::AttachCall { incident, call: second }, &operator()), Err(Refusal::AlreadyAttached));
    let wang = handler("wang");
    let token = play.worked(known.master, &wang);
    play.resolve(known.master, token, &wang);
    assert!(!play.hall.hotline.incidents[&incident].is_open());
    assert_eq!(play.hall.orders.desk_count(Desk::Callback), 2, "each caller, and not the master, who has no customer");
    assert_eq!(play.order(known.master).state, OrderState::Closed);
    for child in known.attached.values() {
        assert_eq!(play.order(*child).state, OrderState::Resolved);
        assert_eq!(play.step(*child, heard(true, 5), None, &wang), Err(Refusal::CallbackByHandler));
        play.step(*child, heard(true, 5), None, &operator()).unwrap();
        assert_eq!(play.order(*child).state, OrderState::Closed);
    }
}

#[test]
fn many_calls_from_one_community_are_suspected_while_the_last_is_on_the_line() {
    let mut play = Play::new();
    let mut suspected = Vec::new();
    for room in 1..=8 {
        play.now += TimeDelta::seconds(30);
        play.call(&format!("1390000000{room}"), "阳光花园", &room.to_string());
        suspected.push(play.hall.hotline.suspicions.len());
    }
    assert_eq!(suspected.last(), Some(&1), "{suspected:?}");
    play.ask(Command::DismissSuspicion { community: free("阳光花园") }, &lead()).unwrap();
    assert!(play.hall.hotline.suspicions.is_empty());
}

#[test]
fn a_new_calendar_keeps_the_working_time_that_is_left() {
    let mut play = Play::new();
    play.hall.profile.orders.clocks[0].limits.resolve = Some(Limit { pace: Pace::Working, minutes: 600 });
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    let left = |play: &Play| play.order(no).clocks.get(ClockKind::Resolve).unwrap().left_ms(play.now, play.hall.profile.working());
    play.later(5);
    let before = left(&play);
    let mut profile = play.hall.profile.clone();
    let day = vec!["09:00-11:00".parse().unwrap()];
    profile.calendar.week.mon.clone_from(&day);
    profile.calendar.week.tue.clone_from(&day);
    play.fold(EventBody::HallChanged { profile: Box::new(profile) }, &Actor::hall());
    assert_eq!(left(&play), before);
    play.check_lookups();
}

#[test]
fn what_is_long_over_goes_to_history_whole_and_masked_for_everybody_else() {
    let mut play = Play::new();
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    play.step(no, OrderStep::Withdraw { reason: free("by mistake") }, None, &operator()).unwrap();
    play.now += TimeDelta::days(9);
    let bodies = turn_day(&play.hall, play.now);
    let archived = bodies.iter().find_map(|body| if let EventBody::Order(order) = body { Some(order.clone()) } else { None });
    let archived = archived.unwrap();
    assert!(matches!(&archived.change, OrderChange::Archived { order } if order.customer.phone.is_some()));
    let told = serde_json::to_string(&EventBody::Order(archived).without_secrets()).unwrap();
    assert!(!told.contains("13912345678") && !told.contains("501"), "{told}");
    for body in bodies {
        play.fold(body, &Actor::hall());
    }
    assert!(play.hall.orders.get(no).is_none() && play.hall.hotline.calls.is_empty());
}

#[test]
fn an_order_without_a_call_needs_a_known_category() {
    let mut play = Play::new();
    let new = |category: Option<&str>| {
        let customer = Customer { phone: Phone::read("13912345678", None).unwrap(), ..Customer::default() };
        Command::CreateOrder(Box::new(NewOrder {
            category: category.map(|id| id.parse().unwrap()),
            customer: Some(customer),
            ..NewOrder::default()
        }))
    };
    assert_eq!(play.ask(new(Some("ZZ")), &operator()), Err(Refusal::UnknownCategory));
    assert!(matches!(play.ask(new(None), &operator()), Err(Refusal::InvalidField { field: "category", .. })));
    play.ask(new(Some("F1")), &operator()).unwrap();
    assert_eq!(play.hall.orders.open_count(), 1);
}

/// An order of its own for each room, dispatched and not yet claimed.
fn orders(play: &mut Play, rooms: &[&str]) -> Vec<OrderNo> {
    let of = |room: &&str| {
        let call = play.call("13912345678", "阳光花园", room);
        play.ends_as_order(call)
    };
    rooms.iter().map(of).collect()
}

#[test]
fn a_deferred_order_that_was_merged_does_not_come_back_by_itself() {
    let mut play = Play::new();
    let made = orders(&mut play, &["501", "502"]);
    let until = "2026-12-01".parse().unwrap();
    play.step(made[0], OrderStep::Defer { until, reason: free("in summer") }, None, &lead()).unwrap();
    play.step(made[0], OrderStep::Merge { into: made[1] }, None, &lead()).unwrap();
    assert!(play.order(made[0]).next_event_ms().is_none());
    play.later(10 * 1_440);
    assert_eq!(play.order(made[0]).state, OrderState::Merged);
}

#[test]
fn a_child_that_was_opened_again_no_longer_follows_its_master() {
    let mut play = Play::new();
    let made = orders(&mut play, &["501", "502", "503"]);
    let wang = handler("wang");
    play.step(made[0], OrderStep::Merge { into: made[1] }, None, &lead()).unwrap();
    let token = play.worked(made[1], &wang);
    play.resolve(made[1], token, &wang);
    play.step(made[0], heard(false, 1), None, &operator()).unwrap();
    assert!(play.order(made[1]).children.is_empty());
    play.step(made[0], OrderStep::Merge { into: made[2] }, None, &lead()).unwrap();
    play.step(made[1], heard(false, 1), None, &operator()).unwrap();
    play.later(5);
    play.step(made[1], OrderStep::Accept, None, &wang).unwrap();
    let token = play.order(made[1]).lease.as_ref().unwrap().token;
    play.step(made[1], OrderStep::Contact { outcome: Reached::Reached, number: None, note: None }, Some(token), &wang).unwrap();
    play.step(made[1], OrderStep::Arrive { note: None }, Some(token), &wang).unwrap();
    play.resolve(made[1], token, &wang);
    assert_eq!(play.order(made[0]).state, OrderState::Merged, "it belongs to another order now");
}

#[test]
fn attempts_in_vain_count_from_the_latest_work() {
    let mut play = Play::new();
    let no = orders(&mut play, &["501"])[0];
    let (wang, ma) = (handler("wang"), operator());
    let vain = |give_up| OrderStep::Callback(CallbackStep { reached: false, solved: None, grade: None, remark: None, give_up });
    let token = play.worked(no, &wang);
    play.resolve(no, token, &wang);
    play.later(1);
    play.step(no, vain(false), None, &ma).unwrap();
    play.step(no, vain(false), None, &ma).unwrap();
    play.step(no, heard(false, 1), None, &ma).unwrap();
    play.later(10);
    let token = play.worked(no, &wang);
    play.resolve(no, token, &wang);
    assert!(play.step(no, vain(true), None, &ma).is_err(), "nobody tried after the second visit");
}

#[test]
fn what_is_told_while_an_order_comes_back_is_not_told_again() {
    let mut play = Play::new();
    let no = orders(&mut play, &["501"])[0];
    // The hall stood still: the order was deferred late and comes back before anybody was told that it was late.
    play.now += TimeDelta::hours(2);
    let until = "2026-11-24".parse().unwrap();
    play.step(no, OrderStep::Defer { until, reason: free("tomorrow") }, None, &lead()).unwrap();
    play.now += TimeDelta::days(2);
    play.later(0);
    let told = |clock: &str| {
        let lines = play.order(no).story.iter().filter(|line| &*line.what == "work_order.clock_breached");
        lines.filter(|line| line.note.as_deref() == Some(clock)).count()
    };
    assert_eq!((told("contact"), play.order(no).state), (1, OrderState::Dispatched));
}

#[test]
fn a_helping_team_is_not_late_for_what_is_over() {
    let mut play = Play::new();
    let no = orders(&mut play, &["501"])[0];
    let help = CoAssignStep { team: "repair-west".parse().unwrap(), reason: None, limit_min: Some(10) };
    play.step(no, OrderStep::CoAssign(help), None, &lead()).unwrap();
    play.step(no, OrderStep::Withdraw { reason: free("by mistake") }, None, &operator()).unwrap();
    assert!(play.hall.next_due_ms().is_none());
}

#[test]
fn a_call_that_urged_an_order_ends_with_it() {
    let mut play = Play::new();
    let no = orders(&mut play, &["501"])[0];
    let call = play.call("13900000000", "阳光花园", "501");
    play.step(no, OrderStep::Urge { call: Some(call), note: None }, None, &operator()).unwrap();
    assert_eq!(play.ends_as_order(call), no);
    assert_eq!(play.order(no).urge_count, 1, "not urged a second time");
}

#[test]
fn who_takes_an_order_from_the_list_needs_its_skills_and_a_free_hand() {
    let mut play = Play::new();
    play.hall.profile.orders.categories[0].skills = vec!["plumbing".parse().unwrap()];
    let made = orders(&mut play, &["501", "502", "503", "504"]);
    let skilled = |name, skill: &str| Caller { skills: [skill.parse().unwrap()].into(), ..handler(name) };
    let (clerk, plumber) = (skilled("chen", "billing"), skilled("wang", "plumbing"));
    assert_eq!(play.step(made[0], OrderStep::Accept, None, &clerk), Err(Refusal::SkillMissing));
    for no in &made[..3] {
        play.step(*no, OrderStep::Accept, None, &plumber).unwrap();
    }
    assert_eq!(play.step(made[3], OrderStep::Accept, None, &plumber), Err(Refusal::WipLimit { max: 3 }));
    play.step(made[3], OrderStep::Accept, None, &handler("sun")).unwrap();
}

#[test]
fn the_call_back_is_made_by_nobody_who_had_a_hand_in_the_work() {
    let mut play = Play::new();
    let made = orders(&mut play, &["501", "502"]);
    let (no, child) = (made[0], made[1]);
    let desk = |name| Caller::new(Actor::new(Role::Operator, name, None), false);
    play.step(child, OrderStep::Merge { into: no }, None, &lead()).unwrap();
    // Chen only held it; Zhou accepted and gave it back; Sun helped; Wang did it.
    play.ask(Command::Claim { team: "repair-east".parse().unwrap(), lease_s: Some(60) }, &handler("chen")).unwrap();
    play.later(2);
    play.step(no, OrderStep::Accept, None, &handler("zhou")).unwrap();
    let team: TeamId = "repair-west".parse().unwrap();
    play.step(no, OrderStep::Reassign { team: "repair-east".parse().unwrap(), reason: None }, None, &lead()).unwrap();
    let help = CoAssignStep { team: team.clone(), reason: None, limit_min: None };
    play.step(no, OrderStep::CoAssign(help), None, &lead()).unwrap();
    play.step(no, OrderStep::CoFinish { team, note: None }, None, &handler("sun")).unwrap();
    let wang = handler("wang");
    let token = play.worked(no, &wang);
    play.resolve(no, token, &wang);
    for no in [child, no] {
        for name in ["chen", "zhou", "sun", "wang"] {
            assert_eq!(play.step(no, heard(true, 5), None, &desk(name)), Err(Refusal::CallbackByHandler), "{name} for {no}");
        }
        play.step(no, heard(true, 5), None, &desk("ma")).unwrap();
    }
}

#[test]
fn a_journal_from_before_seals_and_later_calls_is_read_as_it_was() {
    let reopened = r#"{"type":"work_order.reopened","cause":"repeat_call","reason":null}"#;
    let read: OrderChange = serde_json::from_str(reopened).unwrap();
    assert_eq!(read, OrderChange::Reopened { cause: ReopenCause::RepeatCall, reason: None, call: None });
    assert_eq!(serde_json::to_string(&read).unwrap(), reopened);
    let mut play = Play::new();
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    let mut saved = serde_json::to_value(play.order(no)).unwrap();
    let fields = saved.as_object_mut().unwrap();
    assert!(fields.get("later_calls").is_none(), "what is empty is not written");
    fields.remove("sealed_words");
    assert_eq!(serde_json::from_value::<WorkOrder>(saved).unwrap(), *play.order(no));
}

#[test]
fn an_order_knows_who_called_about_it_and_lets_go_of_a_call_with_its_words() {
    let mut play = Play::new();
    let first = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(first);
    let second = play.call("13887654321", "阳光花园", "501");
    assert_eq!(play.ends_as_order(second), no, "the same flat");
    assert_eq!(play.order(no).calls().into_iter().collect::<Vec<_>>(), [first, second]);
    play.now += TimeDelta::days(3);
    for body in turn_day(&play.hall, play.now) {
        play.fold(body, &Actor::hall());
    }
    let order = play.order(no);
    assert!(order.later_calls.is_empty() && order.sealed_words.iter().any(|word| &**word == "13887654321"));
    assert!(!order.sealed_words.iter().any(|word| &**word == "13912345678"), "its own customer's number it has anyway");
}
