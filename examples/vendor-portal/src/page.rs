//! What every page has around its content.

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::notices::Notice;
use crate::problem::Problem;
use crate::session::{Session, random_text};
use crate::state::Portal;

/// What every page has around its content.
#[derive(Clone, Debug)]
pub struct Page {
    /// What it is about.
    pub title: String,
    /// The vendor's name.
    pub vendor: String,
    /// Whose portal it is, under the vendor's name: the customer's name in the customer portal.
    pub portal: String,
    /// The ways to the sections.
    pub nav: Vec<Way>,
    /// The customer that a member of staff looks at.
    pub place: Option<PlaceBar>,
    /// Who is signed in.
    pub who: Option<Who>,
    /// What the request before this one leaves to say.
    pub notice: Option<Notice>,
    /// The token of the session's forms.
    pub csrf: String,
    /// The number of this page's forms.
    pub once: String,
}

/// A way to a page.
#[derive(Clone, Debug)]
pub struct Way {
    /// Its address.
    pub href: String,
    /// What it is called.
    pub title: String,
    /// Whether this is it.
    pub current: bool,
}

/// The customer that a member of staff looks at.
#[derive(Clone, Debug)]
pub struct PlaceBar {
    /// Its name.
    pub name: String,
    /// Whether it is archived.
    pub archived: bool,
    /// What can be seen of it.
    pub tabs: Vec<Way>,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Who {
    /// The e-mail.
    pub email: String,
    /// The role here.
    pub role: &'static str,
}

impl Page {
    /// A page outside of every place.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers.
    pub fn new(portal: &Portal, session: &Session, title: impl Into<String>) -> Result<Self, Problem> {
        Ok(Self {
            title: title.into(),
            vendor: portal.vendor.name.clone(),
            portal: String::new(),
            nav: Vec::new(),
            place: None,
            who: None,
            notice: None,
            csrf: portal.signer.form_token(session),
            once: random_text()?,
        })
    }

    /// With what the request before this one left to say, if the address names it.
    #[must_use]
    pub fn with_notice(mut self, portal: &Portal, session: &Session, id: Option<&str>) -> Self {
        self.notice = id.and_then(|id| portal.notices.get(session, id));
        self
    }
}

/// A template as a response.
///
/// # Errors
///
/// When it cannot be rendered.
pub fn html(status: StatusCode, template: &impl Template) -> Result<Response, Problem> {
    Ok((status, Html(template.render()?)).into_response())
}

/// The answer to a form that was done: go to this page, which says what happened.
///
/// # Errors
///
/// When the operating system gives no random numbers.
pub fn done(portal: &Portal, session: &Session, to: &str, notice: Notice) -> Result<Response, Problem> {
    let id = portal.notices.keep(session, notice)?;
    let separator = if to.contains('?') { '&' } else { '?' };
    Ok(Redirect::to(&format!("{to}{separator}notice={id}")).into_response())
}

/// By this htmx knows where the whole window goes.
pub const LEADS_THE_WINDOW: HeaderName = HeaderName::from_static("hx-redirect");

/// Makes a redirect lead the whole window, also where htmx sent the form.
pub fn leads_the_window(mut response: Response) -> Response {
    if let Some(to) = response.headers_mut().remove(header::LOCATION) {
        *response.status_mut() = StatusCode::OK;
        response.headers_mut().insert(LEADS_THE_WINDOW, to);
    }
    response
}

/// What a header says that htmx sends with every request of its own.
pub fn is_htmx(headers: &axum::http::HeaderMap) -> bool {
    headers.get("hx-request") == Some(&HeaderValue::from_static("true"))
}
