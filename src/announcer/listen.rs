//! What the voice makes of what happened: each event is something to say, the end of something to say, or nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use super::phrase::{Announcement, Kind};
use super::run::Input;
use crate::domain::event::{Event, EventBody, TicketRef};
use crate::feed::{Batch, Feed, FeedError};
use crate::settings::voice::{Language, VoiceSettings};

/// How long a feed that cannot go on is left alone before it is asked again; somebody has to mend the journal first.
const RETRY: Duration = Duration::from_secs(2);

/// What an event means to the voice, wherever it was heard of: in the journal, or on a board's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Its revision.
    pub rev: u64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What it means.
    pub what: What,
}

/// What is to be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A number is to be told something.
    Say {
        /// What.
        kind: Kind,
        /// The number as printed.
        number: String,
        /// The counter it is to go to.
        counter: Option<String>,
        /// The language its customer chose, where the event says so.
        language: Option<Language>,
    },
    /// A number needs no telling any more.
    NoLonger {
        /// The number as printed.
        number: String,
    },
    /// It is of no matter to the voice.
    Nothing,
}

impl News {
    /// What an event of the journal means.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        Self { rev: event.rev, at: event.at, what: What::of(&event.body) }
    }

    /// The same, for the announcer: the ticket's own language first, the hall's order where the event names none.
    #[must_use]
    pub fn into_input(self, settings: &VoiceSettings) -> Input {
        let Self { rev, at, what } = self;
        match what {
            What::Say { kind, number, counter, language } => {
                let languages = language.map(|own| settings.order_for(own)).unwrap_or_default();
                Input::Announce(Announcement { rev, at, kind, number: Some(number), counter, languages })
            }
            What::NoLonger { number } => Input::Retract { rev, number },
            What::Nothing => Input::Seen(rev),
        }
    }
}

impl What {
    fn of(body: &EventBody) -> Self {
        match body {
            EventBody::TicketCalled { of, language, calls, .. } => Self::called(Kind::Call { calls: *calls }, of, *language),
            EventBody::TicketRecalled { of, language, calls, .. } => Self::called(Kind::Recall { calls: *calls }, of, *language),
            EventBody::TicketMissed { of } => Self::say(Kind::Missed, of, None),
            EventBody::TicketTransferred { of, to_counter: Some(counter), .. } => {
                Self::say(Kind::Transfer, of, Some(counter.as_str().to_owned()))
            }
            EventBody::TicketTransferred { of, to_counter: None, .. }
            | EventBody::TicketStarted { of }
            | EventBody::TicketReinstated { of, .. }
            | EventBody::TicketParked { of }
            | EventBody::TicketPutBack { of, .. }
            | EventBody::TicketFinished { of, .. }
            | EventBody::TicketCancelled { of }
            | EventBody::TicketDayEnded { of } => Self::NoLonger { number: of.number.to_string() },
            EventBody::DayOpened { .. }
            | EventBody::HallChanged { .. }
            | EventBody::HallCreated { .. }
            | EventBody::TicketIssued { .. }
            | EventBody::TicketResumed { .. }
            | EventBody::TicketRated { .. }
            | EventBody::CounterOpened(_)
            | EventBody::CounterPaused(_)
            | EventBody::CounterResumed(_)
            | EventBody::CounterClosed(_)
            | EventBody::CounterPlanned { .. }
            | EventBody::ServiceOpened { .. }
            | EventBody::ServiceClosed { .. }
            | EventBody::NoticePosted { .. }
            | EventBody::NumbersSkipped { .. }
            | EventBody::NoticeRemoved { .. }
            | EventBody::AccountCreated { .. }
            | EventBody::AccountChanged { .. }
            | EventBody::AccountRemoved { .. }
            | EventBody::SessionStarted { .. }
            | EventBody::SessionEnded { .. }
            | EventBody::PairingStarted { .. }
            | EventBody::PairingApproved { .. }
            | EventBody::PairingEnded { .. }
            | EventBody::DeviceAdded { .. }
            | EventBody::DeviceRevoked { .. }
            | EventBody::Call(_)
            | EventBody::Incident(_)
            | EventBody::Phone(_)
            | EventBody::Order(_) => Self::Nothing,
        }
    }

    fn called(kind: Kind, of: &TicketRef, language: Language) -> Self {
        let counter = of.counter.as_ref().map(|counter| counter.as_str().to_owned());
        Self::Say { kind, number: of.number.to_string(), counter, language: Some(language) }
    }

    fn say(kind: Kind, of: &TicketRef, counter: Option<String>) -> Self {
        Self::Say { kind, number: of.number.to_string(), counter, language: None }
    }
}

/// What is said about an event, for the boards that fetch the sound; `None` where nothing is.
#[must_use]
pub fn announcement_for(event: &Event, settings: &VoiceSettings) -> Option<Announcement> {
    match News::of(event).into_input(settings) {
        Input::Announce(announcement) => Some(announcement),
        Input::Retract { .. } | Input::Seen(_) | Input::Epoch(_) => None,
    }
}

/// Tells the announcer of everything after `after` ([`super::Announcer::resume_after`]), in order, until the feed or the
/// announcer ends.
pub async fn follow(feed: Feed, after: u64, settings: VoiceSettings, inputs: mpsc::Sender<Input>) {
    let mut place = feed.subscribe(after);
    let mut known = None;
    loop {
        let trouble = match place.next().await {
            Ok(batch) => {
                if tell(&batch, &settings, &inputs).await.is_err() {
                    return;
                }
                known = None;
                continue;
            }
            Err(FeedError::Ended) => return,
            // What is older than the journal is older than anybody wants to hear.
            Err(FeedError::Trimmed { first }) if first > place.after().saturating_add(1) => {
                tracing::info!(from = place.after(), first, "the voice goes on where the journal begins");
                if inputs.send(Input::Seen(first.saturating_sub(1))).await.is_err() {
                    return;
                }
                place = feed.subscribe(first.saturating_sub(1));
                continue;
            }
            Err(trouble @ (FeedError::Away(_) | FeedError::Unreadable { .. } | FeedError::Trimmed { .. } | FeedError::Unsafe(_))) => {
                trouble
            }
        };
        if known.as_ref() != Some(&trouble) {
            tracing::error!(%trouble, "the voice hears nothing more");
            known = Some(trouble);
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Hands a batch over; what says nothing is passed over until its end.
async fn tell(batch: &Batch, settings: &VoiceSettings, inputs: &mpsc::Sender<Input>) -> Result<(), mpsc::error::SendError<Input>> {
    for event in &batch.events {
        match News::of(event).into_input(settings) {
            Input::Seen(_) => {}
            input @ (Input::Announce(_) | Input::Retract { .. } | Input::Epoch(_)) => inputs.send(input).await?,
        }
    }
    inputs.send(Input::Seen(batch.last)).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::actor::Actor;
    use crate::domain::event::EVENT_VERSION;
    use crate::store::{Journal, MemoryJournal, Snapshot};

    fn event(rev: u64, body: &serde_json::Value) -> Event {
        let mut whole = serde_json::json!({"rev": rev, "v": EVENT_VERSION, "at": "2026-11-23T01:02:03Z", "by": Actor::hall()});
        let object = whole.as_object_mut().unwrap();
        object.extend(body.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    }

    fn ticket(kind: &str, rest: &serde_json::Value) -> serde_json::Value {
        let mut body = serde_json::json!({"type": kind, "ticket": "tk_7", "number": "B007", "counter": "3"});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        body
    }

    fn called(number: &str) -> serde_json::Value {
        let why = serde_json::json!({"rule": "longest_wait", "score_min": 1, "offset_min": 0, "passed_over": [], "reason": null});
        let rest = serde_json::json!({"service": "repair", "language": "en", "calls": 1, "why": why, "miss_at_ms": null, "number": number});
        ticket("ticket.called", &rest)
    }

    fn transferred(to_counter: &serde_json::Value) -> serde_json::Value {
        let rest = serde_json::json!({"from": "repair", "to": "payment", "to_counter": to_counter, "place": "end", "score_ms": 5});
        ticket("ticket.transferred", &rest)
    }

    fn announce(kind: Kind, counter: Option<&str>, languages: &[Language]) -> Input {
        let at = DateTime::parse_from_rfc3339("2026-11-23T01:02:03Z").unwrap().to_utc();
        let (number, counter) = (Some("B007".to_owned()), counter.map(str::to_owned));
        Input::Announce(Announcement { rev: 9, at, kind, number, counter, languages: languages.to_vec() })
    }

    #[test]
    fn every_kind_of_event_says_or_ends_or_passes() {
        let none = serde_json::json!({});
        let scored = serde_json::json!({"score_ms": 1});
        let back = serde_json::json!({"score_ms": 1, "not_before_ms": 2});
        let recalled = serde_json::json!({"language": "zh", "calls": 2, "miss_at_ms": null});
        let finished = serde_json::json!({"outcome": "done", "solution": null, "materials": []});
        let en_first = [Language::En, Language::Zh];
        let zh_first = [Language::Zh, Language::En];
        let gone = || Input::Retract { rev: 9, number: "B007".to_owned() };
        let table = [
            (called("B007"), announce(Kind::Call { calls: 1 }, Some("3"), &en_first)),
            (ticket("ticket.recalled", &recalled), announce(Kind::Recall { calls: 2 }, Some("3"), &zh_first)),
            (ticket("ticket.missed", &none), announce(Kind::Missed, None, &[])),
            (transferred(&"5".into()), announce(Kind::Transfer, Some("5"), &[])),
            (transferred(&serde_json::Value::Null), gone()),
            (ticket("ticket.started", &none), gone()),
            (ticket("ticket.reinstated", &scored), gone()),
            (ticket("ticket.parked", &none), gone()),
            (ticket("ticket.put_back", &back), gone()),
            (ticket("ticket.finished", &finished), gone()),
            (ticket("ticket.cancelled", &none), gone()),
            (ticket("ticket.day_ended", &none), gone()),
            (ticket("ticket.resumed", &none), Input::Seen(9)),
            (ticket("ticket.rated", &serde_json::json!({"grade": 5})), Input::Seen(9)),
            (serde_json::json!({"type": "day.opened", "service_day": "2026-11-23"}), Input::Seen(9)),
            (serde_json::json!({"type": "service.closed", "service": "repair", "reason": null}), Input::Seen(9)),
        ];
        let settings = VoiceSettings::default();
        for (body, input) in table {
            let event = event(9, &body);
            assert_eq!(News::of(&event).into_input(&settings), input, "{body}");
            match input {
                Input::Announce(said) => assert_eq!(announcement_for(&event, &settings), Some(said)),
                Input::Retract { .. } | Input::Seen(_) | Input::Epoch(_) => assert_eq!(announcement_for(&event, &settings), None),
            }
        }
    }

    #[test]
    fn what_is_said_can_be_said() {
        let settings = VoiceSettings::default();
        let voice = crate::announcer::Voice::load(&settings).unwrap();
        for body in [called("B007"), transferred(&"5".into()), ticket("ticket.missed", &serde_json::json!({}))] {
            let said = announcement_for(&event(9, &body), &settings).unwrap();
            assert!(voice.render(&said).unwrap().length_ms() > 2_000);
        }
    }

    fn json(rev: u64, body: &serde_json::Value) -> Arc<str> {
        serde_json::to_string(&event(rev, body)).unwrap().into()
    }

    async fn hears(feed: &Feed, after: u64, until: u64) -> Vec<Input> {
        let (inputs, mut heard) = mpsc::channel(1);
        let task = tokio::spawn(follow(feed.clone(), after, VoiceSettings::default(), inputs));
        let mut all = Vec::new();
        while let Some(input) = heard.recv().await {
            let done = input == Input::Seen(until);
            all.push(input);
            if done {
                break;
            }
        }
        task.abort();
        all
    }

    fn number_of(input: &Input) -> Option<(u64, String)> {
        match input {
            Input::Announce(said) => Some((said.rev, said.number.clone().unwrap())),
            Input::Retract { .. } | Input::Seen(_) | Input::Epoch(_) => None,
        }
    }

    #[tokio::test]
    async fn the_feed_is_followed_in_order_from_its_place() {
        let journal = Arc::new(MemoryJournal::new("e"));
        journal.append_elsewhere((1..=40).map(|rev| json(rev, &called(&format!("B{rev:03}")))));
        let feed = Feed::start(Arc::clone(&journal), 0);
        let heard: Vec<_> = hears(&feed, 12, 40).await.iter().filter_map(number_of).collect();
        assert_eq!(heard, (13..=40).map(|rev| (rev, format!("B{rev:03}"))).collect::<Vec<_>>());
        journal.append_elsewhere([json(41, &ticket("ticket.started", &serde_json::json!({}))), json(42, &called("B042"))]);
        let gone = Input::Retract { rev: 41, number: "B007".to_owned() };
        let heard = hears(&feed, 40, 42).await;
        assert_eq!((heard.first(), heard.get(1).and_then(number_of)), (Some(&gone), Some((42, "B042".to_owned()))));
    }

    #[tokio::test]
    async fn what_was_trimmed_is_passed_over() {
        let journal = Arc::new(MemoryJournal::new("e"));
        journal.append_elsewhere((1..=40).map(|rev| json(rev, &called("B001"))));
        journal.save_snapshot("e", &Snapshot::of(30, &()).unwrap()).await.unwrap();
        journal.trim(30).await.unwrap();
        let feed = Feed::start(Arc::clone(&journal), 35);
        feed.reached(40).await.unwrap();
        let heard = hears(&feed, 3, 40).await;
        assert_eq!(heard.first(), Some(&Input::Seen(30)));
        let revs: Vec<_> = heard.iter().filter_map(number_of).map(|(rev, _)| rev).collect();
        assert_eq!(revs, (31..=40).collect::<Vec<_>>());
    }
}
