//! Our own words for an exchange: one JSON object a message.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::telephone::{AGENT_NAME_CHARS_MAX, Dialled, Direction, HangupCause, PARTY_CHARS_MAX, Signal, SignalState, tidy};

/// What happened to the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NeutralState {
    Ringing,
    Answered,
    Ended,
    Missed,
}

/// Who rang whom: `in` is a customer ringing us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NeutralDirection {
    In,
    Out,
}

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NeutralCause {
    NormalClearing,
    Forwarded,
    Cancel,
    NoAnswer,
    Busy,
    Congestion,
    NotFound,
}

/// One message of an exchange about one call. It may come late, twice, or before an earlier one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NeutralCall {
    pub state: NeutralState,
    /// The exchange's id of the call, the same in all its messages; at most 250 characters.
    pub call_id: String,
    pub direction: NeutralDirection,
    /// The number of whoever rang; without it, withheld.
    #[serde(default)]
    pub caller: Option<String>,
    /// The number that was rung.
    #[serde(default)]
    pub callee: Option<String>,
    /// Extension, sign-in name or id of the agent who answered.
    #[serde(default)]
    pub agent: Option<String>,
    /// The agent's name.
    #[serde(default)]
    pub agent_name: Option<String>,
    #[serde(default)]
    pub queue: Option<String>,
    #[serde(default)]
    pub cause: Option<NeutralCause>,
    /// When it happened, by the exchange's clock. Without it, when the message came here.
    #[serde(default)]
    pub at: Option<DateTime<Utc>>,
}

impl NeutralCall {
    /// The signal of the hall, from the exchange of this name. Its bounds are for [`Signal::check`].
    #[must_use]
    pub fn signal(self, source: &str) -> Signal {
        let state = match self.state {
            NeutralState::Ringing => SignalState::Ringing,
            NeutralState::Answered => SignalState::Answered,
            NeutralState::Ended => SignalState::Ended,
            NeutralState::Missed => SignalState::Missed,
        };
        let direction = match self.direction {
            NeutralDirection::In => Direction::In,
            NeutralDirection::Out => Direction::Out,
        };
        let cause = self.cause.map(|cause| match cause {
            NeutralCause::NormalClearing => HangupCause::NormalClearing,
            NeutralCause::Forwarded => HangupCause::Forwarded,
            NeutralCause::Cancel => HangupCause::Cancel,
            NeutralCause::NoAnswer => HangupCause::NoAnswer,
            NeutralCause::Busy => HangupCause::Busy,
            NeutralCause::Congestion => HangupCause::Congestion,
            NeutralCause::NotFound => HangupCause::NotFound,
        });
        let party = |text: Option<String>| tidy(&text?, PARTY_CHARS_MAX);
        Signal {
            caller: party(self.caller).map(Dialled::from),
            callee: party(self.callee).map(Dialled::from),
            agent: party(self.agent),
            agent_name: self.agent_name.and_then(|name| tidy(&name, AGENT_NAME_CHARS_MAX)),
            queue: party(self.queue),
            cause,
            at: self.at,
            ..Signal::new(source, self.call_id.trim(), state, direction)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_arrives() {
        let json = r#"{"state":"ended","call_id":" c1 ","direction":"in","caller":"13900000001","callee":"96777","agent":"801",
            "agent_name":"王芳","queue":"heat","cause":"normal_clearing","at":"2026-11-23T01:02:03Z"}"#;
        let signal = serde_json::from_str::<NeutralCall>(json).unwrap().signal("pbx-1");
        signal.check().unwrap();
        assert_eq!((&*signal.source, &*signal.call_id, signal.state), ("pbx-1", "c1", SignalState::Ended));
        assert_eq!((signal.caller, signal.callee), (Some("13900000001".into()), Some("96777".into())));
        assert_eq!(
            (signal.agent.as_deref(), signal.agent_name.as_deref(), signal.queue.as_deref()),
            (Some("801"), Some("王芳"), Some("heat"))
        );
        assert_eq!((signal.cause, signal.at.map(|at| at.timestamp())), (Some(HangupCause::NormalClearing), Some(1_795_395_723)));
    }

    #[test]
    fn an_unknown_word_is_no_message() {
        for bad in [
            r#"{"state":"ringing","call_id":"c1","direction":"in","colour":"red"}"#,
            r#"{"state":"singing","call_id":"c1","direction":"in"}"#,
            r#"{"state":"ringing","call_id":"c1","direction":"up"}"#,
            r#"{"state":"ended","call_id":"c1","direction":"in","cause":"lost"}"#,
            r#"{"state":"ringing","direction":"in"}"#,
        ] {
            assert!(serde_json::from_str::<NeutralCall>(bad).is_err(), "{bad}");
        }
    }
}
