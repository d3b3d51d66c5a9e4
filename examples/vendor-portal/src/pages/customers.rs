//! The list of customers, its filter, and what makes a new one.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tenantry::{CustomerFilter, CustomerStatus, Error, NewCustomer};

use super::features::Panel;
use super::{ROWS, cursor, encoded};
use crate::desk::Desk;
use crate::given::{Asks, Fields};
use crate::notices::Notice;
use crate::page::{Page, done, html};
use crate::problem::{Problem, status};
use crate::words;

/// What the address of the list says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    status: String,
    after: Option<String>,
    notice: Option<String>,
}

impl Asked {
    fn filter(&self) -> CustomerFilter {
        let mut filter = CustomerFilter::new().text(self.q.trim()).page_size(ROWS);
        if let Some(after) = &self.after {
            filter = filter.after(cursor(after));
        }
        match self.status.as_str() {
            "archived" => filter.archived(),
            "any" => filter.any_status(),
            _ => filter,
        }
    }

    /// The address of the same list, from its beginning.
    fn address(&self) -> String {
        let [q, status] = [&self.q, &self.status].map(|text| encoded(text));
        format!("/customers?q={q}&status={status}")
    }
}

#[derive(Template)]
#[template(path = "customers.html")]
struct List {
    page: Page,
    asked: Asked,
    rows: Vec<Row>,
    summary: String,
    first: Option<String>,
    next: Option<String>,
    can_create: bool,
}

struct Row {
    id: String,
    name: String,
    external_id: Option<String>,
    archived: bool,
    members: u64,
    secrets: u64,
    panel: Panel,
}

/// The list of customers.
///
/// # Errors
///
/// When the person may not see it, or the store fails.
pub async fn list(desk: Desk, Asks(asked): Asks<Asked>) -> Result<Response, Problem> {
    let found = desk.vendor()?.customers().list(asked.filter()).await?;
    let can_manage = desk.can("features.manage")?;
    let catalog = desk.portal.app.catalog();
    let page = desk.page("Customers", "/customers", asked.notice.as_deref())?;
    let rows: Vec<_> = found
        .items
        .into_iter()
        .map(|customer| {
            let archived = customer.status == CustomerStatus::Archived;
            let panel = Panel::new(catalog, &customer, can_manage && !archived);
            let (id, name) = (customer.id.to_string(), customer.name);
            let (external_id, members, secrets) = (customer.external_id, customer.members, customer.secrets);
            Row { id, name, external_id, archived, members, secrets, panel }
        })
        .collect();
    let summary = match (rows.len(), &found.next, &asked.after) {
        (0, ..) => "No customer matches.".to_owned(),
        (shown, None, None) => format!("{} in all.", words::count(shown as u64, "customer")),
        (shown, Some(_), _) => format!("{} on this page, and more follow.", words::count(shown as u64, "customer")),
        (shown, None, Some(_)) => format!("{} on this page, the last one.", words::count(shown as u64, "customer")),
    };
    let address = asked.address();
    let list = List {
        page,
        rows,
        summary,
        first: asked.after.is_some().then(|| address.clone()),
        next: found.next.map(|next| format!("{address}&after={}", encoded(&next.to_string()))),
        can_create: desk.can("customers.manage")?,
        asked,
    };
    html(StatusCode::OK, &list)
}

#[derive(Template)]
#[template(path = "new_customer.html")]
struct New {
    page: Page,
    form: NewForm,
    name_problem: Option<String>,
    external_id_problem: Option<String>,
}

/// What a new customer is made from.
#[derive(Debug, Default, Deserialize)]
pub struct NewForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    external_id: String,
}

/// The form for a new customer.
///
/// # Errors
///
/// When the person may not create customers.
pub async fn new(desk: Desk) -> Result<Response, Problem> {
    desk.vendor()?.require("customers.manage").await?;
    let page = desk.page("Create a customer", "/customers", None)?;
    let (name_problem, external_id_problem) = (None, None);
    html(StatusCode::OK, &New { page, form: NewForm::default(), name_problem, external_id_problem })
}

/// Creates a customer.
///
/// # Errors
///
/// When the person may not create customers, or the store fails. What is wrong with a field stands beside it.
pub async fn create(desk: Desk, Fields(form): Fields<NewForm>) -> Result<Response, Problem> {
    let mut new = NewCustomer::new(&form.name);
    if !form.external_id.trim().is_empty() {
        new = new.external_id(&form.external_id);
    }
    match desk.vendor()?.customers().create(new).await {
        Ok(customer) => {
            let text =
                format!("{} was created. You can now invite users, manage secrets and set features.", customer.name);
            // The list is long, so it shows the part where the new customer is.
            let to = format!("/customers?q={}", encoded(&customer.name));
            done(&desk.portal, &desk.session, &to, Notice { text, link: None })
        }
        Err(error) => {
            let field = match &error {
                Error::InvalidInput(error) => error.field(),
                Error::AlreadyExists(error) => error.field(),
                _ => return Err(error.into()),
            };
            let problem = Some(words::refusal(&error));
            let (name_problem, external_id_problem) = if field == "name" { (problem, None) } else { (None, problem) };
            let page = desk.page("Create a customer", "/customers", None)?;
            html(status(&error), &New { page, form, name_problem, external_id_problem })
        }
    }
}
