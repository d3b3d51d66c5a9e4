//! What every request passes: the session, what a form must bring, and the headers of every response.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::page::LEADS_THE_WINDOW;
use crate::problem::Problem;
use crate::session::Session;
use crate::state::Portal;
use crate::{refusals, replay};

/// How large a form may be: a secret of 64 KiB, each byte of it written as three.
const FORM_LIMIT: usize = 200 * 1024;

/// The names of the fields that every form has, and of the header that may stand for the first.
const FORM_TOKEN: &str = "csrf";
const FORM_NUMBER: &str = "once";
const TOKEN_HEADER: &str = "x-csrf-token";

/// Everything comes from here: no script, style or picture of others, no script or style in a page, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Writes the headers of every response. What does not say how long it may be kept is not kept.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let keep = HeaderValue::from_static("no-store");
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(keep);
    response
}

/// Writes a line for every request: never the address itself, which may hold the token of an invitation.
pub(crate) async fn log(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let begin = std::time::Instant::now();
    let response = next.run(request).await;
    let (status, took) = (response.status().as_u16(), begin.elapsed().as_micros());
    tracing::debug!(%method, route, status, took, "request");
    response
}

/// Finds the session of the browser, and lets a form pass only if a page of that session made it.
pub(crate) async fn session(State(portal): State<Arc<Portal>>, request: Request, next: Next) -> Response {
    let known = portal.signer.session(request.headers());
    let (session, is_new) = match known {
        Some(session) => (session, false),
        None => match Session::new(None) {
            Ok(session) => (session, true),
            Err(error) => return Problem::from(error).into_response(),
        },
    };
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let answer =
        if changes { form(&portal, &session, request, next).await } else { page(&session, request, next).await };
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    if is_new
        && !response.headers().contains_key(header::SET_COOKIE)
        && let Some(cookie) = portal.signer.cookie(&session)
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

async fn page(session: &Session, mut request: Request, next: Next) -> Result<Response, Problem> {
    request.extensions_mut().insert(session.clone());
    Ok(next.run(request).await)
}

async fn form(portal: &Portal, session: &Session, request: Request, next: Next) -> Result<Response, Problem> {
    if !comes_from_here(request.headers(), request.uri()) {
        return Err(Problem::Foreign);
    }
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, FORM_LIMIT).await.map_err(|_| Problem::TooLarge)?;
    let token = parts.headers.get(TOKEN_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let token = token.or_else(|| field(&body, FORM_TOKEN)).unwrap_or_default();
    if !portal.signer.is_form_token(session, &token) {
        return Err(Problem::Foreign);
    }
    parts.extensions.insert(session.clone());
    let is_numbered = field(&body, FORM_NUMBER).is_some();
    let leads_a_window = refusals::leads_a_window(&parts.headers);
    let key = replay::key(session, parts.uri.path(), &body);
    let request = Request::from_parts(parts, Body::from(body));
    let response = if is_numbered { once(portal, key, request, next).await? } else { next.run(request).await };
    if leads_a_window { refusals::kept(portal, session, response).await } else { Ok(response) }
}

/// Does what a form asks for, or answers what it was answered before.
async fn once(portal: &Portal, key: replay::Key, request: Request, next: Next) -> Result<Response, Problem> {
    let answer = portal.replays.answer(key);
    // On a task of its own: a browser gives the first of two clicks up, and what it gave up must not be done without being
    // written down as done.
    let done = tokio::spawn(async move {
        let mut answer = answer.lock().await;
        if let Some(answer) = &*answer {
            return answer.clone().into_response();
        }
        let response = next.run(request).await;
        *answer = answered(&response);
        response
    });
    done.await.map_err(|error| Problem::Broken(error.into()))
}

/// What is told to the same form when it comes again. What leads on was done; what was refused may be sent again.
fn answered(response: &Response) -> Option<(StatusCode, HeaderMap)> {
    let is_done = response.status() == StatusCode::SEE_OTHER || response.headers().contains_key(LEADS_THE_WINDOW);
    let mut headers = HeaderMap::new();
    for name in [header::LOCATION, LEADS_THE_WINDOW, header::SET_COOKIE] {
        if let Some(value) = response.headers().get(&name) {
            headers.insert(name, value.clone());
        }
    }
    is_done.then(|| (response.status(), headers))
}

fn field(body: &Bytes, name: &str) -> Option<String> {
    form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Whether a browser says that the form is of a page of this origin. A program that is no browser says nothing, and has
/// no cookies of others to misuse.
fn comes_from_here(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN) else { return true };
    let host = text(header::HOST).or(uri.authority().map(|authority| authority.as_str()));
    let origin = origin.split_once("://").map(|(_, host)| host);
    origin.is_some() && origin == host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_another_origin_is_known() {
        let says = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            comes_from_here(&headers, &Uri::from_static("/customers"))
        };
        assert!(says(&[]));
        assert!(says(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        // With `no-referrer` a browser gives no origin, but says that it is the same.
        assert!(says(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(!says(&[("origin", "null"), ("host", "127.0.0.1:8080")]));
        assert!(!says(&[("origin", "http://evil.test"), ("host", "127.0.0.1:8080")]));
        assert!(!says(&[("sec-fetch-site", "cross-site")]));
        assert!(!says(&[("sec-fetch-site", "same-site")]));
    }
}
