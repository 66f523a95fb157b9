//! Darkroom's own REST API: what the page can do, for programs. `GET /api/v1/openapi.json` describes it.
//!
//! Everything is JSON. What goes wrong is `{"error", "fields": [{"field", "message"}]}`. The paths stand
//! behind the same guard and password as the page.

mod evaluations;
mod examples;
mod fault;
mod generations;
mod library;
mod openapi;
mod settings;
mod trainings;

use axum::Router;
use axum::routing::{get, post};

use super::{Web, upload};

/// The routes: those that [`openapi::ENDPOINTS`] describes, and the description.
pub fn routes() -> Router<Web> {
    let described = openapi::ENDPOINTS.iter();
    let routes = described
        .fold(Router::new(), |routes, endpoint| routes.route(endpoint.path, (endpoint.route)()))
        .route("/openapi.json", get(openapi::document))
        .method_not_allowed_fallback(async || fault::Fault::no_such_method())
        .fallback(async || fault::Fault::nothing_here());
    Router::new().nest("/api/v1", routes)
}

/// The one route whose body may be large.
pub fn uploads() -> Router<Web> {
    Router::new().route("/api/v1/inputs", post(upload::image))
}
