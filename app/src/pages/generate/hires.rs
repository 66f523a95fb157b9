//! The pictures enlarged, and drawn over at the larger size.

use engine::config::{GenerateSettings, Upscaler};
use leptos::prelude::*;

use super::desk::Desk;
use super::entry::{ChoiceField, NumberField, Unless};
use crate::components::fold::Fold;
use crate::components::slider::ShareField;

const KEYS: [&str; 4] = ["hires_scale", "hires_upscaler", "hires_steps", "hires_denoising"];

#[component]
pub fn SecondPass() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let scale = desk.fields.at("hires_scale");
    let is_on = Memo::new(move |_| scale.with(|scale| scale.trim() != "1"));
    let size = Memo::new(move |_| size(desk));
    let told = Signal::derive(move || {
        let (width, height) = size.get().filter(|_| is_on.get())?;
        Some(format!("to {width}×{height}"))
    });
    let words = move || match size.get() {
        Some((width, height)) if is_on.get() => format!("The pictures become {width}×{height}."),
        Some((width, height)) => {
            format!("1 is no second pass: the pictures stay {width}×{height}.")
        }
        None => String::new(),
    };
    let why = Signal::derive(move || {
        // A scale that was given before can still be taken back.
        let given = desk.fields.at("init_image").with(|name| !name.is_empty());
        (given && !is_on.get()).then_some("A picture that begins from another has no second pass.")
    });
    view! {
        <Fold id="hires" title="Second pass" told faulty=Signal::derive(move || desk.fault.is_at(KEYS))>
            <Unless why>
                <NumberField
                    id="hires-scale"
                    key="hires_scale"
                    label="Enlarge"
                    unit="times"
                    min=1
                    max=GenerateSettings::MAX_HIRES_SCALE as i64
                    broken=true
                />
                <p class="help" role="status">{words}</p>
                <div class="controls" class:unused=move || !is_on.get()>
                    <Ways />
                </div>
            </Unless>
        </Fold>
    }
    .into_any()
}

#[component]
fn Ways() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <ChoiceField
            id="hires-upscaler"
            key="hires_upscaler"
            label="Upscaler"
            names=Upscaler::ALL.iter().map(|way| way.name()).collect()
        />
        <NumberField
            id="hires-steps"
            key="hires_steps"
            label="Second steps"
            help="0 is as many as the first pass has."
            min=0
            max=GenerateSettings::MAX_STEPS as i64
        />
        <ShareField
            id="hires-denoising"
            name="hires_denoising"
            label="Second denoising"
            help="How far the enlarged pictures go into noise: 0 only enlarges, 1 draws anew."
            value=desk.fields.at("hires_denoising")
            fault=desk.fault.at("hires_denoising")
        />
    }
}

/// Width and height after all; none while a field cannot be read.
fn size(desk: Desk) -> Option<(usize, usize)> {
    let model = desk.model()?;
    let number = |key: &str| desk.fields.at(key).with(|text| text.trim().parse::<usize>().ok());
    let side = |key: &str, own: u32| match number(key)? {
        0 => Some(own as usize),
        side => Some(side),
    };
    let first = (side("width", model.width)?, side("height", model.height)?);
    let hires_scale = desk.fields.at("hires_scale").with(|text| text.trim().parse().ok())?;
    let in_range = (1.0..=GenerateSettings::MAX_HIRES_SCALE).contains(&hires_scale);
    let settings = GenerateSettings { hires_scale, ..GenerateSettings::default() };
    in_range.then(|| settings.hires_size(first, model.size_divisor))
}
