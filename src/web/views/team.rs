//! A team's screen: its queue in the order in which it is claimed, and what its people have in hand. It tells no sealed identity.

use chrono::{DateTime, Utc};
use serde::Serialize;
use ts_rs::TS;

use super::Around;
use crate::domain::hall::Hall;
use crate::domain::ids::TeamId;
use crate::web::wire::hall::Text;
use crate::web::wire::order::OrderBrief;
use crate::web::wire::reader::Reader;

/// Orders of a queue on one screen.
pub const QUEUE_SHOWN_MAX: usize = 50;
/// Orders in hand on one screen.
pub const HELD_SHOWN_MAX: usize = 100;

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct TeamHead {
    pub id: String,
    pub name: Text,
    /// Orders that one handler may have in hand.
    pub wip_max: u32,
}

/// What a team's screen shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct TeamState {
    pub at: DateTime<Utc>,
    pub team: TeamHead,
    /// Most urgent first.
    pub queue: Vec<OrderBrief>,
    pub waiting: usize,
    /// Oldest first; each with who has it.
    pub held: Vec<OrderBrief>,
    /// Where the team only helps.
    pub helping: Vec<OrderBrief>,
    pub overdue: usize,
}

/// A team's screen; `None` when there is no such team.
#[must_use]
pub fn team(hall: &Hall, id: &TeamId, around: &Around<'_>) -> Option<TeamState> {
    let plan = hall.profile.orders.team(id)?;
    let reader = Reader::team_screen();
    let brief = |order| OrderBrief::of(hall, order, &reader, around.now);
    Some(TeamState {
        at: around.now,
        team: TeamHead { id: id.to_string(), name: Text::from(&plan.name), wip_max: plan.wip_max },
        queue: hall.orders.queue(id).take(QUEUE_SHOWN_MAX).map(brief).collect(),
        waiting: hall.orders.waiting(id),
        held: hall.orders.held_for(id).take(HELD_SHOWN_MAX).map(brief).collect(),
        helping: hall.orders.helped_by(id).take(QUEUE_SHOWN_MAX).map(brief).collect(),
        overdue: hall.orders.overdue(id, around.now.timestamp_millis()),
    })
}
