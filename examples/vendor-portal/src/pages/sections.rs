//! The sections of the customer portal. Each asks tenantry whether the member may open it: what is not in the menu is
//! refused by its address, too.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Asked, encoded};
use crate::desk::Desk;
use crate::given::{Asks, At};
use crate::page::{Page, html};
use crate::problem::Problem;
use crate::words;

#[derive(Template)]
#[template(path = "section.html")]
struct Section {
    page: Page,
    title: String,
    about: &'static str,
    deployments: Option<Vec<Deployment>>,
    first: Option<String>,
    next: Option<String>,
    sections: Vec<crate::page::Way>,
}

struct Deployment {
    name: String,
    secrets: String,
    updated: String,
}

/// What an address of a section says.
#[derive(Debug, Deserialize)]
pub struct Target {
    section: String,
}

/// Where a customer portal begins.
///
/// # Errors
///
/// When the person is no member.
pub async fn begin(desk: Desk) -> Result<Response, Problem> {
    Ok(Redirect::to(&format!("{}/home", desk.base)).into_response())
}

/// A section, if the member may open it.
///
/// # Errors
///
/// The reason why not: the role, or a feature that is off.
pub async fn show(desk: Desk, At(target): At<Target>, Asks(asked): Asks<Asked>) -> Result<Response, Problem> {
    let (scope, _) = desk.on_customer()?;
    let catalog = desk.portal.app.catalog();
    let section = catalog.sections().iter().find(|section| section.key() == target.section);
    let section = section.ok_or(Problem::NoPage)?;
    scope.require(section.permission()).await?;
    let address = format!("{}/{}", desk.base, section.key());
    let page = desk.page(section.title(), &address, asked.notice.as_deref())?;
    let (mut deployments, mut next) = (None, None);
    if section.key() == "deployments" {
        let found = desk.deployments().list(asked.page()).await?;
        next = found.next.map(|next| format!("{address}?after={}", encoded(&next.to_string())));
        deployments = Some(found.items.into_iter().map(deployment).collect());
    }
    let first = asked.after.is_some().then_some(address);
    let sections = if section.key() == "home" { page.nav.clone() } else { Vec::new() };
    let (title, about) = (section.title().to_owned(), about(section.key()));
    html(StatusCode::OK, &Section { page, title, about, deployments, first, next, sections })
}

fn deployment(it: tenantry::Deployment) -> Deployment {
    let secrets: Vec<_> = it.secrets.iter().map(|secret| secret.key.as_str()).collect();
    let secrets = if secrets.is_empty() { "none".to_owned() } else { words::list(&secrets) };
    Deployment { secrets, updated: words::time(it.updated_at), name: it.name }
}

/// What the vendor's product shows there.
fn about(key: &str) -> &'static str {
    match key {
        "home" => {
            "What your company has, at a glance. You see the sections that are enabled for your company and open to your role."
        }
        "deployments" => {
            "The agents that run the vendor's software at your place, and their state. The vendor's product shows them here; these are the ones that its service registered."
        }
        "artifacts" => {
            "The registry of the vendor: images and packages that you may pull. The vendor's product shows it here."
        }
        "licenses" => "The licences that your company holds. The vendor's product shows them here.",
        "support" => {
            "Diagnostic bundles that you make and submit to the vendor's support. The vendor's product shows them here."
        }
        "alerts" => "Notifications about the health of your deployments. The vendor's product shows them here.",
        "access_tokens" => "Tokens of your own, with which programs act for you. The vendor's product makes them here.",
        _ => "A section of the vendor's product.",
    }
}
