//! Learns from today's own errors how much wider the told range must be, so that four of five promises are kept.
//!
//! For every promise whose outcome is known, it computes which widening would just have kept it; the widening now is
//! the one that would have kept most of the latest promises. Promises made before the widening last changed are
//! judged by what they were made with, so that a long line does not make it overshoot.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Estimate, Range};

/// Outcomes that the kept rate looks back on.
const OUTCOMES_MAX: usize = 200;
/// Outcomes before the kept rate means anything.
const OUTCOMES_MIN: usize = 20;
/// Teaching outcomes that decide the widening: recent enough to follow the day.
const TEACHING_MAX: usize = 80;
/// Outcomes that "as yesterday" is worth at the beginning of a day.
const NEUTRAL_WEIGHT: usize = 10;
/// Changes of the widening that are remembered; who was told before the oldest is judged by that.
const CHANGES_MAX: usize = 128;
/// No widening, permille.
const NONE_PERMILLE: u16 = 1_000;
const NARROWEST_PERMILLE: u16 = 850;
const WIDEST_PERMILLE: u16 = 3_000;
/// The widening moves only by at least this much, so that what people see does not flicker.
const CHANGE_PERMILLE: u16 = 10;
/// The share of the latest promises that the widening would have kept, percent.
const KEPT_PERCENT: usize = 82;
/// The same while the kept rate is below `ALARM_PERMILLE`.
const KEPT_ALARM_PERCENT: usize = 88;
const ALARM_PERMILLE: u16 = 750;
/// Added before and taken off after widening, so that short waits are widened by whole minutes too.
const SLACK_MS: i64 = 3 * 60_000;
/// A promise that is shorter than this is nearly always kept and teaches nothing, minutes.
const TEACHING_MIN: u32 = 3;

/// The state of the calibration, all whole numbers: folding the same events gives the same state anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// What the day began with.
    neutral_permille: u16,
    /// The instants (milliseconds since 1970 UTC) at which the widening became what it is, oldest first.
    changes: VecDeque<(i64, u16)>,
    /// The latest outcomes, oldest first.
    outcomes: VecDeque<Outcome>,
    judged: u32,
    kept: u32,
}

/// What became of one promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outcome {
    kept: bool,
    /// The widening that would just have kept it, permille; `None` when it teaches nothing.
    needed: Option<u16>,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { neutral_permille: NONE_PERMILLE, changes: VecDeque::new(), outcomes: VecDeque::new(), judged: 0, kept: 0 }
    }
}

impl Calibration {
    /// The range to tell for an estimate.
    #[must_use]
    pub fn range(&self, estimate: Estimate) -> Range {
        let widened = estimate.high_ms.saturating_add(SLACK_MS).saturating_mul(i64::from(self.widened_permille()));
        let high_ms = widened / i64::from(NONE_PERMILLE) - SLACK_MS;
        Range::outward(estimate.low_ms, high_ms.max(estimate.median_ms))
    }

    /// Takes in what became of a promise: the range that was told, when, and when the person was called (milliseconds since
    /// 1970 UTC). To be told of everybody who was called, in that order; who left earlier proves nothing.
    pub fn observe(&mut self, told: Range, told_ms: i64, called_ms: i64) {
        let waited_ms = called_ms.saturating_sub(told_ms).max(0);
        let kept = told.kept(waited_ms);
        self.judged = self.judged.saturating_add(1);
        self.kept = self.kept.saturating_add(u32::from(kept));
        let teaches = told.high_min >= TEACHING_MIN || !kept;
        let needed = teaches.then(|| self.needed(told, told_ms, waited_ms));
        self.outcomes.push_back(Outcome { kept, needed });
        if self.outcomes.len() > OUTCOMES_MAX {
            self.outcomes.pop_front();
        }
        self.learn(called_ms);
    }

    /// Begins a new service day: yesterday's outcomes no longer count, and half of what was learnt is kept.
    pub fn new_day(&mut self) {
        let neutral_permille = u16::midpoint(self.widened_permille(), NONE_PERMILLE);
        *self = Self { neutral_permille, ..Self::default() };
    }

    /// Of a thousand of the latest promises, how many were kept; `None` before there are enough to say.
    #[must_use]
    pub fn kept_permille(&self) -> Option<u16> {
        if self.outcomes.len() < OUTCOMES_MIN {
            return None;
        }
        let kept = self.outcomes.iter().filter(|outcome| outcome.kept).count();
        u16::try_from(kept * 1_000 / self.outcomes.len()).ok()
    }

    /// Promises of today whose outcome is known.
    #[must_use]
    pub const fn judged(&self) -> u32 {
        self.judged
    }

    /// How many of them were kept.
    #[must_use]
    pub const fn kept(&self) -> u32 {
        self.kept
    }

    /// By how much the upper end is widened now, permille; 1,000 is not at all.
    #[must_use]
    pub fn widened_permille(&self) -> u16 {
        self.changes.back().map_or(self.neutral_permille, |(_, permille)| *permille)
    }

    /// The widening that would just have kept a promise.
    fn needed(&self, told: Range, told_ms: i64, waited_ms: i64) -> u16 {
        let then =
            self.changes.iter().rev().find(|(from_ms, _)| *from_ms <= told_ms).map_or(self.neutral_permille, |(_, permille)| *permille);
        let told_ms = i64::from(told.high_min) * 60_000 + SLACK_MS;
        let needed = waited_ms.saturating_add(SLACK_MS).saturating_mul(i64::from(then)) / told_ms;
        u16::try_from(needed).unwrap_or(u16::MAX)
    }

    fn learn(&mut self, now_ms: i64) {
        let mut needs = [self.neutral_permille; TEACHING_MAX + NEUTRAL_WEIGHT];
        let latest = self.outcomes.iter().rev().filter_map(|outcome| outcome.needed).take(TEACHING_MAX);
        let mut count = NEUTRAL_WEIGHT;
        for (slot, needed) in needs.iter_mut().skip(NEUTRAL_WEIGHT).zip(latest) {
            *slot = needed;
            count += 1;
        }
        let Some(needs) = needs.get_mut(..count) else { return };
        needs.sort_unstable();
        let alarm = self.kept_permille().is_some_and(|rate| rate < ALARM_PERMILLE);
        let percent = if alarm { KEPT_ALARM_PERCENT } else { KEPT_PERCENT };
        let Some(wanted) = needs.get(count * percent / 100).copied() else { return };
        let wanted = wanted.clamp(NARROWEST_PERMILLE, WIDEST_PERMILLE);
        if wanted.abs_diff(self.widened_permille()) >= CHANGE_PERMILLE {
            self.changes.push_back((now_ms, wanted));
        }
        if self.changes.len() > CHANGES_MAX {
            self.changes.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::pace::Random;
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    /// Tells people ranges for estimates of 10 to 20 minutes while everything takes `slower` percent of that.
    fn day(calibration: &mut Calibration, slower: i64, people: u32) -> u32 {
        let mut random = Random::seeded(3);
        let mut kept = 0;
        for _ in 0..people {
            let waited = 5 * MINUTE_MS + i64::from(random.bits().to_be_bytes()[0]) * 15 * MINUTE_MS / 256;
            let estimate = Estimate { low_ms: 8 * MINUTE_MS, median_ms: 12 * MINUTE_MS, high_ms: 17 * MINUTE_MS };
            let told = calibration.range(estimate);
            kept += u32::from(told.kept(waited * slower / 100));
            let told_ms = i64::from(calibration.judged()) * MINUTE_MS;
            calibration.observe(told, told_ms, told_ms + waited * slower / 100);
        }
        kept * 100 / people
    }

    #[test]
    fn on_an_ordinary_day_the_range_stays_as_it_is() {
        let mut calibration = Calibration::default();
        let kept = day(&mut calibration, 100, 300);
        assert!((78..=92).contains(&kept), "{kept} %");
        assert!((850..1_250).contains(&calibration.widened_permille()), "{}", calibration.widened_permille());
    }

    #[test]
    fn on_a_slow_day_the_range_widens_until_promises_are_kept() {
        let mut calibration = Calibration::default();
        day(&mut calibration, 160, 60);
        let kept = day(&mut calibration, 160, 300);
        assert!(kept >= 78, "{kept} %");
        assert!(calibration.widened_permille() > 1_300, "{}", calibration.widened_permille());
        calibration.new_day();
        assert_eq!((calibration.judged(), calibration.kept(), calibration.kept_permille()), (0, 0, None));
        assert!(calibration.widened_permille() > 1_100, "half of what was learnt is kept");
    }

    #[test]
    fn it_reads_back_as_it_was_written() {
        let mut calibration = Calibration::default();
        day(&mut calibration, 130, 250);
        let json = serde_json::to_string(&calibration).unwrap();
        assert_eq!(serde_json::from_str::<Calibration>(&json).unwrap(), calibration);
    }

    proptest! {
        #[test]
        fn whatever_happens_it_stays_bounded_and_ranges_stay_ranges(
            outcomes in prop::collection::vec((0_u32..2_000, 0_u32..2_000, any::<i64>(), any::<i64>()), 0..500),
            ends in prop::array::uniform3(any::<i64>()),
        ) {
            let mut calibration = Calibration::default();
            for (low_min, more, told_ms, called_ms) in outcomes {
                calibration.observe(Range { low_min, high_min: low_min + more }, told_ms, called_ms);
            }
            prop_assert!((850..=3_000).contains(&calibration.widened_permille()));
            prop_assert!(calibration.outcomes.len() <= OUTCOMES_MAX && calibration.changes.len() <= CHANGES_MAX);
            let mut ends = ends;
            ends.sort_unstable();
            let range = calibration.range(Estimate { low_ms: ends[0], median_ms: ends[1], high_ms: ends[2] });
            prop_assert!(range.low_min <= range.high_min && range.high_min >= 1);
        }
    }
}
