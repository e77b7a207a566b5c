//! How the parts of the server are, as far as they tell; the doors only ask.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::keeper::{Condition, HallKeeper};

/// Less free disk than this is an ailment, in mebibytes.
pub const DISK_FREE_MIB_MIN: u64 = 64;
/// More events than this behind the journal is an ailment.
pub const LAG_EVENTS_MAX: u64 = 50_000;

/// How the voice of the hall is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Voice {
    /// It speaks.
    Ok,
    /// No sound device, with what the system says.
    NoDevice(String),
    /// Not asked to speak here.
    Off,
}

/// Asks a part of the server how it is.
pub type Probe<T> = Arc<dyn Fn() -> T + Send + Sync>;

/// Whom to ask how things are. What is not there is well.
#[derive(Clone)]
pub struct Health {
    /// Free space where the data is, in mebibytes.
    pub disk_free_mib: Probe<Option<u64>>,
    /// Whether the private Redis runs.
    pub redis_runs: Probe<bool>,
    pub voice: Probe<Voice>,
    /// How many events history is behind the journal.
    pub history_lag_events: Probe<u64>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            disk_free_mib: Arc::new(|| None),
            redis_runs: Arc::new(|| true),
            voice: Arc::new(|| Voice::Off),
            history_lag_events: Arc::new(|| 0),
        }
    }
}

/// Why the server is not ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ailment {
    StoreAway,
    StoreUnsafe,
    RedisDown,
    DiskFull,
    HistoryBehind,
}

impl Health {
    /// What ails the server now.
    #[must_use]
    pub fn ailments(&self, keeper: &HallKeeper) -> Vec<Ailment> {
        let mut ailments = Vec::new();
        match &*keeper.condition().borrow() {
            Condition::Well => {}
            Condition::Away(_) => ailments.push(Ailment::StoreAway),
            Condition::Unsafe(_) => ailments.push(Ailment::StoreUnsafe),
        }
        if !(self.redis_runs)() {
            ailments.push(Ailment::RedisDown);
        }
        if (self.disk_free_mib)().is_some_and(|free| free < DISK_FREE_MIB_MIN) {
            ailments.push(Ailment::DiskFull);
        }
        if (self.history_lag_events)() > LAG_EVENTS_MAX {
            ailments.push(Ailment::HistoryBehind);
        }
        ailments
    }
}
