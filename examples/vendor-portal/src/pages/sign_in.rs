//! The stand-in for the host's login, and where a person who is signed in can go.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tenantry::{Error, Place, VerifiedEmail};

use super::Asked;
use crate::given::{Asks, At, Fields};
use crate::notices::Notice;
use crate::page::{Page, Who, done, html};
use crate::problem::Problem;
use crate::session::{Person, Session};
use crate::state::Portal;
use crate::words;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    page: Page,
}

/// What signing in is here, and a form that asks for a link.
///
/// # Errors
///
/// When the program fails.
pub async fn show(
    State(portal): State<Arc<Portal>>,
    Extension(session): Extension<Session>,
    Asks(asked): Asks<Asked>,
) -> Result<Response, Problem> {
    let page = Page::new(&portal, &session, "Sign in")?.with_notice(&portal, &session, asked.notice.as_deref());
    html(StatusCode::OK, &SignIn { page })
}

/// The e-mail of who asks for a link.
#[derive(Debug, Deserialize)]
pub struct AskForm {
    email: String,
}

/// Prints a link to sign in on the terminal of the program, where a real host would mail it. The page does not tell
/// whether the e-mail is known.
///
/// # Errors
///
/// When the store fails.
pub async fn ask(
    State(portal): State<Arc<Portal>>,
    Extension(session): Extension<Session>,
    Fields(form): Fields<AskForm>,
) -> Result<Response, Problem> {
    let email = form.email.trim();
    match portal.app.identify(portal.vendor.id, VerifiedEmail::new(email)).await {
        Ok(Some(_)) => words::print(&format!("to sign in as {email}: {}", portal.sign_in_link(email))),
        Ok(None) | Err(Error::InvalidInput(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let text = "If we know this e-mail, the link is on the terminal of the program now.".to_owned();
    done(&portal, &session, "/sign-in", Notice { text, link: None })
}

#[derive(Template)]
#[template(path = "sign_in_as.html")]
struct SignInAs {
    page: Page,
    email: String,
    link: String,
}

/// Whom a link signs in.
///
/// # Errors
///
/// When it is no link of this program.
pub async fn link(
    State(portal): State<Arc<Portal>>,
    Extension(session): Extension<Session>,
    At(link): At<String>,
) -> Result<Response, Problem> {
    let email = portal.signer.read_link(&link).ok_or(Problem::NoPage)?;
    let page = Page::new(&portal, &session, "Sign in")?;
    html(StatusCode::OK, &SignInAs { page, email, link })
}

/// Signs a person in.
///
/// # Errors
///
/// When it is no link of this program, or the vendor does not know the person any more.
pub async fn enter(State(portal): State<Arc<Portal>>, At(link): At<String>) -> Result<Response, Problem> {
    let email = portal.signer.read_link(&link).ok_or(Problem::NoPage)?;
    let identity = portal.app.identify(portal.vendor.id, VerifiedEmail::new(&email)).await?;
    let user = identity.ok_or(Problem::NoPage)?.user;
    go(&portal, &Session::new(Some(Person { user, email }))?, "/")
}

/// Signs whoever it is out.
///
/// # Errors
///
/// When the operating system gives no random numbers.
pub async fn leave(State(portal): State<Arc<Portal>>) -> Result<Response, Problem> {
    go(&portal, &Session::new(None)?, "/sign-in")
}

fn go(portal: &Portal, session: &Session, to: &str) -> Result<Response, Problem> {
    let cookie = portal.signer.cookie(session).ok_or(Problem::SignedOut)?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response())
}

#[derive(Template)]
#[template(path = "places.html")]
struct Places {
    page: Page,
    places: Vec<There>,
    invitations: Vec<String>,
}

struct There {
    href: String,
    title: String,
    what: &'static str,
}

/// Leads a person to the place where they are a member, or to the list when there are several.
///
/// # Errors
///
/// When nobody is signed in, or the store fails.
pub async fn home(
    State(portal): State<Arc<Portal>>,
    Extension(session): Extension<Session>,
) -> Result<Response, Problem> {
    let person = session.person.as_ref();
    let Some(person) = person else { return Ok(Redirect::to("/sign-in").into_response()) };
    let places = places(&portal, person).await?.places;
    Ok(match places.as_slice() {
        [only] => Redirect::to(&only.href).into_response(),
        _ => Redirect::to("/places").into_response(),
    })
}

/// The places where a person is a member.
///
/// # Errors
///
/// When nobody is signed in, or the store fails.
pub async fn list(
    State(portal): State<Arc<Portal>>,
    Extension(session): Extension<Session>,
) -> Result<Response, Problem> {
    let person = session.person.as_ref().ok_or(Problem::SignedOut)?;
    let found = places(&portal, person).await?;
    let mut page = Page::new(&portal, &session, "Your places")?;
    page.who = Some(Who { email: person.email.clone(), role: "" });
    let (places, invitations) = (found.places, found.invitations);
    html(StatusCode::OK, &Places { page, places, invitations })
}

struct Found {
    places: Vec<There>,
    invitations: Vec<String>,
}

async fn places(portal: &Portal, person: &Person) -> Result<Found, Problem> {
    let (app, vendor) = (&portal.app, &portal.vendor);
    let mut found = Found { places: Vec::new(), invitations: Vec::new() };
    let Some(identity) = app.identify(vendor.id, VerifiedEmail::new(&person.email)).await? else {
        return Ok(found);
    };
    for place in identity.places {
        let there = match place {
            Place::Vendor(_) => {
                There { href: "/customers".to_owned(), title: vendor.name.clone(), what: "Vendor portal" }
            }
            Place::Customer(_, customer) => {
                let href = format!("/portal/{customer}/home");
                match app.customer(vendor.id, customer, identity.user).get().await {
                    Ok(customer) => There { href, title: customer.name, what: "Customer portal" },
                    // It is still said why nothing can be done there.
                    Err(Error::CustomerArchived(_)) => {
                        There { href, title: "An archived customer".to_owned(), what: "Customer portal" }
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        };
        found.places.push(there);
    }
    for invitation in identity.invitations {
        let role = words::role(invitation.role);
        found.invitations.push(format!("as {role}, open until {}", words::time(invitation.expires_at)));
    }
    Ok(found)
}
