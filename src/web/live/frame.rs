//! The texts of the live line: made once for everybody in step, and again only for a socket that is not.

use std::fmt::Write as _;
use std::sync::Arc;

use bytestring::ByteString;

/// Where and when a text is true.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    /// The epoch as a JSON text, quotes included.
    pub(super) epoch: Arc<str>,
    pub(super) rev: u64,
    /// The instant as on the wire.
    pub(super) at: Arc<str>,
}

/// One event as JSON.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) rev: u64,
    pub(super) json: String,
}

/// A text about one view, and how it is spelt for a socket that was told another revision before.
#[derive(Debug)]
pub(super) struct Frame {
    stamp: Stamp,
    /// The revision that sockets in step were told before.
    prev: u64,
    kind: Kind,
    /// For sockets in step.
    whole: ByteString,
}

#[derive(Debug)]
enum Kind {
    Events { events: Vec<Told>, state: Arc<str> },
    Snapshot,
    Beat,
}

impl Frame {
    /// What happened since `prev`, and the state after it.
    pub(super) fn events(stamp: Stamp, prev: u64, events: Vec<Told>, state: Arc<str>) -> Self {
        let whole = events_text(&stamp, prev, &events, &state);
        Self { stamp, prev, kind: Kind::Events { events, state }, whole }
    }

    /// The whole state, for whoever was told anything before.
    pub(super) fn snapshot(stamp: Stamp, state: &str) -> Self {
        let whole = snapshot_text(&stamp, state);
        Self { stamp, prev: 0, kind: Kind::Snapshot, whole }
    }

    /// A sign of life: nothing was told since `prev`, and the state still holds.
    pub(super) fn beat(stamp: Stamp, prev: u64) -> Self {
        let whole = beat_text(&stamp, prev);
        Self { stamp, prev, kind: Kind::Beat, whole }
    }

    /// What a socket has been told once it has this text.
    pub(super) const fn rev(&self) -> u64 {
        self.stamp.rev
    }

    /// The text for a socket that was told `told`, and nothing after it.
    pub(super) fn text(&self, told: u64) -> ByteString {
        if told == self.prev {
            return self.whole.clone();
        }
        match &self.kind {
            Kind::Snapshot => self.whole.clone(),
            Kind::Beat => beat_text(&self.stamp, told),
            Kind::Events { events, state } => {
                let newer: Vec<_> = events.iter().filter(|event| event.rev > told).cloned().collect();
                events_text(&self.stamp, told, &newer, state)
            }
        }
    }
}

/// The text of an `events` frame.
pub(super) fn events_text(stamp: &Stamp, prev: u64, events: &[Told], state: &str) -> ByteString {
    let Stamp { epoch, rev, at } = stamp;
    let size: usize = events.iter().map(|event| event.json.len() + 1).sum();
    let mut text = String::with_capacity(size + state.len() + 160);
    // Writing to a String does not fail.
    let _written = write!(text, r#"{{"type":"events","epoch":{epoch},"prev":{prev},"rev":{rev},"at":"{at}","events":["#);
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&event.json);
    }
    text.push_str("],\"state\":");
    text.push_str(state);
    text.push('}');
    text.into()
}

/// The text of a `snapshot` frame.
pub(super) fn snapshot_text(stamp: &Stamp, state: &str) -> ByteString {
    let Stamp { epoch, rev, at } = stamp;
    format!(r#"{{"type":"snapshot","epoch":{epoch},"rev":{rev},"at":"{at}","state":{state}}}"#).into()
}

fn beat_text(stamp: &Stamp, prev: u64) -> ByteString {
    let Stamp { epoch, rev, at } = stamp;
    format!(r#"{{"type":"beat","epoch":{epoch},"prev":{prev},"rev":{rev},"at":"{at}"}}"#).into()
}

/// Why a socket is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bye {
    /// It did not read what it was sent.
    Slow,
    /// The server closes.
    Restart,
    /// It may not look any more.
    Revoked,
}

impl Bye {
    const fn word(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Restart => "restart",
            Self::Revoked => "revoked",
        }
    }

    /// The text of a `bye` frame. `salt` spreads those who come back.
    pub(super) fn text(self, salt: u64) -> ByteString {
        let spread = salt.wrapping_mul(7_919) % 1_500;
        let retry_ms = match self {
            Self::Slow | Self::Restart => 500 + spread,
            Self::Revoked => 0,
        };
        format!(r#"{{"type":"bye","code":"{}","retry_ms":{retry_ms}}}"#, self.word()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn stamp(rev: u64) -> Stamp {
        Stamp { epoch: "\"e1\"".into(), rev, at: "2026-11-23T01:02:03.456Z".into() }
    }

    fn told(rev: u64) -> Told {
        Told { rev, json: format!("{{\"rev\":{rev}}}") }
    }

    fn read(text: &ByteString) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_socket_in_step_shares_the_text_and_another_has_its_own() {
        let frame = Frame::events(stamp(9), 5, vec![told(6), told(8)], "{}".into());
        let (first, second) = (frame.text(5), frame.text(5));
        assert_eq!(first.as_ptr(), second.as_ptr());
        assert_eq!(read(&first)["events"], json!([{"rev": 6}, {"rev": 8}]));
        let own = read(&frame.text(7));
        assert_eq!((own["prev"].as_u64(), own["rev"].as_u64()), (Some(7), Some(9)));
        assert_eq!(own["events"], json!([{"rev": 8}]));
    }

    #[test]
    fn every_text_is_json_with_its_fields() {
        let at = "2026-11-23T01:02:03.456Z";
        let snapshot = read(&Frame::snapshot(stamp(3), "{\"a\":1}").text(0));
        assert_eq!(snapshot, json!({"type": "snapshot", "epoch": "e1", "rev": 3, "at": at, "state": {"a": 1}}));
        let beat = read(&Frame::beat(stamp(3), 3).text(2));
        assert_eq!(beat, json!({"type": "beat", "epoch": "e1", "prev": 2, "rev": 3, "at": at}));
        let bye = read(&Bye::Restart.text(12));
        assert_eq!((bye["type"].as_str(), bye["code"].as_str()), (Some("bye"), Some("restart")));
        assert!((500..2_000).contains(&bye["retry_ms"].as_u64().unwrap()));
    }
}
