//! How long one will wait: a range, from playing the hall forward by the very rule that calls numbers.
//!
//! A place is *called* in a rollout when the counter that becomes free would choose it. A newcomer changes nothing for
//! those who are called before, so one rollout answers for every service, class and place that is asked about.
//! What nobody foresees is learnt during the day by [`Calibration`].

mod calibration;
mod pace;
mod rollout;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use calibration::Calibration;
pub use pace::OBSERVED_MAX;

use super::line::Place;

/// Tickets played in a rollout; when more wait, each one played stands for several.
pub const TICKETS_MAX: usize = 2_000;
/// No range says more than this, minutes.
pub const WAIT_MIN_MAX: u32 = 720;

const MINUTE_MS: i64 = 60_000;

/// What the hall looks like now. Services are indices into `services` and `lines`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    /// Milliseconds since 1970 UTC.
    pub now_ms: i64,
    pub services: Vec<ServicePace>,
    /// One for each service: who waits now and may be called.
    pub lines: Vec<LineNow>,
    pub counters: Vec<CounterNow>,
    pub pauses: PausePace,
    /// Who is still to come: only classes with a credit matter, and services that a counter sees as earlier than others. May
    /// be empty.
    pub arrivals: Vec<ArrivalPace>,
}

/// How often somebody of one class comes for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrivalPace {
    pub service: usize,
    /// The time credit of the class, milliseconds.
    pub credit_ms: i64,
    /// Mean time from one to the next lately, milliseconds; 0 is never.
    pub gap_ms: u32,
}

/// How often clerks pause, which nobody announces: lunch, a meeting, a question at the back office.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PausePace {
    /// Mean time from one pause of a counter to the next, milliseconds; 0 is never.
    pub every_ms: u32,
    /// Mean length of a pause, milliseconds.
    pub length_ms: u32,
}

impl Default for PausePace {
    /// Before a hall knows better: three pauses in an eight-hour day, a quarter of an hour each.
    fn default() -> Self {
        Self { every_ms: 160 * 60_000, length_ms: 15 * 60_000 }
    }
}

/// How long a service takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServicePace {
    /// The mean that people configured, milliseconds.
    pub configured_ms: u32,
    /// How long it took today, from the call to the finish, milliseconds, oldest first; only who came. The newest
    /// [`OBSERVED_MAX`] count.
    pub observed_ms: Vec<u32>,
    /// Of a thousand called, how many do not come.
    pub no_show_permille: u16,
    /// How long a counter waits for somebody who does not come, milliseconds.
    pub no_show_ms: u32,
}

/// Who waits for a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineNow {
    /// The places in order; the first [`TICKETS_MAX`] are enough.
    pub places: Vec<Place>,
    /// How many more wait behind the listed ones.
    pub unlisted: usize,
}

/// A counter and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterNow {
    pub offers: Vec<OfferNow>,
    pub availability: Availability,
}

/// A service that a counter takes, when the others have waited `offset_ms` less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfferNow {
    pub service: usize,
    pub offset_ms: i64,
}

/// Whether a counter can take somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// Open, with nobody in hand.
    Idle,
    /// Open, with somebody in hand since `since_ms` (the call).
    Busy { service: usize, since_ms: i64 },
    /// Paused; the clerk will be back, nobody knows when.
    Paused,
    /// Closed until `back_ms`; `None` is not today.
    Away { back_ms: Option<i64> },
}

/// A place somebody has, or would have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub service: usize,
    pub place: Place,
}

impl Asked {
    /// Somebody who takes a number for `service` at `now_ms` with the credit of a class.
    #[must_use]
    pub const fn newcomer(service: usize, now_ms: i64, credit_ms: i64) -> Self {
        Self { service, place: Place { score_ms: now_ms.saturating_sub(credit_ms), order: u64::MAX } }
    }
}

/// What the rollouts say before calibration: of ten rollouts, two were called before `low_ms` and two after `high_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    pub low_ms: i64,
    pub median_ms: i64,
    pub high_ms: i64,
}

/// The wait people are told, in minutes: "about 10 to 18 minutes".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    pub low_min: u32,
    pub high_min: u32,
}

impl Range {
    /// A range rounded outward: to the minute below half an hour, to five minutes below an hour and a half, then to ten.
    /// The upper end is at least a minute and at least the lower.
    #[must_use]
    pub fn outward(low_ms: i64, high_ms: i64) -> Self {
        let low_ms = low_ms.max(0);
        let high_ms = high_ms.max(low_ms).max(1);
        let low = (low_ms / MINUTE_MS) / step(low_ms) * step(low_ms);
        let step_ms = step(high_ms) * MINUTE_MS;
        let high = (high_ms / step_ms + i64::from(high_ms % step_ms != 0)).saturating_mul(step(high_ms));
        let bounded = |minutes: i64| u32::try_from(minutes).unwrap_or(WAIT_MIN_MAX).min(WAIT_MIN_MAX);
        Self { low_min: bounded(low), high_min: bounded(high) }
    }

    /// Whether somebody who waited this long was told the truth: not longer than the upper end.
    #[must_use]
    pub fn kept(self, waited_ms: i64) -> bool {
        waited_ms <= i64::from(self.high_min) * MINUTE_MS
    }
}

/// To how many minutes a wait is rounded.
const fn step(wait_ms: i64) -> i64 {
    const HALF_HOUR_MS: i64 = 30 * MINUTE_MS;
    const LONG_MS: i64 = 90 * MINUTE_MS;
    if wait_ms < HALF_HOUR_MS {
        1
    } else if wait_ms < LONG_MS {
        5
    } else {
        10
    }
}

/// What newcomers of the ordinary class would be told now, for every service that a counter will serve, from one set
/// of rollouts. The same input and seed give the same answer.
#[must_use]
pub fn forecast_arrivals(input: &Input, calibration: &Calibration, seed: u64) -> BTreeMap<usize, Range> {
    let asked: Vec<Asked> = (0..input.services.len()).map(|service| Asked::newcomer(service, input.now_ms, 0)).collect();
    let estimates = estimate(input, &asked, seed);
    estimates.into_iter().enumerate().filter_map(|(service, one)| Some((service, calibration.range(one?)))).collect()
}

/// What one person would be told: a newcomer ([`Asked::newcomer`]) or somebody waiting. `None` when no counter will serve it.
#[must_use]
pub fn forecast(input: &Input, asked: Asked, calibration: &Calibration, seed: u64) -> Option<Range> {
    estimate(input, &[asked], seed).into_iter().next()?.map(|one| calibration.range(one))
}

/// The estimates for several places from one set of rollouts, in the order asked; `None` where no counter will serve one.
#[must_use]
pub fn estimate(input: &Input, asked: &[Asked], seed: u64) -> Vec<Option<Estimate>> {
    estimate_in_parts(input, asked, seed, || {})
}

/// As [`estimate`]; `between` is called between any two rollouts, so that a long forecast can let others pass.
#[must_use]
pub fn estimate_in_parts(input: &Input, asked: &[Asked], seed: u64, between: impl FnMut()) -> Vec<Option<Estimate>> {
    let quantiles = |waits: Vec<i64>| {
        let at = |tenths: usize| waits.get((waits.len().checked_sub(1)? * tenths + 5) / 10).copied();
        Some(Estimate { low_ms: at(2)?, median_ms: at(5)?, high_ms: at(8)? })
    };
    rollout::waits(input, asked, seed, between).into_iter().map(quantiles).collect()
}

#[cfg(test)]
mod replay_test;
#[cfg(test)]
mod tests;
