//! The features of a customer.

use serde_json::json;

use crate::access::{Access, Operation, operations};
use crate::call::Call;
use crate::catalog::Portal;
use crate::error::{Error, UnknownName};
use crate::model::{CustomerFeature, FeatureChange, Features};
use crate::store::{CustomerRow, StoredFeatures, WriteOp};
use crate::unit::{Change, Unit};

/// Switches the features of a customer on and off. What is off is hidden from its members, and refused (F9).
#[derive(Clone, Debug)]
pub struct FeatureSwitches {
    access: Access,
}

impl FeatureSwitches {
    pub(crate) fn new(access: &Access) -> Self {
        Self { access: access.clone() }
    }

    /// The features of the customer, in dependency order. Its own members see the enabled ones only.
    ///
    /// Needs `customers.view` of staff, `dashboard.view` of the customer's members.
    ///
    /// # Errors
    ///
    /// Those of a denial.
    pub fn list(&self) -> Call<Features> {
        self.access.read(&operations::FEATURES_LIST, |access, standing, _| async move {
            let catalog = &access.app.catalog;
            let stored = standing.features.ok_or_else(|| access.nothing_here())?;
            let resolved = catalog.resolve(stored.iter());
            let features = catalog.features().map(|feature| CustomerFeature {
                name: feature.name().to_owned(),
                title: feature.title().to_owned(),
                enabled: catalog.has(&resolved.on, feature.name()),
                requires: feature.requirements().to_vec(),
            });
            if access.portal == Portal::Vendor {
                let features = features.collect();
                return Ok(Features { features, waiting: resolved.waiting, unknown: resolved.unknown });
            }
            let features = features.filter(|feature| feature.enabled).collect();
            Ok(Features { features, waiting: Vec::new(), unknown: Vec::new() })
        })
    }

    /// Enables a feature and all that it requires; the answer lists what changed, in dependency order (F3).
    ///
    /// Needs `features.manage`.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::UnknownName`].
    pub fn enable(&self, feature: &str) -> Call<FeatureChange> {
        self.access.change(Switch { feature: feature.to_owned(), on: true })
    }

    /// Disables a feature and all that require it, at any depth; the answer lists what changed, in dependency order (F3).
    ///
    /// Needs `features.manage`.
    ///
    /// # Errors
    ///
    /// Those of a denial; [`Error::UnknownName`].
    pub fn disable(&self, feature: &str) -> Call<FeatureChange> {
        self.access.change(Switch { feature: feature.to_owned(), on: false })
    }

    /// What [`enable`](FeatureSwitches::enable) would answer; nothing changes (F5).
    ///
    /// # Errors
    ///
    /// Those of [`enable`](FeatureSwitches::enable).
    pub fn preview_enable(&self, feature: &str) -> Call<FeatureChange> {
        self.access.preview(&operations::FEATURES_PREVIEW, Switch { feature: feature.to_owned(), on: true })
    }

    /// What [`disable`](FeatureSwitches::disable) would answer; nothing changes (F5).
    ///
    /// # Errors
    ///
    /// Those of [`disable`](FeatureSwitches::disable).
    pub fn preview_disable(&self, feature: &str) -> Call<FeatureChange> {
        self.access.preview(&operations::FEATURES_PREVIEW, Switch { feature: feature.to_owned(), on: false })
    }
}

struct Switch {
    feature: String,
    on: bool,
}

impl Change for Switch {
    type Answer = FeatureChange;

    fn operation(&self) -> &'static Operation {
        if self.on { &operations::FEATURES_ENABLE } else { &operations::FEATURES_DISABLE }
    }

    async fn decide(&self, unit: &mut Unit<'_>) -> Result<FeatureChange, Error> {
        let catalog = &unit.access.app.catalog;
        unit.bump_place().await?;
        let old = unit.customer().await?;
        let stored = old.features.iter();
        let change =
            if self.on { catalog.enable(stored, &self.feature) } else { catalog.disable(stored, &self.feature) };
        let change = change.map_err(|_| UnknownName { kind: "feature", name: self.feature.clone() })?;
        let features = StoredFeatures::from_names(change.stored.iter().map(String::as_str));
        if features != old.features {
            let names = |features: &StoredFeatures| features.iter().map(str::to_owned).collect::<Vec<_>>();
            let (before, after) =
                (json!({ "features": names(&old.features) }), json!({ "features": names(&features) }));
            let action = if self.on { "features.enabled" } else { "features.disabled" };
            unit.record_detail(unit.place(), action, old.id, old.id, before, after);
            unit.write(WriteOp::UpdateCustomer(CustomerRow { features, ..old }));
        }
        Ok(FeatureChange { enabled: self.on, changed: change.changed })
    }
}
