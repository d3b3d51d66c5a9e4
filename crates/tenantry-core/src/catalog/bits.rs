//! Sets of positions in the catalogue.

use std::fmt;

use fixedbitset::FixedBitSet;

/// A set of positions below a capacity. Most catalogues have at most 64 features and 64 permissions: their sets are one
/// word, copied without an allocation.
///
/// INVARIANT: the sets that one catalogue makes for one list have the same form, so derived equality is equality of
/// sets. Sets of different catalogues may meet by mistake; the operations then stay defined and never panic.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Bits {
    Word(u64),
    Many(FixedBitSet),
}

impl Bits {
    pub(super) fn empty(capacity: usize) -> Self {
        if capacity <= 64 { Self::Word(0) } else { Self::Many(FixedBitSet::with_capacity(capacity)) }
    }

    pub(super) fn contains(&self, bit: usize) -> bool {
        match self {
            Self::Word(word) => word & mask(bit) != 0,
            Self::Many(set) => set.contains(bit),
        }
    }

    pub(super) fn insert(&mut self, bit: usize) {
        match self {
            Self::Word(word) => *word |= mask(bit),
            Self::Many(set) => set.grow_and_insert(bit),
        }
    }

    pub(super) fn union_with(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Word(word), Self::Word(other)) => *word |= other,
            (Self::Many(set), Self::Many(other)) => set.union_with(other),
            (_, other) => other.ones().for_each(|bit| self.insert(bit)),
        }
    }

    pub(super) fn difference_with(&mut self, other: &Self) {
        match (self, other) {
            (Self::Word(word), Self::Word(other)) => *word &= !other,
            (Self::Many(set), Self::Many(other)) => set.difference_with(other),
            (Self::Word(word), other) => *word = Ones(*word).filter(|bit| !other.contains(*bit)).map(mask).sum(),
            (Self::Many(set), other) => *set = set.ones().filter(|bit| !other.contains(*bit)).collect(),
        }
    }

    pub(super) fn is_subset(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Word(word), Self::Word(other)) => word & !other == 0,
            (Self::Many(set), Self::Many(other)) => set.is_subset(other),
            (set, other) => set.ones().all(|bit| other.contains(bit)),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Word(word) => word.count_ones() as usize,
            Self::Many(set) => set.count_ones(..),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Word(word) => *word == 0,
            Self::Many(set) => set.is_clear(),
        }
    }

    /// The positions in the set, ascending.
    pub(super) fn ones(&self) -> impl Iterator<Item = usize> {
        let (word, many) = match self {
            Self::Word(word) => (*word, None),
            Self::Many(set) => (0, Some(set.ones())),
        };
        Ones(word).chain(many.into_iter().flatten())
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.ones()).finish()
    }
}

/// The bit of a position in a word; none for a position that no word has.
fn mask(bit: usize) -> u64 {
    u32::try_from(bit).ok().and_then(|bit| 1_u64.checked_shl(bit)).unwrap_or(0)
}

struct Ones(u64);

impl Iterator for Ones {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let lowest = (self.0 != 0).then(|| self.0.trailing_zeros() as usize)?;
        self.0 &= self.0 - 1;
        Some(lowest)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn bits(capacity: usize, members: &BTreeSet<usize>) -> Bits {
        let mut bits = Bits::empty(capacity);
        members.iter().for_each(|member| bits.insert(*member));
        bits
    }

    proptest! {
        /// Both forms, and sets of different catalogues, against the standard library's sets.
        #[test]
        fn sets_of_either_form_agree_with_a_tree_set(
            a in proptest::collection::btree_set(0_usize..64, 0..40),
            b in proptest::collection::btree_set(0_usize..64, 0..40),
            (one, other) in (prop_oneof![Just(64_usize), Just(200)], prop_oneof![Just(64_usize), Just(300)]),
        ) {
            let (left, right) = (bits(one, &a), bits(other, &b));
            let mut union = left.clone();
            union.union_with(&right);
            prop_assert_eq!(union.ones().collect::<BTreeSet<_>>(), &a | &b);
            let mut difference = left.clone();
            difference.difference_with(&right);
            prop_assert_eq!(difference.ones().collect::<BTreeSet<_>>(), &a - &b);
            prop_assert_eq!(difference.is_empty(), (&a - &b).is_empty());
            prop_assert_eq!(left.is_subset(&right), a.is_subset(&b));
            prop_assert!(left.ones().eq(a.iter().copied()));
            prop_assert_eq!(left.len(), a.len());
            prop_assert!((0..300).all(|bit| left.contains(bit) == a.contains(&bit)));
        }
    }
}
