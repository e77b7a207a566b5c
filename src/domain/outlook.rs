//! How the hall looks to the forecast: its lines, counters and paces as they are now.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::counter::{Counter, CounterState};
use super::forecast::{ArrivalPace, Asked, Availability, CounterNow, Input, LineNow, OfferNow, PausePace, ServicePace, TICKETS_MAX};
use super::hall::Hall;
use super::ids::{ServiceId, TicketId};
use super::line::Place;
use super::profile::Class;
use super::ticket::LineKey;

/// How far back arrivals are counted to tell how often somebody comes, in milliseconds.
const ARRIVALS_MS: i64 = 30 * 60_000;
/// Arrivals looked at, newest first.
const ARRIVALS_MAX: usize = 400;
/// Of each line, so many are told how long it will still take.
const WAITING_ASKED_MAX: usize = 200;
/// A counter waits this long for somebody who does not come, in milliseconds, before the hall's own rule ends it.
const NO_SHOW_MS_MIN: u32 = 45_000;

/// What the forecast is asked, and whom each answer is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    pub input: Input,
    /// The newcomers, then the waiting.
    pub asked: Vec<Asked>,
    /// A newcomer of every service and class.
    pub newcomers: Vec<(ServiceId, Class)>,
    /// The first of every line.
    pub waiting: Vec<TicketId>,
}

/// Looks at the hall at `now`.
#[must_use]
pub fn outlook(hall: &Hall, now: DateTime<Utc>) -> Outlook {
    let now_ms = now.timestamp_millis();
    let index: BTreeMap<&ServiceId, usize> = hall.profile.services.iter().enumerate().map(|(at, s)| (&s.id, at)).collect();
    let services = hall.profile.services.iter().map(|service| pace(hall, &service.id, service.minutes)).collect();
    let lines = hall.profile.services.iter().map(|service| line(hall, &service.id, now_ms)).collect();
    let counters = hall.counters.values().map(|counter| counter_now(hall, counter, &index, now_ms)).collect();
    let input = Input { now_ms, services, lines, counters, pauses: PausePace::default(), arrivals: arrivals(hall, &index, now_ms) };
    let (mut asked, newcomers) = newcomers(hall, now_ms);
    let mut waiting = Vec::new();
    for (at, service) in hall.profile.services.iter().enumerate() {
        for ticket in hall.head(&LineKey::Service(service.id.clone()), WAITING_ASKED_MAX) {
            asked.extend(ticket.place.map(|place| Asked { service: at, place }));
            waiting.extend(ticket.place.map(|_| ticket.id));
        }
    }
    Outlook { input, asked, newcomers, waiting }
}

/// Somebody of every class who would come now, for every service.
fn newcomers(hall: &Hall, now_ms: i64) -> (Vec<Asked>, Vec<(ServiceId, Class)>) {
    let classes: Vec<Class> = hall.profile.classes.iter().map(|plan| plan.class).collect();
    let mut asked = Vec::new();
    let mut newcomers = Vec::new();
    for (at, service) in hall.profile.services.iter().enumerate() {
        for class in &classes {
            asked.push(Asked::newcomer(at, now_ms, hall.profile.credit_ms(*class)));
            newcomers.push((service.id.clone(), *class));
        }
    }
    (asked, newcomers)
}

fn pace(hall: &Hall, service: &ServiceId, minutes: u32) -> ServicePace {
    let tally = hall.tallies.get(service);
    let called = tally.map_or(0, |t| t.called);
    let missed = tally.map_or(0, |t| t.missed);
    // Early in the day one miss of two called says little: thirty calls without a miss are thought before.
    let permille = missed.saturating_mul(1_000) / (called + missed).saturating_add(30);
    ServicePace {
        configured_ms: minutes.saturating_mul(60_000),
        observed_ms: tally.map_or_else(Vec::new, |t| t.durations_ms.iter().copied().collect()),
        no_show_permille: u16::try_from(permille).unwrap_or(1_000),
        no_show_ms: hall.profile.rules.miss_after_s.saturating_mul(1_000).max(NO_SHOW_MS_MIN),
    }
}

/// Who may be called now; held tickets come later and are left out.
fn line(hall: &Hall, service: &ServiceId, now_ms: i64) -> LineNow {
    let Some(line) = hall.line(&LineKey::Service(service.clone())) else { return LineNow::default() };
    let callable = line.iter().filter(|one| line.held_until(one.place, now_ms).is_none());
    let places: Vec<Place> = callable.take(TICKETS_MAX).map(|one| one.place).collect();
    let unlisted = if places.len() == TICKETS_MAX { line.len().saturating_sub(TICKETS_MAX) } else { 0 };
    LineNow { places, unlisted }
}

fn counter_now(hall: &Hall, counter: &Counter, index: &BTreeMap<&ServiceId, usize>, now_ms: i64) -> CounterNow {
    let offers = counter.offers.iter().filter_map(|offer| {
        let service = *index.get(&offer.service)?;
        Some(OfferNow { service, offset_ms: i64::from(offer.offset_min) * 60_000 })
    });
    CounterNow { offers: offers.collect(), availability: availability(hall, counter, index, now_ms) }
}

fn availability(hall: &Hall, counter: &Counter, index: &BTreeMap<&ServiceId, usize>, now_ms: i64) -> Availability {
    match counter.state {
        CounterState::Closed => Availability::Away { back_ms: None },
        CounterState::Paused => Availability::Paused,
        CounterState::Open => match counter.ticket.and_then(|id: TicketId| hall.tickets.get(&id)) {
            None => Availability::Idle,
            Some(ticket) => {
                let since_ms = ticket.leg.called_at.map_or(now_ms, |at| at.timestamp_millis());
                index.get(ticket.service()).map_or(Availability::Idle, |service| Availability::Busy { service: *service, since_ms })
            }
        },
    }
}

/// How often somebody with a credit came lately; only they overtake.
fn arrivals(hall: &Hall, index: &BTreeMap<&ServiceId, usize>, now_ms: i64) -> Vec<ArrivalPace> {
    let mut counted: BTreeMap<(usize, i64), u32> = BTreeMap::new();
    let recent = hall.tickets.values().rev().take(ARRIVALS_MAX).take_while(|t| now_ms - t.issued_at.timestamp_millis() <= ARRIVALS_MS);
    let mut oldest_ms = now_ms;
    for ticket in recent {
        oldest_ms = oldest_ms.min(ticket.issued_at.timestamp_millis());
        let credit_ms = hall.profile.credit_ms(ticket.class);
        if let Some(service) = index.get(ticket.service()).filter(|_| credit_ms > 0) {
            *counted.entry((*service, credit_ms)).or_insert(0) += 1;
        }
    }
    let span_ms = u32::try_from(now_ms.saturating_sub(oldest_ms)).unwrap_or(0).max(60_000);
    let paces = counted.into_iter().map(|((service, credit_ms), count)| ArrivalPace { service, credit_ms, gap_ms: span_ms / count.max(1) });
    paces.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::{Actor, Caller, Role};
    use crate::domain::command::{Command, CounterStep, Issue};
    use crate::domain::event::{EVENT_VERSION, Event};
    use crate::domain::forecast::estimate;
    use crate::domain::ids::CounterNo;
    use crate::domain::profile::{ClassPlan, CounterPlan, Offer, Profile, Service};
    use crate::domain::text::{Language, Text};
    use crate::domain::{apply, decide, turn_day};

    fn text(word: &str) -> Text {
        Text { zh: word.to_owned(), en: word.to_owned() }
    }

    fn profile() -> Profile {
        let service = |id: &str, prefix: &str| Service {
            id: id.parse().unwrap(),
            prefix: prefix.parse().unwrap(),
            name: text(id),
            hint: None,
            minutes: 5,
            daily_cap: None,
            area: None,
            materials: Vec::new(),
        };
        let offer = |id: &str, offset_min: u32| Offer { service: id.parse().unwrap(), offset_min };
        let class = |class, credit_min| ClassPlan { class, name: text("c"), hint: None, credit_min, at_kiosk: true };
        Profile {
            name: text("hall"),
            languages: vec![Language::Zh],
            classes: vec![class(Class::Ordinary, 0), class(Class::Courtesy, 20)],
            services: vec![service("pay", "A"), service("repair", "B")],
            counters: vec![
                CounterPlan { no: "1".parse().unwrap(), name: None, services: vec![offer("pay", 0), offer("repair", 5)] },
                CounterPlan { no: "2".parse().unwrap(), name: None, services: vec![offer("repair", 0)] },
            ],
            ..Profile::default()
        }
    }

    struct Play {
        hall: Hall,
        now: DateTime<Utc>,
    }

    impl Play {
        fn new() -> Self {
            let mut play = Self { hall: Hall::default(), now: "2026-11-23T02:00:00Z".parse().unwrap() };
            play.act(&Command::SetProfile { profile: Box::new(profile()) });
            for body in turn_day(&play.hall, play.now) {
                play.fold(body);
            }
            play
        }

        fn act(&mut self, command: &Command) {
            let caller = Caller::new(Actor::new(Role::Clerk, "wang", None), true);
            for body in decide(&self.hall, command, &caller, self.now).unwrap() {
                self.fold(body);
            }
        }

        fn fold(&mut self, body: crate::domain::event::EventBody) {
            let event = Event { rev: self.hall.rev + 1, v: EVENT_VERSION, at: self.now, by: Actor::hall(), key: None, body };
            apply(&mut self.hall, &event);
        }

        fn issue(&mut self, service: &str, class: Class) {
            let service = service.parse().unwrap();
            self.act(&Command::Issue(Issue { service, class, language: Language::Zh, appointment_at: None, wait: None }));
        }

        fn counter(&mut self, no: &str, step: CounterStep) {
            let counter: CounterNo = no.parse().unwrap();
            self.act(&Command::Counter { counter, step, fence: None });
        }
    }

    #[test]
    fn lines_counters_and_arrivals_are_seen_as_they_are() {
        let mut play = Play::new();
        for _ in 0..3 {
            play.issue("repair", Class::Ordinary);
        }
        play.issue("repair", Class::Courtesy);
        play.counter("2", CounterStep::Open);
        play.counter("2", CounterStep::Next { expect: None, finish: None });
        let seen = outlook(&play.hall, play.now);
        assert_eq!((seen.input.lines[0].places.len(), seen.input.lines[1].places.len()), (0, 3));
        assert_eq!(seen.input.counters[0].availability, Availability::Away { back_ms: None });
        assert_eq!(seen.input.counters[0].offers[1], OfferNow { service: 1, offset_ms: 300_000 });
        assert!(matches!(seen.input.counters[1].availability, Availability::Busy { service: 1, .. }));
        assert_eq!(seen.input.arrivals, vec![ArrivalPace { service: 1, credit_ms: 1_200_000, gap_ms: 60_000 }]);
        assert_eq!((seen.asked.len(), seen.newcomers.len(), seen.waiting.len()), (7, 4, 3));
    }

    #[test]
    fn who_nobody_will_serve_is_promised_nothing() {
        let mut play = Play::new();
        play.issue("repair", Class::Ordinary);
        play.counter("2", CounterStep::Open);
        let seen = outlook(&play.hall, play.now);
        let told = estimate(&seen.input, &seen.asked, 1);
        assert!(told[0].is_none() && told[1].is_none());
        assert!(told[2].is_some() && told[3].is_some());
    }
}
