//! What is otherwise left to the model and the sampler.

use engine::config::{ClipSample, Precision, StepVariance, TimestepSpacing};
use leptos::prelude::*;

use super::desk::Desk;
use super::entry::ChoiceField;
use crate::components::fold::Fold;

const KEYS: [&str; 4] = ["timestep_spacing", "clip_sample", "variance_type", "precision"];
const USUAL: &str = "Automatic";

#[component]
pub fn Method() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let told = Signal::derive(move || {
        let chosen = KEYS.iter().filter_map(|key| chosen(desk, key)).collect::<Vec<_>>();
        (!chosen.is_empty()).then(|| chosen.join(", "))
    });
    view! {
        <Fold id="method" title="Timesteps, clipping, precision" told faulty=Signal::derive(move || desk.fault.is_at(KEYS))>
            <ChoiceField
                id="timestep-spacing"
                key="timestep_spacing"
                label="Timesteps of Uniform"
                names=TimestepSpacing::ALL.iter().map(|spacing| spacing.name()).collect()
            />
            <ChoiceField
                id="clip-sample"
                key="clip_sample"
                label="Clip predictions to pixels"
                names=ClipSample::ALL.iter().map(|clip| clip.name()).collect()
            />
            <ChoiceField
                id="variance-type"
                key="variance_type"
                label="Noise of a DDPM step"
                names=StepVariance::ALL.iter().map(|variance| variance.name()).collect()
            />
            <p class="help">"Automatic is what the model was made for."</p>
            <ChoiceField
                id="precision"
                key="precision"
                label="Precision"
                names=Precision::NAMES.to_vec()
            />
            <p class="help">
                "bf16 draws faster on processors with AVX2, AVX-512 or AMX, and pictures come out a little different. A graphics card draws in f32."
            </p>
        </Fold>
    }
    .into_any()
}

/// The choice under `key`, in a word, unless it is the usual one.
fn chosen(desk: Desk, key: &'static str) -> Option<String> {
    let name = desk.fields.at(key).get();
    let words = match (key, name.as_str()) {
        (_, USUAL | "") | ("precision", "f32") => return None,
        ("clip_sample", "Off") => "not clipped".into(),
        ("clip_sample", _) => "clipped".into(),
        ("variance_type", _) => format!("{} noise", name.to_ascii_lowercase()),
        _ => name.to_ascii_lowercase(),
    };
    Some(words)
}
