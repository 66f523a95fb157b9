//! The forward process: how a picture drowns in noise, and what the schedule has to do with it. And the
//! way back, of pictures that were drawn.

mod curves;
mod desk;
mod form;
mod opening;
mod own_image;
mod stage;
mod way_back;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::ProcessView;
use crate::components::address::words_of;
use crate::components::notice::{Empty, PageFault};
use crate::json::load;
use curves::Curves;
use desk::Desk;
use form::ProcessFields;
use opening::{Opening, fetch_opening};
use stage::Stage;
use way_back::WayBack;

#[component]
pub fn Process() -> impl IntoView {
    let query = use_query_map();
    let opening = load(|| (), move |()| fetch_opening(words_of(query.get_untracked())));
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

#[component]
fn Panels(opening: Opening) -> impl IntoView {
    let Opening { datasets, form, view, fault, frame, picture, recent } = opening;
    let desk = Desk::new(form, view, fault, frame, picture);
    desk.follow();
    desk.follow_address();
    provide_context(desk);
    view! {
        <div class="studio">
            <ProcessFields datasets />
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
        <WayBack recent />
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
