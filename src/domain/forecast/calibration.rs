//! Learns from today's own errors how much wider the told range must be, so that four of five promises are kept.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Estimate, Range};

/// Outcomes that the kept rate looks back on.
const WINDOW_MAX: usize = 200;
/// Outcomes before the kept rate means anything.
const WINDOW_MIN: usize = 20;
/// No widening, in parts per million.
const NONE_PPM: u64 = 1_000_000;
const NARROWEST_PPM: u64 = 850_000;
const WIDEST_PPM: u64 = 3_000_000;
/// A broken promise widens by this share, a kept one narrows by that: they balance at five kept of six.
const BROKEN_STEP_PPM: u64 = 40_000;
const KEPT_STEP_PPM: u64 = 8_000;
/// Below this kept rate (permille) broken promises widen twice as much, and kept ones narrow nothing.
const ALARM_PERMILLE: u16 = 750;
/// Added before and taken off after widening, so that short waits are widened by whole minutes too.
const SLACK_MS: i64 = 3 * 60_000;
/// A promise that is this short is nearly always kept and teaches nothing.
const TEACHING_MIN: u32 = 3;

/// The state of the calibration, all whole numbers: folding the same events gives the same state anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    widen_ppm: u64,
    /// Whether the latest promises were kept, oldest first; at most [`WINDOW_MAX`].
    window: VecDeque<bool>,
    judged: u32,
    kept: u32,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { widen_ppm: NONE_PPM, window: VecDeque::new(), judged: 0, kept: 0 }
    }
}

impl Calibration {
    /// The range to tell for an estimate.
    #[must_use]
    pub fn range(&self, estimate: Estimate) -> Range {
        let widen = i64::try_from(self.widen_ppm).unwrap_or(i64::MAX);
        let none = i64::try_from(NONE_PPM).unwrap_or(i64::MAX);
        let high_ms = estimate.high_ms.saturating_add(SLACK_MS).saturating_mul(widen) / none - SLACK_MS;
        Range::outward(estimate.low_ms, high_ms.max(estimate.median_ms))
    }

    /// Takes in what became of a promise: the range that was told and how long it really took to be called. To be told of
    /// everybody who was called, in that order; who left earlier proves nothing.
    pub fn observe(&mut self, told: Range, waited_ms: i64) {
        let kept = told.kept(waited_ms);
        self.judged = self.judged.saturating_add(1);
        self.kept = self.kept.saturating_add(u32::from(kept));
        self.window.push_back(kept);
        if self.window.len() > WINDOW_MAX {
            self.window.pop_front();
        }
        if told.high_min < TEACHING_MIN && kept {
            return;
        }
        let alarm = self.kept_permille().is_some_and(|rate| rate < ALARM_PERMILLE);
        let step = |share: u64| self.widen_ppm / NONE_PPM.div_euclid(share).max(1);
        let next = match (kept, alarm) {
            (true, true) => self.widen_ppm,
            (true, false) => self.widen_ppm.saturating_sub(step(KEPT_STEP_PPM)),
            (false, true) => self.widen_ppm.saturating_add(step(2 * BROKEN_STEP_PPM)),
            (false, false) => self.widen_ppm.saturating_add(step(BROKEN_STEP_PPM)),
        };
        self.widen_ppm = next.clamp(NARROWEST_PPM, WIDEST_PPM);
    }

    /// Begins a new service day: yesterday's outcomes no longer count, and half of what was learnt is kept.
    pub fn new_day(&mut self) {
        let widen_ppm = u64::midpoint(self.widen_ppm, NONE_PPM);
        *self = Self { widen_ppm, ..Self::default() };
    }

    /// Of a thousand of the latest promises, how many were kept; `None` before there are enough to say.
    #[must_use]
    pub fn kept_permille(&self) -> Option<u16> {
        if self.window.len() < WINDOW_MIN {
            return None;
        }
        let kept = self.window.iter().filter(|kept| **kept).count();
        u16::try_from(kept * 1_000 / self.window.len()).ok()
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
        u16::try_from(self.widen_ppm / 1_000).unwrap_or(u16::MAX)
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
            calibration.observe(told, waited * slower / 100);
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
            outcomes in prop::collection::vec((0_u32..2_000, 0_u32..2_000, any::<i64>()), 0..500),
            ends in prop::array::uniform3(any::<i64>()),
        ) {
            let mut calibration = Calibration::default();
            for (low_min, more, waited_ms) in outcomes {
                calibration.observe(Range { low_min, high_min: low_min + more }, waited_ms);
            }
            prop_assert!((850..=3_000).contains(&calibration.widened_permille()));
            prop_assert!(calibration.window.len() <= WINDOW_MAX);
            let mut ends = ends;
            ends.sort_unstable();
            let range = calibration.range(Estimate { low_ms: ends[0], median_ms: ends[1], high_ms: ends[2] });
            prop_assert!(range.low_min <= range.high_min && range.high_min >= 1);
        }
    }
}
