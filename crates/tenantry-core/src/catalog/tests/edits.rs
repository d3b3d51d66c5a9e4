//! Changes of a customer's features against a model without cleverness: sets of names and repeated look-ups.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::*;

type Set = BTreeSet<String>;

/// Features with what they require, in the order in which they are added.
#[derive(Clone, Debug)]
struct Model(Vec<(String, Set)>);

impl Model {
    fn build(&self) -> Catalog {
        let feature = |(name, requires): &(String, Set)| {
            requires.iter().fold(Feature::new(name, "Title"), |feature, required| feature.requires(required))
        };
        self.0.iter().map(feature).fold(Catalog::empty(), CatalogBuilder::feature).build().unwrap()
    }

    fn requires(&self, name: &str) -> Option<&Set> {
        self.0.iter().find(|(feature, _)| feature == name).map(|(_, requires)| requires)
    }

    fn below(&self, name: &str) -> Set {
        let mut found = Set::from([name.to_owned()]);
        while let Some(more) = found.iter().flat_map(|name| self.requires(name).unwrap()).find(|n| !found.contains(*n))
        {
            found.insert(more.clone());
        }
        found
    }

    fn above(&self, name: &str) -> Set {
        self.0
            .iter()
            .map(|(feature, _)| feature)
            .filter(|feature| self.below(feature).contains(name))
            .cloned()
            .collect()
    }

    fn on(&self, stored: &Set) -> Set {
        let mut on: Set = stored.iter().filter(|name| self.requires(name).is_some()).cloned().collect();
        while let Some(off) = on.iter().find(|name| !self.requires(name).unwrap().is_subset(&on)).cloned() {
            on.remove(&off);
        }
        on
    }

    fn after(&self, stored: &Set, edit: &Edit) -> Set {
        if edit.enable { stored | &self.below(&edit.feature) } else { stored - &self.above(&edit.feature) }
    }
}

#[derive(Clone, Debug)]
struct Edit {
    enable: bool,
    feature: String,
}

impl Edit {
    fn decide(&self, catalog: &Catalog, stored: &Set) -> Result<Change, UnknownFeature> {
        let stored = stored.iter().map(String::as_str);
        if self.enable { catalog.enable(stored, &self.feature) } else { catalog.disable(stored, &self.feature) }
    }
}

const POOL: usize = 80;

fn name(number: usize) -> String {
    format!("f{number}")
}

/// A catalogue with some of the names of the pool, in any order; some have more than 64 features, some fewer.
fn model() -> impl Strategy<Value = Model> {
    let requirements = prop::collection::vec(any::<usize>(), 0..3);
    let feature = (prop::bool::weighted(0.9), requirements);
    (prop::collection::vec(feature, 1..POOL), any::<bool>())
        .prop_map(|(features, upside_down)| {
            let number = |node| name(if upside_down { POOL - node } else { node });
            let there = |node: &usize| features[*node].0;
            let row = |node: usize| {
                let required = features[node].1.iter().filter_map(|any| any.checked_rem(node)).filter(there);
                (number(node), required.map(number).collect())
            };
            (0..features.len()).filter(there).map(row).collect::<Vec<_>>()
        })
        .prop_shuffle()
        .prop_map(Model)
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = (any::<bool>(), 0..POOL).prop_map(|(enable, number)| Edit { enable, feature: name(number) });
    prop::collection::vec(edit, 1..20)
}

fn stored() -> impl Strategy<Value = Set> {
    prop::collection::btree_set((0..POOL + 5).prop_map(name), 0..POOL)
}

fn owned(names: Vec<&str>) -> Set {
    names.into_iter().map(str::to_owned).collect()
}

/// The names in the order of the catalogue.
fn in_order(catalog: &Catalog, names: &Set) -> Vec<String> {
    catalog.features().map(|feature| feature.name().to_owned()).filter(|name| names.contains(name)).collect()
}

proptest! {
    #[test]
    fn f6_features_stand_after_what_they_require(model in model()) {
        let mut before = Set::new();
        for feature in model.build().features() {
            prop_assert!(feature.requirements().iter().all(|required| before.contains(required)));
            before.insert(feature.name().to_owned());
        }
        prop_assert_eq!(before.len(), model.0.len());
    }

    /// F3 (cascade, order, independent features), F4, F5 and F7 in one: whatever is stored, and whichever of two
    /// releases makes the change, the answer is the model's.
    #[test]
    fn f3_f7_edits_by_two_releases_do_what_the_model_does(
        releases in [model(), model()],
        mut stored in stored(),
        edits in edits(),
    ) {
        let catalogs = releases.each_ref().map(Model::build);
        for (turn, edit) in edits.iter().enumerate() {
            let (model, catalog) = (&releases[turn % 2], &catalogs[turn % 2]);
            let answer = edit.decide(catalog, &stored);
            if model.requires(&edit.feature).is_none() {
                let error = answer.unwrap_err();
                prop_assert_eq!(error.name(), &edit.feature);
                continue;
            }
            let change = answer.unwrap();
            let preview = edit.decide(catalog, &stored).unwrap();
            prop_assert_eq!(&preview, &change, "f5: a preview is the change");

            let after = model.after(&stored, edit);
            prop_assert!(change.stored.iter().eq(after.iter()), "sorted, and the model's");
            let changed: Set = model.on(&stored).symmetric_difference(&model.on(&after)).cloned().collect();
            prop_assert_eq!(&change.changed, &in_order(catalog, &changed));

            let on = owned(catalog.names(&catalog.on(after.iter().map(String::as_str))));
            prop_assert!(on.iter().all(|name| model.requires(name).unwrap().is_subset(&on)), "f4: closed");
            prop_assert_eq!(on.contains(&edit.feature), edit.enable);
            let lost: Set = stored.difference(&after).cloned().collect();
            prop_assert!(lost.iter().all(|name| model.below(name).contains(&edit.feature)), "f7: the rest stays stored");
            stored = after;
        }
    }

    #[test]
    fn f3_without_drift_nothing_but_the_cascade_changes(model in model(), edits in edits()) {
        let catalog = model.build();
        let mut stored = Set::new();
        for edit in edits.iter().filter(|edit| model.requires(&edit.feature).is_some()) {
            let change = edit.decide(&catalog, &stored).unwrap();
            let cascade = if edit.enable { model.below(&edit.feature) } else { model.above(&edit.feature) };
            prop_assert!(change.changed.iter().all(|name| cascade.contains(name)));
            stored = change.stored.into_iter().collect();
            let resolved = catalog.resolve(stored.iter().map(String::as_str));
            prop_assert!(resolved.waiting.is_empty() && resolved.unknown.is_empty());
            prop_assert_eq!(resolved.on.len(), stored.len(), "f7: each change writes a closed set");
        }
    }

    #[test]
    fn f3_enabling_then_disabling_leaves_what_does_not_require_the_feature(
        model in model(),
        stored in stored(),
        pick in any::<prop::sample::Index>(),
    ) {
        prop_assume!(!model.0.is_empty());
        let catalog = model.build();
        let feature = &pick.get(&model.0).0;
        let enabled = catalog.enable(stored.iter().map(String::as_str), feature).unwrap();
        let disabled = catalog.disable(enabled.stored.iter().map(String::as_str), feature).unwrap();
        let expected = &(&stored | &model.below(feature)) - &model.above(feature);
        prop_assert!(disabled.stored.iter().eq(expected.iter()));
        prop_assert_eq!(disabled.changed.contains(feature), true);
        // Doing either a second time changes nothing.
        let again = catalog.disable(disabled.stored.iter().map(String::as_str), feature).unwrap();
        prop_assert!(again.changed.is_empty() && again.stored == disabled.stored);
    }

    #[test]
    fn f7_stored_names_are_told_apart(model in model(), stored in stored()) {
        let catalog = model.build();
        let names = || stored.iter().map(String::as_str);
        let resolved = catalog.resolve(names().chain(names()));
        let on = model.on(&stored);
        prop_assert_eq!(&resolved.on, &catalog.on(names()));
        prop_assert_eq!(owned(catalog.names(&resolved.on)), on.clone());
        prop_assert_eq!((resolved.on.len(), resolved.on.is_empty()), (on.len(), on.is_empty()));
        prop_assert!((0..POOL).map(name).all(|name| catalog.has(&resolved.on, &name) == on.contains(&name)));
        let known: Set = stored.iter().filter(|name| model.requires(name).is_some()).cloned().collect();
        prop_assert_eq!(&resolved.waiting, &in_order(&catalog, &(&known - &on)));
        prop_assert!(resolved.unknown.iter().eq((&stored - &known).iter()));
    }

    #[test]
    fn r2_what_is_missing_turns_the_feature_on_and_none_of_it_is_on_already(model in model(), stored in stored()) {
        let catalog = model.build();
        let on = catalog.on(stored.iter().map(String::as_str));
        for feature in catalog.features().map(Feature::name) {
            let missing = catalog.missing(&on, feature);
            let expected = &model.below(feature) - &model.on(&stored);
            prop_assert!(missing.iter().eq(in_order(&catalog, &expected).iter()));
            let with = catalog.with(&on, feature).unwrap();
            prop_assert_eq!(owned(catalog.names(&with)), &model.on(&stored) | &model.below(feature));
            let without = catalog.without(&on, feature).unwrap();
            prop_assert_eq!(owned(catalog.names(&without)), &model.on(&stored) - &model.above(feature));
        }
        prop_assert!(catalog.missing(&on, "nothing").is_empty());
    }

    /// A mistake of the host, but no reason to panic.
    #[test]
    fn a_set_of_another_catalogue_is_answered_somehow(models in [model(), model()], stored in stored()) {
        let [one, other] = models.each_ref().map(Model::build);
        let on = other.on(stored.iter().map(String::as_str));
        for feature in one.features().map(Feature::name) {
            let _ = (one.has(&on, feature), one.missing(&on, feature), one.names(&on));
            let _ = (one.with(&on, feature), one.without(&on, feature));
        }
    }
}

/// The story of F7: release 2 makes `alerts` require `reports`, which release 1 does not know.
#[test]
fn f7_a_feature_with_a_new_requirement_waits_and_comes_back() {
    let old = Catalog::standard();
    let new = Catalog::empty()
        .feature(Feature::new("deployments", "Deployments"))
        .feature(Feature::new("alerts", "Alerts").requires("deployments").requires("reports"))
        .feature(Feature::new("reports", "Reports"))
        .build()
        .unwrap();
    let stored = ["alerts", "artifacts", "deployments"];
    let resolved = new.resolve(stored);
    assert_eq!(new.names(&resolved.on), ["deployments"]);
    assert_eq!((resolved.waiting, resolved.unknown), (vec!["alerts".to_owned()], vec!["artifacts".to_owned()]));
    assert_eq!(new.missing(&resolved.on, "alerts"), ["reports", "alerts"]);

    let change = new.enable(stored, "reports").unwrap();
    assert_eq!(change.changed, ["reports", "alerts"], "what waited comes back, and the answer says so");
    assert_eq!(change.stored, ["alerts", "artifacts", "deployments", "reports"], "unknown names stay stored");

    // The old release, still running, changes something of its own and loses nothing of the new one's.
    let change = old.disable(change.stored.iter().map(String::as_str), "artifacts").unwrap();
    assert_eq!(
        (change.changed, change.stored.join(" ")),
        (vec!["artifacts".to_owned()], "alerts deployments reports".to_owned())
    );

    let unchanged = new.disable(stored, "alerts").unwrap();
    assert_eq!(unchanged.changed, Vec::<String>::new(), "a feature that waits was off before");
    assert_eq!(unchanged.stored, ["artifacts", "deployments"]);
}

#[test]
fn f6_a_feature_that_the_catalogue_does_not_know_is_an_error() {
    let error = Catalog::standard().enable(["billing"], "billing").unwrap_err();
    assert_eq!(error.name(), "billing");
    assert_eq!(error.to_string(), "the catalogue knows no feature `billing`");
    assert_eq!(Catalog::standard().disable(["billing"], "billing"), Err(error));
}
