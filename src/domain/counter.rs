//! A counter as it is now: who sits there, what it serves, whom it holds.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::ids::{CounterNo, TicketId};
use super::profile::Offer;
use super::text::FreeText;

/// Whether a counter calls people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CounterState {
    Open,
    Paused,
    #[default]
    Closed,
}

impl CounterState {
    /// The state's word, as in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Closed => "closed",
        }
    }
}

/// A counter as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    pub no: CounterNo,
    pub state: CounterState,
    /// Who opened it last.
    pub clerk: Option<Actor>,
    /// Grows with every opening; an older browser's commands are refused by it.
    pub fence: u64,
    /// The one ticket it has called or serves.
    pub ticket: Option<TicketId>,
    /// What it serves now.
    pub offers: Vec<Offer>,
    pub pause_reason: Option<FreeText>,
    /// Since when it is in this state.
    pub since: Option<DateTime<Utc>>,
    pub today: CounterTally,
}

impl Counter {
    /// A closed counter that serves these.
    #[must_use]
    pub fn closed(no: CounterNo, offers: Vec<Offer>) -> Self {
        Self {
            no,
            state: CounterState::Closed,
            clerk: None,
            fence: 0,
            ticket: None,
            offers,
            pause_reason: None,
            since: None,
            today: CounterTally::default(),
        }
    }
}

/// What a counter did today.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CounterTally {
    pub served: u32,
    pub refused: u32,
    pub missed: u32,
    /// Seconds of serving, of all that were served.
    pub serving_s: u64,
}
