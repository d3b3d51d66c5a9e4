//! Puts a catalogue together and refuses a wrong one (F6).

use std::collections::HashSet;
use std::sync::Arc;

use super::graph::{self, Graph};
use super::names::Names;
use super::{Catalog, CatalogError, Contents, Feature, Permission, Portal, Row, Section};

/// Collects features, permissions and sections, in the order in which they are to be shown.
///
/// Got from [`Catalog::builder`] with the standard content, from [`Catalog::empty`] without.
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is checked or made before `build`"]
pub struct CatalogBuilder {
    features: Vec<Feature>,
    permissions: Vec<Permission>,
    sections: Vec<Section>,
}

impl CatalogBuilder {
    /// Adds a feature; it may require features that are added later.
    pub fn feature(mut self, feature: Feature) -> Self {
        self.features.push(feature);
        self
    }

    /// Adds a permission; its feature may be added later.
    pub fn permission(mut self, permission: Permission) -> Self {
        self.permissions.push(permission);
        self
    }

    /// Adds a section after those that are there; its permission may be added later.
    pub fn section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// Checks everything and makes the catalogue.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong: a name, key or title that breaks its rules, a duplicate, an unknown name, a
    /// permission that has what its side cannot have, or the shortest cycle of features.
    pub fn build(self) -> Result<Catalog, CatalogError> {
        let given = feature_names(&self.features)?;
        let requires = requirements(&self.features, &given)?;
        let order = graph::dependency_order(&requires);
        if order.len() < self.features.len() {
            let names = graph::shortest_cycle(&requires).into_iter().filter_map(|node| self.features.get(node));
            return Err(CatalogError::Cycle { names: names.map(|feature| feature.name().to_owned()).collect() });
        }

        // From here on a feature's number is its place in dependency order.
        let features: Vec<Feature> = order.iter().filter_map(|node| self.features.get(*node).cloned()).collect();
        let by_name = feature_names(&features)?;
        let graph = Graph::new(&requirements(&features, &by_name)?);
        let mut alphabetical: Vec<usize> = (0..features.len()).collect();
        alphabetical.sort_unstable_by_key(|number| features.get(*number).map(Feature::name));

        let mut ids = [Names::default(), Names::default(), Names::default()];
        let mut rows = Vec::with_capacity(self.permissions.len());
        for permission in self.permissions {
            check_permission(&permission)?;
            let [vendor, customer, service] = &mut ids;
            let (names, kind) = match permission.portal() {
                Portal::Vendor => (vendor, "vendor permission"),
                Portal::Customer => (customer, "customer permission"),
                Portal::Service => (service, "service permission"),
            };
            names.insert(permission.name(), rows.len()).map_err(|name| duplicate(kind, name))?;
            let feature = match permission.feature() {
                Some(name) => Some(by_name.get(name).ok_or_else(|| unknown("feature", name, permission.name()))?),
                None => None,
            };
            rows.push(Row { permission, feature });
        }
        let [vendor, customer, service] = ids;
        check_sections(&self.sections, &customer)?;

        let sections = self.sections;
        let contents = Contents { features, by_name, alphabetical, graph, rows, vendor, customer, service, sections };
        Ok(Catalog { contents: Arc::new(contents) })
    }
}

/// The number of each feature by its name.
fn feature_names(features: &[Feature]) -> Result<Names, CatalogError> {
    let mut names = Names::default();
    for (number, feature) in features.iter().enumerate() {
        check_name("feature name", feature.name())?;
        check_title("feature title", feature.title())?;
        names.insert(feature.name(), number).map_err(|name| duplicate("feature", name))?;
    }
    Ok(names)
}

/// For each feature, the numbers of those that it requires.
fn requirements(features: &[Feature], by_name: &Names) -> Result<Vec<Vec<usize>>, CatalogError> {
    let row = |feature: &Feature| {
        let mut row = Vec::with_capacity(feature.requirements().len());
        let mut seen = HashSet::new();
        for name in feature.requirements() {
            row.push(by_name.get(name).ok_or_else(|| unknown("feature", name, feature.name()))?);
            if !seen.insert(name) {
                let used_by = Some(feature.name().to_owned());
                return Err(CatalogError::Duplicate { kind: "requirement", name: name.clone(), used_by });
            }
        }
        Ok(row)
    };
    features.iter().map(row).collect()
}

fn check_permission(permission: &Permission) -> Result<(), CatalogError> {
    let (portal, name) = (permission.portal(), permission.name());
    let words = name.split('.').collect::<Vec<_>>();
    if words.len() < 2 || name.len() > 128 || !words.into_iter().all(is_word) {
        let reason = "must be two or more words of lower-case letters, digits and underscores, each beginning with a \
                      letter, joined by dots, at most 128 characters";
        return Err(CatalogError::InvalidName { kind: "permission name", name: name.to_owned(), reason });
    }
    let reason = if portal == Portal::Vendor && permission.feature().is_some() {
        "cannot need a feature: staff may prepare what is still off"
    } else if portal != Portal::Vendor && permission.is_allowed_while_archived() {
        "cannot be allowed while archived: members and services of an archived customer are refused"
    } else {
        return Ok(());
    };
    Err(CatalogError::InvalidPermission { portal, name: name.to_owned(), reason })
}

fn check_sections(sections: &[Section], permissions: &Names) -> Result<(), CatalogError> {
    let mut seen = HashSet::new();
    for section in sections {
        check_name("section key", section.key())?;
        check_title("section title", section.title())?;
        if !seen.insert(section.key()) {
            return Err(duplicate("section", section.key()));
        }
        if permissions.get(section.permission()).is_none() {
            return Err(unknown("customer permission", section.permission(), section.key()));
        }
    }
    Ok(())
}

fn check_name(kind: &'static str, name: &str) -> Result<(), CatalogError> {
    if is_word(name) && name.len() <= 64 {
        return Ok(());
    }
    let reason = "must begin with a lower-case letter and have lower-case letters, digits and underscores, at most 64";
    Err(CatalogError::InvalidName { kind, name: name.to_owned(), reason })
}

fn check_title(kind: &'static str, title: &str) -> Result<(), CatalogError> {
    let reason = match title.chars().count() {
        0 | 101.. => "must have 1 to 100 characters",
        _ if title.chars().any(char::is_control) => "must not have control characters",
        _ => return Ok(()),
    };
    Err(CatalogError::InvalidName { kind, name: title.to_owned(), reason })
}

/// `^[a-z][a-z0-9_]*$`
fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn duplicate(kind: &'static str, name: &str) -> CatalogError {
    CatalogError::Duplicate { kind, name: name.to_owned(), used_by: None }
}

fn unknown(kind: &'static str, name: &str, used_by: &str) -> CatalogError {
    CatalogError::UnknownName { kind, name: name.to_owned(), used_by: used_by.to_owned() }
}
