//! Judges what is asked of one ticket: issuing it, and every step of its life.

use chrono::{DateTime, Duration, Utc};

use super::{find, reference};
use crate::domain::actor::Caller;
use crate::domain::calendar::Issuing;
use crate::domain::command::{Issue, TicketStep};
use crate::domain::counter::CounterState;
use crate::domain::event::{EventBody, TicketRef};
use crate::domain::hall::{Hall, serves};
use crate::domain::ids::{CounterNo, ServiceId, TicketId};
use crate::domain::line::Place;
use crate::domain::profile::Class;
use crate::domain::refusal::Refusal;
use crate::domain::text::FreeText;
use crate::domain::ticket::{Finish, LineKey, MATERIALS_LISTED_MAX, Outcome, Target, Ticket, TicketState, TransferPlace};

/// An appointment counts from this long before its time.
const APPOINTMENT_CREDIT_MIN: i64 = 30;
/// An appointment is late this long after its time; its holder then joins like a walk-in.
const APPOINTMENT_LATE_MIN: i64 = 10;
/// The longest time for which a ticket can be put back, in seconds.
const PUT_BACK_S_MAX: u32 = 4 * 3600;
/// The longest way ahead of an appointment, in days.
const APPOINTMENT_DAYS_MAX: i64 = 1;

pub(super) fn issue(hall: &Hall, issue: &Issue, caller: &Caller, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    let service = hall.profile.service(&issue.service).ok_or(Refusal::UnknownService)?;
    check_open(hall, &issue.service, now)?;
    let issued = hall.tallies.get(&issue.service).map_or(0, |t| t.issued);
    if service.daily_cap.is_some_and(|cap| issued >= cap) {
        return Err(Refusal::ServiceFull);
    }
    let today = u32::try_from(hall.tickets.len()).unwrap_or(u32::MAX);
    if today >= hall.profile.rules.day_tickets_max {
        return Err(Refusal::HallFull);
    }
    let (score_ms, late) = join_score(hall, issue, now)?;
    let last = hall.numbers.get(&service.prefix).copied().unwrap_or(0);
    let number = format!("{}{:03}", service.prefix, last + 1);
    let place = Place { score_ms, order: hall.rev + 1 };
    let line = hall.line(&LineKey::Service(issue.service.clone()));
    let ahead = line.map_or(0, |line| line.rank(place));
    Ok(vec![EventBody::TicketIssued {
        ticket: TicketId(hall.rev + 1),
        number: number.into(),
        service: issue.service.clone(),
        class: issue.class,
        language: issue.language,
        service_day: hall.day_at(now),
        source: caller.actor.actor.clone(),
        score_ms,
        late,
        ahead: u64::try_from(ahead).unwrap_or(u64::MAX),
        wait: issue.wait,
    }])
}

fn check_open(hall: &Hall, service: &ServiceId, now: DateTime<Utc>) -> Result<(), Refusal> {
    let issuing = hall.profile.calendar.issuing(now);
    if issuing != Issuing::Yes {
        return Err(Refusal::HallClosed(issuing));
    }
    if hall.closed_services.contains_key(service) {
        return Err(Refusal::ServiceClosed);
    }
    Ok(())
}

/// The score a new ticket joins with, and whether it came late for its appointment.
fn join_score(hall: &Hall, issue: &Issue, now: DateTime<Utc>) -> Result<(i64, bool), Refusal> {
    let joins_ms = line_now(hall, now);
    let Some(at) = issue.appointment_at.filter(|_| issue.class == Class::Appointment) else {
        if issue.appointment_at.is_some() {
            return Err(invalid("appointment_at", "only an appointment has one"));
        }
        return Ok((joins_ms - hall.profile.credit_ms(issue.class), false));
    };
    if at > now + Duration::days(APPOINTMENT_DAYS_MAX) || at < now - Duration::days(APPOINTMENT_DAYS_MAX) {
        return Err(invalid("appointment_at", "is more than a day away"));
    }
    if now > at + Duration::minutes(APPOINTMENT_LATE_MIN) {
        return Ok((joins_ms, true));
    }
    Ok((at.timestamp_millis() - APPOINTMENT_CREDIT_MIN * 60_000, false))
}

/// The time lines are ordered by: the clock's, but never earlier than the last who joined.
fn line_now(hall: &Hall, now: DateTime<Utc>) -> i64 {
    now.timestamp_millis().max(hall.line_clock_ms)
}

pub(super) fn invalid(field: &'static str, problem: &str) -> Refusal {
    Refusal::InvalidField { field, problem: problem.to_owned() }
}

pub(super) fn rate(hall: &Hall, id: TicketId, grade: u8) -> Result<Vec<EventBody>, Refusal> {
    let ticket = find(hall, id)?;
    if !(1..=5).contains(&grade) {
        return Err(invalid("grade", "is 1 to 5"));
    }
    let closing = ticket.closing.as_ref().ok_or(Refusal::WrongState { state: ticket.state })?;
    if closing.finish.is_none() {
        return Err(Refusal::WrongState { state: ticket.state });
    }
    if closing.rating.is_some() {
        return Err(Refusal::AlreadyRated);
    }
    Ok(vec![EventBody::TicketRated { of: reference(ticket), grade }])
}

pub(super) fn leave(hall: &Hall, id: TicketId) -> Result<Vec<EventBody>, Refusal> {
    cancel(find(hall, id)?, None)
}

fn cancel(ticket: &Ticket, reason: Option<&FreeText>) -> Result<Vec<EventBody>, Refusal> {
    need(ticket, &[TicketState::Booked, TicketState::Waiting, TicketState::Parked, TicketState::Missed])?;
    Ok(vec![EventBody::TicketCancelled { of: with_reason(ticket, reason) }])
}

fn with_reason(ticket: &Ticket, reason: Option<&FreeText>) -> TicketRef {
    TicketRef { reason: reason.cloned(), ..reference(ticket) }
}

/// Refuses when the ticket is in none of these states.
fn need(ticket: &Ticket, states: &[TicketState]) -> Result<(), Refusal> {
    if states.contains(&ticket.state) { Ok(()) } else { Err(Refusal::WrongState { state: ticket.state }) }
}

pub(super) fn step(
    hall: &Hall,
    id: TicketId,
    step: &TicketStep,
    fence: Option<u64>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    let ticket = find(hall, id)?;
    check_hands(hall, ticket, fence, caller)?;
    match step {
        TicketStep::Recall => recall(hall, ticket, now),
        TicketStep::Start => {
            need(ticket, &[TicketState::Called])?;
            Ok(vec![EventBody::TicketStarted { of: reference(ticket) }])
        }
        TicketStep::Miss => {
            need(ticket, &[TicketState::Called])?;
            Ok(vec![EventBody::TicketMissed { of: reference(ticket) }])
        }
        TicketStep::Reinstate => reinstate(hall, ticket, now),
        TicketStep::Park { reason } => {
            need(ticket, &[TicketState::Called, TicketState::Serving])?;
            Ok(vec![EventBody::TicketParked { of: with_reason(ticket, reason.as_ref()) }])
        }
        TicketStep::Resume { counter } => resume(hall, ticket, counter.as_ref(), caller),
        TicketStep::PutBack { delay_s, reason } => put_back(hall, ticket, *delay_s, reason.as_ref(), now),
        TicketStep::Transfer { to, place, reason } => transfer(hall, ticket, to, *place, reason.as_ref(), caller, now),
        TicketStep::Finish(finish) => finish_events(ticket, finish),
        TicketStep::Cancel { reason } => cancel(ticket, reason.as_ref()),
    }
}

/// A ticket at a counter is moved by that counter's clerk, in the browser that opened it last, or by a lead.
fn check_hands(hall: &Hall, ticket: &Ticket, fence: Option<u64>, caller: &Caller) -> Result<(), Refusal> {
    let Some(counter) = ticket.counter.as_ref().and_then(|no| hall.counters.get(no)) else { return Ok(()) };
    if let Some(fence) = fence
        && fence != counter.fence
    {
        return Err(Refusal::CounterTakenOver);
    }
    if caller.any_counter || counter.clerk.as_ref().is_some_and(|clerk| clerk.actor == caller.actor.actor) {
        return Ok(());
    }
    // A parked ticket is free for any clerk once its own has left the counter.
    if ticket.state == TicketState::Parked && counter.state == CounterState::Closed {
        return Ok(());
    }
    Err(Refusal::NotYourCounter)
}

/// The instant at which a ticket that was called for the `calls`th time is missed by itself.
pub(super) fn miss_at_ms(hall: &Hall, calls: u32, now: DateTime<Utc>) -> Option<i64> {
    let rules = &hall.profile.rules;
    (calls >= rules.calls_max).then(|| now.timestamp_millis() + i64::from(rules.miss_after_s) * 1_000)
}

fn recall(hall: &Hall, ticket: &Ticket, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    need(ticket, &[TicketState::Called])?;
    let since_ms = ticket.called_at.map_or(i64::MAX, |at| (now - at).num_milliseconds());
    let gap_ms = i64::from(hall.profile.rules.recall_gap_s) * 1_000;
    // A clock that was set back must not forbid recalls for hours.
    if (0..gap_ms).contains(&since_ms) {
        let rest_s = (gap_ms - since_ms + 999) / 1_000;
        return Err(Refusal::RecallTooSoon { retry_after_s: u32::try_from(rest_s).unwrap_or(1) });
    }
    let calls = ticket.calls + 1;
    Ok(vec![EventBody::TicketRecalled {
        of: reference(ticket),
        language: ticket.language,
        calls,
        miss_at_ms: miss_at_ms(hall, calls, now),
    }])
}

fn reinstate(hall: &Hall, ticket: &Ticket, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    need(ticket, &[TicketState::Missed])?;
    let behind = usize::try_from(hall.profile.rules.reinstate_behind).unwrap_or(usize::MAX);
    let line = hall.line(&ticket.line());
    let score_ms = line.and_then(|line| line.score_behind(behind)).unwrap_or_else(|| line_now(hall, now));
    Ok(vec![EventBody::TicketReinstated { of: reference(ticket), score_ms }])
}

fn resume(hall: &Hall, ticket: &Ticket, at: Option<&CounterNo>, caller: &Caller) -> Result<Vec<EventBody>, Refusal> {
    need(ticket, &[TicketState::Parked])?;
    let no = at.or(ticket.counter.as_ref()).ok_or(Refusal::UnknownCounter)?;
    let counter = hall.counters.get(no).ok_or(Refusal::UnknownCounter)?;
    if counter.state == CounterState::Closed {
        return Err(Refusal::CounterNotOpen);
    }
    if !caller.any_counter && counter.clerk.as_ref().is_none_or(|clerk| clerk.actor != caller.actor.actor) {
        return Err(Refusal::NotYourCounter);
    }
    if let Some(current) = counter.ticket {
        return Err(Refusal::TicketInHand { current });
    }
    let of = TicketRef { counter: Some(no.clone()), ..reference(ticket) };
    Ok(vec![EventBody::TicketResumed { of }])
}

fn put_back(
    hall: &Hall,
    ticket: &Ticket,
    delay_s: Option<u32>,
    reason: Option<&FreeText>,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    need(ticket, &[TicketState::Called, TicketState::Serving])?;
    let delay_s = delay_s.unwrap_or(hall.profile.rules.put_back_s);
    if delay_s > PUT_BACK_S_MAX {
        return Err(invalid("delay_s", "is at most 14400 seconds"));
    }
    let joined_ms = ticket.leg.joined_at.timestamp_millis();
    let score_ms = joined_ms - hall.profile.credit_ms(ticket.class);
    let not_before_ms = now.timestamp_millis() + i64::from(delay_s) * 1_000;
    Ok(vec![EventBody::TicketPutBack { of: with_reason(ticket, reason), score_ms, not_before_ms }])
}

fn transfer(
    hall: &Hall,
    ticket: &Ticket,
    to: &Target,
    place: TransferPlace,
    reason: Option<&FreeText>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    if caller.any_counter {
        need(ticket, &[TicketState::Called, TicketState::Serving, TicketState::Waiting, TicketState::Parked, TicketState::Missed])?;
    } else {
        need(ticket, &[TicketState::Called, TicketState::Serving])?;
    }
    let from = ticket.service().clone();
    let (service, counter, key) = match to {
        Target::Service(id) => {
            hall.profile.service(id).ok_or(Refusal::UnknownService)?;
            (id.clone(), None, LineKey::Service(id.clone()))
        }
        Target::Counter(no) => {
            let counter = hall.counters.get(no).ok_or(Refusal::UnknownCounter)?;
            // At the other counter the customer goes on with the same matter where it is served, else with that counter's own.
            let offered = counter.offers.first().map(|offer| offer.service.clone());
            let service = if serves(&counter.offers, &from) { from.clone() } else { offered.unwrap_or_else(|| from.clone()) };
            (service, Some(no.clone()), LineKey::Counter(no.clone()))
        }
    };
    let line = hall.line(&key);
    let score_ms = match place {
        TransferPlace::Front => {
            line.and_then(super::super::line::Line::first).map_or_else(|| line_now(hall, now), |head| head.place.score_ms - 1)
        }
        TransferPlace::End => line.and_then(super::super::line::Line::last).map_or(0, |last| last.place.score_ms).max(line_now(hall, now)),
        TransferPlace::ByAge => ticket.issued_at.timestamp_millis() - hall.profile.credit_ms(ticket.class),
    };
    Ok(vec![EventBody::TicketTransferred { of: with_reason(ticket, reason), from, to: service, to_counter: counter, place, score_ms }])
}

/// The events of finishing a ticket in hand; one that was only called is started by it.
pub(super) fn finish_events(ticket: &Ticket, finish: &Finish) -> Result<Vec<EventBody>, Refusal> {
    need(ticket, &[TicketState::Called, TicketState::Serving])?;
    if finish.materials.len() > MATERIALS_LISTED_MAX || finish.checks.len() > MATERIALS_LISTED_MAX {
        return Err(invalid("materials", "lists more than 40"));
    }
    if finish.outcome == Outcome::Refused && (finish.reason.is_none() || finish.solution.is_none()) {
        return Err(Refusal::RefusalNeedsReasonAndSolution);
    }
    if finish.outcome == Outcome::MissingMaterials && finish.materials.is_empty() {
        return Err(Refusal::MissingMaterialsNeedsList);
    }
    let mut events = Vec::with_capacity(2);
    if ticket.state == TicketState::Called {
        events.push(EventBody::TicketStarted { of: reference(ticket) });
    }
    events.push(EventBody::TicketFinished {
        of: with_reason(ticket, finish.reason.as_ref()),
        outcome: finish.outcome,
        solution: finish.solution.clone(),
        materials: finish.materials.clone(),
        checks: finish.checks.clone(),
    });
    Ok(events)
}
