//! The REST API of the AUTOMATIC1111 web UI, as far as it fits: clients written for that draw here too.
//!
//! Everything is JSON. Errors are `{"error", "detail", "body", "errors"}`; for status 422 `detail` is
//! a list of `{"loc", "msg", "type"}`. The paths stand behind the same guard and password as the page;
//! HTTP Basic with the password and any user name opens them.

mod body;
mod drawing;
mod encoding;
mod error;
mod extras;
mod image;
mod infotext;
mod listings;
mod memory;
mod models;
mod options;
mod pictures;
mod png_info;
mod progress;
mod request;
mod second_pass;
mod tasks;

pub use error::speak;
pub use tasks::Tasks;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};

use super::Web;
use error::ApiFault;

/// Bytes of a request, which may carry an image.
const MAX_BODY: usize = 64 << 20;

pub fn routes() -> Router<Web> {
    let internal = Router::new()
        .route("/progress", post(progress::of_task))
        .route("/pending-tasks", get(progress::pending));
    Router::new()
        .nest("/sdapi/v1", spoken(drawing().merge(listed()).merge(undone())))
        .nest("/internal", spoken(internal))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// What is no path of ours is told in the API's own words.
fn spoken(router: Router<Web>) -> Router<Web> {
    router.fallback(async || ApiFault::not_found("Not Found")).method_not_allowed_fallback(
        async || ApiFault::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
    )
}

fn drawing() -> Router<Web> {
    Router::new()
        .route("/txt2img", post(drawing::txt2img))
        .route("/img2img", post(drawing::img2img))
        .route("/extra-single-image", post(extras::single))
        .route("/extra-batch-images", post(extras::batch))
        .route("/progress", get(progress::tell))
        .route("/interrupt", post(progress::interrupt))
        .route("/skip", post(progress::skip))
        .route("/options", get(options::tell).post(options::set))
        .route("/png-info", post(png_info::read))
}

fn listed() -> Router<Web> {
    let router = Router::new()
        .route("/sd-models", get(listings::models))
        .route("/samplers", get(listings::samplers))
        .route("/schedulers", get(listings::schedulers))
        .route("/upscalers", get(listings::upscalers))
        .route("/embeddings", get(listings::embeddings))
        .route("/prompt-styles", get(listings::styles))
        .route("/scripts", get(listings::scripts))
        .route("/cmd-flags", get(listings::flags))
        .route("/memory", get(memory::tell));
    let empty = [
        "/sd-vae",
        "/sd-modules",
        "/latent-upscale-modes",
        "/hypernetworks",
        "/face-restorers",
        "/realesrgan-models",
        "/script-info",
        "/extensions",
        "/loras",
    ];
    let router =
        empty.iter().fold(router, |router, path| router.route(path, get(listings::nothing)));
    let refreshed = [
        "/refresh-checkpoints",
        "/refresh-vae",
        "/refresh-embeddings",
        "/refresh-loras",
        // Models come and go with what is drawn.
        "/unload-checkpoint",
        "/reload-checkpoint",
    ];
    refreshed.iter().fold(router, |router, path| router.route(path, post(listings::refresh)))
}

/// What A1111 does and Darkroom does not, with its sentence.
fn undone() -> Router<Web> {
    let words = "Darkroom's models know no words";
    let trains = "Darkroom trains whole models: in its page, or by /api/v1/trainings";
    let router = Router::new().route("/interrogate", post(async move || ApiFault::not_done(words)));
    let trained =
        ["/create/embedding", "/create/hypernetwork", "/train/embedding", "/train/hypernetwork"];
    trained.iter().fold(router, |router, path| {
        router.route(path, post(async move || ApiFault::not_done(trains)))
    })
}
