//! `/queue`: the live hall in one consistent cut, for staff.

use std::collections::BTreeMap;

use super::Door;
use crate::domain::hall::Hall;
use crate::domain::ids::TicketId;
use crate::domain::ticket::LineKey;
use crate::web::ask::{Given, Look};
use crate::web::problem::Problem;
use crate::web::rights::SeeTickets;
use crate::web::wire::counter::CounterLook;
use crate::web::wire::hall::{Held, Placed, Queue};
use crate::web::wire::ticket::TicketBrief;

pub(super) fn doors() -> Vec<Door> {
    vec![Door::look("/queue", "The live hall in one consistent cut.", queue)]
}

async fn queue(look: Look<SeeTickets>) -> Result<Given<Queue>, Problem> {
    let epoch = look.state.keeper.epoch().to_string();
    let now_ms = look.state.now().timestamp_millis();
    Given::ok(&look.state.keeper.read(|hall| cut(hall, epoch, now_ms)))
}

fn cut(hall: &Hall, epoch: String, now_ms: i64) -> Queue {
    let mut lines: BTreeMap<String, Vec<Placed>> = hall.profile.services.iter().map(|s| (s.id.to_string(), Vec::new())).collect();
    let mut reserved = BTreeMap::new();
    let mut held = Vec::new();
    for (key, line) in hall.lines() {
        let mut placed = Vec::with_capacity(line.len());
        for (place, standing) in line.iter().enumerate() {
            let Some(ticket) = hall.tickets.get(&TicketId(standing.ticket)) else { continue };
            if let Some(until_ms) = line.held_until(standing.place, now_ms) {
                let until = chrono::DateTime::from_timestamp_millis(until_ms);
                held.push(Held { ticket: TicketBrief::from(ticket), until });
            }
            placed.push(Placed { ticket: TicketBrief::from(ticket), place });
        }
        match key {
            LineKey::Service(id) => lines.insert(id.to_string(), placed),
            LineKey::Counter(no) => reserved.insert(no.to_string(), placed),
        };
    }
    let brief =
        |ids: &std::collections::BTreeSet<TicketId>| ids.iter().filter_map(|id| hall.tickets.get(id)).map(TicketBrief::from).collect();
    Queue {
        epoch,
        rev: hall.rev,
        day: hall.day,
        lines,
        reserved,
        counters: hall.counters.values().map(|counter| CounterLook::of(hall, counter)).collect(),
        missed: brief(&hall.missed),
        parked: brief(&hall.parked),
        held,
    }
}
