//! Judges what is asked of a work order; what its handler asks is in `handling`, how it ends in `ending`.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::ticket::invalid;
use super::{DAY_END_BATCH_MAX, ending, handling};
use crate::domain::actor::Caller;
use crate::domain::event::EventBody;
use crate::domain::hall::Hall;
use crate::domain::ids::{CategoryId, HotlineCallId, OrderNo, TeamId};
use crate::domain::order_plan::{CustomerClass, Limit, Limits, SeasonPhase};
use crate::domain::refusal::Refusal;
use crate::domain::sla::{Clock, ClockKind, Mark};
use crate::domain::text::FreeText;
use crate::domain::work_order::{
    CHILDREN_MAX, CO_TEAMS_MAX, Clocks, CoAssignStep, CoTeam, Decision, ESCALATION_MAX, EscalationCause, OrderChange, OrderEvent,
    OrderState, OrderStep, ReopenCause, Resolution, Urge, WorkOrder,
};

/// How far an order can be deferred, in days.
const DEFER_DAYS_MAX: i64 = 730;
/// 督办 by the lead, the manager, the company's head.
const SUPERVISED_MAX: u8 = 3;
/// The longest limit of a helping team, in minutes: thirty days.
const CO_LIMIT_MIN_MAX: u32 = 30 * 24 * 60;

/// An event of an order that moves neither its team, its handler nor a clock.
pub(super) fn event(order: &WorkOrder, change: OrderChange) -> EventBody {
    event_with(order, change, Clocks::default())
}

/// An event of an order with the clocks it moves.
pub(super) fn event_with(order: &WorkOrder, change: OrderChange, clocks: Clocks) -> EventBody {
    let handler = order.lease.as_ref().map(|lease| Arc::clone(&lease.handler));
    EventBody::Order(Box::new(OrderEvent { no: order.no, team: order.team.clone(), handler, clocks, change }))
}

/// Seals an order where it is asked for and not so yet.
pub(super) fn seal(order: &WorkOrder, asked: bool, call: Option<HotlineCallId>) -> Option<EventBody> {
    (asked && !order.sealed).then(|| event(order, OrderChange::Sealed { call }))
}

/// The same for a call that is to be, or was, kept in confidence.
pub(super) fn seal_for(hall: &Hall, order: &WorkOrder, call: HotlineCallId) -> Option<EventBody> {
    seal(order, hall.hotline.calls.get(&call).is_some_and(|call| call.fields.sealed), Some(call))
}

/// The limits that hold for an order.
pub(super) fn limits(hall: &Hall, category: &CategoryId, phase: Option<SeasonPhase>, class: CustomerClass) -> Limits {
    hall.profile.orders.limits_for(category, phase, class)
}

/// The limits of an order that is there.
pub(super) fn limits_of(hall: &Hall, order: &WorkOrder) -> Limits {
    limits(hall, &order.category, order.phase, super::intake::class_of(&order.customer))
}

/// A clock that starts at `now`.
pub(super) fn clock_at(hall: &Hall, limit: Limit, now: DateTime<Utc>) -> Clock {
    Clock::start(limit.pace, limit.ms(), now, hall.profile.working())
}

/// The named clocks of an order, finished; those that are not there or done already left out.
pub(super) fn finished(hall: &Hall, order: &WorkOrder, kinds: &[ClockKind], now: DateTime<Utc>) -> Clocks {
    let finish = |kind: &ClockKind| {
        let mut clock = *order.clocks.get(*kind).filter(|clock| clock.done_at.is_none())?;
        clock.finish(now, hall.profile.working());
        Some((*kind, clock))
    };
    kinds.iter().filter_map(finish).collect()
}

/// Every running clock of an order, standing still.
pub(super) fn stopped(hall: &Hall, order: &WorkOrder, now: DateTime<Utc>) -> Clocks {
    moved(order, |clock| clock.pause(now, hall.profile.working()))
}

/// Every paused clock of an order, running again.
pub(super) fn resumed(hall: &Hall, order: &WorkOrder, now: DateTime<Utc>) -> Clocks {
    moved(order, |clock| clock.resume(now, hall.profile.working()))
}

fn moved(order: &WorkOrder, change: impl Fn(&mut Clock)) -> Clocks {
    let changed = |(kind, clock): (ClockKind, &Clock)| {
        let mut after = *clock;
        change(&mut after);
        (after != *clock).then_some((kind, after))
    };
    order.clocks.iter().filter_map(changed).collect()
}

/// Adds the accept clock, started anew.
fn with_accept(hall: &Hall, order: &WorkOrder, mut clocks: Clocks, now: DateTime<Utc>) -> Clocks {
    if let Some(limit) = limits_of(hall, order).accept {
        clocks.put(ClockKind::Accept, clock_at(hall, limit, now));
    }
    clocks
}

/// Lets only some states through.
pub(super) fn need(order: &WorkOrder, allowed: impl Fn(OrderState) -> bool) -> Result<(), Refusal> {
    if allowed(order.state) { Ok(()) } else { Err(Refusal::OrderWrongState { state: order.state }) }
}

/// Still to be worked, and nobody else's.
fn is_unworked(state: OrderState) -> bool {
    !state.is_over() && !state.is_worked() && state != OrderState::Merged
}

pub(super) fn step(
    hall: &Hall,
    no: OrderNo,
    step: &OrderStep,
    token: Option<u64>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    let order = hall.orders.get(no).ok_or(Refusal::NotFound)?;
    if token.is_some() && order.lease.as_ref().map(|lease| lease.token) != token {
        return Err(Refusal::StaleLease);
    }
    match step {
        OrderStep::Accept
        | OrderStep::Contact { .. }
        | OrderStep::Arrive { .. }
        | OrderStep::Act { .. }
        | OrderStep::Measure(_)
        | OrderStep::Return { .. }
        | OrderStep::Extend { .. }
        | OrderStep::Wait { .. }
        | OrderStep::Continue { .. } => handling::step(hall, order, step, token, caller, now),
        OrderStep::Resolve(_)
        | OrderStep::Reply { .. }
        | OrderStep::Callback(_)
        | OrderStep::Reopen { .. }
        | OrderStep::Withdraw { .. } => ending::step(hall, order, step, token, caller, now),
        OrderStep::Dispatch { team, category } => dispatch(hall, order, team, category.as_ref(), caller, now),
        OrderStep::Reassign { team, reason } => reassign(hall, order, team, reason.as_ref(), now),
        OrderStep::CoAssign(help) => co_assign(hall, order, help, caller, now),
        OrderStep::CoFinish { team, note } => co_finish(order, team, note.as_ref(), caller),
        OrderStep::Urge { call, note } => urge(hall, order, *call, note.as_ref(), caller, now),
        OrderStep::Supervise { note } => {
            need(order, |state| !state.is_over())?;
            let level = order.supervised.saturating_add(1).min(SUPERVISED_MAX);
            Ok(vec![event(order, OrderChange::Supervised { level, note: note.clone() })])
        }
        OrderStep::Grant { note } => decide_extension(hall, order, true, note.as_ref(), caller, now),
        OrderStep::Deny { note } => decide_extension(hall, order, false, note.as_ref(), caller, now),
        OrderStep::Defer { until, reason } => defer(hall, order, *until, reason, now),
        OrderStep::Merge { into } => merge(hall, order, *into, now),
        OrderStep::Unmerge => unmerge(hall, order, now),
        OrderStep::Reveal { reason } => Ok(vec![event(order, OrderChange::Revealed { reason: reason.clone() })]),
    }
}

/// Sends it to a team; a wrong category is put right, and its clocks are counted again from the order's beginning.
fn dispatch(
    hall: &Hall,
    order: &WorkOrder,
    team: &TeamId,
    category: Option<&CategoryId>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    let plan = &hall.profile.orders;
    plan.team(team).ok_or(Refusal::UnknownTeam)?;
    need(order, |state| state == OrderState::Review || (state == OrderState::Dispatched && order.lease.is_none()))?;
    if u32::try_from(order.returns.len()).unwrap_or(u32::MAX) >= plan.rules.returns_before_lead && !caller.any_counter {
        return Err(Refusal::LeadOnly);
    }
    let mut clocks = Clocks::default();
    let mut after = order.clone();
    if let Some(category) = category.filter(|category| **category != order.category) {
        plan.category(category).ok_or(Refusal::UnknownCategory)?;
        after.category = category.clone();
        for (kind, limit) in limits_of(hall, &after).iter() {
            let runs = order.clocks.get(kind).is_none_or(|clock| clock.done_at.is_none());
            if runs && !matches!(kind, ClockKind::Accept | ClockKind::Callback) {
                clocks.put(kind, clock_at(hall, limit, order.created_at));
            }
        }
        // What only the wrong category asked for is owed no longer.
        let limits = limits_of(hall, &after);
        let gone: Vec<ClockKind> = ClockKind::ALL.into_iter().filter(|kind| limits.get(*kind).is_none()).collect();
        for (kind, clock) in finished(hall, order, &gone, now).iter() {
            clocks.put(kind, *clock);
        }
    }
    let clocks = with_accept(hall, &after, clocks, now);
    let change = OrderChange::Dispatched { category: category.cloned(), from: order.team.clone() };
    Ok(vec![EventBody::Order(Box::new(OrderEvent { no: order.no, team: Some(team.clone()), handler: None, clocks, change }))])
}

fn reassign(
    hall: &Hall,
    order: &WorkOrder,
    team: &TeamId,
    reason: Option<&FreeText>,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    hall.profile.orders.team(team).ok_or(Refusal::UnknownTeam)?;
    need(order, is_unworked)?;
    let clocks = with_accept(hall, order, resumed(hall, order, now), now);
    let change = OrderChange::Reassigned { from: order.team.clone(), reason: reason.cloned() };
    Ok(vec![EventBody::Order(Box::new(OrderEvent { no: order.no, team: Some(team.clone()), handler: None, clocks, change }))])
}

fn co_assign(hall: &Hall, order: &WorkOrder, help: &CoAssignStep, caller: &Caller, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    hall.profile.orders.team(&help.team).ok_or(Refusal::UnknownTeam)?;
    need(order, is_unworked)?;
    if order.co_teams.len() >= CO_TEAMS_MAX {
        return Err(Refusal::TooMany { what: "co_teams", max: CO_TEAMS_MAX });
    }
    if order.team.as_ref() == Some(&help.team) || order.co_teams.iter().any(|one| one.team == help.team && one.done_at.is_none()) {
        return Err(Refusal::AlreadyExists);
    }
    if help.limit_min.is_some_and(|minutes| !(1..=CO_LIMIT_MIN_MAX).contains(&minutes)) {
        return Err(invalid("limit_min", "is 1 to 43200 minutes"));
    }
    let co_team = CoTeam {
        team: help.team.clone(),
        at: now,
        by: Arc::clone(&caller.actor.actor),
        reason: help.reason.clone(),
        due: help.limit_min.map(|minutes| now + TimeDelta::minutes(i64::from(minutes))),
        done_at: None,
        done_by: None,
        overdue: false,
    };
    Ok(vec![event(order, OrderChange::CoAssigned { co_team })])
}

fn co_finish(order: &WorkOrder, team: &TeamId, note: Option<&FreeText>, caller: &Caller) -> Result<Vec<EventBody>, Refusal> {
    if !caller.is_of(team) {
        return Err(Refusal::NotYourTeam);
    }
    if !order.co_teams.iter().any(|one| one.team == *team && one.done_at.is_none()) {
        return Err(Refusal::UnknownTeam);
    }
    Ok(vec![event(order, OrderChange::CoFinished { co_team: team.clone(), note: note.cloned() })])
}

fn urge(
    hall: &Hall,
    order: &WorkOrder,
    call: Option<HotlineCallId>,
    note: Option<&FreeText>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    need(order, |state| !state.is_over())?;
    let record = call.map(|id| hall.hotline.calls.get(&id).ok_or(invalid("call", "is not known"))).transpose()?;
    // Handlers cannot read calls: what was said goes with it, but not out of a sealed call into an order that is not.
    let told = record.map(|call| &call.fields).filter(|fields| order.sealed || !fields.sealed);
    let said = told.and_then(|fields| fields.description.clone());
    let urge = Urge { at: now, by: Arc::clone(&caller.actor.actor), call, note: note.cloned().or(said) };
    let sealed = call.and_then(|call| seal_for(hall, order, call));
    Ok([event(order, OrderChange::Urged { urge })].into_iter().chain(sealed).collect())
}

fn decide_extension(
    hall: &Hall,
    order: &WorkOrder,
    granted: bool,
    note: Option<&FreeText>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    let asked = order.extension.as_ref().filter(|extension| extension.decision.is_none()).ok_or(Refusal::NoExtensionAsked)?;
    let decision = Decision { granted, by: Arc::clone(&caller.actor.actor), at: now, note: note.cloned() };
    if !granted {
        return Ok(vec![event(order, OrderChange::ExtensionDenied { decision })]);
    }
    let mut clock = *order.clocks.get(asked.clock).ok_or(Refusal::NoExtensionAsked)?;
    if !clock.extend_to(asked.until, now, hall.profile.working()) {
        return Err(Refusal::ExtensionTooLate);
    }
    let clocks = Clocks::from_iter([(asked.clock, clock)]);
    Ok(vec![event_with(order, OrderChange::ExtensionGranted { decision }, clocks)])
}

fn defer(hall: &Hall, order: &WorkOrder, until: NaiveDate, reason: &FreeText, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    need(order, is_unworked)?;
    let until = hall.profile.calendar.service_day_start(until);
    if until <= now || until > now + TimeDelta::days(DEFER_DAYS_MAX) {
        return Err(invalid("until", "is a day to come, at most 730 days from now"));
    }
    let change = OrderChange::Deferred { until, reason: reason.clone() };
    Ok(vec![event_with(order, change, stopped(hall, order, now))])
}

fn merge(hall: &Hall, order: &WorkOrder, into: OrderNo, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    need(order, is_unworked)?;
    super::incident::keep_master(hall, order)?;
    if !order.children.is_empty() {
        return Err(Refusal::OrderHasChildren);
    }
    let master = hall.orders.get(into).filter(|_| into != order.no).ok_or(invalid("into", "is no other work order"))?;
    need(master, is_unworked)?;
    if master.children.len() >= CHILDREN_MAX {
        return Err(Refusal::TooMany { what: "merged", max: CHILDREN_MAX });
    }
    Ok(vec![event_with(order, OrderChange::Merged { into }, stopped(hall, order, now))])
}

fn unmerge(hall: &Hall, order: &WorkOrder, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    need(order, |state| state == OrderState::Merged)?;
    let from = order.merged_into.ok_or(Refusal::OrderWrongState { state: order.state })?;
    let clocks = if order.clocks.is_empty() { afresh(hall, order, now) } else { resumed(hall, order, now) };
    Ok(vec![event_with(order, OrderChange::Unmerged { from }, clocks)])
}

/// Every clock of the work itself, from the beginning: for an order that begins again.
fn afresh(hall: &Hall, order: &WorkOrder, now: DateTime<Utc>) -> Clocks {
    let begins = |(kind, limit): (ClockKind, Limit)| {
        let wanted = kind != ClockKind::Callback && (kind != ClockKind::Accept || order.team.is_some());
        wanted.then(|| (kind, clock_at(hall, limit, now)))
    };
    limits_of(hall, order).iter().filter_map(begins).collect()
}

/// An order begins again: it was not solved, or not well.
pub(super) fn reopened(
    hall: &Hall,
    order: &WorkOrder,
    cause: ReopenCause,
    reason: Option<FreeText>,
    call: Option<HotlineCallId>,
    now: DateTime<Utc>,
) -> EventBody {
    let mut clocks = afresh(hall, order, now);
    if let (ReopenCause::LowGrade, Some(limit)) = (cause, hall.profile.orders.bad_grade) {
        clocks.put(ClockKind::Resolve, clock_at(hall, limit, now));
    }
    for (kind, clock) in finished(hall, order, &[ClockKind::Callback], now).iter() {
        clocks.put(kind, *clock);
    }
    let change = OrderChange::Reopened { cause, reason, call };
    EventBody::Order(Box::new(OrderEvent { no: order.no, team: order.team.clone(), handler: None, clocks, change }))
}

/// A child is worked together with its master; its customer is still to be told.
pub(super) fn resolve_child(hall: &Hall, child: &WorkOrder, master: OrderNo, resolution: &Resolution, now: DateTime<Utc>) -> EventBody {
    let mut clocks = ending::worked(hall, child, now);
    // Its clocks stood still, or never ran: the customer is to be told from now on.
    if let Some(reply) = reply_clock(hall, child, now) {
        clocks.put(ClockKind::Reply, reply);
    }
    let change = OrderChange::Resolved { resolution: Box::new(resolution.clone()), with: Some(master) };
    event_with(child, change, clocks)
}

/// The clock of telling a child's customer: what was left of it goes on; one that never ran begins.
fn reply_clock(hall: &Hall, child: &WorkOrder, now: DateTime<Utc>) -> Option<Clock> {
    match child.clocks.get(ClockKind::Reply).filter(|clock| clock.done_at.is_none()) {
        Some(stopped) => {
            let mut clock = *stopped;
            clock.resume(now, hall.profile.working());
            Some(clock)
        }
        None => limits_of(hall, child).reply.map(|limit| clock_at(hall, limit, now)),
    }
}

/// Orders whose time has come: clocks to warn of, leases that ran out, orders that come back.
pub(super) fn fall_due(hall: &Hall, now: DateTime<Utc>) -> Vec<EventBody> {
    let due = hall.orders.due(now.timestamp_millis()).take(DAY_END_BATCH_MAX);
    due.flat_map(|order| due_of(hall, order, now)).collect()
}

/// One step up the ladder of its team, of whoever dispatches where it has none; nothing once the ladder's last has it.
pub(super) fn escalated(hall: &Hall, order: &WorkOrder, level: u8, cause: EscalationCause) -> Option<OrderChange> {
    let plan = &hall.profile.orders;
    let ladder = order.team.as_ref().or(plan.desk.as_ref()).and_then(|team| plan.team(team)).map_or(&[][..], |team| &team.ladder);
    let steps = u8::try_from(ladder.len()).unwrap_or(ESCALATION_MAX);
    let max = if steps == 0 { ESCALATION_MAX } else { steps.min(ESCALATION_MAX) };
    let to = ladder.get(usize::from(level)).cloned();
    (level < max).then(|| OrderChange::Escalated { level: level + 1, cause, to })
}

fn due_of(hall: &Hall, order: &WorkOrder, now: DateTime<Utc>) -> Vec<EventBody> {
    let mut events = Vec::new();
    let mut level = order.escalation;
    let mut climb = |events: &mut Vec<EventBody>, cause| {
        if let Some(climbed) = escalated(hall, order, level, cause) {
            level += 1;
            events.push(event(order, climbed));
        }
    };
    let mut told = order.clocks.clone();
    for (kind, clock) in order.clocks.iter() {
        let mut clock = *clock;
        let due = clock.due;
        let Some((_, mark)) = clock.come(now) else { continue };
        clock.mark(mark, now);
        told.put(kind, clock);
        let clocks = Clocks::from_iter([(kind, clock)]);
        match mark {
            Mark::Warn50 | Mark::Warn80 => events.push(event_with(order, OrderChange::ClockWarned { clock: kind, mark, due }, clocks)),
            Mark::Breach => {
                events.push(event_with(order, OrderChange::ClockBreached { clock: kind, due }, clocks));
                climb(&mut events, EscalationCause::ClockBreached);
            }
        }
    }
    for helping in order.helping().filter(|one| !one.overdue && one.due.is_some_and(|due| due <= now)) {
        events.push(event(order, OrderChange::CoOverdue { co_team: helping.team.clone() }));
    }
    if let Some(lease) = order.lease.as_ref().filter(|lease| lease.until.is_some_and(|until| until <= now)) {
        let accept =
            if order.state == OrderState::Dispatched { Clocks::default() } else { with_accept(hall, order, Clocks::default(), now) };
        let change = OrderChange::LeaseExpired { lost_by: Arc::clone(&lease.handler) };
        let expired = OrderEvent { no: order.no, team: order.team.clone(), handler: None, clocks: accept, change };
        events.push(EventBody::Order(Box::new(expired)));
        climb(&mut events, EscalationCause::LeaseExpired);
    }
    let waited = order.waiting_until.is_some_and(|until| until <= now);
    if waited || order.deferred_until.is_some_and(|until| until <= now) {
        // With the clocks as they were just told of: what was told is not told again.
        events.push(come_back(hall, &WorkOrder { clocks: told, lease: None, ..order.clone() }, now));
    }
    if waited {
        climb(&mut events, EscalationCause::WaitEnded);
    }
    events
}

/// An order that was put off, or whose customer was waited for long enough, is back: its clocks run, and its team is to accept it again.
pub(super) fn come_back(hall: &Hall, order: &WorkOrder, now: DateTime<Utc>) -> EventBody {
    let resumed = resumed(hall, order, now);
    let (state, clocks) = match order.team {
        Some(_) => (OrderState::Dispatched, with_accept(hall, order, resumed, now)),
        None => (OrderState::Review, resumed),
    };
    event_with(order, OrderChange::Continued { state, lease: None }, clocks)
}

/// Orders that were over long enough to be in history only.
pub(super) fn archive(hall: &Hall, now: DateTime<Utc>) -> impl Iterator<Item = EventBody> + '_ {
    let kept = TimeDelta::days(i64::from(hall.profile.orders.rules.closed_kept_days));
    let over = hall.orders.all.values().filter(move |order| order.closed_at.is_some_and(|at| at + kept < now));
    // A master stays until its last child is over.
    let leaves = over.filter(|order| order.children.iter().all(|no| hall.orders.get(*no).is_none_or(|child| child.state.is_over())));
    leaves.map(|order| event(order, OrderChange::Archived { order: Box::new(order.as_ref().clone()) }))
}
