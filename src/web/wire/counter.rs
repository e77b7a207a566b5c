//! Counters on the wire, and what is sent to work them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::hall::Committed;
use super::ticket::{Finish, Ticket};
use super::words::CounterStanding;
use crate::domain;
use crate::domain::hall::Hall;
use crate::domain::ids::{ServiceId, TicketId};
use crate::domain::profile::Offer;
use crate::domain::text::FreeText;

/// A counter as operations answer it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct CounterBrief {
    pub no: String,
    pub state: CounterStanding,
    /// The sign-in name of who opened it.
    pub clerk: Option<String>,
    /// Grows with every opening.
    #[ts(type = "number")]
    pub fence: u64,
}

impl From<&domain::counter::Counter> for CounterBrief {
    fn from(counter: &domain::counter::Counter) -> Self {
        Self {
            no: counter.no.to_string(),
            state: counter.state.into(),
            clerk: counter.clerk.as_ref().map(|clerk| clerk.name().to_owned()),
            fence: counter.fence,
        }
    }
}

/// An operation on a counter.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct CounterAnswer {
    pub counter: CounterBrief,
    #[serde(flatten)]
    #[ts(flatten)]
    pub at: Committed,
}

/// A service at a counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct OfferLook {
    pub service: String,
    pub offset_min: u32,
}

impl From<&Offer> for OfferLook {
    fn from(offer: &Offer) -> Self {
        Self { service: offer.service.to_string(), offset_min: offer.offset_min }
    }
}

/// A counter in `GET /queue`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CounterLook {
    #[serde(flatten)]
    pub counter: CounterBrief,
    pub ticket: Option<Ticket>,
    pub services: Vec<OfferLook>,
}

impl CounterLook {
    /// A counter with whom it holds.
    #[must_use]
    pub fn of(hall: &Hall, counter: &domain::counter::Counter) -> Self {
        Self {
            counter: CounterBrief::from(counter),
            ticket: counter.ticket.and_then(|id| hall.tickets.get(&id)).map(Ticket::from),
            services: counter.offers.iter().map(OfferLook::from).collect(),
        }
    }
}

/// `POST /counters/{no}/next`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NextBody {
    #[serde(default)]
    pub fence: Option<u64>,
    /// The ticket believed to be in hand; `null`: none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub expect: Option<TicketId>,
    /// How the one in hand is finished.
    #[serde(default)]
    pub finish: Option<Finish>,
}

/// `POST /counters/{no}/call`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallBody {
    #[serde(default)]
    pub fence: Option<u64>,
    #[schema(value_type = String)]
    pub ticket: TicketId,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub expect: Option<TicketId>,
    /// Why this one.
    #[schema(value_type = String)]
    pub reason: FreeText,
}

/// One service of a counter's new plan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferBody {
    #[schema(value_type = String)]
    pub service: ServiceId,
    /// Minutes by which the others must have waited longer; `null` is never, and leaves the service out.
    #[serde(default)]
    pub offset_min: Option<u32>,
}

/// `PUT /counters/{no}/services`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanBody {
    #[schema(max_items = 100)]
    pub services: Vec<OfferBody>,
}
