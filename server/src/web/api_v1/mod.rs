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
use axum::routing::{delete, get, post, put};

use super::{Web, events, upload};

/// The routes; each stands in [`openapi::ENDPOINTS`] too, and a test holds the two together.
pub fn routes() -> Router<Web> {
    let routes = Router::new()
        .route("/openapi.json", get(openapi::document))
        .route("/events", get(events::listen))
        .route("/status", get(library::status))
        .route("/models", get(library::models))
        .route("/models/{name}", delete(library::delete_model))
        .route("/datasets", get(library::datasets))
        .route("/gallery", get(library::gallery))
        .route("/gallery/deleted", get(library::deleted))
        .route("/gallery/{image}", delete(library::delete_image))
        .route("/gallery/{image}/restore", post(library::restore_image))
        .route("/gallery/{image}/star", put(library::star).delete(library::unstar))
        .route("/generations", post(generations::begin))
        .route("/generations/{job}", get(generations::tell))
        .route("/jobs/{job}/interrupt", post(generations::interrupt))
        .route("/jobs/{job}/skip", post(generations::skip))
        .route("/evaluations", get(evaluations::list).post(evaluations::begin))
        .route("/evaluations/{job}", get(evaluations::tell))
        .route("/trainings", get(trainings::list).post(trainings::begin))
        .route("/trainings/{job}", get(trainings::tell))
        .route("/trainings/{job}/resume", post(trainings::resume))
        .fallback(async || fault::Fault::nothing_here());
    Router::new().nest("/api/v1", routes)
}

/// The one route whose body may be large.
pub fn uploads() -> Router<Web> {
    Router::new().route("/api/v1/inputs", post(upload::image))
}
