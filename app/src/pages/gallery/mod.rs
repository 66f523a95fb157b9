//! Everything that was ever drawn, newest first, and what was deleted of it.

mod bar;
mod deleted;
mod desk;
mod enlargement;
mod lattice;
mod search;
mod shelf;
mod tile;
mod undo;
mod wall;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{hooks::use_query_map, params::ParamsMap};

use crate::api::{ApiError, GalleryPage, GalleryQuery, fetch_gallery, form_fault};
use crate::components::address::hold_address;
use crate::components::draft::after_pause;
use crate::components::later::Later;
use crate::components::notice::Empty;
use crate::components::show::Show;
use crate::json::load;
use crate::live::Live;
use crate::pages::part;
use bar::Bar;
pub use deleted::Deleted;
use desk::{Desk, follow_server};
pub use enlargement::Enlargement;
use search::SearchForm;
use undo::Undo;
use wall::Wall;

/// Pictures that the server shows at first, and all of them without JavaScript.
const FIRST: u64 = 120;

/// What the page needs before it can be shown.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Opening {
    query: GalleryQuery,
    page: GalleryPage,
    /// Why the search was refused.
    fault: Option<ApiError>,
    /// Why a form that was posted without JavaScript was refused.
    refused: Option<ApiError>,
}

#[component]
pub fn Gallery() -> impl IntoView {
    let address = use_query_map();
    let opening = load(|| (), move |()| open(address.get_untracked()));
    view! {
        <Title text="Gallery" />
        <h1 class="unseen">"Gallery"</h1>
        <Suspense fallback=|| view! { <p class="loading">"Opening…"</p> }>
            {move || Suspend::new(async move {
                let opening = opening.await;
                view! { <Panels opening /> }
            })}
        </Suspense>
    }
}

async fn open(address: ParamsMap) -> Opening {
    let query = search::read(&address);
    let refused = form_fault(&address, "restore_deletions");
    let (page, fault) = match fetch_gallery(GalleryQuery { limit: FIRST, ..query.clone() }).await {
        Ok(page) => (page, None),
        Err(fault) => (without_pictures().await, Some(fault)),
    };
    Opening { query: GalleryQuery { offset: 0, ..query }, page, fault, refused }
}

/// What stands around the pictures, such as the models to choose from, where a search found none.
async fn without_pictures() -> GalleryPage {
    let query = GalleryQuery { limit: 1, ..Default::default() };
    let page = fetch_gallery(query).await.unwrap_or_default();
    GalleryPage { total: 0, images: Vec::new(), ..page }
}

#[component]
fn Panels(opening: Opening) -> impl IntoView {
    let paging = opening.fault.is_none().then(|| paging(&opening.query, &opening.page));
    let desk = Desk::new(opening.query, opening.page, opening.fault);
    if let Some(refused) = opening.refused {
        desk.fault.set(refused);
    }
    provide_context(desk);
    follow_server(desk, expect_context::<Live>());
    follow_address(desk);
    let nothing = Memo::new(move |_| desk.total() == 0);
    view! {
        <div class="gallery">
            <SearchForm />
            <Undo />
            <Show when=move || !nothing.get() fallback=move || view! { <Nothing /> }>
                <Bar />
                <Wall />
            </Show>
            {paging}
            <Later part=part::GALLERY_ENLARGED />
        </div>
    }
}

/// Looks for what is typed, and holds the address to what is on show.
fn follow_address(desk: Desk) {
    after_pause(move || desk.search.typed(), move |query| desk.look(query));
    hold_address(move || desk.address());
}

#[component]
fn Nothing() -> impl IntoView {
    let desk = expect_context::<Desk>();
    (move || match desk.seeks() {
        // Nothing was looked for; the search says why.
        _ if desk.is_refused() => ().into_any(),
        true => view! {
            <Empty title="Nothing found">
                <p>"No picture has all that is looked for."</p>
                <p>
                    <a href="/gallery" rel="external" on:click=move |event| {
                        event.prevent_default();
                        desk.search.clear();
                    }>"Show all pictures"</a>
                </p>
            </Empty>
        }
        .into_any(),
        false => view! {
            <Empty title="Nothing drawn yet">
                <p>
                    "Every picture that you " <a href="/">"generate"</a>
                    " is kept here, with the settings that made it."
                </p>
            </Empty>
        }
        .into_any(),
    })
    .into_render()
}

/// Without JavaScript there is no scrolling on and on.
fn paging(query: &GalleryQuery, page: &GalleryPage) -> AnyView {
    let link = |offset: u64, words: &'static str| {
        let address = search::address(&GalleryQuery { offset, ..query.clone() });
        view! { <a class="button" href=address rel="external">{words}</a> }
    };
    let end = page.offset + page.images.len() as u64;
    view! {
        <nav class="actions without-script" aria-label="Stretches">
            {(page.offset > 0).then(|| link(page.offset.saturating_sub(FIRST), "Newer"))}
            {(end < page.total).then(|| link(end, "Older"))}
        </nav>
    }
    .into_any()
}
