//! How large the picture is, and whether its edges meet.

use engine::config::GenerateSettings;
use leptos::prelude::*;

use super::desk::Desk;
use super::entry::{NumberField, YesField};

const MOST: i64 = GenerateSettings::MAX_SIDE as i64;

#[component]
pub fn SizeFields() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let own = move || {
        desk.model().map(|model| {
            let largest = GenerateSettings::MAX_SIDE / model.size_divisor * model.size_divisor;
            format!(
                "0 is the model’s own size, {}×{}. Others must be multiples of {}, up to {largest}.",
                model.width, model.height, model.size_divisor
            )
        })
    };
    view! {
        <div class="side-by-side">
            <NumberField id="width" key="width" label="Width" unit="pixels" min=0 max=MOST />
            <NumberField id="height" key="height" label="Height" unit="pixels" min=0 max=MOST />
        </div>
        <p class="help">{own}</p>
        <YesField
            id="tiling"
            key="tiling"
            label="Tiling"
            help="Opposite edges meet, so that copies can be laid side by side."
        />
    }
    .into_any()
}
