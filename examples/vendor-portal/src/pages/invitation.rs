//! The page behind the link of an invitation.
//!
//! The token stands behind the `#` of the link, which a browser sends to nobody: `portal.js` asks with it what it is for,
//! and without scripts the person pastes the link. Neither changes anything; accepting and declining are forms.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use tenantry::{Accepted, Error, InvitationToken, OpenInvitation, VerifiedEmail};

use crate::given::Fields;
use crate::notices::Notice;
use crate::page::{Page, done, html};
use crate::problem::Problem;
use crate::session::{Person, Session};
use crate::state::Portal;
use crate::words;

/// The token, or the link that ends with it.
#[derive(Deserialize)]
pub struct TokenForm {
    #[serde(default)]
    token: String,
}

impl std::fmt::Debug for TokenForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenForm").finish_non_exhaustive()
    }
}

impl TokenForm {
    fn parse(&self) -> Result<InvitationToken, Error> {
        let text = self.token.trim();
        let token = text.rsplit_once('#').map_or(text, |(_, token)| token);
        Ok(InvitationToken::parse(token)?)
    }

    /// The token, and the invitation that it is for.
    async fn find(&self, portal: &Portal) -> Result<(InvitationToken, OpenInvitation), Error> {
        let token = self.parse()?;
        let invitation = portal.app.find_invitation(&token).await?;
        Ok((token, invitation))
    }
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct Invitation {
    page: Page,
    invited: Option<Invited>,
}

struct Invited {
    token: String,
    name: String,
    email: String,
    place: String,
    role: &'static str,
    raised: bool,
    invited_by: Option<String>,
    expires: String,
    other: Option<String>,
}

fn place(invitation: &OpenInvitation) -> String {
    match &invitation.customer {
        Some(customer) => format!("{customer}, a customer of {}", invitation.vendor),
        None => invitation.vendor.clone(),
    }
}

/// The page that a link leads to: it has no token yet.
///
/// # Errors
///
/// When the program fails.
pub async fn begin(
    State(portal): State<Arc<Portal>>,
    Extension(session): Extension<Session>,
) -> Result<Response, Problem> {
    let page = Page::new(&portal, &session, "You are invited")?;
    html(StatusCode::OK, &Invitation { page, invited: None })
}

/// Who invites the person, where to, and as what. Nothing changes.
///
/// # Errors
///
/// When nobody can use the token, whatever the reason.
pub async fn show(
    State(portal): State<Arc<Portal>>,
    Extension(session): Extension<Session>,
    Fields(form): Fields<TokenForm>,
) -> Result<Response, Problem> {
    let (token, invitation) = form.find(&portal).await?;
    let signed_in = session.person.as_ref().map(|person| person.email.clone());
    let invited = Invited {
        token: token.expose().to_owned(),
        place: place(&invitation),
        role: words::role(invitation.role),
        raised: invitation.raised,
        expires: words::time(invitation.expires_at),
        other: signed_in.filter(|email| !email.eq_ignore_ascii_case(&invitation.email)),
        name: invitation.name,
        email: invitation.email,
        invited_by: invitation.invited_by,
    };
    let page = Page::new(&portal, &session, "You are invited")?;
    html(StatusCode::OK, &Invitation { page, invited: Some(invited) })
}

/// Accepts the invitation and signs the person in.
///
/// The link came by mail to the invited e-mail: this program takes that as the proof that the person reads it. A real
/// host signs the person in first, and says which e-mail it verified.
///
/// # Errors
///
/// When the person cannot use the token, whatever the reason.
pub async fn accept(State(portal): State<Arc<Portal>>, Fields(form): Fields<TokenForm>) -> Result<Response, Problem> {
    let (token, invitation) = form.find(&portal).await?;
    let accepted = portal.app.accept_invitation(&token, VerifiedEmail::new(&invitation.email)).await?;
    let (user, to) = match accepted {
        Accepted::Vendor(scope) => (scope.user_id(), "/customers".to_owned()),
        Accepted::Customer(scope) => (scope.user_id(), format!("/portal/{}/home", scope.customer_id())),
    };
    let user = user.ok_or(Problem::SignedOut)?;
    // A new session, whoever had the browser before.
    let session = Session::new(Some(Person { user, email: invitation.email.clone() }))?;
    let text = format!("Welcome! You are {} of {} now.", words::role(invitation.role), place(&invitation));
    let mut response = done(&portal, &session, &to, Notice { text, link: None })?;
    if let Some(cookie) = portal.signer.cookie(&session) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Declines the invitation.
///
/// # Errors
///
/// When the person cannot use the token, whatever the reason.
pub async fn decline(
    State(portal): State<Arc<Portal>>,
    Extension(session): Extension<Session>,
    Fields(form): Fields<TokenForm>,
) -> Result<Response, Problem> {
    let (token, invitation) = form.find(&portal).await?;
    portal.app.decline_invitation(&token, VerifiedEmail::new(&invitation.email)).await?;
    let text = format!("The invitation into {} is declined. Its link no longer works.", place(&invitation));
    done(&portal, &session, "/sign-in", Notice { text, link: None })
}
