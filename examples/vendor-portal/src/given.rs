//! What a request says: its form, its query, its path. What cannot be read is answered with a page, not with a parser's words.

use axum::extract::{Form, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The fields of a form.
#[derive(Debug)]
pub struct Fields<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Fields<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Form(fields) = Form::from_request(request, state).await.map_err(|_| Problem::Malformed)?;
        Ok(Self(fields))
    }
}

/// What stands behind the `?` of an address.
#[derive(Debug)]
pub struct Asks<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asks<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(asked) = Query::from_request_parts(parts, state).await.map_err(|_| Problem::NoPage)?;
        Ok(Self(asked))
    }
}

/// The parts of an address that stand for something.
#[derive(Debug)]
pub struct At<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(at) = Path::from_request_parts(parts, state).await.map_err(|_| Problem::NoPage)?;
        Ok(Self(at))
    }
}
