//! From the names that are stored for a customer to what the customer has, and how a change of that is stored (F3–F7).

use super::bits::Bits;
use super::{Catalog, Feature, FeatureSet, UnknownFeature};

/// What the names stored for a customer mean to one catalogue (F7).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolved {
    /// What the customer has: the largest part of what is stored that holds everything that it requires.
    pub on: FeatureSet,
    /// Stored, but off because a requirement is off, in dependency order; enabling the requirement brings them back.
    pub waiting: Vec<String>,
    /// Stored, but not in this catalogue, sorted; another release may know them.
    pub unknown: Vec<String>,
}

/// What enabling or disabling a feature changes. Nothing is changed by having one, so it serves as a preview too (F5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Every name to store from now on, sorted. Waiting and unknown names are kept, unless they were disabled (F7).
    pub stored: Vec<String>,
    /// The features that the customer gains or loses, in dependency order (F3).
    pub changed: Vec<String>,
}

/// Stored names, told apart.
struct Read<'a> {
    known: FeatureSet,
    unknown: Vec<&'a str>,
}

impl Catalog {
    /// The features of a new customer (F2) with all that they require, in dependency order.
    pub fn default_features(&self) -> Vec<&str> {
        let mut closed = self.no_features();
        for (position, feature) in self.features().enumerate() {
            if feature.is_on_by_default()
                && let Some(required) = self.contents.graph.below(position)
            {
                closed.union_with(required);
            }
        }
        self.names_of(&closed)
    }

    /// Which of the stored features the customer has; the cheap part of [`Catalog::resolve`], for every decision.
    pub fn on<'a>(&self, stored: impl IntoIterator<Item = &'a str>) -> FeatureSet {
        let mut known = self.no_features();
        for position in stored.into_iter().filter_map(|name| self.contents.by_name.get(name)) {
            known.insert(position);
        }
        FeatureSet(self.contents.graph.closed_part(&known))
    }

    /// What the stored features mean to this catalogue: on, waiting for a requirement, or unknown (F7).
    pub fn resolve<'a>(&self, stored: impl IntoIterator<Item = &'a str>) -> Resolved {
        let Read { known, unknown } = self.read(stored);
        let on = self.contents.graph.closed_part(&known.0);
        let mut waiting = known.0;
        waiting.difference_with(&on);
        let mut unknown = owned(unknown);
        unknown.sort_unstable();
        unknown.dedup();
        Resolved { on: FeatureSet(on), waiting: owned(self.names_of(&waiting)), unknown }
    }

    /// Whether the feature is in the set; `false` for a name that the catalogue does not know.
    pub fn has(&self, set: &FeatureSet, feature: &str) -> bool {
        self.contents.by_name.get(feature).is_some_and(|position| set.0.contains(position))
    }

    /// The names in the set, in dependency order.
    pub fn names(&self, set: &FeatureSet) -> Vec<&str> {
        self.names_of(&set.0)
    }

    /// What must be enabled so that `feature` is on: itself and everything it requires, as far as it is off, in
    /// dependency order. Empty when it is on, and for a name that the catalogue does not know.
    pub fn missing(&self, on: &FeatureSet, feature: &str) -> Vec<&str> {
        let Some(required) =
            self.contents.by_name.get(feature).and_then(|position| self.contents.graph.below(position))
        else {
            return Vec::new();
        };
        let mut missing = required.clone();
        missing.difference_with(&on.0);
        self.names_of(&missing)
    }

    /// The set with the feature and everything that it requires, at any depth (F3).
    ///
    /// # Errors
    ///
    /// [`UnknownFeature`] when the catalogue has no such feature.
    pub fn with(&self, set: &FeatureSet, feature: &str) -> Result<FeatureSet, UnknownFeature> {
        let position = self.position(feature)?;
        let mut bits = set.0.clone();
        self.contents.graph.below(position).into_iter().for_each(|required| bits.union_with(required));
        Ok(FeatureSet(bits))
    }

    /// The set without the feature and without everything that requires it, at any depth (F3).
    ///
    /// # Errors
    ///
    /// [`UnknownFeature`] when the catalogue has no such feature.
    pub fn without(&self, set: &FeatureSet, feature: &str) -> Result<FeatureSet, UnknownFeature> {
        let position = self.position(feature)?;
        let mut bits = set.0.clone();
        self.contents.graph.above(position).into_iter().for_each(|requiring| bits.difference_with(requiring));
        Ok(FeatureSet(bits))
    }

    /// What enabling a feature means for a customer with these stored names: it and all that it requires go on, and with
    /// them whatever waited only for these.
    ///
    /// # Errors
    ///
    /// [`UnknownFeature`] when the catalogue has no such feature.
    pub fn enable<'a>(
        &self,
        stored: impl IntoIterator<Item = &'a str>,
        feature: &str,
    ) -> Result<Change, UnknownFeature> {
        let before = self.read(stored);
        let after = self.with(&before.known, feature)?;
        let mut changed = self.contents.graph.closed_part(&after.0);
        changed.difference_with(&self.contents.graph.closed_part(&before.known.0));
        Ok(self.change(&after, before.unknown, &changed))
    }

    /// What disabling a feature means for a customer with these stored names: it and all that require it go off and are
    /// stored no more, those that wait included.
    ///
    /// # Errors
    ///
    /// [`UnknownFeature`] when the catalogue has no such feature.
    pub fn disable<'a>(
        &self,
        stored: impl IntoIterator<Item = &'a str>,
        feature: &str,
    ) -> Result<Change, UnknownFeature> {
        let before = self.read(stored);
        let after = self.without(&before.known, feature)?;
        // Nothing that stays required anything that goes, so what was on and stays stored stays on.
        let mut changed = self.contents.graph.closed_part(&before.known.0);
        changed.difference_with(&after.0);
        Ok(self.change(&after, before.unknown, &changed))
    }

    fn no_features(&self) -> Bits {
        Bits::empty(self.contents.features.len())
    }

    fn position(&self, feature: &str) -> Result<usize, UnknownFeature> {
        self.contents.by_name.get(feature).ok_or_else(|| UnknownFeature { name: feature.to_owned() })
    }

    fn names_of(&self, bits: &Bits) -> Vec<&str> {
        bits.ones().filter_map(|position| self.contents.features.get(position)).map(Feature::name).collect()
    }

    fn read<'a>(&self, stored: impl IntoIterator<Item = &'a str>) -> Read<'a> {
        let (mut known, mut unknown) = (self.no_features(), Vec::new());
        for name in stored {
            match self.contents.by_name.get(name) {
                Some(position) => known.insert(position),
                None => unknown.push(name),
            }
        }
        Read { known: FeatureSet(known), unknown }
    }

    fn change(&self, after: &FeatureSet, unknown: Vec<&str>, changed: &Bits) -> Change {
        let known = self.contents.alphabetical.iter().filter(|position| after.0.contains(**position));
        let known = known.filter_map(|position| self.contents.features.get(*position)).map(Feature::name);
        let mut stored: Vec<&str> = known.collect();
        if !unknown.is_empty() {
            stored.extend(unknown);
            stored.sort_unstable();
            stored.dedup();
        }
        Change { stored: owned(stored), changed: owned(self.names_of(changed)) }
    }
}

fn owned(names: Vec<&str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}
