//! What the hall knows already of a caller and a flat, while the caller is still speaking.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::hall::Hall;
use crate::domain::hotline::{customer_word, flat_word, phone_word};
use crate::domain::hotline_call::{Address, HotlineCall};
use crate::domain::ids::{CategoryId, HotlineCallId, TicketId};
use crate::domain::phone::Phone;
use crate::domain::work_order::{OrderState, WorkOrder};
use crate::web::past::Past;
use crate::web::wire::call::{CallBrief, Known};
use crate::web::wire::incident::Incident;
use crate::web::wire::order::OrderBrief;
use crate::web::wire::reader::Reader;
use crate::web::wire::ticket::TicketBrief;

/// Earlier calls and orders that are told at most.
const TOLD_MAX: usize = 10;
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
