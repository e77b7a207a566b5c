//! `/search`: one text, looked for in numbers, calls and orders, of today and of long ago; each as far as the asker may see it.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use utoipa::{IntoParams, ToSchema};

use super::{Door, hotline, order_list};
use crate::domain::ids::{HotlineCallId, TicketId};
use crate::domain::ticket as of;
use crate::web::app::AppState;
use crate::web::ask::{Given, Look};
use crate::web::find::Question;
use crate::web::problem::{Code, Problem};
use crate::web::rights::{Right, Search, SeeCalls, SeeOrders, admits};
use crate::web::wire::call::CallBrief;
use crate::web::wire::call_body::area_of;
use crate::web::wire::order::OrderBrief;
use crate::web::wire::ticket::Ticket;

/// Finds of each kind when nothing is said.
const FOUND: usize = 10;
/// Finds of each kind at most.
const FOUND_MAX: usize = 50;

pub(super) fn doors() -> Vec<Door> {
    vec![Door::look("/search", "Numbers, calls and orders that a text means, newest first.", search).refuses(&[Code::InvalidField])]
}

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
struct SearchQuery {
    /// A ticket's number or id; a call's id; an order's number; a piece of a title, description, community or name; a whole telephone number or
    /// its last four digits; a customer's number.
    q: Option<String>,
    /// Of each kind at most so many, 1 to 50; 10 without it.
    limit: Option<usize>,
}

/// What was found, newest first; of calls and orders nothing where the asker may not see them.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Found {
    tickets: Vec<Ticket>,
    calls: Vec<CallBrief>,
    orders: Vec<OrderBrief>,
    more: More,
}

/// Whether there are more than were given: their lists page through them.
#[derive(Debug, Default, Serialize, ToSchema)]
struct More {
    tickets: bool,
    calls: bool,
    orders: bool,
}

async fn search(look: Look<Search, (), SearchQuery>) -> Result<Given<Found>, Problem> {
    let state = &look.state;
    let limit = look.query.limit.unwrap_or(FOUND);
    if !(1..=FOUND_MAX).contains(&limit) {
        return Err(Problem::invalid("limit", "is 1 to 50"));
    }
    let area = state.keeper.read(area_of);
    let asked = look.query.q.as_deref();
    let question = Question::read(asked, area.as_ref())?.ok_or_else(|| Problem::invalid("q", "is needed"))?;
    let mut found = Found::default();
    // One more than shown tells whether there are more.
    let mut numbers = tickets(state, asked.unwrap_or_default(), limit + 1).await?;
    found.more.tickets = cut(&mut numbers, limit);
    found.tickets = numbers.iter().map(Ticket::from).collect();
    if admits(SeeCalls::ADMITS, &look.who.roles) {
        let filter = hotline::Filter::meant(question.clone());
        let mut calls = hotline::newest(state, &filter, HotlineCallId(u64::MAX), limit + 1).await?;
        found.more.calls = cut(&mut calls, limit);
        found.calls = state.keeper.read(|hall| calls.iter().map(|call| CallBrief::of(hall, call)).collect());
    }
    if admits(SeeOrders::ADMITS, &look.who.roles) {
        let (reader, now) = (look.who.reader(), state.now());
        let filter = order_list::Filter::meant(question, reader.clone());
        let mut orders = order_list::by_number(state, &filter, None, limit + 1).await?;
        found.more.orders = cut(&mut orders, limit);
        found.orders = state.keeper.read(|hall| orders.iter().map(|order| OrderBrief::of(hall, order, &reader, now)).collect());
    }
    Given::ok(&found)
}

/// Cuts a list, and tells whether that took something away.
fn cut<T>(found: &mut Vec<T>, limit: usize) -> bool {
    let more = found.len() > limit;
    found.truncate(limit);
    more
}

/// Numbers as they are printed, or by their ids: today's, then those of earlier days.
async fn tickets(state: &AppState, asked: &str, limit: usize) -> Result<Vec<of::Ticket>, Problem> {
    let number: String = asked.trim().nfkc().collect::<String>().to_uppercase();
    let id: Option<TicketId> = asked.trim().parse().ok();
    let is_meant = |ticket: &of::Ticket| *ticket.number == *number || Some(ticket.id) == id;
    let mut found: Vec<of::Ticket> =
        state.keeper.read(|hall| hall.tickets.values().rev().filter(|one| is_meant(one)).take(limit).cloned().collect());
    if let Some(history) = &state.history {
        let mut earlier = history.tickets_numbered(&number, limit).await?;
        if let Some(id) = id {
            earlier.extend(history.ticket(id).await?);
        }
        let known: Vec<_> = found.iter().map(|ticket| (ticket.id, ticket.issued_at)).collect();
        found.extend(earlier.into_iter().filter(|ticket| !known.contains(&(ticket.id, ticket.issued_at))));
    }
    found.truncate(limit);
    Ok(found)
}
