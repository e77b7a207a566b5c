//! Judges what operators do with calls, and what the exchange tells.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::actor::Caller;
use crate::domain::command::LogCall;
use crate::domain::event::EventBody;
use crate::domain::hall::Hall;
use crate::domain::hotline::OPEN_CALLS_MAX;
use crate::domain::hotline_call::{
    CallDirection, CallEnd, CallFields, CallPatch, Disposition, HotlineCall, ROOM_TENTHS_RANGE, SYMPTOMS_MAX,
};
use crate::domain::hotline_event::{CallEvent, IncidentEvent, PhoneEvent};
use crate::domain::ids::{HotlineCallId, OrderNo, PhoneCallId};
use crate::domain::refusal::Refusal;
use crate::domain::telephone::{NotHandled, PhoneCall, PhoneChange, Signal, Verdict};
use crate::domain::work_order::{NewOrder, OrderChange};

use super::order::seal;
use super::ticket::invalid;

/// How long an ended call stays in the hall's own memory, in hours.
const CALL_KEPT_H: i64 = 48;

pub(super) fn log(hall: &Hall, log: &LogCall, caller: &Caller, _now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    if hall.hotline.open_count() >= OPEN_CALLS_MAX {
        return Err(Refusal::TooMany { what: "open_calls", max: OPEN_CALLS_MAX });
    }
    let id = HotlineCallId(hall.rev + 1);
    let told = log.phone_call.map(|id| hall.hotline.telephone.call(id).ok_or_else(|| invalid("phone_call", "is not known"))).transpose()?;
    let mut changes = CallPatch { seat: log.seat.clone().map(Some), ..CallPatch::default() };
    let told_number = || told.and_then(|call| call.customer_phone(hall.profile.local_area().as_ref()));
    changes.caller_number = log.caller_number.clone().or_else(told_number).map(Some);
    let direction = log.direction.unwrap_or_else(|| told.map_or(CallDirection::In, |call| call.direction().into()));
    let mut events = vec![call_event(CallEvent::Logged {
        call: id,
        channel: log.channel,
        direction,
        operator: Arc::clone(&caller.actor.actor),
        phone_call: log.phone_call,
        changes,
    })];
    // Whoever is only about to ring back has not reached anybody: the missed call waits until the record is done with.
    let returns = |call: &&PhoneCall| direction == CallDirection::Callback && call.was_missed();
    let recorded = told.filter(|call| !returns(call)).and_then(|call| hall.hotline.telephone.judge_recorded(call.id, id));
    events.extend(recorded.map(phone_event));
    Ok(events)
}

fn call_event(event: CallEvent) -> EventBody {
    EventBody::Call(Box::new(event))
}

fn find(hall: &Hall, id: HotlineCallId) -> Result<&HotlineCall, Refusal> {
    hall.hotline.calls.get(&id).map(AsRef::as_ref).ok_or(Refusal::NotFound)
}

pub(super) fn change(hall: &Hall, id: HotlineCallId, patch: &CallPatch, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    let call = find(hall, id)?;
    if call.end.is_some() && !patch.is_of_afterwards() {
        return Err(Refusal::CallEnded);
    }
    check(hall, patch)?;
    let changes = patch.clone().against(&call.fields);
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let mut after = call.clone();
    changes.write(&mut after.fields);
    let made = after.orders.iter().filter(|_| changes.sealed == Some(true)).filter_map(|no| hall.orders.get(*no));
    let sealed: Vec<_> = made.filter_map(|order| seal(order, true, Some(id))).collect();
    let mut events = vec![call_event(CallEvent::Changed { call: id, changes })];
    events.extend(sealed);
    events.extend(suspicion(hall, &after, now));
    Ok(events)
}

fn check(hall: &Hall, patch: &CallPatch) -> Result<(), Refusal> {
    if let Some(Some(category)) = &patch.category
        && hall.profile.orders.category(category).is_none()
    {
        return Err(Refusal::UnknownCategory);
    }
    if let Some(symptoms) = &patch.symptoms {
        if symptoms.rooms.len() > SYMPTOMS_MAX {
            return Err(invalid("symptoms", "lists more than 20 rooms"));
        }
        let (low, high) = ROOM_TENTHS_RANGE;
        if symptoms.room_tenths.is_some_and(|tenths| !(low..=high).contains(&tenths)) {
            return Err(invalid("symptoms", "tells a room temperature outside -30 to 60 degrees"));
        }
    }
    if patch.vulnerable.as_ref().is_some_and(|listed| listed.len() > 3) {
        return Err(invalid("vulnerable", "lists more than there are"));
    }
    if let Some(Some(grade)) = patch.satisfaction
        && !(1..=5).contains(&grade)
    {
        return Err(invalid("satisfaction", "is 1 to 5"));
    }
    Ok(())
}

/// Whether this call makes its community suspect of an outage.
fn suspicion(hall: &Hall, call: &HotlineCall, now: DateTime<Utc>) -> Option<EventBody> {
    let (community, share_ppm) = call.to_count()?;
    let address = &call.fields.address;
    let known = hall.hotline.open_incidents().any(|incident| incident.covers(address.community.as_ref(), address.station.as_ref()));
    if known {
        return None;
    }
    let suspicion = hall.hotline.watch.judge(now, community, share_ppm)?;
    Some(EventBody::Incident(Box::new(IncidentEvent::Suggested { call: call.id, suspicion })))
}

pub(super) fn end(
    hall: &Hall,
    id: HotlineCallId,
    end: &CallEnd,
    order: Option<&NewOrder>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    let call = find(hall, id)?;
    if call.end.is_some() {
        return Err(Refusal::CallEnded);
    }
    let mut end = end.clone();
    let mut events = Vec::new();
    match end.disposition {
        Disposition::WorkOrder => {
            let linked = end.work_order.or(if order.is_some() { None } else { call.orders.last().copied() });
            if let Some(no) = linked {
                let order = hall.orders.get(no).ok_or(Refusal::WorkOrderMissing)?;
                events.extend(super::order::seal_for(hall, order, id));
                end.work_order = Some(no);
            } else {
                let new = NewOrder { call: Some(id), ..order.cloned().unwrap_or_default() };
                events = super::intake::create(hall, &new, caller, now).map_err(|refusal| missing(refusal, &call.fields, &new))?;
                end.work_order = first_order(&events);
            }
        }
        Disposition::Attached => {
            let incident = call.incident.or(end.incident).ok_or(invalid("incident", "is needed"))?;
            end.incident = Some(incident);
            if call.incident.is_none() {
                events = super::incident::attach(hall, incident, id, caller, now)?;
                end.work_order = first_order(&events);
            } else {
                end.work_order = end.work_order.or(call.orders.last().copied());
            }
        }
        Disposition::AnsweredDirectly | Disposition::Transferred | Disposition::Invalid | Disposition::Emergency => {}
    }
    events.push(call_event(CallEvent::Ended { call: id, end }));
    Ok(events)
}

/// An order that cannot be made because the call does not say enough.
fn missing(refusal: Refusal, fields: &CallFields, new: &NewOrder) -> Refusal {
    let without_category = fields.category.is_none() && new.category.is_none();
    if without_category && matches!(refusal, Refusal::InvalidField { .. }) { Refusal::WorkOrderMissing } else { refusal }
}

/// The order that the events are about.
fn first_order(events: &[EventBody]) -> Option<OrderNo> {
    let about = |event: &EventBody| {
        let EventBody::Order(order) = event else { return None };
        (!matches!(order.change, OrderChange::Merged { .. })).then_some(order.no)
    };
    events.iter().find_map(about)
}

/// Calls that ended long enough ago to be in history only.
pub(super) fn archive(hall: &Hall, now: DateTime<Utc>) -> impl Iterator<Item = EventBody> + '_ {
    let before = now - TimeDelta::hours(CALL_KEPT_H);
    let stale = hall.hotline.stale(before, super::DAY_END_BATCH_MAX);
    stale.map(|call| call_event(CallEvent::Archived { call: call.id, record: Box::new(call.clone()) }))
}

pub(super) fn signal(hall: &Hall, signal: &Signal, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    let signal = &signal.clone().localised(hall.profile.local_area().as_ref());
    let verdict = hall.hotline.telephone.judge(signal, PhoneCallId(hall.rev + 1), now);
    let verdict = verdict.map_err(|problem| invalid(problem.field, problem.problem))?;
    let Verdict::News(change) = verdict else { return Ok(Vec::new()) };
    let is_new = hall.hotline.telephone.id_of(&signal.source, &signal.call_id).is_none();
    let crowded_out = hall.hotline.telephone.crowded_out().filter(|_| is_new);
    Ok(crowded_out.map(lapsed).into_iter().chain([phone_event(change)]).collect())
}

/// Missed calls that nobody returned as long as they are remembered.
pub(super) fn lapse(hall: &Hall, now: DateTime<Utc>) -> impl Iterator<Item = EventBody> + '_ {
    hall.hotline.telephone.overdue(now).take(super::DAY_END_BATCH_MAX).map(lapsed)
}

fn lapsed(phone_call: PhoneCallId) -> EventBody {
    phone_event(PhoneChange::Lapsed { phone_call })
}

fn phone_event(change: PhoneChange) -> EventBody {
    EventBody::Phone(Box::new(match change {
        PhoneChange::Signalled { phone_call, signal } => PhoneEvent::Signalled { phone_call, signal },
        PhoneChange::Handled { phone_call, hotline_call } => PhoneEvent::Handled { phone_call, hotline_call },
        PhoneChange::Lapsed { phone_call } => PhoneEvent::Lapsed { phone_call },
    }))
}

pub(super) fn handled(hall: &Hall, phone_call: PhoneCallId, call: Option<HotlineCallId>) -> Result<Vec<EventBody>, Refusal> {
    let change = hall.hotline.telephone.judge_handled(phone_call, call).map_err(|problem| match problem {
        NotHandled::Unknown => Refusal::NotFound,
        NotHandled::State(state) => Refusal::PhoneWrongState { state },
    })?;
    Ok(change.map(phone_event).into_iter().collect())
}
