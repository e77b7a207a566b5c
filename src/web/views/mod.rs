//! What each screen shows: one pure function for each view, from the hall at an instant to the JSON on the wire.
//!
//! Boards, displays, kiosks and phones are public: their views hold numbers, counters and services, and never a name, a
//! reason or a login. Calls and orders are seen by staff only; a team's screen tells of a sealed caller nothing.
//! The kiosk's and the phone's view are those of `GET /hall` and `GET /t/{secret}`, in [`super::wire`].

mod board;
mod counter;
mod events;
mod hotline;
mod known;
mod lead;
mod parts;
mod team;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use board::{BoardCall, BoardCounter, BoardService, BoardState, CallState, DisplayCounter, DisplayState, board, display};
pub use counter::{CounterLine, CounterSeat, CounterService, CounterState, CounterToday, counter};
pub use events::teams_of;
pub use events::{LiveEvent, event_for};
pub use hotline::{
    DeskCounts, HotlineState, HotlineToday, INCIDENTS_SHOWN_MAX, MISSED_SHOWN_MAX, MissedCaller, OPEN_CALLS_SHOWN_MAX, ORDERS_SHOWN_MAX,
    OpenCall, PhoneToday, RINGING_SHOWN_MAX, RingingCall, TeamLoad, hotline,
};
pub use known::{Asked, known};
pub use lead::{
    DeviceSeen, ForecastKept, HealthBrief, LeadCounter, LeadOffer, LeadOrders, LeadService, LeadState, StoreHealth, Totals, VoiceHealth,
    lead,
};
pub use parts::{BOARD_MISSED_MAX, BOARD_NEXT_MAX, COUNTER_TICKETS_MAX, HEAD_TICKETS_MAX, LEAD_TICKETS_MAX};
pub use team::{HELD_SHOWN_MAX, QUEUE_SHOWN_MAX, TeamHead, TeamState, team};

use super::forecaster::Waits;
use super::wire::look::{KioskState, TicketView};
use crate::domain::hall::Hall;
use crate::domain::ids::{CounterNo, TeamId, TicketId};
use crate::json;

/// What somebody looks at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    Board,
    Kiosk,
    Lead,
    /// The operators' screen.
    Hotline,
    /// A team's screen.
    Team(TeamId),
    /// A clerk's screen.
    Counter(CounterNo),
    /// The display above a counter.
    Display(CounterNo),
    /// A customer's phone.
    Ticket(TicketId),
}

/// What a view shows beside the hall itself.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    pub now: DateTime<Utc>,
    /// The hall is tried out, not real.
    pub demo: bool,
    pub waits: &'a Waits,
    /// The hall's screens, for the lead.
    pub devices: &'a (dyn Fn(&Hall) -> Vec<DeviceSeen> + Sync),
    /// How the server is, for the lead: asked for where it is shown, because the disk has to be looked at for it.
    pub health: &'a (dyn Fn() -> HealthBrief + Sync),
}

/// The state of a view as JSON; `None` when what it looks at is not there.
#[must_use]
pub fn state_json(view: &View, hall: &Hall, around: &Around<'_>) -> Option<String> {
    let json = match view {
        View::Board => shown(&board(hall, around)),
        View::Kiosk => shown(&KioskState::of(hall, around.waits, around.demo, around.now)),
        View::Lead => shown(&lead(hall, around)),
        View::Hotline => shown(&hotline(hall, around)),
        View::Team(id) => shown(&team(hall, id, around)?),
        View::Counter(no) => shown(&counter(hall, no, around)?),
        View::Display(no) => shown(&display(hall, no, around)?),
        View::Ticket(id) => shown(&TicketView::of(hall, hall.tickets.get(id)?, around.waits)),
    };
    json.ok()
}

fn shown(state: &impl Serialize) -> serde_json::Result<String> {
    json::text(state, json::SCREEN_BYTES)
}

#[cfg(test)]
mod tests;
