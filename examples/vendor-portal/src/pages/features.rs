//! The features of a customer, as the dropdown of the list and as a page of their own.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::RawForm;
use axum::http::StatusCode;
use axum::response::Response;
use tenantry::{Catalog, Customer, Feature, FeatureChange};

use super::Asked;
use crate::desk::{Desk, Side};
use crate::given::Asks;
use crate::notices::Notice;
use crate::page::{Page, done, html};
use crate::problem::Problem;
use crate::words;

/// The features of a customer, as they are checked and unchecked.
#[derive(Clone, Debug)]
pub struct Panel {
    /// The customer's id.
    pub id: String,
    /// The customer's name.
    pub name: String,
    /// How many are on.
    pub on: usize,
    /// The features, each below the first one that it requires.
    pub switches: Vec<Switch>,
    /// Whether the person may change them.
    pub can_manage: bool,
    /// Whether it is open.
    pub open: bool,
}

/// One feature.
#[derive(Clone, Debug)]
pub struct Switch {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is, in the vendor's words.
    pub about: String,
    /// How deep it stands below what it requires.
    pub depth: usize,
    /// Whether the customer has it.
    pub on: bool,
}

impl Panel {
    /// The features of this customer.
    pub fn new(catalog: &Catalog, customer: &Customer, can_manage: bool) -> Self {
        let mut switches = Vec::new();
        for root in catalog.features().filter(|feature| feature.requirements().is_empty()) {
            below(catalog, root, 0, customer, &mut switches);
        }
        let (id, name, on) = (customer.id.to_string(), customer.name.clone(), customer.features.len());
        Self { id, name, on, switches, can_manage, open: false }
    }
}

/// The feature, and below it those whose first requirement it is.
fn below(catalog: &Catalog, feature: &Feature, depth: usize, customer: &Customer, switches: &mut Vec<Switch>) {
    let (name, title) = (feature.name().to_owned(), feature.title().to_owned());
    let on = customer.features.contains(&name);
    switches.push(Switch { about: about(catalog, feature), on, depth, title, name });
    let leads = |other: &&Feature| other.requirements().first().is_some_and(|first| first == feature.name());
    for other in catalog.features().filter(leads) {
        below(catalog, other, depth + 1, customer, switches);
    }
}

/// What a feature is: the vendor's own words, and what it requires.
fn about(catalog: &Catalog, feature: &Feature) -> String {
    let text = match feature.name() {
        "deployments" => "access to agent-based deployments",
        "alerts" => "deployment health notifications",
        "artifacts" => "access to the artifact registry",
        "support_bundles" => "ability to create and submit diagnostic bundles",
        _ => "",
    };
    let required = titles(catalog, feature.requirements());
    if required.is_empty() { text.to_owned() } else { format!("{text} (requires {})", words::list(&required)) }
}

fn titles<S: AsRef<str>>(catalog: &Catalog, names: &[S]) -> Vec<String> {
    let title = |name: &str| catalog.feature(name).map_or_else(|| name.to_owned(), |it| it.title().to_owned());
    names.iter().map(|name| title(name.as_ref())).collect()
}

#[derive(Template)]
#[template(path = "features.html")]
struct Features {
    page: Page,
    panel: Panel,
}

/// The features of a customer.
///
/// # Errors
///
/// When the person may not see the customer.
pub async fn show(desk: Desk, Asks(asked): Asks<Asked>) -> Result<Response, Problem> {
    let (_, customer) = desk.on_customer()?;
    let can_manage = desk.can("features.manage")? && desk.side == Side::Staff;
    let panel = Panel { open: true, ..Panel::new(desk.portal.app.catalog(), customer, can_manage) };
    let page = desk.page("Features", &format!("{}/features", desk.base), asked.notice.as_deref())?;
    html(StatusCode::OK, &Features { page, panel })
}

/// Switches what is checked otherwise than it was when the page was made. What others switched meanwhile stays.
///
/// # Errors
///
/// When the person may not, or the store fails.
pub async fn switch(desk: Desk, RawForm(form): RawForm) -> Result<Response, Problem> {
    let (scope, _) = desk.on_customer()?;
    let fields: Vec<_> = form_urlencoded::parse(&form).into_owned().collect();
    let named = |wanted: &str| -> BTreeSet<String> {
        fields.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.clone()).collect()
    };
    let (had, has) = (named("had"), named("feature"));
    let catalog = desk.portal.app.catalog();
    let mut sentences = Vec::new();
    for name in had.difference(&has) {
        sentences.push(sentence(catalog, name, &scope.features().disable(name).await?));
    }
    for name in has.difference(&had) {
        sentences.push(sentence(catalog, name, &scope.features().enable(name).await?));
    }
    if sentences.is_empty() {
        sentences.push("Nothing was changed.".to_owned());
    }
    let to = format!("{}/features", desk.base);
    done(&desk.portal, &desk.session, &to, Notice { text: sentences.join(" "), link: None })
}

/// What a switch did: also to others.
fn sentence(catalog: &Catalog, name: &str, change: &FeatureChange) -> String {
    let this = titles(catalog, &[name]).concat();
    let state = if change.enabled { "on" } else { "off" };
    let others: Vec<_> = change.changed.iter().filter(|changed| *changed != name).collect();
    let others = titles(catalog, &others);
    if change.changed.is_empty() {
        return format!("{this} was {state} already.");
    }
    if others.is_empty() {
        return format!("{this} is {state}.");
    }
    let (others, are) = (words::list(&others), if others.len() == 1 { "is" } else { "are" });
    if change.enabled {
        format!("{this} is on, and {others} {are} on with it, because {this} requires it.")
    } else {
        format!("{this} is off, and {others} {are} off with it, because it requires {this}.")
    }
}
