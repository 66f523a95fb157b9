//! The forward process: how a picture drowns in noise, and what the schedule has to do with it. And the
//! way back, of pictures that were drawn.

mod curves;
mod desk;
mod form;
mod own_image;
mod stage;
mod way_back;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{hooks::use_query_map, params::ParamsMap};

use crate::api::{
    ApiError, DatasetInfo, GalleryImage, GalleryQuery, ImageInfo, ProcessForm, ProcessView,
    fetch_datasets, fetch_gallery, fetch_images, fetch_process,
};
use crate::components::notice::{Empty, PageFault};
use crate::json::load;
use curves::Curves;
use desk::Desk;
use form::ProcessFields;
use stage::Stage;
use way_back::WayBack;

/// What the page needs before it can be shown.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Opening {
    datasets: Vec<DatasetInfo>,
    form: ProcessForm,
    view: Result<ProcessView, ApiError>,
    /// The timestep that the address asks for.
    timestep: Option<usize>,
    /// The picture whose way back is shown: the one that the address names, or the newest.
    picture: Option<ImageInfo>,
    recent: Vec<GalleryImage>,
}

/// Pictures to choose a way back from.
const RECENT: u64 = 16;

#[component]
pub fn Process() -> impl IntoView {
    let query = use_query_map();
    let opening = load(|| (), move |()| open(query.get_untracked()));
    view! {
        <Title text="Process" />
        <h1 class="unseen">"Process"</h1>
        <Suspense fallback=|| view! { <p class="loading">"Opening…"</p> }>
            {move || Suspend::new(async move {
                match opening.await {
                    Ok(opening) => view! { <Panels opening /> }.into_any(),
                    Err(error) => view! { <PageFault message=error.to_string() /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

async fn open(query: ParamsMap) -> Result<Opening, ApiError> {
    let form = ProcessForm::read(|name| query.get(name));
    let view = fetch_process(form.clone()).await;
    let timestep = query.get_str("t").and_then(|t| t.parse().ok());
    let recent = fetch_gallery(GalleryQuery { limit: RECENT, ..Default::default() }).await?.images;
    let named = match query.get("picture") {
        // One that is gone leaves the newest.
        Some(id) => fetch_images(id).await.ok().and_then(|images| images.into_iter().next()),
        None => None,
    };
    let picture = named.or_else(|| recent.first().cloned()).map(|found| found.image);
    let datasets = fetch_datasets().await?;
    Ok(Opening { datasets, form, view, timestep, picture, recent })
}

#[component]
fn Panels(opening: Opening) -> impl IntoView {
    let desk = Desk::new(opening.form, opening.view, opening.timestep, opening.picture);
    desk.follow();
    desk.follow_address();
    provide_context(desk);
    view! {
        <div class="studio">
            <ProcessFields datasets=opening.datasets />
            <section class="process" aria-label="Forward process">
                {move || match desk.view.get() {
                    Some(view) => view! { <Picture view /> }.into_any(),
                    None => {
                        view! {
                            <Empty title="No picture to show">
                                <p>"The form says what is wrong."</p>
                            </Empty>
                        }
                            .into_any()
                    }
                }}
            </section>
        </div>
        <WayBack recent=opening.recent />
    }
}

#[component]
fn Picture(view: ProcessView) -> impl IntoView {
    let now = expect_context::<Desk>().now(view.frames.clone());
    let curve = view.curve.clone();
    view! {
        <Stage view now />
        <Curves curve now />
    }
}
