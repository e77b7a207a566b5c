//! Judges what is done with area incidents: opened, attached to, resolved for every caller.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::intake::{begin, gather, next_no, same_matter};
use super::order::{event_with, finished, resolve_child, seal, stopped};
use super::ticket::invalid;
use crate::domain::actor::Caller;
use crate::domain::event::EventBody;
use crate::domain::hall::Hall;
use crate::domain::hotline_event::IncidentEvent;
use crate::domain::ids::{CauseId, HotlineCallId, IncidentId, OrderNo};
use crate::domain::incident::{ATTACHED_MAX, COMMUNITIES_MAX, INCIDENTS_MAX, Incident, IncidentFacts};
use crate::domain::refusal::Refusal;
use crate::domain::sla::ClockKind;
use crate::domain::text::FreeText;
use crate::domain::work_order::{
    CHILDREN_MAX, Clocks, Intake, NewOrder, OrderChange, OrderEvent, OrderState, Origin, Resolution, WorkOrder,
};

fn incident_event(event: IncidentEvent) -> EventBody {
    EventBody::Incident(Box::new(event))
}

fn check(hall: &Hall, facts: &IncidentFacts) -> Result<(), Refusal> {
    hall.profile.orders.category(&facts.category).ok_or(Refusal::UnknownCategory)?;
    if facts.communities.len() > COMMUNITIES_MAX {
        return Err(invalid("communities", "names more than 100"));
    }
    if facts.communities.is_empty() && facts.station.is_none() {
        return Err(invalid("communities", "names none, and no station"));
    }
    Ok(())
}

/// Opens an incident with its master order; the caller on the line is its first.
pub(super) fn open(
    hall: &Hall,
    facts: &IncidentFacts,
    call: Option<HotlineCallId>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    check(hall, facts)?;
    if hall.hotline.open_incidents().count() >= INCIDENTS_MAX {
        return Err(Refusal::TooMany { what: "incidents", max: INCIDENTS_MAX });
    }
    let record = call.map(|id| hall.hotline.calls.get(&id).ok_or(invalid("call", "is not known"))).transpose()?;
    // Where it is: the caller's community, not the caller's flat.
    let mut address = record.map(|call| call.fields.address.clone()).unwrap_or_default();
    (address.building, address.unit, address.room, address.text, address.riser) = (None, None, None, None, None);
    address.community = facts.communities.first().cloned();
    address.station = facts.station.clone().or(address.station);
    let new = NewOrder {
        category: Some(facts.category.clone()),
        title: Some(facts.title.clone()),
        address: Some(address.clone()),
        ..NewOrder::default()
    };
    let mut intake = gather(hall, &new, now)?;
    let plan = &hall.profile.orders;
    let team = address.team.filter(|team| plan.team(team).is_some()).or_else(|| plan.team_for(&facts.category).cloned());
    let events_before = if team.is_some() { 2 } else { 1 };
    let id = IncidentId(hall.rev + events_before + 1);
    intake.origin = Origin { incident: Some(id), ..Origin::default() };
    let master = next_no(hall, 0);
    let mut events = begin(hall, master, intake, team, now);
    events.push(incident_event(IncidentEvent::Opened { incident: id, facts: facts.clone(), master }));
    if let Some(call) = call {
        events.extend(attach_to(hall, id, master, &facts.category, call, 1, caller, now)?);
    }
    Ok(events)
}

pub(super) fn change(hall: &Hall, id: IncidentId, facts: &IncidentFacts) -> Result<Vec<EventBody>, Refusal> {
    let incident = going_on(hall, id)?;
    check(hall, facts)?;
    if incident.facts == *facts {
        return Ok(Vec::new());
    }
    Ok(vec![incident_event(IncidentEvent::Changed { incident: id, facts: facts.clone() })])
}

fn going_on(hall: &Hall, id: IncidentId) -> Result<&Incident, Refusal> {
    let incident = hall.hotline.incidents.get(&id).ok_or(Refusal::NotFound)?;
    if incident.is_open() { Ok(incident) } else { Err(Refusal::IncidentResolved) }
}

/// Attaches a caller: an order of their own, merged into the master, by which they are answered.
pub(super) fn attach(
    hall: &Hall,
    id: IncidentId,
    call: HotlineCallId,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    let incident = going_on(hall, id)?;
    may_attach(hall, incident, Some(call))?;
    attach_to(hall, id, incident.master, &incident.facts.category, call, 0, caller, now)
}

/// Whether one more caller, by this call where there is one, can be a part of it.
fn may_attach(hall: &Hall, incident: &Incident, call: Option<HotlineCallId>) -> Result<(), Refusal> {
    if call.is_some_and(|call| incident.attached.contains_key(&call)) {
        return Err(Refusal::AlreadyAttached);
    }
    if incident.attached.len() >= ATTACHED_MAX {
        return Err(Refusal::TooMany { what: "attached", max: ATTACHED_MAX });
    }
    // Orders without a call are parts of it too, and so are those that were merged by hand.
    if hall.orders.get(incident.master).is_some_and(|master| master.children.len() >= CHILDREN_MAX) {
        return Err(Refusal::TooMany { what: "merged", max: CHILDREN_MAX });
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "an incident that is being opened is not in the hall yet")]
fn attach_to(
    hall: &Hall,
    id: IncidentId,
    master: OrderNo,
    category: &crate::domain::ids::CategoryId,
    call: HotlineCallId,
    numbers_taken: u32,
    _caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    let record = hall.hotline.calls.get(&call).ok_or(invalid("call", "is not known"))?;
    let new = NewOrder {
        call: Some(call),
        category: Some(record.fields.category.clone().unwrap_or_else(|| category.clone())),
        incident: Some(id),
        ..NewOrder::default()
    };
    let intake = gather(hall, &new, now)?;
    let (no, mut events) = joined(hall, master, intake, Some(call), numbers_taken, now);
    events.push(incident_event(IncidentEvent::Attached { incident: id, call, order: no }));
    Ok(events)
}

/// The order by which a caller is answered: the one that their flat has about the same, or a new one; merged into the master.
fn joined(
    hall: &Hall,
    master: OrderNo,
    intake: Intake,
    call: Option<HotlineCallId>,
    numbers_taken: u32,
    now: DateTime<Utc>,
) -> (OrderNo, Vec<EventBody>) {
    let mergeable = |order: &&WorkOrder| {
        let unworked = !order.state.is_over() && !order.state.is_worked() && order.state != OrderState::Merged;
        unworked && order.children.is_empty() && order.no != master
    };
    match same_matter(hall, &intake, now).filter(mergeable) {
        Some(order) => {
            let merged = event_with(order, OrderChange::Merged { into: master }, stopped(hall, order, now));
            (order.no, [merged].into_iter().chain(seal(order, intake.sealed, call)).collect())
        }
        None => child(hall, master, intake, numbers_taken, now),
    }
}

/// A child order from its first moment; nobody works it, so no clock runs.
fn child(hall: &Hall, master: OrderNo, intake: Intake, numbers_taken: u32, now: DateTime<Utc>) -> (OrderNo, Vec<EventBody>) {
    let no = next_no(hall, numbers_taken);
    let mut events = begin(hall, no, intake, None, now);
    for event in &mut events {
        if let EventBody::Order(order) = event {
            order.clocks = Clocks::default();
        }
    }
    let merged = OrderEvent { no, team: None, handler: None, clocks: Clocks::default(), change: OrderChange::Merged { into: master } };
    events.push(EventBody::Order(Box::new(merged)));
    (no, events)
}

/// An order that is made as a part of an incident, with or without a call.
pub(super) fn attach_new(
    hall: &Hall,
    id: IncidentId,
    intake: Intake,
    call: Option<HotlineCallId>,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    let incident = going_on(hall, id)?;
    may_attach(hall, incident, call)?;
    let (no, mut events) = joined(hall, incident.master, intake, call, 0, now);
    if let Some(call) = call {
        events.push(incident_event(IncidentEvent::Attached { incident: id, call, order: no }));
    }
    Ok(events)
}

/// The area is well again: every attached caller is now to be told, one by one.
pub(super) fn resolve(
    hall: &Hall,
    id: IncidentId,
    cause: &CauseId,
    public_reply: &FreeText,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    let incident = going_on(hall, id)?;
    hall.profile.orders.cause(cause).ok_or(Refusal::UnknownCause)?;
    let resolution = Resolution {
        at: now,
        by: Arc::clone(&caller.actor.actor),
        cause: cause.clone(),
        solved: true,
        unsolved_reason: None,
        valid_claim: true,
        out_of_scope: false,
        public_reply: Some(public_reply.clone()),
        signature: None,
        refund_days: None,
    };
    let mut events = vec![incident_event(IncidentEvent::Resolved { incident: id, public_reply: Some(public_reply.clone()) })];
    if let Some(master) = hall.orders.get(incident.master) {
        let unworked = !master.state.is_over() && !master.state.is_worked() && master.state != OrderState::Merged;
        events.extend(unworked.then(|| resolved_master(hall, master, &resolution, now)));
        events.extend(resolve_children(hall, master, &resolution, now));
        events.extend(unworked.then(|| closed_master(master)));
    }
    Ok(events)
}

/// The incident of which an order is the master, where the hall still knows it.
pub(super) fn of_master<'a>(hall: &'a Hall, order: &WorkOrder) -> Option<&'a Incident> {
    hall.hotline.incidents.get(&order.origin.incident?).filter(|incident| incident.master == order.no)
}

/// The master of an incident that goes on is neither withdrawn nor merged: its callers would never be told.
pub(super) fn keep_master(hall: &Hall, order: &WorkOrder) -> Result<(), Refusal> {
    if of_master(hall, order).is_some_and(Incident::is_open) { Err(Refusal::IncidentGoesOn) } else { Ok(()) }
}

/// A master has no customer: its work is done and nobody is to be told, so that no clock of it runs on.
pub(super) fn resolved_master(hall: &Hall, master: &WorkOrder, resolution: &Resolution, now: DateTime<Utc>) -> EventBody {
    let change = OrderChange::Resolved { resolution: Box::new(resolution.clone()), with: None };
    let clocks = finished(hall, master, &ClockKind::ALL, now);
    EventBody::Order(Box::new(OrderEvent { no: master.no, team: master.team.clone(), handler: None, clocks, change }))
}

/// Who is to be called back are the callers, each about an order of their own; the master is over with its work.
pub(super) fn closed_master(master: &WorkOrder) -> EventBody {
    let change = OrderChange::Closed { unreached: false, no_customer: true };
    EventBody::Order(Box::new(OrderEvent { no: master.no, team: master.team.clone(), handler: None, clocks: Clocks::default(), change }))
}

/// The children of an order that was worked are worked with it; each caller is still to be told.
pub(super) fn resolve_children(hall: &Hall, master: &WorkOrder, resolution: &Resolution, now: DateTime<Utc>) -> Vec<EventBody> {
    let children = master.children.iter().filter_map(|no| hall.orders.get(*no));
    children.filter(|child| child.state == OrderState::Merged).map(|child| resolve_child(hall, child, master.no, resolution, now)).collect()
}

pub(super) fn dismiss(hall: &Hall, community: &FreeText) -> Vec<EventBody> {
    let stands = hall.hotline.suspicions.iter().any(|one| *one.suspicion.community == *community.as_str());
    stands.then(|| incident_event(IncidentEvent::Dismissed { community: community.clone() })).into_iter().collect()
}
