//! Something owed to a customer, with clocks, an owner and an end: what it is made of, and where it stands.

mod change;
mod step;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::hotline_call::{Address, CallerRole, Symptoms, Urgency, Vulnerable};
use super::ids::{CategoryId, CauseId, HotlineCallId, IncidentId, OrderNo, ReasonId, TeamId, TicketId};
use super::order_plan::SeasonPhase;
use super::phone::Phone;
use super::sla::{Clock, ClockKind};
use super::text::{FreeText, Language, Text};

pub use change::{EscalationCause, Intake, OrderChange, OrderEvent, ReopenCause};
pub use step::{CallbackStep, CoAssignStep, NewOrder, OrderStep, ResolveStep};

/// Entries of each list inside one order: contacts, actions, returns, call-backs, temperatures.
pub const ENTRIES_MAX: usize = 200;
/// Lines of an order's story; the oldest but the first go.
pub const STORY_LINES_MAX: usize = 400;
/// Orders merged into one.
pub const CHILDREN_MAX: usize = 2_000;
/// Teams that help with one order.
pub const CO_TEAMS_MAX: usize = 10;
/// The highest level of escalation: 班长 1, 综合服务岗 2, 分管领导 3, 上级 4 — counted from 0, nobody yet. A team's own ladder may end below.
pub const ESCALATION_MAX: u8 = 4;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Nobody knows yet which team it is for, or a team sent it back.
    Review,
    /// Waits in its team's queue, or is offered to one of its people.
    Dispatched,
    Accepted,
    Contacted,
    Arrived,
    /// 等待用户: its clocks stand still.
    WaitingCustomer,
    /// 挂账: comes back on its date.
    Deferred,
    /// Belongs to another order, and is resolved with it.
    Merged,
    /// Worked, and waits for the customer to be told.
    Resolved,
    /// The customer was told, and is to be called back.
    Replied,
    Closed,
    Withdrawn,
}

impl OrderState {
    /// Every state, in the order of an order's life.
    pub const ALL: [Self; 12] = [
        Self::Review,
        Self::Dispatched,
        Self::Accepted,
        Self::Contacted,
        Self::Arrived,
        Self::WaitingCustomer,
        Self::Deferred,
        Self::Merged,
        Self::Resolved,
        Self::Replied,
        Self::Closed,
        Self::Withdrawn,
    ];

    /// The state's word, as in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Dispatched => "dispatched",
            Self::Accepted => "accepted",
            Self::Contacted => "contacted",
            Self::Arrived => "arrived",
            Self::WaitingCustomer => "waiting_customer",
            Self::Deferred => "deferred",
            Self::Merged => "merged",
            Self::Resolved => "resolved",
            Self::Replied => "replied",
            Self::Closed => "closed",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether nothing more is owed.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Withdrawn)
    }

    /// Whether a handler has it in hand.
    #[must_use]
    pub const fn is_in_hand(self) -> bool {
        matches!(self, Self::Accepted | Self::Contacted | Self::Arrived)
    }

    /// Whether the work is done and only the customer is still to be told.
    #[must_use]
    pub const fn is_worked(self) -> bool {
        matches!(self, Self::Resolved | Self::Replied)
    }
}

/// Whose order it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Customer {
    pub name: Option<FreeText>,
    pub phone: Option<Phone>,
    pub customer_no: Option<FreeText>,
    pub role: Option<CallerRole>,
    pub vulnerable: Vec<Vulnerable>,
    pub language: Language,
}

impl Customer {
    /// Who it is, as people write it into texts.
    #[must_use]
    pub fn telling(&self) -> Vec<String> {
        let names = self.name.iter().flat_map(FreeText::as_name).chain(self.customer_no.iter().map(|no| no.as_str().to_owned()));
        names.chain(self.phone.iter().flat_map(Phone::telling)).collect()
    }
}

/// When the customer is at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appointment {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

/// Where an order came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    pub calls: Vec<HotlineCallId>,
    pub ticket: Option<TicketId>,
    /// The number that 12345 or another office gave it.
    pub external_no: Option<FreeText>,
    pub incident: Option<IncidentId>,
}

/// Who has it in hand, until when. The token fences off whoever had it before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// As `handler:wang`.
    pub handler: Arc<str>,
    pub token: u64,
    /// `None` while the order waits for its customer.
    pub until: Option<DateTime<Utc>>,
}

/// What came of ringing the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    #[default]
    Reached,
    NoAnswer,
    WrongNumber,
    Refused,
}

/// One attempt to speak with the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub at: DateTime<Utc>,
    pub by: Arc<str>,
    pub outcome: Reached,
    /// The number that was rung, where it is not the order's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Phone>,
    #[serde(default)]
    pub note: Option<FreeText>,
}

/// What an action was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    #[default]
    Work,
    /// A step of looking into a complaint.
    Investigation,
    /// Only for colleagues.
    Note,
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    pub at: DateTime<Utc>,
    pub by: Arc<str>,
    #[serde(default)]
    pub kind: ActionKind,
    pub what: FreeText,
    #[serde(default)]
    pub parts: Option<FreeText>,
    /// Where a photograph is kept; no picture is kept here.
    #[serde(default)]
    pub photo_ref: Option<FreeText>,
}

/// 测温单: one measurement of a room, with what makes it evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomTemperature {
    /// When the customer was told that somebody would come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointed_at: Option<DateTime<Utc>>,
    pub measured_at: DateTime<Utc>,
    /// When it was written down here, by the hall's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<DateTime<Utc>>,
    /// Who measured, as `handler:wang`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Arc<str>>,
    pub room: FreeText,
    /// In tenths of a degree Celsius.
    pub reading_tenths: i16,
    #[serde(default)]
    pub outdoor_tenths: Option<i16>,
    #[serde(default)]
    pub standard_tenths: Option<i16>,
    /// In the middle of the room, 1.5 m above the floor, neither covered nor in the sun.
    pub point_ok: bool,
    /// How long the doors were shut before.
    pub doors_shut_min: u32,
    /// How long the reading stood still.
    pub stable_min: u32,
    pub instrument: FreeText,
    #[serde(default)]
    pub calibrated_until: Option<NaiveDate>,
    /// `signed`, or who witnessed the refusal.
    pub signature: Signature,
    #[serde(default)]
    pub objection: Option<FreeText>,
    /// Who is to measure again, where the customer objected: a laboratory of neither side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lab: Option<FreeText>,
    /// What follows from it, in the engineer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<FreeText>,
}

/// What a measurement lacks to be evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemperatureLack {
    /// Not in the middle of the room, covered, or in the sun.
    Point,
    /// Doors were not shut long enough.
    Doors,
    /// The reading did not stand still long enough.
    Stable,
    /// The instrument's calibration had run out, or nobody says until when it holds.
    Calibration,
}

impl RoomTemperature {
    /// Minutes for which doors are shut before a reading counts.
    pub const DOORS_SHUT_MIN: u32 = 30;
    /// Minutes for which a reading stands still before it counts.
    pub const STABLE_MIN: u32 = 10;

    /// What it lacks to be evidence, by the calendar of `zone`; nothing for one that is valid.
    pub fn lacks(&self, zone: chrono_tz::Tz) -> impl Iterator<Item = TemperatureLack> {
        let day = self.measured_at.with_timezone(&zone).date_naive();
        let all = [
            (!self.point_ok, TemperatureLack::Point),
            (self.doors_shut_min < Self::DOORS_SHUT_MIN, TemperatureLack::Doors),
            (self.stable_min < Self::STABLE_MIN, TemperatureLack::Stable),
            (self.calibrated_until.is_none_or(|until| until < day), TemperatureLack::Calibration),
        ];
        all.into_iter().filter_map(|(lacks, what)| lacks.then_some(what))
    }
}

/// Whether the customer signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    Signed(FreeText),
    Verbal,
    /// Refused, before this witness.
    Refused(FreeText),
}

/// How the work ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    pub at: DateTime<Utc>,
    pub by: Arc<str>,
    pub cause: CauseId,
    pub solved: bool,
    #[serde(default)]
    pub unsolved_reason: Option<FreeText>,
    /// 诉求属实
    pub valid_claim: bool,
    /// 超职责诉求
    pub out_of_scope: bool,
    /// What the customer is told.
    #[serde(default)]
    pub public_reply: Option<FreeText>,
    #[serde(default)]
    pub signature: Option<Signature>,
    /// Days of heat to be refunded, where the city's rules ask it.
    #[serde(default)]
    pub refund_days: Option<u16>,
}

/// What the customer was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    pub at: DateTime<Utc>,
    pub by: Arc<str>,
    pub text: FreeText,
}

/// 回访: one attempt to hear from the customer how it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    pub at: DateTime<Utc>,
    pub by: Arc<str>,
    pub reached: bool,
    #[serde(default)]
    pub solved: Option<bool>,
    /// 1 (very dissatisfied) to 5 (very satisfied).
    #[serde(default)]
    pub grade: Option<u8>,
    #[serde(default)]
    pub remark: Option<FreeText>,
}

/// 退单: a team sent it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    pub at: DateTime<Utc>,
    pub by: Arc<str>,
    pub team: Option<TeamId>,
    pub reason: FreeText,
    /// The reason's code, where it is one of the hall's list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ReasonId>,
}

/// 加派: another team helps, with its own limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoTeam {
    pub team: TeamId,
    pub at: DateTime<Utc>,
    pub by: Arc<str>,
    #[serde(default)]
    pub reason: Option<FreeText>,
    #[serde(default)]
    pub due: Option<DateTime<Utc>>,
    #[serde(default)]
    pub done_at: Option<DateTime<Utc>>,
    /// Who said that it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_by: Option<Arc<str>>,
    /// Told that its limit passed.
    #[serde(default)]
    pub overdue: bool,
}

/// 延期: more time, asked for before the deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    pub clock: ClockKind,
    pub until: DateTime<Utc>,
    pub reason: FreeText,
    pub by: Arc<str>,
    pub at: DateTime<Utc>,
    #[serde(default)]
    pub decision: Option<Decision>,
}

/// What a lead said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub granted: bool,
    pub by: Arc<str>,
    pub at: DateTime<Utc>,
    #[serde(default)]
    pub note: Option<FreeText>,
}

/// 催办: the customer asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Urge {
    pub at: DateTime<Utc>,
    pub by: Arc<str>,
    #[serde(default)]
    pub call: Option<HotlineCallId>,
    #[serde(default)]
    pub note: Option<FreeText>,
}

/// One line of an order's story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryLine {
    pub rev: u64,
    pub at: DateTime<Utc>,
    pub by: Arc<str>,
    /// The event's type.
    pub what: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
    /// Who it went to, where it climbed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Text>,
}

/// The six clocks; those that do not run for an order are not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Clocks(Vec<(ClockKind, Clock)>);

impl Clocks {
    /// One clock.
    #[must_use]
    pub fn get(&self, kind: ClockKind) -> Option<&Clock> {
        self.0.iter().find(|(one, _)| *one == kind).map(|(_, clock)| clock)
    }

    /// Puts a clock in, over one of its kind.
    pub fn put(&mut self, kind: ClockKind, clock: Clock) {
        match self.0.iter_mut().find(|(one, _)| *one == kind) {
            Some((_, old)) => *old = clock,
            None => self.0.push((kind, clock)),
        }
    }

    /// Changes every clock there is.
    pub fn each(&mut self, mut change: impl FnMut(&mut Clock)) {
        for (_, clock) in &mut self.0 {
            change(clock);
        }
    }

    /// Every clock there is.
    pub fn iter(&self) -> impl Iterator<Item = (ClockKind, &Clock)> {
        self.0.iter().map(|(kind, clock)| (*kind, clock))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(ClockKind, Clock)> for Clocks {
    fn from_iter<I: IntoIterator<Item = (ClockKind, Clock)>>(clocks: I) -> Self {
        let mut all = Self::default();
        for (kind, clock) in clocks {
            all.put(kind, clock);
        }
        all
    }
}

/// How far the present work on an order has come: counted event by event, because the wall clock may have been set back meanwhile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The customer was spoken with since the order was accepted last.
    pub reached: bool,
    /// Attempts to speak with the customer since then.
    pub tries: u32,
    pub arrived: bool,
    pub acted: bool,
    /// Call-backs in vain since it was resolved last.
    pub unreached: u32,
}

/// Something owed to a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkOrder {
    pub no: OrderNo,
    /// The revision of its last change.
    pub rev: u64,
    pub created_at: DateTime<Utc>,
    pub created_by: Arc<str>,
    pub changed_at: DateTime<Utc>,
    pub origin: Origin,
    pub category: CategoryId,
    pub title: Option<FreeText>,
    pub description: Option<FreeText>,
    pub customer: Customer,
    pub address: Address,
    #[serde(default)]
    pub symptoms: Symptoms,
    pub urgency: Urgency,
    /// Nobody of the teams may know who asked.
    pub sealed: bool,
    /// Calls after the first that are about it, as long as the hall has them: they asked again, or opened it again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub later_calls: BTreeSet<HotlineCallId>,
    /// Who its callers were whose calls went to history, where its customer does not say so already. What handlers read of a
    /// sealed order is kept free of these; it may be sealed later than that.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sealed_words: BTreeSet<Arc<str>>,
    pub appointment: Option<Appointment>,
    pub phase: Option<SeasonPhase>,
    /// The preset or table its clocks were taken from, as `general@1`.
    pub clocks_by: Arc<str>,
    pub clocks: Clocks,
    pub state: OrderState,
    pub team: Option<TeamId>,
    pub lease: Option<Lease>,
    /// Everybody who had it in hand, or held it for a while: none of them makes the call-back.
    pub handlers: BTreeSet<Arc<str>>,
    pub co_teams: Vec<CoTeam>,
    pub accepted_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub progress: Progress,
    pub contacts: Vec<Contact>,
    pub arrived_at: Option<DateTime<Utc>>,
    pub actions: Vec<Action>,
    pub temperatures: Vec<RoomTemperature>,
    pub resolution: Option<Resolution>,
    pub reply: Option<Reply>,
    pub callbacks: Vec<Callback>,
    pub returns: Vec<Returned>,
    pub extension: Option<Extension>,
    pub urges: Vec<Urge>,
    pub urge_count: u32,
    /// 督办: 0 nobody, 1 lead, 2 manager …
    pub supervised: u8,
    pub escalation: u8,
    /// Who on its team's ladder it went to last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_to: Option<Text>,
    pub waiting_reason: Option<FreeText>,
    /// Until when its customer is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_until: Option<DateTime<Utc>>,
    /// Where it stood before it began to wait.
    pub waited_from: Option<OrderState>,
    pub deferred_until: Option<DateTime<Utc>>,
    pub merged_into: Option<OrderNo>,
    pub children: BTreeSet<OrderNo>,
    pub reopened: u32,
    pub closed_at: Option<DateTime<Utc>>,
    pub closed_by: Option<Arc<str>>,
    /// Who revealed the customer's number or name, and when.
    pub story: Vec<StoryLine>,
}

/// Due instants are sorted behind this when no clock runs: a hundred years, in milliseconds.
const NEVER_MS: i64 = 100 * 366 * 86_400_000;

impl WorkOrder {
    /// When the next clock is due, in Unix milliseconds; the order of its team's queue.
    #[must_use]
    pub fn next_due_ms(&self) -> i64 {
        let running = self.clocks.iter().filter(|(_, clock)| clock.running_since.is_some()).filter_map(|(_, clock)| clock.due);
        let first = running.map(|due| due.timestamp_millis()).min();
        first.unwrap_or_else(|| self.created_at.timestamp_millis() + NEVER_MS)
    }

    /// When the hall itself has something to do for it, in Unix milliseconds.
    #[must_use]
    pub fn next_event_ms(&self) -> Option<i64> {
        let marks = self.clocks.iter().filter_map(|(_, clock)| clock.next_mark().map(|(at, _)| at));
        let lease = self.lease.as_ref().and_then(|lease| lease.until);
        let co = self.helping().filter(|co| !co.overdue).filter_map(|co| co.due);
        marks.chain(lease).chain(self.deferred_until).chain(self.waiting_until).chain(co).map(|at| at.timestamp_millis()).min()
    }

    /// The teams that still help; none once the order is over.
    pub fn helping(&self) -> impl Iterator<Item = &CoTeam> {
        let over = self.state.is_over();
        self.co_teams.iter().filter(move |co| !over && co.done_at.is_none())
    }

    /// Whether it waits in its team's queue for somebody to claim it.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.state == OrderState::Dispatched && self.lease.is_none()
    }

    /// Whether the customer was spoken with, or tried often enough, since it was accepted last.
    #[must_use]
    pub const fn is_contacted(&self) -> bool {
        /// Attempts after which an unreachable customer no longer holds up the work.
        const ATTEMPTS: u32 = 3;
        self.progress.reached || self.progress.tries >= ATTEMPTS
    }

    /// Whether somebody was there since it was accepted last.
    #[must_use]
    pub const fn is_arrived(&self) -> bool {
        self.progress.arrived
    }

    /// Whether something was done since it was accepted last.
    #[must_use]
    pub const fn is_acted(&self) -> bool {
        self.progress.acted
    }

    /// Every call that is known to be about it, each once; some may be in history only.
    #[must_use]
    pub fn calls(&self) -> BTreeSet<HotlineCallId> {
        let urges = self.urges.iter().filter_map(|urge| urge.call);
        self.origin.calls.iter().chain(&self.later_calls).copied().chain(urges).collect()
    }

    /// Who its customer is and where they live, as people write it into texts.
    #[must_use]
    pub fn telling(&self) -> Vec<String> {
        let external = self.origin.external_no.iter().map(|no| no.as_str().to_owned());
        self.customer.telling().into_iter().chain(self.address.telling()).chain(external).collect()
    }

    /// Whether somebody had it in hand, by the name behind the role.
    #[must_use]
    pub fn was_handled_by(&self, name: &str) -> bool {
        let same = |handler: &str| handler.split_once(':').map_or(handler, |(_, own)| own) == name;
        self.handlers.iter().any(|handler| same(handler))
    }
}
