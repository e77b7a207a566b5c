//! Work orders on the wire: as lists and live screens show them, and whole with their story; identities masked, sealed ones kept.

use chrono::{DateTime, Days, Utc};
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use super::hall::{Committed, Text};
use super::order_parts::{
    Address, Appointment, NextClock, OrderAction, OrderCallback, OrderClocks, OrderCoTeam, OrderContact, OrderCustomer, OrderExtension,
    OrderLease, OrderOrigin, OrderReply, OrderResolution, OrderReturn, OrderUrge, Revealed, RoomTemperature, StoryLine, Symptoms,
};
use super::order_words::{OrderState, SeasonPhase, Urgency};
use super::reader::{Reader, Scrub, masked_name};
use crate::domain;
use crate::domain::hall::Hall;
use crate::domain::ids::TeamId;
use crate::domain::phone::Phone;
use crate::domain::text::FreeText;

/// An order as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OrderBrief {
    /// `20261123-0001`.
    pub no: String,
    pub state: OrderState,
    pub category: String,
    pub category_name: Text,
    pub title: Option<String>,
    pub urgency: Urgency,
    pub team: Option<String>,
    pub team_name: Option<Text>,
    /// Who has it in hand, as `handler:wang`.
    pub handler: Option<String>,
    pub community: Option<String>,
    pub building: Option<String>,
    /// `null` where the caller is sealed and the reader handles orders; so is the room.
    pub unit: Option<String>,
    pub room: Option<String>,
    pub customer_masked: Option<String>,
    pub phone_masked: Option<String>,
    /// Nobody of the teams may know who asked.
    pub sealed: bool,
    pub created_at: DateTime<Utc>,
    pub next_clock: Option<NextClock>,
    /// 0 to 4.
    pub escalation: u8,
    /// Who on its team's ladder it went to last.
    pub escalated_to: Option<Text>,
    pub supervised: u8,
    /// How often the customer asked again.
    pub urges: u32,
    pub reopened: u32,
    pub deferred_until: Option<DateTime<Utc>>,
    pub merged_into: Option<String>,
    /// How many orders were merged into it.
    pub children: usize,
    pub incident: Option<String>,
}

/// The name of a category, or its code where the hall no longer knows it.
#[must_use]
pub fn category_name(hall: &Hall, id: &domain::ids::CategoryId) -> Text {
    let known = hall.profile.orders.category(id).map(|category| Text::from(&category.name));
    known.unwrap_or_else(|| Text { zh: id.to_string(), en: id.to_string() })
}

/// The name of a team, or its id where the hall no longer knows it.
#[must_use]
pub fn team_name(hall: &Hall, id: &TeamId) -> Text {
    let known = hall.profile.orders.team(id).map(|team| Text::from(&team.name));
    known.unwrap_or_else(|| Text { zh: id.to_string(), en: id.to_string() })
}

impl OrderBrief {
    /// An order as `reader` may see it at `now`.
    #[must_use]
    pub fn of(hall: &Hall, order: &domain::work_order::WorkOrder, reader: &Reader, now: DateTime<Utc>) -> Self {
        let kept = reader.is_kept_from(order);
        let scrub = Scrub::of(hall, order, reader);
        let (address, customer) = (&order.address, &order.customer);
        let told = |text: Option<&FreeText>| text.filter(|_| !kept).map(|text| text.as_str().to_owned());
        Self {
            no: order.no.to_string(),
            state: order.state.into(),
            category: order.category.to_string(),
            category_name: category_name(hall, &order.category),
            title: scrub.option(order.title.as_ref()),
            urgency: order.urgency.into(),
            team: order.team.as_ref().map(ToString::to_string),
            team_name: order.team.as_ref().map(|team| team_name(hall, team)),
            handler: order.lease.as_ref().map(|lease| lease.handler.to_string()),
            community: address.community.as_ref().map(|text| text.as_str().to_owned()),
            building: address.building.as_ref().map(|text| text.as_str().to_owned()),
            unit: told(address.unit.as_ref()),
            room: told(address.room.as_ref()),
            customer_masked: customer.name.as_ref().filter(|_| !kept).map(masked_name),
            phone_masked: customer.phone.as_ref().filter(|_| !kept).map(Phone::masked),
            sealed: order.sealed,
            created_at: order.created_at,
            next_clock: NextClock::of(order, now),
            escalation: order.escalation,
            escalated_to: order.escalated_to.as_ref().map(Text::from),
            supervised: order.supervised,
            urges: order.urge_count,
            reopened: order.reopened,
            deferred_until: order.deferred_until,
            merged_into: order.merged_into.map(|no| no.to_string()),
            children: order.children.len(),
            incident: order.origin.incident.map(|incident| incident.to_string()),
        }
    }
}

/// An order with its whole story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct WorkOrder {
    #[serde(flatten)]
    #[ts(flatten)]
    pub brief: OrderBrief,
    pub description: Option<String>,
    pub symptoms: Symptoms,
    /// `null` where the caller is sealed and the reader handles orders.
    pub customer: Option<OrderCustomer>,
    pub address: Address,
    pub origin: OrderOrigin,
    pub appointment: Option<Appointment>,
    pub phase: Option<SeasonPhase>,
    /// Where the limits of its clocks came from, as `general@1`.
    pub clocks_by: String,
    pub clocks: OrderClocks,
    pub lease: Option<OrderLease>,
    /// Everybody who had it in hand: none of them calls the customer back.
    pub handlers: Vec<String>,
    pub co_teams: Vec<OrderCoTeam>,
    pub accepted_at: Option<DateTime<Utc>>,
    pub contacts: Vec<OrderContact>,
    pub arrived_at: Option<DateTime<Utc>>,
    pub actions: Vec<OrderAction>,
    pub temperatures: Vec<RoomTemperature>,
    pub resolution: Option<OrderResolution>,
    pub reply: Option<OrderReply>,
    pub callbacks: Vec<OrderCallback>,
    pub returns: Vec<OrderReturn>,
    pub extension: Option<OrderExtension>,
    pub urges_list: Vec<OrderUrge>,
    /// The orders that were merged into it.
    pub children_list: Vec<String>,
    pub waiting_reason: Option<String>,
    /// When it goes back to its queue, should its customer not come back to it before.
    pub waiting_until: Option<DateTime<Utc>>,
    pub created_by: String,
    pub closed_at: Option<DateTime<Utc>>,
    pub closed_by: Option<String>,
    /// Until when it is kept; `null` while it is open.
    pub retention_until: Option<DateTime<Utc>>,
    pub story: Vec<StoryLine>,
}

impl WorkOrder {
    /// An order as `reader` may see it at `now`.
    #[must_use]
    pub fn of(hall: &Hall, order: &domain::work_order::WorkOrder, reader: &Reader, now: DateTime<Utc>) -> Self {
        let kept = reader.is_kept_from(order);
        let scrub = &Scrub::of(hall, order, reader);
        let (address, origin) = (Address::from(&order.address), OrderOrigin::from(&order.origin));
        Self {
            brief: OrderBrief::of(hall, order, reader, now),
            description: scrub.option(order.description.as_ref()),
            symptoms: Symptoms::of(&order.symptoms, scrub),
            customer: (!kept).then(|| OrderCustomer::from(&order.customer)),
            address: if kept { address.without_flat() } else { address },
            origin: if kept { origin.without_callers() } else { origin },
            appointment: order.appointment.map(Into::into),
            phase: order.phase.map(Into::into),
            clocks_by: order.clocks_by.to_string(),
            clocks: OrderClocks::of(order, hall.profile.working(), now),
            lease: order.lease.as_ref().map(|lease| OrderLease::of(lease, &reader.actor)),
            handlers: order.handlers.iter().map(ToString::to_string).collect(),
            co_teams: order.co_teams.iter().map(|one| OrderCoTeam::of(one, scrub)).collect(),
            accepted_at: order.accepted_at,
            contacts: order.contacts.iter().map(|one| OrderContact::of(one, scrub, kept)).collect(),
            arrived_at: order.arrived_at,
            actions: order.actions.iter().map(|one| OrderAction::of(one, scrub)).collect(),
            temperatures: order.temperatures.iter().map(|one| RoomTemperature::of(one, scrub, kept, hall.profile.calendar.zone)).collect(),
            resolution: order.resolution.as_ref().map(|one| OrderResolution::of(one, scrub, kept)),
            reply: order.reply.as_ref().map(|one| OrderReply::of(one, scrub)),
            callbacks: order.callbacks.iter().map(|one| OrderCallback::of(one, scrub)).collect(),
            returns: order.returns.iter().map(|one| OrderReturn::of(one, scrub)).collect(),
            extension: order.extension.as_ref().map(|one| OrderExtension::of(one, scrub)),
            urges_list: order.urges.iter().map(|one| OrderUrge::of(one, scrub, kept)).collect(),
            children_list: order.children.iter().map(ToString::to_string).collect(),
            waiting_reason: scrub.option(order.waiting_reason.as_ref()),
            waiting_until: order.waiting_until,
            created_by: order.created_by.to_string(),
            closed_at: order.closed_at,
            closed_by: order.closed_by.as_ref().map(ToString::to_string),
            retention_until: None,
            story: order.story.iter().map(|line| StoryLine::of(line, scrub)).collect(),
        }
    }
}

impl WorkOrder {
    /// With the day until which it is kept, where orders are kept for so many days after their end.
    #[must_use]
    pub fn kept_for(mut self, days: u32) -> Self {
        let until = self.closed_at.and_then(|at| at.checked_add_days(Days::new(days.into())));
        self.retention_until = until.filter(|_| days > 0);
        self
    }
}

/// The lease that a claim or a step gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct GivenLease {
    /// To be sent with every further step.
    #[ts(type = "number")]
    pub token: u64,
    /// `null` while the order waits for its customer.
    pub until: Option<DateTime<Utc>>,
}

impl GivenLease {
    /// The lease of an order, where `actor` is its holder.
    #[must_use]
    pub fn of(order: &domain::work_order::WorkOrder, actor: &str) -> Option<Self> {
        let lease = order.lease.as_ref().filter(|lease| *lease.handler == *actor)?;
        Some(Self { token: lease.token, until: lease.until })
    }
}

/// `POST /work-orders`.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct OrderMade {
    pub work_order: WorkOrder,
    /// The flat had an open order about the same: that one was urged, and none was made.
    pub urged: bool,
    /// The flat had one that was worked or closed lately: that one was opened again.
    pub reopened: bool,
    #[serde(flatten)]
    #[ts(flatten)]
    pub at: Committed,
}

/// A step of an order.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct OrderAnswer {
    pub work_order: WorkOrder,
    /// Where the caller holds it.
    pub lease: Option<GivenLease>,
    #[serde(flatten)]
    #[ts(flatten)]
    pub at: Committed,
}

/// `…/reveal`.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct RevealAnswer {
    pub work_order: WorkOrder,
    pub lease: Option<GivenLease>,
    pub customer: Revealed,
    #[serde(flatten)]
    #[ts(flatten)]
    pub at: Committed,
}

/// `POST /teams/{team}/claim`; both `null` when nothing waits that fits.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct ClaimAnswer {
    pub work_order: Option<WorkOrder>,
    pub lease: Option<GivenLease>,
    #[serde(flatten)]
    #[ts(flatten)]
    pub at: Committed,
}
