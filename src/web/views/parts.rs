//! Pieces that several views share.

use chrono::{DateTime, Utc};

use crate::domain::calendar::Standing;
use crate::domain::counter::Counter;
use crate::domain::hall::Hall;
use crate::domain::ids::CounterNo;
use crate::domain::ticket::{LineKey, Ticket};
use crate::web::wire::hall::Text;
use crate::web::wire::look::CounterOutline;
use crate::web::wire::ticket::TicketBrief;

/// How many missed numbers a board lists.
pub const BOARD_MISSED_MAX: usize = 12;
/// How many numbers of each line a board lists as coming next.
pub const BOARD_NEXT_MAX: usize = 3;
/// How many missed or parked tickets a clerk sees.
pub const COUNTER_TICKETS_MAX: usize = 30;
/// How many missed or parked tickets a lead sees.
pub const LEAD_TICKETS_MAX: usize = 50;
/// How many at the head of a line a staff screen lists.
pub const HEAD_TICKETS_MAX: usize = 10;
/// How far into a line the longest wait is looked for: behind the first ordinary ticket nobody has waited longer, as a rule.
const LONGEST_LOOKED_MAX: usize = 50;

/// The display name of a counter.
pub(super) fn counter_name(hall: &Hall, no: &CounterNo) -> Option<Text> {
    hall.profile.counter(no)?.name.as_ref().map(Text::from)
}

/// The sign-in name of who sits at a counter; for staff only.
pub(super) fn clerk(counter: &Counter) -> Option<String> {
    counter.clerk.as_ref().map(|clerk| clerk.name().to_owned())
}

/// The counters in the order in which they were written down; what is no longer written down comes last.
pub(super) fn counters(hall: &Hall) -> impl Iterator<Item = &Counter> {
    let planned = hall.profile.counters.iter().filter_map(|plan| hall.counters.get(&plan.no));
    planned.chain(hall.counters.values().filter(|counter| hall.profile.counter(&counter.no).is_none()))
}

/// Every counter in outline.
pub(super) fn outlines(hall: &Hall) -> Vec<CounterOutline> {
    counters(hall).map(|counter| CounterOutline::of(hall, counter)).collect()
}

/// Whether people are served now, as far as hours go.
pub(super) fn is_open(hall: &Hall, now: DateTime<Utc>) -> bool {
    !hall.profile.calendar.enforce_hours || matches!(hall.standing(now), Standing::Open { .. })
}

/// The first tickets of a line.
pub(super) fn head(hall: &Hall, key: &LineKey) -> Vec<TicketBrief> {
    hall.head(key, HEAD_TICKETS_MAX).map(TicketBrief::from).collect()
}

/// How long the one who came first has waited, in seconds.
pub(super) fn longest_wait_s(hall: &Hall, key: &LineKey, now: DateTime<Utc>) -> i64 {
    let joined = hall.head(key, LONGEST_LOOKED_MAX).map(|ticket| ticket.leg.joined_at).min();
    joined.map_or(0, |at| (now - at).num_seconds().max(0))
}

/// Tickets that were called, the latest call first, at most `max`.
pub(super) fn latest_called<'a>(tickets: impl Iterator<Item = &'a Ticket>, max: usize) -> impl Iterator<Item = &'a Ticket> {
    let mut found: Vec<_> = tickets.collect();
    found.sort_by_key(|ticket| std::cmp::Reverse((ticket.called_at, ticket.id)));
    found.into_iter().take(max)
}

/// The missed tickets of the hall.
pub(super) fn missed(hall: &Hall) -> impl Iterator<Item = &Ticket> {
    hall.missed.iter().filter_map(|id| hall.tickets.get(id))
}

/// The parked tickets of the hall.
pub(super) fn parked(hall: &Hall) -> impl Iterator<Item = &Ticket> {
    hall.parked.iter().filter_map(|id| hall.tickets.get(id))
}
