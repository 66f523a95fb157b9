//! What a browser talks to: pages and server functions, live events, files, uploads, and who may come in.

mod answer;
mod api_v1;
mod browser;
mod download;
mod drain;
mod events;
mod files;
mod function_status;
mod guard;
mod headers;
mod login;
mod models;
mod pages;
mod sdapi;
mod site;
mod upload;
mod zips;

pub use guard::AllowedHosts;
pub use login::Password;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware;
use axum::routing::{get, post};
use leptos::prelude::LeptosOptions;
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::limit::RequestBodyLimitLayer;

use crate::studio::StudioHandle;

/// Bodies of anything but uploads: forms are small.
const MAX_FORM: usize = 1 << 20;

/// Bytes that an upload may have unless told otherwise.
pub const MAX_UPLOAD: u64 = 2 << 30;

/// All that the routes need.
#[derive(Clone)]
pub struct Web {
    pub studio: StudioHandle,
    pub hosts: Arc<AllowedHosts>,
    /// Asked of everyone, if there is one.
    pub password: Option<Arc<Password>>,
    pub max_upload: u64,
    /// Ends the open event streams when the program closes.
    pub closing: CancellationToken,
    pub options: LeptosOptions,
    /// What goes on for clients of the REST API.
    pub api: Arc<sdapi::Tasks>,
}

impl Web {
    /// For this machine alone: no password, names of the loopback only.
    pub fn local(studio: StudioHandle) -> Self {
        Self {
            studio,
            hosts: Arc::new(AllowedHosts::local()),
            password: None,
            max_upload: MAX_UPLOAD,
            closing: CancellationToken::new(),
            options: pages::options(),
            api: Arc::default(),
        }
    }
}

impl FromRef<Web> for LeptosOptions {
    fn from_ref(web: &Web) -> Self {
        web.options.clone()
    }
}

/// Pictures, event streams and zips are left as they are.
fn compressible() -> impl Predicate {
    DefaultPredicate::new().and(NotForContentType::const_new("application/zip"))
}

/// The whole site as one router; needs a running tokio runtime, but no socket.
pub fn app(web: Web) -> Router {
    let small = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/events", get(events::listen))
        .route("/login", get(login::page).post(login::enter))
        .route("/files/images/{file}", get(files::image))
        .route("/files/strips/{file}", get(files::strip))
        .route("/files/noisy-strips/{file}", get(files::noisy_strip))
        .route("/files/grids/{file}", get(files::grid))
        .route("/files/previews/{file}", get(files::preview))
        .route("/files/zips/{file}", get(zips::zip))
        .route("/files/gallery.zip", post(zips::chosen))
        .route("/files/inputs/{file}", get(files::input))
        .route("/files/models/{file}", get(models::weights))
        .route("/files/runs/{file}", get(models::run))
        .route("/files/diffusers/{file}", get(models::diffusers))
        .route("/files/samples/{job}/{file}", get(files::sample))
        .route("/files/progress/{job}/{file}", get(files::progress))
        .route("/files/sheets/{job}/{file}", get(files::sheet))
        .route("/files/datasets/{name}/{file}", get(files::dataset))
        .route("/files/augmented/{file}", get(files::augmented))
        .route("/files/process.png", get(files::process));
    let small = pages::add(small.merge(api_v1::routes()), &web)
        .fallback(site::serve)
        .layer(RequestBodyLimitLayer::new(MAX_FORM));
    let small = small.layer(middleware::from_fn(function_status::set));
    let uploads = api_v1::uploads()
        .route("/upload/dataset", post(upload::dataset))
        .route("/upload/images", post(upload::images))
        .route("/upload/image", post(upload::image))
        .route("/upload/model", post(upload::model))
        .layer(DefaultBodyLimit::disable());
    small
        .merge(uploads)
        .merge(sdapi::routes())
        .layer(middleware::from_fn(browser::know))
        .layer(middleware::from_fn_with_state(web.clone(), login::require))
        .layer(middleware::from_fn_with_state(web.clone(), guard::check))
        .layer(middleware::from_fn(sdapi::speak))
        .layer(CompressionLayer::new().compress_when(compressible()))
        .layer(middleware::from_fn(headers::add))
        .layer(middleware::from_fn(drain::rest))
        .with_state(web)
}
