//! The pages that say why a form was refused. A browser is led to them, as it is when the form was done: so they can be
//! gone back to and loaded again, with what was typed, and the form is not sent again by that.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Bytes, HttpBody, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::given::At;
use crate::problem::Problem;
use crate::session::Session;
use crate::shelf::Shelf;
use crate::state::Portal;

/// A larger page is shown once.
const LARGEST: u64 = 128 * 1024;

/// A page as it was, with its status.
pub type Refusal = (StatusCode, Html<Bytes>);

/// The pages that can be gone back to.
pub fn refusals() -> Shelf<Refusal> {
    Shelf::new(100, Duration::from_secs(600))
}

/// Whether a browser sends the form to go where it leads: not a script that reads the answer.
pub(crate) fn leads_a_window(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
}

/// Keeps the page of a refusal, and leads to it.
pub(crate) async fn kept(portal: &Portal, session: &Session, response: Response) -> Result<Response, Problem> {
    let is_small = response.body().size_hint().exact().is_some_and(|size| size <= LARGEST);
    if !response.status().is_client_error() || !is_small {
        return Ok(response);
    }
    let status = response.status();
    let page = to_bytes(response.into_body(), usize::MAX).await.map_err(|error| Problem::Broken(error.into()))?;
    let id = portal.refusals.keep(session, (status, Html(page)))?;
    Ok(Redirect::to(&format!("/refused/{id}")).into_response())
}

/// The page of a refusal.
///
/// # Errors
///
/// When it is not kept any longer, or for another session.
pub async fn show(
    State(portal): State<Arc<Portal>>,
    Extension(session): Extension<Session>,
    At(id): At<String>,
) -> Result<Response, Problem> {
    Ok(portal.refusals.get(&session, &id).ok_or(Problem::NotKept)?.into_response())
}
