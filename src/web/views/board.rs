//! What hangs on the wall: the board for everybody, and the display above one counter. Public.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use ts_rs::TS;

use super::Around;
use super::parts::{BOARD_MISSED_MAX, BOARD_NEXT_MAX, counter_name, counters, is_open, latest_called, missed};
use crate::domain;
use crate::domain::counter::Counter;
use crate::domain::hall::{BOARD_CALLS_MAX, Hall};
use crate::domain::ids::CounterNo;
use crate::domain::profile::Service;
use crate::domain::ticket::{LineKey, Ticket};
use crate::web::wire::hall::{Notice, Range, Text};
use crate::web::wire::look::{HallProfile, NamedService, notices};
use crate::web::wire::words::{Class, CounterStanding, Language};

/// Where a call on the board has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum CallState {
    Called,
    Serving,
    /// The customer has left the counter, whatever for.
    Done,
    Missed,
}

impl CallState {
    const fn of(ticket: &Ticket) -> Self {
        use domain::ticket::TicketState as State;
        match ticket.state {
            State::Called => Self::Called,
            State::Serving => Self::Serving,
            State::Missed => Self::Missed,
            State::Booked | State::Waiting | State::Parked | State::Closed => Self::Done,
        }
    }
}

/// A call on the board.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BoardCall {
    pub number: String,
    pub counter: String,
    #[ts(type = "string")]
    pub at: DateTime<Utc>,
    pub calls: u32,
    /// The revision of the call or recall.
    #[ts(type = "number")]
    pub rev: u64,
    pub language: Language,
    pub class: Class,
    pub state: CallState,
}

/// A service on the board.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BoardService {
    pub id: String,
    pub prefix: String,
    pub name: Text,
    pub open: bool,
    pub waiting: usize,
    pub wait: Option<Range>,
    pub next: Vec<String>,
}

/// A counter on the board.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BoardCounter {
    pub no: String,
    pub name: Option<Text>,
    pub state: CounterStanding,
    pub number: Option<String>,
    pub services: Vec<String>,
    /// The number on the clerk's badge.
    pub badge: Option<String>,
}

/// What the board shows.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct BoardState {
    pub hall: HallProfile,
    /// Newest first, at most eight.
    pub calls: Vec<BoardCall>,
    #[ts(type = "Record<string, number>")]
    pub waiting: BTreeMap<String, usize>,
    pub services: Vec<BoardService>,
    /// Newest first.
    pub missed: Vec<String>,
    pub counters: Vec<BoardCounter>,
    /// The newest.
    pub notice: Option<Notice>,
    pub notices: Vec<Notice>,
    #[ts(type = "null")]
    pub emergency: Option<()>,
    pub open: bool,
}

/// The board.
#[must_use]
pub fn board(hall: &Hall, around: &Around<'_>) -> BoardState {
    let notices = notices(hall);
    let services = &hall.profile.services;
    BoardState {
        hall: HallProfile::from(&hall.profile),
        calls: calls(hall),
        waiting: services.iter().map(|s| (s.id.to_string(), hall.waiting(&s.id))).collect(),
        services: services.iter().map(|s| service(hall, s, around)).collect(),
        missed: latest_called(missed(hall), BOARD_MISSED_MAX).map(|t| t.number.to_string()).collect(),
        counters: counters(hall).map(|c| board_counter(hall, c)).collect(),
        notice: notices.first().cloned(),
        notices,
        emergency: None,
        open: is_open(hall, around.now),
    }
}

fn calls(hall: &Hall) -> Vec<BoardCall> {
    let shown = hall.board.iter().take(BOARD_CALLS_MAX).filter_map(|call| {
        let ticket = hall.tickets.get(&call.ticket)?;
        Some(BoardCall {
            number: call.number.to_string(),
            counter: call.counter.to_string(),
            at: call.at,
            calls: call.calls,
            rev: call.rev,
            language: ticket.language.into(),
            class: ticket.class.into(),
            state: CallState::of(ticket),
        })
    });
    shown.collect()
}

fn service(hall: &Hall, service: &Service, around: &Around<'_>) -> BoardService {
    let line = LineKey::Service(service.id.clone());
    BoardService {
        id: service.id.to_string(),
        prefix: service.prefix.to_string(),
        name: Text::from(&service.name),
        open: !hall.closed_services.contains_key(&service.id),
        waiting: hall.waiting(&service.id),
        wait: around.waits.of(&service.id, domain::profile::Class::Ordinary).map(Range::from),
        next: hall.head(&line, BOARD_NEXT_MAX).map(|t| t.number.to_string()).collect(),
    }
}

fn in_hand<'a>(hall: &'a Hall, counter: &Counter) -> Option<&'a Ticket> {
    hall.tickets.get(&counter.ticket?)
}

fn board_counter(hall: &Hall, counter: &Counter) -> BoardCounter {
    BoardCounter {
        no: counter.no.to_string(),
        name: counter_name(hall, &counter.no),
        state: counter.state.into(),
        number: in_hand(hall, counter).map(|t| t.number.to_string()),
        services: counter.offers.iter().map(|offer| offer.service.to_string()).collect(),
        badge: hall.badge(counter).map(ToOwned::to_owned),
    }
}

/// A counter as its own display shows it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct DisplayCounter {
    pub no: String,
    pub name: Option<Text>,
    pub state: CounterStanding,
    pub number: Option<String>,
    #[ts(type = "'called' | 'serving' | null")]
    pub ticket_state: Option<CallState>,
    pub calls: u32,
    #[ts(type = "string | null")]
    pub called_at: Option<DateTime<Utc>>,
    pub services: Vec<NamedService>,
    pub badge: Option<String>,
    /// One of the known words; what a clerk typed stays inside.
    #[ts(type = "string | null")]
    pub pause_reason: Option<&'static str>,
}

/// What the display above a counter shows.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct DisplayState {
    pub hall: HallProfile,
    pub counter: DisplayCounter,
    pub notice: Option<Notice>,
    #[ts(type = "null")]
    pub emergency: Option<()>,
    pub open: bool,
}

/// The display above a counter; `None` when there is no such counter.
#[must_use]
pub fn display(hall: &Hall, no: &CounterNo, around: &Around<'_>) -> Option<DisplayState> {
    let counter = hall.counters.get(no)?;
    let ticket = in_hand(hall, counter);
    Some(DisplayState {
        hall: HallProfile::from(&hall.profile),
        counter: DisplayCounter {
            no: no.to_string(),
            name: counter_name(hall, no),
            state: counter.state.into(),
            number: ticket.map(|t| t.number.to_string()),
            ticket_state: ticket.map(CallState::of),
            calls: ticket.map_or(0, |t| t.calls),
            called_at: ticket.and_then(|t| t.called_at),
            services: counter.offers.iter().map(|offer| NamedService::of(hall, &offer.service)).collect(),
            badge: hall.badge(counter).map(ToOwned::to_owned),
            pause_reason: counter.pause_reason.as_ref().map(|reason| public_pause_reason(reason.as_str())),
        },
        notice: notices(hall).into_iter().next(),
        emergency: None,
        open: is_open(hall, around.now),
    })
}

/// What the public is told of a pause.
fn public_pause_reason(reason: &str) -> &'static str {
    ["break", "training", "meeting", "equipment"].into_iter().find(|known| *known == reason).unwrap_or("other")
}
