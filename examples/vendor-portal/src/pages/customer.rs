//! One customer, as staff see it: its name, archiving, deleting.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tenantry::{Customer, CustomerPatch, Error};

use super::Asked;
use crate::desk::Desk;
use crate::given::{Asks, Fields};
use crate::notices::Notice;
use crate::page::{Page, done, html};
use crate::problem::{Problem, status};
use crate::words;

#[derive(Template)]
#[template(path = "customer.html")]
struct Overview {
    page: Page,
    base: String,
    name: String,
    members: String,
    secrets: String,
    features: String,
    created: String,
    updated: String,
    archived: bool,
    sections: Vec<String>,
    can_manage: bool,
    can_delete: bool,
    form: DetailsForm,
    name_problem: Option<String>,
    external_id_problem: Option<String>,
    stale: Option<String>,
    typed: String,
    delete_problem: Option<String>,
}

/// The customer's own fields, as they are typed.
#[derive(Debug, Default, Deserialize)]
pub struct DetailsForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    external_id: String,
    revision: u64,
}

async fn overview(desk: &Desk, customer: &Customer, notice: Option<&str>) -> Result<Overview, Problem> {
    let (scope, _) = desk.on_customer()?;
    let page = desk.page(&customer.name, &desk.base, notice)?;
    let archived = desk.is_archived();
    let sections = if archived { Vec::new() } else { scope.portal().await? };
    let catalog = desk.portal.app.catalog();
    let features: Vec<_> = customer.features.iter().filter_map(|name| catalog.feature(name)).collect();
    let features: Vec<_> = features.iter().map(|feature| feature.title()).collect();
    Ok(Overview {
        page,
        base: desk.base.clone(),
        name: customer.name.clone(),
        members: words::count(customer.members, "user"),
        secrets: words::count(customer.secrets, "secret"),
        features: if features.is_empty() { "none".to_owned() } else { words::list(&features) },
        created: words::time(customer.created_at),
        updated: words::time(customer.updated_at),
        archived,
        sections: sections.into_iter().map(|section| section.title).collect(),
        can_manage: desk.can("customers.manage")?,
        can_delete: desk.can("customers.delete")?,
        form: DetailsForm {
            name: customer.name.clone(),
            external_id: customer.external_id.clone().unwrap_or_default(),
            revision: customer.revision,
        },
        name_problem: None,
        external_id_problem: None,
        stale: None,
        typed: String::new(),
        delete_problem: None,
    })
}

/// The customer.
///
/// # Errors
///
/// When the person may not see it.
pub async fn show(desk: Desk, Asks(asked): Asks<Asked>) -> Result<Response, Problem> {
    let (_, customer) = desk.on_customer()?;
    html(StatusCode::OK, &overview(&desk, customer, asked.notice.as_deref()).await?)
}

/// Changes name and external id, if they are still what the page showed.
///
/// # Errors
///
/// When the person may not, or the store fails. What is wrong with a field stands beside it; what somebody else changed
/// meanwhile stands beside what was typed.
pub async fn update(desk: Desk, Fields(form): Fields<DetailsForm>) -> Result<Response, Problem> {
    let (scope, customer) = desk.on_customer()?;
    let mut patch = CustomerPatch::new().name(&form.name).at_revision(form.revision);
    let external_id = form.external_id.trim();
    if external_id != customer.external_id.as_deref().unwrap_or_default() {
        patch = if external_id.is_empty() { patch.without_external_id() } else { patch.external_id(external_id) };
    }
    let error = match scope.update(patch).await {
        Ok(customer) => {
            let text =
                if customer.revision == form.revision { "Nothing was changed." } else { "The changes are saved." };
            return done(&desk.portal, &desk.session, &desk.base, Notice { text: text.to_owned(), link: None });
        }
        Err(error) => error,
    };
    let now = scope.get().await?;
    let mut page = overview(&desk, &now, None).await?;
    let problem = words::refusal(&error);
    match &error {
        Error::StaleRevision(_) => {
            let theirs = |name: &str, id: Option<&str>| match id.filter(|id| !id.is_empty()) {
                Some(id) => format!("“{name}” with the external id “{id}”"),
                None => format!("“{name}” without an external id"),
            };
            page.stale = Some(format!(
                "{problem} It is now {}. You typed {}. Save again to put yours in its place.",
                theirs(&now.name, now.external_id.as_deref()),
                theirs(&form.name, Some(external_id)),
            ));
        }
        Error::InvalidInput(error) if error.field() == "name" => page.name_problem = Some(problem),
        Error::InvalidInput(_) | Error::AlreadyExists(_) | Error::CustomerArchived(_) => {
            page.external_id_problem = Some(problem);
        }
        _ => return Err(error.into()),
    }
    page.form = DetailsForm { revision: now.revision, ..form };
    html(status(&error), &page)
}

/// Archives the customer.
///
/// # Errors
///
/// When the person may not, or the store fails.
pub async fn archive(desk: Desk) -> Result<Response, Problem> {
    let (scope, _) = desk.on_customer()?;
    let customer = scope.archive().await?;
    let text = format!("{} is archived. Its users and its deployments are refused from now on.", customer.name);
    done(&desk.portal, &desk.session, &desk.base, Notice { text, link: None })
}

/// Takes the customer back into use.
///
/// # Errors
///
/// When the person may not, or the store fails.
pub async fn unarchive(desk: Desk) -> Result<Response, Problem> {
    let (scope, _) = desk.on_customer()?;
    let customer = scope.unarchive().await?;
    let text = format!("{} is in use again, as it was before.", customer.name);
    done(&desk.portal, &desk.session, &desk.base, Notice { text, link: None })
}

/// The name, typed once more.
#[derive(Debug, Deserialize)]
pub struct DeleteForm {
    #[serde(default)]
    name: String,
}

/// Deletes the customer, whose name was typed.
///
/// # Errors
///
/// When the person may not, or the store fails. Another name is said beside the field.
pub async fn delete(desk: Desk, Fields(form): Fields<DeleteForm>) -> Result<Response, Problem> {
    let (scope, customer) = desk.on_customer()?;
    match scope.delete(&form.name).await {
        Ok(()) => {
            let text =
                format!("{} is deleted, with its users, secrets and features. The audit log stays.", customer.name);
            done(&desk.portal, &desk.session, "/customers", Notice { text, link: None })
        }
        Err(error @ Error::InvalidInput(_)) => {
            let mut page = overview(&desk, customer, None).await?;
            page.delete_problem = Some(format!("Type the name as it is: {}", customer.name));
            page.typed = form.name;
            html(status(&error), &page)
        }
        Err(error) => Err(error.into()),
    }
}
