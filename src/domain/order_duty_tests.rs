//! Orders that nothing forgets: incidents that end their master, waits that end, ladders with names, callers who ask again.

use chrono::{DateTime, TimeDelta, Utc};

use super::command::Command;
use super::hotline_call::CallPatch;
use super::ids::{HotlineCallId, OrderNo};
use super::order_tests::{Play, facts, free, handler, heard, lead, operator, text};
use super::refusal::Refusal;
use super::sla::ClockKind;
use super::work_order::{NewOrder, OrderState, OrderStep};

#[test]
fn an_incident_that_is_ended_ends_its_master_and_every_caller_is_to_be_told_in_time() {
    let mut play = Play::new();
    let first = play.call("13911111111", "阳光花园", "501");
    play.ask(Command::OpenIncident { facts: facts("阳光花园"), call: Some(first) }, &operator()).unwrap();
    let incident = play.hall.hotline.open_incidents().next().unwrap().clone();
    // This flat has had an order for an hour, with an hour of its clocks used.
    let second = play.call("13922222222", "阳光花园", "502");
    let own = play.ends_as_order(second);
    play.later(60);
    let third = play.call("13933333333", "阳光花园", "502");
    play.ask(Command::AttachCall { incident: incident.id, call: third }, &operator()).unwrap();
    assert_eq!(play.order(own).state, OrderState::Merged, "the flat's own order, and no second one");
    let withdraw = || OrderStep::Withdraw { reason: free("by mistake") };
    assert_eq!(play.step(incident.master, withdraw(), None, &lead()), Err(Refusal::IncidentGoesOn));
    let other = play.call("13944444444", "河畔", "1");
    let other = play.ends_as_order(other);
    let merge = OrderStep::Merge { into: other };
    assert_eq!(play.step(incident.master, merge, None, &lead()), Err(Refusal::IncidentGoesOn));
    // It is in somebody's hands, who never finishes.
    play.step(incident.master, OrderStep::Accept, None, &handler("wang")).unwrap();
    play.later(30);
    let resolve = Command::ResolveIncident { incident: incident.id, cause: "U1".parse().unwrap(), public_reply: free("heat is back") };
    play.ask(resolve, &lead()).unwrap();
    let master = play.order(incident.master);
    assert_eq!((master.state, master.lease.is_none(), master.next_event_ms()), (OrderState::Closed, true, None));
    assert_eq!(master.resolution.as_ref().map(|resolution| resolution.cause.to_string()), Some("U1".to_owned()));
    let left = |no: OrderNo| play.order(no).clocks.get(ClockKind::Reply).unwrap().left_ms(play.now, play.hall.profile.working()) / 60_000;
    let attached = play.hall.hotline.incidents[&incident.id].attached.clone();
    assert_eq!(left(attached[&first]), 1_500, "a clock that begins now");
    assert_eq!((attached[&third], left(own)), (own, 1_440), "what was left when it was merged");
    let breached = play.order(own).escalation;
    play.later(1_441);
    assert_eq!(play.order(own).escalation, breached + 1, "nobody told them");
    play.step(own, heard(true, 5), None, &operator()).unwrap();
    assert_eq!(play.order(own).state, OrderState::Closed);
}

#[test]
fn an_incident_takes_a_call_once_and_no_more_than_it_can_hold() {
    let mut play = Play::new();
    play.ask(Command::OpenIncident { facts: facts("阳光花园"), call: None }, &operator()).unwrap();
    let incident = play.hall.hotline.open_incidents().next().unwrap().clone();
    let call = play.call("13911111111", "阳光花园", "501");
    let order = |call| NewOrder { call, incident: Some(incident.id), category: "R1".parse().ok(), ..NewOrder::default() };
    play.ask(Command::CreateOrder(Box::new(order(Some(call)))), &operator()).unwrap();
    let twice = play.ask(Command::CreateOrder(Box::new(order(Some(call)))), &operator());
    assert_eq!(twice, Err(Refusal::AlreadyAttached));
    let (attached, max) = (play.hall.hotline.incidents[&incident.id].attached.clone(), super::incident::ATTACHED_MAX);
    let child = attached[&call];
    let full = (0..).map(|id| (HotlineCallId(1_000_000 + id), child)).take(max);
    play.hall.hotline.incidents.get_mut(&incident.id).unwrap().attached.extend(full);
    let next = play.call("13922222222", "阳光花园", "502");
    let refused = play.ask(Command::CreateOrder(Box::new(order(Some(next)))), &operator());
    assert_eq!(refused, Err(Refusal::TooMany { what: "attached", max }));
}

/// What is told of an order's climbing: the level and who it went to.
fn climbs(play: &Play, no: OrderNo) -> Vec<(String, Option<String>)> {
    let story = play.order(no).story.iter().filter(|line| &*line.what == "work_order.escalated");
    story.map(|line| (line.note.as_deref().unwrap_or_default().to_owned(), line.to.as_ref().map(|to| to.zh.clone()))).collect()
}

#[test]
fn an_order_climbs_the_ladder_of_its_team_by_name_and_no_further() {
    let mut play = Play::new();
    play.hall.profile.orders.teams[0].ladder = vec![text("班长"), text("分管领导")];
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    // Accept, contact, arrive and resolve run out one after another.
    play.later(1_441);
    let named = |level: &str, to: &str| (level.to_owned(), Some(to.to_owned()));
    assert_eq!(climbs(&play, no), [named("1", "班长"), named("2", "分管领导")]);
    assert_eq!((play.order(no).escalation, play.order(no).escalated_to.as_ref()), (2, Some(&text("分管领导"))));
    // Without a ladder nobody can be named, and it climbs as far as there are levels.
    play.hall.profile.orders.teams[0].ladder.clear();
    let call = play.call("13912345679", "阳光花园", "502");
    let no = play.ends_as_order(call);
    play.later(1_441);
    assert_eq!((play.order(no).escalation, play.order(no).escalated_to.as_ref()), (4, None));
}

#[test]
fn an_order_that_waits_for_its_customer_comes_back_one_level_up() {
    let mut play = Play::new();
    play.hall.profile.orders.teams[0].ladder = vec![text("班长")];
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    let wang = handler("wang");
    let token = Some(play.worked(no, &wang));
    let wait = |until: Option<DateTime<Utc>>| OrderStep::Wait { reason: free("nobody at home"), until };
    for until in [play.now, play.now + TimeDelta::days(31)] {
        assert!(matches!(play.step(no, wait(Some(until)), token, &wang), Err(Refusal::InvalidField { field: "until", .. })));
    }
    // Nobody said how long: three days.
    play.step(no, wait(None), token, &wang).unwrap();
    play.later(3 * 1_440 - 1);
    assert_eq!((play.order(no).state, play.order(no).escalation), (OrderState::WaitingCustomer, 0));
    play.later(1);
    let order = play.order(no);
    assert_eq!((order.state, order.lease.is_none(), order.waiting_until), (OrderState::Dispatched, true, None));
    assert_eq!(climbs(&play, no), [("1".to_owned(), Some("班长".to_owned()))]);
    assert_eq!(play.hall.orders.waiting(&"repair-east".parse().unwrap()), 1, "its team sees it again");
    assert!(play.order(no).next_event_ms().is_some(), "and its clocks run");
    assert_eq!(play.step(no, OrderStep::Continue { note: None }, token, &wang), Err(Refusal::StaleLease));
    // Who goes on in time keeps it, and nothing is due for the wait any more.
    let token = Some(play.worked(no, &wang));
    play.step(no, wait(Some(play.now + TimeDelta::hours(2))), token, &wang).unwrap();
    play.later(60);
    play.step(no, OrderStep::Continue { note: None }, token, &wang).unwrap();
    play.later(90);
    assert_eq!((play.order(no).state, play.order(no).waiting_until), (OrderState::Arrived, None));
}

#[test]
fn a_second_callers_words_reach_the_handler() {
    let mut play = Play::new();
    let first = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(first);
    let says = |play: &mut Play, number: &str, said: &str| {
        let call = play.call(number, "阳光花园", "501");
        let patch = CallPatch { description: Some(Some(free(said))), ..CallPatch::default() };
        play.ask(Command::ChangeCall { call, patch: Box::new(patch) }, &operator()).unwrap();
        assert_eq!(play.ends_as_order(call), no);
        call
    };
    let second = says(&mut play, "13900000000", "now the ceiling drips");
    let urge = play.order(no).urges[0].clone();
    assert_eq!((urge.call, urge.note), (Some(second), Some(free("now the ceiling drips"))));
    let wang = handler("wang");
    let token = play.worked(no, &wang);
    play.resolve(no, token, &wang);
    play.step(no, heard(true, 5), None, &operator()).unwrap();
    // Closed, and it is wrong again: the call that says so belongs to the order, and the order to the call.
    let third = says(&mut play, "13900000000", "cold again since the morning");
    let order = play.order(no);
    assert_eq!(order.origin.calls, [first, third]);
    let story = order.story.last().unwrap();
    assert_eq!((&*story.what, story.note.as_deref()), ("work_order.reopened", Some("cold again since the morning")));
    assert_eq!(play.hall.hotline.calls[&third].orders, [no]);
    // Somebody who is sealed says nothing in an order that is not.
    let call = play.call("13955555555", "阳光花园", "501");
    let patch = CallPatch { description: Some(Some(free("it is Li from 502"))), sealed: Some(true), ..CallPatch::default() };
    play.ask(Command::ChangeCall { call, patch: Box::new(patch) }, &operator()).unwrap();
    assert_eq!(play.ends_as_order(call), no);
    assert_eq!(play.order(no).urges.last().map(|urge| urge.note.clone()), Some(None));
}

#[test]
fn a_call_back_order_that_is_only_resolved_is_opened_by_a_repeat_call() {
    let mut play = Play::new();
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    let wang = handler("wang");
    let token = play.worked(no, &wang);
    play.resolve(no, token, &wang);
    let repeat = play.call("13912345678", "阳光花园", "501");
    assert_eq!(play.ends_as_order(repeat), no);
    let order = play.order(no);
    assert_eq!((order.state, order.reopened, order.resolution.is_none()), (OrderState::Dispatched, 1, true));
    assert!(order.clocks.get(ClockKind::Callback).is_some_and(|clock| clock.done_at.is_some()), "nobody is to be called back yet");
    assert!(matches!(order.story.last().map(|line| &*line.what), Some("work_order.reopened")));
}

#[test]
fn a_category_put_right_leaves_no_clock_of_the_wrong_one() {
    let mut play = Play::new();
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    let dispatch = OrderStep::Dispatch { team: "repair-west".parse().unwrap(), category: "C1".parse().ok() };
    play.step(no, dispatch, None, &operator()).unwrap();
    let running: Vec<ClockKind> = play.order(no).clocks.iter().filter(|(_, clock)| clock.done_at.is_none()).map(|(kind, _)| kind).collect();
    assert_eq!(running, [ClockKind::Reply, ClockKind::Accept], "a complaint is accepted and answered, nobody has to arrive");
    // Three days later only those two have been told of.
    play.later(3 * 1_440);
    let told = play.order(no).story.iter().filter(|line| &*line.what == "work_order.clock_breached").filter_map(|line| line.note.clone());
    assert!(told.into_iter().all(|kind| matches!(&*kind, "accept" | "reply")), "{:?}", play.order(no).story);
}

#[test]
fn a_flat_that_asks_how_its_order_stands_urges_it() {
    let mut play = Play::new();
    let call = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(call);
    let asks = |play: &mut Play| {
        let call = play.call("13912345678", "阳光花园", "501");
        let patch = CallPatch { category: Some("Z5".parse().ok()), ..CallPatch::default() };
        play.ask(Command::ChangeCall { call, patch: Box::new(patch) }, &operator()).unwrap();
        play.ends_as_order(call)
    };
    assert_eq!(asks(&mut play), no, "not a second order");
    let wang = handler("wang");
    let token = play.worked(no, &wang);
    play.resolve(no, token, &wang);
    // Who asks how it stands does not say that it is not solved.
    assert_eq!(asks(&mut play), no);
    assert_eq!((play.order(no).state, play.order(no).urge_count, play.order(no).reopened), (OrderState::Resolved, 2, 0));
    play.step(no, heard(true, 5), None, &operator()).unwrap();
    let asked = asks(&mut play);
    assert_ne!(asked, no, "a closed one is not opened by a question");
    assert_eq!(play.hall.orders.all.len(), 2);
}

#[test]
fn an_accepted_complaint_is_not_taken_away_overnight_and_a_repair_is() {
    let mut play = Play::new();
    let working = |play: &mut Play| {
        let mut calendar = play.hall.profile.calendar.clone();
        calendar.zone = chrono_tz::Asia::Shanghai;
        let day = vec!["08:00-12:00".parse().unwrap(), "13:00-17:00".parse().unwrap()];
        let week = &mut calendar.week;
        for one in [&mut week.mon, &mut week.tue, &mut week.wed, &mut week.thu, &mut week.fri] {
            one.clone_from(&day);
        }
        play.hall.profile.orders.working = Some(calendar);
    };
    working(&mut play);
    // Monday, four in the afternoon in Shanghai.
    play.later(120);
    let made = |play: &mut Play, category: &str| {
        let new = NewOrder { category: category.parse().ok(), team: "repair-east".parse().ok(), ..NewOrder::default() };
        play.ask(Command::CreateOrder(Box::new(new)), &operator()).unwrap();
        let no = *play.hall.orders.all.keys().next_back().unwrap();
        play.step(no, OrderStep::Accept, None, &handler("wang")).unwrap();
        no
    };
    let (complaint, repair) = (made(&mut play, "C1"), made(&mut play, "R1"));
    play.later(241);
    assert_eq!((play.order(complaint).state, play.order(complaint).escalation), (OrderState::Accepted, 0));
    assert_eq!(play.order(repair).state, OrderState::Dispatched, "who repairs day and night has said nothing for four hours");
    // An hour of Monday and three of Tuesday's morning.
    let until = play.order(complaint).lease.as_ref().and_then(|lease| lease.until).unwrap();
    assert_eq!(until, "2026-11-24T03:00:00Z".parse::<DateTime<Utc>>().unwrap());
    play.later(15 * 60);
    assert_eq!((play.order(complaint).state, play.order(complaint).escalation), (OrderState::Dispatched, 1));
}

#[test]
fn a_call_in_confidence_seals_what_it_opens_again() {
    let mut play = Play::new();
    let first = play.call("13912345678", "阳光花园", "501");
    let no = play.ends_as_order(first);
    let wang = handler("wang");
    let token = play.worked(no, &wang);
    play.resolve(no, token, &wang);
    let again = play.call("13912345678", "阳光花园", "501");
    let patch = CallPatch { sealed: Some(true), ..CallPatch::default() };
    play.ask(Command::ChangeCall { call: again, patch: Box::new(patch) }, &operator()).unwrap();
    assert_eq!(play.ends_as_order(again), no);
    let order = play.order(no);
    assert!(order.sealed && order.reopened == 1 && order.origin.calls.contains(&again));
    let kinds: Vec<&str> = order.story.iter().rev().take(2).map(|line| &*line.what).collect();
    assert_eq!(kinds, ["work_order.sealed", "work_order.reopened"]);
}
