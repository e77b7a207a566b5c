//! What may be asked of the hall, in the imperative.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::access::{Account, Device};
use super::actor::Role;
use super::forecast::Range;
use super::hotline_call::{CallDirection, CallEnd, CallPatch, Channel};
use super::ids::{
    CauseId, CounterNo, DeviceId, HotlineCallId, IncidentId, NoticeId, OrderNo, PairingId, PhoneCallId, Prefix, ServiceId, SessionId,
    SkillId, TeamId, TicketId, Username,
};
use super::incident::IncidentFacts;
use super::phone::Phone;
use super::profile::{Class, Offer, Profile};
use super::telephone::Signal;
use super::text::{FreeText, Language, Text};
use super::ticket::{Finish, Target, TransferPlace};
use super::work_order::{NewOrder, OrderStep};

/// Asks for a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    pub service: ServiceId,
    pub class: Class,
    pub language: Language,
    /// The promised time of an appointment.
    pub appointment_at: Option<DateTime<Utc>>,
    /// What the customer will be told, made from the hall as it was a moment ago.
    pub wait: Option<Range>,
}

/// What can be done with one ticket.
#[derive(Debug, Clone, PartialEq)]
pub enum TicketStep {
    Recall,
    Start,
    Miss,
    Reinstate,
    Park {
        reason: Option<FreeText>,
    },
    /// At the clerk's counter, or where it was parked.
    Resume {
        counter: Option<CounterNo>,
    },
    PutBack {
        delay_s: Option<u32>,
        reason: Option<FreeText>,
    },
    Transfer {
        to: Target,
        place: TransferPlace,
        reason: Option<FreeText>,
    },
    Finish(Finish),
    Cancel {
        reason: Option<FreeText>,
    },
}

/// What can be done at one counter.
#[derive(Debug, Clone, PartialEq)]
pub enum CounterStep {
    Open,
    Pause {
        reason: Option<FreeText>,
    },
    Resume,
    Close {
        reason: Option<FreeText>,
    },
    /// Finishes the customer in hand, if `finish` says how, and calls the next.
    Next {
        expect: Option<TicketId>,
        finish: Option<Finish>,
    },
    /// Calls a chosen ticket, with a reason.
    Call {
        ticket: TicketId,
        expect: Option<TicketId>,
        reason: FreeText,
    },
    /// Works another set of services from now on.
    Plan {
        services: Vec<Offer>,
    },
}

/// What may be asked of the hall.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Issue(Issue),
    Ticket {
        ticket: TicketId,
        step: TicketStep,
        fence: Option<u64>,
    },
    Counter {
        counter: CounterNo,
        step: CounterStep,
        fence: Option<u64>,
    },
    /// By the customer, from the phone page.
    Rate {
        ticket: TicketId,
        grade: u8,
    },
    /// By the customer, from the phone page.
    Leave {
        ticket: TicketId,
    },
    OpenService {
        service: ServiceId,
    },
    CloseService {
        service: ServiceId,
        reason: Option<FreeText>,
    },
    PostNotice {
        text: Text,
    },
    RemoveNotice {
        notice: NoticeId,
    },
    /// The hall's people changed what they wrote down; no event when nothing differs.
    SetProfile {
        profile: Box<Profile>,
    },
    /// Gives a new hall its link key; no event when it has one.
    Create {
        link_key: Arc<str>,
    },
    /// A backup was put back: numbers go on behind those that were given on this day.
    SkipNumbers {
        service_day: NaiveDate,
        last: BTreeMap<Prefix, u32>,
    },
    /// What has fallen due: tickets called often enough that did not come, clocks and leases of orders.
    FallDue,

    /// A call comes in, or is made.
    LogCall(LogCall),
    ChangeCall {
        call: HotlineCallId,
        patch: Box<CallPatch>,
    },
    EndCall {
        call: HotlineCallId,
        end: CallEnd,
        /// The order to make of it, where it becomes one and has none yet.
        order: Option<Box<NewOrder>>,
    },
    CreateOrder(Box<NewOrder>),
    /// Takes the most urgent order of a team that fits the caller.
    Claim {
        team: TeamId,
        /// How long the offer stands, in seconds; the hall's own without it.
        lease_s: Option<u32>,
    },
    Order {
        no: OrderNo,
        step: Box<OrderStep>,
        token: Option<u64>,
    },
    OpenIncident {
        facts: Box<IncidentFacts>,
        /// The caller who is on the line.
        call: Option<HotlineCallId>,
    },
    ChangeIncident {
        incident: IncidentId,
        facts: Box<IncidentFacts>,
    },
    AttachCall {
        incident: IncidentId,
        call: HotlineCallId,
    },
    ResolveIncident {
        incident: IncidentId,
        cause: CauseId,
        public_reply: FreeText,
    },
    /// It is no incident.
    DismissSuspicion {
        community: FreeText,
    },
    /// What a telephone exchange told.
    PhoneSignal(Box<Signal>),
    /// A missed call was rung back, or needs nothing more.
    HandlePhoneCall {
        phone_call: PhoneCallId,
        call: Option<HotlineCallId>,
    },

    CreateAccount {
        account: Account,
    },
    /// The first administrator: refused once one exists.
    CreateFirstAdmin {
        account: Account,
    },
    ChangeAccount {
        account: Account,
    },
    RemoveAccount {
        username: Username,
    },
    StartSession {
        username: Username,
        digest: Arc<str>,
        replaces: Option<SessionId>,
    },
    EndSession {
        session: SessionId,
    },
    StartPairing {
        kind: Role,
        code: Arc<str>,
        claim_digest: Arc<str>,
    },
    ApprovePairing {
        code: Arc<str>,
        name: String,
        counter: Option<CounterNo>,
    },
    /// The device fetches its token, once.
    ClaimPairing {
        pairing: PairingId,
        token_digest: Arc<str>,
    },
    AddDevice {
        device: NewDevice,
    },
    RevokeDevice {
        device: DeviceId,
    },
}

/// A device or token to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDevice {
    pub kind: Role,
    pub name: String,
    pub counter: Option<CounterNo>,
    pub digest: Arc<str>,
    /// Of a handler's token, as of an account.
    pub teams: Vec<TeamId>,
    pub skills: Vec<SkillId>,
}

impl NewDevice {
    /// The device under its id.
    #[must_use]
    pub fn with_id(self, id: DeviceId, added_at: DateTime<Utc>) -> Device {
        let Self { kind, name, counter, digest, teams, skills } = self;
        Device { id, kind, name, counter, digest, added_at, teams, skills }
    }
}

/// A call that begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogCall {
    pub channel: Channel,
    /// Without it, that of the exchange's call; without that, a customer's call.
    pub direction: Option<CallDirection>,
    /// Without it, that of the exchange's call.
    pub caller_number: Option<Phone>,
    /// The exchange's call, where it told of one; for a call-back, the missed one that is returned.
    pub phone_call: Option<PhoneCallId>,
    pub seat: Option<FreeText>,
}
