//! Every way in which the server says no: one table of codes, and the `application/problem+json` that carries them.

use std::collections::BTreeMap;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::calendar::{Issuing, Standing};
use crate::domain::refusal::Refusal;
use crate::history::HistoryError;
use crate::keeper::{Fault, Reply};

/// The content type of every refusal and failure.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// When to come again while the journal is away or too much waits, in seconds.
pub const RETRY_S: u32 = 1;
/// The longest text that a problem repeats of what was sent, in characters.
const ECHO_CHARS_MAX: usize = 120;

tokio::task_local! {
    /// The id of the request being answered, so that a failure can name it.
    pub static REQUEST_ID: String;
}

/// The closed list: code, word, status, title.
macro_rules! codes {
    ($($code:ident $word:literal $status:literal $title:literal)*) => {
        /// What went wrong, in one word that programs and screens may rely on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($code,)* }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The word on the wire.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$code => $word,)* }
            }

            /// The HTTP status it comes with, unless a route says otherwise.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$code => $status,)* }
            }

            /// A short English title; screens translate the code instead.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$code => $title,)* }
            }
        }
    };
}

codes! {
    Unauthenticated "unauthenticated" 401 "Sign in or present a token"
    SessionExpired "session_expired" 401 "The session is over"
    BadCredentials "bad_credentials" 401 "Name or password is wrong"
    Forbidden "forbidden" 403 "Not allowed"
    NotYourCounter "not_your_counter" 403 "Another counter holds this ticket"
    NotYourTeam "not_your_team" 403 "Another team's order"
    SkillMissing "skill_missing" 403 "Not among your skills"
    LeadOnly "lead_only" 403 "A lead decides that"
    OriginRefused "origin_refused" 403 "The request came from a foreign page"
    NotFound "not_found" 404 "Not found"
    MethodNotAllowed "method_not_allowed" 405 "Not done this way"
    Gone "gone" 410 "No longer there"
    PairingExpired "pairing_expired" 410 "The pairing code has expired"
    PairingUsed "pairing_used" 410 "The pairing was used already"
    PayloadTooLarge "payload_too_large" 413 "The body is too large"
    UnsupportedMediaType "unsupported_media_type" 415 "Only application/json is read"
    MalformedJson "malformed_json" 400 "The body is not JSON"
    IdempotencyKeyMissing "idempotency_key_missing" 400 "An Idempotency-Key is needed"
    BadIdempotencyKey "bad_idempotency_key" 400 "The Idempotency-Key is not 1 to 64 visible ASCII characters"
    BadRequest "bad_request" 400 "The request cannot be understood"
    InvalidField "invalid_field" 422 "A field has a value that does not fit"
    UnknownField "unknown_field" 422 "A field is not known"
    IdempotencyKeyReused "idempotency_key_reused" 422 "The Idempotency-Key was used for another request"
    RefusalNeedsReasonAndSolution "refusal_needs_reason_and_solution" 422 "A refusal needs a reason and a solution"
    MissingMaterialsNeedsList "missing_materials_needs_list" 422 "Say which materials are missing"
    WeakPassword "weak_password" 422 "The password is too weak"
    UnknownService "unknown_service" 422 "No such service"
    UnknownCounter "unknown_counter" 422 "No such counter"
    UnknownTeam "unknown_team" 422 "No such team"
    UnknownCategory "unknown_category" 422 "No such category"
    UnknownCause "unknown_cause" 422 "No such cause"
    ResolutionIncomplete "resolution_incomplete" 422 "Contact, arrival and action come before the work is done"
    ReplyMissing "reply_missing" 422 "Say what the customer is told"
    WorkOrderMissing "work_order_missing" 422 "There is no work order, and not enough to make one"
    TooManyAttempts "too_many_attempts" 429 "Too many attempts"
    TooManyRequests "too_many_requests" 429 "Too many requests"
    HallClosed "hall_closed" 409 "The hall is closed"
    ServiceClosed "service_closed" 409 "The service is closed"
    ServiceFull "service_full" 409 "No more numbers for this service today"
    HallFull "hall_full" 409 "No more numbers today"
    WrongState "wrong_state" 409 "Its state does not allow it"
    LimitReached "limit_reached" 409 "A limit of the hall is reached"
    StaleLease "stale_lease" 409 "Somebody else has this order now, or nobody"
    WipLimit "wip_limit" 409 "Too many orders in hand"
    CallbackByHandler "callback_by_handler" 409 "The call-back is made by somebody else"
    CallEnded "call_ended" 409 "The call is over"
    ExtensionTooLate "extension_too_late" 409 "The deadline has passed"
    NoExtensionAsked "no_extension_asked" 409 "Nobody asked for more time"
    IncidentResolved "incident_resolved" 409 "The incident is over"
    AlreadyAttached "already_attached" 409 "The call is attached already"
    OrderHasChildren "order_has_children" 409 "Other orders are merged into this one"
    IncidentGoesOn "incident_goes_on" 409 "It is the master of an incident that goes on"
    CounterMovedOn "counter_moved_on" 409 "The counter has moved on"
    CounterTakenOver "counter_taken_over" 409 "Somebody else has taken over the counter"
    CounterNotOpen "counter_not_open" 409 "The counter is not open"
    CounterPaused "counter_paused" 409 "The counter is paused"
    TicketInHand "ticket_in_hand" 409 "Finish the customer in hand first"
    NoTicketInHand "no_ticket_in_hand" 409 "Nobody is at the counter"
    CounterDoesNotServe "counter_does_not_serve" 409 "The counter does not serve this"
    RecallTooSoon "recall_too_soon" 409 "Called a moment ago"
    AlreadyRated "already_rated" 409 "Rated already"
    AlreadyExists "already_exists" 409 "It exists already"
    LastAdmin "last_admin" 409 "The last administrator stays"
    SetupDone "setup_done" 409 "The hall has an administrator already"
    Emergency "emergency" 409 "The hall is in an emergency"
    TooManyLiveTickets "too_many_live_tickets" 409 "Too many live tickets"
    StoreAway "store_away" 503 "The journal is away"
    StoreUnsafe "store_unsafe" 503 "The journal is not safe to serve"
    Overloaded "overloaded" 503 "Too much waits already"
    ShuttingDown "shutting_down" 503 "The server is closing"
    Internal "internal" 500 "A fault of ours"
}

/// Whether a mutation that was not answered had an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Certainly not.
    No,
    /// It may have: ask again with the same key.
    Unknown,
}

impl Serialize for Applied {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::No => s.serialize_bool(false),
            Self::Unknown => s.serialize_str("unknown"),
        }
    }
}

/// One refusal or failure, as it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    pub code: Code,
    pub status: u16,
    pub detail: Option<String>,
    pub retry_after_s: Option<u32>,
    /// What is wrong, by field.
    pub fields: BTreeMap<String, String>,
    pub applied: Option<Applied>,
    /// Members of one code only: `state`, `current`, `standing`, `opens_at`.
    pub more: BTreeMap<&'static str, Value>,
}

impl std::error::Error for Problem {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.word())
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self {
            code,
            status: code.status(),
            detail: None,
            retry_after_s: None,
            fields: BTreeMap::new(),
            applied: None,
            more: BTreeMap::new(),
        }
    }
}

/// The JSON of a problem.
#[derive(Serialize)]
struct Told<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u32>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<Applied>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(flatten)]
    more: &'a BTreeMap<&'static str, Value>,
}

impl Problem {
    /// Says more, in a sentence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Says when to come again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// A field whose value does not fit.
    #[must_use]
    pub fn invalid(field: &str, problem: &str) -> Self {
        Self::from(Code::InvalidField).field(field, problem)
    }

    /// Names a field and what is wrong with it; what was sent is repeated only in part.
    #[must_use]
    pub fn field(mut self, field: &str, problem: &str) -> Self {
        self.fields.insert(field.chars().take(ECHO_CHARS_MAX).collect(), problem.chars().take(ECHO_CHARS_MAX).collect());
        self
    }

    fn more(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.more.insert(name, value.into());
        self
    }

    /// The JSON text.
    #[must_use]
    pub fn json(&self) -> String {
        let request_id = if self.status >= 500 { REQUEST_ID.try_with(Clone::clone).ok() } else { None };
        let told = Told {
            r#type: format!("/problems/{}", self.code.word()),
            title: self.code.title(),
            status: self.status,
            code: self.code.word(),
            detail: self.detail.as_deref(),
            retry_after_s: self.retry_after_s,
            fields: &self.fields,
            applied: self.applied,
            request_id,
            more: &self.more,
        };
        // Strings and numbers under text keys always serialise.
        serde_json::to_string(&told).unwrap_or_default()
    }

    /// As an answer of the keeper, to be kept under an idempotency key.
    #[must_use]
    pub fn reply(&self) -> Reply {
        Reply { status: self.status, body: self.json() }
    }

    /// What the hall refuses about the counter in the path: it is not there.
    #[must_use]
    pub fn at_counter(refusal: &Refusal) -> Self {
        let mut problem = Self::from(refusal);
        if problem.code == Code::NotFound {
            problem = Self { status: 404, ..Self::from(Code::UnknownCounter) };
        }
        problem
    }
}

/// The seconds after which a kept problem says to come again.
#[must_use]
pub fn retry_after_of(body: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Kept {
        retry_after_s: Option<u32>,
    }
    serde_json::from_str::<Kept>(body).ok()?.retry_after_s
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON)));
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if self.status == 401 {
            response.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        response.body(self.json())
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        let plain = |code: Code| Self::from(code);
        match refusal {
            Refusal::NotFound | Refusal::BadCode => plain(Code::NotFound),
            Refusal::UnknownService => plain(Code::UnknownService).field("service", "no such service"),
            Refusal::UnknownCounter => plain(Code::UnknownCounter).field("counter", "no such counter"),
            Refusal::InvalidField { field, problem } => Self::invalid(field, problem),
            Refusal::HallClosed(issuing) => hall_closed(issuing),
            Refusal::ServiceClosed => plain(Code::ServiceClosed),
            Refusal::ServiceFull => plain(Code::ServiceFull),
            Refusal::HallFull => plain(Code::HallFull),
            Refusal::WrongState { state } => plain(Code::WrongState).more("state", state.word()),
            Refusal::CounterMovedOn { current } => plain(Code::CounterMovedOn).more("current", current.map(|id| id.to_string())),
            Refusal::CounterTakenOver => plain(Code::CounterTakenOver),
            Refusal::CounterNotOpen => plain(Code::CounterNotOpen),
            Refusal::CounterPaused => plain(Code::CounterPaused),
            Refusal::TicketInHand { current } => plain(Code::TicketInHand).more("current", current.to_string()),
            Refusal::NoTicketInHand => plain(Code::NoTicketInHand),
            Refusal::CounterDoesNotServe => plain(Code::CounterDoesNotServe),
            Refusal::NotYourCounter => plain(Code::NotYourCounter),
            Refusal::RecallTooSoon { retry_after_s } => plain(Code::RecallTooSoon).retry_after(*retry_after_s),
            Refusal::RefusalNeedsReasonAndSolution => plain(Code::RefusalNeedsReasonAndSolution),
            Refusal::MissingMaterialsNeedsList => plain(Code::MissingMaterialsNeedsList),
            Refusal::AlreadyRated => plain(Code::AlreadyRated),
            Refusal::AlreadyExists => plain(Code::AlreadyExists),
            Refusal::LastAdmin => plain(Code::LastAdmin),
            Refusal::TooMany { what, max } => plain(Code::LimitReached).detail(format!("at most {max} {what}")),
            Refusal::PairingExpired => plain(Code::PairingExpired),
            Refusal::PairingUsed => plain(Code::PairingUsed),
            Refusal::UnknownTeam => plain(Code::UnknownTeam).field("team", "no such team"),
            Refusal::UnknownCategory => plain(Code::UnknownCategory).field("category", "no such category"),
            Refusal::UnknownCause => plain(Code::UnknownCause).field("cause", "no such cause"),
            Refusal::PhoneWrongState { state } => plain(Code::WrongState).more("state", state.word()),
            Refusal::OrderWrongState { state } => plain(Code::WrongState).more("state", state.word()),
            Refusal::StaleLease => plain(Code::StaleLease),
            Refusal::WipLimit { max } => plain(Code::WipLimit).more("max", *max),
            Refusal::NotYourTeam => plain(Code::NotYourTeam),
            Refusal::SkillMissing => plain(Code::SkillMissing),
            Refusal::LeadOnly => plain(Code::LeadOnly),
            Refusal::CallbackByHandler => plain(Code::CallbackByHandler),
            Refusal::ResolutionIncomplete { missing } => {
                missing.iter().fold(plain(Code::ResolutionIncomplete), |problem, what| problem.field(what, "is missing"))
            }
            Refusal::ReplyMissing => plain(Code::ReplyMissing),
            Refusal::CallEnded => plain(Code::CallEnded),
            Refusal::WorkOrderMissing => plain(Code::WorkOrderMissing),
            Refusal::ExtensionTooLate => plain(Code::ExtensionTooLate),
            Refusal::NoExtensionAsked => plain(Code::NoExtensionAsked),
            Refusal::IncidentResolved => plain(Code::IncidentResolved),
            Refusal::AlreadyAttached => plain(Code::AlreadyAttached),
            Refusal::OrderHasChildren => plain(Code::OrderHasChildren),
            Refusal::IncidentGoesOn => plain(Code::IncidentGoesOn),
        }
    }
}

fn hall_closed(issuing: &Issuing) -> Problem {
    let (word, opens_at) = match issuing {
        Issuing::Yes => ("open", None),
        Issuing::TooLate { opens_at, .. } => ("after_closing", *opens_at),
        Issuing::Closed(standing) => standing_of(standing),
    };
    Problem::from(Code::HallClosed).more("standing", word).more("opens_at", opens_at.map(instant))
}

/// How a screen names the hall's standing, and when it opens.
#[must_use]
pub fn standing_of(standing: &Standing) -> (&'static str, Option<DateTime<Utc>>) {
    match standing {
        Standing::Open { .. } => ("open", None),
        Standing::Break { opens_at } => ("break", *opens_at),
        Standing::BeforeOpening { opens_at } => ("before_opening", *opens_at),
        Standing::AfterClosing { opens_at } => ("after_closing", *opens_at),
        Standing::DayOff { opens_at } | Standing::Holiday { opens_at, .. } => ("holiday", *opens_at),
    }
}

/// An instant as all of the wire spells it.
fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let unserved = |code: Code, applied: Applied| Self { applied: Some(applied), ..Self::from(code).retry_after(RETRY_S) };
        match fault {
            Fault::Away => unserved(Code::StoreAway, Applied::No),
            Fault::Unknown => unserved(Code::StoreAway, Applied::Unknown),
            Fault::Unsafe(reason) => {
                tracing::error!(%reason, "the journal is not safe to serve");
                Self { applied: Some(Applied::No), ..Self::from(Code::StoreUnsafe) }
            }
            Fault::Overloaded => unserved(Code::Overloaded, Applied::No),
            Fault::Closing => unserved(Code::ShuttingDown, Applied::Unknown),
            Fault::KeyReused => Self::from(Code::IdempotencyKeyReused),
        }
    }
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Gone { first } => {
                let said = first.map_or_else(|| "nothing is remembered".to_owned(), |first| format!("the oldest revision is {first}"));
                Self::from(Code::Gone).detail(said)
            }
            HistoryError::BadQuery(why) => Self::from(Code::BadRequest).detail(why),
            HistoryError::Busy => Self::from(Code::Overloaded).retry_after(RETRY_S),
            HistoryError::Closed => Self::from(Code::ShuttingDown),
            HistoryError::Database(_)
            | HistoryError::Damaged(_)
            | HistoryError::Journal(_)
            | HistoryError::TooNew
            | HistoryError::Gap { .. }
            | HistoryError::Diverged { .. }
            | HistoryError::Unreadable { .. } => {
                tracing::error!(%error, "history could not answer");
                Self::from(Code::Internal)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::TicketId;

    #[test]
    fn words_are_unlike_each_other_and_statuses_are_refusals() {
        let words: std::collections::BTreeSet<_> = Code::ALL.iter().map(|c| c.word()).collect();
        assert_eq!(words.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|c| (400..600).contains(&c.status())));
    }

    #[test]
    fn a_refusal_is_told_with_what_belongs_to_it() {
        let json = Problem::from(&Refusal::CounterMovedOn { current: Some(TicketId(7)) }).json();
        let told: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(told["type"], "/problems/counter_moved_on");
        assert_eq!((told["status"].as_u64(), told["current"].as_str()), (Some(409), Some("tk_7")));
        assert!(told.get("applied").is_none() && told.get("request_id").is_none());
    }

    #[test]
    fn a_fault_says_whether_it_had_an_effect() {
        let away: Value = serde_json::from_str(&Problem::from(Fault::Away).json()).unwrap();
        assert_eq!(away["applied"], false);
        let unknown: Value = serde_json::from_str(&Problem::from(Fault::Unknown).json()).unwrap();
        assert_eq!((unknown["applied"].as_str(), unknown["retry_after_s"].as_u64()), (Some("unknown"), Some(1)));
        assert_eq!(retry_after_of(&Problem::from(Fault::Away).json()), Some(1));
    }

    #[test]
    fn what_was_sent_is_repeated_only_in_part() {
        let told = Problem::invalid(&"x".repeat(5_000), &"y".repeat(5_000)).json();
        assert!(told.len() < 600);
    }
}
