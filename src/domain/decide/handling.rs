//! Judges what a team's people do with an order: claim, accept, contact, arrive, act, return, wait.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::order::{escalated, event, event_with, finished, limits_of, need, resumed, stopped};
use super::ticket::invalid;
use crate::domain::actor::Caller;
use crate::domain::event::EventBody;
use crate::domain::hall::Hall;
use crate::domain::hotline_call::ROOM_TENTHS_RANGE;
use crate::domain::ids::{ReasonId, TeamId};
use crate::domain::phone::Phone;
use crate::domain::refusal::Refusal;
use crate::domain::sla::{ClockKind, Pace};
use crate::domain::text::FreeText;
use crate::domain::work_order::{
    Action, ActionKind, Contact, EscalationCause, Extension, Lease, OrderChange, OrderEvent, OrderState, OrderStep, Reached, Returned,
    RoomTemperature, WorkOrder,
};

/// The longest lease that a claim can ask for, in seconds.
pub(super) const LEASE_S_MAX: u32 = 3_600;
/// How long a customer is waited for where nobody says how long, in days.
pub(super) const WAIT_DAYS_USUAL: i64 = 3;
/// The longest that a customer is waited for, in days.
pub(super) const WAIT_DAYS_MAX: i64 = 30;
/// The furthest that an extension can reach, in days.
const EXTENSION_DAYS_MAX: i64 = 365;

/// Takes the most urgent order of a team that fits the caller.
pub(super) fn claim(
    hall: &Hall,
    team: &TeamId,
    lease_s: Option<u32>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    let plan = hall.profile.orders.team(team).ok_or(Refusal::NotFound)?;
    if !caller.is_of(team) {
        return Err(Refusal::NotYourTeam);
    }
    let lease_s = lease_s.unwrap_or(hall.profile.orders.rules.lease_s);
    if !(1..=LEASE_S_MAX).contains(&lease_s) {
        return Err(invalid("lease_s", "is 1 to 3600 seconds"));
    }
    within_limit(hall, plan.wip_max, caller)?;
    let Some(order) = hall.orders.queue(team).find(|order| is_able(hall, order, caller)) else { return Ok(Vec::new()) };
    let lease = Lease {
        handler: Arc::clone(&caller.actor.actor),
        token: hall.orders.last_token + 1,
        until: Some(now + TimeDelta::seconds(i64::from(lease_s))),
    };
    Ok(vec![leased(order, &lease, OrderChange::Claimed { lease: lease.clone() })])
}

fn leased(order: &WorkOrder, lease: &Lease, change: OrderChange) -> EventBody {
    let handler = Some(Arc::clone(&lease.handler));
    EventBody::Order(Box::new(OrderEvent {
        no: order.no,
        team: order.team.clone(),
        handler,
        clocks: crate::domain::work_order::Clocks::default(),
        change,
    }))
}

fn within_limit(hall: &Hall, wip_max: u32, caller: &Caller) -> Result<(), Refusal> {
    let held = hall.orders.held_count(&caller.actor.actor);
    let max = wip_max;
    if u32::try_from(held).is_ok_and(|held| held < max) { Ok(()) } else { Err(Refusal::WipLimit { max }) }
}

/// Whether the caller can do what the order's category asks for.
fn is_able(hall: &Hall, order: &WorkOrder, caller: &Caller) -> bool {
    let mut asked = hall.profile.orders.lineage(&order.category).flat_map(|category| &category.skills);
    caller.skills.is_empty() || asked.all(|skill| caller.skills.contains(skill))
}

pub(super) fn step(
    hall: &Hall,
    order: &WorkOrder,
    step: &OrderStep,
    token: Option<u64>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    if let OrderStep::Accept = step {
        return accept(hall, order, token, caller, now);
    }
    if let OrderStep::Return { code, reason } = step {
        let why = return_reason(hall, code.as_ref(), reason.as_ref())?;
        return give_back(hall, order, why, token, caller, now);
    }
    if let OrderStep::Continue { .. } = step {
        return go_on(hall, order, token, caller, now);
    }
    if let OrderStep::Extend { clock, until, reason } = step {
        return extend(order, *clock, *until, reason, token, caller, now);
    }
    if let OrderStep::Act { kind, .. } = step
        && *kind != ActionKind::Work
        && caller.any_counter
        && token.is_none()
    {
        return beside(order, step, caller, now);
    }
    need(order, OrderState::is_in_hand)?;
    let lease = renewed(hall, order, held(order, token, caller)?, now);
    in_hand(hall, order, step, lease, caller, now)
}

/// What a lead looks into, or notes for colleagues, whoever has the order in hand; it is not the work itself.
fn beside(order: &WorkOrder, step: &OrderStep, caller: &Caller, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    need(order, |state| !state.is_over() && state != OrderState::Merged)?;
    let OrderStep::Act { kind, what, parts, photo_ref } = step else {
        return Err(Refusal::OrderWrongState { state: order.state });
    };
    let by = Arc::clone(&caller.actor.actor);
    let action = Action { at: now, by, kind: *kind, what: what.clone(), parts: parts.clone(), photo_ref: photo_ref.clone() };
    Ok(vec![event(order, OrderChange::Acted { action, lease: None })])
}

/// What its handler does with an order in hand.
#[expect(clippy::wildcard_enum_match_arm, reason = "`order::step` names every variant, and `step` above the rest of ours")]
fn in_hand(
    hall: &Hall,
    order: &WorkOrder,
    step: &OrderStep,
    lease: Lease,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    let by = Arc::clone(&caller.actor.actor);
    let lease = Some(lease);
    Ok(vec![match step {
        OrderStep::Contact { outcome, number, note } => {
            let kinds: &[ClockKind] = if *outcome == Reached::Reached { &[ClockKind::Contact] } else { &[] };
            let number = number.as_ref().map(|number| with_area(hall, number));
            let contact = Contact { at: now, by, outcome: *outcome, number, note: note.clone() };
            event_with(order, OrderChange::Contacted { contact, lease }, finished(hall, order, kinds, now))
        }
        OrderStep::Arrive { note } => {
            let clocks = finished(hall, order, &[ClockKind::Arrive], now);
            event_with(order, OrderChange::Arrived { note: note.clone(), lease }, clocks)
        }
        OrderStep::Act { kind, what, parts, photo_ref } => {
            let action = Action { at: now, by, kind: *kind, what: what.clone(), parts: parts.clone(), photo_ref: photo_ref.clone() };
            event(order, OrderChange::Acted { action, lease })
        }
        OrderStep::Measure(temperature) => {
            believable(temperature, now)?;
            let temperature = Box::new(RoomTemperature { recorded_at: Some(now), by: Some(by), ..temperature.as_ref().clone() });
            event(order, OrderChange::Measured { temperature, lease })
        }
        OrderStep::Wait { reason, until } => {
            let until = Some(waited_until(*until, now)?);
            // The accept clock is done; all others stand still.
            event_with(order, OrderChange::Paused { reason: reason.clone(), until }, stopped(hall, order, now))
        }
        _ => return Err(Refusal::OrderWrongState { state: order.state }),
    }])
}

/// A bare local number with the hall's area code: the same number is the same for everybody.
fn with_area(hall: &Hall, number: &Phone) -> Phone {
    let read = Phone::read(number.raw(), hall.profile.local_area().as_ref());
    read.ok().flatten().unwrap_or_else(|| number.clone())
}

/// The lease, if it is the caller's and the token is the latest.
pub(super) fn held<'a>(order: &'a WorkOrder, token: Option<u64>, caller: &Caller) -> Result<&'a Lease, Refusal> {
    let lease = order.lease.as_ref().ok_or(Refusal::StaleLease)?;
    if token == Some(lease.token) && lease.handler == caller.actor.actor { Ok(lease) } else { Err(Refusal::StaleLease) }
}

/// When an order whose customer is waited for goes back to its queue: without an end it could be forgotten for ever.
fn waited_until(until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
    let until = until.unwrap_or(now + TimeDelta::days(WAIT_DAYS_USUAL));
    if until <= now || until > now + TimeDelta::days(WAIT_DAYS_MAX) {
        return Err(invalid("until", "is an instant to come, at most 30 days from now"));
    }
    Ok(until)
}

/// The lease with the time that its holder may say nothing, from now on. It is counted as the time to accept such an order is:
/// who has until the next working day to take a complaint does not lose it overnight; who repairs day and night is waited for
/// by the clock.
fn renewed(hall: &Hall, order: &WorkOrder, lease: &Lease, now: DateTime<Utc>) -> Lease {
    let pace = limits_of(hall, order).accept.map_or(Pace::Natural, |limit| limit.pace);
    let hold_ms = i64::from(hall.profile.orders.rules.hold_s) * 1_000;
    // A calendar that has not that much time within ten years is no reason to keep the order as long.
    let until = pace.add(now, hold_ms, hall.profile.working()).unwrap_or(now + TimeDelta::milliseconds(hold_ms));
    Lease { until: Some(until), ..lease.clone() }
}

/// Takes an order that was offered, or one that waits in the queue.
fn accept(hall: &Hall, order: &WorkOrder, token: Option<u64>, caller: &Caller, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    need(order, |state| state == OrderState::Dispatched)?;
    let lease = if order.lease.is_some() {
        renewed(hall, order, held(order, token, caller)?, now)
    } else {
        let team = order.team.as_ref().ok_or(Refusal::OrderWrongState { state: order.state })?;
        if !caller.is_of(team) {
            return Err(Refusal::NotYourTeam);
        }
        if !is_able(hall, order, caller) {
            return Err(Refusal::SkillMissing);
        }
        within_limit(hall, hall.profile.orders.team(team).map_or(u32::MAX, |plan| plan.wip_max), caller)?;
        let free = Lease { handler: Arc::clone(&caller.actor.actor), token: hall.orders.last_token + 1, until: None };
        renewed(hall, order, &free, now)
    };
    let clocks = finished(hall, order, &[ClockKind::Accept], now);
    let handler = Some(Arc::clone(&lease.handler));
    let change = OrderChange::Accepted { lease };
    Ok(vec![EventBody::Order(Box::new(OrderEvent { no: order.no, team: order.team.clone(), handler, clocks, change }))])
}

/// Why it comes back: a reason of the hall's list, which may also stand as its code where the words are, or words alone.
fn return_reason(hall: &Hall, code: Option<&ReasonId>, reason: Option<&FreeText>) -> Result<(Option<ReasonId>, FreeText), Refusal> {
    let plan = &hall.profile.orders;
    let listed = match code {
        Some(code) => Some(plan.return_reason(code).ok_or(invalid("code", "is no reason of the hall's list"))?),
        None => reason.and_then(|text| plan.return_reason(&text.as_str().parse().ok()?)),
    };
    let said = reason.filter(|text| listed.is_none_or(|listed| listed.id.as_str() != text.as_str())).cloned();
    let named = || listed.and_then(|listed| FreeText::parse(&listed.name.zh).ok());
    let words = said.or_else(named).ok_or(invalid("reason", "is needed"))?;
    Ok((listed.map(|listed| listed.id.clone()), words))
}

/// 退单: back to whoever dispatches; the second time to the lead.
fn give_back(
    hall: &Hall,
    order: &WorkOrder,
    (code, reason): (Option<ReasonId>, FreeText),
    token: Option<u64>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    need(order, |state| state == OrderState::Dispatched || state.is_in_hand())?;
    if order.lease.is_some() && !(caller.any_counter && token.is_none()) {
        held(order, token, caller)?;
    } else if order.team.as_ref().is_some_and(|team| !caller.is_of(team)) {
        return Err(Refusal::NotYourTeam);
    }
    let returned = Returned { at: now, by: Arc::clone(&caller.actor.actor), team: order.team.clone(), reason, code };
    let clocks = finished(hall, order, &[ClockKind::Accept], now);
    let change = OrderChange::Returned { returned };
    let mut events = vec![EventBody::Order(Box::new(OrderEvent { no: order.no, team: None, handler: None, clocks, change }))];
    let returns = u32::try_from(order.returns.len() + 1).unwrap_or(u32::MAX);
    // By the ladder of the team that gives it back: it has no other.
    let up = escalated(hall, order, order.escalation, EscalationCause::ReturnedTwice);
    if let Some(change) = up.filter(|_| returns >= hall.profile.orders.rules.returns_before_lead) {
        let climbed = OrderEvent { no: order.no, team: None, handler: None, clocks: crate::domain::work_order::Clocks::default(), change };
        events.push(EventBody::Order(Box::new(climbed)));
    }
    Ok(events)
}

/// Goes on with an order that waited for its customer, or takes a deferred one up early.
fn go_on(hall: &Hall, order: &WorkOrder, token: Option<u64>, caller: &Caller, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    need(order, |state| matches!(state, OrderState::WaitingCustomer | OrderState::Deferred))?;
    if order.state == OrderState::Deferred {
        return if caller.any_counter { Ok(vec![super::order::come_back(hall, order, now)]) } else { Err(Refusal::LeadOnly) };
    }
    let lease = match &order.lease {
        Some(lease) if caller.any_counter && token.is_none() => Some(renewed(hall, order, lease, now)),
        Some(_) => Some(renewed(hall, order, held(order, token, caller)?, now)),
        None => None,
    };
    let state = order.waited_from.unwrap_or(OrderState::Accepted);
    let clocks = resumed(hall, order, now);
    Ok(vec![event_with(order, OrderChange::Continued { state, lease }, clocks)])
}

/// 延期: asked for before the deadline, by whoever has the order in hand, or by a lead.
fn extend(
    order: &WorkOrder,
    kind: ClockKind,
    until: DateTime<Utc>,
    reason: &FreeText,
    token: Option<u64>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    need(order, |state| state == OrderState::Dispatched || state.is_in_hand() || state.is_worked())?;
    if order.lease.is_some() && !(caller.any_counter && token.is_none()) {
        held(order, token, caller)?;
    }
    if order.extension.as_ref().is_some_and(|extension| extension.decision.is_none()) {
        return Err(Refusal::AlreadyExists);
    }
    let clock = order.clocks.get(kind).filter(|clock| clock.done_at.is_none()).ok_or(invalid("clock", "does not run for this order"))?;
    let due = clock.due.filter(|due| *due > now).ok_or(Refusal::ExtensionTooLate)?;
    if until <= due || until > now + TimeDelta::days(EXTENSION_DAYS_MAX) {
        return Err(invalid("until", "is later than the deadline, and at most 365 days from now"));
    }
    let extension = Extension { clock: kind, until, reason: reason.clone(), by: Arc::clone(&caller.actor.actor), at: now, decision: None };
    Ok(vec![event(order, OrderChange::ExtensionAsked { extension })])
}

/// Refuses a slip that no instrument can have written.
fn believable(temperature: &RoomTemperature, now: DateTime<Utc>) -> Result<(), Refusal> {
    /// The longest that doors are shut or a reading stands, in minutes.
    const MINUTES_MAX: u32 = 24 * 60;
    let (low, high) = ROOM_TENTHS_RANGE;
    let told = [Some(temperature.reading_tenths), temperature.standard_tenths];
    if told.into_iter().flatten().any(|tenths| !(low..=high).contains(&tenths)) {
        return Err(invalid("reading_tenths", "is outside -30 to 60 degrees"));
    }
    if temperature.outdoor_tenths.is_some_and(|tenths| !(-700..=600).contains(&tenths)) {
        return Err(invalid("outdoor_tenths", "is outside -70 to 60 degrees"));
    }
    if temperature.doors_shut_min > MINUTES_MAX || temperature.stable_min > MINUTES_MAX {
        return Err(invalid("doors_shut_min", "is more than a day"));
    }
    if temperature.measured_at > now + TimeDelta::minutes(10) {
        return Err(invalid("measured_at", "is still to come"));
    }
    if temperature.appointed_at.is_some_and(|at| at > temperature.measured_at + TimeDelta::days(1)) {
        return Err(invalid("appointed_at", "is more than a day after the measurement"));
    }
    Ok(())
}
