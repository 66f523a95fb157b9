//! Beginning from a picture instead of noise.

use engine::config::{ConfigError, ResizeMode};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use super::desk::Desk;
use super::entry::ChoiceField;
use super::form::FORM;
use super::mask::MaskFields;
use crate::api::InputImage;
use crate::components::fold::Fold;
use crate::components::image_picker::ImagePicker;
use crate::components::show::Show;
use crate::components::slider::ShareField;

const KEYS: [&str; 10] = [
    "init_image",
    "resize_mode",
    "denoising_strength",
    "mask",
    "mask_blur",
    "inpainting_fill",
    "inpainting_mask_invert",
    "inpaint_full_res",
    "inpaint_full_res_padding",
    "image",
];

#[component]
pub fn ImageToImage() -> impl IntoView {
    let desk = expect_context::<Desk>();
    tell_what_was_posted(desk);
    let hash = use_location().hash;
    Effect::new(move || {
        // A picture was sent here from another tab.
        if hash.with(|hash| hash == "#img2img") {
            desk.show_begun();
        }
    });
    let init = desk.fields.at("init_image");
    let is_given = Memo::new(move |_| init.with(|name| !name.is_empty()));
    let told = Signal::derive(move || is_given.get().then(|| told(desk)));
    let faulty = Signal::derive(move || {
        desk.fault.is_at(KEYS) || desk.given.is_at(KEYS) || desk.given_mask.is_at(KEYS)
    });
    let on_image = Callback::new(move |image: InputImage| desk.begin_from(&image.name));
    view! {
        <Fold id="img2img" title="img2img" told faulty>
            <input type="hidden" name="init_image" value=move || init.get() />
            <input type="hidden" name="mask" value=move || desk.fields.at("mask").get() />
            <Show when=move || is_given.get()>
                <MaskFields />
            </Show>
            <ImagePicker
                id="init-file"
                label="Picture to begin from"
                form=FORM
                takes_pasted=true
                fault=desk.given
                on_image
            />
            <InitFault is_given />
            <Show when=move || is_given.get()>
                <HowFar />
            </Show>
        </Fold>
    }
    .into_any()
}

/// Tells why a picture was refused that came without JavaScript, which the address says.
fn tell_what_was_posted(desk: Desk) {
    if let Some(message) = use_query_map().with_untracked(|query| query.get("error")) {
        desk.given.set(ConfigError::one("image", message));
    }
}

/// What is set, in a few words.
fn told(desk: Desk) -> String {
    let strength = desk.fields.at("denoising_strength").get();
    match desk.fields.at("mask").with(String::is_empty) {
        true => format!("from a picture, denoising {strength}"),
        false => format!("under a mask, denoising {strength}"),
    }
}

/// What the server says of the picture; also of a mask that lies on none.
#[component]
fn InitFault(is_given: Memo<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let (init, mask) = (desk.fault.at("init_image"), desk.fault.at("mask"));
    (move || {
        let message = init.get().or_else(|| mask.get().filter(|_| !is_given.get()));
        message.map(|message| view! { <p class="fault" role="alert">{message}</p> })
    })
    .into_render()
}

#[component]
fn HowFar() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let canvas = Memo::new(move |_| canvas_words(desk));
    view! {
        <ShareField
            id="denoising-strength"
            name="denoising_strength"
            label="Denoising strength"
            help="How far the picture goes into noise before it comes back: 0 leaves it as it is, 1 leaves nothing of it."
            value=desk.fields.at("denoising_strength")
            fault=desk.fault.at("denoising_strength")
        />
        <ChoiceField
            id="resize-mode"
            key="resize_mode"
            label="Resize mode"
            names=ResizeMode::ALL.iter().map(|mode| mode.name()).collect()
        />
        {(move || canvas.get().map(|words| view! { <p class="help" role="status">{words}</p> })).into_render()}
    }
}

/// What becomes of the canvas, where it is to grow.
fn canvas_words(desk: Desk) -> Option<String> {
    let mode = desk.fields.at("resize_mode").with(|name| ResizeMode::from_name(name).ok());
    mode?.growth_before()?;
    let side = |key| desk.fields.at(key).with(|typed| typed.trim().parse::<usize>().unwrap_or(0));
    let (width, height) = (side("width"), side("height"));
    if width > 0 && height > 0 {
        return Some(format!(
            "The canvas becomes {width}×{height}: what the picture does not cover is drawn anew."
        ));
    }
    let model = desk.model()?;
    let side = |asked, own: u32| if asked > 0 { asked } else { own as usize };
    Some(format!(
        "The canvas is {}×{}, as Width and Height above say. It grows where they are larger than the picture.",
        side(width, model.width),
        side(height, model.height)
    ))
}
