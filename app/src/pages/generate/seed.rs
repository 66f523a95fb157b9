//! Which noise a picture begins from.

use engine::config::GenerateSettings;
use leptos::prelude::*;

use super::desk::Desk;
use super::entry::NumberField;
use crate::components::field::{Field, TextInput};
use crate::components::fold::Fold;
use crate::components::icon::{Glyph, Icon};
use crate::components::slider::ShareField;

#[component]
pub fn SeedFields() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let seed = desk.fields.at("seed");
    view! {
        <Field
            id="seed"
            label="Seed"
            help="Image n has seed + n. -1 draws one."
            fault=desk.fault.at("seed")
        >
            <div class="with-buttons">
                <TextInput
                    id="seed"
                    name="seed"
                    value=seed
                    kind="number"
                    min=Some("-1".into())
                    max=Some(GenerateSettings::MAX_SEED.to_string())
                    fault=desk.fault.at("seed")
                />
                <button
                    type="button"
                    class="icon needs-script"
                    aria-label="Random seed"
                    title="Random seed"
                    on:click=move |_| seed.set("-1".into())
                >
                    <Glyph icon=Icon::Dice />
                </button>
                <button
                    type="button"
                    class="icon needs-script"
                    aria-label="Reuse seed"
                    title="Reuse the seed of the picture on show"
                    disabled=move || desk.shown_seed().is_none()
                    on:click=move |_| desk.reuse_seed()
                >
                    <Glyph icon=Icon::Reuse />
                </button>
            </div>
        </Field>
    }
    .into_any()
}

const KEYS: [&str; 5] =
    ["subseed", "subseed_strength", "walk_frames", "seed_resize_from_w", "seed_resize_from_h"];

/// Toward another seed, and the seed of another size.
#[component]
pub fn Extra() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let (strength, walk) = (desk.fields.at("subseed_strength"), desk.fields.at("walk_frames"));
    let size = (desk.fields.at("seed_resize_from_w"), desk.fields.at("seed_resize_from_h"));
    let told =
        Signal::derive(move || told([strength.get(), walk.get(), size.0.get(), size.1.get()]));
    let faulty = Signal::derive(move || desk.fault.is_at(KEYS));
    view! {
        <Fold id="extra" title="Extra" told faulty>
            <NumberField
                id="subseed"
                key="subseed"
                label="Variation seed"
                help="The noise to go toward. -1 draws one."
                min=-1
                max=GenerateSettings::MAX_SEED
            />
            <ShareField
                id="subseed-strength"
                name="subseed_strength"
                label="Variation strength"
                help="How far to go: 0 stays at the seed, 1 is at the other. Above 0 all images begin from the seed, and image n goes toward variation seed + n."
                value=strength
                fault=desk.fault.at("subseed_strength")
            />
            <NumberField
                id="walk-frames"
                key="walk_frames"
                label="Walk"
                unit="pictures"
                help="As many pictures on the way from the one seed to the other, which become an animation; 0 for none. They take the place of the batches."
                min=0
                max=GenerateSettings::MAX_WALK_FRAMES as i64
            />
            <div class="side-by-side">
                <NumberField
                    id="seed-resize-from-w"
                    key="seed_resize_from_w"
                    label="Seed from width"
                    min=0
                    max=GenerateSettings::MAX_SIDE as i64
                />
                <NumberField
                    id="seed-resize-from-h"
                    key="seed_resize_from_h"
                    label="Seed from height"
                    min=0
                    max=GenerateSettings::MAX_SIDE as i64
                />
            </div>
            <p class="help">
                "The size in pixels at which the seed was found: at another size it then shows the like in its middle. 0 for none."
            </p>
        </Fold>
    }
}

/// What is set, in a few words; on a walk the strength does not count.
fn told([strength, walk, width, height]: [String; 4]) -> Option<String> {
    let toward = match (walk.as_str(), strength.as_str()) {
        ("0", "0") => None,
        ("0", strength) => Some(format!("variation {strength}")),
        (frames, _) => Some(format!("a walk of {frames} pictures")),
    };
    let resized = (width != "0" || height != "0").then(|| format!("seed from {width}×{height}"));
    let parts: Vec<String> = toward.into_iter().chain(resized).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    fn told(set: [&str; 4]) -> Option<String> {
        super::told(set.map(String::from))
    }

    #[test]
    fn only_what_counts_is_told() {
        assert_eq!(told(["0", "0", "0", "0"]), None);
        assert_eq!(told(["0.3", "0", "0", "0"]).unwrap(), "variation 0.3");
        assert_eq!(told(["0.3", "24", "0", "0"]).unwrap(), "a walk of 24 pictures");
        let both = told(["0.3", "0", "28", "24"]).unwrap();
        assert_eq!(both, "variation 0.3, seed from 28×24");
    }
}
