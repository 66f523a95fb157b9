//! The pages and server functions of `app`, with the program in their context.

use std::sync::Arc;

use app::api::{Browser, Redirect, Studio};
use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use leptos::prelude::{LeptosOptions, provide_context, use_context};
use leptos_axum::{
    LeptosRoutes, generate_route_list_with_exclusions_and_ssg_and_context,
    render_app_async_with_context,
};

use super::{Web, answer, browser};
use crate::studio::StudioHandle;

/// Where the browser half is found; the same words stand in the workspace's `Cargo.toml`.
pub fn options() -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("darkroom")
        .site_root("target/site")
        .site_pkg_dir("pkg")
        .build()
}

pub fn add(router: Router<Web>, web: &Web) -> Router<Web> {
    let context = context(&web.studio);
    let (routes, _) =
        generate_route_list_with_exclusions_and_ssg_and_context(app::App, None, context.clone());
    let options = web.options.clone();
    router.leptos_routes_with_context(web, routes, context, move || app::shell(options.clone()))
}

/// The page that says there is nothing here.
pub async fn not_found(web: &Web, request: Request<Body>) -> Response {
    let options = web.options.clone();
    let render =
        render_app_async_with_context(context(&web.studio), move || app::shell(options.clone()));
    let mut page = render(request).await;
    *page.status_mut() = StatusCode::NOT_FOUND;
    page
}

fn context(studio: &StudioHandle) -> impl Fn() + Clone + Send + Sync + 'static {
    let studio: Arc<dyn Studio> = Arc::new(studio.clone());
    move || {
        provide_context(Arc::clone(&studio));
        provide_context(Browser(Arc::new(browser_that_asks)));
        provide_context(Redirect(Arc::new(redirect_plain_forms)));
    }
}

fn browser_that_asks() -> String {
    use_context::<Parts>().map_or_else(String::new, |parts| browser::key(&parts.extensions))
}

/// The page's own client stays where it is and reads the answer; a plain form goes on.
fn redirect_plain_forms(path: &str) {
    if use_context::<Parts>().is_some_and(|parts| answer::wants_page(&parts.headers)) {
        leptos_axum::redirect(path);
    }
}
