//! Looks into a picture: who made it, and how.

mod copy;
mod sheet;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::api::{ApiError, InputImage, fetch_input, input_address};
use crate::components::form_fault::FormFault;
use crate::components::image_picker::{ImagePicker, PickerForm};
use crate::components::notice::{Alert, Empty};
use crate::json::load;
use sheet::Sheet;

/// The form that an image is posted with.
const FORM: &str = "png-info-form";

#[component]
pub fn PngInfo() -> impl IntoView {
    let query = use_query_map();
    let name = Memo::new(move |_| query.with(|query| query.get("image")));
    let image = load(move || name.get(), look);
    view! {
        <Title text="PNG Info" />
        <h1 class="unseen">"PNG Info"</h1>
        <div class="studio">
            <Chooser />
            <section class="png-info" aria-label="What stands in it">
                <Transition fallback=|| view! { <p class="loading">"Looking…"</p> }>
                    {move || Suspend::new(async move { shown(image.await) })}
                </Transition>
            </section>
        </div>
    }
}

async fn look(name: Option<String>) -> Result<Option<InputImage>, ApiError> {
    match name {
        Some(name) => fetch_input(name).await.map(Some),
        None => Ok(None),
    }
}

#[component]
fn Chooser() -> impl IntoView {
    let navigate = use_navigate();
    let fault = FormFault::new(None);
    let posted = use_query_map().with_untracked(|query| query.get("error"));
    let messages = Signal::derive(move || {
        let posted = posted.clone().filter(|_| !fault.is_at(["image"]));
        posted.into_iter().chain(fault.beside(["image"]).get()).collect()
    });
    let on_image = Callback::new(move |image: InputImage| {
        navigate(&input_address("png_info", &image.name), Default::default());
    });
    view! {
        <div class="controls">
            <PickerForm id=FORM to="png_info" />
            <ImagePicker id="png-info-file" label="Picture" form=FORM takes_pasted=true fault on_image />
            <Alert messages />
            <p class="help">
                "A PNG, JPEG or WebP from here, A1111, ComfyUI, InvokeAI or another program that writes its settings into its pictures. The picture stays on this machine."
            </p>
        </div>
    }
}

fn shown(image: Result<Option<InputImage>, ApiError>) -> AnyView {
    match image {
        Ok(Some(image)) => view! { <Sheet image /> }.into_any(),
        Ok(None) => view! {
            <Empty title="No picture yet">
                <p>
                    "Choose one, and see the prompt and the settings that made it. From there they go back into Generate."
                </p>
            </Empty>
        }
        .into_any(),
        Err(error) => view! {
            <Empty title="This picture is not here">
                <p>{error.to_string()}</p>
            </Empty>
        }
        .into_any(),
    }
}
