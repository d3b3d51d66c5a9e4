//! The audit log, and whether its chain was verified.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::Value;
use tenantry::{AuditEntry, AuditQuery, CustomerId, Error, Place};

use super::names::{Names, short};
use super::{ROWS, cursor, encoded, id};
use crate::desk::{Desk, Side};
use crate::given::Asks;
use crate::page::{Page, html};
use crate::problem::Problem;
use crate::verification::Check;
use crate::words;

/// How long a page waits for the check; a larger store is checked in the background.
const PATIENCE: Duration = Duration::from_secs(2);

/// What can stand in the log, for the filter.
const ACTIONS: &[&str] = &[
    "vendor.created",
    "customer.created",
    "customer.updated",
    "customer.archived",
    "customer.unarchived",
    "customer.deleted",
    "member.invited",
    "member.joined",
    "member.declined",
    "member.renamed",
    "member.role_changed",
    "member.suspended",
    "member.resumed",
    "member.removed",
    "member.erased",
    "invitation.resent",
    "invitation.revoked",
    "delivery.begun",
    "delivery.sent",
    "delivery.postponed",
    "delivery.unknown",
    "delivery.failed",
    "user.email_changed",
    "features.enabled",
    "features.disabled",
    "secret.created",
    "secret.updated",
    "secret.rolled_back",
    "secret.version_destroyed",
    "secret.deleted",
    "secrets.resolved",
    "secrets.sealed_anew",
    "deployment.registered",
    "deployment.reported",
    "deployment.removed",
    "place_key.promoted",
    "place_key.retired",
    "root_key.staged",
    "root_key.promoted",
    "root_key.retired",
    "keys.wrapped_anew",
];

/// What the address of the log says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LogQuery {
    place: String,
    actor: String,
    action: String,
    after: Option<String>,
    notice: Option<String>,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Log {
    page: Page,
    address: String,
    mark: Mark,
    actions: Vec<Choice>,
    by_place: bool,
    asked: LogQuery,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
}

struct Choice {
    name: &'static str,
    title: String,
    chosen: bool,
}

struct Mark {
    class: &'static str,
    text: String,
    findings: Vec<String>,
}

struct Row {
    number: u64,
    time: String,
    actor: String,
    actor_id: String,
    action: String,
    action_name: String,
    place: String,
    place_id: String,
    target: String,
    detail: Vec<String>,
}

/// The log: of the vendor with all its customers, or of one customer. Newest entries first.
///
/// # Errors
///
/// When the person may not see it.
pub async fn show(desk: Desk, Asks(asked): Asks<LogQuery>) -> Result<Response, Problem> {
    let mut query = AuditQuery::new().newest_first().page_size(ROWS);
    let filters = [&asked.place, &asked.actor, &asked.action].map(|text| text.trim());
    if !filters[1].is_empty() {
        query = query.actor(filters[1]);
    }
    if !filters[2].is_empty() {
        query = query.action(filters[2]);
    }
    if let Some(after) = &asked.after {
        query = query.after(cursor(after));
    }
    let found = if desk.side == Side::Vendor {
        if !filters[0].is_empty() {
            query = query.customer(id(filters[0])?);
        }
        desk.audit().follow(query).await?
    } else {
        desk.audit().list(query).await?
    };
    let actors = found.items.iter().map(|entry| (entry.actor.as_str(), entry.place.customer()));
    let names = Names::across(&desk, actors.collect()).await?;
    let places = places(&desk, &found.items).await?;
    let address = format!("{}/audit", desk.base);
    let page = desk.page("Audit log", &address, asked.notice.as_deref())?;
    let [place, actor, action] = filters.map(encoded);
    let filtered = format!("{address}?place={place}&actor={actor}&action={action}");
    let rows = found.items.into_iter().map(|entry| row(&desk, entry, &names, &places)).collect();
    let choice = |name: &&'static str| Choice { name, title: words::title(name), chosen: asked.action == *name };
    let log = Log {
        page,
        mark: mark(desk.portal.verification.last()),
        actions: ACTIONS.iter().map(choice).collect(),
        by_place: desk.side == Side::Vendor,
        rows,
        first: asked.after.is_some().then(|| filtered.clone()),
        next: found.next.map(|next| format!("{filtered}&after={}", encoded(&next.to_string()))),
        address,
        asked,
    };
    html(StatusCode::OK, &log)
}

fn mark(check: Check) -> Mark {
    let (class, text, findings) = match check {
        Check::Never => ("open", "The chain was not verified since the program started.".to_owned(), Vec::new()),
        Check::Running => {
            ("open", "The chain is being verified. Load the page again to see the result.".to_owned(), Vec::new())
        }
        Check::Done { at, count: 0, .. } => {
            ("good", format!("Chain verified {}: every entry is where and what it was.", words::time(at)), Vec::new())
        }
        Check::Done { at, count, findings } => {
            let what = words::count(count as u64, "finding");
            ("bad", format!("The chain was verified {}: {what}.", words::time(at)), findings)
        }
        Check::Failed => ("bad", "The chain could not be verified.".to_owned(), Vec::new()),
    };
    Mark { class, text, findings }
}

/// The names of the customers that entries are about.
async fn places(desk: &Desk, entries: &[AuditEntry]) -> Result<HashMap<CustomerId, String>, Problem> {
    let mut names = HashMap::new();
    if let Some(customer) = &desk.customer {
        names.insert(customer.id, customer.name.clone());
    }
    let vendor = desk.staff();
    for id in entries.iter().filter_map(|entry| entry.place.customer()) {
        if let std::collections::hash_map::Entry::Vacant(entry) = names.entry(id) {
            match vendor.customer(id).get().await {
                Ok(customer) => entry.insert(customer.name),
                Err(Error::NotFound(_)) => entry.insert(format!("deleted ({})", short(&id.to_string()))),
                Err(error) => return Err(error.into()),
            };
        }
    }
    Ok(names)
}

fn row(desk: &Desk, entry: AuditEntry, names: &Names, places: &HashMap<CustomerId, String>) -> Row {
    let (place, place_id) = match entry.place {
        Place::Vendor(_) => (desk.portal.vendor.name.clone(), String::new()),
        Place::Customer(_, id) => (places.get(&id).cloned().unwrap_or_default(), id.to_string()),
    };
    Row {
        number: entry.number,
        time: words::time(entry.time),
        actor: names.name(&entry.actor),
        actor_id: entry.actor,
        action: words::title(&entry.action),
        action_name: entry.action,
        place,
        place_id,
        target: short(&entry.target),
        detail: entry.detail.as_deref().map(detail).unwrap_or_default(),
    }
}

/// What changed, a line for each field.
fn detail(text: &str) -> Vec<String> {
    let Ok(Value::Object(both)) = serde_json::from_str(text) else { return Vec::new() };
    let side = |name: &str| both.get(name).and_then(Value::as_object);
    let (before, after) = (side("before"), side("after"));
    let mut names: Vec<_> = before.into_iter().chain(after).flat_map(|fields| fields.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let lines = names.into_iter().filter_map(|name| {
        let field = |side: Option<&serde_json::Map<String, Value>>| side.and_then(|fields| fields.get(name)).map(shown);
        let title = if name == "email" { "E-mail".to_owned() } else { words::title(name) };
        Some(match (field(before), field(after)) {
            (Some(before), Some(after)) if before == after => format!("{title}: {after}"),
            (Some(before), Some(after)) => format!("{title}: {before} → {after}"),
            (None, Some(after)) => format!("{title}: {after}"),
            (Some(before), None) => format!("{title}: was {before}"),
            (None, None) => return None,
        })
    });
    lines.collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(shown).collect();
            if items.is_empty() { "none".to_owned() } else { items.join(", ") }
        }
        Value::Object(fields) if fields.is_empty() => "none".to_owned(),
        Value::Object(fields) => {
            let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name} ({})", shown(value))).collect();
            fields.join(", ")
        }
        other => other.to_string(),
    }
}

/// Checks the chain, and the whole store with it. Whoever may read the log may ask for it.
///
/// # Errors
///
/// When the person may not read the log.
pub async fn verify(desk: Desk) -> Result<Response, Problem> {
    desk.staff().require("audit.view").await?;
    let (portal, reason) = (Arc::clone(&desk.portal), format!("asked for by {}", desk.person.user));
    // On a task of its own: the check goes on when the browser does not wait.
    let check = tokio::spawn(async move {
        if let Err(error) = portal.verification.run(&portal.app, &reason).await {
            tracing::error!(code = error.code(), "the check failed");
        }
    });
    // When it takes longer, the page says that it is running.
    let _ = tokio::time::timeout(PATIENCE, check).await;
    Ok(Redirect::to(&format!("{}/audit", desk.base)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_told_field_by_field() {
        let text =
            r#"{"before":{"name":"Globex","role":"user"},"after":{"name":"Globex","role":"viewer","features":[]}}"#;
        assert_eq!(detail(text), ["Features: none", "Name: Globex", "Role: user → viewer"]);
        assert_eq!(detail(r#"{"before":{"key":"A"},"after":null}"#), ["Key: was A"]);
        assert!(detail("not json").is_empty());
    }
}
