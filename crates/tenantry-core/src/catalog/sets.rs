//! Sets of features and of permissions, as a catalogue makes them.

use super::PermissionId;
use super::bits::Bits;

/// A set of features of one catalogue, one bit for each; no allocation up to 64 features.
///
/// The catalogue that made it names its members: [`Catalog::names`](super::Catalog::names).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureSet(pub(super) Bits);

impl FeatureSet {
    /// How many features are in it.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A set of permissions of one catalogue, one bit for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionSet(pub(super) Bits);

impl PermissionSet {
    /// Whether the permission is in it.
    pub fn contains(&self, id: PermissionId) -> bool {
        self.0.contains(id.index())
    }
}
