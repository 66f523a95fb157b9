//! The picture to begin from, and over it what of it is drawn anew.

use engine::config::{GenerateSettings, MaskedContent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{FormData, HtmlImageElement};

use super::desk::Desk;
use super::easel::Easel;
use super::entry::{ChoiceField, NumberField, YesField};
use crate::api::InputImage;
use crate::components::field::{Choice, Fault, Field};
use crate::components::image_picker::ImagePicker;
use crate::components::sending::send;
use crate::components::show::Show;
use crate::components::slider::Handle;

#[component]
pub fn MaskFields() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let easel = Easel::new();
    provide_context(easel);
    let masked = move || desk.fields.at("mask").with(|mask| !mask.is_empty());
    view! {
        <Board />
        <div class="needs-script mask-tools">
            <Tools />
        </div>
        <Fault id="mask" fault=desk.fault.at("mask") />
        <Show when=masked>
            <UnderMask />
        </Show>
    }
    .into_any()
}

/// The picture with the mask painted on it.
#[component]
fn Board() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let easel = expect_context::<Easel>();
    let picture = NodeRef::<html::Img>::new();
    let source = move || input_url(&desk.fields.at("init_image").get());
    let fit = move || {
        if let Some(picture) = picture.get_untracked().filter(|picture| picture.complete()) {
            easel.fit(&picture);
            show_mask(desk, easel);
        }
    };
    // The picture may have been there before this page had its handlers.
    Effect::new(move || {
        if picture.get().is_some() {
            fit();
        }
    });
    view! {
        <div class="easel">
            <img src=source alt="Picture to begin from" node_ref=picture on:load=move |_| fit() />
            <canvas
                class="needs-script"
                aria-label="Mask: paint over what is to be drawn anew"
                node_ref=easel.canvas
                on:pointerdown=move |event| easel.begin(&event)
                on:pointermove=move |event| easel.go_on(&event)
                on:pointerup=move |_| {
                    if easel.end() {
                        keep(desk, easel);
                    }
                }
                on:pointercancel=move |_| {
                    if easel.end() {
                        keep(desk, easel);
                    }
                }
            ></canvas>
        </div>
    }
}

/// Of several pictures in turns, which the REST API and the terminal begin from, the first.
fn input_url(names: &str) -> String {
    let name = names.split(',').next().unwrap_or_default().trim();
    format!("/files/inputs/{name}.png")
}

/// Paints the mask that the form names.
fn show_mask(desk: Desk, easel: Easel) {
    let name = desk.fields.at("mask").get_untracked();
    let Ok(mask) = HtmlImageElement::new() else { return };
    if name.is_empty() {
        return;
    }
    let image = mask.clone();
    let on_load = Closure::once_into_js(move || easel.show(&image));
    mask.set_onload(Some(on_load.unchecked_ref()));
    mask.set_src(&input_url(&name));
}

/// Gives what is painted to the server, and its name to the form.
fn keep(desk: Desk, easel: Easel) {
    let turn = easel.next();
    let name_it = move |name: String| {
        if easel.is_newest(turn) {
            desk.fields.at("mask").set(name);
        }
    };
    easel.mask(move |mask| {
        let (Some(mask), Ok(form)) = (mask, FormData::new()) else { return name_it(String::new()) };
        let _ = form.append_with_blob_and_filename("file", &mask, "mask.png");
        send(
            "/upload/image",
            &form,
            desk.keeping,
            move |answer: Result<InputImage, _>| match answer {
                Ok(image) => name_it(image.name),
                Err(error) => desk.given_mask.set(error),
            },
        );
    });
}

#[component]
fn Tools() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let easel = expect_context::<Easel>();
    let act = move |act: fn(Easel)| {
        move |_| {
            act(easel);
            keep(desk, easel);
        }
    };
    let brushes = [("Brush", false), ("Eraser", true)].map(|(words, erases)| {
        view! {
            <button
                type="button"
                aria-pressed=move || (easel.erasing.get() == erases).to_string()
                on:click=move |_| easel.erasing.set(erases)
            >
                {words}
            </button>
        }
    });
    let on_mask = Callback::new(move |image: InputImage| {
        desk.fields.at("mask").set(image.name);
        show_mask(desk, easel);
    });
    view! {
        <p class="help">"Paint over what is to be drawn anew; without paint all of it is."</p>
        <div class="actions small-actions" role="group" aria-label="Mask">
            {brushes}
            <button
                type="button"
                disabled=move || easel.undoable.get() == 0
                on:click=act(Easel::undo)
            >
                "Undo"
            </button>
            <button type="button" on:click=act(Easel::invert)>"Invert"</button>
            <button type="button" on:click=act(Easel::clear)>"Clear"</button>
            <button type="button" on:click=move |_| desk.begin_from("")>"Remove picture"</button>
        </div>
        <label class="brush">
            <span>"Brush size"</span>
            <Handle value=easel.brush low=1.0 high=Signal::stored(60.0) step="1" />
        </label>
        <ImagePicker id="mask-file" label="Or a mask from a file" fault=desk.given_mask on_image=on_mask />
    }
}

#[component]
fn UnderMask() -> impl IntoView {
    view! {
        <NumberField
            id="mask-blur"
            key="mask_blur"
            label="Mask blur"
            unit="pixels"
            min=0
            max=GenerateSettings::MAX_MASK_BLUR as i64
        />
        <ChoiceField
            id="inpainting-fill"
            key="inpainting_fill"
            label="Masked content"
            help="What stands under the mask before it is drawn."
            names=MaskedContent::ALL.iter().map(|content| content.name()).collect()
        />
        <YesField id="mask-invert" key="inpainting_mask_invert" label="Draw what is not painted" />
        <Area />
    }
}

/// How much of the picture the network sees.
#[component]
fn Area() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let value = desk.fields.at("inpaint_full_res");
    let fault = desk.fault.at("inpaint_full_res");
    let areas = [("false", "Whole picture"), ("true", "Only masked")];
    let options = areas.map(|(key, words)| (key.to_owned(), words.to_owned())).to_vec();
    view! {
        <Field
            id="inpaint-area"
            label="Inpaint area"
            help="Only masked draws the part around the mask at the full size and puts it back; the picture keeps its own size."
            fault
        >
            <Choice id="inpaint-area" name="inpaint_full_res" value options=Signal::stored(options) fault />
        </Field>
        <div class:unused=move || value.with(|only| only != "true")>
            <NumberField
                id="inpaint-padding"
                key="inpaint_full_res_padding"
                label="Only masked padding"
                unit="pixels"
                min=0
                max=GenerateSettings::MAX_PADDING as i64
            />
        </div>
    }
}
