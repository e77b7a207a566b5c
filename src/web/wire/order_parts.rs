//! What a work order is made of on the wire: clocks, contacts, actions, measurements, and everything that was decided on its way.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::hall::Text;
use super::order_words::{ActionKind, CallerRole, ClockKind, ClockState, Leak, Pace, Reached, TemperatureLack, Vulnerable};
use super::reader::{BLANK, Scrub, masked_name};
use super::words::Language;
use crate::domain;
use crate::domain::calendar::Calendar;
use crate::domain::text::FreeText;
use crate::domain::work_order as of;

/// One clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderClock {
    pub state: ClockState,
    /// `null` while it is paused.
    pub due: Option<DateTime<Utc>>,
    pub done_at: Option<DateTime<Utc>>,
    /// What it was given, extensions included, in seconds of its pace.
    #[ts(type = "number")]
    pub total_s: i64,
    /// What is left, in seconds of its pace; less than nothing by as much as it is late. `null` once it is done.
    #[ts(type = "number | null")]
    pub remaining_s: Option<i64>,
    pub pace: Pace,
    /// How long it stood still, all its pauses together, in natural seconds.
    #[ts(type = "number")]
    pub paused_total_s: i64,
    /// It was late, also if what it measured has happened since.
    pub late: bool,
}

impl OrderClock {
    /// A clock as it stands at `now`.
    #[must_use]
    pub fn of(clock: &domain::sla::Clock, calendar: &Calendar, now: DateTime<Utc>) -> Self {
        let state = ClockState::from(clock.state(now));
        Self {
            state,
            due: clock.due,
            done_at: clock.done_at,
            total_s: clock.total_ms.div_euclid(1_000),
            remaining_s: (state != ClockState::Done).then(|| clock.left_ms(now, calendar).div_euclid(1_000)),
            pace: clock.pace.into(),
            paused_total_s: clock.paused_ms(now).div_euclid(1_000),
            late: clock.was_late() || state == ClockState::Breached,
        }
    }
}

/// The clocks that an order has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderClocks {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub accept: Option<OrderClock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub contact: Option<OrderClock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub arrive: Option<OrderClock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub resolve: Option<OrderClock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reply: Option<OrderClock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub callback: Option<OrderClock>,
}

impl OrderClocks {
    /// Every clock of an order as it stands at `now`.
    #[must_use]
    pub fn of(order: &of::WorkOrder, calendar: &Calendar, now: DateTime<Utc>) -> Self {
        let one = |kind: domain::sla::ClockKind| order.clocks.get(kind).map(|clock| OrderClock::of(clock, calendar, now));
        Self {
            accept: one(domain::sla::ClockKind::Accept),
            contact: one(domain::sla::ClockKind::Contact),
            arrive: one(domain::sla::ClockKind::Arrive),
            resolve: one(domain::sla::ClockKind::Resolve),
            reply: one(domain::sla::ClockKind::Reply),
            callback: one(domain::sla::ClockKind::Callback),
        }
    }
}

/// The clock that is due next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct NextClock {
    pub kind: ClockKind,
    pub due: DateTime<Utc>,
    pub state: ClockState,
}

impl NextClock {
    /// Of the clocks that run, the one due first.
    #[must_use]
    pub fn of(order: &of::WorkOrder, now: DateTime<Utc>) -> Option<Self> {
        let running = order.clocks.iter().filter(|(_, clock)| clock.running_since.is_some());
        let due = running.filter_map(|(kind, clock)| Some((clock.due?, kind, clock)));
        let (due, kind, clock) = due.min_by_key(|(due, kind, _)| (*due, *kind))?;
        Some(Self { kind: kind.into(), due, state: clock.state(now).into() })
    }
}

/// Where it is. A sealed caller's flat is not told to those who handle orders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Address {
    pub community: Option<String>,
    pub building: Option<String>,
    pub unit: Option<String>,
    pub room: Option<String>,
    pub text: Option<String>,
    pub station: Option<String>,
    pub area: Option<String>,
    pub riser: Option<String>,
    pub team: Option<String>,
    pub share_ppm: Option<u32>,
}

fn plain(text: Option<&FreeText>) -> Option<String> {
    text.map(|text| text.as_str().to_owned())
}

impl From<&domain::hotline_call::Address> for Address {
    fn from(address: &domain::hotline_call::Address) -> Self {
        Self {
            community: plain(address.community.as_ref()),
            building: plain(address.building.as_ref()),
            unit: plain(address.unit.as_ref()),
            room: plain(address.room.as_ref()),
            text: plain(address.text.as_ref()),
            station: address.station.as_ref().map(|station| station.as_str().to_owned()),
            area: plain(address.area.as_ref()),
            riser: plain(address.riser.as_ref()),
            team: address.team.as_ref().map(ToString::to_string),
            share_ppm: address.share_ppm,
        }
    }
}

impl Address {
    /// What is left of it where the flat must not be told.
    #[must_use]
    pub fn without_flat(self) -> Self {
        Self { unit: None, room: None, text: None, riser: None, ..self }
    }
}

/// What is wrong in the flat, as the caller tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Symptoms {
    pub rooms: Vec<String>,
    pub since: Option<DateTime<Utc>>,
    /// The temperature told, in tenths of a degree Celsius.
    pub room_tenths: Option<i16>,
    pub neighbours_too: Option<bool>,
    pub leak: Option<Leak>,
    pub electricity_risk: Option<bool>,
}

impl From<&domain::hotline_call::Symptoms> for Symptoms {
    fn from(symptoms: &domain::hotline_call::Symptoms) -> Self {
        Self::of(symptoms, &Scrub::default())
    }
}

impl Symptoms {
    pub(super) fn of(symptoms: &domain::hotline_call::Symptoms, scrub: &Scrub) -> Self {
        Self {
            rooms: symptoms.rooms.iter().map(|room| scrub.text(room.as_str())).collect(),
            since: symptoms.since,
            room_tenths: symptoms.room_tenths,
            neighbours_too: symptoms.neighbours_too,
            leak: symptoms.leak.map(Into::into),
            electricity_risk: symptoms.electricity_risk,
        }
    }
}

/// Whose order it is, masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderCustomer {
    pub name_masked: Option<String>,
    pub phone_masked: Option<String>,
    pub customer_no: Option<String>,
    pub role: Option<CallerRole>,
    pub vulnerable: Vec<Vulnerable>,
    pub language: Language,
}

impl From<&of::Customer> for OrderCustomer {
    fn from(customer: &of::Customer) -> Self {
        Self {
            name_masked: customer.name.as_ref().map(masked_name),
            phone_masked: customer.phone.as_ref().map(domain::phone::Phone::masked),
            customer_no: plain(customer.customer_no.as_ref()),
            role: customer.role.map(Into::into),
            vulnerable: customer.vulnerable.iter().copied().map(Into::into).collect(),
            language: customer.language.into(),
        }
    }
}

/// Who asked, in full: only after it was asked for and written down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Revealed {
    pub name: Option<String>,
    pub phone: Option<String>,
    pub customer_no: Option<String>,
}

impl From<&of::Customer> for Revealed {
    fn from(customer: &of::Customer) -> Self {
        let phone = customer.phone.as_ref().map(|phone| match phone.extension() {
            Some(extension) => format!("{}转{extension}", phone.number()),
            None => phone.number().to_owned(),
        });
        Self { name: plain(customer.name.as_ref()), phone, customer_no: plain(customer.customer_no.as_ref()) }
    }
}

/// Where an order came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderOrigin {
    pub calls: Vec<String>,
    pub ticket: Option<String>,
    pub external_no: Option<String>,
    pub incident: Option<String>,
}

impl From<&of::Origin> for OrderOrigin {
    fn from(origin: &of::Origin) -> Self {
        Self {
            calls: origin.calls.iter().map(ToString::to_string).collect(),
            ticket: origin.ticket.map(|ticket| ticket.to_string()),
            external_no: plain(origin.external_no.as_ref()),
            incident: origin.incident.map(|incident| incident.to_string()),
        }
    }
}

impl OrderOrigin {
    /// What is left of it where nothing may lead to the caller.
    #[must_use]
    pub fn without_callers(self) -> Self {
        Self { incident: self.incident, ..Self::default() }
    }
}

/// When the customer is at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct Appointment {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

impl From<of::Appointment> for Appointment {
    fn from(of::Appointment { from, to }: of::Appointment) -> Self {
        Self { from, to }
    }
}

/// Who has the order in hand. Only its holder is told the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderLease {
    pub handler: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub token: Option<u64>,
    /// `null` while the order waits for its customer.
    pub until: Option<DateTime<Utc>>,
}

impl OrderLease {
    /// A lease as `actor` sees it.
    #[must_use]
    pub fn of(lease: &of::Lease, actor: &str) -> Self {
        let token = (*lease.handler == *actor).then_some(lease.token);
        Self { handler: lease.handler.to_string(), token, until: lease.until }
    }
}

/// One attempt to speak with the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderContact {
    pub at: DateTime<Utc>,
    pub by: String,
    pub outcome: Reached,
    /// The number that was rung, where it is not the order's own; not told of a sealed caller.
    pub number_masked: Option<String>,
    pub note: Option<String>,
}

impl OrderContact {
    pub(super) fn of(contact: &of::Contact, scrub: &Scrub, sealed: bool) -> Self {
        let note = scrub.option(contact.note.as_ref());
        let number_masked = contact.number.as_ref().filter(|_| !sealed).map(domain::phone::Phone::masked);
        Self { at: contact.at, by: contact.by.to_string(), outcome: contact.outcome.into(), number_masked, note }
    }
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderAction {
    pub at: DateTime<Utc>,
    pub by: String,
    pub kind: ActionKind,
    pub what: String,
    pub parts: Option<String>,
    pub photo_ref: Option<String>,
}

impl OrderAction {
    pub(super) fn of(action: &of::Action, scrub: &Scrub) -> Self {
        Self {
            at: action.at,
            by: action.by.to_string(),
            kind: action.kind.into(),
            what: scrub.text(action.what.as_str()),
            parts: scrub.option(action.parts.as_ref()),
            photo_ref: scrub.option(action.photo_ref.as_ref()),
        }
    }
}

/// Whether the customer signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum Signature {
    /// With this name.
    #[schema(value_type = String)]
    Signed(#[ts(type = "string")] FreeText),
    Verbal,
    /// Refused, before this witness.
    #[schema(value_type = String)]
    Refused(#[ts(type = "string")] FreeText),
}

impl From<&of::Signature> for Signature {
    fn from(signature: &of::Signature) -> Self {
        match signature {
            of::Signature::Signed(name) => Self::Signed(name.clone()),
            of::Signature::Verbal => Self::Verbal,
            of::Signature::Refused(witness) => Self::Refused(witness.clone()),
        }
    }
}

impl From<Signature> for of::Signature {
    fn from(signature: Signature) -> Self {
        match signature {
            Signature::Signed(name) => Self::Signed(name),
            Signature::Verbal => Self::Verbal,
            Signature::Refused(witness) => Self::Refused(witness),
        }
    }
}

/// The signature of a customer who is sealed, or not.
fn signature(signature: &of::Signature, sealed: bool) -> Signature {
    match (signature, FreeText::parse(BLANK)) {
        (of::Signature::Signed(_), Ok(blank)) if sealed => Signature::Signed(blank),
        (one, _) => Signature::from(one),
    }
}

/// 测温单: one measurement of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct RoomTemperature {
    /// When the customer was told that somebody would come.
    pub appointed_at: Option<DateTime<Utc>>,
    pub measured_at: DateTime<Utc>,
    /// When it was written down, by the hall's clock.
    pub recorded_at: Option<DateTime<Utc>>,
    /// Who measured, as `handler:wang`.
    pub by: Option<String>,
    pub room: String,
    pub reading_tenths: i16,
    pub outdoor_tenths: Option<i16>,
    pub standard_tenths: Option<i16>,
    pub point_ok: bool,
    pub doors_shut_min: u32,
    pub stable_min: u32,
    pub instrument: String,
    pub calibrated_until: Option<NaiveDate>,
    pub signature: Signature,
    pub objection: Option<String>,
    /// Who measures again, where the customer objected.
    pub lab: Option<String>,
    /// What follows from it.
    pub result: Option<String>,
    /// Whether it is evidence: nothing is lacking.
    pub valid: bool,
    pub lacks: Vec<TemperatureLack>,
}

impl RoomTemperature {
    /// A measurement as somebody may see it; days are those of `zone`.
    #[must_use]
    pub fn of(one: &of::RoomTemperature, scrub: &Scrub, sealed: bool, zone: chrono_tz::Tz) -> Self {
        let lacks: Vec<TemperatureLack> = one.lacks(zone).map(Into::into).collect();
        Self {
            appointed_at: one.appointed_at,
            measured_at: one.measured_at,
            recorded_at: one.recorded_at,
            by: one.by.as_ref().map(ToString::to_string),
            room: scrub.text(one.room.as_str()),
            reading_tenths: one.reading_tenths,
            outdoor_tenths: one.outdoor_tenths,
            standard_tenths: one.standard_tenths,
            point_ok: one.point_ok,
            doors_shut_min: one.doors_shut_min,
            stable_min: one.stable_min,
            instrument: scrub.text(one.instrument.as_str()),
            calibrated_until: one.calibrated_until,
            signature: signature(&one.signature, sealed),
            objection: scrub.option(one.objection.as_ref()),
            lab: scrub.option(one.lab.as_ref()),
            result: scrub.option(one.result.as_ref()),
            valid: lacks.is_empty(),
            lacks,
        }
    }
}

/// How the work ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderResolution {
    pub at: DateTime<Utc>,
    pub by: String,
    pub cause: String,
    pub solved: bool,
    pub unsolved_reason: Option<String>,
    pub valid_claim: bool,
    pub out_of_scope: bool,
    pub public_reply: Option<String>,
    pub signature: Option<Signature>,
    pub refund_days: Option<u16>,
}

impl OrderResolution {
    pub(super) fn of(one: &of::Resolution, scrub: &Scrub, sealed: bool) -> Self {
        Self {
            at: one.at,
            by: one.by.to_string(),
            cause: one.cause.to_string(),
            solved: one.solved,
            unsolved_reason: scrub.option(one.unsolved_reason.as_ref()),
            valid_claim: one.valid_claim,
            out_of_scope: one.out_of_scope,
            public_reply: scrub.option(one.public_reply.as_ref()),
            signature: one.signature.as_ref().map(|one| signature(one, sealed)),
            refund_days: one.refund_days,
        }
    }
}

/// What the customer was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderReply {
    pub at: DateTime<Utc>,
    pub by: String,
    pub text: String,
}

impl OrderReply {
    pub(super) fn of(reply: &of::Reply, scrub: &Scrub) -> Self {
        Self { at: reply.at, by: reply.by.to_string(), text: scrub.text(reply.text.as_str()) }
    }
}

/// 回访: one attempt to hear from the customer how it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderCallback {
    pub at: DateTime<Utc>,
    pub by: String,
    pub reached: bool,
    pub solved: Option<bool>,
    pub grade: Option<u8>,
    pub remark: Option<String>,
}

impl OrderCallback {
    pub(super) fn of(one: &of::Callback, scrub: &Scrub) -> Self {
        Self {
            at: one.at,
            by: one.by.to_string(),
            reached: one.reached,
            solved: one.solved,
            grade: one.grade,
            remark: scrub.option(one.remark.as_ref()),
        }
    }
}

/// 退单: a team sent it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderReturn {
    pub at: DateTime<Utc>,
    pub by: String,
    pub team: Option<String>,
    pub reason: String,
    /// The reason's code, where it is one of the hall's list.
    pub code: Option<String>,
}

impl OrderReturn {
    pub(super) fn of(one: &of::Returned, scrub: &Scrub) -> Self {
        let team = one.team.as_ref().map(ToString::to_string);
        let code = one.code.as_ref().map(ToString::to_string);
        Self { at: one.at, by: one.by.to_string(), team, reason: scrub.text(one.reason.as_str()), code }
    }
}

/// 加派: another team helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderCoTeam {
    pub team: String,
    pub at: DateTime<Utc>,
    pub by: String,
    pub reason: Option<String>,
    pub due: Option<DateTime<Utc>>,
    pub done_at: Option<DateTime<Utc>>,
    /// Who said that it is done.
    pub done_by: Option<String>,
    pub overdue: bool,
}

impl OrderCoTeam {
    pub(super) fn of(one: &of::CoTeam, scrub: &Scrub) -> Self {
        Self {
            team: one.team.to_string(),
            at: one.at,
            by: one.by.to_string(),
            reason: scrub.option(one.reason.as_ref()),
            due: one.due,
            done_at: one.done_at,
            done_by: one.done_by.as_ref().map(ToString::to_string),
            overdue: one.overdue,
        }
    }
}

/// What a lead said of more time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct ExtensionDecision {
    pub granted: bool,
    pub by: String,
    pub at: DateTime<Utc>,
    pub note: Option<String>,
}

/// 延期: more time, asked for before the deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderExtension {
    pub clock: ClockKind,
    pub until: DateTime<Utc>,
    pub reason: String,
    pub by: String,
    pub at: DateTime<Utc>,
    pub decision: Option<ExtensionDecision>,
}

impl OrderExtension {
    pub(super) fn of(one: &of::Extension, scrub: &Scrub) -> Self {
        let decision = one.decision.as_ref().map(|decision| ExtensionDecision {
            granted: decision.granted,
            by: decision.by.to_string(),
            at: decision.at,
            note: scrub.option(decision.note.as_ref()),
        });
        Self {
            clock: one.clock.into(),
            until: one.until,
            reason: scrub.text(one.reason.as_str()),
            by: one.by.to_string(),
            at: one.at,
            decision,
        }
    }
}

/// 催办: the customer asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderUrge {
    pub at: DateTime<Utc>,
    pub by: String,
    /// The call; not told of a sealed caller.
    pub call: Option<String>,
    pub note: Option<String>,
}

impl OrderUrge {
    pub(super) fn of(one: &of::Urge, scrub: &Scrub, sealed: bool) -> Self {
        let call = one.call.filter(|_| !sealed).map(|call| call.to_string());
        Self { at: one.at, by: one.by.to_string(), call, note: scrub.option(one.note.as_ref()) }
    }
}

/// One line of an order's story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct StoryLine {
    #[ts(type = "number")]
    pub rev: u64,
    pub at: DateTime<Utc>,
    pub by: String,
    /// The event's type.
    #[serde(rename = "type")]
    #[ts(rename = "type")]
    pub kind: String,
    pub note: Option<String>,
    /// Who it went to, where it climbed.
    pub to: Option<Text>,
}

impl StoryLine {
    pub(super) fn of(line: &of::StoryLine, scrub: &Scrub) -> Self {
        // The number of another order is nobody's telephone number.
        let typed = !matches!(&*line.what, "work_order.merged" | "work_order.unmerged");
        Self {
            rev: line.rev,
            at: line.at,
            by: line.by.to_string(),
            kind: line.what.to_string(),
            note: line.note.as_ref().map(|note| if typed { scrub.text(note) } else { note.to_string() }),
            to: line.to.as_ref().map(Text::from),
        }
    }
}
