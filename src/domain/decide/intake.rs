//! Makes work orders: from a call, a ticket or nothing; or urges the one that is there already.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::order::{clock_at, event, limits, seal};
use crate::domain::actor::Caller;
use crate::domain::event::EventBody;
use crate::domain::hall::Hall;
use crate::domain::hotline::{customer_word, flat_word};
use crate::domain::hotline_call::{CallerRole, HotlineCall, Urgency};
use crate::domain::ids::{OrderNo, TeamId};
use crate::domain::order_plan::CustomerClass;
use crate::domain::orders::OPEN_ORDERS_MAX;
use crate::domain::profile::order_series;
use crate::domain::refusal::Refusal;
use crate::domain::sla::ClockKind;
use crate::domain::work_order::{Clocks, Customer, Intake, NewOrder, OrderChange, OrderEvent, Origin, ReopenCause, Urge, WorkOrder};

/// Makes an order; where the same flat has one about the same thing, urges that one, or opens it again.
pub(super) fn create(hall: &Hall, new: &NewOrder, caller: &Caller, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    let intake = gather(hall, new, now)?;
    if let Some(incident) = new.incident {
        return super::incident::attach_new(hall, incident, intake, new.call, now);
    }
    if !new.separate
        && let Some(same) = same_matter(hall, &intake, now)
    {
        return Ok(ask_again(hall, same, new, &intake, caller, now));
    }
    let team = team_of(hall, new, &intake)?;
    Ok(begin(hall, next_no(hall, 0), intake, team, now))
}

/// The number of the next order, `further` ones behind it.
pub(super) fn next_no(hall: &Hall, further: u32) -> OrderNo {
    let last = hall.numbers.get(&order_series()).copied().unwrap_or(0);
    OrderNo { day: hall.day.unwrap_or_default(), seq: last + 1 + further }
}

/// Everything an order is made of, from what is said and from its call.
pub(super) fn gather(hall: &Hall, new: &NewOrder, now: DateTime<Utc>) -> Result<Intake, Refusal> {
    if hall.orders.open_count() >= OPEN_ORDERS_MAX {
        return Err(Refusal::TooMany { what: "work_orders", max: OPEN_ORDERS_MAX });
    }
    let call = match new.call {
        Some(id) => Some(hall.hotline.calls.get(&id).ok_or(Refusal::InvalidField { field: "call", problem: "is not known".to_owned() })?),
        None => None,
    };
    if new.ticket.is_some_and(|ticket| !hall.tickets.contains_key(&ticket)) {
        return Err(Refusal::InvalidField { field: "ticket", problem: "is not known".to_owned() });
    }
    let fields = call.map(|call| &call.fields);
    let category = new.category.clone().or_else(|| fields?.category.clone());
    let category = category.ok_or(Refusal::InvalidField { field: "category", problem: "is needed".to_owned() })?;
    let plan = hall.profile.orders.category(&category).ok_or(Refusal::UnknownCategory)?;
    let (emergency, sealed_default) = (plan.emergency, plan.sealed_default);
    let urgency = new.urgency.or(fields.map(|fields| fields.urgency)).unwrap_or_default();
    let season = hall.profile.orders.season.as_ref();
    Ok(Intake {
        origin: Origin {
            calls: new.call.into_iter().collect(),
            ticket: new.ticket,
            external_no: new.external_no.clone(),
            incident: new.incident,
        },
        title: new.title.clone(),
        description: new.description.clone().or_else(|| fields?.description.clone()),
        customer: new.customer.clone().or_else(|| call.map(|call| customer_of(call))).unwrap_or_default(),
        address: new.address.clone().or_else(|| Some(fields?.address.clone())).unwrap_or_default(),
        symptoms: new.symptoms.clone().or_else(|| Some(fields?.symptoms.clone())).unwrap_or_default(),
        urgency: if emergency { Urgency::Emergency } else { urgency },
        // What the caller asked for is not undone by a form that was filled in for them.
        sealed: fields.is_some_and(|fields| fields.sealed) || new.sealed.unwrap_or(sealed_default),
        appointment: new.appointment,
        phase: season.map(|season| season.phase_at(now, hall.profile.calendar.zone)),
        clocks_by: hall.profile.orders.preset.as_ref().map_or_else(|| Arc::from("hall"), |preset| Arc::from(preset.mark())),
        category,
    })
}

fn customer_of(call: &HotlineCall) -> Customer {
    let fields = &call.fields;
    Customer {
        name: fields.caller_name.clone(),
        phone: fields.callback_number.clone().or_else(|| fields.caller_number.clone()),
        customer_no: fields.customer_no.clone(),
        role: fields.caller_role,
        vulnerable: fields.vulnerable.clone(),
        language: fields.language,
    }
}

/// Whose limits hold.
pub(super) fn class_of(customer: &Customer) -> CustomerClass {
    if !customer.vulnerable.is_empty() {
        CustomerClass::Vulnerable
    } else if customer.role == Some(CallerRole::Company) {
        CustomerClass::Company
    } else {
        CustomerClass::Ordinary
    }
}

/// The team it goes to: the one named, else the address's own where somebody has to go there, else the category's.
fn team_of(hall: &Hall, new: &NewOrder, intake: &Intake) -> Result<Option<TeamId>, Refusal> {
    let plan = &hall.profile.orders;
    if let Some(team) = &new.team {
        plan.team(team).ok_or(Refusal::UnknownTeam)?;
        return Ok(new.team.clone());
    }
    let of_address = intake.address.team.clone().filter(|team| plan.team(team).is_some());
    let of_category = plan.team_for(&intake.category).cloned();
    let visit = plan.category(&intake.category).is_some_and(|category| category.visit);
    Ok(if visit { of_address.or(of_category) } else { of_category.or(of_address) })
}

/// An order about the same thing in the same flat, open or ended lately.
pub(super) fn same_matter<'a>(hall: &'a Hall, intake: &Intake, now: DateTime<Utc>) -> Option<&'a WorkOrder> {
    let flat = intake.address.flat().map(|flat| Arc::from(flat_word(&flat)));
    let customer = intake.customer.customer_no.as_ref().map(|no| Arc::from(customer_word(no.as_str())));
    let words: Vec<Arc<str>> = flat.into_iter().chain(customer).collect();
    hall.same_matter(&words, Some(&intake.category), now)
}

/// 催办 while it is worked on; a new beginning where it was thought to be done, unless only its progress is asked for. Handlers
/// cannot read calls: what the caller said goes with it, but not out of a call in confidence into an order that was none. Who asks
/// in confidence seals it.
fn ask_again(hall: &Hall, order: &WorkOrder, new: &NewOrder, intake: &Intake, caller: &Caller, now: DateTime<Utc>) -> Vec<EventBody> {
    let said = intake.description.clone().filter(|_| order.sealed || !intake.sealed);
    let asks_only = hall.profile.orders.category(&intake.category).is_some_and(|category| category.urges);
    let asked = if order.state.is_over() || (order.state.is_worked() && !asks_only) {
        super::order::reopened(hall, order, ReopenCause::RepeatCall, said, new.call, now)
    } else {
        let urge = Urge { at: now, by: Arc::clone(&caller.actor.actor), call: new.call, note: said };
        event(order, OrderChange::Urged { urge })
    };
    [asked].into_iter().chain(seal(order, intake.sealed, new.call)).collect()
}

/// The events of an order's beginning: created, and sent to its team where one is known.
pub(super) fn begin(hall: &Hall, no: OrderNo, intake: Intake, team: Option<TeamId>, now: DateTime<Utc>) -> Vec<EventBody> {
    let limits = limits(hall, &intake.category, intake.phase, class_of(&intake.customer));
    let kinds = [ClockKind::Contact, ClockKind::Arrive, ClockKind::Resolve, ClockKind::Reply];
    let clocks: Clocks = kinds.into_iter().filter_map(|kind| Some((kind, clock_at(hall, limits.get(kind)?, now)))).collect();
    let accept: Clocks = limits.accept.map(|limit| (ClockKind::Accept, clock_at(hall, limit, now))).into_iter().collect();
    let created = OrderEvent { no, team: None, handler: None, clocks, change: OrderChange::Created { order: Box::new(intake) } };
    let dispatched = team.map(|team| OrderEvent {
        no,
        team: Some(team),
        handler: None,
        clocks: accept,
        change: OrderChange::Dispatched { category: None, from: None },
    });
    [Some(created), dispatched].into_iter().flatten().map(|event| EventBody::Order(Box::new(event))).collect()
}
