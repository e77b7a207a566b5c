//! What time it is: the only place that asks the system, and a manual clock for tests and simulations.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

/// Where `now` comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    /// Milliseconds since 1970 UTC, moved by whoever holds a clone.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands still until it is set.
    #[must_use]
    pub fn manual(at: DateTime<Utc>) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at.timestamp_millis())))
    }

    /// The time, cut to milliseconds: what is stored and what is shown are then the same.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            #[expect(clippy::disallowed_methods, reason = "time enters here and nowhere else")]
            Self::System => whole_ms(Utc::now().timestamp_millis()),
            Self::Manual(ms) => whole_ms(ms.load(Ordering::SeqCst)),
        }
    }

    /// Sets a manual clock; the system's is not ours to set.
    pub fn set(&self, at: DateTime<Utc>) {
        if let Self::Manual(ms) = self {
            ms.store(at.timestamp_millis(), Ordering::SeqCst);
        }
    }
}

fn whole_ms(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}
