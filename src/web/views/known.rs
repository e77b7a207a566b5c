//! What the hall knows already of a caller and a flat, while the caller is still speaking.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::hall::Hall;
use crate::domain::hotline::{customer_word, flat_word, phone_word};
use crate::domain::hotline_call::{Address, CallerRole, HotlineCall};
use crate::domain::ids::{CategoryId, HotlineCallId, TicketId};
use crate::domain::phone::Phone;
use crate::domain::text::FreeText;
use crate::domain::work_order::{OrderState, WorkOrder};
use crate::web::past::Past;
use crate::web::wire::call::{CallBrief, Known, KnownPerson};
use crate::web::wire::incident::Incident;
use crate::web::wire::order::OrderBrief;
use crate::web::wire::reader::{Reader, masked_name};
use crate::web::wire::ticket::TicketBrief;

/// Earlier calls and orders that are told at most.
const TOLD_MAX: usize = 10;
/// Calls and orders in which people are looked for: a number that rings all day is answered as soon as any other.
const PEOPLE_LOOKED_AT_MAX: usize = 200;
/// Incidents that are told at most.
const INCIDENTS_TOLD_MAX: usize = 20;

/// Of whom and what it is asked.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub phones: Vec<Phone>,
    pub customer_no: Option<String>,
    pub address: Address,
    pub category: Option<CategoryId>,
    /// The call in which it is asked: it is no earlier one.
    pub in_call: Option<HotlineCallId>,
}

impl From<&HotlineCall> for Asked {
    fn from(call: &HotlineCall) -> Self {
        let fields = &call.fields;
        Self {
            phones: fields.caller_number.iter().chain(&fields.callback_number).cloned().collect(),
            customer_no: fields.customer_no.as_ref().map(|no| no.as_str().to_owned()),
            address: fields.address.clone(),
            category: fields.category.clone(),
            in_call: Some(call.id),
        }
    }
}

impl Asked {
    /// The flat and the customer.
    fn matter(&self) -> Vec<Arc<str>> {
        let flat = self.address.flat().map(|flat| Arc::from(flat_word(&flat)));
        let customer = self.customer_no.as_deref().map(|no| Arc::from(customer_word(no)));
        flat.into_iter().chain(customer).collect()
    }

    /// The number and the customer, wherever they live.
    fn person(&self) -> Vec<Arc<str>> {
        let numbers = self.phones.iter().map(|phone| Arc::from(phone_word(phone.number())));
        numbers.chain(self.customer_no.as_deref().map(|no| Arc::from(customer_word(no)))).collect()
    }

    /// Every word under which something may be known.
    #[must_use]
    pub fn words(&self) -> Vec<Arc<str>> {
        let numbers = self.phones.iter().map(|phone| Arc::from(phone_word(phone.number())));
        numbers.chain(self.matter()).collect()
    }
}

/// What is known, for those who answer the telephone and make orders.
#[must_use]
pub fn known(hall: &Hall, asked: &Asked, past: &Past, now: DateTime<Utc>) -> Known {
    let reader = Reader::desk_screen();
    let (matter, words) = (asked.matter(), asked.words());
    let brief = |order: &WorkOrder| OrderBrief::of(hall, order, &reader, now);
    let address = &asked.address;
    let covering = hall.hotline.open_incidents().filter(|one| one.covers(address.community.as_ref(), address.station.as_ref()));
    let archived = past.calls.iter().filter(|call| !hall.hotline.calls.contains_key(&call.id));
    let calls = hall.hotline.found(&words).chain(archived).filter(|call| Some(call.id) != asked.in_call);
    Known {
        people: people(hall, asked, past),
        calls: calls.take(TOLD_MAX).map(|call| CallBrief::of(hall, call)).collect(),
        tickets: tickets(hall, &words, past),
        orders: orders(hall, &words, past, now).into_iter().map(brief).collect(),
        incidents: covering.take(INCIDENTS_TOLD_MAX).map(Incident::from).collect(),
        same_flat: hall.same_matter(&matter, asked.category.as_ref(), now).map(brief),
    }
}

/// Numbers of the hall carry no telephone number, nobody is asked for one: but who made an order at a counter held one.
fn tickets(hall: &Hall, words: &[Arc<str>], past: &Past) -> Vec<TicketBrief> {
    let orders = hall.orders.found(words).chain(&past.orders);
    let ids: BTreeSet<TicketId> = orders.filter_map(|order| order.origin.ticket).collect();
    ids.iter().rev().filter_map(|id| hall.tickets.get(id)).take(TOLD_MAX).map(TicketBrief::from).collect()
}

/// Open ones first, then those closed within the repeat days; the newest of each first.
fn orders<'a>(hall: &'a Hall, words: &'a [Arc<str>], past: &'a Past, now: DateTime<Utc>) -> Vec<&'a WorkOrder> {
    let repeat = TimeDelta::days(i64::from(hall.profile.orders.rules.repeat_days));
    let lately = |order: &&WorkOrder| order.state == OrderState::Closed && order.closed_at.is_some_and(|at| at + repeat >= now);
    let open = hall.orders.found(words).filter(|order| !order.state.is_over());
    let archived = past.orders.iter().filter(|order| hall.orders.get(order.no).is_none());
    open.chain(hall.orders.found(words).chain(archived).filter(lately)).take(TOLD_MAX).collect()
}

/// Somebody as a call or an order has them.
#[derive(PartialEq)]
struct Person<'a> {
    name: Option<&'a FreeText>,
    phone: Option<&'a Phone>,
    role: Option<CallerRole>,
    customer_no: Option<&'a FreeText>,
    /// Community, building, unit and room.
    place: [Option<&'a FreeText>; 4],
}

impl<'a> Person<'a> {
    fn of_call(call: &'a HotlineCall) -> Self {
        let fields = &call.fields;
        Self {
            name: fields.caller_name.as_ref(),
            phone: fields.caller_number.as_ref().or(fields.callback_number.as_ref()),
            role: fields.caller_role,
            customer_no: fields.customer_no.as_ref(),
            place: place(&fields.address),
        }
    }

    fn of_order(order: &'a WorkOrder) -> Self {
        let customer = &order.customer;
        Self {
            name: customer.name.as_ref(),
            phone: customer.phone.as_ref(),
            role: customer.role,
            customer_no: customer.customer_no.as_ref(),
            place: place(&order.address),
        }
    }

    /// Whether more is known of them than that they rang.
    fn is_somebody(&self) -> bool {
        self.name.is_some() || self.customer_no.is_some() || self.place.iter().any(Option::is_some)
    }

    fn brief(&self, seen_at: DateTime<Utc>) -> KnownPerson {
        let text = |text: Option<&FreeText>| text.map(|text| text.as_str().to_owned());
        let [community, building, unit, room] = self.place.map(text);
        KnownPerson {
            name_masked: self.name.map(masked_name),
            phone_masked: self.phone.map(Phone::masked),
            role: self.role.map(Into::into),
            customer_no: text(self.customer_no),
            community,
            building,
            unit,
            room,
            seen_at,
        }
    }
}

fn place(address: &Address) -> [Option<&FreeText>; 4] {
    [address.community.as_ref(), address.building.as_ref(), address.unit.as_ref(), address.room.as_ref()]
}

/// Everybody who was written down under the number or the customer, each once, the latest first.
fn people(hall: &Hall, asked: &Asked, past: &Past) -> Vec<KnownPerson> {
    let words = asked.person();
    let meant = |own: Vec<Arc<str>>| own.iter().any(|word| words.contains(word));
    let archived = past.calls.iter().filter(|call| !hall.hotline.calls.contains_key(&call.id) && meant(call.fields.words()));
    let calls = hall.hotline.found(&words).chain(archived).filter(|call| Some(call.id) != asked.in_call);
    let older = past.orders.iter().filter(|order| hall.orders.get(order.no).is_none() && meant(order.words()));
    let orders = hall.orders.found(&words).chain(older);
    let mut seen: Vec<(DateTime<Utc>, Person<'_>)> = calls
        .map(|call| (call.logged_at, Person::of_call(call)))
        .chain(orders.map(|order| (order.created_at, Person::of_order(order))))
        .filter(|(_, person)| person.is_somebody())
        .take(PEOPLE_LOOKED_AT_MAX)
        .collect();
    seen.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let mut told: Vec<&(DateTime<Utc>, Person<'_>)> = Vec::new();
    for one in &seen {
        if told.len() < TOLD_MAX && told.iter().all(|(_, person)| *person != one.1) {
            told.push(one);
        }
    }
    told.into_iter().map(|(at, person)| person.brief(*at)).collect()
}
