//! What was deleted within a day: each picture can be brought back, or all be removed for good.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::{
    ApiError, DeletedImage, DeletedPage, fetch_deleted, form_fault, purge_deletions,
    restore_deletions, restore_images,
};
use crate::components::confirm::Confirm;
use crate::components::form_fault::FormFault;
use crate::components::notice::{Alert, Empty, PageFault};
use crate::json::load;
use crate::words;

/// What the forms post to.
const FORMS: [&str; 3] = ["restore_images", "restore_deletions", "purge_deletions"];

/// What can be done here; the page is asked for anew after each.
#[derive(Clone, Copy)]
struct Desk {
    changes: RwSignal<u64>,
    fault: FormFault,
}

impl Desk {
    fn after(self, change: impl Future<Output = Result<(), ApiError>> + 'static) {
        spawn_local(async move {
            match change.await {
                Ok(()) => self.fault.clear(),
                Err(error) => self.fault.set(error),
            }
            self.changes.update(|changes| *changes += 1);
        });
    }
}

#[component]
pub fn Deleted() -> impl IntoView {
    let refused = use_query_map()
        .with_untracked(|query| FORMS.into_iter().find_map(|form| form_fault(query, form)));
    let desk = Desk { changes: RwSignal::new(0), fault: FormFault::new(refused) };
    provide_context(desk);
    let shown = load(move || desk.changes.get(), |_| fetch_deleted());
    view! {
        <Title text="Recently deleted" />
        <div class="gallery">
            <h1>"Recently deleted"</h1>
            <p class="help">
                "Deleted pictures stay here for a day, then they go for good. "
                <a href="/gallery">"Back to the gallery"</a>
            </p>
            <Alert messages=desk.fault.beside([]) />
            <Transition fallback=|| view! { <p class="loading">"Opening…"</p> }>
                {move || Suspend::new(async move {
                    match shown.await {
                        Ok(page) => view! { <Pictures page /> }.into_any(),
                        Err(error) => view! { <PageFault message=error.to_string() /> }.into_any(),
                    }
                })}
            </Transition>
        </div>
    }
}

#[component]
fn Pictures(page: DeletedPage) -> impl IntoView {
    let Some(newest) = page.images.first().map(|image| image.moment) else {
        return view! {
            <Empty title="Nothing was deleted">
                <p>"What is deleted in the gallery can be brought back from here for a day."</p>
            </Empty>
        }
        .into_any();
    };
    let (total, shown) = (page.total, page.images.len() as u64);
    let count = match total > shown {
        true => format!("{}, of which the last {shown} are shown", words::plural(total, "picture")),
        false => words::plural(total, "picture"),
    };
    view! {
        <div class="deleted-bar">
            <p role="status">{count}</p>
            <RestoreAll until=newest />
            <Purge until=newest total />
        </div>
        <ul class="deleted">
            {page.images.into_iter().map(|image| view! { <Picture image /> }).collect_view()}
        </ul>
    }
    .into_any()
}

/// `until` is the moment of the newest picture on show: what was deleted since stays as it is.
#[component]
fn RestoreAll(until: i64) -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <form
            action="/fn/restore_deletions"
            method="post"
            on:submit=move |event| {
                event.prevent_default();
                desk.after(restore_deletions(0, until));
            }
        >
            <input type="hidden" name="until" value=until />
            <button>"Restore all"</button>
        </form>
    }
}

#[component]
fn Purge(until: i64, total: u64) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let question = format!(
        "Remove {} with their files from the disk? They cannot be brought back then.",
        words::plural(total, "picture")
    );
    view! {
        <Confirm open="Delete all for good…" question>
            <form
                action="/fn/purge_deletions"
                method="post"
                on:submit=move |event| {
                    event.prevent_default();
                    desk.after(purge_deletions(until));
                }
            >
                <input type="hidden" name="until" value=until />
                <button class="stop">"Delete for good"</button>
            </form>
        </Confirm>
    }
}

#[component]
fn Picture(image: DeletedImage) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let DeletedImage { id, seed, .. } = image;
    view! {
        <li>
            <a class="picture" href=image.url rel="external">
                <img
                    src=image.url.clone()
                    width=image.width
                    height=image.height
                    loading="lazy"
                    alt=format!("Deleted image with seed {seed}")
                />
            </a>
            <p class="help">{words::ago(image.ago)}</p>
            <form
                action="/fn/restore_images"
                method="post"
                on:submit=move |event| {
                    event.prevent_default();
                    desk.after(restore_images(id.to_string()));
                }
            >
                <input type="hidden" name="images" value=id />
                <button class="small" aria-label=format!("Restore image with seed {seed}")>
                    "Restore"
                </button>
            </form>
        </li>
    }
}
