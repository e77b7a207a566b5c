//! What the server measures of itself, in the text format of Prometheus.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::app::AppState;
use crate::domain::counter::CounterState;
use crate::keeper::Condition;

/// Upper ends of the buckets of answering times, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: String,
    /// The pattern, never the path that was asked for.
    route: String,
    status: u16,
}

/// One label: a service, a state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    of: String,
}

/// Measurements of the doors. Those of the hall are read off it when they are asked for.
#[derive(Debug, Clone)]
pub struct Metrics {
    seconds: Family<Labels, Histogram, fn() -> Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)) }
    }
}

impl Metrics {
    /// Notes one answered request.
    pub fn answered(&self, method: &str, route: String, status: u16, seconds: f64) {
        let labels = Labels { method: method.to_owned(), route, status };
        self.seconds.get_or_create(&labels).observe(seconds);
    }

    /// Everything as text; `None` when it cannot be written, which would be a fault of ours.
    #[must_use]
    pub fn text(&self, state: &AppState) -> Option<String> {
        let mut registry = Registry::with_prefix("warmhall");
        registry.register("http_request_seconds", "Answering times", self.seconds.clone());
        let rev: Gauge = Gauge::default();
        let well: Gauge = Gauge::default();
        let lag: Gauge = Gauge::default();
        let (waiting, tickets, counters) = (Family::<Of, Gauge>::default(), Family::<Of, Gauge>::default(), Family::<Of, Gauge>::default());
        state.keeper.read(|hall| {
            rev.set(i64::try_from(hall.rev).unwrap_or(i64::MAX));
            for service in &hall.profile.services {
                let count = i64::try_from(hall.waiting(&service.id)).unwrap_or(i64::MAX);
                waiting.get_or_create(&Of { of: service.id.to_string() }).set(count);
            }
            for ticket in hall.tickets.values() {
                tickets.get_or_create(&Of { of: ticket.state.word().to_owned() }).inc();
            }
            for state in [CounterState::Open, CounterState::Paused, CounterState::Closed] {
                let count = hall.counters.values().filter(|counter| counter.state == state).count();
                counters.get_or_create(&Of { of: state.word().to_owned() }).set(i64::try_from(count).unwrap_or(i64::MAX));
            }
        });
        well.set(i64::from(*state.keeper.condition().borrow() == Condition::Well));
        lag.set(i64::try_from((state.health.history_lag_events)()).unwrap_or(i64::MAX));
        registry.register("journal_rev", "The last revision of the journal", rev);
        registry.register("journal_well", "1 while the journal answers", well);
        registry.register("history_lag_events", "Events that history is behind", lag);
        registry.register("waiting", "Tickets waiting, by service", waiting);
        registry.register("tickets_today", "Tickets of today, by state", tickets);
        registry.register("counters", "Counters, by state", counters);
        let mut text = String::new();
        encode(&mut text, &registry).ok()?;
        Some(text)
    }
}
