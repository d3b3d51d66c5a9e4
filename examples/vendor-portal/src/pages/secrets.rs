//! The secrets of a place. No page shows a value, not even the one that was just typed.

use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use tenantry::{Error, PageRequest, SecretChange};

use super::names::Names;
use super::{Asked, encoded};
use crate::desk::{Desk, Side};
use crate::given::{Asks, At, Fields};
use crate::notices::Notice;
use crate::page::{Page, done, html, is_htmx, leads_the_window};
use crate::problem::{Problem, status};
use crate::words;

#[derive(Template)]
#[template(path = "secrets.html")]
struct List {
    page: Page,
    address: String,
    place: String,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
    can_manage: bool,
    key: String,
    key_problem: Option<String>,
    value_problem: Option<String>,
}

struct Row {
    key: String,
    version: u64,
    created: String,
    created_by: String,
    updated: String,
    updated_by: String,
}

async fn secrets(desk: &Desk, asked: &Asked) -> Result<List, Problem> {
    let found = desk.secrets().list(asked.page()).await?;
    let actors = found.items.iter().flat_map(|secret| [secret.created_by.as_str(), secret.updated_by.as_str()]);
    let names = Names::of(desk, actors.collect()).await?;
    let address = format!("{}/secrets", desk.base);
    let title = if desk.side == Side::Staff { "Manage secrets" } else { "Secrets" };
    let rows = found.items.into_iter().map(|secret| Row {
        created: words::time(secret.created_at),
        created_by: names.name(&secret.created_by),
        updated: words::time(secret.updated_at),
        updated_by: names.name(&secret.updated_by),
        version: secret.version,
        key: secret.key,
    });
    Ok(List {
        page: desk.page(title, &address, asked.notice.as_deref())?,
        rows: rows.collect(),
        first: asked.after.is_some().then(|| address.clone()),
        next: found.next.map(|next| format!("{address}?after={}", encoded(&next.to_string()))),
        address,
        place: desk.customer.as_ref().map_or(&desk.portal.vendor.name, |customer| &customer.name).clone(),
        can_manage: desk.can("secrets.manage")?,
        key: String::new(),
        key_problem: None,
        value_problem: None,
    })
}

/// The secrets of the place.
///
/// # Errors
///
/// When the person may not see them.
pub async fn list(desk: Desk, Asks(asked): Asks<Asked>) -> Result<Response, Problem> {
    html(StatusCode::OK, &secrets(&desk, &asked).await?)
}

/// A secret, as it is typed.
#[derive(Deserialize)]
pub struct SetForm {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
    #[serde(default)]
    version: u64,
}

impl std::fmt::Debug for SetForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetForm").field("key", &self.key).finish_non_exhaustive()
    }
}

impl SetForm {
    /// Sets the secret, if it still has the version that the page showed.
    async fn set(&self, desk: &Desk, key: &str) -> Result<SecretChange, Error> {
        // Browsers send a line break as two characters; files have one.
        let value = self.value.replace("\r\n", "\n");
        desk.secrets().set_at(key, value.as_str(), self.version).await
    }
}

/// Creates a secret.
///
/// # Errors
///
/// When the person may not, or the store fails. What is wrong with a field stands beside it.
pub async fn create(desk: Desk, headers: HeaderMap, Fields(form): Fields<SetForm>) -> Result<Response, Problem> {
    let error = match form.set(&desk, &form.key).await {
        Ok(change) => {
            let text = format!("The secret {} is set.", change.secret.key);
            return changed(&desk, &headers, &format!("{}/secrets", desk.base), text);
        }
        Err(error) => error,
    };
    let (mut key_problem, mut value_problem) = (None, None);
    match &error {
        Error::InvalidInput(error_in) if error_in.field() == "value" => value_problem = Some(words::refusal(&error)),
        Error::InvalidInput(_) => key_problem = Some(words::refusal(&error)),
        Error::StaleRevision(_) => {
            key_problem =
                Some("There is a secret with this key already. Open it from the list to update it.".to_owned());
        }
        _ => return Err(error.into()),
    }
    let page = secrets(&desk, &Asked::default()).await?;
    html(status(&error), &List { key: form.key.clone(), key_problem, value_problem, ..page })
}

/// The answer to a form with a value: where htmx sent it, what was typed stays until the whole window goes on.
fn changed(desk: &Desk, headers: &HeaderMap, to: &str, text: String) -> Result<Response, Problem> {
    let response = done(&desk.portal, &desk.session, to, Notice { text, link: None })?;
    Ok(if is_htmx(headers) { leads_the_window(response) } else { response })
}

#[derive(Template)]
#[template(path = "secret.html")]
struct One {
    page: Page,
    address: String,
    list: String,
    key: String,
    version: u64,
    versions: Vec<Version>,
    uses: Vec<Use>,
    more_uses: bool,
    can_manage: bool,
    value_problem: Option<String>,
    delete_problem: Option<String>,
    problem: Option<String>,
}

struct Version {
    number: u64,
    current: bool,
    destroyed: bool,
    created: String,
    created_by: String,
}

struct Use {
    name: String,
    running: String,
    behind: bool,
}

async fn secret(desk: &Desk, key: &str, notice: Option<&str>) -> Result<One, Problem> {
    let page = PageRequest::first().size(100);
    let versions = desk.secrets().versions(key, page.clone()).await?.items;
    let uses = desk.secrets().used_by(key, page).await?;
    let names = Names::of(desk, versions.iter().map(|version| version.created_by.as_str()).collect()).await?;
    let version = versions.iter().find(|version| version.current).map_or(0, |version| version.version);
    let list = format!("{}/secrets", desk.base);
    let used = uses.items.into_iter().map(|it| Use {
        running: it.running.map_or_else(|| "not said yet".to_owned(), |version| format!("version {version}")),
        behind: it.running.is_some_and(|running| running != version),
        name: it.name,
    });
    let shown = versions.into_iter().map(|version| Version {
        number: version.version,
        current: version.current,
        destroyed: version.destroyed,
        created: words::time(version.created_at),
        created_by: names.name(&version.created_by),
    });
    Ok(One {
        page: desk.page(key, &list, notice)?,
        address: format!("{list}/{key}"),
        list,
        key: key.to_owned(),
        version,
        versions: shown.collect(),
        uses: used.collect(),
        more_uses: uses.next.is_some(),
        can_manage: desk.can("secrets.manage")?,
        value_problem: None,
        delete_problem: None,
        problem: None,
    })
}

/// What an address of a secret says.
#[derive(Debug, Deserialize)]
pub struct Target {
    key: String,
    #[serde(default)]
    action: String,
}

/// One secret: its versions, and the deployments that use it.
///
/// # Errors
///
/// When the person may not see it.
pub async fn show(desk: Desk, At(target): At<Target>, Asks(asked): Asks<Asked>) -> Result<Response, Problem> {
    html(StatusCode::OK, &secret(&desk, &target.key, asked.notice.as_deref()).await?)
}

/// Gives a secret a new value.
///
/// # Errors
///
/// When the person may not, or the store fails. What is wrong stands beside the field.
pub async fn update(
    desk: Desk,
    headers: HeaderMap,
    At(target): At<Target>,
    Fields(form): Fields<SetForm>,
) -> Result<Response, Problem> {
    let error = match form.set(&desk, &target.key).await {
        Ok(change) => {
            let mut text = format!("{} has version {} now.", change.secret.key, change.secret.version);
            let affected: Vec<_> = change.affected.items.iter().map(|it| it.name.as_str()).collect();
            if !affected.is_empty() {
                text.push_str(&format!(" It is used by {}.", words::list(&affected)));
            }
            return changed(&desk, &headers, &format!("{}/secrets/{}", desk.base, target.key), text);
        }
        Err(error) => error,
    };
    let mut page = secret(&desk, &target.key, None).await?;
    page.value_problem = Some(match &error {
        Error::StaleRevision(stale) => format!(
            "Somebody else set version {} since you loaded the page, which showed version {}. Save again to set yours on top.",
            stale.found(),
            stale.expected()
        ),
        Error::InvalidInput(_) => words::refusal(&error),
        _ => return Err(error.into()),
    });
    html(status(&error), &page)
}

/// What the other forms of a secret say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ActForm {
    version: u64,
    although_used: bool,
}

/// Rolls a secret back, destroys a version, or deletes the secret.
///
/// # Errors
///
/// When the person may not, or the store fails. That deployments use it stands beside the button.
pub async fn act(desk: Desk, At(target): At<Target>, Fields(form): Fields<ActForm>) -> Result<Response, Problem> {
    let (secrets, key) = (desk.secrets(), target.key.as_str());
    let list = format!("{}/secrets", desk.base);
    let (to, answer) = match target.action.as_str() {
        "roll-back" => {
            let answer = secrets.roll_back(key, form.version).await;
            let text = |version| format!("Version {version} has the value of version {}.", form.version);
            (format!("{list}/{key}"), answer.map(|change| text(change.secret.version)))
        }
        "destroy" => {
            let text = format!("The value of version {} is destroyed.", form.version);
            (format!("{list}/{key}"), secrets.destroy(key, form.version).await.map(|()| text))
        }
        "delete" => {
            let answer = if form.although_used { secrets.delete_although_used(key) } else { secrets.delete(key) }.await;
            (list, answer.map(|()| format!("The secret {key} is deleted.")))
        }
        _ => return Err(Problem::NoPage),
    };
    let error = match answer {
        Ok(text) => return done(&desk.portal, &desk.session, &to, Notice { text, link: None }),
        Err(error) => error,
    };
    let mut page = secret(&desk, key, None).await?;
    match &error {
        Error::SecretInUse(_) => page.delete_problem = Some(words::refusal(&error)),
        Error::InvalidInput(_) => page.problem = Some(words::refusal(&error)),
        _ => return Err(error.into()),
    }
    html(status(&error), &page)
}
