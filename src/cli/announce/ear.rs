//! What a loudspeaker makes of a board's live line: its frames become what the announcer is told, and a gap is noticed.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::announcer::{Input, Kind, News, What};
use crate::settings::voice::{Language, VoiceSettings};

/// One frame of the live line, as far as a loudspeaker cares.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Frame {
    Snapshot {
        epoch: String,
        rev: u64,
        at: DateTime<Utc>,
        state: Board,
    },
    Events {
        epoch: String,
        prev: u64,
        rev: u64,
        at: DateTime<Utc>,
        events: Vec<Told>,
    },
    Beat {
        epoch: String,
        prev: u64,
        rev: u64,
        at: DateTime<Utc>,
    },
    Bye {
        code: String,
        retry_ms: u64,
    },
    /// Of a later version; nothing a loudspeaker needs.
    #[serde(other)]
    Unknown,
}

impl Frame {
    /// The server's time when it was made.
    pub(super) const fn at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Snapshot { at, .. } | Self::Events { at, .. } | Self::Beat { at, .. } => Some(*at),
            Self::Bye { .. } | Self::Unknown => None,
        }
    }
}

/// The board.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Board {
    calls: Vec<Call>,
}

/// A call on the board.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Call {
    number: String,
    counter: String,
    at: DateTime<Utc>,
    calls: u32,
    rev: u64,
    language: Option<Language>,
    state: CallState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CallState {
    Called,
    /// Served, gone or missed: nobody needs to be called.
    #[serde(other)]
    Over,
}

/// What a board is told of an event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Told {
    rev: u64,
    #[serde(rename = "type")]
    kind: String,
    at: DateTime<Utc>,
    number: Option<String>,
    counter: Option<String>,
    to_counter: Option<String>,
    calls: Option<u32>,
    language: Option<Language>,
}

impl Told {
    fn news(self) -> News {
        let Self { rev, kind, at, number, counter, to_counter, calls, language } = self;
        let calls = calls.unwrap_or(1);
        let what = match (kind.as_str(), number) {
            ("ticket.called", Some(number)) => What::Say { kind: Kind::Call { calls }, number, counter, language },
            ("ticket.recalled", Some(number)) => What::Say { kind: Kind::Recall { calls }, number, counter, language },
            ("ticket.missed", Some(number)) => What::Say { kind: Kind::Missed, number, counter: None, language: None },
            ("ticket.transferred", Some(number)) if to_counter.is_some() => {
                What::Say { kind: Kind::Transfer, number, counter: to_counter, language: None }
            }
            (
                "ticket.transferred" | "ticket.started" | "ticket.reinstated" | "ticket.parked" | "ticket.put_back" | "ticket.finished"
                | "ticket.cancelled" | "ticket.day_ended",
                Some(number),
            ) => What::NoLonger { number },
            _ => What::Nothing,
        };
        News { rev, at, what }
    }
}

impl Call {
    fn news(self) -> News {
        let Self { number, counter, at, calls, rev, language, state: _ } = self;
        let kind = if calls <= 1 { Kind::Call { calls } } else { Kind::Recall { calls } };
        News { rev, at, what: What::Say { kind, number, counter: Some(counter), language } }
    }
}

/// Why the line has to be taken up anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HangUp {
    /// What was told does not follow what was told before.
    Gap,
    /// The server asks to come back in so many milliseconds.
    Bye { retry_ms: u64 },
    /// The token does not hold any more.
    Revoked,
}

/// How far a loudspeaker has heard the hall.
#[derive(Debug)]
pub(super) struct Ear {
    settings: VoiceSettings,
    /// What is being followed; nothing before the first snapshot.
    place: Option<(String, u64)>,
}

impl Ear {
    /// Goes on after a revision of an epoch, if there is one.
    pub(super) const fn new(settings: VoiceSettings, place: Option<(String, u64)>) -> Self {
        Self { settings, place }
    }

    /// Where to go on.
    pub(super) const fn place(&self) -> Option<&(String, u64)> {
        self.place.as_ref()
    }

    /// The next frame; gives what the announcer is to be told.
    pub(super) fn hear(&mut self, frame: Frame) -> Result<Vec<Input>, HangUp> {
        match frame {
            Frame::Snapshot { epoch, rev, state, .. } => Ok(self.look(epoch, rev, state)),
            Frame::Events { epoch, prev, rev, events, .. } => {
                self.follows(&epoch, prev, rev)?;
                let inputs = events.into_iter().map(|told| told.news().into_input(&self.settings));
                let mut inputs: Vec<Input> = inputs.filter(|input| !matches!(input, Input::Seen(_))).collect();
                inputs.push(Input::Seen(rev));
                Ok(inputs)
            }
            Frame::Beat { epoch, prev, rev, .. } => {
                self.follows(&epoch, prev, rev)?;
                Ok(vec![Input::Seen(rev)])
            }
            Frame::Bye { code, .. } if code == "revoked" => Err(HangUp::Revoked),
            Frame::Bye { retry_ms, .. } => Err(HangUp::Bye { retry_ms }),
            Frame::Unknown => Ok(Vec::new()),
        }
    }

    fn follows(&mut self, epoch: &str, prev: u64, rev: u64) -> Result<(), HangUp> {
        match &mut self.place {
            Some((known, told)) if known == epoch && *told == prev && prev <= rev => {
                *told = rev;
                Ok(())
            }
            Some(_) | None => Err(HangUp::Gap),
        }
    }

    /// A whole board: what was called meanwhile and is still awaited is said, what is over is not.
    fn look(&mut self, epoch: String, rev: u64, board: Board) -> Vec<Input> {
        let mut inputs = Vec::new();
        if self.place.as_ref().is_none_or(|(known, _)| *known != epoch) {
            inputs.push(Input::Epoch(epoch.clone()));
        }
        let (mut awaited, over): (Vec<Call>, Vec<Call>) = board.calls.into_iter().partition(|call| call.state == CallState::Called);
        awaited.sort_by_key(|call| call.rev);
        inputs.extend(awaited.into_iter().map(|call| call.news().into_input(&self.settings)));
        inputs.extend(over.into_iter().map(|call| Input::Retract { rev, number: call.number }));
        inputs.push(Input::Seen(rev));
        self.place = Some((epoch, rev));
        inputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Event;
    use crate::settings::voice::code;
    use crate::web::views::{View, event_for};
    use serde_json::{Value, json};

    const AT: &str = "2026-11-23T01:02:03.456Z";

    fn frame(value: Value) -> Frame {
        serde_json::from_value(value).unwrap()
    }

    fn call(number: &str, rev: u64, calls: u32, state: &str) -> Value {
        json!({"number": number, "counter": "3", "at": AT, "calls": calls, "rev": rev, "language": "en", "class": "ordinary", "state": state})
    }

    fn snapshot(epoch: &str, rev: u64, calls: &[Value]) -> Frame {
        frame(json!({"type": "snapshot", "epoch": epoch, "rev": rev, "at": AT, "state": {"hall": {}, "calls": calls, "waiting": {}}}))
    }

    fn events(prev: u64, rev: u64, events: &[Value]) -> Frame {
        frame(json!({"type": "events", "epoch": "e1", "prev": prev, "rev": rev, "at": AT, "events": events, "state": {}}))
    }

    fn beat(prev: u64, rev: u64) -> Frame {
        frame(json!({"type": "beat", "epoch": "e1", "prev": prev, "rev": rev, "at": AT}))
    }

    fn ear(place: Option<(&str, u64)>) -> Ear {
        Ear::new(VoiceSettings::default(), place.map(|(epoch, rev)| (epoch.to_owned(), rev)))
    }

    fn short(inputs: &[Input]) -> Vec<String> {
        let one = |input: &Input| match input {
            Input::Announce(said) => {
                let languages = said.languages.iter().map(|language| code(*language)).collect::<Vec<_>>().concat();
                let (number, counter) = (said.number.as_deref().unwrap(), said.counter.as_deref().unwrap_or("-"));
                format!("{} {:?} {number}>{counter} {languages}", said.rev, said.kind)
            }
            Input::Retract { rev, number } => format!("{rev} not {number}"),
            Input::Seen(rev) => format!("{rev}"),
            Input::Epoch(epoch) => format!("epoch {epoch}"),
        };
        inputs.iter().map(one).collect()
    }

    #[test]
    fn a_first_board_says_what_is_awaited_in_order() {
        let mut ear = ear(None);
        let board = [call("B009", 1039, 2, "called"), call("B008", 1030, 1, "serving"), call("B007", 1020, 1, "called")];
        let heard = ear.hear(snapshot("e1", 1040, &board)).unwrap();
        let expected = ["epoch e1", "1020 Call { calls: 1 } B007>3 enzh", "1039 Recall { calls: 2 } B009>3 enzh", "1040 not B008", "1040"];
        assert_eq!(short(&heard), expected);
        assert_eq!(ear.place(), Some(&("e1".to_owned(), 1040)));
    }

    #[test]
    fn events_are_said_or_end_what_was_to_be_said() {
        let mut ear = ear(Some(("e1", 10)));
        let told = |rev: u64, kind: &str, rest: Value| {
            let mut all = json!({"rev": rev, "type": kind, "at": AT, "number": "B007", "counter": "3"});
            all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            all
        };
        let batch = [
            told(11, "ticket.called", json!({"calls": 1, "language": "zh"})),
            told(12, "ticket.recalled", json!({"calls": 2, "language": "zh"})),
            told(13, "ticket.missed", json!({})),
            told(14, "ticket.reinstated", json!({})),
            told(15, "ticket.transferred", json!({"to_counter": "5"})),
            told(16, "ticket.transferred", json!({"service": "payment"})),
            json!({"rev": 17, "type": "counter.opened", "at": AT, "counter": "3"}),
            told(18, "ticket.issued", json!({})),
        ];
        let heard = ear.hear(events(10, 19, &batch)).unwrap();
        let expected = [
            "11 Call { calls: 1 } B007>3 zhen",
            "12 Recall { calls: 2 } B007>3 zhen",
            "13 Missed B007>- ",
            "14 not B007",
            "15 Transfer B007>5 ",
            "16 not B007",
            "19",
        ];
        assert_eq!(short(&heard), expected);
        assert_eq!(short(&ear.hear(beat(19, 21)).unwrap()), ["21"]);
        assert_eq!(ear.place(), Some(&("e1".to_owned(), 21)));
    }

    /// What the server's board is told of an event means the same as the event itself.
    #[test]
    fn a_board_s_words_mean_what_the_journal_s_do() {
        let why = json!({"rule": "longest_wait", "score_min": 1, "offset_min": 0, "passed_over": [], "reason": null});
        let called = json!({"service": "repair", "language": "en", "calls": 1, "why": why, "miss_at_ms": null});
        let transferred =
            |to: Value| json!({"from": "repair", "to": "pay", "to_counter": to, "place": "end", "score_ms": 5, "reason": "not here"});
        let bodies = [
            ("called", called),
            ("recalled", json!({"language": "zh", "calls": 2, "miss_at_ms": null})),
            ("missed", json!({})),
            ("transferred", transferred("5".into())),
            ("transferred", transferred(Value::Null)),
            ("started", json!({})),
            ("reinstated", json!({"score_ms": 1})),
            ("parked", json!({})),
            ("resumed", json!({})),
            ("put_back", json!({"score_ms": 1, "not_before_ms": 2})),
            ("finished", json!({"outcome": "done", "solution": null, "materials": []})),
            ("cancelled", json!({})),
            ("day_ended", json!({})),
        ];
        for (kind, rest) in bodies {
            let by = crate::domain::actor::Actor::hall();
            let mut event = json!({"rev": 9, "v": 1, "at": AT, "by": by, "type": format!("ticket.{kind}"), "ticket": "tk_7", "number": "B007", "counter": "3"});
            event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            let event: Event = serde_json::from_value(event).unwrap();
            let told = serde_json::to_value(event_for(&View::Board, &event).unwrap()).unwrap();
            let told: Told = serde_json::from_value(told).unwrap();
            assert_eq!(told.news(), News::of(&event), "{kind}");
        }
    }

    #[test]
    fn a_gap_is_noticed_and_the_place_is_kept() {
        let told = json!({"rev": 12, "type": "ticket.called", "at": AT, "number": "B007", "counter": "3", "calls": 1, "language": "zh"});
        for frame in [events(11, 12, std::slice::from_ref(&told)), events(9, 12, &[told]), beat(11, 11), beat(10, 9)] {
            let mut ear = ear(Some(("e1", 10)));
            assert_eq!(ear.hear(frame), Err(HangUp::Gap));
            assert_eq!(ear.place(), Some(&("e1".to_owned(), 10)));
        }
        assert_eq!(ear(Some(("e0", 10))).hear(beat(10, 10)), Err(HangUp::Gap));
        assert_eq!(ear(None).hear(beat(10, 10)), Err(HangUp::Gap));
    }

    #[test]
    fn another_journal_starts_anew_and_the_same_does_not() {
        let mut ear = ear(Some(("e1", 900)));
        assert_eq!(short(&ear.hear(snapshot("e1", 1000, &[])).unwrap()), ["1000"]);
        assert_eq!(short(&ear.hear(snapshot("e2", 5, &[])).unwrap()), ["epoch e2", "5"]);
    }

    #[test]
    fn a_farewell_says_when_to_come_back() {
        let bye = |code: &str| frame(json!({"type": "bye", "code": code, "retry_ms": 800}));
        assert_eq!(ear(None).hear(bye("restart")), Err(HangUp::Bye { retry_ms: 800 }));
        assert_eq!(ear(None).hear(bye("revoked")), Err(HangUp::Revoked));
        assert_eq!(ear(None).hear(frame(json!({"type": "weather", "sun": true}))), Ok(Vec::new()));
    }
}
