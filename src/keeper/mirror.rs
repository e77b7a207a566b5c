//! What a commit writes beside the log, so that `redis-cli` shows the real lines and tickets.

use std::fmt::Write as _;

use crate::domain::event::{Event, EventBody};
use crate::domain::hall::Hall;
use crate::domain::ids::{OrderNo, TeamId, TicketId};
use crate::domain::line::Place;
use crate::domain::sla::Pace;
use crate::domain::ticket::LineKey;
use crate::domain::work_order::{OrderChange, OrderEvent, WorkOrder};
use crate::store::{Suffix, Write, keys};

/// A ticket's line and id are about so long, in bytes.
const LINE_BYTES: usize = 48;
const MEMBER_BYTES: usize = 16;
/// How far back an earlier write about the same ticket may be: those of one event.
const LOOK_BACK_WRITES: usize = 3;

/// Adds the writes that follow from `event`; `hall` has it folded in already.
pub(super) fn push(writes: &mut Vec<Write>, hall: &Hall, event: &Event) {
    if let Some(id) = event.body.ticket() {
        push_ticket(writes, hall, id, matches!(event.body, EventBody::TicketTransferred { .. }));
    }
    match &event.body {
        EventBody::DayOpened { service_day } => {
            for service in &hall.profile.services {
                writes.push(Write::Delete { key: keys::line(service.id.as_str()) });
            }
            for counter in hall.counters.keys() {
                writes.push(Write::Delete { key: keys::counter_line(counter.as_str()) });
            }
            writes.push(Write::Delete { key: keys::tickets() });
            writes.push(Write::Set { key: keys::day(), value: service_day.to_string() });
        }
        EventBody::CounterOpened(of) | EventBody::CounterPaused(of) | EventBody::CounterResumed(of) | EventBody::CounterClosed(of) => {
            if let Some(counter) = hall.counters.get(&of.counter) {
                let field = counter.no.to_string();
                writes.push(Write::HashSet { key: keys::counters(), field, value: counter.state.word().to_owned() });
            }
        }
        EventBody::TicketCalled { .. }
        | EventBody::TicketIssued { .. }
        | EventBody::TicketRecalled { .. }
        | EventBody::TicketStarted { .. }
        | EventBody::TicketMissed { .. }
        | EventBody::TicketReinstated { .. }
        | EventBody::TicketParked { .. }
        | EventBody::TicketResumed { .. }
        | EventBody::TicketPutBack { .. }
        | EventBody::TicketTransferred { .. }
        | EventBody::TicketFinished { .. }
        | EventBody::TicketCancelled { .. }
        | EventBody::TicketDayEnded { .. }
        | EventBody::TicketRated { .. }
        | EventBody::HallCreated { .. }
        | EventBody::CounterPlanned { .. }
        | EventBody::ServiceOpened { .. }
        | EventBody::ServiceClosed { .. }
        | EventBody::NoticePosted { .. }
        | EventBody::NumbersSkipped { .. }
        | EventBody::NoticeRemoved { .. }
        | EventBody::AccountCreated { .. }
        | EventBody::AccountChanged { .. }
        | EventBody::AccountRemoved { .. }
        | EventBody::SessionStarted { .. }
        | EventBody::SessionEnded { .. }
        | EventBody::PairingStarted { .. }
        | EventBody::PairingApproved { .. }
        | EventBody::PairingEnded { .. }
        | EventBody::DeviceAdded { .. }
        | EventBody::DeviceRevoked { .. }
        | EventBody::Call(_)
        | EventBody::Incident(_)
        | EventBody::Phone(_) => {}
        EventBody::HallChanged { .. } => {
            // Another calendar moves the dues of the clocks that count working time.
            let working = |order: &WorkOrder| order.clocks.iter().any(|(_, clock)| clock.pace == Pace::Working && clock.due.is_some());
            for order in hall.orders.all.values().filter(|order| !order.state.is_over() && working(order)) {
                place_order(writes, hall, order.no, order.team.as_ref());
            }
        }
        EventBody::Order(of) => push_order(writes, hall, of),
    }
}

/// The ticket's short line in the day's hash, and its place in its waiting line.
fn push_ticket(writes: &mut Vec<Write>, hall: &Hall, id: TicketId, moved: bool) {
    let Some(ticket) = hall.tickets.get(&id) else { return };
    let counter = ticket.counter.as_ref().map_or("-", |no| no.as_str());
    let mut value = String::with_capacity(LINE_BYTES);
    // Writing to a String does not fail.
    let _written = write!(value, "{} {} {} {counter}", ticket.number, ticket.state.word(), ticket.service());
    let mut member = String::with_capacity(MEMBER_BYTES);
    let _written = write!(member, "{id}");
    put(writes, Write::HashSet { key: keys::tickets(), field: member.clone(), value });
    // A lead can move a ticket while it waits: it leaves the line of the leg before.
    if let Some(left) = ticket.past_legs.last().filter(|_| moved) {
        put(writes, Write::SortedSetRemove { key: line_key(&left.line()), member: member.clone() });
    }
    let key = line_key(&ticket.line());
    let place = match ticket.place {
        Some(place) => Write::SortedSetAdd { key, member, score: score(place) },
        None => Write::SortedSetRemove { key, member },
    };
    put(writes, place);
}

/// Adds a write. A press makes several events of one ticket: what the one before wrote of it need not be written at all.
fn put(writes: &mut Vec<Write>, write: Write) {
    let mut just_now = writes.iter_mut().rev().take(LOOK_BACK_WRITES).take_while(|earlier| !matches!(earlier, Write::Delete { .. }));
    match just_now.find(|earlier| write.replaces(earlier)) {
        Some(earlier) => *earlier = write,
        None => writes.push(write),
    }
}

/// What an order's event moves: out of the queue that it left, and to where the order now is.
fn push_order(writes: &mut Vec<Write>, hall: &Hall, of: &OrderEvent) {
    let team = hall.orders.get(of.no).and_then(|order| order.team.as_ref());
    if let Some(left) = left_team(&of.change).filter(|left| Some(*left) != team) {
        writes.push(Write::SortedSetRemove { key: keys::team_orders(left.as_str()), member: of.no.to_string() });
    }
    place_order(writes, hall, of.no, team.or(of.team.as_ref()));
}

/// The order's short line in the hash of orders, its place in the queue of `team`, and when something falls due for it.
fn place_order(writes: &mut Vec<Write>, hall: &Hall, no: OrderNo, team: Option<&TeamId>) {
    let member = no.to_string();
    let order = hall.orders.get(no);
    if let Some(team) = team {
        let key = keys::team_orders(team.as_str());
        writes.push(match order.filter(|order| order.is_waiting()) {
            Some(order) => Write::SortedSetAdd { key, member: member.clone(), score: ms_score(order.next_due_ms()) },
            None => Write::SortedSetRemove { key, member: member.clone() },
        });
    }
    writes.push(match order.and_then(WorkOrder::next_event_ms) {
        Some(at_ms) => Write::SortedSetAdd { key: keys::due(), member: member.clone(), score: ms_score(at_ms) },
        None => Write::SortedSetRemove { key: keys::due(), member: member.clone() },
    });
    writes.push(match order.filter(|order| !order.state.is_over()) {
        Some(order) => {
            let team = order.team.as_ref().map_or("-", |team| team.as_str());
            let holder = order.lease.as_ref().map_or("-", |lease| &lease.handler);
            Write::HashSet { key: keys::orders(), field: member, value: format!("{} {team} {holder}", order.state.word()) }
        }
        None => Write::HashDelete { key: keys::orders(), field: member },
    });
}

/// The team that an order leaves by this change.
fn left_team(change: &OrderChange) -> Option<&TeamId> {
    if let OrderChange::Reassigned { from, .. } | OrderChange::Dispatched { from, .. } = change {
        from.as_ref()
    } else if let OrderChange::Returned { returned } = change {
        returned.team.as_ref()
    } else {
        None
    }
}

fn line_key(line: &LineKey) -> Suffix {
    match line {
        LineKey::Service(id) => keys::line(id.as_str()),
        LineKey::Counter(no) => keys::counter_line(no.as_str()),
    }
}

/// A sorted set's score is a double: milliseconds since 1970 fit exactly.
fn score(place: Place) -> f64 {
    ms_score(place.score_ms)
}

fn ms_score(ms: i64) -> f64 {
    let high = i32::try_from(ms >> 20).unwrap_or(i32::MAX);
    let low = u32::try_from(ms & 0xF_FFFF).unwrap_or(0);
    f64::from(high) * 1_048_576.0 + f64::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(field: &str, value: &str) -> Write {
        Write::HashSet { key: keys::tickets(), field: field.to_owned(), value: value.to_owned() }
    }

    fn left(member: &str) -> Write {
        Write::SortedSetRemove { key: keys::line("repair"), member: member.to_owned() }
    }

    #[test]
    fn of_two_events_of_one_ticket_only_the_last_is_written() {
        let mut writes = Vec::new();
        let joins = Write::SortedSetAdd { key: keys::line("repair"), member: "tk_1".to_owned(), score: 1.0 };
        for write in [shown("tk_1", "waiting"), joins, shown("tk_1", "called"), left("tk_1"), shown("tk_2", "called"), left("tk_2")] {
            put(&mut writes, write);
        }
        assert_eq!(writes, [shown("tk_1", "called"), left("tk_1"), shown("tk_2", "called"), left("tk_2")]);
    }

    #[test]
    fn what_comes_after_a_key_was_emptied_stays_after_it() {
        let emptied = Write::Delete { key: keys::tickets() };
        let mut writes = vec![shown("tk_1", "closed"), emptied.clone()];
        put(&mut writes, shown("tk_1", "waiting"));
        assert_eq!(writes, [shown("tk_1", "closed"), emptied, shown("tk_1", "waiting")]);
    }
}
