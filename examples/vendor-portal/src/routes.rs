//! Every address of the portal.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

use crate::pages::{audit, customer, customers, features, invitation, secrets, sections, sign_in, users};
use crate::problem::Problem;
use crate::state::Portal;
use crate::{guard, refusals, statics};

/// What the addresses of a place begin with: the vendor itself, a customer for staff, a customer for its own members.
const PLACES: [&str; 3] = ["", "/customers/{customer}", "/portal/{customer}"];

/// The portal as a service.
pub fn router(portal: Arc<Portal>) -> Router {
    let mut pages = Router::new()
        .route("/", get(sign_in::home))
        .route("/places", get(sign_in::list))
        .route("/refused/{id}", get(refusals::show))
        .route("/sign-in", get(sign_in::show).post(sign_in::ask))
        .route("/sign-in/{link}", get(sign_in::link).post(sign_in::enter))
        .route("/sign-out", post(sign_in::leave))
        .route("/invitation", get(invitation::begin).post(invitation::show))
        .route("/invitation/accept", post(invitation::accept))
        .route("/invitation/decline", post(invitation::decline))
        .route("/customers", get(customers::list).post(customers::create))
        .route("/customers/new", get(customers::new))
        .route("/customers/{customer}", get(customer::show).post(customer::update))
        .route("/customers/{customer}/archive", post(customer::archive))
        .route("/customers/{customer}/unarchive", post(customer::unarchive))
        .route("/customers/{customer}/delete", post(customer::delete))
        .route("/customers/{customer}/features", get(features::show).post(features::switch))
        .route("/customers/{customer}/audit", get(audit::show))
        .route("/customers/{customer}/audit/verify", post(audit::verify))
        .route("/audit", get(audit::show))
        .route("/audit/verify", post(audit::verify))
        .route("/portal/{customer}", get(sections::begin))
        .route("/portal/{customer}/{section}", get(sections::show));
    for place in PLACES {
        pages = pages
            .route(&format!("{place}/users"), get(users::list).post(users::invite))
            .route(&format!("{place}/users/{{id}}/{{action}}"), post(users::act))
            .route(&format!("{place}/invitations/{{id}}/{{action}}"), post(users::invitation))
            .route(&format!("{place}/secrets"), get(secrets::list).post(secrets::create))
            .route(&format!("{place}/secrets/{{key}}"), get(secrets::show).post(secrets::update))
            .route(&format!("{place}/secrets/{{key}}/{{action}}"), post(secrets::act));
    }
    pages
        .fallback(|| async { Problem::NoPage })
        .layer(from_fn_with_state(Arc::clone(&portal), guard::session))
        .route("/static/{file}", get(statics::file))
        .layer(from_fn(guard::log))
        .layer(from_fn(guard::headers))
        .with_state(portal)
}
