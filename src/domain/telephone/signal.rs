//! What an exchange says about one call: ringing, answered, ended, missed; checked where it enters.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::number::Dialled;
use crate::domain::phone::AreaCode;

/// The longest name of a source, in characters.
pub const SOURCE_CHARS_MAX: usize = 32;
/// The longest id that an exchange gives a call, in characters.
pub const CALL_ID_CHARS_MAX: usize = 250;
/// The longest number, queue or agent that an exchange names, in characters.
pub const PARTY_CHARS_MAX: usize = 64;
/// The longest name of an agent, in characters; several agents may stand in one name.
pub const AGENT_NAME_CHARS_MAX: usize = 120;

/// What happened to the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalState {
    Ringing,
    Answered,
    Ended,
    /// It stopped ringing and nobody had answered. Weaker than an answer: in a ring group one telephone misses what another answers.
    Missed,
}

impl SignalState {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Ended => "ended",
            Self::Missed => "missed",
        }
    }
}

/// Who rang whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A customer rang us.
    In,
    /// We rang a customer.
    Out,
}

/// Why a call ended. The words are those of sipgate and Zammad, in our spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HangupCause {
    /// One of the two hung up after they had talked.
    NormalClearing,
    /// Handed on to somebody outside of the hall.
    Forwarded,
    /// The caller gave up before anybody answered.
    Cancel,
    /// Nobody answered, or the one called refused.
    NoAnswer,
    Busy,
    /// The one called could not be reached.
    Congestion,
    /// There is no such number, or its telephone is off.
    NotFound,
    /// The exchange never told how it ended; only we say this.
    Lost,
    /// We told the exchange not to put it through; only we say this.
    Rejected,
}

impl HangupCause {
    /// Whether the cause says by itself that nobody had answered.
    #[must_use]
    pub const fn denies_an_answer(self) -> bool {
        match self {
            Self::Cancel | Self::NoAnswer | Self::Busy | Self::Congestion | Self::NotFound => true,
            Self::NormalClearing | Self::Forwarded | Self::Lost | Self::Rejected => false,
        }
    }
}

/// One message of an exchange about one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Which exchange: 1 to 32 of a-z, 0-9 and -.
    pub source: Arc<str>,
    /// The exchange's own id of the call, the same through transfers.
    pub call_id: Arc<str>,
    pub state: SignalState,
    pub direction: Direction,
    /// The number of whoever rang, as it came; none where it is withheld.
    #[serde(default)]
    pub caller: Option<Dialled>,
    /// The number that was rung, as it came.
    #[serde(default)]
    pub callee: Option<Dialled>,
    /// Extension, sign-in name or id of the agent who answered, or who is being rung.
    #[serde(default)]
    pub agent: Option<Arc<str>>,
    #[serde(default)]
    pub agent_name: Option<Arc<str>>,
    #[serde(default)]
    pub queue: Option<Arc<str>>,
    #[serde(default)]
    pub cause: Option<HangupCause>,
    /// When it happened by the exchange's clock.
    #[serde(default)]
    pub at: Option<DateTime<Utc>>,
    /// The exchange was answered not to put the call through: the number is blocked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rejected: bool,
}

/// A signal that is not taken, with the field and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalProblem {
    pub field: &'static str,
    pub problem: &'static str,
}

impl fmt::Display for SignalProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.problem)
    }
}

impl std::error::Error for SignalProblem {}

impl Signal {
    /// A signal with nothing but what every signal has.
    #[must_use]
    pub fn new(source: &str, call_id: &str, state: SignalState, direction: Direction) -> Self {
        Self {
            source: Arc::from(source),
            call_id: Arc::from(call_id),
            state,
            direction,
            caller: None,
            callee: None,
            agent: None,
            agent_name: None,
            queue: None,
            cause: None,
            at: None,
            rejected: false,
        }
    }

    /// Says what cannot be taken.
    ///
    /// # Errors
    /// The first field that is out of its bounds.
    pub fn check(&self) -> Result<(), SignalProblem> {
        let refuse = |field, problem| Err(SignalProblem { field, problem });
        let in_source = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if self.source.is_empty() || self.source.len() > SOURCE_CHARS_MAX || !self.source.bytes().all(in_source) {
            return refuse("source", "is not 1 to 32 of a-z, 0-9 and -");
        }
        if self.call_id.is_empty() {
            return refuse("call_id", "is empty");
        }
        if self.call_id.chars().count() > CALL_ID_CHARS_MAX {
            return refuse("call_id", "is longer than 250 characters");
        }
        if self.call_id.chars().any(is_hostile) {
            return refuse("call_id", "holds control or direction-changing characters");
        }
        let texts = [
            ("caller", self.caller.as_ref().map(Dialled::as_str), PARTY_CHARS_MAX),
            ("callee", self.callee.as_ref().map(Dialled::as_str), PARTY_CHARS_MAX),
            ("agent", self.agent.as_deref(), PARTY_CHARS_MAX),
            ("agent_name", self.agent_name.as_deref(), AGENT_NAME_CHARS_MAX),
            ("queue", self.queue.as_deref(), PARTY_CHARS_MAX),
        ];
        for (field, text, chars_max) in texts {
            let Some(text) = text else { continue };
            if text.is_empty() || text.chars().count() > chars_max {
                return refuse(field, "is empty or too long");
            }
            if text.chars().any(is_hostile) {
                return refuse(field, "holds control or direction-changing characters");
            }
        }
        if matches!(self.cause, Some(HangupCause::Lost | HangupCause::Rejected)) {
            return refuse("cause", "is not for an exchange to say");
        }
        Ok(())
    }

    /// The same with the town's area code before bare local numbers: a customer who rings from next door is the one who is
    /// known, and waits only once to be called back.
    #[must_use]
    pub fn localised(mut self, area: Option<&AreaCode>) -> Self {
        for number in [&mut self.caller, &mut self.callee].into_iter().flatten() {
            if let Some(full) = area.and_then(|area| number.with_area(area)) {
                *number = full;
            }
        }
        self
    }

    /// Whether a machine took the call, not a person.
    #[must_use]
    pub fn is_voicemail(&self) -> bool {
        let says = |text: &Option<Arc<str>>| text.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("voicemail"));
        says(&self.agent) || says(&self.agent_name)
    }
}

/// A text of an exchange made fit for a [`Signal`]: trimmed, without hostile characters, cut to `chars_max`; nothing left is none.
#[must_use]
pub fn tidy(text: &str, chars_max: usize) -> Option<Arc<str>> {
    let clean: String = text.trim().chars().filter(|c| !is_hostile(*c)).take(chars_max).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| Arc::from(clean))
}

/// Characters that could change how the rest of a line is shown or logged.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}
