//! Chance that is the same for the same seed.

/// Steele's splitmix64.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The dice of this seed and case: those of other cases fall differently.
    pub fn new(seed: u64, case: u64) -> Self {
        let mut dice = Self(seed);
        let seed = dice.next();
        Self(seed ^ case.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// The next throw.
    #[expect(clippy::should_implement_trait, reason = "dice end never; an iterator would say that they may")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// A number below this one; 0 below 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// Whether one of this many comes up.
    pub fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// One of these; `None` of none.
    pub fn pick<T>(&mut self, from: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>) -> Option<T> {
        let mut from = from.into_iter();
        let at = self.below(u64::try_from(from.len()).unwrap_or(0));
        from.nth(usize::try_from(at).unwrap_or(0))
    }
}
