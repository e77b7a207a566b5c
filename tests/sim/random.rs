//! A small seeded source of chance: the same seed plays the same day again.

/// `SplitMix64`.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 to `below` - 1.
    pub fn below(&mut self, below: usize) -> usize {
        usize::try_from(self.bits() % u64::try_from(below.max(1)).unwrap()).unwrap()
    }

    /// True `permille` times in a thousand.
    pub fn permille(&mut self, permille: usize) -> bool {
        self.below(1_000) < permille
    }

    /// Some milliseconds, fewer than `below`.
    pub fn millis(&mut self, below: usize) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.below(below)).unwrap())
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.below(from.len())) }
    }
}
