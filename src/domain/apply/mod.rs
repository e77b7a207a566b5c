//! Folds one event into the hall. Events are facts: nothing is judged here, and nothing can fail.

mod hotline;
mod order;

use chrono::{DateTime, Utc};

use super::counter::{Counter, CounterState};
use super::event::{CounterRef, Event, EventBody, TicketRef};
use super::forecast::OBSERVED_MAX;
use super::hall::{BOARD_CALLS_MAX, BoardCall, ClosedService, Hall, Notice, PAST_DAYS_MAX};
use super::ids::{CounterNo, ServiceId, TicketId};
use super::line::Place;
use super::profile::Profile;
use super::ticket::{Closing, Finish, Leg, LegEnd, Outcome, Ticket, TicketState};

/// Folds `event` into `hall`. The only way in which a hall changes.
pub fn apply(hall: &mut Hall, event: &Event) {
    hall.rev = event.rev;
    match &event.body {
        EventBody::DayOpened { service_day } => open_day(hall, *service_day, event.rev),
        EventBody::HallChanged { profile } => change_profile(hall, profile, event.at),
        EventBody::HallCreated { link_key } => hall.access.link_key = Some(link_key.clone()),
        EventBody::CounterOpened(of) => open_counter(hall, of, event.at),
        EventBody::CounterPaused(of) => set_counter(hall, of, CounterState::Paused, event.at),
        EventBody::CounterResumed(of) => set_counter(hall, of, CounterState::Open, event.at),
        EventBody::CounterClosed(of) => set_counter(hall, of, CounterState::Closed, event.at),
        EventBody::CounterPlanned { counter, services } => {
            if let Some(counter) = hall.counters.get_mut(counter) {
                counter.offers.clone_from(services);
            }
        }
        EventBody::ServiceOpened { service } => {
            hall.closed_services.remove(service);
        }
        EventBody::ServiceClosed { service, reason } => {
            hall.closed_services.insert(service.clone(), ClosedService { reason: reason.clone() });
        }
        EventBody::NumbersSkipped { service_day, last } => {
            if hall.day == Some(*service_day) {
                for (prefix, last) in last {
                    let known = hall.numbers.entry(prefix.clone()).or_insert(0);
                    *known = (*known).max(*last);
                }
            }
        }
        EventBody::NoticePosted { notice, text } => {
            hall.notices.insert(*notice, Notice { id: *notice, text: text.clone(), at: event.at });
        }
        EventBody::NoticeRemoved { notice } => {
            hall.notices.remove(notice);
        }
        body @ (EventBody::AccountCreated { .. }
        | EventBody::AccountChanged { .. }
        | EventBody::AccountRemoved { .. }
        | EventBody::SessionStarted { .. }
        | EventBody::SessionEnded { .. }
        | EventBody::PairingStarted { .. }
        | EventBody::PairingApproved { .. }
        | EventBody::PairingEnded { .. }
        | EventBody::DeviceAdded { .. }
        | EventBody::DeviceRevoked { .. }) => apply_access(hall, body, event.at),
        body @ (EventBody::TicketIssued { .. }
        | EventBody::TicketCalled { .. }
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
        | EventBody::TicketRated { .. }) => apply_ticket(hall, body, event.at, event.rev),
        EventBody::Call(of) => hotline::call(hall, of, event),
        EventBody::Incident(of) => hotline::incident(hall, of, event),
        EventBody::Phone(of) => hotline::phone(hall, of, event),
        EventBody::Order(of) => order::order(hall, of, event),
    }
}

fn open_day(hall: &mut Hall, day: chrono::NaiveDate, rev: u64) {
    hall.day = Some(day);
    hall.day_opened_rev = rev;
    hall.past_days.push_back(day);
    if hall.past_days.len() > PAST_DAYS_MAX {
        hall.past_days.pop_front();
    }
    hall.tickets.clear();
    hall.lines.clear();
    hall.numbers.clear();
    hall.tallies.clear();
    hall.board.clear();
    hall.missed.clear();
    hall.parked.clear();
    hall.miss_due.clear();
    hall.line_clock_ms = 0;
    hall.closed_services.clear();
    hall.calibration.new_day();
    hall.hotline.today = super::hotline::HotlineTally::default();
    hall.orders.today.clear();
    for counter in hall.counters.values_mut() {
        counter.ticket = None;
        counter.today = super::counter::CounterTally::default();
    }
}

fn change_profile(hall: &mut Hall, profile: &Profile, at: DateTime<Utc>) {
    order::recalendar(hall, profile.working(), at);
    hall.profile = profile.clone();
    for plan in &profile.counters {
        let counter = hall.counters.entry(plan.no.clone());
        let counter = counter.or_insert_with(|| Counter::closed(plan.no.clone(), Vec::new()));
        counter.offers.clone_from(&plan.services);
    }
    hall.counters.retain(|no, counter| profile.counter(no).is_some() || counter.ticket.is_some());
    hall.closed_services.retain(|id, _| profile.service(id).is_some());
}

fn open_counter(hall: &mut Hall, of: &CounterRef, at: DateTime<Utc>) {
    set_counter(hall, of, CounterState::Open, at);
    if let Some(counter) = hall.counters.get_mut(&of.counter) {
        counter.fence = of.fence;
        counter.clerk.clone_from(&of.clerk);
    }
}

fn set_counter(hall: &mut Hall, of: &CounterRef, state: CounterState, at: DateTime<Utc>) {
    if let Some(counter) = hall.counters.get_mut(&of.counter) {
        counter.state = state;
        counter.since = Some(at);
        counter.pause_reason = if state == CounterState::Paused { of.reason.clone() } else { None };
        if state == CounterState::Closed {
            counter.clerk = None;
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`apply` names every variant and sends only these here")]
fn apply_access(hall: &mut Hall, body: &EventBody, at: DateTime<Utc>) {
    let access = &mut hall.access;
    match body {
        EventBody::AccountCreated { account } | EventBody::AccountChanged { account } => {
            access.accounts.insert(account.username.clone(), account.clone());
        }
        EventBody::AccountRemoved { username } => {
            access.accounts.remove(username);
        }
        EventBody::SessionStarted { session } => {
            let expired: Vec<_> = access.sessions.values().filter(|s| s.expires_at <= at).map(|s| s.id).collect();
            for id in expired {
                access.end_session(id);
            }
            access.put_session(session.clone());
        }
        EventBody::SessionEnded { session, .. } => access.end_session(*session),
        EventBody::PairingStarted { pairing } => {
            access.pairings.retain(|_, old| old.expires_at > at);
            access.pairings.insert(pairing.id, pairing.clone());
        }
        EventBody::PairingApproved { pairing, approved } => {
            if let Some(pairing) = access.pairings.get_mut(pairing) {
                pairing.approved = Some(approved.clone());
            }
        }
        EventBody::PairingEnded { pairing } => {
            access.pairings.remove(pairing);
        }
        EventBody::DeviceAdded { device } => access.put_device(device.clone()),
        EventBody::DeviceRevoked { device } => access.revoke_device(*device),
        _ => {}
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`apply` names every variant and sends only these here")]
fn apply_ticket(hall: &mut Hall, body: &EventBody, at: DateTime<Utc>, rev: u64) {
    match body {
        EventBody::TicketIssued { .. } => issue(hall, body, at, rev),
        EventBody::TicketCalled { of, why, miss_at_ms, .. } => {
            leave_line(hall, of.ticket);
            tell_calibration(hall, of.ticket, at);
            if let Some(ticket) = hall.tickets.get_mut(of.ticket) {
                ticket.whys.push(why.clone());
                ticket.calls = 0;
            }
            announce(hall, of, *miss_at_ms, at, rev);
        }
        EventBody::TicketRecalled { of, miss_at_ms, .. } => announce(hall, of, *miss_at_ms, at, rev),
        EventBody::TicketStarted { of } => start(hall, of, at),
        EventBody::TicketMissed { of } => miss(hall, of),
        EventBody::TicketReinstated { of, score_ms } => {
            hall.missed.remove(&of.ticket);
            rejoin(hall, of.ticket, *score_ms, rev, None);
        }
        EventBody::TicketParked { of } => {
            let_go(hall, of.ticket);
            hall.parked.insert(of.ticket);
            if let Some(ticket) = hall.tickets.get_mut(of.ticket) {
                ticket.state = TicketState::Parked;
                ticket.park_reason.clone_from(&of.reason);
            }
        }
        EventBody::TicketResumed { of } => resume(hall, of, at),
        EventBody::TicketPutBack { of, score_ms, not_before_ms } => {
            let_go(hall, of.ticket);
            rejoin(hall, of.ticket, *score_ms, rev, Some(*not_before_ms));
        }
        EventBody::TicketTransferred { .. } => transfer(hall, body, at, rev),
        EventBody::TicketFinished { .. } => finish(hall, body, at),
        EventBody::TicketCancelled { of } => {
            close(hall, of, LegEnd::Cancelled, None, at);
            tally(hall, of.ticket, |t| t.cancelled += 1);
        }
        EventBody::TicketDayEnded { of } => close(hall, of, LegEnd::DayEnded, None, at),
        EventBody::TicketRated { of, grade } => {
            tally(hall, of.ticket, |t| {
                t.rated += 1;
                t.grade_sum += u32::from(*grade);
            });
            if let Some(closing) = hall.tickets.get_mut(of.ticket).and_then(|t| t.closing.as_mut()) {
                closing.rating = Some(*grade);
            }
        }
        _ => {}
    }
}

fn issue(hall: &mut Hall, body: &EventBody, at: DateTime<Utc>, rev: u64) {
    let EventBody::TicketIssued { ticket: id, number, service, class, language, service_day, source, score_ms, late, wait, .. } = body
    else {
        return;
    };
    let ticket = Ticket {
        id: *id,
        number: number.clone(),
        class: *class,
        language: *language,
        state: TicketState::Waiting,
        issued_at: at,
        service_day: *service_day,
        source: source.clone(),
        late: *late,
        counter: None,
        calls: 0,
        called_at: None,
        place: None,
        not_before_ms: None,
        miss_at_ms: None,
        leg: new_leg(service, None, at),
        past_legs: Vec::new(),
        forecast: *wait,
        park_reason: None,
        whys: Vec::new(),
        closing: None,
    };
    if let Some(prefix) = hall.profile.service(service).map(|s| s.prefix.clone()) {
        let digits = number.get(prefix.as_str().len()..).and_then(|d| d.parse().ok());
        let last = hall.numbers.entry(prefix).or_insert(0);
        *last = digits.unwrap_or(*last + 1).max(*last);
    }
    hall.tallies.entry(service.clone()).or_default().issued += 1;
    hall.tickets.insert(ticket);
    rejoin(hall, *id, *score_ms, rev, None);
}

fn new_leg(service: &ServiceId, reserved: Option<CounterNo>, at: DateTime<Utc>) -> Leg {
    Leg { service: service.clone(), reserved, counter: None, joined_at: at, called_at: None, started_at: None, ended_at: None, end: None }
}

/// Puts a ticket into the line of its leg.
fn rejoin(hall: &mut Hall, id: TicketId, score_ms: i64, rev: u64, not_before_ms: Option<i64>) {
    let Some(ticket) = hall.tickets.get_mut(id) else { return };
    let place = Place { score_ms, order: rev };
    ticket.state = TicketState::Waiting;
    ticket.place = Some(place);
    ticket.not_before_ms = not_before_ms;
    ticket.counter = None;
    let key = ticket.line();
    let joined_ms = ticket.leg.joined_at.timestamp_millis();
    hall.line_clock_ms = hall.line_clock_ms.max(joined_ms);
    let line = hall.lines.entry(key).or_default();
    let _stands = match not_before_ms {
        Some(until_ms) => line.insert_held(place, id.0, until_ms),
        None => line.insert(place, id.0),
    };
}

fn leave_line(hall: &mut Hall, id: TicketId) {
    let Some(ticket) = hall.tickets.get_mut(id) else { return };
    let key = ticket.line();
    ticket.not_before_ms = None;
    if let Some(place) = ticket.place.take()
        && let Some(line) = hall.lines.get_mut(&key)
    {
        line.remove(place);
    }
}

/// Takes a ticket out of its counter's hands.
fn let_go(hall: &mut Hall, id: TicketId) {
    forget_due(hall, id);
    let Some(ticket) = hall.tickets.get(&id) else { return };
    if let Some(counter) = ticket.counter.as_ref().and_then(|no| hall.counters.get_mut(no))
        && counter.ticket == Some(id)
    {
        counter.ticket = None;
    }
}

fn forget_due(hall: &mut Hall, id: TicketId) {
    if let Some(due) = hall.tickets.get_mut(id).and_then(|t| t.miss_at_ms.take()) {
        hall.miss_due.remove(&(due, id));
    }
}

/// A call or recall: the ticket is at the counter, the boards show it on top.
fn announce(hall: &mut Hall, of: &TicketRef, miss_at_ms: Option<i64>, at: DateTime<Utc>, rev: u64) {
    forget_due(hall, of.ticket);
    hall.missed.remove(&of.ticket);
    let Some(no) = of.counter.clone() else { return };
    if let Some(counter) = hall.counters.get_mut(&no) {
        counter.ticket = Some(of.ticket);
    }
    let Some(ticket) = hall.tickets.get_mut(of.ticket) else { return };
    ticket.state = TicketState::Called;
    ticket.counter = Some(no.clone());
    ticket.calls += 1;
    ticket.called_at = Some(at);
    ticket.miss_at_ms = miss_at_ms;
    let calls = ticket.calls;
    ticket.leg.counter = Some(no.clone());
    ticket.leg.called_at.get_or_insert(at);
    if let Some(due) = miss_at_ms {
        hall.miss_due.insert((due, of.ticket));
    }
    hall.board.retain(|call| call.ticket != of.ticket);
    hall.board.push_front(BoardCall { ticket: of.ticket, number: of.number.clone(), counter: no, at, calls, rev });
    hall.board.truncate(BOARD_CALLS_MAX);
}

/// The customer's first call tells how good the promise was.
fn tell_calibration(hall: &mut Hall, id: TicketId, at: DateTime<Utc>) {
    let Some(ticket) = hall.tickets.get(&id) else { return };
    if !ticket.past_legs.is_empty() || ticket.leg.called_at.is_some() {
        return;
    }
    let service = ticket.service().clone();
    if let Some(range) = ticket.forecast {
        hall.calibration.observe(range, ticket.issued_at.timestamp_millis(), at.timestamp_millis());
    }
    hall.tallies.entry(service).or_default().called += 1;
}

fn start(hall: &mut Hall, of: &TicketRef, at: DateTime<Utc>) {
    forget_due(hall, of.ticket);
    if let Some(ticket) = hall.tickets.get_mut(of.ticket) {
        ticket.state = TicketState::Serving;
        ticket.leg.started_at.get_or_insert(at);
    }
}

fn miss(hall: &mut Hall, of: &TicketRef) {
    let_go(hall, of.ticket);
    tally(hall, of.ticket, |t| t.missed += 1);
    hall.missed.insert(of.ticket);
    if let Some(counter) = of.counter.as_ref().and_then(|no| hall.counters.get_mut(no)) {
        counter.today.missed += 1;
    }
    if let Some(ticket) = hall.tickets.get_mut(of.ticket) {
        ticket.state = TicketState::Missed;
        ticket.counter = None;
    }
}

fn resume(hall: &mut Hall, of: &TicketRef, at: DateTime<Utc>) {
    hall.parked.remove(&of.ticket);
    if let Some(counter) = of.counter.as_ref().and_then(|no| hall.counters.get_mut(no)) {
        counter.ticket = Some(of.ticket);
    }
    if let Some(ticket) = hall.tickets.get_mut(of.ticket) {
        ticket.state = TicketState::Called;
        ticket.counter.clone_from(&of.counter);
        ticket.called_at = Some(at);
        ticket.park_reason = None;
        ticket.leg.counter.clone_from(&of.counter);
    }
}

fn transfer(hall: &mut Hall, body: &EventBody, at: DateTime<Utc>, rev: u64) {
    let EventBody::TicketTransferred { of, to, to_counter, score_ms, .. } = body else { return };
    end_leg(hall, of.ticket, LegEnd::Transferred, at);
    hall.missed.remove(&of.ticket);
    hall.parked.remove(&of.ticket);
    leave_line(hall, of.ticket);
    let_go(hall, of.ticket);
    if let Some(ticket) = hall.tickets.get_mut(of.ticket) {
        let left = std::mem::replace(&mut ticket.leg, new_leg(to, to_counter.clone(), at));
        ticket.past_legs.push(left);
        ticket.called_at = None;
        ticket.calls = 0;
    }
    rejoin(hall, of.ticket, *score_ms, rev, None);
}

fn finish(hall: &mut Hall, body: &EventBody, at: DateTime<Utc>) {
    let EventBody::TicketFinished { of, outcome, solution, materials, checks } = body else { return };
    let since = |from: DateTime<Utc>| u32::try_from((at - from).num_milliseconds()).unwrap_or(0);
    let leg = hall.tickets.get(&of.ticket).map(|t| &t.leg);
    let serving_s = leg.and_then(|leg| leg.started_at).map_or(0, |from| since(from) / 1_000);
    let duration_ms = leg.and_then(|leg| leg.called_at).map_or(0, since);
    let refused = matches!(outcome, Outcome::Refused | Outcome::MissingMaterials);
    if let Some(counter) = of.counter.as_ref().and_then(|no| hall.counters.get_mut(no)) {
        counter.today.served += 1;
        counter.today.refused += u32::from(refused);
        counter.today.serving_s += u64::from(serving_s);
    }
    tally(hall, of.ticket, |t| {
        t.served += 1;
        t.durations_ms.push_back(duration_ms);
        if t.durations_ms.len() > OBSERVED_MAX {
            t.durations_ms.pop_front();
        }
    });
    let finish = Finish {
        outcome: *outcome,
        reason: of.reason.clone(),
        solution: solution.clone(),
        materials: materials.clone(),
        checks: checks.clone(),
    };
    close(hall, of, LegEnd::Finished, Some(finish), at);
}

fn end_leg(hall: &mut Hall, id: TicketId, end: LegEnd, at: DateTime<Utc>) {
    if let Some(ticket) = hall.tickets.get_mut(id) {
        ticket.leg.ended_at = Some(at);
        ticket.leg.end = Some(end);
    }
}

fn close(hall: &mut Hall, of: &TicketRef, end: LegEnd, finish: Option<Finish>, at: DateTime<Utc>) {
    leave_line(hall, of.ticket);
    let_go(hall, of.ticket);
    end_leg(hall, of.ticket, end, at);
    hall.missed.remove(&of.ticket);
    hall.parked.remove(&of.ticket);
    if let Some(ticket) = hall.tickets.get_mut(of.ticket) {
        ticket.state = TicketState::Closed;
        ticket.closing = Some(Box::new(Closing { finish, rating: None }));
    }
}

fn tally(hall: &mut Hall, id: TicketId, change: impl FnOnce(&mut super::hall::ServiceTally)) {
    if let Some(service) = hall.tickets.get(&id).map(|t| t.service().clone()) {
        change(hall.tallies.entry(service).or_default());
    }
}
