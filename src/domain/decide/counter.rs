//! Judges what is asked of a counter: opening and closing it, and who is next.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{find, reference, ticket};
use crate::domain::actor::{Actor, Caller};
use crate::domain::command::CounterStep;
use crate::domain::counter::{Counter, CounterState};
use crate::domain::event::{CounterRef, EventBody, TicketRef};
use crate::domain::hall::{Hall, serves};
use crate::domain::ids::{CounterNo, TicketId};
use crate::domain::line::{Place, Standing, choose};
use crate::domain::profile::check_offers;
use crate::domain::refusal::Refusal;
use crate::domain::text::FreeText;
use crate::domain::ticket::{CallRule, Finish, LineKey, PassedOver, Ticket, TicketState, Why};

/// How many who had come earlier are named with a call.
const PASSED_OVER_MAX: usize = 5;

pub(super) fn step(
    hall: &Hall,
    no: &CounterNo,
    step: &CounterStep,
    fence: Option<u64>,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    let counter = hall.counters.get(no).ok_or(Refusal::NotFound)?;
    match step {
        CounterStep::Open => {
            let fence = counter.fence + 1;
            let clerk = Some(Actor { actor: caller.actor.actor.clone(), device: None });
            return Ok(vec![EventBody::CounterOpened(CounterRef { counter: no.clone(), clerk, fence, reason: None })]);
        }
        CounterStep::Plan { services } => {
            let known: BTreeSet<_> = hall.profile.services.iter().map(|s| &s.id).collect();
            check_offers(services, &known).map_err(|problem| Refusal::InvalidField { field: "services", problem })?;
            return Ok(vec![EventBody::CounterPlanned { counter: no.clone(), services: services.clone() }]);
        }
        CounterStep::Pause { .. }
        | CounterStep::Resume
        | CounterStep::Close { .. }
        | CounterStep::Next { .. }
        | CounterStep::Call { .. } => {}
    }
    check_seat(counter, fence, caller)?;
    match step {
        CounterStep::Pause { reason } => {
            need_state(counter, CounterState::Open)?;
            Ok(vec![EventBody::CounterPaused(reference_of(counter, reason.as_ref()))])
        }
        CounterStep::Resume => {
            if counter.state != CounterState::Paused {
                return Err(Refusal::CounterNotOpen);
            }
            Ok(vec![EventBody::CounterResumed(reference_of(counter, None))])
        }
        CounterStep::Close { reason } => {
            if let Some(current) = counter.ticket {
                return Err(Refusal::TicketInHand { current });
            }
            Ok(vec![EventBody::CounterClosed(reference_of(counter, reason.as_ref()))])
        }
        CounterStep::Next { expect, finish } => next(hall, counter, *expect, finish.as_ref(), now),
        CounterStep::Call { ticket, expect, reason } => call(hall, counter, *ticket, *expect, reason, now),
        CounterStep::Open | CounterStep::Plan { .. } => Ok(Vec::new()),
    }
}

/// A counter is worked by whoever opened it last, in the browser that did, or by a lead.
fn check_seat(counter: &Counter, fence: Option<u64>, caller: &Caller) -> Result<(), Refusal> {
    if counter.state == CounterState::Closed {
        return Err(Refusal::CounterNotOpen);
    }
    if fence.is_some_and(|fence| fence != counter.fence) {
        return Err(Refusal::CounterTakenOver);
    }
    let sits_here = counter.clerk.as_ref().is_some_and(|clerk| clerk.actor == caller.actor.actor);
    if sits_here || caller.any_counter { Ok(()) } else { Err(Refusal::CounterTakenOver) }
}

fn need_state(counter: &Counter, state: CounterState) -> Result<(), Refusal> {
    if counter.state == state {
        return Ok(());
    }
    Err(match counter.state {
        CounterState::Paused => Refusal::CounterPaused,
        CounterState::Closed | CounterState::Open => Refusal::CounterNotOpen,
    })
}

fn reference_of(counter: &Counter, reason: Option<&FreeText>) -> CounterRef {
    CounterRef { counter: counter.no.clone(), clerk: counter.clerk.clone(), fence: counter.fence, reason: reason.cloned() }
}

/// What the clerk believes must be so: a double click or a second tab then calls one customer, not two.
fn check_expected(counter: &Counter, expect: Option<TicketId>) -> Result<(), Refusal> {
    if counter.ticket == expect { Ok(()) } else { Err(Refusal::CounterMovedOn { current: counter.ticket }) }
}

fn next(
    hall: &Hall,
    counter: &Counter,
    expect: Option<TicketId>,
    finish: Option<&Finish>,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    need_state(counter, CounterState::Open)?;
    check_expected(counter, expect)?;
    let mut events = match (counter.ticket, finish) {
        (Some(current), Some(finish)) => ticket::finish_events(find(hall, current)?, finish)?,
        (Some(current), None) => return Err(Refusal::TicketInHand { current }),
        (None, _) => Vec::new(),
    };
    if let Some((chosen, why)) = who_is_next(hall, counter, now) {
        events.push(called(hall, counter, chosen, why, now));
    }
    Ok(events)
}

fn call(
    hall: &Hall,
    counter: &Counter,
    id: TicketId,
    expect: Option<TicketId>,
    reason: &FreeText,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    need_state(counter, CounterState::Open)?;
    check_expected(counter, expect)?;
    if let Some(current) = counter.ticket {
        return Err(Refusal::TicketInHand { current });
    }
    let chosen = find(hall, id).map_err(|_| Refusal::InvalidField { field: "ticket", problem: "no such ticket today".to_owned() })?;
    if chosen.state != TicketState::Waiting {
        return Err(Refusal::WrongState { state: chosen.state });
    }
    let sent_here = chosen.leg.reserved.as_ref() == Some(&counter.no);
    if !sent_here && !serves(&counter.offers, chosen.service()) {
        return Err(Refusal::CounterDoesNotServe);
    }
    let score_ms = chosen.place.map_or(0, |place| place.score_ms);
    let why = Why {
        rule: CallRule::Chosen,
        score_min: minutes(now.timestamp_millis() - score_ms),
        offset_min: 0,
        passed_over: passed_over(hall, counter, chosen, now),
        reason: Some(reason.clone()),
    };
    Ok(vec![called(hall, counter, chosen, why, now)])
}

fn called(hall: &Hall, counter: &Counter, chosen: &Ticket, why: Why, now: DateTime<Utc>) -> EventBody {
    EventBody::TicketCalled {
        of: TicketRef { counter: Some(counter.no.clone()), ..reference(chosen) },
        service: chosen.leg.service.clone(),
        language: chosen.language,
        calls: 1,
        why,
        miss_at_ms: ticket::miss_at_ms(hall, 1, now),
    }
}

/// The lines a counter draws from: those sent to it, then its services, with what each has to wait longer.
fn lines_of(counter: &Counter) -> impl Iterator<Item = (LineKey, u32)> + '_ {
    let own = std::iter::once((LineKey::Counter(counter.no.clone()), 0));
    own.chain(counter.offers.iter().map(|offer| (LineKey::Service(offer.service.clone()), offer.offset_min)))
}

/// The rule of DESIGN §6: of the heads of this counter's lines, the one with the longest counted wait.
fn who_is_next<'a>(hall: &'a Hall, counter: &Counter, now: DateTime<Utc>) -> Option<(&'a Ticket, Why)> {
    let now_ms = now.timestamp_millis();
    let heads: Vec<(LineKey, u32, Standing)> = lines_of(counter)
        .filter_map(|(key, offset_min)| {
            let head = hall.line(&key)?.first_callable(now_ms)?;
            Some((key, offset_min, head))
        })
        .collect();
    let offered = heads.iter().map(|head| (head, head.2.place, i64::from(head.1) * 60_000));
    let (key, offset_min, head): &(LineKey, u32, Standing) = choose::<&(LineKey, u32, Standing)>(offered)?;
    let chosen = hall.tickets.get(&TicketId(head.ticket))?;
    let rule = match key {
        LineKey::Counter(_) => CallRule::Reserved,
        LineKey::Service(_) => CallRule::LongestWait,
    };
    let why = Why {
        rule,
        score_min: minutes(now_ms - head.place.score_ms) - i64::from(*offset_min),
        offset_min: *offset_min,
        passed_over: passed_over(hall, counter, chosen, now),
        reason: None,
    };
    Some((chosen, why))
}

/// Who had come to this counter's lines before the chosen one, and still waits.
fn passed_over(hall: &Hall, counter: &Counter, chosen: &Ticket, now: DateTime<Utc>) -> Vec<PassedOver> {
    let now_ms = now.timestamp_millis();
    let earlier = |ticket: &Ticket| ticket.id != chosen.id && ticket.leg.joined_at < chosen.leg.joined_at;
    let mut passed: Vec<(Place, PassedOver)> = Vec::new();
    for (key, offset_min) in lines_of(counter) {
        for ticket in hall.head(&key, PASSED_OVER_MAX + 1).filter(|t| earlier(t)) {
            let Some(place) = ticket.place else { continue };
            let counted = PassedOver {
                number: ticket.number.clone(),
                service: ticket.leg.service.clone(),
                class: ticket.class,
                waited_min: minutes((now - ticket.leg.joined_at).num_milliseconds()),
                score_min: minutes(now_ms - place.score_ms) - i64::from(offset_min),
            };
            passed.push((place, counted));
        }
    }
    passed.sort_by_key(|(place, _)| *place);
    passed.truncate(PASSED_OVER_MAX);
    passed.into_iter().map(|(_, one)| one).collect()
}

/// Whole minutes, rounded down; never negative for a clock that was set back.
fn minutes(ms: i64) -> i64 {
    ms.max(0) / 60_000
}
