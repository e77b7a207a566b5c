//! What a commit writes beside the log, so that `redis-cli` shows the real lines and tickets.

use crate::domain::event::{Event, EventBody};
use crate::domain::hall::Hall;
use crate::domain::ids::TicketId;
use crate::domain::line::Place;
use crate::domain::ticket::LineKey;
use crate::store::{Write, keys};

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
        | EventBody::HallChanged { .. }
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
        | EventBody::DeviceRevoked { .. } => {}
    }
}

/// The ticket's short line in the day's hash, and its place in its waiting line.
fn push_ticket(writes: &mut Vec<Write>, hall: &Hall, id: TicketId, moved: bool) {
    let Some(ticket) = hall.tickets.get(&id) else { return };
    let counter = ticket.counter.as_ref().map_or("-", |no| no.as_str());
    let value = format!("{} {} {} {counter}", ticket.number, ticket.state.word(), ticket.service());
    let member = id.to_string();
    writes.push(Write::HashSet { key: keys::tickets(), field: member.clone(), value });
    // A lead can move a ticket while it waits: it leaves the line of the leg before.
    if let Some(left) = ticket.past_legs.last().filter(|_| moved) {
        writes.push(Write::SortedSetRemove { key: line_key(&left.line()), member: member.clone() });
    }
    let key = line_key(&ticket.line());
    writes.push(match ticket.place {
        Some(place) => Write::SortedSetAdd { key, member, score: score(place) },
        None => Write::SortedSetRemove { key, member },
    });
}

fn line_key(line: &LineKey) -> String {
    match line {
        LineKey::Service(id) => keys::line(id.as_str()),
        LineKey::Counter(no) => keys::counter_line(no.as_str()),
    }
}

/// A sorted set's score is a double: milliseconds since 1970 fit exactly.
fn score(place: Place) -> f64 {
    let high = i32::try_from(place.score_ms >> 20).unwrap_or(i32::MAX);
    let low = u32::try_from(place.score_ms & 0xF_FFFF).unwrap_or(0);
    f64::from(high) * 1_048_576.0 + f64::from(low)
}
