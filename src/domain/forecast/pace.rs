//! How long a service takes today: what is configured, corrected by what was seen, as a table to draw durations from.

use std::sync::LazyLock;

use super::{PausePace, ServicePace};

/// Only the newest durations of a service are looked at, so that the pace follows the day.
pub const OBSERVED_MAX: usize = 64;

/// Durations in a table; a draw is one byte of a random number.
const TABLE: usize = 256;
/// The configured minutes weigh as much as this many durations of the service seen today.
const CONFIGURED_WEIGHT: f64 = 6.0;
/// "Today is like every day" weighs as much as this many durations of any service seen today.
const ORDINARY_DAY_WEIGHT: f64 = 8.0;
/// Spread of durations before any was seen (standard deviation ÷ mean), and how many durations that is worth.
const SPREAD: f64 = 0.9;
const SPREAD_WEIGHT: f64 = 12.0;
/// A duration longer than this many configured means is a forgotten button and counts as this much.
const FORGOTTEN_MEANS: u32 = 5;
/// Spread between rollouts: how wrong the pace as a whole may be, and the breaks that nobody announced.
const DAY_SPREAD: f64 = 0.12;
/// The shortest mean pause, milliseconds.
const PAUSE_MS_MIN: i64 = 1_000;
/// The shortest mean that is believed, milliseconds.
const MEAN_MS_MIN: f64 = 1_000.0;
/// Whole numbers that stand for shares count in 1,024ths.
const UNIT: i64 = 1_024;

/// The standard normal at the middle of each 256th.
static NORMAL: LazyLock<[f64; TABLE]> = LazyLock::new(|| {
    let mut rank = -0.5;
    [(); TABLE].map(|()| {
        rank += 1.0;
        normal_quantile(rank / 256.0)
    })
});

/// A small generator of random numbers with a seed (`SplitMix64`): the same seed gives the same forecast.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// A generator that gives the numbers of this seed.
    pub(super) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    #[inline]
    pub(super) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A byte from the top bits.
    #[inline]
    fn byte(&mut self) -> usize {
        usize::from(self.bits().to_be_bytes()[0])
    }
}

/// What one call of a service may cost a counter.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Ascending, milliseconds.
    durations_ms: [i64; TABLE],
    mean_ms: i64,
    /// Of 65,536 called, how many do not come.
    no_show: u64,
    no_show_ms: i64,
}

impl Table {
    /// How long a counter is busy with the next `people` it calls (nearly always one): a service, or the wait for somebody
    /// who does not come.
    #[inline]
    pub(super) fn draw(&self, people: u32, random: &mut Random) -> i64 {
        let bits = random.bits();
        let one = if bits & 0xFFFF < self.no_show { self.no_show_ms } else { self.at(usize::from(bits.to_be_bytes()[0])) };
        if people == 1 {
            return one;
        }
        // Chance evens out over many: their spread grows only as the root of their number.
        let spread = (one - self.mean_ms).saturating_mul(i64::from(people.isqrt()));
        self.mean_ms.saturating_mul(i64::from(people)).saturating_add(spread).max(0)
    }

    /// How much longer a service takes that has taken `elapsed_ms` so far: one of the durations that are longer than that.
    pub(super) fn draw_remaining(&self, elapsed_ms: i64, random: &mut Random) -> i64 {
        let past = self.durations_ms.partition_point(|duration| *duration <= elapsed_ms);
        let longer = TABLE - past;
        let pick = random.byte() * longer / TABLE;
        if longer == 0 {
            // Longer than anything expected: as good as starting anew, with half a mean to go at the median.
            return self.at(random.byte()).min(self.mean_ms);
        }
        self.at(past + pick) - elapsed_ms
    }

    fn at(&self, index: usize) -> i64 {
        self.durations_ms.get(index).copied().unwrap_or(self.mean_ms)
    }
}

/// Exponential quantiles of mean 1,024, ascending.
static EXPONENTIAL: LazyLock<[i64; TABLE]> = LazyLock::new(|| {
    let mut rank = -0.5;
    [(); TABLE].map(|()| {
        rank += 1.0;
        i64::from(whole(-1_024.0 * (1.0_f64 - rank / 256.0).ln()))
    })
});

/// A time without memory: to the next who comes, to the next pause.
#[inline]
pub(super) fn exponential(mean_ms: i64, random: &mut Random) -> i64 {
    let unit = EXPONENTIAL.get(random.byte()).copied().unwrap_or(UNIT);
    (unit.saturating_mul(mean_ms) / UNIT).max(1)
}

/// When counters pause and for how long: both exponential, so without memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pauses {
    every_ms: i64,
    length_ms: i64,
}

impl Pauses {
    /// The pauses of a hall.
    pub(super) fn of(pace: PausePace) -> Self {
        // Clerks are away for a moment at least: a hall where time stands still would never end.
        let length_ms = i64::from(pace.length_ms).max(PAUSE_MS_MIN);
        Self { every_ms: i64::from(pace.every_ms), length_ms }
    }

    /// How long until a counter pauses.
    #[inline]
    pub(super) fn draw_gap(self, random: &mut Random) -> i64 {
        if self.every_ms == 0 {
            return i64::MAX;
        }
        exponential(self.every_ms.max(self.length_ms), random)
    }

    /// How long a pause takes; one that has begun takes as much longer, however long it has taken.
    #[inline]
    pub(super) fn draw_length(self, random: &mut Random) -> i64 {
        exponential(self.length_ms, random)
    }
}

/// How fast the whole hall is in one rollout.
#[derive(Debug, Clone, Copy)]
pub(super) struct DayPace(i64);

impl DayPace {
    /// Draws one.
    pub(super) fn draw(random: &mut Random) -> Self {
        let normal = NORMAL.get(random.byte()).copied().unwrap_or(0.0);
        Self(i64::from(whole((DAY_SPREAD * normal).exp() * 1_024.0)))
    }

    /// A duration at this pace.
    #[inline]
    pub(super) const fn stretch(self, duration_ms: i64) -> i64 {
        duration_ms.saturating_mul(self.0) / UNIT
    }
}

/// One table for each service.
pub(super) fn tables(services: &[ServicePace]) -> Vec<Table> {
    let seen: Vec<Seen> = services.iter().map(Seen::of).collect();
    let (count, relative) =
        seen.iter().fold((0.0, 0.0), |(count, relative), one| (count + one.count, relative + one.sum_ms / one.configured_ms));
    let day = (ORDINARY_DAY_WEIGHT + relative) / (ORDINARY_DAY_WEIGHT + count);
    services.iter().zip(&seen).map(|(service, seen)| table(service, seen, day)).collect()
}

/// The newest durations of a service in three numbers.
struct Seen {
    configured_ms: f64,
    count: f64,
    sum_ms: f64,
    /// Variance ÷ mean².
    spread_squared: f64,
}

impl Seen {
    fn of(service: &ServicePace) -> Self {
        let configured_ms = f64::from(service.configured_ms).max(MEAN_MS_MIN);
        let longest_ms = f64::from(service.configured_ms.saturating_mul(FORGOTTEN_MEANS)).max(MEAN_MS_MIN);
        let newest = || service.observed_ms.iter().rev().take(OBSERVED_MAX).map(|ms| f64::from(*ms).min(longest_ms));
        let (count, sum_ms) = newest().fold((0.0, 0.0), |(count, sum), ms| (count + 1.0, sum + ms));
        let mean = if count > 0.0 { (sum_ms / count).max(MEAN_MS_MIN) } else { configured_ms };
        let squares: f64 = newest().map(|ms| (ms - mean) * (ms - mean)).sum();
        let spread_squared = if count > 0.0 { squares / count / (mean * mean) } else { 0.0 };
        Self { configured_ms, count, sum_ms, spread_squared }
    }
}

/// A log-normal with the mean and spread that today and the configuration agree on.
fn table(service: &ServicePace, seen: &Seen, day: f64) -> Table {
    let prior_sum = CONFIGURED_WEIGHT * seen.configured_ms * day;
    let mean = ((prior_sum + seen.sum_ms) / (CONFIGURED_WEIGHT + seen.count)).max(MEAN_MS_MIN);
    let squares = SPREAD_WEIGHT * SPREAD * SPREAD + seen.count * seen.spread_squared;
    let sigma = (1.0 + squares / (SPREAD_WEIGHT + seen.count)).ln().sqrt();
    let shape = NORMAL.map(|normal| (sigma * normal).exp());
    let scale = mean * 256.0 / shape.iter().sum::<f64>();
    Table {
        durations_ms: shape.map(|one| i64::from(whole(one * scale))),
        mean_ms: i64::from(whole(mean)),
        no_show: u64::from(service.no_show_permille.min(1_000)) * 65_536 / 1_000,
        no_show_ms: i64::from(service.no_show_ms),
    }
}

/// A non-negative number as a whole one, at most `u32::MAX`.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded and clamped to the type's range first"
)]
fn whole(value: f64) -> u32 {
    value.round().clamp(0.0, f64::from(u32::MAX)) as u32
}

/// The standard normal quantile, to about 4 decimal places (Abramowitz and Stegun 26.2.23).
fn normal_quantile(share: f64) -> f64 {
    let tail = share.min(1.0 - share);
    let t = (-2.0 * tail.ln()).sqrt();
    let above = t - (0.010_328 * t + 0.802_853).mul_add(t, 2.515_517) / ((0.001_308 * t + 0.189_269).mul_add(t, 1.432_788) * t + 1.0);
    if share < 0.5 { -above } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(configured_ms: u32, observed_ms: &[u32]) -> ServicePace {
        ServicePace { configured_ms, observed_ms: observed_ms.to_vec(), no_show_permille: 0, no_show_ms: 60_000 }
    }

    fn mean_of(table: &Table) -> i64 {
        table.durations_ms.iter().sum::<i64>() / 256
    }

    #[test]
    fn the_normal_quantile_is_the_one_in_the_books() {
        for (share, value) in [(0.5, 0.0), (0.8, 0.841_6), (0.975, 1.96), (0.025, -1.96)] {
            assert!((normal_quantile(share) - value).abs() < 0.001, "{share}");
        }
    }

    #[test]
    fn before_anything_was_seen_the_configured_minutes_hold() {
        let tables = tables(&[pace(300_000, &[])]);
        assert!((mean_of(&tables[0]) - 300_000).abs() < 500);
        assert!(tables[0].durations_ms.is_sorted());
    }

    #[test]
    fn what_was_seen_today_overrules_what_is_configured() {
        let slow = vec![600_000; 64];
        let tables = tables(&[pace(300_000, &slow), pace(300_000, &[])]);
        assert!(mean_of(&tables[0]) > 570_000, "{}", mean_of(&tables[0]));
        assert!(mean_of(&tables[1]) > 500_000, "a slow day is slow for services not seen yet: {}", mean_of(&tables[1]));
    }

    #[test]
    fn a_forgotten_button_does_not_ruin_the_day() {
        let tables = tables(&[pace(300_000, &[300_000, 300_000, 36_000_000])]);
        assert!(mean_of(&tables[0]) < 620_000, "{}", mean_of(&tables[0]));
    }

    #[test]
    fn the_longer_it_took_the_longer_it_may_take() {
        let tables = tables(&[pace(300_000, &[])]);
        let mut random = Random::seeded(7);
        let mut mean = |elapsed| (0..4_000).map(|_| tables[0].draw_remaining(elapsed, &mut random)).sum::<i64>() / 4_000;
        let fresh = mean(0);
        assert!((fresh - 300_000).abs() < 25_000, "{fresh}");
        assert!(mean(1_200_000) > 0 && mean(i64::MAX) > 0);
        assert!(mean(600_000) > 100_000);
    }

    #[test]
    fn as_many_stay_away_as_usually_do() {
        let mut service = pace(300_000, &[]);
        service.no_show_permille = 250;
        service.no_show_ms = 1;
        let tables = tables(&[service]);
        let mut random = Random::seeded(11);
        let away = (0..10_000).filter(|_| tables[0].draw(1, &mut random) == 1).count();
        assert!((2_300..2_700).contains(&away), "{away}");
    }
}
