//! The features of a customer and the sections of its portal.

/// One feature, as a customer has it or not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CustomerFeature {
    /// Its name, for example `alerts`.
    pub name: String,
    /// Its title, for example `Alerts`.
    pub title: String,
    /// Whether the customer has it.
    pub enabled: bool,
    /// The features that it requires directly.
    pub requires: Vec<String>,
}

/// The features of a customer, and how what is stored differs from this process's catalogue (F7).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Features {
    /// In dependency order. The customer's own members see the enabled ones only.
    pub features: Vec<CustomerFeature>,
    /// Stored, but off, because a requirement is off; enabling that brings them back.
    pub waiting: Vec<String>,
    /// Stored, but unknown to this catalogue.
    pub unknown: Vec<String>,
}

/// What enabling or disabling a feature changes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct FeatureChange {
    /// Whether the features are enabled; otherwise they are disabled.
    pub enabled: bool,
    /// Every feature that changes, in dependency order (F3). Empty when nothing does.
    pub changed: Vec<String>,
}

/// A section of the customer portal that a member may open (P1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct PortalSection {
    /// Its key, for example `alerts`.
    pub key: String,
    /// Its title, for example `Alerts`.
    pub title: String,
}
