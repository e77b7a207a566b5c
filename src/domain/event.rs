//! What happened, in the past tense: the one vocabulary of the journal, the live feed, history and webhooks.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::access::{Account, Approved, Device, Pairing, Session};
use super::actor::Actor;
use super::forecast::Range;
use super::hotline_event::{CallEvent, IncidentEvent, PhoneEvent};
use super::ids::{CounterNo, DeviceId, NoticeId, PairingId, Prefix, ServiceId, SessionId, TicketId, Username};
use super::profile::{Class, Offer, Profile};
use super::text::{FreeText, Language, Text};
use super::ticket::{Check, Outcome, TransferPlace, Why};
use super::work_order::OrderEvent;

/// The version of the event shapes written now.
pub const EVENT_VERSION: u16 = 1;

/// One fact of the hall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its dense revision.
    pub rev: u64,
    pub v: u16,
    pub at: DateTime<Utc>,
    pub by: Actor,
    /// The idempotency key of the command, where it had one.
    #[serde(default)]
    pub key: Option<Arc<str>>,
    #[serde(flatten)]
    pub body: EventBody,
}

/// What a ticket event says of its ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TicketRef {
    pub ticket: TicketId,
    pub number: Arc<str>,
    /// The counter that holds it, or held it until now.
    #[serde(default)]
    pub counter: Option<CounterNo>,
    #[serde(default)]
    pub reason: Option<FreeText>,
}

/// What a counter event says of its counter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CounterRef {
    pub counter: CounterNo,
    /// Who works it, as `clerk:wang`.
    #[serde(with = "clerk_word")]
    pub clerk: Option<Actor>,
    pub fence: u64,
    #[serde(default)]
    pub reason: Option<FreeText>,
}

/// The facts, one variant a type. Shapes only grow: old journals must stay readable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum EventBody {
    #[serde(rename = "day.opened")]
    DayOpened { service_day: NaiveDate },
    /// A backup was put back: what was issued after it must not be issued again.
    #[serde(rename = "numbers.skipped")]
    NumbersSkipped {
        service_day: NaiveDate,
        /// The last number of each series that was ever given on that day.
        last: BTreeMap<Prefix, u32>,
    },
    #[serde(rename = "hall.changed")]
    HallChanged { profile: Box<Profile> },
    #[serde(rename = "hall.created")]
    HallCreated {
        /// The key of the links on tickets; never leaves the server.
        link_key: Arc<str>,
    },

    #[serde(rename = "ticket.issued")]
    TicketIssued {
        ticket: TicketId,
        number: Arc<str>,
        service: ServiceId,
        class: Class,
        language: Language,
        service_day: NaiveDate,
        source: Arc<str>,
        score_ms: i64,
        #[serde(default)]
        late: bool,
        ahead: u64,
        /// What the customer was told.
        wait: Option<Range>,
    },
    #[serde(rename = "ticket.called")]
    TicketCalled {
        #[serde(flatten)]
        of: TicketRef,
        service: ServiceId,
        language: Language,
        calls: u32,
        why: Why,
        miss_at_ms: Option<i64>,
    },
    #[serde(rename = "ticket.recalled")]
    TicketRecalled {
        #[serde(flatten)]
        of: TicketRef,
        language: Language,
        calls: u32,
        miss_at_ms: Option<i64>,
    },
    #[serde(rename = "ticket.started")]
    TicketStarted {
        #[serde(flatten)]
        of: TicketRef,
    },
    #[serde(rename = "ticket.missed")]
    TicketMissed {
        #[serde(flatten)]
        of: TicketRef,
    },
    #[serde(rename = "ticket.reinstated")]
    TicketReinstated {
        #[serde(flatten)]
        of: TicketRef,
        score_ms: i64,
    },
    #[serde(rename = "ticket.parked")]
    TicketParked {
        #[serde(flatten)]
        of: TicketRef,
    },
    #[serde(rename = "ticket.resumed")]
    TicketResumed {
        #[serde(flatten)]
        of: TicketRef,
    },
    #[serde(rename = "ticket.put_back")]
    TicketPutBack {
        #[serde(flatten)]
        of: TicketRef,
        score_ms: i64,
        not_before_ms: i64,
    },
    #[serde(rename = "ticket.transferred")]
    TicketTransferred {
        #[serde(flatten)]
        of: TicketRef,
        /// The service it leaves.
        from: ServiceId,
        /// The service it goes to.
        to: ServiceId,
        /// Only this counter may call it, where it was sent to one.
        to_counter: Option<CounterNo>,
        place: TransferPlace,
        score_ms: i64,
    },
    #[serde(rename = "ticket.finished")]
    TicketFinished {
        #[serde(flatten)]
        of: TicketRef,
        outcome: Outcome,
        solution: Option<FreeText>,
        materials: Vec<FreeText>,
        #[serde(default)]
        checks: Vec<Check>,
    },
    #[serde(rename = "ticket.cancelled")]
    TicketCancelled {
        #[serde(flatten)]
        of: TicketRef,
    },
    #[serde(rename = "ticket.day_ended")]
    TicketDayEnded {
        #[serde(flatten)]
        of: TicketRef,
    },
    #[serde(rename = "ticket.rated")]
    TicketRated {
        #[serde(flatten)]
        of: TicketRef,
        /// 1 (very dissatisfied) to 5 (very satisfied).
        grade: u8,
    },

    #[serde(rename = "counter.opened")]
    CounterOpened(CounterRef),
    #[serde(rename = "counter.paused")]
    CounterPaused(CounterRef),
    #[serde(rename = "counter.resumed")]
    CounterResumed(CounterRef),
    #[serde(rename = "counter.closed")]
    CounterClosed(CounterRef),
    #[serde(rename = "counter.planned")]
    CounterPlanned { counter: CounterNo, services: Vec<Offer> },
    #[serde(rename = "service.opened")]
    ServiceOpened { service: ServiceId },
    #[serde(rename = "service.closed")]
    ServiceClosed { service: ServiceId, reason: Option<FreeText> },
    #[serde(rename = "notice.posted")]
    NoticePosted { notice: NoticeId, text: Text },
    #[serde(rename = "notice.removed")]
    NoticeRemoved { notice: NoticeId },

    #[serde(rename = "account.created")]
    AccountCreated { account: Account },
    #[serde(rename = "account.changed")]
    AccountChanged { account: Account },
    #[serde(rename = "account.removed")]
    AccountRemoved { username: Username },
    #[serde(rename = "session.started")]
    SessionStarted { session: Session },
    #[serde(rename = "session.ended")]
    SessionEnded { session: SessionId, username: Username },
    #[serde(rename = "pairing.started")]
    PairingStarted { pairing: Pairing },
    #[serde(rename = "pairing.approved")]
    PairingApproved { pairing: PairingId, approved: Approved },
    #[serde(rename = "pairing.ended")]
    PairingEnded { pairing: PairingId },
    #[serde(rename = "device.added")]
    DeviceAdded { device: Device },
    #[serde(rename = "device.revoked")]
    DeviceRevoked { device: DeviceId },

    // Families with a list of types of their own; each type still stands in `type`.
    #[serde(untagged)]
    Call(Box<CallEvent>),
    #[serde(untagged)]
    Incident(Box<IncidentEvent>),
    #[serde(untagged)]
    Phone(Box<PhoneEvent>),
    #[serde(untagged)]
    Order(Box<OrderEvent>),
}

impl EventBody {
    /// The ticket that the event is about.
    #[must_use]
    pub fn ticket(&self) -> Option<TicketId> {
        match self {
            Self::TicketIssued { ticket, .. } => Some(*ticket),
            Self::TicketCalled { of, .. }
            | Self::TicketRecalled { of, .. }
            | Self::TicketStarted { of }
            | Self::TicketMissed { of }
            | Self::TicketReinstated { of, .. }
            | Self::TicketParked { of }
            | Self::TicketResumed { of }
            | Self::TicketPutBack { of, .. }
            | Self::TicketTransferred { of, .. }
            | Self::TicketFinished { of, .. }
            | Self::TicketCancelled { of }
            | Self::TicketDayEnded { of }
            | Self::TicketRated { of, .. } => Some(of.ticket),
            Self::DayOpened { .. }
            | Self::NumbersSkipped { .. }
            | Self::HallChanged { .. }
            | Self::HallCreated { .. }
            | Self::CounterOpened(_)
            | Self::CounterPaused(_)
            | Self::CounterResumed(_)
            | Self::CounterClosed(_)
            | Self::CounterPlanned { .. }
            | Self::ServiceOpened { .. }
            | Self::ServiceClosed { .. }
            | Self::NoticePosted { .. }
            | Self::NoticeRemoved { .. }
            | Self::AccountCreated { .. }
            | Self::AccountChanged { .. }
            | Self::AccountRemoved { .. }
            | Self::SessionStarted { .. }
            | Self::SessionEnded { .. }
            | Self::PairingStarted { .. }
            | Self::PairingApproved { .. }
            | Self::PairingEnded { .. }
            | Self::DeviceAdded { .. }
            | Self::DeviceRevoked { .. }
            | Self::Call(_)
            | Self::Incident(_)
            | Self::Phone(_)
            | Self::Order(_) => None,
        }
    }

    /// Whether it carries something that must not leave the server as it is: a digest, a password's hash, a code, the
    /// link key, or who a caller is.
    #[must_use]
    pub fn holds_secrets(&self) -> bool {
        match self {
            Self::HallCreated { .. }
            | Self::AccountCreated { .. }
            | Self::AccountChanged { .. }
            | Self::SessionStarted { .. }
            | Self::PairingStarted { .. }
            | Self::DeviceAdded { .. }
            | Self::Call(_) => true,
            Self::DayOpened { .. }
            | Self::NumbersSkipped { .. }
            | Self::HallChanged { .. }
            | Self::TicketIssued { .. }
            | Self::TicketCalled { .. }
            | Self::TicketRecalled { .. }
            | Self::TicketStarted { .. }
            | Self::TicketMissed { .. }
            | Self::TicketReinstated { .. }
            | Self::TicketParked { .. }
            | Self::TicketResumed { .. }
            | Self::TicketPutBack { .. }
            | Self::TicketTransferred { .. }
            | Self::TicketFinished { .. }
            | Self::TicketCancelled { .. }
            | Self::TicketDayEnded { .. }
            | Self::TicketRated { .. }
            | Self::CounterOpened(_)
            | Self::CounterPaused(_)
            | Self::CounterResumed(_)
            | Self::CounterClosed(_)
            | Self::CounterPlanned { .. }
            | Self::ServiceOpened { .. }
            | Self::ServiceClosed { .. }
            | Self::NoticePosted { .. }
            | Self::NoticeRemoved { .. }
            | Self::AccountRemoved { .. }
            | Self::SessionEnded { .. }
            | Self::PairingApproved { .. }
            | Self::PairingEnded { .. }
            | Self::DeviceRevoked { .. }
            | Self::Incident(_) => false,
            Self::Phone(event) => event.holds_identity(),
            Self::Order(event) => event.change.holds_identity(),
        }
    }

    /// The same fact with its secrets blanked and its callers masked, for whoever keeps or reads events outside the hall.
    /// Its shape stays.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        let blank = || Arc::from("");
        if let Self::HallCreated { link_key } = &mut self {
            *link_key = blank();
        } else if let Self::AccountCreated { account } | Self::AccountChanged { account } = &mut self {
            account.password_hash = blank();
        } else if let Self::SessionStarted { session } = &mut self {
            session.digest = blank();
        } else if let Self::PairingStarted { pairing } = &mut self {
            pairing.code = blank();
            pairing.claim_digest = blank();
        } else if let Self::DeviceAdded { device } = &mut self {
            device.digest = blank();
        } else if let Self::Call(event) = &mut self {
            event.mask_identity();
        } else if let Self::Phone(event) = &mut self {
            event.mask_identity();
        } else if let Self::Order(event) = &mut self {
            event.change.mask_identity();
        }
        self
    }

    /// The event's type, as in JSON.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::DayOpened { .. } => "day.opened",
            Self::NumbersSkipped { .. } => "numbers.skipped",
            Self::HallChanged { .. } => "hall.changed",
            Self::HallCreated { .. } => "hall.created",
            Self::TicketIssued { .. } => "ticket.issued",
            Self::TicketCalled { .. } => "ticket.called",
            Self::TicketRecalled { .. } => "ticket.recalled",
            Self::TicketStarted { .. } => "ticket.started",
            Self::TicketMissed { .. } => "ticket.missed",
            Self::TicketReinstated { .. } => "ticket.reinstated",
            Self::TicketParked { .. } => "ticket.parked",
            Self::TicketResumed { .. } => "ticket.resumed",
            Self::TicketPutBack { .. } => "ticket.put_back",
            Self::TicketTransferred { .. } => "ticket.transferred",
            Self::TicketFinished { .. } => "ticket.finished",
            Self::TicketCancelled { .. } => "ticket.cancelled",
            Self::TicketDayEnded { .. } => "ticket.day_ended",
            Self::TicketRated { .. } => "ticket.rated",
            Self::CounterOpened(_) => "counter.opened",
            Self::CounterPaused(_) => "counter.paused",
            Self::CounterResumed(_) => "counter.resumed",
            Self::CounterClosed(_) => "counter.closed",
            Self::CounterPlanned { .. } => "counter.planned",
            Self::ServiceOpened { .. } => "service.opened",
            Self::ServiceClosed { .. } => "service.closed",
            Self::NoticePosted { .. } => "notice.posted",
            Self::NoticeRemoved { .. } => "notice.removed",
            Self::AccountCreated { .. } => "account.created",
            Self::AccountChanged { .. } => "account.changed",
            Self::AccountRemoved { .. } => "account.removed",
            Self::SessionStarted { .. } => "session.started",
            Self::SessionEnded { .. } => "session.ended",
            Self::PairingStarted { .. } => "pairing.started",
            Self::PairingApproved { .. } => "pairing.approved",
            Self::PairingEnded { .. } => "pairing.ended",
            Self::DeviceAdded { .. } => "device.added",
            Self::DeviceRevoked { .. } => "device.revoked",
            Self::Call(event) => event.kind(),
            Self::Incident(event) => event.kind(),
            Self::Phone(event) => event.kind(),
            Self::Order(event) => event.change.kind(),
        }
    }
}

/// A clerk is written as one word; which browser it was stands in `by`.
mod clerk_word {
    use super::{Actor, Arc, Deserialize, Serialize};
    use serde::{Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde asks for this shape")]
    pub(super) fn serialize<S: Serializer>(clerk: &Option<Actor>, s: S) -> Result<S::Ok, S::Error> {
        clerk.as_ref().map(|clerk| &clerk.actor).serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Actor>, D::Error> {
        let word = Option::<Arc<str>>::deserialize(d)?;
        Ok(word.map(|actor| Actor { actor, device: None }))
    }
}
