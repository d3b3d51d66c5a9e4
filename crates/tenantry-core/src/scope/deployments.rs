//! The host's deployments, as users of secrets (S6).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::ServiceScope;
use crate::access::{Access, Operation, operations};
use crate::call::Call;
use crate::error::Error;
use crate::model::{CursorKind, Deployment, NewDeployment, Page, PageRequest, close_page, text};
use crate::store::{DeploymentRow, DeploymentSecret, WriteOp};
use crate::unit::{Change, Unit};
use crate::vault::Template;

/// The deployments that services registered in a place. Reading needs `deployments.view`.
#[derive(Clone, Debug)]
pub struct Deployments {
    access: Access,
}

impl Deployments {
    pub(crate) fn new(access: &Access) -> Self {
        Self { access: access.clone() }
    }

    /// The deployments in the order of their ids, each with the secrets that it uses and the versions that it runs.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::InvalidInput`] for a foreign cursor or a page size that is not 1 to 1,000.
    pub fn list(&self, page: PageRequest) -> Call<Page<Deployment>> {
        self.access.read(&operations::DEPLOYMENTS_LIST, move |access, _, caller| async move {
            let (place, limit) = (access.place, page.limit()?);
            let bound = json!(["deployments", place.vendor().to_string(), place.to_string()]);
            let kind = CursorKind::new(bound.to_string());
            let after = page.after.as_ref().map(|cursor| kind.key(cursor)).transpose()?;
            let rows = access.app.store.deployments(place, after.as_deref(), limit + 1, caller).await?;
            Ok(close_page(rows, limit, &kind, |row| row.id.clone(), Deployment::from))
        })
    }
}

impl ServiceScope {
    /// Registers a deployment of the place with its templates, or registers it anew: from then on its secrets know that it
    /// uses them. What it reported of secrets that it still uses stays.
    ///
    /// Needs `deployments.register`; of a customer, the feature that it belongs to.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for an unknown place; [`Error::CustomerArchived`]; [`Error::FeatureDisabled`];
    /// [`Error::InvalidInput`]; [`Error::Template`] with the first mistake of a template.
    pub fn register_deployment(&self, deployment: NewDeployment) -> Call<Deployment> {
        self.access.change(Register { deployment })
    }

    /// Notes which versions of its secrets a deployment runs with, as [`resolve`](ServiceScope::resolve) and
    /// [`render`](ServiceScope::render) answered them; so a rotation is watched to its end.
    ///
    /// Needs `deployments.register`; of a customer, the feature that it belongs to.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for an unknown place or deployment, or a secret that the deployment does not use;
    /// [`Error::InvalidInput`] for a version that no secret can have; [`Error::CustomerArchived`]; [`Error::FeatureDisabled`].
    pub fn report_running<K: Into<String>>(
        &self,
        deployment: &str,
        versions: impl IntoIterator<Item = (K, u64)>,
    ) -> Call<Deployment> {
        let versions = versions.into_iter().map(|(key, version)| (key.into(), version)).collect();
        self.access.change(Report { deployment: deployment.to_owned(), versions })
    }

    /// Forgets a deployment: it uses no secret any more.
    ///
    /// Needs `deployments.register`; of a customer, the feature that it belongs to.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for an unknown place or deployment; [`Error::CustomerArchived`]; [`Error::FeatureDisabled`].
    pub fn remove_deployment(&self, deployment: &str) -> Call<()> {
        self.access.change(Remove { deployment: deployment.to_owned() })
    }
}

struct Register {
    deployment: NewDeployment,
}

impl Change for Register {
    type Answer = Deployment;

    fn operation(&self) -> &'static Operation {
        &operations::DEPLOYMENTS_REGISTER
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Deployment, Error> {
        unit.check_service()?;
        let id = text::name("deployment id", &self.deployment.id)?;
        let name = text::name("name", &self.deployment.name)?;
        let mut keys = BTreeSet::new();
        for template in &self.deployment.templates {
            let template = Template::parse(template).map_err(Box::new)?;
            keys.extend(template.references().into_iter().map(str::to_owned));
        }
        unit.bump_place().await?;
        let (place, now) = (unit.place(), unit.now);
        let old = unit.store().deployment(place, &id).await?;
        let ran = old.iter().flat_map(|old| &old.secrets);
        let mut ran: BTreeMap<_, _> = ran.map(|secret| (secret.key.clone(), secret.running)).collect();
        let secrets = keys.into_iter().map(|key| {
            let running = ran.remove(&key).flatten();
            DeploymentSecret { key, running }
        });
        let secrets = secrets.collect();
        let created_at = old.as_ref().map_or(now, |old| old.created_at);
        let row = DeploymentRow { place, id, name, secrets, created_at, updated_at: now };
        let before = old.as_ref().map_or(Value::Null, detail);
        unit.record_detail(place, "deployment.registered", row.place, "", before, detail(&row));
        unit.write(WriteOp::PutDeployment(row.clone()));
        Ok(row.into())
    }
}

struct Report {
    deployment: String,
    versions: Vec<(String, u64)>,
}

impl Change for Report {
    type Answer = Deployment;

    fn operation(&self) -> &'static Operation {
        &operations::DEPLOYMENTS_REPORT
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<Deployment, Error> {
        unit.check_service()?;
        // Stores keep signed numbers.
        if self.versions.iter().any(|(_, version)| i64::try_from(*version).is_err()) {
            return Err(Error::invalid("version", "is none that a secret can have"));
        }
        unit.bump_place().await?;
        let old = unit.deployment(&self.deployment).await?;
        let mut row = DeploymentRow { updated_at: unit.now, ..old.clone() };
        for (key, version) in &self.versions {
            let secret = row.secrets.iter_mut().find(|secret| secret.key == *key);
            secret.ok_or_else(|| Error::not_found("secret of the deployment"))?.running = Some(*version);
        }
        if row.secrets == old.secrets {
            return Ok(old.into());
        }
        unit.record_detail(row.place, "deployment.reported", row.place, "", detail(&old), detail(&row));
        unit.write(WriteOp::PutDeployment(row.clone()));
        Ok(row.into())
    }
}

struct Remove {
    deployment: String,
}

impl Change for Remove {
    type Answer = ();

    fn operation(&self) -> &'static Operation {
        &operations::DEPLOYMENTS_REMOVE
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<(), Error> {
        unit.check_service()?;
        unit.bump_place().await?;
        let row = unit.deployment(&self.deployment).await?;
        unit.record_detail(row.place, "deployment.removed", row.place, "", detail(&row), Value::Null);
        unit.write(WriteOp::DeleteDeployment(row.place, row.id));
        Ok(())
    }
}

impl Unit<'_> {
    async fn deployment(&self, id: &str) -> Result<DeploymentRow, Error> {
        let row = self.store().deployment(self.place(), &text::name("deployment id", id)?).await?;
        row.ok_or_else(|| Error::not_found("deployment"))
    }
}

/// What the log says of a deployment. Its id is the host's own words, so it stands here and not in the entry, which stays
/// when the customer is deleted (A3).
fn detail(row: &DeploymentRow) -> Value {
    let secrets: serde_json::Map<_, _> =
        row.secrets.iter().map(|secret| (secret.key.clone(), json!(secret.running))).collect();
    json!({ "id": row.id, "name": row.name, "secrets": secrets })
}
