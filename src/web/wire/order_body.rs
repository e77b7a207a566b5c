//! What is sent to make work orders and to move them; where somebody has the order in hand, with the token of their lease.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::call_body::{AddressBody, SymptomsBody, Words, vulnerable};
use super::order_parts::{Appointment, Signature};
use super::order_words::{ActionKind, CallerRole, ClockKind, Reached, Urgency, Vulnerable};
use super::words::Language;
use crate::domain::ids::{CategoryId, CauseId, HotlineCallId, IncidentId, OrderNo, ReasonId, TeamId, TicketId};
use crate::domain::phone::{AreaCode, Phone};
use crate::domain::text::FreeText;
use crate::domain::work_order as of;
use crate::web::problem::Problem;

/// Whose order it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerBody {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub name: Words,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub phone: Words,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub customer_no: Words,
    #[serde(default)]
    pub role: Option<CallerRole>,
    #[serde(default)]
    pub vulnerable: Vec<Vulnerable>,
    #[serde(default)]
    pub language: Option<Language>,
}

impl CustomerBody {
    fn into_domain(self, area: Option<&AreaCode>) -> Result<of::Customer, Problem> {
        Ok(of::Customer {
            phone: self.phone.phone("customer.phone", area)?,
            name: self.name.0,
            customer_no: self.customer_no.0,
            role: self.role.map(Into::into),
            vulnerable: vulnerable(self.vulnerable),
            language: self.language.map(Into::into).unwrap_or_default(),
        })
    }
}

/// `POST /work-orders`: what is not said is taken from the call, where there is one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderBody {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub call: Option<HotlineCallId>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub ticket: Option<TicketId>,
    /// The number that 12345 or another office gave it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub external_no: Words,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub category: Option<CategoryId>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub title: Words,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub description: Words,
    #[serde(default)]
    pub customer: Option<CustomerBody>,
    #[serde(default)]
    pub address: Option<AddressBody>,
    #[serde(default)]
    pub symptoms: Option<SymptomsBody>,
    #[serde(default, alias = "priority")]
    pub urgency: Option<Urgency>,
    #[serde(default, alias = "confidential")]
    pub sealed: Option<bool>,
    #[serde(default)]
    pub appointment: Option<Appointment>,
    /// The team, where the category's or the address's own is not right.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub team: Option<TeamId>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub incident: Option<IncidentId>,
    /// A second order for the same flat is meant.
    #[serde(default)]
    pub separate: bool,
}

impl OrderBody {
    /// As the hall is asked for it.
    ///
    /// # Errors
    /// Names a number that is none, or an appointment that ends before it begins.
    pub fn into_domain(self, area: Option<&AreaCode>) -> Result<of::NewOrder, Problem> {
        if self.appointment.is_some_and(|appointment| appointment.to <= appointment.from) {
            return Err(Problem::invalid("appointment", "ends before it begins"));
        }
        Ok(of::NewOrder {
            call: self.call,
            ticket: self.ticket,
            external_no: self.external_no.0,
            category: self.category,
            title: self.title.0,
            description: self.description.0,
            customer: self.customer.map(|customer| customer.into_domain(area)).transpose()?,
            address: self.address.map(Into::into),
            symptoms: self.symptoms.map(Into::into),
            urgency: self.urgency.map(Into::into),
            sealed: self.sealed,
            appointment: self.appointment.map(|Appointment { from, to }| of::Appointment { from, to }),
            team: self.team,
            incident: self.incident,
            separate: self.separate,
        })
    }
}

/// `POST /teams/{team}/claim`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimBody {
    /// How long the offer stands, 1 to 3600 seconds; the hall's own without it.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3600)]
    pub lease_s: Option<u32>,
}

/// What stands in every step's body: the lease under which it is done, and the step itself.
pub trait StepBody {
    /// The token of the lease, and the step.
    fn step(self) -> (Option<u64>, of::OrderStep);
}

/// A number that somebody rang, or none.
#[derive(Debug, Default)]
pub struct Dialled(Option<Phone>);

impl<'de> Deserialize<'de> for Dialled {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(d)?.unwrap_or_default();
        Phone::read(&text, None).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Bodies of steps: their fields, and the step they mean.
macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident { $($(#[$attr:meta])* $field:ident: $type:ty,)* } |$body:ident| $step:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Of the lease, where the order is in somebody's hand.
            #[serde(default)]
            pub token: Option<u64>,
            $($(#[$attr])* pub $field: $type,)*
        }

        impl StepBody for $name {
            fn step(self) -> (Option<u64>, of::OrderStep) {
                let $body = self;
                ($body.token, $step)
            }
        }
    )*};
}

fn yes() -> bool {
    true
}

fn reached() -> Reached {
    Reached::Reached
}

fn work() -> ActionKind {
    ActionKind::Work
}

fn resolve() -> ClockKind {
    ClockKind::Resolve
}

steps! {
    /// `…/dispatch`: to a team; a wrong category is put right on the way.
    DispatchBody {
        #[schema(value_type = String)]
        team: TeamId,
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        category: Option<CategoryId>,
    } |body| of::OrderStep::Dispatch { team: body.team, category: body.category };

    /// `…/accept`.
    AcceptBody {} |body| of::OrderStep::Accept;

    /// `…/contact`.
    ContactBody {
        #[serde(default = "reached")]
        outcome: Reached,
        /// The number that was rung, where it is not the order's own.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        number: Dialled,
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        note: Words,
    } |body| of::OrderStep::Contact { outcome: body.outcome.into(), number: body.number.0, note: body.note.0 };

    /// `…/arrive`.
    ArriveBody {
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        note: Words,
    } |body| of::OrderStep::Arrive { note: body.note.0 };

    /// `…/act`.
    ActBody {
        #[serde(default = "work")]
        kind: ActionKind,
        #[schema(value_type = String)]
        what: FreeText,
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        parts: Words,
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        photo_ref: Words,
    } |body| of::OrderStep::Act { kind: body.kind.into(), what: body.what, parts: body.parts.0, photo_ref: body.photo_ref.0 };

    /// `…/measure`: a room's temperature, with what makes it evidence.
    MeasureBody {
        /// When the customer was told that somebody would come.
        #[serde(default)]
        appointed_at: Option<DateTime<Utc>>,
        measured_at: DateTime<Utc>,
        #[schema(value_type = String)]
        room: FreeText,
        /// In tenths of a degree Celsius, like the others.
        reading_tenths: i16,
        #[serde(default)]
        outdoor_tenths: Option<i16>,
        #[serde(default)]
        standard_tenths: Option<i16>,
        /// In the middle of the room, 1.5 m above the floor, neither covered nor in the sun.
        point_ok: bool,
        doors_shut_min: u32,
        stable_min: u32,
        #[schema(value_type = String)]
        instrument: FreeText,
        #[serde(default)]
        calibrated_until: Option<NaiveDate>,
        signature: Signature,
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        objection: Words,
        /// Who measures again, where the customer objected.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        lab: Words,
        /// What follows from it.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        result: Words,
    } |body| of::OrderStep::Measure(Box::new(of::RoomTemperature {
        appointed_at: body.appointed_at,
        measured_at: body.measured_at,
        recorded_at: None,
        by: None,
        room: body.room,
        reading_tenths: body.reading_tenths,
        outdoor_tenths: body.outdoor_tenths,
        standard_tenths: body.standard_tenths,
        point_ok: body.point_ok,
        doors_shut_min: body.doors_shut_min,
        stable_min: body.stable_min,
        instrument: body.instrument,
        calibrated_until: body.calibrated_until,
        signature: body.signature.into(),
        objection: body.objection.0,
        lab: body.lab.0,
        result: body.result.0,
    }));

    /// `…/resolve`.
    ResolveBody {
        /// What was done, where it was not recorded before.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        action: Words,
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        parts: Words,
        #[schema(value_type = String)]
        cause: CauseId,
        #[serde(default = "yes")]
        solved: bool,
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        unsolved_reason: Words,
        #[serde(default = "yes")]
        valid_claim: bool,
        #[serde(default)]
        out_of_scope: bool,
        /// What the customer is told.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        public_reply: Words,
        #[serde(default)]
        signature: Option<Signature>,
        #[serde(default)]
        refund_days: Option<u16>,
    } |body| of::OrderStep::Resolve(Box::new(of::ResolveStep {
        action: body.action.0,
        parts: body.parts.0,
        cause: body.cause,
        solved: body.solved,
        unsolved_reason: body.unsolved_reason.0,
        valid_claim: body.valid_claim,
        out_of_scope: body.out_of_scope,
        public_reply: body.public_reply.0,
        signature: body.signature.map(Into::into),
        refund_days: body.refund_days,
    }));

    /// `…/reply`.
    ReplyBody {
        #[serde(alias = "public_reply")]
        #[schema(value_type = String)]
        text: FreeText,
    } |body| of::OrderStep::Reply { text: body.text };

    /// `…/callback`.
    CallbackBody {
        #[serde(default = "yes")]
        reached: bool,
        #[serde(default)]
        solved: Option<bool>,
        /// 1 (very dissatisfied) to 5 (very satisfied).
        #[serde(default)]
        #[schema(minimum = 1, maximum = 5)]
        grade: Option<u8>,
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        remark: Words,
        /// After enough attempts in vain: close it all the same.
        #[serde(default)]
        give_up: bool,
    } |body| of::OrderStep::Callback(of::CallbackStep {
        reached: body.reached,
        solved: body.solved,
        grade: body.grade,
        remark: body.remark.0,
        give_up: body.give_up,
    });

    /// `…/return`.
    ReturnBody {
        /// A reason of the hall's list.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        code: Option<ReasonId>,
        /// In words, or a reason's code; needed where no code is given.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        reason: Words,
    } |body| of::OrderStep::Return { code: body.code, reason: body.reason.0 };

    /// `…/reassign`.
    ReassignBody {
        #[schema(value_type = String)]
        team: TeamId,
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        reason: Words,
    } |body| of::OrderStep::Reassign { team: body.team, reason: body.reason.0 };

    /// `…/co-assign`.
    CoAssignBody {
        #[schema(value_type = String)]
        team: TeamId,
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        reason: Words,
        /// Its own limit, in minutes.
        #[serde(default)]
        limit_min: Option<u32>,
    } |body| of::OrderStep::CoAssign(of::CoAssignStep { team: body.team, reason: body.reason.0, limit_min: body.limit_min });

    /// `…/co-finish`.
    CoFinishBody {
        #[schema(value_type = String)]
        team: TeamId,
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        note: Words,
    } |body| of::OrderStep::CoFinish { team: body.team, note: body.note.0 };

    /// `…/urge`.
    UrgeBody {
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        call: Option<HotlineCallId>,
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        note: Words,
    } |body| of::OrderStep::Urge { call: body.call, note: body.note.0 };

    /// `…/supervise`.
    SuperviseBody {
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        note: Words,
    } |body| of::OrderStep::Supervise { note: body.note.0 };

    /// `…/extend`.
    ExtendBody {
        #[serde(default = "resolve")]
        clock: ClockKind,
        until: DateTime<Utc>,
        #[schema(value_type = String)]
        reason: FreeText,
    } |body| of::OrderStep::Extend { clock: body.clock.into(), until: body.until, reason: body.reason };

    /// `…/grant`.
    GrantBody {
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        note: Words,
    } |body| of::OrderStep::Grant { note: body.note.0 };

    /// `…/deny`.
    DenyBody {
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        note: Words,
    } |body| of::OrderStep::Deny { note: body.note.0 };

    /// `…/wait`.
    WaitBody {
        #[schema(value_type = String)]
        reason: FreeText,
        /// When the order goes back to its queue without its customer, at most 30 days from now; three days without it.
        #[serde(default)]
        until: Option<DateTime<Utc>>,
    } |body| of::OrderStep::Wait { reason: body.reason, until: body.until };

    /// `…/continue`.
    ContinueBody {
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        note: Words,
    } |body| of::OrderStep::Continue { note: body.note.0 };

    /// `…/defer`.
    DeferBody {
        /// The service day on which it comes back.
        until: NaiveDate,
        #[schema(value_type = String)]
        reason: FreeText,
    } |body| of::OrderStep::Defer { until: body.until, reason: body.reason };

    /// `…/merge`.
    MergeBody {
        /// The order it becomes a part of.
        #[schema(value_type = String)]
        into: OrderNo,
    } |body| of::OrderStep::Merge { into: body.into };

    /// `…/unmerge`.
    UnmergeBody {} |body| of::OrderStep::Unmerge;

    /// `…/reopen`.
    ReopenBody {
        #[schema(value_type = String)]
        reason: FreeText,
    } |body| of::OrderStep::Reopen { reason: body.reason };

    /// `…/withdraw`.
    WithdrawBody {
        #[schema(value_type = String)]
        reason: FreeText,
    } |body| of::OrderStep::Withdraw { reason: body.reason };

    /// `…/reveal`.
    RevealBody {
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        reason: Words,
    } |body| of::OrderStep::Reveal { reason: body.reason.0 };
}
