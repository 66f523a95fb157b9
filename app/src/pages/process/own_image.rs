//! An image of the person's own in the place of one from a data set.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::desk::Desk;
use crate::api::InputImage;
use crate::components::form_fault::FormFault;
use crate::components::image_picker::ImagePicker;
use crate::components::notice::Alert;
use crate::components::show::Show;

/// The form that an image is posted with.
pub const FORM: &str = "process-image-form";

#[component]
pub fn OwnImage() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let (input, gone) = (desk.fields.input, desk.fault.at("input"));
    let fault = FormFault::new(None);
    let posted = use_query_map().with_untracked(|query| query.get("error"));
    let messages = Signal::derive(move || {
        let posted = posted.clone().filter(|_| !fault.is_at(["image"]));
        posted.into_iter().chain(fault.beside(["image"]).get()).chain(gone.get()).collect()
    });
    let on_image = Callback::new(move |image: InputImage| input.set(image.name));
    view! {
        // Without a script the next "Show" would forget it.
        <input type="hidden" name="input" value=move || input.get() />
        <ImagePicker id="process-file" label="An image of your own" form=FORM takes_pasted=true fault on_image />
        <Alert messages />
        <Show when=move || input.with(|name| !name.is_empty())>
            <p class="note">
                "Your image is shown, at most 128 pixels wide and high. "
                <button type="button" class="needs-script" on:click=move |_| input.set(String::new())>
                    "Back to the data set"
                </button>
            </p>
        </Show>
    }
    .into_any()
}
