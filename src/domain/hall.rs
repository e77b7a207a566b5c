//! The hall as it is: every live thing of one site, and the questions that rules and screens ask of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::access::Access;
use super::calendar::Standing;
use super::counter::{Counter, CounterState};
use super::forecast::Calibration;
use super::hotline::Hotline;
use super::ids::{CounterNo, NoticeId, Prefix, ServiceId, TicketId};
use super::line::Line;
use super::orders::Orders;
use super::profile::{Offer, Profile};
use super::text::{FreeText, Text};
use super::ticket::{LineKey, Ticket};
use super::tickets::Tickets;

/// How many calls a board shows.
pub const BOARD_CALLS_MAX: usize = 8;
/// How many service days the hall remembers to have opened.
pub const PAST_DAYS_MAX: usize = 8;
/// How many notices can stand on the boards at once.
pub const NOTICES_MAX: usize = 20;

/// A message on the boards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub id: NoticeId,
    pub text: Text,
    pub at: DateTime<Utc>,
}

/// A call as the boards remember it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardCall {
    pub ticket: TicketId,
    pub number: Arc<str>,
    pub counter: CounterNo,
    pub at: DateTime<Utc>,
    pub calls: u32,
    /// The revision of the call or recall.
    pub rev: u64,
}

/// What one service did today.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTally {
    pub issued: u32,
    pub served: u32,
    pub missed: u32,
    pub cancelled: u32,
    /// Called at least once, in this service.
    pub called: u32,
    pub rated: u32,
    pub grade_sum: u32,
    /// Today's last times from the call to the finish, in milliseconds, oldest first.
    pub durations_ms: VecDeque<u32>,
}

/// A service that staff closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedService {
    pub reason: Option<FreeText>,
}

/// The hall as it is: a fold of its events, nothing else.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Hall {
    /// The last event folded in.
    pub rev: u64,
    pub profile: Profile,
    /// The service day that is open; it only moves forward.
    pub day: Option<NaiveDate>,
    /// The revision at which it was opened.
    pub day_opened_rev: u64,
    /// The service days opened, the current one last; at most [`PAST_DAYS_MAX`].
    pub past_days: VecDeque<NaiveDate>,
    /// Today's tickets, closed ones included.
    pub tickets: Tickets,
    #[serde(with = "lines_as_list")]
    pub(super) lines: BTreeMap<LineKey, Line>,
    pub counters: BTreeMap<CounterNo, Counter>,
    pub closed_services: BTreeMap<ServiceId, ClosedService>,
    /// The last number issued of each series.
    pub numbers: BTreeMap<Prefix, u32>,
    pub tallies: BTreeMap<ServiceId, ServiceTally>,
    pub notices: BTreeMap<NoticeId, Notice>,
    /// The last calls, newest first.
    pub board: VecDeque<BoardCall>,
    pub missed: BTreeSet<TicketId>,
    pub parked: BTreeSet<TicketId>,
    /// Tickets that are missed by themselves, by the instant, in Unix milliseconds.
    pub(super) miss_due: BTreeSet<(i64, TicketId)>,
    /// The latest join time seen: lines are ordered by a time that never goes back, whatever the clock does.
    pub(super) line_clock_ms: i64,
    pub calibration: Calibration,
    pub access: Access,
    #[serde(default)]
    pub hotline: Hotline,
    #[serde(default)]
    pub orders: Orders,
}

impl Hall {
    /// What is saved of it. A full hall takes no longer than an empty one: its tickets, orders and calls are shared, and the lookups
    /// that [`Hall::reindex`] makes are left out.
    #[must_use]
    pub fn to_save(&self) -> Self {
        Self {
            rev: self.rev,
            profile: self.profile.clone(),
            day: self.day,
            day_opened_rev: self.day_opened_rev,
            past_days: self.past_days.clone(),
            tickets: self.tickets.clone(),
            lines: self.lines.clone(),
            counters: self.counters.clone(),
            closed_services: self.closed_services.clone(),
            numbers: self.numbers.clone(),
            tallies: self.tallies.clone(),
            notices: self.notices.clone(),
            board: self.board.clone(),
            missed: self.missed.clone(),
            parked: self.parked.clone(),
            miss_due: self.miss_due.clone(),
            line_clock_ms: self.line_clock_ms,
            calibration: self.calibration.clone(),
            access: self.access.clone(),
            hotline: self.hotline.to_save(),
            orders: self.orders.to_save(),
        }
    }

    /// Makes the lookups that are not saved, after a saved state was read.
    pub fn reindex(&mut self) {
        self.access.reindex();
        self.hotline.reindex();
        self.orders.reindex();
    }

    /// The ticket with this number today.
    #[must_use]
    pub fn ticket_by_number(&self, number: &str) -> Option<&Ticket> {
        self.tickets.values().rev().find(|t| &*t.number == number)
    }

    /// One line; an empty one where nobody ever waited.
    #[must_use]
    pub fn line(&self, key: &LineKey) -> Option<&Line> {
        self.lines.get(key)
    }

    /// How many wait for a service, those sent to one counter not counted.
    #[must_use]
    pub fn waiting(&self, service: &ServiceId) -> usize {
        self.lines.get(&LineKey::Service(service.clone())).map_or(0, Line::len)
    }

    /// The first `limit` tickets of a line, in order.
    pub fn head(&self, key: &LineKey, limit: usize) -> impl Iterator<Item = &Ticket> {
        let line = self.lines.get(key);
        line.into_iter().flat_map(Line::iter).take(limit).filter_map(|one| self.tickets.get(&TicketId(one.ticket)))
    }

    /// Every line that has or had somebody in it.
    pub fn lines(&self) -> impl Iterator<Item = (&LineKey, &Line)> {
        self.lines.iter()
    }

    /// How many stand before a waiting ticket in its line.
    #[must_use]
    pub fn ahead(&self, ticket: &Ticket) -> Option<usize> {
        let place = ticket.place?;
        Some(self.lines.get(&ticket.line())?.rank(place))
    }

    /// The service day that `now` belongs to; never before the one already open.
    #[must_use]
    pub fn day_at(&self, now: DateTime<Utc>) -> NaiveDate {
        let day = self.profile.calendar.service_day(now);
        self.day.map_or(day, |open| open.max(day))
    }

    /// Whether the first command at `now` has to turn the day first.
    #[must_use]
    pub fn day_is_over(&self, now: DateTime<Utc>) -> bool {
        let next = self.day.and_then(|day| day.succ_opt());
        next.is_none_or(|next| self.profile.calendar.service_day_start(next) <= now)
    }

    /// Whether numbers are issued at `now`, as far as hours go.
    #[must_use]
    pub fn standing(&self, now: DateTime<Utc>) -> Standing {
        self.profile.calendar.standing(now)
    }

    /// The counters that are open or paused and serve a service at all.
    pub fn counters_for(&self, service: &ServiceId) -> impl Iterator<Item = &Counter> {
        self.counters.values().filter(move |c| c.state != CounterState::Closed && serves(&c.offers, service))
    }

    /// When something falls due, and nobody has to ask for it.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<i64> {
        let missed = self.miss_due.first().map(|(at, _)| *at);
        missed.into_iter().chain(self.orders.next_due_ms()).min()
    }

    /// The badge number of whoever sits at a counter.
    #[must_use]
    pub fn badge(&self, counter: &Counter) -> Option<&str> {
        let clerk = counter.clerk.as_ref()?;
        self.access.accounts.get(clerk.name())?.badge.as_deref()
    }
}

/// Whether a service is among the offers.
#[must_use]
pub fn serves(offers: &[Offer], service: &ServiceId) -> bool {
    offers.iter().any(|offer| &offer.service == service)
}

/// JSON has only text as keys of objects: lines are saved as a list of pairs.
mod lines_as_list {
    use super::{BTreeMap, CounterNo, Deserialize, Line, LineKey, Serialize, ServiceId};
    use serde::{Deserializer, Serializer};

    #[derive(Serialize, Deserialize)]
    enum SavedKey {
        Service(ServiceId),
        Counter(CounterNo),
    }

    pub(super) fn serialize<S: Serializer>(lines: &BTreeMap<LineKey, Line>, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(lines.iter().map(|(key, line)| {
            let key = match key {
                LineKey::Service(id) => SavedKey::Service(id.clone()),
                LineKey::Counter(no) => SavedKey::Counter(no.clone()),
            };
            (key, line)
        }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeMap<LineKey, Line>, D::Error> {
        let saved = Vec::<(SavedKey, Line)>::deserialize(d)?;
        let keyed = saved.into_iter().map(|(key, line)| {
            let key = match key {
                SavedKey::Service(id) => LineKey::Service(id),
                SavedKey::Counter(no) => LineKey::Counter(no),
            };
            (key, line)
        });
        Ok(keyed.collect())
    }
}
