//! Pages, and pieces of them, as parts of the module: each is loaded when it is first needed.

use std::pin::Pin;

use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;
use leptos_router::ChooseView;

use super::train::Training;
use crate::api::{ApiError, JobId};
use crate::components::notice::PageFault;

/// A page, or the reason why its part did not come.
type Page = Result<AnyView, SplitLoaderError>;
pub type Loading<T> = Pin<Box<dyn Future<Output = T>>>;

/// A page for the router, or a piece for [`Later`](crate::components::later::Later).
#[derive(Clone, Copy)]
pub struct Part {
    page: fn() -> Loading<Page>,
    #[cfg(feature = "ssr")]
    written: fn() -> AnyView,
    #[cfg(feature = "hydrate")]
    load: fn() -> Loading<Result<(), SplitLoaderError>>,
}

#[cfg(feature = "hydrate")]
impl Part {
    /// Loads what the page needs; it comes at once from then on.
    pub async fn load(self) -> Result<(), SplitLoaderError> {
        (self.load)().await
    }
}

#[cfg(feature = "ssr")]
impl Part {
    /// What the server writes, which has all parts.
    pub fn written(self) -> AnyView {
        (self.written)()
    }
}

impl ChooseView for Part {
    async fn choose(self) -> AnyView {
        match (self.page)().await {
            Ok(page) => page,
            Err(_) => missing(),
        }
    }

    async fn preload(&self) {}
}

pub const MISSING: &str =
    "Its part of the program did not come: Darkroom has been updated or ended.";

/// The parts belong to the module that runs here, and a newer program has other ones.
fn missing() -> AnyView {
    view! { <PageFault message=MISSING.into() /> }.into_any()
}

/// Names for pages, each with the part of the module that it is in, and what must be done before.
macro_rules! pages {
    ($($name:ident in $part:ident $(after $ready:path)?: $page:path,)*) => {$(
        pub const $name: Part = page!($name in $part $(after $ready)?: $page);
    )*};
}

macro_rules! page {
    ($name:ident in $part:ident: $page:path) => {{
        #[leptos::wasm_split::wasm_split($part, wasm_split_path = ::leptos::wasm_split, fallible, preload(load))]
        #[allow(non_snake_case)]
        fn $name() -> Page {
            Ok($page().into_any())
        }
        page!($page, || Box::pin($name()), load)
    }};
    ($name:ident in $part:ident after $ready:path: $page:path) => {{
        #[leptos::wasm_split::wasm_split($part, wasm_split_path = ::leptos::wasm_split, fallible, preload(load))]
        #[allow(non_snake_case)]
        fn $name() -> Result<Loading<AnyView>, SplitLoaderError> {
            Ok(Box::pin(async {
                $ready().await;
                $page().into_any()
            }))
        }
        page!($page, || Box::pin(async { Ok($name().await?.await) }), load)
    }};
    ($page:path, $loaded:expr, $load:ident) => {
        Part {
            page: $loaded,
            #[cfg(feature = "ssr")]
            written: || $page().into_any(),
            #[cfg(feature = "hydrate")]
            load: || Box::pin($load()),
        }
    };
}

// What some parts have in common and others have not becomes a file for each such set of parts: more
// parts would be more files than it is worth.
pages! {
    GENERATE in generate: super::generate::Generate,
    TRAIN in train: super::train::Train,
    GALLERY in gallery: super::gallery::Gallery,
    DELETED in gallery: super::gallery::Deleted,
    COMPARE in tools: super::compare::Compare,
    DATASETS in datasets: super::datasets::Datasets,
    MODELS in models: super::models::Models,
    PNG_INFO in tools: super::png_info::PngInfo,
    PROCESS in tools: super::process::Process,
    SETTINGS in tools: super::settings::Settings,
    // What can wait until somebody is about to use it.
    QUEUED in more: crate::components::job_list::Queued,
    GENERATE_CROWDED in more: super::generate::Crowded,
    GENERATE_ALWAYS in more: super::generate::Always,
    GENERATE_STYLES in more: super::generate::Styles,
    GENERATE_FOLDS in more: super::generate::Folds,
    GENERATE_COUNT in more: super::generate::Count,
    GENERATE_OUTCOME in more: super::generate::Outcome,
    GENERATE_UNDER in more: super::generate::Under,
    GALLERY_ENLARGED in more: super::gallery::Enlargement,
    TRAIN_PLAN in run: super::train::Plan,
    TRAIN_RUN in run after super::train::open_run: super::train::RunView,
}

/// Brings the run `job`, or the newest, on show; the code that reads it comes first.
#[leptos::wasm_split::wasm_split(run, wasm_split_path = ::leptos::wasm_split, fallible)]
pub fn show_run(
    training: Training,
    job: Option<JobId>,
) -> Result<Loading<Result<(), ApiError>>, SplitLoaderError> {
    Ok(Box::pin(training.fetch(job)))
}

/// The page that the router shows at `path`, if there is one.
#[cfg(feature = "hydrate")]
pub fn at(path: &str) -> Option<Part> {
    Some(match path {
        "/" | "/generate" => GENERATE,
        "/train" => TRAIN,
        "/gallery" => GALLERY,
        "/deleted" => DELETED,
        "/compare" => COMPARE,
        "/datasets" => DATASETS,
        "/models" => MODELS,
        "/png-info" => PNG_INFO,
        "/process" => PROCESS,
        "/settings" => SETTINGS,
        _ => return None,
    })
}
