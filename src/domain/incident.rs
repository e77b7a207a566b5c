//! 片区事件: a trouble that many callers share, its master order, and who was attached to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::cluster::Suspicion;
use super::ids::{CategoryId, HotlineCallId, IncidentId, OrderNo};
use super::text::{FreeText, Text};

/// Incidents that are open at once.
pub const INCIDENTS_MAX: usize = 200;
/// Communities that one incident names.
pub const COMMUNITIES_MAX: usize = 100;
/// Callers attached to one incident.
pub const ATTACHED_MAX: usize = 2_000;

/// What is known of an area's trouble; what operators tell callers before they ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentFacts {
    pub title: FreeText,
    /// The communities it is about; by these a new call is matched.
    pub communities: Vec<FreeText>,
    #[serde(default)]
    pub station: Option<FreeText>,
    pub category: CategoryId,
    /// What the operator reads out.
    #[serde(default)]
    pub script: Option<Text>,
    #[serde(default)]
    pub expected_end: Option<DateTime<Utc>>,
}

/// An area's trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub id: IncidentId,
    pub facts: IncidentFacts,
    pub master: OrderNo,
    pub opened_at: DateTime<Utc>,
    pub opened_by: Arc<str>,
    /// Every attached call, with the child order by which its caller is answered.
    pub attached: BTreeMap<HotlineCallId, OrderNo>,
    #[serde(default)]
    pub resolved_at: Option<DateTime<Utc>>,
    /// What every attached caller is told.
    #[serde(default)]
    pub public_reply: Option<FreeText>,
}

impl Incident {
    /// Whether it still goes on.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.resolved_at.is_none()
    }

    /// Whether it is about a community or a station.
    #[must_use]
    pub fn covers(&self, community: Option<&FreeText>, station: Option<&FreeText>) -> bool {
        let here = community.is_some_and(|community| self.facts.communities.contains(community));
        here || self.facts.station.as_ref().is_some_and(|own| Some(own) == station)
    }
}

/// A community that may be in trouble, until somebody opens an incident or says that it is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspected {
    pub at: DateTime<Utc>,
    /// The call that raised it.
    pub call: HotlineCallId,
    pub suspicion: Suspicion,
}
