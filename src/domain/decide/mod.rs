//! Judges a command against the hall as it is: the events that follow from it, or why not.

mod access;
mod counter;
mod ending;
mod handling;
mod hotline;
mod incident;
mod intake;
mod order;
mod ticket;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::actor::Caller;
use super::command::Command;
use super::event::{EventBody, TicketRef};
use super::hall::{Hall, NOTICES_MAX};
use super::ids::{NoticeId, Prefix, TicketId};
use super::profile::Profile;
use super::refusal::Refusal;
use super::ticket::{Ticket, TicketState};

/// At most this many tickets are closed by one event batch when the day turns; the rest follows in further batches.
pub(super) const DAY_END_BATCH_MAX: usize = 1_000;

/// Judges `command` by `caller` at `now`. Pure: the same hall, command and instant always decide the same.
///
/// The service day must be the one of `now` (see [`turn_day`]) for every command but the hall's own.
///
/// # Errors
/// The hall's reason for saying no; nothing has changed.
pub fn decide(hall: &Hall, command: &Command, caller: &Caller, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    match command {
        Command::Issue(issue) => ticket::issue(hall, issue, caller, now),
        Command::Ticket { ticket, step, fence } => ticket::step(hall, *ticket, step, *fence, caller, now),
        Command::Counter { counter, step, fence } => counter::step(hall, counter, step, *fence, caller, now),
        Command::Rate { ticket, grade } => ticket::rate(hall, *ticket, *grade),
        Command::Leave { ticket } => ticket::leave(hall, *ticket),
        Command::OpenService { service } => {
            hall.profile.service(service).ok_or(Refusal::NotFound)?;
            let closed = hall.closed_services.contains_key(service);
            Ok(closed.then(|| EventBody::ServiceOpened { service: service.clone() }).into_iter().collect())
        }
        Command::CloseService { service, reason } => {
            hall.profile.service(service).ok_or(Refusal::NotFound)?;
            Ok(vec![EventBody::ServiceClosed { service: service.clone(), reason: reason.clone() }])
        }
        Command::PostNotice { text } => {
            if hall.notices.len() >= NOTICES_MAX {
                return Err(Refusal::TooMany { what: "notices", max: NOTICES_MAX });
            }
            Ok(vec![EventBody::NoticePosted { notice: NoticeId(hall.rev + 1), text: text.clone() }])
        }
        Command::RemoveNotice { notice } => {
            hall.notices.get(notice).ok_or(Refusal::NotFound)?;
            Ok(vec![EventBody::NoticeRemoved { notice: *notice }])
        }
        Command::SetProfile { profile } => set_profile(hall, profile),
        Command::Create { link_key } => {
            let new = hall.access.link_key.is_none();
            Ok(new.then(|| EventBody::HallCreated { link_key: link_key.clone() }).into_iter().collect())
        }
        Command::SkipNumbers { service_day, last } => Ok(skip_numbers(hall, *service_day, last)),
        Command::FallDue => Ok(fall_due(hall, now)),
        Command::LogCall(log) => hotline::log(hall, log, caller, now),
        Command::ChangeCall { call, patch } => hotline::change(hall, *call, patch, now),
        Command::EndCall { call, end, order } => hotline::end(hall, *call, end, order.as_deref(), caller, now),
        Command::CreateOrder(new) => intake::create(hall, new, caller, now),
        Command::Claim { team, lease_s } => handling::claim(hall, team, *lease_s, caller, now),
        Command::Order { no, step, token } => order::step(hall, *no, step, *token, caller, now),
        Command::OpenIncident { facts, call } => incident::open(hall, facts, *call, caller, now),
        Command::ChangeIncident { incident, facts } => incident::change(hall, *incident, facts),
        Command::AttachCall { incident, call } => incident::attach(hall, *incident, *call, caller, now),
        Command::ResolveIncident { incident, cause, public_reply } => incident::resolve(hall, *incident, cause, public_reply, caller, now),
        Command::DismissSuspicion { community } => Ok(incident::dismiss(hall, community)),
        Command::PhoneSignal(signal) => hotline::signal(hall, signal, now),
        Command::HandlePhoneCall { phone_call, call } => hotline::handled(hall, *phone_call, *call),
        Command::CreateAccount { .. }
        | Command::CreateFirstAdmin { .. }
        | Command::ChangeAccount { .. }
        | Command::RemoveAccount { .. }
        | Command::StartSession { .. }
        | Command::EndSession { .. }
        | Command::StartPairing { .. }
        | Command::ApprovePairing { .. }
        | Command::ClaimPairing { .. }
        | Command::AddDevice { .. }
        | Command::RevokeDevice { .. } => access::decide(hall, command, now),
    }
}

/// The next events of the turn of the day, empty once the day of `now` is open. What is still live is closed, and what is
/// long over goes to history, in batches of [`DAY_END_BATCH_MAX`], then the new day opens; so a turn is several calls, each
/// decided on the hall after the last.
#[must_use]
pub fn turn_day(hall: &Hall, now: DateTime<Utc>) -> Vec<EventBody> {
    if !hall.day_is_over(now) {
        return Vec::new();
    }
    let live = hall.tickets.values().filter(|t| t.state != TicketState::Closed);
    let ended = live.map(|t| EventBody::TicketDayEnded { of: reference(t) });
    let mut events: Vec<_> = ended.chain(order::archive(hall, now)).chain(hotline::archive(hall, now)).take(DAY_END_BATCH_MAX).collect();
    if events.len() < DAY_END_BATCH_MAX {
        events.push(EventBody::DayOpened { service_day: hall.day_at(now) });
        // The new day counts them: so they are seen.
        events.extend(hotline::lapse(hall, now));
    }
    events
}

fn set_profile(hall: &Hall, profile: &Profile) -> Result<Vec<EventBody>, Refusal> {
    if hall.profile == *profile {
        return Ok(Vec::new());
    }
    profile.check().map_err(|problem| Refusal::InvalidField { field: "profile", problem })?;
    Ok(vec![EventBody::HallChanged { profile: Box::new(profile.clone()) }])
}

/// Numbers that were given on a day of which the hall knows less: only those that are ahead of its own.
fn skip_numbers(hall: &Hall, service_day: NaiveDate, last: &BTreeMap<Prefix, u32>) -> Vec<EventBody> {
    let known = |prefix: &Prefix| hall.numbers.get(prefix).copied().unwrap_or(0);
    let ahead: BTreeMap<_, _> =
        last.iter().filter(|(prefix, last)| **last > known(prefix)).map(|(prefix, last)| (prefix.clone(), *last)).collect();
    if ahead.is_empty() || hall.day != Some(service_day) {
        return Vec::new();
    }
    vec![EventBody::NumbersSkipped { service_day, last: ahead }]
}

/// Tickets, clocks and leases whose time has come.
fn fall_due(hall: &Hall, now: DateTime<Utc>) -> Vec<EventBody> {
    let mut events = miss_due(hall, now);
    events.extend(order::fall_due(hall, now));
    events
}

/// Tickets that were called often enough and did not come.
fn miss_due(hall: &Hall, now: DateTime<Utc>) -> Vec<EventBody> {
    let due = hall.miss_due.iter().take_while(|(at_ms, _)| *at_ms <= now.timestamp_millis()).take(DAY_END_BATCH_MAX);
    let tickets = due.filter_map(|(_, id)| hall.tickets.get(id));
    tickets.map(|ticket| EventBody::TicketMissed { of: reference(ticket) }).collect()
}

/// What an event says of a ticket as it stands.
fn reference(ticket: &Ticket) -> TicketRef {
    TicketRef { ticket: ticket.id, number: Arc::clone(&ticket.number), counter: ticket.counter.clone(), reason: None }
}

fn find(hall: &Hall, id: TicketId) -> Result<&Ticket, Refusal> {
    hall.tickets.get(&id).ok_or(Refusal::NotFound)
}
