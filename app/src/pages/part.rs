//! Pages, and pieces of them, as parts of the module: each is loaded when it is first needed.

use std::pin::Pin;

use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;
use leptos_router::ChooseView;

use crate::components::notice::PageFault;

/// A page, or the reason why its part did not come.
type Page = Result<AnyView, SplitLoaderError>;
type Loading<T> = Pin<Box<dyn Future<Output = T>>>;

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

/// The parts belong to the module that runs here, and a newer program has other ones.
fn missing() -> AnyView {
    let message = "Its part of the program did not come: Darkroom has been updated or ended.";
    view! { <PageFault message=message.into() /> }.into_any()
}

/// Names for pages, each with the part of the module that it is in.
macro_rules! pages {
    ($($name:ident in $part:ident: $page:path,)*) => {$(
        pub const $name: Part = {
            #[leptos::wasm_split::wasm_split($part, wasm_split_path = ::leptos::wasm_split, fallible, preload(load))]
            #[allow(non_snake_case)]
            fn $name() -> Page {
                Ok($page().into_any())
            }
            Part {
                page: || Box::pin($name()),
                #[cfg(feature = "ssr")]
                written: || $page().into_any(),
                #[cfg(feature = "hydrate")]
                load: || Box::pin(load()),
            }
        };
    )*};
}

// What some parts have in common and others have not becomes a file for each such set of parts: more
// parts would be more files than it is worth.
pages! {
    GENERATE in generate: super::generate::Generate,
    TRAIN in train: super::train::Train,
    GALLERY in gallery: super::gallery::Gallery,
    DELETED in gallery: super::gallery::Deleted,
    COMPARE in gallery: super::compare::Compare,
    DATASETS in library: super::datasets::Datasets,
    MODELS in library: super::models::Models,
    PNG_INFO in library: super::png_info::PngInfo,
    PROCESS in library: super::process::Process,
    SETTINGS in library: super::settings::Settings,
    // What can wait until somebody is about to use it.
    QUEUED in more: crate::components::job_list::Queued,
    GENERATE_ALWAYS in more: super::generate::Always,
    GENERATE_STYLES in more: super::generate::Styles,
    GENERATE_FOLDS in more: super::generate::Folds,
    GENERATE_COUNT in more: super::generate::Count,
    GENERATE_OUTCOME in more: super::generate::Outcome,
    GENERATE_UNDER in more: super::generate::Under,
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
