//! Chance with a seed, for simulated people: the same seed behaves the same.

use std::time::Duration;

/// A source of chance (`SplitMix64`).
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// Dice of their own for each person.
    pub(super) fn new(seed: u64, person: u64) -> Self {
        let mut dice = Self(seed ^ person.wrapping_mul(0xA24B_AED4_963E_E407));
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high.saturating_sub(low) + 1)
    }

    /// True in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// A time between two, in milliseconds.
    pub(super) fn time(&mut self, low_ms: u64, high_ms: u64) -> Duration {
        Duration::from_millis(self.between(low_ms, high_ms))
    }

    /// One of them, each as likely as its weight.
    pub(super) fn pick<'a, T>(&mut self, weighted: &'a [(T, u64)]) -> Option<&'a T> {
        let all: u64 = weighted.iter().map(|(_, weight)| weight).sum();
        let mut rest = self.next().checked_rem(all)?;
        weighted.iter().find_map(|(one, weight)| {
            if rest < *weight {
                return Some(one);
            }
            rest -= weight;
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_falls_the_same_and_people_differ() {
        let roll = |seed, person| {
            let mut dice = Dice::new(seed, person);
            (0..8).map(|_| dice.between(1, 6)).collect::<Vec<_>>()
        };
        assert_eq!(roll(1, 1), roll(1, 1));
        assert_ne!(roll(1, 1), roll(1, 2));
        assert!(roll(7, 3).iter().all(|eyes| (1..=6).contains(eyes)));
    }

    #[test]
    fn what_weighs_nothing_is_never_picked() {
        let mut dice = Dice::new(1, 1);
        assert!((0..100).all(|_| dice.pick(&[("a", 0), ("b", 1)]) == Some(&"b")));
        assert_eq!(dice.pick::<u8>(&[]), None);
    }
}
