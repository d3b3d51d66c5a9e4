//! The host's deployments, as users of secrets (S6).

use chrono::{DateTime, Utc};

use crate::store::DeploymentRow;

/// A deployment of the host that uses secrets of its place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Deployment {
    /// The host's own id of it, unique in the place.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The keys of the secrets that its templates refer to, in order.
    pub secrets: Vec<DeploymentUse>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it was last registered anew, or last reported.
    pub updated_at: DateTime<Utc>,
}

/// A secret that a deployment uses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DeploymentUse {
    /// The secret's key; there may be no such secret yet.
    pub key: String,
    /// The version that the deployment said it runs with; `None` before it said so.
    pub running: Option<u64>,
}

impl From<DeploymentRow> for Deployment {
    fn from(row: DeploymentRow) -> Self {
        let secrets = row.secrets.into_iter();
        Self {
            id: row.id,
            name: row.name,
            secrets: secrets.map(|secret| DeploymentUse { key: secret.key, running: secret.running }).collect(),
            created_at: row.created_at.to_datetime(),
            updated_at: row.updated_at.to_datetime(),
        }
    }
}

/// What a deployment is registered from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewDeployment {
    /// The host's own id of it: 1 to 200 characters after trimming, no control characters, unique in the place.
    pub id: String,
    /// Its name: 1 to 200 characters after trimming, no control characters.
    pub name: String,
    /// The templates that are rendered for it. Only the keys that they refer to are kept.
    pub templates: Vec<String>,
}

impl NewDeployment {
    /// A deployment with this id and name, which uses no secret yet.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), templates: Vec::new() }
    }

    /// With one more template.
    pub fn template(mut self, text: impl Into<String>) -> Self {
        self.templates.push(text.into());
        self
    }
}
