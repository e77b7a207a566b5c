//! Judges how an order ends: resolved, replied, called back, closed; or opened again, or withdrawn.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::handling::held;
use super::incident::{closed_master, keep_master, of_master, resolve_children, resolved_master};
use super::order::{clock_at, event, event_with, finished, limits_of, need, reopened};
use super::ticket::invalid;
use crate::domain::actor::{Actor, Caller};
use crate::domain::event::EventBody;
use crate::domain::hall::Hall;
use crate::domain::hotline_event::IncidentEvent;
use crate::domain::refusal::Refusal;
use crate::domain::sla::ClockKind;
use crate::domain::text::FreeText;
use crate::domain::work_order::{
    Action, ActionKind, Callback, CallbackStep, Clocks, OrderChange, OrderState, OrderStep, ReopenCause, Reply, Resolution, ResolveStep,
    WorkOrder,
};

#[expect(clippy::wildcard_enum_match_arm, reason = "`order::step` names every variant and sends only these here")]
pub(super) fn step(
    hall: &Hall,
    order: &WorkOrder,
    step: &OrderStep,
    token: Option<u64>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    match step {
        OrderStep::Resolve(how) => resolve(hall, order, how, token, caller, now),
        OrderStep::Reply { text } => reply(hall, order, text, caller, now),
        OrderStep::Callback(how) => callback(hall, order, how, caller, now),
        OrderStep::Reopen { reason } => {
            need(order, |state| state == OrderState::Closed || state.is_worked())?;
            Ok(vec![reopened(hall, order, ReopenCause::Staff, Some(reason.clone()), None, now)])
        }
        OrderStep::Withdraw { reason } => withdraw(hall, order, reason, now),
        _ => Err(Refusal::OrderWrongState { state: order.state }),
    }
}

/// The clocks of an order whose work is done: those of the work stand, the one of the call-back begins.
pub(super) fn worked(hall: &Hall, order: &WorkOrder, now: DateTime<Utc>) -> Clocks {
    let done = [ClockKind::Accept, ClockKind::Contact, ClockKind::Arrive, ClockKind::Resolve];
    let mut clocks = finished(hall, order, &done, now);
    if let Some(limit) = limits_of(hall, order).callback {
        clocks.put(ClockKind::Callback, clock_at(hall, limit, now));
    }
    clocks
}

/// The work counts as done only with a contact, an arrival where somebody had to go, and an action.
fn resolve(
    hall: &Hall,
    order: &WorkOrder,
    how: &ResolveStep,
    token: Option<u64>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    need(order, OrderState::is_in_hand)?;
    let lease = held(order, token, caller)?;
    hall.profile.orders.cause(&how.cause).ok_or(Refusal::UnknownCause)?;
    let visit = hall.profile.orders.category(&order.category).is_none_or(|category| category.visit);
    // The master of an incident has no customer to speak with; its callers are called back one by one.
    let is_master = of_master(hall, order).is_some();
    let missing: Vec<&'static str> = [
        (!is_master && !order.is_contacted()).then_some("contact"),
        (visit && !order.is_arrived()).then_some("arrive"),
        (!order.is_acted() && how.action.is_none()).then_some("action"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !missing.is_empty() {
        return Err(Refusal::ResolutionIncomplete { missing });
    }
    if !how.solved && how.unsolved_reason.is_none() {
        return Err(invalid("unsolved_reason", "is needed where it is not solved"));
    }
    let by = Arc::clone(&caller.actor.actor);
    let mut events = Vec::new();
    if let Some(what) = &how.action {
        let action =
            Action { at: now, by: Arc::clone(&by), kind: ActionKind::Work, what: what.clone(), parts: how.parts.clone(), photo_ref: None };
        events.push(event(order, OrderChange::Acted { action, lease: Some(lease.clone()) }));
    }
    let resolution = Resolution {
        at: now,
        by,
        cause: how.cause.clone(),
        solved: how.solved,
        unsolved_reason: how.unsolved_reason.clone(),
        valid_claim: how.valid_claim,
        out_of_scope: how.out_of_scope,
        public_reply: how.public_reply.clone(),
        signature: how.signature.clone(),
        refund_days: how.refund_days,
    };
    if is_master {
        events.push(resolved_master(hall, order, &resolution, now));
        events.extend(resolve_children(hall, order, &resolution, now));
        events.push(closed_master(order));
        events.extend(resolved_incident(hall, order, &resolution));
    } else {
        let resolved = OrderChange::Resolved { resolution: Box::new(resolution.clone()), with: None };
        events.push(event_with(order, resolved, worked(hall, order, now)));
        events.extend(resolve_children(hall, order, &resolution, now));
    }
    Ok(events)
}

/// The master of an incident is done, and with it the incident.
fn resolved_incident(hall: &Hall, order: &WorkOrder, resolution: &Resolution) -> Option<EventBody> {
    let incident = of_master(hall, order).filter(|incident| incident.is_open())?;
    let change = IncidentEvent::Resolved { incident: incident.id, public_reply: resolution.public_reply.clone() };
    Some(EventBody::Incident(Box::new(change)))
}

/// The customer is told the result.
fn reply(hall: &Hall, order: &WorkOrder, text: &FreeText, caller: &Caller, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    need(order, OrderState::is_worked)?;
    Ok(vec![replied(hall, order, text, caller, now)])
}

fn replied(hall: &Hall, order: &WorkOrder, text: &FreeText, caller: &Caller, now: DateTime<Utc>) -> EventBody {
    let reply = Reply { at: now, by: Arc::clone(&caller.actor.actor), text: text.clone() };
    event_with(order, OrderChange::Replied { reply }, finished(hall, order, &[ClockKind::Reply], now))
}

/// Whether somebody had a hand in the work, or in that of the order with which it was worked.
fn took_part(hall: &Hall, order: &WorkOrder, actor: &Actor) -> bool {
    let master = order.merged_into.and_then(|no| hall.orders.get(no));
    worked_on(order, actor) || master.is_some_and(|master| worked_on(master, actor))
}

fn worked_on(order: &WorkOrder, actor: &Actor) -> bool {
    let name = actor.name();
    let of = |by: &str| by.split_once(':').map_or(by, |(_, own)| own) == name;
    // Who looked into a complaint is not asked whether that was done well.
    let acted = order.actions.iter().any(|action| of(&action.by) && action.kind != ActionKind::Note);
    let resolved = order.resolution.as_ref().is_some_and(|resolution| of(&resolution.by));
    let helped = order.co_teams.iter().filter_map(|help| help.done_by.as_deref()).any(of);
    acted || resolved || helped || order.was_handled_by(name)
}

/// 回访: by somebody other than who worked on it; what the customer says decides.
fn callback(hall: &Hall, order: &WorkOrder, how: &CallbackStep, caller: &Caller, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    need(order, OrderState::is_worked)?;
    if took_part(hall, order, &caller.actor) {
        return Err(Refusal::CallbackByHandler);
    }
    if how.grade.is_some_and(|grade| !(1..=5).contains(&grade)) {
        return Err(invalid("grade", "is 1 to 5"));
    }
    let callback = Callback {
        at: now,
        by: Arc::clone(&caller.actor.actor),
        reached: how.reached,
        solved: how.solved,
        grade: how.grade,
        remark: how.remark.clone(),
    };
    let called_back = OrderChange::CalledBack { callback };
    if !how.reached {
        return unreached(hall, order, how, called_back, now);
    }
    if how.solved.is_none() && how.grade.is_none() {
        return Err(invalid("solved", "say whether it is solved, or the grade"));
    }
    let low = how.grade.is_some_and(|grade| grade <= hall.profile.orders.rules.reopen_grade_max);
    if how.solved == Some(false) || low {
        let cause = if how.solved == Some(false) { ReopenCause::NotSolved } else { ReopenCause::LowGrade };
        return Ok(vec![event(order, called_back), reopened(hall, order, cause, how.remark.clone(), None, now)]);
    }
    let mut events = Vec::with_capacity(3);
    if order.reply.is_none() {
        let text = order.resolution.as_ref().and_then(|resolution| resolution.public_reply.as_ref()).ok_or(Refusal::ReplyMissing)?;
        events.push(replied(hall, order, text, caller, now));
    }
    events.push(event(order, called_back));
    events.push(closed(hall, order, false, now));
    Ok(events)
}

fn closed(hall: &Hall, order: &WorkOrder, unreached: bool, now: DateTime<Utc>) -> EventBody {
    event_with(order, OrderChange::Closed { unreached, no_customer: false }, finished(hall, order, &ClockKind::ALL, now))
}

/// Nobody answered: another attempt is on the record; after enough of them somebody may give up.
fn unreached(
    hall: &Hall,
    order: &WorkOrder,
    how: &CallbackStep,
    called_back: OrderChange,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    // Attempts after earlier work, on which the customer was heard, do not count for this one.
    let enough = order.progress.unreached + 1 >= hall.profile.orders.rules.callback_attempts_max;
    if how.give_up && !enough {
        return Err(invalid("give_up", "needs more attempts first"));
    }
    let mut events = vec![event(order, called_back)];
    if how.give_up {
        events.push(closed(hall, order, true, now));
    }
    Ok(events)
}

fn withdraw(hall: &Hall, order: &WorkOrder, reason: &FreeText, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    need(order, |state| !state.is_over())?;
    keep_master(hall, order)?;
    if order.children.iter().any(|no| hall.orders.get(*no).is_some_and(|child| child.state == OrderState::Merged)) {
        return Err(Refusal::OrderHasChildren);
    }
    let clocks = finished(hall, order, &ClockKind::ALL, now);
    Ok(vec![event_with(order, OrderChange::Withdrawn { reason: reason.clone() }, clocks)])
}
