//! What goes wrong, as HTTP says it: the one place where errors of tenantry become responses.

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tenantry::Error;

use crate::page::html;
use crate::words;

/// Why a request is not done.
#[derive(Debug)]
pub enum Problem {
    /// Nobody is signed in.
    SignedOut,
    /// The form is not one that a page of this session made, or a page of this origin.
    Foreign,
    /// The form is larger than any of ours.
    TooLarge,
    /// There is no such page.
    NoPage,
    /// The page of a refusal is not kept any longer.
    NotKept,
    /// The form lacks a field, or has one that cannot be read.
    Malformed,
    /// tenantry refused.
    Refused(Error),
    /// The program itself failed.
    Broken(Box<dyn std::error::Error + Send + Sync>),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl From<askama::Error> for Problem {
    fn from(error: askama::Error) -> Self {
        Self::Broken(error.into())
    }
}

/// The status by which HTTP says an error of tenantry.
pub fn status(error: &Error) -> StatusCode {
    match error {
        Error::NotFound(_) | Error::InvitationInvalid => StatusCode::NOT_FOUND,
        Error::PermissionDenied(_) | Error::CustomerArchived(_) | Error::FeatureDisabled(_) => StatusCode::FORBIDDEN,
        Error::AlreadyExists(_)
        | Error::StaleRevision(_)
        | Error::AlreadyMember(_)
        | Error::AlreadyInvited(_)
        | Error::LastAdministrator(_)
        | Error::SoleAdministrator(_)
        | Error::OwnMembership
        | Error::SecretInUse(_) => StatusCode::CONFLICT,
        Error::InvalidInput(_) | Error::UnknownName(_) | Error::Template(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::TooManyInvitations(_) => StatusCode::TOO_MANY_REQUESTS,
        error if error.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Foreign => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoPage => StatusCode::NOT_FOUND,
            Self::NotKept => StatusCode::GONE,
            Self::Malformed => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Refused(error) => status(error),
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::SignedOut => "You are not signed in, or your session is over.".to_owned(),
            Self::Foreign => {
                "This form does not come from a page of your session. Load the page again and send it from there."
                    .to_owned()
            }
            Self::TooLarge => "That is more than a form may hold.".to_owned(),
            Self::NoPage => "There is no such page, or it is not yours to see.".to_owned(),
            Self::NotKept => {
                "What your form was answered is not kept any longer. Go back once more, to the form itself.".to_owned()
            }
            Self::Malformed => "The form is not complete. Load the page again and send it from there.".to_owned(),
            Self::Refused(error) => words::refusal(error),
            Self::Broken(_) => words::BROKEN.to_owned(),
        }
    }
}

/// The page of a problem, and the part that htmx shows of it.
#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    title: &'static str,
    sentence: String,
    signed_out: bool,
}

/// Tells htmx to show the sentence at the top of the page that it is on.
const IN_PLACE: [(HeaderName, &str); 3] = [
    (HeaderName::from_static("hx-retarget"), "#problem"),
    (HeaderName::from_static("hx-reselect"), "#problem"),
    (HeaderName::from_static("hx-reswap"), "outerHTML show:window:top"),
];

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            // Errors of tenantry hold no secret and no token.
            tracing::error!(problem = ?self, "request failed");
        }
        let title = match status {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::UNAUTHORIZED => "Please sign in",
            StatusCode::FORBIDDEN => "Not allowed",
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => "Please try again later",
            StatusCode::INTERNAL_SERVER_ERROR => "Something went wrong",
            _ => "That was not possible",
        };
        let signed_out = matches!(self, Self::SignedOut);
        let page = ProblemPage { title, sentence: self.sentence(), signed_out };
        let mut response = html(status, &page).unwrap_or_else(|_| (status, page.sentence).into_response());
        for (name, value) in IN_PLACE {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
