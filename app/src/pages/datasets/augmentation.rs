//! What training would see of an image, before a run sees it.

use engine::config::Flip;
use leptos::prelude::*;

use super::escape;
use crate::components::draft::after_pause;
use crate::components::field::{Checkbox, Choice, Field, TextInput};
use crate::components::fold::Fold;
use crate::components::form_fault::FormFault;
use crate::components::notice::Alert;
use crate::components::sending::ask_why;
use crate::components::slider::ShareField;

/// The settings, by their names in the section `dataset_params`.
const SETTINGS: [&str; 6] =
    ["flip", "rotate", "crop", "colour_jitter", "augment_probability", "cutout"];

#[derive(Clone, Copy)]
struct Wish {
    name: StoredValue<String>,
    image: RwSignal<String>,
    /// In the order of [`SETTINGS`].
    settings: [RwSignal<String>; 6],
    fault: FormFault,
}

impl Wish {
    fn pairs(self, prefix: &str) -> String {
        let pair = |(name, value): (&str, RwSignal<String>)| {
            format!("&{prefix}{name}={}", escape(value.get().trim()))
        };
        SETTINGS.into_iter().zip(self.settings).map(pair).collect()
    }

    /// The address of the picture.
    fn picture(self) -> String {
        let (name, image) = (self.name.get_value(), self.image.get());
        format!("/files/augmented/{name}.png?image={}{}", escape(image.trim()), self.pairs(""))
    }

    /// Train with these settings.
    fn train(self) -> String {
        format!("/train?dataset={}{}", self.name.get_value(), self.pairs("dataset_params."))
    }
}

#[component]
pub fn Augmentation(name: String, count: u64) -> impl IntoView {
    if count == 0 {
        return ().into_any();
    }
    let text = |text: &str| RwSignal::new(text.to_owned());
    let wish = Wish {
        name: StoredValue::new(name.clone()),
        image: text("0"),
        settings: ["none", "false", "0", "0", "0", "0"].map(text),
        fault: FormFault::new(None),
    };
    let messages = wish.fault.beside(SETTINGS.into_iter().chain(["image"]));
    let last = count - 1;
    view! {
        <Fold id="augmentation" title="Augmentation" told=Signal::stored(None::<String>) faulty=Signal::stored(false)>
            <p class="help">
                "Training can change each image a little every time, so that few images go further. The first picture is the image itself."
            </p>
            <div class="augmentation">
                <form
                    class="controls"
                    action=format!("/files/augmented/{name}.png")
                    aria-label="Augmentation"
                    on:submit=|event| event.prevent_default()
                >
                    <Settings wish last />
                    <Alert messages />
                    <div class="actions">
                        <button class="without-script">"Show"</button>
                        <a class="button" href=move || wish.train()>"Use in Train"</a>
                    </div>
                </form>
                <Variants wish />
            </div>
        </Fold>
    }
    .into_any()
}

#[component]
fn Settings(wish: Wish, last: u64) -> impl IntoView {
    let [flip, rotate, crop, jitter, warps, cutout] = wish.settings;
    let at = move |name| wish.fault.at(name);
    let names: Vec<_> =
        Flip::NAMES.iter().map(|name| (name.to_string(), name.to_string())).collect();
    view! {
        <Field id="augmented-image" label="Image" fault=at("image")>
            <TextInput
                id="augmented-image"
                name="image"
                kind="number"
                min=Some("0".into())
                max=Some(last.to_string())
                value=wish.image
                fault=at("image")
            />
        </Field>
        <Field id="augmented-flip" label="Mirror" fault=at("flip")>
            <Choice id="augmented-flip" name="flip" value=flip options=Signal::stored(names) fault=at("flip") />
        </Field>
        <Checkbox
            id="augmented-rotate"
            name="rotate"
            label="Quarter turns"
            checked=Signal::derive(move || rotate.with(|on| on == "true"))
            on_change=Callback::new(move |on: bool| rotate.set(on.to_string()))
        />
        <ShareField
            id="augmented-crop"
            name="crop"
            label="Random crop"
            help="Share of each side that may be cut off, up to 0.9."
            value=crop
            max=0.9
            fault=at("crop")
        />
        <ShareField
            id="augmented-jitter"
            name="colour_jitter"
            label="Colour jitter"
            help="How far brightness, contrast and saturation may go."
            value=jitter
            fault=at("colour_jitter")
        />
        <ShareField
            id="augmented-warps"
            name="augment_probability"
            label="Augment probability"
            help="How likely each of six changes is. The network is told of them and does not draw them; 0.12 to 0.15 is usual."
            value=warps
            fault=at("augment_probability")
        />
        <ShareField
            id="augmented-cutout"
            name="cutout"
            label="Cutout"
            help="How likely a square is made gray. The network is told of it and draws whole pictures."
            value=cutout
            fault=at("cutout")
        />
    }
}

/// The image and what comes of it. It stays while a setting will not do.
#[component]
fn Variants(wish: Wish) -> impl IntoView {
    let address = RwSignal::new(untrack(|| wish.picture()));
    after_pause(move || wish.picture(), move |new| address.set(new));
    let failed = move |_| ask_why(&address.get_untracked(), wish.fault);
    view! {
        <img
            class="variants needs-script"
            src=address
            loading="lazy"
            alt="The image and eleven variants of it"
            on:load=move |_| wish.fault.clear()
            on:error=failed
        />
    }
}
