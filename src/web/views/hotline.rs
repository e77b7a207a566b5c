//! The hotline's screen: who rings, what is missed, incidents, desks, and how the teams stand. For operators and leads.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use super::Around;
use crate::domain::hall::Hall;
use crate::domain::order_plan::TeamPlan;
use crate::domain::orders::Desk;
use crate::domain::telephone::{CallBack, Dialled, PhoneCall, Tally};
use crate::web::wire::hall::Text;
use crate::web::wire::incident::{Incident, Suspicion};
use crate::web::wire::order::OrderBrief;
use crate::web::wire::order_words::PhoneState;
use crate::web::wire::reader::Reader;

/// Incidents that a screen lists.
pub const INCIDENTS_SHOWN_MAX: usize = 50;
/// Calls that ring or are spoken, on one screen.
pub const RINGING_SHOWN_MAX: usize = 50;
/// Missed callers on one screen.
pub const MISSED_SHOWN_MAX: usize = 50;
/// Calls that are being logged, on one screen.
pub const OPEN_CALLS_SHOWN_MAX: usize = 100;
/// Orders that wait for their call-back, or that climbed, on one screen.
pub const ORDERS_SHOWN_MAX: usize = 20;

/// A call that rings or is spoken. Whoever picks it up is told the number by the record that then begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct RingingCall {
    pub phone_call: String,
    /// The customer's number; `null` where it is withheld, or none that can be rung.
    pub caller_masked: Option<String>,
    /// Seat or name of whoever answered or is being rung.
    pub agent: Option<String>,
    pub agent_name: Option<String>,
    /// Everybody who answered, one after the other where it was transferred: the call is on each one's screen.
    pub answerers: Vec<String>,
    pub queue: Option<String>,
    pub since: DateTime<Utc>,
    pub state: PhoneState,
    /// The record that somebody writes of it.
    pub hotline_call: Option<String>,
}

impl From<&PhoneCall> for RingingCall {
    fn from(call: &PhoneCall) -> Self {
        let own = |text: Option<&str>| text.map(ToOwned::to_owned);
        Self {
            phone_call: call.id.to_string(),
            caller_masked: call.customer().as_ref().map(Dialled::masked),
            agent: own(call.agent()),
            agent_name: own(call.agent_name()),
            answerers: call.answerers().map(ToOwned::to_owned).collect(),
            queue: own(call.queue()),
            since: call.answered_at().or_else(|| call.rang_at()).unwrap_or(call.first_seen),
            state: call.state().into(),
            hotline_call: call.hotline_call().map(|id| id.to_string()),
        }
    }
}

/// A caller whose calls were missed. Whoever rings back is told the number by the record of the call-back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct MissedCaller {
    /// The last of the missed calls; handling it settles all of them.
    pub phone_call: String,
    /// `null` for all together who showed no number that can be rung.
    pub caller_masked: Option<String>,
    pub misses: usize,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub queue: Option<String>,
}

impl From<CallBack> for MissedCaller {
    fn from(one: CallBack) -> Self {
        Self {
            phone_call: one.last_call.to_string(),
            caller_masked: one.caller.as_ref().map(Dialled::masked),
            misses: one.count,
            first_at: one.first_at,
            last_at: one.last_at,
            queue: one.queue.map(|queue| queue.to_string()),
        }
    }
}

/// How much waits for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct DeskCounts {
    /// Somebody has to say which team it is for.
    pub review: usize,
    /// Somebody has to call the customer back.
    pub callback: usize,
    /// A lead has to say yes or no to more time.
    pub extension: usize,
}

impl DeskCounts {
    pub(super) fn of(hall: &Hall) -> Self {
        let count = |desk: Desk| hall.orders.desk_count(desk);
        Self { review: count(Desk::Review), callback: count(Desk::Callback), extension: count(Desk::Extension) }
    }
}

/// How a team stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct TeamLoad {
    pub id: String,
    pub name: Text,
    pub waiting: usize,
    pub held: usize,
    pub overdue: usize,
}

impl TeamLoad {
    fn of(hall: &Hall, team: &TeamPlan, now: DateTime<Utc>) -> Self {
        Self {
            id: team.id.to_string(),
            name: Text::from(&team.name),
            waiting: hall.orders.waiting(&team.id),
            held: hall.orders.held_for_count(&team.id),
            overdue: hall.orders.overdue(&team.id, now.timestamp_millis()),
        }
    }

    pub(super) fn of_all(hall: &Hall, now: DateTime<Utc>) -> Vec<Self> {
        hall.profile.orders.teams.iter().map(|team| Self::of(hall, team, now)).collect()
    }
}

/// A call that is being logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct OpenCall {
    pub id: String,
    pub operator: String,
    pub logged_at: DateTime<Utc>,
    pub community: Option<String>,
}

/// What the exchange told of today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct PhoneToday {
    pub offered: u32,
    pub answered: u32,
    pub within_15_s: u32,
    /// Answered calls of which the wait is known: of these the share is told.
    pub wait_known: u32,
    pub missed: u32,
}

impl From<Tally> for PhoneToday {
    fn from(tally: Tally) -> Self {
        let Tally { offered, answered, wait_known, answered_within_15s: within_15_s, missed, .. } = tally;
        Self { offered, answered, within_15_s, wait_known, missed }
    }
}

/// What the hotline did today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct HotlineToday {
    pub logged: u32,
    pub ended: u32,
    #[ts(type = "Record<string, number>")]
    pub by_disposition: BTreeMap<String, u32>,
    /// Missed calls that were given up today: nobody had returned them as long as they are remembered.
    pub lapsed: u32,
    /// `null` where no exchange tells of its calls: then there is no answer rate to show.
    pub telephone: Option<PhoneToday>,
}

/// What the hotline's screen shows.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct HotlineState {
    pub at: DateTime<Utc>,
    /// Open ones, newest first.
    pub incidents: Vec<Incident>,
    pub suspicions: Vec<Suspicion>,
    pub ringing: Vec<RingingCall>,
    /// Whoever waits longest first.
    pub missed: Vec<MissedCaller>,
    /// How many there are, shown or not.
    pub missed_count: usize,
    pub desks: DeskCounts,
    /// Most urgent first, at most twenty.
    pub callbacks: Vec<OrderBrief>,
    /// Oldest first.
    pub open_calls: Vec<OpenCall>,
    pub today: HotlineToday,
    pub teams: Vec<TeamLoad>,
}

/// Incidents that go on, newest first.
pub(super) fn open_incidents(hall: &Hall) -> Vec<Incident> {
    hall.hotline.open_incidents().take(INCIDENTS_SHOWN_MAX).map(Incident::from).collect()
}

/// The hotline's screen.
#[must_use]
pub fn hotline(hall: &Hall, around: &Around<'_>) -> HotlineState {
    let hotline = &hall.hotline;
    let reader = Reader::desk_screen();
    let callbacks = hall.orders.at_desk(Desk::Callback).take(ORDERS_SHOWN_MAX);
    HotlineState {
        at: around.now,
        incidents: open_incidents(hall),
        suspicions: hotline.suspicions.iter().map(Suspicion::from).collect(),
        ringing: hotline.telephone.live().take(RINGING_SHOWN_MAX).map(RingingCall::from).collect(),
        missed: hotline.telephone.call_backs(None).take(MISSED_SHOWN_MAX).map(Into::into).collect(),
        missed_count: hotline.telephone.call_back_count(),
        desks: DeskCounts::of(hall),
        callbacks: callbacks.map(|order| OrderBrief::of(hall, order, &reader, around.now)).collect(),
        open_calls: open_calls(hall),
        today: today(hall, around.now),
        teams: TeamLoad::of_all(hall, around.now),
    }
}

fn open_calls(hall: &Hall) -> Vec<OpenCall> {
    let open = hall.hotline.open_calls().take(OPEN_CALLS_SHOWN_MAX).map(|call| OpenCall {
        id: call.id.to_string(),
        operator: call.operator.to_string(),
        logged_at: call.logged_at,
        community: call.fields.address.community.as_ref().map(|community| community.as_str().to_owned()),
    });
    open.collect()
}

fn today(hall: &Hall, now: DateTime<Utc>) -> HotlineToday {
    let tally = &hall.hotline.today;
    let start = hall.profile.calendar.service_day_start(hall.day_at(now));
    // The quarter that has begun counts as a whole.
    let counts = hall.hotline.telephone.counts(start, now + chrono::TimeDelta::minutes(15));
    let word = |disposition| match serde_json::to_value(disposition) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    };
    HotlineToday {
        logged: tally.logged,
        ended: tally.ended,
        lapsed: tally.lapsed,
        by_disposition: tally.by_disposition.iter().map(|(disposition, count)| (word(*disposition), *count)).collect(),
        telephone: counts.map(|counts| PhoneToday::from(counts.total)),
    }
}
