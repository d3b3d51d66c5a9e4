//! What is wrong with a catalogue, and the name of a feature that it does not have.

use super::Portal;

/// Why a catalogue could not be built (F6).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// Features require each other in a circle.
    #[error("features require each other: {}", circle(names))]
    #[non_exhaustive]
    Cycle {
        /// The shortest circle: each requires the next, the last requires the first.
        names: Vec<String>,
    },
    /// Something is named that the catalogue does not have.
    #[error("the catalogue has no {kind} `{}`, which `{used_by}` needs", name.escape_debug())]
    #[non_exhaustive]
    UnknownName {
        /// `feature` or `customer permission`.
        kind: &'static str,
        /// The name that is unknown.
        name: String,
        /// The feature, permission or section that names it.
        used_by: String,
    },
    /// The same thing is there twice.
    #[error("{} has the {kind} `{name}` twice", owner(used_by.as_deref()))]
    #[non_exhaustive]
    Duplicate {
        /// `feature`, `requirement`, `section`, or `vendor permission` and the like.
        kind: &'static str,
        /// The name that is there twice.
        name: String,
        /// The feature that has the requirement twice; `None` for everything else.
        used_by: Option<String>,
    },
    /// A name, key or title does not follow its rules.
    #[error("the {kind} `{}` {reason}", name.escape_debug())]
    #[non_exhaustive]
    InvalidName {
        /// `feature name`, `feature title`, `permission name`, `section key` or `section title`.
        kind: &'static str,
        /// What was given.
        name: String,
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// A permission is given something that permissions of its side cannot have.
    #[error("the {portal} permission `{name}` {reason}")]
    #[non_exhaustive]
    InvalidPermission {
        /// The side of the permission.
        portal: Portal,
        /// Its name.
        name: String,
        /// What it cannot have.
        reason: &'static str,
    },
}

fn circle(names: &[String]) -> String {
    let steps = names.iter().chain(names.first());
    steps.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" → ")
}

fn owner(used_by: Option<&str>) -> String {
    used_by.map_or_else(|| "the catalogue".to_owned(), |name| format!("the feature `{name}`"))
}

/// A feature that the catalogue does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the catalogue knows no feature `{}`", name.escape_debug())]
pub struct UnknownFeature {
    pub(super) name: String,
}

impl UnknownFeature {
    /// The name that was given.
    pub fn name(&self) -> &str {
        &self.name
    }
}
